/**
 * Liveness: is there a behaviour that satisfies the specification's fairness and violates the property?
 *
 * The explored state graph (with a stuttering step in every state) is combined with the automaton of the negated property;
 * a strongly connected part that postpones no eventuality for ever and is fair is a counterexample. Weak fairness fails in a
 * component where an action is always enabled and never taken; strong fairness where it is enabled somewhere and never
 * taken: then those states are removed and the rest is looked at again (Streett). Steps are judged only when asked for.
 */
import { mentionsImpure } from "../eval/levels.ts";
import type { Model } from "../eval/model.ts";
import type { Value } from "../values/types.ts";
import { NOWHERE } from "./checks.ts";
import type { Exploration } from "./explore.ts";
import { eachComponent, type Graph, pathToEdge } from "./graph.ts";
import { readState, type Store } from "./store.ts";
import {
  type Atom,
  type Automaton,
  buildAutomaton,
  type Fairness,
  type Temporal,
  translate,
  translateAssumption,
} from "./temporal.ts";
import type { Scoped } from "./sites.ts";

/** State indices of a counterexample; after the last state the behaviour goes on at position `loopsTo` for ever. */
export type Lasso = { readonly property: string; readonly states: readonly number[]; readonly loopsTo: number };

/** The first property with a counterexample, or undefined. Throws TlaError for formulas that cannot be checked. */
export function checkLiveness(exploration: Exploration): Lasso | undefined {
  const { model, checks } = exploration;
  if (checks.liveness.length === 0) return undefined;
  const translator = { c: model.compiler, atoms: [] as Atom[] };
  const fairness: Fairness[] = [];
  const given = checks.behaviour.fairness.map((part) => translateAssumption(translator, part, fairness));
  const steps = createSteps(exploration);
  for (const property of checks.liveness) {
    for (const part of property.parts) {
      const negated = translate(translator, part.node, part.site, true);
      const formula: Temporal = { kind: "and", items: [...given, negated] };
      const judge = createJudge(model, exploration.store, steps, translator.atoms);
      const found = findLasso(exploration, steps, judge, buildAutomaton(formula), fairness);
      if (found !== undefined) return { property: property.name, ...found };
    }
  }
  return undefined;
}

/** Whether a formula can be translated; the reason if not. */
export function whyNotCheckable(model: Model, parts: readonly Scoped[]): string | undefined {
  const translator = { c: model.compiler, atoms: [] as Atom[] };
  if (parts.some(({ node, site }) => mentionsImpure(node, site.place.scope)))
    return "it asks for more than a state says (TLCGet, Trace, chance or output), which the finished graph does not keep";
  try {
    for (const part of parts) buildAutomaton(translate(translator, part.node, part.site, true));
    return undefined;
  } catch (error) {
    if (error instanceof Error && error.name === "TlaError") return error.message;
    throw error;
  }
}

/** The state graph without duplicate edges, each state with a stuttering step as its first edge. */
function createSteps(exploration: Exploration): Graph {
  const { store, edges } = exploration;
  const n = store.count;
  const bySource: number[][] = Array.from({ length: n }, (_unused, state) => [state]);
  const seen = new Int32Array(n).fill(-1);
  if (edges !== undefined) {
    // Edges of one source are recorded together, so one mark per target suffices.
    for (let i = 0; i < edges.count; i++) {
      const from = edges.from[i]!;
      const to = edges.to[i]!;
      if (to === from || seen[to] === from) continue;
      seen[to] = from;
      bySource[from]!.push(to);
    }
  }
  const starts = new Int32Array(n + 1);
  for (let state = 0; state < n; state++) starts[state + 1] = starts[state]! + bySource[state]!.length;
  const to = new Int32Array(starts[n]!);
  for (let state = 0; state < n; state++) to.set(bySource[state]!, starts[state]!);
  return { starts, to };
}

/** Judges atoms on steps (by position of the edge) and remembers the answers. */
type Judge = {
  readonly onState: (atom: number, state: number) => boolean;
  readonly onStep: (atom: number, state: number, edge: number) => boolean;
};

