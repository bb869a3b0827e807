/**
 * Temporal formulas in negation normal form over atoms, and their automaton.
 *
 * An atom is a state predicate or an action; a behaviour is read as its sequence of steps (s, t), a state predicate being
 * judged at s. The automaton is a transition-based generalized Büchi automaton: a state is a set of formulas still owed; a
 * transition demands literals of the current step and says which eventualities it postpones. A run is accepted if no
 * eventuality is postponed for ever. Source: J.-M. Couvreur, On-the-fly verification of linear temporal logic (FM'99).
 */
import { TlaError } from "../errors.ts";
import { compileAction } from "../eval/actions.ts";
import type { Compiler } from "../eval/compiler.ts";
import { compileTest } from "../eval/expressions.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";
import { freshFrame, levelAt, openFormula, type Scoped, type Site } from "./sites.ts";

/** Judged in the machine: `current` and, for actions, `next`. */
export type Atom = { readonly isAction: boolean; readonly holds: () => boolean };
export type Fairness = { readonly isStrong: boolean; readonly enabled: number; readonly taken: number };
export type Temporal =
  | { readonly kind: "true" | "false" }
  | { readonly kind: "atom"; readonly atom: number; readonly isNegated: boolean }
  | { readonly kind: "and" | "or"; readonly items: readonly Temporal[] }
  | { readonly kind: "always" | "eventually"; readonly body: Temporal };

export type Translator = { readonly c: Compiler; readonly atoms: Atom[] };

/** Conjuncts WF and SF go to `fairness`; the rest is returned as one formula. */
export function translateAssumption(t: Translator, formula: Scoped, fairness: Fairness[]): Temporal {
  const { node, site } = formula;
  if (node.kind === "fairness") {
    fairness.push(readFairness(t, node, site));
    return { kind: "true" };
  }
  const opened = levelAt(formula) < 3 ? undefined : openFormula(t.c, formula);
  if (opened !== undefined && (opened.kind === "and" || opened.parts.length === 1))
    return conjoin(
      "and",
      opened.parts.map((part) => translateAssumption(t, part, fairness)),
    );
  return translate(t, node, site, false);
}

/** The formula (negated if asked) in negation normal form. Throws TlaError for what has no such form. */
export function translate(t: Translator, node: Node, site: Site, isNegated: boolean): Temporal {
  if (levelAt({ node, site }) < 3) return atomOf(t, node, site, isNegated);
  const opened = openFormula(t.c, { node, site });
  if (opened !== undefined) {
    const kind = (opened.kind === "and") !== isNegated ? "and" : "or";
    return conjoin(
      kind,
      opened.parts.map((part) => translate(t, part.node, part.site, isNegated)),
    );
  }
  switch (node.kind) {
    case "always":
    case "eventually": {
      const body = translate(t, node.body, site, isNegated);
      return { kind: (node.kind === "always") !== isNegated ? "always" : "eventually", body };
    }
    case "fairness":
      return fairnessFormula(readFairness(t, node, site), isNegated);
    case "apply":
      return translateOperator(t, node, site, isNegated);
    case "if":
      return translateIf(t, node, site, isNegated);
    case "forall":
    case "exists":
      throw new TlaError("evaluation", "a temporal formula can only be quantified over a constant set", node.span);
    default:
      throw new TlaError("evaluation", "this temporal formula is of a form that cannot be checked", node.span);
  }
}

function translateIf(t: Translator, node: NodeOf<"if">, site: Site, isNegated: boolean): Temporal {
  const test = (negate: boolean): Temporal => translate(t, node.test, site, negate);
  const branch = (part: Node): Temporal => translate(t, part, site, isNegated);
  return conjoin("or", [
    conjoin("and", [test(false), branch(node.then)]),
    conjoin("and", [test(true), branch(node.else)]),
  ]);
}

