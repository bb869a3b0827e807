/** Tuples, records, functions, EXCEPT, application and the set constructors that stay lazy. */
import { failAt } from "../errors.ts";
import type { Bound, ExceptUpdate, Node, NodeOf } from "../syntax/ast.ts";
import { mentions } from "../syntax/walk.ts";
import { enumerate } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { FcnValue, LazyFcn, Value } from "../values/types.ts";
import { isEndless } from "../values/universe.ts";
import { type Compiler, locate, type Place, snapshot } from "./compiler.ts";
import { compile } from "./expressions.ts";
import { compileAction } from "./actions.ts";
import type { Action, Evaluate, Frame } from "./machine.ts";
import { type Bind, bindPattern, openBounds } from "./quantifiers.ts";
import { childScope, type Layout, reserve } from "./scope.ts";

export function compileTuple(c: Compiler, node: NodeOf<"tuple">, place: Place): Evaluate {
  const { u } = c.m;
  const items = node.items.map((item) => compile(c, item, place));
  const domain = u.range(items.length);
  return (frame) => {
    const values = new Array<Value>(items.length);
    for (let i = 0; i < items.length; i++) values[i] = u.normalise(items[i]!(frame));
    return u.fcn(domain, values);
  };
}

export function compileSetForm(
  c: Compiler,
  node: NodeOf<"set"> | NodeOf<"times"> | NodeOf<"fcnSet"> | NodeOf<"recordSet">,
  place: Place,
): Evaluate {
  const { u } = c.m;
  if (node.kind === "fcnSet") {
    const domain = compile(c, node.domain, place);
    const range = compile(c, node.range, place);
    return (frame) => ({ kind: "fcnSet", domain: domain(frame), range: range(frame), normal: undefined });
  }
  if (!("items" in node)) {
    const fields = orderedFields(c, node, place);
    return (frame) => ({
      kind: "recordSet",
      names: fields.domain,
      sets: fields.values.map((value) => value(frame)),
      normal: undefined,
    });
  }
  const { kind } = node;
  const items = node.items.map((item) => compile(c, item, place));
  if (kind === "times")
    return (frame) => ({ kind: "product", sets: items.map((item) => item(frame)), normal: undefined });
  const [only] = items;
  if (only === undefined) return () => u.emptySet;
  if (items.length === 1) return (frame) => u.sortedSet([u.normalise(only(frame))]);
  return (frame) => {
    try {
      return u.set(items.map((item) => item(frame)));
    } catch (error) {
      throw locate(error, node.span);
    }
  };
}

function orderedFields(
  c: Compiler,
  node: NodeOf<"record"> | NodeOf<"recordSet">,
  place: Place,
): { domain: FcnValue["domain"]; values: Evaluate[] } {
  const { u } = c.m;
  const byName = new Map<Value, Evaluate>();
  for (const field of node.fields) {
    const name = u.string(field.name);
    if (byName.has(name)) return failAt(node.span, `the field ${field.name} is given twice`);
    byName.set(name, compile(c, field.value, place));
  }
  const domain = u.set([...byName.keys()]);
  return { domain, values: domain.elements.map((name) => byName.get(name)!) };
}

export function compileRecord(c: Compiler, node: NodeOf<"record">, place: Place): Evaluate {
  const { u } = c.m;
  const { domain, values: fields } = orderedFields(c, node, place);
  return (frame) => {
    const values = new Array<Value>(fields.length);
    for (let i = 0; i < fields.length; i++) values[i] = u.normalise(fields[i]!(frame));
    return u.fcn(domain, values);
  };
}

export function compileField(c: Compiler, node: NodeOf<"field">, place: Place): Evaluate {
  const record = compile(c, node.record, place);
  const name = c.m.u.string(node.field);
  // The last domain seen and the field's place in it: records of one shape share their domain.
  let known: FcnValue["domain"] | undefined;
  let at = -1;
  return (frame) => {
    let value = record(frame);
    if (typeof value === "object" && value.kind === "lazyFcn") value = c.m.u.normalise(value);
    if (typeof value !== "object" || value.kind !== "fcn")
      return failAt(node.span, `${showValue(value)} is not a record, so it has no field ${node.field}`);
    if (value.domain !== known) {
      known = value.domain;
      at = c.m.u.position(value.domain, name);
    }
    return at >= 0 ? value.values[at]! : failAt(node.span, `the record ${showValue(value)} has no field ${node.field}`);
  };
}

