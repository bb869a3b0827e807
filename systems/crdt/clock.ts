/**
 * The version vector: for each actor, how many of its updates are known. Also a set of dots: all (actor, n) with
 * 1 <= n <= get(actor), which is how removes say what they have seen.
 *
 * A dot (actor, counter) names one update for ever. An actor numbers its updates 1, 2, 3, … and never twice: one that may have
 * lost its state must take a new actor name. Parker et al. 1983, "Detection of mutual inconsistency in distributed systems".
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { DotContext } from "./dot-context.ts";

export type Actor = string;
export type Dot = { readonly actor: Actor; readonly counter: number };

/** How two clocks relate: "before" means that the first is dominated by the second. */
export type ClockOrder = "equal" | "before" | "after" | "concurrent";

/** Compares strings by code points, a prefix first, as their UTF-8 bytes compare: the order of actors and keys in every encoding and tie. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) {
    const [x, y] = [a.charCodeAt(i), b.charCodeAt(i)];
    if (x !== y) return codePointRank(x) - codePointRank(y);
  }
  return a.length - b.length;
}

/** Surrogates stand for code points above all single units, so they rank above 0xe000 to 0xffff. */
function codePointRank(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** So many actors are sooner looked at in turn than searched: comparing for equality is cheaper than for order. */
export const SCANNED_MAX = 8;

/** What empty clocks hold in common: most of the deferred ones stay empty. Replaced by the first dot, never changed. */
const NO_DOTS = Object.freeze<Dot[]>([]) as Dot[];

export class Clock {
  // Invariant: strictly ascending by actor, no counter is zero. Dots are never changed, so clocks and stores share them.
  #dots: Dot[] = NO_DOTS;

  static of(dots: Iterable<Dot>): Clock {
    const clock = new Clock();
    for (const dot of dots) clock.raiseTo(dot);
    return clock;
  }

  get isEmpty(): boolean {
    return this.#dots.length === 0;
  }

  /** The number of actors. */
  get size(): number {
    return this.#dots.length;
  }

  /** The counter of an actor; 0 when nothing of it is known. */
  get(actor: Actor): number {
    const dots = this.#dots;
    if (dots.length <= SCANNED_MAX) {
      for (let i = 0; i < dots.length; i++) if (dots[i]!.actor === actor) return dots[i]!.counter;
      return 0;
    }
    const i = this.#find(actor);
    return i < dots.length && dots[i]!.actor === actor ? dots[i]!.counter : 0;
  }

  /** The entries in the order of actors. Only to be read, and only until the clock changes. */
  get entries(): readonly Dot[] {
    return this.#dots;
  }

  has(actor: Actor, counter: number): boolean {
    return counter <= this.get(actor);
  }

  /** Sets the counter of an actor to the larger of the two. */
  raise(actor: Actor, counter: number): void {
    if (counter > this.get(actor)) this.raiseTo({ actor, counter });
  }

  /** `raise` with a dot, which is kept. */
  raiseTo(dot: Dot): void {
    if (dot.counter <= 0) return;
    const dots = this.#dots;
    if (dots.length === 0) {
      this.#dots = [dot];
      return;
    }
    const i = this.#find(dot.actor);
    if (i === dots.length) dots.push(dot);
    else if (dots[i]!.actor !== dot.actor) dots.splice(i, 0, dot);
    else if (dots[i]!.counter < dot.counter) dots[i] = dot;
  }

  /** Forgets an actor. */
  delete(actor: Actor): void {
    const i = this.#find(actor);
    if (this.#dots[i]?.actor === actor) this.#dots.splice(i, 1);
  }

  /** Raises to the pointwise maximum. */
  merge(other: Clock): void {
    for (const dot of other.#dots) this.raiseTo(dot);
  }

  /** Keeps the entries for which `keeps` holds. */
  retain(keeps: (actor: Actor, counter: number) => boolean): void {
    const dots = this.#dots;
    let kept = 0;
    for (let i = 0; i < dots.length; i++) {
      const dot = dots[i]!;
      if (keeps(dot.actor, dot.counter)) dots[kept++] = dot;
    }
    truncate(dots, kept);
  }

  /** Drops each entry whose counter is covered by the other clock (reset-remove). */
  resetRemove(other: Clock): void {
    const dots = this.#dots;
    if (dots.length === 0 || other.isEmpty) return;
    let kept = 0;
    for (let i = 0; i < dots.length; i++) {
      const dot = dots[i]!;
      if (dot.counter > other.get(dot.actor)) dots[kept++] = dot;
    }
    truncate(dots, kept);
  }

  /**
   * The three-way rule for live dots: a dot stays when both hold it, or when one holds it and the other has never seen it. What one
   * holds and the other has seen and dropped was removed. Each clock holds at most one dot of an actor, the newest.
   */
  joinLive(seen: DotContext, theirs: Clock, theirsSeen: DotContext): void {
    if (this.equals(theirs)) return;
    const dots = this.#dots;
    let kept = 0;
    for (let i = 0; i < dots.length; i++) {
      const dot = dots[i]!;
      if (theirs.get(dot.actor) === dot.counter || !theirsSeen.has(dot.actor, dot.counter)) dots[kept++] = dot;
    }
    truncate(dots, kept);
    for (const dot of theirs.#dots) if (!seen.has(dot.actor, dot.counter)) this.raiseTo(dot);
  }

  /** True when every dot of the other clock is in this one. */
  covers(other: Clock): boolean {
    return !other.some((actor, counter) => counter > this.get(actor));
  }

  equals(other: Clock): boolean {
    const { length } = this.#dots;
    if (length !== other.#dots.length) return false;
    for (let i = 0; i < length; i++) {
      const mine = this.#dots[i]!;
      const theirs = other.#dots[i]!;
      if (mine !== theirs && (mine.counter !== theirs.counter || mine.actor !== theirs.actor)) return false;
    }
    return true;
  }

  /** True when the condition holds for an entry. */
  some(holds: (actor: Actor, counter: number) => boolean): boolean {
    for (const { actor, counter } of this.#dots) if (holds(actor, counter)) return true;
    return false;
  }

  compare(other: Clock): ClockOrder {
    const isAfter = this.covers(other);
    const isBefore = other.covers(this);
    if (isAfter) return isBefore ? "equal" : "after";
    return isBefore ? "before" : "concurrent";
  }

  /** The greatest clock that both cover: pointwise minimum. */
  greatestLowerBound(other: Clock): Clock {
    const result = new Clock();
    for (const { actor, counter } of this.#dots) result.raise(actor, Math.min(counter, other.get(actor)));
    return result;
  }

  /** The entries on which both agree exactly. */
  intersection(other: Clock): Clock {
    const result = this.copy();
    result.retain((actor, counter) => other.get(actor) === counter);
    return result;
  }

  /** The dot that the next update of the actor gets; the clock does not change. */
  next(actor: Actor): Dot {
    return { actor, counter: this.get(actor) + 1 };
  }

  copy(): Clock {
    const result = new Clock();
    if (this.#dots.length > 0) result.#dots = this.#dots.slice();
    return result;
  }

  /** Visits the entries in the order of actors. */
  forEach(visit: (actor: Actor, counter: number) => void): void {
    for (let i = 0; i < this.#dots.length; i++) visit(this.#dots[i]!.actor, this.#dots[i]!.counter);
  }

  dots(): Dot[] {
    return this.#dots.slice();
  }

  write(writer: ByteWriter): void {
    writer.uint(this.#dots.length);
    for (const dot of this.#dots) writeDot(writer, dot);
  }

  static read(reader: ByteReader): Clock {
    const result = new Clock();
    const count = reader.count("the number of actors in a clock", 2);
    if (count === 0) return result;
    const dots: Dot[] = [];
    for (let i = 0; i < count; i++) {
      const actor = reader.name("an actor of a clock");
      if (i > 0 && compareText(dots[i - 1]!.actor, actor) >= 0) reader.fail("the actors of a clock are not ascending.");
      const counter = reader.uint("a counter of a clock");
      if (counter === 0) reader.fail("a clock holds a counter of zero.");
      dots.push({ actor, counter });
    }
    result.#dots = dots;
    return result;
  }

  /** Where the actor is, or would be. */
  #find(actor: Actor): number {
    const dots = this.#dots;
    let low = 0;
    let high = dots.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareText(dots[middle]!.actor, actor) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** A few pops are cheaper than setting a length. */
export function truncate(array: unknown[], length: number): void {
  while (array.length > length) array.pop();
}

export function writeDot(writer: ByteWriter, dot: Dot): void {
  writer.name(dot.actor);
  writer.uint(dot.counter);
}

export function readDot(reader: ByteReader): Dot {
  const actor = reader.name("the actor of a dot");
  const counter = reader.uint("the counter of a dot");
  if (counter === 0) reader.fail("a dot has a counter of zero.");
  return { actor, counter };
}
