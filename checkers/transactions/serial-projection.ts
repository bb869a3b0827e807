/**
 * One key of a serial problem: the transactions that touch it, with nothing but what they did to it.
 *
 * An order of all transactions stays one when the other keys are forgotten, so a part without an order proves that the whole has none.
 */
import type { Pairs, SerialProblem, SerialTransaction } from "./serial-problem.ts";

export function* projectKeys(problem: SerialProblem): Generator<SerialProblem> {
  const touching: number[][] = Array.from({ length: problem.keys }, () => []);
  for (const [number, { reads, writes }] of problem.transactions.entries()) {
    for (const key of new Set([...reads, ...writes].map((access) => access.key))) touching[key]!.push(number);
  }
  for (const [key, numbers] of touching.entries()) if (numbers.length > 1) yield projectKey(problem, key, numbers);
}

function projectKey(problem: SerialProblem, key: number, kept: readonly number[]): SerialProblem {
  const numberOf = new Map(kept.map((number, place) => [number, place] as const));
  const transactions = kept.map((number): SerialTransaction => {
    const { reads, writes, previous, ...rest } = problem.transactions[number]!;
    return {
      ...rest,
      reads: reads.filter((access) => access.key === key),
      writes: writes.filter((access) => access.key === key),
      previous: lastKept(problem, numberOf, previous),
    };
  });
  const numbered = (pairs: Pairs): Pairs =>
    pairs
      .map(([before, after]) => [numberOf.get(before) ?? -1, numberOf.get(after) ?? -1] as const)
      .filter(([before, after]) => before >= 0 && after >= 0);
  return {
    ...problem,
    transactions,
    writerOf: problem.writerOf.map((writer) => numberOf.get(writer) ?? -1),
    pairs: numbered(problem.pairs),
  };
}

/** The last transaction of the process that touches the key. */
function lastKept(problem: SerialProblem, numberOf: ReadonlyMap<number, number>, previous: number): number {
  for (let number = previous; number >= 0; number = problem.transactions[number]!.previous) {
    const kept = numberOf.get(number);
    if (kept !== undefined) return kept;
  }
  return -1;
}
