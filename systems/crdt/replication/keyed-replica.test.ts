/** Replicas of many keyed objects: pushed updates, and Merkle trees that find what is missing. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { equalStates } from "../crdt.ts";
import { type OrSet, type OrSetOp, orSet } from "../or-set.ts";
import { integerCodec } from "../value-codec.ts";
import {
  type Cluster,
  checkRecords,
  crashInTurn,
  NAMES,
  type OpenStage,
  RoundMeter,
  runFor,
  simulate,
  tapped,
  wipe,
} from "./cluster.fixture.ts";
import { type KeyedMessage, keyedCodec } from "./keyed-message.ts";
import { KeyedReplica } from "./keyed-replica.ts";
import { bucketOf, childrenOf, EMPTY, LEVELS, MerkleTree } from "./merkle-tree.ts";
import { PushQueue } from "./push-queue.ts";

const set = orSet(integerCodec);
const KEY_COUNT = 60;
type SetsReplica = KeyedReplica<OrSet<number>, OrSetOp<number>>;
/** The object of each acknowledged number. */
type KeyedCluster = Cluster<SetsReplica> & {
  readonly acked: Map<number, string>;
  /** Once it holds something: the only object that each host updates. */
  readonly orders: Map<string, string>;
};
type Options = {
  readonly seed: string;
  readonly faultPerMillion: number;
  readonly copies: number;
  readonly hosts?: readonly string[];
  readonly roundBytesMax?: number;
  readonly meter?: RoundMeter;
  readonly onSend?: (message: KeyedMessage) => void;
};
const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));

async function simulateKeyed(options: Options, script: (cluster: KeyedCluster) => Promise<void>): Promise<void> {
  const acked = new Map<number, string>();
  const orders = new Map<string, string>();
  let next = 1;
  const start = (host: Host, peers: readonly string[]): Promise<SetsReplica> => {
    const { meter, roundBytesMax = 3_000, onSend } = options;
    const on = {
      timer: () => meter?.beginRound(host.name),
      send: (to: string, message: unknown) => {
        const sent = message as KeyedMessage;
        onSend?.(sent);
        if (sent.type !== "have") meter?.send(host.name, to, keyedCodec.encode(sent).length);
      },
    };
    const bounds = { roundBytesMax, journalBytesMax: 4_000 };
    return KeyedReplica.start(tapped(host, on), { type: set, peers, port: 7, roundUs: 20_000, ...bounds });
  };
  const write = async (replica: SetsReplica, host: Host): Promise<void> => {
    const value = next++;
    const key = orders.size === 0 ? `object ${host.random.below(KEY_COUNT)}` : orders.get(host.name);
    if (key === undefined) return;
    await replica.update(key, (state, actor) => set.add(state.seen, actor, value), options.copies);
    acked.set(value, key);
  };
  await simulate(openStage, { ...options, start, write }, (cluster) =>
    script(Object.assign(cluster, { acked, orders })),
  );
}

async function settle(cluster: KeyedCluster, us = 2_000_000): Promise<void> {
  cluster.isWriting = false;
  await runFor(cluster, us);
  const [first, ...others] = NAMES.map((name) => cluster.replicas.get(name)!);
  for (const other of others) {
    expect(other.keys()).toEqual(first!.keys());
    expect(other.digest).toBe(first!.digest);
    for (const key of first!.keys()) expect(equalStates(set, first!.get(key)!, other.get(key)!)).toBe(true);
  }
  expect([...cluster.acked].filter(([value, key]) => !set.has(first!.get(key)!.store, value))).toEqual([]);
  expect(cluster.acked.size).toBeGreaterThan(50);
  for (const name of NAMES)
    expect([cluster.replicas.get(name)!.refusedCount, cluster.replicas.get(name)!.pendingCount]).toEqual([0, 0]);
  expect(checkRecords(cluster)).toBeGreaterThan(50);
}

