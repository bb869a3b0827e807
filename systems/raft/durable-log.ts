/**
 * The log that a disk holds durably, read from outside of the node: what a monitor compares with what the node says.
 *
 * It counts what a boot would keep whatever happens next: batches whose sync is itself on record (wal-format.ts), and the
 * latest snapshot. It reads nothing through the node, so that a node that deceives itself does not deceive its monitor.
 */
import { EXTENT_NAME, segmentOf } from "./recovery.ts";
import { snapshotIndexOf } from "./snapshot-file.ts";
import { type Batch, decodeBatch, decodeExtentFile, type Extent } from "./wal-format.ts";

export type DurableFile = { readonly path: string; readonly bytes: Uint8Array };

export type DurableLog = {
  /** Everything up to here is in a durable snapshot; 0: there is none. */
  readonly snapshotIndex: number;
  /** The entry at an index of the write-ahead log, or undefined. */
  at(index: number): { readonly term: number; readonly hash: number } | undefined;
};

type Placed = { readonly batch: Batch; readonly end: number };

/** `files` are all durable files below the node's directory, in the order of their names. */
export function readDurableLog(files: readonly DurableFile[]): DurableLog {
  let snapshotIndex = 0;
  let extent: Extent | null = null;
  let placed: Placed[] = [];
  for (const { path, bytes } of files) {
    const name = path.slice(path.lastIndexOf("/") + 1);
    snapshotIndex = Math.max(snapshotIndex, snapshotIndexOf(name) ?? 0);
    if (name === EXTENT_NAME) extent = decodeExtentFile(bytes).extent;
    const segment = segmentOf(name);
    if (segment !== null) placed = [...placed, ...batchesOf(segment, bytes)];
  }
  const last = placed[placed.length - 1];
  // A later batch is the record of an earlier one's sync; for the last one that is the extent file.
  if (last !== undefined && !isOnRecord(last, extent)) placed.pop();
  const entries = replay(placed.map(({ batch }) => batch));
  return { snapshotIndex, at: (index) => entries.get(index) };
}

function batchesOf(segment: number, bytes: Uint8Array): Placed[] {
  const batches: Placed[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const found = decodeBatch(bytes, offset);
    if (found === null || found.batch.segment !== segment || found.batch.syncedBytes !== offset) break;
    batches.push(found);
    offset = found.end;
  }
  return batches;
}

function isOnRecord({ batch, end }: Placed, extent: Extent | null): boolean {
  return (
    extent !== null && (extent.segment > batch.segment || (extent.segment === batch.segment && extent.bytes >= end))
  );
}

function replay(batches: readonly Batch[]): Map<number, { readonly term: number; readonly hash: number }> {
  const entries = new Map<number, { readonly term: number; readonly hash: number }>();
  let lastIndex = 0;
  for (const batch of batches) {
    for (const { index, term, checksum } of batch.entries) {
      for (let cut = index + 1; cut <= lastIndex; cut += 1) entries.delete(cut);
      entries.set(index, { term, hash: checksum });
      lastIndex = index;
    }
  }
  return entries;
}
