import { expect, test } from "vitest";
import { scenarios } from "../../scenarios/index.ts";
import { prepareRuns } from "./campaign-runs.ts";

/** The drawn runs of each scenario when a campaign is called with these words and no flag about seeds. */
async function drawnRuns(names: readonly string[], seeds?: string): Promise<Map<string, number>> {
  const args = {
    scenarios: names,
    seed: [],
    set: [],
    base: "b",
    all: false,
    lastFailed: false,
    ...(seeds ? { seeds } : {}),
  };
  const { runs } = await prepareRuns(args as unknown as Parameters<typeof prepareRuns>[0], null, () => {});
  const counts = new Map<string, number>();
  for (const { entry, input, isCorpus } of runs) {
    const { name } = entry.scenario;
    if (!isCorpus && /^b\/\d+$/.test(input.seed)) counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test("without a scenario the default ones share a fixed number of runs; one that is named has sixty; a count is kept", async () => {
  const defaults = scenarios.filter((scenario) => scenario.default !== false);
  const shared = await drawnRuns([]);
  expect([...shared.keys()].sort()).toEqual(defaults.map(({ name }) => name).sort());
  const total = [...shared.values()].reduce((sum, count) => sum + count, 0);
  expect(total).toBeGreaterThanOrEqual(600);
  expect(total).toBeLessThan(600 + defaults.length);
  expect(await drawnRuns(["kv"])).toEqual(new Map([["kv", 60]]));
  expect(new Set((await drawnRuns([], "7")).values())).toEqual(new Set([7]));
});
