/** What the coordinator of a campaign and its runner processes say to each other; all of it JSON. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { ScenarioRef } from "./catalog.ts";
import type { FaultWindow, RunInput, RunOutcome, RunResult } from "./result.ts";

export type Job = {
  readonly id: number;
  readonly scenario: ScenarioRef;
  readonly input: RunInput;
  readonly hasMonitors: boolean;
  /** With deep checks, for the second execution of a sampled run. */
  readonly isDeepChecking: boolean;
  /** Also when the run holds: resolved input and trace are wanted. */
  readonly isTracing: boolean;
  /** Monitors only watch: the run goes on after they fire, to see what clients would have seen. */
  readonly goesOnAfterMonitors?: boolean;
  /** Against the scenario's specification, which it must have. */
  readonly isValidating?: boolean;
  readonly isSpecificationAlone?: boolean;
};

/** A run that did not hold, in full. */
export type FailureDetails = {
  readonly result: RunResult;
  readonly history: readonly HistoryEvent[];
  readonly verdicts: RunOutcome["verdicts"];
  readonly faultWindows: readonly FaultWindow[];
  readonly trace: readonly string[];
};

export type RunSummary = Omit<RunResult, "input">;

export type ToRunner = { readonly type: "job"; readonly job: Job } | { readonly type: "stop" };

export type FromRunner =
  | { readonly type: "ready" }
  | { readonly type: "start"; readonly id: number }
  | {
      readonly type: "done";
      readonly id: number;
      readonly summary: RunSummary;
      readonly wallMs: number;
      readonly details: FailureDetails | null;
    }
  /** An error of ours, or of the user's input. */
  | {
      readonly type: "error";
      readonly id: number;
      readonly name: string;
      readonly message: string;
      readonly stack: string;
    };
