/**
 * Linearizability for any model (Herlihy and Wing, 1990), partition by partition.
 *
 * Linearizability is local: a history is linearizable when its part for each key is. Partitions are checked in order of
 * their keys, so that the report does not depend on anything else; an invalid one ends the check, an unknown one
 * does not. The problem is NP-complete even for registers (Gibbons and Korach, 1997), so the budget is part of the
 * question, and unknown one of the answers.
 */
import { type Budget, BudgetSpent, DEFAULT_BUDGET, Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import { explainImpossible } from "./linearizability-explain.ts";
import { prepareProblem } from "./linearizability-problem.ts";
import { type SearchResult, searchLinearization } from "./linearizability-search.ts";
import { buildLinearization } from "./linearizability-witness.ts";
import type { Model } from "./model.ts";
import { findMisplaced, type Special, type SpecialResult, unsuited } from "./special/special.ts";
import { compareText } from "./values.ts";
import type { Unknown, Verdict } from "./verdict.ts";

export type LinearizabilityOptions = {
  readonly budget?: Budget;
  /** Shrink the history of an invalid verdict; true unless said otherwise. */
  readonly isShrinking?: boolean;
  /** A faster algorithm for this model; where it is unsuited the search decides. */
  readonly special?: Special;
};

/** Checks completed and pending operations against a model. The operations must come from one history. */
export function checkLinearizability<S>(
  operations: readonly Operation[],
  model: Model<S>,
  options: LinearizabilityOptions = {},
): Verdict {
  const meter = new Meter(options.budget ?? DEFAULT_BUDGET);
  const parts = partition(operations, model);
  const linearization: number[] = [];
  const checkers = new Set<string>();
  let unknown: Unknown | undefined;
  for (const part of parts) {
    const decide = (some: readonly Operation[]): Verdict =>
      checkPartition(some, model, meter, options.isShrinking ?? true);
    const verdict = checkSpecially(part, options.special, decide) ?? decide(part);
    checkers.add(verdict.checker);
    if (verdict.kind === "invalid") return { ...verdict, operations: operations.length };
    if (verdict.kind === "unknown") unknown ??= { ...verdict, operations: operations.length };
    else for (const id of verdict.linearization ?? []) linearization.push(id);
    if (meter.steps >= meter.budget.stepsMax) break;
  }
  if (unknown !== undefined) return unknown;
  const checker = checkers.size === 0 ? "frontier" : [...checkers].join(", ");
  return { kind: "valid", checker, operations: operations.length, linearization };
}

/** The verdict of a special algorithm; undefined when it is unsuited. Throws when its order is no linearization. */
function checkSpecially(
  operations: readonly Operation[],
  special: Special | undefined,
  decide: (operations: readonly Operation[]) => Verdict,
): Verdict | undefined {
  const result = special?.check(operations, (rest) => searchRest(rest, decide));
  if (special === undefined || result === undefined || result.kind === "unsuited") return undefined;
  const count = operations.length;
  if (result.kind === "invalid") {
    return { kind: "invalid", checker: special.name, operations: count, evidence: result.evidence };
  }
  const fault = findMisplaced(result.order, operations) ?? special.replay(result.order);
  if (fault !== undefined) throw new Error(`${special.name} returned an order that is no linearization: ${fault}`);
  const linearization = result.order.map((operation) => operation.id);
  return { kind: "valid", checker: special.name, operations: count, linearization };
}

function searchRest(
  operations: readonly Operation[],
  decide: (operations: readonly Operation[]) => Verdict,
): SpecialResult {
  const verdict = decide(operations);
  if (verdict.kind === "invalid") return { kind: "invalid", evidence: verdict.evidence };
  if (verdict.kind === "unknown") return unsuited(verdict.reason);
  const byId = new Map<number, Operation>();
  for (const operation of operations) byId.set(operation.id, operation);
  return { kind: "valid", order: (verdict.linearization ?? []).map((id) => byId.get(id)!) };
}

/** Operations of each key, keys in the order of their code points. */
export function partition(
  operations: readonly Operation[],
  model: { keyOf?(operation: Operation): string },
): readonly (readonly Operation[])[] {
  const { keyOf } = model;
  if (keyOf === undefined) return [operations];
  const parts = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = keyOf(operation);
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return [...parts.entries()].sort((left, right) => compareText(left[0], right[0])).map((entry) => entry[1]);
}

/** One partition, in order of invocation. */
export function checkPartition<S>(
  operations: readonly Operation[],
  model: Model<S>,
  meter: Meter,
  isShrinking: boolean,
): Verdict {
  const bytesBefore = meter.bytes;
  const count = operations.length;
  try {
    const problem = prepareProblem(operations, model, meter);
    const result = searchLinearization(problem, model, meter);
    if (result.kind === "spent") return unknownVerdict(result, count, meter);
    if (result.kind === "impossible") {
      const evidence = explainImpossible(problem, result, model, { isShrinking });
      return { kind: "invalid", checker: "frontier", operations: count, evidence };
    }
    // The proof has a budget of its own: a search that has found an answer should not lose it.
    const linearization = buildLinearization(problem, result, model, new Meter(meter.budget));
    return { kind: "valid", checker: "frontier", operations: count, linearization };
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    const progress = { operationsPassed: 0, steps: meter.steps, bytes: meter.bytes, widest: 0 };
    return { kind: "unknown", checker: "frontier", operations: count, reason: error.message, progress };
  } finally {
    meter.hold(bytesBefore - meter.bytes);
  }
}

function unknownVerdict<S>(result: SearchResult<S>, operations: number, meter: Meter): Unknown {
  const { furthest, widest, reason } = result;
  return {
    kind: "unknown",
    checker: "frontier",
    operations,
    reason,
    progress: { operationsPassed: furthest, steps: meter.steps, bytes: meter.bytes, widest },
  };
}
