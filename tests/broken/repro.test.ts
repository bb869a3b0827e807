/**
 * Broken repros: a sound one with things changed. It is refused with the file and the place; or it is run, and then all of it shows in the
 * result or in a warning, something was judged, and its input, printed and read again, comes to the same.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { selectScenarios } from "../../campaign/catalog.ts";
import { execute } from "../../campaign/execute.ts";
import { editedParts, makeRepro, Provenance, type Repro } from "../../campaign/repro.ts";
import type { RunResult } from "../../campaign/result.ts";
import { replayCommand } from "../../cli/commands/replay.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { changedJson, damage, damaged, jsonChange } from "./changes.ts";
import { everyCase, expectRefusal, SCENARIO, type Told, told } from "./project.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

const FILE = "results/repro.json";
const before = process.cwd();
let sound: Repro;

beforeAll(async () => {
  process.chdir(fs.realpathSync(temporaryFolder()));
  fs.writeFileSync("own.scenario.mjs", SCENARIO);
  fs.mkdirSync("results");
  const [entry] = await selectScenarios({ arguments: ["own.scenario.mjs"] });
  for (let seed = 1; sound === undefined; seed++) {
    const { result } = await execute(entry!.scenario, { seed: String(seed), settings: { nodes: 2 } });
    const isFull = result.input.plan!.faults.length > 1;
    if (result.verdict === "failed" && isFull)
      sound = JSON.parse(JSON.stringify(makeRepro(entry!.ref, result, new Provenance())));
  }
});

afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** What a file of a repro may hold: a repro with one or two things changed, or its text damaged. */
const content: fc.Arbitrary<(repro: Repro) => Buffer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.array(jsonChange, { minLength: 1, maxLength: 2 }).map((changes) => (repro: Repro) => {
      const json = changes.reduce<unknown>((document, change) => changedJson(document, change), repro);
      return Buffer.from(JSON.stringify(json) ?? "", "utf8");
    }),
  },
  {
    weight: 3,
    arbitrary: damage.map((each) => (repro: Repro) => damaged(`${JSON.stringify(repro, null, 1)}\n`, each)),
  },
  { weight: 1, arbitrary: fc.json().map((text) => () => Buffer.from(text, "utf8")) },
);

const replay = (more: { readonly scenario?: string } = {}): Promise<Told> =>
  told(() => replayCommand({ target: FILE, set: [], json: true, quiet: false, verbose: false, color: false, ...more }));

type Document = RunResult & { readonly warnings: readonly string[] };

/** The name of the field is told wherever it is not as the result has it. */
function expectShown(repro: Repro, document: Document): void {
  const { input, warnings } = document;
  const told = warnings.join("\n");
  expect(input.seed).toBe(repro.input.seed);
  // "2" and "02" are taken for 2, as --set gives them.
  const plain = (value: unknown): string => (/^\d+$/.test(String(value)) ? String(Number(value)) : String(value));
  for (const [name, value] of Object.entries(repro.input.settings))
    expect(plain(input.settings[name])).toBe(plain(value));
  const faults = repro.input.plan?.faults.length;
  if (faults !== undefined) expect(document.planned).toBe(faults);
  const struck = Object.values(document.faults).reduce((sum, { injected }) => sum + injected, 0);
  expect(struck + document.unstruck.length).toBe(document.planned);
  for (const part of ["workload", "choices", "reseeds"] as const)
    if (repro.input[part] !== undefined) expect(input[part]).toEqual(repro.input[part]);
  for (const part of editedParts(repro)) expect(told).toContain(part);
  if (repro.digest !== document.digest) expect(told).toMatch(/digest .*, recorded /);
  if (repro.verdict !== document.verdict) expect(told).toMatch(/verdict .*, recorded /);
  if (repro.tool !== sound.tool) expect(told).toMatch(/the tool is/);
  if (repro.isValidated === true) expect(told).toMatch(/has no specification/);
  if (repro.bug !== undefined) expect(told).toMatch(/bug /);
  for (const name of new Set([...Object.keys(repro.sources), ...Object.keys(sound.sources)]))
    if (repro.sources[name] !== sound.sources[name]) expect(told).toContain(name);
}

async function answerTo(bytes: Buffer): Promise<"refused" | "executed"> {
  fs.writeFileSync(FILE, bytes);
  const answer = await replay();
  if (answer.code === null) {
    expectRefusal(answer, FILE);
    return "refused";
  }
  const document = JSON.parse(answer.out) as Document;
  expect([0, 1, 2, 3]).toContain(answer.code);
  if (document.verdict === "held")
    expect(document.operations.ok > 0 && document.properties.some(({ verdict }) => verdict === "valid")).toBe(true);
  else expect(document.properties.find(({ verdict }) => verdict !== "valid")!.reason).not.toBe("");
  expectShown(JSON.parse(bytes.toString("utf8").replace(/^\uFEFF/, "")) as Repro, document);
  const { input, digest, verdict } = document;
  fs.writeFileSync(FILE, JSON.stringify({ ...sound, input, digest, recorded: undefined }));
  const again = JSON.parse((await replay()).out) as Document;
  expect({ digest: again.digest, verdict: again.verdict }).toEqual({ digest, verdict });
  return "executed";
}

test("the sound one comes back", async () => {
  fs.writeFileSync(FILE, JSON.stringify(sound));
  const { code, out } = await replay();
  expect(code).toBe(1);
  expect(JSON.parse(out)).toMatchObject({ digest: sound.digest, warnings: [] });
});

