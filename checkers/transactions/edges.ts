/**
 * Edges of a graph, collected in growing typed arrays and then packed by source (compressed sparse rows).
 *
 * Nodes below `transactions` are transactions; nodes above are helpers that keep the number of edges linear where many
 * precede many. A step from a helper is ONWARD: it goes on with the label that entered the helper, and helpers never lie
 * on a cycle of their own.
 */
import { ONWARD } from "./types.ts";

const CHUNK = 1 << 16;

type Chunk = { readonly from: Int32Array; readonly to: Int32Array; readonly label: Uint8Array };

export class EdgeList {
  // Chunks instead of doubling: nothing is copied, and no array is larger than the graph needs.
  readonly #chunks: Chunk[] = [];
  #last: Chunk = { from: new Int32Array(0), to: new Int32Array(0), label: new Uint8Array(0) };
  #used = CHUNK; // of the last chunk
  // Invariant: every node of every edge is below #nodes.
  #nodes: number;
  readonly transactions: number;

  constructor(transactions: number) {
    this.transactions = transactions;
    this.#nodes = transactions;
  }

  get nodes(): number {
    return this.#nodes;
  }

  get count(): number {
    return this.#chunks.length === 0 ? 0 : (this.#chunks.length - 1) * CHUNK + this.#used;
  }

  addNode(): number {
    this.#nodes += 1;
    return this.#nodes - 1;
  }

  add(from: number, to: number, label: number): void {
    if (this.#used === CHUNK) {
      this.#last = newChunk();
      this.#chunks.push(this.#last);
      this.#used = 0;
    }
    const at = this.#used;
    this.#last.from[at] = from;
    this.#last.to[at] = to;
    this.#last.label[at] = label;
    this.#used = at + 1;
  }

  /**
   * Each of `from` precedes each of `to` other than itself. Few pairs become edges; many go through helpers: a chain that
   * reaches the first j of `to`, and one that reaches those from j on, so that a node in both lists never reaches itself.
   */
  addAll(from: ArrayLike<number>, to: ArrayLike<number>, label: number): void {
    if (from.length * to.length <= 4 * (from.length + to.length)) {
      for (let i = 0; i < from.length; i += 1) {
        for (let j = 0; j < to.length; j += 1) if (from[i] !== to[j]) this.add(from[i]!, to[j]!, label);
      }
      return;
    }
    const targets = [...new Set(Array.from(to))];
    const places = new Map(targets.map((target, place) => [target, place]));
    const firsts = targets.map(() => this.addNode());
    const rests = targets.map(() => this.addNode());
    for (let place = 0; place < targets.length; place += 1) {
      this.add(firsts[place]!, targets[place]!, ONWARD);
      this.add(rests[place]!, targets[place]!, ONWARD);
      if (place > 0) this.add(firsts[place]!, firsts[place - 1]!, ONWARD);
      if (place > 0) this.add(rests[place - 1]!, rests[place]!, ONWARD);
    }
    for (const source of new Set(Array.from(from))) {
      const own = places.get(source);
      if (own === undefined) this.add(source, rests[0]!, label);
      if (own !== undefined && own > 0) this.add(source, firsts[own - 1]!, label);
      if (own !== undefined && own + 1 < targets.length) this.add(source, rests[own + 1]!, label);
    }
  }

  /** Adds all edges of a list over the same nodes. */
  addEdgesOf(other: EdgeList): void {
    const count = other.count;
    for (const [i, { from, to, label }] of other.#chunks.entries()) {
      const length = Math.min(CHUNK, count - i * CHUNK);
      for (let edge = 0; edge < length; edge += 1) this.add(from[edge]!, to[edge]!, label[edge]!);
    }
    this.#nodes = Math.max(this.#nodes, other.#nodes);
  }

  pack(): Graph {
    const nodes = this.#nodes;
    const count = this.count;
    const starts = new Int32Array(nodes + 1);
    for (const [i, { from }] of this.#chunks.entries()) countSources(from, Math.min(CHUNK, count - i * CHUNK), starts);
    for (let node = 0; node < nodes; node += 1) starts[node + 1]! += starts[node]!;
    const next = starts.slice(0, nodes);
    const targets = new Int32Array(count);
    const labels = new Uint8Array(count);
    const rows = { next, targets, labels };
    for (const [i, chunk] of this.#chunks.entries()) fillRows(chunk, Math.min(CHUNK, count - i * CHUNK), rows);
    return { nodes, transactions: this.transactions, starts, targets, labels };
  }
}

function newChunk(): Chunk {
  return { from: new Int32Array(CHUNK), to: new Int32Array(CHUNK), label: new Uint8Array(CHUNK) };
}

function countSources(from: Int32Array, length: number, starts: Int32Array): void {
  for (let edge = 0; edge < length; edge += 1) starts[from[edge]! + 1]! += 1;
}

type Rows = { readonly next: Int32Array; readonly targets: Int32Array; readonly labels: Uint8Array };

function fillRows({ from, to, label }: Chunk, length: number, { next, targets, labels }: Rows): void {
  for (let edge = 0; edge < length; edge += 1) {
    const source = from[edge]!;
    const slot = next[source]!;
    next[source] = slot + 1;
    targets[slot] = to[edge]!;
    labels[slot] = label[edge]!;
  }
}

export type Graph = {
  readonly nodes: number;
  /** Nodes below this number are transactions, the others helpers. */
  readonly transactions: number;
  /** Edges of node n lie from starts[n] to starts[n + 1] - 1. */
  readonly starts: Int32Array;
  readonly targets: Int32Array;
  readonly labels: Uint8Array;
};

/** The nodes in `members` with the edges among them; members[i] becomes node i, transactions first. */
export function subgraph(graph: Graph, members: Int32Array): Graph {
  const place = new Map<number, number>();
  let transactions = 0;
  for (let i = 0; i < members.length; i += 1) {
    place.set(members[i]!, i);
    if (members[i]! < graph.transactions) transactions += 1;
  }
  const starts = new Int32Array(members.length + 1);
  const targets: number[] = [];
  const labels: number[] = [];
  for (let i = 0; i < members.length; i += 1) {
    const node = members[i]!;
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) {
      const target = place.get(graph.targets[edge]!);
      if (target === undefined) continue;
      targets.push(target);
      labels.push(graph.labels[edge]!);
    }
    starts[i + 1] = targets.length;
  }
  return {
    nodes: members.length,
    transactions,
    starts,
    targets: Int32Array.from(targets),
    labels: Uint8Array.from(labels),
  };
}
