/**
 * The version vector: for each actor, how many of its updates are known. Also a set of dots: all (actor, n) with
 * 1 <= n <= get(actor), which is how removes say what they have seen.
 *
 * A dot (actor, counter) names one update for ever. An actor numbers its updates 1, 2, 3, … and never twice: one that may have
 * lost its state must take a new actor name. Parker et al. 1983, "Detection of mutual inconsistency in distributed systems".
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";

export type Actor = string;
export type Dot = { readonly actor: Actor; readonly counter: number };

/** How two clocks relate: "before" means that the first is dominated by the second. */
export type ClockOrder = "equal" | "before" | "after" | "concurrent";

/** Compares strings by UTF-16 units: the order of actors and keys in every encoding and tie. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

export class Clock {
  // Invariant: #actors is strictly ascending, #counters has the same length and holds no zero.
  readonly #actors: Actor[] = [];
  readonly #counters: number[] = [];

  static of(dots: Iterable<Dot>): Clock {
    const clock = new Clock();
    for (const dot of dots) clock.raise(dot.actor, dot.counter);
    return clock;
  }

  get isEmpty(): boolean {
    return this.#actors.length === 0;
  }

  /** The number of actors. */
  get size(): number {
    return this.#actors.length;
  }

  /** The counter of an actor; 0 when nothing of it is known. */
  get(actor: Actor): number {
    const i = this.#find(actor);
    return this.#actors[i] === actor ? this.#counters[i]! : 0;
  }

  has(actor: Actor, counter: number): boolean {
    return counter <= this.get(actor);
  }

  /** Sets the counter of an actor to the larger of the two. */
  raise(actor: Actor, counter: number): void {
    if (counter <= 0) return;
    const i = this.#find(actor);
    if (this.#actors[i] === actor) {
      if (counter > this.#counters[i]!) this.#counters[i] = counter;
      return;
    }
    if (i === this.#actors.length) {
      this.#actors.push(actor);
      this.#counters.push(counter);
      return;
    }
    this.#actors.splice(i, 0, actor);
    this.#counters.splice(i, 0, counter);
  }

  /** Forgets an actor. */
  delete(actor: Actor): void {
    const i = this.#find(actor);
    if (this.#actors[i] !== actor) return;
    this.#actors.splice(i, 1);
    this.#counters.splice(i, 1);
  }

  /** Raises to the pointwise maximum. */
  merge(other: Clock): void {
    for (let i = 0; i < other.#actors.length; i++) this.raise(other.#actors[i]!, other.#counters[i]!);
  }

  /** Keeps the entries for which `keeps` holds. */
  retain(keeps: (actor: Actor, counter: number) => boolean): void {
    let kept = 0;
    for (let i = 0; i < this.#actors.length; i++) {
      const actor = this.#actors[i]!;
      const counter = this.#counters[i]!;
      if (!keeps(actor, counter)) continue;
      this.#actors[kept] = actor;
      this.#counters[kept] = counter;
      kept += 1;
    }
    while (this.#actors.length > kept) {
      this.#actors.pop(); // a few pops are cheaper than setting a length
      this.#counters.pop();
    }
  }

  /** Drops each entry whose counter is covered by the other clock (reset-remove). */
  resetRemove(other: Clock): void {
    if (!other.isEmpty && !this.isEmpty) this.retain((actor, counter) => counter > other.get(actor));
  }

  /** True when every dot of the other clock is in this one. */
  covers(other: Clock): boolean {
    for (let i = 0; i < other.#actors.length; i++) {
      if (other.#counters[i]! > this.get(other.#actors[i]!)) return false;
    }
    return true;
  }

  equals(other: Clock): boolean {
    const { length } = this.#actors;
    if (length !== other.#actors.length) return false;
    for (let i = 0; i < length; i++) {
      if (this.#counters[i] !== other.#counters[i] || this.#actors[i] !== other.#actors[i]) return false;
    }
    return true;
  }

  /** True when the condition holds for an entry. */
  some(holds: (actor: Actor, counter: number) => boolean): boolean {
    for (let i = 0; i < this.#actors.length; i++) if (holds(this.#actors[i]!, this.#counters[i]!)) return true;
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
    this.forEach((actor, counter) => {
      result.raise(actor, Math.min(counter, other.get(actor)));
    });
    return result;
  }

  /** The entries on which both agree exactly. */
  intersection(other: Clock): Clock {
    const result = new Clock();
    this.forEach((actor, counter) => {
      if (other.get(actor) === counter) result.raise(actor, counter);
    });
    return result;
  }

  /** The dot that the next update of the actor gets; the clock does not change. */
  next(actor: Actor): Dot {
    return { actor, counter: this.get(actor) + 1 };
  }

  copy(): Clock {
    const result = new Clock();
    for (let i = 0; i < this.#actors.length; i++) {
      result.#actors.push(this.#actors[i]!);
      result.#counters.push(this.#counters[i]!);
    }
    return result;
  }

  /** Visits the entries in the order of actors. */
  forEach(visit: (actor: Actor, counter: number) => void): void {
    for (let i = 0; i < this.#actors.length; i++) visit(this.#actors[i]!, this.#counters[i]!);
  }

  dots(): Dot[] {
    const result: Dot[] = [];
    this.forEach((actor, counter) => {
      result.push({ actor, counter });
    });
    return result;
  }

  write(writer: ByteWriter): void {
    writer.uint(this.#actors.length);
    this.forEach((actor, counter) => {
      writer.name(actor);
      writer.uint(counter);
    });
  }

  static read(reader: ByteReader): Clock {
    const result = new Clock();
    const count = reader.count("the number of actors in a clock", 2);
    for (let i = 0; i < count; i++) {
      const actor = reader.name("an actor of a clock");
      if (i > 0 && compareText(result.#actors[i - 1]!, actor) >= 0)
        reader.fail("the actors of a clock are not ascending.");
      const counter = reader.uint("a counter of a clock");
      if (counter === 0) reader.fail("a clock holds a counter of zero.");
      result.#actors.push(actor);
      result.#counters.push(counter);
    }
    return result;
  }

  /** Where the actor is, or would be. */
  #find(actor: Actor): number {
    const actors = this.#actors;
    let low = 0;
    let high = actors.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (actors[middle]! < actor) low = middle + 1;
      else high = middle;
    }
    return low;
  }
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
