/** The KV over an overlay that the test holds: transactions, convergence, disks that were lost, bounds. */
import { describe, expect, it } from "vitest";
import { type Simulation, type SimulationOptions, simulate } from "../../../tests/membership/simulation.ts";
import { Clock } from "../../crdt/clock.ts";
import { startGm } from "../gm/gm.ts";
import { GM_DEFAULTS } from "../gm/options.ts";
import type { KvNotice, KvResult, KvUpdate, MembershipKv } from "../membership.ts";
import { startMulticast } from "../multicast/multicast.ts";
import { MULTICAST_DEFAULTS } from "../multicast/options.ts";
import { ROUTE_DEFAULTS } from "../route/options.ts";
import { startRoutes } from "../route/routes.ts";
import { startKv } from "./kv.ts";
import { KV_DEFAULTS, type KvOptions } from "./options.ts";

type World = Simulation & {
  readonly kv: (name: string) => MembershipKv;
  /** Runs a task in an event of the host, and the world for a while. */
  readonly on: (name: string, task: (kv: MembershipKv) => void | Promise<void>, durationUs?: number) => Promise<void>;
  /** Makes one operation and waits for its result. */
  readonly ask: (name: string, key: string, updates: readonly KvUpdate[], context?: Clock | null) => Promise<KvResult>;
};

const QUICK: Partial<KvOptions> = { entropyStartUs: 1_000_000, entropyEveryUs: 2_000_000, passOnUs: 100_000 };

function simulateKv(
  options: SimulationOptions & { readonly kv?: Partial<KvOptions>; readonly isMulticasting?: boolean },
  script: (world: World) => Promise<void>,
): Promise<void> {
  const stores = new Map<string, MembershipKv>();
  const tasks = new Map<string, (kv: MembershipKv) => void | Promise<void>>();
  return simulate(
    options,
    async (host, overlay) => {
      stores.delete(host.name);
      const routes = startRoutes(host, await startGm(host, overlay, GM_DEFAULTS), ROUTE_DEFAULTS);
      const multicast =
        options.isMulticasting === false
          ? { send: () => "", subscribe: () => {} }
          : startMulticast({ host, overlay, routes }, MULTICAST_DEFAULTS);
      const kv = await startKv({ host, overlay, routes, multicast }, { ...KV_DEFAULTS, ...QUICK, ...options.kv });
      stores.set(host.name, kv);
      const look = async (): Promise<void> => {
        host.timers.after(1_000, look);
        const task = tasks.get(host.name);
        tasks.delete(host.name);
        await task?.(kv);
      };
      host.timers.after(0, look);
    },
    (simulation) => {
      const on: World["on"] = async (name, task, durationUs = 20_000) => {
        tasks.set(name, task);
        await simulation.run(durationUs);
      };
      const ask: World["ask"] = async (name, key, updates, context = null) => {
        let result: KvResult | null = null;
        await on(name, async (kv) => {
          result = await kv.requestOp(key, context, updates);
        });
        if (result === null) throw new Error(`${name} did not answer`);
        return result;
      };
      return script({ ...simulation, kv: (name) => stores.get(name)!, on, ask });
    },
  );
}

const add = (...members: string[]): KvUpdate => ({ kind: "add", field: "members", members });
const members = (kv: MembershipKv, key: string): readonly string[] => kv.read(key).value.sets.get("members") ?? [];

function expectEqual(
  { names, kv }: World,
  key: string,
  expected: readonly string[],
  except: readonly string[] = [],
): void {
  for (const name of names) {
    if (except.includes(name)) continue;
    expect([name, members(kv(name), key)]).toEqual([name, expected]);
    expect(kv(name).read(key).context.equals(kv(names[0]!).read(key).context)).toBe(true);
  }
}

