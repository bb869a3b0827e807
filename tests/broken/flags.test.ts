/**
 * Random command lines over every command and flag: known and unknown ones, repeated, without a value, with one of another kind. A line is refused
 * in words that name a word of it, and then no file has changed; or it is executed, and then what was given shows in the result.
 */
import * as fs from "node:fs";
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { main } from "../../cli/program.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { everyCase, expectRefusal, filesBelow, SCENARIO, told } from "./project.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

const before = process.cwd();

beforeAll(() => {
  process.chdir(fs.realpathSync(temporaryFolder()));
  fs.writeFileSync("own.scenario.mjs", SCENARIO);
  fs.writeFileSync("empty.json", "");
  fs.writeFileSync("plan.json", '{"format":1,"faults":[{"kind":"pause","hosts":["n1"],"atUs":650000,"forUs":9}]}');
  fs.writeFileSync("cut.json", '{"format":1,');
  fs.mkdirSync("folder");
});

afterAll(() => {
  const folder = process.cwd();
  process.chdir(before);
  fs.rmSync(folder, { recursive: true, force: true });
});

const FLAGS =
  "--seed --seeds --base --set --time-limit --workers -j --bail -x --max-failures --last-failed --grep -g --nemesis --plan --reporter --out --resume --all --monitors --no-monitors --validate --no-validate --verify-determinism --scenario --format --model --option --json --quiet -q --verbose -v --color --no-color --starts --client-seeds --by --config --library --max-distinct --walks --seeed --Seed -S --no-seed --".split(
    " ",
  );
const VALUES = [
  "",
  " ",
  "0",
  "1",
  "2",
  "-1",
  "1.5",
  "NaN",
  "1e3",
  "99999999999999999999",
  "0x10",
  "1..2",
  "2..1",
  "1..",
  "50%",
  "0%",
  "1s",
  "0s",
  "9999h",
  "a=b",
  "=b",
  "nodes=1",
  "nodes=2",
  "nodes=0",
  "nodes=",
  "size=5",
  "size=99",
  "own",
  "own.scenario.mjs",
  "plan.json",
  "cut.json",
  "empty.json",
  "gone.json",
  "folder",
  "true",
  "false",
  "all",
  "sampled",
  "json",
  "dot,json",
  "pause",
  "kill,pausse",
  "(",
  "--seed",
  "-j",
  "\u00e9",
  "a\u0000b",
  "__proto__",
  "__proto__=1",
  "x".repeat(5_000),
];
/** None starts more than one run: a campaign finds no scenario, the museum no bug, TLC no specification. */
const COMMANDS: readonly (readonly string[])[] = [
  ["run", "own.scenario.mjs"],
  ["run", "own.scenario.mjs"],
  ["run"],
  ["replay", "own.scenario.mjs"],
  ["replay", "cut.json"],
  ["campaign", "own.scenario.mjs", "--grep", "^none$"],
  ["campaign", "--grep", "^none$"],
  ["check", "empty.json"],
  ["check"],
  ["list"],
  ["bugs"],
  ["bugs", "run", "NONE"],
  ["corpus"],
  ["corpus", "add", "cut.json"],
  ["init", "own.scenario.mjs"],
  ["tla", "check", "gone.tla"],
  ["tla", "validate", "own.scenario.mjs"],
  ["campain"],
  [],
];

const word = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...FLAGS), fc.constantFrom(...VALUES)) },
  { weight: 2, arbitrary: fc.constantFrom(...FLAGS).map((flag) => [flag]) },
  {
    weight: 2,
    arbitrary: fc
      .tuple(fc.constantFrom(...FLAGS), fc.constantFrom(...VALUES))
      .map(([flag, value]) => [`${flag}=${value}`]),
  },
  { weight: 1, arbitrary: fc.constantFrom(...VALUES).map((value) => [value]) },
);
const line: fc.Arbitrary<readonly string[]> = fc
  .tuple(fc.constantFrom(...COMMANDS), fc.array(word, { maxLength: 3 }), fc.boolean())
  .map(([command, rest, isJson]) => [...command, ...rest.flat(), ...(isJson ? ["--json"] : [])]);

