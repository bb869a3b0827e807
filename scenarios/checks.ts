/** Checks for scenarios: the checkers of checkers/, with the budget of the run. */
import { checkHistory } from "../checkers/check.ts";
import { HistoryError } from "../checkers/history.ts";
import type { PlainJson } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Check, RunData } from "./scenario.ts";

/** Memory that the checkers of one run may hold. */
const BYTES_MAX = 200_000_000;

export type ModelOptions = { readonly [name: string]: PlainJson };

/** What clients saw is linearizable under the model ("register", "kv", …). */
export function linearizable(model: string, options: ModelOptions = {}): Check {
  return { name: "linearizable", check: (run) => judgeByModel(run, model, options) };
}

/** What clients saw satisfies the named checker ("bank", "set-full", …). */
export function satisfies(model: string, options: ModelOptions = {}): Check {
  return { name: model, check: (run) => judgeByModel(run, model, options) };
}

function judgeByModel(run: RunData, model: string, options: ModelOptions): Verdict {
  const history = {
    format: "history-jsonl",
    events: run.history,
    operations: undefined,
    model,
    init: undefined,
  } as const;
  try {
    return checkHistory(history, { model, options, budget: { stepsMax: run.stepsMax, bytesMax: BYTES_MAX } });
  } catch (error) {
    // A client of the scenario recorded what no model can read: that is no verdict about the system.
    if (error instanceof HistoryError)
      return unknownVerdict(model, run.history.length, `the history is contradictory: ${error.message}`);
    throw error;
  }
}

export function validVerdict(checker: string, operations: number): Verdict {
  return { kind: "valid", checker, operations };
}

/** `lines` tell the proof, the most telling first; at most ten are shown. */
export function invalidVerdict(property: string, operations: number, lines: readonly string[]): Verdict {
  return { kind: "invalid", checker: property, operations, evidence: { property, lines, proof: [] } };
}

export function unknownVerdict(checker: string, operations: number, reason: string): Verdict {
  return {
    kind: "unknown",
    checker,
    operations,
    reason,
    progress: { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 },
  };
}
