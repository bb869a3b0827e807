/**
 * What a simulated disk is made of: its geometry and how long operations take.
 *
 * The defaults are those of a small cloud SSD: writes end in the page cache, a sync is what costs. FoundationDB simulates
 * 5,000 operations/s and 50 MB/s, turmoil 50 us to 5 ms; the ranges here lie between.
 */
import { scale } from "../hash.ts";
import type { Consumer, Kernel } from "../kernel.ts";
import { PURPOSE } from "../kernel.ts";

/** Uniform from minUs to maxUs; in tailPerMillion of the cases uniform from maxUs to tailMaxUs instead. */
export type LatencyRange = {
  readonly minUs: number;
  readonly maxUs: number;
  readonly tailPerMillion: number;
  readonly tailMaxUs: number;
};

export type DiskOptions = {
  /** What the device writes as one: a power of two from 16 to 4096. Eight of them are a page of the cache. */
  readonly sectorBytes: number;
  readonly capacityBytes: number;
  readonly read: LatencyRange;
  readonly write: LatencyRange;
  readonly sync: LatencyRange;
  readonly metadata: LatencyRange;
  /** Added to reads and writes for their length; 0: no limit. */
  readonly bytesPerUs: number;
  /** Of the unsynced sectors that differ, how many a power loss tears even without a disk-torn fault. */
  readonly tearPerMillion: number;
};

export const DEFAULT_DISK_OPTIONS: DiskOptions = {
  sectorBytes: 512,
  capacityBytes: 256 * 1024 * 1024,
  read: { minUs: 20, maxUs: 200, tailPerMillion: 1_000, tailMaxUs: 5_000 },
  write: { minUs: 2, maxUs: 20, tailPerMillion: 1_000, tailMaxUs: 1_000 },
  sync: { minUs: 200, maxUs: 2_000, tailPerMillion: 10_000, tailMaxUs: 20_000 },
  metadata: { minUs: 5, maxUs: 50, tailPerMillion: 1_000, tailMaxUs: 1_000 },
  bytesPerUs: 200,
  tearPerMillion: 100_000,
};

export const SECTORS_PER_PAGE = 8;

/** Fills in the defaults. Throws a RangeError that names the option when one makes no sense. */
export function diskOptions(given: Partial<DiskOptions>): DiskOptions {
  const options = { ...DEFAULT_DISK_OPTIONS, ...given };
  const { sectorBytes, capacityBytes } = options;
  if (
    !Number.isInteger(sectorBytes) ||
    sectorBytes < 16 ||
    sectorBytes > 4096 ||
    (sectorBytes & (sectorBytes - 1)) !== 0
  ) {
    throw new RangeError(`disk option sectorBytes: ${sectorBytes} is not a power of two from 16 to 4096`);
  }
  requireCount("capacityBytes", capacityBytes);
  requireCount("bytesPerUs", options.bytesPerUs);
  requireCount("tearPerMillion", options.tearPerMillion);
  for (const name of ["read", "write", "sync", "metadata"] as const) {
    const range = options[name];
    if (range.minUs < 1)
      throw new RangeError(`disk option ${name}.minUs: ${range.minUs} is below 1: operations would tie`);
    for (const part of ["minUs", "maxUs", "tailPerMillion", "tailMaxUs"] as const)
      requireCount(`${name}.${part}`, range[part]);
    if (range.maxUs < range.minUs || range.tailMaxUs < range.maxUs) {
      throw new RangeError(`disk option ${name}: minUs <= maxUs <= tailMaxUs does not hold`);
    }
  }
  return options;
}

function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 0) {
    throw new RangeError(`disk option ${name}: ${value} is not a whole number of at least 0`);
  }
}

/** How long the operation with this ordinal takes, decided by its key. */
export function drawLatencyUs(kernel: Kernel, consumer: Consumer, ordinal: number, range: LatencyRange): number {
  const bits = kernel.outcome(consumer, ordinal, PURPOSE.diskLatency);
  if (range.tailPerMillion > 0 && kernel.chance(range.tailPerMillion, consumer, ordinal, PURPOSE.diskLatencyTail)) {
    return range.maxUs + scale(bits, range.tailMaxUs - range.maxUs + 1);
  }
  return range.minUs + scale(bits, range.maxUs - range.minUs + 1);
}
