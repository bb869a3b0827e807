/**
 * Expressions to closures: the dispatch, logic, IF, CASE, LET, primes and ENABLED.
 *
 * Every expression becomes a function from a frame to a value, made once. Names, calls and arguments are in calls.ts; sets,
 * functions and records in data.ts; quantifiers in quantifiers.ts; actions in actions.ts.
 */
import { failAt } from "../errors.ts";
import type { Node, NodeOf, Unit } from "../syntax/ast.ts";
import type { Value } from "../values/types.ts";
import { compileAction } from "./actions.ts";
import { unchangedVariables } from "./assignments.ts";
import { compileApply } from "./calls.ts";
import { type Compiler, type Place, truth } from "./compiler.ts";
import {
  compileExcept,
  compileField,
  compileFunction,
  compileIndex,
  compileRecord,
  compileSetForm,
  compileTuple,
} from "./data.ts";
import { type Evaluate, undo } from "./machine.ts";
import { addInstance } from "./modules.ts";
import { isClosed } from "./levels.ts";
import { compileChoose, compileFilter, compileMap, compileQuantifier } from "./quantifiers.ts";
import { childScope, define, lookup, reserve } from "./scope.ts";

/** The closure of an expression; one that depends on nothing is evaluated once, when first needed. */
export function compile(c: Compiler, node: Node, place: Place): Evaluate {
  const evaluate = compileNode(c, node, place);
  if (!foldable.has(node.kind) || !isClosed(node, place.scope)) return evaluate;
  let value: Value | undefined;
  return (frame) => (value ??= evaluate(frame));
}

const foldable: ReadonlySet<Node["kind"]> = new Set([
  "apply",
  "set",
  "times",
  "fcnSet",
  "recordSet",
  "filter",
  "map",
  "fcn",
  "tuple",
  "record",
  "choose",
]);

function compileNode(c: Compiler, node: Node, place: Place): Evaluate {
  const { u } = c.m;
  switch (node.kind) {
    case "number":
    case "boolean": {
      const { value } = node;
      return () => value;
    }
    case "string": {
      const value = u.string(node.value);
      return () => value;
    }
    case "apply":
      return compileApply(c, node, place);
    case "and":
    case "or":
      return compileJunction(c, node, place);
    case "index":
      return compileIndex(c, node, place);
    case "field":
      return compileField(c, node, place);
    case "tuple":
      return compileTuple(c, node, place);
    case "set":
    case "times":
    case "fcnSet":
    case "recordSet":
      return compileSetForm(c, node, place);
    case "record":
      return compileRecord(c, node, place);
    case "filter":
      return compileFilter(c, node, place);
    case "map":
      return compileMap(c, node, place);
    case "fcn":
      return compileFunction(c, node.bounds, node.body, place, undefined);
    case "except":
      return compileExcept(c, node, place);
    case "forall":
    case "exists":
      return compileQuantifier(c, node, place);
    case "choose":
      return compileChoose(c, node, place);
    case "if":
      return compileIf(c, node, place);
    case "case":
      return compileCase(c, node, place);
    case "let":
      return compileLet(c, node, place);
    case "prime":
      return compilePrime(c, node.body, place);
    case "enabled":
      return compileEnabled(c, node, place);
    case "unchanged":
      return compileUnchanged(c, node.body, place);
    case "boxAction":
    case "angleAction":
      return compileStep(c, node, place);
    case "at": {
      const target = lookup(place.scope, "@");
      if (target === undefined) return failAt(node.span, "@ has a meaning only in an EXCEPT");
      return compileApply(c, { kind: "apply", prefix: [], name: "@", args: [], span: node.span }, place);
    }
    case "lambda":
      return failAt(node.span, "LAMBDA can only be an argument of an operator");
    case "unboundedQuantifier":
      return () => failAt(node.span, "a quantifier without a set ranges over everything, so it cannot be evaluated");
    default:
      return () => failAt(node.span, "a temporal formula has no value in a single state or step");
  }
}

export function compileTest(c: Compiler, node: Node, place: Place): (frame: Parameters<Evaluate>[0]) => boolean {
  const evaluate = compile(c, node, place);
  return (frame) => truth(evaluate(frame), node);
}

function compileJunction(c: Compiler, node: NodeOf<"and"> | NodeOf<"or">, place: Place): Evaluate {
  const tests = node.items.map((item) => compileTest(c, item, place));
  if (node.kind === "and") {
    return (frame) => {
      for (let i = 0; i < tests.length; i++) if (!tests[i]!(frame)) return false;
      return true;
    };
  }
  return (frame) => {
    for (let i = 0; i < tests.length; i++) if (tests[i]!(frame)) return true;
    return false;
  };
}

function compileIf(c: Compiler, node: NodeOf<"if">, place: Place): Evaluate {
  const test = compileTest(c, node.test, place);
  const then = compile(c, node.then, place);
  const otherwise = compile(c, node.else, place);
  return (frame) => (test(frame) ? then(frame) : otherwise(frame));
}

