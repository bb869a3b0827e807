import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findComponents } from "./components.ts";
import { classify, findCycles } from "./cycles.ts";
import { EdgeList, type Graph } from "./edges.ts";
import { boundaryOf } from "./lattice.ts";
import type { Hop } from "./path-search.ts";
import { PROCESS, REALTIME, RW, RW_PREDICATE, WR, WW } from "./types.ts";

type Edge = readonly [from: number, to: number, label: number];

function graphOf(nodes: number, edges: readonly Edge[]): Graph {
  const list = new EdgeList(nodes);
  for (const [from, to, label] of edges) list.add(from, to, label);
  return list.pack();
}

function typesOf(nodes: number, edges: readonly Edge[]): string[] {
  return findCycles(graphOf(nodes, edges), { stepsMax: 1_000_000 }).cycles.map(({ type }) => type);
}

/** Every simple cycle, in every choice of labels: the slow and certain way. */
function allCycles(nodes: number, edges: readonly Edge[]): Hop[][] {
  const cycles: Hop[][] = [];
  const walk = (start: number, path: readonly Hop[]): void => {
    const at = path.length === 0 ? start : path[path.length - 1]!.to;
    for (const [from, to, label] of edges) {
      if (from !== at) continue;
      const next = [...path, { from, to, label }];
      if (to === start) cycles.push(next);
      else if (to > start && !path.some((hop) => hop.from === to)) walk(start, next);
    }
  };
  for (let start = 0; start < nodes; start += 1) walk(start, []);
  return cycles;
}

const NODES = 5;
const pair = fc.tuple(fc.nat(NODES - 1), fc.nat(NODES - 1)).filter(([from, to]) => from !== to);
const dataEdge = fc.tuple(pair, fc.constantFrom(WW, WR, RW, RW, RW_PREDICATE));
const orderEdge = fc.tuple(pair, fc.constantFrom(PROCESS, REALTIME));
const randomEdges = fc
  .tuple(fc.array(dataEdge, { maxLength: 9 }), fc.array(orderEdge, { maxLength: 4 }))
  .map(([data, orders]): Edge[] => [
    ...data.map(([[from, to], label]): Edge => [from, to, label]),
    // Orders follow time, so they have no cycles of their own.
    ...orders.map(([[a, b], label]): Edge => [Math.min(a, b), Math.max(a, b), label]),
  ]);

