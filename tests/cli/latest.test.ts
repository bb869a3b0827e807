/** What `latest` means, and what a campaign that goes on knows of before; one process, whose runners are others. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { UsageError } from "../../campaign/errors.ts";
import { main } from "../../cli/program.ts";
import { temporaryFolder } from "./seedbed.ts";

const home = process.cwd();
const runs = path.join(".seedbed", "runs");
const latest = path.join(runs, "latest");

type Report = { totals: { runs: number; failed: number; notRun: number }; stopped?: string };

beforeAll(() => process.chdir(temporaryFolder()));
afterAll(() => process.chdir(home));

async function campaign(...words: string[]): Promise<{ readonly code: number; readonly report: Report }> {
  let printed = "";
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    printed += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation(() => true);
  try {
    const code = await main(["campaign", ...words, "--workers", "1", "--quiet", "--json"]);
    return { code, report: JSON.parse(printed) as Report };
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

test("--last-failed runs what failed, whether latest is a link or a text, and a mistyped flag leaves latest alone", async () => {
  const first = await campaign("lesson-stale-read", "--seed", "1", "--seed", "12", "--seed", "13");
  expect(first).toMatchObject({ code: 1, report: { totals: { runs: 3, failed: 2 } } });
  const target = fs.readlinkSync(latest);
  for (const wrong of [
    ["--reporter", "xml"],
    ["--seeds", "1000000000000"],
    ["--seeds", "1..9000000"],
    ["--max-failures", "no"],
  ])
    await expect(main(["campaign", "lesson-stale-read", ...wrong])).rejects.toThrow(UsageError);
  expect(fs.readlinkSync(latest)).toBe(target);
  expect(fs.readdirSync(runs).sort()).toEqual([target, "latest"].sort());
  fs.rmSync(latest);
  fs.writeFileSync(latest, target);
  const again = await campaign("--last-failed");
  expect(again).toMatchObject({ code: 1, report: { totals: { runs: 2, failed: 2 } } });
}, 180_000);

test("failures of before count for --max-failures of a campaign that goes on", async () => {
  const words = ["lesson-stale-read", "--seeds", "12..15", "--max-failures", "1"];
  const first = await campaign(...words, "--out", "limited");
  expect(first).toMatchObject({ code: 1, report: { stopped: "failures" } });
  const before = first.report.totals.runs;
  const second = await campaign(...words, "--resume", "limited");
  expect(second).toMatchObject({
    code: 1,
    report: { stopped: "failures", totals: { runs: before, failed: first.report.totals.failed } },
  });
}, 180_000);
