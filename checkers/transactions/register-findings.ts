/**
 * Anomalies of a register history that are no cycles: G1a, G1b, garbage-read, internal, future-read, lost-update.
 * (cyclic-versions is found in version-order.ts.)
 */
import { show } from "../history.ts";
import { repeatsKey } from "./list-internal.ts";
import { describeKey, eventIndex, keyName, READ, scalarOf, type TransactionRecords, title, WRITE } from "./records.ts";
import type { RegisterIndex } from "./register-index.ts";
import { addFinding, FAIL, type Finding, type Findings, OK } from "./types.ts";

/**
 * Values that nobody wrote. "any": a key may hold one from before the history; "nil": keys begin empty, so each is garbage;
 * "fragment": the history is cut out of a longer one, and says nothing about them.
 */
export type InitialValues = "any" | "nil" | "fragment";

export function findRegisterAnomalies(index: RegisterIndex, initialValues: InitialValues, findings: Findings): void {
  const { records, seen } = index;
  for (let op = 0; op < records.opCount; op += 1) {
    if (records.opKind[op] !== READ) continue;
    const write = seen[op]!;
    if (write < records.opCount) judgeRead(index, op, write, findings);
  }
  findGarbage(index, initialValues, findings);
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === OK && repeatsKey(records, row)) replay(records, row, findings);
  }
  findLostUpdates(index, findings);
}

function finding(records: TransactionRecords, read: number, sentence: string, more: Finding["details"]): Finding {
  const row = records.opRow[read]!;
  const mop = read - records.opsStart[row]!;
  return {
    sentence,
    transactions: [row],
    details: {
      op: eventIndex(records, row),
      mop,
      key: keyName(records, read),
      value: scalarOf(records, read),
      ...more,
    },
  };
}

function judgeRead({ records, writes }: RegisterIndex, read: number, write: number, findings: Findings): void {
  const row = records.opRow[read]!;
  const writer = records.opRow[write]!;
  const what = `${title(records, row)} read ${show(scalarOf(records, read))} in ${describeKey(records, read)}`;
  const details = { writer: eventIndex(records, writer) };
  if (records.status[writer] === FAIL) {
    const sentence = `${what}, which ${title(records, writer)} wrote and aborted.`;
    addFinding(findings, "G1a", () => ({ ...finding(records, read, sentence, details), transactions: [writer, row] }));
  } else if (writer !== row && writes.isIntermediate[write] === 1) {
    const sentence = `${what}, which ${title(records, writer)} overwrote before it committed.`;
    addFinding(findings, "G1b", () => ({ ...finding(records, read, sentence, details), transactions: [writer, row] }));
  } else if (writer === row && write > read) {
    const sentence = `${what} before it wrote that value itself.`;
    addFinding(findings, "future-read", () => finding(records, read, sentence, {}));
  }
}

function findGarbage({ records, unwritten }: RegisterIndex, initialValues: InitialValues, findings: Findings): void {
  if (initialValues === "fragment") return;
  const initial = new Map<number, number>();
  for (const { key, code, firstRead } of unwritten.values()) {
    const first = initial.get(key);
    if (first === undefined) initial.set(key, code);
    if (first === undefined && initialValues === "any") continue;
    const other =
      initialValues === "any"
        ? `, nor can it be the initial value, which is ${show(records.values.decode(first!))}`
        : "";
    const row = records.opRow[firstRead]!;
    const value = records.values.decode(code);
    const name = records.keys[key]!;
    addFinding(findings, "garbage-read", () => ({
      sentence: `${title(records, row)} read ${show(value)} in key ${show(name)}, which nobody wrote${other}.`,
      transactions: [row],
      details: { op: eventIndex(records, row), mop: firstRead - records.opsStart[row]!, key: name, value },
    }));
  }
}

/** A key that was read as nil and as an unwritten value would have begun as both. Elle does not look for it. */
export function findSecondInitial({ records, seen, unwritten }: RegisterIndex, findings: Findings): void {
  const wasNil = new Uint8Array(records.keys.length);
  for (let op = 0; op < records.opCount; op += 1) {
    if (seen[op] === records.opCount + records.opKey[op]!) wasNil[records.opKey[op]!] = 1;
  }
  for (const { key, code, firstRead } of unwritten.values()) {
    if (wasNil[key] === 0) continue;
    const row = records.opRow[firstRead]!;
    const [value, name] = [records.values.decode(code), records.keys[key]!];
    addFinding(findings, "garbage-read", () => ({
      sentence: `${title(records, row)} read ${show(value)} in key ${show(name)}, which no transaction wrote, nor can it be the initial value, as the key was also read as nil.`,
      transactions: [row],
      details: { op: eventIndex(records, row), mop: firstRead - records.opsStart[row]!, key: name, value },
    }));
  }
}

/** internal: a read that contradicts what the same transaction read or wrote before. */
function replay(records: TransactionRecords, row: number, findings: Findings): void {
  const known = new Map<number, number>();
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    if (records.opKind[op] !== READ && records.opKind[op] !== WRITE) continue;
    const expected = known.get(records.opKey[op]!);
    if (records.opKind[op] === READ && expected !== undefined && expected !== records.opValue[op]) {
      const wanted = records.values.decode(expected);
      const sentence = `${title(records, row)} read ${show(scalarOf(records, op))} in ${describeKey(records, op)}, but had read or written ${show(wanted)} before.`;
      addFinding(findings, "internal", () => finding(records, op, sentence, { expected: wanted }));
      return;
    }
    known.set(records.opKey[op]!, records.opValue[op]!);
  }
}

/** At least two committed transactions read the same version of a key and then write it. */
function findLostUpdates({ records, version, versionCount }: RegisterIndex, findings: Findings): void {
  const firstRead = new Int32Array(versionCount).fill(-1);
  const collisions = new Map<number, number[]>();
  for (let op = 0; op < records.opCount; op += 1) {
    const seen = version[op]!;
    if (records.opKind[op] !== READ || seen < 0 || !writesAfter(records, op)) continue;
    // What a transaction read from its own later write is a future-read, and no version that it could overwrite.
    if (seen < records.opCount && records.opRow[seen] === records.opRow[op]) continue;
    const reads = collisions.get(seen);
    if (firstRead[seen]! < 0) firstRead[seen] = op;
    else if (reads === undefined) collisions.set(seen, [firstRead[seen]!, op]);
    else reads.push(op);
  }
  for (const reads of collisions.values()) {
    const rows = reads.map((read) => records.opRow[read]!);
    const [first, second] = rows.map((row) => title(records, row));
    const value = scalarOf(records, reads[0]!);
    addFinding(findings, "lost-update", () => ({
      sentence: `${first} and ${second} both read ${describeKey(records, reads[0]!)} as ${show(value)} and both wrote it: one update ignored the other.`,
      transactions: rows.slice(0, 8),
      details: { key: keyName(records, reads[0]!), value, txns: rows.map((row) => eventIndex(records, row)) },
    }));
  }
}

function writesAfter(records: TransactionRecords, read: number): boolean {
  for (let op = read + 1; op < records.opsEnd[records.opRow[read]!]!; op += 1) {
    if (records.opKind[op] === WRITE && records.opKey[op] === records.opKey[read]) return true;
  }
  return false;
}
