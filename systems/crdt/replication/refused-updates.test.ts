/** Updates that a replica must not take, and those that must not suffer from a refused one. */
import { describe, expect, it } from "vitest";
import { withNodeEngine } from "../../../runtime/engine.ts";
import { Control } from "../../../sim/control.ts";
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { lwwRegister } from "../lww-register.ts";
import { type OrSet, type OrSetOp, orSet } from "../or-set.ts";
import { mvRegister, putOver } from "../registers.ts";
import { numberCodec, textCodec } from "../value-codec.ts";
import { type OpenStage, runFor, simulate, tapped } from "./cluster.fixture.ts";
import { KeyedReplica } from "./keyed-replica.ts";
import type { OpMessage } from "./op-message.ts";
import { OpReplica } from "./op-replica.ts";
import type { OperationRecord } from "./record.ts";
import { Replica } from "./replica.ts";

const openStage: OpenStage = (seed, use) =>
  withNodeEngine({}, (engine) => use(new Control({ seed, engine, supervisorDelayUs: 50_000 })));
const bounds = { port: 7, roundUs: 20_000, roundBytesMax: 1_000, journalBytesMax: 4_000 };
const set = orSet(numberCodec);
type SetReplica = OpReplica<OrSet<number>, OrSetOp<number>>;

/** What the writers of the hosts do next, one after the other. */
class Tasks<R> {
  readonly #tasks: Map<string, ((replica: R) => Promise<unknown>)[]> = new Map();

  add(host: string, task: (replica: R) => Promise<unknown>): void {
    this.#tasks.set(host, [...(this.#tasks.get(host) ?? []), task]);
  }

  async next(replica: R, host: Host): Promise<void> {
    await this.#tasks.get(host.name)?.shift()?.(replica);
  }
}

describe("an update with a value that no encoding can hold", () => {
  it("is refused, and the replica boots again", async () => {
    const type = mvRegister(numberCodec);
    type RegisterReplica = Awaited<ReturnType<typeof start>>;
    const start = (host: Host, peers: readonly string[]) =>
      Replica.start(host, { ...bounds, type, peers, deltaCountMax: 100 });
    const tasks = new Tasks<RegisterReplica>();
    const options = { seed: "unfit", faultPerMillion: 0, start, write: tasks.next.bind(tasks) };
    await simulate<RegisterReplica>(openStage, options, async (cluster) => {
      const codes: unknown[] = [];
      tasks.add("n1", (replica) =>
        replica
          .update((state, actor) => putOver(state.store, state.seen, actor, Number.NaN))
          .catch((error: { readonly code: unknown }) => codes.push(error.code)),
      );
      tasks.add("n1", (replica) => replica.update((state, actor) => type.put(state, actor, 1)));
      await runFor(cluster, 200_000);
      cluster.control.kill("n1");
      cluster.control.boot("n1");
      await runFor(cluster, 200_000);
      expect(codes).toEqual(["out-of-range"]);
      expect(type.read(cluster.replicas.get("n1")!.state).value).toEqual([1]);
      expect(cluster.replicas.get("n2")!.seen.get("n1#1")).toBe(1);
    });
  });
});

describe("an operation that is refused", () => {
  const sent: OperationRecord[] = [];
  const simulateSets = async (
    seed: string,
    script: (tasks: Tasks<SetReplica>, run: (us: number) => Promise<void>, seen: () => Clock) => Promise<void>,
  ): Promise<void> => {
    sent.length = 0;
    const tasks = new Tasks<SetReplica>();
    const start = (host: Host, peers: readonly string[]): Promise<SetReplica> => {
      const send = (_to: string, message: unknown): void => {
        const told = message as OpMessage;
        if (told.type === "operations") sent.push(...told.entries);
      };
      const tap = tapped(host, { timer: () => undefined, send });
      return OpReplica.start(tap, { ...bounds, type: set, peers, operationCountMax: 100, holdBackCountMax: 100 });
    };
    const options = { seed, faultPerMillion: 0, start, write: tasks.next.bind(tasks) };
    await simulate<SetReplica>(openStage, options, (cluster) =>
      script(
        tasks,
        (us) => runFor(cluster, us),
        () => cluster.replicas.get("n2")!.seen,
      ),
    );
  };

  it("does not swallow the causes of the next", () =>
    simulateSets("causes", async (tasks, run, seen) => {
      tasks.add("n1", (replica) => replica.update((state, actor) => set.add(state.seen, actor, 1)));
      await run(300_000);
      expect(seen().get("n1#1")).toBe(1);
      tasks.add("n2", (replica) =>
        replica
          .update((state, actor) => ({ kind: "add", dot: state.seen.next(actor), value: Number.NaN }))
          .catch(() => null),
      );
      tasks.add("n2", (replica) => replica.update((state) => set.remove(state.store, 1)));
      await run(300_000);
      expect(sent.find(({ actor }) => actor === "n2#1")?.needs.get("n1#1")).toBe(1);
    }));

  it("for want of its causes does not block its maker at the peers", () =>
    simulateSets("ahead", async (tasks, run, seen) => {
      const removes = Clock.of([{ actor: "lost#1", counter: 1 }]);
      const codes: unknown[] = [];
      tasks.add("n1", (replica) =>
        replica
          .update(() => set.removeAfter({ value: true, removes, seen: removes, subject: 1 }, 1))
          .catch((error: { readonly code: unknown }) => codes.push(error.code)),
      );
      for (let i = 2; i < 6; i++)
        tasks.add("n1", (replica) => replica.update((state, actor) => set.add(state.seen, actor, i)));
      await run(1_000_000);
      expect([codes, seen().get("n1#1")]).toEqual([["missing-dots"], 4]);
    }));
});

describe("objects by key", { timeout: 60_000 }, () => {
  type Text = ReturnType<typeof lwwRegister<string>>;
  const simulateObjects = async (
    seed: string,
    script: (
      write: (key: string, value: string) => void,
      options: { isAhead: boolean },
      run: (us: number) => Promise<void>,
      has: (key: string) => boolean,
    ) => Promise<void>,
  ): Promise<void> => {
    const clock = { isAhead: false };
    const types = new Map<string, Text>();
    const start = (host: Host, peers: readonly string[]) => {
      const nowUs = (): number => host.clock.wallUs() + (host.name === "n1" && clock.isAhead ? 3_600_000_000 : 0);
      const type = lwwRegister({ codec: textCodec, nowUs, aheadUsMax: 1_000_000 });
      types.set(host.name, type);
      return KeyedReplica.start(host, { ...bounds, journalBytesMax: 100_000, type, peers });
    };
    type Objects = Awaited<ReturnType<typeof start>>;
    const tasks = new Tasks<Objects>();
    const options = { seed, faultPerMillion: 0, start, write: tasks.next.bind(tasks) };
    await simulate<Objects>(openStage, options, (cluster) =>
      script(
        (key, value) =>
          tasks.add("n1", (replica) =>
            replica.update(key, (state, actor) => types.get("n1")!.write(state, actor, value)),
          ),
        clock,
        (us) => runFor(cluster, us),
        (key) => cluster.replicas.get("n2")!.get(key) !== undefined,
      ),
    );
  };

  it("that a peer refuses do not stand in the way of the others", () =>
    simulateObjects("refused", async (write, clock, run, has) => {
      clock.isAhead = true;
      for (let i = 0; i < 3; i++) write(`ahead${i}`, "v".repeat(500));
      await run(200_000);
      clock.isAhead = false;
      write("good", "v".repeat(500));
      await run(2_000_000);
      expect([has("ahead0"), has("good")]).toEqual([false, true]);
    }));
});
