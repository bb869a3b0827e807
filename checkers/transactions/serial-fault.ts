/**
 * Whether an order of the moments is the one that was asked for, read off the definitions. Knows nothing of the search.
 */
import type { SerialProblem } from "./serial-problem.ts";
import type { Moments, SerialQuestion } from "./serial-question.ts";

/** Why the moments are not the order that was asked for; undefined when they are. */
export function findFault(problem: SerialProblem, question: SerialQuestion, moments: Moments): string | undefined {
  const at = new Map(moments.map((moment, place) => [moment, place]));
  const current = new Int32Array(problem.keys);
  const writtenAt = new Map<number, number>();
  if (at.size !== 2 * problem.transactions.length) return "a transaction is missing, or there twice";
  for (const [place, moment] of moments.entries()) {
    const number = moment >> 1;
    const { reads, writes, previous } = problem.transactions[number]!;
    if ((moment & 1) === 0) {
      if (reads.some(({ key, version }) => current[key] !== version))
        return `transaction ${number} read another version`;
      if (!question.isSnapshot && moments[place + 1] !== moment + 1) return `transaction ${number} has two moments`;
      if (question.order !== "none" && previous >= 0 && at.get(2 * previous + 1)! > place)
        return "a process is out of order";
      continue;
    }
    const start = at.get(moment - 1)!;
    if (start > place || writes.some(({ key }) => (writtenAt.get(key) ?? -1) > start))
      return "two transactions wrote a key at once";
    for (const { key, version } of writes) {
      current[key] = version;
      writtenAt.set(key, place);
    }
  }
  return question.order === "realtime" ? findLate(problem, moments) : undefined;
}

/** Real time: nothing starts before the commit of what had completed before it was invoked. */
function findLate(problem: SerialProblem, moments: Moments): string | undefined {
  let latestInvocation = -1;
  for (const moment of moments) {
    const { invokedAt, completedAt } = problem.transactions[moment >> 1]!;
    if ((moment & 1) === 0) latestInvocation = Math.max(latestInvocation, invokedAt);
    else if (completedAt < latestInvocation)
      return `transaction ${moment >> 1} is placed after one that was invoked later`;
  }
  return undefined;
}
