/**
 * Actions: next-state relations and initial predicates to successor generators.
 *
 * A generator calls its continuation once for each way to make the formula true, in TLC's order and number: conjuncts from
 * left to right; every disjunct and every element of a bounded \E is an alternative, primed or not; the first `x' = e` or
 * `x' \in S` assigns, later ones test (reference: TLC's Tool.getNextStates). Whoever tries alternatives takes back what the
 * last one assigned. In mode "init" the unprimed variables are assigned.
 */
import { failAt } from "../errors.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";
import type { Value } from "../values/types.ts";
import { assignment, changed, conjunction, predicate, single, unchanged } from "./assignments.ts";
import { bodyPlace, codeOf, compileFrame, parameterThunk, resolve } from "./calls.ts";
import { type Compiler, hopsTo, outer, type Place } from "./compiler.ts";
import type { FormulaFunction } from "./data.ts";
import { compile, compileTest, openLet } from "./expressions.ts";
import { type Action, type Frame, undo } from "./machine.ts";
import type { Closure } from "./operators.ts";
import { eachBinding, openBounds, visitLocated } from "./quantifiers.ts";
import { type DefinitionEntity, lookup } from "./scope.ts";
import { selectedCall } from "./selectors.ts";

/** `owner` names the definition whose disjuncts are actions of their own; undefined below that level. */
export type ActionMode = { readonly mode: "init" | "next"; readonly owner: string | undefined };

export function compileAction(c: Compiler, node: Node, place: Place, mode: ActionMode): Action {
  const below: ActionMode = { mode: mode.mode, owner: undefined };
  switch (node.kind) {
    case "and":
      return conjunction(node.items.map((item) => compileAction(c, item, place, below)));
    case "or":
      return disjunction(
        c,
        node.items.map((item) => labelled(c, item, compileAction(c, item, place, mode), mode)),
      );
    case "exists":
      return existential(c, node, place, mode);
    case "forall":
      return universal(c, node, place, below);
    case "if":
      return conditional(c, [{ guard: node.test, value: node.then }], node.else, node, place, mode);
    case "case":
      return conditional(c, node.arms, node.other, node, place, mode);
    case "let": {
      const { place: inner, slots } = openLet(c, node.units, place);
      const body = compileAction(c, node.body, inner, mode);
      return before(body, (frame) => {
        for (let i = 0; i < slots.length; i++) frame[slots[i]!] = undefined;
      });
    }
    case "unchanged":
      return mode.mode === "next" ? unchanged(c, node.body, place) : predicate(c, node, place);
    case "boxAction":
      return disjunction(c, [compileAction(c, node.body, place, below), unchanged(c, node.subscript, place)]);
    case "angleAction":
      return conjunction([compileAction(c, node.body, place, below), changed(c, node.subscript, place)]);
    case "apply":
      return applied(c, node, place, mode);
    case "index":
      return functionCall(c, node, place, mode);
    default:
      return predicate(c, node, place);
  }
}

function before(action: Action, prepare: (frame: Frame) => void): Action {
  const { step, run } = action;
  return {
    step:
      step &&
      ((frame) => {
        prepare(frame);
        return step(frame);
      }),
    run: (frame, then) => {
      prepare(frame);
      return run(frame, then);
    },
  };
}

function disjunction(c: Compiler, items: readonly Action[]): Action {
  const { m } = c;
  if (items.length === 1) return items[0]!;
  return {
    step: undefined,
    run: (frame, then) => {
      const mark = m.trail.length;
      for (let i = 0; i < items.length; i++) {
        const stopped = items[i]!.run(frame, then);
        undo(m, mark);
        if (stopped) return true;
      }
      return false;
    },
  };
}

function existential(c: Compiler, node: NodeOf<"exists">, place: Place, mode: ActionMode): Action {
  const { m } = c;
  const { place: inner, binders } = openBounds(c, node.bounds, place);
  const body = labelled(c, node.body, compileAction(c, node.body, inner, mode), mode);
  if (binders.length === 1) {
    const { set, bind, bound } = binders[0]!;
    return {
      step: undefined,
      run: (frame, then) => {
        const mark = m.trail.length;
        const range = set(frame);
        if (typeof range === "object" && range.kind === "set") {
          const { elements } = range;
          for (let i = 0; i < elements.length; i++) {
            bind(frame, elements[i]!);
            const stopped = body.run(frame, then);
            undo(m, mark);
            if (stopped) return true;
          }
          return false;
        }
        return visitLocated(c, range, bound, (value) => {
          bind(frame, value);
          const stopped = body.run(frame, then);
          undo(m, mark);
          return stopped;
        });
      },
    };
  }
  return {
    step: undefined,
    run: (frame, then) => {
      const mark = m.trail.length;
      return eachBinding(c, binders, frame, () => {
        const stopped = body.run(frame, then);
        undo(m, mark);
        return stopped;
      });
    },
  };
}

