/**
 * The deltas of one replica's own updates, kept until every peer has acknowledged them, within bounds.
 *
 * Sending runs ahead of acknowledgements: each round offers what is new. What is not acknowledged within `RETRY_ROUNDS` rounds, or was
 * refused because of a gap before it, is offered again from the last acknowledgement on. What was dropped before a peer had it makes
 * that peer need the whole state.
 */
import type { CrdtType } from "../crdt.ts";

const RETRY_ROUNDS = 3;

export type DeltaLogOptions = {
  readonly peers: readonly string[];
  /** How many deltas are kept for peers that do not answer. */
  readonly countMax: number;
  /** The number of the last update before this log: 0 for an actor that begins. */
  readonly after: number;
};

/** What to send to a peer next: nothing; updates `from` to `through`, joined; or the whole state. */
export type Need<S> =
  | { readonly kind: "nothing" }
  | { readonly kind: "delta"; readonly delta: S; readonly from: number; readonly through: number }
  | { readonly kind: "state" };

type Entry<S> = { readonly delta: S; readonly bytes: number };
/** Invariant: acked <= sent <= last. */
type Progress = { acked: number; sent: number; quietRounds: number };

export class DeltaLog<S, O> {
  readonly #type: CrdtType<S, O>;
  readonly #countMax: number;
  // Invariant: entry i has the number #first + i; every number below #first was acknowledged by all, or dropped.
  #entries: Entry<S>[] = [];
  #first: number;
  readonly #peers: Map<string, Progress>;

  constructor(type: CrdtType<S, O>, options: DeltaLogOptions) {
    this.#type = type;
    this.#countMax = options.countMax;
    this.#first = options.after + 1;
    this.#peers = new Map(options.peers.map((peer) => [peer, { acked: 0, sent: 0, quietRounds: 0 }]));
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
    if (this.#entries.length > this.#countMax) this.#drop(1);
    return this.last;
  }

  /** The peer has everything up to this number. Returns how far it was known to be before. */
  acknowledge(peer: string, through: number): number {
    const progress = this.#peers.get(peer);
    if (progress === undefined) return through;
    const before = progress.acked;
    if (through > before) {
      progress.acked = Math.min(through, this.last);
      progress.sent = Math.max(progress.sent, progress.acked);
      progress.quietRounds = 0;
      let least = this.last;
      for (const { acked } of this.#peers.values()) least = Math.min(least, acked);
      this.#drop(least - this.#first + 1);
    }
    return before;
  }

  /** The peer has booted again: it may have lost what it had, and acknowledges anew. */
  forget(peer: string): void {
    const progress = this.#peers.get(peer);
    if (progress !== undefined) Object.assign(progress, { acked: 0, sent: 0, quietRounds: 0 });
  }

  /** The peer has missed something: what is not acknowledged will be offered again. */
  rewind(peer: string): void {
    const progress = this.#peers.get(peer);
    if (progress !== undefined) progress.sent = progress.acked;
  }

  /** How many peers have everything up to this number. */
  countAcked(through: number): number {
    let count = 0;
    for (const { acked } of this.#peers.values()) if (acked >= through) count += 1;
    return count;
  }

  /** Joins deltas up to the number `limit` until their encoded sizes reach the budget; one at least. They count as sent. */
  take(peer: string, bytesMax: number, limit: number): Need<S> {
    const progress = this.#peers.get(peer);
    if (progress === undefined || progress.sent >= limit) return { kind: "nothing" };
    if (progress.sent + 1 < this.#first) return { kind: "state" };
    const delta = this.#type.create();
    const from = progress.sent + 1;
    let bytes = 0;
    while (progress.sent < limit) {
      const next = this.#entries[progress.sent + 1 - this.#first]!; // #first <= sent + 1 <= limit <= last
      if (bytes > 0 && bytes + next.bytes > bytesMax) break;
      this.#type.merge(delta, next.delta);
      bytes += next.bytes;
      progress.sent += 1;
    }
    return { kind: "delta", delta, from, through: progress.sent };
  }

  /** True when the log can still bring the peer everything from update `from` on. */
  covers(from: number): boolean {
    return from >= this.#first;
  }

  endRound(): void {
    for (const progress of this.#peers.values()) {
      if (progress.sent === progress.acked) progress.quietRounds = 0;
      else if (++progress.quietRounds >= RETRY_ROUNDS) {
        progress.sent = progress.acked;
        progress.quietRounds = 0;
      }
    }
  }

  #drop(count: number): void {
    if (count <= 0) return;
    this.#entries = this.#entries.slice(count);
    this.#first += count;
  }
}
