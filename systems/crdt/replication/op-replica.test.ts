/** Replicas in operations mode: causal delivery, retransmission, and whole states for those too far behind. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { type CrdtType, equalStates } from "../crdt.ts";
import { fugueText } from "../lists.ts";
import { moveTree, TREE_ROOT } from "../move-tree.ts";
import { orSet } from "../or-set.ts";
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
import { HoldBack } from "./hold-back.ts";
import { OpLog } from "./op-log.ts";
import { type OpMessage, opCodec } from "./op-message.ts";
import { OpReplica, type OpReplicaOptions } from "./op-replica.ts";
import { encodeRecord, type OperationRecord } from "./record.ts";

const set = orSet(integerCodec);
const tree = moveTree(integerCodec);
const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));

/** How the writers use a type: `write` prepares an update that adds `value`; `holds` finds it again. */
type Usage<S, O> = {
  readonly type: CrdtType<S, O>;
  readonly write: (state: S, actor: string, value: number, host: Host) => O;
  readonly holds: (state: S, value: number) => boolean;
  readonly trimming?: OpReplicaOptions<S, O>["trimming"];
};
const SETS: Usage<ReturnType<typeof set.create>, Parameters<typeof set.apply>[1]> = {
  type: set,
  write: (state, actor, value) => set.add(state.seen, actor, value),
  holds: (state, value) => set.has(state.store, value),
};
const TEXTS: Usage<ReturnType<typeof fugueText.create>, Parameters<typeof fugueText.apply>[1]> = {
  type: fugueText,
  write: (state, actor, value, host) =>
    fugueText.insert(
      state,
      actor,
      host.random.below(fugueText.lengthOf(state) + 1),
      String.fromCharCode(0x4e00 + value),
    ),
  holds: (state, value) => fugueText.read(state).includes(String.fromCharCode(0x4e00 + value)),
};
const TREES: Usage<ReturnType<typeof tree.create>, Parameters<typeof tree.apply>[1]> = {
  type: tree,
  write: (state, actor, value) => tree.move(state, actor, { child: `v${value}`, parent: TREE_ROOT, meta: value }),
  holds: (state, value) => tree.metaOf(state, `v${value}`) === value,
  trimming: { everyRounds: 2, catchUpPeers: 1 },
};

type Options = {
  readonly seed: string;
  readonly faultPerMillion: number;
  readonly copies: number;
  readonly hosts?: readonly string[];
  readonly roundBytesMax?: number;
  readonly meter?: RoundMeter;
};
type OpCluster<S, O> = Cluster<OpReplica<S, O>> & { readonly acked: Set<number> };

async function simulateOps<S, O>(
  usage: Usage<S, O>,
  options: Options,
  script: (cluster: OpCluster<S, O>) => Promise<void>,
): Promise<void> {
  const acked = new Set<number>();
  let next = 1;
  const { type, trimming } = usage;
  const start = (host: Host, peers: readonly string[]): Promise<OpReplica<S, O>> => {
    const { meter, roundBytesMax = 2_000 } = options;
    const on = {
      timer: () => meter?.beginRound(host.name),
      send: (to: string, message: unknown) => {
        const sent = message as OpMessage;
        if (sent.type === "part") meter?.send(host.name, to, sent.bytes.length);
        else if (sent.type === "operations") {
          // As they are in the message, which is never more than each by itself.
          const header = opCodec.encode({ ...sent, entries: [] }).length;
          meter?.send(host.name, to, opCodec.encode(sent).length - header);
        }
      },
    };
    const bounds = { roundBytesMax, operationCountMax: 100, holdBackCountMax: 20, journalBytesMax: 4_000 };
    const limits = trimming === undefined ? bounds : { ...bounds, trimming };
    return OpReplica.start(tapped(host, on), { type, peers, port: 7, roundUs: 20_000, ...limits });
  };
  const write = async (replica: OpReplica<S, O>, host: Host): Promise<void> => {
    const value = next++;
    await replica.update((state, actor) => usage.write(state, actor, value, host), options.copies);
    acked.add(value);
  };
  await simulate(openStage, { ...options, start, write }, (cluster) => script(Object.assign(cluster, { acked })));
}