/** A conjunction over the elements; each gets its own frame, so that a choice made for one outlives the next. */
function universal(c: Compiler, node: NodeOf<"forall">, place: Place, mode: ActionMode): Action {
  const { place: inner, binders } = openBounds(c, node.bounds, place);
  const body = compileAction(c, node.body, inner, mode);
  if (body.step !== undefined) {
    const { step } = body;
    return single((frame) => !eachBinding(c, binders, frame, () => !step(frame)));
  }
  return {
    step: undefined,
    run: (frame, then) => {
      const frames: Frame[] = [];
      eachBinding(c, binders, frame, () => {
        frames.push(frame.slice());
        return false;
      });
      const from = (i: number): boolean => (i === frames.length ? then() : body.run(frames[i]!, () => from(i + 1)));
      return from(0);
    },
  };
}

type Arm = { readonly guard: Node; readonly value: Node };

function conditional(
  c: Compiler,
  arms: readonly Arm[],
  other: Node | undefined,
  node: Node,
  place: Place,
  mode: ActionMode,
): Action {
  const tests = arms.map((arm) => compileTest(c, arm.guard, place));
  const bodies = arms.map((arm) => compileAction(c, arm.value, place, mode));
  const last = other === undefined ? undefined : compileAction(c, other, place, mode);
  const choose = (frame: Frame): Action => {
    for (let i = 0; i < tests.length; i++) if (tests[i]!(frame)) return bodies[i]!;
    return last ?? failAt(node.span, "no arm of this CASE holds, and it has no OTHER");
  };
  const isSingle = bodies.every((body) => body.step !== undefined) && (last === undefined || last.step !== undefined);
  if (isSingle) return single((frame) => choose(frame).step!(frame));
  return { step: undefined, run: (frame, then) => choose(frame).run(frame, then) };
}

/** The label index of a place in the next-state relation. */
function labelOf(c: Compiler, name: string, node: Node, mode: ActionMode): number {
  const { line, column, module } = node.span;
  const known = c.labels.findIndex(
    (label) =>
      label.name === name && label.span.line === line && label.span.column === column && label.span.module === module,
  );
  return known >= 0 ? known : c.labels.push({ name, span: node.span, isInitial: mode.mode === "init" }) - 1;
}

/** Whether a definition only chooses among actions, which have labels of their own. */
function isContainer(node: Node, entity: DefinitionEntity): boolean {
  if (node.kind === "or" || node.kind === "exists") return true;
  if (node.kind === "let") return isContainer(node.body, entity);
  if (node.kind !== "apply" || node.prefix.length > 0) return false;
  const named = lookup(entity.scope, node.name);
  return named?.kind === "definition" && named.bounds === undefined && named.value === undefined;
}

/** Marks a disjunct that is neither a call nor a further disjunction as an action of its owner. */
function labelled(c: Compiler, node: Node, action: Action, mode: ActionMode): Action {
  if (mode.owner === undefined || node.kind === "or" || node.kind === "exists" || node.kind === "let") return action;
  if (node.kind === "apply" && node.name !== "=" && node.name !== "\\in" && node.name !== "\\cdot") return action;
  return withLabel(c, labelOf(c, mode.owner, node, mode), action);
}

export function withLabel(c: Compiler, label: number, action: Action): Action {
  const { m } = c;
  const { run } = action;
  return {
    step: undefined,
    run: (frame, then) => {
      const save = m.label;
      m.label = label;
      const stopped = run(frame, then);
      m.label = save;
      return stopped;
    },
  };
}

function applied(c: Compiler, node: NodeOf<"apply">, place: Place, mode: ActionMode): Action {
  const [first, second] = node.args;
  if (node.prefix.length === 0 && first !== undefined && second !== undefined) {
    if (node.name === "=" || node.name === "\\in") return assignment(c, node, place, mode);
    if (node.name === "=>") {
      const guard = compileTest(c, first, place);
      const body = compileAction(c, second, place, { mode: mode.mode, owner: undefined });
      const isFree = (frame: Frame): boolean => !guard(frame);
      if (body.step !== undefined) return single((frame) => isFree(frame) || body.step!(frame));
      return { step: undefined, run: (frame, then) => (isFree(frame) ? then() : body.run(frame, then)) };
    }
    if (node.name === "\\cdot") return composition(c, node, place);
  }
  const thunk = parameterThunk(node, place);
  if (thunk !== undefined) {
    const test = compileTest(c, node, place);
    return {
      step: undefined,
      run: (frame, then) => {
        const found = thunk(frame);
        return found === undefined ? test(frame) && then() : found.code.action(mode.mode).run(found.frame, then);
      },
    };
  }
  return call(c, node, place, mode);
}