function compileCase(c: Compiler, node: NodeOf<"case">, place: Place): Evaluate {
  const arms = node.arms.map((arm) => ({
    guard: compileTest(c, arm.guard, place),
    value: compile(c, arm.value, place),
  }));
  const other = node.other === undefined ? undefined : compile(c, node.other, place);
  return (frame) => {
    for (const arm of arms) if (arm.guard(frame)) return arm.value(frame);
    return other === undefined ? failAt(node.span, "no arm of this CASE holds, and it has no OTHER") : other(frame);
  };
}

/** Declares the definitions of a LET; returns the place of its body and the slots to clear on entry. */
export function openLet(c: Compiler, units: readonly Unit[], place: Place): { place: Place; slots: number[] } {
  const scope = childScope(place.scope);
  const slots: number[] = [];
  const { layout } = place;
  for (const unit of units) {
    if (unit.kind === "operator" && unit.params.length > 0) {
      scope.names.set(unit.name, define(unit, { scope, up: layout, module: unit.span.module, isLocal: true }));
    } else if (unit.kind === "operator" || unit.kind === "function") {
      const slot = reserve(layout);
      slots.push(slot);
      const bounds = unit.kind === "function" ? unit.bounds : undefined;
      scope.names.set(unit.name, {
        kind: "let",
        name: unit.name,
        layout,
        slot,
        body: unit.body,
        bounds,
        scope,
        level: undefined,
        isImpure: undefined,
        evaluate: undefined,
      });
    } else if (unit.kind === "instance") addInstance(c.library, scope, unit, layout);
  }
  return { place: { ...place, scope }, slots };
}

function compileLet(c: Compiler, node: NodeOf<"let">, place: Place): Evaluate {
  const { place: inner, slots } = openLet(c, node.units, place);
  const body = compile(c, node.body, inner);
  return (frame) => {
    for (let i = 0; i < slots.length; i++) frame[slots[i]!] = undefined;
    return body(frame);
  };
}

/** The index of the variable a node names, or -1. */
export function variableIndex(node: Node, place: Place): number {
  if (node.kind !== "apply" || node.args.length > 0 || node.prefix.length > 0) return -1;
  const entity = lookup(place.scope, node.name);
  return entity?.kind === "variable" ? entity.index : -1;
}

export function compilePrime(c: Compiler, body: Node, place: Place): Evaluate {
  const { m } = c;
  const index = variableIndex(body, place);
  if (index >= 0) {
    const { name } = c.library.variables[index]!;
    return () => {
      m.u.nextReads++;
      return m.next[index] ?? failAt(body.span, `${name}' is used before the step has given it a value`);
    };
  }
  const evaluate = compile(c, body, { ...place, isPrimed: true });
  return (frame) => {
    const { current } = m;
    m.u.nextReads++;
    m.current = m.next;
    try {
      return evaluate(frame);
    } finally {
      m.current = current;
    }
  };
}

function compileUnchanged(c: Compiler, body: Node, place: Place): Evaluate {
  const { m } = c;
  const indices = unchangedVariables(c, body, place);
  if (indices !== undefined) {
    return () => {
      m.u.nextReads++;
      for (let i = 0; i < indices.length; i++) {
        const index = indices[i]!;
        if (m.next[index] === undefined)
          return failAt(body.span, `${c.library.variables[index]!.name}' is used before the step has given it a value`);
        if (m.next[index] !== m.current[index]) return false;
      }
      return true;
    };
  }
  const before = compile(c, body, place);
  const after = compilePrime(c, body, place);
  return (frame) => m.u.equal(after(frame), before(frame));
}

function compileStep(c: Compiler, node: NodeOf<"boxAction"> | NodeOf<"angleAction">, place: Place): Evaluate {
  const unchanged = compileUnchanged(c, node.subscript, place);
  const action = compileTest(c, node.body, place);
  if (node.kind === "boxAction") return (frame) => (unchanged(frame) as boolean) || action(frame);
  return (frame) => !(unchanged(frame) as boolean) && action(frame);
}

/** ENABLED A: whether some next state makes A true; the search stops at the first. */
function compileEnabled(c: Compiler, node: NodeOf<"enabled">, place: Place): Evaluate {
  const { m } = c;
  const action = compileAction(c, node.body, place, { mode: "next", owner: undefined });
  return (frame): Value => {
    const { next, target } = m;
    const { nextReads } = m.u;
    const mark = m.trail.length;
    m.next = new Array<Value | undefined>(c.library.variables.length);
    m.target = m.next;
    m.enabledDepth++;
    try {
      return action.run(frame, () => true);
    } finally {
      m.enabledDepth--;
      // The next states tried here are nobody else's, so what is enabled depends on the current state alone.
      m.u.nextReads = nextReads;
      undo(m, mark);
      m.next = next;
      m.target = target;
    }
  };
}
