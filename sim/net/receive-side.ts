/**
 * The receiving half of one end of a connection: puts units in order and keeps the bytes until the process reads. No events.
 */

type Early = { readonly length: number; readonly bytes: Uint8Array | null; readonly isFin: boolean };

export class ReceiveSide {
  #expectedSeq = 0;
  /** Units that arrived before one that precedes them, by sequence number. */
  readonly #early: Map<number, Early> = new Map();
  #ready: Uint8Array[] = [];
  #readyBytes = 0;
  #hasFin = false;
  readonly #bytesMax: number;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  get expectedSeq(): number {
    return this.#expectedSeq;
  }

  get windowBytes(): number {
    return this.#bytesMax - this.#readyBytes;
  }

  get readyBytes(): number {
    return this.#readyBytes;
  }

  /** The peer has ended its direction, and all it sent before is here. */
  get hasFin(): boolean {
    return this.#hasFin;
  }

  /** Takes a unit. True when it, or what it completes, is new in order; false for one known, too early or beyond the window. */
  accept(seq: number, length: number, bytes: Uint8Array | null, isFin: boolean): boolean {
    if (seq < this.#expectedSeq) return false;
    // The sender may have more in flight than we have room for only when it breaks the rules of the window.
    if (seq + length > this.#expectedSeq + this.windowBytes + 1) return false;
    if (seq > this.#expectedSeq) {
      this.#early.set(seq, { length, bytes, isFin });
      return false;
    }
    this.#append(length, bytes, isFin);
    for (let next = this.#early.get(this.#expectedSeq); next !== undefined; next = this.#early.get(this.#expectedSeq)) {
      this.#early.delete(this.#expectedSeq);
      this.#append(next.length, next.bytes, next.isFin);
    }
    return true;
  }

  /** All bytes that are ready, as one chunk. */
  read(): Uint8Array {
    const ready = this.#ready;
    this.#ready = [];
    const length = this.#readyBytes;
    this.#readyBytes = 0;
    if (ready.length === 1) return ready[0]!; // length 1
    const merged = new Uint8Array(length);
    let filled = 0;
    for (const chunk of ready) {
      merged.set(chunk, filled);
      filled += chunk.length;
    }
    return merged;
  }

  #append(length: number, bytes: Uint8Array | null, isFin: boolean): void {
    this.#expectedSeq += length;
    if (isFin) this.#hasFin = true;
    if (bytes === null) return;
    this.#ready.push(bytes);
    this.#readyBytes += length;
  }
}
