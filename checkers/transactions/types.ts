/**
 * What the transaction checkers speak of: micro-operations, the table of transactions, cycles and the analysis.
 */
import type { PlainJson } from "../history.ts";

/** A value that is written or appended; also a key. Compared with ===. */
export type Scalar = string | number | boolean;

/** Outcome of a transaction; info: nobody knows whether it happened. */
export const OK = 0;
export const INFO = 1;
export const FAIL = 2;

/** Labels of an edge between transactions, as bits. */
export const WW = 1;
export const WR = 2;
export const RW = 4;
export const PROCESS = 8;
export const REALTIME = 16;
/** An anti-dependency through a predicate read. */
export const RW_PREDICATE = 32;
/** From a helper node: the step goes on with the label that entered it. */
export const ONWARD = 64;

export type EdgeType = "ww" | "wr" | "rw" | "process" | "realtime";

/** Why one transaction precedes the next in a cycle. */
export type Step = {
  readonly type: EdgeType;
  /** True for an anti-dependency through a predicate. */
  readonly predicate?: true;
  readonly key?: Scalar;
  /** The version that the first transaction read or wrote; null is the initial state. */
  readonly value?: PlainJson;
  /** The version that the second one wrote. */
  readonly valueNext?: PlainJson;
  /** Positions of the two micro-operations in their transactions. */
  readonly from?: number;
  readonly to?: number;
};

export type Cycle = {
  readonly type: string;
  /** Transaction ids; the last one is the first again. */
  readonly transactions: readonly number[];
  readonly steps: readonly Step[];
};

/** A case of an anomaly that is no cycle: plain data and one sentence. */
export type Finding = {
  readonly sentence: string;
  /** Ids of the transactions that prove it. */
  readonly transactions: readonly number[];
  readonly details: { readonly [key: string]: PlainJson };
};

/** Cases of one type: the first few, and how many there are. */
export type FindingList = { count: number; readonly cases: Finding[] };

/** Findings by anomaly type. */
export type Findings = Map<string, FindingList>;

/** How many cases of one type are kept; the rest are only counted. */
export const FINDINGS_MAX = 32;

/** `describe` runs only for the cases that are kept. */
export function addFinding(findings: Findings, type: string, describe: () => Finding): void {
  let list = findings.get(type);
  if (list === undefined) {
    list = { count: 0, cases: [] };
    findings.set(type, list);
  }
  list.count += 1;
  if (list.cases.length < FINDINGS_MAX) list.cases.push(describe());
}
