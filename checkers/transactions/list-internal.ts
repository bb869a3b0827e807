/**
 * Transactions of a list-append history that contradict themselves: `internal` and `future-read`.
 *
 * Each ok transaction is replayed alone. After a read the whole list is known; after an append without a read only
 * how the list must end. A read that shows an element which the same transaction appends later is a future-read.
 */
import { type PlainJson, show } from "../history.ts";
import { eventIndex, type TransactionTable, title } from "./table.ts";
import { addFinding, type Findings, type MicroOp, OK, type Scalar } from "./types.ts";

/** What the transaction has learned of a key. */
type Expected = { readonly elements: readonly Scalar[]; readonly isWhole: boolean };

export function findInternalListAnomalies(table: TransactionTable, findings: Findings): void {
  for (let row = 0; row < table.count; row += 1) {
    if (table.status[row] !== OK) continue;
    const operations = table.operations[row]!;
    if (repeatsKey(operations)) replay(table, row, operations, findings);
  }
}

function repeatsKey(operations: readonly MicroOp[]): boolean {
  if (operations.length > 16) return true;
  for (let i = 1; i < operations.length; i += 1) {
    const key = operations[i]![1];
    for (let j = 0; j < i; j += 1) if (operations[j]![1] === key) return true;
  }
  return false;
}

function replay(table: TransactionTable, row: number, operations: readonly MicroOp[], findings: Findings): void {
  const known = new Map<Scalar, Expected>();
  let isReported = false;
  for (const [mop, [f, key, value]] of operations.entries()) {
    const expected = known.get(key);
    if (f === "append") {
      const elements = [...(expected?.elements ?? []), value as Scalar];
      known.set(key, { elements, isWhole: expected?.isWhole ?? false });
      continue;
    }
    const list = (value ?? []) as readonly Scalar[];
    const future = operations.findIndex(
      (other, at) => at > mop && other[0] === "append" && other[1] === key && list.includes(other[2] as Scalar),
    );
    if (future >= 0) addFutureRead(table, row, { mop, key, element: operations[future]![2] as Scalar }, findings);
    if (expected !== undefined && !agrees(expected, list) && !isReported) {
      isReported = true;
      addInternal(table, row, { mop, key, list, expected }, findings);
    }
    known.set(key, { elements: list, isWhole: true });
  }
}

function agrees({ elements, isWhole }: Expected, list: readonly Scalar[]): boolean {
  const offset = list.length - elements.length;
  if (offset < 0 || (isWhole && offset !== 0)) return false;
  return elements.every((element, i) => element === list[offset + i]);
}

type FutureRead = { readonly mop: number; readonly key: Scalar; readonly element: Scalar };

function addFutureRead(
  table: TransactionTable,
  row: number,
  { mop, key, element }: FutureRead,
  findings: Findings,
): void {
  addFinding(findings, "future-read", () => ({
    sentence: `${title(table, row)} read ${show(element)} in key ${show(key)} before it appended that element itself.`,
    transactions: [row],
    details: { op: eventIndex(table, row), mop, key, element },
  }));
}

type Mismatch = {
  readonly mop: number;
  readonly key: Scalar;
  readonly list: readonly Scalar[];
  readonly expected: Expected;
};

function addInternal(
  table: TransactionTable,
  row: number,
  { mop, key, list, expected }: Mismatch,
  findings: Findings,
): void {
  const wanted: PlainJson = expected.isWhole ? expected.elements : ["...", ...expected.elements];
  addFinding(findings, "internal", () => ({
    sentence: `${title(table, row)} read key ${show(key)} as ${show(list)}, but what it had read and appended before makes that ${show(wanted)}.`,
    transactions: [row],
    details: { op: eventIndex(table, row), mop, key, expected: wanted },
  }));
}