describe("keyed replicas", { timeout: 60_000 }, () => {
  it("converge over links that lose a fifth of what is sent", () =>
    simulateKeyed({ seed: "loss", faultPerMillion: 200_000, copies: 1 }, (cluster) => settle(cluster)));

  it("keep what was acknowledged through kills and power losses", () =>
    simulateKeyed({ seed: "power", faultPerMillion: 50_000, copies: 0 }, async (cluster) => {
      await crashInTurn(cluster, 6);
      await settle(cluster);
    }));

  it("keep what one peer has acknowledged when one disk after the other is wiped", () =>
    simulateKeyed({ seed: "wipe", faultPerMillion: 50_000, copies: 1 }, async (cluster) => {
      for (const name of ["n2", "n1", "n3"]) await wipe(cluster, name);
      await settle(cluster);
    }));

  it("bring in a replica that joins late, and never send more than the budget of a round", () => {
    const meter = new RoundMeter();
    const options = {
      seed: "late",
      faultPerMillion: 100_000,
      copies: 0,
      hosts: ["n1", "n2"],
      roundBytesMax: 1_000,
      meter,
    };
    return simulateKeyed(options, async (cluster) => {
      await runFor(cluster, 500_000);
      cluster.control.boot("n3");
      await settle(cluster, 3_000_000);
      expect(meter.bytesMax).toBeGreaterThan(600);
      expect(meter.bytesMax).toBeLessThanOrEqual(1_100); // frames and headers of the messages are not in the budget
    });
  });

  it("exchange only the objects that differ", () => {
    const sent: string[] = [];
    const onSend = (message: KeyedMessage): void => {
      if (message.type === "objects") for (const { key } of message.records) sent.push(key);
    };
    return simulateKeyed({ seed: "few", faultPerMillion: 0, copies: 0, onSend }, async (cluster) => {
      await settle(cluster);
      expect(cluster.replicas.get("n1")!.keys().length).toBeGreaterThan(50);
      cluster.control.kill("n3");
      await runFor(cluster, 100_000);
      cluster.orders.set("n1", "object 3").set("n2", "object 4");
      cluster.isWriting = true;
      await runFor(cluster, 100_000);
      cluster.isWriting = false;
      await runFor(cluster, 200_000);
      for (const name of ["n1", "n2"]) {
        cluster.control.kill(name); // nobody remembers that n3 lacks something
        cluster.control.boot(name);
      }
      await runFor(cluster, 100_000);
      sent.length = 0;
      cluster.control.boot("n3");
      await settle(cluster);
      expect(new Set(sent)).toEqual(new Set(["object 3", "object 4"]));
    });
  });

  it("take no acknowledgement of a boot that has ended: a peer that has lost its disk has to have the update again", () =>
    simulateKeyed({ seed: "again", faultPerMillion: 0, copies: 2, hosts: ["n1", "n2"] }, async (cluster) => {
      const { control } = cluster;
      expect(
        cluster.updates.some(({ host, stage, copies }) => host === "n1" && stage === "copies" && copies === 1),
      ).toBe(true);
      expect(cluster.acked.size).toBe(0);
      cluster.isWriting = false;
      await runFor(cluster, 200_000);
      control.kill("n2");
      control.network.setLink("n1", "n2", {
        lossPerMillion: 1_000_000,
        duplicatePerMillion: 0,
        reorderPerMillion: 0,
        corruptPerMillion: 0,
      });
      control.wipe("n2");
      control.boot("n2");
      await runFor(cluster, 200_000);
      control.boot("n3");
      await runFor(cluster, 500_000);
      expect(cluster.replicas.get("n3")!.keys()).toEqual(expect.arrayContaining(cluster.replicas.get("n1")!.keys()));
      expect(cluster.acked.size, "n3 holds them, but n2 has lost them").toBe(0);
      control.network.setLink("n1", "n2", {
        lossPerMillion: 0,
        duplicatePerMillion: 0,
        reorderPerMillion: 0,
        corruptPerMillion: 0,
      });
      await runFor(cluster, 1_000_000);
      expect(cluster.acked.size).toBe(
        cluster.updates.filter(({ actor, stage }) => actor === "n1#1" && stage === "made").length,
      );
    }));

  it("need a budget in which a node of the tree fits", async () => {
    const options = { type: set, peers: [], port: 7, roundUs: 1, roundBytesMax: 999, journalBytesMax: 1 };
    await expect(KeyedReplica.start({} as Host, options)).rejects.toThrow(
      "roundBytesMax is 999, expected at least 1000",
    );
  });
});

