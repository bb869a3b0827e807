/**
 * What each operation does when it is served: the file system's work, bent by the faults that are active.
 *
 * Without faults and without harmed sectors an operation costs one test more than the file system's own work.
 */
import { scale } from "../hash.ts";
import { DiskError } from "../host.ts";
import { type ActiveFault, type Consumer, type Kernel, PURPOSE } from "../kernel.ts";
import type { ActiveDiskFaults } from "./faults.ts";
import {
  addOrphanClaims,
  claimDirty,
  type FileData,
  isClean,
  makeStable,
  missingPages,
  orphanDirty,
} from "./file-data.ts";
import type { FileSystem, OpenFile } from "./file-system.ts";
import { diskError, eachFile } from "./names.ts";
import { firstLatent, latentUnderPartialWrite, showHarm } from "./sector-harm.ts";
import type { Operation } from "./service-queue.ts";
import { hideWrite, landWrite, misdirectTarget, type StoredFile } from "./strikes.ts";

export type EffectsContext = {
  readonly kernel: Kernel;
  readonly consumer: Consumer;
  readonly files: FileSystem;
  readonly faults: ActiveDiskFaults;
  readonly capacityPages: number;
  onHarm(fault: ActiveFault, path: string, what: string): void;
};

export class DiskEffects {
  readonly #context: EffectsContext;
  readonly #files: FileSystem;
  readonly #faults: ActiveDiskFaults;
  /** Counts what may have changed the durable state. */
  durableVersion = 0;
  /** True while an operation is done that nobody will hear of: faults that strike it make no observed difference. */
  isUnseen = false;

  constructor(context: EffectsContext) {
    this.#context = context;
    this.#files = context.files;
    this.#faults = context.faults;
  }

  open(operation: Operation, path: string, isCreating: boolean, isExclusive: boolean): OpenFile {
    this.#maybeFail(operation, path);
    return this.#withRoom(0, () => this.#files.open(path, isCreating, isExclusive));
  }

  close(file: OpenFile): void {
    this.#files.close(file);
  }

  read(operation: Operation, file: OpenFile, offset: number, length: number): Uint8Array {
    this.#maybeFail(operation, file.path);
    const bytes = this.#files.read(file, offset, length);
    const { data } = file.node;
    if (data.harm !== null || data.dirtyHarm !== null) this.#showHarm(file, offset, bytes);
    if (this.#faults.isEmpty || bytes.length < 2) return bytes;
    const short = this.#faults.striking("disk-short-read", file.path, operation.ordinal, PURPOSE.diskShortRead);
    if (short === null) return bytes;
    this.#strike(short.fault, "disk.short-read");
    return bytes.slice(0, 1 + this.#draw(operation, PURPOSE.diskShortPrefix, bytes.length - 1));
  }

  #showHarm(file: OpenFile, offset: number, bytes: Uint8Array): void {
    const { data } = file.node;
    const latent = firstLatent(data, offset, offset + bytes.length);
    if (latent !== null) {
      this.#strike(latent, "disk.latent-read");
      throw diskError("EIO", "read", file.path);
    }
    for (const fault of showHarm(data, offset, bytes)) this.#strike(fault, "disk.wrong-bytes-read");
  }

  write(operation: Operation, file: OpenFile, offset: number, bytes: Uint8Array): void {
    const { data } = file.node;
    if (this.#faults.isEmpty && data.harm === null) {
      this.#files.write(file, offset, bytes);
      return;
    }
    this.#files.require(file, operation.name);
    this.#maybeFailWrite(operation, file, offset, bytes);
    const latent = latentUnderPartialWrite(data, offset, offset + bytes.length);
    if (latent !== null) {
      // The rest of the sector would have to be read first.
      this.#strike(latent, "disk.latent-write");
      throw diskError("EIO", operation.name, file.path);
    }
    const { path } = file;
    const phantom = this.#faults.striking("disk-phantom", path, operation.ordinal, PURPOSE.diskPhantom);
    const misdirect = this.#faults.striking("disk-misdirect", path, operation.ordinal, PURPOSE.diskMisdirect);
    if (phantom !== null) this.#hide(file, offset, bytes, phantom.fault, "a write was acknowledged and not done");
    else if (misdirect !== null) this.#misdirect(operation, file, offset, bytes, misdirect.fault);
    else
      this.#withRoom(missingPages(data, offset, offset + bytes.length), () => this.#files.write(file, offset, bytes));
  }

  append(operation: Operation, file: OpenFile, bytes: Uint8Array): number {
    const offset = file.node.data.size;
    this.write(operation, file, offset, bytes);
    return offset;
  }

  #maybeFailWrite(operation: Operation, file: OpenFile, offset: number, bytes: Uint8Array): void {
    const fault = this.#failing(operation, file.path);
    if (fault === null) return;
    const prefix = this.#draw(operation, PURPOSE.diskShortPrefix, bytes.length + 1);
    if (prefix > 0) this.#files.write(file, offset, bytes.subarray(0, prefix));
    this.#strike(fault, "disk.eio");
    throw diskError("EIO", operation.name, file.path);
  }

