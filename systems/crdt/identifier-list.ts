/**
 * The list of identifiers: each element carries its place, so a deleted one leaves nothing behind.
 *
 * Elements are sorted by identifier; what was seen and is not live was deleted. Costs: identifiers grow with the depth of edits
 * inside edits, and concurrent runs at one place interleave, as in Logoot, LSEQ and rust-crdt's List. Where that matters use Fugue.
 * The file is long because the invariants between tree, index and context belong to one class.
 */
import type { Actor } from "./clock.ts";
import { agrees, type ContentKind } from "./content.ts";
import { DotContext } from "./dot-context.ts";
import { compareLevels, LEVEL, type Level, type Path, placeBetween } from "./identifier.ts";
import {
  continuesIdentifiers,
  doubleSpent,
  type IdentifierInsert,
  type IdentifierOp,
  type IdentifierRun,
  isSamePlace,
  translate,
} from "./identifier-run.ts";
import type { DotRange } from "./origin-run.ts";
import { RunIndex } from "./run-index.ts";
import { RunTree } from "./run-tree.ts";
import { type Violation, violation } from "./violation.ts";

/** 2^51: encodings hold differences of digits, which must stay below 2^52. */
const DIGIT_MAX = 2_251_799_813_685_248;

export class IdentifierList<C> {
  readonly kind: ContentKind<C>;
  readonly seen: DotContext = new DotContext();
  // Invariants: the tree ascends strictly by identifier; every run is in the index; every live dot is in `seen`.
  readonly #tree: RunTree<IdentifierRun<C>> = new RunTree();
  readonly #index: RunIndex<IdentifierRun<C>> = new RunIndex();
  readonly #actors: Actor[] = [];
  readonly #numbers: Map<Actor, number> = new Map();
  /** As hasGhosts, for the gap before the first run. */
  #hasGhostsFirst = false;
  /** The end of what the writer on this replica inserted, not counting what was deleted from there backwards (typing errors). */
  #tail = 0;
  #writer = -1;

  constructor(kind: ContentKind<C>) {
    this.kind = kind;
  }

  get length(): number {
    return this.#tree.live;
  }

