import * as fs from "node:fs";
import * as os from "node:os";
import * as path from "node:path";
import { afterEach, expect, test, vi } from "vitest";
import { selectScenarios } from "../../campaign/catalog.ts";
import { UsageError } from "../../campaign/errors.ts";
import { execute } from "../../campaign/execute.ts";
import { hashJson, makeRepro, Provenance, type Repro } from "../../campaign/repro.ts";
import { replayCommand } from "./replay.ts";

/** A system that answers; what it answers, and so the digest, comes from a second file. */
const SYSTEM = "export const answer = 1;\nexport const isWrong = true;\n";
const SCENARIO = `import { answer, isWrong } from "./system.mjs";
export const mine = {
  name: "mine", title: "t", settings: { nodes: { kind: "choice", of: [1], about: "a" } },
  faults: { kinds: [] },
  node: () => () => {},
  client: (host) => ({ invoke: async () => ({ type: "ok", value: answer }) }),
  operations: () => Array.from({ length: 5 }, () => ({ process: 0, afterUs: 10, f: "read", value: null })),
  checks: [{ name: "sane", check: (run) => isWrong
    ? { kind: "invalid", checker: "sane", operations: 5, evidence: { property: "sane", lines: ["wrong"], proof: [] } }
    : { kind: "valid", checker: "sane", operations: run.history.length } }],
};
`;

const before = process.cwd();
afterEach(() => {
  process.chdir(before);
  vi.restoreAllMocks();
});

const folderOf = (): string => fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), "seedbed-replay-")));

/** A project with a recorded failure in `results/repro.json`. */
async function project(): Promise<string> {
  const folder = folderOf();
  process.chdir(folder);
  fs.writeFileSync("system.mjs", SYSTEM);
  fs.mkdirSync("test");
  fs.writeFileSync("mine.scenario.mjs", SCENARIO);
  const [entry] = await selectScenarios({ arguments: ["mine.scenario.mjs"] });
  const { result } = await execute(entry!.scenario, { seed: "1" });
  expect(result.verdict).toBe("failed");
  fs.mkdirSync("results");
  fs.writeFileSync("results/repro.json", JSON.stringify(makeRepro(entry!.ref, result, new Provenance())));
  return folder;
}

type Told = { readonly code: number; readonly out: string; readonly err: string };

async function replay(target: string, more: { readonly scenario?: string } = {}): Promise<Told> {
  let out = "";
  let err = "";
  vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    out += String(text);
    return true;
  });
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    err += String(text);
    return true;
  });
  try {
    const code = await replayCommand({
      target,
      set: [],
      json: false,
      quiet: false,
      verbose: false,
      color: false,
      ...more,
    });
    return { code, out, err };
  } finally {
    vi.restoreAllMocks();
  }
}

function edit(file: string, change: (repro: { -readonly [field in keyof Repro]: Repro[field] }) => void): void {
  const repro = JSON.parse(fs.readFileSync(file, "utf8")) as Repro;
  change(repro);
  fs.writeFileSync(file, JSON.stringify(repro));
}

/** Another copy: a module that is loaded once is not loaded again in one process. */
function copied(folder: string): string {
  const copy = folderOf();
  fs.cpSync(folder, copy, { recursive: true });
  fs.rmSync(folder, { recursive: true });
  process.chdir(copy);
  return copy;
}

test("a copied project replays with the recorded digest and no difference, from any folder", async () => {
  const copy = copied(await project());
  for (const folder of [copy, path.join(copy, "test"), os.tmpdir()]) {
    process.chdir(folder);
    const { code, out, err } = await replay(path.join(copy, "results/repro.json"));
    expect({ code, err }).toEqual({ code: 1, err: "" });
    expect(out).toContain("= recorded");
  }
});

