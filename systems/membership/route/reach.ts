/**
 * Which vertices can be reached from one of them, kept up with the graph by as little work as can be.
 *
 * Any spanning tree proves what is reached. It stays a proof when an edge goes that is not part of it, and when an edge comes that leads
 * nowhere new; most changes of a well-connected overlay are of these kinds. Only after the others the tree is made anew.
 */
import type { Graph, Tree } from "./graph.ts";

export class Reach {
  readonly #graph: Graph;
  readonly #self: string;
  #tree: Tree | null = null;

  constructor(graph: Graph, self: string) {
    this.#graph = graph;
    this.#self = self;
  }

  /** True when the set may have changed since the tree was made. */
  get isStale(): boolean {
    return this.#tree === null;
  }

  /** The vertices that are reached; empty while the root is no vertex. */
  get order(): Int32Array {
    return this.#made()?.order ?? new Int32Array(0);
  }

  has(vertex: number): boolean {
    const tree = this.#made();
    return tree !== null && isReached(tree, vertex);
  }

  /** To be called after the edges that leave a node were replaced in the graph. */
  changed(node: string, before: readonly string[], after: readonly string[]): void {
    const tree = this.#tree;
    if (tree === null) return;
    const from = this.#graph.idOf(node)!; // its edges were set
    if (!isReached(tree, from)) return;
    for (const peer of before) {
      const to = this.#graph.idOf(peer)!; // it was a neighbour
      if (tree.parents[to] === from && !after.includes(peer)) this.#tree = null;
    }
    for (const peer of after) if (!isReached(tree, this.#graph.idOf(peer)!)) this.#tree = null; // it is a neighbour
  }

  #made(): Tree | null {
    if (this.#tree !== null) return this.#tree;
    const root = this.#graph.idOf(this.#self);
    if (root !== undefined) this.#tree = this.#graph.tree(root);
    return this.#tree;
  }
}

/** Vertices that are younger than the tree are not in it. */
function isReached({ parents }: Tree, vertex: number): boolean {
  return vertex < parents.length && parents[vertex]! !== -1;
}
