/**
 * Broken stores: a campaign that has ended, with its files changed, cut, swapped or gone. Going on with it and running its failures again are refused
 * with the file, and then no byte of the store has changed; or they report what the files hold, and every whole line of results is still there.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { formatLine, readLines } from "../../campaign/store.ts";
import { type CampaignArguments, campaignCommand } from "../../cli/commands/campaign.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { changedJson, damage, damaged, jsonChange } from "./changes.ts";
import { everyCase, expectRefusal, filesBelow, SCENARIO, type Told, told } from "./project.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 20);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

const RUNS = ".seedbed/runs";
const FOLDER = `${RUNS}/first`;
const RESULTS = `${FOLDER}/results.jsonl`;
const SEEDS = "1..12";
const before = process.cwd();
/** The sound store, to be copied. */
let kept: string;

const ARGUMENTS: CampaignArguments = {
  scenarios: ["own.scenario.mjs"],
  seed: [],
  set: [],
  workers: "1",
  bail: false,
  lastFailed: false,
  json: true,
  quiet: true,
  verbose: false,
  color: false,
  verifyDeterminism: false,
  all: false,
  monitors: true,
};
/** A campaign that has as many failures as it may starts no process. */
const RESUME: CampaignArguments = { ...ARGUMENTS, seeds: SEEDS, resume: FOLDER, maxFailures: "1" };

beforeAll(async () => {
  process.chdir(fs.realpathSync(temporaryFolder()));
  fs.writeFileSync("own.scenario.mjs", SCENARIO);
  const { code, error } = await told(() => campaignCommand({ ...ARGUMENTS, seeds: SEEDS, out: FOLDER }));
  expect({ code, error }).toEqual({ code: 1, error: null });
  fs.symlinkSync("first", `${RUNS}/latest`);
  kept = fs.realpathSync(temporaryFolder());
  fs.cpSync(".seedbed", kept, { recursive: true, verbatimSymlinks: true });
}, 120_000);

afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  for (const each of [folder, kept]) fs.rmSync(each, { recursive: true, force: true });
});

function restore(): void {
  fs.rmSync(".seedbed", { recursive: true, force: true });
  fs.cpSync(kept, ".seedbed", { recursive: true, verbatimSymlinks: true });
}

type Breakage = (folder: string) => void;

const rewrite = (file: string, make: (text: string) => Buffer | string): void =>
  fs.writeFileSync(file, make(fs.readFileSync(file, "utf8")));

/** A line whose checksum fits, as a person or a program would write it. */
function changeLine(text: string, at: number, change: (line: unknown) => unknown): string {
  const lines = text.trimEnd().split("\n");
  const i = at % lines.length;
  lines[i] = formatLine(change(JSON.parse(lines[i]!.slice(9)))).trimEnd();
  return `${lines.join("\n")}\n`;
}

const breakage: fc.Arbitrary<Breakage> = fc.oneof(
  fc.tuple(fc.nat(), jsonChange).map(
    ([at, change]) =>
      () =>
        rewrite(RESULTS, (text) => changeLine(text, at, (line) => changedJson(line, change) ?? null)),
  ),
  damage.map((how) => () => rewrite(RESULTS, (text) => damaged(text, how))),
  jsonChange.map(
    (change) => () =>
      rewrite(`${FOLDER}/campaign.json`, (text) => JSON.stringify(changedJson(JSON.parse(text), change)) ?? ""),
  ),
  damage.map((how) => () => rewrite(`${FOLDER}/campaign.json`, (text) => damaged(text, how))),
  fc.constantFrom("campaign.json", "results.jsonl", "latest", "lock").map((name) => () => {
    const file = path.join(name === "latest" ? RUNS : FOLDER, name);
    fs.rmSync(file, { recursive: true, force: true });
    fs.mkdirSync(file);
  }),
  fc
    .constantFrom("campaign.json", "results.jsonl", "failures", "junit.xml")
    .map((name) => () => fs.rmSync(path.join(FOLDER, name), { recursive: true })),
  fc.constantFrom("first", "first\n", "gone", "", "..", "a\u0000b", "\uFEFFfirst").map((text) => () => {
    fs.rmSync(`${RUNS}/latest`);
    fs.writeFileSync(`${RUNS}/latest`, text);
  }),
  fc
    .constantFrom("", "{", '{"pid":1}', '{"pid":4194999,"started":"1","machine":"x"}', "null")
    .map((text) => () => fs.writeFileSync(`${FOLDER}/lock`, text)),
);

type Report = { readonly totals: { readonly runs: number; readonly notRun: number }; readonly verdict: string };

const wholeLines = (): readonly string[] => {
  try {
    return readLines(RESULTS, () => {}).lines.map(({ seed, verdict }) => `${seed} ${verdict}`);
  } catch {
    return [];
  }
};

