/**
 * Queues whose values are all different, O(n log n).
 *
 * After Lee and Mathur, "Efficient decrease-and-conquer linearizability monitoring" (OOPSLA 2025), and the bad patterns of
 * Bouajjani, Emmi, Enea and Hamza (ICALP 2015); the argument in short. First in, first out means that one order of the
 * values serves insertions and removals both. Value a must precede b when a's insertion returned before b's was called, or
 * likewise for their removals. Both are interval orders, so if there is a cycle, two values contradict each other; if there is
 * none, we repeatedly take a value that nothing precedes and delete it. A value that never came out is removed at infinity.
 *
 * A removal that finds nothing needs a moment with an empty queue. The queue can be empty at every moment that no value's certain
 * stay covers: the values around such a moment can all be dealt with before it or after it. So it is contradictory
 * exactly when it lies within a span of certain stays, and else it cuts the history in two. Removals that never returned:
 * pending-takes.ts.
 */
import type { Operation } from "../history.ts";
import { keyOfValue } from "../values.ts";
import { emptyConflict, isIn, type Item, matchItems, mergeStays, proofOf, spanAround, stay } from "./containers.ts";
import { type Attempt, type Conflict, decideContainer } from "./pending-takes.ts";
import { contradiction, orderByPoint, type Placed, type Special, type SpecialResult } from "./special.ts";
import { show } from "../history.ts";

export function isEnqueue(operation: Operation): boolean {
  return operation.f === "enq" || operation.f === "enqueue";
}

export const queueByValues: Special = { name: "queue-by-values", check, replay };

function check(operations: readonly Operation[]): SpecialResult {
  const matched = matchItems(operations, isEnqueue);
  if ("result" in matched) return matched.result;
  const { container } = matched;
  return decideContainer(container, (items) => {
    const pair = findInversion(items);
    return pair === undefined ? arrange(items, container.empties) : inversionConflict(pair[0], pair[1]);
  });
}

/** The first value has to be out when the second one is. */
function inversionConflict(first: Item, second: Item): Conflict {
  return { result: inversion(first, second), items: [first], moments: [second.takeReturn], isPut: isIn };
}

/** Two values that went in one after the other and came out the other way round, if there are any. */
export function findInversion(items: readonly Item[]): readonly [Item, Item] | undefined {
  const byReturn = items.slice().sort((left, right) => left.putReturn - right.putReturn);
  const byCall = items.slice().sort((left, right) => left.putCall - right.putCall);
  let next = 0;
  let latest: Item | undefined;
  for (const item of byCall) {
    while (next < byReturn.length && byReturn[next]!.putReturn < item.putCall) {
      const before = byReturn[next]!;
      if (latest === undefined || before.takeCall > latest.takeCall) latest = before;
      next += 1;
    }
    if (latest !== undefined && item.takeReturn < latest.takeCall) return [latest, item];
  }
  return undefined;
}

export function inversion(first: Item, second: Item): SpecialResult {
  const [a, b] = [show(first.value), show(second.value)];
  const came = first.take === undefined ? `${a} never did` : `${a} was only asked for at event ${first.takeCall}`;
  return contradiction(
    [
      `${a} went in before ${b}, but ${b} came out before ${a}`,
      `${a} was in at event ${first.putReturn}, ${b} was put in from event ${second.putCall} on`,
      `${b} was out at event ${second.takeReturn}, ${came}`,
      stay(first),
    ],
    proofOf(first, second),
  );
}

/** Finds the moment of each empty removal; between them, values in an order that nothing forbids. */
function arrange(items: readonly Item[], empties: readonly Operation[]): ReturnType<Attempt> {
  const spans = mergeStays(items);
  const cuts: number[] = [];
  const placed: Placed[] = [];
  for (const empty of empties) {
    const span = spanAround(spans, empty.call);
    const isCovered = span !== undefined && empty.call < span.end;
    if (isCovered && empty.return < span.end) return emptyConflict(empty, span);
    const point = isCovered ? span.end : empty.call;
    cuts.push(point);
    placed.push({ point, tie: EMPTY_TIE, operations: [empty] });
  }
  cuts.sort((left, right) => left - right);
  placeValues(sortValues(items, cuts), placed);
  return { order: orderByPoint(placed) };
}

/** At one moment: what belongs before an empty removal, the removal, what belongs after it. */
const EMPTY_TIE = 0;
const BEFORE_TIE = -3;
const AFTER_TIE = 1;

