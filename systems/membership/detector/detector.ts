/**
 * Failure detection of the active neighbours, behind one interface: adaptive ping or SWIM's suspicion.
 *
 * The overlay says whom to watch; the detector calls back when a watched peer is taken for dead, at most once for each
 * watch. It never declares a peer dead that it does not watch.
 */

import type { Host } from "../../../sim/host.ts";
import type { DetectorFact, DetectorObservation } from "../observation.ts";

export type Detector = {
  /** Starts to watch; no-op for a peer that is watched already. */
  watch(peer: string): void;
  /** Forgets the peer and what was measured of it. */
  unwatch(peer: string): void;
  /** Probes this watched peer at once, besides the usual round. No-op for others. */
  checkNow(peer: string): void;
  /** Who is watched, in no particular order. */
  watched(): readonly string[];
};

/** Why a neighbour left the active view other than by choice of this node. */
export type DownReason = "ping" | "disconnect" | "suspect";

/** All are called in an event of the host. */
export type DetectorCallbacks = {
  /**
   * The detector has stopped watching the peer. `sinceUs`: monotonic time of the first probe that stayed without an
   * answer.
   */
  onDown(peer: string, reason: DownReason, sinceUs: number): void;
  /** The peer probes this node, which only neighbours do: it has this node in its active view. */
  onProbe(peer: string): void;
  /** How many nodes there are, as far as this node knows; at least 1. */
  clusterSize(): number;
  /** SWIM: an accusation of this watched peer is held, and it may still refute it. */
  onSuspect?(peer: string): void;
  /** SWIM: this watched peer refuted the accusation. */
  onAlive?(peer: string): void;
};

/** Lets monitors judge what a detector goes by. */
export function observeFact(host: Host, peer: string, fact: DetectorFact): void {
  host.observe("membership.detector", (): DetectorObservation => {
    const { name, boot, clock } = host;
    return { host: name, incarnation: boot.incarnation, atUs: clock.monotonicUs(), peer, ...fact };
  });
}
