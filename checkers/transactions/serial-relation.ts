/**
 * Which moments of a serial problem are known to come before which: pairs with their reasons, and their transitive closure.
 *
 * Transactions are ranked by invocation. When real time counts, a transaction comes after all that completed before it was
 * invoked, so a row of the closure holds bits only for the transactions that overlap it: the memory grows with the number of
 * clients, not with the square of the history. Without real time every row is whole.
 */
import type { Meter } from "../budget.ts";
import type { SerialProblem } from "./serial-problem.ts";
import type { ForcedPair, Reason, SerialQuestion } from "./serial-question.ts";

/** 32-bit words of a closure; beyond it only the pairs are kept. */
const WORDS_MAX = 1 << 25;

/** Nodes are moments by rank: one for each transaction, or its start and its commit when the question is about snapshots. */
export class SerialRelation {
  readonly problem: SerialProblem;
  readonly question: SerialQuestion;
  readonly nodes: number;
  /** Nodes for each transaction: 1 or 2. */
  readonly width: 1 | 2;
  /** Rank -> transaction, and back. */
  readonly byRank: readonly number[];
  readonly rankOf: Int32Array;
  /** By rank: all ranks below `low` come before it, all from `high` on after it. */
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly pairs: ForcedPair[] = [];
  /** The nodes of the pairs. */
  readonly #froms: number[] = [];
  readonly #tos: number[] = [];
  /** Pairs that contradict each other, once any do. */
  circle: readonly ForcedPair[] | undefined;
  readonly #meter: Meter;
  #rows: Uint32Array | undefined;
  readonly #rowStart: Float64Array;
  readonly #base: Int32Array;

  constructor(problem: SerialProblem, question: SerialQuestion, meter: Meter) {
    const { transactions } = problem;
    const count = transactions.length;
    this.problem = problem;
    this.question = question;
    this.#meter = meter;
    this.width = question.isSnapshot ? 2 : 1;
    this.nodes = count * this.width;
    this.byRank = transactions
      .map((_, number) => number)
      .toSorted((a, b) => transactions[a]!.invokedAt - transactions[b]!.invokedAt || a - b);
    this.rankOf = new Int32Array(count);
    for (const [rank, number] of this.byRank.entries()) this.rankOf[number] = rank;
    this.low = new Int32Array(count);
    this.high = new Int32Array(count).fill(count);
    if (question.order === "realtime") this.#bound();
    this.#base = new Int32Array(count);
    this.#rowStart = new Float64Array(count + 1);
  }

  /** The one node of a transaction, or that of its start. */
  start(number: number): number {
    return this.rankOf[number]! * this.width;
  }

  commit(number: number): number {
    return this.rankOf[number]! * this.width + this.width - 1;
  }

  /** Makes room for the closure; false when it would be too large. */
  allocate(): boolean {
    let words = 0;
    for (let rank = 0; rank < this.byRank.length; rank += 1) {
      this.#base[rank] = (this.low[rank]! * this.width) >>> 5;
      this.#rowStart[rank] = words;
      words += this.#wordsOf(rank) * this.width;
    }
    if (words > WORDS_MAX) return false;
    this.#meter.hold(words * 4);
    this.#rows = new Uint32Array(words);
    return true;
  }

