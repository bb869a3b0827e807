/**
 * Anomalies of a list-append history that are no cycles: G1a, G1b, garbage-read, duplicate-elements, incompatible-order,
 * dirty-update, lost-update. (internal and future-read are in list-internal.ts.)
 *
 * Everything is linear in the size of the history: a read is scanned element by element only when it is no prefix of its
 * key's longest read, or when that one holds an aborted, unknown or repeated element.
 */
import { type PlainJson, show } from "../history.ts";
import { versionRead, type ListIndex } from "./list-index.ts";
import { eventIndex, title } from "./table.ts";
import { addFinding, FAIL, type Findings, INFO, type MicroOp, OK, type Scalar } from "./types.ts";

export function findListAnomalies(index: ListIndex, findings: Findings): void {
  const suspicious = suspiciousKeys(index);
  for (let read = 0; read < index.readList.length; read += 1) {
    if (index.isPrefix[read] === 0 || suspicious[index.readKey[read]!] === 1) scanRead(index, read, findings);
    findIntermediateRead(index, read, findings);
  }
  findIncompatibleOrders(index, findings);
  for (let key = 0; key < index.longest.length; key += 1) {
    if (suspicious[key] === 1) findDirtyUpdates(index, key, findings);
  }
  findLostUpdates(index, findings);
}

/** Marks keys whose longest read holds an element that is aborted, unknown or repeated. */
function suspiciousKeys(index: ListIndex): Uint8Array {
  const marks = new Uint8Array(index.longest.length);
  for (let key = 0; key < index.longest.length; key += 1) {
    for (let version = index.base[key]!; version < index.base[key + 1]!; version += 1) {
      const append = index.appendAt[version]!;
      if (append < 0 || index.table.status[index.appends.row[append]!] === FAIL) marks[key] = 1;
    }
  }
  return marks;
}

function scanRead(index: ListIndex, read: number, findings: Findings): void {
  const key = index.readKey[read]!;
  const name = index.appends.keys[key]!;
  const row = index.readRow[read]!;
  const mop = index.readPosition[read]!;
  const seen = new Map<Scalar, number>();
  for (const element of index.readList[read]!) {
    const times = (seen.get(element) ?? 0) + 1;
    seen.set(element, times);
    if (times > 1) continue;
    const append = index.appends.find(key, element);
    if (append < 0) {
      addFinding(findings, "garbage-read", () => ({
        sentence: `${title(index.table, row)} read ${show(element)} in key ${show(name)}, which nobody appended.`,
        transactions: [row],
        details: { op: eventIndex(index.table, row), mop, key: name, element },
      }));
    } else if (index.table.status[index.appends.row[append]!] === FAIL) {
      const writer = index.appends.row[append]!;
      addFinding(findings, "G1a", () => ({
        sentence: `${title(index.table, row)} read ${show(element)} in key ${show(name)}, which ${title(index.table, writer)} appended and aborted.`,
        transactions: [writer, row],
        details: { op: eventIndex(index.table, row), writer: eventIndex(index.table, writer), mop, key: name, element },
      }));
    }
  }
  const repeated = [...seen].filter(([, times]) => times > 1);
  if (repeated.length === 0) return;
  addFinding(findings, "duplicate-elements", () => ({
    sentence: `${title(index.table, row)} read key ${show(name)} with ${show(repeated[0]![0])} in it ${repeated[0]![1]} times; it was appended once.`,
    transactions: [row],
    details: { op: eventIndex(index.table, row), mop, key: name, duplicates: repeated.map(([e, n]) => [e, n]) },
  }));
}

/** G1b: the last element read was not the last that its writer appended. */
function findIntermediateRead(index: ListIndex, read: number, findings: Findings): void {
  const list = index.readList[read]!;
  if (list.length === 0) return;
  const key = index.readKey[read]!;
  const position = versionRead(index, read);
  const append = position < 0 ? -1 : index.appendAt[index.base[key]! + position]!;
  if (append < 0 || index.appends.isIntermediate[append] === 0) return;
  const writer = index.appends.row[append]!;
  const row = index.readRow[read]!;
  if (writer === row) return;
  const name = index.appends.keys[key]!;
  const element = list[list.length - 1]!;
  addFinding(findings, "G1b", () => ({
    sentence: `${title(index.table, row)} read key ${show(name)} up to ${show(element)}, halfway through ${title(index.table, writer)}, which appended more.`,
    transactions: [writer, row],
    details: {
      op: eventIndex(index.table, row),
      writer: eventIndex(index.table, writer),
      mop: index.readPosition[read]!,
      key: name,
      element,
    },
  }));
}

/** Distinct reads of a key, by length: each must begin the next one. */
function findIncompatibleOrders(index: ListIndex, findings: Findings): void {
  const keys = new Set<number>();
  for (let read = 0; read < index.readList.length; read += 1) {
    if (index.isPrefix[read] === 0) keys.add(index.readKey[read]!);
  }
  if (keys.size === 0) return;
  const distinct = new Map<number, Map<string, number>>();
  for (const key of keys) distinct.set(key, new Map());
  for (let read = 0; read < index.readList.length; read += 1) {
    const lists = distinct.get(index.readKey[read]!);
    if (lists === undefined || index.readList[read]!.length === 0) continue;
    const text = JSON.stringify(index.readList[read]);
    if (!lists.has(text)) lists.set(text, read);
  }
  for (const key of [...keys].sort((left, right) => left - right)) {
    const reads = [...distinct.get(key)!.values()];
    reads.sort((left, right) => index.readList[left]!.length - index.readList[right]!.length || left - right);
    for (let i = 1; i < reads.length; i += 1) {
      const [shorter, longer] = [reads[i - 1]!, reads[i]!];
      const isCompatible = index.readList[shorter]!.every((element, at) => element === index.readList[longer]![at]);
      if (!isCompatible) addIncompatible(index, shorter, longer, findings);
    }
  }
}

