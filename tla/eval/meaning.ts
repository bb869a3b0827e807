/**
 * What SANY refuses in the names of a module: two definitions of one symbol, a bound variable or parameter that hides one, use
 * before definition (and so recursion without RECURSIVE), RECURSIVE without a definition, labels with parameters that are not
 * bound. Without these checks it would be left open which meaning was checked.
 *
 * Looks at a module as it is written, in the order of its units; names that nobody knows are found when they are resolved.
 */
import { describeSpan, type Span, TlaError } from "../errors.ts";
import type { Bound, Module, Node, Pattern, Unit } from "../syntax/ast.ts";
import { childrenOf } from "../syntax/walk.ts";

/** What the module gets from elsewhere. */
export type Surrounding = {
  /** Whether a name is known from a module that is extended, or from one around this one. */
  readonly isKnown: (name: string) => boolean;
  /** Where a name comes from that must not be defined again; undefined for all others. */
  readonly owner: (name: string) => string | undefined;
};

type Names = {
  readonly surrounding: Surrounding;
  /** Names of the module (or of a LET) that have been defined, and those that will be. */
  readonly defined: Map<string, Span>;
  readonly later: Map<string, Span>;
  /** Declared by RECURSIVE and not yet defined. */
  readonly recursive: Map<string, Span>;
  /** Parameters and bound variables around; true for the latter, which labels may name. */
  readonly bound: ReadonlyMap<string, boolean>;
};

/** Throws TlaError (resolve) naming both places. */
export function demandMeaning(module: Module, surrounding: Surrounding): void {
  const names: Names = {
    surrounding,
    defined: new Map(),
    later: new Map(module.units.flatMap((unit) => namesOf(unit).map((name) => [name, unit.span] as const))),
    recursive: new Map(),
    bound: new Map(),
  };
  for (const unit of module.units) visitUnit(names, unit);
  demandDefined(names);
}

/** Those declared further out are defined further on. */
function demandDefined({ recursive }: Names, outer: ReadonlyMap<string, Span> = new Map()): void {
  for (const [name, span] of recursive)
    if (!outer.has(name)) throw new TlaError("resolve", `${name} is declared RECURSIVE, but is not defined`, span);
}

function namesOf(unit: Unit): readonly string[] {
  switch (unit.kind) {
    case "constants":
      return unit.params.map(({ name }) => name);
    case "variables":
      return unit.names;
    case "assume":
    case "instance":
      return unit.name === undefined ? [] : [unit.name];
    case "operator":
    case "function":
      return [unit.name];
    default:
      return [];
  }
}

function visitUnit(names: Names, unit: Unit): void {
  if (unit.kind === "recursive") {
    for (const { name } of unit.params) {
      demandFree(names, name, unit.span);
      names.recursive.set(name, unit.span);
    }
    return;
  }
  for (const name of namesOf(unit)) {
    demandFree(names, name, unit.span);
    // A function may mention itself.
    if (unit.kind === "function" || names.recursive.has(name)) names.defined.set(name, unit.span);
  }
  if (unit.kind === "operator" || unit.kind === "instance") {
    const inner = bind(
      names,
      unit.params.map(({ name }) => name),
      unit.span,
      false,
    );
    if (unit.kind === "operator") visit(inner, unit.body);
    else for (const { value } of unit.substitutions) visit(inner, value);
  } else if (unit.kind === "function") visitBounds(names, unit.bounds, [unit.body], unit.span);
  else if (unit.kind === "assume") visit(names, unit.body);
  for (const name of namesOf(unit)) {
    names.defined.set(name, unit.span);
    names.recursive.delete(name);
  }
}

function demandFree({ defined, surrounding, bound }: Names, name: string, span: Span): void {
  const before = defined.get(name);
  if (before !== undefined)
    throw new TlaError("resolve", `${name} is defined twice: it is already defined in ${describeSpan(before)}`, span);
  const owner = surrounding.owner(name);
  if (owner !== undefined)
    throw new TlaError("resolve", `${name} is defined twice: module ${owner}, which is extended, defines it too`, span);
  if (bound.has(name))
    throw new TlaError("resolve", `${name} is already bound here, and cannot mean something else`, span);
}

/** The names inside a binding. Throws if one of them hides another. */
function bind(names: Names, added: readonly string[], span: Span, isVariable: boolean): Names {
  if (added.length === 0) return names;
  const bound = new Map(names.bound);
  for (const name of added) {
    demandFree({ ...names, bound }, name, span);
    bound.set(name, isVariable);
  }
  return { ...names, bound };
}

function patternsOf(bounds: readonly Bound[]): string[] {
  return bounds.flatMap(({ patterns }) => patterns.flatMap((pattern: Pattern) => pattern.names));
}

function visitBounds(names: Names, bounds: readonly Bound[], inside: readonly Node[], span: Span): void {
  for (const { set } of bounds) visit(names, set);
  const inner = bind(names, patternsOf(bounds), span, true);
  for (const node of inside) visit(inner, node);
}

function visit(names: Names, node: Node): void {
  if (node.label !== undefined) demandLabel(names, node);
  switch (node.kind) {
    case "apply":
      demandDefinedBefore(names, node.prefix[0]?.name ?? node.name, node.span);
      break;
    case "map":
    case "fcn":
    case "forall":
    case "exists":
      visitBounds(names, node.bounds, [node.body], node.span);
      return;
    case "filter":
      visitBounds(names, [node.bound], [node.body], node.span);
      return;
    case "choose":
      if (node.set !== undefined) visit(names, node.set);
      visit(bind(names, node.pattern.names, node.span, true), node.body);
      return;
    case "unboundedQuantifier":
    case "temporalQuantifier":
      visit(bind(names, node.names, node.span, true), node.body);
      return;
    case "lambda":
      visit(bind(names, node.params, node.span, false), node.body);
      return;
    case "let":
      visitLet(names, node.units, node.body);
      return;
    default:
  }
  for (const child of childrenOf(node)) visit(names, child);
}

function visitLet(names: Names, units: readonly Unit[], body: Node): void {
  const inner: Names = {
    ...names,
    defined: new Map(names.defined),
    later: new Map([
      ...names.later,
      ...units.flatMap((unit) => namesOf(unit).map((name) => [name, unit.span] as const)),
    ]),
    recursive: new Map(names.recursive),
  };
  for (const unit of units) visitUnit(inner, unit);
  demandDefined(inner, names.recursive);
  visit(inner, body);
}

function demandDefinedBefore({ bound, defined, recursive, later, surrounding }: Names, name: string, span: Span): void {
  const place = later.get(name);
  if (place === undefined || bound.has(name) || defined.has(name) || recursive.has(name) || surrounding.isKnown(name))
    return;
  throw new TlaError(
    "resolve",
    `${name} is used before it is defined (in ${describeSpan(place)}); move it before its use, or declare it with RECURSIVE if it is to mention itself`,
    span,
  );
}

function demandLabel({ bound }: Names, { label, span }: Node): void {
  const stranger = label!.params.find((param) => bound.get(param) !== true);
  if (stranger !== undefined)
    throw new TlaError(
      "resolve",
      `the label ${label!.name} has the parameter ${stranger}, which is not bound here by a quantifier, CHOOSE or the like`,
      span,
    );
}
