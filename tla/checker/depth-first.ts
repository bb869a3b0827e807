/** Depth-first exploration: the same states and checks as breadth first, in another order; counterexamples may be long. */
import { createVisitor, type Exploration, type ExploreOptions } from "./explore.ts";

export function exploreDepthFirst(exploration: Exploration, options: ExploreOptions): void {
  const { checks, store } = exploration;
  if (checks.init === undefined || checks.next === undefined) return;
  const visitor = createVisitor(exploration, options);
  visitor.initial();
  const depths: number[] = [];
  const stack: number[] = [];
  for (let index = store.count - 1; index >= 0; index--) {
    stack.push(index);
    depths[index] = 1;
  }
  for (let index = stack.pop(); index !== undefined && !visitor.isDone(); index = stack.pop()) {
    const depth = depths[index]!;
    exploration.depth = Math.max(exploration.depth, depth);
    if (options.budget.depthMax !== undefined && depth >= options.budget.depthMax) {
      exploration.stopped = `not deeper than ${depth} states`;
      continue;
    }
    const before = store.count;
    exploration.expanded++;
    visitor.expand(index, depth);
    for (let fresh = store.count - 1; fresh >= before; fresh--) {
      depths[fresh] = depth + 1;
      stack.push(fresh);
    }
    if (exploration.expanded % 4096 === 1)
      options.onProgress?.({
        distinct: store.count,
        total: exploration.total,
        depth: exploration.depth,
        queued: stack.length,
      });
  }
}
