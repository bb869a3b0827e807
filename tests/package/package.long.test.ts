import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, readPage } from "../docs/pages.ts";
import { type Packed, packAndInstall, repository } from "./pack.ts";

let packed: Packed;

beforeAll(() => {
  packed = packAndInstall();
}, 180_000);

afterAll(() => packed.remove());

const SETTINGS = {
  compilerOptions: {
    strict: true,
    noUncheckedIndexedAccess: true,
    exactOptionalPropertyTypes: true,
    module: "nodenext",
    target: "es2023",
    types: ["node"],
    noEmit: true,
    allowImportingTsExtensions: true,
  },
};

function seedbed(...args: string[]): { exitCode: number | null; said: string } {
  const { exitCode, stdout, stderr } = packed.run(path.join("node_modules", ".bin", "seedbed"), ...args);
  return { exitCode, said: `${stdout}\n${stderr}` };
}

/** Compiles files of the user against the types in the package, its own types included. */
function compile(...files: string[]): string {
  const settings = path.join(packed.folder, "strict.tsconfig.json");
  fs.writeFileSync(settings, JSON.stringify({ ...SETTINGS, files }));
  return packed.run(path.join(repository, "node_modules", ".bin", "tsc"), "-p", settings).stdout;
}

function example(): string {
  const block = blocksOf(readPage("README.md")).find(({ info }) => info === "ts example.ts");
  if (block === undefined) throw new Error("README.md has no block `ts example.ts`");
  return block.text;
}

