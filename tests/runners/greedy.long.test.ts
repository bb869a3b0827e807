import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { runCampaign } from "../../campaign/campaign.ts";
import { selectScenarios } from "../../campaign/catalog.ts";
import type { RunLine } from "../../campaign/store.ts";

const FILE = fileURLToPath(new URL("./greedy.scenarios.ts", import.meta.url));

test.each([
  ["sync-loop", "killed: time"],
  ["promise-loop", "killed: time"],
  ["large-array", "killed: memory"],
  ["off-heap", "killed: memory"],
])("a run that %ss is killed, attributed to its seed and reported, and no other is lost", async (name, reason) => {
  const selected = (await selectScenarios({ arguments: [FILE] })).filter(({ scenario }) => scenario.name === name);
  const entry = selected[0]!;
  const lines: RunLine[] = [];
  const { report, exitCode } = await runCampaign({
    scenarios: selected,
    runs: ["1", "2", "bad", "4", "5"].map((seed) => ({
      entry,
      input: { seed, ...(seed === "bad" ? { settings: { isArmed: true } } : {}) },
      isCorpus: false,
    })),
    base: null,
    seedsText: "1,2,bad,4,5",
    workers: 2,
    runMsMax: reason === "killed: time" ? 3_000 : 20_000,
    residentMbMax: 600,
    store: null,
    onEvent: (event) => {
      if (event.type === "run") lines.push(event.line);
    },
  });
  expect(lines.find(({ seed }) => seed === "bad")).toMatchObject({ verdict: "unknown", digest: null, reason });
  expect(
    lines
      .filter(({ verdict }) => verdict === "held")
      .map(({ seed }) => seed)
      .sort(),
  ).toEqual(["1", "2", "4", "5"]);
  expect(report.totals).toMatchObject({ runs: 5, failed: 0, unknown: 1 });
  expect(exitCode).toBe(2);
});
