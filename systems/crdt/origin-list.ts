/**
 * The list behind Fugue and RGA: elements keep where they were inserted, deleted ones stay as tombstones without content.
 *
 * Fugue (here FugueMax, in the list form known from Yjs with its ordering repaired) never interleaves concurrent runs, typed
 * forwards or backwards: Weidner, Kleppmann 2023, "The art of the fugue: minimizing interleaving in collaborative text
 * editing". RGA keeps forward runs apart, backward ones not: Roh et al. 2011, "Replicated abstract data types".
 *
 * Inserts that arrive before what they stand on wait in `#pending`, deletes that arrive before their elements in `#deleted`: the
 * list takes operations and deltas in any order. A run of typing is one object; all lookups take O(log n).
 * This file is long because the invariants between tree, index and tables belong to one class.
 */
import { type Actor, compareText, type Dot } from "./clock.ts";
import { agrees, type ContentKind } from "./content.ts";
import { DotContext } from "./dot-context.ts";
import {
  continues,
  type DotRange,
  type ListInsert,
  type OriginOp,
  type OriginRule,
  type OriginRun,
} from "./origin-run.ts";
import { RunIndex } from "./run-index.ts";
import { RunTree } from "./run-tree.ts";
import { type Violation, violation } from "./violation.ts";

export class OriginList<C> {
  readonly rule: OriginRule;
  readonly kind: ContentKind<C>;
  // Invariant: every run in #tree is in #index and the other way round; #counts[a] elements of actor a are there, gapless.
  readonly #tree: RunTree<OriginRun<C>> = new RunTree();
  readonly #index: RunIndex<OriginRun<C>> = new RunIndex();
  readonly #actors: Actor[] = [];
  readonly #numbers: Map<Actor, number> = new Map();
  readonly #counts: number[] = [];
  // Invariant: a run in #tree is live exactly when its dots are not here.
  readonly #deleted: DotContext = new DotContext();
  /** For each actor, inserts that cannot be placed yet: ascending, disjoint, beyond #counts. */
  readonly #pending: Map<number, OriginRun<C>[]> = new Map();
  /** The largest stamp of an element here. */
  #stampMax = 0;

  constructor(rule: OriginRule, kind: ContentKind<C>) {
    this.rule = rule;
    this.kind = kind;
  }

  /** The number of visible elements. */
  get length(): number {
    return this.#tree.live;
  }

  get deleted(): DotContext {
    return this.#deleted;
  }

