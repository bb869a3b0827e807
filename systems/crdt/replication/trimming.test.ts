/** Replicas that trim: the log stays small, and nothing is lost through crashes, wipes and lost messages. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { equalStates } from "../crdt.ts";
import { type MoveOp, type MoveTree, moveTree, TREE_ROOT } from "../move-tree.ts";
import { orSet } from "../or-set.ts";
import { integerCodec } from "../value-codec.ts";
import {
  type Cluster,
  checkRecords,
  crashInTurn,
  NAMES,
  type OpenStage,
  runFor,
  simulate,
  wipe,
} from "./cluster.fixture.ts";
import { Replica } from "./replica.ts";
import { Stability } from "./stability.ts";

const tree = moveTree(integerCodec);
type TreeReplica = Replica<MoveTree<number>, MoveOp<number>>;
/** The node of each acknowledged creation. */
type TreeCluster = Cluster<TreeReplica> & { readonly acked: Set<string> };

const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));

async function simulateTrees(
  options: { readonly seed: string; readonly faultPerMillion: number; readonly copies: number },
  script: (cluster: TreeCluster) => Promise<void>,
): Promise<void> {
  const acked = new Set<string>();
  let next = 0;
  const start = (host: Host, peers: readonly string[]): Promise<TreeReplica> =>
    Replica.start(host, {
      type: tree,
      peers,
      port: 7,
      roundUs: 20_000,
      roundBytesMax: 4_000,
      deltaCountMax: 50,
      journalBytesMax: 4_000,
      trimming: { everyRounds: 2, catchUpPeers: 1 },
    });
  const write = async (replica: TreeReplica, host: Host): Promise<void> => {
    const child = `node${next++}`;
    const number = host.random.below(next);
    const isCreation = host.random.chance(300_000);
    const update = await replica.update((state, actor) => {
      const node = isCreation ? child : `node${number}`;
      const parent = host.random.chance(500_000) ? TREE_ROOT : `node${host.random.below(next)}`;
      const isFine = node !== parent && (isCreation || tree.parentOf(state, node) !== undefined);
      try {
        return isFine ? tree.move(state, actor, { child: node, parent, meta: next }) : null;
      } catch {
        return null; // it would make a cycle
      }
    }, options.copies);
    if (isCreation && update !== null) acked.add(child);
  };
  await simulate(openStage, { ...options, start, write }, (cluster) => script(Object.assign(cluster, { acked })));
}

async function settle(cluster: TreeCluster): Promise<void> {
  cluster.isWriting = false;
  await runFor(cluster, 3_000_000);
  const states = NAMES.map((name) => cluster.replicas.get(name)!.state);
  for (const state of states) expect(equalStates(tree, states[0]!, state)).toBe(true);
  expect([...cluster.acked].filter((node) => tree.parentOf(states[0]!, node) === undefined)).toEqual([]);
  expect(cluster.acked.size).toBeGreaterThan(20);
  for (const name of NAMES) expect(cluster.replicas.get(name)!.refusedCount).toBe(0);
  expect(checkRecords(cluster)).toBeGreaterThan(50);
  expect(states.map(({ log }) => log.length)).toEqual([0, 0, 0]);
}

describe("replicas that trim", { timeout: 60_000 }, () => {
  it("keep only the moves that somebody may lack", () =>
    simulateTrees({ seed: "trim", faultPerMillion: 100_000, copies: 0 }, async (cluster) => {
      await settle(cluster);
      const trims = cluster.records.filter(({ cause }) => cause === "trim").map(({ trimmed }) => Number(trimmed));
      expect(trims.length).toBeGreaterThan(10);
    }));

  it("stop trimming while a peer is away, and go on afterwards", () =>
    simulateTrees({ seed: "away", faultPerMillion: 0, copies: 0 }, async (cluster) => {
      cluster.control.kill("n3");
      await runFor(cluster, 50_000);
      const before = cluster.replicas.get("n1")!.state.trimmedAt;
      await runFor(cluster, 400_000);
      expect(cluster.replicas.get("n1")!.state.trimmedAt).toBe(before);
      expect(cluster.replicas.get("n1")!.state.log.length).toBeGreaterThan(40);
      cluster.control.boot("n3");
      await settle(cluster);
    }));

  it("keep what was acknowledged through kills and power losses", () =>
    simulateTrees({ seed: "power", faultPerMillion: 50_000, copies: 0 }, async (cluster) => {
      await crashInTurn(cluster, 6);
      await settle(cluster);
    }));

  it("keep what a peer has acknowledged when one disk after the other is wiped", () =>
    simulateTrees({ seed: "wipe", faultPerMillion: 50_000, copies: 2 }, async (cluster) => {
      for (const name of ["n2", "n1", "n3"]) await wipe(cluster, name);
      await settle(cluster);
    }));

  it("need a type that keeps history", async () => {
    const trimming = { everyRounds: 1, catchUpPeers: 1 };
    const bounds = { roundUs: 1, roundBytesMax: 1, deltaCountMax: 1, journalBytesMax: 1 };
    const host = {} as Host; // never used: the options are refused first
    const starting = Replica.start(host, { type: orSet(integerCodec), peers: [], port: 7, ...bounds, trimming });
    await expect(starting).rejects.toThrow("or-set(integer) keeps no history");
  });
});

describe("stability", () => {
  const clock = (counts: { readonly [actor: string]: number }): Clock =>
    Clock.of(Object.entries(counts).map(([actor, counter]) => ({ actor, counter })));
  const boots = clock({ a: 1, b: 1, c: 1 });
  const own = { seen: clock({ "a#1": 3, "b#1": 2 }), boots, time: 9 };

  it("is the least reported time, once everybody has reported and all of it is here", () => {
    const stability = new Stability(["b", "c"]);
    stability.accept("b", { seen: clock({ "b#1": 2 }), boots, time: 7 });
    expect(stability.stableTime(own), "c has not reported").toBe(null);
    stability.accept("c", { seen: clock({ "a#1": 3 }), boots, time: 8 });
    expect(stability.stableTime(own)).toBe(7);
    stability.accept("c", { seen: clock({ "b#1": 3 }), boots, time: 8 });
    expect(stability.stableTime(own), "something is missing here").toBe(null);
  });

  it("is unknown while somebody may still take messages of a boot that has ended", () => {
    const stability = new Stability(["b", "c"]);
    stability.accept("b", { seen: clock({}), boots: clock({ a: 1, b: 1, c: 2 }), time: 7 });
    stability.accept("c", { seen: clock({}), boots: clock({ a: 1, b: 1, c: 2 }), time: 8 });
    expect(stability.stableTime(own)).toBe(null);
    expect(stability.stableTime({ ...own, boots: clock({ a: 1, b: 1, c: 2 }) })).toBe(7);
  });
});
