/**
 * Generators of ids: unique, and rising along real time. O(n log n). A pending call may have used up any id nobody saw.
 */
import { type Operation, show } from "../history.ts";
import { keyOfValue } from "../values.ts";
import {
  byCall,
  contradiction,
  findTurned,
  nameOf,
  type Special,
  type SpecialResult,
  turnedRound,
  unsuited,
} from "./special.ts";

export const uniqueIds: Special = { name: "unique-ids", check: checkUnique, replay: (order) => replay(order, false) };
export const monotonicIds: Special = {
  name: "monotonic-ids",
  check: checkMonotonic,
  replay: (order) => replay(order, true),
};

function checkUnique(operations: readonly Operation[]): SpecialResult {
  const seen = new Map<string | number, Operation>();
  for (const operation of operations) {
    if (operation.isPending) continue;
    const other = seen.get(keyOfValue(operation.output));
    if (other !== undefined) {
      const line = `${nameOf(other)} and ${nameOf(operation)} were both given ${show(operation.output)}`;
      return contradiction([line], [other, operation]);
    }
    seen.set(keyOfValue(operation.output), operation);
  }
  return { kind: "valid", order: [...seen.values()].sort(byCall) };
}

function checkMonotonic(operations: readonly Operation[]): SpecialResult {
  if (operations.some((operation) => !operation.isPending && typeof operation.output !== "number")) {
    return unsuited("an id is no number");
  }
  const unique = checkUnique(operations);
  if (unique.kind !== "valid") return unique;
  const rising = unique.order.slice().sort((left, right) => Number(left.output) - Number(right.output));
  const turned = findTurned(rising.map((operation) => [operation]));
  if (turned !== undefined) return turnedRound(turned, (operation) => `was given ${show(operation.output)}`);
  return { kind: "valid", order: rising };
}

function replay(order: readonly Operation[], isRising: boolean): string | undefined {
  const seen = new Set<string | number>();
  let last = Number.NEGATIVE_INFINITY;
  for (const operation of order) {
    const key = keyOfValue(operation.output);
    if (seen.has(key)) return `operation ${operation.id} was given an id that is taken`;
    if (isRising && !(Number(operation.output) > last)) return `operation ${operation.id} was given a smaller id`;
    seen.add(key);
    last = Number(operation.output);
  }
  return undefined;
}
