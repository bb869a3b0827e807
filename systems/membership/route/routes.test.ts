/** Routes against a naive model, and told changes against answers. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Simulation, type SimulationOptions, simulate } from "../../../tests/membership/simulation.ts";
import { startGm } from "../gm/gm.ts";
import { GM_DEFAULTS } from "../gm/options.ts";
import type { Branch, Routes } from "../membership.ts";
import { Graph } from "./graph.ts";
import { ROUTE_DEFAULTS } from "./options.ts";
import { Reach } from "./reach.ts";
import { startRoutes } from "./routes.ts";

type Views = ReadonlyMap<string, readonly string[]>;

/** Shortest distances by relaxing every edge until nothing changes. */
function naiveDistances(views: Views, root: string): Map<string, number> {
  const distances = new Map([[root, 0]]);
  for (let isChanged = true; isChanged; ) {
    isChanged = false;
    for (const [from, view] of views) {
      const before = distances.get(from);
      if (before === undefined) continue;
      for (const to of view) {
        if ((distances.get(to) ?? Number.POSITIVE_INFINITY) <= before + 1) continue;
        distances.set(to, before + 1);
        isChanged = true;
      }
    }
  }
  return distances;
}

const node = fc.integer({ min: 0, max: 11 }).map((i) => `v${i}`);
const steps = fc.array(fc.tuple(node, fc.uniqueArray(node, { maxLength: 11 })), { maxLength: 40 });

describe("the graph", () => {
  it("gives the distances of a naive search, on ways that exist", () => {
    fc.assert(
      fc.property(steps, (changes) => {
        const graph = new Graph();
        const views = new Map<string, readonly string[]>();
        for (const [name, neighbours] of changes) {
          const sorted = neighbours.filter((other) => other !== name).sort();
          graph.setNeighbours(name, sorted);
          views.set(name, sorted);
        }
        for (const root of views.keys()) {
          const tree = graph.tree(graph.idOf(root)!);
          const found = new Map<string, number>();
          for (const vertex of tree.order) {
            found.set(graph.nameOf(vertex), tree.distances[vertex]!);
            if (vertex === tree.root) continue;
            const parent = tree.parents[vertex]!;
            expect(tree.distances[vertex]).toBe(tree.distances[parent]! + 1);
            expect(views.get(graph.nameOf(parent))).toContain(graph.nameOf(vertex));
          }
          expect([...found].sort()).toEqual([...naiveDistances(views, root)].sort());
        }
      }),
    );
  });

  it("knows what is reached after every change of edges, without a tree made anew each time", () => {
    let kept = 0;
    fc.assert(
      fc.property(steps, (changes) => {
        const graph = new Graph();
        const reach = new Reach(graph, "v0");
        const views = new Map<string, readonly string[]>();
        for (const [name, neighbours] of changes) {
          const sorted = neighbours.filter((other) => other !== name).sort();
          graph.setNeighbours(name, sorted);
          reach.changed(name, views.get(name) ?? [], sorted);
          views.set(name, sorted);
          if (!reach.isStale) kept += 1;
          const expected = views.has("v0") || graph.idOf("v0") !== undefined ? naiveDistances(views, "v0") : new Map();
          expect([...reach.order].map((vertex) => graph.nameOf(vertex)).sort()).toEqual([...expected.keys()].sort());
        }
      }),
    );
    expect(kept).toBeGreaterThan(100);
  });

  it("has the same tree whatever the order in which it learned the edges", () => {
    const edges: [string, string[]][] = [
      ["a", ["b", "c", "d"]],
      ["b", ["a", "c", "e"]],
      ["d", ["a", "e"]],
      ["c", ["e", "f"]],
    ];
    const parentsOf = (order: typeof edges): Record<string, string> => {
      const graph = new Graph();
      for (const [name, neighbours] of order) graph.setNeighbours(name, neighbours);
      const tree = graph.tree(graph.idOf("a")!);
      return Object.fromEntries([...tree.order].map((v) => [graph.nameOf(v), graph.nameOf(tree.parents[v]!)]));
    };
    expect(parentsOf(edges)).toEqual({ a: "a", b: "a", c: "a", d: "a", e: "b", f: "c" });
    expect(parentsOf(edges.toReversed())).toEqual(parentsOf(edges));
  });
});

