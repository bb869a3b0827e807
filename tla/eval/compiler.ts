/** What the parts of the compiler share: its state, where an expression stands, and small helpers. */
import { failAt, type Span, TlaError } from "../errors.ts";
import { whereMissing } from "../modules/missing.ts";
import type { Node } from "../syntax/ast.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import type { Evaluate, Frame, Machine } from "./machine.ts";
import type { Library } from "./modules.ts";
import type { DefinitionEntity, Layout, Scope } from "./scope.ts";

/** A named piece of the next-state relation, as coverage and counterexamples show it. */
export type ActionLabel = { readonly name: string; readonly span: Span; readonly isInitial: boolean };
export type Compiler = { readonly m: Machine; readonly library: Library; readonly labels: ActionLabel[] };

/** Where an expression stands: its names, its frame's layout, and whether it is under a prime. */
export type Place = { readonly scope: Scope; readonly layout: Layout; readonly isPrimed: boolean };

/** How many frames outwards the target layout is. The target always encloses the current layout. */
export function hopsTo(from: Layout, target: Layout): number {
  let hops = 0;
  for (let at: Layout | undefined = from; at !== undefined; at = at.up) {
    if (at === target) return hops;
    hops++;
  }
  throw new Error("a layout was looked for outside the scopes that enclose it");
}

export function outer(frame: Frame, hops: number): Frame {
  let at = frame;
  for (let i = 0; i < hops; i++) at = at[0] as Frame;
  return at;
}

/** The frame a definition hangs on, seen from a place. */
export function linkTo(place: Place, up: Layout | undefined): (frame: Frame) => Frame | undefined {
  if (up === undefined) return () => undefined;
  const hops = hopsTo(place.layout, up);
  return (frame) => outer(frame, hops);
}

/** A copy of a frame and those around it, for values that outlive the loop that made them. */
export function snapshot(frame: Frame): Frame {
  const copy = frame.slice();
  if (copy[0] !== undefined) copy[0] = snapshot(copy[0] as Frame);
  return copy;
}

export function truth(value: Value, node: Node): boolean {
  if (typeof value === "boolean") return value;
  return failAt(node.span, `expected TRUE or FALSE, found ${showValue(value)}`);
}

/** Gives an error that natives or values raised the place of the expression it belongs to. */
export function located(node: Node, evaluate: Evaluate): Evaluate {
  return (frame) => {
    try {
      return evaluate(frame);
    } catch (error) {
      throw locate(error, node.span);
    }
  };
}

export function locate(error: unknown, span: Span): unknown {
  if (error instanceof TlaError && error.span === undefined) error.span = span;
  return error;
}

export function unknownName(name: string, span: Span): TlaError {
  const isOperator = !/^\w+$/.test(name);
  const hint = " (a module that defines it, such as Integers or Sequences, is missing in EXTENDS)";
  return new TlaError(
    "resolve",
    isOperator ? `unknown operator ${name}${hint}` : `unknown name ${name}${whereMissing(name)}`,
    span,
  );
}

/**
 * Where ENABLED keeps the next value of an instantiated module's variable that stands for an expression; -1 for all else.
 * ENABLED A speaks of the variables of A's own module, before substitution (Specifying Systems, section 17.8).
 */
export function virtualIndex(c: Compiler, definition: DefinitionEntity): number {
  if (!definition.standsForVariable) return -1;
  definition.virtual ??= c.library.variables.length + c.library.virtualCount++;
  return definition.virtual;
}
