/**
 * Orders between the versions of a register, as far as they can be inferred.
 *
 * Reads of a register show one value each, so the order of versions comes from promises that the user makes: that
 * registers begin as nil; that within a transaction a write follows what the transaction read (wfr-keys); that each key is
 * sequentially consistent (sequential-keys) or linearizable (linearizable-keys); or from an order of the transactions
 * that the database itself gave (transaction-order). A source whose orders contradict those before it is reported as
 * cyclic-versions and not used.
 */
import { type PlainJson, show } from "../history.ts";
import { cyclicComponents, findComponents } from "./components.ts";
import { EdgeList, type Graph } from "./edges.ts";
import { eventIndex, READ, WRITE } from "./records.ts";
import { codeOf, keyOfVersion, type RegisterIndex } from "./register-index.ts";
import { addFinding, FAIL, type Findings, OK, WW } from "./types.ts";

export type VersionOptions = {
  readonly wfrKeys: boolean;
  readonly sequentialKeys: boolean;
  readonly linearizableKeys: boolean;
  /** Event index of a transaction -> its place in the order of the database. */
  readonly transactionOrder: ReadonlyMap<number, number>;
};

type Pairs = number[]; // from, to, from, to, ...

/** The version graph: an edge means "before". */
export function orderVersions(index: RegisterIndex, options: VersionOptions, findings: Findings): Graph {
  const sources: [string, () => Pairs][] = [["initial-state", () => initialPairs(index)]];
  if (options.transactionOrder.size > 0) {
    sources.push(["transaction-order", () => orderedPairs(index, options.transactionOrder)]);
  }
  if (options.wfrKeys) sources.push(["wfr-keys", () => wfrPairs(index)]);
  if (options.sequentialKeys) sources.push(["sequential-keys", () => sequentialPairs(index)]);
  if (options.linearizableKeys) sources.push(["linearizable-keys", () => linearizablePairs(index)]);
  const accepted: Pairs[] = [];
  const names: string[] = [];
  let graph = packPairs(index, accepted);
  for (const [name, infer] of sources) {
    const candidate = [...accepted, infer()];
    const merged = packPairs(index, candidate);
    // The initial state precedes everything: that source alone cannot contradict itself.
    const cycles = name === "initial-state" ? [] : cyclicComponents(merged, findComponents(merged, 0xff));
    for (const cycle of cycles) addCyclicVersions(index, cycle, [...names, name], findings);
    if (cycles.length > 0) continue;
    accepted.push(candidate[candidate.length - 1]!);
    names.push(name);
    graph = merged;
  }
  return graph;
}

function packPairs(index: RegisterIndex, sources: readonly Pairs[]): Graph {
  const edges = new EdgeList(index.versionCount);
  for (const pairs of sources) {
    for (let i = 0; i < pairs.length; i += 2) {
      if (pairs[i] !== pairs[i + 1]) edges.add(pairs[i]!, pairs[i + 1]!, WW);
    }
  }
  return edges.pack();
}

function addCyclicVersions(
  index: RegisterIndex,
  cycle: Int32Array,
  sources: readonly string[],
  findings: Findings,
): void {
  const { records } = index;
  const key = records.keys[keyOfVersion(index, cycle[0]!)]!;
  const versions = [...cycle].map((version) => records.values.decode(codeOf(index, version)));
  const rows = [...cycle].filter((version) => version < records.opCount).map((version) => records.opRow[version]!);
  addFinding(findings, "cyclic-versions", () => ({
    sentence: `the values ${show(versions)} of key ${show(key)} precede each other in a circle, by ${sources.join(" and ")}.`,
    transactions: [...new Set(rows)].slice(0, 8),
    details: { key, scc: versions as PlainJson, sources },
  }));
}

function initialPairs({ records, version }: RegisterIndex): Pairs {
  const pairs: Pairs = [];
  for (let op = 0; op < records.opCount; op += 1) {
    if (version[op]! >= 0) pairs.push(records.opCount + records.opKey[op]!, version[op]!);
  }
  return pairs;
}

