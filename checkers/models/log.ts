/**
 * An append-only log: append (answers with its offset, the length before it, or with nothing) and read (the whole log).
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import type { Model } from "../model.ts";
import { isSameValue } from "../values.ts";

type Log = readonly PlainJson[];

export function logModel(): Model<Log> {
  return {
    name: "log",
    functions: ["append", "read"],
    init: [],
    problemWith: (operation) =>
      operation.f === "read" && !operation.isPending && !Array.isArray(operation.output)
        ? "the list that was read"
        : undefined,
    step,
    hash: (log) => JSON.stringify(log),
    describe: (operation) => {
      const argument = operation.f === "append" ? show(operation.input) : "";
      return `${operation.f}(${argument}) -> ${operation.isPending ? "?" : show(operation.output)}`;
    },
    describeState: show,
    isPure: (operation) => operation.f === "read",
  };
}

function step(log: Log, operation: Operation): readonly Log[] {
  if (operation.f === "read") return operation.isPending || isSameValue(log, operation.output) ? [log] : [];
  const hasOffset = !operation.isPending && typeof operation.output === "number";
  return hasOffset && operation.output !== log.length ? [] : [[...log, operation.input]];
}
