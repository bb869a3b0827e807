/**
 * Counters whose increments answer: the answers give the order, O(n log n).
 *
 * With deltas above zero each state is reached once, so an increment that left the counter at 7 with delta 2 comes right
 * after whatever left it at 5, and reads of 7 come next. If the completed increments form a chain without a gap from the
 * initial value to the largest value that anybody saw, their order is forced, and only real time has to agree. A pending
 * increment then can only come after all of them, or never. If there is a gap, pending increments may fill it: unsuited.
 * Increments answer with the new value (inc) or the old one (faa, fetch-and-add); an increment by zero is a read.
 */
import { type Operation, show } from "../history.ts";
import {
  byCall,
  contradiction,
  findTurned,
  nameOf,
  type Special,
  type SpecialResult,
  turnedRound,
  unsuited,
} from "./special.ts";

export function counterByValues(init: number): Special {
  return {
    name: "counter-by-values",
    check: (operations) => check(operations, init),
    replay: (order) => replay(order, init),
  };
}

/** What an operation adds; a read adds nothing. */
export function deltaOf(operation: Operation): number {
  return operation.f === "read" ? 0 : Number(operation.input);
}

/** The value that a completed operation left behind. */
function valueAfter(operation: Operation): number {
  return operation.f === "faa" ? Number(operation.output) + deltaOf(operation) : Number(operation.output);
}

function check(operations: readonly Operation[], init: number): SpecialResult {
  const steps: Operation[] = [];
  const reads: Operation[] = [];
  let hasPendingSteps = false;
  for (const operation of operations) {
    const delta = deltaOf(operation);
    if (!Number.isSafeInteger(delta) || delta < 0) return unsuited(`${show(operation.input)} is no increment`);
    if (operation.isPending) hasPendingSteps ||= delta > 0;
    else if (operation.f === "add" || typeof operation.output !== "number")
      return unsuited("an increment has no answer");
    else if (delta > 0) steps.push(operation);
    else reads.push(operation);
  }
  steps.sort((left, right) => valueAfter(left) - valueAfter(right) || left.call - right.call);
  let value = init;
  for (const [i, step] of steps.entries()) {
    const before = valueAfter(step) - deltaOf(step);
    if (before > value && hasPendingSteps) return unsuited("pending increments may fill a gap");
    if (before !== value) return broken(steps[i - 1], step, value);
    value = valueAfter(step);
  }
  return arrange(steps, reads, init, hasPendingSteps);
}

function arrange(
  steps: readonly Operation[],
  reads: readonly Operation[],
  init: number,
  hasPendingSteps: boolean,
): SpecialResult {
  const readsOf = new Map<number, Operation[]>([[init, []]]);
  for (const step of steps) readsOf.set(valueAfter(step), []);
  const last = steps[steps.length - 1];
  const largest = last === undefined ? init : valueAfter(last);
  for (const read of reads) {
    const value = valueAfter(read);
    const group = readsOf.get(value);
    if (group !== undefined) group.push(read);
    else if (value > largest && hasPendingSteps) return unsuited("pending increments may explain a read");
    else return contradiction([`${nameOf(read)} saw ${value}, which the counter never held`], [read]);
  }
  // The increment first, then those who read what it left.
  const groups: Operation[][] = [(readsOf.get(init) ?? []).sort(byCall)];
  for (const step of steps) groups.push([step], (readsOf.get(valueAfter(step)) ?? []).sort(byCall));
  const turned = findTurned(groups);
  if (turned !== undefined) return turnedRound(turned, (operation) => `left the counter at ${valueAfter(operation)}`);
  return { kind: "valid", order: groups.flat() };
}

function broken(previous: Operation | undefined, step: Operation, value: number): SpecialResult {
  const before = valueAfter(step) - deltaOf(step);
  return contradiction(
    [
      `${nameOf(step)} added ${deltaOf(step)} and left ${valueAfter(step)}, so it found ${before}`,
      previous === undefined
        ? `the counter began at ${value}, and no increment leads from there to ${before}`
        : `${nameOf(previous)} left ${value}; no increment leads from there to ${before}, and none leads back`,
    ],
    [previous, step],
  );
}

function replay(order: readonly Operation[], init: number): string | undefined {
  let value = init;
  for (const operation of order) {
    const before = value;
    value += deltaOf(operation);
    const answer = operation.f === "faa" ? before : value;
    if (operation.output !== answer) return `operation ${operation.id} answered ${show(operation.output)} at ${answer}`;
  }
  return undefined;
}
