/** The store on the simulator: servers, clients and faults together. */
import { expect, test } from "vitest";
import { RaftMonitor, type RaftStateRecord } from "../../checkers/raft-monitor.ts";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { RAFT_DEFAULTS } from "../raft/options.ts";
import { createKvClient, type KvClient } from "./client.ts";
import type { KvOperation, Outcome } from "./operation.ts";
import { KV_CLIENT_DEFAULTS, KV_SERVER_DEFAULTS, type KvServerSettings } from "./options.ts";
import { type KvMember, kvServer } from "./server.ts";

const SECOND_US = 1_000_000;
const ADMIN = "c1";

type Bench = {
  readonly control: Control;
  readonly monitor: RaftMonitor;
  /** What each node last told of itself. */
  readonly states: Map<string, RaftStateRecord>;
  /** A client of its own for what the script of operations cannot say; used within `onClient`. */
  onClient(use: (client: KvClient) => Promise<void>): Promise<void>;
  /** Runs operations one after the other on a client host of its own, and the world until they are done. */
  run(operations: readonly KvOperation[], pauseUs?: number): Promise<readonly Outcome[]>;
};

async function onBench(
  size: number,
  settings: Partial<KvServerSettings>,
  use: (bench: Bench) => Promise<void>,
): Promise<void> {
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "kv", engine, supervisorDelayUs: 100_000 });
    const monitor = new RaftMonitor({ voters: size });
    control.world.onObservation("raft.state", (_host, _incarnation, data) => monitor.observe(data as RaftStateRecord));
    const states = new Map<string, RaftStateRecord>();
    control.world.onObservation("raft.state", (host, _incarnation, data) => states.set(host, data as RaftStateRecord));
    const members: KvMember[] = [];
    for (let id = 1; id <= size; id += 1) members.push({ id, host: `n${id}`, raftPort: 7_000, clientPort: 7_001 });
    const program = kvServer({ members, settings: { ...KV_SERVER_DEFAULTS, ...settings } });
    for (const { host: name } of members) control.addHost({ name, program });
    let queue: readonly KvOperation[] = [];
    let pauseUs = 0;
    let outcomes: Outcome[] = [];
    const servers = members.map(({ id, host, clientPort: port }) => ({ id, address: { host, port } }));
    let client: KvClient | null = null;
    control.addHost({
      name: ADMIN,
      isSupervised: false,
      program: async (host) => {
        client ??= createKvClient(host, { servers, settings: KV_CLIENT_DEFAULTS });
        for (;;) {
          await host.timers.sleep(1_000);
          for (const operation of queue.slice(outcomes.length)) {
            outcomes.push(await client.invoke(operation));
            if (pauseUs > 0) await host.timers.sleep(pauseUs);
          }
        }
      },
    });
    for (const { host } of members) control.boot(host, true);
    control.boot(ADMIN);
    const run: Bench["run"] = async (operations, pause = 0) => {
      queue = operations;
      outcomes = [];
      pauseUs = pause;
      for (let i = 0; i < 400 && outcomes.length < operations.length; i += 1)
        await control.run(control.nowUs + SECOND_US / 4);
      return outcomes;
    };
    let clients = 1;
    const onClient: Bench["onClient"] = async (useClient) => {
      clients += 1;
      const name = `c${clients}`;
      let isDone = false;
      control.addHost({
        name,
        isSupervised: false,
        program: async (host) => {
          await useClient(createKvClient(host, { servers, settings: KV_CLIENT_DEFAULTS }));
          isDone = true;
        },
      });
      control.boot(name);
      for (let i = 0; i < 100 && !isDone; i += 1) await control.run(control.nowUs + SECOND_US / 10);
    };
    await use({ control, monitor, states, run, onClient });
    expect(monitor.violations).toEqual([]);
    expect(control.world.properties.uncaught).toEqual([]);
    expect(control.world.properties.violations).toEqual([]);
  });
}

const put = (key: string, value: string): KvOperation => ({ f: "put", key, value });
const get = (key: string): KvOperation => ({ f: "get", key });
/** A counter that only works if every cas is applied exactly once. */
const count = (from: number, to: number): KvOperation[] =>
  Array.from({ length: to - from }, (_, i) => ({
    f: "cas",
    key: "n",
    value: [from + i === 0 ? null : `${from + i}`, `${from + i + 1}`],
  }));

