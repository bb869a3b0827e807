/**
 * Dense identifiers: places in a list that never change and always leave room between them.
 *
 * An identifier is a path of levels (digit, actor, counter), compared level by level: digits as integers, then actors by name, then
 * counters; a path comes before its own extensions. Its last level holds the dot of its element, so no two elements share
 * one. Between any two paths there is room: beside the lower one where digits leave a gap, below it otherwise. Weiss,
 * Urso, Molli 2009, "Logoot"; digits grow in both directions from 0, so typing on extends no path. (In rust-crdt, before commit
 * 1d386d4, the order of a path and its extension was the wrong way round and an insert could land outside its neighbours.)
 */
import { type Actor, compareText } from "./clock.ts";
import { CrdtError, violation } from "./violation.ts";

/** Levels of a path, flattened: digit, actor number, counter, digit, actor number, counter, … */
export type Path = readonly number[];
export type Level = { readonly digit: number; readonly actor: Actor; readonly counter: number };

/** Numbers per level. */
export const LEVEL = 3;
const DIGIT_MAGNITUDE_MAX = 4_503_599_627_370_495; // 2^52 - 1: what a signed number of the encoding holds

/** Compares two paths whose actor numbers index the same table of names. */
export function comparePaths(a: Path, b: Path, names: readonly Actor[]): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += LEVEL) {
    const order = compareLevels(a[i]!, a[i + 1]!, a[i + 2]!, b[i]!, b[i + 1]!, b[i + 2]!, names);
    if (order !== 0) return order;
  }
  return a.length - b.length;
}

export function compareLevels(
  digitA: number,
  actorA: number,
  counterA: number,
  digitB: number,
  actorB: number,
  counterB: number,
  names: readonly Actor[],
): number {
  if (digitA !== digitB) return digitA - digitB;
  if (actorA !== actorB) return compareText(names[actorA]!, names[actorB]!);
  return counterA - counterB;
}

export type Place = { readonly prefix: Path; readonly digit: number };
export type Gap = {
  readonly low: Path | null;
  readonly high: Path | null;
  /** How many elements need a place. */
  readonly count: number;
  /**
   * Null, or: deleted elements may have stood in this gap, and others may be typing behind them. Then the place is right behind `low`, at a
   * digit below those that earlier writers chose there, so that the new run stays in one piece. The number grows with time.
   */
  readonly behindLow: number | null;
  /** The writer types on behind its own last element: the run stays on its level. */
  readonly isTypingOn: boolean;
};

/** Digits that one run below an element has before it reaches the run of the writer before: 2^16 in steps of the clock. */
const RUN_DIGITS = 65_536;

/**
 * A place for elements with ascending digits between two paths; null is the start (low) or the end (high).
 * Throws CrdtError "out-of-range" when digits run out, after some 2^52 insertions on one side.
 */
export function placeBetween(gap: Gap): Place {
  const place = findPlace(gap);
  if (Math.abs(place.digit) + gap.count <= DIGIT_MAGNITUDE_MAX) return place;
  throw new CrdtError(violation("out-of-range", `the digits of an identifier are used up at ${place.digit}.`));
}

function findPlace({ low, high, count, behindLow, isTypingOn }: Gap): Place {
  const below = behindLow === null ? 0 : -behindLow * RUN_DIGITS;
  if (low === null) return { prefix: [], digit: high === null ? below : Math.min(below, high[0]! - count) };
  const shared = high === null ? 0 : sharedLength(low, high);
  if (high !== null && shared === low.length) return { prefix: low, digit: Math.min(below, high[shared]! - count) };
  if (behindLow !== null) return { prefix: low, digit: below };
  const last = low.length - LEVEL;
  if (isTypingOn && (shared < last || high === null)) return { prefix: low.slice(0, last), digit: low[last]! + 1 };
  if (high === null) return { prefix: [], digit: low[0]! + 1 };
  if (high[shared]! - low[shared]! > count) return { prefix: low.slice(0, shared), digit: low[shared]! + 1 };
  const next = shared + LEVEL;
  if (next < low.length) return { prefix: low.slice(0, next), digit: low[next]! + 1 };
  return { prefix: low, digit: 0 };
}

/** How many numbers two paths share, in whole levels. */
export function sharedLength(a: Path, b: Path): number {
  const length = Math.min(a.length, b.length);
  let i = 0;
  while (i < length && a[i] === b[i] && a[i + 1] === b[i + 1] && a[i + 2] === b[i + 2]) i += LEVEL;
  return i;
}
