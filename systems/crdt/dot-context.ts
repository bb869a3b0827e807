/**
 * The causal context: which dots a state has seen, as intervals for each actor (a version vector with exceptions).
 *
 * A replica that gets every update in order holds one interval [1, n] for each actor. Deltas and reordered operations leave
 * gaps, and the gap must be kept: claiming a dot that was never seen would make a later merge read it as "seen and removed"
 * (the causal delta-merging condition of Almeida, Shoker, Baquero 2018, "Delta state replicated data types", is what a plain
 * version vector would need instead).
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, Clock, compareText, type Dot, SCANNED_MAX } from "./clock.ts";

export class DotContext {
  // Invariant: #actors ascends strictly; #ranges[i] is [low, high, low, high, …], each low <= high, and each low at least
  // two above the high before it (touching intervals are one).
  readonly #actors: Actor[] = [];
  readonly #ranges: number[][] = [];

  get isEmpty(): boolean {
    return this.#actors.length === 0;
  }

  has(actor: Actor, counter: number): boolean {
    const ranges = this.#rangesOf(actor);
    if (ranges === null) return false;
    if (counter <= ranges[1]!) return counter >= ranges[0]!;
    const i = firstEndingAt(ranges, counter);
    return i < ranges.length && ranges[i]! <= counter;
  }

  /** True when all dots low to high are here. */
  hasRange(actor: Actor, low: number, high: number): boolean {
    const ranges = this.#rangesOf(actor);
    if (ranges === null) return false;
    const i = firstEndingAt(ranges, high);
    return i < ranges.length && ranges[i]! <= low;
  }

  /** The parts of low to high that are here, as [low, high, low, high, …]. */
  within(actor: Actor, low: number, high: number): number[] {
    const ranges = this.#rangesOf(actor);
    const parts: number[] = [];
    if (ranges === null) return parts;
    for (let i = firstEndingAt(ranges, low); i < ranges.length && ranges[i]! <= high; i += 2) {
      parts.push(Math.max(low, ranges[i]!), Math.min(high, ranges[i + 1]!));
    }
    return parts;
  }

  /** True when a dot is in both. Takes time by the intervals of `other`. */
  intersects(other: DotContext): boolean {
    for (let i = 0; i < other.#actors.length; i++) {
      const mine = this.#rangesOf(other.#actors[i]!);
      if (mine === null) continue;
      const theirs = other.#ranges[i]!;
      for (let j = 0; j < theirs.length; j += 2) {
        const k = firstEndingAt(mine, theirs[j]!);
        if (k < mine.length && mine[k]! <= theirs[j + 1]!) return true;
      }
    }
    return false;
  }

  /** The largest n such that the dots 1 to n of the actor are all here. */
  contiguous(actor: Actor): number {
    const ranges = this.#rangesOf(actor);
    return ranges !== null && ranges[0] === 1 ? ranges[1]! : 0;
  }

  /** The largest counter seen of the actor; 0 for none. */
  max(actor: Actor): number {
    const ranges = this.#rangesOf(actor);
    return ranges === null ? 0 : ranges[ranges.length - 1]!;
  }

  /** The smallest counter seen of the actor; Infinity for none. */
  min(actor: Actor): number {
    return this.#rangesOf(actor)?.[0] ?? Infinity;
  }

  /** The dot that the next update of the actor gets; the context does not change. */
  next(actor: Actor): Dot {
    return { actor, counter: this.max(actor) + 1 };
  }

  /** Returns as `addRange` does. */
  add(actor: Actor, counter: number): boolean {
    return this.addRange(actor, counter, counter);
  }

  /** Adds the dots low to high, both included. Returns true when the gapless start of the actor has grown. */
  addRange(actor: Actor, low: number, high: number): boolean {
    const at = this.#find(actor);
    if (this.#actors[at] !== actor) {
      this.#actors.splice(at, 0, actor);
      this.#ranges.splice(at, 0, [low, high]);
      return low === 1;
    }
    const ranges = this.#ranges[at]!;
    const last = ranges.length - 1;
    if (low > ranges[last]! + 1) {
      ranges.push(low, high);
      return false;
    }
    if (low >= ranges[last - 1]!) {
      if (high <= ranges[last]!) return false;
      ranges[last] = high;
      return last === 1 && ranges[0] === 1;
    }
    const before = ranges[0] === 1 ? ranges[1]! : 0;
    const first = firstEndingAt(ranges, low - 1);
    let end = first;
    let newLow = low;
    let newHigh = high;
    while (end < ranges.length && ranges[end]! <= high + 1) {
      newLow = Math.min(newLow, ranges[end]!);
      newHigh = Math.max(newHigh, ranges[end + 1]!);
      end += 2;
    }
    ranges.splice(first, end - first, newLow, newHigh);
    return ranges[0] === 1 && ranges[1]! > before;
  }

  /** Returns true when the gapless start of some actor has grown. */
  merge(other: DotContext): boolean {
    let hasGrown = false;
    for (let i = 0; i < other.#actors.length; i++) {
      const actor = other.#actors[i]!;
      const ranges = other.#ranges[i]!;
      for (let j = 0; j < ranges.length; j += 2) if (this.addRange(actor, ranges[j]!, ranges[j + 1]!)) hasGrown = true;
    }
    return hasGrown;
  }

  /** True when every dot of the clock is here. */
  covers(clock: Clock): boolean {
    for (const dot of clock.entries) {
      if (this.contiguous(dot.actor) < dot.counter) return false;
    }
    return true;
  }

  /** How many dots are here. */
  count(): number {
    let total = 0;
    this.forEachRange((_actor, low, high) => {
      total += high - low + 1;
    });
    return total;
  }

  /** The version vector inside: the gapless start of each actor. */
  vector(): Clock {
    const clock = new Clock();
    this.forEachRange((actor, low, high) => {
      if (low === 1) clock.raise(actor, high);
    });
    return clock;
  }

  /** Visits the intervals by actor, then ascending. */
  forEachRange(visit: (actor: Actor, low: number, high: number) => void): void {
    for (let i = 0; i < this.#actors.length; i++) {
      const ranges = this.#ranges[i]!;
      for (let j = 0; j < ranges.length; j += 2) visit(this.#actors[i]!, ranges[j]!, ranges[j + 1]!);
    }
  }

  copy(): DotContext {
    const result = new DotContext();
    for (let i = 0; i < this.#actors.length; i++) {
      result.#actors.push(this.#actors[i]!);
      result.#ranges.push(this.#ranges[i]!.slice());
    }
    return result;
  }

  /** For each actor: name, number of intervals, then each as distance from the one before and length - 1. */
  write(writer: ByteWriter): void {
    writer.uint(this.#actors.length);
    for (let i = 0; i < this.#actors.length; i++) {
      const ranges = this.#ranges[i]!;
      writer.name(this.#actors[i]!);
      writer.uint(ranges.length / 2);
      let previous = -1;
      for (let j = 0; j < ranges.length; j += 2) {
        writer.uint(ranges[j]! - previous - 2);
        writer.uint(ranges[j + 1]! - ranges[j]!);
        previous = ranges[j + 1]!;
      }
    }
  }

  static read(reader: ByteReader): DotContext {
    const result = new DotContext();
    const count = reader.count("the number of actors in a context", 4);
    for (let i = 0; i < count; i++) {
      const actor = reader.name("an actor of a context");
      if (i > 0 && compareText(result.#actors[i - 1]!, actor) >= 0)
        reader.fail("the actors of a context are not ascending.");
      const ranges: number[] = [];
      const rangeCount = reader.count("the number of intervals of an actor", 2);
      if (rangeCount === 0) reader.fail("an actor of a context has no interval.");
      let previous = -1;
      for (let j = 0; j < rangeCount; j++) {
        const low = previous + 2 + reader.uint("the start of an interval");
        const high = low + reader.uint("the length of an interval");
        if (!Number.isSafeInteger(high)) reader.fail("an interval of a context ends beyond 2^53 - 1.");
        ranges.push(low, high);
        previous = high;
      }
      result.#actors.push(actor);
      result.#ranges.push(ranges);
    }
    return result;
  }

  #rangesOf(actor: Actor): number[] | null {
    const actors = this.#actors;
    if (actors.length <= SCANNED_MAX) {
      for (let i = 0; i < actors.length; i++) if (actors[i] === actor) return this.#ranges[i]!;
      return null;
    }
    const i = this.#find(actor);
    return this.#actors[i] === actor ? this.#ranges[i]! : null;
  }

  #find(actor: Actor): number {
    const actors = this.#actors;
    let low = 0;
    let high = actors.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (compareText(actors[middle]!, actor) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The index of the first interval whose high is at least `counter`. */
function firstEndingAt(ranges: readonly number[], counter: number): number {
  let low = 0;
  let high = ranges.length / 2;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ranges[middle * 2 + 1]! < counter) low = middle + 1;
    else high = middle;
  }
  return low * 2;
}