  #hide(file: OpenFile, offset: number, bytes: Uint8Array, fault: ActiveFault, what: string): void {
    const { data } = file.node;
    const before = new Uint8Array(bytes.length);
    const old = this.#files.read(file, offset, bytes.length);
    showHarm(data, offset, old);
    before.set(old);
    this.#withRoom(missingPages(data, offset, offset + bytes.length), () => this.#files.write(file, offset, bytes));
    if (!hideWrite(data, offset, before, bytes, fault)) return;
    this.#context.kernel.mark(`${fault.kind.replace("disk-", "disk.")}`);
    this.#context.onHarm(fault, file.path, what);
  }

  #misdirect(operation: Operation, file: OpenFile, offset: number, bytes: Uint8Array, fault: ActiveFault): void {
    const own: StoredFile = { path: file.path, data: file.node.data };
    const all: StoredFile[] = [];
    eachFile(this.#files.names.root, "stable", (path, node) => all.push({ path, data: node.data }));
    const write = { own, offset, length: bytes.length, ordinal: operation.ordinal };
    const target = bytes.length === 0 ? null : misdirectTarget(this.#context, write, all);
    this.#hide(file, offset, bytes, fault, "a write went elsewhere");
    if (target === null) return;
    landWrite(target.file.data, target.offset, bytes, fault);
    this.durableVersion += 1;
    this.#context.onHarm(fault, target.file.path, "a write for another place landed here");
  }

  truncate(operation: Operation, file: OpenFile, length: number): void {
    this.#files.require(file, "truncate");
    this.#maybeFail(operation, file.path);
    const { data } = file.node;
    const latent = length < data.size ? latentUnderPartialWrite(data, length, data.size) : null;
    if (latent !== null) {
      this.#strike(latent, "disk.latent-write");
      throw diskError("EIO", "truncate", file.path);
    }
    this.#files.truncate(file, length);
  }

  sync(operation: Operation, file: OpenFile): void {
    this.#files.require(file, "sync");
    const { data } = file.node;
    if (!this.#faults.isEmpty) {
      this.#maybeFail(operation, file.path);
      if (!isClean(data)) {
        this.#maybeFailSync(operation, file);
        const liar = this.#faults.striking("disk-lost-sync", file.path, operation.ordinal, PURPOSE.diskLostSync);
        if (liar !== null) {
          this.#context.kernel.mark("disk.lost-sync");
          claimDirty(data, liar.fault);
          return;
        }
      }
    }
    this.#makeStable(data);
  }

  #maybeFailSync(operation: Operation, file: OpenFile): void {
    const failing = this.#faults.striking("disk-failed-sync", file.path, operation.ordinal, PURPOSE.diskFailedSync);
    if (failing === null || failing.strikes >= failing.spec.times) return;
    failing.strikes += 1;
    this.#strike(failing.fault, "disk.failed-sync");
    if (orphanDirty(file.node.data, failing.fault)) {
      this.#context.onHarm(failing.fault, file.path, "a failed sync dropped unsynced bytes");
    }
    throw diskError("EIO", "sync", file.path);
  }

  #makeStable(data: FileData): void {
    if (isClean(data) && data.claims === null && data.claimedSize === null) return;
    makeStable(data);
    data.claims = null;
    data.claimedSize = null;
    if (data.orphans !== null) addOrphanClaims(data);
    this.durableVersion += 1;
  }

  size(_operation: Operation, file: OpenFile): number {
    this.#files.require(file, "size");
    return file.node.data.size;
  }

  rename(operation: Operation, from: string, to: string): void {
    this.#maybeFail(operation, from);
    this.#files.rename(from, to);
  }

  unlink(operation: Operation, path: string): void {
    this.#maybeFail(operation, path);
    this.#files.unlink(path);
  }

  mkdir(operation: Operation, path: string): void {
    this.#maybeFail(operation, path);
    this.#withRoom(0, () => this.#files.mkdir(path));
  }

  rmdir(operation: Operation, path: string): void {
    this.#maybeFail(operation, path);
    this.#files.rmdir(path);
  }

  list(operation: Operation, path: string): readonly string[] {
    this.#maybeFail(operation, path);
    return this.#files.names.list(path);
  }

  syncDir(operation: Operation, path: string): void {
    this.#maybeFail(operation, path);
    const directory = this.#files.names.directory("syncDir", path);
    if (!this.#faults.isEmpty && directory.pending.length > 0) {
      const liar = this.#faults.striking("disk-lost-sync", path, operation.ordinal, PURPOSE.diskLostSync);
      if (liar !== null) {
        this.#context.kernel.mark("disk.lost-sync");
        this.#files.names.claim(directory, liar.fault);
        return;
      }
    }
    this.#files.names.sync(directory);
    this.durableVersion += 1;
  }

  /** The disk-eio fault that strikes this operation. */
  #failing(operation: Operation, path: string): ActiveFault | null {
    const active = this.#faults.striking("disk-eio", path, operation.ordinal, PURPOSE.diskEio);
    if (active === null) return null;
    const { operations } = active.spec;
    return operations === undefined || operations.includes(operation.name) ? active.fault : null;
  }

  #maybeFail(operation: Operation, path: string): void {
    if (this.#faults.isEmpty) return;
    const fault = this.#failing(operation, path);
    if (fault === null) return;
    this.#strike(fault, "disk.eio");
    throw diskError("EIO", operation.name, path);
  }

  /** Runs what may need room; when only a disk-full fault denied it, that is its effect. */
  #withRoom<T>(pagesNeeded: number, work: () => T): T {
    const usedBefore = this.#files.space.usedPages;
    try {
      return work();
    } catch (error) {
      const fault = this.#faults.of("disk-full", null)[0]?.fault;
      if (error instanceof DiskError && error.code === "ENOSPC" && fault !== undefined) {
        const free = this.#context.capacityPages - usedBefore;
        if (Math.max(1, pagesNeeded) <= free) this.#strike(fault, "disk.full");
      }
      throw error;
    }
  }

  #strike(fault: ActiveFault, mark: string): void {
    if (this.isUnseen) return;
    this.#context.kernel.effect(fault);
    this.#context.kernel.mark(mark);
  }

  #draw(operation: Operation, purpose: number, bound: number): number {
    return scale(this.#context.kernel.outcome(this.#context.consumer, operation.ordinal, purpose), bound);
  }
}