async function settle<S, O>(usage: Usage<S, O>, cluster: OpCluster<S, O>, us = 3_000_000): Promise<void> {
  cluster.isWriting = false;
  await runFor(cluster, us);
  const replicas = NAMES.map((name) => cluster.replicas.get(name)!);
  for (const { state } of replicas) expect(equalStates(usage.type, replicas[0]!.state, state)).toBe(true);
  expect([...cluster.acked].filter((value) => !usage.holds(replicas[0]!.state, value))).toEqual([]);
  expect(cluster.acked.size).toBeGreaterThan(50);
  expect(replicas.map(({ refusedCount, heldBackCount }) => [refusedCount, heldBackCount])).toEqual([
    [0, 0],
    [0, 0],
    [0, 0],
  ]);
  expect(checkRecords(cluster)).toBeGreaterThan(50);
}

describe("replicas in operations mode", { timeout: 60_000 }, () => {
  it("converge, and drop every operation, over links that lose a fifth of what is sent", () =>
    simulateOps(SETS, { seed: "loss", faultPerMillion: 200_000, copies: 0 }, async (cluster) => {
      await settle(SETS, cluster);
      expect(NAMES.map((name) => cluster.replicas.get(name)!.unacknowledgedCount)).toEqual([0, 0, 0]);
    }));

  it("keep what was acknowledged through kills and power losses", () =>
    simulateOps(TEXTS, { seed: "power", faultPerMillion: 50_000, copies: 0 }, async (cluster) => {
      await crashInTurn(cluster, 6);
      await settle(TEXTS, cluster);
    }));

  it("keep through wiped disks what one peer has acknowledged, and never use a dot twice", () =>
    simulateOps(SETS, { seed: "wipe", faultPerMillion: 50_000, copies: 1 }, async (cluster) => {
      for (const name of ["n2", "n1", "n3"]) await wipe(cluster, name);
      await settle(SETS, cluster);
    }));

  it("relay the operations of a replica that is gone", () =>
    simulateOps(SETS, { seed: "gone", faultPerMillion: 0, copies: 1 }, async (cluster) => {
      const { control } = cluster;
      for (const to of ["n1", "n3"]) {
        const nothing = { duplicatePerMillion: 0, reorderPerMillion: 0, corruptPerMillion: 0 };
        control.network.setLink("n2", to, { lossPerMillion: to === "n3" ? 1_000_000 : 0, ...nothing });
      }
      await runFor(cluster, 300_000);
      control.kill("n2");
      cluster.isWriting = false;
      await runFor(cluster, 1_000_000);
      const [n1, n3] = ["n1", "n3"].map((name) => cluster.replicas.get(name)!);
      expect(n1!.seen.get("n2#1")).toBeGreaterThan(20);
      expect(n3!.seen.get("n2#1")).toBe(n1!.seen.get("n2#1"));
    }));

  it("bring in a replica that joins late by a whole state, and never send more than the budget of a round", () => {
    const meter = new RoundMeter();
    const options = {
      seed: "late",
      faultPerMillion: 100_000,
      copies: 0,
      hosts: ["n1", "n2"],
      roundBytesMax: 500,
      meter,
    };
    return simulateOps(SETS, options, async (cluster) => {
      await runFor(cluster, 500_000);
      expect(cluster.replicas.get("n1")!.unacknowledgedCount).toBe(100);
      cluster.control.boot("n3");
      await settle(SETS, cluster, 4_000_000);
      expect(meter.bytesMax).toBeGreaterThan(300);
      expect(meter.bytesMax).toBeLessThanOrEqual(500);
    });
  });

  it("trim what is stable", () =>
    simulateOps(TREES, { seed: "trim", faultPerMillion: 50_000, copies: 1 }, async (cluster) => {
      await crashInTurn(cluster, 3);
      await wipe(cluster, "n2");
      await settle(TREES, cluster);
      expect(NAMES.map((name) => cluster.replicas.get(name)!.state.log.length)).toEqual([0, 0, 0]);
    }));

  it("show no effect before its cause: an element is never there without the one it was inserted behind", () =>
    simulateOps(TEXTS, { seed: "cause", faultPerMillion: 300_000, copies: 0 }, async (cluster) => {
      for (let i = 0; i < 50; i++) {
        await runFor(cluster, 5_000);
        for (const name of NAMES) expect(cluster.replicas.get(name)!.state.pending()).toEqual([]);
      }
      await settle(TEXTS, cluster);
    }));
});

const record = (actor: string, sequence: number, needs: Clock = new Clock()): OperationRecord => ({
  kind: "operation",
  actor,
  sequence,
  needs,
  bytes: Uint8Array.of(sequence),
});

