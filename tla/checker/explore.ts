/**
 * Breadth-first exploration, and what all ways of exploring share: making successors, judging states, counting as TLC does.
 *
 * Counts (reference: TLC's ModelChecker): every generated state counts in `total`, initial ones and duplicates included,
 * before constraints are looked at; only states that satisfy the constraints are kept. Invariants are judged on new states
 * even outside the constraints; implied steps on every step.
 */
import { failAt, isStackOverflow, RECURSES_TOO_DEEP, TlaError } from "../errors.ts";
import { undo } from "../eval/machine.ts";
import type { Model, Predicate } from "../eval/model.ts";
import type { Value } from "../values/types.ts";
import { type Checks, inState, NOWHERE } from "./checks.ts";
import { addState, createStore, findState, pathTo, readState, type Store } from "./store.ts";
import { createSymmetry } from "./symmetry.ts";

export type Budget = {
  /** Stop when so many distinct states are known. */
  readonly distinctMax?: number | undefined;
  /** Stop when so many states have been generated. */
  readonly generatedMax?: number | undefined;
  /** Stop when the store and the values together are estimated to need more bytes than this. */
  readonly memoryBytesMax?: number | undefined;
  /** Do not go deeper than this many levels. */
  readonly depthMax?: number | undefined;
  /** Asked every few thousand states; a text is the reason to stop (a clock the caller owns, an interrupt). */
  readonly shouldStop?: (() => string | undefined) | undefined;
};
export type Progress = {
  readonly distinct: number;
  readonly total: number;
  readonly depth: number;
  readonly queued: number;
};

export type ViolationKind =
  | "assumption"
  | "invariant"
  | "deadlock"
  | "step"
  | "initial"
  | "liveness"
  | "evaluation"
  | "postcondition";
/** Something false, and the last known state of the way there: an index in the store, then states that are not in it. */
export type Violation = {
  readonly kind: ViolationKind;
  readonly name: string;
  readonly error?: TlaError | undefined;
  /** How often it was found; the rest is about the first time. */
  count: number;
  readonly at: number;
  readonly last?: { readonly codes: Int32Array; readonly label: number } | undefined;
};

export type Edges = { from: Int32Array; to: Int32Array; count: number };
export type Exploration = {
  readonly model: Model;
  readonly checks: Checks;
  readonly store: Store;
  total: number;
  depth: number;
  readonly violations: Violation[];
  stopped: string | undefined;
  /** Steps between kept states; only recorded when liveness will be checked. */
  readonly edges: Edges | undefined;
  /** Generated and new states by action label. */
  readonly taken: number[];
  readonly fresh: number[];
  initialCount: number;
  /** How many states have been taken from the queue. */
  expanded: number;
};
export type ExploreOptions = {
  readonly budget: Budget;
  /** Go on after a violation, to count everything. */
  readonly continueAfterViolation: boolean;
  readonly onProgress: ((progress: Progress) => void) | undefined;
};

const CHECK_EVERY = 512;

export function createExploration(model: Model, checks: Checks): Exploration {
  const width = model.variables.length;
  const keyWidth = checks.view !== undefined ? 1 : model.config.symmetry !== undefined ? width : undefined;
  const needsEdges = checks.liveness.length > 0;
  return {
    model,
    checks,
    store: createStore(width, keyWidth),
    total: 0,
    depth: 0,
    violations: [],
    stopped: undefined,
    edges: needsEdges ? { from: new Int32Array(4096), to: new Int32Array(4096), count: 0 } : undefined,
    taken: [],
    fresh: [],
    initialCount: 0,
    expanded: 0,
  };
}

/** Explores breadth first until done, violated or out of budget. */
export function exploreBreadthFirst(exploration: Exploration, options: ExploreOptions): void {
  const { checks, store } = exploration;
  if (checks.init === undefined || checks.next === undefined) return;
  const visitor = createVisitor(exploration, options);
  visitor.initial();
  let levelEnd = store.count;
  if (levelEnd > 0) exploration.depth = 1;
  for (let index = 0; index < store.count && !visitor.isDone(); index++) {
    if (index === levelEnd) {
      levelEnd = store.count;
      exploration.depth++;
    }
    if (options.budget.depthMax !== undefined && exploration.depth >= options.budget.depthMax) {
      exploration.stopped = `stopped at depth ${exploration.depth}`;
      return;
    }
    exploration.expanded = index + 1;
    visitor.expand(index, exploration.depth);
    if (index % CHECK_EVERY === 0)
      options.onProgress?.({
        distinct: store.count,
        total: exploration.total,
        depth: exploration.depth,
        queued: store.count - index - 1,
      });
  }
  // A violating state found from the last level lies one level deeper.
  if (visitor.isDone() && store.count > levelEnd) exploration.depth++;
}

/** Why a search stops that its own specification ends. */
export const EXIT_REQUESTED = 'stopped: TLCSet("exit", TRUE) was evaluated';

