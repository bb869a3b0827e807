/**
 * The deltas of one replica's own updates, kept until every peer has acknowledged them, within bounds.
 *
 * Numbers count the updates of this boot. What was dropped before a peer had it makes that peer need the whole state. A peer that may
 * have lost its disk is forgotten, and needs the whole state too, or proof by digest that it still has it.
 */
import type { CrdtType } from "../crdt.ts";

export type DeltaLogOptions = {
  readonly peers: readonly string[];
  /** How many deltas are kept for peers that do not answer. */
  readonly countMax: number;
};

/** What a peer needs next: nothing; deltas joined, up to a number; or the whole state, which also brings it up to a number. */
export type Need<S> =
  | { readonly kind: "nothing" }
  | { readonly kind: "delta"; readonly delta: S; readonly through: number }
  | { readonly kind: "state"; readonly through: number };

type Entry<S> = { readonly delta: S; readonly bytes: number };

export class DeltaLog<S, O> {
  readonly #type: CrdtType<S, O>;
  readonly #options: DeltaLogOptions;
  // Invariant: entry i has the number #first + i; every number below #first was acknowledged by all, or dropped.
  #entries: Entry<S>[] = [];
  #first = 1;
  /** Null: the peer needs the whole state. */
  readonly #acked: Map<string, number | null>;

  constructor(type: CrdtType<S, O>, options: DeltaLogOptions) {
    this.#type = type;
    this.#options = options;
    this.#acked = new Map(options.peers.map((peer) => [peer, null]));
  }

  /** The number of the last delta; 0 when there was none. */
  get last(): number {
    return this.#first + this.#entries.length - 1;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Adds a delta of `bytes` encoded bytes; returns its number. The oldest goes when there are too many. */
  append(delta: S, bytes: number): number {
    this.#entries.push({ delta, bytes });
    if (this.#entries.length > this.#options.countMax) this.#drop(1);
    return this.last;
  }

  /** The peer has everything up to this number. */
  acknowledge(peer: string, through: number): void {
    const before = this.#acked.get(peer);
    if (before === undefined) return;
    this.#acked.set(peer, Math.max(before ?? 0, Math.min(through, this.last)));
    const acked = [...this.#acked.values()].map((number) => number ?? this.#first - 1);
    this.#drop(Math.max(0, Math.min(...acked) - this.#first + 1));
  }

  /** The peer may have lost what it had. */
  forget(peer: string): void {
    if (this.#acked.has(peer)) this.#acked.set(peer, null);
  }

  /** How many peers have everything up to this number. */
  countAcked(through: number): number {
    let count = 0;
    for (const number of this.#acked.values()) if (number !== null && number >= through) count += 1;
    return count;
  }

  /** Joins deltas until their encoded sizes reach the budget; one at least. */
  needOf(peer: string, bytesMax: number): Need<S> {
    const acked = this.#acked.get(peer);
    if (acked === undefined || acked === this.last) return { kind: "nothing" };
    if (acked === null || acked + 1 < this.#first) return { kind: "state", through: this.last };
    const delta = this.#type.create();
    let through = acked;
    let bytes = 0;
    while (through < this.last) {
      const next = this.#entries[through + 1 - this.#first]!; // acked + 1 >= #first, so it is kept
      if (bytes > 0 && bytes + next.bytes > bytesMax) break;
      this.#type.merge(delta, next.delta);
      bytes += next.bytes;
      through += 1;
    }
    return { kind: "delta", delta, through };
  }

  #drop(count: number): void {
    this.#entries = this.#entries.slice(count);
    this.#first += count;
  }
}
