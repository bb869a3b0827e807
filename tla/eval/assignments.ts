/**
 * Assignments: `x' = e`, `x' \in S`, UNCHANGED, and the actions everything else is put together from.
 *
 * The first equation for a variable assigns it, later ones test. In mode "init" the unprimed variables are assigned.
 */
import { compile, compilePrime, compileTest, variableIndex } from "./expressions.ts";
import { parameterThunk, resolve } from "./calls.ts";
import type { Bound, Node, NodeOf } from "../syntax/ast.ts";
import { contains } from "../values/lazy.ts";
import type { Value } from "../values/types.ts";
import { type Compiler, locate, type Place, virtualIndex } from "./compiler.ts";
import type { ActionMode } from "./actions.ts";
import { type Action, type Continue, type Frame, undo } from "./machine.ts";
import { visitLocated } from "./quantifiers.ts";
import { lookup } from "./scope.ts";

/** An action with at most one outcome. */
export function single(step: (frame: Frame) => boolean): Action {
  return { step, run: (frame, then) => step(frame) && then() };
}

export function predicate(c: Compiler, node: Node, place: Place): Action {
  return single(compileTest(c, node, place));
}

export function conjunction(items: readonly Action[]): Action {
  const steps = items.map((item) => item.step);
  if (steps.every((step) => step !== undefined)) {
    return single((frame) => {
      for (let i = 0; i < steps.length; i++) if (!steps[i]!(frame)) return false;
      return true;
    });
  }
  const from = (start: number, frame: Frame, then: Continue): boolean => {
    for (let i = start; i < items.length; i++) {
      const item = items[i]!;
      if (item.step === undefined)
        return item.run(frame, i + 1 === items.length ? then : () => from(i + 1, frame, then));
      if (!item.step(frame)) return false;
    }
    return then();
  };
  return { step: undefined, run: (frame, then) => from(0, frame, then) };
}

/** Which variable an assignment's left side names: fixed, or found through a parameter. */
function assignable(c: Compiler, node: Node, place: Place, mode: ActionMode): ((frame: Frame) => number) | undefined {
  const named = mode.mode === "init" ? node : node.kind === "prime" ? node.body : undefined;
  if (named === undefined) {
    // A parameter may stand for x', as in Step(old, new) called with Step(x, x').
    const primed = parameterThunk(node, place);
    return primed && ((frame) => primed(frame)?.code.primed ?? -1);
  }
  const index = variableIndex(named, place);
  if (index >= 0) return () => index;
  if (named.kind === "apply" && named.args.length === 0 && named.prefix.length === 0) {
    const entity = lookup(place.scope, named.name);
    if (
      entity?.kind === "definition" &&
      entity.params.length === 0 &&
      entity.bounds === undefined &&
      entity.value === undefined
    ) {
      const virtual = mode.mode === "next" ? virtualIndex(c, entity) : -1;
      if (virtual >= 0) return () => (c.m.enabledDepth > 0 ? virtual : -1);
      const inner = mode.mode === "init" ? entity.body : { ...node, kind: "prime" as const, body: entity.body };
      return assignable(c, inner, { ...place, scope: entity.scope }, mode);
    }
  }
  const thunk = parameterThunk(named, place);
  return thunk && ((frame) => thunk(frame)?.code.variable ?? -1);
}

/** `x' = e`, `x' \in S` (or unprimed in an initial predicate): assigns the first time, tests afterwards. */
export function assignment(c: Compiler, node: NodeOf<"apply">, place: Place, mode: ActionMode): Action {
  const { m } = c;
  const [left, right] = [node.args[0]!, node.args[1]!];
  const variable = assignable(c, left, place, mode);
  if (variable === undefined) return predicate(c, node, place);
  const test = compileTest(c, node, place);
  const value = compile(c, right, place);
  if (node.name === "=") {
    return single((frame) => {
      const index = variable(frame);
      if (index < 0) return test(frame);
      const assigned = m.target[index];
      const wanted = value(frame);
      if (assigned !== undefined) return assigned === wanted || equalAt(c, assigned, wanted, node);
      m.target[index] = normaliseAt(c, wanted, right);
      m.trail.push(index);
      return true;
    });
  }
  const bound: Bound = { patterns: [], set: right };
  return {
    step: undefined,
    run: (frame, then) => {
      const index = variable(frame);
      if (index < 0) return test(frame) && then();
      const assigned = m.target[index];
      const set = value(frame);
      if (assigned !== undefined) return containsAt(c, set, assigned, node) && then();
      const mark = m.trail.length;
      return visitLocated(c, set, bound, (element) => {
        m.target[index] = m.u.normalise(element);
        m.trail.push(index);
        const stopped = then();
        undo(m, mark);
        return stopped;
      });
    },
  };
}

