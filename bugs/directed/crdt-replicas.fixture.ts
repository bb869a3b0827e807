/** Witnesses of the bugs between replicas: replicas of one set on the simulator, with the faults of the schedule by hand. */
import type { OrSet, OrSetOp, OrSetType, Replica } from "../../systems/crdt/index.ts";
import { expectStep, load, type Verdict } from "./script.fixture.ts";

type SetReplica = Replica<OrSet<string>, OrSetOp<string>>;
type Change = (set: OrSetType<string>, state: OrSet<string>, actor: string) => OrSetOp<string> | null;

/** Replicas a, b, and perhaps c; everything that happens to them is asked for by the script. */
type Group = {
  /** Runs for so many microseconds. */
  run(us: number): Promise<void>;
  /** An update at a, to be acknowledged by so many peers. Returns whether it is, when asked later. */
  update(change: Change, copies: number): Promise<() => boolean>;
  /** Cuts or joins the link between a and b, both ways. */
  setCut(isCut: boolean): void;
  /** Takes power and disk from a, and boots it again if `isBack`. */
  loseDisk(isBack: boolean): void;
  has(host: string, value: string): boolean;
};

type Cast = { readonly hosts: readonly string[]; readonly seed: string };

async function play(root: string, cast: Cast, script: (group: Group) => Promise<Verdict>): Promise<Verdict> {
  const { Control } = await load<typeof import("../../sim/control.ts")>(root, "sim/control.ts");
  const { withNodeEngine } = await load<typeof import("../../runtime/engine.ts")>(root, "runtime/engine.ts");
  const library = await load<typeof import("../../systems/crdt/index.ts")>(root, "systems/crdt/index.ts");
  const set = library.orSet(library.textCodec);
  return withNodeEngine({}, (engine) => {
    const control = new Control({ seed: cast.seed, engine });
    const replicas = new Map<string, SetReplica>();
    /** What a is to do at its next tick. */
    const orders: ((replica: SetReplica) => Promise<void>)[] = [];
    for (const name of cast.hosts) {
      const peers = cast.hosts.filter((peer) => peer !== name);
      const limits = { roundUs: 20_000, roundBytesMax: 1_000, deltaCountMax: 50, journalBytesMax: 10_000 };
      control.addHost({
        name,
        program: async (host) => {
          const replica = await library.Replica.start(host, { type: set, peers, port: 7, ...limits });
          replicas.set(name, replica);
          const tick = async (): Promise<void> => {
            host.timers.after(1_000, tick);
            if (name === "a") await orders.shift()?.(replica);
          };
          await tick();
        },
      });
      control.boot(name, true);
    }
    const run = async (us: number): Promise<void> => void (await control.run(control.nowUs + us));
    return script({
      run,
      update: async (change, copies) => {
        let isAcknowledged = false;
        orders.push(async (replica) => {
          await replica.update((state, actor) => change(set, state, actor), copies);
          isAcknowledged = true;
        });
        await run(3_000);
        expectStep(orders.length === 0, "an update at a");
        return () => isAcknowledged;
      },
      setCut: (isCut) => {
        for (const [from, to] of [
          ["a", "b"],
          ["b", "a"],
        ] as const)
          control.network.setLink(from, to, { lossPerMillion: isCut ? 1_000_000 : 0 });
      },
      loseDisk: (isBack) => {
        control.powerLoss("a");
        control.wipe("a");
        if (isBack) control.boot("a");
      },
      has: (host, value) => set.has(replicas.get(host)!.state.store, value),
    });
  });
}

const add =
  (value: string): Change =>
  (set, state, actor) =>
    set.add(state.seen, actor, value);
const remove =
  (value: string): Change =>
  (set, state) =>
    set.remove(state.store, value);

/** a makes two updates, which b gets; a loses its disk, and makes another before it hears of b again. */
export function witnessPub23(root: string): Promise<Verdict> {
  return play(root, { hosts: ["a", "b"], seed: "amnesia" }, async (group) => {
    await group.run(50_000);
    await group.update(add("one"), 1);
    const isRemoved = await group.update(remove("one"), 1);
    await group.run(200_000);
    expectStep(isRemoved(), "what a did first reaching b");
    group.setCut(true);
    group.loseDisk(true);
    await group.run(50_000);
    await group.update(add("two"), 0);
    expectStep(group.has("a", "two"), "an update at a after its disk was lost");
    group.setCut(false);
    await group.run(1_000_000);
    const isLost = !group.has("b", "two");
    return {
      violated: isLost ? ["lost-update"] : [],
      told: `b ${isLost ? "never takes" : "takes"} what a adds after its disk was lost`,
    };
  });
}

/**
 * The first delta from a to b is lost, the second arrives; what a calls acknowledged by all must be at b when a loses its disk. Whether a
 * comparison of digests repairs b in between is a matter of chance, so the schedule is played a few times.
 */
export async function witnessPub24(root: string): Promise<Verdict> {
  let verdict: Verdict = { violated: [], told: "" };
  for (let i = 0; i < 8 && verdict.violated.length === 0; i++) {
    verdict = await play(root, { hosts: ["a", "b", "c"], seed: `gap ${i}` }, loseDelta);
  }
  return verdict;
}

async function loseDelta(group: Group): Promise<Verdict> {
  await group.run(50_000);
  group.setCut(true);
  const isAcknowledged = await group.update(add("one"), 2);
  await group.run(20_000);
  group.setCut(false);
  await group.update(add("two"), 2);
  for (let i = 0; i < 10_000 && !isAcknowledged(); i++) await group.run(100);
  expectStep(isAcknowledged(), "the acknowledgement of the first update");
  group.loseDisk(false);
  const isLost = !group.has("b", "one");
  return {
    violated: isLost ? ["lost-update"] : [],
    told: `b ${isLost ? "does not have" : "has"} the update that a has called acknowledged by all`,
  };
}