describe("an operation", () => {
  it("changes fields of every kind, at all nodes", () =>
    simulateKv({ nodes: 4 }, async ({ kv, ask, run }) => {
      await run(3_000_000);
      const result = await ask("n2", "k", [
        add("b", "a"),
        { kind: "assign", field: "name", value: "x" },
        { kind: "enable", field: "on" },
        { kind: "increment", field: "hits", amount: 3 },
        { kind: "increment", field: "hits", amount: -1 },
        { kind: "assign", field: "members", value: "a register beside the set" },
      ]);
      expect(result.kind).toBe("ok");
      await run(1_000_000);
      expect(kv("n4").read("k").value).toEqual({
        sets: new Map([["members", ["a", "b"]]]),
        registers: new Map([
          ["members", ["a register beside the set"]],
          ["name", ["x"]],
        ]),
        flags: new Map([["on", true]]),
        counters: new Map([["hits", 2]]),
      });
      await ask("n4", "k", [
        { kind: "remove", field: "members", members: ["a", "stranger"] },
        { kind: "disable", field: "on" },
        { kind: "drop", field: "hits", of: "counter" },
        { kind: "drop", field: "members", of: "register" },
      ]);
      await run(1_000_000);
      expect(kv("n1").read("k").value).toEqual({
        sets: new Map([["members", ["b"]]]),
        registers: new Map([["name", ["x"]]]),
        flags: new Map([["on", false]]),
        counters: new Map(),
      });
      expect(kv("n1").keys()).toEqual(["k"]);
    }));

  it("with a context happens only if the key is as it was read, also when it does not exist", () =>
    simulateKv({ nodes: 2 }, async ({ kv, ask, run }) => {
      await run(3_000_000);
      const violation = { kind: "error", error: "concurrency-violation" };
      const stale = Clock.of([{ actor: "n9#1", counter: 1 }]);
      expect(await ask("n1", "k", [add("a")], stale)).toEqual(violation);
      expect(kv("n1").keys()).toEqual([]);
      const made = await ask("n1", "k", [add("a")], new Clock());
      expect(made.kind).toBe("ok");
      expect(await ask("n1", "k", [add("b")], new Clock())).toEqual(violation);
      const { context } = kv("n1").read("k");
      expect((await ask("n1", "k", [add("b")], context)).kind).toBe("ok");
      expect(await ask("n1", "k", [add("c")], context)).toEqual(violation);
      expect(members(kv("n1"), "k")).toEqual(["a", "b"]);
    }));

  it("survives a power loss once it was answered", () =>
    simulateKv({ nodes: 2 }, async ({ control, kv, ask, run }) => {
      await run(3_000_000);
      for (let i = 0; i < 20; i++) await ask("n1", `k${i % 5}`, [add(`m${i}`)]);
      control.wipe("n2");
      control.powerLoss("n1");
      control.boot("n1");
      await run(3_000_000);
      expect(kv("n1").keys()).toHaveLength(5);
      expect(members(kv("n1"), "k3")).toEqual(["m13", "m18", "m3", "m8"]);
    }));

  it("survives a power loss after the journal was replaced, many times", () =>
    simulateKv({ nodes: 1, kv: { journalBytesMax: 200 } }, async ({ control, kv, ask, run }) => {
      await run(3_000_000);
      for (let i = 0; i < 20; i++) {
        await ask("n1", "k", [add(`m${i}`)]);
        if (i % 6 === 5) {
          control.powerLoss("n1");
          control.boot("n1");
          await run(500_000);
        }
      }
      expect(members(kv("n1"), "k")).toHaveLength(20);
      expect(control.world.properties.marks.get("kv.journal-replaced")).toBeGreaterThan(5);
    }));

  it("is refused when too many wait for the disk, or when the value is too large", () =>
    simulateKv({ nodes: 1, kv: { pendingMax: 4, rejectBytes: 500 } }, async ({ kv, on, ask, run }) => {
      await run(3_000_000);
      const results: KvResult[] = [];
      await on("n1", (store) => {
        for (let i = 0; i < 6; i++)
          void store.requestOp("k", null, [add(`m${i}`)]).then((result) => results.push(result));
      });
      expect(results.map((result) => (result.kind === "ok" ? "ok" : result.error)).sort()).toEqual(
        ["ok", "ok", "ok", "ok", "overflow", "overflow"].sort(),
      );
      expect(members(kv("n1"), "k")).toHaveLength(4);
      expect(await ask("n1", "k", [add("x".repeat(500))])).toEqual({ kind: "error", error: "too-large" });
    }));
});

