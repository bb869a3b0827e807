/**
 * Anomalies of a list-append history that are no cycles: G1a, G1b, garbage-read, duplicate-elements, incompatible-order,
 * dirty-update, lost-update. (internal and future-read are in list-internal.ts.)
 *
 * Everything is linear in the size of the history: a read is scanned element by element only when it is no prefix of its
 * key's longest read, or when that one holds an aborted, unknown or repeated element.
 */
import { type PlainJson, show } from "../history.ts";
import { elementAt, type ListIndex, versionRead } from "./list-index.ts";
import { APPEND, describeKey, eventIndex, keyName, listOf, READ, type TransactionRecords, title } from "./records.ts";
import { addFinding, FAIL, type Findings, INFO, OK } from "./types.ts";

export function findListAnomalies(index: ListIndex, findings: Findings): void {
  const { opCount, opKind, opKey } = index.records;
  const suspicious = suspiciousKeys(index);
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] !== READ) continue;
    if (index.isPrefix[op] === 0 || suspicious[opKey[op]!] === 1) scanRead(index, op, findings);
    findIntermediateRead(index, op, findings);
  }
  findIncompatibleOrders(index, findings);
  for (let key = 0; key < suspicious.length; key += 1) {
    if (suspicious[key] === 1) findDirtyUpdates(index, key, findings);
  }
  findLostUpdates(index, findings);
}

/** Marks keys whose longest read holds an element that is aborted, unknown or repeated. */
function suspiciousKeys({ records, base, appendAt, lengths }: ListIndex): Uint8Array {
  const marks = new Uint8Array(lengths.length);
  for (let key = 0; key < lengths.length; key += 1) {
    for (let version = base[key]!; version < base[key + 1]!; version += 1) {
      const append = appendAt[version]!;
      if (append < 0 || records.status[records.opRow[append]!] === FAIL) marks[key] = 1;
    }
  }
  return marks;
}

/** Where a micro-operation stands, for the details of a finding. */
function at(records: TransactionRecords, op: number): { readonly [key: string]: PlainJson } {
  const row = records.opRow[op]!;
  return { op: eventIndex(records, row), mop: op - records.opsStart[row]!, key: keyName(records, op) };
}

function scanRead({ records, appends }: ListIndex, read: number, findings: Findings): void {
  const key = records.opKey[read]!;
  const row = records.opRow[read]!;
  const seen = new Map<number, number>();
  const start = records.opValue[read]!;
  for (let place = start; place < start + records.opLength[read]!; place += 1) {
    const code = records.pool[place]!;
    const times = (seen.get(code) ?? 0) + 1;
    seen.set(code, times);
    if (times > 1) continue;
    const append = appends.find(key, code);
    const element = records.values.decode(code);
    if (append < 0) {
      addFinding(findings, "garbage-read", () => ({
        sentence: `${title(records, row)} read ${show(element)} in ${describeKey(records, read)}, which nobody appended.`,
        transactions: [row],
        details: { ...at(records, read), element },
      }));
      continue;
    }
    const writer = records.opRow[append]!;
    if (records.status[writer] !== FAIL) continue;
    addFinding(findings, "G1a", () => ({
      sentence: `${title(records, row)} read ${show(element)} in ${describeKey(records, read)}, which ${title(records, writer)} appended and aborted.`,
      transactions: [writer, row],
      details: { ...at(records, read), writer: eventIndex(records, writer), element },
    }));
  }
  const repeated = [...seen].filter(([, times]) => times > 1);
  if (repeated.length === 0) return;
  const duplicates = repeated.map(([code, times]) => [records.values.decode(code), times]);
  addFinding(findings, "duplicate-elements", () => ({
    sentence: `${title(records, row)} read ${describeKey(records, read)} with ${show(duplicates[0]![0])} in it ${duplicates[0]![1]} times; it was appended once.`,
    transactions: [row],
    details: { ...at(records, read), duplicates },
  }));
}

/** G1b: the last element read was not the last that its writer appended. */
function findIntermediateRead(index: ListIndex, read: number, findings: Findings): void {
  const { records } = index;
  const position = versionRead(index, read);
  const key = records.opKey[read]!;
  const append = position < 0 ? -1 : index.appendAt[index.base[key]! + position]!;
  if (append < 0 || index.appends.isIntermediate[append] === 0) return;
  const writer = records.opRow[append]!;
  const row = records.opRow[read]!;
  if (writer === row) return;
  const element = records.values.decode(elementAt(index, key, position));
  addFinding(findings, "G1b", () => ({
    sentence: `${title(records, row)} read ${describeKey(records, read)} up to ${show(element)}, halfway through ${title(records, writer)}, which appended more.`,
    transactions: [writer, row],
    details: { ...at(records, read), writer: eventIndex(records, writer), element },
  }));
}

/** Distinct reads of a key, by length: each must begin the next one. */
function findIncompatibleOrders({ records, isPrefix }: ListIndex, findings: Findings): void {
  const distinct = new Map<number, Map<string, number>>();
  for (let op = 0; op < records.opCount; op += 1) {
    if (records.opKind[op] === READ && isPrefix[op] === 0) distinct.set(records.opKey[op]!, new Map());
  }
  if (distinct.size === 0) return;
  for (let op = 0; op < records.opCount; op += 1) {
    const lists = records.opKind[op] === READ ? distinct.get(records.opKey[op]!) : undefined;
    if (lists === undefined || records.opLength[op] === 0) continue;
    const start = records.opValue[op]!;
    const text = records.pool.subarray(start, start + records.opLength[op]!).join();
    if (!lists.has(text)) lists.set(text, op);
  }
  for (const lists of distinct.values()) {
    const reads = [...lists.values()];
    reads.sort((left, right) => records.opLength[left]! - records.opLength[right]! || left - right);
    for (let i = 1; i < reads.length; i += 1) {
      if (!begins(records, reads[i - 1]!, reads[i]!)) addIncompatible(records, reads[i - 1]!, reads[i]!, findings);
    }
  }
}

