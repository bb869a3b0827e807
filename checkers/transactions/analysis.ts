/**
 * From edges and findings to the analysis: which anomalies there are, which of them matter, and what they rule out.
 *
 * An anomaly matters when one of the wanted models forbids it, or when it was asked for by name. The models ruled out
 * are computed from everything that was found, wanted or not.
 */
import { BudgetSpent, type Budget } from "../budget.ts";
import { type CheckerOptions, choiceOption, listOption, OptionError } from "../named-checker.ts";
import { cyclicComponents, findComponents } from "./components.ts";
import { findCycles } from "./cycles.ts";
import { type EdgeList, subgraph } from "./edges.ts";
import {
  ANOMALIES,
  anomaliesForbiddenBy,
  anomaliesImplying,
  boundaryOf,
  impossibleModels,
  MODELS,
  modelName,
  STATUS_TYPES,
} from "./lattice.ts";
import { addProcessEdges, addRealtimeEdges } from "./orders.ts";
import type { Hop } from "./path-search.ts";
import type { TransactionRecords } from "./records.ts";
import { type Cycle, FINDINGS_MAX, type Findings, PROCESS, REALTIME, RW_PREDICATE, type Step } from "./types.ts";

export type Orders = "auto" | "none" | "process" | "realtime" | "both";

export type AnalysisOptions = {
  /** Anomalies that make the history invalid. */
  readonly forbidden: ReadonlySet<string>;
  /** Models that must hold, by their names in the lattice; none when only anomalies were asked for. */
  readonly models: readonly string[];
  readonly orders: Exclude<Orders, "auto">;
};

export const ANALYSIS_OPTIONS: Readonly<Record<string, string>> = {
  "consistency-models": "models that must hold, with commas between (strict-serializable)",
  anomalies: "further anomalies that must not occur; given alone, no model is demanded",
  orders: "auto, none, process, realtime or both: which orders may take part in cycles (auto: what the models need)",
};

const ORDERS: readonly Orders[] = ["auto", "none", "process", "realtime", "both"];

/** Throws OptionError for models and anomalies that do not exist. */
export function readAnalysisOptions(options: CheckerOptions): AnalysisOptions {
  const anomalies = listOption(options, "anomalies") ?? [];
  for (const anomaly of anomalies) {
    if (!ANOMALIES.includes(anomaly)) {
      throw new OptionError(`option anomalies: no anomaly "${anomaly}" (anomalies are ${ANOMALIES.join(", ")}).`);
    }
  }
  const fallback = anomalies.length > 0 ? [] : ["strict-serializable"];
  const models = (listOption(options, "consistency-models") ?? fallback).map((name) => {
    const model = modelName(name);
    if (model !== undefined) return model;
    throw new OptionError(`option consistency-models: no model "${name}" (models are ${MODELS.join(", ")}).`);
  });
  const forbidden = new Set([...anomaliesForbiddenBy(models), ...anomaliesImplying(anomalies)]);
  const orders = choiceOption(options, "orders", ORDERS, "auto");
  if (orders !== "auto") return { forbidden, models, orders };
  // Real-time order holds process order, as a client waits for its answers: one of the two is enough.
  const isForbidden = (suffix: string): boolean => [...forbidden].some((type) => type.endsWith(suffix));
  return {
    forbidden,
    models,
    orders: isForbidden("-realtime") ? "realtime" : isForbidden("-process") ? "process" : "none",
  };
}

/** Explains one dependency between two transactions. */
export type Explain = (from: number, to: number, label: number) => Step | undefined;

export type CycleCases = { count: number; readonly cases: Cycle[] };

export type Analysis = {
  readonly records: TransactionRecords;
  readonly validity: boolean | "unknown";
  /** What matters: forbidden anomalies and statuses, sorted. */
  readonly anomalyTypes: readonly string[];
  /** Everything found, forbidden or not. */
  readonly cycles: ReadonlyMap<string, CycleCases>;
  readonly findings: Findings;
  readonly statuses: readonly string[];
  /** Existence proofs without a typed cycle. */
  readonly existence: readonly string[];
  readonly not: readonly string[];
  readonly alsoNot: readonly string[];
  /** Components with a cycle, and the transactions in the largest. */
  readonly components: number;
  readonly largestComponent: number;
};