type Segment = { readonly from: number; readonly items: Item[] };

/** The items between two cuts: those certainly begun before a cut belong before it, all others can wait. */
function sortValues(items: readonly Item[], cuts: readonly number[]): Segment[] {
  const distinct = cuts.filter((cut, i) => i === 0 || cuts[i - 1] !== cut);
  const segments: Segment[] = [{ from: Number.NEGATIVE_INFINITY, items: [] }];
  for (const cut of distinct) segments.push({ from: cut, items: [] });
  for (const item of items) {
    let low = 0;
    let high = distinct.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (distinct[middle]! > item.putReturn) high = middle;
      else low = middle + 1;
    }
    segments[low]!.items.push(item);
  }
  return segments;
}

function placeValues(segments: readonly Segment[], placed: Placed[]): void {
  for (const [number, segment] of segments.entries()) {
    const until = segments[number + 1]?.from ?? Number.POSITIVE_INFINITY;
    let putPoint = segment.from;
    let takePoint = segment.from;
    let isTaking = true;
    for (const item of topologicalOrder(segment.items)) {
      putPoint = Math.max(putPoint, item.putCall);
      placed.push({ point: putPoint, tie: tieOf(putPoint, until, 0), operations: [item.put] });
      // Behind a value that stays nothing comes out; what remains are pending removals, which need not have happened.
      if (item.take === undefined) isTaking = false;
      if (item.take === undefined || !isTaking) continue;
      takePoint = Math.max(takePoint, item.takeCall, putPoint);
      placed.push({ point: takePoint, tie: tieOf(takePoint, until, 1), operations: [item.take] });
    }
  }
}

function tieOf(point: number, until: number, isTake: 0 | 1): number {
  return (point === until ? BEFORE_TIE : AFTER_TIE) + isTake;
}

/** Repeatedly a value that no other must precede. There always is one, once inversions are excluded. */
export function topologicalOrder(items: readonly Item[]): Item[] {
  const count = items.length;
  const indexes = items.map((_, i) => i);
  const by = (key: (item: Item) => number): number[] =>
    indexes.slice().sort((left, right) => key(items[left]!) - key(items[right]!) || left - right);
  const putCalls = by((item) => item.putCall);
  const putReturns = by((item) => item.putReturn);
  const takeCalls = by((item) => item.takeCall);
  const takeReturns = by((item) => item.takeReturn);
  const freedom = new Uint8Array(count);
  const isDone = new Uint8Array(count);
  const order: Item[] = [];
  const ready: number[] = [];
  const at = { putCall: 0, putReturn: 0, takeCall: 0, takeReturn: 0 };
  const free = (index: number): void => {
    freedom[index]! += 1;
    if (freedom[index] === 2) ready.push(index);
  };
  while (order.length < count) {
    while (isDone[putReturns[at.putReturn]!] === 1) at.putReturn += 1;
    while (isDone[takeReturns[at.takeReturn]!] === 1) at.takeReturn += 1;
    const putLimit = items[putReturns[at.putReturn]!]!.putReturn;
    const takeLimit = items[takeReturns[at.takeReturn]!]!.takeReturn;
    for (; at.putCall < count && items[putCalls[at.putCall]!]!.putCall <= putLimit; at.putCall += 1) {
      free(putCalls[at.putCall]!);
    }
    for (; at.takeCall < count && items[takeCalls[at.takeCall]!]!.takeCall <= takeLimit; at.takeCall += 1) {
      free(takeCalls[at.takeCall]!);
    }
    const index = ready.pop();
    if (index === undefined) throw new Error("a queue without inversions has a value that nothing precedes");
    isDone[index] = 1;
    order.push(items[index]!);
  }
  return order;
}

function replay(order: readonly Operation[]): string | undefined {
  const queue: (string | number)[] = [];
  let head = 0;
  for (const operation of order) {
    if (isEnqueue(operation)) {
      queue.push(keyOfValue(operation.input));
    } else if (operation.isPending) {
      if (head === queue.length) return `operation ${operation.id} took something from an empty queue`;
      head += 1;
    } else if (operation.output === null) {
      if (head < queue.length) return `operation ${operation.id} found nothing in a queue of ${queue.length - head}`;
    } else {
      if (queue[head] !== keyOfValue(operation.output))
        return `operation ${operation.id} did not take the oldest value`;
      head += 1;
    }
  }
  return undefined;
}
