/**
 * Weak isolation levels by saturation: read committed, read atomic, causal consistency.
 *
 * Given who reads from whom, each level demands that some writers precede others in the commit order; the level holds
 * iff session order, reads-from and these demands together have no cycle (Biswas and Enea, "On the Complexity of Checking
 * Transactional Consistency", OOPSLA 2019). When t3 reads x from t1, another writer t2 of x must come before t1 if
 *   read committed:  t3 has read from t2 before, in program order;
 *   read atomic:     t3 reads from t2 at all, or t2 is before t3 in its session;
 *   causal:          t2 is before t3 by any chain of session order and reads-from.
 * Only the last writer of a session that qualifies is linked, the others follow by session order (AWDIT, PLDI 2025). The
 * cost is linear for read atomic in the number of reads times the transactions read from, and for causal times sessions.
 */
import { BudgetSpent, type Budget } from "../budget.ts";
import { findComponents } from "./components.ts";
import { EdgeList, type Graph } from "./edges.ts";
import { type BaseViolation, type ReadsFrom, readsFrom } from "./isolation-base.ts";
import { type Hop, PathSearch } from "./path-search.ts";
import type { TransactionRecords } from "./records.ts";
import { PROCESS, WR, WW } from "./types.ts";

export type IsolationLevel = "read-committed" | "read-atomic" | "causal-consistency";
export const ISOLATION_LEVELS: readonly IsolationLevel[] = ["read-committed", "read-atomic", "causal-consistency"];

/** `before` must precede `after` in the commit order, because of this read. */
export type Demand = { readonly before: number; readonly after: number; readonly read: number };

export type IsolationResult = {
  readonly level: IsolationLevel;
  readonly holds: boolean;
  /** Reads that no level allows. */
  readonly base: readonly BaseViolation[];
  /** A shortest cycle through one of the edges that lie on cycles; empty when there is none. */
  readonly cycle: readonly Hop[];
  /** The demand behind a step of the cycle. */
  demandOf(hop: Hop): Demand | undefined;
};

/** The initial transaction is node `records.count`: it wrote every key first. */
export function checkIsolation(records: TransactionRecords, level: IsolationLevel, budget: Budget): IsolationResult {
  const reads = readsFrom(records);
  const base = reads.violations;
  const demands: Demand[] = [];
  const cyclic = causalOrder(reads) === undefined;
  if (!cyclic) {
    if (level === "read-committed") demandReadCommitted(reads, demands);
    else if (level === "read-atomic") demandReadAtomic(reads, demands);
    else demandCausal(reads, demands, budget);
  }
  const graph = commitGraph(reads, demands);
  const cycle = shortestCycle(graph);
  const demandOf = (hop: Hop): Demand | undefined =>
    hop.label === WW ? demands.find((demand) => demand.before === hop.from && demand.after === hop.to) : undefined;
  return { level, holds: base.length === 0 && cycle.length === 0, base, cycle, demandOf };
}

function commitGraph(reads: ReadsFrom, demands: readonly Demand[]): Graph {
  const initial = reads.records.count;
  const edges = new EdgeList(initial + 1);
  for (const [before, after] of reads.sessionPairs) edges.add(before, after, PROCESS);
  for (const [writer, reader] of reads.writerPairs) if (writer !== initial) edges.add(writer, reader, WR);
  for (const { before, after } of demands) {
    edges.add(before, after, WW);
    if (after === initial) edges.add(initial, before, PROCESS); // the initial transaction precedes every other
  }
  return edges.pack();
}

function shortestCycle(graph: Graph): readonly Hop[] {
  const components = findComponents(graph, 0xff);
  const search = new PathSearch(graph);
  let best: readonly Hop[] = [];
  let tries = 0;
  for (let node = 0; node < graph.nodes && tries < 64; node += 1) {
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) {
      if (components.of[node] !== components.of[graph.targets[edge]!]) continue;
      const hopsMax = best.length === 0 ? Number.POSITIVE_INFINITY : best.length - 1;
      best = search.throughEdge(node, edge, { mask: 0xff, isNonadjacent: false, hopsMax }) ?? best;
      tries += 1;
    }
  }
  return best;
}

function demandReadCommitted(reads: ReadsFrom, demands: Demand[]): void {
  const { records } = reads;
  for (let row = 0; row < records.count; row += 1) {
    const seen: number[] = []; // transactions read from, in order of the first read
    for (const { op, writer } of reads.of(row)) {
      for (const other of seen) demandBefore(reads, other, { op, writer }, demands);
      if (!seen.includes(writer)) seen.push(writer);
    }
  }
}

