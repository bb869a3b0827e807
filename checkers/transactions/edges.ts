/**
 * Edges of a graph, collected in growing typed arrays and then packed by source (compressed sparse rows).
 *
 * Nodes below `transactions` are transactions; nodes above are helpers that keep the number of edges linear where many
 * precede many. A step from a helper is ONWARD: it goes on with the label that entered the helper, and helpers never lie
 * on a cycle of their own.
 */
import { ONWARD } from "./types.ts";

export class EdgeList {
  #from = new Int32Array(1024);
  #to = new Int32Array(1024);
  #label = new Uint8Array(1024);
  #count = 0;
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
    return this.#count;
  }

  addNode(): number {
    this.#nodes += 1;
    return this.#nodes - 1;
  }

  add(from: number, to: number, label: number): void {
    if (this.#count === this.#from.length) this.#grow();
    this.#from[this.#count] = from;
    this.#to[this.#count] = to;
    this.#label[this.#count] = label;
    this.#count += 1;
  }

  /**
   * Each of `from` precedes each of `to` other than itself. Few pairs become edges; many go through helpers: a chain that
   * reaches the first j of `to`, and one that reaches those from j on, so that a node in both lists never reaches itself.
   */
  addAll(from: readonly number[], to: readonly number[], label: number): void {
    if (from.length * to.length <= 4 * (from.length + to.length)) {
      for (const source of from) {
        for (const target of to) if (source !== target) this.add(source, target, label);
      }
      return;
    }
    const targets = [...new Set(to)];
    const places = new Map(targets.map((target, place) => [target, place]));
    const firsts = targets.map(() => this.addNode());
    const rests = targets.map(() => this.addNode());
    for (let place = 0; place < targets.length; place += 1) {
      this.add(firsts[place]!, targets[place]!, ONWARD);
      this.add(rests[place]!, targets[place]!, ONWARD);
      if (place > 0) this.add(firsts[place]!, firsts[place - 1]!, ONWARD);
      if (place > 0) this.add(rests[place - 1]!, rests[place]!, ONWARD);
    }
    for (const source of new Set(from)) {
      const own = places.get(source);
      if (own === undefined) this.add(source, rests[0]!, label);
      if (own !== undefined && own > 0) this.add(source, firsts[own - 1]!, label);
      if (own !== undefined && own + 1 < targets.length) this.add(source, rests[own + 1]!, label);
    }
  }

  pack(): Graph {
    const starts = new Int32Array(this.#nodes + 1);
    for (let edge = 0; edge < this.#count; edge += 1) starts[this.#from[edge]! + 1]! += 1;
    for (let node = 0; node < this.#nodes; node += 1) starts[node + 1]! += starts[node]!;
    const next = starts.slice(0, this.#nodes);
    const targets = new Int32Array(this.#count);
    const labels = new Uint8Array(this.#count);
    for (let edge = 0; edge < this.#count; edge += 1) {
      const source = this.#from[edge]!;
      const slot = next[source]!;
      next[source] = slot + 1;
      targets[slot] = this.#to[edge]!;
      labels[slot] = this.#label[edge]!;
    }
    return { nodes: this.#nodes, transactions: this.transactions, starts, targets, labels };
  }

  #grow(): void {
    const length = this.#from.length * 2;
    const from = new Int32Array(length);
    const to = new Int32Array(length);
    const label = new Uint8Array(length);
    from.set(this.#from);
    to.set(this.#to);
    label.set(this.#label);
    this.#from = from;
    this.#to = to;
    this.#label = label;
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
