/** Operators as arguments: names, symbols and LAMBDAs passed to parameters that take operators, and to natives. */
import { failAt, TlaError } from "../errors.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";
import type { OperatorValue, Value } from "../values/types.ts";
import { codeOf } from "./calls.ts";
import { type Compiler, hopsTo, linkTo, outer, type Place } from "./compiler.ts";
import { compile } from "./expressions.ts";
import type { Evaluate, Frame, Slot } from "./machine.ts";
import { type DefinitionEntity, define, lookup } from "./scope.ts";

/** An operator value that came from a definition or LAMBDA: it can also be entered as an action. */
export type Closure = OperatorValue & {
  readonly enter: (args: readonly Slot[]) => { readonly definition: DefinitionEntity; readonly frame: Frame };
};

/** A native's argument is a value; a LAMBDA or the name of an operator becomes an operator value. */
export function compileNativeArgument(c: Compiler, arg: Node, place: Place): Evaluate {
  const operator = namesOperator(c, arg, place);
  return operator === undefined ? compile(c, arg, place) : (frame) => operator(frame) as Value;
}

function namesOperator(c: Compiler, arg: Node, place: Place): ((frame: Frame) => Slot) | undefined {
  if (arg.kind === "lambda") return compileOperator(c, arg, arg.params.length, place);
  if (arg.kind !== "apply" || arg.args.length > 0) return undefined;
  if (arg.prefix.length === 0 && isInfixBuiltin(arg.name)) return compileOperator(c, arg, 2, place);
  if (arg.prefix.length > 0) return undefined;
  const entity = lookup(place.scope, arg.name);
  if (entity?.kind === "definition" && entity.params.length > 0)
    return compileOperator(c, arg, entity.params.length, place);
  if (entity?.kind === "native" && entity.native.arity > 0) return compileOperator(c, arg, entity.native.arity, place);
  if (entity?.kind === "param" && entity.arity > 0) return compileOperator(c, arg, entity.arity, place);
  return undefined;
}

function isInfixBuiltin(name: string): boolean {
  return ["\\cup", "\\cap", "\\", "=", "#", "\\in", "\\notin", "\\subseteq", "=>", "<=>", "/\\", "\\/"].includes(name);
}

/** An argument for a parameter that is an operator of the given arity. */
export function compileOperator(c: Compiler, arg: Node, arity: number, place: Place): (frame: Frame) => Slot {
  if (arg.kind !== "apply" && arg.kind !== "lambda")
    throw new TlaError("resolve", "expected an operator as this argument", arg.span);
  if (arg.kind === "apply" && arg.prefix.length === 0 && !isInfixBuiltin(arg.name)) {
    const entity = lookup(place.scope, arg.name);
    if (entity?.kind === "param" && entity.arity > 0) {
      const hops = hopsTo(place.layout, entity.layout);
      return (frame) => outer(frame, hops)[entity.slot];
    }
    if (entity?.kind === "definition" && entity.params.length === arity) return closureOf(c, entity, place, arg);
  }
  const params = arg.kind === "lambda" ? arg.params : Array.from({ length: arity }, (_unused, i) => `$${i}`);
  const asArgs = params.map((name): Node => ({ kind: "apply", prefix: [], name, args: [], span: arg.span }));
  const body = arg.kind === "lambda" ? arg.body : operatorBody(arg, asArgs);
  const unit = {
    name: arg.kind === "lambda" ? "LAMBDA" : arg.name,
    params: params.map((name) => ({ name, arity: 0 })),
    body,
    span: arg.span,
  };
  const definition = define(unit, { scope: place.scope, up: place.layout, module: arg.span.module, isLocal: true });
  return closureOf(c, definition, place, arg);
}

function operatorBody(arg: NodeOf<"apply">, args: readonly Node[]): Node {
  if (arg.prefix.length === 0 && arg.name === "/\\") return { kind: "and", items: args, span: arg.span };
  if (arg.prefix.length === 0 && arg.name === "\\/") return { kind: "or", items: args, span: arg.span };
  return { ...arg, args };
}

function closureOf(c: Compiler, definition: DefinitionEntity, place: Place, arg: Node): (frame: Frame) => Slot {
  const code = codeOf(c, definition);
  const link = linkTo(place, definition.up);
  const arity = definition.params.length;
  return (frame) => {
    const up = link(frame);
    const enter = (args: readonly Slot[]): { definition: DefinitionEntity; frame: Frame } => {
      const made: Frame = new Array(code.layout.size);
      made[0] = up;
      for (let i = 0; i < arity; i++) made[i + 1] = args[i];
      return { definition, frame: made };
    };
    const apply = (args: readonly Value[]): Value => {
      if (args.length !== arity)
        return failAt(arg.span, `${definition.name} takes ${arity} arguments, found ${args.length}`);
      return code.evaluate(enter(args).frame);
    };
    const closure: Closure = { kind: "operator", name: definition.name, arity, apply, enter };
    return closure;
  };
}
