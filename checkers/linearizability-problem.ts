/**
 * A history prepared for the search: returns in order, and for each of them which operations are open.
 *
 * Frontier i stands before the i-th return. An operation is open from frontier `opensAt` (the number of returns before
 * its call) up to that of its own return; a pending one stays open for ever. What a search has done is then told by the
 * frontier and a few bits for the open operations, instead of one bit for every operation of the history (Lee and
 * Mathur, arXiv:2509.05586). Open operations hold a slot, a bit position that is used again after their return.
 *
 * Pending operations that are pure are left out: nobody saw them, and they change nothing.
 */
import type { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import type { Model } from "./model.ts";

export type Kind = 0 | 1 | 2;
/** Reads the state and returns; see Model.isPure. */
export const PURE: Kind = 0;
/** Overwrites the state; see Model.isBlind. */
export const BLIND: Kind = 1;
export const OTHER: Kind = 2;

export type Problem = {
  readonly operations: readonly Operation[];
  /** One operation of each class. */
  readonly classes: readonly Operation[];
  readonly classOf: Int32Array;
  readonly kindOf: Uint8Array;
  readonly slotOf: Int32Array;
  /** Number of 32-bit words that hold a bit for each slot. */
  readonly words: number;
  /** Number of returns: the last frontier, where nothing is left to do. */
  readonly returns: number;
  /** Operation that returns at a frontier. */
  readonly returning: Int32Array;
  readonly opensAt: Int32Array;
  /** Frontier of the return; `returns` for a pending operation. */
  readonly returnsAt: Int32Array;
  /** Operations are in order of call, so those that open at frontier i are openingStart[i] up to openingStart[i + 1]. */
  readonly openingStart: Int32Array;
};

/** What is open at one frontier. */
export type Frontier = {
  /** Not pure, in the order in which they are tried: earliest return first, pending ones last. */
  readonly candidates: Int32Array;
  readonly pure: Int32Array;
  /** Slots of blind operations. */
  readonly blindMask: Int32Array;
  /** Slots whose bits must agree for one configuration to stand in for another: completed and OTHER. */
  readonly exactMask: Int32Array;
};

export function prepareProblem<S>(operations: readonly Operation[], model: Model<S>, meter: Meter): Problem {
  const kept = operations.filter((operation) => !(isOptional(operation) && model.isPure?.(operation) === true));
  const byCall = isSortedByCall(kept) ? kept : kept.slice().sort((left, right) => left.call - right.call);
  const count = byCall.length;
  meter.hold(count * 60);
  const { classes, classOf, kindOf } = classify(byCall, model);
  const returning = orderReturns(byCall);
  const returns = returning.length;
  const returnsAt = new Int32Array(count).fill(returns);
  for (let at = 0; at < returns; at += 1) returnsAt[returning[at]!] = at;
  const opensAt = new Int32Array(count);
  const openingStart = new Int32Array(returns + 2);
  let passed = 0;
  for (let operation = 0; operation < count; operation += 1) {
    // Closed intervals: an operation that is called at the very instant of a return is concurrent with it.
    while (passed < returns && byCall[returning[passed]!]!.return < byCall[operation]!.call) passed += 1;
    opensAt[operation] = passed;
    openingStart[passed + 1]! += 1;
  }
  for (let at = 0; at <= returns; at += 1) openingStart[at + 1]! += openingStart[at]!;
  const { slotOf, slots } = assignSlots(count, returning, openingStart);
  const words = Math.max(1, Math.ceil(slots / 32));
  return {
    operations: byCall,
    classes,
    classOf,
    kindOf,
    slotOf,
    words,
    returns,
    returning,
    opensAt,
    returnsAt,
    openingStart,
  };
}

/** It need not have happened. Without a return, whether its outcome is known (in a shrunk history) or not (pending). */
export function isOptional(operation: Operation): boolean {
  return operation.return === Number.POSITIVE_INFINITY;
}

function isSortedByCall(operations: readonly Operation[]): boolean {
  for (let i = 1; i < operations.length; i += 1) if (operations[i - 1]!.call > operations[i]!.call) return false;
  return true;
}

/** Completed operations by the index of their return; ties by call. */
function orderReturns(operations: readonly Operation[]): Int32Array {
  const completed: number[] = [];
  for (let i = 0; i < operations.length; i += 1) if (!isOptional(operations[i]!)) completed.push(i);
  completed.sort((left, right) => operations[left]!.return - operations[right]!.return || left - right);
  return Int32Array.from(completed);
}

type Classes = {
  readonly classes: readonly Operation[];
  readonly classOf: Int32Array;
  readonly kindOf: Uint8Array;
};

function classify<S>(operations: readonly Operation[], model: Model<S>): Classes {
  const byName = new Map<string, number>();
  const classes: Operation[] = [];
  const kinds: Kind[] = [];
  const classOf = new Int32Array(operations.length);
  const kindOf = new Uint8Array(operations.length);
  for (let i = 0; i < operations.length; i += 1) {
    const operation = operations[i]!;
    const isBlind = model.isBlind?.(operation) === true;
    const name = model.classOf?.(operation) ?? nameClass(operation, isBlind);
    let number = byName.get(name);
    if (number === undefined) {
      number = classes.length;
      byName.set(name, number);
      classes.push(operation);
      kinds.push(isBlind ? BLIND : !isOptional(operation) && model.isPure?.(operation) === true ? PURE : OTHER);
    }
    classOf[i] = number;
    kindOf[i] = kinds[number]!;
  }
  return { classes, classOf, kindOf };
}

/** A blind operation does the same whatever came out of it, so its outcome is no part of the class. */
function nameClass(operation: Operation, isBlind: boolean): string {
  const { input, output, f, key } = operation;
  const argument = typeof input === "number" ? `${input}` : JSON.stringify(input);
  const head = key === undefined ? `${f} ${argument}` : `${f} ${JSON.stringify(key)} ${argument}`;
  if (isBlind) return head;
  if (operation.isPending) return `${head} ?`;
  return `${head} ${typeof output === "number" ? output : JSON.stringify(output)}`;
}

function assignSlots(
  count: number,
  returning: Int32Array,
  openingStart: Int32Array,
): { slotOf: Int32Array; slots: number } {
  const slotOf = new Int32Array(count);
  const free: number[] = [];
  let slots = 0;
  for (let at = 0; at < openingStart.length - 1; at += 1) {
    for (let operation = openingStart[at]!; operation < openingStart[at + 1]!; operation += 1) {
      slotOf[operation] = free.pop() ?? slots;
      if (slotOf[operation] === slots) slots += 1;
    }
    if (at < returning.length) free.push(slotOf[returning[at]!]!);
  }
  return { slotOf, slots };
}

/** What is open at each frontier, built when it is first asked for. */
export class Frontiers {
  readonly #problem: Problem;
  readonly #meter: Meter;
  readonly #known: (Frontier | undefined)[] = [];
  /** Open operations of the frontier built last, in order of call: frontiers are mostly asked for one after another. */
  #open: number[] = [];
  #openAt = -1;

  constructor(problem: Problem, meter: Meter) {
    this.#problem = problem;
    this.#meter = meter;
  }

  at(frontier: number): Frontier {
    return this.#known[frontier] ?? this.#build(frontier);
  }

  #build(frontier: number): Frontier {
    const { opensAt, returnsAt, kindOf, slotOf, words, openingStart, operations } = this.#problem;
    if (frontier < this.#openAt) {
      this.#open = [];
      this.#openAt = -1;
    }
    const open = this.#open.filter((operation) => returnsAt[operation]! >= frontier);
    const from = this.#openAt < 0 ? 0 : openingStart[this.#openAt + 1]!;
    for (let operation = from; operation < openingStart[frontier + 1]!; operation += 1) {
      if (returnsAt[operation]! >= frontier && opensAt[operation]! <= frontier) open.push(operation);
    }
    this.#open = open;
    this.#openAt = frontier;
    const blindMask = new Int32Array(words);
    const exactMask = new Int32Array(words);
    const candidates: number[] = [];
    const pure: number[] = [];
    for (const operation of open) {
      const word = slotOf[operation]! >>> 5;
      const bit = 1 << (slotOf[operation]! & 31);
      if (kindOf[operation] === PURE) pure.push(operation);
      else candidates.push(operation);
      if (kindOf[operation] === BLIND) blindMask[word]! |= bit;
      else if (kindOf[operation] === OTHER && !isOptional(operations[operation]!)) exactMask[word]! |= bit;
    }
    candidates.sort((left, right) => returnsAt[left]! - returnsAt[right]! || left - right);
    this.#meter.hold((open.length + 2 * words) * 4 + 100);
    const built = { candidates: Int32Array.from(candidates), pure: Int32Array.from(pure), blindMask, exactMask };
    this.#known[frontier] = built;
    return built;
  }
}
