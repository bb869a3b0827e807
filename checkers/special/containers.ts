/**
 * Queues, stacks and priority queues: what went in, matched with what came out.
 *
 * The algorithms for containers need values that are all different, so that each removal names its insertion. What is
 * contradictory already by that is found here: a value that came out but never went in, came out twice, or came out before it
 * went in. A pending insertion whose value never came out is dropped: it may not have happened, and it helps nobody.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import { keyOfValue } from "../values.ts";
import type { Conflict } from "./pending-takes.ts";
import { contradiction, nameOf, type SpecialResult, unsuited } from "./special.ts";

/** One value with its insertion and its removal. */
export type Item = {
  readonly value: PlainJson;
  readonly put: Operation;
  /** Undefined when it never came out. */
  readonly take: Operation | undefined;
  readonly putCall: number;
  /** By then it is certainly in, or has been: the earlier return of the two. */
  readonly putReturn: number;
  /** From then on it may be out: the later call of the two; Infinity when it never came out. */
  readonly takeCall: number;
  readonly takeReturn: number;
};

export type Container = {
  readonly items: readonly Item[];
  /** Completed removals that found nothing. */
  readonly empties: readonly Operation[];
  /** Removals without an answer: each may have taken one of the values that stayed. */
  readonly pendingTakes: readonly Operation[];
};

export type Names = { readonly put: string; readonly take: string };

/** The container of a history, or the result that is clear without looking at order. */
export function matchItems(
  operations: readonly Operation[],
  isPut: (operation: Operation) => boolean,
): { readonly container: Container } | { readonly result: SpecialResult } {
  const puts = new Map<string | number, Operation>();
  const takes = new Map<string | number, Operation>();
  const empties: Operation[] = [];
  const pendingTakes: Operation[] = [];
  for (const operation of operations) {
    if (isPut(operation)) {
      if (operation.input === null) return { result: unsuited("null is inserted, which means empty elsewhere") };
      const key = keyOfValue(operation.input);
      if (puts.has(key)) return { result: unsuited(`the value ${show(operation.input)} is inserted twice`) };
      puts.set(key, operation);
    } else if (operation.isPending) pendingTakes.push(operation);
    else if (operation.output === null) empties.push(operation);
    else {
      const key = keyOfValue(operation.output);
      const other = takes.get(key);
      if (other !== undefined) return { result: takenTwice(other, operation) };
      takes.set(key, operation);
    }
  }
  for (const [key, take] of takes) {
    const put = puts.get(key);
    if (put === undefined) return { result: neverPut(take) };
    if (take.return < put.call) return { result: takenBefore(put, take) };
  }
  const items: Item[] = [];
  for (const [key, put] of puts) {
    const take = takes.get(key);
    if (take !== undefined || !put.isPending) items.push(makeItem(put, take));
  }
  return { container: { items, empties, pendingTakes } };
}

function makeItem(put: Operation, take: Operation | undefined): Item {
  return {
    value: put.input,
    put,
    take,
    putCall: put.call,
    putReturn: take === undefined ? put.return : Math.min(put.return, take.return),
    takeCall: take === undefined ? Number.POSITIVE_INFINITY : Math.max(take.call, put.call),
    takeReturn: take === undefined ? Number.POSITIVE_INFINITY : take.return,
  };
}

/** A violation, unless a pending removal could explain it. */
export function unlessUncertain({ items, pendingTakes }: Container, result: SpecialResult): SpecialResult {
  const isUncertain = pendingTakes.length > 0 && items.some((item) => item.take === undefined);
  return isUncertain ? unsuited("a removal without an answer may have taken a value") : result;
}

/** "7 was in from event 12 (operation 3 returned) until event 40 (operation 9 was called)" */
export function stay(item: Item): string {
  const value = show(item.value);
  if (item.take === undefined) return `${value} was in from event ${item.putReturn} on and never came out`;
  return `${value} was certainly in from event ${item.putReturn} to ${item.takeCall}`;
}

export function proofOf(...items: readonly (Item | undefined)[]): (Operation | undefined)[] {
  return items.flatMap((item) => (item === undefined ? [] : [item.put, item.take]));
}

function takenTwice(first: Operation, second: Operation): SpecialResult {
  const line = `${show(first.output)} came out twice: ${nameOf(first)}, and ${nameOf(second)}; it went in once`;
  return contradiction([line], [first, second]);
}

function neverPut(take: Operation): SpecialResult {
  return contradiction([`${nameOf(take)} took ${show(take.output)}, which never went in`], [take]);
}

function takenBefore(put: Operation, take: Operation): SpecialResult {
  const line = `${nameOf(take)} had ${show(take.output)} at event ${take.return}, before ${nameOf(put)} put it in (event ${put.call})`;
  return contradiction([line], [put, take]);
}

/** A span of time, open at both ends, in which the container is certainly not empty, and an item that lasts longest. */
export type Span = { readonly start: number; end: number; items: Item[] };

/** The union of the certain stays of items, as spans in order of time. Items with no certain stay are left out. */
export function mergeStays(items: readonly Item[]): Span[] {
  const sorted = items.filter((item) => item.putReturn < item.takeCall);
  sorted.sort((left, right) => left.putReturn - right.putReturn);
  const spans: Span[] = [];
  for (const item of sorted) {
    const span = spans[spans.length - 1];
    if (span === undefined || item.putReturn >= span.end) {
      spans.push({ start: item.putReturn, end: item.takeCall, items: [item] });
    } else {
      span.items.push(item);
      if (item.takeCall > span.end) span.end = item.takeCall;
    }
  }
  return spans;
}

/** The last span that starts before a time. */
export function spanAround(spans: readonly Span[], time: number): Span | undefined {
  let low = 0;
  let high = spans.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (spans[middle]!.start < time) low = middle + 1;
    else high = middle;
  }
  return spans[low - 1];
}

/** A removal that found nothing although something was in all the time. */
export function notEmpty(empty: Operation, span: Span): SpecialResult {
  const cover: Item[] = [];
  for (let reached = empty.call; reached <= empty.return; ) {
    let best: Item | undefined;
    for (const item of span.items) {
      if ((item.putReturn < reached || item.putReturn <= empty.call) && item.takeCall > (best?.takeCall ?? reached)) {
        best = item;
      }
    }
    if (best === undefined) break;
    cover.push(best);
    reached = best.takeCall;
  }
  return contradiction(
    [
      `${nameOf(empty)} found nothing, though something was in from event ${empty.call} to ${empty.return}`,
      ...cover.slice(0, 6).map(stay),
    ],
    [empty, ...proofOf(...cover)],
  );
}

/** A removal that found nothing within a span: at some moment of its time everything in the span has to be out. */
export function emptyConflict(empty: Operation, span: Span): Conflict {
  const moments = span.items
    .map((item) => item.putReturn)
    .filter((moment) => empty.call <= moment && moment < empty.return);
  moments.push(empty.return);
  return { result: notEmpty(empty, span), items: span.items, moments: moments.sort((a, b) => a - b), isPut: isIn };
}

/** The stays of the items are open at both ends. */
export function isIn(item: Item, moment: number): boolean {
  return item.putReturn < moment;
}
