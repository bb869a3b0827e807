/**
 * What SANY refuses in the levels of a module (Specifying Systems, section 17.2): a prime under a prime, `[]` before an action
 * that is not `[A]_v`, an action joined with a temporal formula, an assumption about a state, and the like.
 *
 * Looks at definitions with the levels of their arguments, so `F(x')` is refused where F primes its parameter. What is not
 * known (parameters of instances, operators as arguments) counts as constant: what is legal is never refused.
 */
import { type Span, TlaError } from "../errors.ts";
import type { Node, NodeOf, Unit } from "../syntax/ast.ts";
import { boundSets, childrenOf } from "../syntax/walk.ts";
import type { Library } from "./modules.ts";
import { type DefinitionEntity, type Entity, lookup, type Scope } from "./scope.ts";

const STATE = 1;
const ACTION = 2;
const TEMPORAL = 3;
export const levelNames: readonly string[] = ["a constant", "a state predicate", "an action", "a temporal formula"];

/** An operator whose level follows from those of its arguments. */
type Operator = {
  readonly name: string;
  readonly params: readonly string[];
  readonly parts: readonly Node[];
  readonly within: Within;
  readonly known: Map<string, number>;
};
type Within = {
  readonly scope: Scope;
  /** Bound variables and parameters with their levels; definitions of a LET. */
  readonly locals: ReadonlyMap<string, number | Operator>;
};

/** Throws TlaError (resolve) at the first formula whose levels do not fit. */
export function demandLevels({ scopesOf, assumptions }: Library): void {
  const operators = new Map<DefinitionEntity, Operator>();
  for (const [module, scopes] of scopesOf)
    for (const { names } of scopes)
      for (const entity of names.values())
        if (entity.kind === "definition" && entity.module === module)
          levelOfCall(operators, operatorOf(operators, entity), []);
  for (const { unit, scope } of assumptions) {
    const level = levelIn(operators, unit.body, { scope, locals: new Map() });
    if (level > 0) refuse(unit.body, "a constant as an assumption", level);
  }
}

type Operators = Map<DefinitionEntity, Operator>;

function operatorOf(operators: Operators, entity: DefinitionEntity): Operator {
  const known = operators.get(entity);
  if (known !== undefined) return known;
  const { name, scope, bounds = [], body } = entity;
  const made = operatorFrom(
    name,
    entity.params.map((param) => param.name),
    { scope, locals: new Map() },
    [...boundSets(bounds), body],
  );
  operators.set(entity, made);
  return made;
}

function operatorFrom(name: string, params: readonly string[], within: Within, parts: readonly Node[]): Operator {
  return { name, params, parts, within, known: new Map() };
}

function levelOfCall(operators: Operators, operator: Operator, given: readonly number[]): number {
  const levels = operator.params.map((_param, i) => given[i] ?? 0);
  const key = levels.join();
  const known = operator.known.get(key);
  if (known !== undefined) return known;
  operator.known.set(key, 0); // a recursive mention adds nothing
  const locals = new Map(operator.within.locals);
  for (const [i, param] of operator.params.entries()) locals.set(param, levels[i]!);
  const within = { scope: operator.within.scope, locals };
  const level = Math.max(...operator.parts.map((part) => levelIn(operators, part, within)));
  operator.known.set(key, level);
  return level;
}

function levelIn(operators: Operators, node: Node, within: Within): number {
  const inside = (child: Node): number => levelIn(operators, child, within);
  switch (node.kind) {
    case "prime":
      return demand(node.body, STATE, "an expression about one state under a prime", inside, ACTION);
    case "unchanged":
      return demand(node.body, STATE, "an expression about one state after UNCHANGED", inside, ACTION);
    case "enabled":
      return demand(node.body, ACTION, "an action after ENABLED", inside, STATE);
    case "boxAction":
    case "angleAction":
      demand(node.subscript, STATE, "an expression about one state as a subscript", inside, ACTION);
      return demand(node.body, ACTION, "an action before a subscript", inside, ACTION);
    case "fairness":
      demand(node.subscript, STATE, "an expression about one state as a subscript", inside, ACTION);
      return demand(node.action, ACTION, "an action in a fairness condition", inside, TEMPORAL);
    case "always":
    case "eventually":
      return levelOfTemporal(operators, node, within);
    case "temporalQuantifier":
      inside(node.body);
      return TEMPORAL;
    case "apply":
      return levelOfApply(operators, node, within);
    case "let":
      return levelIn(operators, node.body, withUnits(operators, node.units, within));
    case "and":
    case "or":
      return joined(node.items, inside);
    default:
      return Math.max(0, ...childrenOf(node).map(inside));
  }
}

function demand(node: Node, limit: number, expected: string, inside: (node: Node) => number, result: number): number {
  const level = inside(node);
  if (level > limit) refuse(node, expected, level);
  return result;
}

