/** Multicast over an overlay that the test holds: copies, repair, time to live, bounds. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Simulation, type SimulationOptions, simulate } from "../../../tests/membership/simulation.ts";
import { startGm } from "../gm/gm.ts";
import { GM_DEFAULTS } from "../gm/options.ts";
import type { Multicast } from "../membership.ts";
import { makeBranch } from "../route/branch.ts";
import { ROUTE_DEFAULTS } from "../route/options.ts";
import { startRoutes } from "../route/routes.ts";
import { KeptPackets } from "./kept.ts";
import { Ledger } from "./ledger.ts";
import { type MulticastWire, multicastCodec } from "./message.ts";
import { startMulticast } from "./multicast.ts";
import { MULTICAST_DEFAULTS, type MulticastOptions } from "./options.ts";

const TOPIC = "news";

type Station = { readonly multicast: Multicast; readonly heard: string[] };
type World = Simulation & {
  readonly at: (name: string) => Station;
  /** Sends in an event of the host; the id. */
  readonly send: (name: string, text: string) => Promise<string>;
  /** Copies heard of an id, by host. */
  readonly copies: (id: string) => Record<string, number>;
};

function simulateMulticast(
  options: SimulationOptions & { readonly multicast?: Partial<MulticastOptions> },
  script: (world: World) => Promise<void>,
): Promise<void> {
  const stations = new Map<string, Station>();
  const orders = new Map<string, { readonly text: string; readonly done: (id: string) => void }>();
  return simulate(
    options,
    async (host, overlay) => {
      const routes = startRoutes(host, await startGm(host, overlay, GM_DEFAULTS), ROUTE_DEFAULTS);
      const multicast = startMulticast({ host, overlay, routes }, { ...MULTICAST_DEFAULTS, ...options.multicast });
      const heard: string[] = [];
      multicast.subscribe(TOPIC, ({ id }) => heard.push(id));
      stations.set(host.name, { multicast, heard });
      const look = (): void => {
        const order = orders.get(host.name);
        if (order !== undefined) {
          orders.delete(host.name);
          order.done(multicast.send(TOPIC, new TextEncoder().encode(order.text)));
        }
        host.timers.after(1_000, look);
      };
      look();
    },
    (simulation) => {
      const at = (name: string): Station => stations.get(name)!;
      const send = async (name: string, text: string): Promise<string> => {
        let sent = "";
        orders.set(name, {
          text,
          done: (id) => {
            sent = id;
          },
        });
        await simulation.run(5_000);
        return sent;
      };
      const copies = (id: string): Record<string, number> =>
        Object.fromEntries(
          simulation.names.flatMap((name) => {
            const count = at(name).heard.filter((other) => other === id).length;
            return count === 0 ? [] : [[name, count]];
          }),
        );
      return script({ ...simulation, at, send, copies });
    },
  );
}

function each(names: readonly string[], count: number): Record<string, number> {
  return Object.fromEntries(names.map((name) => [name, count]));
}

