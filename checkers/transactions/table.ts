/**
 * The table of transactions: events paired into columns, one row for each transaction.
 *
 * Columns are typed arrays so that a million transactions fit; micro-operations stay the arrays that the history holds.
 * Rows are in order of their first event. A completion without an invocation is allowed (recorded fragments hold only
 * completions): such a row has no real-time predecessor.
 */
import { type HistoryEvent, HistoryError, type Operation, type PlainJson, show } from "../history.ts";
import { FAIL, INFO, type MicroOp, OK, type Scalar } from "./types.ts";

export type TransactionTable = {
  readonly count: number;
  /** OK, INFO or FAIL. */
  readonly status: Uint8Array;
  readonly process: Int32Array;
  /** Position of the invocation among the events, -1 when there is none. */
  readonly invokedAt: Int32Array;
  /** Position of the completion, -1 when there is none. */
  readonly completedAt: Int32Array;
  /** What was asked, and for ok what was read. */
  readonly operations: readonly (readonly MicroOp[])[];
  readonly events: readonly HistoryEvent[];
  readonly okCount: number;
};

const EMPTY: readonly MicroOp[] = [];

/** Throws HistoryError when indexes do not rise, a process invokes twice, or a value is no list. */
export function buildTable(events: readonly HistoryEvent[]): TransactionTable {
  const status = new Uint8Array(events.length);
  const process = new Int32Array(events.length);
  const invokedAt = new Int32Array(events.length).fill(-1);
  const completedAt = new Int32Array(events.length).fill(-1);
  const operations: (readonly MicroOp[])[] = [];
  const open = new Map<number, number>();
  let count = 0;
  let okCount = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (let position = 0; position < events.length; position += 1) {
    const event = events[position]!; // position < length
    if (!(event.index > last)) throw new HistoryError(0, `an index above ${last}`, `${event.index}`);
    last = event.index;
    if (event.process < 0) continue; // a nemesis is no client
    const pending = open.get(event.process);
    if (event.type === "invoke") {
      if (pending !== undefined) {
        const found = `a second invoke (event ${event.index}, process ${event.process})`;
        throw new HistoryError(0, "the completion of the transaction before", found);
      }
      open.set(event.process, count);
      status[count] = INFO;
      process[count] = event.process;
      invokedAt[count] = position;
      operations.push(microOps(event));
      count += 1;
      continue;
    }
    let row = pending;
    if (row === undefined) {
      row = count;
      count += 1;
      process[row] = event.process;
      operations.push(EMPTY);
    } else {
      open.delete(event.process);
    }
    completedAt[row] = position;
    status[row] = event.type === "ok" ? OK : event.type === "fail" ? FAIL : INFO;
    if (event.type === "ok") okCount += 1;
    // A failed or lost completion may carry no value: the invocation says what was asked.
    if (event.value !== null || pending === undefined) operations[row] = microOps(event);
  }
  return { count, status, process, invokedAt, completedAt, operations, events, okCount };
}

function microOps(event: HistoryEvent): readonly MicroOp[] {
  const value = event.value;
  if (Array.isArray(value)) return value as unknown as readonly MicroOp[]; // each one is checked where it is read
  throw new HistoryError(0, `a list of micro-operations (event ${event.index})`, show(value));
}

/** Throws HistoryError unless the key is a scalar. */
export function demandKey(table: TransactionTable, row: number, key: PlainJson): Scalar {
  if (typeof key === "number" || typeof key === "string" || typeof key === "boolean") return key;
  throw new HistoryError(0, `a key that is a number or a string ${place(table, row)}`, show(key));
}

export function place(table: TransactionTable, row: number): string {
  return `(event ${eventIndex(table, row)}, process ${table.process[row]})`;
}

/** Index of the completion, or of the invocation where there is none. */
export function eventIndex(table: TransactionTable, row: number): number {
  const completed = table.completedAt[row]!;
  const position = completed >= 0 ? completed : table.invokedAt[row]!;
  return table.events[position]!.index;
}

/** How sentences name a transaction: by its event. */
export function title(table: TransactionTable, row: number): string {
  return `transaction ${eventIndex(table, row)}`;
}

export function statusName(status: number): "ok" | "info" | "fail" {
  return status === OK ? "ok" : status === FAIL ? "fail" : "info";
}

/** The row as an Operation, for evidence. */
export function operationOf(table: TransactionTable, row: number): Operation {
  const invoked = table.events[table.invokedAt[row]!];
  const completed = table.events[table.completedAt[row]!];
  const isOk = table.status[row] === OK;
  return {
    id: row,
    process: table.process[row]!,
    f: (completed ?? invoked)?.f || "txn",
    key: undefined,
    input: invoked?.value ?? completed?.value ?? null,
    output: isOk ? (completed?.value ?? null) : null,
    isPending: !isOk,
    call: invoked?.index ?? completed?.index ?? -1,
    return: isOk ? (completed?.index ?? -1) : Number.POSITIVE_INFINITY,
    callUs: invoked?.timeUs ?? -1,
    returnUs: isOk ? (completed?.timeUs ?? -1) : -1,
  };
}