/** Names what is wrong: a file of the store, or the seed or scenario that only a file of the store can have brought in. */
const PLACE = /\.seedbed\/runs|first|latest/;

async function answerTo(answer: Told, files: ReturnType<typeof filesBelow>, lines: readonly string[]): Promise<string> {
  if (answer.code === null) {
    expectRefusal(answer, PLACE);
    expect(filesBelow(".seedbed")).toEqual(files);
    return "refused";
  }
  expect([0, 1, 2, 4]).toContain(answer.code);
  expect(wholeLines()).toEqual(expect.arrayContaining([...lines]));
  if (answer.code === 4) {
    expect(answer.err).not.toBe("");
    return "nothing";
  }
  const { totals, verdict } = JSON.parse(answer.out) as Report;
  expect(totals.runs + totals.notRun).toBeGreaterThan(0);
  // What was asked for one by one and not run leaves it open at best.
  if (totals.notRun > 0) expect(verdict).not.toBe("held");
  return "executed";
}

test(
  "a broken store is refused with its file and left as it is, or is gone on with without losing a line",
  async () => {
    const counts: Record<string, number> = {};
    await everyCase(breakage, { numRuns: CASES, seed: SEED }, async (harm) => {
      restore();
      harm(FOLDER);
      const lines = wholeLines();
      const answer = await told(() => campaignCommand(RESUME));
      const files = filesBelow(".seedbed");
      const kind = await answerTo(answer, answer.code === null ? brokenBy(harm) : files, lines);
      counts[kind] = (counts[kind] ?? 0) + 1;
      if (kind === "executed") {
        const report = JSON.parse(answer.out) as Report;
        expect(report.totals.runs + report.totals.notRun).toBe(12);
      }
    });
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts["refused"]).toBeGreaterThan(CASES / 10);
    expect(counts["executed"]).toBeGreaterThan(CASES / 10);
  },
  30 * 60_000,
);

/** What the store held after the breakage alone. */
function brokenBy(harm: Breakage): ReturnType<typeof filesBelow> {
  const now = fs.mkdtempSync(path.join(process.cwd(), "now-"));
  fs.renameSync(".seedbed", path.join(now, ".seedbed"));
  restore();
  harm(FOLDER);
  const files = filesBelow(".seedbed");
  fs.rmSync(".seedbed", { recursive: true });
  fs.renameSync(path.join(now, ".seedbed"), ".seedbed");
  fs.rmSync(now, { recursive: true });
  return files;
}

test(
  "a broken store never makes the command line end with 70 or in a stack, and --last-failed runs or tells of each failure",
  async () => {
    for (const harm of fc.sample(breakage, { numRuns: PROCESSES, seed: SEED })) {
      restore();
      harm(FOLDER);
      const words = ["campaign", "--last-failed", "-j", "1", "--json"];
      const { code, stderr } = await seedbed(words, { cwd: process.cwd() });
      expect([0, 1, 2, 4, 64], stderr).toContain(code);
      if (code === 64) expect(stderr).toMatch(PLACE);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
  20 * 60_000,
);

const lastFailed = (): Promise<Told> => told(() => campaignCommand({ ...ARGUMENTS, scenarios: [], lastFailed: true }));

test("a failure whose scenario is gone, or whose repro left the corpus, is told of by --last-failed", async () => {
  restore();
  rewrite(RESULTS, (text) => {
    const failed = text.split("\n").find((line) => line.includes('"failed"'))!;
    const line = JSON.parse(failed.slice(9)) as object;
    return formatLine({ ...line, scenario: "gone" }) + formatLine({ ...line, isCorpus: true, corpusId: "abc" });
  });
  const { code, err } = await lastFailed();
  expect(code).toBe(4);
  expect(err).toMatch(/--last-failed: gone, seed .*, is left out: its scenario is not among/);
  expect(err).toMatch(/--last-failed: own, seed .*, is left out: the corpus has it no longer/);
});

test("what --last-failed cannot load is told with campaign.json", async () => {
  restore();
  rewrite(`${FOLDER}/campaign.json`, (text) => text.replace("own.scenario.mjs", "gone.scenario.mjs"));
  expectRefusal(await lastFailed(), /first\/campaign\.json: flags: There is no file "gone\.scenario\.mjs"/);
});

test("a torn last line stays where other flags are refused", async () => {
  restore();
  fs.appendFileSync(RESULTS, "0badc0de {");
  const answer = await told(() => campaignCommand({ ...RESUME, seeds: "1..13" }));
  expectRefusal(answer, /was started with other flags/);
  expect(fs.readFileSync(RESULTS, "utf8")).toMatch(/0badc0de \{$/);
});