function createJudge(model: Model, store: Store, steps: Graph, atoms: readonly Atom[]): Judge {
  const m = model.machine;
  const answers = atoms.map((): Int8Array | undefined => undefined);
  const codes = new Int32Array(store.width);
  const decoded: { index: number; values: Value[] }[] = [
    { index: -1, values: [] },
    { index: -1, values: [] },
  ];
  const decode = (index: number, side: number): Value[] => {
    const known = decoded[side]!;
    if (known.index === index) return known.values;
    readState(store, index, codes);
    const values = Array.from(codes, (code) => m.u.decode(code));
    decoded[side] = { index, values };
    return values;
  };
  const ask = (atom: number, at: number, size: number, from: number, to: number): boolean => {
    const known = (answers[atom] ??= new Int8Array(size));
    if (known[at] !== 0) return known[at] === 1;
    m.current = decode(from, 0);
    m.next = to < 0 ? NOWHERE : decode(to, 1);
    m.target = NOWHERE;
    const holds = atoms[atom]!.holds();
    known[at] = holds ? 1 : -1;
    return holds;
  };
  const onState = (atom: number, state: number): boolean => ask(atom, state, store.count, state, -1);
  const onStep = (atom: number, state: number, edge: number): boolean => {
    return atoms[atom]!.isAction ? ask(atom, edge, steps.to.length, state, steps.to[edge]!) : onState(atom, state);
  };
  return { onState, onStep };
}

/** The product of state graph and automaton, as far as it can be reached. */
type Product = {
  readonly graph: Graph;
  readonly states: readonly number[];
  /** For each edge of the product: the edge of the state graph, and the eventualities it postpones. */
  readonly steps: Int32Array;
  readonly postponed: Int32Array;
  /** The node each node was first reached from, or -1. */
  readonly parents: readonly number[];
};

function findLasso(
  exploration: Exploration,
  steps: Graph,
  judge: Judge,
  automaton: Automaton,
  fairness: readonly Fairness[],
): { states: number[]; loopsTo: number } | undefined {
  const product = createProduct(exploration, steps, judge, automaton);
  const all = product.states.map((_state, node) => node);
  const component = findFair(product, judge, automaton, fairness, all);
  return component === undefined ? undefined : layOut(product, judge, automaton, fairness, component);
}

function createProduct(exploration: Exploration, steps: Graph, judge: Judge, automaton: Automaton): Product {
  const width = automaton.transitions.length;
  const ids = new Map<number, number>();
  const states: number[] = [];
  const modes: number[] = [];
  const parents: number[] = [];
  const visit = (state: number, mode: number, parent: number): number => {
    const key = state * width + mode;
    let id = ids.get(key);
    if (id === undefined) {
      id = states.push(state) - 1;
      ids.set(key, id);
      modes.push(mode);
      parents.push(parent);
    }
    return id;
  };
  const { store } = exploration;
  for (let state = 0; state < store.count && store.parents[state] === -1; state++) visit(state, 0, -1);
  const starts: number[] = [0];
  const to: number[] = [];
  const by: number[] = [];
  const postponed: number[] = [];
  for (let node = 0; node < states.length; node++) {
    const state = states[node]!;
    for (const transition of automaton.transitions[modes[node]!]!) {
      for (let edge = steps.starts[state]!; edge < steps.starts[state + 1]!; edge++) {
        if (!transition.literals.every((literal) => judge.onStep(literal.atom, state, edge) !== literal.isNegated))
          continue;
        to.push(visit(steps.to[edge]!, transition.to, node));
        by.push(edge);
        postponed.push(transition.postponed);
      }
    }
    starts.push(to.length);
  }
  return {
    graph: { starts: Int32Array.from(starts), to: Int32Array.from(to) },
    states,
    steps: Int32Array.from(by),
    postponed: Int32Array.from(postponed),
    parents,
  };
}

/** Nodes of a strongly connected part with an accepted, fair cycle. */
function findFair(
  product: Product,
  judge: Judge,
  automaton: Automaton,
  fairness: readonly Fairness[],
  nodes: readonly number[],
): number[] | undefined {
  const within = new Set(nodes);
  const candidates: number[][] = [];
  eachComponent(
    product.graph,
    nodes,
    (node) => within.has(node),
    (component) => candidates.push(component),
  );
  // Components come out last first; the one nearest the start makes the shorter counterexample.
  candidates.sort((a, b) => Math.min(...a.slice(0, 64)) - Math.min(...b.slice(0, 64)));
  for (const component of candidates) {
    const inside = new Set(component);
    if (!isAccepting(product, automaton, component, inside)) continue;
    const verdict = judgeFairness(product, judge, fairness, component, inside);
    if (verdict === "fair") return component;
    if (verdict === "unfair") continue;
    const rest = component.filter((node) => !judge.onState(verdict.enabled, product.states[node]!));
    const found = rest.length === 0 ? undefined : findFair(product, judge, automaton, fairness, rest);
    if (found !== undefined) return found;
  }
  return undefined;
}

