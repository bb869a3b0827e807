/**
 * Why a history is not linearizable, for people: the failing window, the states before it, and a shrunk sub-history.
 *
 * The search names the first return that no configuration passes. The window is the operations open at that return;
 * the states are those of all configurations that came that far. There is no short proof in general (the problem is
 * in NP, its complement is not known to be), so the best evidence is a small history that is still impossible. The shrinker
 * only takes steps that can never make up a fault: what was invoked after the failing return is cut off; pure
 * operations are deleted; all operations of one element are deleted, where the model promises that this is closed; any
 * other operation is relaxed to one that may have happened at any later time, or never.
 */
import { BudgetSpent, Meter } from "./budget.ts";
import type { Operation, PlainJson } from "./history.ts";
import { isOptional, prepareProblem, type Problem } from "./linearizability-problem.ts";
import { type SearchResult, searchLinearization } from "./linearizability-search.ts";
import type { Model } from "./model.ts";
import type { Evidence } from "./verdict.ts";

const STATES_SHOWN_MAX = 8;
const WINDOW_SHOWN_MAX = 4;
const CORE_SHOWN_MAX = 8;
const SHRINK_STEPS_MAX = 3_000_000;
/** Operations searched over all attempts of one shrinking. */
const SHRINK_OPERATIONS_MAX = 400_000;

export type ExplainOptions = {
  /** Also shrink the history; costs many searches of it. */
  readonly isShrinking: boolean;
};

export function explainImpossible<S>(
  problem: Problem,
  result: SearchResult<S>,
  model: Model<S>,
  options: ExplainOptions,
): Evidence {
  const at = result.furthest;
  const failing = problem.operations[problem.returning[at]!]!;
  const window = openAt(problem, result, at);
  const states = statesAt(result, at);
  const candidates = judgeCandidates(problem, result, window, states, model);
  const lines = [
    `no order explains ${model.describe(failing)} (${name(failing)}), which returned at event ${failing.return}`,
    `before it the state could only be ${listStates(states, result, model)}`,
    ...candidates.slice(0, WINDOW_SHOWN_MAX).map((candidate) => candidate.line),
  ];
  if (candidates.length > WINDOW_SHOWN_MAX) {
    const more = candidates.length - WINDOW_SHOWN_MAX;
    lines.push(
      more === 1 ? "one more was open and does not help either" : `${more} more were open and do not help either`,
    );
  }
  const proof = options.isShrinking ? shrinkHistory(problem, at, model) : { core: window, relaxed: [] };
  if (options.isShrinking) {
    lines.push(sufficient(proof.core.length, proof.relaxed.length));
    const shown = proof.core.slice(-CORE_SHOWN_MAX).map((one) => `${one.id}: ${model.describe(one)}`);
    const earlier = proof.core.length - shown.length;
    lines.push(`${earlier > 0 ? `… ${earlier} earlier ones; ` : ""}${shown.join("; ")}`);
  }
  return {
    property: "linearizability",
    lines,
    proof: proof.core,
    details: {
      model: model.name,
      key: failing.key ?? null,
      failing: failing.id,
      window: window.map((operation) => operation.id),
      states: states.slice(0, 100).map((state) => model.describeState(result.states.stateOf(state))),
      candidates: candidates.map(({ id, line, legalIn }): PlainJson => ({ id, reason: line, legalIn })),
      shrunk: proof.core.map((operation) => operation.id),
      relaxed: proof.relaxed.map((operation) => operation.id),
    },
  };
}

function name(operation: Operation): string {
  return `operation ${operation.id}, process ${operation.process}`;
}

function sufficient(core: number, relaxed: number): string {
  const what = core === 1 ? "one operation suffices" : `${core} operations suffice`;
  if (relaxed === 0) return `${what} to show it`;
  return `${what} to show it, whenever the ${relaxed === 1 ? "other one" : `${relaxed} others`} in question took effect, if ever`;
}

function openAt<S>(problem: Problem, result: SearchResult<S>, at: number): Operation[] {
  const { candidates, pure } = result.frontiers.at(at);
  return [...candidates, ...pure].sort((left, right) => left - right).map((index) => problem.operations[index]!);
}

function statesAt<S>(result: SearchResult<S>, at: number): number[] {
  const states = new Set<number>();
  const { nodes } = result;
  for (let node = 0; node < nodes.count; node += 1) if (nodes.frontierOf(node) === at) states.add(nodes.stateOf(node));
  return [...states].sort((left, right) => left - right);
}

function listStates<S>(states: readonly number[], result: SearchResult<S>, model: Model<S>): string {
  const shown = states.slice(0, STATES_SHOWN_MAX).map((state) => model.describeState(result.states.stateOf(state)));
  const more = states.length - shown.length;
  return shown.join(" or ") + (more > 0 ? ` or one of ${more} more` : "");
}

type Candidate = { readonly id: number; readonly line: string; readonly legalIn: number };

