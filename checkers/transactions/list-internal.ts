/**
 * Transactions of a list-append history that contradict themselves: `internal` and `future-read`.
 *
 * Each ok transaction that names a key twice is replayed alone. After a read the whole list is known; after an append
 * without a read only how the list must end. A read that shows an element which the same transaction appends later is
 * a future-read.
 */
import { type PlainJson, show } from "../history.ts";
import { APPEND, describeKey, eventIndex, keyName, listOf, READ, type TransactionRecords, title } from "./records.ts";
import { addFinding, type Findings, OK, type Scalar } from "./types.ts";

/** What the transaction has learned of a key. */
type Expected = { readonly elements: readonly Scalar[]; readonly isWhole: boolean };

export function findInternalListAnomalies(records: TransactionRecords, findings: Findings): void {
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === OK && repeatsKey(records, row)) replay(records, row, findings);
  }
}

export function repeatsKey({ opsStart, opsEnd, opKey }: TransactionRecords, row: number): boolean {
  const start = opsStart[row]!;
  const end = opsEnd[row]!;
  if (end - start > 16) return true;
  for (let op = start + 1; op < end; op += 1) {
    for (let other = start; other < op; other += 1) if (opKey[other] === opKey[op]) return true;
  }
  return false;
}

function replay(records: TransactionRecords, row: number, findings: Findings): void {
  const known = new Map<number, Expected>();
  let isReported = false;
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    const key = records.opKey[op]!;
    const expected = known.get(key);
    if (records.opKind[op] === APPEND) {
      const element = records.values.decode(records.opValue[op]!)!;
      known.set(key, { elements: [...(expected?.elements ?? []), element], isWhole: expected?.isWhole ?? false });
      continue;
    }
    if (records.opKind[op] !== READ) continue;
    findFutureRead(records, row, op, findings);
    const list = listOf(records, op);
    if (expected !== undefined && !isReported && !agrees(expected, list)) {
      isReported = true;
      addInternal(records, op, list, expected, findings);
    }
    known.set(key, { elements: list, isWhole: true });
  }
}

function agrees({ elements, isWhole }: Expected, list: readonly Scalar[]): boolean {
  const offset = list.length - elements.length;
  if (offset < 0 || (isWhole && offset !== 0)) return false;
  return elements.every((element, i) => element === list[offset + i]);
}

function findFutureRead(records: TransactionRecords, row: number, read: number, findings: Findings): void {
  const { opKey, opValue, opKind, opLength, pool } = records;
  const list = pool.subarray(opValue[read]!, opValue[read]! + opLength[read]!);
  for (let op = read + 1; op < records.opsEnd[row]!; op += 1) {
    if (opKind[op] !== APPEND || opKey[op] !== opKey[read] || !list.includes(opValue[op]!)) continue;
    const element = records.values.decode(opValue[op]!);
    addFinding(findings, "future-read", () => ({
      sentence: `${title(records, row)} read ${show(element)} in ${describeKey(records, read)} before it appended that element itself.`,
      transactions: [row],
      details: {
        op: eventIndex(records, row),
        mop: read - records.opsStart[row]!,
        key: keyName(records, read),
        element,
      },
    }));
    return;
  }
}

function addInternal(
  records: TransactionRecords,
  read: number,
  list: readonly Scalar[],
  expected: Expected,
  findings: Findings,
): void {
  const row = records.opRow[read]!;
  const wanted: PlainJson = expected.isWhole ? expected.elements : ["...", ...expected.elements];
  addFinding(findings, "internal", () => ({
    sentence: `${title(records, row)} read ${describeKey(records, read)} as ${show(list)}, but what it had read and appended before makes that ${show(wanted)}.`,
    transactions: [row],
    details: {
      op: eventIndex(records, row),
      mop: read - records.opsStart[row]!,
      key: keyName(records, read),
      expected: wanted,
    },
  }));
}
