/**
 * A key-value store of strings with append: get, put, append, as in porcupine's test data. Absent keys hold "".
 */
import { type Operation, show } from "../history.ts";
import type { Model } from "../model.ts";

export function kvAppendModel(): Model<string> {
  return {
    name: "kv-append",
    functions: ["get", "put", "append"],
    init: "",
    problemWith: (operation) => {
      if (operation.f !== "get") return typeof operation.input === "string" ? undefined : "a string to write";
      return operation.isPending || typeof operation.output === "string" ? undefined : "a string that was read";
    },
    step,
    hash: (state) => state,
    keyOf: (operation) => operation.key ?? "",
    describe,
    describeState: show,
    isPure: (operation) => operation.f === "get",
    isBlind: (operation) => operation.f === "put",
  };
}

function step(state: string, operation: Operation): readonly string[] {
  if (operation.f === "put") return [operation.input as string];
  if (operation.f === "append") return [state + (operation.input as string)];
  return operation.isPending || state === operation.output ? [state] : [];
}

function describe(operation: Operation): string {
  const key = show(operation.key ?? "");
  if (operation.f === "get") return `get(${key}) -> ${operation.isPending ? "?" : show(operation.output)}`;
  return `${operation.f}(${key}, ${show(operation.input)})${operation.isPending ? " -> ?" : ""}`;
}
