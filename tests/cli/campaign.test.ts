import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { readLines } from "../../campaign/store.ts";
import { seedbed, temporaryFolder } from "./seedbed.ts";

type Report = {
  verdict: string;
  scenarios: {
    name: string;
    runs: number;
    failures: { seed: string; digest: string; repro: string; property: string }[];
  }[];
  totals: { runs: number; failed: number };
  interrupted?: boolean;
};

const LESSON = ["campaign", "lesson-stale-read"];
/** Runs that --verbose has told. */
const finishedRuns = (text: string): number => text.split("\n").filter((line) => /^(held|failed)/.test(line)).length;
const linesOf = (folder: string) => readLines(path.join(folder, "results.jsonl"), () => {}).lines;

test("a campaign over a lesson fails, names a repro, and its replay has the same digest and verdict", async () => {
  const cwd = temporaryFolder();
  const campaign = await seedbed([...LESSON, "--seeds", "1..20", "--json"], { cwd });
  expect(campaign.code).toBe(1);
  const report = JSON.parse(campaign.stdout) as Report;
  const failure = report.scenarios[0]!.failures[0]!;
  expect(report).toMatchObject({ verdict: "failed", totals: { runs: 20 } });
  const replay = await seedbed(["replay", failure.repro, "--json"], { cwd });
  expect(replay.code).toBe(1);
  expect(JSON.parse(replay.stdout)).toMatchObject({
    verdict: "failed",
    digest: failure.digest,
    warnings: expect.any(Array),
  });
  const files = fs.readdirSync(path.dirname(failure.repro)).sort();
  expect(files).toEqual(["history.jsonl", "repro.json", "trace.jsonl", "verdict.json"]);
  const check = await seedbed(
    ["check", path.join(path.dirname(failure.repro), "history.jsonl"), "--model", "register"],
    { cwd },
  );
  expect(check.code).toBe(1);
  const told = await seedbed(["replay", failure.repro], { cwd });
  expect(told.stdout).toContain(`digest ${failure.digest} = recorded`);
  expect(told.stdout.split("\n").length).toBeLessThanOrEqual(17);
  const whole = await seedbed(["replay", failure.repro, "--verbose"], { cwd });
  expect(whole.stdout).toContain('"action":"nemesis.strike"');
  expect(whole.stdout).toMatch(/ ms {2}process \d+ ok +write/);
});

test("--bail hands out nothing after the first failure", async () => {
  const bailing = [...LESSON, "--seed", "13", "--seed", "14", "--seed", "15", "--seed", "16", "--workers", "1"];
  const { code, stdout } = await seedbed([...bailing, "--bail", "--json"], { cwd: temporaryFolder() });
  expect([code, (JSON.parse(stdout) as Report).totals]).toMatchObject([1, { runs: 1, failed: 1 }]);
});

test("results do not depend on the number of workers", async () => {
  const digests = async (workers: string): Promise<string[]> => {
    const out = path.join(temporaryFolder(), "out");
    await seedbed([...LESSON, "--seeds", "1..12", "--workers", workers, "--out", out, "--quiet"]);
    return linesOf(out)
      .map(({ seed, digest }) => `${seed} ${digest}`)
      .sort();
  };
  expect(await digests("1")).toEqual(await digests("3"));
});

test("killed in mid-campaign and resumed, no result is lost and no run is done twice", async () => {
  const out = path.join(temporaryFolder(), "out");
  const args = [...LESSON, "--seeds", "1..150", "--max-failures", "1000", "--verbose"];
  await seedbed([...args, "--out", out], {
    onErr: (text, kill) => {
      if (finishedRuns(text) > 30) kill("SIGKILL");
    },
  });
  const before = linesOf(out);
  expect(before.length).toBeGreaterThan(30);
  expect(before.length).toBeLessThan(150);
  fs.appendFileSync(path.join(out, "results.jsonl"), '0badc0de {"scenario":"les');
  const resumed = await seedbed([...args, "--resume", out, "--json"]);
  expect(resumed.stderr).toContain("the last line is torn and was dropped");
  const after = linesOf(out);
  expect(after.slice(0, before.length)).toEqual(before);
  expect(new Set(after.map(({ seed }) => seed)).size).toBe(150);
  expect(after).toHaveLength(150);
  const whole = JSON.parse((await seedbed([...args, "--json"])).stdout) as Report;
  const table = ({ scenarios }: Report): unknown =>
    scenarios.map(({ name, runs, failures }) => [name, runs, failures.map(({ seed, digest }) => [seed, digest])]);
  expect(table(JSON.parse(resumed.stdout) as Report)).toEqual(table(whole));
});

test("Ctrl-C keeps what was found, says so and exits with 130", async () => {
  const out = path.join(temporaryFolder(), "out");
  let isSent = false;
  const { code, stdout } = await seedbed([...LESSON, "--seeds", "1..5000", "--out", out, "--verbose"], {
    // Once: a second Ctrl-C would end the process at once, as everywhere.
    onErr: (text, kill) => {
      if (isSent || finishedRuns(text) < 5) return;
      isSent = true;
      kill("SIGINT");
    },
  });
  expect(code).toBe(130);
  expect(stdout).toContain("interrupted: ");
  expect(linesOf(out).length).toBeGreaterThan(3);
});

test("resuming with other flags is refused", async () => {
  const out = path.join(temporaryFolder(), "out");
  await seedbed([...LESSON, "--seeds", "1..3", "--out", out]);
  const { code, stderr } = await seedbed([...LESSON, "--seeds", "1..4", "--resume", out]);
  expect(stderr).toContain("was started with other flags");
  expect(code).toBe(64);
});

test("a pipe gets no colour and no redrawn line; NO_COLOR wins over FORCE_COLOR", async () => {
  const plain = await seedbed([...LESSON, "--seeds", "1..3"]);
  const silenced = await seedbed([...LESSON, "--seeds", "1..3"], { env: { NO_COLOR: "1", FORCE_COLOR: "1" } });
  const forced = await seedbed([...LESSON, "--seeds", "1..3"], { env: { FORCE_COLOR: "1" } });
  const control = "\u001b[";
  expect(plain.stdout + plain.stderr).not.toContain(control);
  expect(silenced.stdout + silenced.stderr).not.toContain(control);
  expect(forced.stdout).toContain(control);
});
