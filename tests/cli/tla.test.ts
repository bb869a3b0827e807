/** `seedbed tla` as a new user meets it: right and wrong specifications, and what each is told. */
import * as fs from "node:fs";
import * as path from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { UsageError } from "../../campaign/errors.ts";
import { main } from "../../cli/program.ts";
import { seedbed, temporaryFolder } from "./seedbed.ts";

const folder = temporaryFolder();
const home = process.cwd();
const write = (name: string, text: string): void => fs.writeFileSync(path.join(folder, name), text);
const COUNTER = `VARIABLES x, y
Init == x = 0 /\\ y = 0
Up == x < 3 /\\ x' = x + 1 /\\ UNCHANGED y
Over == /\\ x = 3
        /\\ y' = 1 - y
        /\\ x' = 0
Never == x > 9 /\\ UNCHANGED <<x, y>>
Next == Up \\/ Over \\/ Never
Spec == Init /\\ [][Next]_<<x, y>>
Small == x < 3
Typed == x \\in 0..3
Mixed == x < "a"
Turns == []<>(y = 1)`;

beforeAll(() => {
  process.chdir(folder);
  write("Counter.tla", `---- MODULE Counter ----\nEXTENDS Integers\n${COUNTER}\n====\n`);
  write("Counter.cfg", "SPECIFICATION Spec\nINVARIANT Typed\n");
});
afterAll(() => process.chdir(home));

/** Runs one command line in this process; times and speeds are taken out of what it prints. */
async function run(...words: string[]): Promise<string> {
  let said = "";
  const out = vi.spyOn(process.stdout, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const err = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += `stderr: ${String(text)}`;
    return true;
  });
  try {
    const code = await main(["tla", ...words]);
    return `${said.replace(/; [\d.]+ s, [^\n]*\/s\n/g, "\n").replace(/"wallMs": \d+/g, '"wallMs": 0')}exit ${code}`;
  } finally {
    out.mockRestore();
    err.mockRestore();
  }
}

test("a specification that holds is told with its bounds and numbers", async () => {
  expect(await run("check", "Counter")).toMatchInlineSnapshot(`
    "held  Counter.tla  (Counter.cfg)
        checks: invariants Typed; deadlock
        9 states generated, 8 distinct, depth 8
    exit 0"
  `);
});

test("a violated invariant is told by the shortest behaviour, and written as ITF", async () => {
  write("small.cfg", "SPECIFICATION Spec\nINVARIANT Small\n");
  expect(await run("check", "Counter.tla", "--config", "small.cfg", "--itf", "small.itf.json")).toMatchInlineSnapshot(`
    "Error: Invariant Small is violated.
    The behaviour up to this point:

    State 1: <Initial predicate>
    /\\ x = 0
    /\\ y = 0

    State 2: <Up line 5, col 7 to line 5, col 40 of module Counter>
    /\\ x = 1
    /\\ y = 0

    State 3: <Up line 5, col 7 to line 5, col 40 of module Counter>
    /\\ x = 2
    /\\ y = 0

    State 4: <Up line 5, col 7 to line 5, col 40 of module Counter>
    /\\ x = 3
    /\\ y = 0

    failed  Counter.tla  (small.cfg)
        checks: invariants Small; deadlock
        4 states generated, 4 distinct, depth 4
    exit 1"
  `);
  const itf = JSON.parse(fs.readFileSync("small.itf.json", "utf8")) as { vars: string[]; states: unknown[] };
  expect([itf.vars, itf.states.length]).toEqual([["x", "y"], 4]);
});

test("a JSON result has the promised fields", async () => {
  const text = await run("check", "Counter", "--json", "--max-distinct", "5");
  const { spec, config, verdict, distinct, total, depth, wallMs, notChecked } = JSON.parse(
    text.replace(/exit 2$/, ""),
  ) as { readonly [name: string]: unknown };
  expect({ spec, config, verdict, distinct, total, depth, wallMs, notChecked }).toMatchInlineSnapshot(`
    {
      "config": "Counter.cfg",
      "depth": 5,
      "distinct": 5,
      "notChecked": [
        "states beyond the budget: stopped at 5 distinct states",
      ],
      "spec": "Counter.tla",
      "total": 5,
      "verdict": "unknown",
      "wallMs": 0,
    }
  `);
});

test("a temporal property that fails is told as a behaviour for ever", async () => {
  write("turns.cfg", "SPECIFICATION Spec\nPROPERTY Turns\n");
  expect(await run("check", "Counter", "--config", "turns.cfg")).toMatchInlineSnapshot(`
    "Error: Temporal property Turns is violated.
    A behaviour that shows it:

    State 1: <Initial predicate>
    /\\ x = 0
    /\\ y = 0

    State 2: Stuttering

    failed  Counter.tla  (turns.cfg)
        checks: properties Turns; deadlock
        9 states generated, 8 distinct, depth 8
    exit 1"
  `);
});