function equalAt(c: Compiler, a: Value, b: Value, node: Node): boolean {
  try {
    return c.m.u.equal(a, b);
  } catch (error) {
    throw locate(error, node.span);
  }
}

function containsAt(c: Compiler, set: Value, value: Value, node: Node): boolean {
  try {
    return contains(c.m.u, set, value);
  } catch (error) {
    throw locate(error, node.span);
  }
}

function normaliseAt(c: Compiler, value: Value, node: Node): Value {
  if (typeof value !== "object" || value.kind === "fcn" || value.kind === "set") return value;
  try {
    return c.m.u.normalise(value);
  } catch (error) {
    throw locate(error, node.span);
  }
}

/** The variables that an UNCHANGED or a subscript speaks of, if it is made of variables and tuples only. */
export function unchangedVariables(c: Compiler, node: Node, place: Place): number[] | undefined {
  if (node.kind === "tuple") {
    const lists = node.items.map((item) => unchangedVariables(c, item, place));
    return lists.every((list) => list !== undefined) ? lists.flat() : undefined;
  }
  if (node.kind !== "apply" || node.args.length > 0) return undefined;
  if (node.prefix.length === 0) {
    const index = variableIndex(node, place);
    if (index >= 0) return [index];
    if (lookup(place.scope, node.name) === undefined) return undefined;
  } else if (lookup(place.scope, node.prefix[0]!.name)?.kind !== "instance") return undefined;
  const { entity, enter } = resolve(c, node, place);
  if (entity.kind === "variable") return [entity.index];
  if (
    entity.kind !== "definition" ||
    entity.params.length > 0 ||
    entity.bounds !== undefined ||
    enter !== undefined ||
    entity.value !== undefined
  )
    return undefined;
  return unchangedVariables(c, entity.body, { ...place, scope: entity.scope });
}

export function unchanged(c: Compiler, body: Node, place: Place): Action {
  const { m } = c;
  const indices = unchangedVariables(c, body, place);
  if (indices !== undefined) {
    return single(() => {
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i]!;
        const assigned = m.target[index];
        if (assigned === undefined) {
          m.target[index] = m.current[index];
          m.trail.push(index);
        } else if (assigned !== m.current[index]) return false;
      }
      return true;
    });
  }
  if (body.kind === "tuple") return conjunction(body.items.map((item) => unchanged(c, item, place)));
  const named =
    body.kind === "apply" && body.args.length === 0 && body.prefix.length === 0
      ? lookup(place.scope, body.name)
      : undefined;
  const virtual = named?.kind === "definition" ? virtualIndex(c, named) : -1;
  const expanded =
    virtual < 0 &&
    named?.kind === "definition" &&
    named.up === undefined &&
    named.body.kind === "tuple" &&
    named.value === undefined;
  if (expanded) return unchanged(c, named.body, { ...place, scope: named.scope });
  const thunk = parameterThunk(body, place);
  const value = compile(c, body, place);
  const test = compileTest(c, { kind: "unchanged", body, span: body.span }, place);
  return single((frame) => {
    const index = virtual >= 0 && m.enabledDepth > 0 ? virtual : (thunk?.(frame)?.code.variable ?? -1);
    if (index < 0) return test(frame);
    if (index === virtual && m.target[index] !== undefined) return equalAt(c, m.target[index]!, value(frame), body);
    if (m.target[index] !== undefined) return m.target[index] === m.current[index];
    m.target[index] = m.u.normalise(value(frame));
    m.trail.push(index);
    return true;
  });
}

export function changed(c: Compiler, subscript: Node, place: Place): Action {
  const beforeStep = compile(c, subscript, place);
  const afterStep = compilePrime(c, subscript, place);
  return single((frame) => !equalAt(c, afterStep(frame), beforeStep(frame), subscript));
}
