/**
 * What a register history says about each key: external reads and writes, and the versions they saw or made.
 *
 * A version is a number: the micro-operation that wrote it, the initial state of a key, or a value that nobody wrote. A
 * read is external when the transaction has not written the key before it, and is the first such read; a write is external
 * when it is the last to its key in its transaction (Adya 1999, section 4.1).
 */
import { NIL, READ, READ_PREDICATE, type TransactionRecords, WRITE } from "./records.ts";
import { FAIL, OK } from "./types.ts";
import { WriteIndex } from "./write-index.ts";

export type RegisterIndex = {
  readonly records: TransactionRecords;
  readonly writes: WriteIndex;
  /** By micro-operation: version that an external read of an ok transaction saw or an external write made, else -1. */
  readonly version: Int32Array;
  /** By micro-operation, for every read of an ok transaction: the version that it saw, else -1. */
  readonly seen: Int32Array;
  /** How many versions there are: one for each micro-operation, one for each key, and the unwritten ones. */
  readonly versionCount: number;
  /** Unwritten values that were read: version -> key and value code. */
  readonly unwritten: ReadonlyMap<number, { readonly key: number; readonly code: number; readonly firstRead: number }>;
  /** Predicate reads: version of every pair, in the order of the pool. */
  readonly predicateVersions: ReadonlyMap<number, Int32Array>;
};

/** Throws HistoryError when two writes give a key the same value. */
export function indexRegisters(records: TransactionRecords): RegisterIndex {
  const { opCount, opKind, opKey, opValue, opRow } = records;
  const writes = new WriteIndex(records);
  const version = new Int32Array(opCount).fill(-1);
  const seen = new Int32Array(opCount).fill(-1);
  const unwritten = new Map<number, { key: number; code: number; firstRead: number }>();
  const unwrittenNumbers = new Map<string, number>();
  const base = opCount + records.keys.length;
  const versionOf = (key: number, code: number, read: number): number => {
    if (code === NIL) return opCount + key;
    const write = writes.find(key, code);
    if (write >= 0) return write;
    const name = `${key}:${code}`;
    let number = unwrittenNumbers.get(name);
    if (number === undefined) {
      number = base + unwrittenNumbers.size;
      unwrittenNumbers.set(name, number);
      unwritten.set(number, { key, code, firstRead: read });
    }
    return number;
  };
  const touched = new Int32Array(records.keys.length).fill(-1); // row that read or wrote the key last
  const predicateVersions = new Map<number, Int32Array>();
  for (let op = 0; op < opCount; op += 1) {
    const row = opRow[op]!;
    const kind = opKind[op]!;
    const key = opKey[op]!;
    if (kind === WRITE) {
      touched[key] = row;
      if (records.status[row] !== FAIL && writes.isIntermediate[op] === 0) version[op] = op;
    } else if (kind === READ) {
      // Unwritten values are noticed in later reads too, but only the first read is external.
      seen[op] = versionOf(key, opValue[op]!, op);
      if (touched[key] !== row) version[op] = seen[op]!;
      touched[key] = row;
    } else if (kind === READ_PREDICATE && records.status[row] === OK) {
      predicateVersions.set(op, pairsOf(records, op, versionOf));
    }
  }
  return { records, writes, version, seen, versionCount: base + unwrittenNumbers.size, unwritten, predicateVersions };
}

function pairsOf(
  { pool, opValue, opLength }: TransactionRecords,
  op: number,
  versionOf: (key: number, code: number, read: number) => number,
): Int32Array {
  const start = opValue[op]!;
  const versions = new Int32Array(opLength[op]! / 2);
  for (let i = 0; i < versions.length; i += 1)
    versions[i] = versionOf(pool[start + 2 * i]!, pool[start + 2 * i + 1]!, op);
  return versions;
}

/** Value code of a version; NIL for the initial state. */
export function codeOf(index: RegisterIndex, version: number): number {
  if (version < index.records.opCount) return index.records.opValue[version]!;
  return index.unwritten.get(version)?.code ?? NIL;
}

export function keyOfVersion(index: RegisterIndex, version: number): number {
  const { opCount, opKey, keys } = index.records;
  if (version < opCount) return opKey[version]!;
  return version < opCount + keys.length ? version - opCount : index.unwritten.get(version)!.key;
}

/** The transaction that wrote the version, -1 for the initial state, unwritten values and aborted writers. */
export function writerOfVersion({ records }: RegisterIndex, version: number): number {
  if (version >= records.opCount) return -1;
  const row = records.opRow[version]!;
  return records.status[row] === FAIL ? -1 : row;
}