export function compileIndex(c: Compiler, node: NodeOf<"index">, place: Place): Evaluate {
  const { u } = c.m;
  const fcn = compile(c, node.fcn, place);
  const index = compile(c, node.index, place);
  return (frame) => {
    const f = fcn(frame);
    const argument = index(frame);
    if (typeof f === "object" && f.kind === "fcn" && f.isTuple && typeof argument === "number") {
      const value = f.values[argument - 1];
      if (value !== undefined) return value;
    }
    try {
      return u.apply(f, argument);
    } catch (error) {
      throw locate(error, node.span);
    }
  };
}

/** How the arguments of a function constructor map to bound variables: one element, or a tuple of them. */
function openArguments(
  c: Compiler,
  bounds: readonly Bound[],
  place: Place,
): { place: Place; bind: Bind; domain: Evaluate } {
  const { place: inner, binders } = openBounds(c, bounds, place);
  if (binders.length === 1) return { place: inner, bind: binders[0]!.bind, domain: binders[0]!.set };
  const bind: Bind = (frame, value) => {
    const tuple = c.m.u.normalise(value);
    if (typeof tuple !== "object" || tuple.kind !== "fcn" || !tuple.isTuple || tuple.values.length !== binders.length) {
      return failAt(bounds[0]!.set.span, `a function of ${binders.length} arguments is applied to ${showValue(value)}`);
    }
    for (let i = 0; i < binders.length; i++) binders[i]!.bind(frame, tuple.values[i]!);
  };
  return {
    place: inner,
    bind,
    domain: (frame) => ({ kind: "product", sets: binders.map((binder) => binder.set(frame)), normal: undefined }),
  };
}

/** `[x \in S |-> e]`; with a name, the definition `f[x \in S] == e`, which may mention f and is evaluated argument by argument. */
export function compileFunction(
  c: Compiler,
  bounds: readonly Bound[],
  body: Node,
  place: Place,
  recursive: string | undefined,
): Evaluate {
  if (recursive !== undefined) return compileLazy(c, bounds, body, place, recursive);
  const { u } = c.m;
  const { place: inner, bind, domain } = openArguments(c, bounds, place);
  const evaluate = compile(c, body, inner);
  const compute = (made: LazyFcn, argument: Value): Value => {
    const own = made.home as Frame;
    bind(own, argument);
    return evaluate(own);
  };
  return (frame) => {
    const set = domain(frame);
    if (isEndless(set)) {
      return { kind: "lazyFcn", domain: set, compute, home: snapshot(frame), memo: undefined, normal: undefined };
    }
    const argumentSet = enumerateAt(c, set, bounds[0]!);
    const { elements } = argumentSet;
    const values = new Array<Value>(elements.length);
    for (let i = 0; i < elements.length; i++) {
      bind(frame, elements[i]!);
      values[i] = u.normalise(evaluate(frame));
    }
    return u.fcn(argumentSet, values);
  };
}

function enumerateAt(c: Compiler, set: Value, bound: Bound): FcnValue["domain"] {
  if (typeof set === "object" && set.kind === "set") return set;
  try {
    return enumerate(c.m.u, set);
  } catch (error) {
    throw locate(error, bound.set.span);
  }
}

