/**
 * Failure detection of the active neighbours, behind one interface: adaptive ping or SWIM's suspicion.
 *
 * The overlay says whom to watch; the detector calls back when a watched peer is taken for dead, at most once for each
 * watch. It never declares a peer dead that it does not watch.
 */

export type Detector = {
  /** Starts to watch; no-op for a peer that is watched already. */
  watch(peer: string): void;
  /** Forgets the peer and what was measured of it. */
  unwatch(peer: string): void;
  /** Probes this watched peer at once, besides the usual round. No-op for others. */
  checkNow(peer: string): void;
};

/** Why a neighbour left the active view other than by choice of this node. */
export type DownReason = "ping" | "disconnect" | "suspect";

/** Called in an event of the host; the detector has already stopped watching the peer when onDown is called. */
export type DetectorCallbacks = {
  /** `sinceUs`: monotonic time of the first probe that stayed without an answer. */
  onDown(peer: string, reason: DownReason, sinceUs: number): void;
  /** SWIM: an accusation of this peer is held, and it may still refute it. */
  onSuspect?(peer: string): void;
  /** SWIM: the peer refuted the accusation, or came back after it was taken for dead. */
  onAlive?(peer: string): void;
};