type Fields = { readonly [field: string]: unknown };

const withInput = (fields: Fields): Fields => ({ input: { ...sound.input, ...fields } });

/** Each ended in exit code 70, or was taken without a word, or named no file. */
test.each<[what: string, fields: () => Fields, told: RegExp]>([
  ["a path with a zero byte", () => ({ file: "a\u0000b.mjs" }), /file: the scenario "own" comes from "a\\u0000b\.mjs"/],
  ["a path of 5000 characters", () => ({ file: "x".repeat(5_000) }), /file: the scenario "own" comes from "xxx/],
  ["a folder as its file", () => ({ file: "results" }), /there is no such file/],
  ["the name of another scenario", () => ({ scenario: "owl" }), /: scenario: There is no scenario "owl"/],
  ["no seed", () => withInput({ seed: "" }), /: input\.seed: is empty\./],
  [
    "no verdict",
    () => ({ verdict: undefined }),
    /: verdict: is missing; expected one of "held", "failed", "unknown"\./,
  ],
  ["a field too many", () => withInput({ plna: 1 }), /: input: unknown field "plna"\./],
  [
    "a process that there is not",
    () => withInput({ workload: [{ process: 9, afterUs: 0, f: "read", value: 1 }] }),
    /: input\.workload\[0\]\.process: /,
  ],
  [
    "a choice of more than 32 bits",
    () => withInput({ choices: [{ at: "x", bits: 2 ** 32 }] }),
    /: input\.choices\[0\]\.bits: /,
  ],
  [
    "two choices at one address",
    () =>
      withInput({
        choices: [
          { at: "x", bits: 1 },
          { at: "x", bits: 2 },
        ],
      }),
    /: input\.choices\[1\]\.at: "x" is held/,
  ],
  [
    "an event before the first",
    () => withInput({ reseeds: [{ atEvent: -1, seed: "x" }] }),
    /: input\.reseeds\[0\]\.atEvent: -1 is below 0\./,
  ],
])("%s is refused with its place", async (_what, fields, place) => {
  fs.writeFileSync(FILE, JSON.stringify({ ...sound, ...fields() }));
  expectRefusal(await replay(), FILE, place);
});

test.each<[what: string, bytes: () => Buffer, told: RegExp]>([
  [
    "text in Latin-1",
    () => damaged(JSON.stringify(sound), { how: "latin", at: 0, by: 1 }),
    /line 1: expected text in UTF-8/,
  ],
  ["text in UTF-16", () => damaged(JSON.stringify(sound), { how: "wide" }), /expected text in UTF-8, found UTF-16/],
  ["nothing", () => Buffer.alloc(0), /is not valid JSON: it is empty/],
  [
    "a value of 600 levels",
    () => Buffer.from(`{"format":${"[".repeat(600)}${"]".repeat(600)}}`),
    /more than 500 levels deep/,
  ],
])("a file that holds %s is refused", async (_what, bytes, place) => {
  fs.writeFileSync(FILE, bytes());
  expectRefusal(await replay(), FILE, place);
});

test.each<[what: string, fields: () => Fields, warning: RegExp]>([
  [
    "a choice that nothing is drawn at",
    () => withInput({ choices: [{ at: "no", bits: 1 }] }),
    /choices: nothing was drawn at "no"/,
  ],
  [
    "a reseed beyond the end",
    () => withInput({ reseeds: [{ atEvent: 1e9, seed: "x" }] }),
    /the run ended before event 1000000000/,
  ],
  ["another verdict", () => ({ verdict: "held" }), /verdict failed, recorded held/],
  ["another property", () => ({ property: "linearizable" }), /property no-seven, recorded linearizable/],
  ["a validated run of a scenario without specification", () => ({ isValidated: true }), /has no specification here/],
  ["a bug of the museum", () => ({ bug: { id: "RAFT-1", patch: "x" } }), /with the bug RAFT-1 of the museum/],
])("%s is told of", async (_what, fields, warning) => {
  fs.writeFileSync(FILE, JSON.stringify({ ...sound, ...fields() }));
  const { out, error } = await replay();
  expect(error).toBeNull();
  expect((JSON.parse(out) as Document).warnings.join("\n")).toMatch(warning);
});

test("--scenario takes a file and no folder", async () => {
  fs.writeFileSync(FILE, JSON.stringify(sound));
  expectRefusal(await replay({ scenario: "results" }), '--scenario: there is no file "results".');
});

test(
  "a repro is refused with its place, or all of it shows, and its input comes back as the same run",
  async () => {
    const counts = { refused: 0, executed: 0 };
    await everyCase(content, { numRuns: CASES, seed: SEED }, async (make) => {
      counts[await answerTo(make(sound))]++;
    });
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(CASES / 10);
    expect(counts.executed).toBeGreaterThan(CASES / 10);
  },
  30 * 60_000,
);

test(
  "a file of a repro never makes the command line end with 70 or in a stack",
  async () => {
    for (const make of fc.sample(content, { numRuns: PROCESSES, seed: SEED })) {
      const bytes = make(sound);
      fs.writeFileSync(FILE, bytes);
      const { code, stderr } = await seedbed(["replay", FILE], { cwd: process.cwd() });
      expect([0, 1, 2, 3, 64], `${bytes.toString("utf8").slice(0, 300)}\n${stderr}`).toContain(code);
      if (code === 64) expect(stderr).toContain(path.basename(FILE));
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
  20 * 60_000,
);