describe("multicast", () => {
  it("hands every other node as many copies as there are trees, when nothing is lost", () =>
    simulateMulticast({ nodes: 9 }, async ({ topology, names, run, send, copies }) => {
      topology.link("n1", "n5");
      topology.link("n3", "n8");
      await run(5_000_000);
      const id = await send("n2", "hello");
      await run(3_000_000);
      expect(id).toBe("n2#1/1");
      expect(copies(id)).toEqual(
        each(
          names.filter((name) => name !== "n2"),
          2,
        ),
      );
    }));

  it("hands over one copy with isDeduplicated, and with one tree", async () => {
    for (const multicast of [{ isDeduplicated: true }, { replication: 1 }]) {
      await simulateMulticast({ nodes: 6, multicast }, async ({ names, run, send, copies }) => {
        await run(5_000_000);
        const id = await send("n1", "hello");
        await run(3_000_000);
        expect(copies(id)).toEqual(each(names.slice(1), 1));
      });
    }
  });

  it("reaches every node once at least and twice at most over links that lose, repeat and delay", () =>
    simulateMulticast({ nodes: 9 }, async ({ control, topology, names, run, send, copies }) => {
      topology.link("n1", "n5");
      topology.link("n3", "n8");
      await run(5_000_000);
      const harm = { lossPerMillion: 300_000, duplicatePerMillion: 300_000, reorderPerMillion: 300_000 };
      for (const from of names) for (const to of names) if (from !== to) control.network.setLink(from, to, harm);
      const ids: string[] = [];
      for (let i = 0; i < 20; i++) ids.push(await send(names[i % names.length]!, `message ${i}`));
      await run(20_000_000);
      for (const id of ids) {
        const counts = copies(id);
        expect(Object.keys(counts)).toHaveLength(names.length - 1);
        for (const count of Object.values(counts)) expect(count).toBeLessThanOrEqual(2);
      }
      expect(control.world.properties.marks.get("multicast.grafted")).toBeGreaterThan(0);
    }));

  it("gets past the end of its time to live by repair", () =>
    simulateMulticast({ nodes: 10, multicast: { ttl: 2 } }, async ({ control, names, run, send, copies }) => {
      await run(5_000_000);
      const id = await send("n1", "far");
      await run(1_000);
      expect(Object.keys(copies(id)).length).toBeLessThan(9);
      await run(5_000_000);
      expect(Object.keys(copies(id)).sort()).toEqual(names.slice(1).sort());
      expect(control.world.properties.marks.get("multicast.ttl-over")).toBeGreaterThan(0);
    }));

  it("reaches who was out of reach for a moment, when the link is back", () =>
    simulateMulticast({ nodes: 6 }, async ({ topology, run, send, copies }) => {
      topology.isolate("n4");
      await run(5_000_000);
      const id = await send("n1", "later");
      await run(2_000_000);
      expect(Object.keys(copies(id))).not.toContain("n4");
      topology.link("n4", "n5");
      await run(2_000_000);
      expect(copies(id)["n4"]).toBe(1);
    }));

  it("calls nobody for a topic without a subscriber, and its own subscribers never", () =>
    simulateMulticast({ nodes: 3 }, async ({ at, run, send, copies }) => {
      await run(3_000_000);
      const id = await send("n1", "x");
      await run(1_000_000);
      expect(copies(id)["n1"]).toBeUndefined();
      expect(at("n2").heard.length).toBeGreaterThan(0);
    }));
});

describe("the ledger", () => {
  const name = (number: number, boot = 1) => ({ origin: "n1", boot, number });

  it("counts copies within its window, and drops what fell out of it", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 80 }), (numbers) => {
        const ledger = new Ledger({ windowMax: 8, forgetUs: 1_000 });
        const seen = new Map<number, number>();
        for (const number of numbers) {
          const before = ledger.count(name(number), 0);
          // A copy is never taken for new: either it is counted right, or it is too old.
          if (before !== null) expect(before).toBe(seen.get(number) ?? 0);
          seen.set(number, (seen.get(number) ?? 0) + 1);
        }
      }),
    );
  });

  it("keeps boots apart and forgets the silent", () => {
    const ledger = new Ledger({ windowMax: 8, forgetUs: 1_000 });
    expect(ledger.count(name(1), 0)).toBe(0);
    expect(ledger.count(name(1, 2), 500)).toBe(0);
    expect(ledger.count(name(1), 600)).toBe(1);
    ledger.forget(1_550);
    expect([ledger.has(name(1)), ledger.has(name(1, 2))]).toEqual([true, false]);
  });
});

describe("kept packets", () => {
  it("stay within their bounds of count, bytes and age, oldest first", () => {
    const packet = (number: number, bytes: number) => ({
      origin: "n1",
      boot: 1,
      number,
      topic: "",
      payload: new Uint8Array(bytes),
    });
    const kept = new KeptPackets({ keepUs: 100, keepCountMax: 3, keepBytesMax: 10 });
    const numbers = (): number[] => kept.names().map(({ number }) => number);
    for (const i of [1, 2, 3, 4]) kept.add(packet(i, 1), i);
    expect(numbers()).toEqual([2, 3, 4]);
    kept.add(packet(5, 9), 5);
    expect(numbers()).toEqual([4, 5]);
    kept.trim(105);
    expect(numbers()).toEqual([5]);
  });
});

describe("the codec", () => {
  const packet = { origin: "n1", boot: 3, number: 200, topic: "t", payload: Uint8Array.of(1, 2, 3) };
  const tree = [makeBranch("n2", [makeBranch("n4", []), makeBranch("n5", [])]), makeBranch("n3", [])];
  const messages: MulticastWire[] = [
    { type: "packet", packet, children: tree, ttl: 20 },
    { type: "packet", packet, children: [], ttl: 0 },
    { type: "have", names: [{ origin: "n1", boot: 3, number: 200 }] },
    { type: "graft", names: [] },
  ];

  it("says the exact size, and reads back what it wrote", () => {
    for (const message of messages) {
      const bytes = multicastCodec.encode(message);
      expect(bytes.length).toBe(multicastCodec.sizeOf!(message));
      expect(multicastCodec.decode(bytes)).toEqual(message);
    }
  });
});
