/**
 * Deques whose values are all different: reductions, then a search for what they leave over.
 *
 * In the manner of Lee and Mathur (OOPSLA 2025): delete values until nothing is left. Deleting a value from a legal order
 * leaves it legal; what follows is why each deletion can be undone, that is, why the history is linearizable if the rest is.
 * 1. A value that goes in and out at one end, by operations that overlap, can do both in one moment, whatever else happens.
 * 2. Every other value certainly stays in from the return of its push to the call of its pop. At a moment that no such stay
 *    covers the deque can be empty: take any legal order, and move all operations of the values that are certainly in before
 *    that moment to before it (they can be out by then), those of all others to after it. Both parts remain legal, each for
 *    itself, and the first leaves nothing behind. So every span of stays is a history of its own.
 *    A pop that finds nothing needs such a moment; so does nothing else, and a value that goes in at one end and out at
 *    the other, by operations that overlap, is deleted if it can have one. If it cannot, it belongs to the span.
 * 3. Within a span: the rules of deque-peel.ts.
 * 4. If all values left in a span go out where they went in, they are two stacks that meet at their bottoms. One value
 *    that crosses may be among them, if it can go in first and come out last: it is the bottom of both.
 * 5. Else deque-phases.ts may construct an order, which is replayed before it counts.
 * 6. Values that went in at one end and out at the other are a queue by themselves, those of one end a stack. A violation there
 *    is a violation of the whole.
 * No proof says that nothing else can be decided. What is left over of a span is given to the search, which needs to know
 * nothing of the values deleted before: the answer is exact, for legal and illegal histories alike.
 */
import { type Operation, show } from "../history.ts";
import { keyOfValue } from "../values.ts";
import {
  type Item,
  matchItems,
  mergeStays,
  notEmpty,
  proofOf,
  type Span,
  spanAround,
  stay,
  unlessUncertain,
} from "./containers.ts";
import { type End, isSameEnd, peel, type Piece, type Removal, restore, type Step } from "./deque-peel.ts";
import { arrangePhases, orderPhases } from "./deque-phases.ts";
import { findInversion, inversion } from "./queue.ts";
import {
  contradiction,
  findMisplaced,
  orderByPoint,
  type Placed,
  type SearchRest,
  type Special,
  type SpecialResult,
  unsuited,
} from "./special.ts";
import { conquer } from "./stack.ts";

export const dequeByValues: Special = { name: "deque-by-values", check, replay };

type Outcome = { readonly steps: readonly Step[] } | { readonly failure: SpecialResult };

function isPush(operation: Operation): boolean {
  return operation.f === "pushFront" || operation.f === "pushBack";
}

function endOf(operation: Operation): End {
  return operation.f === "pushFront" || operation.f === "popFront" ? "front" : "back";
}

function check(operations: readonly Operation[], search?: SearchRest): SpecialResult {
  const matched = matchItems(operations, isPush);
  if ("result" in matched) return matched.result;
  const { container } = matched;
  const moments: Part[] = [];
  const spans = mergeStays(container.items);
  for (const empty of container.empties) {
    const at = findGap(spans, empty.call, empty.return);
    if (at === undefined) return unlessUncertain(container, notEmpty(empty, spanAround(spans, empty.call)!));
    moments.push({ at, moment: [empty], pieces: [] });
  }
  const pieces: Piece[] = [];
  const pairs: Placed[] = [];
  for (const item of container.items) {
    const piece = pieceOf(item);
    if (item.take === undefined || !isSameEnd(piece) || item.putReturn < item.takeCall) pieces.push(piece);
    else pairs.push({ point: item.takeCall, tie: 1, operations: [item.put, item.take] });
  }
  const outcome = arrange([...moments, ...partsOf(pieces)], search);
  if ("failure" in outcome) return unlessUncertain(container, outcome.failure);
  const placed = outcome.steps.map(({ operation, point }): Placed => ({ point, tie: 0, operations: [operation] }));
  return { kind: "valid", order: orderByPoint([...placed, ...pairs]) };
}

