/**
 * What every order of the transactions has in common: the pairs that reads, sessions and real time force, closed under the
 * choices that they leave (the polygraph of Papadimitriou, JACM 1979, with the pruning of Cobra, OSDI 2020, and PolySI, VLDB 2023).
 *
 * When r reads key k from w, and another transaction o writes k, then o comes before w or after r. Where the one would close a
 * circle the other is forced, to a fixed point. For snapshot isolation each transaction has two moments (serial-search.ts), and
 * of two writers of a key one commits before the other starts. A circle of forced pairs proves that there is no order.
 */
import type { Meter } from "../budget.ts";
import type { SerialProblem } from "./serial-problem.ts";
import { SerialRelation } from "./serial-relation.ts";
import type { SerialQuestion } from "./serial-question.ts";

/** The relation holds every forced pair that was found, and the circle if they contradict each other. Throws BudgetSpent. */
export function saturate(problem: SerialProblem, question: SerialQuestion, meter: Meter): SerialRelation {
  const relation = new SerialRelation(problem, question, meter);
  addOrders(relation, meter);
  const reads = addReads(relation);
  if (!relation.allocate()) {
    relation.close();
    return relation;
  }
  const writers = writersByKey(relation);
  relation.close();
  for (let isAny = true; isAny && relation.circle === undefined; ) {
    isAny = orderWriters(relation, writers, meter);
    isAny = placeReads(relation, writers, reads, meter) || isAny;
    if (isAny && relation.circle === undefined) relation.close();
  }
  relation.release();
  return relation;
}

function addOrders(relation: SerialRelation, meter: Meter): void {
  const { transactions, pairs } = relation.problem;
  const { isSnapshot, order } = relation.question;
  for (const [after, { previous }] of transactions.entries()) {
    if (isSnapshot) relation.addGiven(relation.start(after), relation.commit(after), { kind: "own" });
    if (order !== "none" && previous >= 0)
      relation.addGiven(relation.commit(previous), relation.start(after), { kind: "session" });
  }
  for (const [before, after] of pairs)
    relation.addGiven(relation.commit(before), relation.commit(after), { kind: "promise" });
  if (order === "realtime") addRealtime(relation, meter);
}

/** Of those that completed before a transaction was invoked, the ones that no other of them separates from it. */
function addRealtime(relation: SerialRelation, meter: Meter): void {
  const { transactions } = relation.problem;
  const reason = { kind: "realtime" } as const;
  const byCompletion = relation.byRank
    .filter((number) => transactions[number]!.completedAt !== Number.POSITIVE_INFINITY)
    .toSorted((a, b) => transactions[a]!.completedAt - transactions[b]!.completedAt);
  let [first, end, latest] = [0, 0, -1];
  for (const after of relation.byRank) {
    const { invokedAt } = transactions[after]!;
    for (; end < byCompletion.length && transactions[byCompletion[end]!]!.completedAt < invokedAt; end += 1)
      latest = Math.max(latest, transactions[byCompletion[end]!]!.invokedAt);
    while (first < end && transactions[byCompletion[first]!]!.completedAt < latest) first += 1;
    for (let i = first; i < end; i += 1)
      relation.addGiven(relation.commit(byCompletion[i]!), relation.start(after), reason);
    meter.spend(1 + end - first);
  }
}

/** `writer` is -1 for the initial version. */
type ReadOf = { readonly reader: number; readonly key: number; readonly writer: number };

function addReads(relation: SerialRelation): readonly ReadOf[] {
  const { transactions, writerOf } = relation.problem;
  const list: ReadOf[] = [];
  for (const [reader, { reads }] of transactions.entries()) {
    for (const { key, version } of reads) {
      const writer = writerOf[version]!;
      list.push({ reader, key, writer });
      if (writer >= 0) relation.addGiven(relation.commit(writer), relation.start(reader), { kind: "read", key });
    }
  }
  return list;
}

/** By key: the transactions that write it, by rank. */
function writersByKey(relation: SerialRelation): readonly (readonly number[])[] {
  const writers: number[][] = Array.from({ length: relation.problem.keys }, () => []);
  for (const number of relation.byRank) {
    for (const { key } of relation.problem.transactions[number]!.writes) writers[key]!.push(number);
  }
  return writers;
}

/** Of two writers of a key that overlap, the one that cannot come second comes first. Only snapshots need a pair for that. */
function orderWriters(relation: SerialRelation, writers: readonly (readonly number[])[], meter: Meter): boolean {
  if (!relation.question.isSnapshot) return false;
  let isAny = false;
  for (const [key, list] of writers.entries()) {
    for (const [i, left] of list.entries()) {
      const high = relation.high[relation.rankOf[left]!]!;
      for (let j = i + 1; j < list.length && relation.rankOf[list[j]!]! < high; j += 1) {
        const right = list[j]!;
        meter.spend(1);
        const reason = { kind: "write", key } as const;
        if (relation.isBefore(relation.start(left), relation.commit(right)))
          isAny = relation.add(relation.commit(left), relation.start(right), reason) || isAny;
        if (relation.isBefore(relation.start(right), relation.commit(left)))
          isAny = relation.add(relation.commit(right), relation.start(left), reason) || isAny;
      }
    }
  }
  return isAny;
}

function placeReads(
  relation: SerialRelation,
  writers: readonly (readonly number[])[],
  reads: readonly ReadOf[],
  meter: Meter,
): boolean {
  let isAny = false;
  for (const read of reads) {
    if (relation.circle !== undefined) return false;
    isAny = placeRead(relation, writers[read.key]!, read, meter) || isAny;
  }
  return isAny;
}

/** The other writers of the key come before the version that was read, or after the read. */
function placeRead(
  relation: SerialRelation,
  writers: readonly number[],
  { reader, key, writer }: ReadOf,
  meter: Meter,
): boolean {
  const { rankOf, low, high } = relation;
  const end = high[rankOf[reader]!]!;
  let isAny = false;
  let i = writer < 0 ? 0 : firstFrom(writers, rankOf, low[rankOf[writer]!]!);
  const first = i;
  for (; i < writers.length && rankOf[writers[i]!]! < end; i += 1) {
    const other = writers[i]!;
    if (other === writer || other === reader) continue;
    if (writer < 0) {
      isAny = relation.add(relation.start(reader), relation.commit(other), { kind: "initial", key }) || isAny;
    } else if (relation.isBefore(relation.start(writer), relation.commit(other))) {
      const [from, to] = [relation.start(reader), relation.commit(other)];
      if (!relation.isBefore(from, to))
        isAny = relation.add(from, to, { kind: "unseen", key, reader, other: writer }) || isAny;
    } else if (relation.isBefore(relation.commit(other), relation.start(reader))) {
      const [from, to] = [relation.commit(other), relation.start(writer)];
      if (!relation.isBefore(from, to))
        isAny = relation.add(from, to, { kind: "overwritten", key, reader, other: writer }) || isAny;
    }
    if (relation.circle !== undefined) return false;
  }
  meter.spend(1 + i - first);
  return isAny;
}

/** The first writer whose rank is not below the bound. */
function firstFrom(writers: readonly number[], rankOf: Int32Array, bound: number): number {
  let [low, high] = [0, writers.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rankOf[writers[middle]!]! < bound) low = middle + 1;
    else high = middle;
  }
  return low;
}
