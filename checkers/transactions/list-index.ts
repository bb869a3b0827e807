/**
 * What a list-append history says about each key: who appended what, who read which version, and the version order.
 *
 * The version order of a key is its longest read (Kingsbury and Alvaro, "Elle", VLDB 2020, section 4.2): every other read
 * must be a prefix of it. Elements of reads are compared with the longest read, not looked up one by one. Positions
 * are those of the longest read; -1 is the empty list before it.
 */
import { READ, type TransactionRecords } from "./records.ts";
import { FAIL } from "./types.ts";
import { WriteIndex } from "./write-index.ts";

export type ListIndex = {
  readonly records: TransactionRecords;
  readonly appends: WriteIndex;
  /** By micro-operation, for reads: 1 when the list is a prefix of the longest read of its key. */
  readonly isPrefix: Uint8Array;
  /** By key: the read that is the longest, -1 when nobody read the key, and its length. */
  readonly longest: Int32Array;
  readonly lengths: Int32Array;
  /** Where the versions of each key begin in `appendAt`; one more entry at the end. */
  readonly base: Int32Array;
  /** Append of each version, -1 for an element that nobody appended, or that occurs a second time. */
  readonly appendAt: Int32Array;
  /** By micro-operation, for appends: position in the key's version order, -1 when never read. */
  readonly positionOf: Int32Array;
};

/** Throws HistoryError when an element is appended twice to a key. */
export function indexLists(records: TransactionRecords): ListIndex {
  const { opCount, opKind, opKey, opValue, opLength, pool } = records;
  const keys = records.keys.length;
  const appends = new WriteIndex(records);
  const longest = new Int32Array(keys).fill(-1);
  const lengths = new Int32Array(keys);
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] !== READ) continue;
    const key = opKey[op]!;
    if (longest[key]! >= 0 && opLength[op]! <= lengths[key]!) continue;
    longest[key] = op;
    lengths[key] = opLength[op]!;
  }
  const base = new Int32Array(keys + 1);
  for (let key = 0; key < keys; key += 1) base[key + 1] = base[key]! + lengths[key]!;
  const appendAt = new Int32Array(base[keys]!).fill(-1);
  const positionOf = new Int32Array(opCount).fill(-1);
  for (let key = 0; key < keys; key += 1) {
    const start = longest[key]! < 0 ? 0 : opValue[longest[key]!]!;
    for (let position = 0; position < lengths[key]!; position += 1) {
      const append = appends.find(key, pool[start + position]!);
      if (append < 0 || positionOf[append]! >= 0) continue; // a duplicate keeps its first position
      appendAt[base[key]! + position] = append;
      positionOf[append] = position;
    }
  }
  const isPrefix = new Uint8Array(opCount);
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] !== READ) continue;
    isPrefix[op] = equalRange(pool, opValue[longest[opKey[op]!]!]!, opValue[op]!, opLength[op]!) ? 1 : 0;
  }
  return { records, appends, isPrefix, longest, lengths, base, appendAt, positionOf };
}

function equalRange(pool: Int32Array, left: number, right: number, length: number): boolean {
  if (left === right) return true;
  for (let i = 0; i < length; i += 1) {
    if (pool[left + i] !== pool[right + i]) return false;
  }
  return true;
}

/** Position of the version that a read returned: that of its last element; -1 for the empty list, -2 when unknown. */
export function versionRead(index: ListIndex, read: number): number {
  const { opKey, opValue, opLength, pool } = index.records;
  const length = opLength[read]!;
  if (index.isPrefix[read] === 1 || length === 0) return length - 1;
  const append = index.appends.find(opKey[read]!, pool[opValue[read]! + length - 1]!);
  return append < 0 || index.positionOf[append]! < 0 ? -2 : index.positionOf[append]!;
}

/** Transaction that wrote the version, -1 when nobody did or when it was aborted. */
export function writerAt(index: ListIndex, key: number, position: number): number {
  const append = index.appendAt[index.base[key]! + position]!;
  if (append < 0) return -1;
  const row = index.records.opRow[append]!;
  return index.records.status[row] === FAIL ? -1 : row;
}

/** Value code of a version in the longest read of its key. */
export function elementAt(index: ListIndex, key: number, position: number): number {
  return index.records.pool[index.records.opValue[index.longest[key]!]! + position]!;
}
