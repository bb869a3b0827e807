/**
 * What one node has had of each origin: how many copies of each packet were handed over, so that there are never more than there may be.
 *
 * Numbers of an origin's boot are remembered within a window; what falls below it is too old to be told from a copy, and dropped.
 */
import type { PacketName } from "./message.ts";

export type LedgerOptions = { readonly windowMax: number; readonly forgetUs: number };

type Window = {
  /** Copies seen, by number; oldest first, at most windowMax. */
  readonly copies: Map<number, number>;
  /** Numbers up to this one fell out of the window. */
  low: number;
  lastUs: number;
};

export class Ledger {
  readonly #options: LedgerOptions;
  readonly #windows: Map<string, Window> = new Map();

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /** True also for what is too old to be known. */
  has(name: PacketName): boolean {
    const window = this.#windows.get(keyOf(name));
    return window !== undefined && (name.number <= window.low || window.copies.has(name.number));
  }

  /** Counts a copy; returns how many there were before, or null for one that is too old. */
  count(name: PacketName, nowUs: number): number | null {
    const key = keyOf(name);
    let window = this.#windows.get(key);
    if (window === undefined) this.#windows.set(key, (window = { copies: new Map(), low: 0, lastUs: nowUs }));
    window.lastUs = nowUs;
    const { number } = name;
    if (number <= window.low) return null;
    const before = window.copies.get(number) ?? 0;
    window.copies.set(number, before + 1);
    if (window.copies.size > this.#options.windowMax) {
      const oldest = window.copies.keys().next().value!; // it is not empty
      window.copies.delete(oldest);
      window.low = Math.max(window.low, oldest);
    }
    return before;
  }

  /** Forgets origins that were silent for long. */
  forget(nowUs: number): void {
    for (const [key, { lastUs }] of this.#windows) {
      if (nowUs - lastUs > this.#options.forgetUs) this.#windows.delete(key);
    }
  }
}

function keyOf({ origin, boot }: PacketName): string {
  return `${origin}#${boot}`;
}
