/**
 * One end of a connection, as the operating system of its host keeps it: a small TCP (RFC 9293) with handshake,
 * cumulative acknowledgements, retransmission with backoff, fast retransmission (RFC 5681), a receive window, half close, reset and
 * TIME-WAIT. No congestion window: the bandwidth and capacity of the link limit it.
 *
 * It outlives its process: after a kill it sends what was written, then its FIN. What the process is told is process-side.ts.
 * The file is long because the transitions of one state machine belong together.
 */
import { avalanche, scale } from "../hash.ts";
import { NetError } from "../host.ts";
import { type EventId, type EventKind, type Kernel, PURPOSE } from "../kernel.ts";
import type { Flow } from "./link.ts";
import type { NetHost } from "./net-host.ts";
import type { ProcessSide } from "./process-side.ts";
import { ReceiveSide } from "./receive-side.ts";
import type { Segment, SegmentKind, StreamOptions } from "./segment.ts";
import { SendSide, type Unit } from "./send-side.ts";

export type EndpointState = "syn-sent" | "syn-received" | "open" | "time-wait" | "closed";

/** What an endpoint needs from those around it. */
export type EndpointContext = {
  readonly kernel: Kernel;
  readonly options: StreamOptions;
  transmit(endpoint: Endpoint, kind: SegmentKind, seq: number, bytes: Uint8Array | null): void;
  /** The handshake is done. */
  opened(endpoint: Endpoint): void;
  /** There may be something to tell the process. */
  wake(endpoint: Endpoint): void;
  /** True while a process is being told something: then `flushNow` is called when it has returned. */
  cork(endpoint: Endpoint): boolean;
  /** The endpoint takes no more segments. */
  forget(endpoint: Endpoint): void;
};

export type EndpointStart = {
  readonly host: NetHost;
  readonly peer: NetHost;
  readonly flow: Flow;
  readonly localPort: number;
  readonly remotePort: number;
  /** Tells this connection from an older one between the same ports. */
  readonly connection: number;
  readonly tieKey: number;
  readonly state: "syn-sent" | "syn-received";
  /** How long the handshake may take. */
  readonly timeoutUs: number;
};

/** So many acknowledgements for the same place mean that the segment there was lost (RFC 5681). */
const DUPLICATE_ACKS = 3;
/** One segment in eight is cut short, so that readers never rely on the boundaries of writes. */
const CUT_MASK = 7;

const FLUSH: EventKind = { name: "net.flush", sync: true, run: (endpoint: Endpoint) => endpoint.flushNow() };
const RETRY: EventKind = { name: "net.retry", sync: true, run: (endpoint: Endpoint) => endpoint.retry() };
const LINGER: EventKind = { name: "net.linger", sync: true, run: (endpoint: Endpoint) => endpoint.expire() };

export class Endpoint {
  readonly start: EndpointStart;
  readonly receiveSide: ReceiveSide;
  /** Null when the process has ended, or has not been told of the connection yet. */
  process: ProcessSide | null = null;
  /** Undefined while the connection lives; null after an orderly end. */
  closeError: NetError | null | undefined = undefined;

  readonly #context: EndpointContext;
  readonly #sendSide: SendSide = new SendSide();
  #state: EndpointState;
  #isOrphan = false;
  #isFlushPending = false;
  /** What came is acknowledged when the process has been told, perhaps together with its answer. */
  #isAckDue = false;
  #mustDrain = false;
  #isFinFirst = false;
  #timer: EventId | null = null;
  #lingerTimer: EventId | null = null;
  #backoff = 0;
  #duplicateAcks = 0;
  /** Until this is acknowledged, every acknowledgement that is not enough asks for the next lost segment (NewReno). */
  #recoverSeq = 0;
  /** When the oldest thing in flight was first sent, or something was last acknowledged. */
  #progressUs = 0;
  #windowTold = 0;

  constructor(context: EndpointContext, start: EndpointStart) {
    this.#context = context;
    this.start = start;
    this.#state = start.state;
    this.receiveSide = new ReceiveSide(context.options.receiveBufferBytes);
  }

