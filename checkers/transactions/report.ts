/**
 * Analyses as verdicts: sentences for people, and the whole of it as plain data.
 */
import { BudgetSpent } from "../budget.ts";
import { HistoryError, type PlainJson } from "../history.ts";
import type { Verdict } from "../verdict.ts";
import type { Analysis } from "./analysis.ts";
import { type CycleWords, tellCycle, tellCycleBriefly } from "./sentences.ts";
import { eventIndex, operationOf, type TransactionRecords } from "./records.ts";
import type { Cycle, Step } from "./types.ts";

const LINES_MAX = 10;

export function toVerdict(checker: string, analysis: Analysis, words: CycleWords): Verdict {
  const operations = analysis.records.count;
  const details = toDetails(analysis);
  if (analysis.validity === true) return { kind: "valid", checker, operations, details };
  if (analysis.validity === "unknown") {
    const reasons = analysis.statuses.map((status) => REASONS[status] ?? status);
    return unknownVerdict(checker, reasons.join("; "), analysis.records.okCount, operations);
  }
  const types = analysis.anomalyTypes.filter((type) => !analysis.statuses.includes(type));
  const property = `${types.slice(0, 4).join(", ")}${types.length > 4 ? ", ..." : ""}`;
  const lines = tell(analysis, types, words);
  const proof = proofRows(analysis, types).map((row) => operationOf(analysis.records, row));
  return { kind: "invalid", checker, operations, evidence: { property, lines, proof, details } };
}

const REASONS: Readonly<Record<string, string>> = {
  "empty-transaction-graph": "no transaction depends on another, so nothing could be judged (empty-transaction-graph)",
  "cycle-search-budget": "a cycle search stopped at its budget of steps (cycle-search-budget)",
};

export function unknownVerdict(checker: string, reason: string, passed: number, operations: number): Verdict {
  const progress = { operationsPassed: passed, steps: 0, bytes: 0, widest: 0 };
  return { kind: "unknown", checker, operations, reason, progress };
}

/** Runs a check; a history that makes no sense, or one that does not fit the budget, is unknown with the reason. */
export function guarded(checker: string, operations: number, run: () => Verdict): Verdict {
  try {
    return run();
  } catch (error) {
    if (error instanceof HistoryError) {
      return unknownVerdict(checker, `the history makes no sense: ${error.message}`, 0, operations);
    }
    if (error instanceof BudgetSpent) return unknownVerdict(checker, error.message, 0, operations);
    throw error;
  }
}

function tell(analysis: Analysis, types: readonly string[], words: CycleWords): readonly string[] {
  const first =
    analysis.not.length > 0 ? `Ruled out: ${analysis.not.join(", ")}, and what is stronger.` : "No model is ruled out.";
  const lines = [first];
  const story = types.map((type) => analysis.cycles.get(type)?.cases[0]).find((cycle) => cycle !== undefined);
  for (const type of types) {
    const finding = analysis.findings.get(type)?.cases[0];
    if (finding !== undefined) lines.push(`${type}: ${finding.sentence}`);
    else if (analysis.existence.includes(type)) lines.push(`${type}: a cycle exists in a component of the graph.`);
  }
  for (const type of types) {
    const cycle = analysis.cycles.get(type)?.cases[0];
    if (cycle !== undefined && cycle !== story) lines.push(tellCycleBriefly(analysis.records, cycle, words));
  }
  if (story === undefined) return lines.slice(0, LINES_MAX);
  const told = tellCycle(analysis.records, story, words);
  if (lines.length + 1 + told.length > LINES_MAX) lines.push(tellCycleBriefly(analysis.records, story, words));
  else lines.push(`${story.type}: a cycle of ${story.steps.length} transactions.`, ...told);
  return lines.slice(0, LINES_MAX);
}

/** The transactions of the first case of each type, in order of invocation. */
function proofRows(analysis: Analysis, types: readonly string[]): readonly number[] {
  const rows = new Set<number>();
  for (const type of types) {
    const finding = analysis.findings.get(type)?.cases[0];
    const cycle = analysis.cycles.get(type)?.cases[0];
    for (const row of finding?.transactions ?? cycle?.transactions ?? []) rows.add(row);
  }
  return [...rows].sort((left, right) => left - right).slice(0, 32);
}

/** The analysis as data: validity, anomalies with their cases, and the models ruled out. */
export function toDetails(analysis: Analysis): { readonly [key: string]: PlainJson } {
  const anomalies: Record<string, PlainJson> = {};
  const counts: Record<string, number> = {};
  const others: string[] = [];
  const record = (type: string, count: number, cases: PlainJson): void => {
    if (!analysis.anomalyTypes.includes(type)) others.push(type);
    anomalies[type] = cases;
    counts[type] = count;
  };
  for (const [type, list] of analysis.findings)
    record(
      type,
      list.count,
      list.cases.map((finding) => finding.details),
    );
  for (const [type, list] of analysis.cycles) {
    record(
      type,
      list.count,
      list.cases.map((cycle) => cycleData(analysis.records, cycle)),
    );
  }
  return {
    "valid?": analysis.validity,
    "anomaly-types": analysis.anomalyTypes,
    "other-anomaly-types": others.sort(),
    anomalies,
    counts,
    not: analysis.not,
    "also-not": analysis.alsoNot,
    components: { count: analysis.components, largest: analysis.largestComponent },
  };
}

/** Steps of one cycle that go into the details; its transactions are all named. */
const STEPS_MAX = 256;

function cycleData(records: TransactionRecords, cycle: Cycle): PlainJson {
  return {
    type: cycle.type,
    length: cycle.steps.length,
    cycle: cycle.transactions.map((row) => eventIndex(records, row)),
    steps: cycle.steps.slice(0, STEPS_MAX).map(stepData),
  };
}

function stepData(step: Step): PlainJson {
  const data: Record<string, PlainJson> = { type: step.type };
  if (step.key !== undefined) data["key"] = step.key;
  if (step.value !== undefined) data["value"] = step.value === null ? "init" : step.value;
  if (step.valueNext !== undefined) data["value'"] = step.valueNext;
  if (step.from !== undefined) data["a-mop-index"] = step.from;
  if (step.to !== undefined) data["b-mop-index"] = step.to;
  if (step.predicate === true) data["predicate?"] = true;
  return data;
}
