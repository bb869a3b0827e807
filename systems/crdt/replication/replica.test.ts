/** Replicas of one set in a simulated world: durable, convergent after faults, and quiet when nothing changes. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { encodeState, equalStates } from "../crdt.ts";
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
import { DeltaLog } from "./delta-log.ts";
import { frame, readFrames } from "./frame.ts";
import { type ReplicaMessage, replicaCodec } from "./message.ts";
import { Replica } from "./replica.ts";
import { Inbox, Outbox } from "./transfer.ts";

const set = orSet(integerCodec);
const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));
const BOUNDS = { roundBytesMax: 1_000, deltaCountMax: 50, journalBytesMax: 2_000 };
type SetReplica = Replica<OrSet<number>, OrSetOp<number>>;
type SetCluster = Cluster<SetReplica> & { readonly acked: Set<number> };
type Options = {
  readonly seed: string;
  readonly faultPerMillion: number;
  readonly copies: number;
  readonly hosts?: readonly string[];
  readonly roundBytesMax?: number;
  readonly meter?: RoundMeter;
};

/** Writers add numbers, each acknowledged at `copies` peers. */
async function simulateSets(options: Options, script: (cluster: SetCluster) => Promise<void>): Promise<void> {
  const acked = new Set<number>();
  let next = 1;
  const start = (host: Host, peers: readonly string[]): Promise<SetReplica> => {
    const { meter, roundBytesMax = BOUNDS.roundBytesMax } = options;
    const on = {
      timer: () => meter?.beginRound(host.name),
      send: (to: string, message: unknown) => {
        const sent = message as ReplicaMessage;
        if (sent.type === "delta" || sent.type === "part") meter?.send(host.name, to, sent.bytes.length);
      },
    };
    return Replica.start(tapped(host, on), { type: set, peers, port: 7, roundUs: 20_000, ...BOUNDS, roundBytesMax });
  };
  const write = async (replica: SetReplica): Promise<void> => {
    const value = next++;
    await replica.update((state, actor) => set.add(state.seen, actor, value), options.copies);
    acked.add(value);
  };
  await simulate(openStage, { ...options, start, write }, (cluster) => script(Object.assign(cluster, { acked })));
}

/** Stops the writers, lets the rounds run, and demands equal states that hold everything acknowledged. */
async function settle(cluster: SetCluster, us = 2_000_000): Promise<void> {
  cluster.isWriting = false;
  await runFor(cluster, us);
  const [first, ...others] = NAMES.map((host) => cluster.replicas.get(host)!);
  for (const other of others) expect(equalStates(set, first!.state, other.state)).toBe(true);
  const members = new Set(set.values(first!.state.store));
  expect([...cluster.acked].filter((value) => !members.has(value))).toEqual([]);
  expect(cluster.acked.size).toBeGreaterThan(50);
  for (const host of NAMES) expect(cluster.replicas.get(host)!.refusedCount).toBe(0);
  expect(checkRecords(cluster)).toBeGreaterThan(50);
}

