/**
 * The search for a linearization, for any model: Wing and Gong's search with Lowe's cache, on frontiers.
 *
 * Wing and Gong, "Testing and verifying concurrent objects" (1993); Lowe, "Testing for linearizability" (2017), both
 * the cache and the just-in-time rule: operations are linearized only when a return demands it, in a burst that ends
 * with the operation that returns. On top of that:
 *   - pure operations are linearized as soon as they are legal, without branching;
 *   - of open operations of one class the one that returns first goes first, pending ones last;
 *   - a blind operation absorbs the open blind ones before it: they need no step of their own. One that was absorbed is
 *     kept available until its return, where the search tries both: drop it, or use it for its value now;
 *   - dominance between configurations (linearizability-nodes.ts).
 * The search goes depth first for a while, which finds a witness of most valid histories at once, then frontier by
 * frontier, where dominance cuts most and where a point with nothing open costs one configuration for each state.
 * Both share one table, so that no work is lost by the change. The first return that no configuration passes is the
 * same for every order of search, and so is the verdict.
 */
import { BudgetSpent, type Meter } from "./budget.ts";
import type { Model } from "./model.ts";
import { JUST_WROTE, NodeTable } from "./linearizability-nodes.ts";
import { BLIND, Frontiers, type Problem, PURE } from "./linearizability-problem.ts";
import { ILLEGAL, StateTable } from "./linearizability-states.ts";

export type SearchResult<S> = {
  readonly kind: "found" | "impossible" | "spent";
  readonly nodes: NodeTable;
  readonly states: StateTable<S>;
  readonly frontiers: Frontiers;
  /** The node behind the last return; -1 unless found. */
  readonly goal: number;
  /** The furthest frontier that a configuration reached. */
  readonly furthest: number;
  readonly widest: number;
  /** Why the search stopped; empty unless spent. */
  readonly reason: string;
};

/** Up to 63 open operations are one step of the budget, each 64 more are one more. */
const LONG_STEP_SHIFT = 6;

/** Expansions that the depth-first part may use, for each operation. */
const DEPTH_FIRST_FACTOR = 4;

export function searchLinearization<S>(problem: Problem, model: Model<S>, meter: Meter): SearchResult<S> {
  const states = new StateTable(model, problem.classes, meter);
  const nodes = new NodeTable(problem.words, meter);
  const frontiers = new Frontiers(problem, meter);
  const search = new Search(problem, states, nodes, frontiers, meter);
  let kind: SearchResult<S>["kind"];
  let reason = "";
  try {
    kind = search.run() ? "found" : "impossible";
  } catch (error) {
    if (!(error instanceof BudgetSpent)) throw error;
    kind = "spent";
    reason = error.message;
  }
  return {
    kind,
    nodes,
    states,
    frontiers,
    goal: search.goal,
    furthest: search.furthest,
    widest: search.widest,
    reason,
  };
}

class Search<S> {
  readonly #problem: Problem;
  readonly #states: StateTable<S>;
  readonly #nodes: NodeTable;
  readonly #frontiers: Frontiers;
  readonly #meter: Meter;
  readonly #bits: Int32Array;
  /** Bits of the node that is being expanded. */
  readonly #base: Int32Array;
  /** Bits of a node that commits to a write at its return. */
  readonly #commit: Int32Array;
  /** The expansion in which a class was tried last. */
  readonly #triedIn: Int32Array;
  #expansions = 0;
  /** Newly made nodes, to be expanded. */
  #fresh: number[] = [];
  goal = -1;
  furthest = 0;
  widest = 0;

  constructor(problem: Problem, states: StateTable<S>, nodes: NodeTable, frontiers: Frontiers, meter: Meter) {
    this.#problem = problem;
    this.#states = states;
    this.#nodes = nodes;
    this.#frontiers = frontiers;
    this.#meter = meter;
    this.#bits = new Int32Array(2 * problem.words);
    this.#base = new Int32Array(2 * problem.words);
    this.#commit = new Int32Array(2 * problem.words);
    this.#triedIn = new Int32Array(problem.classes.length).fill(-1);
  }

