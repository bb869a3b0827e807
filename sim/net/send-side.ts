/**
 * The sending half of one end of a connection: what waits, what is in flight, how long an answer takes. No events, no I/O.
 */

/** Something that takes sequence numbers and is sent again until it is acknowledged; its bounds never change. */
export type Unit = {
  readonly kind: "syn" | "data" | "fin";
  readonly seq: number;
  readonly length: number;
  readonly bytes: Uint8Array | null;
  readonly sentUs: number;
  isRetransmitted: boolean;
};

export class SendSide {
  /** Copies of what was written and has not been sent; the first one from #unsentStart on. */
  #unsent: Uint8Array[] = [];
  #unsentStart = 0;
  #unsentBytes = 0;
  #inFlight: Unit[] = [];
  #inFlightBytes = 0;
  #nextSeq = 0;
  /** Everything below is acknowledged. Invariant: #ackedSeq <= #nextSeq. */
  #ackedSeq = 0;
  /** The peer takes data below this sequence number. */
  #limitSeq = 0;
  #isEnding = false;
  #isFinSent = false;
  /** Smoothed round trip and its variation, RFC 6298; 0 before the first sample. */
  #roundTripUs = 0;
  #variationUs = 0;

  get bufferedBytes(): number {
    return this.#unsentBytes + this.#inFlightBytes;
  }

  get oldest(): Unit | undefined {
    return this.#inFlight[0];
  }

  get nextSeq(): number {
    return this.#nextSeq;
  }

  get ackedSeq(): number {
    return this.#ackedSeq;
  }

  get isFinSent(): boolean {
    return this.#isFinSent;
  }

  get isFinAcked(): boolean {
    return this.#isFinSent && this.#inFlight.length === 0;
  }

  get isEnding(): boolean {
    return this.#isEnding;
  }

  /** There is data, nothing is in flight, and the peer's window is closed: only a probe can find out when it opens. */
  get isWindowClosed(): boolean {
    return this.#unsentBytes > 0 && this.#inFlight.length === 0 && this.#nextSeq >= this.#limitSeq;
  }

  /** How long to wait for an acknowledgement before sending again (RFC 6298, without its bounds). */
  get patienceUs(): number {
    return this.#roundTripUs + 4 * this.#variationUs;
  }

  /** Copies the bytes: the writer may use its array again. */
  queue(bytes: Uint8Array): void {
    this.#unsent.push(bytes.slice());
    this.#unsentBytes += bytes.length;
  }

  /** No more data will be queued; a FIN follows what is. */
  end(): void {
    this.#isEnding = true;
  }

  syn(nowUs: number): Unit {
    return this.#launch("syn", 1, null, nowUs);
  }

  /** The next data or FIN that may go now; null when there is none. `cut` may shorten a piece of the given length. */
  next(bytesMax: number, cut: (length: number) => number, nowUs: number): Unit | null {
    const room = this.#limitSeq - this.#nextSeq;
    if (this.#unsentBytes > 0) {
      const length = Math.min(bytesMax, room, this.#unsentBytes);
      if (length <= 0) return null;
      const bytes = this.#take(length === 1 ? 1 : cut(length));
      this.#inFlightBytes += bytes.length;
      return this.#launch("data", bytes.length, bytes, nowUs);
    }
    if (!this.#isEnding || this.#isFinSent) return null;
    this.#isFinSent = true;
    return this.#launch("fin", 1, null, nowUs);
  }

  /** Takes an acknowledgement; true when it covers something new. */
  acknowledge(ack: number, windowBytes: number, nowUs: number): boolean {
    if (ack > this.#nextSeq || ack < this.#ackedSeq) return false;
    this.#limitSeq = Math.max(this.#limitSeq, ack + windowBytes);
    if (ack === this.#ackedSeq) return false;
    this.#ackedSeq = ack;
    let covered = 0;
    while (covered < this.#inFlight.length) {
      const unit = this.#inFlight[covered]!; // covered < length
      if (unit.seq + unit.length > ack) break;
      if (unit.kind === "data") this.#inFlightBytes -= unit.length;
      // Karn's rule: a unit that was sent twice tells nothing about the round trip.
      if (!unit.isRetransmitted) this.#sample(nowUs - unit.sentUs);
      covered++;
    }
    this.#inFlight.splice(0, covered);
    return true;
  }

  #launch(kind: Unit["kind"], length: number, bytes: Uint8Array | null, nowUs: number): Unit {
    const unit: Unit = { kind, seq: this.#nextSeq, length, bytes, sentUs: nowUs, isRetransmitted: false };
    this.#nextSeq += length;
    this.#inFlight.push(unit);
    return unit;
  }

  /** The next `length` unsent bytes, out of as many writes as it takes. */
  #take(length: number): Uint8Array {
    this.#unsentBytes -= length;
    const first = this.#unsent[0]!; // length <= #unsentBytes
    if (first.length === length && this.#unsentStart === 0) {
      this.#unsent.shift();
      return first;
    }
    if (first.length - this.#unsentStart > length) {
      const start = this.#unsentStart;
      this.#unsentStart += length;
      return first.subarray(start, start + length);
    }
    const taken = new Uint8Array(length);
    let filled = 0;
    let used = 0;
    while (filled < length) {
      const chunk = this.#unsent[used]!; // the sum of the chunks is #unsentBytes
      const piece = chunk.subarray(this.#unsentStart, this.#unsentStart + length - filled);
      taken.set(piece, filled);
      filled += piece.length;
      this.#unsentStart += piece.length;
      if (this.#unsentStart < chunk.length) break;
      used++;
      this.#unsentStart = 0;
    }
    this.#unsent.splice(0, used);
    return taken;
  }

  #sample(roundTripUs: number): void {
    if (this.#roundTripUs === 0) {
      this.#roundTripUs = roundTripUs;
      this.#variationUs = Math.floor(roundTripUs / 2);
      return;
    }
    const deviationUs = Math.abs(this.#roundTripUs - roundTripUs);
    this.#variationUs = Math.floor((3 * this.#variationUs + deviationUs) / 4);
    this.#roundTripUs = Math.floor((7 * this.#roundTripUs + roundTripUs) / 8);
  }
}
