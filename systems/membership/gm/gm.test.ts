/** Global membership over an overlay that the test holds: floods, syncs, epochs, trimming. */
import { describe, expect, it } from "vitest";
import type { Control } from "../../../sim/control.ts";
import { type Simulation, type SimulationOptions, simulate } from "../../../tests/membership/simulation.ts";
import type { GlobalMembership } from "../membership.ts";
import { gmCodec, type GmMessage } from "./message.ts";
import { startGm } from "./gm.ts";
import { GM_DEFAULTS, type GmOptions } from "./options.ts";
import { compareVersions, makeRecord } from "./record.ts";
import { RecordTable } from "./table.ts";

const FAULT = { index: 0, kind: "clock-step", effects: 0 };

type Members = Map<string, GlobalMembership>;

function simulateGm(
  options: SimulationOptions & { readonly gm?: Partial<GmOptions> },
  script: (simulation: Simulation & { readonly members: Members }) => Promise<void>,
): Promise<void> {
  const members: Members = new Map();
  const program: Parameters<typeof simulate>[1] = async (host, overlay) => {
    members.delete(host.name);
    members.set(host.name, await startGm(host, overlay, { ...GM_DEFAULTS, ...options.gm }));
  };
  return simulate(options, program, (simulation) => script({ ...simulation, members }));
}

function viewsAt(gm: GlobalMembership): string[] {
  return gm.records().map(({ node, activeView }) => `${node}: ${activeView.join(" ")}`);
}

function lose(control: Control, names: readonly string[], lossPerMillion: number): void {
  for (const from of names)
    for (const to of names) if (from !== to) control.network.setLink(from, to, { lossPerMillion });
}

describe("global membership", () => {
  it("brings every record to every node of a ring, in objects that all of them share", () =>
    simulateGm({ nodes: 8, isDeepChecking: false }, async ({ members, names, topology, run }) => {
      await run(5_000_000);
      for (const name of names) {
        const gm = members.get(name)!;
        expect(gm.records().map(({ node }) => node)).toEqual([...names].sort());
        for (const { node, activeView } of gm.records()) expect(activeView).toEqual(topology.neighboursOf(node));
        expect(gm.record("n3")).toBe(members.get("n3")!.record("n3"));
      }
    }));

  it("tells a changed view within half a second, and pings at once whom another node dropped", () =>
    simulateGm({ nodes: 6 }, async ({ members, topology, run }) => {
      await run(5_000_000);
      topology.unlink("n1", "n2");
      await run(500_000);
      expect(viewsAt(members.get("n4")!).slice(0, 2)).toEqual(["n1: n6", "n2: n3"]);
      expect(topology.checked).toContainEqual({ self: "n6", peer: "n1" });
      expect(topology.checked).toContainEqual({ self: "n3", peer: "n2" });
    }));

  it("makes one record of a burst of changes, at a bounded rate", () =>
    simulateGm({ nodes: 4 }, async ({ members, topology, run }) => {
      await run(5_000_000);
      const before = members.get("n2")!.record("n1")!.clock;
      for (let i = 0; i < 40; i++) {
        if (i % 2 === 0) topology.unlink("n1", "n2");
        else topology.link("n1", "n2");
        await run(50_000);
      }
      await run(2_000_000);
      const { clock, activeView } = members.get("n3")!.record("n1")!;
      expect(clock - before).toBeLessThanOrEqual(GM_DEFAULTS.updateBurst + 4);
      expect(activeView).toEqual(["n2", "n4"]);
    }));

  it("syncs two halves over the first link between them", () =>
    simulateGm({ nodes: 8 }, async ({ members, names, topology, run }) => {
      topology.unlink("n8", "n1");
      topology.unlink("n4", "n5");
      await run(5_000_000);
      topology.unlink("n2", "n3");
      await run(500_000);
      expect(members.get("n1")!.record("n2")!.activeView).toEqual(["n1"]);
      topology.link("n4", "n5");
      await run(1_000_000);
      const third = viewsAt(members.get("n3")!);
      for (const name of names.slice(2)) expect(viewsAt(members.get(name)!)).toEqual(third);
      topology.link("n1", "n8");
      await run(1_000_000);
      for (const name of names) expect(viewsAt(members.get(name)!)).toEqual(viewsAt(members.get("n1")!));
    }));

  it("repairs by summaries what every flood lost", () =>
    simulateGm({ nodes: 5, gm: { resyncUs: 1_000_000 } }, async ({ control, members, names, topology, run }) => {
      await run(5_000_000);
      lose(control, names, 1_000_000);
      topology.link("n1", "n3");
      await run(1_000_000);
      expect(members.get("n5")!.record("n1")!.activeView).toEqual(["n2", "n5"]);
      lose(control, names, 0);
      await run(12_000_000);
      for (const name of names) expect(viewsAt(members.get(name)!)).toEqual(viewsAt(members.get("n1")!));
    }));

  it("goes on above all its earlier records after a kill, a power loss and a clock that went back", () =>
    simulateGm({ nodes: 4 }, async ({ control, members, run }) => {
      await run(3_000_000);
      const first = members.get("n3")!.record("n2")!;
      control.powerLoss("n2");
      control.addWallFault("n2", { kind: "step", byUs: -50_000_000_000, fault: FAULT });
      control.boot("n2");
      await run(3_000_000);
      const second = members.get("n3")!.record("n2")!;
      expect(second.epoch).toBe(first.epoch + 1);
      control.restart("n2");
      await run(3_000_000);
      expect(members.get("n3")!.record("n2")!.epoch).toBe(first.epoch + 2);
      expect(control.world.properties.marks.get("gm.epoch-lost")).toBeUndefined();
    }));

  it("is listened to again after it lost its epoch with its disk while the clock went back", () =>
    simulateGm({ nodes: 4 }, async ({ control, members, topology, run }) => {
      await run(3_000_000);
      const first = members.get("n3")!.record("n2")!;
      control.wipe("n2");
      control.addWallFault("n2", { kind: "step", byUs: -50_000_000_000, fault: FAULT });
      topology.unlink("n2", "n3");
      control.boot("n2");
      await run(5_000_000);
      const second = members.get("n3")!.record("n2")!;
      expect(control.world.properties.marks.get("gm.epoch-lost")).toBeGreaterThan(0);
      expect(second.epoch).toBe(first.epoch + 1);
      expect(second.activeView).toEqual(["n1"]);
      expect(members.get("n2")!.record("n2")).toBe(second);
    }));

  it("forgets a node that nobody heard of for long, and does not let an older neighbour bring it back", () =>
    simulateGm(
      { nodes: 4, gm: { refreshUs: 2_000_000, trimAfterUs: 10_000_000, trimEveryUs: 1_000_000, resyncUs: 500_000 } },
      async ({ control, members, topology, run }) => {
        await run(3_000_000);
        control.kill("n4");
        topology.isolate("n4");
        await run(8_000_000);
        expect(members.get("n1")!.size).toBe(4);
        await run(6_000_000);
        for (const name of ["n1", "n2", "n3"]) expect(members.get(name)!.size).toBe(3);
        topology.link("n4", "n1");
        control.boot("n4");
        await run(3_000_000);
        expect(members.get("n2")!.size).toBe(4);
      },
    ));
});

