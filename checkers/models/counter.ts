/**
 * Counters: inc (answers with the new value, or with nothing), faa (fetch-and-add, answers with the old value), read.
 */
import { type Operation, show } from "../history.ts";
import type { Model } from "../model.ts";

export function counterModel(init: number): Model<number> {
  return {
    name: "counter",
    functions: ["inc", "add", "faa", "read"],
    init,
    problemWith,
    step,
    hash: (value) => value,
    describe,
    describeState: String,
    isPure: (operation) => operation.f === "read" || operation.input === 0,
  };
}

function problemWith(operation: Operation): string | undefined {
  if (operation.f !== "read" && typeof operation.input !== "number") return "a number to add";
  if (operation.isPending || (operation.f !== "read" && operation.f !== "faa")) return undefined;
  return typeof operation.output === "number" ? undefined : `a number from ${operation.f}`;
}

function step(value: number, operation: Operation): readonly number[] {
  if (operation.f === "read") return operation.isPending || operation.output === value ? [value] : [];
  const next = value + Number(operation.input);
  if (operation.isPending || !isAnswered(operation)) return [next];
  return operation.output === (operation.f === "faa" ? value : next) ? [next] : [];
}

/** Jepsen's add echoes its argument, or says nothing; inc and faa answer with a value of the counter. */
function isAnswered(operation: Operation): boolean {
  return operation.f !== "add" && typeof operation.output === "number";
}

function describe(operation: Operation): string {
  const argument = operation.f === "read" ? "" : show(operation.input);
  return `${operation.f}(${argument}) -> ${operation.isPending ? "?" : show(operation.output)}`;
}