/** Consecutive external writes of a key, transactions taken in the given order. */
function orderedPairs({ records, version }: RegisterIndex, order: ReadonlyMap<number, number>): Pairs {
  const rows: number[] = [];
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] !== FAIL && order.has(eventIndex(records, row))) rows.push(row);
  }
  const placeOf = (row: number): number => order.get(eventIndex(records, row))!;
  rows.sort((left, right) => placeOf(left) - placeOf(right) || left - right);
  const latest = new Map<number, number>();
  const pairs: Pairs = [];
  for (const row of rows) {
    for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
      if (records.opKind[op] !== WRITE || version[op]! < 0) continue;
      const before = latest.get(records.opKey[op]!);
      if (before !== undefined) pairs.push(before, version[op]!);
      latest.set(records.opKey[op]!, version[op]!);
    }
  }
  return pairs;
}

/** Within a transaction: what it read of a key, then what it wrote to it. */
function wfrPairs({ records, version }: RegisterIndex): Pairs {
  const pairs: Pairs = [];
  const readOf = new Int32Array(records.keys.length).fill(-1); // external read of the key, by micro-operation
  for (let op = 0; op < records.opCount; op += 1) {
    if (version[op]! < 0) continue;
    const key = records.opKey[op]!;
    if (records.opKind[op] === READ) readOf[key] = op;
    else if (readOf[key]! >= 0 && records.opRow[readOf[key]!] === records.opRow[op]) {
      const seen = version[readOf[key]!]!;
      if (seen !== records.opCount + key) pairs.push(seen, version[op]!); // the initial state has its own source
    }
  }
  return pairs;
}

/** First and last external version of each key that the transaction touched. */
function externalVersions(
  { records, version }: RegisterIndex,
  row: number,
): Map<number, { first: number; last: number }> {
  const touched = new Map<number, { first: number; last: number }>();
  for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
    if (version[op]! < 0) continue;
    const known = touched.get(records.opKey[op]!);
    if (known === undefined) touched.set(records.opKey[op]!, { first: version[op]!, last: version[op]! });
    else if (records.opKind[op] === WRITE) known.last = version[op]!;
  }
  return touched;
}

/** Each process sees the versions of a key in their order. */
function sequentialPairs(index: RegisterIndex): Pairs {
  const { records } = index;
  const pairs: Pairs = [];
  const latest = new Map<number, Map<number, number>>();
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === FAIL || records.process[row]! < 0) continue; // below 0: nobody knows whose
    let versions = latest.get(records.process[row]!);
    if (versions === undefined) {
      versions = new Map();
      latest.set(records.process[row]!, versions);
    }
    for (const [key, { first, last }] of externalVersions(index, row)) {
      const before = versions.get(key);
      if (before !== undefined) pairs.push(before, first);
      if (records.status[row] === OK) versions.set(key, last);
    }
  }
  return pairs;
}

/**
 * A version seen by a transaction precedes those of transactions invoked after it completed. For each key a buffer holds
 * the completed transactions that no later completed one has followed: the transitive reduction, in one pass.
 */
function linearizablePairs(index: RegisterIndex): Pairs {
  const { records } = index;
  const pairs: Pairs = [];
  const buffers = new Map<number, { completedAt: number; last: number }[]>();
  for (let position = 0; position < records.rowAt.length; position += 1) {
    const row = records.rowAt[position]!;
    if (row < 0 || records.status[row] === FAIL) continue;
    const isInvocation = records.invokedAt[row] === position;
    if (!isInvocation && records.status[row] !== OK) continue;
    for (const [key, { first, last }] of externalVersions(index, row)) {
      const buffer = buffers.get(key) ?? [];
      if (isInvocation) {
        for (const entry of buffer) pairs.push(entry.last, first);
        continue;
      }
      const invoked = records.invokedAt[row]!;
      const kept = buffer.filter((entry) => invoked < 0 || entry.completedAt > invoked);
      kept.push({ completedAt: position, last });
      buffers.set(key, kept);
    }
  }
  return pairs;
}
