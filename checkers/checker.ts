/**
 * What a named checker is: `seedbed check --model <name>`, and the same from a program.
 */
import type { Budget } from "./budget.ts";
import type { RecordedHistory } from "./formats/read-history.ts";
import type { PlainJson } from "./history.ts";
import type { Verdict } from "./verdict.ts";

export type CheckOptions = {
  /** Values by name: JSON, or the text of a command line where an option is a number, a word or true and false. */
  readonly options: Readonly<Record<string, PlainJson>>;
  readonly budget: Budget;
  /** Shrink the evidence of an invalid history; true by default, false saves time. */
  readonly isShrinking: boolean;
};

export type HistoryChecker = {
  /** The value of --model. */
  readonly name: string;
  /** One line for `seedbed list`. */
  readonly summary: string;
  /** Names of the options that it takes, each with its meaning. */
  readonly options: Readonly<Record<string, string>>;
  /** Options whose text on a command line is JSON; the others are read by their own rules. */
  readonly jsonOptions?: readonly string[];
  /** True for a model that says something about a history in which every operation failed. */
  readonly judgesFailures?: boolean;
  /** Throws HistoryError when the history is none of this model. */
  check(history: RecordedHistory, options: CheckOptions): Verdict;
};

/** A request that cannot be carried out: an unknown model, option or format, or a model that the file does not tell. */
export class CheckUsageError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "CheckUsageError";
  }
}
