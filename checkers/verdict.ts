/**
 * Verdicts: valid, invalid with the evidence, or unknown with the reason and how far the check got.
 *
 * Every checker returns one of these; a verdict is never a guess. Evidence is told in sentences for people and
 * repeated as plain data for `--json`.
 */
import type { Operation, PlainJson } from "./history.ts";

export type Verdict = Valid | Invalid | Unknown;

export type Valid = {
  readonly kind: "valid";
  /** The algorithm that decided: "frontier", "zones", "list-append", … */
  readonly checker: string;
  /** How many operations were judged. */
  readonly operations: number;
  /**
   * Linearizability: ids of operations in the order of a legal sequential execution, key by key; pending ones only if used.
   * Keys are independent, so any merge of their orders that respects real time is an order of the whole.
   */
  readonly linearization?: readonly number[];
  readonly details?: PlainJson;
};

export type Invalid = {
  readonly kind: "invalid";
  readonly checker: string;
  readonly operations: number;
  readonly evidence: Evidence;
};

export type Evidence = {
  /** What was violated, in a few words: "linearizability", "lost update". */
  readonly property: string;
  /** The proof in sentences, the most telling first; at most ten. */
  readonly lines: readonly string[];
  /** The operations that prove it, in order of invocation. */
  readonly proof: readonly Operation[];
  /** The same as data, with whatever else the checker knows. */
  readonly details?: PlainJson;
};

export type Unknown = {
  readonly kind: "unknown";
  readonly checker: string;
  readonly operations: number;
  readonly reason: string;
  readonly progress: Progress;
};

export type Progress = {
  /** Operations whose completion the search has passed. */
  readonly operationsPassed: number;
  /** Steps of the budget that were spent. */
  readonly steps: number;
  /** Bytes held at the end. */
  readonly bytes: number;
  /** Most configurations alive at one point of the history, where the search counts them. */
  readonly widest: number;
};

/** The worst of several verdicts: invalid before unknown before valid; the first among equals. */
export function worstVerdict(verdicts: readonly Verdict[]): Verdict | undefined {
  return (
    verdicts.find((verdict) => verdict.kind === "invalid") ??
    verdicts.find((verdict) => verdict.kind === "unknown") ??
    verdicts[0]
  );
}
