/**
 * Several registers read and written together: txn with micro-operations [read, key, value] and [write, key, value].
 *
 * Each operation takes effect at once, its micro-operations in their order. A read of null in a completed operation is
 * unknown to Knossos and fits any value; here it is the absent key, unless the option says otherwise.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import { MARK, marked, nameOf } from "../marked-values.ts";
import type { Model } from "../model.ts";
import { canonicalText, compareText, isSameValue } from "../values.ts";

type Registers = Readonly<Record<string, PlainJson>>;
type MicroOperation = readonly [string, PlainJson, PlainJson];

const READS: ReadonlySet<PlainJson> = new Set(["read", "r"]);
const WRITES: ReadonlySet<PlainJson> = new Set(["write", "w"]);

/** `init` gives the registers before the first operation, by the names of registersNamed; absent ones hold null. */
export function multiRegisterModel(init: Registers): Model<Registers> {
  return {
    name: "multi-register",
    functions: ["txn"],
    init: normalize(init),
    problemWith,
    step: (registers, operation) => apply(registers, operation),
    hash: (registers) => JSON.stringify(registers),
    describe: (operation) => `txn ${show(microOperations(operation))}${operation.isPending ? " -> ?" : ""}`,
    describeState: show,
    isPure: (operation) => microOperations(operation).every(([f]) => READS.has(f)),
  };
}

/**
 * First registers as a person names them, by the keys that the operations use: x is the register "x", :x and x, 1 the register 1
 * and "1". JSON has names of one kind only, and the register that a file calls :x would be another one.
 */
export function registersNamed(init: Registers, operations: readonly Operation[]): Registers {
  const registers: Record<string, PlainJson> = { ...init };
  for (const operation of operations) {
    if (problemWith(operation) !== undefined) continue;
    for (const [, key] of microOperations(operation)) {
      const name = nameOf(key) ?? (typeof key === "string" ? key.slice(MARK.length) : canonicalText(key));
      if (Object.hasOwn(init, name)) registers[registerOf(key)] = init[name]!;
    }
  }
  return registers;
}

/** Equal keys are one register, different ones are two: 1 is not "1". */
function registerOf(key: PlainJson): string {
  return typeof key === "string" ? key : marked(canonicalText(key));
}

function problemWith(operation: Operation): string | undefined {
  const value = operation.isPending ? operation.input : operation.output;
  const isFine =
    Array.isArray(value) &&
    value.every((micro) => Array.isArray(micro) && micro.length === 3 && (READS.has(micro[0]) || WRITES.has(micro[0])));
  return isFine ? undefined : "a list of [read, key, value] and [write, key, value]";
}

/** What was asked, with the values that were read filled in; problemWith has seen the shape. */
function microOperations(operation: Operation): readonly MicroOperation[] {
  return (operation.isPending ? operation.input : operation.output) as unknown as readonly MicroOperation[];
}

function apply(registers: Registers, operation: Operation): readonly Registers[] {
  let next: Record<string, PlainJson> | undefined;
  for (const [f, key, value] of microOperations(operation)) {
    const name = registerOf(key);
    if (READS.has(f)) {
      if (!operation.isPending && !isSameValue((next ?? registers)[name] ?? null, value)) return [];
    } else {
      next ??= { ...registers };
      next[name] = value;
    }
  }
  return [next === undefined ? registers : normalize(next)];
}

/** Fields in one order, so that equal registers have equal hashes. */
function normalize(registers: Registers): Registers {
  return Object.fromEntries(Object.entries(registers).sort((left, right) => compareText(left[0], right[0])));
}
