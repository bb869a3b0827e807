/**
 * The list-append checker: transactions of appends and reads of whole lists.
 *
 * Each element is appended at most once to its key, lists begin empty. Reads then show the version order, and with it every
 * dependency (Kingsbury and Alvaro, "Elle: Inferring Isolation Anomalies from Experimental Observations", VLDB 2020).
 */
import type { Budget } from "../budget.ts";
import type { HistoryEvent } from "../history.ts";
import { type Analysis, type AnalysisOptions, analyse } from "./analysis.ts";
import { EdgeList } from "./edges.ts";
import { findListAnomalies } from "./list-findings.ts";
import { addListEdges, explainListEdge } from "./list-graph.ts";
import { indexLists } from "./list-index.ts";
import { findInternalListAnomalies } from "./list-internal.ts";
import type { TransactionRecords } from "./records.ts";
import { buildRecords } from "./records-builder.ts";
import type { Findings } from "./types.ts";

/** Throws HistoryError for a history that makes no sense, BudgetSpent when it does not fit. */
export function analyseListAppend(
  history: readonly HistoryEvent[],
  options: AnalysisOptions,
  budget: Budget,
): Analysis {
  return analyseListRecords(buildRecords("list-append", history), options, budget);
}

/** The same for records that a reader has built already. */
export function analyseListRecords(records: TransactionRecords, options: AnalysisOptions, budget: Budget): Analysis {
  const index = indexLists(records);
  const findings: Findings = new Map();
  findListAnomalies(index, findings);
  findInternalListAnomalies(records, findings);
  const edges = new EdgeList(records.count);
  const graph = addListEdges(index, edges);
  const explain = (from: number, to: number, label: number) => explainListEdge(graph, from, to, label);
  return analyse({ records, options, findings, edges, explain, budget });
}