for (const transport of ["datagrams", "connections"] as const) {
  test(`serves get, put, delete and cas over ${transport}`, async () => {
    await onBench(3, { raft: { ...RAFT_DEFAULTS, transport } }, async ({ run }) => {
      const outcomes = await run([
        get("x"),
        put("x", "1"),
        get("x"),
        { f: "cas", key: "x", value: ["1", "2"] },
        { f: "cas", key: "x", value: ["1", "3"] },
        { f: "get", key: "x", isStaleOk: true },
        { f: "delete", key: "x" },
        get("x"),
      ]);
      expect(outcomes.map((outcome) => (outcome.type === "ok" ? (outcome.result ?? outcome.value) : outcome))).toEqual([
        null,
        null,
        "1",
        true,
        false,
        expect.anything(),
        null,
        null,
      ]);
    });
  });
}

test("a command is applied once, though the network loses and duplicates a quarter of all messages", async () => {
  await onBench(3, {}, async ({ control, run }) => {
    const names = ["n1", "n2", "n3", ADMIN];
    const odds = { perMillion: 250_000 };
    control.network.addRule({ from: names, to: names, props: { loss: odds, duplicate: odds }, fault: null });
    const outcomes = await run(count(0, 40));
    expect(outcomes).toEqual(Array.from({ length: 40 }, () => ({ type: "ok", value: null, result: true })));
    expect(control.world.properties.marks.get("kv.command-repeated")).toBeGreaterThan(0);
  });
});

test("what was acknowledged survives a loss of power at all nodes, and log segments and snapshots come and go", async () => {
  const raft = { ...RAFT_DEFAULTS, snapshotThresholdEntries: 20, snapshotKeepEntries: 0, segmentBytes: 4_096 };
  await onBench(3, { raft }, async ({ control, run }) => {
    for (let round = 0; round < 5; round += 1) {
      const outcomes = await run(count(30 * round, 30 * (round + 1)));
      expect(outcomes.every((outcome) => outcome.type === "ok" && outcome.result === true)).toBe(true);
      for (const name of ["n1", "n2", "n3"]) control.powerLoss(name);
      for (const name of ["n1", "n2", "n3"]) control.boot(name);
    }
    expect(await run([get("n")])).toEqual([{ type: "ok", value: "150" }]);
    const { marks } = control.world.properties;
    expect(marks.get("raft.snapshot-taken")).toBeGreaterThan(3);
    expect(marks.get("raft.segment-changed")).toBeGreaterThan(3);
  });
});

test("a node that was down catches up by a snapshot", async () => {
  const raft = { ...RAFT_DEFAULTS, snapshotThresholdEntries: 10, snapshotKeepEntries: 0, chunkBytes: 64 };
  await onBench(3, { raft }, async ({ control, states, run }) => {
    await run(count(0, 5));
    control.kill("n2");
    await run(count(5, 60));
    control.boot("n2");
    await control.run(control.nowUs + 3 * SECOND_US);
    expect(control.world.properties.marks.get("raft.snapshot-installed")).toBeGreaterThan(0);
    expect(states.get("n2")?.applied).toBe(states.get("n1")?.applied);
    expect(states.get("n2")?.appliedHash).toBe(states.get("n1")?.appliedHash);
  });
});

test("a wiped node stays out: it opens no port, and the others go on without it", async () => {
  await onBench(3, {}, async ({ control, run }) => {
    await run(count(0, 5));
    const refused: unknown[] = [];
    control.world.onObservation("raft.refused", (host) => refused.push(host));
    control.wipe("n1");
    control.boot("n1");
    expect((await run(count(5, 10))).every(({ type }) => type === "ok")).toBe(true);
    expect(refused).toEqual(["n1"]);
    control.kill("n2");
    // One voter is left of three: what the wiped node would have to vouch for is not decided.
    const outcomes = await run([put("x", "1")]);
    expect(outcomes).toEqual([{ type: "info", error: "no answer in time" }]);
  });
});

test("a cluster of one serves, and keeps its word over a loss of power", async () => {
  await onBench(1, {}, async ({ control, run }) => {
    expect((await run(count(0, 20))).every(({ type }) => type === "ok")).toBe(true);
    control.powerLoss("n1");
    control.boot("n1");
    expect(await run([get("n")])).toEqual([{ type: "ok", value: "20" }]);
  });
});

