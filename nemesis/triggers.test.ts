import { expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import type { Control } from "../sim/control.ts";
import { type Chatter, makeChatter } from "./fixtures/chatter.ts";
import { generatePlan } from "./generate.ts";
import { FAULT_KINDS } from "./kinds.ts";
import { Nemesis, type NemesisOptions } from "./nemesis.ts";
import { parsePlan } from "./parse-plan.ts";
import type { Fault, Plan } from "./plan.ts";
import { Random } from "../sim/random.ts";

const NAMES = ["n1", "n2", "n3"];

type Result = Chatter & { readonly nemesis: Nemesis; readonly digest: string };

type Options = Partial<NemesisOptions> & {
  readonly seed?: string;
  readonly names?: readonly string[];
  readonly watch?: (control: Control) => Partial<NemesisOptions>;
};

function runPlan(faults: readonly Fault[], options: Options = {}): Promise<Result> {
  const names = options.names ?? NAMES;
  return withNodeEngine({}, async (engine) => {
    const chatter = makeChatter({ seed: options.seed ?? "triggers", engine, isTracing: true }, names);
    const plan: Plan = { format: 1, faults };
    const watched = options.watch?.(chatter.control) ?? {};
    const nemesis = new Nemesis(chatter.control, plan, { nodes: names, ...options, ...watched });
    nemesis.start();
    await chatter.control.run(1_000_000);
    nemesis.healAll();
    await chatter.control.run(1_200_000);
    return { ...chatter, nemesis, digest: chatter.control.world.digest.hex() };
  });
}

function traced(run: Result, host: string): readonly string[] {
  return run.control.world.traceRecords.filter((r) => r.host === host).map((r) => r.action);
}

test("a crash at the k-th sync strikes in the middle of that operation: it has not happened", async () => {
  const when = { on: "disk", name: "sync", target: "n2", count: 3 } as const;
  const run = await runPlan([{ kind: "kill", hosts: ["trigger"], when, forUs: 100_000 }]);
  const actions = traced(run, "n2");
  const before = actions.slice(0, actions.indexOf("host.kill"));
  expect(before.filter((action) => action === "disk.sync")).toHaveLength(2);
  expect(run.nemesis.resolved().faults[0]!.struck).toMatchObject({
    hosts: ["n2"],
    at: { host: "n2", incarnation: 1, ordinal: 3 },
  });
});

test("a crash after the k-th sync: it has happened, and nobody was told", async () => {
  const when = { on: "disk", name: "sync-done", target: "n2", count: 3 } as const;
  const run = await runPlan([{ kind: "power-loss", hosts: ["trigger"], when, forUs: 100_000 }]);
  const actions = traced(run, "n2");
  const before = actions.slice(0, actions.indexOf("host.power-loss"));
  expect(before.filter((action) => action === "disk.sync")).toHaveLength(3);
});

test("a cut at the k-th message of a type drops that very message", async () => {
  const when = { on: "message", name: "even", target: "n3", count: 5, afterUs: 100_000 } as const;
  const run = await runPlan([{ kind: "partition", shape: "isolate", hosts: ["trigger"], when, forUs: 50_000 }]);
  const evens = run.heard.filter((h) => h.by === "n3" && h.type === "even" && h.atUs >= 100_000);
  const { timeUs } = run.nemesis.resolved().faults[0]!.struck!;
  expect(evens.filter((h) => h.atUs <= timeUs)).toHaveLength(4);
  expect(run.nemesis.stats()).toEqual({ partition: { injected: 1, effective: 1 } });
});

test("marks and states fire triggers", async () => {
  const onMark = { on: "mark", name: "chatter.heard-n2", target: "n1", count: 7 } as const;
  const onState = { on: "state", name: "tired", count: 1 } as const;
  const run = await runPlan(
    [
      { kind: "pause", hosts: ["trigger"], when: onMark, forUs: 20_000 },
      { kind: "kill", hosts: ["trigger"], when: onState, forUs: 20_000 },
    ],
    {
      watch: (control) => {
        control.after(300_000, () => control.world.point("state", "tired", control.host("n3").incarnation));
        return {};
      },
    },
  );
  const [mark, state] = run.nemesis.resolved().faults;
  expect(mark!.struck!.hosts).toEqual(["n1"]);
  expect(state!.struck).toMatchObject({ hosts: ["n3"], timeUs: 300_000 });
});

test("a trigger that never fires is told, and counts for nothing", async () => {
  const when = { on: "disk", name: "rename", count: 1 } as const;
  const run = await runPlan([{ kind: "kill", hosts: ["trigger"], when, forUs: 100_000 }]);
  expect(run.nemesis.stats()).toEqual({});
  expect(run.nemesis.notInjected()).toEqual([
    {
      index: 0,
      kind: "kill",
      code: "point-never-reached",
      reason: expect.stringMatching(/^no disk "rename" was reached \(reached were .*sync-done/),
    },
  ]);
});

test("every other reason why a fault never struck has its own words", async () => {
  const why = async (fault: Fault): Promise<string> => {
    const run = await runPlan([fault]);
    return run.nemesis.notInjected().map(({ code, reason }) => `${code}: ${reason}`)[0] ?? "struck";
  };
  const kill = { kind: "kill", hosts: ["trigger"], forUs: 100_000 } as const;
  const few = { on: "disk", name: "sync", target: "n1", count: 100_000, afterUs: 5 } as const;
  expect(await why({ ...kill, when: few })).toMatch(
    /^too-few-points: only [1-9]\d* of the 100000 points disk "sync" of n1 after 5 us were reached$/,
  );
  expect(await why({ ...kill, when: { on: "mark", name: "m", count: 1 } })).toMatch(
    /^point-never-reached: no mark "m" was reached \(reached were chatter.heard-n1, chatter.heard-n2, .*\)$/,
  );
  expect(await why({ ...kill, hosts: ["n1"], atUs: 900_000_000_000 })).toMatch(
    /^after-end: it was to strike at 900000000000 us, and the faults ended at \d+ us$/,
  );
});

test("a target that matches nobody is waited for, and given up after a bound", async () => {
  const fault: Fault = { kind: "pause", hosts: ["leader"], atUs: 100_000, forUs: 50_000 };
  const late = await runPlan([fault], {
    watch: (control) => ({ targets: { leader: () => (control.nowUs < 222_000 ? [] : ["n2"]) } }),
  });
  expect(late.nemesis.windows()).toEqual([{ kind: "pause", startUs: 225_000, endUs: 275_000 }]);
  const never = await runPlan([fault], { targets: { leader: () => [] }, waitUsMax: 200_000 });
  expect(never.nemesis.notInjected()[0]!.reason).toBe("its target matched no host for 200 ms");
});

test("leader, another: one side of halves holds the leader and another node, never the same twice", async () => {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const fault: Fault = { kind: "partition", shape: "halves", hosts: ["leader", "another"], atUs: 1_000, forUs: 9_000 };
  const sides = new Set<string>();
  for (const seed of ["a", "b", "c", "d", "e", "f"]) {
    const run = await runPlan([fault], { names, seed, targets: { leader: () => ["n3"] } });
    const { hosts } = run.nemesis.resolved().faults[0]!.struck!;
    expect(hosts).toHaveLength(2);
    expect(hosts[0]).toBe("n3");
    sides.add(hosts[1]!);
  }
  expect(sides.size).toBeGreaterThan(1);
  expect(sides.has("n3")).toBe(false);
});

test("a resolved plan run again as input strikes at the same points and gives the same digest", async () => {
  const leader = (control: Control) => ({
    targets: {
      leader: () => [NAMES[Math.floor(control.nowUs / 70_000) % 3]!].filter(() => control.nowUs % 40_000 > 9_000),
    },
  });
  for (let i = 0; i < 16; i++) {
    const seed = `resolved/${i}`;
    const plan = generatePlan(new Random(seed, "plan"), {
      kinds: FAULT_KINDS.filter((kind) => kind !== "group-crash"),
      nodes: NAMES,
      clients: [],
      groups: [],
      targets: ["leader"],
      startUs: 100_000,
      endUs: 1_000_000,
      intensityPerMille: 5_000,
      points: { message: ["odd", "even"], mark: ["chatter.heard-n1"] },
    });
    const options: Options = { seed, watch: leader, lastingHarmMax: 1 };
    const first = await runPlan(plan.faults, options);
    const resolved = first.nemesis.resolved();
    const context = { hosts: NAMES, groups: [], targets: ["leader"], kinds: FAULT_KINDS };
    expect(parsePlan(JSON.parse(JSON.stringify(resolved)), context)).toEqual(resolved);
    const second = await runPlan(resolved.faults, options);
    expect(second.digest, seed).toBe(first.digest);
    expect(second.nemesis.resolved()).toEqual(resolved);
    expect(second.nemesis.stats()).toEqual(first.nemesis.stats());
  }
});

test("a fault that has struck keeps to that point, whatever its target means in another run", async () => {
  const faults: Fault[] = [{ kind: "pause", hosts: ["leader"], atUs: 100_000, forUs: 50_000 }];
  const first = await runPlan(faults, { targets: { leader: () => ["n2"] } });
  const again = await runPlan(first.nemesis.resolved().faults, { targets: { leader: () => ["n1"] } });
  expect(again.digest).toBe(first.digest);
});