function addIncompatible(index: ListIndex, shorter: number, longer: number, findings: Findings): void {
  const name = index.appends.keys[index.readKey[shorter]!]!;
  const rows = [index.readRow[shorter]!, index.readRow[longer]!];
  const values = [index.readList[shorter]!, index.readList[longer]!];
  addFinding(findings, "incompatible-order", () => ({
    sentence: `${title(index.table, rows[0]!)} read key ${show(name)} as ${show(values[0])} and ${title(index.table, rows[1]!)} as ${show(values[1])}: neither begins the other.`,
    transactions: rows,
    details: { key: name, values: values as PlainJson, ops: rows.map((row) => eventIndex(index.table, row)) },
  }));
}

/** An aborted element below a committed one, with at most transactions of unknown outcome between. */
function findDirtyUpdates(index: ListIndex, key: number, findings: Findings): void {
  const list = index.longest[key]!;
  let aborted = -1;
  for (let position = 0; position < list.length; position += 1) {
    const append = index.appendAt[index.base[key]! + position]!;
    const status = append < 0 ? OK : index.table.status[index.appends.row[append]!]!;
    if (status === INFO) continue;
    if (status === FAIL) aborted = position;
    else {
      if (aborted >= 0 && append >= 0) addDirtyUpdate(index, key, [aborted, position], findings);
      aborted = -1;
    }
  }
}

function addDirtyUpdate(index: ListIndex, key: number, range: readonly [number, number], findings: Findings): void {
  const name = index.appends.keys[key]!;
  const values = index.longest[key]!.slice(range[0], range[1] + 1);
  const rows = values.map((_, i) => index.appends.row[index.appendAt[index.base[key]! + range[0] + i]!]!);
  const last = rows.length - 1;
  addFinding(findings, "dirty-update", () => ({
    sentence: `${title(index.table, rows[last]!)} committed ${show(values[last])} to key ${show(name)} on top of ${show(values[0])}, which ${title(index.table, rows[0]!)} appended and aborted.`,
    transactions: [...new Set(rows)],
    details: { key: name, values, txns: rows.map((row) => eventIndex(index.table, row)) },
  }));
}

/** At least two committed transactions read the same version of a key and then append to it. */
function findLostUpdates(index: ListIndex, findings: Findings): void {
  const firstRead = new Int32Array(index.appendAt.length + index.longest.length).fill(-1);
  const latestRow = new Int32Array(index.longest.length).fill(-1);
  const collisions = new Map<number, number[]>();
  const odd = new Map<string, number[]>(); // versions that are no prefix of the longest read
  for (let read = 0; read < index.readList.length; read += 1) {
    const key = index.readKey[read]!;
    if (latestRow[key] === index.readRow[read]) continue; // only the first read of a key counts
    latestRow[key] = index.readRow[read]!;
    if (!appendsAfter(index, index.table.operations[index.readRow[read]!]!, read)) continue;
    if (index.isPrefix[read] === 0) {
      const text = `${key} ${JSON.stringify(index.readList[read])}`;
      odd.set(text, [...(odd.get(text) ?? []), read]);
      continue;
    }
    const slot = index.base[key]! + key + index.readList[read]!.length; // a key has length + 1 versions
    const first = firstRead[slot]!;
    const reads = collisions.get(slot);
    if (first < 0) firstRead[slot] = read;
    else if (reads === undefined) collisions.set(slot, [first, read]);
    else reads.push(read);
  }
  for (const reads of [...collisions.values(), ...odd.values()]) {
    if (reads.length >= 2) addLostUpdate(index, reads, findings);
  }
}

/** True when the transaction appends to the key of this read after it, and not before. */
function appendsAfter(index: ListIndex, operations: readonly MicroOp[], read: number): boolean {
  const key = index.appends.keys[index.readKey[read]!]!;
  for (let position = 0; position < operations.length; position += 1) {
    const operation = operations[position]!;
    if (operation[0] === "append" && operation[1] === key) return position > index.readPosition[read]!;
  }
  return false;
}

function addLostUpdate(index: ListIndex, reads: readonly number[], findings: Findings): void {
  const rows = reads.map((read) => index.readRow[read]!);
  const list = index.readList[reads[0]!]!;
  const name = index.appends.keys[index.readKey[reads[0]!]!]!;
  addFinding(findings, "lost-update", () => ({
    sentence: `${title(index.table, rows[0]!)} and ${title(index.table, rows[1]!)} both read key ${show(name)} as ${show(list)} and both appended to it: one update ignored the other.`,
    transactions: rows.slice(0, 8),
    details: { key: name, value: list, txns: rows.map((row) => eventIndex(index.table, row)) },
  }));
}