  read(): C {
    const parts: C[] = [];
    for (const run of this.#tree) parts.push(run.content);
    return this.kind.join(parts);
  }

  runCount(): number {
    let count = 0;
    for (const _run of this.#tree) count += 1;
    return count;
  }

  runs(): Iterable<IdentifierRun<C>> {
    return this.#tree;
  }

  actors(): readonly Actor[] {
    return this.#actors;
  }

  /** The number of an actor in the table; a new one when it was not known. */
  actorNumber(actor: Actor): number {
    let number = this.#numbers.get(actor);
    if (number === undefined) {
      number = this.#actors.length;
      this.#numbers.set(actor, number);
      this.#actors.push(actor);
    }
    return number;
  }

  /** Loading: adds a run at the end. The caller has checked the order and the dots. */
  load(run: IdentifierRun<C>): void {
    this.#tree.insertAfter(this.#tree.last(), run);
    this.#index.insert(run);
  }

  // ------------------------------------------------------------------ preparing operations

  /** Prepares an insertion before the element at `position` (or at the end). The position is in range. */
  prepareInsert(actor: Actor, position: number, content: C): IdentifierInsert<C> {
    this.#writer = this.actorNumber(actor);
    const count = this.kind.lengthOf(content);
    const low = position === 0 ? null : this.#pathAt(position - 1);
    const high = position === this.length ? null : this.#pathAt(position);
    const behindLow = this.#hasGhostsAt(position) ? this.#time() : null;
    const isTypingOn = low !== null && low.at(-2) === this.#writer && low.at(-1) === this.#tail;
    const { prefix, digit } = placeBetween({ low, high, count, behindLow, isTypingOn });
    const levels: Level[] = [];
    for (let i = 0; i < prefix.length; i += LEVEL) {
      levels.push({ digit: prefix[i]!, actor: this.#actors[prefix[i + 1]!]!, counter: prefix[i + 2]! });
    }
    return { kind: "insert", dot: this.seen.next(actor), prefix: levels, digit, content };
  }

  /** The dots of the elements from `position` on. The range is within the list. */
  rangesAt(position: number, count: number): DotRange[] {
    const ranges: DotRange[] = [];
    if (count === 0) return ranges;
    const start = this.#tree.locate(position);
    let run: IdentifierRun<C> | null = start.run;
    let { offset } = start;
    let rest = count;
    while (rest > 0 && run !== null) {
      const length = Math.min(rest, run.length - offset);
      ranges.push({ actor: this.#actors[run.actor]!, counter: run.counter + offset, length });
      rest -= length;
      offset = 0;
      run = this.#tree.next(run);
    }
    return ranges;
  }

  /** Whether elements were deleted in front of this position, other than typing errors of their own writer. */
  #hasGhostsAt(position: number): boolean {
    if (position === 0) return this.#hasGhostsFirst;
    const { run, offset } = this.#tree.locate(position - 1);
    return offset === run.length - 1 && run.hasGhosts;
  }

  /** Larger than the number of any update that was seen: a clock in the sense of Lamport. */
  #time(): number {
    let time = 0;
    this.seen.forEachRange((_actor, _low, high) => {
      time = Math.max(time, high);
    });
    return time + 1;
  }

  // ------------------------------------------------------------------ operations

  apply(op: IdentifierOp<C>): void {
    if (op.kind === "delete") {
      for (const range of op.ranges) {
        const high = range.counter + range.length - 1;
        const actor = this.#numbers.get(range.actor);
        this.seen.addRange(range.actor, range.counter, high);
        if (actor !== undefined) this.#removeRange(actor, range.counter, high);
      }
      return;
    }
    const prefix: number[] = [];
    for (const level of op.prefix) prefix.push(level.digit, this.actorNumber(level.actor), level.counter);
    this.#insertUnseen({
      actor: this.actorNumber(op.dot.actor),
      counter: op.dot.counter,
      length: this.kind.lengthOf(op.content),
      prefix,
      digit: op.digit,
      content: op.content,
      isLive: true,
      hasGhosts: false,
      leaf: null,
    });
    this.seen.addRange(op.dot.actor, op.dot.counter, op.dot.counter + this.kind.lengthOf(op.content) - 1);
  }

  validateOp(op: IdentifierOp<C>): Violation | null {
    if (op.kind === "delete") return this.#validateDelete(op.ranges);
    const { dot } = op;
    this.kind.check(op.content);
    const length = this.kind.lengthOf(op.content);
    const digits = [op.digit + length, ...op.prefix.map((level) => level.digit)];
    const isInRange = (digit: number): boolean => Number.isInteger(digit) && Math.abs(digit) <= DIGIT_MAX;
    if (length === 0 || dot.counter < 1 || !digits.every(isInRange)) {
      return violation("out-of-range", "an insert holds no element, or its dot or a digit is out of range.");
    }
    const have = this.seen.contiguous(dot.actor);
    if (dot.counter > have + 1) {
      return violation("missing-dots", `insert ${dot.counter} of "${dot.actor}" came before ${have + 1}.`);
    }
    for (const level of op.prefix) {
      if (!this.seen.has(level.actor, level.counter)) {
        return violation(
          "missing-dots",
          `the element ${level.counter} of "${level.actor}" in the identifier has not arrived.`,
        );
      }
    }
    const actor = this.#numbers.get(dot.actor);
    const known = actor === undefined ? undefined : this.#index.find(actor, dot.counter);
    if (known === undefined) return null;
    const path = op.prefix.flatMap((level) => [level.digit, this.#numbers.get(level.actor) ?? -1, level.counter]);
    const isSame =
      isSamePlace(known, dot.counter, path, op.digit) && this.#hasSameContent(known.actor, dot.counter, op.content);
    return isSame ? null : doubleSpent(dot.actor, dot.counter);
  }

  // ------------------------------------------------------------------ states

  merge(other: IdentifierList<C>): void {
    const numbers = other.#actors.map((actor) => this.actorNumber(actor));
    other.seen.forEachRange((actor, low, high) => {
      const theirNumber = other.#numbers.get(actor);
      const theirs = theirNumber === undefined ? [] : other.#index.overlapping(theirNumber, low, high);
      this.#removeAllBut(this.#numbers.get(actor), low, high, theirs);
    });
    if (this.seen.isEmpty) this.#copyRuns(other, numbers);
    else this.#insertNews(other, numbers);
    this.seen.merge(other.seen);
  }

  /** Inserts what the other list holds live and this one has never seen. */
  #insertNews(other: IdentifierList<C>, numbers: readonly number[]): void {
    other.seen.forEachRange((actor, low, high) => {
      const number = other.#numbers.get(actor);
      if (number === undefined || this.seen.hasRange(actor, low, high)) return;
      const news = [
        low,
        ...this.seen.within(actor, low, high).map((bound, i) => (i % 2 === 0 ? bound - 1 : bound + 1)),
        high,
      ];
      for (let i = 0; i < news.length; i += 2) {
        const [from, to] = [news[i]!, news[i + 1]!];
        for (const run of from > to ? [] : other.#index.overlapping(number, from, to)) {
          const start = Math.max(0, from - run.counter);
          this.#insertRun(this.#cut(translate(run, numbers), start, Math.min(run.length, to - run.counter + 1)));
        }
      }
    });
  }

  #copyRuns(other: IdentifierList<C>, numbers: readonly number[]): void {
    for (const run of other.#tree) {
      this.load({ ...translate(run, numbers), content: this.kind.slice(run.content, 0, run.length) });
    }
  }

  validateMerge(other: IdentifierList<C>): Violation | null {
    const numbers = other.#actors.map((actor) => this.#numbers.get(actor) ?? -1);
    for (const run of other.#tree) {
      const known = this.#index.find(numbers[run.actor]!, run.counter);
      if (known === undefined) continue;
      const path = run.prefix.map((part, i) => (i % LEVEL === 1 ? numbers[part]! : part));
      const isSame =
        isSamePlace(known, run.counter, path, run.digit) && this.#hasSameContent(known.actor, run.counter, run.content);
      if (!isSame) return doubleSpent(other.#actors[run.actor]!, run.counter);
    }
    return null;
  }

  /** Whether the elements from a dot on that are live here hold this content. */
  #hasSameContent(actor: number, counter: number, content: C): boolean {
    const known = this.#index.overlapping(actor, counter, counter + this.kind.lengthOf(content) - 1);
    return agrees(this.kind, known, counter, content);
  }

  // ------------------------------------------------------------------ placing

  /** Inserts the elements of a run whose dots were not seen. The run is not kept; `seen` is the caller's to change. */
  #insertUnseen(run: IdentifierRun<C>): void {
    const actor = this.#actors[run.actor]!;
    const end = run.counter + run.length - 1;
    if (this.seen.hasRange(actor, run.counter, end)) return;
    const known = this.seen.within(actor, run.counter, end);
    let from = 0;
    for (let i = 0; i < known.length; i += 2) {
      this.#insertRun(this.#cut(run, from, known[i]! - run.counter));
      from = known[i + 1]! - run.counter + 1;
    }
    this.#insertRun(this.#cut(run, from, run.length));
  }

  /** Elements of other runs may lie between those of this one: it goes in piece by piece. */
  #insertRun(run: IdentifierRun<C>): void {
    let rest = run;
    while (rest.length > 0) {
      const first = rest;
      const after = this.#tree.lastBefore((other) => this.#compare(other, 0, first, 0) < 0);
      if (after !== null) {
        const before = countBelow(after.length, (offset) => this.#compare(after, offset, first, 0) < 0);
        if (before < after.length) this.#split(after, before);
      }
      const next = after === null ? this.#tree.first() : this.#tree.next(after);
      const fitting =
        next === null ? rest.length : countBelow(rest.length, (offset) => this.#compare(first, offset, next, 0) < 0);
      if (fitting === 0) throw new Error("the library is wrong: two live elements have one identifier");
      this.#place(after, this.#cut(rest, 0, fitting));
      rest = this.#cut(rest, fitting, rest.length);
    }
  }

  #place(after: IdentifierRun<C> | null, run: IdentifierRun<C>): void {
    if (run.actor === this.#writer) this.#tail = run.counter + run.length - 1;
    if (after !== null && continuesIdentifiers(after, run)) {
      after.length += run.length;
      after.content = this.kind.append(after.content, run.content);
      this.#tree.changeLive(after, run.length);
      return;
    }
    this.#tree.insertAfter(after, run);
    this.#index.insert(run);
  }

  /** Compares the identifiers of two elements. */
  #compare(a: IdentifierRun<C>, offsetA: number, b: IdentifierRun<C>, offsetB: number): number {
    const [p, q] = [a.prefix, b.prefix];
    if (p !== q) {
      const length = Math.min(p.length, q.length);
      for (let i = 0; i < length; i += LEVEL) {
        const order = compareLevels(p[i]!, p[i + 1]!, p[i + 2]!, q[i]!, q[i + 1]!, q[i + 2]!, this.#actors);
        if (order !== 0) return order;
      }
      if (p.length !== q.length) return this.#compareUneven(a, offsetA, b, offsetB);
    }
    if (a.digit + offsetA !== b.digit + offsetB) return a.digit + offsetA - b.digit - offsetB;
    return compareLevels(
      a.digit + offsetA,
      a.actor,
      a.counter + offsetA,
      b.digit + offsetB,
      b.actor,
      b.counter + offsetB,
      this.#actors,
    );
  }

  /** One prefix is longer and begins with the other: its next level against the last level of the shorter identifier. */
  #compareUneven(a: IdentifierRun<C>, offsetA: number, b: IdentifierRun<C>, offsetB: number): number {
    if (a.prefix.length > b.prefix.length) return -this.#compareUneven(b, offsetB, a, offsetA);
    const at = a.prefix.length;
    const [digit, actor, counter] = [b.prefix[at]!, b.prefix[at + 1]!, b.prefix[at + 2]!];
    const order = compareLevels(a.digit + offsetA, a.actor, a.counter + offsetA, digit, actor, counter, this.#actors);
    return order === 0 ? -1 : order;
  }

  #pathAt(position: number): Path {
    const { run, offset } = this.#tree.locate(position);
    return [...run.prefix, run.digit + offset, run.actor, run.counter + offset];
  }

  // ------------------------------------------------------------------ removing

  /** Removes my elements from low to high that are in none of `theirs` (runs of the other list, ascending). */
  #removeAllBut(actor: number | undefined, low: number, high: number, theirs: readonly IdentifierRun<C>[]): void {
    if (actor === undefined) return;
    const gaps: number[] = [];
    let from = low;
    for (const run of theirs) {
      if (run.counter > from) gaps.push(from, run.counter - 1);
      from = run.counter + run.length;
    }
    if (from <= high) gaps.push(from, high);
    const mine = this.#index.overlapping(actor, low, high);
    let at = 0;
    for (const run of mine) {
      const end = run.counter + run.length - 1;
      while (at < gaps.length && gaps[at + 1]! < run.counter) at += 2;
      for (let i = at; i < gaps.length && gaps[i]! <= end; i += 2)
        this.#removeRange(actor, Math.max(gaps[i]!, run.counter), Math.min(gaps[i + 1]!, end));
    }
  }

