/**
 * `checkHistory`: a recorded history and the name of a model in, a verdict out.
 */
import { type Budget, DEFAULT_BUDGET } from "./budget.ts";
import { CheckUsageError, type HistoryChecker } from "./checker.ts";
import type { RecordedHistory } from "./formats/read-history.ts";
import { readOneValue } from "./formats/nested-values.ts";
import { type HistoryEvent, HistoryError, type PlainJson, show } from "./history.ts";
import { guessModel, LINEARIZABLE_CHECKERS } from "./linearizable-checkers.ts";
import { plainSentence } from "./marked-values.ts";
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
  demandKnown(checker, options);
  demandInit(checker, history);
  demandOneAtATime(history.events);
  if (!hasCompletion(history, checker)) return emptyVerdict(history, checker.name);
  const budget = request.budget ?? DEFAULT_BUDGET;
  try {
    return forPeople(checker.check(history, { options, budget, isShrinking: request.isShrinking ?? true }));
  } catch (error) {
    if (error instanceof OptionError) throw new CheckUsageError(error.message);
    throw error;
  }
}

/**
 * Options of a command line as a checker takes them: JSON where the option is a value, else the text. Throws CheckUsageError
 * for names that the checker does not have, and for text that is not JSON.
 */
export function optionsFromText(
  checker: HistoryChecker,
  texts: Readonly<Record<string, string>>,
): Readonly<Record<string, PlainJson>> {
  demandKnown(checker, texts);
  return Object.fromEntries(
    Object.entries(texts).map(([name, text]) => {
      if (checker.jsonOptions?.includes(name) !== true) return [name, text];
      try {
        return [name, readOneValue(text, "json", 0)];
      } catch (error) {
        if (!(error instanceof HistoryError)) throw error;
        const advice = `text is written in quotes: ${name}='${JSON.stringify(text)}'`;
        throw new CheckUsageError(`option ${name}: expected JSON, found ${show(text)}; ${advice}`);
      }
    }),
  );
}

function demandKnown(checker: HistoryChecker, options: Readonly<Record<string, PlainJson>>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(checker.options, name)) continue;
    const known = Object.keys(checker.options).join(", ");
    throw new CheckUsageError(
      `model ${checker.name} has no option ${show(name)}; it has ${known === "" ? "none" : known}`,
    );
  }
}

function demandInit(checker: HistoryChecker, history: RecordedHistory): void {
  if (history.init === undefined || Object.hasOwn(checker.options, "init")) return;
  throw new CheckUsageError(
    `the file gives a first state, init ${show(history.init)}; model ${checker.name} takes none`,
  );
}

/** A process has one operation at a time, in every model. Throws HistoryError where one invokes twice. */
function demandOneAtATime(events: readonly HistoryEvent[]): void {
  const open = new Set<number>();
  for (const { process, type, f, index } of events) {
    if (process < 0) continue; // the file does not name one
    if (type !== "invoke") open.delete(process);
    else if (open.has(process)) {
      const found = `a second invoke, ${show(f)} (event ${index}, process ${process})`;
      throw new HistoryError(0, "the completion of the operation before", found);
    } else open.add(process);
  }
}

/** A checker that reads events, for histories that have them. */
function fromNamed(named: NamedChecker): HistoryChecker {
  return {
    name: named.name,
    summary: named.summary,
    options: named.options,
    ...(named.jsonOptions === undefined ? {} : { jsonOptions: named.jsonOptions }),
    ...(named.judgesFailures === undefined ? {} : { judgesFailures: named.judgesFailures }),
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

/** The verdict with its sentences free of marks (marked-values.ts). */
function forPeople(verdict: Verdict): Verdict {
  if (verdict.kind === "unknown") return { ...verdict, reason: plainSentence(verdict.reason) };
  if (verdict.kind === "valid") return verdict;
  return { ...verdict, evidence: { ...verdict.evidence, lines: verdict.evidence.lines.map(plainSentence) } };
}

/** Failed operations did not happen: where all failed nothing was judged, unless the model is about failures. */
function hasCompletion(history: RecordedHistory, checker: HistoryChecker): boolean {
  if (history.operations !== undefined) return history.operations.some((operation) => !operation.isPending);
  const judgesFailures = checker.judgesFailures === true;
  return history.events.some(({ type }) => type === "ok" || (type === "fail" && judgesFailures));
}

function emptyVerdict(history: RecordedHistory, checker: string): Unknown {
  const operations = history.operations?.length ?? history.events.filter((event) => event.type === "invoke").length;
  return {
    kind: "unknown",
    checker,
    operations,
    reason: "no operation completed with ok, so there is nothing to judge",
    progress: { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 },
  };
}