test("a simulation never says that something holds", async () => {
  expect(await run("check", "Counter", "--simulate", "--walks", "20", "--max-depth", "9")).toMatchInlineSnapshot(`
    "unknown  Counter.tla  (Counter.cfg)
        checks: invariants Typed; deadlock
        20 random walks, 180 states, the longest walk 9 states
        not checked: states that no walk reached
    exit 2"
  `);
});

test("coverage names the actions that were never taken", async () => {
  expect(await run("coverage", "Counter")).toMatchInlineSnapshot(`
    "action                    taken  new states
    Up  (Counter, line 5)         6           6
    Over  (Counter, line 6)       2           1
    Never  (Counter, line 9)      0           0
    never taken: Never

    held  Counter.tla  (Counter.cfg)
        checks: invariants Typed; deadlock
        9 states generated, 8 distinct, depth 8
    exit 0"
  `);
});

const wrong: readonly (readonly [string, string, string])[] = [
  ["a type error", COUNTER, "SPECIFICATION Spec\nINVARIANT Mixed\n"],
  ["an unassigned variable", "VARIABLES x, y\nInit == x = 0 /\\ y = 0\nNext == x' = 1", "INIT Init\nNEXT Next\n"],
  ["an endless set", "VARIABLE x\nInit == x = 0\nNext == x' \\in Nat", "INIT Init\nNEXT Next\n"],
  [
    "an endless recursion",
    "VARIABLE x\nRECURSIVE F(_)\nF(n) == F(n + 1)\nInit == x = F(0)\nNext == x' = x",
    "INIT Init\nNEXT Next\n",
  ],
];

test("what goes wrong while evaluating is told once, with its place", async () => {
  const told: string[] = [];
  for (const [name, text, config] of wrong) {
    write("Wrong.tla", `---- MODULE Wrong ----\nEXTENDS Integers\n${text}\n====\n`);
    write("Wrong.cfg", config);
    told.push(`${name}\n${(await run("check", "Wrong")).replace(/\d{4,} times/, "many times")}`);
  }
  expect(told.join("\n\n")).toMatchInlineSnapshot(`
    "a type error
    Error: line 14, column 14 of module Wrong: < needs a number, found "a"
    The behaviour up to this point:

    State 1: <Initial predicate>
    /\\ x = 0
    /\\ y = 0

    failed  Wrong.tla  (Wrong.cfg)
        checks: invariants Mixed; deadlock
        1 state generated, 1 distinct, depth 1
    exit 1

    an unassigned variable
    Error: line 5, column 9 of module Wrong: Next gives no value to the variable y
    The behaviour up to this point:

    State 1: <Initial predicate>
    /\\ x = 0
    /\\ y = 0

    failed  Wrong.tla  (Wrong.cfg)
        checks: deadlock
        1 state generated, 1 distinct, depth 1
    exit 1

    an endless set
    Error: line 5, column 16 of module Wrong: the set Nat is endless, so its elements cannot be enumerated
    The behaviour up to this point:

    State 1: <Initial predicate>
    x = 0

    failed  Wrong.tla  (Wrong.cfg)
        checks: deadlock
        1 state generated, 1 distinct, depth 1
    exit 1

    an endless recursion
    Error: line 5, column 9 of module Wrong: the evaluation recurses too deep (is a recursive definition endless?)
      in F, called at line 5, column 9 of module Wrong, many times
      in F, called at line 6, column 13 of module Wrong

    failed  Wrong.tla  (Wrong.cfg)
        checks: deadlock
        0 states generated, 0 distinct, depth 0
    exit 1"
  `);
});

