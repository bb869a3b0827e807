/**
 * Generators of ids: unique ones, and ones that rise. A pending call changes nothing that anybody can see.
 */
import { type Operation, show } from "../history.ts";
import type { Model } from "../model.ts";
import { compareText, keyOfValue } from "../values.ts";

const COMMON = {
  functions: ["generate"],
  describe: (operation: Operation): string => `generate() -> ${operation.isPending ? "?" : show(operation.output)}`,
  isPure: (operation: Operation): boolean => operation.isPending,
};

/** State: the keys of all ids given out. */
export function uniqueIdsModel(): Model<readonly string[]> {
  return {
    ...COMMON,
    name: "unique-ids",
    init: [],
    step: (given, operation) => {
      if (operation.isPending) return [given];
      const key = `${keyOfValue(operation.output)}`;
      return given.includes(key) ? [] : [[...given, key].sort(compareText)];
    },
    hash: (given) => JSON.stringify(given),
    describeState: (given) => `${given.length} ids given out`,
  };
}

/** State: the last id given out. */
export function monotonicIdsModel(): Model<number> {
  return {
    ...COMMON,
    name: "monotonic-ids",
    init: Number.NEGATIVE_INFINITY,
    problemWith: (operation) =>
      operation.isPending || typeof operation.output === "number" ? undefined : "a number as id",
    step: (last, operation) => {
      if (operation.isPending) return [last];
      return Number(operation.output) > last ? [Number(operation.output)] : [];
    },
    hash: (last) => last,
    describeState: (last) => (last === Number.NEGATIVE_INFINITY ? "no id yet" : `last id ${last}`),
  };
}
