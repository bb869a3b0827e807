/**
 * Deques: an order made of two stacks and two queues, for values that cross as well as those that do not.
 *
 * An order is legal if and only if it is for each pair of values. So, for an end E and the other one F:
 *   - the values that go in and out at E are a stack, and while one of them is in, nothing else happens at E;
 *   - those from E to F are a queue, and so are those from F to E, and never is one of each in: either would have to go first.
 *     A value that stays belongs to the queue of its end, but two that stay get along.
 * Stacks and queues can be arranged to be empty whenever no value of theirs is certainly in. So each stack forbids its spans to
 * other operations at its end, and each queue its spans to the other queue; that narrows when an operation can take effect,
 * which makes some stays longer. Then each queue takes its values as early as its span allows, in an order that nothing forbids.
 *
 * This constructs an order and no more. What is forbidden to push and pop leaves some values a choice between times that
 * exclude each other, and such choices are not made here: no order does not mean that there is none.
 */
import type { Operation } from "../history.ts";
import { type Item, mergeStays, type Span, spanAround } from "./containers.ts";
import type { End, Piece } from "./deque-peel.ts";
import { findInversion, topologicalOrder } from "./queue.ts";
import { orderByPoint, type Placed } from "./special.ts";
import { conquer } from "./stack.ts";

/** Rounds in which spans narrow windows and windows lengthen spans. */
const ROUNDS_MAX = 6;

const ENDS = ["front", "back"] as const;

type Spans = readonly Span[];

/** Forbidden times of each end. */
type Holes = Readonly<Record<End, Spans>>;

type Flow = { readonly from: End; readonly to: End; items: readonly Item[] };

/** An order that is probably legal; undefined when none was found. The caller has to replay it. */
export function arrangePhases(pieces: readonly Piece[]): readonly Placed[] | undefined {
  const placed: Placed[] = [];
  const holes: Record<End, Spans> = { front: [], back: [] };
  for (const end of ENDS) {
    const stack = pieces.filter((piece) => piece.putEnd === end && piece.takeEnd === end);
    holes[end] = mergeStays(stack.map((piece) => piece.item));
    if (conquer(holes[end], placed) !== undefined) return undefined;
  }
  const [one, other] = [flowFrom("front", pieces), flowFrom("back", pieces)];
  for (let round = 0; round < ROUNDS_MAX; round += 1) {
    if (!narrow(one, other, holes) || !narrow(other, one, holes)) return undefined;
  }
  const spansOf: Holes = { front: mergeStays(one.items), back: mergeStays(other.items) };
  const isPlaced =
    placeFlow(one, spansOf.front, [holes.front, holes.back, spansOf.back], holes, placed) &&
    placeFlow(other, spansOf.back, [holes.front, holes.back, spansOf.front], holes, placed);
  return isPlaced ? placed : undefined;
}

/** Values that go in at an end and do not come out there. */
function flowFrom(from: End, pieces: readonly Piece[]): Flow {
  const flowing = pieces.filter((piece) => piece.putEnd === from && piece.takeEnd !== from);
  return { from, to: from === "front" ? "back" : "front", items: flowing.map((piece) => piece.item) };
}

/** Narrows the times of a flow's operations to what is allowed; false when nothing is left of one. */
function narrow(flow: Flow, opposite: Flow, holes: Holes): boolean {
  const leaving = mergeStays(opposite.items.filter((item) => item.take !== undefined));
  const all = mergeStays(opposite.items);
  const narrowed = flow.items.map((item): Item => {
    const spans = item.take === undefined ? leaving : all;
    const puts = [holes[flow.from], spans];
    const takes = [holes[flow.to], spans];
    const takeReturn = latest(takes, item.takeReturn);
    const putCall = earliest(puts, item.putCall);
    const putReturn = latest(puts, Math.min(item.putReturn, takeReturn));
    const takeCall = item.take === undefined ? item.takeCall : earliest(takes, Math.max(item.takeCall, putCall));
    return { ...item, putCall, putReturn, takeCall, takeReturn };
  });
  flow.items = narrowed;
  return narrowed.every((item) => item.putCall <= item.putReturn && item.takeCall <= item.takeReturn);
}

/** The first time from which on none of the spans forbids it. */
function earliest(forbidden: readonly Spans[], from: number): number {
  for (let time = from; ; ) {
    let moved = time;
    for (const spans of forbidden) {
      const span = spanAround(spans, moved);
      if (span !== undefined && moved < span.end) moved = span.end;
    }
    if (moved === time) return time;
    time = moved;
  }
}

function latest(forbidden: readonly Spans[], until: number): number {
  for (let time = until; ; ) {
    let moved = time;
    for (const spans of forbidden) {
      const span = spanAround(spans, moved);
      if (span !== undefined && moved < span.end) moved = span.start;
    }
    if (moved === time) return time;
    time = moved;
  }
}

/** At one moment: what ends a span of a queue, what needs a moment, what begins one. Stacks lie further out. */
const END_TIE = -1;
const MOMENT_TIE = 0;
const BEGIN_TIE = 1;

function placeFlow(flow: Flow, spans: Spans, others: readonly Spans[], holes: Holes, placed: Placed[]): boolean {
  const inside = new Map<Span, Item[]>();
  for (const span of spans) inside.set(span, span.items.slice());
  for (const item of flow.items) {
    if (item.putReturn < item.takeCall || item.take === undefined) continue;
    const point = earliest([...others, spans], item.takeCall);
    const span = spanAround(spans, item.takeCall);
    if (point <= item.putReturn) placed.push({ point, tie: MOMENT_TIE, operations: [item.put, item.take] });
    else if (span !== undefined && item.takeCall < span.end) inside.get(span)!.push(item);
    else return false;
  }
  for (const [span, items] of inside) {
    if (findInversion(items) !== undefined) return false;
    placeQueue(items, span, earliest([holes[flow.to]], span.start), placed);
  }
  return true;
}

function placeQueue(items: readonly Item[], span: Span, takesFrom: number, placed: Placed[]): void {
  let putPoint = span.start;
  let takePoint = takesFrom;
  const tieOf = (point: number): number => (point >= span.end ? END_TIE : BEGIN_TIE);
  for (const item of topologicalOrder(items)) {
    putPoint = Math.max(putPoint, item.putCall);
    placed.push({ point: putPoint, tie: tieOf(putPoint), operations: [item.put] });
    if (item.take === undefined) continue;
    takePoint = Math.max(takePoint, item.takeCall);
    placed.push({ point: takePoint, tie: tieOf(takePoint) + TAKE_TIE, operations: [item.take] });
  }
}

/** A removal goes after the insertions of the same moment. */
const TAKE_TIE = 0.5;

/** The operations at their moments, in order. */
export function orderPhases(placed: readonly Placed[]): readonly (readonly [Operation, number])[] {
  const pointOf = new Map<Operation, number>();
  for (const { point, operations } of placed) for (const operation of operations) pointOf.set(operation, point);
  return orderByPoint(placed).map((operation) => [operation, pointOf.get(operation)!] as const);
}
