/**
 * The operators of the language itself, and the arithmetic of Naturals and Integers in direct form.
 *
 * Arithmetic is compiled directly only where the name still stands for the library's operator.
 */
import { fail, failAt } from "../errors.ts";
import { divide, modulo } from "../modules/arithmetic.ts";
import { asNumber } from "../modules/native.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";
import { contains, intersect, interval, isSubset, subtract, unite, visit } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { LazySet, Value } from "../values/types.ts";
import { type Compiler, locate, located, type Place } from "./compiler.ts";
import { compile, compileTest } from "./expressions.ts";
import type { Evaluate } from "./machine.ts";
import { compileMemberOfFilter, eachBinding, openBounds } from "./quantifiers.ts";
import { lookup } from "./scope.ts";

const strings: LazySet = {
  kind: "endless",
  name: "STRING",
  test: (value) => {
    if (typeof value === "object" && (value.kind === "string" || value.kind === "model"))
      return value.kind === "string";
    return fail(`${showValue(value)} is no string, but is looked for in STRING`);
  },
  normal: undefined,
};

/** The closure for a built-in operator, or undefined if the name is not one. */
export function compileBuiltin(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate | undefined {
  const { u } = c.m;
  if (node.args.length === 0) {
    if (node.name === "BOOLEAN") return () => u.booleans;
    return node.name === "STRING" ? () => strings : undefined;
  }
  if (node.args.length === 1) return compileUnary(c, node, place);
  if (node.args.length !== 2) return undefined;
  return compileBinary(c, node, place) ?? compileArithmetic(c, node, place);
}

function compileUnary(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate | undefined {
  const [operand] = node.args;
  if (operand === undefined) return undefined;
  switch (node.name) {
    case "~": {
      const test = compileTest(c, operand, place);
      return (frame) => !test(frame);
    }
    case "SUBSET": {
      const base = compile(c, operand, place);
      return (frame) => ({ kind: "powerset", base: base(frame), normal: undefined });
    }
    case "UNION":
      return compileUnion(c, node, operand, place);
    case "DOMAIN": {
      const fcn = compile(c, operand, place);
      return (frame) => {
        const value = fcn(frame);
        if (typeof value === "object" && (value.kind === "fcn" || value.kind === "lazyFcn")) return value.domain;
        return failAt(node.span, `${showValue(value)} is not a function, so it has no DOMAIN`);
      };
    }
    default:
      return undefined;
  }
}

/** Parts that are written out are joined without being enumerated: `x \in UNION {[S -> T]}` needs no [S -> T]. */
function compileUnion(c: Compiler, node: NodeOf<"apply">, operand: Node, place: Place): Evaluate {
  const { u } = c.m;
  if (operand.kind === "set") {
    const parts = operand.items.map((item) => compile(c, item, place));
    return located(node, (frame) => parts.reduce<Value>((joined, part) => unite(u, joined, part(frame)), u.emptySet));
  }
  if (operand.kind === "map") {
    const { place: inner, binders } = openBounds(c, operand.bounds, place);
    const body = compile(c, operand.body, inner);
    return located(node, (frame) => {
      let joined: Value = u.emptySet;
      eachBinding(c, binders, frame, () => {
        joined = unite(u, joined, body(frame));
        return false;
      });
      return joined;
    });
  }
  const sets = compile(c, operand, place);
  return located(node, (frame) => {
    let joined: Value = u.emptySet;
    visit(u, sets(frame), (set) => {
      joined = unite(u, joined, set);
      return false;
    });
    return joined;
  });
}

function compileBinary(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate | undefined {
  const { u } = c.m;
  const [first, second] = node.args;
  if (first === undefined || second === undefined) return undefined;
  switch (node.name) {
    case "=":
    case "#": {
      const left = compile(c, first, place);
      const right = compile(c, second, place);
      const wanted = node.name === "=";
      return located(node, (frame) => {
        const a = left(frame);
        const b = right(frame);
        return (a === b || u.equal(a, b)) === wanted;
      });
    }
    case "\\in":
    case "\\notin":
      return compileMembership(c, node, place);
    case "=>": {
      const left = compileTest(c, first, place);
      const right = compileTest(c, second, place);
      return (frame) => !left(frame) || right(frame);
    }
    case "<=>": {
      const left = compileTest(c, first, place);
      const right = compileTest(c, second, place);
      return (frame) => left(frame) === right(frame);
    }
    case "~>":
    case "-+->":
    case "\\cdot":
      return () => failAt(node.span, `${node.name} has no value in a single state or step`);
    default:
      return compileSetOperator(c, node, place);
  }
}

function compileSetOperator(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate | undefined {
  const { u } = c.m;
  const [first, second] = node.args;
  const operators = { "\\cup": unite, "\\cap": intersect, "\\": subtract, "\\subseteq": isSubset } as const;
  const operator = Object.hasOwn(operators, node.name) ? operators[node.name as keyof typeof operators] : undefined;
  if (operator === undefined) return undefined;
  const left = compile(c, first!, place);
  const right = compile(c, second!, place);
  return located(node, (frame) => operator(u, left(frame), right(frame)));
}

function compileMembership(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate {
  const { u } = c.m;
  const [first, second] = node.args;
  const wanted = node.name === "\\in";
  const element = compile(c, first!, place);
  if (second!.kind === "filter") {
    const member = compileMemberOfFilter(c, second!, place);
    return located(node, (frame) => {
      const value = element(frame);
      return member(frame, value, (base) => contains(u, base, value)) === wanted;
    });
  }
  const set = compile(c, second!, place);
  return located(node, (frame) => contains(u, set(frame), element(frame)) === wanted);
}

const comparisons: Readonly<Record<string, (a: number, b: number) => boolean>> = {
  "<": (a, b) => a < b,
  ">": (a, b) => a > b,
  "=<": (a, b) => a <= b,
  ">=": (a, b) => a >= b,
};

function compileArithmetic(c: Compiler, node: NodeOf<"apply">, place: Place): Evaluate | undefined {
  const entity = lookup(place.scope, node.name);
  if (entity?.kind !== "native") return undefined;
  const [first, second] = node.args;
  const { name } = node;
  if (!["+", "-", "*", "..", "%", "\\div"].includes(name) && comparisons[name] === undefined) return undefined;
  const left = compile(c, first!, place);
  const right = compile(c, second!, place);
  const operands = (compute: (a: number, b: number) => Value): Evaluate => {
    return (frame) => {
      const a = left(frame);
      const b = right(frame);
      if (typeof a === "number" && typeof b === "number") return compute(a, b);
      return compute(numberAt(a, first!, name), numberAt(b, second!, name));
    };
  };
  const exact = (value: number): number => {
    if (Number.isSafeInteger(value)) return value + 0;
    return failAt(node.span, `the result of ${name} is beyond the integers this engine handles`);
  };
  switch (name) {
    case "+":
      return operands((a, b) => exact(a + b));
    case "-":
      return operands((a, b) => exact(a - b));
    case "*":
      return operands((a, b) => exact(a * b));
    case "..":
      return operands(interval);
    case "%":
      return located(node, operands(modulo));
    case "\\div":
      return located(node, operands(divide));
    default:
      return operands(comparisons[name]!);
  }
}

/** For specialised arithmetic: a number or an error at the operand. */
function numberAt(value: Value, node: Node, operator: string): number {
  if (typeof value === "number") return value;
  try {
    return asNumber(value, operator);
  } catch (error) {
    throw locate(error, node.span);
  }
}