describe("replicas", { timeout: 120_000 }, () => {
  it("converge, and drop every delta, over links that lose a fifth of what is sent", () =>
    simulateSets({ seed: "loss", faultPerMillion: 200_000, copies: 0 }, async (cluster) => {
      await settle(cluster);
      expect(NAMES.map((name) => cluster.replicas.get(name)!.unacknowledgedCount)).toEqual([0, 0, 0]);
    }));

  it("keep what was acknowledged through kills and power losses", () =>
    simulateSets({ seed: "power", faultPerMillion: 50_000, copies: 0 }, async (cluster) => {
      await crashInTurn(cluster, 6);
      await settle(cluster);
    }));

  it("keep through a wiped disk what one peer has acknowledged, and never use a dot twice", () =>
    simulateSets({ seed: "wipe", faultPerMillion: 50_000, copies: 1 }, async (cluster) => {
      for (const name of ["n2", "n1", "n3"]) await wipe(cluster, name);
      await settle(cluster);
      const actors = new Set<string>();
      cluster.replicas.get("n1")!.state.seen.forEachRange((actor) => actors.add(actor));
      expect([...actors].filter((actor) => actor.startsWith("n2#")).length).toBe(2);
    }));

  it("bring in a replica that was away for longer than deltas are kept", () =>
    simulateSets({ seed: "away", faultPerMillion: 0, copies: 0 }, async (cluster) => {
      cluster.control.kill("n3");
      await runFor(cluster, 600_000);
      expect(cluster.replicas.get("n1")!.unacknowledgedCount).toBe(50);
      cluster.control.boot("n3");
      await settle(cluster);
    }));

  it("bring in a replica that joins late, with a state of many rounds' budgets, and never send more than the budget", () => {
    const meter = new RoundMeter();
    const options = {
      seed: "late",
      faultPerMillion: 100_000,
      copies: 0,
      hosts: ["n1", "n2"],
      roundBytesMax: 150,
      meter,
    };
    return simulateSets(options, async (cluster) => {
      await runFor(cluster, 500_000);
      expect(encodeState(set, cluster.replicas.get("n1")!.state).length).toBeGreaterThan(900);
      cluster.control.boot("n3");
      await settle(cluster, 4_000_000);
      expect(meter.bytesMax).toBeGreaterThan(100);
      expect(meter.bytesMax).toBeLessThanOrEqual(150);
    });
  });

  it("send only digests and their acknowledgements once all are equal", () =>
    simulateSets({ seed: "quiet", faultPerMillion: 0, copies: 0 }, async (cluster) => {
      await settle(cluster);
      const journals = NAMES.map((name) => cluster.control.durableView(name).length);
      const before = cluster.control.world.eventCount;
      await runFor(cluster, 1_000_000);
      expect(cluster.control.world.eventCount - before).toBeLessThan(2_000);
      expect(NAMES.map((name) => cluster.control.durableView(name).length)).toEqual(journals);
    }));

  it("tell of every update when it is made, durable, and at so many peers", () =>
    simulateSets({ seed: "stages", faultPerMillion: 0, copies: 0 }, async (cluster) => {
      await settle(cluster);
      const last = cluster.updates.filter(({ actor }) => actor === "n1#1");
      const stages = last.filter(({ sequence }) => sequence === 5).map(({ stage, copies }) => [stage, copies]);
      expect(stages).toEqual([
        ["made", 0],
        ["durable", 0],
        ["copies", 1],
        ["copies", 2],
      ]);
    }));
});

describe("the delta log", () => {
  it("offers deltas within the budget, in order, goes back after a gap, and drops what all peers have", () => {
    const log = new DeltaLog(set, { peers: ["p", "q"], countMax: 4, after: 0 });
    const source = set.create();
    const add = (value: number): void => {
      const op = set.add(source.seen, "a", value);
      const delta = set.deltaOf(source, op);
      set.apply(source, op);
      log.append(delta, 10);
    };
    const take = (peer: string, bytesMax: number, limit = log.last): unknown => {
      const need = log.take(peer, bytesMax, limit);
      return need.kind === "delta" ? [need.from, need.through, set.values(need.delta.store)] : need.kind;
    };
    expect(take("p", 100)).toBe("nothing");
    for (const value of [1, 2, 3]) add(value);
    expect(take("p", 100, 1)).toEqual([1, 1, [1]]);
    expect(take("p", 10)).toEqual([2, 2, [2]]);
    log.rewind("p");
    expect(take("p", 20)).toEqual([1, 2, [1, 2]]);
    log.acknowledge("p", 2);
    log.acknowledge("q", 1);
    expect([log.size, log.countAcked(2), log.countAcked(1)]).toEqual([2, 1, 2]);
    expect(take("p", 1)).toEqual([3, 3, [3]]);
    for (let round = 0; round < 3; round++) log.endRound();
    expect(take("p", 1), "after three silent rounds").toEqual([3, 3, [3]]);
    for (const value of [4, 5, 6]) add(value);
    expect([log.size, take("q", 100), take("p", 100)]).toEqual([4, "state", [4, 6, [4, 5, 6]]]);
    log.forget("p");
    expect([take("p", 100), log.covers(3), log.covers(2)]).toEqual(["state", true, false]);
  });
});

