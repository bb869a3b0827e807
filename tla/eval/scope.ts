/**
 * Names and what they stand for.
 *
 * A layout describes the frames of one operator: how many slots, and which layout encloses it. Definitions know the
 * layout their frame hangs on, so that a call can find the right enclosing frame.
 */
import type { Span } from "../errors.ts";
import type { Native } from "../modules/native.ts";
import type { Bound, InstanceUnit, Node, Param, Unit } from "../syntax/ast.ts";
import type { Value } from "../values/types.ts";
import type { Action, Evaluate } from "./machine.ts";

export type Layout = { readonly up: Layout | undefined; size: number };

export type Scope = {
  readonly names: Map<string, Entity>;
  readonly parent: Scope | undefined;
  /** Set for the scope of a module: its LOCAL names, which are not seen from outside. */
  readonly hidden?: Set<string>;
  /** Set for the scope of a module: adds what an INSTANCE makes visible. */
  readonly instantiate?: (scope: Scope, unit: InstanceUnit) => void;
};

/** A declared constant of the root module, to which the configuration gives a value or an operator. */
export type ConstantEntity = {
  readonly kind: "constant";
  readonly name: string;
  readonly arity: number;
  readonly module: string;
  value: Value | undefined;
  override: Entity | undefined;
};
export type VariableEntity = { readonly kind: "variable"; readonly name: string; readonly index: number };

/** What a definition compiles to; made at first use. */
export type Code = {
  readonly layout: Layout;
  evaluate: Evaluate;
  readonly action: { init: Action | undefined; next: Action | undefined };
  /** The same, with the definition's disjuncts labelled as actions of their own. */
  readonly labelled: { init: Action | undefined; next: Action | undefined };
  /** True while an action of it is being made: a recursive use must wait. */
  isPending: boolean;
};
export type DefinitionEntity = {
  readonly kind: "definition";
  readonly name: string;
  readonly params: readonly Param[];
  readonly body: Node;
  /** Set for `f[x \in S] == e`: body is e. */
  readonly bounds: readonly Bound[] | undefined;
  readonly scope: Scope;
  readonly up: Layout | undefined;
  readonly module: string;
  readonly isLocal: boolean;
  readonly span: Span;
  value: Value | undefined;
  override: Entity | undefined;
  code: Code | undefined;
  level: number | undefined;
  isImpure: boolean | undefined;
  /** Given for a variable of an instantiated module: inside ENABLED its prime is a value of its own, see `virtualIndex`. */
  standsForVariable: boolean;
  virtual: number | undefined;
};
export type NativeEntity = {
  readonly kind: "native";
  readonly name: string;
  readonly native: Native;
  readonly module: string;
  override: Entity | undefined;
};
export type InstanceEntity = {
  readonly kind: "instance";
  readonly name: string;
  readonly params: readonly Param[];
  /** The frames that hold the instance's arguments; undefined when it has none. */
  readonly layout: Layout | undefined;
  readonly up: Layout | undefined;
  readonly names: () => Scope;
  readonly isLocal: boolean;
};
/** A bound variable (always a value) or a parameter (a value or a thunk). */
export type SlotEntity = {
  readonly kind: "bound" | "param";
  readonly name: string;
  readonly layout: Layout;
  readonly slot: number;
  readonly arity: number;
  /** The level of what the name stands for, where that is known to be above constant; see levels.ts. */
  level?: number;
};
/** A LET definition without parameters, kept in a slot once evaluated. */
export type LetEntity = {
  readonly kind: "let";
  readonly name: string;
  readonly layout: Layout;
  readonly slot: number;
  readonly body: Node;
  readonly bounds: readonly Bound[] | undefined;
  readonly scope: Scope;
  level: number | undefined;
  isImpure: boolean | undefined;
  evaluate: Evaluate | undefined;
};
export type Entity =
  | ConstantEntity
  | VariableEntity
  | DefinitionEntity
  | NativeEntity
  | InstanceEntity
  | SlotEntity
  | LetEntity;

export function lookup(scope: Scope, name: string): Entity | undefined {
  for (let at: Scope | undefined = scope; at !== undefined; at = at.parent) {
    const found = at.names.get(name);
    if (found !== undefined) return follow(found);
  }
  return undefined;
}

/** What a name means behind `I!`: only what the module of the instance has and does not keep to itself. */
export function lookupBehind(scope: Scope, name: string): Entity | undefined {
  const found = scope.hidden?.has(name) === true ? undefined : scope.names.get(name);
  return found && follow(found);
}

/** What the configuration put in an entity's place. */
export function follow(entity: Entity): Entity {
  let at = entity;
  while ((at.kind === "constant" || at.kind === "definition" || at.kind === "native") && at.override !== undefined)
    at = at.override;
  return at;
}

export function childScope(parent: Scope): Scope {
  return { names: new Map(), parent };
}

export function reserve(layout: Layout): number {
  return layout.size++;
}

export function define(
  unit: {
    readonly name: string;
    readonly params: readonly Param[];
    readonly body: Node;
    readonly bounds?: readonly Bound[];
    readonly span: Span;
  },
  place: { readonly scope: Scope; readonly up: Layout | undefined; readonly module: string; readonly isLocal: boolean },
): DefinitionEntity {
  return {
    kind: "definition",
    name: unit.name,
    params: unit.params,
    body: unit.body,
    bounds: unit.bounds,
    scope: place.scope,
    up: place.up,
    module: place.module,
    isLocal: place.isLocal,
    span: unit.span,
    value: undefined,
    override: undefined,
    code: undefined,
    level: undefined,
    isImpure: undefined,
    standsForVariable: false,
    virtual: undefined,
  };
}

export type AssumeUnit = Extract<Unit, { kind: "assume" }>;
