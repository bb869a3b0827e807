/**
 * Temporal formulas taken apart: a specification into Init, Next and fairness; a property into what can be checked where.
 *
 * `Init /\ [][Next]_v /\ L` may be spread over definitions and instances; they are followed as far as they are conjunctions.
 */
import { TlaError } from "../errors.ts";
import { levelOf } from "../eval/levels.ts";
import { type Model, requireDefinition } from "../eval/model.ts";
import { lookup, type Scope } from "../eval/scope.ts";
import type { Node } from "../syntax/ast.ts";
import type { NamedSetting } from "../syntax/config.ts";

/** A formula and the names it is written in. */
export type Scoped = { readonly node: Node; readonly scope: Scope };
export type Step = { readonly action: Node; readonly subscript: Node; readonly scope: Scope; readonly node: Node };
export type TemporalParts = {
  /** State predicates: what holds in the first state. */
  readonly initial: Scoped[];
  /** `[]P` with P about one state. */
  readonly always: Scoped[];
  /** `[][A]_v`. */
  readonly steps: Step[];
  /** Fairness, eventualities and everything else. */
  readonly temporal: Scoped[];
};

/** What a name without arguments is defined as, with the scope of its body; undefined if it is no such definition. */
export function expandName(node: Node, scope: Scope): Scoped | undefined {
  if (node.kind !== "apply" || node.args.length > 0) return undefined;
  let inside = scope;
  for (const step of node.prefix) {
    const entity = lookup(inside, step.name);
    if (entity?.kind !== "instance" || entity.layout !== undefined || entity.up !== undefined) return undefined;
    inside = entity.names();
  }
  const entity = lookup(inside, node.name);
  if (
    entity?.kind !== "definition" ||
    entity.params.length > 0 ||
    entity.bounds !== undefined ||
    entity.up !== undefined
  )
    return undefined;
  return { node: entity.body, scope: entity.scope };
}

export function splitTemporal(formula: Scoped): TemporalParts {
  const parts: TemporalParts = { initial: [], always: [], steps: [], temporal: [] };
  collect(formula, parts);
  return parts;
}

function collect(formula: Scoped, parts: TemporalParts): void {
  const { node, scope } = formula;
  if (node.kind === "and" && levelOf(node, scope) === 3) {
    for (const item of node.items) collect({ node: item, scope }, parts);
    return;
  }
  if (levelOf(node, scope) < 3) {
    parts.initial.push(formula);
    return;
  }
  const expanded = expandName(node, scope);
  if (expanded !== undefined) {
    collect(expanded, parts);
    return;
  }
  if (node.kind === "always") {
    const body = expandTo(node.body, scope);
    if (body.node.kind === "boxAction") {
      const { body: action, subscript } = body.node;
      parts.steps.push({ action, subscript, scope: body.scope, node: body.node });
      return;
    }
    if (levelOf(node.body, scope) < 2) {
      parts.always.push({ node: node.body, scope });
      return;
    }
    if (body.node.kind === "and") {
      for (const item of body.node.items)
        collect({ node: { kind: "always", body: item, span: item.span }, scope: body.scope }, parts);
      return;
    }
  }
  parts.temporal.push(formula);
}

/** Follows names to a formula that is not a plain name. */
function expandTo(node: Node, scope: Scope): Scoped {
  const expanded = expandName(node, scope);
  return expanded === undefined ? { node, scope } : expandTo(expanded.node, expanded.scope);
}

export type Behaviour = {
  readonly init: Scoped | undefined;
  readonly next: Scoped | undefined;
  readonly name: string;
  readonly fairness: readonly Scoped[];
};

/** Init, Next and fairness from SPECIFICATION, or INIT and NEXT. All undefined if the model only states assumptions. */
export function behaviourOf(model: Model): Behaviour {
  const { config } = model;
  if (config.specification === undefined) {
    if (config.init === undefined && config.next === undefined)
      return { init: undefined, next: undefined, name: "Next", fairness: [] };
    if (config.init === undefined || config.next === undefined)
      throw new TlaError("config", "INIT and NEXT belong together: one of them is missing");
    return { init: named(model, config.init), next: named(model, config.next), name: config.next.name, fairness: [] };
  }
  const formula = named(model, config.specification);
  const parts = splitTemporal(formula);
  const { steps, initial, temporal, always } = parts;
  if (initial.length === 0)
    throw new TlaError("config", `${config.specification.name} has no initial predicate`, formula.node.span);
  if (steps.length > 1)
    throw new TlaError(
      "config",
      `${config.specification.name} has more than one [][Next]_v; one is expected`,
      formula.node.span,
    );
  if (always.length > 0)
    throw new TlaError(
      "config",
      `${config.specification.name} has a conjunct []P that is not [][Next]_v`,
      always[0]!.node.span,
    );
  const step = steps[0];
  const next = step && { node: step.action, scope: step.scope };
  const name = step?.action.kind === "apply" ? step.action.name : "Next";
  return { init: conjoin(initial), next, name, fairness: temporal };
}

function named(model: Model, setting: NamedSetting): Scoped {
  const definition = requireDefinition(model, setting);
  return { node: definition.body, scope: definition.scope };
}

/** Conjuncts of one scope as one formula; conjuncts of several scopes keep their names by going through the first. */
function conjoin(parts: readonly Scoped[]): Scoped {
  const [first] = parts;
  if (parts.length === 1 || first === undefined) return first!;
  const { scope } = first;
  if (parts.some((part) => part.scope !== scope))
    throw new TlaError("config", "the initial predicate is spread over several modules", first.node.span);
  return { node: { kind: "and", items: parts.map((part) => part.node), span: first.node.span }, scope };
}
