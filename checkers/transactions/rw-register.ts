/**
 * The rw-register checker: transactions of reads and writes of registers, each value written at most once to its key.
 *
 * Only wr is visible; every other dependency rests on version orders, and those on promises (version-order.ts). With no
 * promise made little can be found, and "valid" says little: state what the database claims for single keys. A
 * predicate read ["rp", name, [[key, value], …]] gives the anomalies of predicates.
 */
import type { Budget } from "../budget.ts";
import { type HistoryEvent, type PlainJson, show } from "../history.ts";
import { booleanOption, type CheckerOptions, choiceOption, OptionError } from "../named-checker.ts";
import { type Analysis, type AnalysisOptions, analyse } from "./analysis.ts";
import { EdgeList } from "./edges.ts";
import type { TransactionRecords } from "./records.ts";
import { buildRecords } from "./records-builder.ts";
import { findRegisterAnomalies, type InitialValues } from "./register-findings.ts";
import { addRegisterEdges, explainRegisterEdge } from "./register-graph.ts";
import { indexRegisters } from "./register-index.ts";
import type { Findings } from "./types.ts";
import { orderVersions, type VersionOptions } from "./version-order.ts";

export type RegisterOptions = VersionOptions & { readonly initialValues: InitialValues };

export const REGISTER_OPTIONS: Readonly<Record<string, string>> = {
  "wfr-keys": "true: within a transaction, a write of a key follows the version that the transaction read (false)",
  "sequential-keys": "true: each key is sequentially consistent (false)",
  "linearizable-keys": "true: each key is linearizable (false)",
  "transaction-order": "JSON object from event index to place: the order that the database gave its transactions",
  "initial-values":
    "any: a key may hold one value from before the history; nil: none does; fragment: earlier writes are missing (any)",
};

const INITIAL_VALUES: readonly InitialValues[] = ["any", "nil", "fragment"];

/** Throws OptionError for a value that makes no sense. */
export function readRegisterOptions(options: CheckerOptions): RegisterOptions {
  return {
    wfrKeys: booleanOption(options, "wfr-keys", false),
    sequentialKeys: booleanOption(options, "sequential-keys", false),
    linearizableKeys: booleanOption(options, "linearizable-keys", false),
    transactionOrder: readOrder(options["transaction-order"]),
    initialValues: choiceOption(options, "initial-values", INITIAL_VALUES, "any"),
  };
}

function readOrder(value: PlainJson | undefined): ReadonlyMap<number, number> {
  const order = new Map<number, number>();
  if (value === undefined) return order;
  let parsed = value;
  try {
    if (typeof value === "string") parsed = JSON.parse(value) as PlainJson;
  } catch {
    throw new OptionError(`option transaction-order: expected a JSON object, found ${show(value)}.`);
  }
  if (parsed === null || typeof parsed !== "object" || Array.isArray(parsed)) {
    throw new OptionError(`option transaction-order: expected a JSON object, found ${show(value)}.`);
  }
  for (const [index, place] of Object.entries(parsed)) {
    if (typeof place !== "number" || !/^\d+$/.test(index)) {
      throw new OptionError(`option transaction-order: expected numbers, found ${show(index)}: ${show(place)}.`);
    }
    order.set(Number(index), place);
  }
  return order;
}

/** Throws HistoryError for a history that makes no sense, BudgetSpent when it does not fit. */
export function analyseRwRegister(
  history: readonly HistoryEvent[],
  options: AnalysisOptions & RegisterOptions,
  budget: Budget,
): Analysis {
  return analyseRegisterRecords(buildRecords("rw-register", history), options, budget);
}

/** The same for records that a reader has built already. */
export function analyseRegisterRecords(
  records: TransactionRecords,
  options: AnalysisOptions & RegisterOptions,
  budget: Budget,
): Analysis {
  const index = indexRegisters(records);
  const findings: Findings = new Map();
  findRegisterAnomalies(index, options.initialValues, findings);
  const graph = { index, versions: orderVersions(index, options, findings) };
  const edges = new EdgeList(records.count);
  addRegisterEdges(graph, edges);
  const explain = (from: number, to: number, label: number) => explainRegisterEdge(graph, from, to, label);
  return analyse({ records, options, findings, edges, explain, budget });
}
