/**
 * Looks for an order of the transactions in which every read sees the last write before it.
 *
 * For serializability each transaction is one moment. For snapshot isolation it has two: at its start it reads all, at its
 * commit it writes all, and no two transactions that write the same key overlap (Adya's G-SI; Cerone, Bernardi and Gotsman,
 * CONCUR 2015). Moments are placed from the first to the last, each when all that must precede it are placed. A version may be
 * overwritten when all its readers have read, so which versions are current follows from which moments are placed: that set is
 * the whole state, and a set that led nowhere is remembered. A read goes as soon as it can, and so does a write that nobody has
 * still to read: neither can hurt. Of the others the one that completed first is tried first. Both problems are NP-complete, so
 * the search has a budget; within it the answer is complete.
 */
import type { Meter } from "../budget.ts";
import type { SerialProblem } from "./serial-problem.ts";
import type { SerialRelation } from "./serial-relation.ts";
import type { Moments } from "./serial-question.ts";

/** Moments to place one after the other; `mark` is where the trail was. */
type Frame = { readonly mark: number; readonly moves: readonly number[]; next: number; readonly key: string };

/** The moments in order; undefined when there is no such order. Throws BudgetSpent. */
export function searchSerialOrder(relation: SerialRelation, meter: Meter): Moments | undefined {
  return new SerialSearch(relation, meter).run();
}

class SerialSearch {
  readonly #problem: SerialProblem;
  readonly #relation: SerialRelation;
  readonly #meter: Meter;
  readonly #isSnapshot: boolean;
  readonly #starts: Int32Array;
  readonly #targets: Int32Array;
  /** By node: how many that must precede it are not placed. */
  readonly #waiting: Int32Array;
  readonly #placed: Uint8Array;
  /** The same as bits, for the key of the state. */
  readonly #bits: Uint16Array;
  // Invariant: the words before the first are full, those from the end on are empty.
  #firstWord = 0;
  #endWord = 0;
  /** Nodes that wait for nothing and are not placed, by priority. */
  readonly #ready: number[] = [];
  readonly #priority: Int32Array;
  readonly #current: Int32Array;
  /** By version, the initial ones by key behind them: transactions that have still to read it. */
  readonly #readersLeft: Int32Array;
  /** By key: how many started transactions are going to write it. */
  readonly #locks: Int32Array;
  readonly #trail: number[] = [];
  /** For each placed commit: the versions that it overwrote. */
  readonly #overwritten: number[] = [];
  readonly #dead = new Set<string>();

