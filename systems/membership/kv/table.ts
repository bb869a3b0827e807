/** The entries of one node, in the order in which they last changed here: what anti-entropy counts by. */
import type { KvEntry } from "./entry.ts";

export class EntryTable {
  // Insertion order is the order of `change`.
  readonly #entries: Map<string, { readonly entry: KvEntry; readonly change: number }> = new Map();
  #last = 0;

  /** The number of the last change; 0 when there was none. Numbers are of this boot. */
  get lastChange(): number {
    return this.#last;
  }

  get(key: string): KvEntry | undefined {
    return this.#entries.get(key)?.entry;
  }

  put(entry: KvEntry): void {
    this.#last += 1;
    this.#entries.delete(entry.key);
    this.#entries.set(entry.key, { entry, change: this.#last });
  }

  /** Keys that changed after that change, the oldest first. */
  changedAfter(change: number): string[] {
    return [...this.#entries].filter(([, one]) => one.change > change).map(([key]) => key);
  }

  /** Sorted. */
  keys(prefix: string): string[] {
    const found = [...this.#entries.keys()].filter((key) => key.startsWith(prefix));
    return found.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
  }

  entries(): KvEntry[] {
    return [...this.#entries.values()].map(({ entry }) => entry);
  }
}
