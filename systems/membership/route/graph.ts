/**
 * The graph of who claims whom as a neighbour, and its breadth-first trees.
 *
 * As in lashup, an edge goes from a node to each member of its active view, and one claim is enough: a dead node is out of reach when
 * its last neighbour has dropped it, though its own last record still claims them all. Vertices are small numbers and edges
 * a typed array, so that a thousand nodes can each keep a graph of a thousand.
 */

export type Tree = {
  readonly root: number;
  /** The vertices reached, by distance, then in the order of their parents and names. */
  readonly order: Int32Array;
  /** By vertex: the one before it on the way from the root; the root's is itself; -1 out of reach. */
  readonly parents: Int32Array;
  /** By vertex: hops from the root; -1 out of reach. */
  readonly distances: Int32Array;
};

const DEGREE_FIRST = 8;
const VERTICES_FIRST = 16;

export class Graph {
  readonly #ids: Map<string, number> = new Map();
  readonly #names: string[] = [];
  // Invariant: the neighbours of vertex v stand at v * #stride, #degrees[v] of them, in the order in which they were given.
  #edges: Int32Array = new Int32Array(VERTICES_FIRST * DEGREE_FIRST);
  #degrees: Int32Array = new Int32Array(VERTICES_FIRST);
  #stride: number = DEGREE_FIRST;

  /** Vertices, also those that were only named as neighbours. */
  get size(): number {
    return this.#names.length;
  }

  nameOf(vertex: number): string {
    return this.#names[vertex]!;
  }

  idOf(name: string): number | undefined {
    return this.#ids.get(name);
  }

  /** Replaces the edges that leave a node. Neighbours must be sorted: the order of trees follows theirs. */
  setNeighbours(node: string, neighbours: readonly string[]): void {
    const vertex = this.#vertex(node);
    for (const neighbour of neighbours) this.#vertex(neighbour);
    if (neighbours.length > this.#stride) this.#resize(this.#degrees.length, neighbours.length * 2);
    this.#degrees[vertex] = neighbours.length;
    neighbours.forEach((neighbour, i) => {
      this.#edges[vertex * this.#stride + i] = this.#ids.get(neighbour)!; // made above
    });
  }

  /** The breadth-first tree from a vertex: shortest ways, the first by name among equals. */
  tree(root: number): Tree {
    const count = this.#names.length;
    const parents = new Int32Array(count).fill(-1);
    const distances = new Int32Array(count).fill(-1);
    const order = new Int32Array(count);
    order[0] = root;
    parents[root] = root;
    distances[root] = 0;
    let reached = 1;
    for (let next = 0; next < reached; next++) {
      const vertex = order[next]!;
      const start = vertex * this.#stride;
      const end = start + this.#degrees[vertex]!;
      for (let edge = start; edge < end; edge++) {
        const neighbour = this.#edges[edge]!;
        if (parents[neighbour] !== -1) continue;
        parents[neighbour] = vertex;
        distances[neighbour] = distances[vertex]! + 1;
        order[reached++] = neighbour;
      }
    }
    return { root, order: order.slice(0, reached), parents, distances };
  }

  #vertex(name: string): number {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const vertex = this.#names.length;
    if (vertex >= this.#degrees.length) this.#resize(vertex * 2, this.#stride);
    this.#ids.set(name, vertex);
    this.#names.push(name);
    return vertex;
  }

  #resize(vertices: number, stride: number): void {
    const edges = new Int32Array(vertices * stride);
    for (let vertex = 0; vertex < this.#names.length; vertex++) {
      const start = vertex * this.#stride;
      edges.set(this.#edges.subarray(start, start + this.#degrees[vertex]!), vertex * stride);
    }
    const degrees = new Int32Array(vertices);
    degrees.set(this.#degrees.subarray(0, this.#names.length));
    this.#edges = edges;
    this.#degrees = degrees;
    this.#stride = stride;
  }
}