  read(): C {
    const parts: C[] = [];
    for (const run of this.#tree) if (run.content !== null) parts.push(run.content);
    return this.kind.join(parts);
  }

  /** How many runs the list holds: what its memory is proportional to. */
  runCount(): number {
    let count = 0;
    for (const _run of this.#tree) count += 1;
    return count;
  }

  // ------------------------------------------------------------------ preparing operations

  /** Prepares an insertion before the visible element at `position` (or at the end). The position is in range. */
  prepareInsert(actor: Actor, position: number, content: C): ListInsert<C> {
    const left = position === 0 ? null : this.#tree.locate(position - 1);
    const dot = { actor, counter: this.#nextCounter(actor) };
    let right: Dot | null = null;
    if (this.rule === "fugue") {
      const isInside = left !== null && left.offset + 1 < left.run.length;
      const after = left === null ? this.#tree.first() : this.#tree.next(left.run);
      if (isInside) right = this.#dot(left.run.actor, left.run.counter + left.offset + 1);
      else if (after !== null) right = this.#dot(after.actor, after.counter);
    }
    return {
      kind: "insert",
      dot,
      left: left === null ? null : this.#dot(left.run.actor, left.run.counter + left.offset),
      right,
      stamp: this.rule === "rga" ? this.#stampMax + 1 : 0,
      content,
    };
  }

  /** The dots of the visible elements from `position` on. The range is within the list. */
  rangesAt(position: number, count: number): DotRange[] {
    const ranges: DotRange[] = [];
    if (count === 0) return ranges;
    const start = this.#tree.locate(position);
    let run: OriginRun<C> | null = start.run;
    let { offset } = start;
    let rest = count;
    while (rest > 0 && run !== null) {
      if (run.isLive) {
        const taken = Math.min(rest, run.length - offset);
        const last = ranges.at(-1);
        const range = { actor: this.#actors[run.actor]!, counter: run.counter + offset, length: taken };
        if (last !== undefined && last.actor === range.actor && last.counter + last.length === range.counter) {
          ranges[ranges.length - 1] = { ...last, length: last.length + taken };
        } else ranges.push(range);
        rest -= taken;
        offset = 0;
      }
      run = this.#tree.next(run);
    }
    return ranges;
  }

  /** The visible position of an element, or of where it would be if it were not deleted; null when it has not arrived. */
  positionOf(dot: Dot): number | null {
    const actor = this.#numbers.get(dot.actor);
    const run = actor === undefined ? undefined : this.#index.find(actor, dot.counter);
    if (run === undefined) return null;
    return this.#tree.positionOf(run) + (run.isLive ? dot.counter - run.counter : 0);
  }

  // ------------------------------------------------------------------ operations

  apply(op: OriginOp<C>): void {
    if (op.kind === "delete") {
      for (const range of op.ranges) this.#delete(range.actor, range.counter, range.counter + range.length - 1);
      return;
    }
    const piece: OriginRun<C> = {
      actor: this.#number(op.dot.actor),
      counter: op.dot.counter,
      length: this.kind.lengthOf(op.content),
      leftActor: op.left === null ? -1 : this.#number(op.left.actor),
      leftCounter: op.left?.counter ?? 0,
      rightActor: op.right === null ? -1 : this.#number(op.right.actor),
      rightCounter: op.right?.counter ?? 0,
      stamp: op.stamp,
      content: op.content,
      isLive: true,
      leaf: null,
    };
    if (this.#isReady(piece)) {
      this.#integrate(piece);
      if (this.#pending.size > 0) this.#drain();
    } else if (this.#addPending(piece)) this.#drain();
  }

  validateOp(op: OriginOp<C>): Violation | null {
    if (op.kind === "delete") return this.#validateDelete(op.ranges);
    const { dot, left, right } = op;
    const length = this.kind.lengthOf(op.content);
    this.kind.check(op.content);
    if (length === 0 || dot.counter < 1)
      return violation("out-of-range", "an insert holds no element, or its dot is not positive.");
    if (op.stamp + length > STAMP_MAX) return violation("out-of-range", `the stamp ${op.stamp} is above 2^52.`);
    if (this.rule === "rga" ? right !== null || op.stamp < 1 : op.stamp !== 0) {
      return violation("inconsistent", `the insert does not belong to a list of rule ${this.rule}.`);
    }
    const count = this.#countOf(dot.actor);
    if (dot.counter > count + 1) {
      return violation("missing-dots", `insert ${dot.counter} of "${dot.actor}" came before ${count + 1}.`);
    }
    if (dot.counter <= count) return this.#validateKnown(op);
    for (const origin of [left, right]) {
      if (origin !== null && origin.counter > this.#countOf(origin.actor)) {
        return violation("missing-dots", `the neighbour ${origin.counter} of "${origin.actor}" has not arrived.`);
      }
    }
    if (left !== null && right !== null && this.#compareDots(left, right) >= 0) {
      return violation("inconsistent", "the left neighbour of an insert does not come before the right one.");
    }
    if (this.rule === "rga" && left !== null && this.#stampOf(left) >= op.stamp) {
      return violation("inconsistent", "the stamp of an insert is not above that of its left neighbour.");
    }
    return null;
  }

  // ------------------------------------------------------------------ states

  merge(other: OriginList<C>): void {
    const numbers = other.#actors.map((actor) => this.#number(actor));
    other.#deleted.forEachRange((actor, low, high) => {
      if (!this.#deleted.hasRange(actor, low, high)) this.#delete(actor, low, high);
    });
    let isChanged = false;
    for (let actor = 0; actor < other.#actors.length; actor++) {
      const have = this.#counts[numbers[actor]!]!;
      const news = other.#index.overlapping(actor, have + 1, other.#counts[actor]!);
      for (const run of [...news, ...(other.#pending.get(actor) ?? [])]) {
        isChanged = this.#addPending(translate(run, numbers)) || isChanged;
      }
    }
    if (isChanged) this.#drain();
  }

  validateMerge(other: OriginList<C>): Violation | null {
    const numbers = other.#actors.map((name) => this.#numbers.get(name) ?? UNKNOWN);
    for (const runs of [other.#tree, other.pending()]) {
      for (const run of runs) {
        const found = this.#validateRun(translate(run, numbers), other.#actors[run.actor]!);
        if (found !== null) return found;
      }
    }
    return null;
  }

  /** Whether a run of another list contradicts what is here; its actors are numbers of this list. */
  #validateRun(theirs: OriginRun<C>, actor: Actor): Violation | null {
    const mine = this.#index.find(theirs.actor, theirs.counter);
    if (mine !== undefined) {
      const isSame = isSameOrigin(mine, theirs) && this.#hasSameContent(theirs.actor, theirs.counter, theirs.content);
      return isSame ? null : spentTwice(actor, theirs.counter);
    }
    const isPlaced = (origin: number, counter: number): boolean => origin >= 0 && counter <= this.#counts[origin]!;
    const { leftActor, leftCounter, rightActor, rightCounter } = theirs;
    if (!isPlaced(leftActor, leftCounter) || !isPlaced(rightActor, rightCounter)) return null;
    if (this.#compareOrigins(leftActor, leftCounter, rightActor, rightCounter, 1) < 0) return null;
    return violation("inconsistent", "the left neighbour of an insert does not come before the right one.");
  }

  // ------------------------------------------------------------------ for the encoding

  /** The runs in document order, split where elements were deleted. */
  runs(): Iterable<OriginRun<C>> {
    return this.#tree;
  }

  actors(): readonly Actor[] {
    return this.#actors;
  }

  pending(): readonly OriginRun<C>[] {
    return [...this.#pending.values()].flat();
  }

  /** The number of an actor in the table; a new one when it was not known. */
  actorNumber(actor: Actor): number {
    return this.#number(actor);
  }

  /** Loading, in document order: adds a run at the end as it is. The caller checks what it loads with `checkLoaded`. */
  load(run: OriginRun<C>): void {
    this.#tree.insertAfter(this.#tree.last(), run);
    this.#index.insert(run);
    this.#counts[run.actor] = this.#counts[run.actor]! + run.length;
    this.#stampMax = Math.max(this.#stampMax, run.stamp + run.length - 1);
  }

  /** False for a run that need not wait, or whose elements are here. */
  loadPending(run: OriginRun<C>): boolean {
    return run.counter > this.#counts[run.actor]! && !this.#isReady(run) && this.#addPending(run);
  }

  /** After loading: null, or what is wrong with the runs. */
  checkLoaded(): string | null {
    for (let actor = 0; actor < this.#actors.length; actor++) {
      let next = 1;
      for (const run of this.#index.overlapping(actor, 0, Number.MAX_SAFE_INTEGER)) {
        if (run.counter !== next) return `the elements of an actor have a gap or an overlap at ${next}`;
        next += run.length;
      }
    }
    for (const run of this.#tree) {
      const left = run.leftActor < 0 ? null : this.#index.find(run.leftActor, run.leftCounter);
      const right = run.rightActor < 0 ? null : this.#index.find(run.rightActor, run.rightCounter);
      if (left === undefined || right === undefined) return "a run stands beside an element that is not there";
      if (left !== null && (left === run || this.#tree.compare(left, run) >= 0))
        return "a run comes before its left neighbour";
      if (right !== null && (right === run || this.#tree.compare(run, right) >= 0))
        return "a run comes after its right neighbour";
    }
    return null;
  }

  // ------------------------------------------------------------------ placing

  #isReady(piece: OriginRun<C>): boolean {
    return (
      this.#counts[piece.actor]! + 1 === piece.counter &&
      (piece.leftActor < 0 || piece.leftCounter <= this.#counts[piece.leftActor]!) &&
      (piece.rightActor < 0 || piece.rightCounter <= this.#counts[piece.rightActor]!)
    );
  }

  /** Places a piece whose neighbours are here. The piece is not kept. */
  #integrate(piece: OriginRun<C>): void {
    const left = piece.leftActor < 0 ? null : this.#endAt(piece.leftActor, piece.leftCounter);
    let after = this.rule === "fugue" ? this.#placeFugue(piece, left) : this.#placeRga(piece, left);
    this.#counts[piece.actor] = this.#counts[piece.actor]! + piece.length;
    this.#stampMax = Math.max(this.#stampMax, piece.stamp + piece.length - 1);
    const gone = this.#deleted.within(this.#actors[piece.actor]!, piece.counter, piece.counter + piece.length - 1);
    let offset = 0;
    for (let i = 0; i < gone.length; i += 2) {
      const low = gone[i]! - piece.counter;
      const high = gone[i + 1]! - piece.counter + 1;
      if (low > offset) after = this.#place(after, this.#cut(piece, offset, low, true));
      after = this.#place(after, this.#cut(piece, low, high, false));
      offset = high;
    }
    if (offset < piece.length) this.#place(after, this.#cut(piece, offset, piece.length, true));
  }

  /** Puts a run behind `after`, or makes `after` longer by it. Returns the run that now ends with its elements. */
  #place(after: OriginRun<C> | null, run: OriginRun<C>): OriginRun<C> {
    if (after !== null && after.isLive === run.isLive && continues(after, run, this.rule)) {
      after.length += run.length;
      if (run.content !== null && after.content !== null) {
        after.content = this.kind.append(after.content, run.content);
        this.#tree.changeLive(after, run.length);
      }
      return after;
    }
    this.#tree.insertAfter(after, run);
    this.#index.insert(run);
    return run;
  }

  /**
   * FugueMax in list form. Between the two neighbours lie only concurrent inserts. Those with the same left neighbour are ordered by right
   * neighbour (the nearer one last), then by actor; those further left end the search; descendants are passed over.
   */
  #placeFugue(piece: OriginRun<C>, left: OriginRun<C> | null): OriginRun<C> | null {
    let after = left;
    let previous = left;
    let isScanning = false;
    let other = left === null ? this.#tree.first() : this.#tree.next(left);
    for (;;) {
      if (!isScanning) after = previous;
      if (other === null || (other.actor === piece.rightActor && other.counter === piece.rightCounter)) return after;
      const byLeft = this.#compareOrigins(other.leftActor, other.leftCounter, piece.leftActor, piece.leftCounter, -1);
      if (byLeft < 0) return after;
      if (byLeft === 0) {
        const byRight = this.#compareOrigins(
          other.rightActor,
          other.rightCounter,
          piece.rightActor,
          piece.rightCounter,
          1,
        );
        if (byRight === 0 && this.#isActorBefore(piece, other)) return after;
        isScanning = byRight < 0;
      }
      previous = other;
      other = this.#tree.next(other);
    }
  }

  /** RGA: behind the left neighbour, past everything with a greater stamp. */
  #placeRga(piece: OriginRun<C>, left: OriginRun<C> | null): OriginRun<C> | null {
    let after = left;
    for (;;) {
      const other: OriginRun<C> | null = after === null ? this.#tree.first() : this.#tree.next(after);
      if (other === null || other.stamp < piece.stamp) return after;
      if (other.stamp === piece.stamp && this.#isActorBefore(other, piece)) return after;
      after = other;
    }
  }

  /** The order of concurrent runs at one place. */
  #isActorBefore(a: OriginRun<C>, b: OriginRun<C>): boolean {
    return compareText(this.#actors[a.actor]!, this.#actors[b.actor]!) < 0; // runs name actors of the table
  }

  /** Orders two origins in the document; `none` is the sign of the missing one (-1: the start, 1: the end). */
  #compareOrigins(actorA: number, counterA: number, actorB: number, counterB: number, none: 1 | -1): number {
    if (actorA === actorB && counterA === counterB) return 0;
    if (actorA < 0) return none;
    if (actorB < 0) return -none;
    const a = this.#index.find(actorA, counterA)!; // the origins of placed elements are placed
    const b = this.#index.find(actorB, counterB)!;
    return a === b ? counterA - counterB : this.#tree.compare(a, b);
  }

  #compareDots(a: Dot, b: Dot): number {
    return this.#compareOrigins(this.#numbers.get(a.actor)!, a.counter, this.#numbers.get(b.actor)!, b.counter, 1);
  }

  /** The run that ends with this element, splitting one if needed. */
  #endAt(actor: number, counter: number): OriginRun<C> {
    const run = this.#index.find(actor, counter)!; // the caller checked that it has arrived
    const offset = counter - run.counter + 1;
    if (offset < run.length) this.#split(run, offset);
    return run;
  }

  /** Cuts a run in two; returns the second half. */
  #split(run: OriginRun<C>, offset: number): OriginRun<C> {
    const right = this.#cut(run, offset, run.length, run.isLive);
    if (run.content !== null) {
      run.content = this.kind.slice(run.content, 0, offset);
      this.#tree.changeLive(run, offset - run.length);
    }
    run.length = offset;
    this.#tree.insertAfter(run, right);
    this.#index.insert(right);
    return right;
  }

  /** A new run of the elements `from` to `to` (excluded) of another. */
  #cut(run: OriginRun<C>, from: number, to: number, isLive: boolean): OriginRun<C> {
    return {
      actor: run.actor,
      counter: run.counter + from,
      length: to - from,
      leftActor: from === 0 ? run.leftActor : run.actor,
      leftCounter: from === 0 ? run.leftCounter : run.counter + from - 1,
      rightActor: run.rightActor,
      rightCounter: run.rightCounter,
      stamp: this.rule === "rga" ? run.stamp + from : 0,
      content: isLive && run.content !== null ? this.kind.slice(run.content, from, to) : null,
      isLive,
      leaf: null,
    };
  }

  // ------------------------------------------------------------------ deleting

  #delete(actor: Actor, low: number, high: number): void {
    this.#deleted.addRange(actor, low, high);
    const number = this.#numbers.get(actor);
    if (number === undefined) return;
    for (const found of this.#index.overlapping(number, low, high)) {
      if (!found.isLive) continue;
      let run = found;
      if (run.counter < low) run = this.#split(run, low - run.counter);
      if (run.counter + run.length - 1 > high) this.#split(run, high - run.counter + 1);
      run.content = null;
      run.isLive = false;
      this.#tree.changeLive(run, -run.length);
      const next = this.#tree.next(run);
      if (next !== null) this.#absorb(run, next);
      const previous = this.#tree.previous(run);
      if (previous !== null) this.#absorb(previous, run);
    }
  }

  /** Makes one tombstone of two that belong together. */
  #absorb(run: OriginRun<C>, next: OriginRun<C>): void {
    if (run.isLive || next.isLive || !continues(run, next, this.rule)) return;
    this.#tree.remove(next);
    this.#index.remove(next);
    run.length += next.length;
  }

  // ------------------------------------------------------------------ waiting

  /** Keeps the part of a piece that is neither here nor waiting already. False when there is none. */
  #addPending(piece: OriginRun<C>): boolean {
    const waiting = this.#pending.get(piece.actor) ?? [];
    const end = piece.counter + piece.length;
    let from = Math.max(piece.counter, this.#counts[piece.actor]! + 1);
    let slot = firstEndingAfter(waiting, from);
    let isKept = false;
    while (from < end) {
      const other = waiting[slot];
      const to = other === undefined ? end : Math.min(end, other.counter);
      if (to > from) {
        waiting.splice(slot++, 0, this.#cut(piece, from - piece.counter, to - piece.counter, piece.isLive));
        isKept = true;
      }
      from = other === undefined ? end : other.counter + other.length;
      slot += 1;
    }
    if (!isKept) return false;
    this.#pending.set(piece.actor, waiting);
    return true;
  }

  /** Places what has become ready, until nothing more is. What was placed is cut off once, at the end: actors may take turns. */
  #drain(): void {
    const placed = new Map<number, number>();
    let isProgress = true;
    while (isProgress) {
      isProgress = false;
      for (const [actor, waiting] of this.#pending) {
        const from = placed.get(actor) ?? 0;
        let at = from;
        while (at < waiting.length && this.#isReady(waiting[at]!)) this.#integrate(waiting[at++]!);
        if (at === from) continue;
        isProgress = true;
        placed.set(actor, at);
      }
    }
    for (const [actor, count] of placed) {
      const waiting = this.#pending.get(actor)!; // it was there when it was counted
      if (count === waiting.length) this.#pending.delete(actor);
      else waiting.splice(0, count);
    }
  }

  // ------------------------------------------------------------------ tables and checks

  #number(actor: Actor): number {
    let number = this.#numbers.get(actor);
    if (number === undefined) {
      number = this.#actors.length;
      this.#numbers.set(actor, number);
      this.#actors.push(actor);
      this.#counts.push(0);
    }
    return number;
  }

  #dot(actor: number, counter: number): Dot {
    return { actor: this.#actors[actor]!, counter };
  }

  #countOf(actor: Actor): number {
    const number = this.#numbers.get(actor);
    return number === undefined ? 0 : this.#counts[number]!;
  }

  /** Never a dot that was seen, waiting or deleted: those were spent. */
  #nextCounter(actor: Actor): number {
    const last = this.#pending.get(this.#numbers.get(actor) ?? -1)?.at(-1);
    const waiting = last === undefined ? 0 : last.counter + last.length - 1;
    return Math.max(this.#countOf(actor), waiting, this.#deleted.max(actor)) + 1;
  }

  #stampOf(dot: Dot): number {
    const run = this.#index.find(this.#numbers.get(dot.actor)!, dot.counter)!; // the caller checked that it has arrived
    return run.stamp + dot.counter - run.counter;
  }

  #validateDelete(ranges: readonly DotRange[]): Violation | null {
    for (const range of ranges) {
      if (range.counter < 1 || range.length < 1)
        return violation("out-of-range", "a deleted range is empty or not positive.");
      const end = range.counter + range.length - 1;
      if (end > this.#countOf(range.actor)) {
        return violation("missing-dots", `the delete of ${end} of "${range.actor}" came before its insert.`);
      }
    }
    return null;
  }

  /** A duplicate must be what is here. */
  #validateKnown(op: ListInsert<C>): Violation | null {
    const known = this.#index.find(this.#numbers.get(op.dot.actor)!, op.dot.counter)!; // counted, so it is here
    const isFirst = known.counter === op.dot.counter;
    const left = isFirst
      ? this.#origin(known.leftActor, known.leftCounter)
      : this.#dot(known.actor, op.dot.counter - 1);
    const right = this.#origin(known.rightActor, known.rightCounter);
    const isSame = isSameDot(left, op.left) && isSameDot(right, op.right);
    if (isSame && this.#hasSameContent(known.actor, op.dot.counter, op.content)) return null;
    return spentTwice(op.dot.actor, op.dot.counter);
  }

  #origin(actor: number, counter: number): Dot | null {
    return actor < 0 ? null : this.#dot(actor, counter);
  }

