/**
 * Shortest cycles through a given edge.
 *
 * Breadth-first over (node, was the last step an anti-dependency), so that a path may be forbidden to take two in a row. The
 * length of a path is the number of transactions on it: a step into a helper costs nothing. Scratch arrays are
 * stamped, not cleared, so many searches in one graph cost only what they visit.
 */
import type { Graph } from "./edges.ts";
import { ONWARD, RW, RW_PREDICATE } from "./types.ts";

const ANTI = RW | RW_PREDICATE;

/** One step of a cycle between transactions of the graph. */
export type Hop = { readonly from: number; readonly to: number; readonly label: number };

export type PathQuery = {
  readonly mask: number;
  /** No two anti-dependencies in a row, the last and the first included. */
  readonly isNonadjacent: boolean;
  /** Give up on cycles with more transactions than this. */
  readonly hopsMax: number;
};

export class PathSearch {
  readonly #graph: Graph;
  readonly #stamp: Int32Array;
  readonly #parentState: Int32Array;
  readonly #parentEdge: Int32Array;
  #round = 0;
  /** Edges looked at since the beginning. */
  steps = 0;

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#stamp = new Int32Array(graph.nodes * 2);
    this.#parentState = new Int32Array(graph.nodes * 2);
    this.#parentEdge = new Int32Array(graph.nodes * 2);
  }

  /** The shortest cycle that begins with this edge out of the transaction `source`; undefined when there is none. */
  throughEdge(source: number, edge: number, query: PathQuery): readonly Hop[] | undefined {
    const { targets, labels } = this.#graph;
    this.#round += 1;
    const isAnti = (labels[edge]! & ANTI) !== 0;
    const first = targets[edge]! * 2 + (isAnti ? 1 : 0);
    this.#stamp[first] = this.#round;
    this.#parentState[first] = -1;
    this.#parentEdge[first] = edge;
    const end = this.#search(first, source, isAnti, query);
    return end < 0 ? undefined : this.#hops(source, end);
  }

  /** Returns the state in which `source` was reached, -1 when it was not. */
  #search(first: number, source: number, startsAnti: boolean, query: PathQuery): number {
    let layer = [first];
    for (let hops = 1; layer.length > 0 && hops <= query.hopsMax; hops += 1) {
      const nextLayer: number[] = [];
      // Grows while it is read: what is reached through helpers belongs to the same layer.
      for (let at = 0; at < layer.length; at += 1) {
        const end = this.#expand(layer[at]!, layer, nextLayer, { source, startsAnti, query });
        if (end >= 0) return end;
      }
      layer = nextLayer;
    }
    return -1;
  }

  #expand(
    state: number,
    layer: number[],
    nextLayer: number[],
    goal: { readonly source: number; readonly startsAnti: boolean; readonly query: PathQuery },
  ): number {
    const { starts, targets, labels, transactions } = this.#graph;
    const node = state >> 1;
    const wasAnti = state & 1;
    for (let edge = starts[node]!; edge < starts[node + 1]!; edge += 1) {
      this.steps += 1;
      const label = labels[edge]!;
      if ((label & goal.query.mask) === 0) continue;
      const isAnti = label === ONWARD ? wasAnti : (label & ANTI) !== 0 ? 1 : 0;
      if (goal.query.isNonadjacent && label !== ONWARD && isAnti === 1 && wasAnti === 1) continue;
      const target = targets[edge]!;
      const next = target * 2 + isAnti;
      if (this.#stamp[next] === this.#round) continue;
      this.#stamp[next] = this.#round;
      this.#parentState[next] = state;
      this.#parentEdge[next] = edge;
      if (target === goal.source) {
        if (goal.query.isNonadjacent && goal.startsAnti && isAnti === 1) continue;
        return next;
      }
      if (target < transactions) nextLayer.push(next);
      else layer.push(next);
    }
    return -1;
  }

  #hops(source: number, end: number): readonly Hop[] {
    const { targets, labels, transactions } = this.#graph;
    const edges: number[] = [];
    for (let state = end; state >= 0; state = this.#parentState[state]!) edges.push(this.#parentEdge[state]!);
    edges.reverse();
    const hops: Hop[] = [];
    let from = source;
    let label = 0;
    for (const edge of edges) {
      if (labels[edge] !== ONWARD) label = labels[edge]!;
      const to = targets[edge]!;
      if (to >= transactions) continue;
      hops.push({ from, to, label });
      from = to;
    }
    return hops;
  }
}
