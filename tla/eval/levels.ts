/**
 * Levels (Specifying Systems, section 17.2): 0 constant, 1 state, 2 action (speaks of the next state), 3 temporal.
 *
 * Used to decide what may be kept: constants for ever, state-level LETs during one evaluation, actions never. Names bound
 * inside an expression count as constants, and so do parameters whose arguments are not known (what they stand for is seen
 * when it is evaluated: `Universe.nextReads`). Otherwise the result may be too high, never too low.
 */
import type { Node, NodeOf } from "../syntax/ast.ts";
import { childrenOf, boundSets } from "../syntax/walk.ts";
import { childScope, type DefinitionEntity, type Entity, type LetEntity, lookup, type Scope } from "./scope.ts";

export function levelOf(node: Node, scope: Scope): number {
  switch (node.kind) {
    case "prime":
    case "unchanged":
    case "boxAction":
    case "angleAction":
      return 2;
    case "always":
    case "eventually":
    case "fairness":
    case "temporalQuantifier":
      return 3;
    case "enabled":
      return 1;
    case "apply": {
      if (node.name === "~>" || node.name === "-+->") return 3;
      if (node.name === "\\cdot") return 2;
      let level = entityLevel(resolve(node.prefix, node.name, scope));
      for (const child of childrenOf(node)) level = Math.max(level, levelOf(child, scope));
      return level;
    }
    default: {
      const inside = node.kind === "let" ? letScope(node, scope) : scope;
      let level = 0;
      for (const child of childrenOf(node)) level = Math.max(level, levelOf(child, inside));
      return level;
    }
  }
}

const letScopes = new WeakMap<Node, WeakMap<Scope, Scope>>();

/**
 * The scope of a LET as far as levels need it: with the instances made in it, whose definitions stand in no node below. (Its
 * other definitions count with their bodies.)
 */
function letScope(node: NodeOf<"let">, scope: Scope): Scope {
  if (!node.units.some((unit) => unit.kind === "instance")) return scope;
  const made = letScopes.get(node) ?? new WeakMap<Scope, Scope>();
  letScopes.set(node, made);
  const known = made.get(scope);
  if (known !== undefined) return known;
  const inside = childScope(scope);
  made.set(scope, inside);
  let home: Scope | undefined = scope;
  while (home !== undefined && home.instantiate === undefined) home = home.parent;
  for (const unit of node.units) if (unit.kind === "instance") home?.instantiate?.(inside, unit);
  return inside;
}

/** Whether an expression has the same value wherever and whenever it is evaluated. */
export function isClosed(node: Node, scope: Scope): boolean {
  if (node.kind === "at" || node.kind === "lambda") return false;
  return levelOf(node, scope) === 0 && mentionsNoSlot(node, scope);
}

function mentionsNoSlot(node: Node, scope: Scope): boolean {
  if (node.kind === "at" || node.kind === "let") return false;
  if (node.kind === "apply") {
    if (node.prefix.length > 0) return false;
    const entity = lookup(scope, node.name);
    if (entity?.kind === "param" || entity?.kind === "bound" || entity?.kind === "let") return false;
    if (
      entity?.kind === "definition" &&
      (entity.up !== undefined || (entity.params.length > 0 && node.args.length === 0))
    )
      return false;
    if (entity?.kind === "native" && entity.native.arity > 0 && node.args.length === 0) return false;
    if (entity?.kind === "constant" && entity.arity > 0) return false;
  }
  return childrenOf(node).every((child) =>
    child.kind === "lambda" ? mentionsNoSlot(child.body, scope) : mentionsNoSlot(child, scope),
  );
}

/** What a name stands for, through the instances before it; where one of them is none, that one. */
function resolve(prefix: readonly { readonly name: string }[], name: string, scope: Scope): Entity | undefined {
  let inside = scope;
  for (const step of prefix) {
    const entity = lookup(inside, step.name);
    if (entity === undefined || entity.kind !== "instance") return entity;
    inside = entity.names();
  }
  return lookup(inside, name);
}

export function entityLevel(entity: Entity | undefined): number {
  switch (entity?.kind) {
    case "variable":
      return 1;
    case "native":
      return entity.native.isImpure ? 1 : 0;
    case "definition":
      return entity.standsForVariable ? Math.max(1, bodyLevel(entity)) : bodyLevel(entity);
    case "let":
      return bodyLevel(entity);
    case "param":
      return entity.level ?? 0;
    default:
      return 0;
  }
}

/**
 * Whether evaluating a definition may do or ask more than the state says (chance, registers, printing): then it must be
 * evaluated each time. Memoised; like the level, the result may be too high, never too low.
 */
export function isImpure(definition: DefinitionEntity | LetEntity): boolean {
  if (definition.isImpure !== undefined) return definition.isImpure;
  definition.isImpure = false; // a recursive mention adds nothing
  definition.isImpure =
    mentionsImpure(definition.body, definition.scope) ||
    boundSets(definition.bounds ?? []).some((set) => mentionsImpure(set, definition.scope));
  return definition.isImpure;
}

/** The same of an expression. */
export function mentionsImpure(node: Node, scope: Scope): boolean {
  if (node.kind === "apply") {
    const entity = resolve(node.prefix, node.name, scope);
    if (entity?.kind === "native" && entity.native.isImpure) return true;
    if ((entity?.kind === "definition" || entity?.kind === "let") && isImpure(entity)) return true;
    if (entity === undefined && node.prefix.length > 0) return true;
  }
  const inside = node.kind === "let" ? letScope(node, scope) : scope;
  return childrenOf(node).some((child) => mentionsImpure(child, inside));
}

function bodyLevel(entity: DefinitionEntity | LetEntity): number {
  if (entity.level !== undefined) return entity.level;
  entity.level = 0; // a recursive mention adds nothing
  let level = levelOf(entity.body, entity.scope);
  for (const set of boundSets(entity.bounds ?? [])) level = Math.max(level, levelOf(set, entity.scope));
  entity.level = level;
  return level;
}