function translateOperator(t: Translator, node: NodeOf<"apply">, site: Site, isNegated: boolean): Temporal {
  const [first, second] = node.args;
  if (node.name === "~" && first !== undefined) return translate(t, first, site, !isNegated);
  if (first === undefined || second === undefined)
    throw new TlaError("evaluation", `the temporal operator ${node.name} cannot be checked`, node.span);
  const left = (negate: boolean): Temporal => translate(t, first, site, negate);
  const right = (negate: boolean): Temporal => translate(t, second, site, negate);
  if (node.name === "=>") return conjoin(isNegated ? "and" : "or", [left(!isNegated), right(isNegated)]);
  if (node.name === "<=>") {
    return conjoin("or", [
      conjoin("and", [left(false), right(isNegated)]),
      conjoin("and", [left(true), right(!isNegated)]),
    ]);
  }
  if (node.name !== "~>")
    throw new TlaError("evaluation", `the temporal operator ${node.name} cannot be checked`, node.span);
  // P ~> Q is [](P => <>Q); its negation <>(P /\ []~Q).
  if (isNegated)
    return { kind: "eventually", body: conjoin("and", [left(false), { kind: "always", body: right(true) }]) };
  return { kind: "always", body: conjoin("or", [left(true), { kind: "eventually", body: right(false) }]) };
}

function conjoin(kind: "and" | "or", items: readonly Temporal[]): Temporal {
  const flat = items.flatMap((item) => (item.kind === kind ? item.items : [item]));
  const neutral = kind === "and" ? "true" : "false";
  const kept = flat.filter((item) => item.kind !== neutral);
  if (kept.some((item) => item.kind === (kind === "and" ? "false" : "true")))
    return { kind: kind === "and" ? "false" : "true" };
  if (kept.length === 1) return kept[0]!;
  return kept.length === 0 ? { kind: neutral } : { kind, items: kept };
}

function atomOf(t: Translator, node: Node, site: Site, isNegated: boolean): Temporal {
  return { kind: "atom", atom: addAtom(t, node, site), isNegated };
}

function addAtom(t: Translator, node: Node, site: Site): number {
  const test = compileTest(t.c, node, site.place);
  return t.atoms.push({ isAction: levelAt({ node, site }) >= 2, holds: () => test(freshFrame(site)) }) - 1;
}

function readFairness(t: Translator, node: NodeOf<"fairness">, site: Site): Fairness {
  const taken: Node = { kind: "angleAction", body: node.action, subscript: node.subscript, span: node.span };
  // Compiled once here so that a fault in the action is reported before the search.
  compileAction(t.c, taken, site.place, { mode: "next", owner: undefined });
  const enabled: Node = { kind: "enabled", body: taken, span: node.span };
  return { isStrong: node.strong, enabled: addAtom(t, enabled, site), taken: addAtom(t, taken, site) };
}

/** WF: []<>~ENABLED \/ []<>taken. SF: <>[]~ENABLED \/ []<>taken. */
function fairnessFormula(fairness: Fairness, isNegated: boolean): Temporal {
  const atom = (index: number, negated: boolean): Temporal => ({ kind: "atom", atom: index, isNegated: negated });
  const always = (body: Temporal): Temporal => ({ kind: "always", body });
  const eventually = (body: Temporal): Temporal => ({ kind: "eventually", body });
  const { enabled, taken, isStrong } = fairness;
  if (isNegated) {
    const keepsEnabled = isStrong ? always(eventually(atom(enabled, false))) : eventually(always(atom(enabled, false)));
    return conjoin("and", [keepsEnabled, eventually(always(atom(taken, true)))]);
  }
  const isDisabled = isStrong ? eventually(always(atom(enabled, true))) : always(eventually(atom(enabled, true)));
  return conjoin("or", [isDisabled, always(eventually(atom(taken, false)))]);
}

export type Transition = {
  /** What the step must satisfy: atom index, and whether it must be false. */
  readonly literals: readonly { readonly atom: number; readonly isNegated: boolean }[];
  readonly to: number;
  /** Bit i is set if eventuality i is put off. */
  readonly postponed: number;
};
export type Automaton = { readonly transitions: readonly (readonly Transition[])[]; readonly eventualities: number };

