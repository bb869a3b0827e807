/**
 * Witnesses of the bugs of global membership, of its probe and of the KV: lashup by commit, and mutations of its promises.
 *
 * Each runs the layers of a root in a simulated world of that root, over an overlay that the script holds.
 */
import { KvMonitor, type KvReady, type KvRecord } from "../../checkers/membership/kv.ts";
import { type MembershipRecord, RecordMonitor } from "../../checkers/membership/records.ts";
import type { Control } from "../../sim/control.ts";
import type { Topology } from "../../systems/membership/fake-overlay.fixture.ts";
import type { KvContext, KvResult, KvUpdate, MembershipKv } from "../../systems/membership/membership.ts";
import { expectStep, load, type Verdict } from "./script.fixture.ts";

type World = {
  readonly control: Control;
  readonly topology: Topology;
  readonly records: RecordMonitor;
  readonly kv: KvMonitor;
  readonly store: (name: string) => MembershipKv;
  readonly run: (durationUs: number) => Promise<void>;
  /** Lets a node do one thing in an event of its own. */
  readonly on: (name: string, task: (kv: MembershipKv) => void) => Promise<void>;
};

const CONTACTS = ["n1", "n3"];
const MEMBERS: KvUpdate = { kind: "add", field: "members", members: ["a"] };

/** Hosts n1 to n3 in a ring, each with all layers above the overlay; anti-entropy comes every few seconds, and nothing is lost. */
async function openWorld(root: string, script: (world: World) => Promise<Verdict>): Promise<Verdict> {
  const { withNodeEngine } = await load<typeof import("../../runtime/engine.ts")>(root, "runtime/engine.ts");
  const sim = await load<typeof import("../../sim/control.ts")>(root, "sim/control.ts");
  const fake = await load<typeof import("../../systems/membership/fake-overlay.fixture.ts")>(
    root,
    "systems/membership/fake-overlay.fixture.ts",
  );
  const boot = await loadLayers(root);
  return withNodeEngine({}, async (engine) => {
    const control = new sim.Control({ seed: "witness", engine });
    const topology = new fake.Topology();
    const names = fake.namesUpTo(3);
    topology.ring(names);
    const stores = new Map<string, MembershipKv>();
    const tasks = new Map<string, (kv: MembershipKv) => void>();
    for (const name of names) {
      control.addHost({
        name,
        program: async (host) => {
          const kv = await boot(host, topology.overlayOf(host));
          stores.set(name, kv);
          const look = (): void => {
            tasks.get(name)?.(kv);
            tasks.delete(name);
            host.timers.after(500, look);
          };
          look();
        },
      });
    }
    const records = new RecordMonitor();
    const kv = new KvMonitor();
    const { world } = control;
    world.onObservation("membership.record", (_host, _boot, data) =>
      records.observe(control.nowUs, data as MembershipRecord),
    );
    world.onObservation("membership.kv", (_host, _boot, data) => kv.observe(control.nowUs, data as KvRecord));
    world.onObservation("membership.kv-ready", (_host, _boot, data) => kv.ready(control.nowUs, data as KvReady));
    const run = async (durationUs: number): Promise<void> => {
      await control.run(control.nowUs + durationUs);
    };
    for (const name of names) control.boot(name, true);
    await run(3_000_000);
    const on = async (name: string, task: (kv: MembershipKv) => void): Promise<void> => {
      tasks.set(name, task);
      await run(1_000);
    };
    return script({ control, topology, records, kv, store: (name) => stores.get(name)!, run, on });
  });
}

async function loadLayers(root: string) {
  type Part<File extends keyof Files> = Files[File];
  type Files = {
    "gm/gm.ts": typeof import("../../systems/membership/gm/gm.ts");
    "gm/probe.ts": typeof import("../../systems/membership/gm/probe.ts");
    "route/routes.ts": typeof import("../../systems/membership/route/routes.ts");
    "multicast/multicast.ts": typeof import("../../systems/membership/multicast/multicast.ts");
    "kv/kv.ts": typeof import("../../systems/membership/kv/kv.ts");
    "options.ts": typeof import("../../systems/membership/options.ts");
  };
  const part = <File extends keyof Files>(file: File): Promise<Part<File>> =>
    load<Part<File>>(root, `systems/membership/${file}`);
  const { startGm } = await part("gm/gm.ts");
  const { startProbe } = await part("gm/probe.ts");
  const { startRoutes } = await part("route/routes.ts");
  const { startMulticast } = await part("multicast/multicast.ts");
  const { startKv } = await part("kv/kv.ts");
  const { membershipOptions } = await part("options.ts");
  const options = membershipOptions({
    contacts: CONTACTS,
    kv: { entropyStartUs: 500_000, entropyEveryUs: 1_000_000, purgeUs: 10_000_000 },
    probe: { probeUsMin: 1_000_000, sweepUs: 10_000_000 },
  });
  return async (host: Parameters<typeof startGm>[0], overlay: Parameters<typeof startGm>[1]): Promise<MembershipKv> => {
    const gm = await startGm(host, overlay, options.gm);
    const routes = startRoutes(host, gm, options.routes);
    startProbe({ host, overlay, gm, routes }, options.probe);
    const multicast = startMulticast({ host, overlay, routes }, options.multicast);
    return startKv({ host, overlay, routes, multicast }, options.kv);
  };
}

function members(kv: MembershipKv): readonly string[] {
  return kv.read("k").value.sets.get("members") ?? [];
}