test("an artifact alone finds the scenario by its file's name, or where --scenario says", async () => {
  const copy = copied(await project());
  const artifact = path.join(folderOf(), "repro.json");
  fs.renameSync(path.join(copy, "results/repro.json"), artifact);
  edit(artifact, (repro) => (repro.file = "/elsewhere/x/mine.scenario.mjs"));
  expect((await replay(artifact)).code).toBe(1);
  process.chdir(path.dirname(artifact));
  await expect(replay(artifact)).rejects.toThrow(/Say where it is now with --scenario FILE/);
  const told = await replay(artifact, { scenario: path.join(copy, "mine.scenario.mjs") });
  expect(told.code).toBe(1);
  expect(told.out).toMatch(/replay: .*repro\.json --scenario /);
});

test("of two files of one name the one that is as it was recorded is taken", async () => {
  const copy = copied(await project());
  const elsewhere = folderOf();
  process.chdir(elsewhere);
  fs.writeFileSync("mine.scenario.mjs", "export default 1;");
  expect((await replay(path.join(copy, "results/repro.json"))).code).toBe(1);
});

test.each([
  ["a fix in an imported file", "system.mjs", "export const answer = 2;\nexport const isWrong = false;\n", 0],
  ["another fault in an imported file", "system.mjs", "export const answer = 3;\nexport const isWrong = true;\n", 1],
])("after %s the replay says so, and is judged by its verdict", async (_what, file, text, expected) => {
  copied(await project());
  fs.writeFileSync(file, text);
  const { code, err, out } = await replay("results/repro.json");
  expect(code).toBe(expected);
  expect(err.trimEnd()).toBe(`differs: ${file} has changed since the failure was recorded`);
  expect(out).toContain(", recorded ");
});

test.each<[string, (repro: { -readonly [field in keyof Repro]: Repro[field] }) => void, RegExp]>([
  [
    "plan",
    (repro) => (repro.input = { ...repro.input, plan: { format: 1, faults: [], note: "x" } as never }),
    /input\.plan/,
  ],
  [
    "workload",
    (repro) => (repro.input = { ...repro.input, workload: (repro.input.workload ?? []).slice(1) }),
    /input\.workload was edited/,
  ],
  ["seed", (repro) => (repro.input = { ...repro.input, seed: "2" }), /input\.seed was edited/],
  [
    "settings",
    (repro) => (repro.input = { ...repro.input, settings: { ...repro.input.settings, clients: 2 } }),
    /input\.settings was edited/,
  ],
  ["digest", (repro) => (repro.digest = "0000000000000000"), /digest was edited/],
])("an edited %s is recognised, and never called nondeterminism", async (part, change, message) => {
  copied(await project());
  edit("results/repro.json", change);
  const replayed = replay("results/repro.json");
  if (part === "plan") await expect(replayed).rejects.toThrow(/results\/repro\.json: input\.plan: /);
  else {
    const { code, err } = await replayed;
    expect(err).toMatch(message);
    expect(code).toBe(1);
  }
});

test("another digest though nothing differs is nondeterminism", async () => {
  copied(await project());
  edit("results/repro.json", (repro) => {
    repro.digest = "0000000000000000";
    repro.recorded = { ...repro.recorded, digest: hashJson(repro.digest) };
  });
  const { code, err } = await replay("results/repro.json");
  expect(err).toContain("this run is not deterministic");
  expect(code).toBe(3);
});

test("a repro of an older kind, or one whose imports nobody can follow, does not accuse", async () => {
  copied(await project());
  edit("results/repro.json", (repro) => {
    delete repro.recorded;
    repro.digest = "0000000000000000";
  });
  const { code, err } = await replay("results/repro.json");
  expect(code).toBe(1);
  expect(err).toContain("this says nothing about determinism");
});

test("a repro with a byte order mark is read; settings are called by their place in the file", async () => {
  copied(await project());
  const text = fs.readFileSync("results/repro.json", "utf8");
  fs.writeFileSync("results/repro.json", `\ufeff${text}`);
  expect((await replay("results/repro.json")).code).toBe(1);
  fs.writeFileSync("results/repro.json", text);
  edit("results/repro.json", (repro) => (repro.input = { ...repro.input, settings: { nodes: "many" } }));
  const wrong = replay("results/repro.json");
  await expect(wrong).rejects.toThrow(/^results\/repro\.json: input\.settings: setting nodes/);
  await expect(wrong).rejects.toBeInstanceOf(UsageError);
});
