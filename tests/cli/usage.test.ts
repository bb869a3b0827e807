import * as fs from "node:fs";
import * as path from "node:path";
import { expect, test } from "vitest";
import { UsageError } from "../../campaign/errors.ts";
import { main } from "../../cli/program.ts";
import { seedbed, temporaryFolder } from "./seedbed.ts";

const folder = temporaryFolder();
const write = (name: string, text: string): string => {
  const file = path.join(folder, name);
  fs.writeFileSync(file, text);
  return file;
};

const EDN = "[{:process 0, :type :invoke, :f :read, :value nil}\n {:process 0, :type :ok, :f :read, :val";

const bad: readonly (readonly [string, readonly string[], RegExp])[] = [
  ["no command", [], /A command is missing/],
  ["an unknown command", ["campain"], /campain|command/i],
  ["a far command", ["foo"], /There is no command "foo"\. Commands are: campaign, run, .* Run .* --help\.$/],
  ["a near command", ["cmapaign"], /There is no command "cmapaign"\. Did you mean campaign\?/],
  ["a near command below another", ["corpus", "ad", "x"], /no command "corpus ad"\. Did you mean corpus add\?/],
  [
    "a near command of tla",
    ["tla", "chek", "x"],
    /no command "tla chek"\. Did you mean tla check\? Run .* tla --help\.$/,
  ],
  ["a near command of bugs", ["bugs", "rnu"], /no command "bugs rnu"\. Did you mean bugs run\?/],
  ["no command before the end of flags", ["--", "campaign"], /A command is missing before --\./],
  ["flags behind the end of flags", ["check", "--", "--json"], /\.\/--json cannot be read: ENOENT/],
  ["scenarios behind the end of flags", ["campaign", "--", "no-such"], /There is no scenario "no-such"/],
  [
    "completion of a shell without a script",
    ["completion", "fish"],
    /no script for "fish"; there is one for bash and zsh/,
  ],
  [
    "an unknown flag",
    ["campaign", "--sed", "1"],
    /^Unknown argument: sed\. Did you mean --seed\? Run .* campaign --help\.$/,
  ],
  ["a flag without its hyphen", ["campaign", "--timelimit", "3s"], /Did you mean --time-limit\?/],
  [
    "a flag of two words, mistyped",
    ["tla", "check", "x", "--max-distint=4"],
    /^Unknown argument: max-distint\. Did you mean --max-distinct\? Run .* tla check --help\.$/,
  ],
  ["a flag without value", ["campaign", "--seeds"], /^--seeds needs a value\. Run /],
  [
    "too few arguments",
    ["corpus", "add"],
    /^Expected at least 1 argument after the command, found 0\. Run .* corpus add --help\.$/,
  ],
  ["an argument too many", ["init", "a", "b"], /^Unknown argument: b\. Run .* init --help\.$/],
  ["a scenario in capitals", ["run", "KV"], /There is no scenario "KV"\. Did you mean "kv"\?/],
  ["a scenario with a slip", ["campaign", "kvv"], /There is no scenario "kvv"\. Did you mean "kv"\?/],
  [
    "an empty base",
    ["campaign", "--base", ""],
    /^The argument after --base is empty\. Is a variable of the shell not set\?/,
  ],
  ["an empty folder", ["campaign", "--out="], /^--out is empty\./],
  ["an empty seed", ["run", "kv", "--seed", ""], /^The argument after --seed is empty\./],
  ["an empty file", ["check", ""], /^The argument after check is empty\./],
  ["an empty repro", ["replay", ""], /^The argument after replay is empty\./],
  ["an empty word alone", [""], /^The first argument is empty\./],
  ["an unknown scenario", ["campaign", "no-such"], /There is no scenario "no-such"\. Scenarios are: /],
  ["a glob that matches nothing", ["campaign", "zz*"], /No default scenario matches "zz\*"/],
  ["a missing scenario file", ["run", "gone.ts"], /There is no file "gone.ts"/],
  [
    "a seed range that is none",
    ["campaign", "lesson-stale-read", "--seeds", "5..1"],
    /--seeds: expected a count .* found "5\.\.1"/,
  ],
  ["seeds that are no number", ["campaign", "lesson-stale-read", "--seeds", "many"], /--seeds: expected a count/],
  [
    "two seed flags at once",
    ["campaign", "lesson-stale-read", "--seed", "1", "--seeds", "3"],
    /cannot be given together/,
  ],
  ["a flag given twice", ["run", "lesson-stale-read", "--seed", "1", "--seed", "2"], /--seed is given 2 times/],
  ["workers that are no number", ["campaign", "lesson-stale-read", "-j", "x"], /--workers: expected a whole number/],
  [
    "a time limit without unit",
    ["campaign", "lesson-stale-read", "--time-limit", "60"],
    /--time-limit: expected a duration/,
  ],
  [
    "an unknown setting",
    ["run", "lesson-stale-read", "--set", "nods=3"],
    /has no setting "nods"\. Did you mean "nodes"\?/,
  ],
  [
    "a setting out of type",
    ["run", "lesson-stale-read", "--set", "clients=two"],
    /setting clients: expected an integer/,
  ],
  [
    "an unknown fault kind",
    ["campaign", "lesson-stale-read", "--nemesis", "gremlin"],
    /--nemesis: there is no "gremlin"/,
  ],
  ["an unknown reporter", ["campaign", "lesson-stale-read", "--reporter", "html"], /--reporter: there is no "html"/],
  ["a missing plan", ["run", "lesson-stale-read", "--plan", "gone.json"], /gone\.json cannot be read: ENOENT/],
  [
    "a plan that is not valid JSON",
    ["run", "lesson-stale-read", "--plan", write("p1.json", "{")],
    /p1\.json is not valid JSON/,
  ],
  [
    "a plan with an unknown host",
    [
      "run",
      "lesson-stale-read",
      "--plan",
      write(
        "p2.json",
        '{"format":1,"faults":[{"kind":"partition","shape":"isolate","hosts":["n9"],"atUs":1,"forUs":1}]}',
      ),
    ],
    /p2\.json: faults\[0\]\.hosts\[0\]: no host "n9" \(hosts are n1, n2, n3/,
  ],
  [
    "a plan with an unknown kind",
    [
      "run",
      "lesson-stale-read",
      "--plan",
      write("p3.json", '{"format":1,"faults":[{"kind":"gremlin","atUs":1,"forUs":1}]}'),
    ],
    /p3\.json: faults\[0\]\.kind: .*"gremlin"/,
  ],
  [
    "a plan with a kind that the scenario cannot execute",
    [
      "run",
      "lesson-stale-read",
      "--plan",
      write("p4.json", '{"format":1,"faults":[{"kind":"kill","hosts":["n1"],"atUs":1,"forUs":1}]}'),
    ],
    /p4\.json: faults\[0\]\.kind: .*kill/,
  ],
  ["a plan that is null", ["run", "lesson-stale-read", "--plan", write("null.json", "null")], /null\.json: /],
  [
    "a time limit that no timer takes",
    ["campaign", "lesson-stale-read", "--time-limit", "600h"],
    /--time-limit: 600h is too long; at most 500h/,
  ],
  [
    "a repro cut in half",
    ["replay", write("cut.json", '{"format":1,"tool":')],
    /cut\.json is not valid JSON.*is the file cut off\?/,
  ],
  ["a repro of another shape", ["replay", write("shape.json", '{"format":2}')], /shape\.json: format: /],
  ["replay of a scenario without seed", ["replay", "lesson-stale-read"], /give the seed with --seed/],
  ["a missing history", ["check", "gone.edn"], /gone\.edn cannot be read: ENOENT/],
  ["an EDN file cut in half", ["check", write("half.edn", EDN)], /half\.edn: /],
  ["an empty history", ["check", write("empty.jsonl", "")], /empty\.jsonl: .*empty file/],
  ["an unknown format", ["check", write("x.txt", "hello"), "--format", "csv"], /csv/],
  [
    "an output folder that cannot be written",
    ["campaign", "lesson-stale-read", "--seed", "1", "--out", "/proc/nowhere"],
    /cannot be used for the results/,
  ],
  ["a folder without campaign to resume", ["campaign", "lesson-stale-read", "--resume", folder], /holds no campaign/],
];

test.each(bad)("%s is told clearly, and as an error of usage", async (_name, args, message) => {
  const before = process.cwd();
  process.chdir(folder);
  try {
    await expect(main(args)).rejects.toSatisfy((error) => error instanceof UsageError && message.test(error.message));
  } finally {
    process.chdir(before);
  }
});

test("errors of usage come without a stack, on stderr alone, with exit code 64", async () => {
  const { code, stdout, stderr } = await seedbed(["campaign", "no-such"], { cwd: folder });
  expect(stderr).toMatch(/^seedbed: There is no scenario "no-such"/);
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(stdout).toBe("");
  expect(code).toBe(64);
});