/** If `other` wrote the key that this read took from `writer`, it must come first. */
function demandBefore(
  reads: ReadsFrom,
  other: number,
  { op, writer }: { readonly op: number; readonly writer: number },
  demands: Demand[],
): void {
  if (other === writer || other === reads.records.count) return; // the initial transaction comes first anyway
  if (reads.writes(other, reads.records.opKey[op]!)) demands.push({ before: other, after: writer, read: op });
}

function demandReadAtomic(reads: ReadsFrom, demands: Demand[]): void {
  const { records } = reads;
  for (const session of reads.sessions) {
    const latest = new Map<number, number>(); // key -> last transaction of the session that wrote it
    for (const row of session) {
      const list = reads.of(row);
      const sources = new Set(list.map(({ writer }) => writer));
      for (const read of list) {
        const own = latest.get(records.opKey[read.op]!);
        if (own !== undefined) demandBefore(reads, own, read, demands);
        for (const other of sources) demandBefore(reads, other, read, demands);
      }
      for (const key of reads.keysWritten(row)) latest.set(key, row);
    }
  }
}

function demandCausal(reads: ReadsFrom, demands: Demand[], budget: Budget): void {
  const { records, sessions } = reads;
  const bytes = records.count * sessions.length * 4;
  if (bytes > budget.bytesMax) {
    throw new BudgetSpent(`vector clocks need ${bytes} bytes, ${budget.bytesMax} are allowed`);
  }
  const order = causalOrder(reads)!; // the caller has made sure that there is one
  const width = sessions.length;
  const clocks = new Int32Array(records.count * width); // how many transactions of each session come before
  const writersOf = writersByKey(reads);
  for (const row of order) {
    for (const before of reads.predecessors(row)) {
      const session = reads.sessionOf[before]!;
      for (let i = 0; i < width; i += 1) {
        const known = clocks[before * width + i]!;
        if (known > clocks[row * width + i]!) clocks[row * width + i] = known;
      }
      const place = reads.placeOf[before]! + 1;
      if (place > clocks[row * width + session]!) clocks[row * width + session] = place;
    }
    for (const read of reads.of(row)) {
      for (const [session, writers] of writersOf.get(records.opKey[read.op]!) ?? []) {
        const other = lastBelow(writers, reads.placeOf, clocks[row * width + session]!);
        if (other >= 0) demandBefore(reads, other, read, demands);
      }
    }
  }
}

/** For each key and session: the transactions that wrote the key, in session order. */
function writersByKey(reads: ReadsFrom): Map<number, Map<number, number[]>> {
  const byKey = new Map<number, Map<number, number[]>>();
  for (const [session, rows] of reads.sessions.entries()) {
    for (const row of rows) {
      for (const key of reads.keysWritten(row)) {
        const sessions = byKey.get(key) ?? new Map<number, number[]>();
        sessions.set(session, [...(sessions.get(session) ?? []), row]);
        byKey.set(key, sessions);
      }
    }
  }
  return byKey;
}

/** The last of `rows` whose place in the session is below `place`, -1 when there is none. */
function lastBelow(rows: readonly number[], placeOf: Int32Array, place: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (placeOf[rows[middle]!]! < place) low = middle + 1;
    else high = middle;
  }
  return low === 0 ? -1 : rows[low - 1]!;
}

/** Transactions in an order that respects sessions and reads-from; undefined when these have a cycle. */
function causalOrder(reads: ReadsFrom): readonly number[] | undefined {
  const { count } = reads.records;
  const waiting = new Int32Array(count);
  const edges = new EdgeList(count);
  for (const [before, after] of [...reads.sessionPairs, ...reads.writerPairs]) {
    if (before === count) continue;
    edges.add(before, after, WR);
    waiting[after]! += 1;
  }
  const graph = edges.pack();
  const order: number[] = [];
  for (let row = 0; row < count; row += 1) if (waiting[row] === 0) order.push(row);
  for (let i = 0; i < order.length; i += 1) {
    for (let edge = graph.starts[order[i]!]!; edge < graph.starts[order[i]! + 1]!; edge += 1) {
      const target = graph.targets[edge]!;
      waiting[target]! -= 1;
      if (waiting[target] === 0) order.push(target);
    }
  }
  return order.length === count ? order : undefined;
}
