/**
 * Who reads from whom, for the isolation levels, and the reads that no level allows.
 *
 * A read of a value that its own transaction wrote before is left out. Nil, and (unless keys begin empty) one unwritten value
 * of each key, were written by the initial transaction, which is numbered after all others.
 */
import { show } from "../history.ts";
import { describeKey, isAborted, NIL, READ, scalarOf, type TransactionRecords, title, WRITE } from "./records.ts";
import { FAIL, OK } from "./types.ts";
import { WriteIndex } from "./write-index.ts";

export type Read = { readonly op: number; readonly writer: number };

export type BaseViolation = { readonly kind: string; readonly op: number; readonly sentence: string };

export type ReadsFrom = {
  readonly records: TransactionRecords;
  readonly index: WriteIndex;
  /** Rows of each session, in order; aborted ones left out. */
  readonly sessions: readonly (readonly number[])[];
  readonly sessionOf: Int32Array;
  readonly placeOf: Int32Array;
  readonly sessionPairs: readonly (readonly [number, number])[];
  /** [writer, reader] for each pair of different transactions. */
  readonly writerPairs: readonly (readonly [number, number])[];
  /** Reads that contradict every level: of aborted, intermediate, unwritten values, and of the reader's own past or future. */
  readonly violations: readonly BaseViolation[];
  of(row: number): readonly Read[];
  writes(row: number, key: number): boolean;
  keysWritten(row: number): readonly number[];
  predecessors(row: number): readonly number[];
};

const NO_READS: readonly Read[] = [];

/** Throws HistoryError when two writes give a key the same value. */
export function readsFrom(records: TransactionRecords): ReadsFrom {
  const index = new WriteIndex(records);
  const { sessions, sessionOf, placeOf, sessionPairs } = groupSessions(records);
  const violations: BaseViolation[] = [];
  const lists: Read[][] = [];
  const pairs = new Map<number, [number, number]>();
  const predecessors: number[][] = Array.from({ length: records.count }, () => []);
  for (const [before, after] of sessionPairs) predecessors[after]!.push(before);
  const initialCodes = new Map<number, number>();
  for (let row = 0; row < records.count; row += 1) {
    lists.push(records.status[row] === OK ? collect({ records, index, initialCodes, violations }, row) : []);
    for (const { writer } of lists[row]!) {
      const name = writer * (records.count + 1) + row;
      if (pairs.has(name)) continue;
      pairs.set(name, [writer, row]);
      if (writer !== records.count) predecessors[row]!.push(writer);
    }
  }
  const written = new Set<number>();
  const keyCount = records.keys.length;
  for (let op = 0; op < records.opCount; op += 1) {
    if (records.opKind[op] === WRITE) written.add(records.opRow[op]! * keyCount + records.opKey[op]!);
  }
  return {
    records,
    index,
    sessions,
    sessionOf,
    placeOf,
    sessionPairs,
    writerPairs: [...pairs.values()],
    violations,
    of: (row) => lists[row] ?? NO_READS,
    writes: (row, key) => written.has(row * keyCount + key),
    keysWritten: (row) => keysWritten(records, row),
    predecessors: (row) => predecessors[row]!,
  };
}

function groupSessions(
  records: TransactionRecords,
): Pick<ReadsFrom, "sessions" | "sessionOf" | "placeOf" | "sessionPairs"> {
  const numbers = new Map<number, number>();
  const sessions: number[][] = [];
  const sessionOf = new Int32Array(records.count).fill(-1);
  const placeOf = new Int32Array(records.count);
  const sessionPairs: [number, number][] = [];
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === FAIL) continue;
    const process = records.process[row]!;
    // Below 0 nobody knows who ran it: a session of its own.
    const known = process < 0 ? undefined : numbers.get(process);
    const session = known ?? sessions.length;
    if (known === undefined) {
      sessions.push([]);
      if (process >= 0) numbers.set(process, session);
    }
    const rows = sessions[session]!;
    if (rows.length > 0) sessionPairs.push([rows[rows.length - 1]!, row]);
    sessionOf[row] = session;
    placeOf[row] = rows.length;
    rows.push(row);
  }
  return { sessions, sessionOf, placeOf, sessionPairs };
}

type Collection = {
  readonly records: TransactionRecords;
  readonly index: WriteIndex;
  /** By key: the one value, nil or unwritten, that is taken for the initial one. */
  readonly initialCodes: Map<number, number>;
  readonly violations: BaseViolation[];
};

function collect({ records, index, initialCodes, violations }: Collection, row: number): Read[] {
  const reads: Read[] = [];
  const own = new Map<number, number>(); // key -> code of the transaction's own last write
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    const key = records.opKey[op]!;
    const code = records.opValue[op]!;
    if (records.opKind[op] === WRITE) own.set(key, code);
    if (records.opKind[op] !== READ) continue;
    const blame = (kind: string, why: string): void => {
      const sentence = `${title(records, row)} read ${show(scalarOf(records, op))} in ${describeKey(records, op)}, ${why}.`;
      violations.push({ kind, op, sentence });
    };
    const mine = own.get(key);
    if (mine !== undefined) {
      if (mine !== code) blame("internal", `but had written ${show(records.values.decode(mine))} itself`);
      continue;
    }
    const write = code === NIL ? -1 : index.find(key, code);
    if (write < 0) {
      const initial = initialCodes.get(key);
      if (initial === undefined) initialCodes.set(key, code);
      else if (initial !== code) {
        const first = show(records.values.decode(initial));
        blame("garbage-read", `which no transaction wrote, nor can it be the initial value, which is ${first}`);
      }
      reads.push({ op, writer: records.count });
      continue;
    }
    const writer = records.opRow[write]!;
    if (isAborted(records, writer)) blame("G1a", `which ${title(records, writer)} wrote and aborted`);
    else if (writer === row) blame("future-read", "before it wrote that value itself");
    else if (index.isIntermediate[write] === 1)
      blame("G1b", `which ${title(records, writer)} overwrote before it committed`);
    else reads.push({ op, writer });
  }
  return reads;
}

function keysWritten(records: TransactionRecords, row: number): readonly number[] {
  const keys = new Set<number>();
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    if (records.opKind[op] === WRITE) keys.add(records.opKey[op]!);
  }
  return [...keys];
}
