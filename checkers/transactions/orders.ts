/**
 * Edges that come from when and where transactions ran, not from data: process order and real-time order.
 *
 * A transaction precedes, in real time, each one invoked after it completed. Linking the pairs is quadratic and even their
 * transitive reduction grows with concurrency; a chain of helper nodes, one for each run of completions, needs at
 * most three edges a transaction. An `info` or unfinished transaction has successors in neither order.
 */
import type { EdgeList } from "./edges.ts";
import type { TransactionRecords } from "./records.ts";
import { FAIL, OK, ONWARD, PROCESS, REALTIME } from "./types.ts";

/** Returns true when some transaction precedes another. */
export function addRealtimeEdges(records: TransactionRecords, edges: EdgeList): boolean {
  const { rowAt } = records;
  let barrier = -1;
  let isOpen = false; // no invocation has used the barrier yet
  let hasPair = false;
  for (let position = 0; position < rowAt.length; position += 1) {
    const row = rowAt[position]!;
    if (row < 0 || records.status[row] === FAIL) continue;
    if (records.invokedAt[row] === position) {
      if (barrier < 0) continue;
      edges.add(barrier, row, ONWARD);
      isOpen = false;
      hasPair = true;
    } else if (records.status[row] === OK) {
      if (!isOpen) {
        const next = edges.addNode();
        if (barrier >= 0) edges.add(barrier, next, ONWARD);
        barrier = next;
        isOpen = true;
      }
      edges.add(row, barrier, REALTIME);
    }
  }
  return hasPair;
}

/** Returns true when some transaction precedes another. */
export function addProcessEdges(records: TransactionRecords, edges: EdgeList): boolean {
  const latest = new Map<number, number>();
  let hasPair = false;
  for (let row = 0; row < records.count; row += 1) {
    if (records.status[row] === FAIL) continue;
    const process = records.process[row]!;
    if (process < 0) continue; // the history does not say who ran it
    const before = latest.get(process);
    if (before !== undefined) {
      edges.add(before, row, PROCESS);
      hasPair = true;
    }
    if (records.status[row] === OK) latest.set(process, row);
  }
  return hasPair;
}

/** True when `before` completed before `after` was invoked. */
export function precedesInRealtime(records: TransactionRecords, before: number, after: number): boolean {
  const completed = records.completedAt[before]!;
  return records.status[before] === OK && completed >= 0 && completed < records.invokedAt[after]!;
}
