/**
 * Mutexes and semaphores that know their holders: certain holds, O(n log n).
 *
 * A process holds what it acquired from some moment before its acquire returned until some moment after it called release.
 * Between that return and that call it certainly holds. The acquire can always take effect as late, the release as early as
 * this allows, so the history is linearizable exactly when at no moment more certain holds overlap than there are
 * permits, and nobody releases what it does not hold or (with one permit) acquires what it holds. A pending acquire is
 * dropped: it may not have happened, and it could only hinder. A pending release takes effect when it was called.
 */
import type { Operation } from "../history.ts";
import { contradiction, nameOf, orderByPoint, type Placed, type Special, type SpecialResult } from "./special.ts";

type Hold = { readonly acquire: Operation; readonly release: Operation | undefined };

export function holdsByOwner(permits: number): Special {
  return {
    name: "holds-by-owner",
    check: (operations) => check(operations, permits),
    replay: (order) => replay(order, permits),
  };
}

function check(operations: readonly Operation[], permits: number): SpecialResult {
  const held = new Map<number, Operation[]>();
  const holds: Hold[] = [];
  for (const operation of operations) {
    const mine = held.get(operation.process) ?? [];
    held.set(operation.process, mine);
    if (operation.f === "acquire") {
      if (operation.isPending) continue;
      const other = mine[0];
      if (permits === 1 && other !== undefined) return heldAlready(other, operation);
      mine.push(operation);
    } else {
      const acquire = mine.shift();
      if (acquire !== undefined) holds.push({ acquire, release: operation });
      else if (!operation.isPending) return notHeld(operation);
    }
  }
  for (const mine of held.values()) for (const acquire of mine) holds.push({ acquire, release: undefined });
  return sweep(holds, permits);
}

function sweep(holds: readonly Hold[], permits: number): SpecialResult {
  const sorted = holds.slice().sort((left, right) => left.acquire.return - right.acquire.return);
  const current: Hold[] = [];
  const placed: Placed[] = [];
  for (const hold of sorted) {
    const now = hold.acquire.return;
    for (let i = current.length - 1; i >= 0; i -= 1) if (endOf(current[i]!) < now) current.splice(i, 1);
    current.push(hold);
    if (current.length > permits) return tooMany(current, permits);
    placed.push({ point: now, tie: 0, operations: [hold.acquire] });
    if (hold.release !== undefined) placed.push({ point: hold.release.call, tie: 0, operations: [hold.release] });
  }
  return { kind: "valid", order: orderByPoint(placed) };
}

function endOf(hold: Hold): number {
  return hold.release?.call ?? Number.POSITIVE_INFINITY;
}

function heldAlready(first: Operation, second: Operation): SpecialResult {
  const line = `process ${second.process} acquired at ${nameOf(first)} and again at ${nameOf(second)}, without a release between`;
  return contradiction([line], [first, second]);
}

function notHeld(release: Operation): SpecialResult {
  return contradiction([`${nameOf(release)} released what process ${release.process} did not hold`], [release]);
}

function tooMany(holds: readonly Hold[], permits: number): SpecialResult {
  const lines = holds.map((hold) => {
    const until = hold.release === undefined ? "and never released" : `until event ${hold.release.call}`;
    return `process ${hold.acquire.process} held it from event ${hold.acquire.return} (${nameOf(hold.acquire)}) ${until}`;
  });
  const what =
    permits === 1 ? "two processes held one lock at a time" : `${holds.length} held ${permits} permits at a time`;
  return contradiction(
    [what, ...lines.slice(0, 8)],
    holds.flatMap((hold) => [hold.acquire, hold.release]),
  );
}

function replay(order: readonly Operation[], permits: number): string | undefined {
  const held = new Map<number, number>();
  let count = 0;
  for (const operation of order) {
    const mine = held.get(operation.process) ?? 0;
    const change = operation.f === "acquire" ? 1 : -1;
    count += change;
    if (mine + change < 0 || count > permits) return `operation ${operation.id} is illegal where it stands`;
    held.set(operation.process, mine + change);
  }
  return undefined;
}