const EVENTUALITIES_MAX = 30;
const STATES_MAX = 4096;

/** State 0 is the initial one. Throws TlaError beyond 30 eventualities or 4,096 states. */
export function buildAutomaton(formula: Temporal): Automaton {
  const ids = new Map<string, number>();
  const formulas: Temporal[] = [];
  const idOf = (part: Temporal): number => {
    const key = JSON.stringify(part);
    const known = ids.get(key);
    if (known !== undefined) return known;
    ids.set(key, formulas.length);
    return formulas.push(part) - 1;
  };
  const bits = new Map<number, number>();
  const states: number[][] = [[idOf(formula)]];
  const stateIds = new Map<string, number>([[states[0]!.join(","), 0]]);
  const transitions: Transition[][] = [];
  for (let at = 0; at < states.length; at++) {
    const found = new Map<string, Transition>();
    for (const cover of covers(states[at]!, formulas, idOf, bits)) {
      const owed = [...cover.owed].sort((a, b) => a - b);
      const key = owed.join(",");
      let to = stateIds.get(key);
      if (to === undefined) {
        to = states.push(owed) - 1;
        stateIds.set(key, to);
      }
      const literals = [...cover.literals]
        .sort((a, b) => a[0] - b[0])
        .map(([atom, isNegated]) => ({ atom, isNegated }));
      const transition = { literals, to, postponed: cover.postponed };
      found.set(JSON.stringify(transition), transition);
    }
    transitions.push([...found.values()]);
    if (bits.size > EVENTUALITIES_MAX || states.length > STATES_MAX) {
      throw new TlaError(
        "evaluation",
        `the property is too large to check: more than ${EVENTUALITIES_MAX} eventualities or ${STATES_MAX} automaton states`,
      );
    }
  }
  return { transitions, eventualities: bits.size };
}

type Cover = {
  readonly literals: ReadonlyMap<number, boolean>;
  readonly owed: ReadonlySet<number>;
  readonly postponed: number;
};

/** Every way to satisfy a set of formulas now: demands on this step, what is owed afterwards, what was put off. */
function covers(
  state: readonly number[],
  formulas: readonly Temporal[],
  idOf: (part: Temporal) => number,
  bits: Map<number, number>,
): Cover[] {
  const done: Cover[] = [];
  const expand = (todo: readonly number[], seen: ReadonlySet<number>, cover: Cover): void => {
    const [first, ...rest] = todo;
    if (first === undefined) {
      done.push(cover);
      return;
    }
    if (seen.has(first)) {
      expand(rest, seen, cover);
      return;
    }
    const known = new Set([...seen, first]);
    const part = formulas[first]!;
    const owe = (extra: number): Cover => ({
      ...cover,
      owed: new Set([...cover.owed, first]),
      postponed: cover.postponed | extra,
    });
    switch (part.kind) {
      case "true":
        expand(rest, known, cover);
        break;
      case "false":
        break;
      case "atom": {
        const wanted = cover.literals.get(part.atom);
        if (wanted !== undefined && wanted !== part.isNegated) break;
        expand(rest, known, { ...cover, literals: new Map([...cover.literals, [part.atom, part.isNegated]]) });
        break;
      }
      case "and":
        expand([...part.items.map(idOf), ...rest], known, cover);
        break;
      case "or":
        for (const item of part.items) expand([idOf(item), ...rest], known, cover);
        break;
      case "always":
        expand([idOf(part.body), ...rest], known, owe(0));
        break;
      default: {
        const bit = bits.get(first) ?? bits.size;
        bits.set(first, bit);
        expand([idOf(part.body), ...rest], known, cover);
        expand(rest, known, owe(1 << bit));
      }
    }
  };
  expand(state, new Set(), { literals: new Map(), owed: new Set(), postponed: 0 });
  return done;
}
