/**
 * Whole states in pieces: a state larger than the budget of a round goes over several rounds, at the pace of the receiver.
 *
 * The receiver asks ("want") for the bytes from an offset on; the sender keeps one frozen encoding for each peer and answers with one
 * piece that fits the rest of its budget. Lost pieces are asked for again in the receiver's next round. A transfer that nobody asks for any more is
 * dropped after `IDLE_ROUNDS_MAX` rounds on either side. Piece by piece a transfer is always of one encoding: its number is new each
 * time, and the boots of both sides are in the header of every message.
 */
import type { Part } from "./message.ts";

const IDLE_ROUNDS_MAX = 8;

type Outgoing = { readonly transfer: number; readonly bytes: Uint8Array; idleRounds: number };

/** Transfers to peers. */
export class Outbox {
  readonly #transfers: Map<string, Outgoing> = new Map();
  #last = 0;

  /** Starts a transfer in place of an older one to this peer; returns its number. */
  begin(peer: string, bytes: Uint8Array): number {
    this.#last += 1;
    this.#transfers.set(peer, { transfer: this.#last, bytes, idleRounds: 0 });
    return this.#last;
  }

  /** The piece from `offset` on, of at most `bytesMax` bytes; null when there is no such transfer or the budget is spent. */
  piece(peer: string, transfer: number, offset: number, bytesMax: number): Part | null {
    const found = this.#transfers.get(peer);
    if (found === undefined || found.transfer !== transfer || offset >= found.bytes.length || bytesMax <= 0)
      return null;
    found.idleRounds = 0;
    const bytes = found.bytes.slice(offset, offset + bytesMax);
    return { type: "part", transfer, offset, total: found.bytes.length, bytes };
  }

  has(peer: string, transfer: number): boolean {
    return this.#transfers.get(peer)?.transfer === transfer;
  }

  isSending(peer: string): boolean {
    return this.#transfers.has(peer);
  }

  /** The peer has booted again. */
  forget(peer: string): void {
    this.#transfers.delete(peer);
  }

  endRound(): void {
    for (const [peer, transfer] of this.#transfers) {
      transfer.idleRounds += 1;
      if (transfer.idleRounds > IDLE_ROUNDS_MAX) this.#transfers.delete(peer);
    }
  }
}

type Incoming = {
  readonly transfer: number;
  readonly total: number;
  readonly parts: Uint8Array[];
  length: number;
  idleRounds: number;
};

/** Transfers from peers, one each, of at most `bytesMax` bytes. */
export class Inbox {
  readonly #transfers: Map<string, Incoming> = new Map();
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Adds a piece; returns all bytes once they are whole. Pieces out of order are dropped: they will be asked for. */
  add(peer: string, part: Part): Uint8Array | null {
    if (part.total > this.#bytesMax) return null;
    let found = this.#transfers.get(peer);
    if (found === undefined || found.transfer < part.transfer) {
      found = { transfer: part.transfer, total: part.total, parts: [], length: 0, idleRounds: 0 };
      this.#transfers.set(peer, found);
    }
    if (found.transfer !== part.transfer || part.offset !== found.length || part.total !== found.total) return null;
    found.parts.push(part.bytes);
    found.length += part.bytes.length;
    found.idleRounds = 0;
    if (found.length < found.total) return null;
    this.#transfers.delete(peer);
    return concatenate(found.parts, found.total);
  }

  /** Where to go on with each transfer that is not whole, for the next round. */
  endRound(): { readonly peer: string; readonly transfer: number; readonly offset: number }[] {
    const unfinished: { readonly peer: string; readonly transfer: number; readonly offset: number }[] = [];
    for (const [peer, found] of this.#transfers) {
      found.idleRounds += 1;
      if (found.idleRounds > IDLE_ROUNDS_MAX) this.#transfers.delete(peer);
      else unfinished.push({ peer, transfer: found.transfer, offset: found.length });
    }
    return unfinished;
  }

  /** What the transfer of a peer lacks; null when there is none. */
  next(peer: string): { readonly transfer: number; readonly offset: number } | null {
    const found = this.#transfers.get(peer);
    return found === undefined ? null : { transfer: found.transfer, offset: found.length };
  }

  get isBusy(): boolean {
    return this.#transfers.size > 0;
  }

  forget(peer: string): void {
    this.#transfers.delete(peer);
  }
}

function concatenate(parts: readonly Uint8Array[], length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}
