/**
 * The disk of one simulated host. It survives incarnations; each boot attaches and gets the Disk of its Host.
 *
 * Operations queue and complete in the order of submission, each in an event of the incarnation that asked for it. At the end
 * of an incarnation the queued operations have not happened; the one in service has happened as a whole or not at all (a
 * keyed outcome), as for a request that the kernel had or had not yet seen. At a power loss the latter then is judged with all
 * else that is unsynced, and a sync in service makes no promise.
 */
import { avalanche } from "../hash.ts";
import { type Disk, DiskError } from "../host.ts";
import { type ActiveFault, type Consumer, type Incarnation, type Kernel, PURPOSE } from "../kernel.ts";
import { attachDisk } from "./attached-disk.ts";
import { type Judgement, judgeFile, type PowerLossReport } from "./durability.ts";
import { DiskEffects } from "./effects.ts";
import { FaultLedger, type LastingHarm } from "./fault-ledger.ts";
import type { DiskFaultSpec } from "./faults.ts";
import { stableBytes } from "./file-data.ts";
import { FileSystem } from "./file-system.ts";
import { createDirectory, type DirectoryNode, eachFile, type NameOperation } from "./names.ts";
import { type DiskOptions, diskOptions, drawLatencyUs } from "./options.ts";
import { splitPath } from "./paths.ts";
import { OPERATIONS, type Operation, type OperationName, ServiceQueue } from "./service-queue.ts";

export type HostDiskOptions = Partial<DiskOptions>;

const DONE: ReadonlyMap<OperationName, string> = new Map(OPERATIONS.map((name) => [name, `${name}-done`]));
const CODES: ReadonlyMap<OperationName, number> = new Map(OPERATIONS.map((name, i) => [name, (i + 1) << 24]));
/** The odds that the operation in service at the end of an incarnation has happened. */
const IN_SERVICE_PER_MILLION = 500_000;
const NAME_MOODS = [0, 300_000, 500_000, 700_000, 1_000_000] as const;

export class HostDisk {
  readonly hostName: string;
  readonly options: DiskOptions;
  readonly #kernel: Kernel;
  readonly #consumer: Consumer;
  readonly #queue: ServiceQueue;
  readonly #files: FileSystem;
  readonly #effects: DiskEffects;
  readonly #faults: FaultLedger;
  #operationCount = 0;
  #powerLosses = 0;

