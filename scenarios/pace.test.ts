import fc from "fast-check";
import { expect, test } from "vitest";
import { Random } from "../sim/random.ts";
import { atPace, drawStretches, paced, type PaceOptions, type Stretch } from "./pace.ts";
import type { PlannedOperation, ScenarioContext, Settings } from "./scenario.ts";

const OPTIONS: PaceOptions = { operationUs: 1_000, asRead: () => ({ f: "get", value: null }) };

function contextOf(pace: string, chaosUs: number): ScenarioContext {
  return { settings: { nodes: 3, clients: 3, chaosUs, pace }, nodes: [], clients: [] };
}

function puts(processes: number, turns: number, afterUs: number): PlannedOperation[] {
  return Array.from({ length: processes * turns }, (_, i) => ({
    process: i % processes,
    afterUs,
    f: "put",
    key: "k",
    value: `v${i}`,
  }));
}

/** When each operation starts, by planned time. */
function startsOf(operations: readonly PlannedOperation[]): { readonly startUs: number; readonly f: string }[] {
  const readyUs = new Map<number, number>();
  return operations.map(({ process, afterUs, f }) => {
    const startUs = (readyUs.get(process) ?? 0) + afterUs;
    readyUs.set(process, startUs + OPTIONS.operationUs);
    return { startUs, f };
  });
}

test("no process changes anything within a read-only stretch, and every one changes things outside of it", () => {
  const stretch: Stretch = { kind: "read-only", fromUs: 300_000, toUs: 600_000, factor: 1 };
  const starts = startsOf(atPace(puts(4, 60, 20_000), [stretch], OPTIONS));
  const isWithin = ({ startUs }: { startUs: number }) => startUs >= 300_000 && startUs < 600_000;
  expect(new Set(starts.filter(isWithin).map(({ f }) => f))).toEqual(new Set(["get"]));
  expect(new Set(starts.filter((start) => !isWithin(start)).map(({ f }) => f))).toEqual(new Set(["put"]));
});

test("silence holds for all processes, and all of them go on when it is over", () => {
  const stretch: Stretch = { kind: "sparse", fromUs: 300_000, toUs: 600_000, factor: 1_000 };
  const operations = atPace(puts(4, 60, 20_000), [stretch], OPTIONS);
  const starts = startsOf(operations).map(({ startUs }) => startUs);
  expect(starts.filter((us) => us >= 300_000 && us < 600_000)).toEqual([]);
  expect(starts.filter((us) => us >= 600_000 && us < 640_000).length).toBeGreaterThanOrEqual(4);
  expect(operations.length).toBe(240);
});

test("a sparse stretch has fewer operations by its factor", () => {
  const stretch: Stretch = { kind: "sparse", fromUs: 200_000, toUs: 800_000, factor: 8 };
  const within = startsOf(atPace(puts(1, 100, 9_000), [stretch], OPTIONS)).filter(
    ({ startUs }) => startUs >= 200_000 && startUs < 800_000,
  );
  expect(within.length).toBeGreaterThanOrEqual(6);
  expect(within.length).toBeLessThanOrEqual(9);
});

test("stretches lie in order within the workload and leave busy time; order, number and processes of operations stay", () => {
  fc.assert(
    fc.property(fc.string(), fc.integer({ min: 100_000, max: 10_000_000 }), (seed, lastsUs) => {
      const stretches = drawStretches(new Random(seed, "workload").fork("pace"), lastsUs);
      let endUs = 0;
      let quietUs = 0;
      for (const { fromUs, toUs } of stretches) {
        expect(fromUs).toBeGreaterThanOrEqual(endUs);
        expect(toUs).toBeGreaterThan(fromUs);
        endUs = toUs;
        quietUs += toUs - fromUs;
      }
      expect(endUs).toBeLessThanOrEqual(lastsUs);
      expect(quietUs).toBeLessThanOrEqual(0.6 * lastsUs + 3);
      const operations = puts(3, 20, 15_000);
      const changed = paced(operations, new Random(seed, "workload"), contextOf("varied", lastsUs), OPTIONS);
      expect(changed.map(({ process }) => process)).toEqual(operations.map(({ process }) => process));
      expect(changed.every(({ afterUs }) => Number.isSafeInteger(afterUs) && afterUs >= 15_000)).toBe(true);
    }),
  );
});

test("draws nothing from the stream of the workload, and usual pace changes nothing", () => {
  const random = new Random("seed", "workload");
  const operations = puts(3, 60, 15_000);
  expect(paced(operations, random, contextOf("varied", 1_000_000), OPTIONS)).not.toEqual(operations);
  expect(random.uint32()).toBe(new Random("seed", "workload").uint32());
  expect(paced(operations, random, contextOf("usual", 1_000_000), OPTIONS)).toEqual(operations);
});

test("every kind of stretch is drawn", () => {
  const kinds = Array.from({ length: 40 }, (_, i) => drawStretches(new Random(String(i), "workload/pace"), 1_000_000));
  expect(new Set(kinds.flat().map(({ kind }) => kind))).toEqual(new Set(["sparse", "read-only"]));
  expect(new Set(kinds.map(({ length }) => length))).toEqual(new Set([1, 2, 3]));
});

test("a scenario that does not declare the setting is named its mistake", () => {
  const context = contextOf("varied", 1_000_000);
  const { pace: _, ...settings } = context.settings;
  expect(() => paced([], new Random("s", "w"), { ...context, settings: settings as Settings }, OPTIONS)).toThrow(
    'setting pace: expected "varied" or "usual", found undefined. Declare it as PACE_SETTING.',
  );
});
