/**
 * Deques: values that can be deleted from a span of time without changing whether it is linearizable.
 *
 * Deleting a value from a legal order leaves it legal, for any value. So of each rule only the other direction needs an
 * argument: given an order of the rest, where does the value go? E is an end, F the other one; start is the earliest moment
 * by which a value is certainly in, so that no operation of the rest has to take effect before it.
 *   nested: v goes in and out at E, and every other operation at E that may take effect while v is certainly in belongs to a
 *     value that goes in and out at E within that time. Push v as late and pop it as early as possible: in between, what
 *     happens at E is above v, and what happens at F never reaches v, because each pop there finds its own value behind v.
 *   first: v may be put in by the start, and comes out at E. With q the earliest moment of that, every other
 *     operation at E can wait until q, and no value put in at E must come out at F by then. Put v into the empty deque at the
 *     start, let the operations at E wait until q in the order they have, and take v just before them. Until then F never
 *     reaches v: there the values in front of v are what they were, for those that wait to be put in come out later, and those
 *     that wait to be taken out lie behind those that F takes.
 *   last: the same with time reversed, which turns a deque into a deque.
 * In a legal history without concurrency these rules find every value; else the rest is for somebody else to decide.
 */
import type { Operation } from "../history.ts";
import type { Item } from "./containers.ts";

export type End = "front" | "back";

/** An item with its ends; undefined for a removal that never happened (or, in reversed time, an insertion). */
export type Piece = {
  readonly item: Item;
  readonly putEnd: End | undefined;
  readonly takeEnd: End | undefined;
  readonly putCall: number;
  readonly putReturn: number;
  readonly takeCall: number;
  readonly takeReturn: number;
};

/** An operation at its moment; in lists moments never fall. */
export type Step = { readonly operation: Operation; readonly end: End; point: number };

export type Removal = {
  readonly rule: "nested" | "first" | "last";
  readonly piece: Piece;
  /** For first and last: the moment at which the value is alone. */
  readonly edge: number;
};

export function isSameEnd(piece: Piece): boolean {
  return piece.takeEnd === undefined || piece.takeEnd === piece.putEnd;
}

/** Deletes values until no rule finds another; they are appended to `removals` in order. */
export function peel(given: readonly Piece[], removals: Removal[]): readonly Piece[] {
  let pieces = given;
  for (;;) {
    const before = pieces.length;
    pieces = peelNested(pieces, removals);
    pieces = peelEdge(pieces, "first", removals);
    pieces = peelEdge(pieces, "last", removals);
    if (pieces.length === before || pieces.length === 0) return pieces;
  }
}

/** What a piece does at one end, and when it can. */
type Use = { readonly index: number; readonly call: number; readonly return: number };

function usesOf(pieces: readonly Piece[], end: End): Use[] {
  const uses: Use[] = [];
  for (const [index, piece] of pieces.entries()) {
    if (piece.putEnd === end) uses.push({ index, call: piece.putCall, return: piece.putReturn });
    if (piece.takeEnd === end) uses.push({ index, call: piece.takeCall, return: piece.takeReturn });
  }
  return uses;
}

function peelNested(pieces: readonly Piece[], removals: Removal[]): readonly Piece[] {
  const isGone = new Uint8Array(pieces.length);
  for (const end of ["front", "back"] as const) {
    const uses = usesOf(pieces, end).sort((left, right) => left.call - right.call || left.index - right.index);
    const latest: number[] = [];
    for (const use of uses) latest.push(Math.max(use.return, latest[latest.length - 1] ?? use.return));
    const candidates: number[] = [];
    for (const [index, piece] of pieces.entries()) {
      if (piece.putEnd === end && piece.takeEnd === end) candidates.push(index);
    }
    const length = (index: number): number => pieces[index]!.takeCall - pieces[index]!.putReturn;
    candidates.sort((left, right) => length(left) - length(right) || left - right);
    for (const index of candidates) {
      if (isDisturbed(index, pieces, uses, latest, isGone)) continue;
      isGone[index] = 1;
      removals.push({ rule: "nested", piece: pieces[index]!, edge: 0 });
    }
  }
  return pieces.filter((_, index) => isGone[index] === 0);
}

