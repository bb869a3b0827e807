/**
 * Strongly connected components by Tarjan's algorithm (SIAM J. Comput. 1(2), 1972), without recursion.
 *
 * `mask` restricts the graph to edges with one of these labels. Linear in nodes and edges.
 */
import type { Graph } from "./edges.ts";

export type Components = {
  readonly count: number;
  /** Component of each node. Components are numbered against the edges: an edge never leads to a higher number. */
  readonly of: Int32Array;
};

export function findComponents(graph: Graph, mask: number): Components {
  const { nodes, starts, targets, labels } = graph;
  const of = new Int32Array(nodes).fill(-1);
  const order = new Int32Array(nodes); // 0: not seen
  const low = new Int32Array(nodes);
  const next = new Int32Array(nodes);
  const path = new Int32Array(nodes);
  const stack = new Int32Array(nodes);
  let stackSize = 0;
  let clock = 0;
  let count = 0;
  for (let root = 0; root < nodes; root += 1) {
    if (order[root] !== 0) continue;
    let depth = 0;
    path[0] = root;
    clock += 1;
    order[root] = clock;
    low[root] = clock;
    next[root] = starts[root]!;
    stack[stackSize++] = root;
    while (depth >= 0) {
      const node = path[depth]!;
      const edge = next[node]!;
      if (edge < starts[node + 1]!) {
        next[node] = edge + 1;
        if ((labels[edge]! & mask) === 0) continue;
        const target = targets[edge]!;
        if (order[target] === 0) {
          clock += 1;
          order[target] = clock;
          low[target] = clock;
          next[target] = starts[target]!;
          stack[stackSize++] = target;
          depth += 1;
          path[depth] = target;
        } else if (of[target]! < 0 && order[target]! < low[node]!) {
          low[node] = order[target]!;
        }
        continue;
      }
      depth -= 1;
      if (depth >= 0 && low[node]! < low[path[depth]!]!) low[path[depth]!] = low[node]!;
      if (low[node] !== order[node]) continue;
      let member = -1;
      do {
        stackSize -= 1;
        member = stack[stackSize]!;
        of[member] = count;
      } while (member !== node);
      count += 1;
    }
  }
  return { count, of };
}

/** Members of each component with at least two nodes, nodes ascending, components by their smallest node. */
export function cyclicComponents(graph: Graph, components: Components): Int32Array[] {
  const sizes = new Int32Array(components.count);
  for (let node = 0; node < graph.nodes; node += 1) sizes[components.of[node]!]! += 1;
  const groups = new Map<number, number[]>();
  for (let node = 0; node < graph.nodes; node += 1) {
    const component = components.of[node]!;
    if (sizes[component]! < 2) continue;
    const group = groups.get(component);
    if (group === undefined) groups.set(component, [node]);
    else group.push(node);
  }
  return [...groups.values()].map((group) => Int32Array.from(group));
}