  constructor(relation: SerialRelation, meter: Meter) {
    const { problem, nodes } = relation;
    this.#problem = problem;
    this.#relation = relation;
    this.#meter = meter;
    this.#isSnapshot = relation.question.isSnapshot;
    const { starts, targets } = relation.successors();
    this.#starts = starts;
    this.#targets = targets;
    this.#waiting = new Int32Array(nodes);
    for (const target of targets) this.#waiting[target]! += 1;
    this.#placed = new Uint8Array(nodes);
    this.#bits = new Uint16Array((nodes >> 4) + 1);
    this.#priority = this.#priorities();
    this.#current = new Int32Array(problem.keys);
    this.#readersLeft = new Int32Array(problem.versions + problem.keys);
    this.#locks = new Int32Array(problem.keys);
    for (const { reads } of problem.transactions) {
      for (const { key, version } of reads) this.#readersLeft[this.#slot(key, version)]! += 1;
    }
    for (let node = 0; node < nodes; node += 1) if (this.#waiting[node] === 0) this.#insert(node);
  }

  run(): Moments | undefined {
    const frames: Frame[] = [];
    for (;;) {
      this.#placeFree();
      this.#dropAlternatives(frames.at(-1));
      if (this.#trail.length === this.#placed.length) return this.#moments();
      const key = this.#stateKey();
      if (!this.#dead.has(key)) frames.push({ mark: this.#trail.length, moves: this.#moves(), next: 0, key });
      if (!this.#advance(frames)) return undefined;
    }
  }

  /** A move whose readers all could follow at once cannot have hurt either: nothing else need be tried instead. */
  #dropAlternatives(frame: Frame | undefined): void {
    const node = frame?.moves[frame.next - 1];
    if (frame === undefined || node === undefined) return;
    const commit = this.#isStart(node) ? node + 1 : node;
    if (this.#placed[commit] === 1 && !this.#hasReadersLeft(commit)) frame.next = frame.moves.length;
  }

  /** Makes the next move that has not been tried; false when there is none. */
  #advance(frames: Frame[]): boolean {
    for (let frame = frames.at(-1); frame !== undefined; frame = frames.at(-1)) {
      this.#takeBackTo(frame.mark);
      const node = frame.moves[frame.next];
      if (node !== undefined) {
        frame.next += 1;
        this.#place(node);
        return true;
      }
      this.#meter.hold(frame.key.length * 2 + 40);
      this.#dead.add(frame.key);
      frames.pop();
    }
    return false;
  }

  /** By completion; of two of one transaction the commit first, so that what has started also ends. */
  #priorities(): Int32Array {
    const { transactions } = this.#problem;
    const order = this.#relation.byRank
      .map((_, rank) => rank)
      .toSorted((a, b) => {
        const [left, right] = [this.#ofRank(a).completedAt, this.#ofRank(b).completedAt];
        return left < right ? -1 : left > right ? 1 : a - b;
      });
    const priority = new Int32Array(this.#placed.length);
    for (const [place, rank] of order.entries()) {
      if (!this.#isSnapshot) priority[rank] = place;
      else {
        priority[2 * rank + 1] = place;
        priority[2 * rank] = place + transactions.length;
      }
    }
    return priority;
  }

  #ofRank(rank: number): SerialProblem["transactions"][number] {
    return this.#problem.transactions[this.#relation.byRank[rank]!]!;
  }

  #of(node: number): SerialProblem["transactions"][number] {
    return this.#ofRank(this.#isSnapshot ? node >> 1 : node);
  }

  /** The initial versions of different keys are different. */
  #slot(key: number, version: number): number {
    return version === 0 ? this.#problem.versions + key : version;
  }

  /** Where the node is, or would be, among those that are ready. */
  #placeOf(node: number): number {
    const ready = this.#ready;
    let [low, high] = [0, ready.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.#priority[ready[middle]!]! < this.#priority[node]!) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #insert(node: number): void {
    this.#meter.spend(this.#ready.length >> 6);
    this.#ready.splice(this.#placeOf(node), 0, node);
  }

  #remove(node: number): void {
    this.#ready.splice(this.#placeOf(node), 1);
  }

  /** Places everything that cannot hurt. */
  #placeFree(): void {
    for (let i = 0; i < this.#ready.length; ) {
      const node = this.#ready[i]!;
      this.#meter.spend(1);
      // What became ready, or may be overwritten now, can be anywhere.
      if (this.#placeWhenFree(node)) i = 0;
      else i += 1;
    }
  }

  #placeWhenFree(node: number): boolean {
    if (!this.#canPlace(node)) return false;
    if (this.#isStart(node)) {
      const { writes } = this.#of(node);
      if (writes.length > 0 && !this.#canEndAtOnce(node)) return false;
      this.#place(node);
      if (writes.length > 0) this.#place(node + 1);
      return true;
    }
    if (this.#hasReadersLeft(node)) return false;
    this.#place(node);
    return true;
  }

  /** Could the commit follow the start, without a reader that has still to come? */
  #canEndAtOnce(node: number): boolean {
    if (this.#waiting[node + 1] !== 1 || this.#hasReadersLeft(node)) return false;
    const { reads, writes } = this.#of(node);
    return writes.every(({ key }) => {
      const left = this.#readersLeft[this.#slot(key, this.#current[key]!)]!;
      return left === (reads.some((read) => read.key === key) ? 1 : 0);
    });
  }

  #hasReadersLeft(node: number): boolean {
    return this.#of(node).writes.some(({ version }) => this.#readersLeft[version]! > 0);
  }

  /** The start of a transaction that has a commit of its own. */
  #isStart(node: number): boolean {
    return this.#isSnapshot && (node & 1) === 0;
  }

  #moves(): number[] {
    this.#meter.spend(this.#ready.length);
    return this.#ready.filter((node) => this.#canPlace(node));
  }

