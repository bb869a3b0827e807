/**
 * Why a formula is false: the first false conjunct, followed into definitions, with its place and the values involved.
 *
 * Judged by the predicate path (never by the generator), in the machine's current and next state.
 */
import { describeError, type Span } from "../errors.ts";
import { bodyPlace, codeOf, compileFrame, resolve } from "../eval/calls.ts";
import type { Compiler, Place } from "../eval/compiler.ts";
import { compile, compileTest, openLet } from "../eval/expressions.ts";
import type { Evaluate, Frame } from "../eval/machine.ts";
import { lookup } from "../eval/scope.ts";
import { asTlaError } from "../checker/explore.ts";
import type { Node, NodeOf } from "../syntax/ast.ts";
import { showValue } from "../values/print.ts";

/** The smallest false part found, and the definitions passed on the way there, outermost first. */
export type Falsehood = { readonly span: Span; readonly path: readonly string[]; readonly detail: string };

/** Call only for a formula that is false (or fails) here. */
export function explainFalse(c: Compiler, node: Node, place: Place, frame: Frame): Falsehood {
  return explain(c, node, place, frame, []);
}

function explain(c: Compiler, node: Node, place: Place, frame: Frame, path: readonly string[]): Falsehood {
  switch (node.kind) {
    case "and": {
      const part = node.items.find((item) => !holds(c, item, place, frame)) ?? node;
      return part === node ? report(c, node, place, frame, path) : explain(c, part, place, frame, path);
    }
    case "if": {
      const branch = holds(c, node.test, place, frame) ? node.then : node.else;
      return explain(c, branch, place, frame, path);
    }
    case "let": {
      const { place: inner, slots } = openLet(c, node.units, place);
      for (const slot of slots) frame[slot] = undefined;
      return explain(c, node.body, inner, frame, path);
    }
    case "apply":
      return explainApply(c, node, place, frame, path);
    default:
      return report(c, node, place, frame, path);
  }
}

function explainApply(
  c: Compiler,
  node: NodeOf<"apply">,
  place: Place,
  frame: Frame,
  path: readonly string[],
): Falsehood {
  const first = node.prefix[0]?.name ?? node.name;
  const known = lookup(place.scope, first);
  if (known === undefined || (node.prefix.length > 0 && known.kind !== "instance"))
    return report(c, node, place, frame, path);
  const { entity, place: inner, enter } = resolve(c, node, place);
  if (entity.kind !== "definition" || entity.bounds !== undefined || entity.value !== undefined)
    return report(c, node, place, frame, path);
  const code = codeOf(c, entity);
  const own = compileFrame(c, node, entity, { inner, place, enter })(frame);
  return explain(c, entity.body, bodyPlace(entity, code.layout), own, [...path, entity.name]);
}

function holds(c: Compiler, node: Node, place: Place, frame: Frame): boolean {
  try {
    return compileTest(c, node, place)(frame);
  } catch (error) {
    asTlaError(error);
    return false;
  }
}

function report(c: Compiler, node: Node, place: Place, frame: Frame, path: readonly string[]): Falsehood {
  return { span: node.span, path, detail: detailOf(c, node, place, frame) };
}

/** Both sides of a comparison, or what UNCHANGED saw. */
function detailOf(c: Compiler, node: Node, place: Place, frame: Frame): string {
  try {
    if (node.kind === "apply" && node.args.length === 2) {
      const [left, right] = node.args.map((arg) => shown(compile(c, arg, place), frame));
      return `${left} ${node.name} ${right} is false`;
    }
    if (node.kind === "unchanged") {
      const before = shown(compile(c, node.body, place), frame);
      const after = shown(compile(c, { kind: "prime", body: node.body, span: node.span }, place), frame);
      return `changed from ${before} to ${after}`;
    }
    const value = compile(c, node, place)(frame);
    return typeof value === "boolean" ? "is false" : `is ${showValue(value)}, neither TRUE nor FALSE`;
  } catch (error) {
    return describeError(asTlaError(error));
  }
}

const SHOWN_MAX = 80;

function shown(evaluate: Evaluate, frame: Frame): string {
  const text = showValue(evaluate(frame));
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 1)}…` : text;
}
