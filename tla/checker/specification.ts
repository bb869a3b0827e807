/**
 * Temporal formulas taken apart: a specification into Init, Next and fairness; a property into what can be checked where.
 *
 * `Init /\ [][Next]_v /\ L` may be spread over definitions, their arguments and instances; these are followed as far as they are
 * conjunctions.
 */
import { describeSpan, TlaError } from "../errors.ts";
import type { Compiler } from "../eval/compiler.ts";
import { type Generator, generatorOf, type Model, requireDefinition } from "../eval/model.ts";
import type { Node } from "../syntax/ast.ts";
import type { NamedSetting } from "../syntax/config.ts";
import { freshFrame, levelAt, openFormula, rootSite, type Scoped } from "./sites.ts";

export type TemporalParts = {
  /** State predicates: what holds in the first state. */
  readonly initial: Scoped[];
  /** `[]P` with P about one state. */
  readonly always: Scoped[];
  /** `[][A]_v`: the node is `[A]_v`. */
  readonly steps: Scoped[];
  /** Fairness, eventualities and everything else. */
  readonly temporal: Scoped[];
};

export function splitTemporal(c: Compiler, formula: Scoped): TemporalParts {
  const parts: TemporalParts = { initial: [], always: [], steps: [], temporal: [] };
  collect(c, formula, parts);
  return parts;
}

function collect(c: Compiler, formula: Scoped, parts: TemporalParts): void {
  if (levelAt(formula) < 3) {
    parts.initial.push(formula);
    return;
  }
  const { node, site } = formula;
  const opened = conjunctsOf(c, formula);
  if (opened !== undefined) {
    for (const part of opened) collect(c, part, parts);
    return;
  }
  if (node.kind === "always") {
    const body = { node: node.body, site };
    if (levelAt(body) < 2) {
      parts.always.push(body);
      return;
    }
    const inner = openTo(c, body);
    if (inner.node.kind === "boxAction") {
      parts.steps.push(inner);
      return;
    }
    const items = conjunctsOf(c, inner);
    if (items !== undefined) {
      for (const item of items) {
        const always: Node = { kind: "always", body: item.node, span: item.node.span };
        collect(c, { node: always, site: item.site }, parts);
      }
      return;
    }
  }
  parts.temporal.push(formula);
}

/** The formulas whose conjunction this one is, seen through names and the like; undefined if it is none of these. */
function conjunctsOf(c: Compiler, formula: Scoped): readonly Scoped[] | undefined {
  try {
    const opened = openFormula(c, formula);
    return opened !== undefined && (opened.kind === "and" || opened.parts.length === 1) ? opened.parts : undefined;
  } catch (error) {
    // A set that cannot be evaluated is told by whoever judges the formula as a whole.
    if (error instanceof TlaError && error.kind === "evaluation") return undefined;
    throw error;
  }
}

/** Follows names to a formula that is not a plain name. */
function openTo(c: Compiler, formula: Scoped): Scoped {
  const opened = formula.node.kind === "apply" || formula.node.kind === "let" ? openFormula(c, formula) : undefined;
  return opened === undefined ? formula : openTo(c, opened.parts[0]!);
}

export type Behaviour = {
  /** The conjuncts of the initial predicate; undefined if the model only states assumptions. */
  readonly init: readonly Scoped[] | undefined;
  readonly next: Scoped | undefined;
  readonly name: string;
  readonly fairness: readonly Scoped[];
};

/** Init, Next and fairness from SPECIFICATION, or INIT and NEXT. All undefined if the model only states assumptions. */
export function behaviourOf(model: Model): Behaviour {
  const { config } = model;
  if (config.specification !== undefined) return specifiedBehaviour(model, config.specification);
  if (config.init === undefined && config.next === undefined)
    return { init: undefined, next: undefined, name: "Next", fairness: [] };
  if (config.init === undefined || config.next === undefined)
    throw new TlaError("config", "INIT and NEXT belong together: one of them is missing");
  const init = [defined(model, config.init)];
  return { init, next: defined(model, config.next), name: config.next.name, fairness: [] };
}

function specifiedBehaviour(model: Model, setting: NamedSetting): Behaviour {
  const formula = defined(model, setting);
  const { steps, initial, temporal, always } = splitTemporal(model.compiler, formula);
  const refuse = (what: string, { node }: Scoped): never => {
    throw new TlaError("config", `${setting.name} ${what}`, node.span);
  };
  demandNoAction(setting, initial, "SPECIFICATION");
  if (initial.length === 0) refuse("has no initial predicate", formula);
  const [step, second] = steps;
  if (step === undefined) refuse("has no conjunct [][Next]_v, so no step is specified", formula);
  if (second !== undefined) refuse("has more than one [][Next]_v; one is expected", second);
  if (always.length > 0) refuse("has a conjunct []P that is not [][Next]_v", always[0]!);
  const action = step?.node.kind === "boxAction" ? step.node.body : undefined;
  const next = step && action && { node: action, site: step.site };
  return { init: initial, next, name: action?.kind === "apply" ? action.name : "Next", fairness: temporal };
}

/** Throws TlaError (config) for an action outside of [][A]_v: it would be about the first step only. */
export function demandNoAction(setting: NamedSetting, initial: readonly Scoped[], what: string): void {
  const action = initial.find((part) => levelAt(part) === 2);
  if (action === undefined) return;
  const found = `found an action (${describeSpan(action.node.span)})`;
  throw new TlaError(
    "config",
    `${setting.name} cannot be a ${what}: expected state predicates and temporal formulas such as [][A]_v, ${found}`,
    setting.span,
  );
}

/** What a setting of the configuration names. */
export function defined(model: Model, setting: NamedSetting): Scoped {
  const definition = requireDefinition(model, setting);
  return { node: definition.body, site: rootSite(definition.scope) };
}

/** The initial states: those that satisfy every conjunct. */
export function initOf(model: Model, init: readonly Scoped[]): Generator {
  const [first, ...rest] = init.map((part) => actionAt(model, part, { mode: "init", owner: "Initial predicate" }));
  const from = (i: number, then: () => boolean): boolean =>
    i === rest.length ? then() : rest[i]!(() => from(i + 1, then));
  return rest.length === 0 ? first! : (then) => first!(() => from(0, then));
}

export function actionAt(model: Model, { node, site }: Scoped, options: Parameters<typeof generatorOf>[3]): Generator {
  return generatorOf(model, node, { place: site.place, frame: () => freshFrame(site) }, options);
}
