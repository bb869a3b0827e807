/**
 * `checkHistory`: a recorded history and the name of a model in, a verdict out.
 */
import { type Budget, DEFAULT_BUDGET } from "./budget.ts";
import { CheckUsageError, type HistoryChecker } from "./checker.ts";
import type { RecordedHistory } from "./formats/read-history.ts";
import { type PlainJson, show } from "./history.ts";
import { guessModel, LINEARIZABLE_CHECKERS } from "./linearizable-checkers.ts";
import { type NamedChecker, OptionError } from "./named-checker.ts";
import { jepsenCheckers } from "./jepsen/registry.ts";
import { transactionCheckers } from "./transactions/registry.ts";
import type { Unknown, Verdict } from "./verdict.ts";

export type CheckRequest = {
  /** A name from CHECKERS; absent: told from the file, if it can be. */
  readonly model?: string;
  readonly options?: Readonly<Record<string, PlainJson>>;
  readonly budget?: Budget;
  readonly isShrinking?: boolean;
};

/** Every model that `--model` knows. */
export const CHECKERS: readonly HistoryChecker[] = [
  ...LINEARIZABLE_CHECKERS,
  ...[...transactionCheckers.values(), ...jepsenCheckers.values()].map(fromNamed),
];

/**
 * Judges a history. Throws CheckUsageError for an unknown model or option, or when the model cannot be told; HistoryError for
 * a history that contradicts itself or is none of the model. A history without a completed operation is unknown.
 */
export function checkHistory(history: RecordedHistory, request: CheckRequest = {}): Verdict {
  const checker = checkerFor(history, request.model);
  const options = request.options ?? {};
  for (const name of Object.keys(options)) {
    if (!(name in checker.options)) {
      const known = Object.keys(checker.options).join(", ");
      throw new CheckUsageError(
        `model ${checker.name} has no option ${show(name)}; it has ${known === "" ? "none" : known}`,
      );
    }
  }
  if (!hasCompletion(history)) return emptyVerdict(history, checker.name);
  const budget = request.budget ?? DEFAULT_BUDGET;
  try {
    return checker.check(history, { options, budget, isShrinking: request.isShrinking ?? true });
  } catch (error) {
    if (error instanceof OptionError) throw new CheckUsageError(error.message);
    throw error;
  }
}

/** A checker that reads events, for histories that have them. */
function fromNamed(named: NamedChecker): HistoryChecker {
  return {
    name: named.name,
    summary: named.summary,
    options: named.options,
    check: (history, given) => {
      if (history.operations !== undefined) {
        throw new CheckUsageError(
          `model ${named.name} needs events, which the format ${history.format} does not record`,
        );
      }
      return named.check(history.events, given.options, given.budget);
    },
  };
}

/** The checker that checkHistory would take. Throws CheckUsageError with the list of models. */
export function checkerFor(history: RecordedHistory, model?: string): HistoryChecker {
  const name = model ?? guessModel(history);
  const names = CHECKERS.map((checker) => checker.name).join(", ");
  if (name === undefined) throw new CheckUsageError(`the model cannot be told from the file; name one of ${names}`);
  const found = CHECKERS.find((checker) => checker.name === name);
  if (found === undefined) throw new CheckUsageError(`no model ${show(name)}; there are ${names}`);
  return found;
}

function hasCompletion(history: RecordedHistory): boolean {
  if (history.operations !== undefined) return history.operations.some((operation) => !operation.isPending);
  // A failed operation is an answer too: nothing happened, and that is explained by any order.
  return history.events.some((event) => event.type === "ok" || event.type === "fail");
}

function emptyVerdict(history: RecordedHistory, checker: string): Unknown {
  const operations = history.operations?.length ?? history.events.filter((event) => event.type === "invoke").length;
  return {
    kind: "unknown",
    checker,
    operations,
    reason: "no operation completed, so there is nothing to judge",
    progress: { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 },
  };
}
