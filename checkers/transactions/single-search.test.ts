import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findComponents } from "./components.ts";
import { EdgeList } from "./edges.ts";
import { type Candidate, findClosing } from "./single-search.ts";
import { RW, WW } from "./types.ts";

const NODES = 14;
const edge = fc
  .tuple(fc.nat(NODES - 1), fc.nat(NODES - 1), fc.constantFrom(WW, WW, RW))
  .filter(([from, to]) => from !== to);

function reaches(edges: readonly (readonly [number, number, number])[], from: number, to: number): boolean {
  const seen = new Set([from]);
  for (const node of seen) {
    if (node === to) return true;
    for (const [source, target, label] of edges) if (label === WW && source === node) seen.add(target);
  }
  return false;
}

describe("anti-dependencies that close a cycle alone", () => {
  it("are those whose target reaches their source", () => {
    fc.assert(
      fc.property(fc.array(edge, { maxLength: 30 }), (edges) => {
        const list = new EdgeList(NODES);
        for (const [from, to, label] of edges) list.add(from, to, label);
        const graph = list.pack();
        const components = findComponents(graph, WW);
        const candidates: Candidate[] = [];
        for (let source = 0; source < NODES; source += 1) {
          for (let at = graph.starts[source]!; at < graph.starts[source + 1]!; at += 1) {
            if (graph.labels[at] === RW) candidates.push({ source, edge: at });
          }
        }
        const names = (some: readonly Candidate[]): number[] => some.map((one) => one.edge).sort((a, b) => a - b);
        const expected = candidates.filter((one) => reaches(edges, graph.targets[one.edge]!, one.source));
        const limits = { stepsMax: 1_000_000, wanted: 1_000 };
        const found = findClosing(graph, components, WW, candidates, limits);
        // Those inside one component are enough when there are any; else all must be found.
        const inside = expected.filter((one) => components.of[one.source] === components.of[graph.targets[one.edge]!]);
        expect(names(found.closing)).toEqual(names(inside.length > 0 ? inside : expected));
        expect(found.isComplete).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  it("are followed 32 at a time, and the search stops at its budget", () => {
    const list = new EdgeList(400);
    for (let node = 0; node + 1 < 200; node += 1) list.add(node, node + 1, WW);
    for (let node = 200; node < 399; node += 1) list.add(node, node + 1, WW);
    // From the first chain to the second, whose components have higher numbers: only a search can tell that none closes.
    for (let node = 0; node < 100; node += 1) list.add(node, node + 200, RW);
    const graph = list.pack();
    const components = findComponents(graph, WW);
    const candidates = Array.from({ length: 100 }, (_, source) => ({ source, edge: graph.starts[source + 1]! - 1 }));
    const all = { stepsMax: 1_000_000, wanted: 1 };
    expect(findClosing(graph, components, WW, candidates, all)).toEqual({ closing: [], isComplete: true });
    const cut = findClosing(graph, components, WW, candidates, { stepsMax: 1, wanted: 1 });
    expect(cut).toEqual({ closing: [], isComplete: false });
  });
});
