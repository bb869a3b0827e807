/** What goes into a run and what comes out: plain data, nothing measured in real time. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Plan, Unstruck } from "../nemesis/index.ts";
import type { PlannedOperation, SettingValue } from "../scenarios/scenario.ts";
import type { TraceRecord } from "../sim/trace.ts";
import type { Choice, Print, Reseed } from "../sim/world.ts";
import type { ValidationResult } from "./validation.ts";

/** Only the seed is needed: whatever else is absent is drawn from it. */
export type RunInput = {
  readonly seed: string;
  readonly settings?: { readonly [name: string]: SettingValue };
  /** A plan as JSON; checked against the scenario before the run. */
  readonly plan?: unknown;
  readonly workload?: readonly PlannedOperation[];
  readonly choices?: readonly Choice[];
  readonly reseeds?: readonly Reseed[];
};

/**
 * All parts resolved: running it gives the digest of its seed. Only where the scenario's own function for a part threw is that part absent:
 * it is drawn again, and fails again, when the input is run again.
 */
export type ResolvedInput = {
  readonly seed: string;
  readonly settings: { readonly [name: string]: SettingValue };
  readonly plan?: Plan;
  readonly workload?: readonly PlannedOperation[];
  readonly choices: readonly Choice[];
  readonly reseeds: readonly Reseed[];
};

export type RunVerdict = "held" | "failed" | "unknown";

export type PropertyResult = {
  readonly name: string;
  readonly verdict: "valid" | "invalid" | "unknown";
  /** Why it is invalid or unknown, in sentences; empty when valid. */
  readonly reason: string;
  /** Judged by a monitor inside the system, not by what clients saw. */
  readonly monitor: boolean;
};

export type FaultCounts = { readonly [kind: string]: { readonly injected: number; readonly effective: number } };

export type OperationCounts = { readonly ok: number; readonly fail: number; readonly info: number };

export type RunResult = {
  readonly scenario: string;
  readonly seed: string;
  readonly verdict: RunVerdict;
  /**
   * Null when no seed decides what happened: the process that ran it was killed, real time leaked into the run, or the engine's stack was
   * exhausted; and when the run could not begin.
   */
  readonly digest: string | null;
  readonly events: number;
  readonly virtualUs: number;
  readonly properties: readonly PropertyResult[];
  readonly operations: OperationCounts;
  readonly faults: FaultCounts;
  /** How many faults the plan has, and which of them never struck, with the reason. */
  readonly planned: number;
  readonly unstruck: readonly Unstruck[];
  /** What clients threw from `invoke`, which counts as `info`: each error once, with how often it came, the most frequent first. */
  readonly thrown: readonly Thrown[];
  /** Choices and reseeds of the input that never came into play, a sentence each; absent when all did. */
  readonly unused?: readonly string[];
  readonly marks: { readonly [name: string]: number };
  /** Reachability properties: whether each was true at some time in this run. */
  readonly sometimes: { readonly [name: string]: boolean };
  /** Numbers that floors are stated in: leaderChanges, hottestKeyConcurrency, invokedInFaultWindow, … */
  readonly counts: { readonly [name: string]: number };
  /** Only where the run was validated against its specification. */
  readonly specification?: ValidationResult;
  readonly input: ResolvedInput;
};

/** A run with what it leaves for reports: the history, the trace when it was recorded, the evidence of each property. */
export type RunOutcome = {
  readonly result: RunResult;
  readonly history: readonly HistoryEvent[];
  /** What programs printed; the first 10,000 lines. */
  readonly prints: readonly Print[];
  readonly trace: readonly TraceRecord[];
  readonly verdicts: readonly { readonly name: string; readonly verdict: Verdict }[];
  /** When each fault was active, true microseconds. */
  readonly faultWindows: readonly FaultWindow[];
};

export type Thrown = { readonly error: string; readonly times: number };

export type FaultWindow = { readonly kind: string; readonly startUs: number; readonly endUs: number };
