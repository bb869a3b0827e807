/**
 * Where a formula stands when it outlives the definitions it was found in: its names, and a frame with the arguments of the
 * operators and instances that were opened on the way to it.
 *
 * Such a frame is used for state after state, so nothing in it may remember a value: thunks forget, LET slots are cleared.
 */
import { bodyPlace, compileFrame, resolve } from "../eval/calls.ts";
import { type Compiler, hopsTo, outer, type Place } from "../eval/compiler.ts";
import { compile, openLet } from "../eval/expressions.ts";
import type { Formula, Model } from "../eval/model.ts";
import { levelOf } from "../eval/levels.ts";
import type { Frame, Slot, Thunk } from "../eval/machine.ts";
import { eachBinding, openBounds } from "../eval/quantifiers.ts";
import { type Layout, lookup, type Scope, type SlotEntity } from "../eval/scope.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";

type Clear = { readonly frame: Frame; readonly slots: readonly number[] };
export type Site = {
  readonly place: Place;
  readonly frame: Frame;
  /** LET slots to clear before each look. */
  readonly clears: readonly Clear[];
  /** What the parameters of the opened operators stand for. */
  readonly standsFor: ReadonlyMap<SlotEntity, Scoped>;
};
/** A formula and where it stands. */
export type Scoped = { readonly node: Node; readonly site: Site };
export type Opened = { readonly kind: "and" | "or"; readonly parts: readonly Scoped[] };

export function rootSite(scope: Scope): Site {
  const place: Place = { scope, layout: { up: undefined, size: 1 }, isPrimed: false };
  return { place, frame: [undefined], clears: [], standsFor: new Map() };
}

/** The frame to evaluate in: a copy, so that what one look keeps is gone at the next. */
export function freshFrame({ frame, clears }: Site): Frame {
  for (const clear of clears) for (const slot of clear.slots) clear.frame[slot] = undefined;
  return frame.slice();
}

/** A formula of the root module, evaluated in the machine's current state (and next, if it speaks of it). */
export function formulaOf(model: Model, name: string, { node, site }: Scoped): Formula {
  const evaluate = compile(model.compiler, node, site.place);
  return { name, node, place: site.place, evaluate: () => evaluate(freshFrame(site)) };
}

export function levelAt({ node, site }: Scoped): number {
  return levelOf(node, site.place.scope);
}

/** A conjunction or disjunction seen through names, arguments, LET and bounded quantifiers over constant sets. */
export function openFormula(c: Compiler, { node, site }: Scoped): Opened | undefined {
  switch (node.kind) {
    case "and":
    case "or":
      return { kind: node.kind, parts: node.items.map((item) => ({ node: item, site })) };
    case "forall":
    case "exists":
      return openQuantifier(c, node, site);
    case "let": {
      const { place, slots } = openLet(c, node.units, site.place);
      const clears = [...site.clears, { frame: site.frame, slots }];
      return only({ node: node.body, site: { ...site, place, clears } });
    }
    case "apply":
      return openName(c, node, site);
    default:
      return undefined;
  }
}

function only(part: Scoped): Opened {
  return { kind: "and", parts: [part] };
}

/** Undefined where the set varies: then the quantifier is not the same conjunction in every state. */
function openQuantifier(c: Compiler, node: NodeOf<"forall"> | NodeOf<"exists">, site: Site): Opened | undefined {
  const { frame, clears } = site;
  if (node.bounds.some(({ set }) => levelOf(set, site.place.scope) > 0)) return undefined;
  const { place, binders } = openBounds(c, node.bounds, site.place);
  const parts: Scoped[] = [];
  eachBinding(c, binders, frame, () => {
    const copy = frame.slice();
    // What is kept in the copy has to be cleared too: operators of an enclosing LET hang on it.
    const more = clears.filter((clear) => clear.frame === frame).map(({ slots }) => ({ frame: copy, slots }));
    parts.push({ node: node.body, site: { ...site, place, frame: copy, clears: [...clears, ...more] } });
    return false;
  });
  return { kind: node.kind === "forall" ? "and" : "or", parts };
}

function openName(c: Compiler, node: NodeOf<"apply">, site: Site): Opened | undefined {
  const { place, frame } = site;
  const named = lookup(place.scope, node.prefix[0]?.name ?? node.name);
  if (named === undefined) return undefined;
  if (named.kind === "param" && node.prefix.length === 0 && node.args.length === 0) {
    const meant = site.standsFor.get(named);
    return meant && only(meant);
  }
  if (named.kind === "let" && named.bounds === undefined && node.prefix.length === 0) {
    const home = outer(frame, hopsTo(place.layout, named.layout));
    const inner: Place = { scope: named.scope, layout: named.layout, isPrimed: false };
    return only({ node: named.body, site: { ...site, place: inner, frame: home } });
  }
  if (node.prefix.length > 0 && named.kind !== "instance") return undefined;
  const { entity, place: inner, enter } = resolve(c, node, place);
  if (entity.kind !== "definition" || entity.bounds !== undefined || entity.value !== undefined) return undefined;
  const layout: Layout = { up: entity.up, size: 1 };
  const own = compileFrame(c, node, entity, { inner, place, enter })(frame);
  forget(own);
  const body = bodyPlace(entity, layout);
  const standsFor = new Map(site.standsFor);
  entity.params.forEach((param, i) => {
    const slot = body.scope.names.get(param.name);
    if (slot?.kind !== "param" || param.arity > 0) return;
    const meant: Scoped = { node: node.args[i]!, site };
    slot.level = levelAt(meant);
    standsFor.set(slot, meant);
  });
  return only({ node: entity.body, site: { place: body, frame: own, clears: site.clears, standsFor } });
}

/** Makes the thunks of a frame, and of the frames of the instances it was reached through, keep no values. */
function forget(frame: Frame): void {
  for (let at: Slot = frame; Array.isArray(at); at = at[0])
    for (let i = 1; i < at.length; i++) at[i] = forgetful(at[i]);
}

function forgetful(slot: Slot): Slot {
  if (typeof slot !== "object" || Array.isArray(slot) || slot.kind !== "thunk" || !slot.code.isCacheable) return slot;
  const thunk: Thunk = slot;
  return { ...thunk, code: { ...thunk.code, isCacheable: false }, value: undefined };
}