/** For each operation that was open: in which of the states it is legal, and that this did not save the one that failed. */
function judgeCandidates<S>(
  problem: Problem,
  result: SearchResult<S>,
  window: readonly Operation[],
  states: readonly number[],
  model: Model<S>,
): Candidate[] {
  const meter = new Meter({ stepsMax: SHRINK_STEPS_MAX, bytesMax: Number.MAX_SAFE_INTEGER });
  const failing = problem.operations[problem.returning[result.furthest]!]!;
  return window.map((operation): Candidate => {
    let legalIn = 0;
    try {
      for (const state of states)
        if (model.step(result.states.stateOf(state), operation, meter).length > 0) legalIn += 1;
    } catch (error) {
      if (!(error instanceof BudgetSpent)) throw error;
    }
    const what = `${model.describe(operation)} (${name(operation)})`;
    if (legalIn === 0) return { id: operation.id, line: `${what} is illegal in every one of them`, legalIn };
    const where = legalIn === states.length ? "in all of them" : `in ${legalIn} of ${states.length}`;
    const why =
      operation.id === failing.id
        ? "but only where it was used up or other operations are then left over"
        : "but no order that uses it makes the failing one legal";
    return { id: operation.id, line: `${what} is legal ${where}, ${why}`, legalIn };
  });
}

type Shrunk = { readonly core: readonly Operation[]; readonly relaxed: readonly Operation[] };

/** A sub-history that is still impossible, by steps that cannot make up a fault. Stops early when its limits are spent. */
function shrinkHistory<S>(problem: Problem, failingAt: number, model: Model<S>): Shrunk {
  const failing = problem.operations[problem.returning[failingAt]!]!;
  const prefix = problem.operations
    .filter((operation) => operation.call <= failing.return)
    .map((operation) => (operation.return > failing.return ? relax(operation) : operation))
    .filter((operation) => !(isOptional(operation) && model.isPure?.(operation) === true));
  const attempts = new Attempts(model);
  let best: readonly Operation[] = prefix;
  best = dropElements(best, model, attempts);
  best = reduce(best, (operation) => (model.isPure?.(operation) === true ? undefined : operation), attempts);
  best = reduce(best, (operation) => (model.isPure?.(operation) === true ? operation : relax(operation)), attempts);
  best = reduce(best, (operation) => (model.isPure?.(operation) === true ? undefined : operation), attempts);
  return {
    core: best.filter((operation) => !isOptional(operation)),
    relaxed: best.filter(isOptional),
  };
}

/** The operation may have happened at any later time, or never; if it did, with the outcome that is known. */
function relax(operation: Operation): Operation {
  return isOptional(operation) ? operation : { ...operation, return: Number.POSITIVE_INFINITY };
}

class Attempts<S> {
  readonly #model: Model<S>;
  readonly #meter = new Meter({ stepsMax: SHRINK_STEPS_MAX, bytesMax: Number.MAX_SAFE_INTEGER });
  #operations = 0;

  constructor(model: Model<S>) {
    this.#model = model;
  }

  get isSpent(): boolean {
    return this.#operations >= SHRINK_OPERATIONS_MAX || this.#meter.steps >= SHRINK_STEPS_MAX;
  }

  isImpossible(operations: readonly Operation[]): boolean {
    if (this.isSpent) return false;
    this.#operations += operations.length;
    const problem = prepareProblem(operations, this.#model, this.#meter);
    return searchLinearization(problem, this.#model, this.#meter).kind === "impossible";
  }
}

/** Delta debugging (Zeller and Hildebrandt, 2002): replaces chunks, then smaller ones; undefined means delete. */
function reduce<S>(
  operations: readonly Operation[],
  replace: (operation: Operation) => Operation | undefined,
  attempts: Attempts<S>,
): readonly Operation[] {
  let best = operations;
  for (let size = Math.ceil(best.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = best.length; end > 0 && !attempts.isSpent; ) {
      const start = Math.max(0, end - size);
      const replaced = best.slice(start, end).map(replace);
      if (replaced.some((operation, i) => operation !== best[start + i])) {
        const kept = replaced.filter((operation) => operation !== undefined);
        const smaller = [...best.slice(0, start), ...kept, ...best.slice(end)];
        if (attempts.isImpossible(smaller)) best = smaller;
      }
      end = start;
    }
  }
  return best;
}

/** Deletes whole elements, if the model says that every operation of this history belongs to one. */
function dropElements<S>(
  operations: readonly Operation[],
  model: Model<S>,
  attempts: Attempts<S>,
): readonly Operation[] {
  const elements = new Set<string>();
  for (const operation of operations) {
    const element = model.elementOf?.(operation);
    if (element === undefined) return operations;
    elements.add(element);
  }
  let best = operations;
  let left = [...elements];
  for (let size = Math.ceil(left.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let end = left.length; end > 0 && !attempts.isSpent; ) {
      const start = Math.max(0, end - size);
      const gone = new Set(left.slice(start, end));
      const smaller = best.filter((operation) => !gone.has(model.elementOf?.(operation) ?? ""));
      if (smaller.length < best.length && attempts.isImpossible(smaller)) {
        best = smaller;
        left = [...left.slice(0, start), ...left.slice(end)];
      }
      end = start;
    }
  }
  return best;
}