  /** What it reads is current: the writer precedes it, and nobody overwrites what is still to be read. */
  #canPlace(node: number): boolean {
    const { reads, writes } = this.#of(node);
    if (this.#isStart(node)) return writes.every(({ key }) => this.#locks[key] === 0);
    return writes.every(({ key }) => {
      const left = this.#readersLeft[this.#slot(key, this.#current[key]!)]!;
      return left === (!this.#isSnapshot && reads.some((read) => read.key === key) ? 1 : 0);
    });
  }

  #place(node: number): void {
    const { reads, writes } = this.#of(node);
    const isStart = this.#isStart(node);
    this.#remove(node);
    if (isStart || !this.#isSnapshot)
      for (const { key, version } of reads) this.#readersLeft[this.#slot(key, version)]! -= 1;
    for (const { key, version } of writes) {
      if (isStart) this.#locks[key]! += 1;
      else {
        if (this.#isSnapshot) this.#locks[key]! -= 1;
        this.#overwritten.push(this.#current[key]!);
        this.#current[key] = version;
      }
    }
    this.#placed[node] = 1;
    this.#bits[node >> 4]! |= 1 << (node & 15);
    this.#endWord = Math.max(this.#endWord, (node >> 4) + 1);
    this.#trail.push(node);
    this.#meter.spend(1 + this.#starts[node + 1]! - this.#starts[node]!);
    for (let edge = this.#starts[node]!; edge < this.#starts[node + 1]!; edge += 1) {
      const target = this.#targets[edge]!;
      this.#waiting[target]! -= 1;
      if (this.#waiting[target] === 0) this.#insert(target);
    }
  }

  #takeBackTo(mark: number): void {
    while (this.#trail.length > mark) this.#takeBack(this.#trail.pop()!);
  }

  #takeBack(node: number): void {
    const { reads, writes } = this.#of(node);
    const isStart = this.#isStart(node);
    for (let edge = this.#starts[node + 1]! - 1; edge >= this.#starts[node]!; edge -= 1) {
      const target = this.#targets[edge]!;
      if (this.#waiting[target] === 0) this.#remove(target);
      this.#waiting[target]! += 1;
    }
    this.#bits[node >> 4]! &= ~(1 << (node & 15));
    this.#firstWord = Math.min(this.#firstWord, node >> 4);
    this.#placed[node] = 0;
    for (let i = writes.length - 1; i >= 0; i -= 1) {
      const { key } = writes[i]!;
      if (isStart) this.#locks[key]! -= 1;
      else {
        this.#current[key] = this.#overwritten.pop()!;
        if (this.#isSnapshot) this.#locks[key]! += 1;
      }
    }
    if (isStart || !this.#isSnapshot)
      for (const { key, version } of reads) this.#readersLeft[this.#slot(key, version)]! += 1;
    this.#insert(node);
  }

  /** Which moments are placed: all before some word, those of the words up to another, none beyond. */
  #stateKey(): string {
    const bits = this.#bits;
    while (bits[this.#firstWord] === 0xffff) this.#firstWord += 1;
    while (this.#endWord > this.#firstWord && bits[this.#endWord - 1] === 0) this.#endWord -= 1;
    const [first, end] = [this.#firstWord, this.#endWord];
    this.#meter.spend(1 + ((end - first) >> 2));
    let key = `${first} `;
    for (let word = first; word < end; word += 4096)
      key += String.fromCharCode(...bits.subarray(word, Math.min(end, word + 4096)));
    return key;
  }

  #moments(): Moments {
    const { byRank } = this.#relation;
    return this.#trail.flatMap((node) =>
      this.#isSnapshot ? [2 * byRank[node >> 1]! + (node & 1)] : [2 * byRank[node]!, 2 * byRank[node]! + 1],
    );
  }
}