export type Visitor = {
  /** Makes and judges the initial states. */
  readonly initial: () => void;
  /** Makes and judges the successors of a kept state, which stands at a level; returns how many there were. */
  readonly expand: (index: number, level: number, onSuccessor?: (index: number) => void) => number;
  readonly isDone: () => boolean;
};

export function createVisitor(exploration: Exploration, options: ExploreOptions): Visitor {
  const { model, checks, store, edges } = exploration;
  const m = model.machine;
  const { u } = m;
  const width = model.variables.length;
  const codes = new Int32Array(width);
  const from = new Int32Array(width);
  const keyOf = createKey(exploration, codes, (look) => judged(m.target, look));
  const { distinctMax = Number.POSITIVE_INFINITY, generatedMax = Number.POSITIVE_INFINITY } = options.budget;
  let lookAt = CHECK_EVERY;
  /** The state being expanded, or -1, and where it stands. */
  let expanded = -1;
  let source: readonly (Value | undefined)[] = NOWHERE;
  m.trace = () => {
    const path = pathTo(store, expanded).map((codes) => Array.from(codes, (code) => u.decode(code)));
    return m.current === source && expanded >= 0 ? path : [...path, m.current];
  };
  m.figures = () => ({
    distinct: store.count,
    generated: exploration.total,
    queue: Math.max(0, store.count - exploration.expanded),
    diameter: exploration.depth,
  });
  let isDone = false;
  /** Whether `codes` holds a whole state that is being judged: an error is then about it, not about its making. */
  let isJudging = false;

  const violate = (kind: ViolationKind, name: string, at: number): void => {
    const last = { codes: codes.slice(), label: m.label };
    record(exploration, { kind, name, at, count: 1, last });
    if (!options.continueAfterViolation) isDone = true;
  };
  /** Judges the state in `codes`, standing in `target`; parent is -1 for an initial state. Returns its index or -1. */
  const meet = (parent: number, isAllowed: boolean): number => {
    let index = -1;
    if (isAllowed) {
      const key = keyOf();
      index = findState(store, key);
      if (index >= 0) return index;
      index = addState(store, codes, key, parent, m.label);
      count(exploration.fresh, m.label);
    }
    const state = m.target;
    judged(state, () => {
      for (const list of [checks.invariants, checks.impliedAlways]) {
        for (let i = 0; i < list.length; i++) if (!list[i]!.holds()) return violate("invariant", list[i]!.name, parent);
      }
    });
    return index;
  };
  const initial = (): void => {
    m.label = -1;
    m.current = new Array<Value | undefined>(width);
    m.target = m.current;
    m.next = NOWHERE;
    m.level = 0;
    expanded = -1;
    guard(-1, () =>
      checks.init!(() => {
        encodeTarget("the initial predicate");
        exploration.total++;
        exploration.initialCount++;
        isJudging = true;
        meet(-1, inConstraints(m.current));
        const broken = judged(m.current, () => checks.impliedInitial.find((predicate) => !predicate.holds()));
        if (broken !== undefined) violate("initial", broken.name, -1);
        isJudging = false;
        return isDone || isSpent();
      }),
    );
    undo(m, 0);
  };
  const expand = (index: number, level: number, onSuccessor?: (index: number) => void): number => {
    const before = exploration.total;
    readState(store, index, from);
    m.current = new Array<Value>(width);
    for (let i = 0; i < width; i++) m.current[i] = u.decode(from[i]!);
    m.next = new Array<Value | undefined>(width);
    m.target = m.next;
    m.epoch = ++m.epochCount;
    m.level = level;
    expanded = index;
    source = m.current;
    guard(index, () =>
      checks.next!(() => {
        encodeTarget("the next-state relation");
        exploration.total++;
        count(exploration.taken, m.label);
        isJudging = true;
        const isAllowed = inConstraints(m.next) && holdsAll(checks.actionConstraints);
        const successor = meet(index, isAllowed);
        if (checks.impliedSteps.length > 0) judgeStep(index);
        if (edges !== undefined && successor >= 0) addEdge(edges, index, successor);
        isJudging = false;
        if (successor >= 0) onSuccessor?.(successor);
        return isDone || isSpent();
      }),
    );
    undo(m, 0);
    m.epoch = 0;
    m.level = 0;
    const made = exploration.total - before;
    exploration.total += m.composed;
    m.composed = 0;
    if (made === 0 && model.config.checkDeadlock && !isDone) {
      record(exploration, { kind: "deadlock", name: "Deadlock", count: 1, at: index });
      if (!options.continueAfterViolation) isDone = true;
    }
    return made;
  };
  const judgeStep = (index: number): void => {
    const { target } = m;
    m.target = NOWHERE;
    m.nextEpoch = ++m.epochCount;
    try {
      for (let i = 0; i < checks.impliedSteps.length && !isDone; i++) {
        const step = checks.impliedSteps[i]!;
        if (!step.holds()) violate("step", step.name, index);
      }
    } finally {
      m.target = target;
      m.nextEpoch = 0;
    }
  };
  const inConstraints = (state: readonly (Value | undefined)[]): boolean => {
    return checks.constraints.length === 0 || judged(state, () => holdsAll(checks.constraints));
  };
  /** Looks at a state that was made: it stands one level below the one it was made from. */
  function judged<T>(state: readonly (Value | undefined)[], look: () => T): T {
    m.level++;
    try {
      return inState(model, state, look);
    } finally {
      m.level--;
    }
  }
  const encodeTarget = (what: string): void => {
    const { target } = m;
    for (let i = 0; i < width; i++) {
      const value = target[i];
      if (value === undefined) failUnassigned(exploration, i, what);
      codes[i] = u.encode(value);
    }
  };
  /** Turns an error of the specification into a violation at the state it came from. */
  const guard = (index: number, run: () => unknown): void => {
    try {
      if (options.continueAfterViolation) m.onAssertion = (error) => wentWrong(error, index);
      run();
    } catch (error) {
      isDone = true;
      if (error instanceof RangeError && !isStackOverflow(error)) {
        exploration.stopped = `stopped: out of memory (${error.message})`;
        return;
      }
      wentWrong(asTlaError(error), index);
    }
  };
  const wentWrong = (error: TlaError, index: number): void => {
    const last = isJudging ? { codes: codes.slice(), label: m.label } : undefined;
    record(exploration, { kind: "evaluation", name: error.message, error, count: 1, at: index, last });
  };
  const isSpent = (): boolean => {
    if (m.isExitRequested) {
      exploration.stopped = EXIT_REQUESTED;
      isDone = true;
    }
    if (exploration.total < lookAt && exploration.total < generatedMax && store.count < distinctMax) return false;
    lookAt = exploration.total + CHECK_EVERY;
    exploration.stopped = spent(exploration, options.budget);
    if (exploration.stopped !== undefined) isDone = true;
    return isDone;
  };
  return { initial, expand, isDone: () => isDone };
}

