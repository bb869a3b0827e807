/**
 * The rw-register checker: transactions of reads and writes of registers, each value written at most once to its key.
 *
 * Only wr is visible; every other dependency rests on version orders, and those on promises (version-order.ts): state what
 * the database claims for single keys, and the anomalies that are found have names. Whether the demanded models hold is decided
 * without promises too (register-decision.ts): valid means that an order of the transactions was found, and where none was found
 * within the budget the verdict is unknown. A predicate read ["rp", name, [[key, value], …]] gives the anomalies of predicates.
 */
import type { Budget } from "../budget.ts";
import { type HistoryEvent, type PlainJson, show } from "../history.ts";
import { booleanOption, type CheckerOptions, choiceOption, OptionError } from "../named-checker.ts";
import { type Analysis, type AnalysisOptions, analyse, withFindings } from "./analysis.ts";
import { EdgeList, type Graph } from "./edges.ts";
import type { TransactionRecords } from "./records.ts";
import { buildRecords } from "./records-builder.ts";
import { findRegisterAnomalies, findSecondInitial, type InitialValues } from "./register-findings.ts";
import { addRegisterEdges, explainRegisterEdge } from "./register-graph.ts";
import { decideRegisters } from "./register-decision.ts";
import { indexRegisters, type RegisterIndex, writerOfVersion } from "./register-index.ts";
import { buildSerialProblem } from "./serial-problem.ts";
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
  return analyseIndexed(indexRegisters(records), options, budget).analysis;
}

function analyseIndexed(
  index: RegisterIndex,
  options: AnalysisOptions & RegisterOptions,
  budget: Budget,
): { analysis: Analysis; versions: Graph } {
  const { records } = index;
  const findings: Findings = new Map();
  findRegisterAnomalies(index, options.initialValues, findings);
  const versions = orderVersions(index, options, findings);
  const graph = { index, versions };
  const edges = new EdgeList(records.count);
  addRegisterEdges(graph, edges);
  const explain = (from: number, to: number, label: number) => explainRegisterEdge(graph, from, to, label);
  return { analysis: analyse({ records, options, findings, edges, explain, budget }), versions };
}

export type RegisterJudgement = {
  readonly analysis: Analysis;
  /** Demanded models that could be neither shown to hold nor refuted. */
  readonly open: readonly string[];
};

/**
 * The analysis, and where that finds nothing the decision about every model that was demanded. Throws HistoryError for a history
 * that makes no sense, BudgetSpent when the graph does not fit.
 */
export function judgeRwRegister(
  history: readonly HistoryEvent[],
  options: AnalysisOptions & RegisterOptions,
  budget: Budget,
): RegisterJudgement {
  const index = indexRegisters(buildRecords("rw-register", history));
  const { analysis: byCycles, versions } = analyseIndexed(index, options, budget);
  const initial: Findings = new Map();
  if (options.initialValues === "any" && !byCycles.findings.has("garbage-read")) findSecondInitial(index, initial);
  const analysis = initial.size === 0 ? byCycles : withFindings(byCycles, options, initial);
  // Where no transaction depends on another nothing was judged, and every order would do.
  if (analysis.validity === false || analysis.statuses.includes("empty-transaction-graph"))
    return { analysis, open: [] };
  const pairs = promisedPairs(index, versions);
  const problem = buildSerialProblem(index, options.initialValues, pairs);
  const hasPromises =
    options.wfrKeys || options.sequentialKeys || options.linearizableKeys || options.transactionOrder.size > 0;
  const { open, findings } = decideRegisters(options.models, {
    index,
    problem,
    itemProblem:
      index.predicateVersions.size === 0 ? problem : buildSerialProblem(index, options.initialValues, pairs, false),
    isPlain: !hasPromises && index.predicateVersions.size === 0 && options.initialValues === "any",
    hasInitialValues: options.initialValues !== "fragment",
    budget,
  });
  return { analysis: withFindings(analysis, options, findings), open };
}

/** Writers of versions that the promises order. */
function promisedPairs(index: RegisterIndex, versions: Graph): [number, number][] {
  const pairs: [number, number][] = [];
  for (let version = 0; version < versions.nodes; version += 1) {
    const before = writerOfVersion(index, version);
    for (let edge = versions.starts[version]!; before >= 0 && edge < versions.starts[version + 1]!; edge += 1) {
      const after = writerOfVersion(index, versions.targets[edge]!);
      if (after >= 0) pairs.push([before, after]);
    }
  }
  return pairs;
}
