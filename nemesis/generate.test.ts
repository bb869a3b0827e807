import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../sim/random.ts";
import { directedPlan } from "./directed.ts";
import { type GenerateOptions, generatePlan } from "./generate.ts";
import { FAULT_KINDS } from "./kinds.ts";
import { type PlanContext, parsePlan } from "./parse-plan.ts";
import type { Plan } from "./plan.ts";

const OPTIONS: GenerateOptions = {
  kinds: FAULT_KINDS,
  nodes: ["n1", "n2", "n3", "n4", "n5"],
  clients: ["c1", "c2"],
  groups: ["rack1", "rack2"],
  targets: ["leader"],
  startUs: 600_000,
  endUs: 4_600_000,
  points: { message: ["append", "vote"], mark: ["snapshot"], state: ["elected"] },
};

function contextOf(options: GenerateOptions): PlanContext {
  return {
    hosts: [...options.nodes, ...options.clients],
    groups: options.groups,
    targets: options.targets,
    kinds: options.kinds,
  };
}

function plans(count: number, options: GenerateOptions = OPTIONS): Plan[] {
  return Array.from({ length: count }, (_, i) => generatePlan(new Random(`seed/${i}`, "plan"), options));
}

const someOptions = fc.record({
  kinds: fc.subarray([...FAULT_KINDS]),
  nodes: fc.integer({ min: 1, max: 7 }).map((n) => Array.from({ length: n }, (_, i) => `n${i + 1}`)),
  clients: fc.constantFrom([], ["c1"], ["c1", "c2"]),
  groups: fc.constantFrom([], ["rack1"]),
  targets: fc.constantFrom([], ["leader"]),
  startUs: fc.nat(1_000_000),
  lengthUs: fc.integer({ min: 1, max: 10_000_000 }),
  intensityPerMille: fc.integer({ min: 0, max: 5_000 }),
});

test("every plan that is drawn can be parsed, stays in the chaos phase and names only kinds of the scenario", () => {
  fc.assert(
    fc.property(fc.string(), someOptions, (seed, { lengthUs, ...rest }) => {
      const options = { ...rest, endUs: rest.startUs + lengthUs };
      const plan = generatePlan(new Random(seed, "plan"), options);
      expect(parsePlan(JSON.parse(JSON.stringify(plan)), contextOf(options))).toEqual(plan);
      for (const fault of plan.faults) {
        const startUs = fault.atUs ?? fault.when?.afterUs ?? 0;
        expect(startUs).toBeGreaterThanOrEqual(options.startUs);
        expect(startUs).toBeLessThan(options.endUs);
        if (fault.atUs !== undefined) expect(startUs + fault.forUs).toBeLessThanOrEqual(options.endUs + 2);
      }
    }),
    { numRuns: 300 },
  );
});

test("adding a kind to a scenario moves no fault of another kind", () => {
  fc.assert(
    fc.property(fc.string(), fc.constantFrom(...FAULT_KINDS), fc.subarray([...FAULT_KINDS]), (seed, added, base) => {
      const without = base.filter((kind) => kind !== added);
      const before = generatePlan(new Random(seed, "plan"), { ...OPTIONS, kinds: without });
      const after = generatePlan(new Random(seed, "plan"), { ...OPTIONS, kinds: [added, ...without] });
      // Whatever was there is still there, compounds and swizzles included.
      const left = after.faults.map((fault) => JSON.stringify(fault));
      for (const fault of before.faults) expect(left).toContain(JSON.stringify(fault));
    }),
    { numRuns: 200 },
  );
});

test("the same seed draws the same plan", () => {
  expect(plans(20)).toEqual(plans(20));
});

test("over many seeds every kind is drawn, is left out by about half of the plans, and some plans are empty", () => {
  const drawn = plans(1_500);
  for (const kind of FAULT_KINDS) {
    const having = drawn.filter((plan) => plan.faults.some((fault) => fault.kind === kind)).length;
    expect(having, kind).toBeGreaterThan(20);
    expect(having, kind).toBeLessThan(1_000);
  }
  const empty = drawn.filter((plan) => plan.faults.length === 0).length;
  expect(empty).toBeGreaterThan(15);
  expect(empty).toBeLessThan(120);
});

