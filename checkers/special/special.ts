/**
 * Special algorithms for linearizability: what they share.
 *
 * Each one decides histories of one type in O(n log n), if a precondition on the data holds that it verifies itself; else
 * it is unsuited and the generic search takes over. A valid answer carries an order, which is checked against the
 * definition before anybody sees it; an invalid one names the operations that contradict each other.
 */
import type { Operation } from "../history.ts";
import type { Evidence } from "../verdict.ts";

export type SpecialResult =
  | { readonly kind: "valid"; readonly order: readonly Operation[] }
  | { readonly kind: "invalid"; readonly evidence: Evidence }
  | { readonly kind: "unsuited"; readonly reason: string };

/** The generic search, for the part of a history that an algorithm leaves undecided. Unsuited when the budget is spent. */
export type SearchRest = (operations: readonly Operation[]) => SpecialResult;

export type Special = {
  readonly name: string;
  /** Operations of one partition, in order of invocation. Without `search`, what needs one is unsuited. */
  check(operations: readonly Operation[], search?: SearchRest): SpecialResult;
  /** Why an order is not legal for the object; undefined when it is. Knows nothing of the algorithm. */
  replay(order: readonly Operation[]): string | undefined;
};

/** Operations at a moment of the history; `tie` orders those of the same moment. */
export type Placed = {
  readonly point: number;
  readonly tie: number;
  readonly operations: readonly Operation[];
};

export function unsuited(reason: string): SpecialResult {
  return { kind: "unsuited", reason };
}

export function contradiction(lines: readonly string[], proof: readonly (Operation | undefined)[]): SpecialResult {
  const operations = new Set<Operation>();
  for (const operation of proof) if (operation !== undefined) operations.add(operation);
  const sorted = [...operations].sort((left, right) => left.call - right.call);
  const ids = sorted.map((operation) => operation.id);
  return {
    kind: "invalid",
    evidence: { property: "linearizability", lines, proof: sorted, details: { operations: ids } },
  };
}

/** The operations in order of their points. */
export function orderByPoint(placed: readonly Placed[]): Operation[] {
  const sorted = placed.slice().sort((left, right) => left.point - right.point || left.tie - right.tie);
  return sorted.flatMap((one) => one.operations);
}

/** Why an order contradicts real time or leaves out a completed operation; undefined when it does neither. */
export function findMisplaced(order: readonly Operation[], operations: readonly Operation[]): string | undefined {
  const seen = new Set<Operation>();
  let latestCall = Number.NEGATIVE_INFINITY;
  for (const operation of order) {
    if (seen.has(operation)) return `operation ${operation.id} occurs twice`;
    seen.add(operation);
    if (operation.return < latestCall) return `operation ${operation.id} returned before an earlier one was called`;
    latestCall = Math.max(latestCall, operation.call);
  }
  for (const operation of operations) {
    if (!operation.isPending && !seen.has(operation)) return `operation ${operation.id} is missing`;
  }
  return undefined;
}

/** "operation 12, process 3" */
export function nameOf(operation: Operation): string {
  return `operation ${operation.id}, process ${operation.process}`;
}

/** Groups in a forced order: two operations that real time puts the other way round, the one placed later first. */
export function findTurned(
  groups: readonly (readonly Operation[])[],
): { readonly placedLater: Operation; readonly placedEarlier: Operation } | undefined {
  let latest: Operation | undefined;
  for (const group of groups) {
    for (const operation of group) {
      if (latest !== undefined && operation.return < latest.call)
        return { placedLater: operation, placedEarlier: latest };
    }
    for (const operation of group) if (latest === undefined || operation.call > latest.call) latest = operation;
  }
  return undefined;
}

export function byCall(left: Operation, right: Operation): number {
  return left.call - right.call;
}

/** Values force one order and real time another. */
export function turnedRound(
  turned: { readonly placedLater: Operation; readonly placedEarlier: Operation },
  tell: (operation: Operation) => string,
): SpecialResult {
  const { placedLater, placedEarlier } = turned;
  return contradiction(
    [
      `${nameOf(placedLater)} ${tell(placedLater)} and returned at event ${placedLater.return}`,
      `${nameOf(placedEarlier)} ${tell(placedEarlier)}, so it comes before that, but it was called only at event ${placedEarlier.call}`,
    ],
    [placedLater, placedEarlier],
  );
}