describe("nodes", () => {
  it("converge on concurrent changes from both sides of a cut, by anti-entropy alone", () =>
    simulateKv({ nodes: 6, isMulticasting: false }, async (world) => {
      const { topology, run, ask } = world;
      topology.unlink("n6", "n1");
      topology.unlink("n3", "n4");
      await run(3_000_000);
      for (const name of ["n1", "n2", "n5"]) await ask(name, "k", [add(name)]);
      await run(8_000_000);
      expect(members(world.kv("n3"), "k")).toEqual(["n1", "n2"]);
      expect(members(world.kv("n6"), "k")).toEqual(["n5"]);
      topology.link("n3", "n4");
      await run(8_000_000);
      expectEqual(world, "k", ["n1", "n2", "n5"]);
    }));

  it("converge over links that lose and repeat", () =>
    simulateKv({ nodes: 5 }, async (world) => {
      const { control, names, run, ask } = world;
      await run(3_000_000);
      const harm = { lossPerMillion: 300_000, duplicatePerMillion: 200_000, reorderPerMillion: 200_000 };
      for (const from of names) for (const to of names) if (from !== to) control.network.setLink(from, to, harm);
      for (let i = 0; i < 40; i++) await ask(names[i % 5]!, `k${i % 3}`, [add(`m${i}`)]);
      await run(20_000_000);
      for (const key of ["k0", "k1", "k2"]) {
        const expected = Array.from({ length: 40 }, (_, i) => `m${i}`).filter((_, i) => `k${i % 3}` === key);
        expectEqual(world, key, expected.sort());
      }
    }));

  it("bring old keys to a neighbour that lost its disk and came back at once under its name", () =>
    simulateKv({ nodes: 3, isMulticasting: false }, async (world) => {
      const { control, run, ask } = world;
      await run(3_000_000);
      await ask("n1", "old", [add("a")]);
      await run(8_000_000);
      expectEqual(world, "old", ["a"]);
      control.wipe("n3");
      control.boot("n3");
      await run(10_000_000);
      expectEqual(world, "old", ["a"]);
      expect(control.world.properties.marks.get("kv.peer-booted")).toBeGreaterThan(0);
    }));

  it("do not send again what a neighbour has", () =>
    simulateKv({ nodes: 2, isMulticasting: false }, async ({ control, run, ask }) => {
      await run(3_000_000);
      for (let i = 0; i < 30; i++) await ask("n1", `k${i}`, [add("a")]);
      await run(10_000_000);
      const before = control.world.eventCount;
      await run(10_000_000);
      expect(control.world.eventCount - before).toBeLessThan(25_000);
      expect(control.world.properties.marks.get("kv.overflow")).toBeUndefined();
    }));

  it("write remote changes to their disks as well", () =>
    simulateKv({ nodes: 3 }, async ({ control, topology, kv, run, ask }) => {
      await run(3_000_000);
      await ask("n1", "k", [add("a")]);
      await run(1_000_000);
      control.wipe("n1");
      control.wipe("n2");
      topology.isolate("n3");
      control.powerLoss("n3");
      control.boot("n3");
      await run(2_000_000);
      expect(members(kv("n3"), "k")).toEqual(["a"]);
    }));
});

describe("a subscription", () => {
  it("gives what is there, then changes of its prefix, the last with the final value", () =>
    simulateKv({ nodes: 2 }, async ({ on, ask, run }) => {
      await run(3_000_000);
      await ask("n1", "vip/a", [add("1")]);
      await ask("n1", "other", [add("1")]);
      const notices: KvNotice[] = [];
      let end = (): void => {};
      await run(500_000);
      await on("n2", (kv) => {
        end = kv.subscribe("vip/", (notice) => notices.push(notice));
      });
      for (let i = 2; i < 12; i++) await ask("n1", `vip/${i % 2 === 0 ? "a" : "b"}`, [add(`${i}`)]);
      await ask("n1", "other", [add("2")]);
      await run(500_000);
      expect(notices[0]!.kind).toBe("present");
      expect(notices[0]!.entries.map(({ key }) => key)).toEqual(["vip/a"]);
      const last = new Map(
        notices.flatMap(({ entries }) => entries).map(({ key, value }) => [key, value.sets.get("members")]),
      );
      expect(last).toEqual(
        new Map([
          ["vip/a", ["1", "10", "2", "4", "6", "8"]],
          ["vip/b", ["11", "3", "5", "7", "9"]],
        ]),
      );
      const count = notices.length;
      await on("n2", () => end());
      await ask("n1", "vip/a", [add("z")]);
      await run(500_000);
      expect(notices).toHaveLength(count);
    }));

  it("gathers changes that come together into one notice", () =>
    simulateKv({ nodes: 1, kv: { flushUs: 100_000 } }, async ({ on, run }) => {
      await run(3_000_000);
      const notices: KvNotice[] = [];
      await on("n1", (kv) => {
        kv.subscribe("", (notice) => notices.push(notice));
      });
      await on(
        "n1",
        (kv) => {
          for (let i = 0; i < 10; i++) void kv.requestOp("k", null, [add(`m${i}`)]);
        },
        500_000,
      );
      expect(notices.map(({ kind, entries }) => [kind, entries.length])).toEqual([
        ["present", 0],
        ["changed", 1],
      ]);
      expect(notices[1]!.entries[0]!.value.sets.get("members")).toHaveLength(10);
    }));
});
