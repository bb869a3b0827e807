/**
 * The checkers of linearizability by name: a model for each, and how its options are read.
 */
import { CheckUsageError, type CheckOptions, type HistoryChecker } from "./checker.ts";
import { operationsOf, type RecordedHistory } from "./formats/read-history.ts";
import { HistoryError, type Operation, type PlainJson, show } from "./history.ts";
import { checkLinearizability } from "./linearizability.ts";
import type { Model } from "./model.ts";
import { kvAppendModelFor } from "./models/kv-append.ts";
import { casRegisterModel, kvModel, registerModel } from "./models/register.ts";
import type { Verdict } from "./verdict.ts";

type Options = Readonly<Record<string, PlainJson>>;

const INIT = { init: "the state before the first operation, as JSON" };

export const LINEARIZABLE_CHECKERS: readonly HistoryChecker[] = [
  linearizable("register", "linearizable register: read, write", INIT, (options) => registerModel(initOf(options))),
  linearizable("cas-register", "linearizable register with compare-and-set: read, write, cas", INIT, (options) =>
    casRegisterModel(initOf(options)),
  ),
  linearizable("kv", "linearizable key-value store: get, put, delete, cas", INIT, (options) =>
    kvModel(initOf(options)),
  ),
  linearizable("kv-append", "linearizable store of strings: get, put, append", {}, (_, operations) => kvAppendModelFor(operations)),
];

function linearizable<S>(
  name: string,
  summary: string,
  options: Readonly<Record<string, string>>,
  makeModel: (options: Options, operations: readonly Operation[]) => Model<S>,
): HistoryChecker {
  return {
    name,
    summary,
    options,
    check: (history, given) => {
      const operations = operationsOf(history);
      const withInit =
        history.init === undefined || "init" in given.options || !("init" in options)
          ? given.options
          : { ...given.options, init: history.init };
      const model = makeModel(withInit, operations);
      demandShape(operations, model);
      return decide(operations, model, given);
    },
  };
}

/** Throws HistoryError for an operation that the model does not know, or whose argument or outcome has another shape. */
function demandShape<S>(operations: readonly Operation[], model: Model<S>): void {
  const known = new Set(model.functions);
  for (const operation of operations) {
    const where = `operation ${operation.id} of process ${operation.process}`;
    if (!known.has(operation.f)) {
      const expected = `${model.functions.join(", ")} for the model ${model.name}`;
      throw new HistoryError(0, expected, `${show(operation.f)} (${where})`);
    }
    const problem = model.problemWith?.(operation);
    if (problem !== undefined) {
      throw new HistoryError(0, problem, `${show(operation.input)} -> ${show(operation.output)} (${where})`);
    }
  }
}

function decide<S>(operations: readonly Operation[], model: Model<S>, given: CheckOptions): Verdict {
  return checkLinearizability(operations, model, { budget: given.budget, isShrinking: given.isShrinking });
}

function initOf(options: Options): { readonly init?: PlainJson } {
  const { init } = options;
  return init === undefined ? {} : { init };
}

/** True or false as an option; false when absent. */
export function flagOf(options: Options, name: string): boolean {
  const value = options[name] ?? false;
  if (typeof value !== "boolean")
    throw new CheckUsageError(`option ${name}: expected true or false, found ${show(value)}`);
  return value;
}

/** The model that the functions of a history point to; undefined when several would fit. */
export function guessModel(history: RecordedHistory): string | undefined {
  if (history.model !== undefined) return history.model;
  const functions = new Set<string>();
  let hasKeys = false;
  for (const event of history.events) {
    functions.add(event.f);
    if (event.key !== undefined) hasKeys = true;
  }
  const are = (...names: string[]): boolean => functions.size > 0 && [...functions].every((f) => names.includes(f));
  if (are("get", "put", "append") && functions.has("append")) return "kv-append";
  if (are("get", "put", "delete", "cas")) return hasKeys || functions.has("delete") ? "kv" : undefined;
  if (are("read")) return undefined;
  if (are("read", "write")) return "register";
  if (are("read", "write", "cas")) return "cas-register";
  if (are("acquire", "release")) return "mutex";
  return undefined;
}