function call(c: Compiler, node: NodeOf<"apply">, place: Place, mode: ActionMode): Action {
  const selected = selectedCall(node, place.scope);
  if (selected !== undefined) {
    const inner = { ...place, scope: selected.definition.scope };
    return enterDefinition(c, selected.node, selected.definition, { inner, place, enter: undefined }, mode);
  }
  const isKnown = node.prefix.length > 0 || lookup(place.scope, node.name) !== undefined;
  if (!isKnown) return predicate(c, node, place);
  const found = resolve(c, node, place);
  const { entity } = found;
  if (entity.kind === "param" && entity.arity > 0) return operatorParameter(c, node, place, mode);
  if (entity.kind === "let" && entity.bounds === undefined) {
    const hops = hopsTo(place.layout, entity.layout);
    const body = compileAction(c, entity.body, { scope: entity.scope, layout: entity.layout, isPrimed: false }, mode);
    const { step } = body;
    return {
      step: step && ((frame) => step(outer(frame, hops))),
      run: (frame, then) => body.run(outer(frame, hops), then),
    };
  }
  if (entity.kind !== "definition" || entity.bounds !== undefined || entity.value !== undefined)
    return predicate(c, node, place);
  return enterDefinition(c, node, entity, { inner: found.place, place, enter: found.enter }, mode);
}

function enterDefinition(
  c: Compiler,
  node: NodeOf<"apply">,
  entity: DefinitionEntity,
  site: Parameters<typeof compileFrame>[3],
  mode: ActionMode,
): Action {
  codeOf(c, entity);
  const makeFrame = compileFrame(c, node, entity, site);
  const body = definitionAction(c, entity, mode);
  const called: Action = {
    // The body of a recursive definition is not compiled yet, so its shape is unknown: treat it as branching.
    step: body.isReady ? body.action().step && ((frame) => body.action().step!(makeFrame(frame))) : undefined,
    run: (frame, then) => body.action().run(makeFrame(frame), then),
  };
  if (mode.owner === undefined || isContainer(entity.body, entity)) return called;
  return withLabel(c, labelOf(c, entity.name, entity.body, mode), called);
}

/** The action of a definition's body, made once for each mode; `isReady` is false while it is being made. */
function definitionAction(
  c: Compiler,
  entity: DefinitionEntity,
  mode: ActionMode,
): { isReady: boolean; action: () => Action } {
  const isTop = mode.owner !== undefined;
  const code = codeOf(c, entity);
  const actions = isTop ? code.labelled : code.action;
  const known = actions[mode.mode];
  if (known !== undefined) return { isReady: true, action: () => known };
  if (code.isPending) return { isReady: false, action: () => actions[mode.mode]! };
  code.isPending = true;
  const place = bodyPlace(entity, code.layout);
  const made = compileAction(c, entity.body, place, { mode: mode.mode, owner: isTop ? entity.name : undefined });
  code.isPending = false;
  actions[mode.mode] = made;
  return { isReady: true, action: () => made };
}

/** `A(x)` where A is a parameter: entered as an action if it came from a definition. */
function operatorParameter(c: Compiler, node: NodeOf<"apply">, place: Place, mode: ActionMode): Action {
  const operator = compile(c, { ...node, args: [] }, place);
  const args = node.args.map((arg) => compile(c, arg, place));
  return {
    step: undefined,
    run: (frame, then) => {
      const closure = operator(frame) as Closure;
      const values = args.map((arg) => arg(frame));
      if (closure.enter === undefined) return closure.apply(values) === true && then();
      const { definition, frame: own } = closure.enter(values);
      return definitionAction(c, definition, { mode: mode.mode, owner: undefined }).action().run(own, then);
    },
  };
}

/** `f[x]` where f is still a formula is entered like an operator (and so counts its alternatives, as in TLC). */
function functionCall(c: Compiler, node: NodeOf<"index">, place: Place, mode: ActionMode): Action {
  const fcn = compile(c, node.fcn, place);
  const index = compile(c, node.index, place);
  const test = compileTest(c, node, place);
  return {
    step: undefined,
    run: (frame, then) => {
      const value = fcn(frame);
      if (typeof value !== "object" || value.kind !== "lazyFcn" || value.normal !== undefined)
        return test(frame) && then();
      const inside = (value as FormulaFunction).enter?.(value, c.m.u.normalise(index(frame)), mode.mode);
      return inside === undefined ? test(frame) && then() : inside.action.run(inside.frame, then);
    },
  };
}

/** `A \cdot B`: a step of A and then a step of B, seen as one. */
function composition(c: Compiler, node: NodeOf<"apply">, place: Place): Action {
  const { m } = c;
  const first = compileAction(c, node.args[0]!, place, { mode: "next", owner: undefined });
  const second = compileAction(c, node.args[1]!, place, { mode: "next", owner: undefined });
  return {
    step: undefined,
    run: (frame, then) => {
      const { current, next } = m;
      const mark = m.trail.length;
      const stopped = first.run(frame, () => {
        // The state between: complete, or the second step would start from nothing.
        const between = m.next.slice();
        m.composed++;
        m.current = between;
        m.next = new Array<Value | undefined>(between.length);
        m.target = m.next;
        const innerMark = m.trail.length;
        const found = second.run(frame, () => {
          const after = m.next;
          m.current = current;
          const result = then();
          m.current = between;
          m.next = after;
          m.target = after;
          return result;
        });
        undo(m, innerMark);
        m.current = current;
        m.next = next;
        m.target = next;
        return found;
      });
      undo(m, mark);
      return stopped;
    },
  };
}