function record({ violations }: Exploration, violation: Violation): void {
  const known = violations.find(({ kind, name }) => kind === violation.kind && name === violation.name);
  if (known === undefined) violations.push(violation);
  else known.count++;
}

function holdsAll(predicates: readonly Predicate[]): boolean {
  for (let i = 0; i < predicates.length; i++) if (!predicates[i]!.holds()) return false;
  return true;
}

function count(counters: number[], label: number): void {
  counters[label + 1] = (counters[label + 1] ?? 0) + 1;
}

function createKey(
  exploration: Exploration,
  codes: Int32Array,
  judged: (look: () => Value) => Value,
): () => Int32Array {
  const { model, checks } = exploration;
  const m = model.machine;
  const { view } = checks;
  if (view !== undefined) {
    const key = new Int32Array(1);
    return () => {
      key[0] = m.u.encode(m.u.normalise(judged(view.evaluate)));
      return key;
    };
  }
  const symmetry = createSymmetry(model);
  if (symmetry === undefined) return () => codes;
  const key = new Int32Array(codes.length);
  return () => {
    symmetry(codes, key);
    return key;
  };
}

function failUnassigned(exploration: Exploration, variable: number, what: string): never {
  const { model } = exploration;
  const label = model.labels[model.machine.label];
  const name = model.variables[variable]!;
  const { init, next } = exploration.checks.behaviour;
  const where = label?.span ?? (what === "the initial predicate" ? init?.[0] : next)!.node.span;
  const action = label === undefined ? what : label.name;
  return failAt(where, `${action} gives no value to the variable ${name}`);
}

export function asTlaError(error: unknown): TlaError {
  if (error instanceof TlaError) {
    if (error.kind !== "evaluation") throw error; // a name or configuration that cannot be resolved is no violation
    return error;
  }
  if (isStackOverflow(error)) return new TlaError("evaluation", RECURSES_TOO_DEEP);
  throw error;
}

const BYTES_PER_VALUE = 160;

function spent(exploration: Exploration, budget: Budget): string | undefined {
  const { store, total } = exploration;
  if (budget.distinctMax !== undefined && store.count >= budget.distinctMax)
    return `stopped at ${store.count} distinct states`;
  if (budget.generatedMax !== undefined && total >= budget.generatedMax) return `stopped at ${total} generated states`;
  const bytes =
    (store.states.length +
      store.parents.length +
      store.labels.length +
      store.table.length +
      (store.hasOwnKeys ? store.keys.length : 0)) *
      4 +
    exploration.model.machine.u.size * BYTES_PER_VALUE +
    (exploration.edges?.from.length ?? 0) * 8;
  if (budget.memoryBytesMax !== undefined && bytes > budget.memoryBytesMax)
    return `stopped at about ${Math.round(bytes / 1_000_000)} MB`;
  return budget.shouldStop?.();
}

function addEdge(edges: Edges, from: number, to: number): void {
  if (edges.count === edges.from.length) {
    edges.from = enlarge(edges.from);
    edges.to = enlarge(edges.to);
  }
  edges.from[edges.count] = from;
  edges.to[edges.count++] = to;
}

function enlarge(array: Int32Array): Int32Array {
  const bigger = new Int32Array(array.length * 2);
  bigger.set(array);
  return bigger;
}