test("the package holds what runs, and no tests or sources", () => {
  const { files } = packed;
  expect(files).toEqual(
    expect.arrayContaining([
      "LICENSE",
      "README.md",
      "dist/cli/main.js",
      "dist/campaign/runner.js",
      "dist/runtime/self.mjs",
      "tla/specs/raft/RaftTrace.tla",
    ]),
  );
  expect(files.filter((file) => /\.test\.|\.fixture\.|fixtures\//.test(file) || /(?<!\.d)\.ts$/.test(file))).toEqual(
    [],
  );
});

test("the package validates runs against the specifications that it brings", () => {
  const { exitCode, said } = seedbed("campaign", "kv-calm", "--seeds", "1..1", "--validate=all", "--quiet", "--json");
  const { scenarios } = JSON.parse(said) as { scenarios: { specification: { runs: number; mismatches: number } }[] };
  expect(exitCode).toBe(0);
  expect(scenarios[0]!.specification).toMatchObject({ runs: 1, mismatches: 0 });
}, 60_000);

test("every export of the package loads in plain Node, with its types beside it", () => {
  const { exports } = JSON.parse(fs.readFileSync(path.join(repository, "package.json"), "utf8")) as {
    exports: { [name: string]: string | { types: string; default: string } };
  };
  const faces = Object.entries(exports).filter(([, target]) => typeof target !== "string");
  for (const [, target] of faces) expect(packed.files).toContain((target as { types: string }).types.replace("./", ""));
  const imports = faces.map(([name]) => `await import("seedbed${name.slice(1)}")`).join(", ");
  const { exitCode, stdout, stderr } = packed.run(
    process.execPath,
    "--input-type=module",
    "-e",
    `console.log([${imports}].map((face) => Object.keys(face).length > 0).join())`,
  );
  expect({ exitCode, stdout, stderr }).toEqual({
    exitCode: 0,
    stdout: `${faces.map(() => "true").join()}\n`,
    stderr: "",
  });
});

test("the README's example compiles, and holds as written", () => {
  fs.writeFileSync(path.join(packed.folder, "example.ts"), example());
  expect(compile("example.ts")).toBe("");
  const { exitCode, said } = seedbed("campaign", "example.ts", "--seeds", "10");
  expect(exitCode, said).toBe(0);
});

test("the README's example fails once it must survive kills, and its repro replays", () => {
  const wrong = example().replace('"pause"]', '"pause", "kill"]').replace("my-register", "forgetful-register");
  fs.writeFileSync(path.join(packed.folder, "wrong.ts"), wrong);
  const campaign = seedbed(
    "campaign",
    "wrong.ts",
    "--seeds",
    "40",
    "--base",
    "readme",
    "--max-failures",
    "1",
    "--json",
  );
  expect(campaign.exitCode, campaign.said).toBe(1);
  const { scenarios } = JSON.parse(campaign.said.slice(0, campaign.said.lastIndexOf("}") + 1)) as {
    scenarios: { failures: { repro: string; digest: string }[] }[];
  };
  const { repro, digest } = scenarios[0]!.failures[0]!;
  const replay = seedbed("replay", repro);
  expect(replay.exitCode, replay.said).toBe(1);
  expect(replay.said).toContain(`digest ${digest} = recorded`);
});

test("the examples of the library page pass against the package", () => {
  const examples = blocksOf(readPage("docs/library.md")).filter(({ info }) => info.startsWith("js "));
  for (const { info, text } of examples) fs.writeFileSync(path.join(packed.folder, info.slice("js ".length)), text);
  const names = examples.map(({ info }) => info.slice("js ".length));
  const { exitCode, stdout, stderr } = packed.run(process.execPath, "--test", "--test-reporter=tap", ...names);
  expect(exitCode, `${stdout}\n${stderr}`).toBe(0);
  expect(stdout).toContain("# pass 5");
});

test("the pages are in the package, so that links and messages lead somewhere", () => {
  const pages = [...readPage("README.md").matchAll(/\]\((?!https?:)([^)#\s]+\.md)/g)].map(([, page]) => page!);
  expect(pages.length).toBeGreaterThan(10);
  expect(packed.files).toEqual(expect.arrayContaining(pages));
});

test("an example in plain JavaScript runs too", () => {
  const plain = example()
    .replace(/^type Message.*$/m, "")
    .replace(/type (Address|PlannedOperation|Program), /g, "")
    .replace(/: (Program|Message|Address|PlannedOperation|void|string \| null)\b/g, "")
    .replace(/<Message>|nodes\[0\]!| as string \| null/g, (found) => (found.startsWith("nodes") ? "nodes[0]" : ""));
  fs.writeFileSync(path.join(packed.folder, "plain.mjs"), plain);
  const { exitCode, said } = seedbed("campaign", "plain.mjs", "--seeds", "4");
  expect(exitCode, said).toBe(0);
});

test("init writes a starter that compiles and holds", () => {
  const init = seedbed("init");
  expect(init.exitCode, init.said).toBe(0);
  expect(compile("register.ts", "register.scenario.ts")).toBe("");
  const compiler = path.join(repository, "node_modules", ".bin", "tsc");
  expect(packed.run(compiler, "-p", "tsconfig.json").stdout).toBe("");
  const { exitCode, said } = seedbed("campaign", "register.scenario.ts", "--seeds", "20");
  expect(exitCode, said).toBe(0);
});

test("the starter compiles with the settings of tsc --init, as a module", () => {
  const starter = path.join(packed.folder, "module");
  fs.mkdirSync(starter);
  for (const name of ["register.ts", "register.scenario.ts"])
    fs.copyFileSync(path.join(packed.folder, name), path.join(starter, name));
  fs.writeFileSync(path.join(starter, "package.json"), '{ "type": "module" }');
  const compiler = path.join(repository, "node_modules", ".bin", "tsc");
  expect(packed.run("sh", "-c", `cd module && ${compiler} --init > made && ${compiler} --noEmit`).stdout).toBe("");
});

test("a file that is no TypeScript is the user's error", () => {
  fs.writeFileSync(path.join(packed.folder, "broken.ts"), "export const = ;\n");
  const { exitCode, said } = seedbed("campaign", "broken.ts", "--seeds", "2");
  expect(exitCode, said).toBe(64);
  expect(said).toContain("broken.ts cannot be loaded");
  expect(said).not.toMatch(/^\s+at /m);
});

test("bugs are listed, and only the repository can build them", () => {
  expect(seedbed("bugs").exitCode).toBe(0);
  const { exitCode, said } = seedbed("bugs", "run", "PUB-07", "--seeds", "1", "--starts", "1");
  expect(exitCode, said).toBe(64);
  expect(said).toContain("clone its repository");
});

test("a little world can be driven from the package alone, and is the same each time", () => {
  const block = blocksOf(readPage("docs/simulation.md")).find(({ info }) => info === "ts world.ts");
  fs.writeFileSync(path.join(packed.folder, "world.ts"), block!.text);
  fs.writeFileSync(path.join(packed.folder, "package.json"), '{ "type": "module" }');
  expect(compile("world.ts")).toBe("");
  const [first, second] = [1, 2].map(() => packed.run(process.execPath, "--import", "tsx", "world.ts"));
  expect(first!.exitCode, first!.stderr).toBe(0);
  const { answers, digest } = JSON.parse(first!.stdout) as { answers: number[]; digest: string };
  expect(answers.length).toBeGreaterThan(5);
  expect(digest).toMatch(/^[0-9a-f]{16}$/);
  expect(second!.stdout).toBe(first!.stdout);
});
