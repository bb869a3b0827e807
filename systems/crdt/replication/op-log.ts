/**
 * Operations delivered here, own and foreign, kept for peers until all have acknowledged them, within bounds.
 *
 * The order of the log is one in which everything can be delivered. Own operations are offered at once, foreign ones only after
 * `RELAY_ROUNDS` rounds in which the peer did not get them: normally their maker sends them, but it may be gone. Sending
 * runs ahead of acknowledgements, and goes back to them after `RETRY_ROUNDS` silent rounds or a reported gap.
 */
import { type Actor, Clock } from "../clock.ts";
import type { OperationRecord } from "./record.ts";

const RELAY_ROUNDS = 4;
const RETRY_ROUNDS = 3;

export type OpLogOptions = {
  readonly peers: readonly string[];
  readonly own: Actor;
  /** How many operations are kept for peers that do not answer. */
  readonly countMax: number;
};

type Entry = { readonly record: OperationRecord; readonly bytes: number; readonly round: number };
/** Invariant: what `known` covers the peer has durably; `sent` was sent since the last going back. */
type Progress = { known: Clock; sent: Clock; quietRounds: number };

export class OpLog {
  readonly #options: OpLogOptions;
  // Invariant: a delivery order. Of each actor the operations from #firsts on are here, gapless up to the newest.
  #entries: Entry[] = [];
  readonly #firsts: Map<Actor, { first: number; last: number }> = new Map();
  readonly #peers: Map<string, Progress>;
  #round = 0;

  constructor(options: OpLogOptions) {
    this.#options = options;
    this.#peers = new Map(
      options.peers.map((peer) => [peer, { known: new Clock(), sent: new Clock(), quietRounds: 0 }]),
    );
  }

  get size(): number {
    return this.#entries.length;
  }

  /** Adds an operation that was just delivered, of `bytes` encoded bytes. The oldest goes when there are too many. */
  append(record: OperationRecord, bytes: number): void {
    this.#entries.push({ record, bytes, round: this.#round });
    const range = this.#firsts.get(record.actor);
    // After a whole state, operations may follow that the state held and the log did not.
    if (range === undefined || range.last + 1 !== record.sequence)
      this.#firsts.set(record.actor, { first: record.sequence, last: record.sequence });
    else range.last = record.sequence;
    if (this.#entries.length > this.#options.countMax) this.#drop(1);
  }

  /** The peer holds this durably. Returns what it was known to hold before. */
  acknowledge(peer: string, durable: Clock): Clock {
    const progress = this.#peers.get(peer);
    if (progress === undefined) return durable;
    const before = progress.known.copy();
    if (before.covers(durable)) return before;
    progress.known.merge(durable);
    progress.quietRounds = 0;
    this.#dropKnown();
    return before;
  }

  /** The peer has booted again, and acknowledges anew. */
  forget(peer: string): void {
    const progress = this.#peers.get(peer);
    if (progress !== undefined) Object.assign(progress, { known: new Clock(), sent: new Clock(), quietRounds: 0 });
  }

  /** The peer has missed something. */
  rewind(peer: string): void {
    const progress = this.#peers.get(peer);
    if (progress !== undefined) Object.assign(progress, { sent: new Clock(), quietRounds: 0 });
  }

  /** How many peers hold the operation durably. */
  countAcked({ actor, sequence }: { readonly actor: Actor; readonly sequence: number }): number {
    let count = 0;
    for (const { known } of this.#peers.values()) if (known.get(actor) >= sequence) count += 1;
    return count;
  }

  /**
   * Operations that the peer lacks, in delivery order, until their encoded sizes reach the budget; one at least. Own ones only up to
   * the number `ownMax`. They count as sent.
   */
  take(
    peer: string,
    bytesMax: number,
    ownMax: number,
  ): { readonly entries: OperationRecord[]; readonly bytes: number } {
    const entries: OperationRecord[] = [];
    let bytes = 0;
    const progress = this.#peers.get(peer);
    if (progress === undefined) return { entries, bytes };
    const { known, sent } = progress;
    for (const entry of this.#entries) {
      const { actor, sequence } = entry.record;
      const isOwn = actor === this.#options.own;
      if (sequence <= Math.max(known.get(actor), sent.get(actor))) continue;
      if (isOwn ? sequence > ownMax : entry.round + RELAY_ROUNDS > this.#round) continue;
      if (bytes > 0 && bytes + entry.bytes > bytesMax) break;
      entries.push(entry.record);
      bytes += entry.bytes;
      sent.raise(actor, sequence);
    }
    return { entries, bytes };
  }

  /** Whether the peer lacks something of `seen` that this log does not hold, so that only a whole state can bring it. */
  needsState(peer: string, seen: Clock): boolean {
    const known = this.#peers.get(peer)?.known;
    if (known === undefined) return false;
    return seen.some((actor, count) => {
      const next = known.get(actor) + 1;
      if (next > count) return false;
      const range = this.#firsts.get(actor);
      return range === undefined || next < range.first;
    });
  }

  endRound(): void {
    this.#round += 1;
    this.#dropKnown(); // peers may have acknowledged an operation before it came here
    for (const progress of this.#peers.values()) {
      if (progress.known.covers(progress.sent)) progress.quietRounds = 0;
      else if (++progress.quietRounds >= RETRY_ROUNDS) Object.assign(progress, { sent: new Clock(), quietRounds: 0 });
    }
  }

  #dropKnown(): void {
    const isEverywhere = ({ record }: Entry): boolean => this.countAcked(record) === this.#peers.size;
    let count = 0;
    while (count < this.#entries.length && isEverywhere(this.#entries[count]!)) count += 1;
    this.#drop(count);
  }

  #drop(count: number): void {
    if (count === 0) return;
    for (const { record } of this.#entries.slice(0, count)) {
      const range = this.#firsts.get(record.actor)!; // every entry lies in or before the range of its actor
      if (record.sequence < range.first) continue;
      if (record.sequence === range.last) this.#firsts.delete(record.actor);
      else range.first = record.sequence + 1;
    }
    this.#entries = this.#entries.slice(count);
  }
}