  /** Whether the elements from a dot on that are here hold this content, as far as neither was deleted. */
  #hasSameContent(actor: number, counter: number, content: C | null): boolean {
    if (content === null) return true;
    const known = this.#index.overlapping(actor, counter, counter + this.kind.lengthOf(content) - 1);
    return agrees(this.kind, known, counter, content);
  }
}

/** Encodings hold differences of stamps and counters, which must stay below 2^52. */
const STAMP_MAX = 4_503_599_627_370_496;

/** The number, among the actors of a list, of one that it does not know. */
const UNKNOWN = -2;

function spentTwice(actor: Actor, counter: number): Violation {
  return violation("double-spent-dot", `dot ${counter} of "${actor}" names two different inserts.`);
}

/** The same run with the actor numbers of another list. */
function translate<C>(run: OriginRun<C>, numbers: readonly number[]): OriginRun<C> {
  return {
    ...run,
    actor: numbers[run.actor]!,
    leftActor: run.leftActor < 0 ? -1 : numbers[run.leftActor]!,
    rightActor: run.rightActor < 0 ? -1 : numbers[run.rightActor]!,
    leaf: null,
  };
}

/** Whether the first element of `theirs`, somewhere inside `mine`, was inserted at the same place. */
function isSameOrigin(mine: OriginRun<unknown>, theirs: OriginRun<unknown>): boolean {
  const isFirst = mine.counter === theirs.counter;
  const leftActor = isFirst ? mine.leftActor : mine.actor;
  const leftCounter = isFirst ? mine.leftCounter : theirs.counter - 1;
  return (
    leftActor === theirs.leftActor &&
    leftCounter === theirs.leftCounter &&
    mine.rightActor === theirs.rightActor &&
    mine.rightCounter === theirs.rightCounter &&
    mine.stamp + (theirs.stamp === 0 ? 0 : theirs.counter - mine.counter) === theirs.stamp
  );
}

/** The index of the first run that ends behind the counter. */
function firstEndingAfter(runs: readonly OriginRun<unknown>[], counter: number): number {
  let low = 0;
  let high = runs.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (runs[middle]!.counter + runs[middle]!.length <= counter) low = middle + 1;
    else high = middle;
  }
  return low;
}

function isSameDot(a: Dot | null, b: Dot | null): boolean {
  return a === b || (a !== null && b !== null && a.counter === b.counter && a.actor === b.actor);
}