  get state(): EndpointState {
    return this.#state;
  }

  /** The next sequence number that is expected; -1 before the peer's SYN. */
  get ack(): number {
    return this.receiveSide.expectedSeq === 0 ? -1 : this.receiveSide.expectedSeq;
  }

  get bufferedBytes(): number {
    return this.#sendSide.bufferedBytes;
  }

  // ---- What the process asks for ----

  /** Sends the SYN: of a connect, or of the answer to one. */
  open(): void {
    this.#progressUs = this.#context.kernel.nowUs;
    this.#launch(this.#sendSide.syn(this.#progressUs));
  }

  write(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || this.#sendSide.isEnding) return false;
    if (bytes.length > 0) {
      this.#sendSide.queue(bytes);
      this.#flush();
    }
    if (this.#sendSide.bufferedBytes < this.#context.options.sendBufferBytes) return true;
    this.#mustDrain = true;
    return false;
  }

  end(): void {
    if (this.#state !== "open" || this.#sendSide.isEnding) return;
    this.#sendSide.end();
    this.#flush();
  }

  /** RST: both directions are dropped at once. */
  reset(): void {
    if (this.closeError !== undefined) return;
    this.#context.transmit(this, "rst", this.#sendSide.nextSeq, null);
    this.receiveSide.read();
    this.#close(new NetError("ECONNABORTED", `connection to ${this.#peerName()} was reset by this side`));
  }

  /** The process has taken what was ready: tells the peer when the window had become small. */
  afterRead(): void {
    const { receiveBufferBytes } = this.#context.options;
    if (this.#state === "open" && this.#windowTold < receiveBufferBytes / 2) this.#isAckDue = true;
  }

  /** The process has been told something. */
  afterTelling(): void {
    if (this.#isAckDue && this.#state !== "closed") this.#answer("ack");
  }

  // ---- What the system does by itself ----

  /** The process was killed. Unread data means a reset, as in Linux; else what was written goes out, then a FIN. */
  orphan(): void {
    this.process = null;
    if (this.#state === "time-wait" || this.#state === "closed") return;
    if (this.#state === "syn-sent") {
      this.vanish();
      return;
    }
    if (this.#state === "syn-received" || this.receiveSide.readyBytes > 0) {
      this.reset();
      return;
    }
    this.#isOrphan = true;
    this.#sendSide.end();
    this.#flush();
    this.#linger(2 * this.#context.options.userTimeoutUs);
  }

  /** Power loss: gone without a word. */
  vanish(): void {
    this.process = null;
    this.#close(null);
    this.#leave();
  }

  /** The peer opens a new connection between the same ports: it has forgotten this one. */
  supersede(): void {
    if (this.#state === "time-wait") this.#leave();
    else this.#fail("ECONNRESET", "was replaced by a new one after the peer had lost its memory");
  }

  receive(segment: Segment): void {
    const { kind } = segment;
    if (kind === "rst") {
      if (this.#state === "syn-sent") this.#fail("ECONNREFUSED", "was refused");
      else if (this.#state !== "time-wait") this.#fail("ECONNRESET", "was reset by the peer");
      return;
    }
    if (this.#state === "time-wait") {
      if (kind !== "ack") this.#answer("ack");
      return;
    }
    if (kind === "syn" && this.#state === "syn-received" && this.ack >= 0) {
      this.#retransmit();
      return;
    }
    if (segment.ack >= 0) this.#takeAck(segment);
    if (kind === "data" && this.#isOrphan) {
      this.reset();
      return;
    }
    if (kind !== "ack") this.#takeUnit(segment);
    if (this.#state === "open" && this.#sendSide.isFinAcked && this.receiveSide.hasFin) this.#finish();
  }

  /** Sends what may be sent now. */
  flushNow(): void {
    this.#isFlushPending = false;
    if (this.#state !== "open") return;
    const { kernel, options } = this.#context;
    const wasIdle = this.#sendSide.oldest === undefined;
    for (;;) {
      const unit = this.#sendSide.next(options.segmentBytesMax, (length) => this.#cut(length), kernel.nowUs);
      if (unit === null) break;
      if (wasIdle) this.#progressUs = kernel.nowUs;
      this.#launch(unit);
    }
    this.#arm(false);
  }

  /** The retransmission timer has run out. */
  retry(): void {
    this.#timer = null;
    const { kernel, options } = this.#context;
    const limitUs = this.#state === "open" ? options.userTimeoutUs : this.start.timeoutUs;
    if (kernel.nowUs - this.#progressUs >= limitUs) {
      kernel.mark("net.stream-timeout");
      this.#fail("ETIMEDOUT", `had no answer for ${limitUs} us`);
      return;
    }
    this.#backoff++;
    if (this.#sendSide.oldest !== undefined) this.#retransmit();
    else if (this.#sendSide.isWindowClosed) this.#answer("probe");
    this.#arm(false);
  }

  /** TIME-WAIT is over, or nobody has answered what a killed process left behind. */
  expire(): void {
    if (this.#state === "time-wait") this.#leave();
    else this.vanish();
  }

  #takeAck(segment: Segment): void {
    const { kernel, options } = this.#context;
    const sendSide = this.#sendSide;
    const wasClosed = sendSide.isWindowClosed;
    const isNew = sendSide.acknowledge(segment.ack, segment.windowBytes, kernel.nowUs);
    if (isNew || wasClosed) this.#progressUs = kernel.nowUs;
    if (isNew) {
      this.#backoff = 0;
      this.#duplicateAcks = 0;
      if (this.#recoverSeq > sendSide.ackedSeq && sendSide.oldest !== undefined) this.#retransmit();
      if (this.#state === "syn-received") this.#opened();
      this.#arm(true);
      if (this.#mustDrain && sendSide.bufferedBytes < options.sendBufferBytes) {
        this.#mustDrain = false;
        if (this.process !== null) this.process.isDrainDue = true;
        this.#context.wake(this);
      }
    } else if (segment.kind === "ack" && segment.ack === sendSide.ackedSeq && sendSide.oldest !== undefined) {
      this.#duplicateAcks++;
      if (this.#duplicateAcks === DUPLICATE_ACKS && this.#recoverSeq <= sendSide.ackedSeq) {
        kernel.mark("net.fast-retransmit");
        this.#recoverSeq = sendSide.nextSeq;
        this.#retransmit();
      }
    }
    this.flushNow();
  }

  #takeUnit(segment: Segment): void {
    const { kind, bytes } = segment;
    const isSynAck = kind === "syn" && this.#state === "syn-sent" && this.#sendSide.oldest === undefined;
    if (kind !== "probe") {
      const hadFin = this.receiveSide.hasFin;
      const isNew = this.receiveSide.accept(segment.seq, bytes?.length ?? 1, bytes, kind === "fin");
      if (!hadFin && this.receiveSide.hasFin) this.#isFinFirst = this.#sendSide.isFinSent;
      if (isSynAck) this.#opened();
      else if (isNew) this.#context.wake(this);
      if (isNew && kind === "data" && this.#willTellNow()) {
        this.#isAckDue = true;
        return;
      }
    }
    this.#answer("ack");
  }

  #willTellNow(): boolean {
    return this.process?.isScheduled === true && !this.process.incarnation.isPaused;
  }

  #opened(): void {
    this.#state = "open";
    this.#context.opened(this);
  }

  /** Both directions have ended and both FINs are acknowledged. */
  #finish(): void {
    const isFirst = this.#isFinFirst;
    this.#close(null);
    if (isFirst) {
      // The peer may not know yet that we have its FIN: stay and repeat the acknowledgement.
      this.#state = "time-wait";
      this.#linger(this.#context.options.userTimeoutUs);
    } else {
      this.#leave();
    }
    this.#context.wake(this);
  }

  #fail(code: "ETIMEDOUT" | "ECONNRESET" | "ECONNREFUSED", what: string): void {
    this.#close(new NetError(code, `connection to ${this.#peerName()} ${what}`));
  }

  #close(error: NetError | null): void {
    if (this.closeError !== undefined) return;
    this.closeError = error;
    this.#state = "closed";
    const { kernel } = this.#context;
    if (this.#timer !== null) kernel.cancel(this.#timer);
    this.#timer = null;
    if (error === null) return;
    this.#leave();
    this.#context.wake(this);
  }

  /** Out of the tables: the connection takes no more segments. */
  #leave(): void {
    this.#state = "closed";
    if (this.#lingerTimer !== null) this.#context.kernel.cancel(this.#lingerTimer);
    this.#lingerTimer = null;
    this.#context.forget(this);
  }

  #linger(forUs: number): void {
    const { kernel } = this.#context;
    if (this.#lingerTimer !== null) kernel.cancel(this.#lingerTimer);
    this.#lingerTimer = kernel.at(kernel.nowUs + forUs, null, LINGER, this, undefined, true, this.start.tieKey);
  }

  /** When the process has returned, or later in this instant: so that small writes of one event share a segment. */
  #flush(): void {
    if (this.#isFlushPending) return;
    this.#isFlushPending = true;
    if (this.#context.cork(this)) return;
    const { kernel } = this.#context;
    kernel.at(kernel.nowUs, null, FLUSH, this, undefined, true, this.start.tieKey);
  }

  #launch(unit: Unit): void {
    this.#send(unit);
    this.#arm(false);
  }

  #retransmit(): void {
    const unit = this.#sendSide.oldest;
    if (unit === undefined) return;
    unit.isRetransmitted = true;
    this.#context.kernel.mark("net.retransmit");
    this.#send(unit);
  }

  #send(unit: Unit): void {
    this.#noteAcked();
    this.#context.transmit(this, unit.kind, unit.seq, unit.bytes);
  }

  #answer(kind: "ack" | "probe"): void {
    this.#noteAcked();
    this.#context.transmit(this, kind, this.#sendSide.nextSeq, null);
  }

  /** Every segment acknowledges what has come and tells the window. */
  #noteAcked(): void {
    this.#isAckDue = false;
    this.#windowTold = this.receiveSide.windowBytes;
  }

  /** Keeps the retransmission timer running exactly while something waits for an answer. */
  #arm(isRestart: boolean): void {
    const { kernel, options } = this.#context;
    const isNeeded = this.#sendSide.oldest !== undefined || this.#sendSide.isWindowClosed;
    if (!isNeeded || this.#state === "closed" || this.#state === "time-wait") {
      if (this.#timer !== null) kernel.cancel(this.#timer);
      this.#timer = null;
      return;
    }
    if (this.#timer !== null && !isRestart) return;
    let waitUs = Math.max(options.retryUsMin, this.#sendSide.patienceUs);
    for (let i = 0; i < this.#backoff && waitUs < options.retryUsMax; i++) waitUs *= 2;
    const limitUs = this.#state === "open" ? options.userTimeoutUs : this.start.timeoutUs;
    const giveUpUs = Math.max(kernel.nowUs, this.#progressUs + limitUs);
    const dueUs = Math.min(kernel.nowUs + Math.min(waitUs, options.retryUsMax), giveUpUs);
    if (this.#timer !== null) this.#timer = kernel.move(this.#timer, dueUs);
    else this.#timer = kernel.at(dueUs, null, RETRY, this, undefined, true, this.start.tieKey);
  }

  #cut(length: number): number {
    const { flow } = this.start;
    const outcome = this.#context.kernel.outcome(flow.consumer, flow.nextOrdinal, PURPOSE.netSegment);
    return (outcome & CUT_MASK) === 0 ? 1 + scale(avalanche(outcome), length) : length;
  }

  #peerName(): string {
    return `${this.start.peer.name}:${this.start.remotePort}`;
  }
}
