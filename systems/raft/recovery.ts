/**
 * What a boot may believe of what it finds on its disk.
 *
 * The rule: everything that was ever acknowledged is found, intact, or the node refuses to take part. A damaged tail is
 * dropped only where nothing can have been acknowledged (see wal-format.ts); a log and an extent file that are damaged
 * both at once are no single crash's work, since only one of them is written at a time: that is in doubt, and refused.
 */
import { MalformedError } from "./bytes.ts";
import type { HardState } from "./core.ts";
import { type DiskHost, readFile } from "./disk-io.ts";
import type { Entry, Snapshot } from "./message.ts";
import { decodeSnapshot, snapshotIndexOf } from "./snapshot-file.ts";
import { type Batch, BLOCK_BYTES, decodeBatch, decodeExtentFile, type Extent } from "./wal-format.ts";

/** The disk cannot be trusted: a reason in one sentence. Not a DiskError, after which another boot may do better. */
export class UntrustedDiskError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "UntrustedDiskError";
  }
}

export type Recovered = {
  readonly hardState: HardState;
  readonly snapshot: Snapshot | null;
  /** They continue the snapshot. */
  readonly entries: readonly Entry[];
  /** The highest numbers in use. */
  readonly lastSegment: number;
  readonly lastBatch: number;
};

export const EXTENT_NAME = "extent" as const;
const SEGMENT_DIGITS = 10;

export function segmentName(segment: number): string {
  return `wal-${String(segment).padStart(SEGMENT_DIGITS, "0")}`;
}

export function segmentOf(name: string): number | null {
  return /^wal-\d{10}$/.test(name) ? Number(name.slice("wal-".length)) : null;
}

type Scan = {
  readonly segment: number;
  readonly batches: readonly Batch[];
  /** Where the intact batches end. */
  readonly end: number;
  readonly isDamaged: boolean;
};

/** Reads everything. Throws UntrustedDiskError, or DiskError when the disk does not answer. */
export async function recover(host: DiskHost, directory: string, names: readonly string[]): Promise<Recovered> {
  const snapshot = await readLatestSnapshot(host, directory, names);
  const extentFile = await readFile(host, `${directory}/${EXTENT_NAME}`);
  const { extent, isIntact } = decodeExtentFile(extentFile ?? new Uint8Array(0));
  if (extent === null) throw new UntrustedDiskError("The extent file is lost or damaged in both slots.");
  const scans = await readSegments({ host, directory, names, snapshot, extent, isExtentIntact: isIntact });
  return replay(scans, snapshot, highestSegment(names));
}

function highestSegment(names: readonly string[]): number {
  return names.reduce((highest, name) => Math.max(highest, segmentOf(name) ?? 0), 0);
}

async function readLatestSnapshot(
  host: DiskHost,
  directory: string,
  names: readonly string[],
): Promise<Snapshot | null> {
  let latest: string | null = null;
  // Names come in order, and sort as their indexes do.
  for (const name of names) if (snapshotIndexOf(name) !== null) latest = name;
  if (latest === null) return null;
  const bytes = await readFile(host, `${directory}/${latest}`);
  try {
    return decodeSnapshot(bytes ?? new Uint8Array(0));
  } catch (error) {
    // It was synced before it got its name: this is no torn write.
    if (error instanceof MalformedError) throw new UntrustedDiskError(`${latest} is damaged: ${error.message}`);
    throw error;
  }
}

type SegmentsInput = {
  readonly host: DiskHost;
  readonly directory: string;
  readonly names: readonly string[];
  readonly snapshot: Snapshot | null;
  readonly extent: Extent;
  readonly isExtentIntact: boolean;
};

/** The segments that are needed, oldest first: from the newest back to one that holds, or follows, everything. */
async function readSegments(input: SegmentsInput): Promise<readonly Scan[]> {
  const { host, directory, names, snapshot, extent } = input;
  const segments = names.map(segmentOf).filter((segment) => segment !== null);
  const scans: Scan[] = [];
  let expected = segments[segments.length - 1] ?? 0;
  for (let at = segments.length - 1; at >= 0; at -= 1) {
    const segment = segments[at]!;
    if (segment !== expected) break;
    expected -= 1;
    const bytes = await readFile(host, `${directory}/${segmentName(segment)}`);
    const scan = scanSegment(segment, bytes ?? new Uint8Array(0));
    const isNewest = at === segments.length - 1;
    checkDamage(scan, isNewest, input);
    // A new segment whose first batch never became durable: nothing in it was acknowledged.
    if (isNewest && scan.batches.length === 0 && segment > extent.segment && at > 0) {
      host.mark("raft.torn-segment-dropped");
      continue;
    }
    scans.unshift(scan);
    const first = scan.batches[0];
    if (first === undefined) break;
    if (first.isCheckpoint || first.lastIndexBefore <= (snapshot?.index ?? 0)) return scans;
  }
  throw new UntrustedDiskError("The write-ahead log has a gap: a segment that is still needed is missing.");
}

