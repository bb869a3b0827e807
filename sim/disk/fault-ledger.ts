/**
 * The faults of one disk over a run: starts and ends them, keeps what they need to remember, and the list of harm for good.
 */
import type { ActiveFault, Consumer, Kernel } from "../kernel.ts";
import type { TearRule } from "./durability.ts";
import { ActiveDiskFaults, type DiskFaultSpec, reaches } from "./faults.ts";
import { type FileData, readCache, stableBytes } from "./file-data.ts";
import type { FileSystem } from "./file-system.ts";
import { contentsOf, copyImage, isSameContents, restoreFiles } from "./images.ts";
import { type DirectoryNode, eachFile } from "./names.ts";
import { showHarm } from "./sector-harm.ts";
import type { ServiceQueue } from "./service-queue.ts";
import { type StoredFile, strikeLatent, strikeRot } from "./strikes.ts";

/** Something that this disk has lost or spoilt for good, for the budget of the nemesis. */
export type LastingHarm = {
  /** The kind of the fault, or "wipe". */
  readonly kind: string;
  readonly path: string;
  readonly atUs: number;
  readonly what: string;
};

/** More entries than this would tell nothing new. */
const HARM_MAX = 1_000;

type Parts = {
  readonly kernel: Kernel;
  readonly consumer: Consumer;
  readonly hostName: string;
  readonly files: FileSystem;
  readonly queue: ServiceQueue;
};

export class FaultLedger {
  readonly active: ActiveDiskFaults;
  readonly harmDone: LastingHarm[] = [];
  readonly #parts: Parts;
  readonly #base: { readonly capacityPages: number; readonly tearPerMillion: number };
  /** What was durable when each active rollback began. */
  readonly #images: Map<ActiveFault, DirectoryNode> = new Map();
  /** Pages in use when each active disk-full began. */
  readonly #usedAtStart: Map<ActiveFault, number> = new Map();

  constructor(parts: Parts, base: { readonly capacityPages: number; readonly tearPerMillion: number }) {
    this.#parts = parts;
    this.#base = base;
    this.active = new ActiveDiskFaults(parts.kernel, parts.consumer);
  }

  start(spec: DiskFaultSpec, fault: ActiveFault): () => void {
    const { files, queue } = this.#parts;
    const remove = this.active.add(spec, fault);
    if (spec.kind === "disk-stall") queue.stall();
    else if (spec.kind === "disk-rollback") this.#images.set(fault, copyImage(files.names.root, files.space));
    else if (spec.kind === "disk-full") this.#usedAtStart.set(fault, files.space.usedPages);
    else if (spec.kind === "disk-rot" || spec.kind === "disk-latent") this.#strike(spec, fault);
    let isActive = true;
    return () => {
      if (!isActive) return;
      isActive = false;
      if (spec.kind === "disk-stall") queue.endStall();
      remove();
      this.#images.delete(fault);
      this.#usedAtStart.delete(fault);
    };
  }

  #strike(spec: Extract<DiskFaultSpec, { readonly kind: "disk-rot" | "disk-latent" }>, fault: ActiveFault): void {
    const stored: StoredFile[] = [];
    eachFile(this.#parts.files.names.root, "stable", (path, file) => {
      if (reaches(spec, path)) stored.push({ path, data: file.data });
    });
    const isRot = spec.kind === "disk-rot";
    const hit = isRot
      ? strikeRot(this.#parts, stored, { ...spec, fault })
      : strikeLatent(this.#parts, stored, { ...spec, fault });
    for (const path of hit) this.harm(spec.kind, path, isRot ? "bits flipped" : "a sector became unreadable");
  }

  harm(kind: string, path: string, what: string): void {
    const { kernel, hostName } = this.#parts;
    if (this.harmDone.length < HARM_MAX) this.harmDone.push({ kind, path, atUs: kernel.nowUs, what });
    if (kernel.isTracing) kernel.trace("disk.harm", hostName, { kind, path, what });
  }

  /** A stall is over and an operation goes on that it has held. */
  delayed(): void {
    for (const { fault } of this.active.of("disk-stall", null)) this.#parts.kernel.effect(fault);
    this.#parts.kernel.mark("disk.stalled");
  }

  slow(latencyUs: number): number {
    let factor = 1;
    for (const { spec, fault } of this.active.of("disk-slow", null)) {
      factor *= spec.factor;
      this.#parts.kernel.effect(fault);
      this.#parts.kernel.mark("disk.slow");
    }
    return latencyUs * factor;
  }

  /** How many pages may be in use now. */
  pagesMax(): number {
    let max = this.#base.capacityPages;
    for (const { spec, fault, sinceUs } of this.active.of("disk-full", null)) {
      const shrunkBytes = Math.floor(((this.#parts.kernel.nowUs - sinceUs) * spec.shrinkBytesPerSecond) / 1_000_000);
      const freePages = Math.floor((spec.freeBytes - shrunkBytes) / this.#parts.files.space.pageBytes);
      max = Math.min(max, Math.max(0, (this.#usedAtStart.get(fault) ?? 0) + freePages));
    }
    return max;
  }

  tearRule(path: string): TearRule {
    const basePerMillion = this.#base.tearPerMillion;
    let rule: TearRule = { basePerMillion, perMillion: basePerMillion, fault: null, reach: "written" };
    for (const { spec, fault } of this.active.of("disk-torn", path)) {
      if (spec.tearPerMillion <= rule.perMillion) continue;
      rule = { basePerMillion, perMillion: spec.tearPerMillion, fault, reach: spec.reach ?? "written" };
    }
    return rule;
  }

  /** At a boot: each rollback that is active happens, once. */
  rollBack(replaceRoot: (root: DirectoryNode) => void): void {
    const { files, kernel } = this.#parts;
    for (const { fault, spec } of this.active.of("disk-rollback", null)) {
      const image = this.#images.get(fault);
      if (image === undefined) continue;
      this.#images.delete(fault);
      const seenBefore = contentsOf(files.names.root, "entries", seenBytes);
      const durableBefore = contentsOf(files.names.root, "stable", stableBytes);
      // Names stay when only the contents of some files go back.
      const wasPromised = hasClaims(files.names.root) || (spec.pathPrefix === undefined && files.names.hasClaims);
      if (spec.pathPrefix === undefined) {
        replaceRoot(image);
      } else {
        restoreFiles(files.names.root, image, (path) => reaches(spec, path));
        files.recount(files.names.root);
      }
      if (isSameContents(seenBefore, contentsOf(files.names.root, "entries", seenBytes))) continue;
      kernel.effect(fault);
      kernel.mark("disk.rollback");
      // A sync that lied makes a promise, too: the image lacks what it claimed, though nothing durable has changed.
      if (wasPromised || !isSameContents(durableBefore, contentsOf(files.names.root, "stable", stableBytes))) {
        this.harm(fault.kind, spec.pathPrefix ?? "/", "went back to an older state");
      }
    }
  }
}

/** Whether some file holds bytes, or a length, that a sync claimed without making them durable. */
function hasClaims(root: DirectoryNode): boolean {
  let found = false;
  eachFile(root, "entries", (_path, { data }) => {
    if (data.claims !== null || data.claimedSize !== null) found = true;
  });
  return found;
}

/** What a program would read from the whole file. */
function seenBytes(data: FileData): Uint8Array {
  const bytes = readCache(data, 0, data.size);
  showHarm(data, 0, bytes);
  return bytes;
}
