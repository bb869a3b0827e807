/**
 * Priority queues (the least value comes out first) whose values are all different, O(n log n).
 *
 * After Lee and Mathur (OOPSLA 2025); the argument in short. A value comes out at a moment at which no smaller value is
 * in, and it never hinders a smaller one. At a moment that the certain stay of no smaller value covers, all smaller ones can be
 * out: those around it can come out before it or go in after it. So the history is linearizable exactly when, for each value,
 * the time in which its removal can take effect has a moment that no smaller value's certain stay covers. Values are
 * taken in rising order, and a union-find over the moments gives the first one that is still free; a moment that is free for
 * a larger value is free for a smaller one, so what can be out by then is. A removal that finds nothing is the removal
 * of a value above all others. Removals that never returned: pending-takes.ts.
 */
import { type Operation, show } from "../history.ts";
import { type Item, matchItems, proofOf, stay } from "./containers.ts";
import { type Attempt, type Conflict, decideContainer } from "./pending-takes.ts";
import {
  contradiction,
  nameOf,
  orderByPoint,
  type Placed,
  type Special,
  type SpecialResult,
  unsuited,
} from "./special.ts";

export const priorityQueueByValues: Special = { name: "priority-queue-by-values", check, replay };

export function isInsert(operation: Operation): boolean {
  return operation.f === "insert" || operation.f === "add";
}

function check(operations: readonly Operation[]): SpecialResult {
  if (operations.some((operation) => isInsert(operation) && typeof operation.input !== "number")) {
    return unsuited("a priority is no number");
  }
  const matched = matchItems(operations, isInsert);
  if ("result" in matched) return matched.result;
  const { items, empties, pendingTakes } = matched.container;
  const rising = items.slice().sort((left, right) => Number(left.value) - Number(right.value));
  const gaps = new Gaps(operations);
  const container = { items: rising, empties, pendingTakes };
  return decideContainer(container, (some) => arrange(some, empties, gaps));
}

/** Items in rising order. */
function arrange(rising: readonly Item[], empties: readonly Operation[], gaps: Gaps): ReturnType<Attempt> {
  gaps.clear();
  const placed: Placed[] = [];
  for (const item of rising) {
    if (item.take !== undefined) {
      const point = gaps.firstFree(item.takeCall, item.takeReturn);
      if (point === undefined) return hinderedConflict(item, item.take, rising, gaps);
      placed.push({ point, tie: 1, operations: [item.take] });
      // As late as can be: in at its return, or at the moment at which it comes out.
      placed.push({ point: Math.min(item.put.return, point), tie: 0, operations: [item.put] });
    } else placed.push({ point: item.putReturn, tie: 0, operations: [item.put] });
    gaps.cover(item.putReturn, item.takeCall);
  }
  for (const empty of empties) {
    const point = gaps.firstFree(empty.call, empty.return);
    if (point === undefined) return hinderedConflict(undefined, empty, rising, gaps);
    placed.push({ point, tie: 2, operations: [empty] });
  }
  return { order: orderByPoint(placed) };
}

/** In one of the gaps of the removal's time everything smaller has to be out; gaps are told by the event before them. */
function hinderedConflict(item: Item | undefined, take: Operation, rising: readonly Item[], gaps: Gaps): Conflict {
  const limit = item === undefined ? Number.POSITIVE_INFINITY : Number(item.value);
  const from = item === undefined ? take.call : item.takeCall;
  const items = rising.filter(
    (other) => Number(other.value) < limit && other.putReturn < take.return && other.takeCall > from,
  );
  const ends = items.map(({ putReturn }) => putReturn).filter((end) => from < end && end < take.return);
  const moments = new Set([...ends, take.return].map((end) => gaps.before(end)));
  return {
    result: hindered(item, take, rising),
    items,
    moments: [...moments].filter((moment) => moment >= from).sort((left, right) => left - right),
    isPut: (other, moment) => other.putReturn <= moment,
  };
}

/** Which moments between two neighbouring events are free of certain stays. */
class Gaps {
  readonly #times: Float64Array;
  /** Union-find: the first free gap at or after each one. */
  readonly #next: Int32Array;

  constructor(operations: readonly Operation[]) {
    const times: number[] = [];
    for (const operation of operations) {
      times.push(operation.call);
      if (operation.return !== Number.POSITIVE_INFINITY) times.push(operation.return);
    }
    times.push(Number.POSITIVE_INFINITY);
    this.#times = Float64Array.from(times).sort();
    this.#next = Int32Array.from({ length: times.length + 1 }, (_, i) => i);
  }

  /** Frees all of them. */
  clear(): void {
    for (let gap = 0; gap < this.#next.length; gap += 1) this.#next[gap] = gap;
  }

  /** The last event before a time. */
  before(time: number): number {
    return this.#times[this.#rank(time) - 1] ?? Number.NEGATIVE_INFINITY;
  }

  /** A point in a free gap between two times; undefined when all are covered. */
  firstFree(from: number, to: number): number | undefined {
    const gap = this.#find(this.#rank(from));
    return gap < this.#rank(to) ? this.#times[gap] : undefined;
  }

  cover(from: number, to: number): void {
    const end = this.#rank(to);
    for (let gap = this.#find(this.#rank(from)); gap < end; gap = this.#find(gap)) this.#next[gap] = gap + 1;
  }

  #find(gap: number): number {
    let root = gap;
    while (this.#next[root] !== root) root = this.#next[root]!;
    for (let at = gap; at !== root; ) {
      const next = this.#next[at]!;
      this.#next[at] = root;
      at = next;
    }
    return root;
  }

  #rank(time: number): number {
    let low = 0;
    let high = this.#times.length - 1;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#times[middle]! < time) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function hindered(item: Item | undefined, take: Operation, rising: readonly Item[]): SpecialResult {
  const from = item === undefined ? take.call : item.takeCall;
  const limit = item === undefined ? Number.POSITIVE_INFINITY : Number(item.value);
  const around = rising.filter(
    (other) => Number(other.value) < limit && other.putReturn < take.return && other.takeCall > from,
  );
  const what = item === undefined ? "found nothing" : `took ${show(item.value)}`;
  return contradiction(
    [
      `${nameOf(take)} ${what} between events ${from} and ${take.return}, while something smaller was always in`,
      ...around.slice(0, 6).map(stay),
    ],
    [item?.put, take, ...proofOf(...around.slice(0, 20))],
  );
}

function replay(order: readonly Operation[]): string | undefined {
  const heap = new Set<number>();
  for (const operation of order) {
    if (isInsert(operation)) heap.add(Number(operation.input));
    else if (operation.isPending) {
      if (heap.size === 0) return `operation ${operation.id} took something from an empty heap`;
      heap.delete([...heap].reduce((least, value) => Math.min(least, value)));
    } else if (operation.output === null) {
      if (heap.size > 0) return `operation ${operation.id} found nothing among ${heap.size}`;
    } else {
      for (const value of heap) {
        if (value < Number(operation.output)) return `operation ${operation.id} left the smaller ${value}`;
      }
      heap.delete(Number(operation.output));
    }
  }
  return undefined;
}
