import { expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import { type Chatter, makeChatter } from "./fixtures/chatter.ts";
import { Nemesis, type NemesisOptions } from "./nemesis.ts";
import type { Fault } from "./plan.ts";

const NAMES = ["n1", "n2", "n3"];

const SEEDS = ["a", "b", "c", "d", "e", "f"];

type Result = Chatter & { readonly nemesis: Nemesis };

/** n1 suffers; lasting harm is allowed, and no quarantine stands between a fault and what it shows. */
function runPlan(faults: readonly Fault[], options: Partial<NemesisOptions> = {}, seed = "disk"): Promise<Result> {
  return withNodeEngine({}, async (engine) => {
    const chatter = makeChatter({ seed, engine }, NAMES);
    const nemesis = new Nemesis(
      chatter.control,
      { format: 1, faults },
      { nodes: NAMES, lastingHarmMax: 1, ...options },
    );
    nemesis.start();
    await chatter.control.run(1_000_000);
    nemesis.healAll();
    await chatter.control.run(1_300_000);
    return { ...chatter, nemesis };
  });
}

const on = { hosts: ["n1"], atUs: 200_000, forUs: 300_000 } as const;
const crash: Fault = { kind: "power-loss", hosts: ["n1"], atUs: 350_000, forUs: 50_000 };
const once = { injected: 1, effective: 1 };
const idle = { injected: 1, effective: 0 };

function errorsOf(run: Result, startUs: number, endUs: number): readonly string[] {
  return run.diskErrors.filter((e) => e.host === "n1" && e.atUs >= startUs && e.atUs < endUs).map((e) => e.code);
}

function syncedOf(run: Result, startUs: number, endUs: number): number {
  return run.synced.filter((s) => s.host === "n1" && s.atUs >= startUs && s.atUs < endUs).length;
}

function logAfter(run: Result, incarnation: number): string | undefined {
  return run.readBack.find((r) => r.host === "n1" && r.incarnation === incarnation)?.log;
}

test("disk-eio: operations fail while it lasts, others' do not, and all is well after the heal", async () => {
  const run = await runPlan([{ kind: "disk-eio", perMillion: 500_000, ...on }]);
  expect(errorsOf(run, 200_000, 500_000).length).toBeGreaterThan(3);
  expect(new Set(errorsOf(run, 0, 1_300_000))).toEqual(new Set(["EIO"]));
  expect(errorsOf(run, 530_000, 1_300_000)).toEqual([]);
  expect(run.diskErrors.every((e) => e.host === "n1")).toBe(true);
  expect(run.nemesis.stats()["disk-eio"]).toEqual(once);
});

test("disk-eio on an operation that nobody does is not effective", async () => {
  const run = await runPlan([{ kind: "disk-eio", perMillion: 1_000_000, operations: ["rmdir"], ...on }]);
  expect(run.nemesis.stats()["disk-eio"]).toEqual(idle);
});

test("disk-full: writes meet ENOSPC until the heal", async () => {
  const full: Fault = { kind: "disk-full", freeBytes: 0, shrinkBytesPerSecond: 0, ...on };
  const run = await runPlan([full]);
  expect(new Set(errorsOf(run, 200_000, 500_000))).toEqual(new Set(["ENOSPC"]));
  expect(syncedOf(run, 530_000, 1_300_000)).toBeGreaterThan(20);
  expect(run.nemesis.stats()["disk-full"]).toEqual(once);
  const room = await runPlan([{ ...full, freeBytes: 1_000_000 }]);
  expect(room.nemesis.stats()["disk-full"]).toEqual(idle);
});

test("disk-stall: nothing completes until the heal, then everything does", async () => {
  const run = await runPlan([{ kind: "disk-stall", ...on }]);
  expect(syncedOf(run, 201_000, 500_000)).toBe(0);
  expect(syncedOf(run, 500_000, 800_000)).toBeGreaterThan(8);
  expect(run.nemesis.stats()["disk-stall"]).toEqual(once);
});

test("disk-slow: operations take longer while it lasts", async () => {
  const run = await runPlan([{ kind: "disk-slow", factor: 50, ...on }]);
  expect(syncedOf(run, 220_000, 500_000)).toBeLessThan(syncedOf(run, 620_000, 900_000));
  expect(run.nemesis.stats()["disk-slow"]).toEqual(once);
});

test("disk-short-read: reads give less than there is", async () => {
  const run = await runPlan([
    { kind: "disk-short-read", perMillion: 1_000_000, ...on },
    { ...crash, kind: "kill" },
  ]);
  const whole = await runPlan([{ ...crash, kind: "kill" }]);
  expect(logAfter(run, 2)!.length).toBeLessThan(logAfter(whole, 2)!.length);
  expect(run.nemesis.stats()["disk-short-read"]).toEqual(once);
});

test("disk-latent: stored sectors cannot be read until they are written again", async () => {
  const run = await runPlan([{ kind: "disk-latent", sectors: 100, ...on }, crash]);
  expect(run.readBack.filter((r) => r.host === "n1").map((r) => r.error)).toEqual(["", "EIO"]);
  expect(run.nemesis.stats()["disk-latent"]).toEqual(once);
  expect(run.nemesis.harmedNodes()).toEqual(["n1"]);
});

test("disk-rot: stored bytes read back changed, also after the heal", async () => {
  const late: Fault = { kind: "kill", hosts: ["n1"], atUs: 600_000, forUs: 50_000 };
  const run = await runPlan([{ kind: "disk-rot", sectors: 100, bits: 4, ...on, forUs: 10_000 }, late]);
  expect(logAfter(run, 2)).not.toMatch(/^[a-z]*$/);
  expect(run.nemesis.stats()["disk-rot"]).toEqual(once);
});

test("disk-rot on an empty disk changes nothing, and does not count", async () => {
  const run = await runPlan([{ kind: "disk-rot", sectors: 100, bits: 4, hosts: ["n1"], atUs: 0, forUs: 10_000 }]);
  expect(run.nemesis.stats()["disk-rot"]).toEqual(idle);
});

test("disk-lost-sync: a power loss takes what a sync had promised", async () => {
  const lying: Fault = { kind: "disk-lost-sync", perMillion: 1_000_000, ...on };
  const unlucky = await Promise.all(SEEDS.map((seed) => runPlan([lying, crash], {}, seed)));
  const lost = unlucky.filter((run) => {
    const atUs = run.nemesis.windows()[1]!.startUs;
    return logAfter(run, 2)!.length < syncedOf(run, 0, atUs);
  });
  expect(lost.length).toBeGreaterThan(0);
  for (const run of lost) expect(run.nemesis.stats()["disk-lost-sync"]).toEqual(once);
  const calm = await runPlan([lying]);
  expect(calm.nemesis.stats()["disk-lost-sync"]).toEqual(idle);
});

test("disk-failed-sync: one sync fails, the next succeeds, and a power loss shows what was dropped", async () => {
  const run = await runPlan([{ kind: "disk-failed-sync", perMillion: 1_000_000, times: 1, ...on }, crash]);
  expect(errorsOf(run, 200_000, 350_000)).toEqual(["EIO"]);
  expect(syncedOf(run, 250_000, 350_000)).toBeGreaterThan(2);
  expect(run.nemesis.stats()["disk-failed-sync"]).toEqual(once);
});

test("disk-torn: a power loss leaves sectors that are half old, half new", async () => {
  const torn: Fault = { kind: "disk-torn", tearPerMillion: 1_000_000, ...on };
  const when = { on: "disk", name: "sync", target: "n1", count: 22 } as const;
  const inSync: Fault = { kind: "power-loss", hosts: ["trigger"], when, forUs: 50_000 };
  const runs = await Promise.all(SEEDS.map((seed) => runPlan([torn, inSync], {}, seed)));
  expect(runs.some((run) => run.nemesis.stats()["disk-torn"]?.effective === 1)).toBe(true);
  expect((await runPlan([torn])).nemesis.stats()["disk-torn"]).toEqual(idle);
});

test("disk-misdirect and disk-phantom: what is read is not what was written", async () => {
  for (const kind of ["disk-misdirect", "disk-phantom"] as const) {
    const run = await runPlan([{ kind, perMillion: 500_000, ...on }, crash]);
    expect(logAfter(run, 2), kind).not.toBe(logAfter(await runPlan([crash]), 2));
    expect(run.nemesis.stats()[kind]).toEqual(once);
  }
});

test("disk-rollback: the next boot sees an older disk", async () => {
  const run = await runPlan([{ kind: "disk-rollback", ...on }, crash]);
  expect(logAfter(run, 2)!.length).toBeLessThanOrEqual(syncedOf(run, 0, 200_000) + 1);
  expect(run.nemesis.stats()["disk-rollback"]).toEqual(once);
  const unbooted = await runPlan([{ kind: "disk-rollback", ...on }]);
  expect(unbooted.nemesis.stats()["disk-rollback"]).toEqual(idle);
});

test("lasting harm strikes at most f nodes; what would exceed it is refused, and says so", async () => {
  const rot = { kind: "disk-rot", sectors: 1, bits: 1, atUs: 300_000, forUs: 1_000 } as const;
  const run = await runPlan([
    { ...rot, hosts: ["n1"] },
    { ...rot, hosts: ["n2"], atUs: 310_000 },
    { ...rot, kind: "disk-latent", hosts: ["n1"], atUs: 320_000 } as Fault,
    { ...rot, hosts: ["n2", "n1"], atUs: 330_000 },
  ]);
  expect(run.nemesis.harmedNodes()).toEqual(["n1"]);
  expect(run.nemesis.notInjected()).toEqual([
    {
      index: 1,
      kind: "disk-rot",
      code: "over-budget",
      reason: "the budget allows no further node to be harmed (wanted n2)",
    },
  ]);
  expect(run.nemesis.resolved().faults[3]!.struck!.hosts).toEqual(["n1"]);
});

test("a random pick for a harmful fault is made among the nodes that the budget still covers", async () => {
  const rot = { kind: "disk-rot", sectors: 1, bits: 1, hosts: ["one"], forUs: 1_000 } as const;
  const run = await runPlan([1, 2, 3, 4, 5, 6].map((i): Fault => ({ ...rot, atUs: 100_000 * i })));
  expect(run.nemesis.harmedNodes()).toHaveLength(1);
  expect(run.nemesis.notInjected()).toEqual([]);
});

test("before undetectable harm the node is put in quarantine: nothing that it sends arrives any more", async () => {
  const run = await runPlan([{ kind: "disk-phantom", perMillion: 100_000, ...on }]);
  const heard = run.heard.filter((h) => h.from === "n1");
  expect(heard.some((h) => h.atUs < 200_000)).toBe(true);
  expect(heard.some((h) => h.atUs >= 200_000)).toBe(false);
  expect(run.heard.some((h) => h.by === "n1" && h.atUs > 1_100_000)).toBe(true);
});

test("no more nodes go down at once than downMax allows", async () => {
  const kill = { kind: "kill", forUs: 200_000 } as const;
  const run = await runPlan(
    [
      { ...kill, hosts: ["n1", "n2", "n3"], atUs: 200_000 },
      { ...kill, hosts: ["n3"], atUs: 300_000 },
      { ...kill, hosts: ["n3"], atUs: 500_000 },
    ],
    { downMax: 2 },
  );
  expect(run.nemesis.resolved().faults.map((fault) => fault.struck?.hosts)).toEqual([["n1", "n2"], undefined, ["n3"]]);
  expect(run.nemesis.notInjected()[0]!.reason).toBe("the budget allows no further node to be down (wanted n3)");
});