function pieceOf(item: Item): Piece {
  const { putCall, putReturn, takeCall, takeReturn } = item;
  const takeEnd = item.take === undefined ? undefined : endOf(item.take);
  return { item, putEnd: endOf(item.put), takeEnd, putCall, putReturn, takeCall, takeReturn };
}

/** The first moment of an interval that no span covers. */
function findGap(spans: readonly Span[], from: number, until: number): number | undefined {
  const span = spanAround(spans, from);
  if (span === undefined || from >= span.end) return from;
  return until < span.end ? undefined : span.end;
}

/** The pieces of a span that starts at a time, or operations that need only a moment with nothing in. */
type Part = { readonly at: number; readonly moment?: readonly Operation[]; readonly pieces: readonly Piece[] };

function partsOf(pieces: readonly Piece[]): readonly Part[] {
  const pieceOfItem = new Map<Item, Piece>();
  for (const piece of pieces) pieceOfItem.set(piece.item, piece);
  const spans = mergeStays([...pieceOfItem.keys()]);
  const inside = new Map<Span, Piece[]>();
  for (const span of spans) {
    inside.set(
      span,
      span.items.map((item) => pieceOfItem.get(item)!),
    );
  }
  const parts: Part[] = [];
  for (const piece of pieces) {
    if (piece.putReturn < piece.takeCall) continue;
    const at = findGap(spans, piece.takeCall, piece.putReturn);
    if (at !== undefined) parts.push({ at, moment: [piece.item.put, piece.item.take!], pieces: [] });
    else inside.get(spanAround(spans, piece.takeCall)!)!.push(piece);
  }
  for (const [span, members] of inside) parts.push({ at: span.start, pieces: members });
  return parts;
}

function arrange(parts: readonly Part[], search: SearchRest | undefined): Outcome {
  const isSpan = (part: Part): number => (part.moment === undefined ? 1 : 0);
  // A span is open, so a moment at its very start goes before it.
  const sorted = parts.slice().sort((left, right) => left.at - right.at || isSpan(left) - isSpan(right));
  const steps: Step[] = [];
  for (const { at, moment, pieces } of sorted) {
    if (moment !== undefined) {
      for (const operation of moment) steps.push(stepOf(operation, at));
      continue;
    }
    const outcome = decideSpan(pieces, search);
    if ("failure" in outcome) return outcome;
    for (const step of outcome.steps) steps.push(step);
  }
  return { steps };
}

function stepOf(operation: Operation, point: number): Step {
  return { operation, end: endOf(operation), point };
}

function decideSpan(pieces: readonly Piece[], search: SearchRest | undefined): Outcome {
  const removals: Removal[] = [];
  const rest = peel(pieces, removals);
  const outcome = decideRest(rest, search);
  if ("failure" in outcome) return outcome;
  const steps = outcome.steps.slice();
  for (const removal of removals.reverse()) restore(steps, removal);
  return { steps };
}

/** Of values that no rule deletes. */
function decideRest(rest: readonly Piece[], search: SearchRest | undefined): Outcome {
  const parts = partsOf(rest);
  if (parts.length !== 1 || parts[0]!.moment !== undefined) return arrange(parts, search);
  const start = rest.reduce((least, piece) => Math.min(least, piece.putReturn), Number.POSITIVE_INFINITY);
  const end = rest.reduce((most, piece) => Math.max(most, piece.takeCall), Number.NEGATIVE_INFINITY);
  const placed: Placed[] = [];
  const failure = findContradiction(rest, placed);
  if (failure !== undefined) return { failure };
  const crossing = rest.filter((piece) => !isSameEnd(piece));
  const bottom = crossing[0];
  if (bottom === undefined) return { steps: stepsOf(placed) };
  if (crossing.length === 1 && bottom.putCall <= start && bottom.takeReturn >= end) {
    return { steps: [stepOf(bottom.item.put, start), ...stepsOf(placed), stepOf(bottom.item.take!, end)] };
  }
  return arrangeStepwise(rest) ?? searchRest(rest, start, end, search);
}

