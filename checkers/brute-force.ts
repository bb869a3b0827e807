/**
 * Linearizability from its definition, for small histories: the reference that the fast algorithms are tested against.
 *
 * Tries every order of operations that respects real time, with and without each one that never returned, and nothing else: no
 * cache, no shortcuts. Exponential: meant for a dozen operations.
 */
import { DEFAULT_BUDGET, Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import type { Model } from "./model.ts";

/** True when some order is legal. Ignores Model.keyOf: hand it one partition. */
export function isLinearizable<S>(operations: readonly Operation[], model: Model<S>): boolean {
  const meter = new Meter(DEFAULT_BUDGET);
  const isPlaced = new Array<boolean>(operations.length).fill(false);
  const isOptional = (operation: Operation): boolean => operation.return === Number.POSITIVE_INFINITY;
  const completed = operations.filter((operation) => !isOptional(operation)).length;

  function extend(state: S, left: number): boolean {
    if (left === 0) return true;
    let earliestReturn = Number.POSITIVE_INFINITY;
    for (let i = 0; i < operations.length; i += 1) {
      if (!isPlaced[i]) earliestReturn = Math.min(earliestReturn, operations[i]!.return);
    }
    for (let i = 0; i < operations.length; i += 1) {
      const operation = operations[i]!;
      if (isPlaced[i] || operation.call > earliestReturn) continue;
      isPlaced[i] = true;
      for (const next of model.step(state, operation, meter)) {
        if (extend(next, isOptional(operation) ? left : left - 1)) return true;
      }
      isPlaced[i] = false;
    }
    return false;
  }

  return extend(model.init, completed);
}