function refuse({ span }: { readonly span: Span }, expected: string, level: number): never {
  throw new TlaError("resolve", `expected ${expected}, found ${levelNames[level]}`, span);
}

function levelOfTemporal(operators: Operators, node: NodeOf<"always" | "eventually">, within: Within): number {
  const isBox = node.kind === "always";
  const level = levelIn(operators, node.body, within);
  const expected = isBox ? "[A]_v as the action after []" : "<<A>>_v as the action after <>";
  if (level === ACTION && !isSubscripted(node.body, isBox ? "boxAction" : "angleAction", within))
    refuse(node.body, expected, level);
  return TEMPORAL;
}

/** Whether a formula is of the form that may stand under `[]` or `<>`, or made of such formulas, or not known well enough. */
function isSubscripted(node: Node, kind: "boxAction" | "angleAction", within: Within): boolean {
  switch (node.kind) {
    case "and":
    case "or":
      return node.items.every((item) => isSubscripted(item, kind, within));
    case "apply": {
      const entity = resolve(node, within);
      // An operator of the language or of a library makes no such formula.
      if (entity === undefined) return node.prefix.length > 0 || within.locals.has(node.name);
      if (entity.kind === "param") return true;
      return (
        entity.kind === "definition" && isSubscripted(entity.body, kind, { scope: entity.scope, locals: new Map() })
      );
    }
    case "forall":
    case "exists":
    case "let":
      return isSubscripted(node.body, kind, within);
    default:
      return node.kind === kind;
  }
}

/**
 * The level of a conjunction and the like of parts: temporal formulas are joined with each other and with state predicates
 * only. `own` is TEMPORAL for an operator that makes a temporal formula of whatever it joins.
 */
function joined(items: readonly Node[], inside: (node: Node) => number, own = 0): number {
  const levels = items.map(inside);
  const level = Math.max(own, ...levels);
  const action = items[levels.indexOf(ACTION)];
  if (level === TEMPORAL && action !== undefined)
    refuse(action, "a state predicate or a temporal formula beside a temporal operator", ACTION);
  return level;
}

const joining: ReadonlyMap<string, number> = new Map([
  ["=>", 0],
  ["<=>", 0],
  ["~>", TEMPORAL],
  ["-+->", TEMPORAL],
]);

function levelOfApply(operators: Operators, node: NodeOf<"apply">, within: Within): number {
  const inside = (child: Node): number => levelIn(operators, child, within);
  if (node.args.length === 2 && joining.has(node.name)) return joined(node.args, inside, joining.get(node.name));
  const given = node.args.map(inside);
  const known = Math.max(0, ...given, ...node.prefix.flatMap((step) => step.args.map(inside)));
  if (node.name === "\\cdot") return Math.max(known, ACTION);
  const local = node.prefix.length === 0 ? within.locals.get(node.name) : undefined;
  if (typeof local === "number") return Math.max(known, local);
  const entity = local === undefined ? resolve(node, within) : undefined;
  if (entity?.kind === "variable") return Math.max(known, STATE);
  const operator = entity?.kind === "definition" ? operatorOf(operators, entity) : local;
  if (operator === undefined) return known;
  try {
    return Math.max(known, levelOfCall(operators, operator, given));
  } catch (error) {
    if (error instanceof TlaError) error.passed(operator.name, node.span);
    throw error;
  }
}

function resolve(node: NodeOf<"apply">, { scope, locals }: Within): Entity | undefined {
  let inside = scope;
  const [first] = node.prefix;
  if (locals.has(first?.name ?? node.name)) return undefined;
  for (const step of node.prefix) {
    const entity = lookup(inside, step.name);
    if (entity?.kind !== "instance") return undefined;
    inside = entity.names();
  }
  return lookup(inside, node.name);
}

function withUnits(operators: Operators, units: readonly Unit[], within: Within): Within {
  const locals = new Map(within.locals);
  const inner = { scope: within.scope, locals };
  for (const unit of units) {
    if (unit.kind === "operator") {
      const made = operatorFrom(
        unit.name,
        unit.params.map((param) => param.name),
        inner,
        [unit.body],
      );
      locals.set(unit.name, made);
    } else if (unit.kind === "function")
      locals.set(unit.name, operatorFrom(unit.name, [], inner, [...boundSets(unit.bounds), unit.body]));
    else if (unit.kind === "instance" && unit.name !== undefined) locals.set(unit.name, 0);
  }
  // Judged although nothing may use them.
  for (const unit of units) {
    const made = "name" in unit && unit.name !== undefined ? locals.get(unit.name) : undefined;
    if (typeof made === "object") levelOfCall(operators, made, []);
  }
  return inner;
}