describe("the hold-back queue", () => {
  it("delivers every operation once, in causal order, whatever the order of arrival", () => {
    // A history: each operation needs a random part of those before it.
    const history = fc.array(fc.record({ actor: fc.nat(2), seen: fc.array(fc.nat(20), { maxLength: 3 }) }), {
      maxLength: 15,
    });
    fc.assert(
      fc.property(history, fc.infiniteStream(fc.nat()), (script, draws) => {
        const records: OperationRecord[] = [];
        const counts = new Clock();
        for (const { actor, seen } of script) {
          const needs = new Clock();
          for (const at of seen) {
            const other = records[at % Math.max(1, records.length)];
            if (other !== undefined) needs.raise(other.actor, other.sequence);
          }
          const name = `a${actor}`;
          records.push(record(name, counts.get(name) + 1, needs));
          counts.raise(name, counts.get(name) + 1);
        }
        const arrivals = [...records, ...records.slice(0, 3)];
        for (let i = arrivals.length - 1; i > 0; i--) {
          const j = draws.next().value! % (i + 1);
          [arrivals[i], arrivals[j]] = [arrivals[j]!, arrivals[i]!];
        }
        const queue = new HoldBack(100);
        const seen = new Clock();
        let delivered = 0;
        for (const arrival of arrivals) {
          queue.add(arrival);
          for (let next = queue.takeReady(seen); next !== null; next = queue.takeReady(seen)) {
            expect(next.sequence).toBe(seen.get(next.actor) + 1);
            expect(seen.covers(next.needs)).toBe(true);
            seen.raise(next.actor, next.sequence);
            delivered += 1;
          }
        }
        expect([delivered, queue.size]).toEqual([records.length, 0]);
      }),
      { numRuns: 500, seed: 6 },
    );
  });

  it("is bounded", () => {
    const queue = new HoldBack(2);
    expect([record("a", 2), record("a", 3), record("a", 3), record("a", 4)].map((one) => queue.add(one))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(queue.size).toBe(2);
  });
});

describe("the log of operations", () => {
  const clock = (actor: string, counter: number): Clock => Clock.of([{ actor, counter }]);

  it("offers own operations at once and foreign ones after some rounds, drops what all have, and knows whom it cannot help", () => {
    const log = new OpLog({ peers: ["p", "q"], own: "a", countMax: 4 });
    const names = (peer: string, bytesMax = 1000, ownMax = 9): string[] =>
      log.take(peer, bytesMax, ownMax).entries.map(({ actor, sequence }) => actor + sequence);
    for (const one of [record("a", 1), record("b", 1), record("a", 2), record("a", 3)]) log.append(one, 10);
    expect(names("p", 1000, 2)).toEqual(["a1", "a2"]);
    expect(names("p")).toEqual(["a3"]);
    for (let round = 0; round < 3; round++) log.endRound();
    expect(names("p"), "again after three silent rounds").toEqual(["a1", "a2", "a3"]);
    log.endRound();
    expect(names("q", 20), "with the foreign one now").toEqual(["a1", "b1"]);
    log.acknowledge("p", clock("a", 3));
    log.acknowledge("q", clock("a", 2));
    expect([log.size, log.countAcked(record("a", 2)), log.countAcked(record("a", 3))]).toEqual([3, 2, 1]);
    log.rewind("q");
    expect(names("q")).toEqual(["b1", "a3"]);
    for (const one of [record("a", 4), record("a", 5)]) log.append(one, 10);
    expect([log.size, log.needsState("p", clock("b", 1)), log.needsState("p", clock("a", 5))]).toEqual([
      4,
      true,
      false,
    ]);
    log.forget("p");
    expect(log.needsState("p", clock("a", 5))).toBe(true);
  });
});

describe("messages of operations mode", () => {
  it("come back, and damaged ones are refused", () => {
    const header = { boot: 2, of: 1 };
    const seen = Clock.of([{ actor: "n1#1", counter: 7 }]);
    const messages: readonly OpMessage[] = [
      { ...header, type: "operations", entries: [record("a", 1), record("b", 7, seen)] },
      { ...header, type: "have", durable: seen, isGap: true },
      { ...header, type: "want", seen, transfer: 2, offset: 1 },
      { ...header, type: "part", transfer: 2, offset: 1, total: 3, bytes: Uint8Array.of(7, 8) },
      { ...header, type: "report", seen, boots: seen, time: 5 },
    ];
    for (const message of messages) {
      const bytes = opCodec.encode(message);
      expect(opCodec.decode(bytes)).toEqual(message);
      for (let i = 0; i < bytes.length; i++) {
        const damaged = bytes.map((byte, j) => (i === j ? byte ^ 1 : byte));
        expect(() => opCodec.decode(damaged)).toThrow();
      }
    }
    expect(encodeRecord(record("a", 1)).length).toBeLessThan(12);
  });
});
