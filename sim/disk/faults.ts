/**
 * The faults of a disk: their parameters, and which are active.
 *
 * Odds are whole numbers per million, decided for each operation by its own keyed outcome. A fault counts an effect only when it
 * made an observed difference: an error given, a wrong byte read, a claimed byte lost, an operation delayed.
 * pathPrefix limits a fault to files and directories whose path begins with it.
 */
import type { ActiveFault, Consumer, Kernel } from "../kernel.ts";
import type { OperationName } from "./service-queue.ts";

type Scope = { readonly pathPrefix?: string };

export type DiskFaultSpec =
  /** A power loss tears unsynced sectors with these odds; with reach "sector" garbage may hit synced bytes beside them (lasting harm). */
  | (Scope & { readonly kind: "disk-torn"; readonly tearPerMillion: number; readonly reach?: "written" | "sector" })
  /** A sync of a file or directory says success and makes nothing durable; a later honest one makes all of it durable. */
  | (Scope & { readonly kind: "disk-lost-sync"; readonly perMillion: number })
  /** The sync of a file fails with EIO and forgets that its sectors were dirty: later syncs succeed without them. At most `times`. */
  | (Scope & { readonly kind: "disk-failed-sync"; readonly perMillion: number; readonly times: number })
  /** At once flips `bits` bits in each of `sectors` stored sectors. The damage outlives the fault until it is written over. */
  | (Scope & { readonly kind: "disk-rot"; readonly sectors: number; readonly bits: number })
  /** At once makes `sectors` stored sectors unreadable: EIO until they are rewritten, also after the fault has ended. */
  | (Scope & { readonly kind: "disk-latent"; readonly sectors: number })
  /** A write lands elsewhere: the place that was meant keeps its old bytes, another stored place gets the new ones. */
  | (Scope & { readonly kind: "disk-misdirect"; readonly perMillion: number })
  /** A write is acknowledged and not done. */
  | (Scope & { readonly kind: "disk-phantom"; readonly perMillion: number })
  /** At the next boot while active the disk (with a prefix: the contents of those files) is what was durable when the fault began. */
  | (Scope & { readonly kind: "disk-rollback" })
  /** Operations fail with EIO; a failed write may have written a prefix. Default: all but close and size. */
  | (Scope & { readonly kind: "disk-eio"; readonly perMillion: number; readonly operations?: readonly OperationName[] })
  /** Room for freeBytes more, shrinking by so much in a second of true time: then ENOSPC. */
  | { readonly kind: "disk-full"; readonly freeBytes: number; readonly shrinkBytesPerSecond: number }
  /** A read returns fewer bytes than there are, at least one. */
  | (Scope & { readonly kind: "disk-short-read"; readonly perMillion: number })
  /** No operation completes until the fault ends. */
  | { readonly kind: "disk-stall" }
  /** Operations take `factor` times as long; a whole number from 2 on. */
  | { readonly kind: "disk-slow"; readonly factor: number };

export type DiskFaultKind = DiskFaultSpec["kind"];

export const DISK_FAULT_KINDS: readonly DiskFaultKind[] = [
  "disk-torn",
  "disk-lost-sync",
  "disk-failed-sync",
  "disk-rot",
  "disk-latent",
  "disk-misdirect",
  "disk-phantom",
  "disk-rollback",
  "disk-eio",
  "disk-full",
  "disk-short-read",
  "disk-stall",
  "disk-slow",
];

export type SpecOf<K extends DiskFaultKind> = Extract<DiskFaultSpec, { readonly kind: K }>;

/** The kinds that strike single operations by chance. */
type ChanceKind = Extract<DiskFaultSpec, { readonly perMillion: number }>["kind"];

export type Active<K extends DiskFaultKind = DiskFaultKind> = {
  readonly spec: SpecOf<K>;
  readonly fault: ActiveFault;
  readonly sinceUs: number;
  /** How often it has struck. */
  strikes: number;
};

export class ActiveDiskFaults {
  readonly #kernel: Kernel;
  readonly #consumer: Consumer;
  readonly #byKind: Map<DiskFaultKind, Active[]> = new Map();

  constructor(kernel: Kernel, consumer: Consumer) {
    this.#kernel = kernel;
    this.#consumer = consumer;
  }

  get isEmpty(): boolean {
    return this.#byKind.size === 0;
  }

  /** Adds a fault; returns what removes it again. Throws RangeError when a parameter makes no sense. */
  add(spec: DiskFaultSpec, fault: ActiveFault): () => void {
    requireSane(spec);
    const active: Active = { spec, fault, sinceUs: this.#kernel.nowUs, strikes: 0 };
    this.#byKind.set(spec.kind, [...(this.#byKind.get(spec.kind) ?? []), active]);
    return () => {
      const rest = (this.#byKind.get(spec.kind) ?? []).filter((other) => other !== active);
      if (rest.length === 0) this.#byKind.delete(spec.kind);
      else this.#byKind.set(spec.kind, rest);
    };
  }

  /** The active faults of a kind that reach a path (null: whatever their prefix), oldest first. */
  of<K extends DiskFaultKind>(kind: K, path: string | null): readonly Active<K>[] {
    const all = this.#byKind.get(kind);
    if (all === undefined) return [];
    const reaching = path === null ? all : all.filter((active) => reaches(active.spec, path));
    return reaching as unknown as readonly Active<K>[]; // Kept by kind: add put them there.
  }

  /** The first fault of a kind that strikes the operation with this ordinal, by its keyed outcome. */
  striking<K extends ChanceKind>(kind: K, path: string, ordinal: number, purpose: number): Active<K> | null {
    for (const active of this.of(kind, path)) {
      const { perMillion } = active.spec as { readonly perMillion: number }; // Every ChanceKind has it.
      if (this.#kernel.chance(perMillion, this.#consumer, ordinal, purpose)) return active;
    }
    return null;
  }
}

export function reaches(spec: DiskFaultSpec, path: string): boolean {
  return !("pathPrefix" in spec) || spec.pathPrefix === undefined || path.startsWith(spec.pathPrefix);
}

function requireSane(spec: DiskFaultSpec): void {
  const numbers: readonly (readonly [string, number, number, number])[] = [
    ["perMillion" in spec ? "perMillion" : "", "perMillion" in spec ? spec.perMillion : 0, 0, 1_000_000],
    ["tearPerMillion", spec.kind === "disk-torn" ? spec.tearPerMillion : 0, 0, 1_000_000],
    ["times", spec.kind === "disk-failed-sync" ? spec.times : 1, 1, Number.MAX_SAFE_INTEGER],
    ["sectors", "sectors" in spec ? spec.sectors : 1, 1, Number.MAX_SAFE_INTEGER],
    ["bits", spec.kind === "disk-rot" ? spec.bits : 1, 1, 4096],
    ["freeBytes", spec.kind === "disk-full" ? spec.freeBytes : 0, 0, Number.MAX_SAFE_INTEGER],
    ["shrinkBytesPerSecond", spec.kind === "disk-full" ? spec.shrinkBytesPerSecond : 0, 0, Number.MAX_SAFE_INTEGER],
    ["factor", spec.kind === "disk-slow" ? spec.factor : 2, 2, 1_000_000],
  ];
  for (const [name, value, min, max] of numbers) {
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      throw new RangeError(`${spec.kind}: ${name} is ${value}, not a whole number from ${min} to ${max}`);
    }
  }
}
