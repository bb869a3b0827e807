/**
 * Transaction records: a history of transactions in typed arrays.
 *
 * A million transactions with lists of up to 64 elements are some 26 million objects as JSON, and every garbage collection
 * walks them; here they are a few arrays. Keys are numbered, values are coded as integers, lists lie in one pool. Rows
 * are transactions in order of their first event; positions count the events.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import { FAIL, OK, type Scalar } from "./types.ts";

/** Kinds of micro-operations. READ_UNKNOWN: a read whose transaction did not complete with ok. */
export const APPEND = 0;
export const WRITE = 1;
export const READ = 2;
export const READ_UNKNOWN = 3;
/** A predicate read: its pool entries are pairs of a key number and a value code. */
export const READ_PREDICATE = 4;

/** The value code of nil, the initial state of a register. */
export const NIL = -0x8000_0000;

export type TransactionRecords = {
  readonly count: number;
  readonly okCount: number;
  /** OK, INFO or FAIL. */
  readonly status: Uint8Array;
  readonly process: Int32Array;
  /** Position of the invocation, -1 when the history holds none. */
  readonly invokedAt: Int32Array;
  /** Position of the completion, -1 when there is none. */
  readonly completedAt: Int32Array;
  /** Micro-operations of row r lie from opsStart[r] to opsEnd[r] - 1 in the columns below. */
  readonly opsStart: Int32Array;
  readonly opsEnd: Int32Array;
  /** How many micro-operations there are. */
  readonly opCount: number;
  readonly opRow: Int32Array;
  readonly opKind: Uint8Array;
  readonly opKey: Int32Array;
  /** A value code; for lists and predicates, where their elements begin in the pool. */
  readonly opValue: Int32Array;
  /** Elements of a list or predicate; 0 otherwise. */
  readonly opLength: Int32Array;
  readonly pool: Int32Array;
  readonly keys: readonly Scalar[];
  readonly values: ValueCodes;
  /** By position: row (-1: no transaction), index of the event and its time. */
  readonly rowAt: Int32Array;
  readonly indexAt: Float64Array;
  readonly timeUsAt: Float64Array;
};

/** Integers strictly between -SMALL and SMALL are their own codes. */
export const SMALL = 0x4000_0000;

/** Integers stand for themselves; everything else is numbered. */
export class ValueCodes {
  readonly #numbers = new Map<Scalar, number>();
  readonly #values: Scalar[] = [];

  encode(value: Scalar): number {
    if (typeof value === "number" && (value | 0) === value && value > -SMALL && value < SMALL) return value;
    let number = this.#numbers.get(value);
    if (number === undefined) {
      number = this.#values.length;
      this.#numbers.set(value, number);
      this.#values.push(value);
    }
    return SMALL + number;
  }

  decode(code: number): Scalar | null {
    if (code === NIL) return null;
    return code < SMALL ? code : this.#values[code - SMALL]!;
  }
}

/** A micro-operation as the history wrote it. */
export function microOp(records: TransactionRecords, op: number): PlainJson {
  const kind = records.opKind[op]!;
  const key = records.keys[records.opKey[op]!]!;
  if (kind === READ_PREDICATE) return ["rp", key, predicateVersions(records, op)];
  if (kind === READ_UNKNOWN) return ["r", key, null];
  const name = kind === APPEND ? "append" : kind === WRITE ? "w" : "r";
  return [name, key, kind === READ && records.opLength[op]! >= 0 ? listOf(records, op) : scalarOf(records, op)];
}

function predicateVersions(records: TransactionRecords, op: number): PlainJson {
  const pairs: PlainJson[] = [];
  const start = records.opValue[op]!;
  for (let at = start; at < start + records.opLength[op]!; at += 2) {
    pairs.push([records.keys[records.pool[at]!]!, records.values.decode(records.pool[at + 1]!)]);
  }
  return pairs;
}

export function scalarOf(records: TransactionRecords, op: number): Scalar | null {
  return records.values.decode(records.opValue[op]!);
}

export function listOf(records: TransactionRecords, op: number): readonly Scalar[] {
  const start = records.opValue[op]!;
  const list: Scalar[] = [];
  for (let at = start; at < start + records.opLength[op]!; at += 1)
    list.push(records.values.decode(records.pool[at]!)!);
  return list;
}

export function keyName(records: TransactionRecords, op: number): Scalar {
  return records.keys[records.opKey[op]!]!;
}

/** Index of the completion, or of the invocation where there is none. */
export function eventIndex(records: TransactionRecords, row: number): number {
  const completed = records.completedAt[row]!;
  return records.indexAt[completed >= 0 ? completed : records.invokedAt[row]!]!;
}

/** How sentences name a transaction: by its event. */
export function title(records: TransactionRecords, row: number): string {
  return `transaction ${eventIndex(records, row)}`;
}

export function operationsOf(records: TransactionRecords, row: number): PlainJson[] {
  const list: PlainJson[] = [];
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) list.push(microOp(records, op));
  return list;
}

/** The row as an Operation, for evidence. */
export function operationOf(records: TransactionRecords, row: number): Operation {
  const isOk = records.status[row] === OK;
  const call = records.invokedAt[row]! >= 0 ? records.invokedAt[row]! : records.completedAt[row]!;
  const done = records.completedAt[row]!;
  const operations = operationsOf(records, row);
  return {
    id: row,
    process: records.process[row]!,
    f: "txn",
    key: undefined,
    input: operations.map((operation) => {
      const [f, key, value] = operation as readonly [string, PlainJson, PlainJson];
      return f === "r" || f === "rp" ? [f, key, null] : [f, key, value];
    }),
    output: isOk ? operations : null,
    isPending: !isOk,
    call: records.indexAt[call]!,
    return: isOk ? records.indexAt[done]! : Number.POSITIVE_INFINITY,
    callUs: records.timeUsAt[call]!,
    returnUs: isOk ? records.timeUsAt[done]! : -1,
  };
}

/** True when the transaction certainly did not happen. */
export function isAborted(records: TransactionRecords, row: number): boolean {
  return records.status[row] === FAIL;
}

export function describeKey(records: TransactionRecords, op: number): string {
  return `key ${show(keyName(records, op))}`;
}
