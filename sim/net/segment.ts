/** Segments: what travels for connections, and the numbers that govern them. */

/**
 * The parts of a TCP header that matter here. `connection` stands for the pair of initial sequence numbers: it tells a
 * connection from an older one between the same ports. SYN and FIN take one sequence number each, as in RFC 9293.
 */
export type Segment = {
  readonly connection: number;
  readonly fromPort: number;
  readonly toPort: number;
  readonly kind: SegmentKind;
  readonly seq: number;
  readonly bytes: Uint8Array | null;
  /** The next sequence number that the sender of this segment expects; -1 in a first SYN and in a RST. */
  readonly ack: number;
  readonly windowBytes: number;
};

/** `probe` asks for an acknowledgement when the window is closed. */
export type SegmentKind = "syn" | "data" | "fin" | "ack" | "probe" | "rst";

/** For the digest; never renumbered. */
export const SEGMENT_CODE: { readonly [kind in SegmentKind]: number } = {
  syn: 1,
  data: 2,
  fin: 3,
  ack: 4,
  probe: 5,
  rst: 6,
};

/** IPv4 and TCP headers without options. */
export const HEADER_BYTES = 40;

export type StreamOptions = {
  /** write returns false from this many bytes on that the peer has not acknowledged. */
  readonly sendBufferBytes: number;
  /** What a receiver keeps for a process that does not read (it is paused); then its window closes. */
  readonly receiveBufferBytes: number;
  readonly segmentBytesMax: number;
  /** Bounds of the retransmission timer. Linux: TCP_RTO_MIN 200 ms; its upper bound of 120 s is scaled down. */
  readonly retryUsMin: number;
  readonly retryUsMax: number;
  /** Without any acknowledgement for this long a connection fails with ETIMEDOUT (RFC 5482; Linux by default: about 15 minutes). */
  readonly userTimeoutUs: number;
  /** What connect waits without a timeout of its own. */
  readonly connectTimeoutUs: number;
  /** Connections of one listener that its process has not accepted; beyond it a SYN is ignored (Node's default: 511, Linux caps). */
  readonly backlogMax: number;
};

export const STREAM_DEFAULT: StreamOptions = {
  sendBufferBytes: 65_536,
  receiveBufferBytes: 65_536,
  segmentBytesMax: 8_192,
  retryUsMin: 200_000,
  retryUsMax: 1_000_000,
  userTimeoutUs: 5_000_000,
  connectTimeoutUs: 3_000_000,
  backlogMax: 128,
};
