/** Checks for scenarios: the checkers of checkers/, with the budget of the run. */
import { CHECKERS, checkHistory } from "../checkers/check.ts";
import { checkDurability } from "../checkers/durability.ts";
import {
  HistoryError,
  type HistoryEvent,
  type Operation,
  type PlainJson,
  pairOperations,
} from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { showValue, suggestion } from "../nemesis/issue.ts";
import type { Check, RunData } from "./scenario.ts";

/** Memory that the checkers of one run may hold. */
const BYTES_MAX = 200_000_000;

export type ModelOptions = { readonly [name: string]: PlainJson };

/** What clients saw is linearizable under the model ("register", "kv", …). Throws TypeError for a model or option that there is not. */
export function linearizable(model: string, options: ModelOptions = {}): Check {
  requireModel("linearizable", model, options);
  return { name: "linearizable", check: (run) => judgeByModel(run, model, options) };
}

/** What clients saw satisfies the named checker ("bank", "set-full", …). Throws TypeError for a model or option that there is not. */
export function satisfies(model: string, options: ModelOptions = {}): Check {
  requireModel("satisfies", model, options);
  return { name: model, check: (run) => judgeByModel(run, model, options) };
}

function requireModel(by: string, model: string, options: ModelOptions): void {
  const names = CHECKERS.map(({ name }) => name);
  const found = CHECKERS.find(({ name }) => name === model);
  if (found === undefined)
    throw new TypeError(
      `${by}(${showValue(model)}): there is no such model. ${suggestion(String(model), names, "Models")}`,
    );
  const known = Object.keys(found.options);
  const stray = Object.keys(options).find((name) => !known.includes(name));
  if (stray === undefined) return;
  const next = known.length === 0 ? "It has none." : suggestion(stray, known, "Options");
  throw new TypeError(`${by}(${showValue(model)}): the model has no option ${showValue(stray)}. ${next}`);
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

/**
 * `lines` tell the proof, the most telling first; at most ten are shown. `proof` are the operations that prove it, as pairOperations gives them:
 * a failure then shows them as a table.
 */
export function invalidVerdict(
  property: string,
  operations: number,
  lines: readonly string[],
  proof: readonly Operation[] = [],
): Verdict {
  return { kind: "invalid", checker: property, operations, evidence: { property, lines, proof } };
}

/** What a monitor that writes a sentence for each violation has found: the first one is told. */
export function verdictOfSentences(checker: string, violations: readonly string[]): Verdict {
  const [first] = violations;
  return first === undefined ? validVerdict(checker, 0) : invalidVerdict(checker, 0, [first]);
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

/** The reads that end the history found every acknowledged write, or one that came after it; see checkers/durability.ts. */
export function durableWrites(): Check {
  return { name: "durable-writes", check: ({ history }) => judgeDurability(history) };
}

function judgeDurability(history: readonly HistoryEvent[]): Verdict {
  const values = new Map<string, PlainJson>();
  for (let i = history.length - 1; i >= 0 && history[i]!.f === "get"; i--) {
    const { type, key, value } = history[i]!;
    if (type === "ok" && key !== undefined && !values.has(key)) values.set(key, value);
  }
  // A run that ended before its final reads has failed for another reason, and says nothing here.
  const written = new Set(history.filter(({ f }) => f !== "get").map(({ key }) => key ?? ""));
  if ([...written].some((key) => !values.has(key))) {
    return unknownVerdict("durable-writes", history.length, "the final reads did not take place");
  }
  return checkDurability(pairOperations(history), { values });
}
