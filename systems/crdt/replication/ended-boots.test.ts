/** What a boot has sent that ended since: nobody takes it who knows of its successor, or has booted again himself. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Codec, Host } from "../../../sim/host.ts";
import { gCounter, gCounterIncrement } from "../counters.ts";
import { checkRecords, type OpenStage, runFor, simulate, tapped } from "./cluster.fixture.ts";
import { KeyedReplica } from "./keyed-replica.ts";
import { keyedCodec } from "./keyed-message.ts";
import { replicaCodec } from "./message.ts";
import { opCodec } from "./op-message.ts";
import { OpReplica } from "./op-replica.ts";
import { Replica } from "./replica.ts";

const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));

type Counting = {
  increment(): Promise<unknown>;
  /** How many updates of an actor are contained. */
  count(actor: string): number;
};
type Mode = {
  readonly name: string;
  readonly codec: Codec<never>;
  /** The message that brings updates. */
  readonly brings: string;
  start(host: Host, peers: readonly string[]): Promise<Counting>;
};

const bounds = { type: gCounter, port: 7, roundUs: 20_000, roundBytesMax: 2_000, journalBytesMax: 4_000 };
const MODES: readonly Mode[] = [
  {
    name: "deltas",
    codec: replicaCodec as Codec<never>,
    brings: "delta",
    start: async (host, peers) => {
      const replica = await Replica.start(host, { ...bounds, peers, deltaCountMax: 50 });
      return {
        increment: () => replica.update((state, actor) => gCounterIncrement(state, actor, 1)),
        count: (actor) => replica.seen.get(actor),
      };
    },
  },
  {
    name: "operations",
    codec: opCodec as Codec<never>,
    brings: "operations",
    start: async (host, peers) => {
      const replica = await OpReplica.start(host, { ...bounds, peers, operationCountMax: 50, holdBackCountMax: 20 });
      return {
        increment: () => replica.update((state, actor) => gCounterIncrement(state, actor, 1)),
        count: (actor) => replica.seen.get(actor),
      };
    },
  },
  {
    name: "keyed",
    codec: keyedCodec as Codec<never>,
    brings: "objects",
    start: async (host, peers) => {
      const replica = await KeyedReplica.start(host, { ...bounds, peers });
      return {
        increment: () => replica.update("key", (state, actor) => gCounterIncrement(state, actor, 1)),
        count: (actor) => replica.seenOf("key").get(actor),
      };
    },
  },
];

describe("a message that was meant for the boot before", { timeout: 60_000 }, () => {
  for (const { name, codec, brings, start } of MODES) {
    it(`brings in nothing of a boot that has ended (${name})`, async () => {
      let isCut = false;
      /** The last message of n2 to n1 that brought updates, and was lost. */
      let late: unknown = null;
      const replay = async (host: Host): Promise<void> => {
        const socket = host.net.open({ port: 8, codec: codec as Codec<unknown>, onMessage: () => undefined });
        socket.send({ host: "n1", port: 7 }, late);
        await host.timers.sleep(30_000);
      };
      const options = {
        seed: `ended/${name}`,
        faultPerMillion: 0,
        start: async (host: Host, peers: readonly string[]): Promise<Counting> => {
          if (host.name !== "n2") return start(host, peers);
          if (host.boot.incarnation === 2) await replay(host);
          const send = (to: string, message: unknown): void => {
            const { type } = message as { readonly type: string };
            if (isCut && to === "n1" && type === brings) late = message;
          };
          return start(tapped(host, { timer: () => undefined, send }), peers);
        },
        write: (replica: Counting) => replica.increment(),
      };
      await simulate<Counting>(openStage, options, async (cluster) => {
        const { control, replicas } = cluster;
        const cut = (lossPerMillion: number): void => {
          const rates = { duplicatePerMillion: 0, reorderPerMillion: 0, corruptPerMillion: 0 };
          for (const to of ["n1", "n3"]) control.network.setLink("n2", to, { lossPerMillion, ...rates });
        };
        await runFor(cluster, 100_000);
        cluster.isWriting = false;
        await runFor(cluster, 300_000);
        const before = replicas.get("n2")!.count("n2#1");
        expect([replicas.get("n1")!.count("n2#1"), replicas.get("n3")!.count("n2#1")]).toEqual([before, before]);
        isCut = true;
        cut(1_000_000);
        cluster.isWriting = true;
        await runFor(cluster, 60_000);
        expect(late).not.toBe(null);
        control.powerLoss("n2");
        control.wipe("n2");
        control.kill("n1");
        cut(0);
        control.boot("n1");
        await runFor(cluster, 50_000);
        control.boot("n2");
        await runFor(cluster, 25_000);
        expect(replicas.get("n1")!.count("n2#1")).toBe(before);
        await runFor(cluster, 200_000);
        cluster.isWriting = false;
        await runFor(cluster, 2_000_000);
        for (const host of ["n1", "n2", "n3"]) {
          const replica = replicas.get(host)!;
          expect([host, replica.count("n2#1"), replica.count("n2#2") > 0]).toEqual([host, before, true]);
        }
        checkRecords(cluster);
      });
    });
  }
});
