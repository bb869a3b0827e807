/**
 * What a node tells monitors of its overlay. checkers/membership has the same shapes; a test keeps the two in
 * agreement.
 */
import type { DownReason } from "../detector/detector.ts";

/** "membership.view": after each change of either view, and at the boot. */
export type ViewObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly active: readonly string[];
  readonly passive: readonly string[];
};

/** "membership.down": a neighbour was lost for another reason than the choice of this node. */
export type DownObservation = {
  readonly host: string;
  readonly incarnation: number;
  readonly peer: string;
  readonly reason: DownReason;
  /** Monotonic time of this host: the first probe without an answer, or the arrival of the disconnect. */
  readonly sinceUs: number;
};