function someEdge(
  product: Product,
  component: readonly number[],
  inside: ReadonlySet<number>,
  fits: (edge: number, node: number) => boolean,
): boolean {
  const { starts, to } = product.graph;
  for (const node of component) {
    for (let edge = starts[node]!; edge < starts[node + 1]!; edge++)
      if (inside.has(to[edge]!) && fits(edge, node)) return true;
  }
  return false;
}

function isAccepting(
  product: Product,
  automaton: Automaton,
  component: readonly number[],
  inside: ReadonlySet<number>,
): boolean {
  if (!someEdge(product, component, inside, () => true)) return false;
  for (let bit = 0; bit < automaton.eventualities; bit++) {
    if (!someEdge(product, component, inside, (edge) => (product.postponed[edge]! & (1 << bit)) === 0)) return false;
  }
  return true;
}

function judgeFairness(
  product: Product,
  judge: Judge,
  fairness: readonly Fairness[],
  component: readonly number[],
  inside: ReadonlySet<number>,
): "fair" | "unfair" | Fairness {
  let broken: Fairness | undefined;
  for (const condition of fairness) {
    const enabled = (node: number): boolean => judge.onState(condition.enabled, product.states[node]!);
    const isExcused = condition.isStrong ? !component.some(enabled) : !component.every(enabled);
    if (
      isExcused ||
      someEdge(product, component, inside, (edge, node) =>
        judge.onStep(condition.taken, product.states[node]!, product.steps[edge]!),
      )
    )
      continue;
    if (!condition.isStrong) return "unfair";
    broken ??= condition;
  }
  return broken ?? "fair";
}

/** A path from an initial state into the component and a cycle there that does everything fairness asks for. */
function layOut(
  product: Product,
  judge: Judge,
  automaton: Automaton,
  fairness: readonly Fairness[],
  component: readonly number[],
): { states: number[]; loopsTo: number } {
  const inside = new Set(component);
  const entry = component.reduce((least, node) => Math.min(least, node));
  const prefix: number[] = [];
  for (let node = entry; node !== -1; node = product.parents[node]!) prefix.unshift(product.states[node]!);
  const cycle: number[] = [];
  let at = entry;
  const go = (fits: (edge: number, node: number) => boolean): void => {
    const path = pathToEdge(product.graph, at, (node) => inside.has(node), fits);
    for (const edge of path ?? []) {
      at = product.graph.to[edge]!;
      cycle.push(product.states[at]!);
    }
  };
  for (let bit = 0; bit < automaton.eventualities; bit++) go((edge) => (product.postponed[edge]! & (1 << bit)) === 0);
  for (const { enabled, taken, isStrong } of fairness) {
    const takes = (edge: number, node: number): boolean =>
      judge.onStep(taken, product.states[node]!, product.steps[edge]!);
    const isFree = (node: number): boolean => !judge.onState(enabled, product.states[node]!);
    if (someEdge(product, component, inside, takes)) go(takes);
    else if (!isStrong) go((edge) => isFree(product.graph.to[edge]!));
  }
  if (cycle.length === 0 || at !== entry) go((edge) => product.graph.to[edge]! === entry);
  const steady = withoutRepeats(prefix);
  const turning = withoutRepeats([steady[steady.length - 1]!, ...cycle]).slice(1);
  if (turning.length === 0) return { states: steady, loopsTo: steady.length - 1 };
  // The cycle ends where it began: the last state repeats the entry and is left out.
  return { states: [...steady, ...turning.slice(0, -1)], loopsTo: steady.length - 1 };
}

/** Stuttering steps tell the reader nothing: a behaviour without them is the same behaviour. */
function withoutRepeats(states: readonly number[]): number[] {
  return states.filter((state, i) => i === 0 || state !== states[i - 1]);
}
