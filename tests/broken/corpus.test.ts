/**
 * Broken corpora: files with lines that are changed, doubled, cut, of another scenario, or with another name. A corpus is refused with its file
 * and line; or each line of it is a run that is judged, or is told of. `corpus add` beside it adds a repro, or leaves every file as it was.
 */
import * as fs from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { type Cataloged, selectScenarios } from "../../campaign/catalog.ts";
import { corpusRuns } from "../../campaign/corpus.ts";
import { execute } from "../../campaign/execute.ts";
import { makeRepro, Provenance, type Repro } from "../../campaign/repro.ts";
import { corpusAddCommand } from "../../cli/commands/corpus.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { changedJson, damage, damaged, jsonChange } from "./changes.ts";
import { everyCase, expectRefusal, filesBelow, SCENARIO, told } from "./project.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

const FILE = "corpus/own.jsonl";
const before = process.cwd();
let entry: Cataloged;
const repros: Repro[] = [];

beforeAll(async () => {
  process.chdir(fs.realpathSync(temporaryFolder()));
  fs.writeFileSync("own.scenario.mjs", SCENARIO);
  entry = (await selectScenarios({ arguments: ["own.scenario.mjs"] }))[0]!;
  const from = new Provenance();
  for (const seed of ["1", "2", "3"]) {
    const { result } = await execute(entry.scenario, { seed });
    repros.push(JSON.parse(JSON.stringify(makeRepro(entry.ref, result, from))) as Repro);
  }
  fs.writeFileSync("repro.json", JSON.stringify(repros[2]));
});

beforeEach(() => {
  fs.rmSync("corpus", { recursive: true, force: true });
  fs.mkdirSync("corpus");
});

afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

type Made = { readonly name: string; readonly bytes: Buffer };

/** Which repro a line holds, and what is wrong with it; few lines are changed, so that many files are sound. */
const line: fc.Arbitrary<(all: readonly Repro[]) => string> = fc.oneof(
  { weight: 6, arbitrary: fc.nat({ max: 1 }).map((i) => (all: readonly Repro[]) => JSON.stringify(all[i])) },
  {
    weight: 2,
    arbitrary: fc.tuple(fc.nat({ max: 1 }), jsonChange).map(
      ([i, change]) =>
        (all: readonly Repro[]) =>
          JSON.stringify(changedJson(all[i], change)) ?? "",
    ),
  },
  {
    weight: 1,
    arbitrary: fc
      .constantFrom("", "  ", "\r", "# kept", "// kept", "[", "{}", "null", "\uFEFF", '{"format":1}')
      .map((text) => () => text),
  },
);

const NAMES = ["own.jsonl", "OWN.jsonl", "own.JSONL", "own.json", "ownn.jsonl", "own.ndjson", "kv.jsonl", "README.md"];

const corpus: fc.Arbitrary<(all: readonly Repro[]) => Made> = fc
  .record({
    lines: fc.array(line, { maxLength: 3 }),
    end: fc.constantFrom("\n", "\n", "", "\r\n", "\n\n"),
    damage: fc.option(damage, { freq: 3 }),
    name: fc.oneof({ weight: 6, arbitrary: fc.constant("own.jsonl") }, fc.constantFrom(...NAMES)),
  })
  .map(({ lines, end, damage: how, name }) => (all: readonly Repro[]) => {
    const text = lines.map((make) => make(all)).join("\n") + end;
    return { name, bytes: how === null ? Buffer.from(text, "utf8") : damaged(text, how) };
  });

/** `corpus add` of a repro that is no part of any corpus here. */
async function expectAddLosesNothing(): Promise<void> {
  const files = filesBelow("corpus");
  const answer = await told(() => corpusAddCommand({ repros: ["repro.json"], color: false }));
  const after = filesBelow("corpus");
  if (answer.code === null) {
    expectRefusal(answer, /corpus/);
    expect(after).toEqual(files);
    return;
  }
  // A byte order mark is no part of the text.
  const bare = (text: string): string => text.replace(/^(\u00ef\u00bb\u00bf)+/, "");
  for (const [file, text] of Object.entries(files)) expect(bare(after[file]!).startsWith(bare(text))).toBe(true);
  expect(JSON.parse(fs.readFileSync(FILE, "utf8").trimEnd().split("\n").at(-1)!)).toEqual(repros[2]);
}

type Answer = "refused" | "told" | "executed";