/** True when another operation at the end may take effect during the certain stay, and belongs to no value within it. */
function isDisturbed(
  index: number,
  pieces: readonly Piece[],
  uses: readonly Use[],
  latest: readonly number[],
  isGone: Uint8Array,
): boolean {
  const { putReturn, takeCall, putEnd } = pieces[index]!;
  for (let i = countUntil(uses, takeCall) - 1; i >= 0 && latest[i]! >= putReturn; i -= 1) {
    const use = uses[i]!;
    if (use.index === index || isGone[use.index] === 1 || use.return < putReturn) continue;
    const other = pieces[use.index]!;
    const isWithin = other.putCall > putReturn && other.takeReturn < takeCall;
    if (!isWithin || other.putEnd !== putEnd || other.takeEnd !== putEnd) return true;
  }
  return false;
}

/** How many are called by a time. */
function countUntil(uses: readonly Use[], time: number): number {
  let low = 0;
  let high = uses.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (uses[middle]!.call <= time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function peelEdge(pieces: readonly Piece[], rule: "first" | "last", removals: Removal[]): readonly Piece[] {
  const isGone = new Uint8Array(pieces.length);
  const peeling = new EdgePeeling(rule === "first" ? pieces : pieces.map(reverse), isGone);
  for (let found = peeling.next(); found !== undefined; found = peeling.next()) {
    const edge = rule === "first" ? found.start : -found.start;
    removals.push({ rule, piece: pieces[found.index]!, edge });
  }
  return pieces.filter((_, index) => isGone[index] === 0);
}

function reverse(piece: Piece): Piece {
  return {
    item: piece.item,
    putEnd: piece.takeEnd,
    takeEnd: piece.putEnd,
    putCall: -piece.takeReturn,
    putReturn: -piece.takeCall,
    takeCall: -piece.putReturn,
    takeReturn: -piece.putCall,
  };
}

/** A list of moments, and the first place whose piece may still be there. */
type Queue = { readonly uses: readonly Use[]; at: number };

class EdgePeeling {
  readonly #pieces: readonly Piece[];
  readonly #isGone: Uint8Array;
  readonly #byPutReturn: Queue;
  /** By the time of the call. */
  readonly #waiting: readonly Use[];
  #waitingAt = 0;
  /** Invariant: every piece that may be put in by the start and is there; their puts all overlap. */
  #candidates: number[] = [];
  /** Operations at an end, by return. */
  readonly #uses: Readonly<Record<End, Queue>>;
  /** Pieces put in at an end and taken at the other, by the call of the removal. */
  readonly #crossing: Readonly<Record<End, Queue>>;

  constructor(pieces: readonly Piece[], isGone: Uint8Array) {
    this.#pieces = pieces;
    this.#isGone = isGone;
    const puts = pieces.map(({ putCall, putReturn }, index): Use => ({ index, call: putCall, return: putReturn }));
    this.#waiting = puts.slice().sort((left, right) => compare(left.call, right.call) || left.index - right.index);
    this.#byPutReturn = queueOf(puts);
    this.#uses = { front: queueOf(usesOf(pieces, "front")), back: queueOf(usesOf(pieces, "back")) };
    const crossing = (end: End): Queue => {
      const takes: Use[] = [];
      for (const [index, { putEnd, takeEnd, takeCall }] of pieces.entries()) {
        const isCrossing = putEnd === end && takeEnd !== undefined && takeEnd !== end;
        if (isCrossing) takes.push({ index, call: takeCall, return: takeCall });
      }
      return queueOf(takes);
    };
    this.#crossing = { front: crossing("front"), back: crossing("back") };
  }

  /** Deletes one more piece. */
  next(): { readonly index: number; readonly start: number } | undefined {
    const start = this.#earliest(this.#byPutReturn, -1);
    for (
      ;
      this.#waitingAt < this.#waiting.length && this.#waiting[this.#waitingAt]!.call <= start;
      this.#waitingAt += 1
    ) {
      this.#candidates.push(this.#waiting[this.#waitingAt]!.index);
    }
    const place = this.#candidates.findIndex((index) => this.#isFirst(index, start));
    if (place < 0) return undefined;
    const index = this.#candidates[place]!;
    this.#candidates.splice(place, 1);
    this.#isGone[index] = 1;
    return { index, start };
  }

  #isFirst(index: number, start: number): boolean {
    const { takeEnd, takeCall } = this.#pieces[index]!;
    if (takeEnd === undefined) return false;
    const taken = Math.max(takeCall, start);
    return (
      this.#earliest(this.#uses[takeEnd], index) >= taken && this.#earliest(this.#crossing[takeEnd], index) > taken
    );
  }

  /** The earliest moment in a queue of a piece that is there, apart from one; Infinity when there is none. */
  #earliest(queue: Queue, except: number): number {
    const { uses } = queue;
    while (queue.at < uses.length && this.#isGone[uses[queue.at]!.index] === 1) queue.at += 1;
    for (let i = queue.at; i < uses.length; i += 1) {
      const { index } = uses[i]!;
      if (index !== except && this.#isGone[index] === 0) return uses[i]!.return;
    }
    return Number.POSITIVE_INFINITY;
  }
}

function queueOf(uses: readonly Use[]): Queue {
  const sorted = uses.slice().sort((left, right) => compare(left.return, right.return) || left.index - right.index);
  return { uses: sorted, at: 0 };
}

/** A difference would not do: there are infinite ones. */
function compare(left: number, right: number): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** Puts a value back into an order of the rest, as its rule says. */
export function restore(steps: Step[], removal: Removal): void {
  const { piece, rule, edge } = removal;
  const { put, take } = piece.item;
  const pushed = (point: number): Step => ({ operation: put, end: piece.putEnd!, point });
  const popped = (point: number): Step[] =>
    take === undefined || piece.takeEnd === undefined ? [] : [{ operation: take, end: piece.takeEnd, point }];
  if (rule === "nested") {
    const from = placeOf(steps, (step) => step.point > piece.putReturn);
    const until = placeOf(steps, (step) => step.point >= piece.takeCall);
    steps.splice(until, 0, ...popped(piece.takeCall));
    steps.splice(from, 0, pushed(piece.putReturn));
  } else if (rule === "first") {
    const taken = Math.max(piece.takeCall, edge);
    const prefix = steps.splice(
      0,
      placeOf(steps, (step) => step.point > taken),
    );
    const [kept, waiting] = divide(prefix, piece.takeEnd);
    for (const step of kept) step.point = Math.max(step.point, edge);
    for (const step of waiting) step.point = taken;
    prepend(steps, [pushed(edge), ...kept, ...popped(taken), ...waiting]);
  } else {
    const put = Math.min(piece.putReturn, edge);
    const suffix = steps.splice(placeOf(steps, (step) => step.point >= put));
    const [kept, hurried] = divide(suffix, piece.putEnd);
    for (const step of kept) step.point = Math.min(step.point, edge);
    for (const step of hurried) step.point = put;
    for (const step of [...hurried, pushed(put), ...kept, ...popped(edge)]) steps.push(step);
  }
}

function divide(steps: readonly Step[], end: End | undefined): readonly [readonly Step[], readonly Step[]] {
  return [steps.filter((step) => step.end !== end), steps.filter((step) => step.end === end)];
}

function prepend(steps: Step[], more: readonly Step[]): void {
  const rest = steps.splice(0);
  for (const step of more) steps.push(step);
  for (const step of rest) steps.push(step);
}

/** The first place from which a claim holds that, once true, stays so. */
function placeOf(steps: readonly Step[], holds: (step: Step) => boolean): number {
  let low = 0;
  let high = steps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(steps[middle]!)) high = middle;
    else low = middle + 1;
  }
  return low;
}