describe("the record table", () => {
  const record = (node: string, epoch: number, clock: number) => makeRecord({ node, epoch, clock }, []);

  it("takes only newer versions, and keeps one summary whatever the order", () => {
    const [a, b] = [new RecordTable({ sizeMax: 10 }), new RecordTable({ sizeMax: 10 })];
    for (const next of [record("x", 1, 5), record("y", 2, 1), record("x", 2, 1)]) a.accept(next, 0);
    for (const next of [record("x", 2, 1), record("x", 1, 5), record("y", 2, 1)]) b.accept(next, 0);
    expect(a.summary).toEqual(b.summary);
    expect(a.get("x")).toMatchObject({ epoch: 2, clock: 1 });
    expect(b.accept(record("x", 2, 2), 0).kind).toBe("new");
    expect(a.summary).not.toEqual(b.summary);
    expect(b.accept(record("x", 2, 2), 0).kind).toBe("same");
    expect(b.accept(record("x", 1, 9), 0).kind).toBe("older");
  });

  it("refuses what it trimmed until the memory of that is trimmed too", () => {
    const table = new RecordTable({ sizeMax: 10 });
    table.accept(record("x", 1, 1), 0);
    expect(table.trim("self", { beforeUs: 10, nowUs: 10 })).toHaveLength(1);
    expect(table.accept(record("x", 1, 1), 11).kind).toBe("same");
    expect(table.names).toEqual([]);
    table.trim("self", { beforeUs: 11, nowUs: 20 });
    expect(table.accept(record("x", 1, 1), 21).kind).toBe("new");
    expect(table.accept(record("y", 1, 1), 21).kind).toBe("new");
  });

  it("is bounded", () => {
    const table = new RecordTable({ sizeMax: 1 });
    table.accept(record("x", 1, 1), 0);
    expect(table.accept(record("y", 1, 1), 0).kind).toBe("full");
    expect(table.accept(record("x", 1, 2), 0).kind).toBe("new");
  });

  it("orders versions by epoch, then by clock", () => {
    expect(compareVersions(record("x", 2, 1), record("x", 1, 9))).toBeGreaterThan(0);
    expect(compareVersions(record("x", 2, 1), record("x", 2, 2))).toBeLessThan(0);
  });
});

describe("the codec", () => {
  const records = [makeRecord({ node: "n1", epoch: 1_700_000_000, clock: 300 }, ["ä", "n2", "x\u{1f600}"].sort())];
  const messages: GmMessage[] = [
    { type: "records", records, ttls: [10] },
    { type: "summary", summary: { count: 1_000, high: 0xfedcba98, low: 1 }, isAnswer: true },
    { type: "digest", after: "", through: "n7", versions: [{ node: "n1", epoch: 1, clock: 2 }] },
    { type: "digest", after: "n7", through: null, versions: [] },
    { type: "want", nodes: ["n1", "n2"] },
  ];

  it("says the exact size, and reads back what it wrote", () => {
    for (const message of messages) {
      const bytes = gmCodec.encode(message);
      expect(bytes.length).toBe(gmCodec.sizeOf!(message));
      expect(gmCodec.decode(bytes)).toEqual(message);
    }
  });

  it("refuses every single damaged bit", () => {
    for (const message of messages) {
      const bytes = gmCodec.encode(message);
      for (let bit = 0; bit < bytes.length * 8; bit++) {
        const damaged = bytes.slice();
        damaged[bit >>> 3]! ^= 1 << (bit & 7);
        expect(() => gmCodec.decode(damaged)).toThrow();
      }
    }
  });
});
