import { expect, test } from "vitest";
import { readDurableLog } from "./durable-log.ts";
import type { Entry } from "./message.ts";
import { segmentName } from "./recovery.ts";
import { snapshotName } from "./snapshot-file.ts";
import { encodeBatch, encodeExtentFile } from "./wal-format.ts";

function entry(index: number, term: number): Entry {
  return { index, term, data: new Uint8Array(0), checksum: 0 };
}

/** A segment of batches, each with its entries, and where each of them ends. */
function segment(number: number, firstBatch: number, batches: readonly (readonly Entry[])[]) {
  const parts: Uint8Array[] = [];
  const ends: number[] = [];
  let syncedBytes = 0;
  batches.forEach((entries, i) => {
    const state = { term: 9, vote: 0, commit: 0, baseIndex: 0, baseTerm: 0, lastIndexBefore: 0 };
    const numbers = { segment: number, number: firstBatch + i, syncedBytes };
    const bytes = encodeBatch({ ...numbers, isCheckpoint: false, ...state, entries });
    parts.push(bytes);
    syncedBytes += bytes.length;
    ends.push(syncedBytes);
  });
  return { file: { path: `/raft/${segmentName(number)}`, bytes: Buffer.concat(parts) }, ends };
}

const extentFile = (segmentNumber: number, bytes: number) => ({
  path: "/raft/extent",
  bytes: encodeExtentFile({ segment: segmentNumber, bytes }),
});

test("counts a batch once its sync is on record: by the extent file, or by a later batch", () => {
  const { file, ends } = segment(1, 1, [[entry(1, 1)], [entry(2, 1)]]);
  const termOf = (bytes: number, index: number) => readDurableLog([extentFile(1, bytes), file]).at(index)?.term;
  expect([termOf(0, 1), termOf(0, 2), termOf(ends[0]!, 2), termOf(ends[1]!, 2)]).toEqual([1, undefined, undefined, 1]);
  const next = segment(2, 3, [[entry(3, 1)]]);
  const log = readDurableLog([extentFile(1, 0), file, next.file]);
  expect([log.at(2)?.term, log.at(3)]).toEqual([1, undefined]);
});

test("a later entry replaces the suffix, and a snapshot covers what is before it", () => {
  const { file, ends } = segment(1, 1, [[entry(1, 1), entry(2, 1), entry(3, 1)], [entry(2, 4)]]);
  const snapshot = { path: `/raft/${snapshotName(1)}`, bytes: new Uint8Array(0) };
  const log = readDurableLog([extentFile(1, ends[1]!), snapshot, file]);
  expect([log.snapshotIndex, log.at(1)?.term, log.at(2)?.term, log.at(3)]).toEqual([1, 1, 4, undefined]);
});

test("what is torn or lost counts for nothing", () => {
  const { file, ends } = segment(1, 1, [[entry(1, 1)], [entry(2, 1)]]);
  const torn = { ...file, bytes: file.bytes.subarray(0, ends[0]! + 20) };
  const log = readDurableLog([extentFile(1, ends[1]!), torn]);
  expect([log.at(1)?.term, log.at(2)]).toEqual([1, undefined]);
  expect(readDurableLog([]).at(1)).toBe(undefined);
});
