/** Quantifiers, CHOOSE, set filters and maps: everything that binds variables to the elements of sets. */
import { failAt, type Span } from "../errors.ts";
import type { Bound, NodeOf, Pattern } from "../syntax/ast.ts";
import { visit } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { isEndless } from "../values/universe.ts";
import { type Compiler, locate, type Place, snapshot, truth } from "./compiler.ts";
import { compile, compileTest } from "./expressions.ts";
import type { Evaluate, Frame } from "./machine.ts";
import { childScope, reserve, type Scope } from "./scope.ts";

/** Puts one element into the slots of a pattern. */
export type Bind = (frame: Frame, value: Value) => void;

/** Gives a pattern slots in the place's layout and names in the scope; `span` is where its set stands. */
export function bindPattern(c: Compiler, pattern: Pattern, span: Span, scope: Scope, place: Place): Bind {
  const { layout } = place;
  const slots = pattern.names.map((name) => {
    const slot = reserve(layout);
    scope.names.set(name, { kind: "bound", name, layout, slot, arity: 0 });
    return slot;
  });
  const first = slots[0]!;
  if (!pattern.isTuple) {
    return (frame, value) => {
      frame[first] = value;
    };
  }
  return (frame, value) => {
    const tuple = c.m.u.normalise(value);
    if (typeof tuple !== "object" || tuple.kind !== "fcn" || !tuple.isTuple || tuple.values.length !== slots.length) {
      return failAt(span, `<<${pattern.names.join(", ")}>> cannot be bound to ${showValue(value)}`);
    }
    for (let i = 0; i < slots.length; i++) frame[slots[i]!] = tuple.values[i];
  };
}

export type Binder = { readonly set: Evaluate; readonly bind: Bind; readonly bound: Bound };

/** One binder for each bound variable, in order; sets are evaluated outside the new scope. */
export function openBounds(c: Compiler, bounds: readonly Bound[], place: Place): { place: Place; binders: Binder[] } {
  const scope = childScope(place.scope);
  const binders: Binder[] = [];
  for (const bound of bounds) {
    const set = compile(c, bound.set, place);
    for (const pattern of bound.patterns)
      binders.push({ set, bind: bindPattern(c, pattern, bound.set.span, scope, place), bound });
  }
  return { place: { ...place, scope }, binders };
}

/** Calls `stop` for every combination of elements until it returns true. */
export function eachBinding(c: Compiler, binders: readonly Binder[], frame: Frame, stop: () => boolean): boolean {
  const sets = new Array<Value>(binders.length);
  for (let i = 0; i < binders.length; i++) sets[i] = binders[i]!.set(frame);
  return bindFrom(c, binders, sets, 0, frame, stop);
}

function bindFrom(
  c: Compiler,
  binders: readonly Binder[],
  sets: readonly Value[],
  at: number,
  frame: Frame,
  stop: () => boolean,
): boolean {
  if (at === binders.length) return stop();
  const { bind, bound } = binders[at]!;
  return visitLocated(c, sets[at]!, bound, (value) => {
    bind(frame, value);
    return bindFrom(c, binders, sets, at + 1, frame, stop);
  });
}

/** Visits the elements; errors about the set itself get the place of the bound. */
export function visitLocated(c: Compiler, set: Value, bound: Bound, stop: (value: Value) => boolean): boolean {
  if (typeof set === "object" && set.kind === "set") {
    const { elements } = set;
    for (let i = 0; i < elements.length; i++) if (stop(elements[i]!)) return true;
    return false;
  }
  try {
    return visit(c.m.u, set, stop);
  } catch (error) {
    throw locate(error, bound.set.span);
  }
}

export function compileQuantifier(c: Compiler, node: NodeOf<"forall"> | NodeOf<"exists">, place: Place): Evaluate {
  const { place: inner, binders } = openBounds(c, node.bounds, place);
  const body = compileTest(c, node.body, inner);
  const wanted = node.kind === "exists";
  if (binders.length === 1) {
    const { set, bind, bound } = binders[0]!;
    return (frame) => {
      const range = set(frame);
      if (typeof range === "object" && range.kind === "set") {
        const { elements } = range;
        for (let i = 0; i < elements.length; i++) {
          bind(frame, elements[i]!);
          if (body(frame) === wanted) return wanted;
        }
        return !wanted;
      }
      const found = visitLocated(c, range, bound, (value) => {
        bind(frame, value);
        return body(frame) === wanted;
      });
      return found === wanted;
    };
  }
  return (frame) => eachBinding(c, binders, frame, () => body(frame) === wanted) === wanted;
}

export function compileChoose(c: Compiler, node: NodeOf<"choose">, place: Place): Evaluate {
  if (node.set === undefined) {
    return () =>
      failAt(
        node.span,
        "CHOOSE without a set cannot be evaluated; give the definition a model value in the configuration",
      );
  }
  const bound: Bound = { patterns: [node.pattern], set: node.set };
  const { place: inner, binders } = openBounds(c, [bound], place);
  const { set, bind } = binders[0]!;
  const body = compileTest(c, node.body, inner);
  return (frame) => {
    let chosen: Value | undefined;
    const range = set(frame);
    visitLocated(c, range, bound, (value) => {
      bind(frame, value);
      if (!body(frame)) return false;
      chosen = value;
      return true;
    });
    return chosen ?? failAt(node.span, `no element of ${showValue(range)} satisfies this CHOOSE`);
  };
}

export function compileFilter(c: Compiler, node: NodeOf<"filter">, place: Place): Evaluate {
  const { place: inner, binders } = openBounds(c, [node.bound], place);
  const { set, bind } = binders[0]!;
  const body = compileTest(c, node.body, inner);
  return (frame) => {
    const base = set(frame);
    if (isEndless(base) || isLarge(base)) {
      const own = snapshot(frame);
      const test = (value: Value): boolean => {
        bind(own, value);
        return body(own);
      };
      return { kind: "filter", base, test, normal: undefined };
    }
    const kept: Value[] = [];
    visitLocated(c, base, node.bound, (value) => {
      bind(frame, value);
      if (body(frame)) kept.push(value);
      return false;
    });
    return typeof base === "object" && base.kind === "set" && kept.length === base.elements.length
      ? base
      : c.m.u.sortedSet(kept);
  };
}

/** Sets whose elements are made one by one: filtering them waits, since often only membership is asked. */
function isLarge(base: Value): boolean {
  if (typeof base !== "object") return false;
  return base.kind === "powerset" || base.kind === "fcnSet" || base.kind === "recordSet" || base.kind === "filter";
}

/** `e \in {x \in S : p}` without making the set. */
export function compileMemberOfFilter(
  c: Compiler,
  node: NodeOf<"filter">,
  place: Place,
): (frame: Frame, value: Value, holds: (base: Value) => boolean) => boolean {
  const { place: inner, binders } = openBounds(c, [node.bound], place);
  const { set, bind } = binders[0]!;
  const body = compile(c, node.body, inner);
  return (frame, value, holds) => {
    if (!holds(set(frame))) return false;
    bind(frame, value);
    return truth(body(frame), node.body);
  };
}

export function compileMap(c: Compiler, node: NodeOf<"map">, place: Place): Evaluate {
  const { place: inner, binders } = openBounds(c, node.bounds, place);
  const body = compile(c, node.body, inner);
  return (frame) => {
    const values: Value[] = [];
    eachBinding(c, binders, frame, () => {
      values.push(c.m.u.normalise(body(frame)));
      return false;
    });
    return c.m.u.set(values);
  };
}