  run(): boolean {
    this.#open(0, 0);
    this.#settle(0, 0, 0, -1, -1);
    const stack = this.#fresh;
    const depthFirstMax = this.#problem.operations.length * DEPTH_FIRST_FACTOR;
    while (this.goal < 0 && stack.length > 0 && this.#expansions < depthFirstMax) this.#expand(stack.pop()!);
    if (this.goal >= 0 || stack.length === 0) return this.goal >= 0;
    return this.#sweep(stack);
  }

  /** Frontier by frontier, each in the order in which its nodes were made. */
  #sweep(pending: readonly number[]): boolean {
    const heads = new Int32Array(this.#problem.returns + 1).fill(-1);
    const tails = new Int32Array(this.#problem.returns + 1).fill(-1);
    const enqueue = (node: number): void => {
      const at = this.#nodes.frontierOf(node);
      if (tails[at]! < 0) heads[at] = node;
      else this.#nodes.setNextInQueue(tails[at]!, node);
      tails[at] = node;
    };
    for (const node of pending) enqueue(node);
    this.#fresh = [];
    for (let at = 0; at < this.#problem.returns; at += 1) {
      let width = 0;
      for (let node = heads[at]!; node >= 0; node = this.#nodes.nextInQueue(node)) {
        if (this.#nodes.isDone(node)) continue;
        width += 1;
        this.#expand(node);
        if (this.goal >= 0) return true;
        for (const made of this.#fresh) enqueue(made);
        this.#fresh.length = 0;
      }
      if (width > this.widest) this.widest = width;
    }
    return false;
  }

  #expand(node: number): void {
    const nodes = this.#nodes;
    if (nodes.isDone(node)) return;
    nodes.markExpanded(node);
    this.#expansions += 1;
    const { classOf, kindOf, slotOf, words } = this.#problem;
    const at = nodes.frontierOf(node);
    const state = nodes.stateOf(node);
    const hasJustWritten = nodes.hasJustWritten(node);
    const { candidates } = this.#frontiers.at(at);
    // Many open operations, as of crashed clients or of a shrunk history, make a step a long one.
    this.#meter.spend(1 + (candidates.length >>> LONG_STEP_SHIFT));
    nodes.readBits(node, this.#base);
    const base = this.#base;
    // Backwards in the sweep would be as good; depth first the last one pushed is the first one tried.
    const firstFresh = this.#fresh.length;
    for (let i = 0; i < candidates.length; i += 1) {
      const operation = candidates[i]!;
      const slot = slotOf[operation]!;
      if ((base[slot >>> 5]! & (1 << (slot & 31))) === 0) continue;
      const operationClass = classOf[operation]!;
      if (this.#triedIn[operationClass] === this.#expansions) continue;
      this.#triedIn[operationClass] = this.#expansions;
      const isBlind = kindOf[operation] === BLIND;
      if (isBlind && hasJustWritten) continue;
      const code = this.#states.step(state, operationClass);
      if (code === ILLEGAL) continue;
      if (code >= 0) this.#linearize(node, at, operation, isBlind, code, base, words);
      else for (const next of this.#states.list(code)) this.#linearize(node, at, operation, isBlind, next, base, words);
      if (this.goal >= 0) return;
    }
    reverseFrom(this.#fresh, firstFresh);
  }

  #linearize(
    node: number,
    at: number,
    operation: number,
    isBlind: boolean,
    state: number,
    base: Int32Array,
    words: number,
  ): void {
    const { slotOf, returning } = this.#problem;
    const bits = this.#bits;
    bits.set(base);
    const slot = slotOf[operation]!;
    const bit = 1 << (slot & 31);
    bits[slot >>> 5]! &= ~bit;
    bits[words + (slot >>> 5)]! &= ~bit;
    if (isBlind) {
      const { blindMask } = this.#frontiers.at(at);
      const returningSlot = slotOf[returning[at]!]!;
      const returningOwed = bits[words + (returningSlot >>> 5)]! & (1 << (returningSlot & 31));
      for (let word = 0; word < words; word += 1) bits[words + word]! &= ~blindMask[word]!;
      // The burst has to end with the operation that returns: it is not absorbed by others of its own burst.
      if (returning[at] !== operation) bits[words + (returningSlot >>> 5)]! |= returningOwed;
    }
    const wasSeen = this.#readEagerly(at, state);
    this.#settle(at, state, isBlind && !wasSeen ? JUST_WROTE : 0, node, operation);
  }

  /** Linearizes every open pure operation that is legal now; true when there was one. */
  #readEagerly(at: number, state: number): boolean {
    const { classOf, slotOf, words } = this.#problem;
    const { pure } = this.#frontiers.at(at);
    const bits = this.#bits;
    let isAny = false;
    for (let i = 0; i < pure.length; i += 1) {
      const slot = slotOf[pure[i]!]!;
      const word = words + (slot >>> 5);
      const bit = 1 << (slot & 31);
      if ((bits[word]! & bit) === 0) continue;
      if (this.#states.step(state, classOf[pure[i]!]!) === ILLEGAL) continue;
      bits[word]! &= ~bit;
      isAny = true;
    }
    return isAny;
  }

  /** Passes the returns that owe nothing, then keeps the configuration in #bits as a node. */
  #settle(from: number, state: number, flagsAtStart: number, parent: number, operation: number): void {
    const { returns, returning, slotOf, words } = this.#problem;
    const bits = this.#bits;
    let flags = flagsAtStart;
    let at = from;
    for (; at < returns; at += 1) {
      const slot = slotOf[returning[at]!]!;
      const word = slot >>> 5;
      const bit = 1 << (slot & 31);
      if ((bits[words + word]! & bit) !== 0) break;
      if ((bits[word]! & bit) !== 0) {
        // A write that was absorbed and is still available: use it now for its value, or drop it.
        this.#commit.set(bits);
        this.#commit[words + word]! |= bit;
        this.#keep(at, state, this.#commit, flags, parent, operation);
        bits[word]! &= ~bit;
      }
      flags = 0;
      this.#open(at + 1, state);
    }
    this.#keep(at, state, bits, flags, parent, operation);
  }

  #keep(at: number, state: number, bits: Int32Array, flags: number, parent: number, operation: number): void {
    if (at > this.furthest) this.furthest = at;
    const isGoal = at === this.#problem.returns;
    if (isGoal && this.goal >= 0) return;
    const node = this.#nodes.add(at, state, bits, this.#frontiers.at(at).exactMask, flags, parent, operation);
    if (node < 0) return;
    if (isGoal) this.goal = node;
    else this.#fresh.push(node);
  }

  /** Adds the operations that open at a frontier to #bits. */
  #open(frontier: number, state: number): void {
    const { openingStart, returns, returnsAt, kindOf, classOf, slotOf, words } = this.#problem;
    const bits = this.#bits;
    const end = openingStart[frontier + 1]!;
    for (let operation = openingStart[frontier]!; operation < end; operation += 1) {
      const slot = slotOf[operation]!;
      const word = slot >>> 5;
      const bit = 1 << (slot & 31);
      if (kindOf[operation] === PURE) {
        if (this.#states.step(state, classOf[operation]!) === ILLEGAL) bits[words + word]! |= bit;
        continue;
      }
      bits[word]! |= bit;
      if (returnsAt[operation]! < returns) bits[words + word]! |= bit;
    }
  }
}

function reverseFrom(items: number[], from: number): void {
  for (let low = from, high = items.length - 1; low < high; low += 1, high -= 1) {
    const item = items[low]!;
    items[low] = items[high]!;
    items[high] = item;
  }
}