describe("whole states in pieces", () => {
  it("arrive whole, whatever is lost, repeated or out of order, and never mix two transfers", () => {
    const [outbox, inbox] = [new Outbox(), new Inbox(1000)];
    const bytes = Uint8Array.from({ length: 25 }, (_, i) => i);
    const old = outbox.begin("p", bytes.slice(0, 11));
    const stale = outbox.piece("p", old, 0, 10)!;
    expect(inbox.add("q", stale)).toBe(null);
    const transfer = outbox.begin("p", bytes);
    expect(outbox.piece("p", old, 10, 10)).toBe(null);
    const [first, second, third] = [0, 10, 20].map((offset) => outbox.piece("p", transfer, offset, 10)!);
    expect(inbox.add("q", second!)).toBe(null);
    expect(inbox.next("q")).toEqual({ transfer, offset: 0 });
    for (const part of [first!, stale, third!, second!, first!, second!]) expect(inbox.add("q", part)).toBe(null);
    expect(inbox.endRound()).toEqual([{ peer: "q", transfer, offset: 20 }]);
    expect(inbox.add("q", third!)).toEqual(bytes);
    expect([inbox.isBusy, outbox.piece("p", transfer, 20, 0), outbox.piece("p", transfer, 25, 9)]).toEqual([
      false,
      null,
      null,
    ]);
    for (let round = 0; round < 9; round++) outbox.endRound();
    expect(outbox.has("p", transfer)).toBe(false);
    expect(inbox.add("q", { ...first!, transfer: 9, total: 1001 }), "larger than is taken").toBe(null);
  });
});

describe("frames and messages", () => {
  it("a torn or damaged frame ends the journal before it", () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 5 }),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        (payloads, at, flip) => {
          const bytes = Uint8Array.from(payloads.flatMap((payload) => [...frame(payload)]));
          expect(readFrames(bytes)).toEqual({ payloads, isWhole: true });
          if (bytes.length === 0) return;
          bytes[at % bytes.length]! ^= flip;
          const read = readFrames(bytes).payloads;
          expect(read.length).toBeLessThan(payloads.length);
          expect(read).toEqual(payloads.slice(0, read.length));
        },
      ),
      { numRuns: 200 },
    );
  });

  it("messages come back, and damaged ones are refused", () => {
    const header = { boot: 1, of: 3, have: 9 };
    const seen = Clock.of([{ actor: "n1#1", counter: 7 }]);
    const messages: readonly ReplicaMessage[] = [
      { ...header, type: "delta", from: 2, through: 300, bytes: Uint8Array.of(1, 2) },
      { ...header, type: "ack" },
      { ...header, type: "gap" },
      { ...header, type: "digest", bytes: Uint8Array.of(7) },
      { ...header, type: "want", seen, transfer: 2, offset: 1 },
      { ...header, type: "part", transfer: 2, offset: 1, total: 3, bytes: Uint8Array.of(7, 8) },
      { ...header, type: "report", seen, boots: Clock.of([{ actor: "n1", counter: 2 }]), time: 5 },
    ];
    for (const message of messages) {
      const bytes = replicaCodec.encode(message);
      expect(replicaCodec.decode(bytes)).toEqual(message);
      for (let i = 0; i < bytes.length; i++) {
        const damaged = bytes.map((byte, j) => (i === j ? byte ^ 1 : byte));
        expect(() => replicaCodec.decode(damaged)).toThrow();
      }
    }
  });
});