function scanSegment(segment: number, bytes: Uint8Array): Scan {
  const batches: Batch[] = [];
  let end = 0;
  while (end < bytes.length) {
    const found = decodeBatch(bytes, end);
    if (found === null || found.batch.segment !== segment || found.batch.syncedBytes !== end) break;
    const previous = batches[batches.length - 1];
    if (previous !== undefined && found.batch.number !== previous.number + 1) break;
    batches.push(found.batch);
    end = found.end;
  }
  const isDamaged = end < bytes.length;
  if (isDamaged) refuseIfSynced(segment, bytes, end);
  return { segment, batches, end, isDamaged };
}

/** A batch is written only after the one before it was synced: one intact batch behind the damage proves that. */
function refuseIfSynced(segment: number, bytes: Uint8Array, end: number): void {
  for (let offset = end + BLOCK_BYTES; offset < bytes.length; offset += BLOCK_BYTES) {
    const later = decodeBatch(bytes, offset);
    if (later !== null && later.batch.segment === segment && later.batch.syncedBytes === offset) {
      throw new UntrustedDiskError(`${segmentName(segment)} is damaged at offset ${end}, which was synced.`);
    }
  }
}

function checkDamage(scan: Scan, isNewest: boolean, input: SegmentsInput): void {
  const { host, extent, isExtentIntact } = input;
  const name = segmentName(scan.segment);
  if (extent.segment > scan.segment && isNewest) {
    throw new UntrustedDiskError(`Segment ${extent.segment} is lost: the newest is ${scan.segment}.`);
  }
  if (extent.segment === scan.segment && scan.end < extent.bytes) {
    throw new UntrustedDiskError(`${name} is intact up to ${scan.end}; it was synced up to ${extent.bytes}.`);
  }
  if (!scan.isDamaged) return;
  if (!isNewest)
    throw new UntrustedDiskError(`${name} is damaged at offset ${scan.end}, and was synced before the next began.`);
  if (!isExtentIntact) throw new UntrustedDiskError(`${name} and the extent file are both damaged.`);
  host.mark("raft.torn-tail-dropped");
}

/** Puts the state together again, as the batches built it. */
function replay(scans: readonly Scan[], snapshot: Snapshot | null, lastSegment: number): Recovered {
  let entries: Entry[] = [];
  let baseIndex = 0;
  let last: Batch | null = null;
  for (const scan of scans) {
    for (const batch of scan.batches) {
      if (last !== null && batch.number !== last.number + 1) {
        throw new UntrustedDiskError(`Batch ${last.number + 1} of the write-ahead log is missing.`);
      }
      if (last === null || batch.isCheckpoint) {
        entries = [];
        baseIndex = batch.lastIndexBefore;
      }
      ({ entries, baseIndex } = rebase(entries, baseIndex, batch.baseIndex, batch.baseTerm));
      entries = replaceSuffix(entries, baseIndex, batch.entries);
      last = batch;
    }
  }
  if (last === null) throw new UntrustedDiskError("The write-ahead log holds no intact batch.");
  const snapshotIndex = snapshot?.index ?? 0;
  if (last.baseIndex > snapshotIndex) {
    throw new UntrustedDiskError(`Snapshot ${last.baseIndex} is lost: the newest is ${snapshotIndex}.`);
  }
  ({ entries, baseIndex } = rebase(entries, baseIndex, snapshotIndex, snapshot?.term ?? 0));
  if (baseIndex !== snapshotIndex) {
    throw new UntrustedDiskError(`The log begins after ${baseIndex}, the snapshot ends at ${snapshotIndex}.`);
  }
  const commit = Math.max(last.commit, snapshotIndex);
  if (commit > snapshotIndex + entries.length) {
    throw new UntrustedDiskError(
      `Entries up to ${commit} were committed; the log ends at ${snapshotIndex + entries.length}.`,
    );
  }
  const hardState = { term: last.term, vote: last.vote, commit };
  return { hardState, snapshot, entries, lastSegment, lastBatch: last.number };
}

/** A snapshot at `index`: the log goes on behind it if it agrees there, and is replaced by it if not (paper, section 7). */
function rebase(
  entries: Entry[],
  baseIndex: number,
  index: number,
  term: number,
): { readonly entries: Entry[]; readonly baseIndex: number } {
  if (index <= baseIndex) return { entries, baseIndex };
  const own = entries[index - baseIndex - 1];
  if (own === undefined || own.term !== term) return { entries: [], baseIndex: index };
  return { entries: entries.slice(index - baseIndex), baseIndex: index };
}

function replaceSuffix(entries: Entry[], baseIndex: number, added: readonly Entry[]): Entry[] {
  let next = entries;
  for (const entry of added) {
    // A snapshot that was taken since covers it; what stood behind it was replaced all the same.
    if (entry.index <= baseIndex) {
      next = [];
      continue;
    }
    const position = entry.index - baseIndex - 1;
    if (position > next.length)
      throw new UntrustedDiskError(`Entry ${entry.index - 1} is missing in the write-ahead log.`);
    if (position < next.length) next = next.slice(0, position);
    next.push(entry);
  }
  return next;
}