describe("the Merkle tree", () => {
  const changes = fc.array(fc.tuple(fc.string({ maxLength: 3 }), fc.integer({ min: 1, max: 3 })), { maxLength: 40 });
  const digest = (n: number): string => n.toString(16).padStart(16, "0");

  it("has a digest that depends on the objects and not on how they came about", () => {
    fc.assert(
      fc.property(changes, fc.array(fc.nat(39)), (script, asked) => {
        const [tree, fresh] = [new MerkleTree(), new MerkleTree()];
        script.forEach(([key, n], i) => {
          tree.set(key, digest(n));
          if (asked.includes(i)) tree.digestOf(0, 0);
        });
        for (const [key, n] of [...new Map(script)].reverse()) fresh.set(key, digest(n));
        expect(tree.digestOf(0, 0)).toBe(fresh.digestOf(0, 0));
        expect(tree.digestOf(0, 0) === EMPTY).toBe(script.length === 0);
      }),
      { numRuns: 100, seed: 7 },
    );
  });

  it("leads down to exactly the buckets that differ", () => {
    fc.assert(
      fc.property(changes, changes, (ours, theirs) => {
        const [a, b] = [new MerkleTree(), new MerkleTree()];
        for (const [key, n] of ours) a.set(key, digest(n));
        for (const [key, n] of theirs) b.set(key, digest(n));
        let indices = [0];
        for (let level = 0; level <= LEVELS; level++) {
          indices = indices.filter((index) => a.digestOf(level, index) !== b.digestOf(level, index));
          if (level < LEVELS) indices = indices.flatMap(childrenOf);
        }
        const keys = [...ours, ...theirs].map(([key]) => key).filter((key) => a.get(key) !== b.get(key));
        expect(new Set(indices)).toEqual(new Set(keys.map(bucketOf)));
      }),
      { numRuns: 100, seed: 8 },
    );
  });
});

describe("the queue of objects for a peer", () => {
  it("repeats what is unacknowledged, sends once what is wanted, and keeps the order", () => {
    const queue = new PushQueue();
    const take = (max: number): string[] => {
      const keys: string[] = [];
      queue.endRound();
      queue.send((key) => keys.length < max && keys.push(key) > 0);
      return keys;
    };
    for (const key of ["a", "b"]) queue.update(key);
    queue.want("c");
    expect([take(2), take(9), take(9)]).toEqual([["a", "b"], ["c"], []]);
    queue.acknowledge("a");
    expect([take(9), queue.size]).toEqual([["b"], 1]);
    queue.want("b");
    expect([take(9), take(9)]).toEqual([["b"], []]);
  });
});

describe("messages of keyed replicas", () => {
  it("come back, and damaged ones are refused", () => {
    const header = { boot: 2, of: 1 };
    const seen = Clock.of([{ actor: "n1#1", counter: 7 }]);
    const digest = "0123456789abcdef";
    const messages: readonly KeyedMessage[] = [
      { ...header, type: "nodes", level: 1, nodes: [{ index: 15, digest }] },
      { ...header, type: "bucket", index: 4095, isFirst: true, isLast: false, entries: [{ key: "é", digest: EMPTY }] },
      { ...header, type: "objects", records: [{ kind: "state", key: "k", seen, bytes: Uint8Array.of(1) }] },
      { ...header, type: "want", keys: ["", "k"] },
      { ...header, type: "have", acks: [{ key: "k", count: 300 }] },
    ];
    for (const message of messages) {
      const bytes = keyedCodec.encode(message);
      expect(keyedCodec.decode(bytes)).toEqual(message);
      for (let i = 0; i < bytes.length; i++) {
        const damaged = bytes.map((byte, j) => (i === j ? byte ^ 1 : byte));
        expect(() => keyedCodec.decode(damaged)).toThrow();
      }
    }
    const wrong: KeyedMessage = { ...header, type: "nodes", level: 1, nodes: [{ index: 16, digest }] };
    expect(() => keyedCodec.decode(keyedCodec.encode(wrong))).toThrow("there is no node 16 at level 1");
  });
});
