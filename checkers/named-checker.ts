/**
 * Named checkers: what `--model NAME` looks up, and how options from a command line reach a checker.
 *
 * A checker is a pure function from a history to a verdict. It declares its options; an option it does not know, or
 * a value it cannot read, is an OptionError and never silently ignored.
 */
import type { Budget } from "./budget.ts";
import { type HistoryEvent, type PlainJson, show } from "./history.ts";
import type { Verdict } from "./verdict.ts";

/** Values as a scenario passes them (JSON) or as a command line does (strings). */
export type CheckerOptions = Readonly<Record<string, PlainJson>>;

export type NamedChecker = {
  /** What `--model` calls it. */
  readonly name: string;
  /** One line for lists: what it rejects. */
  readonly summary: string;
  /** Its options with one line each; any other name throws OptionError. */
  readonly options: Readonly<Record<string, string>>;
  /** Options whose text on a command line is JSON. */
  readonly jsonOptions?: readonly string[];
  /** True when it says something about a history in which every operation failed. */
  readonly judgesFailures?: boolean;
  /** Throws OptionError for options; a history that makes no sense gives the verdict unknown with the reason. */
  check(history: readonly HistoryEvent[], options: CheckerOptions, budget: Budget): Verdict;
};

/** An option that a checker does not have, or a value that it cannot read: a usage error. */
export class OptionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "OptionError";
  }
}

/** Throws OptionError when a name is not declared. */
export function demandKnownOptions(options: CheckerOptions, declared: Readonly<Record<string, string>>): void {
  for (const name of Object.keys(options)) {
    if (Object.hasOwn(declared, name)) continue;
    const known = Object.keys(declared).sort();
    const list = known.length === 0 ? "it has none" : `options are ${known.join(", ")}`;
    throw new OptionError(`no option ${show(name)} (${list}).`);
  }
}

export function booleanOption(options: CheckerOptions, name: string, fallback: boolean): boolean {
  const value = options[name];
  if (value === undefined) return fallback;
  if (value === true || value === "true") return true;
  if (value === false || value === "false") return false;
  throw new OptionError(`option ${name}: expected true or false, found ${show(value)}.`);
}

/** A whole number of at least `min`. */
export function integerOption(options: CheckerOptions, name: string, fallback: number, min: number): number {
  const value = options[name];
  if (value === undefined) return fallback;
  const number = typeof value === "string" && /^-?\d+$/.test(value) ? Number(value) : value;
  if (typeof number === "number" && Number.isSafeInteger(number) && number >= min) return number;
  throw new OptionError(`option ${name}: expected a whole number of at least ${min}, found ${show(value)}.`);
}

/** One word out of a list. */
export function choiceOption<T extends string>(
  options: CheckerOptions,
  name: string,
  choices: readonly T[],
  fallback: T,
): T {
  const value = options[name];
  if (value === undefined) return fallback;
  const choice = choices.find((candidate) => candidate === value);
  if (choice !== undefined) return choice;
  throw new OptionError(`option ${name}: expected one of ${choices.join(", ")}, found ${show(value)}.`);
}

/** A list of words: a JSON array, or words with commas between. Undefined when the option is absent. */
export function listOption(options: CheckerOptions, name: string): readonly string[] | undefined {
  const value = options[name];
  if (value === undefined) return undefined;
  if (typeof value === "string") return value.split(",").filter((word) => word !== "");
  if (Array.isArray(value) && value.every((word): word is string => typeof word === "string")) return value;
  throw new OptionError(`option ${name}: expected words with commas between, found ${show(value)}.`);
}