/** The order of deque-phases.ts, if it found one that is legal. */
function arrangeStepwise(rest: readonly Piece[]): Outcome | undefined {
  const placed = arrangePhases(rest);
  if (placed === undefined) return undefined;
  const order = orderPhases(placed);
  const operations = order.map(([operation]) => operation);
  const isTimely = order.every(([operation, point]) => operation.call <= point && point <= operation.return);
  if (!isTimely || findMisplaced(operations, operationsOf(rest)) !== undefined) return undefined;
  if (replay(operations) !== undefined) return undefined;
  return { steps: order.map(([operation, point]) => stepOf(operation, point)) };
}

function operationsOf(pieces: readonly Piece[]): Operation[] {
  return pieces.flatMap(({ item }) => (item.take === undefined ? [item.put] : [item.put, item.take]));
}

function stepsOf(placed: readonly Placed[]): Step[] {
  const sorted = placed.slice().sort((left, right) => left.point - right.point || left.tie - right.tie);
  return sorted.flatMap(({ point, operations }) => operations.map((operation) => stepOf(operation, point)));
}

/** A queue or a stack within the deque that is none; places the stacks. */
function findContradiction(rest: readonly Piece[], placed: Placed[]): SpecialResult | undefined {
  for (const end of ["front", "back"] as const) {
    const pushed = rest.filter((piece) => piece.putEnd === end);
    const pair = findInversion(pushed.filter((piece) => piece.takeEnd !== end).map((piece) => piece.item));
    if (pair !== undefined) return inversion(pair[0], pair[1]);
    const stuck = conquer(mergeStays(pushed.filter(isSameEnd).map((piece) => piece.item)), placed);
    if (stuck !== undefined) return noBottom(stuck, end);
  }
  return undefined;
}

function noBottom(span: Span, end: End): SpecialResult {
  const first = span.items.reduce((best, item) => (item.putReturn < best.putReturn ? item : best));
  const last = span.items.reduce((best, item) => (item.takeCall > best.takeCall ? item : best));
  const lines = [
    `${span.items.length} values went in at the ${end} and came out there or stayed, last in, first out`,
    `from event ${span.start} to ${span.end} one of them was always in, so one was there all the time`,
    `it would have been pushed by event ${span.start}, before ${show(first.value)}, and popped after event ${span.end}; none was`,
    stay(first),
    stay(last),
  ];
  return contradiction(lines, proofOf(first, last, ...span.items.slice(0, 20)));
}

function searchRest(rest: readonly Piece[], start: number, end: number, search: SearchRest | undefined): Outcome {
  if (search === undefined) return { failure: unsuited(`no rule decides ${rest.length} values`) };
  const result = search(operationsOf(rest).sort((left, right) => left.call - right.call));
  if (result.kind !== "valid") return { failure: result };
  let reached = start;
  const steps = result.order.map((operation) => {
    reached = Math.max(reached, Math.min(operation.call, end));
    return stepOf(operation, reached);
  });
  return { steps };
}

function replay(order: readonly Operation[]): string | undefined {
  const values = new Map<number, string | number>();
  let front = 0;
  let back = 0;
  for (const operation of order) {
    const isFront = endOf(operation) === "front";
    if (isPush(operation)) {
      values.set(isFront ? front - 1 : back, keyOfValue(operation.input));
      if (isFront) front -= 1;
      else back += 1;
    } else if (operation.output === null) {
      if (front < back) return `operation ${operation.id} found nothing in a deque of ${back - front}`;
    } else {
      const place = isFront ? front : back - 1;
      if (front === back || values.get(place) !== keyOfValue(operation.output)) {
        return `operation ${operation.id} did not take the value at the ${endOf(operation)}`;
      }
      if (isFront) front += 1;
      else back -= 1;
    }
  }
  return undefined;
}