function compileLazy(c: Compiler, bounds: readonly Bound[], body: Node, place: Place, name: string): Evaluate {
  const layout: Layout = { up: place.layout, size: 1 };
  const scope = childScope(place.scope);
  const self = reserve(layout);
  scope.names.set(name, { kind: "bound", name, layout, slot: self, arity: 0 });
  const domain = openArguments(c, bounds, place).domain;
  const inner: Place = { ...place, scope, layout };
  const names = childScope(scope);
  const binds = bounds.flatMap((bound) =>
    bound.patterns.map((pattern) => bindPattern(c, pattern, bound.set.span, names, inner)),
  );
  const evaluate = compile(c, body, { ...inner, scope: names });
  const actions: { init: Action | undefined; next: Action | undefined } = { init: undefined, next: undefined };
  const frameFor = (made: LazyFcn, argument: Value): Frame => {
    const own: Frame = new Array(layout.size);
    own[0] = made.home as Frame;
    own[self] = made;
    bindArguments(c, binds, own, argument, body);
    return own;
  };
  const compute = (made: LazyFcn, argument: Value): Value => evaluate(frameFor(made, argument));
  const enter = (made: LazyFcn, argument: Value, mode: "init" | "next"): Entered => {
    const action = (actions[mode] ??= compileAction(c, body, { ...inner, scope: names }, { mode, owner: undefined }));
    return { action, frame: frameFor(made, argument) };
  };
  const isRecursive = mentions(body, name);
  return (frame): FormulaFunction => {
    const memo = isRecursive ? new Map<Value, Value>() : undefined;
    return { kind: "lazyFcn", domain: domain(frame), compute, home: frame, memo, normal: undefined, enter };
  };
}

type Entered = { readonly action: Action; readonly frame: Frame };
/** A function whose body can be entered as an action. */
export type FormulaFunction = LazyFcn & {
  readonly enter?: (self: LazyFcn, argument: Value, mode: "init" | "next") => Entered;
};

function bindArguments(c: Compiler, binds: readonly Bind[], frame: Frame, argument: Value, body: Node): void {
  if (binds.length === 1) {
    binds[0]!(frame, argument);
    return;
  }
  const tuple = c.m.u.normalise(argument);
  if (typeof tuple !== "object" || tuple.kind !== "fcn" || !tuple.isTuple || tuple.values.length !== binds.length) {
    failAt(body.span, `a function of ${binds.length} arguments is applied to ${showValue(argument)}`);
  }
  binds.forEach((bind, i) => {
    bind(frame, tuple.values[i]!);
  });
}

type Update = { readonly keys: readonly Evaluate[]; readonly value: Evaluate; readonly slot: number };

export function compileExcept(c: Compiler, node: NodeOf<"except">, place: Place): Evaluate {
  const fcn = compile(c, node.fcn, place);
  const updates = node.updates.map((update) => compileUpdate(c, update, place));
  return (frame) => {
    try {
      let result = fcn(frame);
      for (const update of updates) result = applyUpdate(c, update, 0, result, frame, node);
      return result;
    } catch (error) {
      throw locate(error, node.span);
    }
  };
}

function compileUpdate(c: Compiler, update: ExceptUpdate, place: Place): Update {
  const keys = update.path.map((step): Evaluate => {
    if (step.kind === "index") return compile(c, step.index, place);
    const name = c.m.u.string(step.field);
    return () => name;
  });
  const scope = childScope(place.scope);
  const slot = reserve(place.layout);
  scope.names.set("@", { kind: "bound", name: "@", layout: place.layout, slot, arity: 0 });
  return { keys, value: compile(c, update.value, { ...place, scope }), slot };
}

/** An update outside the domain changes nothing, as the meaning of EXCEPT says. */
function applyUpdate(c: Compiler, update: Update, depth: number, target: Value, frame: Frame, node: Node): Value {
  const { u } = c.m;
  const fcn = u.normalise(target);
  if (typeof fcn !== "object" || fcn.kind !== "fcn")
    return failAt(node.span, `${showValue(target)} is not a function, so EXCEPT cannot change it`);
  const key = u.normalise(update.keys[depth]!(frame));
  const at =
    fcn.isTuple && typeof key === "number"
      ? key >= 1 && key <= fcn.values.length
        ? key - 1
        : -1
      : u.position(fcn.domain, key);
  if (at < 0) return fcn;
  const old = fcn.values[at]!;
  let value: Value;
  if (depth + 1 < update.keys.length) value = applyUpdate(c, update, depth + 1, old, frame, node);
  else {
    frame[update.slot] = old;
    value = u.normalise(update.value(frame));
  }
  if (value === old) return fcn;
  const values = fcn.values.slice();
  values[at] = value;
  return u.fcn(fcn.domain, values);
}
