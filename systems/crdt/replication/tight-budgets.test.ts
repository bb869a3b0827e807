/** Replicas of objects by key whose keys or objects are larger than what a round has room for: they converge all the same. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import type { Clock } from "../clock.ts";
import { type GCounterOp, gCounter, gCounterIncrement } from "../counters.ts";
import { lwwRegister } from "../lww-register.ts";
import { textCodec } from "../value-codec.ts";
import { type OpenStage, runFor, simulate, wipe } from "./cluster.fixture.ts";
import { KeyedReplica } from "./keyed-replica.ts";
import { bucketOf } from "./merkle-tree.ts";

const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));
const bounds = { port: 7, roundUs: 20_000, roundBytesMax: 1_000, journalBytesMax: 100_000 };
const HOSTS = ["n1", "n2"] as const;

describe("objects by key under a tight budget", { timeout: 60_000 }, () => {
  it("converge though two keys of one bucket are too long to be named together", async () => {
    const first = "A".repeat(400);
    let second = "";
    for (let i = 0; second === "" || bucketOf(second) !== bucketOf(first); i++) second = `${i}`.padEnd(400, "B");
    const orders = new Map<string, string>();
    type Counters = KeyedReplica<Clock, GCounterOp>;
    const options = {
      seed: "long-keys",
      faultPerMillion: 0,
      hosts: HOSTS,
      start: (host: Host, peers: readonly string[]): Promise<Counters> =>
        KeyedReplica.start(host, { ...bounds, type: gCounter, peers }),
      write: async (replica: Counters, host: Host) => {
        const key = orders.get(host.name);
        orders.delete(host.name);
        if (key !== undefined) await replica.update(key, (state, actor) => gCounterIncrement(state, actor, 1));
      },
    };
    await simulate<Counters>(openStage, options, async (cluster) => {
      const { control, replicas } = cluster;
      orders.set("n1", first);
      await runFor(cluster, 1_000_000);
      expect(replicas.get("n2")!.keys()).toEqual([first]);
      // Now n2 holds the first key, and n1, which has lost its disk, only the second.
      control.kill("n2");
      control.powerLoss("n1");
      control.wipe("n1");
      control.boot("n1");
      await runFor(cluster, 100_000);
      orders.set("n1", second);
      await runFor(cluster, 100_000);
      control.boot("n2");
      await runFor(cluster, 5_000_000);
      expect(replicas.get("n1")!.keys().length).toBe(2);
      expect(replicas.get("n1")!.digest).toBe(replicas.get("n2")!.digest);
    });
  });

  it("compare what is cold though hot objects are larger than the budget", async () => {
    let isCold = true;
    let count = 0;
    const start = (host: Host, peers: readonly string[]) => {
      const type = lwwRegister({ codec: textCodec, nowUs: () => host.clock.wallUs(), aheadUsMax: 3_600_000_000 });
      return KeyedReplica.start(host, { ...bounds, type, peers }).then((replica) => ({ replica, type }));
    };
    type Texts = Awaited<ReturnType<typeof start>>;
    const options = {
      seed: "hot-objects",
      faultPerMillion: 0,
      hosts: HOSTS,
      start,
      write: async ({ replica, type }: Texts, host: Host) => {
        const put = (key: string, value: string): Promise<unknown> =>
          replica.update(key, (state, actor) => type.write(state, actor, value));
        if (host.name === "n1") await put(`hot${count++ % 6}`, "v".repeat(1_200));
        else if (isCold) {
          isCold = false;
          await put("cold", "x");
        }
      },
    };
    await simulate<Texts>(openStage, options, async (cluster) => {
      expect(cluster.replicas.get("n1")!.replica.get("cold")).toBeTruthy();
      await wipe(cluster, "n2");
      await runFor(cluster, 5_000_000);
      expect(cluster.replicas.get("n2")!.replica.get("cold")).toBeTruthy();
    });
  });
});
