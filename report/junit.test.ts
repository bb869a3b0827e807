import * as path from "node:path";
import { expect, test } from "vitest";
import { Aggregate } from "../campaign/aggregate.ts";
import type { CampaignReport } from "../campaign/campaign.ts";
import type { RunLine } from "../campaign/run-line.ts";
import { formatJunit } from "./junit.ts";
import { makeStyle } from "./style.ts";
import { formatSummary, notRunLines } from "./summary.ts";

const line = (scenario: string, seed: string, verdict: RunLine["verdict"], change: Partial<RunLine> = {}): RunLine => ({
  scenario,
  seed,
  verdict,
  digest: "d2753817abacd69d",
  events: 10,
  virtualUs: 2_000_000,
  wallMs: 1500,
  operations: { ok: 1, fail: 0, info: 0 },
  faults: { kill: { injected: 1, effective: 1 } },
  counts: {},
  sometimes: {},
  marks: {},
  properties:
    verdict === "held"
      ? []
      : [
          {
            name: "linearizable",
            verdict: verdict === "failed" ? "invalid" : "unknown",
            reason: 'a "<&>" \u0001 b',
            monitor: false,
          },
        ],
  isCorpus: false,
  repro: null,
  ...change,
});

function reportOf(lines: readonly RunLine[], notRun: { readonly [name: string]: number } = {}): CampaignReport {
  const aggregate = new Aggregate(Object.keys(notRun));
  for (const each of lines) aggregate.add(each);
  const missing = Object.values(notRun).reduce((sum, count) => sum + count, 0);
  return {
    tool: "seedbed",
    version: "0.1.0",
    verdict: "failed",
    base: null,
    seeds: "1..9",
    workers: 1,
    determinism: { checked: 0, differed: 0 },
    sometimesMissed: [],
    ...(missing === 0 ? {} : { stopped: "time" as const }),
    scenarios: aggregate.scenarios(new Map(Object.entries(notRun))),
    totals: aggregate.totals(3000, missing),
    residentMbPeak: 1,
  };
}

const ACTIONS = ["Timeout", "Resign", "BecomeLeader", "AdvanceCommitIndex", "LoseMessage", "Duplicate", "Restart"];

const numbers = (tag: string): { [name: string]: number } =>
  Object.fromEntries(
    ["tests", "failures", "errors", "skipped"].map((name) => [
      name,
      Number(new RegExp(`${name}="(\\d+)"`).exec(tag)![1]),
    ]),
  );
const count = (text: string, pattern: RegExp): number => [...text.matchAll(pattern)].length;

test("the numbers of JUnit are those of its cases, with corpus, unknown and missing runs", () => {
  const xml = formatJunit(
    reportOf(
      [
        line("kv", "1", "held"),
        line("kv", "2", "held"),
        line("kv", "3", "failed"),
        line("kv", "3", "failed", { isCorpus: true, corpusId: "ab" }),
        line("kv", "4", "unknown"),
        line("set", "1", "held"),
      ],
      { kv: 5, set: 0 },
    ),
  );
  const all = numbers(/<testsuites [^>]*>/.exec(xml)![0]);
  expect(all).toEqual({ tests: 6, failures: 2, errors: 1, skipped: 1 });
  expect(count(xml, /<testcase /g)).toBe(all["tests"]);
  expect(count(xml, /<failure /g)).toBe(all["failures"]);
  expect(count(xml, /<error /g)).toBe(all["errors"]);
  expect(count(xml, /<skipped /g)).toBe(all["skipped"]);
  expect(count(xml, /<testcase [^>]*time="\d+\.\d{3}"/g)).toBe(all["tests"]);
  const suites = [...xml.matchAll(/<testsuite [^>]*>/g)].map(([tag]) => numbers(tag));
  expect(suites.map(({ tests }) => tests)).toEqual([5, 1]);
  expect(xml).toContain('name="seed 3 of the corpus"');
  expect(xml).toContain('name="2 runs held" time="3.000"');
  expect(xml).toContain('name="1 run held"');
  expect(xml).toContain('name="5 runs not run"');
  expect(xml).toContain("a &quot;&lt;&amp;&gt;&quot; \ufffd b");
});

test("unknown runs of one reason are one error that says how many", () => {
  const xml = formatJunit(reportOf(Array.from({ length: 130 }, (_, i) => line("kv", String(i), "unknown"))));
  expect(numbers(/<testsuites [^>]*>/.exec(xml)![0])).toEqual({ tests: 1, failures: 0, errors: 1, skipped: 0 });
  expect(xml).toContain('name="130 runs unknown, the first with seed 0"');
});

test("the summary says what was not run, why a run is unknown, and one of a thing in the singular", () => {
  const report = reportOf([line("kv", "4", "unknown")], { kv: 2, set: 3 });
  expect(notRunLines(report)).toEqual([
    "stopped by --time-limit: 5 of 6 runs were not run (kv 2 of 3, set not at all)",
  ]);
  const text = formatSummary(report, makeStyle(false, false, {}), { isVerbose: false }).join("\n");
  expect(text).toContain('unknown: 1 run of kv: linearizable: a "<&>"');
  expect(text).toContain(": 1 run, 0 failed, 1 unknown");
  expect(text).toContain("1 worker");
  expect(text).not.toContain("1 workers");
});

test("a campaign that ran everything says nothing of what was not run", () => {
  expect(notRunLines(reportOf([line("kv", "1", "held")]))).toEqual([]);
});

test("the summary is no wider than 80 columns, and medians are there where more is asked for", () => {
  const kinds = ["group-crash", "disk-failed-sync", "clock-backward", "disk-misdirect", "slow-link", "clock-strobe"];
  const faults = Object.fromEntries(kinds.map((kind) => [kind, { injected: 12_345, effective: 12_345 }]));
  const unstruck = {
    "after-end": 71,
    "point-never-reached": 52,
    "too-few-points": 31,
    "no-target": 2,
    "over-budget": 1,
  };
  const specification = {
    module: "RaftTrace",
    isMismatch: false,
    steps: 9,
    matched: Object.fromEntries(ACTIONS.map((name) => [name, 0])),
  };
  const change = { faults, planned: 200, unstruck, specification, counts: { leaderChanges: 3, droppedMessages: 400 } };
  const many = Array.from({ length: 6 }, (_, i) => line("membership-partitions", String(i), "held", change as object));
  const style = makeStyle(false, false, {});
  const short = formatSummary(reportOf(many), style, { isVerbose: false });
  const long = formatSummary(reportOf(many), style, { isVerbose: true });
  expect([...short, ...long].filter((text) => text.length > 80 && !text.startsWith("specification:"))).toEqual([]);
  expect(short.join("\n")).not.toContain("median");
  expect(long.join("\n")).toContain("membership-partitions, median run: 0 operations ok");
  expect(short.join(" ")).toMatch(/actions that did not occur in these runs: Timeout, .*Restart/);
  expect(short.join(" ")).not.toContain("never matched");
});

test("JUnit names repros relative to the working folder", () => {
  const repro = path.resolve("results", "failures", "kv-3", "repro.json");
  const xml = formatJunit(reportOf([line("kv", "3", "failed", { repro }), line("kv", "4", "unknown", { repro })]));
  expect(count(xml, /^results\/failures\/kv-3\/repro\.json</gm)).toBe(2);
  expect(xml).not.toContain(process.cwd());
});
