/**
 * The questions that a serial problem is asked, and the words of their answers.
 */

export type OrderKind = "none" | "process" | "realtime";

export type SerialQuestion = {
  readonly isSnapshot: boolean;
  /** Orders that must be kept: that of each process, or also that of real time. */
  readonly order: OrderKind;
};

/** The start of transaction t is moment 2t, its commit is 2t + 1. */
export type Moments = readonly number[];

/** Why one moment comes before another. */
export type Reason =
  | { readonly kind: "own" | "session" | "realtime" | "promise" }
  | { readonly kind: "read" | "write" | "initial"; readonly key: number }
  | { readonly kind: "overwritten" | "unseen"; readonly key: number; readonly reader: number; readonly other: number };

/** Moments; where a transaction has only one, it is the start. */
export type ForcedPair = { readonly from: number; readonly to: number; readonly reason: Reason };