const unusable: readonly (readonly [string, string, string | undefined, RegExp])[] = [
  ["a syntax error", "A == (1 + ", "", /^line 3, column 1 of module Bad: expected an expression/],
  ["an unknown name", "A == Nope", "INVARIANT A", /^line 2, column 6 of module Bad: unknown name Nope/],
  [
    "an unknown operator",
    "A == 1 + 1",
    "INVARIANT A",
    /^line 2, column 6 of module Bad: unknown operator \+ \(a module/,
  ],
  [
    "a wrong word in the configuration",
    "A == 1",
    "INVARIAN A",
    /^line 1, column 1 of Bad\.cfg: expected one of CONSTANT/,
  ],
  ["an invariant that is not defined", "A == 1", "INVARIANT B", /^line 1, column 11 of Bad\.cfg: B is not defined/],
  [
    "no behaviour to check",
    "VARIABLE x\nA == x = 1",
    "INVARIANT A",
    /^line 1, column 11 of Bad\.cfg: A cannot be checked without SPEC/,
  ],
  ["nothing to check", "VARIABLE x", "", /^there is nothing to check/],
  [
    "an unused definition with an unknown name",
    "ASSUME TRUE\nA == Nope",
    "",
    /^line 3, column 6 of module Bad: unknown name Nope/,
  ],
  ["a constant without value", "CONSTANT N", "", /^the constant N of module Bad has no value/],
  ["no configuration", "A == 1", undefined, /^Bad\.tla needs a configuration, and there is no Bad\.cfg/],
];

test.each(unusable)("%s is an error of usage, with its place", async (_name, text, config, message) => {
  write("Bad.tla", `---- MODULE Bad ----\n${text}\n====\n`);
  fs.rmSync("Bad.cfg", { force: true });
  if (config !== undefined) write("Bad.cfg", `${config}\n`);
  const told = await run("check", "Bad").catch((error: unknown) => error);
  expect(told).toBeInstanceOf(UsageError);
  expect((told as UsageError).message).toMatch(message);
});

test("Ctrl-C ends a search with its counts, and exit code 130", async () => {
  const text = 'EXTENDS Integers, TLC\nVARIABLE x\nInit == PrintT("begun") /\\ x = 0\nNext == x\' = x + 1';
  write("Long.tla", `---- MODULE Long ----\n${text}\n====\n`);
  write("Long.cfg", "INIT Init\nNEXT Next\n");
  let isSent = false;
  const { code, stdout } = await seedbed(["tla", "check", "Long", "--json", "--time-limit", "60s"], {
    cwd: folder,
    onErr: (said, kill) => {
      if (!isSent && said.includes("begun")) kill("SIGINT");
      isSent ||= said.includes("begun");
    },
  });
  const { verdict, stopped } = JSON.parse(stdout) as { verdict: string; stopped: string };
  expect([verdict, stopped]).toEqual(["unknown", "interrupted"]);
  expect(code).toBe(130);
});

const CALM = ["--seed", "1", "--set", "chaosUs=300000"];

test("a run that its specification allows is told with its steps and what was not seen", async () => {
  const told = await run("validate", "kv", ...CALM);
  expect(told).toMatch(
    /^valid {2}kv {2}seed "1": [\d,]+ protocol steps that RaftTrace allows\n {4}\d+ of its \d+ actions\n/,
  );
  expect(told).toMatch(/exit 0$/);
});

test("a run that its specification does not allow is told by the first step that is wrong", async () => {
  const file = path.join(import.meta.dirname, "validate.scenarios.ts");
  const told = (await run("validate", file, ...CALM)).replaceAll(file, "wrong.ts");
  const plain = told.replace(/stderr: [\d,]+ events in \d+ ms\n/, "").replace(/\d[\d,.]*/g, "N");
  expect(plain).toMatchInlineSnapshot(`
    "invalid  kv-boasting  seed "N": N protocol steps that RaftTrace allows
        then, at N ms (event N), "send-heartbeat", which it does not: SendHeartbeat
        event N (send-heartbeat): SendHeartbeat does not allow this step: line N col N to line N col N of module Raft: N =< N is false
        npx seedbed tla validate wrong.ts --seed N --set chaosUs=N
    exit N"
  `);
});

test("what cannot be validated is an error of usage", async () => {
  await expect(main(["tla", "validate", "kv"])).rejects.toThrow(/give the seed with --seed, or the path of a repro/);
  await expect(main(["tla", "validate", "lesson-stale-read", "--seed", "1"])).rejects.toThrow(/has no specification/);
});

test("without TLA2TOOLS_JAR a cross-check says that TLC was not asked", async () => {
  vi.stubEnv("TLA2TOOLS_JAR", "");
  expect(await run("cross-check", "Counter")).toMatch(/^held.*TLC was not asked: TLA2TOOLS_JAR is not set.*exit 2$/s);
});

test("a cross-check compares verdict and counts with what TLC prints", async () => {
  fs.mkdirSync("bin", { recursive: true });
  write("tools.jar", "");
  const java = (total: number): void => {
    const lines = [
      "Model checking completed. No error has been found.",
      `${total} states generated, 8 distinct states found, 0 states left on queue.`,
      "The depth of the complete state graph search is 8.",
    ];
    fs.writeFileSync("bin/java", `#!/bin/sh\nprintf '${lines.join("\\n")}\\n'\n`, { mode: 0o755 });
  };
  vi.stubEnv("TLA2TOOLS_JAR", path.join(folder, "tools.jar"));
  vi.stubEnv("PATH", `${path.join(folder, "bin")}${path.delimiter}${process.env["PATH"]}`);
  java(9);
  expect((await run("cross-check", "Counter")).replace(/[\d.]+ s$/gm, "0 s")).toMatchInlineSnapshot(`
    "        verdict  generated  distinct  depth   time
    engine     held          9         8      8  0 s
    TLC        held          9         8      8  0 s
    agrees  Counter.tla  (Counter.cfg)
    exit 0"
  `);
  java(10);
  expect(await run("cross-check", "Counter")).toMatch(/differs.*total: the engine has 9, TLC has 10\nexit 1$/s);
});
