/**
 * From the node behind the last return to a linearization, and the proof that it is one.
 *
 * The path of a node names the operations that the search placed one by one. Pure operations go in as soon as they are
 * legal, as in the search; a blind operation that was absorbed goes right before the blind one that hid it. The
 * result is then checked against the definition, without any of the search's shortcuts: a wrong verdict "valid" would
 * have to pass that check too.
 */
import type { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import { BLIND, isOptional, type Problem, PURE } from "./linearizability-problem.ts";
import type { SearchResult } from "./linearizability-search.ts";
import { ILLEGAL } from "./linearizability-states.ts";
import type { Model } from "./model.ts";

type Step = { readonly operation: number; readonly frontier: number; readonly state: number };

/** Ids of the operations in the order of a legal sequential execution. Throws when the search was wrong. */
export function buildLinearization<S>(
  problem: Problem,
  result: SearchResult<S>,
  model: Model<S>,
  meter: Meter,
): readonly number[] {
  const path = readPath(result);
  const hidden = placeAbsorbed(problem, path);
  const order: number[] = [];
  const reads = new EagerReads(problem, result, order);
  reads.openUpTo(0, 0);
  let state = 0;
  for (let i = 0; i < path.length; i += 1) {
    const step = path[i]!;
    reads.openUpTo(step.frontier, state);
    for (const operation of hidden[i] ?? []) order.push(operation);
    order.push(step.operation);
    state = step.state;
    reads.retry(state);
  }
  reads.openUpTo(problem.returns, state);
  const fault = findFault(
    order.map((operation) => problem.operations[operation]!),
    problem.operations,
    model,
    meter,
  );
  if (fault !== undefined) throw new Error(`the search returned an order that is no linearization: ${fault}`);
  return order.map((operation) => problem.operations[operation]!.id);
}

function readPath<S>(result: SearchResult<S>): Step[] {
  const { nodes } = result;
  const path: Step[] = [];
  for (let node = result.goal; node >= 0; node = nodes.parentOf(node)) {
    const operation = nodes.operationOf(node);
    if (operation < 0) continue;
    // The burst in which a step was taken belongs to the frontier of the node before it.
    path.push({ operation, frontier: nodes.frontierOf(nodes.parentOf(node)), state: nodes.stateOf(node) });
  }
  return path.reverse();
}

/** For each step, the absorbed blind operations that go right before it. */
function placeAbsorbed(problem: Problem, path: readonly Step[]): (number[] | undefined)[] {
  const { operations, kindOf, opensAt, returnsAt } = problem;
  const isPlaced = new Uint8Array(operations.length);
  const blindSteps: number[] = [];
  for (let i = 0; i < path.length; i += 1) {
    isPlaced[path[i]!.operation] = 1;
    if (kindOf[path[i]!.operation] === BLIND) blindSteps.push(i);
  }
  const hidden: (number[] | undefined)[] = new Array(path.length);
  for (let operation = 0; operation < operations.length; operation += 1) {
    if (kindOf[operation] !== BLIND || isPlaced[operation] === 1 || isOptional(operations[operation]!)) continue;
    const at = firstStepFrom(blindSteps, path, opensAt[operation]!);
    const frontier = at === undefined ? Number.POSITIVE_INFINITY : path[at]!.frontier;
    if (at === undefined || frontier > returnsAt[operation]!) {
      throw new Error(`the search lost operation ${operations[operation]!.id}`);
    }
    (hidden[at] ??= []).push(operation);
  }
  return hidden;
}

/** The first blind step at or after a frontier. Frontiers never fall along a path. */
function firstStepFrom(blindSteps: readonly number[], path: readonly Step[], frontier: number): number | undefined {
  let low = 0;
  let high = blindSteps.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (path[blindSteps[middle]!]!.frontier < frontier) low = middle + 1;
    else high = middle;
  }
  return blindSteps[low];
}

class EagerReads<S> {
  readonly #problem: Problem;
  readonly #result: SearchResult<S>;
  readonly #order: number[];
  #waiting: number[] = [];
  #opened = -1;

  constructor(problem: Problem, result: SearchResult<S>, order: number[]) {
    this.#problem = problem;
    this.#result = result;
    this.#order = order;
  }

  openUpTo(frontier: number, state: number): void {
    const { openingStart, kindOf } = this.#problem;
    const from = openingStart[this.#opened + 1]!;
    const end = openingStart[frontier + 1]!;
    for (let operation = from; operation < end; operation += 1) {
      if (kindOf[operation] === PURE) this.#place(operation, state);
    }
    this.#opened = Math.max(this.#opened, frontier);
  }

  retry(state: number): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const operation of waiting) this.#place(operation, state);
  }

  #place(operation: number, state: number): void {
    const isLegal = this.#result.states.step(state, this.#problem.classOf[operation]!) !== ILLEGAL;
    (isLegal ? this.#order : this.#waiting).push(operation);
  }
}

/** Why an order is no linearization of the operations; undefined when it is one. */
export function findFault<S>(
  order: readonly Operation[],
  operations: readonly Operation[],
  model: Model<S>,
  meter: Meter,
): string | undefined {
  const missing = new Set<number>();
  for (const operation of operations) if (!operation.isPending) missing.add(operation.id);
  const seen = new Set<number>();
  let latestCall = Number.NEGATIVE_INFINITY;
  let states: readonly S[] = [model.init];
  for (const operation of order) {
    if (seen.has(operation.id)) return `operation ${operation.id} occurs twice`;
    seen.add(operation.id);
    missing.delete(operation.id);
    if (operation.return < latestCall) return `operation ${operation.id} returned before one placed earlier was called`;
    latestCall = Math.max(latestCall, operation.call);
    states = distinctStates(
      states.flatMap((state) => model.step(state, operation, meter)),
      model,
    );
    if (states.length === 0) return `operation ${operation.id} is illegal where it stands`;
  }
  for (const id of missing) return `operation ${id} is missing`;
  return undefined;
}

/** Equal states once each, in order of appearance. */
export function distinctStates<S>(states: readonly S[], model: Model<S>): readonly S[] {
  if (states.length < 2) return states;
  const buckets = new Map<string | number, S[]>();
  const distinct: S[] = [];
  for (const state of states) {
    const hash = model.hash(state);
    const bucket = buckets.get(hash);
    if (bucket === undefined) buckets.set(hash, [state]);
    else if (model.equal === undefined || bucket.some((other) => model.equal?.(other, state) === true)) continue;
    else bucket.push(state);
    distinct.push(state);
  }
  return distinct;
}
