/**
 * Containers with removals that never returned: which values did those take, if any?
 *
 * A pending removal may have taken any value that stayed, at any time after its call, or nothing. A value that may leave early
 * constrains others no more than one that stays, so nothing is chosen before it has to be: the algorithm is asked first
 * with every pending removal left out. A contradiction that it then finds names the values that were in, and the moments
 * at one of which they must have been out. For each such moment the values that stayed get it as their deadline, and the
 * algorithm is asked again. Deadlines can be met when the n-th earliest is never before the n-th earliest call of a
 * pending removal (earliest deadline first). Before that search every value that stays is given to the earliest pending
 * removal, to all of them the same one: a contradiction that is left then is one for every choice.
 *
 * The moments of a contradiction must be complete: every legal order has the values out at one of them. Then the search is
 * exact: without a moment left there is no legal order. It ends undecided only after a fixed amount of work.
 */
import type { Operation } from "../history.ts";
import { type Container, type Item, proofOf } from "./containers.ts";
import { contradiction, type SpecialResult, unsuited } from "./special.ts";

export type Conflict = {
  /** The contradiction, as it stands if no pending removal took anything. */
  readonly result: SpecialResult;
  /** The values that are in too long, those that cannot leave earlier included. */
  readonly items: readonly Item[];
  /** At one of these moments none of the items is in; the best guess first. */
  readonly moments: readonly number[];
  /** Whether an item has gone in by a moment. */
  isPut(item: Item, moment: number): boolean;
};

/** Decides a history whose pending removals each have a value, or are left out. */
export type Attempt = (items: readonly Item[]) => { readonly order: readonly Operation[] } | Conflict;

/** Items that all attempts together may look at. */
const WORK_MAX = 3_000_000;

export function decideContainer(container: Container, attempt: Attempt): SpecialResult {
  const { items, pendingTakes } = container;
  const outcome = attempt(items);
  if ("order" in outcome) return { kind: "valid", order: outcome.order };
  if (pendingTakes.length === 0 || items.every(({ take }) => take !== undefined)) return outcome.result;
  const search = new DeadlineSearch(items, pendingTakes, attempt);
  const hopeless = search.relax();
  if (hopeless !== undefined) return unexplained([hopeless], pendingTakes);
  const order = search.resolve(new Map(), outcome);
  if (order !== undefined) return { kind: "valid", order };
  if (search.isSpent)
    return unsuited(`${pendingTakes.length} removals without an answer may have taken too many values`);
  return unexplained(search.conflicts, pendingTakes);
}

/** When each value has to be out, by its insertion; only values that stay have one. */
type Deadlines = ReadonlyMap<Operation, number>;

class DeadlineSearch {
  readonly #items: readonly Item[];
  readonly #attempt: Attempt;
  /** Pending removals in order of call. */
  readonly #takes: readonly Operation[];
  #workLeft = WORK_MAX;
  readonly conflicts: Conflict[] = [];

  constructor(items: readonly Item[], pendingTakes: readonly Operation[], attempt: Attempt) {
    this.#items = items;
    this.#attempt = attempt;
    this.#takes = pendingTakes.slice().sort((left, right) => left.call - right.call);
  }

  get isSpent(): boolean {
    return this.#workLeft <= 0;
  }

  /** The conflict that remains even if every value that stays was taken by the earliest pending removal. */
  relax(): Conflict | undefined {
    const take = this.#takes[0]!;
    const outcome = this.#attempt(
      this.#items.map((item) =>
        item.take === undefined ? { ...item, take, takeCall: Math.max(take.call, item.putCall) } : item,
      ),
    );
    return "order" in outcome ? undefined : outcome;
  }

  /** A legal order that meets the deadlines; undefined when there is none, or when the work is spent. */
  resolve(deadlines: Deadlines, conflict: Conflict): readonly Operation[] | undefined {
    this.conflicts.push(conflict);
    for (const moment of conflict.moments) {
      const tighter = tighten(deadlines, conflict, moment);
      if (tighter === undefined) continue;
      const takeOf = this.#assign(tighter);
      if (takeOf === undefined) continue;
      this.#workLeft -= this.#items.length;
      if (this.isSpent) return undefined;
      const outcome = this.#attempt(this.#items.map((item) => leaveBy(item, tighter, takeOf)));
      const order = "order" in outcome ? outcome.order : this.resolve(tighter, outcome);
      if (order !== undefined || this.isSpent) return order;
    }
    return undefined;
  }

  /** A pending removal for each value that has a deadline; undefined when some deadline cannot be met. */
  #assign(deadlines: Deadlines): ReadonlyMap<Operation, Operation> | undefined {
    if (deadlines.size > this.#takes.length) return undefined;
    const sorted = [...deadlines].sort((left, right) => left[1] - right[1]);
    const takeOf = new Map<Operation, Operation>();
    for (const [i, [put, deadline]] of sorted.entries()) {
      if (this.#takes[i]!.call > deadline) return undefined;
      takeOf.set(put, this.#takes[i]!);
    }
    return takeOf;
  }
}

/** Deadlines that also have the items of a conflict out at a moment; undefined when one of them cannot be. */
function tighten(deadlines: Deadlines, conflict: Conflict, moment: number): Deadlines | undefined {
  const tighter = new Map(deadlines);
  let isTighter = false;
  for (const item of conflict.items) {
    if (!conflict.isPut(item, moment) || item.takeCall <= moment) continue;
    if (item.take !== undefined && !item.take.isPending) return undefined;
    tighter.set(item.put, moment);
    isTighter = true;
  }
  return isTighter ? tighter : undefined;
}

/** The removal counts as called at the deadline, so that another one that was called by then can stand in for it. */
function leaveBy(item: Item, deadlines: Deadlines, takeOf: ReadonlyMap<Operation, Operation>): Item {
  const take = takeOf.get(item.put);
  return take === undefined ? item : { ...item, take, takeCall: deadlines.get(item.put)! };
}

/** The first contradiction; the proof has every value that any of them is about, since each moment was tried. */
function unexplained(conflicts: readonly Conflict[], pendingTakes: readonly Operation[]): SpecialResult {
  const proof = new Set<Operation>(pendingTakes);
  for (const { result, items } of conflicts) {
    if (result.kind === "invalid") for (const operation of result.evidence.proof) proof.add(operation);
    for (const operation of proofOf(...items)) if (operation !== undefined) proof.add(operation);
  }
  const first = conflicts[0]!.result;
  const count = pendingTakes.length;
  const told =
    count === 1
      ? "one removal has no answer; whatever it took, if anything, this or a like contradiction remains"
      : `${count} removals have no answer; whatever they took, if anything, this or a like contradiction remains`;
  return contradiction([...(first.kind === "invalid" ? first.evidence.lines : []), told], [...proof]);
}