function begins(records: TransactionRecords, shorter: number, longer: number): boolean {
  for (let i = 0; i < records.opLength[shorter]!; i += 1) {
    if (records.pool[records.opValue[shorter]! + i] !== records.pool[records.opValue[longer]! + i]) return false;
  }
  return true;
}

function addIncompatible(records: TransactionRecords, shorter: number, longer: number, findings: Findings): void {
  const rows = [records.opRow[shorter]!, records.opRow[longer]!];
  addFinding(findings, "incompatible-order", () => {
    const values = [listOf(records, shorter), listOf(records, longer)];
    const [first, second] = rows.map((row) => title(records, row));
    return {
      sentence: `${first} read ${describeKey(records, shorter)} as ${show(values[0])} and ${second} as ${show(values[1])}: neither begins the other.`,
      transactions: rows,
      details: { key: keyName(records, shorter), values, ops: rows.map((row) => eventIndex(records, row)) },
    };
  });
}

/** An aborted element below a committed one, with at most transactions of unknown outcome between. */
function findDirtyUpdates(index: ListIndex, key: number, findings: Findings): void {
  const { records } = index;
  let aborted = -1;
  for (let position = 0; position < index.lengths[key]!; position += 1) {
    const append = index.appendAt[index.base[key]! + position]!;
    const status = append < 0 ? OK : records.status[records.opRow[append]!]!;
    if (status === INFO) continue;
    if (status === FAIL) aborted = position;
    else {
      if (aborted >= 0 && append >= 0) addDirtyUpdate(index, key, [aborted, position], findings);
      aborted = -1;
    }
  }
}

function addDirtyUpdate(index: ListIndex, key: number, range: readonly [number, number], findings: Findings): void {
  const { records } = index;
  const appends = [...index.appendAt.subarray(index.base[key]! + range[0], index.base[key]! + range[1] + 1)];
  const rows = appends.map((append) => records.opRow[append]!);
  const values = appends.map((append) => records.values.decode(records.opValue[append]!));
  const last = rows.length - 1;
  addFinding(findings, "dirty-update", () => ({
    sentence: `${title(records, rows[last]!)} committed ${show(values[last])} to ${describeKey(records, appends[0]!)} on top of ${show(values[0])}, which ${title(records, rows[0]!)} appended and aborted.`,
    transactions: [...new Set(rows)],
    details: { key: keyName(records, appends[0]!), values, txns: rows.map((row) => eventIndex(records, row)) },
  }));
}

/** At least two committed transactions read the same version of a key and then append to it. */
function findLostUpdates({ records, base, isPrefix, appendAt, lengths }: ListIndex, findings: Findings): void {
  const { opKey, opRow, opLength } = records;
  const firstRead = new Int32Array(appendAt.length + lengths.length).fill(-1);
  const latestRow = new Int32Array(lengths.length).fill(-1);
  const collisions = new Map<number, number[]>();
  const odd = new Map<string, number[]>(); // versions that are no prefix of the longest read
  for (let op = 0; op < records.opCount; op += 1) {
    const key = opKey[op]!;
    if (records.opKind[op] !== READ || latestRow[key] === opRow[op]) continue; // only the first read of a key counts
    latestRow[key] = opRow[op]!;
    if (!appendsAfter(records, op)) continue;
    if (isPrefix[op] === 0) {
      const text = `${key}:${listOf(records, op).join()}`;
      odd.set(text, [...(odd.get(text) ?? []), op]);
      continue;
    }
    const slot = base[key]! + key + opLength[op]!; // a key has length + 1 versions
    const reads = collisions.get(slot);
    if (firstRead[slot]! < 0) firstRead[slot] = op;
    else if (reads === undefined) collisions.set(slot, [firstRead[slot]!, op]);
    else reads.push(op);
  }
  for (const reads of [...collisions.values(), ...odd.values()]) {
    if (reads.length >= 2) addLostUpdate(records, reads, findings);
  }
}

/** True when the transaction appends to the key of this read after it, and not before. */
function appendsAfter(records: TransactionRecords, read: number): boolean {
  const row = records.opRow[read]!;
  const key = records.opKey[read]!;
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    if (records.opKind[op] === APPEND && records.opKey[op] === key) return op > read;
  }
  return false;
}

function addLostUpdate(records: TransactionRecords, reads: readonly number[], findings: Findings): void {
  addFinding(findings, "lost-update", () => {
    const rows = reads.map((read) => records.opRow[read]!);
    const list = listOf(records, reads[0]!);
    const [first, second] = rows.map((row) => title(records, row));
    return {
      sentence: `${first} and ${second} both read ${describeKey(records, reads[0]!)} as ${show(list)} and both appended to it: one update ignored the other.`,
      transactions: rows.slice(0, 8),
      details: { key: keyName(records, reads[0]!), value: list, txns: rows.map((row) => eventIndex(records, row)) },
    };
  });
}
