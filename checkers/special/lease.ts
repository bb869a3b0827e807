/**
 * Leases: locks that expire by themselves, judged in true time. O(n log n).
 *
 * acquire answers with the true time at which the lease ends (microseconds), or with [end, token]; release gives it back
 * early. A process certainly holds from the return of its acquire until it calls release or the lease ends, whichever comes first.
 * The acquire can take effect as late, the release as early as that, so there was a moment with two holders for sure exactly when
 * certain holds of two processes overlap. Holds of one process may overlap: it renewed. Fencing tokens must rise with
 * the holds. A pending acquire is dropped, it may have failed; a pending release may have worked at once.
 * A simulator knows true time; a history whose times come from the hosts' own clocks is not for this checker.
 */
import type { Operation } from "../history.ts";
import { byCall, contradiction, findTurned, nameOf, type SpecialResult, turnedRound, unsuited } from "./special.ts";

type Hold = {
  readonly acquire: Operation;
  readonly release: Operation | undefined;
  readonly endUs: number;
  readonly token: number | undefined;
};

/** Operations of one lease, in order of invocation. The order of a valid answer is that of the acquires. */
export function checkLease(operations: readonly Operation[]): SpecialResult {
  const holds: Hold[] = [];
  const open = new Map<number, Operation>();
  for (const operation of operations) {
    if (operation.f === "acquire") {
      if (operation.isPending) continue;
      if (operation.returnUs < 0) return unsuited("the history has no times");
      const previous = open.get(operation.process);
      if (previous !== undefined) holds.push(makeHold(previous, undefined));
      open.set(operation.process, operation);
      continue;
    }
    const acquire = open.get(operation.process);
    if (acquire === undefined && !operation.isPending) return notHeld(operation);
    if (acquire !== undefined) holds.push(makeHold(acquire, operation));
    open.delete(operation.process);
  }
  for (const acquire of open.values()) holds.push(makeHold(acquire, undefined));
  holds.sort((left, right) => left.acquire.return - right.acquire.return);
  return findOverlap(holds) ?? findFallingToken(holds) ?? { kind: "valid", order: operations.slice().sort(byCall) };
}

function makeHold(acquire: Operation, release: Operation | undefined): Hold {
  const { output } = acquire;
  const [end, token] = Array.isArray(output) ? output : [output, undefined];
  return { acquire, release, endUs: Number(end), token: typeof token === "number" ? token : undefined };
}

/** In order of their beginnings, the hold that lasts longest so far is the only one that can reach into the next. */
function findOverlap(holds: readonly Hold[]): SpecialResult | undefined {
  const current: Hold[] = [];
  for (const hold of holds) {
    for (let i = current.length - 1; i >= 0; i -= 1) {
      const other = current[i]!;
      if (!isHeldAt(other, hold.acquire)) current.splice(i, 1);
      else if (other.acquire.process !== hold.acquire.process && hold.acquire.returnUs < hold.endUs)
        return twoHolders(other, hold);
    }
    current.push(hold);
  }
  return undefined;
}

/** Releases are compared by the order of the history, ends by time. */
function isHeldAt(hold: Hold, acquire: Operation): boolean {
  if (hold.release !== undefined && hold.release.call < acquire.return) return false;
  return acquire.returnUs < hold.endUs;
}

/** In order of their tokens (equal ones: the later call first) no acquire may return before one ahead of it is called. */
function findFallingToken(holds: readonly Hold[]): SpecialResult | undefined {
  const tokenOf = new Map<Operation, number>();
  for (const { acquire, token } of holds) if (token !== undefined) tokenOf.set(acquire, token);
  const rising = [...tokenOf.keys()].sort(
    (left, right) => (tokenOf.get(left) ?? 0) - (tokenOf.get(right) ?? 0) || right.call - left.call,
  );
  const turned = findTurned(rising.map((acquire) => [acquire]));
  return turned === undefined ? undefined : turnedRound(turned, (acquire) => `got token ${tokenOf.get(acquire)}`);
}

function notHeld(release: Operation): SpecialResult {
  return contradiction([`${nameOf(release)} released a lease that process ${release.process} did not hold`], [release]);
}

function twoHolders(first: Hold, second: Hold): SpecialResult {
  return contradiction(
    [
      `processes ${first.acquire.process} and ${second.acquire.process} held the lease at ${second.acquire.returnUs} us`,
      tell(first),
      tell(second),
    ],
    [first.acquire, first.release, second.acquire, second.release],
  );
}

function tell({ acquire, release, endUs }: Hold): string {
  const back = release === undefined ? "never gave it back" : `called release at ${release.callUs} us`;
  return `process ${acquire.process} had it at ${acquire.returnUs} us (operation ${acquire.id}) until ${endUs} us, and ${back}`;
}

/** What is wrong with the shape of an operation; undefined when nothing is. */
export function leaseProblem({ f, isPending, output }: Operation): string | undefined {
  if (f !== "acquire" || isPending) return undefined;
  const parts = Array.isArray(output) ? output : [output];
  const isFine = (parts.length === 1 || parts.length === 2) && parts.every((part) => typeof part === "number");
  return isFine ? undefined : "the time at which the lease ends, or [end, token], from acquire";
}