  #removeRange(actor: number, low: number, high: number): void {
    for (const found of this.#index.overlapping(actor, low, high)) {
      let run = found;
      if (run.counter < low) run = this.#split(run, low - run.counter);
      if (run.counter + run.length - 1 > high) this.#split(run, high - run.counter + 1);
      this.#noteGhosts(run);
      this.#tree.remove(run);
      this.#index.remove(run);
    }
  }

  #noteGhosts(run: IdentifierRun<C>): void {
    const end = run.counter + run.length - 1;
    if (run.actor === this.#writer && end === this.#tail) {
      this.#tail = run.counter - 1;
      if (!run.hasGhosts) return;
    }
    const previous = this.#tree.previous(run);
    if (previous === null) this.#hasGhostsFirst = true;
    else previous.hasGhosts = true;
  }

  #split(run: IdentifierRun<C>, offset: number): IdentifierRun<C> {
    const right = this.#cut(run, offset, run.length);
    run.content = this.kind.slice(run.content, 0, offset);
    this.#tree.changeLive(run, offset - run.length);
    run.length = offset;
    right.hasGhosts = run.hasGhosts;
    run.hasGhosts = false;
    this.#tree.insertAfter(run, right);
    this.#index.insert(right);
    return right;
  }

  /** A new run of the elements `from` to `to` (excluded) of another; empty when there are none. */
  #cut(run: IdentifierRun<C>, from: number, to: number): IdentifierRun<C> {
    return {
      actor: run.actor,
      counter: run.counter + from,
      length: Math.max(0, to - from),
      prefix: run.prefix,
      digit: run.digit + from,
      content: this.kind.slice(run.content, from, to),
      isLive: true,
      hasGhosts: false,
      leaf: null,
    };
  }

  #validateDelete(ranges: readonly DotRange[]): Violation | null {
    for (const range of ranges) {
      if (range.counter < 1 || range.length < 1)
        return violation("out-of-range", "a deleted range is empty or not positive.");
      const end = range.counter + range.length - 1;
      if (!this.seen.hasRange(range.actor, range.counter, end)) {
        return violation("missing-dots", `the delete of ${end} of "${range.actor}" came before its insert.`);
      }
    }
    return null;
  }
}

/** How many of the first `length` numbers keep the monotone condition. */
function countBelow(length: number, holds: (offset: number) => boolean): number {
  if (length > 0 && holds(length - 1)) return length;
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (holds(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}
