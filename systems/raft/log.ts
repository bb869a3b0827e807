/**
 * The log in memory: a window of entries that follows a base (what the last compaction or snapshot covers).
 *
 * Knows nothing of terms' meaning, of commits or of disks; the core decides what may be truncated.
 */
import type { Entry } from "./message.ts";

/** The term of an index that the log does not hold. Real terms are 0 (before the first entry) or more. */
export const UNKNOWN_TERM: number = -1;

export class RaftLog {
  // Invariant: #entries[i].index === #baseIndex + 1 + i, and terms never decrease.
  #entries: Entry[] = [];
  #baseIndex: number;
  #baseTerm: number;

  constructor(base: { readonly index: number; readonly term: number }, entries: readonly Entry[]) {
    this.#baseIndex = base.index;
    this.#baseTerm = base.term;
    for (const entry of entries) this.append(entry);
  }

  /** The last index that was compacted away; 0 at the beginning. */
  get baseIndex(): number {
    return this.#baseIndex;
  }

  get baseTerm(): number {
    return this.#baseTerm;
  }

  get lastIndex(): number {
    return this.#baseIndex + this.#entries.length;
  }

  get lastTerm(): number {
    const { length } = this.#entries;
    return length === 0 ? this.#baseTerm : this.#entries[length - 1]!.term;
  }

  /** UNKNOWN_TERM below the base and above the end. */
  termAt(index: number): number {
    const offset = index - this.#baseIndex - 1;
    if (offset === -1) return this.#baseTerm;
    return offset < 0 || offset >= this.#entries.length ? UNKNOWN_TERM : this.#entries[offset]!.term;
  }

  /** The entry at an index within the window; throws RangeError outside. */
  at(index: number): Entry {
    const entry = this.#entries[index - this.#baseIndex - 1];
    if (entry === undefined) {
      throw new RangeError(`The log holds entries ${this.#baseIndex + 1} to ${this.lastIndex}, not ${index}.`);
    }
    return entry;
  }

  /** Entries from `from` to `to`, both included and within the window. */
  slice(from: number, to: number): readonly Entry[] {
    return this.#entries.slice(from - this.#baseIndex - 1, to - this.#baseIndex);
  }

  append(entry: Entry): void {
    if (entry.index !== this.lastIndex + 1) {
      throw new RangeError(`Entry ${entry.index} cannot follow entry ${this.lastIndex}.`);
    }
    this.#entries.push(entry);
  }

  /** Removes `from` and everything after it. */
  truncateFrom(from: number): void {
    this.#entries.length = from - this.#baseIndex - 1;
  }

  /** Forgets everything up to `index`, which has to be within the window. */
  compactTo(index: number): void {
    const term = this.termAt(index);
    if (term === UNKNOWN_TERM)
      throw new RangeError(`Index ${index} is outside of the log, which cannot be compacted to it.`);
    this.#entries.splice(0, index - this.#baseIndex);
    this.#baseIndex = index;
    this.#baseTerm = term;
  }

  /** Replaces the whole log by what a snapshot covers. */
  reset(base: { readonly index: number; readonly term: number }): void {
    this.#entries = [];
    this.#baseIndex = base.index;
    this.#baseTerm = base.term;
  }

  /** The election restriction (paper, section 5.4.1): is a log that ends there at least as up to date as this one? */
  isCoveredBy(lastTerm: number, lastIndex: number): boolean {
    return lastTerm > this.lastTerm || (lastTerm === this.lastTerm && lastIndex >= this.lastIndex);
  }

  /**
   * The largest index, not above `index`, whose term is at most `term`: where two logs could agree at best. Skips a
   * whole conflicting term at once (paper, end of section 5.3). An index below the base says that the log cannot tell.
   */
  lastAtMostTerm(index: number, term: number): number {
    let at = Math.min(index, this.lastIndex);
    // Ends below the base at the latest, where the term is unknown.
    while (this.termAt(at) > term) at -= 1;
    return at;
  }
}