test("a failed sync stops the node, and the next boot makes durable what it relies on, before the power fails", async () => {
  await onBench(1, {}, async ({ control, run }) => {
    await run(count(0, 5));
    const fault = { index: 0, kind: "disk-failed-sync", effects: 0 };
    const heal = control.host("n1").disk.setFault({ kind: "disk-failed-sync", perMillion: 1_000_000, times: 1, fault });
    expect((await run(count(5, 10))).every(({ type }) => type === "ok")).toBe(true);
    heal();
    expect(fault.effects).toBeGreaterThan(0);
    expect(control.world.properties.marks.get("raft.disk-failed")).toBe(1);
    control.powerLoss("n1");
    control.boot("n1");
    expect(await run([get("n")])).toEqual([{ type: "ok", value: "10" }]);
  });
});

test("a full disk is waited for, and what was acknowledged before stays", async () => {
  await onBench(3, {}, async ({ control, run }) => {
    await run(count(0, 5));
    const heals = ["n1", "n2", "n3"].map((name, index) =>
      control.host(name).disk.setFault({
        kind: "disk-full",
        freeBytes: 0,
        shrinkBytesPerSecond: 0,
        fault: { index, kind: "disk-full", effects: 0 },
      }),
    );
    await run([put("x", "y".repeat(60_000))]);
    for (const heal of heals) heal();
    expect((await run(count(5, 10))).every(({ type }) => type === "ok")).toBe(true);
    expect(control.world.properties.marks.get("raft.disk-full")).toBeGreaterThan(0);
  });
});

test("a rotten log is found at the next boot: the node stays out, the others go on", async () => {
  await onBench(3, {}, async ({ control, run }) => {
    await run(count(0, 30));
    const refused: string[] = [];
    control.world.onObservation("raft.refused", (host) => refused.push(host));
    const fault = { index: 0, kind: "disk-rot", effects: 0 };
    control.host("n3").disk.setFault({ kind: "disk-rot", sectors: 8, bits: 3, pathPrefix: "/raft/wal", fault });
    control.kill("n3");
    control.boot("n3");
    expect((await run(count(30, 40))).every(({ type }) => type === "ok")).toBe(true);
    expect(refused).toEqual(["n3"]);
  });
});

test("without servers a first write and a read fail; a write that may have been sent is info", async () => {
  await onBench(3, {}, async ({ control, run }) => {
    const cut = (): (() => void) =>
      control.network.addRule({ from: [ADMIN], to: ["n1", "n2", "n3"], props: { block: true }, fault: null });
    const heal = cut();
    expect(await run([put("x", "1"), get("x")])).toEqual([
      { type: "fail", error: "no session: nothing was sent" },
      { type: "fail", error: "no answer in time" },
    ]);
    heal();
    expect(await run([put("x", "1")])).toEqual([{ type: "ok", value: null }]);
    cut();
    expect(await run([put("x", "2")])).toEqual([{ type: "info", error: "no answer in time" }]);
  });
});

test("an expired session is info once, and a new one is registered after", async () => {
  await onBench(1, { sessionTtlUs: 1_000_000, logTimeAdvanceUsMax: 10_000_000 }, async ({ control, run }) => {
    expect(await run([put("x", "1")])).toEqual([{ type: "ok", value: null }]);
    await control.run(control.nowUs + 5 * SECOND_US);
    expect(await run([put("x", "2"), put("x", "3"), get("x")])).toEqual([
      { type: "info", error: "the session expired" },
      { type: "ok", value: null },
      { type: "ok", value: "3" },
    ]);
  });
});

test("the lead is handed over when a client asks for it, and nothing is lost by that", async () => {
  await onBench(3, {}, async ({ control, states, run, onClient }) => {
    await run(count(0, 3));
    const leader = [...states.values()].find(({ role }) => role === "leader")!;
    const target = (leader.node % 3) + 1;
    await onClient(async (client) => {
      expect(await client.transferLeadership(target)).toBe(true);
    });
    await run(count(3, 10));
    expect(states.get(`n${target}`)?.role).toBe("leader");
    expect(control.world.properties.marks.get("raft.timeout-now")).toBe(1);
    expect(await run([get("n")])).toEqual([{ type: "ok", value: "10" }]);
  });
});
