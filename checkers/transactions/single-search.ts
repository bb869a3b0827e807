/**
 * Which anti-dependencies close into a cycle without another one: the heart of G-single.
 *
 * An edge u -> t does when t reaches u through dependencies. Components of the dependency graph come numbered against
 * its edges, so only edges with component(t) >= component(u) can, and the path stays between the two numbers. Thirty-
 * two candidates are followed at once, one bit each, in one sweep over that range.
 */
import type { Components } from "./components.ts";
import type { Graph } from "./edges.ts";

export type Candidate = { readonly source: number; readonly edge: number };

export type SingleResult = { readonly closing: readonly Candidate[]; readonly isComplete: boolean };

/** Stops, incomplete, when a sweep would pass `stepsMax` edges; stops early once `wanted` candidates are known to close. */
export function findClosing(
  graph: Graph,
  dependencies: Components,
  mask: number,
  candidates: readonly Candidate[],
  limits: { readonly stepsMax: number; readonly wanted: number },
): SingleResult {
  const { of } = dependencies;
  const closing: Candidate[] = [];
  const open: Candidate[] = [];
  for (const candidate of candidates) {
    const from = of[graph.targets[candidate.edge]!]!;
    const to = of[candidate.source]!;
    if (from === to) closing.push(candidate);
    else if (from > to) open.push(candidate);
  }
  if (closing.length > 0 || open.length === 0) return { closing, isComplete: true };
  const span = (candidate: Candidate): number => of[graph.targets[candidate.edge]!]! - of[candidate.source]!;
  open.sort(
    (left, right) => of[right.source]! - of[left.source]! || span(left) - span(right) || left.edge - right.edge,
  );
  const byComponent = nodesByComponent(graph, dependencies);
  const reached = new Int32Array(dependencies.count);
  let steps = 0;
  for (let start = 0; start < open.length; start += 32) {
    const batch = open.slice(start, start + 32);
    steps += sweep(graph, dependencies, { mask, byComponent, reached }, batch, closing);
    if (closing.length >= limits.wanted) return { closing, isComplete: true };
    if (steps > limits.stepsMax) return { closing, isComplete: false };
  }
  return { closing, isComplete: true };
}

type Sweep = {
  readonly mask: number;
  /** Nodes sorted by component, and where each component begins. */
  readonly byComponent: { readonly nodes: Int32Array; readonly starts: Int32Array };
  /** Bit i: candidate i of the batch reaches this component. All zero between sweeps. */
  readonly reached: Int32Array;
};

function sweep(
  graph: Graph,
  { of }: Components,
  { mask, byComponent, reached }: Sweep,
  batch: readonly Candidate[],
  closing: Candidate[],
): number {
  let highest = 0;
  let lowest = reached.length;
  for (let bit = 0; bit < batch.length; bit += 1) {
    const from = of[graph.targets[batch[bit]!.edge]!]!;
    reached[from]! |= 1 << bit;
    highest = Math.max(highest, from);
    lowest = Math.min(lowest, of[batch[bit]!.source]!);
  }
  let steps = 0;
  for (let component = highest; component > lowest; component -= 1) {
    const bits = reached[component]!;
    if (bits === 0) continue;
    for (let at = byComponent.starts[component]!; at < byComponent.starts[component + 1]!; at += 1) {
      const node = byComponent.nodes[at]!;
      for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) {
        steps += 1;
        if ((graph.labels[edge]! & mask) === 0) continue;
        const target = of[graph.targets[edge]!]!;
        if (target >= lowest) reached[target]! |= bits;
      }
    }
  }
  for (let bit = 0; bit < batch.length; bit += 1) {
    if ((reached[of[batch[bit]!.source]!]! & (1 << bit)) !== 0) closing.push(batch[bit]!);
  }
  reached.fill(0, lowest, highest + 1);
  return steps + (highest - lowest);
}

function nodesByComponent(graph: Graph, components: Components): Sweep["byComponent"] {
  const starts = new Int32Array(components.count + 1);
  for (let node = 0; node < graph.nodes; node += 1) starts[components.of[node]! + 1]! += 1;
  for (let component = 0; component < components.count; component += 1) starts[component + 1]! += starts[component]!;
  const next = starts.slice(0, components.count);
  const nodes = new Int32Array(graph.nodes);
  for (let node = 0; node < graph.nodes; node += 1) {
    const component = components.of[node]!;
    nodes[next[component]!] = node;
    next[component]! += 1;
  }
  return { nodes, starts };
}