async function answerTo({ name, bytes }: Made): Promise<Answer> {
  fs.rmSync("corpus", { recursive: true, force: true });
  fs.mkdirSync("corpus");
  fs.writeFileSync(`corpus/${name}`, bytes);
  const notices: string[] = [];
  let runs: ReturnType<typeof corpusRuns> = [];
  const answer = await told(() => {
    runs = corpusRuns([entry], { notice: (message) => notices.push(message) });
    return 0;
  });
  await expectAddLosesNothing();
  if (answer.code === null) {
    expectRefusal(answer, `corpus/${name}`);
    return "refused";
  }
  const isRead = name === "own.jsonl";
  const isForeign = name === "kv.jsonl" || name === "README.md";
  if (!isRead) {
    expect(runs).toEqual([]);
    expect(notices.filter((notice) => notice.startsWith(`corpus/${name} is not read`))).toHaveLength(isForeign ? 0 : 1);
    return "told";
  }
  const lines = bytes
    .toString("utf8")
    .replace(/\uFEFF/g, "")
    .split("\n")
    .filter((text) => text.trim() !== "");
  // Every line is a run, or is told to be the same as one before.
  expect(runs.length + notices.filter((notice) => /line \d+ is the same/.test(notice)).length).toBe(lines.length);
  if (runs.length === 0) expect(notices).toEqual(["corpus/own.jsonl holds no repro."]);
  for (const { input } of runs) {
    const { result } = await execute(entry.scenario, input);
    const judged = result.properties.find(({ verdict }) => verdict !== "valid");
    if (result.verdict === "held") expect(result.operations.ok).toBeGreaterThan(0);
    else expect(judged!.reason).not.toBe("");
  }
  return runs.length === 0 ? "told" : "executed";
}

test(
  "a corpus is refused with file and line, or each line of it is run or told of, and adding to it loses nothing",
  async () => {
    const counts: Record<Answer, number> = { refused: 0, told: 0, executed: 0 };
    await everyCase(corpus, { numRuns: CASES, seed: SEED }, async (make) => {
      counts[await answerTo(make(repros))]++;
    });
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(CASES / 10);
    expect(counts.executed).toBeGreaterThan(CASES / 10);
  },
  30 * 60_000,
);

const refusal = async (): Promise<Awaited<ReturnType<typeof told>>> => told(() => corpusRuns([entry], {}).length);

test.each<[what: string, text: () => string | Buffer, place: RegExp]>([
  ["a repro over many lines", () => JSON.stringify(repros[0], null, 2), /this is one repro over many lines/],
  ["a line of another scenario", () => JSON.stringify({ ...repros[0], scenario: "other" }), /line 1: .*"other"/],
  [
    "a last line that is cut off",
    () => `${JSON.stringify(repros[0])}\n${JSON.stringify(repros[1]).slice(0, 99)}`,
    /line 2 is not valid JSON/,
  ],
  ["a comment", () => `// kept\n${JSON.stringify(repros[0])}`, /line 1 is not valid JSON/],
  ["text in Latin-1", () => Buffer.from(`\n"${"\u00e9"}"\n`, "latin1"), /: line 2: expected text in UTF-8/],
  [
    "a workload that is wrong",
    () =>
      JSON.stringify({
        ...repros[0],
        input: { ...repros[0]!.input, workload: [{ process: 7, afterUs: 0, f: "read", value: null }] },
      }),
    /line 1: input\.workload\[0\]\.process/,
  ],
])("%s is refused with its place", async (_what, text, place) => {
  fs.writeFileSync(FILE, text());
  expectRefusal(await refusal(), FILE, place);
});

test("a folder with the name of a corpus is refused, and so is a file in the place of the folder", async () => {
  fs.mkdirSync(FILE);
  expectRefusal(await refusal(), FILE, /EISDIR/);
  fs.rmSync("corpus", { recursive: true });
  fs.writeFileSync("corpus", "");
  expectRefusal(await refusal(), /^corpus cannot be read \(ENOTDIR\)/);
});

test("files that were put together, each with its byte order mark, are read", () => {
  fs.writeFileSync(FILE, `\uFEFF${JSON.stringify(repros[0])}\r\n\uFEFF${JSON.stringify(repros[1])}\r\n`);
  expect(corpusRuns([entry])).toHaveLength(2);
});

test("of several repros none is added when one cannot be", async () => {
  fs.writeFileSync("corpus/other.jsonl", "{\n");
  fs.writeFileSync("other.json", JSON.stringify({ ...repros[0], scenario: "other" }));
  const answer = await told(() => corpusAddCommand({ repros: ["repro.json", "other.json"], color: false }));
  expectRefusal(answer, "corpus/other.jsonl: line 1");
  expect(fs.readdirSync("corpus")).toEqual(["other.jsonl"]);
});

test(
  "a corpus never makes the command line end with 70 or in a stack",
  async () => {
    for (const make of fc.sample(corpus, { numRuns: PROCESSES, seed: SEED })) {
      const { name, bytes } = make(repros);
      fs.rmSync("corpus", { recursive: true, force: true });
      fs.mkdirSync("corpus");
      fs.writeFileSync(`corpus/${name}`, bytes);
      const words = ["campaign", "own.scenario.mjs", "--seeds", "1", "-j", "1", "--quiet", "--json"];
      const { code, stderr } = await seedbed(words, { cwd: process.cwd() });
      expect([0, 1, 2, 64], `${bytes.toString("utf8").slice(0, 300)}\n${stderr}`).toContain(code);
      if (code === 64) expect(stderr).toContain(`corpus/${name}`);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
  20 * 60_000,
);