export type AnalysisInput = {
  readonly records: TransactionRecords;
  readonly options: AnalysisOptions;
  readonly findings: Findings;
  readonly edges: EdgeList;
  readonly explain: Explain;
  readonly budget: Budget;
};

/** Adds the orders to the edges and searches the cycles. Throws BudgetSpent when the graph would not fit. */
export function analyse({ records, options, findings, edges, explain, budget }: AnalysisInput): Analysis {
  let isEmpty = edges.count === 0;
  if (options.orders === "realtime" || options.orders === "both") {
    if (addRealtimeEdges(records, edges)) isEmpty = false;
  }
  if (options.orders === "process" || options.orders === "both") {
    if (addProcessEdges(records, edges)) isEmpty = false;
  }
  const bytes = edges.count * 5 + edges.nodes * 40;
  if (bytes > budget.bytesMax) throw new BudgetSpent(`the graph needs ${bytes} bytes, ${budget.bytesMax} are allowed`);
  const graph = edges.pack();
  const members = cyclicComponents(graph, findComponents(graph, 0xff));
  const cycles = new Map<string, CycleCases>();
  const existence = new Set<string>();
  let isComplete = true;
  let largest = 0;
  for (const component of members) {
    const local = subgraph(graph, component);
    largest = Math.max(largest, local.transactions);
    const report = findCycles(local, { stepsMax: budget.stepsMax });
    for (const { type, hops } of report.cycles) addCycle(cycles, type, hops, component, explain);
    for (const type of report.existence) existence.add(type);
    if (!report.isComplete) isComplete = false;
  }
  const statuses = [...(isEmpty ? ["empty-transaction-graph"] : []), ...(isComplete ? [] : ["cycle-search-budget"])];
  const counts = { components: members.length, largestComponent: largest };
  return {
    ...conclude(options, findings, cycles, existence, statuses),
    ...counts,
    records,
    findings,
    cycles,
    statuses,
  };
}

/** The same analysis with more anomalies that are no cycles. */
export function withFindings(analysis: Analysis, options: AnalysisOptions, more: Findings): Analysis {
  const findings: Findings = new Map([...analysis.findings, ...more]);
  const { cycles, existence, statuses } = analysis;
  return { ...analysis, ...conclude(options, findings, cycles, new Set(existence), statuses), findings };
}

function conclude(
  options: AnalysisOptions,
  findings: Findings,
  cycles: ReadonlyMap<string, CycleCases>,
  existence: Set<string>,
  statuses: readonly string[],
): Pick<Analysis, "validity" | "anomalyTypes" | "existence" | "not" | "alsoNot"> {
  const shown = [...findings.keys(), ...cycles.keys()];
  // An existence proof says nothing new once the models it rules out have fallen to something that can be shown.
  const ruledOut = impossibleModels(shown);
  for (const type of existence) if (ruledOut.has(type.replace(/-cycle-exists$/, ""))) existence.delete(type);
  const found = [...shown, ...existence];
  const bad = found.filter((type) => options.forbidden.has(type));
  const anomalyTypes = [...bad, ...statuses].sort();
  const validity = bad.length > 0 ? false : statuses.length > 0 ? "unknown" : true;
  return {
    validity,
    anomalyTypes,
    existence: [...existence],
    ...boundaryOf(found.filter((type) => !STATUS_TYPES.has(type))),
  };
}

function addCycle(
  cycles: Map<string, CycleCases>,
  type: string,
  hops: readonly Hop[],
  members: Int32Array,
  explain: Explain,
): void {
  let list = cycles.get(type);
  if (list === undefined) {
    list = { count: 0, cases: [] };
    cycles.set(type, list);
  }
  list.count += 1;
  if (list.cases.length >= FINDINGS_MAX) return;
  const rows = hops.map((hop) => members[hop.from]!);
  const steps = hops.map((hop) => stepOf(members[hop.from]!, members[hop.to]!, hop.label, explain));
  list.cases.push({ type, transactions: [...rows, rows[0]!], steps });
}

function stepOf(from: number, to: number, label: number, explain: Explain): Step {
  if (label === REALTIME) return { type: "realtime" };
  if (label === PROCESS) return { type: "process" };
  const step = explain(from, to, label);
  if (step === undefined) throw new Error(`no reason for edge ${from} to ${to}, label ${label}: a bug of this checker`);
  return label === RW_PREDICATE ? { ...step, predicate: true } : step;
}