  constructor(kernel: Kernel, hostName: string, options: HostDiskOptions = {}) {
    this.hostName = hostName;
    this.options = diskOptions(options);
    this.#kernel = kernel;
    this.#consumer = kernel.consumer(`disk/${hostName}`);
    this.#queue = new ServiceQueue(kernel, {
      latencyUs: (operation) => this.#latencyUs(operation),
      complete: (operation) => this.#complete(operation),
      onDelayed: () => this.#faults.delayed(),
    });
    this.#files = new FileSystem(kernel, this.options.sectorBytes, () => this.#faults.pagesMax());
    const capacityPages = Math.floor(this.options.capacityBytes / this.#files.space.pageBytes);
    this.#faults = new FaultLedger(
      { kernel, consumer: this.#consumer, hostName, files: this.#files, queue: this.#queue },
      { capacityPages, tearPerMillion: this.options.tearPerMillion },
    );
    this.#effects = new DiskEffects({
      kernel,
      consumer: this.#consumer,
      files: this.#files,
      faults: this.#faults.active,
      capacityPages,
      onHarm: (fault, path, what) => this.#faults.harm(fault.kind, path, what),
    });
  }

  /** Harm for good that this disk has suffered from its faults, in order; a wipe counts too. */
  get lastingHarm(): readonly LastingHarm[] {
    return this.#faults.harmDone;
  }

  get hasLastingHarm(): boolean {
    return this.#faults.harmDone.length > 0;
  }

  /**
   * Starts a fault and returns what ends it (calling that twice is harmless). Rot and latent errors strike at once and stay.
   * Throws RangeError when a parameter makes no sense.
   */
  setFault(spec: DiskFaultSpec & { readonly fault: ActiveFault }): () => void {
    const heal = this.#faults.start(spec, spec.fault);
    this.#effects.durableVersion += 1;
    return heal;
  }

  /** Changes whenever what is durable may have changed: a cheap test for monitors that read the durable view. */
  get durableVersion(): number {
    return this.#effects.durableVersion;
  }

  get usedBytes(): number {
    return this.#files.space.usedPages * this.#files.space.pageBytes;
  }

  /** The Disk for one boot. Whatever an earlier incarnation left in the queue has not happened. */
  attach(incarnation: Incarnation): Disk {
    this.#queue.drop();
    this.#files.closeAll();
    if (!this.#faults.active.isEmpty) this.#faults.rollBack((root) => this.#replaceRoot(root));
    return attachDisk(this.#effects, (name, path, pathHash, length, effect) =>
      this.#submit(incarnation, name, path, pathHash, length, effect),
    );
  }

  /** The process ended, the operating system lives on: cached pages stay. */
  kill(_incarnation?: Incarnation): void {
    this.#endService(false);
    this.#files.closeAll();
  }

  /** The power fails: what is unsynced is judged. */
  powerLoss(): PowerLossReport {
    this.#endService(true);
    this.#powerLosses += 1;
    this.#effects.durableVersion += 1;
    const report: PowerLossReport = { sectorsKept: 0, sectorsLost: 0, sectorsTorn: 0, lengthsLost: 0, namesLost: 0 };
    const judgement: Judgement = {
      kernel: this.#kernel,
      consumer: this.#consumer,
      lossNumber: this.#powerLosses,
      report,
      tearRule: (path) => this.#faults.tearRule(path),
      onHarm: (fault, path, what) => this.#faults.harm(fault.kind, path, what),
    };
    this.#judgeNames(report);
    const { root } = this.#files.names;
    eachFile(root, "entries", (path, file) => judgeFile(judgement, path, file.data));
    this.#files.recount(root);
    if (this.#kernel.isTracing) this.#kernel.trace("disk.power-loss", this.hostName, { ...report });
    return report;
  }

  /** The disk is gone: an empty one takes its place. Counts an effect of `fault` when there was a file, or a sync had claimed one. */
  wipe(fault: ActiveFault | null = null): void {
    this.#queue.drop();
    let isEmpty = !this.#files.names.hasClaims;
    eachFile(this.#files.names.root, "stable", () => {
      isEmpty = false;
    });
    if (!isEmpty) {
      this.#faults.harm("wipe", "/", "the disk was wiped");
      if (fault !== null) this.#kernel.effect(fault);
    }
    this.#replaceRoot(createDirectory());
  }

  /** What would certainly survive a power loss now: every file with a durable name, in code point order, and its durable bytes. */
  durableView(): readonly { readonly path: string; readonly bytes: Uint8Array }[] {
    const files: { path: string; bytes: Uint8Array }[] = [];
    eachFile(this.#files.names.root, "stable", (path, file) => {
      files.push({ path, bytes: stableBytes(file.data) });
    });
    return files;
  }

  /** The durable bytes of one file, or null when a power loss could take its name. */
  durableFile(path: string): Uint8Array | null {
    let node: DirectoryNode = this.#files.names.root;
    const names = splitPath(path);
    for (const [i, name] of names.entries()) {
      const next = node.stable.get(name);
      if (next === undefined) return null;
      if (!next.isDirectory) return i === names.length - 1 ? stableBytes(next.data) : null;
      node = next;
    }
    return null;
  }

  #replaceRoot(root: DirectoryNode): void {
    this.#effects.durableVersion += 1;
    this.#files.closeAll();
    this.#files.names.reset(root);
    this.#files.recount(root);
  }

  #checkClaimedName(operation: NameOperation): void {
    if (operation.claimedBy === null) return;
    this.#kernel.effect(operation.claimedBy);
    this.#kernel.mark("disk.claimed-name-lost");
    this.#faults.harm(
      "disk-lost-sync",
      operation.changes[0]?.name ?? "/",
      `a ${operation.verb} that a sync had claimed was lost`,
    );
  }

  #judgeNames(report: PowerLossReport): void {
    const kernel = this.#kernel;
    const mood = kernel.outcome(this.#consumer, this.#powerLosses, PURPOSE.diskNameMood) % NAME_MOODS.length;
    const keepPerMillion = NAME_MOODS[mood]!; // A remainder of the length.
    this.#files.names.judge(
      (operation) => kernel.chance(keepPerMillion, this.#consumer, operation.ordinal, PURPOSE.diskNameFate),
      (operation) => {
        report.namesLost += 1;
        kernel.note(operation.ordinal);
        kernel.mark(`disk.${operation.verb}-lost`);
        this.#checkClaimedName(operation);
      },
    );
  }

  /** Ends the service of an incarnation: the operation in service happens wholly or not. */
  #endService(isPowerLoss: boolean): void {
    const operation = this.#queue.drop();
    if (operation === null) return;
    const isSync = operation.name === "sync" || operation.name === "syncDir";
    if (isPowerLoss && isSync) return; // Its sectors and names are judged one by one.
    if (!this.#kernel.chance(IN_SERVICE_PER_MILLION, this.#consumer, operation.ordinal, PURPOSE.diskInService)) return;
    this.#kernel.mark("disk.done-unseen");
    this.#effects.isUnseen = true;
    try {
      operation.effect(operation);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
    } finally {
      this.#effects.isUnseen = false;
    }
  }

  #submit<T>(
    incarnation: Incarnation,
    name: OperationName,
    path: string,
    pathHash: number,
    length: number,
    effect: (operation: Operation) => T,
  ): Promise<T> {
    if (!this.#kernel.enter(incarnation)) return new Promise(() => {});
    return new Promise<T>((resolve, reject) => {
      this.#operationCount += 1;
      const ordinal = this.#operationCount;
      const next = null;
      this.#queue.push({
        name,
        ordinal,
        incarnation,
        path,
        pathHash,
        length,
        effect,
        resolve,
        reject,
        next,
        isHeld: false,
      });
    });
  }

  #latencyUs(operation: Operation): number {
    const { options } = this;
    const range = options[latencyClass(operation.name)];
    const us = drawLatencyUs(this.#kernel, this.#consumer, operation.ordinal, range);
    const wholeUs = options.bytesPerUs === 0 ? us : us + Math.ceil(operation.length / options.bytesPerUs);
    return this.#faults.active.isEmpty ? wholeUs : this.#faults.slow(wholeUs);
  }

  #complete(operation: Operation): void {
    const kernel = this.#kernel;
    const { name, incarnation } = operation;
    kernel.point("disk", name, incarnation);
    if (!incarnation.isAlive) return; // A trigger crashed the host: the operation has not happened.
    let value: unknown;
    let failure: DiskError | null = null;
    try {
      value = operation.effect(operation);
    } catch (error) {
      if (!(error instanceof DiskError)) throw error;
      failure = error;
    }
    this.#record(operation, failure);
    kernel.point("disk", DONE.get(name)!, incarnation); // Every name has one.
    if (!incarnation.isAlive) return; // It has happened, and nobody knows.
    if (failure === null) operation.resolve(value as never);
    else operation.reject(failure);
  }

  #record(operation: Operation, failure: DiskError | null): void {
    const { name, path, length, ordinal } = operation;
    const kernel = this.#kernel;
    const outcome =
      failure === null ? 0 : failure.code.charCodeAt(1) * 256 + failure.code.charCodeAt(failure.code.length - 1);
    kernel.note(CODES.get(name)! ^ outcome); // Every name has one.
    kernel.note(operation.pathHash ^ avalanche(length));
    if (kernel.isTracing) {
      const result = failure === null ? "ok" : failure.code;
      kernel.trace(`disk.${name}`, this.hostName, { path, length, ordinal, result });
    }
  }
}

function latencyClass(name: OperationName): "read" | "write" | "sync" | "metadata" {
  if (name === "read") return "read";
  if (name === "write" || name === "append") return "write";
  return name === "sync" || name === "syncDir" ? "sync" : "metadata";
}