/** The message is about one of the words, a flag by its long name, or about one that is missing. */
function namesOf(words: readonly string[]): RegExp {
  const parts = words.flatMap((each) => [
    each,
    each.replace(/^--?(no-)?/, "").replace(/=.*$/s, ""),
    each.replace(/^.*?=/s, ""),
  ]);
  const names = parts.filter((part) => part.trim() !== "").map((part) => part.slice(0, 60).replace(/[^\w-]/g, "."));
  return new RegExp(
    ["command", "argument", "--workers", "--grep", "--max-failures", "--quiet", "--verbose", "--bail", ...names].join(
      "|",
    ),
  );
}

async function answerTo(words: readonly string[]): Promise<"refused" | "executed"> {
  const files = filesBelow(".");
  const answer = await told(() => main(words));
  if (answer.code === null) {
    expectRefusal(answer, namesOf(words));
    expect(filesBelow(".")).toEqual(files);
    return "refused";
  }
  expect([0, 1, 2, 4]).toContain(answer.code);
  if (words[0] !== "run" || !words.includes("--json") || !answer.out.startsWith("{")) return "executed";
  const { seed, verdict, operations, input } = JSON.parse(answer.out) as {
    seed: string;
    verdict: string;
    operations: { ok: number };
    input: { settings: { [name: string]: unknown }; plan: { faults: unknown[] } };
  };
  if (verdict === "held") expect(operations.ok).toBeGreaterThan(0);
  const givenTo = (flag: string): string | undefined => {
    const at = words.findIndex((each) => each === flag || each.startsWith(`${flag}=`));
    const end = words.indexOf("--");
    if (at < 0 || (end >= 0 && end < at)) return undefined;
    return words[at]!.includes("=") ? words[at]!.slice(flag.length + 1) : words[at + 1];
  };
  const given = { seed: givenTo("--seed"), set: givenTo("--set"), plan: givenTo("--plan") };
  if (given.seed !== undefined) expect(seed).toBe(given.seed);
  if (given.set !== undefined) {
    const [name, value] = given.set.split("=");
    expect(String(input.settings[name!])).toBe(value);
  }
  if (given.plan !== undefined) expect(input.plan.faults).toHaveLength(1);
  return "executed";
}

test(
  "a command line is refused in words that name a part of it, or what it says shows in the result",
  async () => {
    const counts = { refused: 0, executed: 0 };
    await everyCase(line, { numRuns: CASES, seed: SEED }, async (words) => {
      counts[await answerTo(words)]++;
    });
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(CASES / 10);
    expect(counts.executed).toBeGreaterThan(CASES / 20);
  },
  20 * 60_000,
);

test.each([
  [["run", "own.scenario.mjs", "--scenario=gone.mjs"]],
  [["replay", "own.scenario.mjs", "--seed", "1", "--target", "x"]],
  [["check", "empty.json", "--files", "gone.json"]],
  [["campaign", "own.scenario.mjs", "--scenarios", "gone", "--grep", "^none$"]],
  [["corpus", "add", "cut.json", "--repros", "x"]],
  [["bugs", "run", "NONE", "--ids=X"]],
])("what stands behind a command has no flag: %j", async (words) => {
  expectRefusal(
    await told(() => main(words)),
    /^Unknown argument: --[a-z]+(=\S+)?\. What it names stands behind [a-z]+ without a flag\./,
  );
});

test("a word of 5000 characters is cut in the message", async () => {
  const answer = await told(() => main(["list", `--${"x".repeat(5_000)}`]));
  expectRefusal(answer, /^Unknown argument: x+…/);
  expect((answer.error as Error).message.length).toBeLessThan(300);
});

test(
  "no command line ends with 70 or in a stack",
  async () => {
    // A word of a process holds no zero byte.
    const words = line.filter((each) => !each.some((part) => part.includes("\u0000")));
    for (const each of fc.sample(words, { numRuns: PROCESSES, seed: SEED })) {
      const { code, stderr } = await seedbed(each, { cwd: process.cwd() });
      expect([0, 1, 2, 4, 64], `${each.join(" ")}\n${stderr}`).toContain(code);
      expect(stderr).not.toMatch(/\n\s+at /);
    }
  },
  20 * 60_000,
);
