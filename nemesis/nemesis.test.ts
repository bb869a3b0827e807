import { expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import type { ControlOptions } from "../sim/control.ts";
import { type Chatter, makeChatter } from "./fixtures/chatter.ts";
import { Nemesis, type NemesisOptions } from "./nemesis.ts";
import type { Fault, Plan } from "./plan.ts";

const NAMES = ["n1", "n2", "n3"];

type Result = Chatter & { readonly nemesis: Nemesis; readonly digest: string };

/** Runs chatter for `untilUs` under the faults; healAll at the end of it. */
async function runPlan(
  faults: readonly Fault[],
  options: Partial<NemesisOptions> & { names?: readonly string[]; groups?: readonly string[]; untilUs?: number } = {},
  world: Partial<ControlOptions> = {},
): Promise<Result> {
  const names = options.names ?? NAMES;
  return withNodeEngine({}, async (engine) => {
    const chatter = makeChatter({ seed: "nemesis", engine, ...world }, names, options.groups);
    const nemesis = new Nemesis(chatter.control, planOf(faults), { nodes: names, ...options });
    nemesis.start();
    await chatter.control.run(options.untilUs ?? 1_000_000);
    nemesis.healAll();
    await chatter.control.run((options.untilUs ?? 1_000_000) + 200_000);
    return { ...chatter, nemesis, digest: chatter.control.world.digest.hex() };
  });
}

function planOf(faults: readonly Fault[]): Plan {
  return { format: 1, faults };
}

function heardBetween({ heard }: Chatter, from: string, by: string, startUs: number, endUs: number): number {
  return heard.filter((h) => h.from === from && h.by === by && h.atUs >= startUs && h.atUs < endUs).length;
}

const at = { atUs: 200_000, forUs: 300_000 } as const;

test("one way: what the host sends is lost, what is sent to it arrives", async () => {
  const run = await runPlan([{ kind: "partition", shape: "one-way", direction: "out", hosts: ["n1"], ...at }]);
  expect(heardBetween(run, "n1", "n2", 200_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n2", "n1", 210_000, 500_000)).toBeGreaterThan(20);
  expect(heardBetween(run, "n1", "n2", 510_000, 900_000)).toBeGreaterThan(30);
  expect(run.nemesis.stats()).toEqual({ partition: { injected: 1, effective: 1 } });
  expect(run.nemesis.windows()).toEqual([{ kind: "partition", startUs: 200_000, endUs: 500_000 }]);
});

test("halves: nobody hears the other side, each side hears itself, and it ends with the heal", async () => {
  const names = ["n1", "n2", "n3", "n4"];
  const run = await runPlan([{ kind: "partition", shape: "halves", hosts: ["n1", "n2"], ...at }], { names });
  expect(heardBetween(run, "n1", "n3", 201_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n4", "n2", 201_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n1", "n2", 201_000, 500_000)).toBeGreaterThan(20);
  expect(heardBetween(run, "n4", "n3", 201_000, 500_000)).toBeGreaterThan(20);
  expect(heardBetween(run, "n1", "n3", 520_000, 900_000)).toBeGreaterThan(30);
});

test("isolate: the host hears nobody and nobody hears it; clients only with cutClients", async () => {
  const names = ["n1", "n2", "c1"];
  const spec = { nodes: ["n1", "n2"], clients: ["c1"], names };
  const isolate = { kind: "partition", shape: "isolate", hosts: ["n1"], ...at } as const;
  const nodesOnly = await runPlan([isolate], spec);
  expect(heardBetween(nodesOnly, "n1", "n2", 201_000, 500_000)).toBe(0);
  expect(heardBetween(nodesOnly, "n1", "c1", 201_000, 500_000)).toBeGreaterThan(20);
  const all = await runPlan([{ ...isolate, cutClients: true }], spec);
  expect(heardBetween(all, "n1", "c1", 201_000, 500_000)).toBe(0);
  expect(heardBetween(all, "c1", "n1", 201_000, 500_000)).toBe(0);
  expect(heardBetween(all, "n2", "c1", 201_000, 500_000)).toBeGreaterThan(20);
});

test.each([4, 5])("ring: each of %d nodes hears a majority, itself included, no two the same one", async (size) => {
  const names = ["n1", "n2", "n3", "n4", "n5"].slice(0, size);
  const run = await runPlan([{ kind: "partition", shape: "ring", ...at }], { names });
  const views = names.map((by) =>
    names.filter((from) => from === by || heardBetween(run, from, by, 201_000, 500_000) > 0),
  );
  for (const view of views) expect(view).toHaveLength(3);
  expect(new Set(views.map((view) => view.join(" "))).size).toBe(size);
});

test("bridge: two halves hear only the bridge, the bridge hears both", async () => {
  const names = ["n1", "n2", "n3", "n4", "n5"];
  const run = await runPlan([{ kind: "partition", shape: "bridge", hosts: ["n3"], ...at }], { names });
  const heard = (by: string): string[] => names.filter((from) => heardBetween(run, from, by, 201_000, 500_000) > 0);
  expect(heard("n3")).toEqual(["n1", "n2", "n4", "n5"]);
  for (const by of ["n1", "n2", "n4", "n5"]) {
    expect(heard(by)).toHaveLength(2);
    expect(heard(by)).toContain("n3");
  }
});

test("link: exactly the named direction is cut", async () => {
  const run = await runPlan([{ kind: "partition", shape: "link", links: ["n1>n3"], ...at }]);
  expect(heardBetween(run, "n1", "n3", 201_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n3", "n1", 201_000, 500_000)).toBeGreaterThan(20);
});

test("loss: a share of the messages is missing; a rate on links that nobody uses is not effective", async () => {
  const run = await runPlan([{ kind: "loss", perMillion: 500_000, hosts: ["n1"], direction: "out", ...at }]);
  const lost = 30 - heardBetween(run, "n1", "n2", 201_000, 500_000);
  expect(lost).toBeGreaterThan(5);
  expect(lost).toBeLessThan(25);
  expect(heardBetween(run, "n2", "n1", 201_000, 500_000)).toBeGreaterThan(28);
  expect(run.nemesis.stats()).toEqual({ loss: { injected: 1, effective: 1 } });
  const idle = await runPlan([{ kind: "loss", perMillion: 500_000, links: ["n1>c1"], ...at }], {
    names: ["n1", "n2"],
    nodes: ["n1", "n2"],
    clients: [],
    waitUsMax: 0,
  });
  expect(idle.nemesis.stats()).toEqual({});
});

test("duplicate: messages arrive twice", async () => {
  const run = await runPlan([{ kind: "duplicate", perMillion: 1_000_000, links: ["n1>n2"], ...at }]);
  expect(heardBetween(run, "n1", "n2", 205_000, 500_000)).toBeGreaterThan(50);
  expect(run.nemesis.stats()["duplicate"]).toEqual({ injected: 1, effective: 1 });
});

test("reorder and delay: messages come later, reordered ones after their successors", async () => {
  const reordered = await runPlan([
    { kind: "reorder", perMillion: 300_000, delayUsMax: 50_000, links: ["n1>n2"], ...at },
  ]);
  const numbers = reordered.heard.filter((h) => h.from === "n1" && h.by === "n2").map((h) => h.number);
  expect(numbers).not.toEqual([...numbers].sort((x, y) => x - y));
  expect(reordered.nemesis.stats()["reorder"]).toEqual({ injected: 1, effective: 1 });
  const delay = { kind: "delay", shape: "constant", meanUs: 100_000, links: ["n1>n2"], ...at } as const;
  const delayed = await runPlan([delay]);
  expect(heardBetween(delayed, "n1", "n2", 201_000, 299_000)).toBe(0);
  expect(heardBetween(delayed, "n1", "n2", 300_000, 500_000)).toBeGreaterThan(15);
  expect(delayed.nemesis.stats()["delay"]).toEqual({ injected: 1, effective: 1 });
});

test("corrupt: damaged messages are seen or dropped by the receiver", async () => {
  const run = await runPlan([{ kind: "corrupt", perMillion: 1_000_000, links: ["n1>n2"], ...at }]);
  const odd = run.heard.filter((h) => h.by === "n2" && !NAMES.includes(h.from));
  const strange = run.heard.filter((h) => h.by === "n2" && h.type !== "odd" && h.type !== "even");
  expect(odd.length + strange.length).toBeGreaterThan(5);
  expect(run.nemesis.stats()["corrupt"]).toEqual({ injected: 1, effective: 1 });
});

test("hold: messages wait, and arrive at the heal", async () => {
  const run = await runPlan([{ kind: "hold", hosts: ["n1"], direction: "in", ...at }]);
  expect(heardBetween(run, "n2", "n1", 201_000, 499_999)).toBe(0);
  expect(heardBetween(run, "n2", "n1", 500_000, 502_000)).toBeGreaterThan(25);
  expect(run.nemesis.stats()["hold"]).toEqual({ injected: 1, effective: 1 });
});

test("slow-link: a narrow link makes a queue, and messages come later", async () => {
  const fault = { kind: "slow-link", latencyTimes: 100, links: ["n1>n2"], ...at } as const;
  const run = await runPlan([fault]);
  const latency = run.heard.filter((h) => h.by === "n2" && h.from === "n1").map((h) => h.atUs % 10_000);
  expect(Math.max(...latency)).not.toBe(Math.min(...latency));
  expect(run.nemesis.stats()["slow-link"]).toEqual({ injected: 1, effective: 1 });
});

test("kill: the host is down for the duration and boots again, with its unsynced pages", async () => {
  const run = await runPlan([{ kind: "kill", hosts: ["n1"], ...at }]);
  expect(heardBetween(run, "n1", "n2", 202_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n1", "n2", 520_000, 900_000)).toBeGreaterThan(30);
  expect(run.readBack.filter((r) => r.host === "n1")).toHaveLength(2);
  expect(run.nemesis.stats()).toEqual({ kill: { injected: 1, effective: 1 } });
});

test("kill while killed waits until the host is up again; without one in time it does not count", async () => {
  const kill = { kind: "kill", hosts: ["n1"] } as const;
  const waits = await runPlan([
    { ...kill, atUs: 200_000, forUs: 100_000 },
    { ...kill, atUs: 250_000, forUs: 100_000 },
  ]);
  expect(waits.nemesis.stats()).toEqual({ kill: { injected: 2, effective: 2 } });
  expect(waits.nemesis.windows()[1]!.startUs).toBeGreaterThanOrEqual(300_000);
  const gives = await runPlan(
    [
      { ...kill, atUs: 200_000, forUs: 600_000 },
      { ...kill, atUs: 250_000, forUs: 100_000 },
    ],
    { waitUsMax: 100_000 },
  );
  expect(gives.nemesis.stats()).toEqual({ kill: { injected: 1, effective: 1 } });
  expect(gives.nemesis.notInjected()).toEqual([
    { index: 1, kind: "kill", code: "no-target", reason: "its target matched no host for 100 ms" },
  ]);
});

test("power-loss: what was not synced may be gone at the next boot; what was synced is there", async () => {
  const run = await runPlan([{ kind: "power-loss", hosts: ["all"], ...at }]);
  const before = run.synced.filter((s) => s.host === "n1" && s.atUs <= 200_000).length;
  const second = run.readBack.find((r) => r.host === "n1" && r.incarnation === 2);
  expect(second?.log.length).toBeGreaterThanOrEqual(before);
  expect(run.nemesis.stats()).toEqual({ "power-loss": { injected: 1, effective: 1 } });
});

test("pause: the host stands still, its messages wait, and no boot happens", async () => {
  const run = await runPlan([{ kind: "pause", hosts: ["n1"], ...at }]);
  expect(heardBetween(run, "n1", "n2", 202_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n2", "n1", 202_000, 499_999)).toBe(0);
  expect(heardBetween(run, "n2", "n1", 500_000, 502_000)).toBeGreaterThan(20);
  expect(run.readBack.filter((r) => r.host === "n1")).toHaveLength(1);
  expect(run.nemesis.stats()).toEqual({ pause: { injected: 1, effective: 1 } });
});

test("a paused host that is killed boots once, and the heal of the pause leaves it alone", async () => {
  const run = await runPlan([
    { kind: "pause", hosts: ["n1"], atUs: 200_000, forUs: 400_000 },
    { kind: "kill", hosts: ["n1"], atUs: 300_000, forUs: 100_000 },
    { kind: "pause", hosts: ["n1"], atUs: 500_000, forUs: 300_000 },
  ]);
  expect(run.readBack.filter((r) => r.host === "n1")).toHaveLength(2);
  expect(heardBetween(run, "n1", "n2", 420_000, 500_000)).toBeGreaterThan(5);
  expect(heardBetween(run, "n1", "n2", 502_000, 800_000)).toBe(0);
});

test("wipe: the disk is empty at the next boot", async () => {
  const run = await runPlan([{ kind: "wipe", hosts: ["n1"], ...at }], { lastingHarmMax: 1, selfQuarantined: ["wipe"] });
  expect(run.readBack.filter((r) => r.host === "n1").map((r) => r.log)).toEqual(["", ""]);
  expect(run.nemesis.harmedNodes()).toEqual(["n1"]);
  expect(heardBetween(run, "n1", "n2", 520_000, 900_000)).toBeGreaterThan(30);
});

test("group-crash: the members of the group fail together", async () => {
  const fault = { kind: "group-crash", groups: ["rack1"], how: "power-loss", ...at } as const;
  const run = await runPlan([fault], { groups: ["rack1", "rack1", "rack2"] });
  expect(heardBetween(run, "n2", "n3", 202_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n1", "n3", 202_000, 500_000)).toBe(0);
  expect(heardBetween(run, "n1", "n3", 520_000, 900_000)).toBeGreaterThan(30);
  expect(
    run.readBack
      .filter((r) => r.incarnation === 2)
      .map((r) => r.host)
      .sort(),
  ).toEqual(["n1", "n2"]);
});

const wallFaults: readonly (readonly [Fault, (elapsedUs: number) => number])[] = [
  [{ kind: "clock-step", byUs: -5_000_000, hosts: ["n1"], ...at }, () => -5_000_000],
  [{ kind: "clock-freeze", hosts: ["n1"], ...at }, (elapsedUs) => -elapsedUs],
  [{ kind: "clock-backward", hosts: ["n1"], ...at }, (elapsedUs) => -2 * elapsedUs],
  [
    { kind: "clock-strobe", byUs: 70_000, periodUs: 50_000, hosts: ["n1"], ...at },
    (elapsedUs) => (Math.floor(elapsedUs / 50_000) % 2 === 0 ? 70_000 : 0),
  ],
];

test.each(wallFaults)(
  "$kind: the wall clock is wrong while it lasts, and corrected at the heal",
  async (fault, error) => {
    const honest = await runPlan([]);
    const run = await runPlan([fault]);
    const reading = (from: Chatter, atUs: number): number | undefined =>
      from.wallUs.find((w) => w.host === "n1" && w.atUs === atUs)?.wallUs;
    const times = run.wallUs.filter((w) => w.host === "n1").map((w) => w.atUs);
    for (const atUs of times) {
      const wrong = reading(run, atUs)! - reading(honest, atUs)!;
      expect(wrong).toBe(atUs >= 200_000 && atUs < 500_000 ? error(atUs - 200_000) : 0);
    }
    expect(run.nemesis.stats()[fault.kind]).toEqual({ injected: 1, effective: 1 });
  },
);

test.each([
  ["clock-drift", 200],
  ["clock-rho", 500_000],
] as const)("%s: timers come early while the oscillator runs fast, and count as its effect", async (kind, driftPpm) => {
  const run = await runPlan([{ kind, hosts: ["n1"], driftPpm, ...at }]);
  const beats = (startUs: number, endUs: number): number[] => {
    const times = run.wallUs.filter((w) => w.host === "n1" && w.atUs >= startUs && w.atUs < endUs).map((w) => w.atUs);
    return times.slice(1).map((atUs, i) => atUs - times[i]!);
  };
  const expected = Math.floor((10_000 * 1_000_000) / (1_000_000 + driftPpm));
  for (const gap of beats(220_000, 500_000)) expect(Math.abs(gap - expected)).toBeLessThan(3);
  for (const gap of beats(520_000, 900_000)) expect(Math.abs(gap - 10_000)).toBeLessThan(5);
  expect(run.nemesis.stats()[kind]).toEqual({ injected: 1, effective: 1 });
});

test("one oscillator has one drift: a second fault waits for the heal of the first", async () => {
  const drift = { kind: "clock-rho", hosts: ["n1"], forUs: 200_000 } as const;
  const run = await runPlan([
    { ...drift, atUs: 200_000, driftPpm: 300_000 },
    { ...drift, atUs: 300_000, driftPpm: -300_000 },
  ]);
  expect(run.nemesis.windows().map((w) => w.startUs)).toEqual([200_000, 400_000]);
});

test("healAll ends everything: paused hosts go on, dead ones boot, links and clocks are whole", async () => {
  const long = { atUs: 800_000, forUs: 10_000_000 } as const;
  const run = await runPlan([
    { kind: "pause", hosts: ["n1"], ...long },
    { kind: "kill", hosts: ["n2"], ...long },
    { kind: "partition", shape: "isolate", hosts: ["n3"], ...long },
    { kind: "clock-step", byUs: 1_000_000, hosts: ["n3"], ...long },
  ]);
  for (const [from, by] of [
    ["n1", "n2"],
    ["n2", "n3"],
    ["n3", "n1"],
  ] as const) {
    expect(heardBetween(run, from, by, 1_020_000, 1_200_000)).toBeGreaterThan(15);
  }
  expect(run.nemesis.windows().map((w) => w.endUs)).toEqual([1_000_000, 1_000_000, 1_000_000, 1_000_000]);
});

test("healAll leaves those that stay out of the core down, also from their supervisor", async () => {
  const names = [...NAMES, "n4"];
  const chatter = await withNodeEngine({}, async (engine) => {
    const made = makeChatter({ seed: "core", engine, supervisorDelayUs: 50_000 }, names);
    const n4 = made.control.host("n4");
    made.control.after(90_000, () => made.control.world.uncaught(n4.incarnation!, new Error("a bug")));
    const kill: Fault = { kind: "kill", hosts: ["n1"], atUs: 50_000, forUs: 500_000 };
    const nemesis = new Nemesis(made.control, planOf([kill]), { nodes: names });
    nemesis.start();
    await made.control.run(100_000);
    nemesis.healAll({ keepDown: ["n1", "n2", "n4"] });
    await made.control.run(900_000);
    return made;
  });
  expect(names.map((name) => chatter.control.stateOf(name))).toEqual(["down", "down", "up", "down"]);
});
