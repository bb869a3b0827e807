/** Graphs in compressed rows, and their strongly connected components (Tarjan's algorithm without recursion). */

/** Edges of node n are at positions starts[n] to starts[n + 1]. */
export type Graph = { readonly starts: Int32Array; readonly to: Int32Array };

/** Calls `onComponent` with each component's nodes; nodes for which `isIn` is false are left out. */
export function eachComponent(
  graph: Graph,
  nodes: readonly number[],
  isIn: (node: number) => boolean,
  onComponent: (nodes: number[]) => void,
): void {
  const index = new Map<number, number>();
  const low = new Map<number, number>();
  const onStack = new Set<number>();
  const stack: number[] = [];
  for (const root of nodes) {
    if (index.has(root) || !isIn(root)) continue;
    const work: { node: number; edge: number }[] = [];
    const open = (node: number): void => {
      index.set(node, index.size);
      low.set(node, index.get(node)!);
      stack.push(node);
      onStack.add(node);
      work.push({ node, edge: graph.starts[node]! });
    };
    open(root);
    while (work.length > 0) {
      const top = work[work.length - 1]!;
      if (top.edge < graph.starts[top.node + 1]!) {
        const to = graph.to[top.edge++]!;
        if (!isIn(to)) continue;
        if (!index.has(to)) open(to);
        else if (onStack.has(to)) low.set(top.node, Math.min(low.get(top.node)!, index.get(to)!));
        continue;
      }
      work.pop();
      const parent = work[work.length - 1];
      if (parent !== undefined) low.set(parent.node, Math.min(low.get(parent.node)!, low.get(top.node)!));
      if (low.get(top.node) !== index.get(top.node)) continue;
      const component: number[] = [];
      for (let node = stack.pop()!; ; node = stack.pop()!) {
        onStack.delete(node);
        component.push(node);
        if (node === top.node) break;
      }
      onComponent(component);
    }
  }
}

/** A shortest path from one node inside a set to the first edge that fits; the edges' positions, the last being the one. */
export function pathToEdge(
  graph: Graph,
  from: number,
  isIn: (node: number) => boolean,
  fits: (edge: number, node: number) => boolean,
): number[] | undefined {
  const cameBy = new Map<number, { edge: number; from: number }>();
  const queue = [from];
  const seen = new Set(queue);
  for (const node of queue) {
    for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge++) {
      const to = graph.to[edge]!;
      if (!isIn(to)) continue;
      if (fits(edge, node)) return [...trace(cameBy, from, node), edge];
      if (seen.has(to)) continue;
      seen.add(to);
      cameBy.set(to, { edge, from: node });
      queue.push(to);
    }
  }
  return undefined;
}

function trace(cameBy: ReadonlyMap<number, { edge: number; from: number }>, from: number, to: number): number[] {
  const path: number[] = [];
  for (let node = to; node !== from; ) {
    const step = cameBy.get(node)!;
    path.push(step.edge);
    node = step.from;
  }
  return path.reverse();
}