describe("cycle search against every simple cycle", () => {
  it("reports only types that occur, and rules out exactly the models that all cycles rule out", () => {
    fc.assert(
      fc.property(randomEdges, (edges) => {
        const all = new Set(allCycles(NODES, edges).map(classify));
        const found = new Set<string>();
        const whole = graphOf(NODES, edges);
        const components = findComponents(whole, 0xff);
        for (let component = 0; component < components.count; component += 1) {
          const inside = edges.filter(
            ([from, to]) => components.of[from] === component && components.of[to] === component,
          );
          for (const type of typesOf(NODES, inside)) found.add(type);
        }
        for (const type of found) expect(all).toContain(type);
        expect(boundaryOf(found)).toEqual(boundaryOf(all));
      }),
      { numRuns: 1500 },
    );
  });

  it("shows cycles whose steps are edges, each transaction once", () => {
    fc.assert(
      fc.property(randomEdges, (edges) => {
        for (const { hops, type } of findCycles(graphOf(NODES, edges), { stepsMax: 1000 }).cycles) {
          expect(classify(hops)).toBe(type);
          expect(new Set(hops.map((hop) => hop.from)).size).toBe(hops.length);
          for (const [i, hop] of hops.entries()) {
            expect(hop.to).toBe(hops[(i + 1) % hops.length]!.from);
            expect(edges).toContainEqual([hop.from, hop.to, hop.label]);
          }
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe("every cycle type is told from its neighbours", () => {
  const cases: readonly (readonly [string, readonly Edge[], readonly Edge[]])[] = [
    [
      "G0",
      [
        [0, 1, WW],
        [1, 0, WW],
      ],
      [
        [0, 1, WW],
        [1, 2, WW],
        [0, 2, WW],
      ],
    ],
    [
      "G1c",
      [
        [0, 1, WW],
        [1, 0, WR],
      ],
      [
        [0, 1, WW],
        [0, 1, WR],
      ],
    ],
    [
      "G-single-item",
      [
        [0, 1, WR],
        [1, 0, RW],
      ],
      [
        [0, 1, WR],
        [0, 1, RW],
      ],
    ],
    [
      "G-single",
      [
        [0, 1, WR],
        [1, 0, RW_PREDICATE],
      ],
      [
        [0, 1, WR],
        [0, 1, RW_PREDICATE],
      ],
    ],
    [
      "G-nonadjacent-item",
      [
        [0, 1, WR],
        [1, 2, RW],
        [2, 3, WW],
        [3, 0, RW],
      ],
      [
        [0, 1, WR],
        [1, 2, RW],
        [2, 3, WW],
        [0, 3, RW],
      ],
    ],
    [
      "G-nonadjacent",
      [
        [0, 1, WR],
        [1, 2, RW_PREDICATE],
        [2, 3, WW],
        [3, 0, RW],
      ],
      [
        [0, 1, WR],
        [1, 2, RW_PREDICATE],
        [3, 2, WW],
        [3, 0, RW],
      ],
    ],
    [
      "G2-item",
      [
        [0, 1, RW],
        [1, 0, RW],
      ],
      [
        [0, 1, RW],
        [1, 2, RW],
      ],
    ],
    [
      "G2",
      [
        [0, 1, RW],
        [1, 0, RW_PREDICATE],
      ],
      [
        [0, 1, RW],
        [1, 2, RW_PREDICATE],
      ],
    ],
  ];
  for (const [type, bad, good] of cases) {
    it(`${type}, and its -process and -realtime variants`, () => {
      expect(typesOf(4, bad)).toEqual([type]);
      expect(typesOf(4, good)).toEqual([]);
      for (const [label, suffix] of [
        [PROCESS, "-process"],
        [REALTIME, "-realtime"],
      ] as const) {
        // One more transaction, and the first step becomes one of data and one of order.
        const [[from, to, first], ...rest] = bad as [Edge, ...Edge[]];
        expect(typesOf(5, [[from, 4, first], [4, to, label], ...rest])).toEqual([`${type}${suffix}`]);
        expect(typesOf(5, [[from, 4, first], [to, 4, label], ...rest])).toEqual([]);
      }
    });
  }
});

describe("large components", () => {
  const SIZE = 100_000;

  it("a ring of 100,000 anti-dependencies is G2-item, and one dependency in 100,000 makes it G-single", () => {
    const ring: Edge[] = [];
    for (let i = 0; i < SIZE; i += 1) ring.push([i, (i + 1) % SIZE, RW]);
    expect(typesOf(SIZE, ring)).toEqual(["G2-item"]);
    const single = ring.map(([from, to], i): Edge => [from, to, i === 7 ? RW : WW]);
    expect(typesOf(SIZE, single)).toEqual(["G-single-item"]);
  });

  it("one G-single in a sea of G2-item is found", () => {
    const edges: Edge[] = [];
    for (let i = 0; i + 1 < SIZE; i += 1) edges.push([i, i + 1, WW]);
    // Anti-dependencies that lead forward close nothing; pairs of them at each end lead back by two steps in a row.
    for (let i = 0; i + 3 < SIZE; i += 3) edges.push([i + 1, i + 2, RW]);
    for (let i = SIZE; i < SIZE + 1000; i += 1) edges.push([i - SIZE + 50_000, i, RW], [i, i - SIZE + 10, RW]);
    expect(typesOf(SIZE + 1000, edges)).toEqual(["G2-item"]);
    expect(typesOf(SIZE + 1000, [...edges, [SIZE - 1, 0, RW]])).toEqual(["G-single-item"]);
  });

  it("a spent budget is admitted, and what exists is still ruled out", () => {
    // Anti-dependencies back, alternating with dependencies, over a path: G-nonadjacent whatever the budget finds.
    const edges: Edge[] = [];
    for (let i = 0; i < 400; i += 1) edges.push([i, i + 1, WW], [i + 1, (i + 2) % 402, RW]);
    const report = findCycles(graphOf(402, edges), { stepsMax: -1 });
    const full = findCycles(graphOf(402, edges), { stepsMax: 1_000_000 });
    expect(boundaryOf([...report.cycles.map(({ type }) => type), ...report.existence])).toEqual(
      boundaryOf(full.cycles.map(({ type }) => type)),
    );
  });
});

describe("helper nodes", () => {
  it("let each source reach every target but itself", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.nat(40), { maxLength: 30 }),
        fc.uniqueArray(fc.nat(40), { maxLength: 30 }),
        (from, to) => {
          const list = new EdgeList(41);
          list.addAll(from, to, RW);
          const graph = list.pack();
          for (const source of from) {
            const reached = new Set<number>();
            const stack: number[] = [source];
            while (stack.length > 0) {
              const node = stack.pop()!;
              for (let edge = graph.starts[node]!; edge < graph.starts[node + 1]!; edge += 1) {
                const target = graph.targets[edge]!;
                if (target < 41) reached.add(target);
                else stack.push(target);
              }
            }
            expect([...reached].sort((a, b) => a - b)).toEqual(
              to.filter((target) => target !== source).sort((a, b) => a - b),
            );
          }
          expect(graph.targets.length).toBeLessThanOrEqual(8 * (from.length + to.length) + 8);
        },
      ),
      { numRuns: 300 },
    );
  });
});
