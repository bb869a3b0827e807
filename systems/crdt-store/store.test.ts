/** One store and one client in a simulated world: nothing is done twice, and a boot is never taken for another. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import { type StoreAnswer, StoreClient } from "./client.ts";
import { COUNTER_KINDS } from "./counters.ts";
import type { StoreOptions, StoreRecord } from "./server.ts";

const OPTIONS: StoreOptions = {
  peers: [],
  replicaPort: 1,
  clientPort: 2,
  roundUs: 20_000,
  roundBytesMax: 1_000,
  journalBytesMax: 1_000,
  mode: "deltas",
  logCountMax: 10,
  holdBackCountMax: 10,
  trimming: null,
};
const INCREMENT = { f: "increment", key: null, value: 1 };

type Rig = { readonly control: Control; readonly client: () => StoreClient };

async function simulate(name: string, script: (rig: Rig) => Promise<void>): Promise<void> {
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: name, engine });
    control.addHost({ name: "n1", program: (host) => COUNTER_KINDS["bounded-counter"]!.start(host, OPTIONS) });
    let client: StoreClient | null = null;
    const ports = { storePort: 2, clientPort: 3 };
    control.addHost({
      name: "c1",
      program: (host) => {
        client = new StoreClient(host, { stores: ["n1"], ...ports, timeoutUs: 300_000 });
      },
    });
    control.boot("n1", true);
    control.boot("c1", true);
    await control.run(100_000);
    await script({ control, client: () => client! });
  });
}

/** Asks in an event of the client's host, and runs the world until it is answered. */
async function ask(control: Control, call: () => Promise<StoreAnswer>): Promise<StoreAnswer> {
  let answer: StoreAnswer | null = null;
  const { world } = control;
  const kind = { name: "test.ask", sync: false, run: (start: () => void) => start() };
  world.at(world.nowUs, control.host("c1").incarnation!, kind, () => {
    void call().then((found) => (answer = found));
  });
  await control.run(world.nowUs + 1_000_000);
  return answer!;
}

const shown = (answer: StoreAnswer): unknown => (answer.kind === "answer" ? answer.reply.value : answer.kind);

describe("a store", { timeout: 60_000 }, () => {
  it("does each request once, though every message arrives twice", () =>
    simulate("twice", async ({ control, client }) => {
      control.network.setLink("c1", "n1", { duplicatePerMillion: 1_000_000 });
      for (let i = 0; i < 5; i++) await ask(control, () => client().update("n1", INCREMENT, 0));
      expect(shown(await ask(control, () => client().read("n1")))).toBe(5);
    }));

  it("keeps what it had acknowledged, and does nothing for who means the boot before", () =>
    simulate("boot", async ({ control, client }) => {
      await ask(control, () => client().update("n1", INCREMENT, 0));
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(control.nowUs + 100_000);
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "moved" });
      const answer = await ask(control, () => client().update("n1", INCREMENT, 0));
      expect(answer).toMatchObject({ kind: "answer", reply: { id: ["n1#2", 1], held: { "n1#1": 1 } } });
      expect(shown(await ask(control, () => client().read("n1")))).toBe(2);
    }));

  it("is not asked twice for an update whose first copy it may have done in the boot before", () =>
    simulate("copies/1", async ({ control, client }) => {
      const latency = { shape: "uniform", minUs: 100, meanUs: 50_000 } as const;
      control.network.setLink("c1", "n1", { duplicatePerMillion: 1_000_000, latency });
      // The store ends between doing the first copy and answering; the second copy finds its next boot.
      let acknowledged = 0;
      control.world.onObservation("crdt-store", (_host, _incarnation, data) => {
        if ((data as StoreRecord).kind !== "acknowledged") return;
        acknowledged += 1;
        control.kill("n1");
        control.after(1_000, () => control.boot("n1"));
      });
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "moved" });
      expect([acknowledged, shown(await ask(control, () => client().read("n1")))]).toEqual([1, 1]);
    }));

  it("is asked again for a read after a boot that the client did not know of", () =>
    simulate("read", async ({ control, client }) => {
      control.powerLoss("n1");
      control.boot("n1");
      await control.run(control.nowUs + 100_000);
      expect(await ask(control, () => client().read("n1"))).toMatchObject({ kind: "answer", reply: { boot: 2 } });
    }));

  it("refuses what the type refuses, and says nothing when it is gone", () =>
    simulate("refused", async ({ control, client }) => {
      const decrement = { f: "decrement", key: null, value: 1 };
      const refused = await ask(control, () => client().update("n1", decrement, 0));
      expect(refused).toEqual({ kind: "refused", error: "insufficient-rights" });
      control.kill("n1");
      expect(await ask(control, () => client().update("n1", INCREMENT, 0))).toEqual({ kind: "silence" });
    }));
});