type Told = { readonly routes: Routes; readonly reach: Set<string> };

function simulateRoutes(
  options: SimulationOptions,
  script: (simulation: Simulation & { readonly at: (name: string) => Told }) => Promise<void>,
): Promise<void> {
  const told = new Map<string, Told>();
  return simulate(
    options,
    async (host, overlay) => {
      const routes = startRoutes(host, await startGm(host, overlay, GM_DEFAULTS), ROUTE_DEFAULTS);
      const reach = new Set<string>();
      routes.onReach(({ added, removed }) => {
        for (const name of added) reach.add(name);
        for (const name of removed) reach.delete(name);
      });
      told.set(host.name, { routes, reach });
    },
    (simulation) => script({ ...simulation, at: (name) => told.get(name)! }),
  );
}

function namesIn(branch: Branch): string[] {
  return [branch.node, ...branch.children.flatMap(namesIn)];
}

describe("routes", () => {
  it("reach every node of a ring, and tell it", () =>
    simulateRoutes({ nodes: 7 }, async ({ at, names, run }) => {
      await run(5_000_000);
      for (const name of names) {
        const { routes, reach } = at(name);
        expect(routes.reachableNodes()).toEqual([...names].sort());
        expect([...reach].sort()).toEqual([...names].sort());
      }
      const { routes } = at("n1");
      expect(routes.pathTo("n3")).toEqual(["n1", "n2", "n3"]);
      expect(routes.pathTo("n1")).toEqual(["n1"]);
      expect(routes.distance("n4")).toBe(3);
      expect(routes.distance("n4", "n3")).toBe(1);
      expect(routes.children("n1")).toEqual(["n2", "n7"]);
      expect(routes.children("n3")).toEqual(["n4"]);
      expect(namesIn(routes.tree("n5")!).sort()).toEqual([...names].sort());
      expect(routes.tree("n5")).toBe(routes.tree("n5"));
      expect(routes.pathTo("stranger")).toBeNull();
      expect(routes.tree("stranger")).toBeNull();
    }));

  it("lose a node when its last neighbour has dropped it, though its own record still claims them", () =>
    simulateRoutes({ nodes: 5 }, async ({ at, control, topology, run }) => {
      await run(5_000_000);
      control.kill("n3");
      topology.unlink("n3", "n2");
      await run(1_000_000);
      expect(at("n1").routes.reachable("n3")).toBe(true);
      topology.unlink("n3", "n4");
      await run(1_000_000);
      for (const name of ["n1", "n2", "n4", "n5"]) {
        expect(at(name).routes.reachable("n3")).toBe(false);
        expect(at(name).routes.unreachableNodes()).toEqual(["n3"]);
        expect(at(name).reach.has("n3")).toBe(false);
      }
    }));

  it("answer of now, and tell at a bounded rate what comes in a flurry", () =>
    simulateRoutes({ nodes: 3 }, async ({ at, topology, control, run }) => {
      await run(5_000_000);
      let changes = 0;
      control.world.onObservation("membership.reach", (host) => {
        if (host === "n1") changes += 1;
      });
      topology.unlink("n2", "n3");
      for (let i = 0; i < 30; i++) {
        if (i % 2 === 0) topology.unlink("n3", "n1");
        else topology.link("n3", "n1");
        await run(100_000);
      }
      expect(changes).toBeGreaterThan(3);
      expect(changes).toBeLessThan(20);
      await run(3_000_000);
      expect(at("n1").reach.has("n3")).toBe(true);
    }));

  it("forget names that no record has any more, and go on as before", () =>
    simulateRoutes({ nodes: 2 }, async ({ at, topology, run }) => {
      await run(3_000_000);
      for (let round = 0; round < 10; round++) {
        const strangers = Array.from({ length: 20 }, (_, i) => `stranger-${round}-${i}`);
        for (const stranger of strangers) topology.claim("n2", stranger);
        await run(1_500_000);
        expect(at("n1").routes.reachable(strangers[0]!)).toBe(true);
        for (const stranger of strangers) topology.unlink("n2", stranger);
        await run(1_500_000);
        expect([...at("n1").reach]).toEqual(["n1", "n2"]);
        expect(at("n1").routes.distance("n2")).toBe(1);
      }
    }));
});
