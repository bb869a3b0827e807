/**
 * Contents: which updates a replica holds, as intervals of counters for each actor. The record type of all CRDT checkers.
 *
 * An update is named by (actor, counter) for ever; the naming is the recorder's own and need not be the dots of the type under
 * test. As JSON: { "n1.1": 12, "n2.1": [1, 3, 5, 9] } holds 1 to 12 of n1.1, and 1 to 3 and 5 to 9 of n2.1.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";

export type UpdateId = { readonly actor: string; readonly counter: number };

/** Invariant of each list: low, high, low, high, …, ascending, no two intervals touching. */
export type Contents = ReadonlyMap<string, readonly number[]>;

/** Throws HistoryError for anything that is no contents. */
export function parseContents(json: PlainJson): Contents {
  if (json === null || typeof json !== "object" || Array.isArray(json)) throw malformed(json);
  const contents = new Map<string, readonly number[]>();
  for (const [actor, held] of Object.entries(json)) {
    const intervals: PlainJson[] = typeof held === "number" ? [1, held] : Array.isArray(held) ? [...held] : [];
    if (intervals.length === 0 || intervals.length % 2 !== 0) throw malformed(json);
    let before = -1;
    intervals.forEach((bound, i) => {
      const least = i % 2 === 1 ? before : before + 2;
      if (typeof bound !== "number" || !Number.isSafeInteger(bound) || bound < Math.max(1, least))
        throw malformed(json);
      before = bound;
    });
    contents.set(actor, intervals as number[]);
  }
  return contents;
}

function malformed(json: PlainJson): HistoryError {
  return new HistoryError(0, "counters or ascending intervals by actor", show(json));
}

export function holds(contents: Contents, id: UpdateId): boolean {
  const intervals = contents.get(id.actor);
  if (intervals === undefined) return false;
  for (let i = 0; i < intervals.length; i += 2) {
    if (id.counter <= intervals[i + 1]!) return id.counter >= intervals[i]!;
  }
  return false;
}

/** True when everything in `part` is in `whole`. */
export function covers(whole: Contents, part: Contents): boolean {
  return firstMissing(whole, part) === null;
}

/** An update of `part` that `whole` does not hold; null when it holds all. */
export function firstMissing(whole: Contents, part: Contents): UpdateId | null {
  for (const [actor, intervals] of part) {
    const mine = whole.get(actor) ?? [];
    let j = 0;
    for (let i = 0; i < intervals.length; i += 2) {
      const [low, high] = [intervals[i]!, intervals[i + 1]!];
      while (j < mine.length && mine[j + 1]! < low) j += 2;
      if (j >= mine.length || mine[j]! > low) return { actor, counter: low };
      // Intervals never touch, so what one of mine does not cover up to its end is missing.
      if (mine[j + 1]! < high) return { actor, counter: mine[j + 1]! + 1 };
    }
  }
  return null;
}

/** Adds to `contents` what the other holds. */
export function uniteInto(contents: Map<string, readonly number[]>, other: Contents): void {
  for (const [actor, intervals] of other) {
    const mine = contents.get(actor);
    if (mine === undefined) contents.set(actor, intervals);
    else if (mine.length === 2 && intervals.length === 2 && mine[0] === intervals[0]) {
      if (intervals[1]! > mine[1]!) contents.set(actor, intervals);
    } else contents.set(actor, uniteIntervals(mine, intervals));
  }
}

function uniteIntervals(a: readonly number[], b: readonly number[]): number[] {
  const pairs: [number, number][] = [];
  for (const list of [a, b]) for (let i = 0; i < list.length; i += 2) pairs.push([list[i]!, list[i + 1]!]);
  pairs.sort((x, y) => x[0] - y[0] || x[1] - y[1]);
  const result: number[] = [];
  for (const [low, high] of pairs) {
    const end = result.length - 1;
    if (end > 0 && low <= result[end]! + 1) result[end] = Math.max(result[end]!, high);
    else result.push(low, high);
  }
  return result;
}

/** Equal for equal contents, whatever the order of actors. */
export function keyOfContents(contents: Contents): string {
  const names = [...contents.keys()].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  return names.map((actor) => `${actor}:${contents.get(actor)!.join()}`).join(" ");
}

export function sizeOfContents(contents: Contents): number {
  let size = 0;
  for (const intervals of contents.values()) {
    for (let i = 0; i < intervals.length; i += 2) size += intervals[i + 1]! - intervals[i]! + 1;
  }
  return size;
}

export function nameOf(id: UpdateId): string {
  return `${id.actor}/${id.counter}`;
}