test("the usual plan has 5 to 12 faults, more than half of its time inside a fault window, and quiet time between", () => {
  const drawn = plans(600);
  const counts = drawn.map((plan) => plan.faults.length);
  expect(quantile(counts, 0.5)).toBeGreaterThanOrEqual(6);
  expect(quantile(counts, 0.5)).toBeLessThanOrEqual(11);
  expect(quantile(counts, 0.9)).toBeLessThanOrEqual(20);
  const shares = drawn.map(shareInWindows);
  expect(quantile(shares, 0.5)).toBeGreaterThan(0.5);
  expect(quantile(shares, 0.5)).toBeLessThan(0.85);
});

function shareInWindows(plan: Plan): number {
  const covered = new Set<number>();
  for (const fault of plan.faults) {
    const startUs = fault.atUs ?? fault.when?.afterUs ?? 0;
    for (let atUs = startUs; atUs < startUs + fault.forUs; atUs += 10_000) covered.add(Math.floor(atUs / 10_000));
  }
  return (covered.size * 10_000) / (OPTIONS.endUs - OPTIONS.startUs);
}

function quantile(values: readonly number[], q: number): number {
  return [...values].sort((x, y) => x - y)[Math.floor(values.length * q)]!;
}

test("faults strike at points of the run, too: disk operations, messages, marks and states, often of the leader", () => {
  const whens = plans(400).flatMap(({ faults }) => faults.flatMap(({ when }) => (when === undefined ? [] : [when])));
  for (const on of ["disk", "message", "mark", "state"]) {
    expect(whens.filter((when) => when.on === on).length, on).toBeGreaterThan(20);
  }
  expect(whens.filter((when) => when.target === "leader").length).toBeGreaterThan(whens.length / 4);
});

test("a directed plan can be parsed for every kind", () => {
  for (const kind of FAULT_KINDS) {
    const plan = directedPlan(kind, { random: new Random("seed", "directed"), ...OPTIONS, atUs: 1_200_000 });
    expect(parsePlan(JSON.parse(JSON.stringify(plan)), contextOf(OPTIONS))).toEqual(plan);
    expect(plan.faults[0]!.kind).toBe(kind);
  }
});

const NO_FAULTS_BUT_CUTS: GenerateOptions = { ...OPTIONS, kinds: ["partition"] };

test("some plans have a cut of fewer than half of the nodes that lasts most of the chaos phase", () => {
  const lengthUs = OPTIONS.endUs - OPTIONS.startUs;
  // Other partitions last at most three times 1.6 s.
  const long = (length: number): number =>
    plans(400, { ...NO_FAULTS_BUT_CUTS, endUs: OPTIONS.startUs + length })
      .flatMap(({ faults }) => faults)
      .filter(({ forUs }) => forUs >= length / 2 && forUs > 5_000_000).length;
  expect(long(lengthUs)).toBe(0);
  expect(long(20_000_000)).toBeGreaterThan(20);
  expect(long(20_000_000)).toBeLessThan(80);
});

test("some plans cut the leader off several times in a row, none where nobody can say who leads", () => {
  const rows = (options: GenerateOptions): number =>
    plans(400, options).filter(({ faults }) => {
      const ofLeader = faults.filter((fault) => fault.kind === "partition" && fault.hosts?.join() === "leader");
      return ofLeader.filter(({ forUs, atUs }) => atUs !== undefined && forUs <= 500_000).length >= 5;
    }).length;
  expect(rows(NO_FAULTS_BUT_CUTS)).toBeGreaterThan(10);
  expect(rows({ ...NO_FAULTS_BUT_CUTS, targets: [] })).toBe(0);
});

test("the patterns of cuts move no other fault", () => {
  const others = (plan: Plan): string[] =>
    plan.faults.filter(({ kind }) => kind !== "partition").map((fault) => JSON.stringify(fault));
  const withoutLeader = plans(60, { ...OPTIONS, kinds: FAULT_KINDS.filter((kind) => kind !== "partition") });
  expect(plans(60).map((plan, i) => others(withoutLeader[i]!).every((fault) => others(plan).includes(fault)))).toEqual(
    withoutLeader.map(() => true),
  );
});
