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

/** The version graph: an edge means "before". */
export function orderVersions(index: RegisterIndex, options: VersionOptions, findings: Findings): Graph {
  const external = new Lazy(() => externalVersions(index));
  const sources: [string, (pairs: Pairs) => void][] = [["initial-state", (pairs) => addInitial(index, pairs)]];
  if (options.transactionOrder.size > 0) {
    sources.push(["transaction-order", (pairs) => addOrdered(index, options.transactionOrder, pairs)]);
  }
  if (options.wfrKeys) sources.push(["wfr-keys", (pairs) => addWfr(index, pairs)]);
  if (options.sequentialKeys) sources.push(["sequential-keys", (pairs) => addSequential(index, external.value, pairs)]);
  if (options.linearizableKeys) {
    sources.push(["linearizable-keys", (pairs) => addLinearizable(index, external.value, pairs)]);
  }
  let accepted = new Pairs(index.versionCount);
  const names: string[] = [];
  let graph = accepted.edges.pack();
  for (const [name, infer] of sources) {
    const candidate = new Pairs(index.versionCount);
    candidate.edges.addEdgesOf(accepted.edges);
    infer(candidate);
    const merged = candidate.edges.pack();
    // The initial state precedes everything: that source alone cannot contradict itself.
    const cycles = name === "initial-state" ? [] : cyclicComponents(merged, findComponents(merged, 0xff));
    for (const cycle of cycles) addCyclicVersions(index, cycle, [...names, name], findings);
    if (cycles.length > 0) continue;
    accepted = candidate;
    names.push(name);
    graph = merged;
  }
  return graph;
}

/** Pairs of versions, of which the first precedes the second. */
class Pairs {
  readonly edges: EdgeList;

  constructor(versions: number) {
    this.edges = new EdgeList(versions);
  }

  push(before: number, after: number): void {
    if (before !== after) this.edges.add(before, after, WW);
  }
}

/** Computed when it is first asked for, and then kept. */
class Lazy<T> {
  readonly #make: () => T;
  #made: { readonly value: T } | undefined;

  constructor(make: () => T) {
    this.#make = make;
  }

  get value(): T {
    this.#made ??= { value: this.#make() };
    return this.#made.value;
  }
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

function addInitial({ records, version, versionCount }: RegisterIndex, pairs: Pairs): void {
  const isAdded = new Uint8Array(versionCount);
  for (let op = 0; op < records.opCount; op += 1) {
    const after = version[op]!;
    if (after < 0 || isAdded[after] === 1) continue;
    isAdded[after] = 1;
    pairs.push(records.opCount + records.opKey[op]!, after);
  }
}

/** Consecutive external writes of a key, transactions taken in the given order. */
function addOrdered({ records, version }: RegisterIndex, order: ReadonlyMap<number, number>, pairs: Pairs): void {
  const rows: number[] = [];
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] !== FAIL && order.has(eventIndex(records, row))) rows.push(row);
  }
  const placeOf = (row: number): number => order.get(eventIndex(records, row))!;
  rows.sort((left, right) => placeOf(left) - placeOf(right) || left - right);
  const latest = new Map<number, number>();
  for (const row of rows) {
    for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
      if (records.opKind[op] !== WRITE || version[op]! < 0) continue;
      const before = latest.get(records.opKey[op]!);
      if (before !== undefined) pairs.push(before, version[op]!);
      latest.set(records.opKey[op]!, version[op]!);
    }
  }
}

/** Within a transaction: what it read of a key, then what it wrote to it. */
function addWfr({ records, version }: RegisterIndex, pairs: Pairs): void {
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
}

/** First and last external version of each key that a transaction touched: entries start[row] to start[row + 1] - 1. */
type ExternalVersions = {
  readonly start: Int32Array;
  readonly key: Int32Array;
  readonly first: Int32Array;
  readonly last: Int32Array;
};

function externalVersions({ records, version }: RegisterIndex): ExternalVersions {
  const start = new Int32Array(records.count + 1);
  const key = new Int32Array(records.opCount);
  const first = new Int32Array(records.opCount);
  const last = new Int32Array(records.opCount);
  const entryOf = new Int32Array(records.keys.length).fill(-1);
  let count = 0;
  for (let row = 0; row < records.count; row += 1) {
    start[row] = count;
    for (let op = records.opsStart[row]!; op < records.opsEnd[row]!; op += 1) {
      if (version[op]! < 0) continue;
      const known = entryOf[records.opKey[op]!]!;
      if (known >= start[row]!) {
        if (records.opKind[op] === WRITE) last[known] = version[op]!;
        continue;
      }
      entryOf[records.opKey[op]!] = count;
      key[count] = records.opKey[op]!;
      first[count] = version[op]!;
      last[count] = version[op]!;
      count += 1;
    }
  }
  start[records.count] = count;
  return { start, key, first, last };
}

/** Each process sees the versions of a key in their order. */
function addSequential({ records }: RegisterIndex, external: ExternalVersions, pairs: Pairs): void {
  const latest = new Map<number, Map<number, number>>();
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === FAIL || records.process[row]! < 0) continue; // below 0: nobody knows whose
    let versions = latest.get(records.process[row]!);
    if (versions === undefined) {
      versions = new Map();
      latest.set(records.process[row]!, versions);
    }
    for (let entry = external.start[row]!; entry < external.start[row + 1]!; entry += 1) {
      const before = versions.get(external.key[entry]!);
      if (before !== undefined) pairs.push(before, external.first[entry]!);
      if (records.status[row] === OK) versions.set(external.key[entry]!, external.last[entry]!);
    }
  }
}

/**
 * A version seen by a transaction precedes those of transactions invoked after it completed. For each key a buffer holds
 * the completed transactions that no later completed one has followed: the transitive reduction, in one pass.
 */
function addLinearizable({ records }: RegisterIndex, external: ExternalVersions, pairs: Pairs): void {
  const buffers: number[][] = records.keys.map(() => []); // position of a completion, last version, and so on
  for (let position = 0; position < records.rowAt.length; position += 1) {
    const row = records.rowAt[position]!;
    if (row < 0 || records.status[row] === FAIL) continue;
    const isInvocation = records.invokedAt[row] === position;
    if (!isInvocation && records.status[row] !== OK) continue;
    const invoked = records.invokedAt[row]!;
    for (let entry = external.start[row]!; entry < external.start[row + 1]!; entry += 1) {
      const buffer = buffers[external.key[entry]!]!;
      if (isInvocation) {
        for (let i = 1; i < buffer.length; i += 2) pairs.push(buffer[i]!, external.first[entry]!);
        continue;
      }
      let kept = 0;
      for (let i = 0; i < buffer.length; i += 2) {
        if (invoked >= 0 && buffer[i]! < invoked) continue;
        buffer[kept] = buffer[i]!;
        buffer[kept + 1] = buffer[i + 1]!;
        kept += 2;
      }
      buffer.length = kept;
      buffer.push(position, external.last[entry]!);
    }
  }
}
