import { expect, test } from "vitest";
import { Aggregate, compareSeeds, median } from "./aggregate.ts";
import type { RunLine } from "./run-line.ts";

const line = (change: Partial<RunLine>): RunLine => ({
  scenario: "kv",
  seed: "1",
  verdict: "held",
  digest: "d",
  events: 10,
  virtualUs: 1_000_000,
  wallMs: 2,
  operations: { ok: 3, fail: 1, info: 2 },
  faults: { kill: { injected: 2, effective: 1 } },
  counts: { leaderChanges: 1 },
  sometimes: { seen: false },
  marks: { torn: 1 },
  properties: [],
  isCorpus: false,
  repro: null,
  ...change,
});

test("adds up runs, corpus runs, faults, marks and what was not run, scenario by scenario", () => {
  const aggregate = new Aggregate(["kv", "never"]);
  aggregate.add(line({}));
  aggregate.add(line({ seed: "2", sometimes: { seen: true } }));
  aggregate.add(line({ isCorpus: true, corpusId: "a", verdict: "failed" }));
  const [kv, never] = aggregate.scenarios(new Map([["never", 4]]));
  expect(kv).toMatchObject({
    runs: 2,
    corpusRuns: 1,
    held: 2,
    failed: 1,
    unknown: 0,
    notRun: 0,
    events: 30,
    wallMs: 6,
  });
  expect(kv!.faults).toEqual({ kill: { injected: 6, effective: 3 } });
  expect(kv!.marks).toEqual({ torn: 3 });
  expect(kv!.failures).toEqual([expect.objectContaining({ seed: "1", isCorpus: true })]);
  expect(never).toMatchObject({ runs: 0, notRun: 4 });
  expect(aggregate.sometimesMissed()).toEqual([]);
  expect(aggregate.totals(1000, 4)).toMatchObject({ runs: 2, failed: 1, notRun: 4, virtualSecondsPerSecond: 3 });
});

test("the reason of a failure is kept, cut where it is endless, and its property is the one that is invalid", () => {
  const aggregate = new Aggregate([]);
  const properties = [
    { name: "bounded", verdict: "unknown", reason: "?", monitor: false },
    { name: "sane", verdict: "invalid", reason: "x".repeat(5000), monitor: false },
  ] as const;
  aggregate.add(line({ verdict: "failed", properties }));
  const { failures } = aggregate.scenarios()[0]!;
  expect(failures[0]!.property).toBe("sane");
  expect(failures[0]!.reason).toHaveLength(2000);
});

test("failures are sorted by number within a base", () => {
  expect(["b/10", "b/9", "a/2", "10", "9", "x"].sort(compareSeeds)).toEqual(["9", "10", "a/2", "b/9", "b/10", "x"]);
  expect(median([])).toBe(0);
  expect(median([3, 1, 2])).toBe(2);
});
