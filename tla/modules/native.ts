/** The shape of modules built into the engine: operators in TypeScript, and further definitions as TLA+ text. */
import { fail } from "../errors.ts";
import type { Machine } from "../eval/machine.ts";
import type { Node } from "../syntax/ast.ts";
import { enumerate } from "../values/lazy.ts";
import { showValue } from "../values/print.ts";
import type { FcnValue, OperatorValue, Value } from "../values/types.ts";

export type Native = {
  readonly arity: number;
  /** Whether the value depends on more than the arguments (registers, the level, chance): such calls are not constant. */
  readonly isImpure: boolean;
  readonly run: (m: Machine, args: readonly Value[]) => Value;
  /** Refuses arguments that are known to be wrong as they are written. Throws TlaError (resolve). */
  readonly demand?: (args: readonly Node[]) => void;
};
export type BuiltinModule = {
  readonly natives: Readonly<Record<string, Native>>;
  /** A whole module; its natives replace definitions of the same name. */
  readonly text: string;
};

export function pure(arity: number, run: (m: Machine, args: readonly Value[]) => Value): Native {
  return { arity, isImpure: false, run };
}

export function impure(arity: number, run: (m: Machine, args: readonly Value[]) => Value): Native {
  return { arity, isImpure: true, run };
}

export function asNumber(value: Value | undefined, operator: string): number {
  return typeof value === "number"
    ? value
    : fail(`${operator} needs a number, found ${value === undefined ? "nothing" : showValue(value)}`);
}

export function asString(value: Value | undefined, operator: string): string {
  if (typeof value === "object" && value.kind === "string") return value.text;
  return fail(`${operator} needs a string, found ${value === undefined ? "nothing" : showValue(value)}`);
}

export function asOperator(value: Value | undefined, operator: string): OperatorValue {
  if (typeof value === "object" && value.kind === "operator") return value;
  return fail(`${operator} needs an operator as its argument`);
}

export function asBoolean(value: Value | undefined, operator: string): boolean {
  return typeof value === "boolean"
    ? value
    : fail(`${operator} needs TRUE or FALSE, found ${value === undefined ? "nothing" : showValue(value)}`);
}

/** The items of a sequence. */
export function asSequence(m: Machine, value: Value | undefined, operator: string): readonly Value[] {
  const normal = value === undefined ? undefined : m.u.normalise(value);
  if (typeof normal === "object" && normal.kind === "fcn" && normal.isTuple) return normal.values;
  return fail(`${operator} needs a sequence, found ${normal === undefined ? "nothing" : showValue(normal)}`);
}

export function asFunction(m: Machine, value: Value | undefined, operator: string): FcnValue {
  const normal = value === undefined ? undefined : m.u.normalise(value);
  if (typeof normal === "object" && normal.kind === "fcn") return normal;
  return fail(`${operator} needs a function, found ${normal === undefined ? "nothing" : showValue(normal)}`);
}

export function elementsOf(m: Machine, value: Value | undefined): readonly Value[] {
  return enumerate(m.u, value ?? m.u.emptySet).elements;
}

/** An integer result; beyond 2^53 it would silently lose digits, so that is an error. */
export function integer(value: number, operator: string): number {
  return Number.isSafeInteger(value)
    ? value + 0
    : fail(`the result of ${operator} is beyond the integers this engine handles`);
}