async function change({ on, run }: World, name: string, context: KvContext | null = null): Promise<KvResult | null> {
  let found: KvResult | null = null;
  await on(name, (kv) => {
    void kv.requestOp("k", context, [MEMBERS]).then((result) => {
      found = result;
    });
  });
  await run(100_000);
  return found;
}

/** lashup 88364d5: a node loses its disk and is back under its name before anybody forgot what it had. */
export function witnessLashup1(root: string): Promise<Verdict> {
  return openWorld(root, async (world) => {
    const { control, kv, store, run } = world;
    await change(world, "n1");
    await run(5_000_000);
    expectStep(members(store("n3")).length === 1, "the spread of the key");
    control.wipe("n3");
    kv.forgive(control.nowUs, "n3", control.host("n3").incarnationNumber);
    control.boot("n3");
    await run(8_000_000);
    const fault = kv.fault(["n1", "n2", "n3"]);
    return { violated: fault === null ? [] : ["kv-converges"], told: fault ?? "n3 was brought all that it had lost" };
  });
}

/** lashup 01e14e8: a contact that was never met has no record, so nobody looks for it. */
export function witnessLashup2(root: string): Promise<Verdict> {
  return openWorld(root, async ({ control, topology, run }) => {
    for (const name of ["n1", "n2", "n3"]) control.kill(name);
    topology.isolate("n3");
    control.boot("n1");
    control.boot("n2");
    await run(15_000_000);
    const isProbed = topology.recommended.some(({ peer }) => peer === "n3");
    const told = isProbed ? "the contact n3 was probed" : "n1 and n2 ran for 15 s and never probed their contact n3";
    return { violated: isProbed ? [] : ["partition-heals"], told };
  });
}

/** lashup 2dbc1ce: the others take an update into memory, and lose it with the power. */
export function witnessLashup3(root: string): Promise<Verdict> {
  return openWorld(root, async (world) => {
    const { control, kv, store, run } = world;
    await change(world, "n1");
    await run(1_000_000);
    expectStep(members(store("n2")).length === 1, "the multicast of the key");
    control.powerLoss("n2");
    control.boot("n2");
    await run(1_000_000);
    return verdictOf(kv, "n2 found on its disk what others had changed");
  });
}

/** lashup 5f0ac34: both sides of a cut change a key, and come together when no multicast knows of it any more. */
export function witnessLashup4(root: string): Promise<Verdict> {
  return openWorld(root, async (world) => {
    const { topology, kv, run } = world;
    topology.isolate("n3");
    await run(1_000_000);
    await change(world, "n1");
    await change(world, "n3");
    await run(70_000_000);
    expectStep(kv.fault(["n1", "n2"]) === null && kv.fault(["n1", "n3"]) !== null, "a change on each side");
    topology.link("n2", "n3");
    await run(8_000_000);
    const fault = kv.fault(["n1", "n2", "n3"]);
    return { violated: fault === null ? [] : ["kv-converges"], told: fault ?? "both changes came together" };
  });
}

/** A context of a value that this node has not heard of: what the caller read is not what is changed. */
export function witnessLashup7(root: string): Promise<Verdict> {
  return openWorld(root, async (world) => {
    const { topology, store, run } = world;
    topology.isolate("n3");
    await run(1_000_000);
    await change(world, "n1");
    const read = store("n1").read("k").context;
    expectStep(!read.isEmpty && members(store("n3")).length === 0, "a key that n3 does not know");
    const result = await change(world, "n3", read);
    expectStep(result !== null, "the answer of n3");
    const isRefused = result!.kind === "error" && result!.error === "concurrency-violation";
    const told = isRefused
      ? "n3 refused a context of a value that it does not have"
      : "n3 changed another value than the one that was read";
    return { violated: isRefused ? [] : ["compare-and-set"], told };
  });
}

/** A node restarts within the second of its boot, and its clock begins at one again. */
export function witnessLashup10(root: string): Promise<Verdict> {
  return openWorld(root, async ({ control, records, run }) => {
    control.powerLoss("n2");
    control.boot("n2");
    await run(3_000_000);
    return verdictOf(records, "n2 came back with a higher epoch");
  });
}

/** The answer is out before the disk has the change, and the power fails in between. */
export function witnessLashup11(root: string): Promise<Verdict> {
  return openWorld(root, async (world) => {
    const { control, kv, on, run } = world;
    let result: KvResult | null = null;
    await on("n1", (store) => {
      void store.requestOp("k", null, [MEMBERS]).then((answer) => {
        result = answer;
        control.after(0, () => void control.powerLoss("n1"));
      });
    });
    await run(500_000);
    const answer = result as KvResult | null;
    expectStep(answer?.kind === "ok", "the answer of n1");
    const { context } = answer as KvResult & { readonly kind: "ok" };
    const clock = Object.fromEntries(context.dots().map(({ actor, counter }) => [actor, counter]));
    kv.acknowledge(control.nowUs, { host: "n1", key: "k", clock, invokedUs: 0 });
    return verdictOf(kv, "n1 lost power after its answer, and has the change on its disk");
  });
}

type Monitor = { readonly violations: readonly { readonly message: string }[] };

function verdictOf(monitor: Monitor, held: string): Verdict {
  const [first] = monitor.violations;
  if (first === undefined) return { violated: [], told: held };
  return { violated: [monitor instanceof RecordMonitor ? "records" : "kv-durability"], told: first.message };
}
