/**
 * Operations that came before something they depend on: they wait here, at most `countMax` of them, until it is there.
 *
 * Causal delivery after Birman, Schiper, Stephenson 1991, "Lightweight causal and atomic group multicast". What does not fit is
 * dropped and comes again by retransmission.
 */
import type { Actor, Clock } from "../clock.ts";
import type { OperationRecord } from "./record.ts";

export class HoldBack {
  readonly #countMax: number;
  /** By actor and number, in the order of arrival. */
  readonly #waiting: Map<Actor, Map<number, OperationRecord>> = new Map();
  #size = 0;

  constructor(countMax: number) {
    this.#countMax = countMax;
  }

  get size(): number {
    return this.#size;
  }

  /** False when there is no room. */
  add(record: OperationRecord): boolean {
    const own = this.#waiting.get(record.actor) ?? new Map<number, OperationRecord>();
    if (own.has(record.sequence)) return true;
    if (this.#size >= this.#countMax) return false;
    own.set(record.sequence, record);
    this.#waiting.set(record.actor, own);
    this.#size += 1;
    return true;
  }

  /** Takes out one operation that can be delivered on `seen`, null when there is none. Forgets those that `seen` contains. */
  takeReady(seen: Clock): OperationRecord | null {
    for (const [actor, own] of this.#waiting) {
      const have = seen.get(actor);
      for (const sequence of own.keys()) if (sequence <= have) this.#delete(actor, own, sequence);
      const next = own.get(have + 1);
      if (next === undefined || !seen.covers(next.needs)) continue;
      this.#delete(actor, own, next.sequence);
      return next;
    }
    return null;
  }

  clear(): void {
    this.#waiting.clear();
    this.#size = 0;
  }

  #delete(actor: Actor, own: Map<number, OperationRecord>, sequence: number): void {
    own.delete(sequence);
    this.#size -= 1;
    if (own.size === 0) this.#waiting.delete(actor);
  }
}

/** Whether an operation can be delivered on `seen`: it is the next of its actor, and all it has seen is there. */
export function isDeliverable(record: OperationRecord, seen: Clock): boolean {
  return record.sequence === seen.get(record.actor) + 1 && seen.covers(record.needs);
}