  release(): void {
    if (this.#rows !== undefined) this.#meter.hold(-this.#rows.length * 4);
    this.#rows = undefined;
  }

  /** Is it known that the first node comes before the second? */
  isBefore(from: number, to: number): boolean {
    const [left, right] = [this.#rankOfNode(from), this.#rankOfNode(to)];
    if (left === right) return from < to;
    if (right >= this.high[left]!) return true;
    if (right < this.low[left]! || this.#rows === undefined) return false;
    const word = this.#row(from) + (to >>> 5) - this.#base[left]!;
    return (this.#rows[word]! & (1 << (to & 31))) !== 0;
  }

  /** Adds a pair that is not known yet; true when it is new. A contradiction becomes the circle. */
  add(from: number, to: number, reason: Reason): boolean {
    if (this.circle !== undefined || (from !== to && this.isBefore(from, to))) return false;
    const pair = this.#pair(from, to, reason);
    if (from === to || this.isBefore(to, from)) {
      this.circle = [pair, ...(from === to ? [] : this.#path(to, from))];
      return false;
    }
    this.#push(pair, from, to);
    this.#note(from, to);
    return true;
  }

  /** Adds a pair without a look at what is known; for those that real time implies, and before the closure. */
  addGiven(from: number, to: number, reason: Reason): void {
    this.#push(this.#pair(from, to, reason), from, to);
  }

  #push(pair: ForcedPair, from: number, to: number): void {
    this.pairs.push(pair);
    this.#froms.push(from);
    this.#tos.push(to);
  }

  /** Follows the pairs to their end, for every node; finds a circle if there is one. */
  close(): void {
    const { starts, targets } = this.successors();
    const order = this.#topological(starts, targets);
    if (order === undefined || this.#rows === undefined) return;
    for (let i = order.length - 1; i >= 0; i -= 1) {
      const node = order[i]!;
      for (let edge = starts[node]!; edge < starts[node + 1]!; edge += 1) this.#note(node, targets[edge]!);
    }
  }

  /** The pairs by their first node. */
  successors(): { readonly starts: Int32Array; readonly targets: Int32Array } {
    const starts = new Int32Array(this.nodes + 1);
    for (const from of this.#froms) starts[from + 1]! += 1;
    for (let node = 0; node < this.nodes; node += 1) starts[node + 1]! += starts[node]!;
    const next = starts.slice();
    const targets = new Int32Array(this.#froms.length);
    for (const [i, from] of this.#froms.entries()) {
      targets[next[from]!] = this.#tos[i]!;
      next[from]! += 1;
    }
    return { starts, targets };
  }

  #pair(from: number, to: number, reason: Reason): ForcedPair {
    return { from: this.#momentOf(from), to: this.#momentOf(to), reason };
  }

  #momentOf(node: number): number {
    return this.width === 1 ? 2 * this.byRank[node]! : 2 * this.byRank[node >> 1]! + (node & 1);
  }

  #rankOfNode(node: number): number {
    return this.width === 1 ? node : node >> 1;
  }

  #row(node: number): number {
    const rank = this.#rankOfNode(node);
    return this.#rowStart[rank]! + (this.width === 2 && (node & 1) === 1 ? this.#wordsOf(rank) : 0);
  }

  #wordsOf(rank: number): number {
    return ((this.high[rank]! * this.width + 31) >>> 5) - this.#base[rank]!;
  }

  /** All that comes after `to` comes after `from`, and `to` itself. */
  #note(from: number, to: number): void {
    const rows = this.#rows;
    if (rows === undefined) return;
    const [left, right] = [this.#rankOfNode(from), this.#rankOfNode(to)];
    const [leftBase, rightBase] = [this.#base[left]!, this.#base[right]!];
    const first = Math.max(leftBase, rightBase);
    const end = Math.min(leftBase + this.#wordsOf(left), rightBase + this.#wordsOf(right));
    const [leftRow, rightRow] = [this.#row(from) - leftBase, this.#row(to) - rightBase];
    for (let word = first; word < end; word += 1) rows[leftRow + word]! |= rows[rightRow + word]!;
    const own = to >>> 5;
    if (own >= leftBase && own < leftBase + this.#wordsOf(left)) rows[leftRow + own]! |= 1 << (to & 31);
    this.#meter.spend(1 + (Math.max(0, end - first) >> 2));
  }

  /**
   * Bounds by real time. What a committed transaction read from was committed before that one completed, so a writer whose
   * outcome is unknown ends with its first reader.
   */
  #bound(): void {
    const { transactions, writerOf } = this.problem;
    const ends = transactions.map(({ completedAt }) => completedAt);
    for (const { reads, completedAt } of transactions) {
      for (const { version } of reads) {
        const writer = writerOf[version]!;
        if (writer >= 0) ends[writer] = Math.min(ends[writer]!, completedAt);
      }
    }
    let low = 0;
    for (const [rank, number] of this.byRank.entries()) {
      const { invokedAt } = transactions[number]!;
      while (low < rank && ends[this.byRank[low]!]! < invokedAt) low += 1;
      this.low[rank] = low;
      this.high[rank] = this.#firstInvokedAfter(ends[number]!);
    }
  }

  #firstInvokedAfter(moment: number): number {
    let [low, high] = [0, this.byRank.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (this.problem.transactions[this.byRank[middle]!]!.invokedAt > moment) high = middle;
      else low = middle + 1;
    }
    return low;
  }

  #topological(starts: Int32Array, targets: Int32Array): Int32Array | undefined {
    const waiting = new Int32Array(this.nodes);
    for (const target of targets) waiting[target]! += 1;
    const order = new Int32Array(this.nodes);
    let count = 0;
    for (let node = 0; node < this.nodes; node += 1) {
      if (waiting[node] !== 0) continue;
      order[count] = node;
      count += 1;
    }
    for (let i = 0; i < count; i += 1) {
      const node = order[i]!;
      for (let edge = starts[node]!; edge < starts[node + 1]!; edge += 1) {
        waiting[targets[edge]!]! -= 1;
        if (waiting[targets[edge]!] !== 0) continue;
        order[count] = targets[edge]!;
        count += 1;
      }
    }
    if (count === this.nodes) return order;
    this.circle = this.#findCircle(waiting);
    return undefined;
  }

  /** A circle among the nodes that wait for each other. */
  #findCircle(waiting: Int32Array): readonly ForcedPair[] {
    const into = new Map<number, number>(); // node -> a pair that ends there
    for (const [i, to] of this.#tos.entries()) {
      if (waiting[this.#froms[i]!]! > 0 && waiting[to]! > 0 && !into.has(to)) into.set(to, i);
    }
    // Every node that waits waits for another: going back must come round.
    const seen = new Set<number>();
    let node = [...into.keys()][0]!;
    while (!seen.has(node)) {
      seen.add(node);
      node = this.#froms[into.get(node)!]!;
    }
    const last = into.get(node)!;
    return [this.pairs[last]!, ...this.#path(node, this.#froms[last]!)];
  }

  /** A shortest chain of pairs. */
  #path(from: number, to: number): ForcedPair[] {
    const leaving = new Map<number, number[]>();
    for (const [i, node] of this.#froms.entries()) {
      const list = leaving.get(node);
      if (list === undefined) leaving.set(node, [i]);
      else list.push(i);
    }
    const reached = new Map<number, number>([[from, -1]]); // node -> the pair that led there
    for (const [node] of reached) {
      for (const i of leaving.get(node) ?? []) if (!reached.has(this.#tos[i]!)) reached.set(this.#tos[i]!, i);
      if (reached.has(to)) break;
    }
    const path: ForcedPair[] = [];
    for (let i = reached.get(to) ?? -1; i >= 0; i = reached.get(this.#froms[i]!)!) path.unshift(this.pairs[i]!);
    return path;
  }
}
