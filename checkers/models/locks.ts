/**
 * Locks: a mutex that anybody may release (Knossos' mutex), one that knows its owner, and a semaphore.
 *
 * Operations are acquire and release. With owners the holder is the process; a permit is released by who acquired it.
 */
import type { Operation } from "../history.ts";
import type { Model } from "../model.ts";

/** Processes that hold a permit, in rising order; a negative one stands for an unknown holder. */
type Holders = readonly number[];

const ANYBODY = -1;

export function mutexModel(hasOwners: boolean): Model<Holders> {
  return locksModel("mutex", 1, hasOwners);
}

export function semaphoreModel(permits: number, hasOwners: boolean): Model<Holders> {
  return locksModel("semaphore", permits, hasOwners);
}

function locksModel(name: string, permits: number, hasOwners: boolean): Model<Holders> {
  const holderOf = (operation: Operation): number => (hasOwners ? operation.process : ANYBODY);
  return {
    name,
    functions: ["acquire", "release"],
    init: [],
    step: (holders, operation) => {
      const holder = holderOf(operation);
      const isHeld = holders.includes(holder);
      if (operation.f === "acquire") {
        // One permit cannot be acquired twice by its owner either.
        return holders.length < permits ? [[...holders, holder].sort((left, right) => left - right)] : [];
      }
      return isHeld ? [without(holders, holder)] : [];
    },
    hash: (holders) => holders.join(" "),
    describe: (operation) => `${operation.f}()${operation.isPending ? " -> ?" : ""}`,
    describeState: (holders) => describeHolders(holders, permits, hasOwners),
    classOf: (operation) => `${operation.f} ${holderOf(operation)}`,
  };
}

function without(holders: Holders, holder: number): Holders {
  const at = holders.indexOf(holder);
  return [...holders.slice(0, at), ...holders.slice(at + 1)];
}

function describeHolders(holders: Holders, permits: number, hasOwners: boolean): string {
  if (holders.length === 0) return "free";
  if (permits === 1) return hasOwners ? `held by process ${holders[0]}` : "held";
  return `${holders.length} of ${permits} permits held${hasOwners ? ` (processes ${holders.join(", ")})` : ""}`;
}
