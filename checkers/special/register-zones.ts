/**
 * Registers whose written values are all different: zones, O(n log n).
 *
 * Gibbons and Korach, "Testing shared memories" (SIAM J. Comput. 26(4), 1997), in the form of Golab, Li and Shah,
 * "Analyzing consistency properties for fun and profit" (PODC 2011). The operations on one value form a cluster. From
 * its first return to its last call (a forward zone) the register must hold that value; if its last call comes before its
 * first return (a backward zone), all its operations fit into one moment of that time. A history is linearizable exactly when
 * each read has its write, no read returned before its write was called, no two forward zones overlap, and no
 * backward zone lies within a forward one. The initial value is a write before everything.
 *
 * Pending writes that nobody read are dropped; one that was read has no return. Unsuited: compare-and-set, a value written
 * twice, the initial value written again.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import { isRead, isWrite, writtenBy } from "../models/register.ts";
import { isSameValue, keyOfValue } from "../values.ts";
import {
  contradiction,
  nameOf,
  orderByPoint,
  type Placed,
  type Special,
  type SpecialResult,
  unsuited,
} from "./special.ts";

type Cluster = {
  readonly value: PlainJson;
  /** Absent for the initial value. */
  readonly write: Operation | undefined;
  readonly reads: Operation[];
  /** The first return, and whose it is; the initial write returned before everything. */
  first: number;
  firstOperation: Operation | undefined;
  /** The last call. */
  last: number;
  lastOperation: Operation | undefined;
};

export function registerZones(init: PlainJson): Special {
  return { name: "zones", check: (operations) => checkZones(operations, init), replay: (order) => replay(order, init) };
}

function checkZones(operations: readonly Operation[], init: PlainJson): SpecialResult {
  const clusters = new Map<string | number, Cluster>();
  clusters.set(keyOfValue(init), makeCluster(init, undefined));
  for (const operation of operations) {
    if (isRead(operation)) continue;
    if (!isWrite(operation)) return unsuited(`${operation.f} is no plain write`);
    const value = writtenBy(operation);
    const key = keyOfValue(value);
    if (clusters.has(key)) return unsuited(`the value ${show(value)} is written twice, or is the initial one`);
    clusters.set(key, makeCluster(value, operation));
  }
  for (const operation of operations) {
    if (!isRead(operation) || operation.isPending) continue;
    const cluster = clusters.get(keyOfValue(operation.output));
    if (cluster === undefined) return unwritten(operation);
    if (cluster.write !== undefined && operation.return < cluster.write.call) return tooEarly(operation, cluster.write);
    addRead(cluster, operation);
  }
  // A pending write that nobody read may just as well not have happened.
  const live = [...clusters.values()].filter(
    (cluster) => cluster.write?.isPending !== true || cluster.reads.length > 0,
  );
  return arrange(live);
}

function makeCluster(value: PlainJson, write: Operation | undefined): Cluster {
  return {
    value,
    write,
    reads: [],
    first: write === undefined ? -1 : write.return,
    firstOperation: write,
    last: write === undefined ? -1 : write.call,
    lastOperation: write,
  };
}

function addRead(cluster: Cluster, read: Operation): void {
  cluster.reads.push(read);
  if (read.return < cluster.first) {
    cluster.first = read.return;
    cluster.firstOperation = read;
  }
  if (read.call > cluster.last) {
    cluster.last = read.call;
    cluster.lastOperation = read;
  }
}

/** Forward zones in order of time, then each backward zone at a moment outside of them. */
function arrange(clusters: readonly Cluster[]): SpecialResult {
  const forward = clusters.filter((cluster) => cluster.first < cluster.last);
  forward.sort((left, right) => left.first - right.first);
  for (let i = 1; i < forward.length; i += 1) {
    if (forward[i]!.first < forward[i - 1]!.last) return overlap(forward[i - 1]!, forward[i]!);
  }
  const placed: Placed[] = forward.map((cluster) => place(cluster, cluster.first));
  for (const cluster of clusters) {
    if (cluster.first < cluster.last) continue;
    const around = lastStartingBefore(forward, cluster.last);
    if (around === undefined || around.last < cluster.last) placed.push(place(cluster, cluster.last));
    else if (around.last < cluster.first) placed.push(place(cluster, around.last));
    else return enclosed(cluster, around);
  }
  return { kind: "valid", order: orderByPoint(placed) };
}

/** Within a cluster the write goes first, the reads by their calls. At the end of a forward zone that zone goes first. */
function place(cluster: Cluster, point: number): Placed {
  const reads = cluster.reads.sort((left, right) => left.call - right.call);
  const operations = cluster.write === undefined ? reads : [cluster.write, ...reads];
  return { point, tie: cluster.first < cluster.last ? 0 : 1, operations };
}

function lastStartingBefore(forward: readonly Cluster[], time: number): Cluster | undefined {
  let low = 0;
  let high = forward.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (forward[middle]!.first < time) low = middle + 1;
    else high = middle;
  }
  return forward[low - 1];
}

function unwritten(read: Operation): SpecialResult {
  return contradiction([`${nameOf(read)} read ${show(read.output)}, which nobody wrote`], [read]);
}

function tooEarly(read: Operation, write: Operation): SpecialResult {
  const value = show(read.output);
  return contradiction(
    [
      `${nameOf(read)} read ${value} and returned at event ${read.return}`,
      `the only write of ${value} (${nameOf(write)}) was called later, at event ${write.call}`,
    ],
    [read, write],
  );
}

function overlap(left: Cluster, right: Cluster): SpecialResult {
  return contradiction(
    [`the register would have to hold two values at event ${right.first}`, hold(left), hold(right)],
    [left.write, left.firstOperation, left.lastOperation, right.write, right.firstOperation, right.lastOperation],
  );
}

function enclosed(inner: Cluster, outer: Cluster): SpecialResult {
  const from = `from event ${inner.last} to ${inner.first}`;
  return contradiction(
    [
      `the value ${show(inner.value)} was written and read only while the register held ${show(outer.value)}`,
      hold(outer),
      `every moment that all operations on ${show(inner.value)} share lies ${from}`,
    ],
    [inner.write, inner.firstOperation, inner.lastOperation, outer.write, outer.firstOperation, outer.lastOperation],
  );
}

function hold(cluster: Cluster): string {
  const { firstOperation, lastOperation } = cluster;
  const since =
    firstOperation === undefined ? "the beginning" : `event ${cluster.first} (${nameOf(firstOperation)} returned)`;
  const until = lastOperation === undefined ? "" : ` (${nameOf(lastOperation)} was called)`;
  return `it held ${show(cluster.value)} from ${since} to event ${cluster.last}${until}`;
}

function replay(order: readonly Operation[], init: PlainJson): string | undefined {
  let state = init;
  for (const operation of order) {
    if (isWrite(operation)) state = writtenBy(operation);
    else if (!isSameValue(state, operation.output)) return `operation ${operation.id} read ${show(operation.output)}`;
  }
  return undefined;
}
