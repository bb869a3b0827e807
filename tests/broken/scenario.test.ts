/**
 * Broken scenarios: a sound one with one thing wrong. It is refused when it is made, naming scenario and field; or its runs fail and say what the
 * trouble was; or it runs, and then something was judged. No error gets out, no run without a completed operation holds.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { execute } from "../../campaign/execute.ts";
import { linearizable } from "../../scenarios/checks.ts";
import { type Scenario, scenario } from "../../scenarios/scenario.ts";
import { FIELDS, SOUND } from "./sound.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

/** What anybody may write where something else is expected. */
const JUNK: readonly unknown[] = [
  undefined,
  null,
  true,
  false,
  0,
  -1,
  1,
  0.5,
  2 ** 53,
  Number.NaN,
  Number.POSITIVE_INFINITY,
  "",
  "n1",
  "registr",
  5n,
  Symbol("s"),
  [],
  [1],
  [null],
  [undefined],
  {},
  { kind: "kill" },
  { name: "x" },
  new Map(),
  () => undefined,
  () => 5,
  () => null,
  () => ({}),
  () => [],
  () => "n1",
  () => Number.NaN,
  async () => {},
  () => {
    throw new Error("thrown by a broken scenario");
  },
  () => {
    throw null;
  },
  () => Promise.reject(new Error("rejected by a broken scenario")),
  () => [{}],
  () => [null],
  () => ({ invoke: () => ({ type: "ok" }) }),
  () => ({ invoke: async () => ({ type: "okay" }) }),
  () => ({ invoke: 5 }),
  () => [{ process: 0, afterUs: 0, f: "read", value: Number.NaN }],
  () => [{ process: 1e9, afterUs: -5, f: 7 }],
  () => ({ n1: [5] }),
  () => ({ n9: [] }),
  () => ({ link: { latency: 5 } }),
  () => ({ sectorBytes: 0 }),
  () => ({ format: 1, faults: [{}] }),
  () => ({ targets: 5 }),
  () => ({ monitors: [{ name: "m", verdict: () => 1 }] }),
  () => ({ counts: () => 7 }),
  () => ({ eventually: [{ name: "e", withinUs: 1, pending: () => 7 }] }),
  () => () => {
    throw new Error("a host of a broken scenario");
  },
];

/** Paths of the sound scenario at which something may be wrong, and names that it does not have. */
const PATHS: readonly (readonly string[])[] = [
  ...FIELDS.map((field) => field.split(".")),
  ["chekcs"],
  ["limits", "eventMax"],
  ["faults", "kind"],
  ["settings", "nodes", "max"],
];

function withJunk(at: readonly string[], junk: unknown): unknown {
  const copy = (value: unknown, [first, ...rest]: readonly string[]): unknown => {
    if (first === undefined) return junk;
    if (Array.isArray(value)) return value.map((item, i) => (String(i) === first ? copy(item, rest) : item));
    const record = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
    return { ...record, [first]: copy(record[first], rest) };
  };
  return copy(SOUND, at);
}

type Answer = "refused" | "failed" | "unknown" | "held";

async function answerTo(definition: unknown): Promise<Answer> {
  let made: Scenario;
  try {
    made = scenario(definition as Scenario);
  } catch (error) {
    expect(error).toBeInstanceOf(TypeError);
    expect((error as Error).message).toMatch(/^scenario( "[^"]*")?: [^\n]+\n\S/);
    return "refused";
  }
  const { result } = await execute(made, { seed: "1" });
  if (result.verdict === "held") {
    expect(result.operations.ok).toBeGreaterThan(0);
    expect(result.properties.some(({ verdict }) => verdict === "valid")).toBe(true);
    expect(result.unstruck.length + Object.values(result.faults).reduce((sum, { injected }) => sum + injected, 0)).toBe(
      result.planned,
    );
  } else expect(result.properties.find(({ verdict }) => verdict !== "valid")!.reason).not.toBe("");
  return result.verdict;
}

test(
  "a scenario with one thing wrong is refused, or fails and says why, or is judged",
  async () => {
    const counts: Record<Answer, number> = { refused: 0, failed: 0, unknown: 0, held: 0 };
    const wrong = fc.tuple(
      fc.constantFrom(...PATHS),
      fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...JUNK) }, fc.anything()),
    );
    await fc.assert(
      fc.asyncProperty(wrong, async ([at, junk]) => {
        counts[await answerTo(withJunk(at, junk))]++;
      }),
      { numRuns: CASES, seed: SEED },
    );
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(0);
    expect(counts.failed).toBeGreaterThan(0);
  },
  10 * 60_000,
);

test("the sound one holds", async () => {
  expect(await answerTo(SOUND)).toBe("held");
});

const refusal = (fields: { readonly [field: string]: unknown }): string => {
  try {
    scenario({ ...SOUND, ...fields } as Scenario);
  } catch (error) {
    if (error instanceof TypeError) return error.message;
    throw error;
  }
  throw new Error("it was accepted");
};

const integer = (min: number, max: number) => ({ kind: "integer", min, max, about: "a" });

const REFUSED: readonly (readonly [what: string, fields: { readonly [field: string]: unknown }, told: string])[] = [
  [
    "a misspelt field that is missing",
    { chekcs: [], checks: undefined },
    'unknown field "chekcs".\nDid you mean "checks"?',
  ],
  ["a misspelt field", { chekcs: [] }, 'scenario "sound": unknown field "chekcs".\nDid you mean "checks"?'],
  ["a misspelt limit", { limits: { eventMax: 10 } }, 'limits: unknown field "eventMax".\nDid you mean "eventsMax"?'],
  ["no checks at all", { checks: [] }, "checks: is empty, and there is no watch: nothing would be judged."],
  ["a check that is a function", { checks: [() => true] }, "checks[0]: expected an object, found a function."],
  [
    "a check without a function",
    { checks: [{ name: "own", check: 5 }] },
    "checks[0].check: expected a function, found 5.",
  ],
  [
    "two checks of one name",
    { checks: [linearizable("register"), linearizable("kv")] },
    'checks: two checks are called "linearizable".',
  ],
  [
    "an unknown kind of fault",
    { faults: { kinds: ["dleay"] } },
    'faults.kinds[0]: unknown kind of fault "dleay".\nDid you mean "delay"?',
  ],
  [
    "no faults",
    { faults: undefined },
    "faults: is missing; expected an object.\nFor a scenario without faults write faults: { kinds: [] }.",
  ],
  ["an unknown kind that it quarantines", { faults: { kinds: [], selfQuarantined: ["wype"] } }, 'Did you mean "wipe"?'],
  [
    "a disk operation that there is not",
    { faults: { kinds: [], points: { disk: ["fsync"] } } },
    'faults.points.disk[0]: no disk operation "fsync".\nDid you mean "sync"?',
  ],
  ["an empty choice", { settings: { mode: { kind: "choice", of: [], about: "m" } } }, "settings.mode.of: is empty."],
  [
    "a kind of setting that there is not",
    { settings: { mode: { kind: "choise", of: [1], about: "m" } } },
    'unknown kind of setting "choise".\nDid you mean "choice"?',
  ],
  ["a range upside down", { settings: { size: integer(5, 3) } }, "settings.size.min: 5 is above max, which is 3."],
  [
    "a logarithm of 0",
    { settings: { size: { ...integer(0, 3), isLogarithmic: true } } },
    "settings.size.min: 0 is below 1",
  ],
  [
    "nodes that are a word",
    { settings: { nodes: { kind: "choice", of: ["a"], about: "n" } } },
    "settings.nodes: every run has this setting: expected integers from 1 to 10000.",
  ],
  [
    "no nodes",
    { settings: { nodes: integer(0, 3) } },
    "settings.nodes: every run has this setting: expected integers from 1",
  ],
  [
    "no clients",
    { settings: { clients: { kind: "choice", of: [0], about: "c" } } },
    "settings.clients: every run has this setting",
  ],
  [
    "healing of another sort",
    { settings: { healing: { kind: "choice", of: ["some"], about: "h" } } },
    "expected a choice of all, core.",
  ],
  [
    "NaN in a choice",
    { settings: { mode: { kind: "choice", of: [Number.NaN], about: "m" } } },
    "settings.mode.of[0]: expected a text, a number, true or false, found NaN.",
  ],
  ["no node", { node: undefined }, "node: expected a function, found nothing.\nIt makes the program of one node"],
  ["a floor of nothing", { floors: { operationsMin: 0 } }, "floors.operationsMin: 0 is below 1."],
  ["targets without a watch", { targets: ["leader"] }, "targets: are declared, and there is no watch that gives them."],
  ["a name with capitals", { name: "MyRegister" }, 'name: "MyRegister" is not lower-case words joined by "-".'],
  ["no title", { title: undefined }, "title: is missing; expected a text."],
];

test.each(REFUSED)("%s is refused when the scenario is made", (_what, fields, told) => {
  expect(refusal(fields)).toContain(told);
});

test("models and their options are known when the check is made", () => {
  expect(() => linearizable("registr")).toThrow(
    'linearizable("registr"): there is no such model. Did you mean "register"?',
  );
  expect(() => linearizable("kv", { inti: 1 })).toThrow('the model has no option "inti". Did you mean "init"?');
});

test("one run in trouble ends no campaign: summary, report and JSON tell of all", async () => {
  const folder = temporaryFolder();
  const file = path.join(folder, "broken.scenarios.mjs");
  fs.writeFileSync(file, PAGE);
  const { code, stdout, stderr } = await seedbed(["campaign", file, "--seeds", "1..2", "-j", "1", "--json"], {
    cwd: folder,
  });
  expect(code, stderr).toBe(1);
  const report = JSON.parse(stdout) as {
    scenarios: { name: string; held: number; failed: number; failures: { property: string }[] }[];
  };
  expect(
    report.scenarios.map(({ name, held, failed, failures }) => [name, held, failed, failures[0]?.property]),
  ).toEqual([
    ["endless", 0, 2, "system-error"],
    ["sound", 2, 0, undefined],
    ["late", 0, 2, "scenario-error"],
  ]);
  fs.rmSync(folder, { recursive: true, force: true });
});

/** A user's file, with what only code outside of the tool can show. */
const PAGE = `import { jsonCodec, linearizable, scenario } from "seedbed";
const sound = {
  name: "sound", title: "t", faults: { kinds: [] }, checks: [linearizable("register")],
  settings: { nodes: { kind: "choice", of: [1], about: "n" }, chaosUs: { kind: "integer", min: 200000, max: 200000, about: "c" } },
  node: () => (host) => { const socket = host.net.open({ port: 7, codec: jsonCodec(), onMessage: (message, from) => socket.send(from, message) }); },
  client: (host) => ({ invoke: () => new Promise((resolve) => {
    const socket = host.net.open({ port: 0, codec: jsonCodec(), onMessage: () => { socket.close(); resolve({ type: "ok", value: null }); } });
    socket.send({ host: "n1", port: 7 }, { type: "read" });
  }) }),
  operations: () => Array.from({ length: 9 }, () => ({ process: 0, afterUs: 1000, f: "read", value: null })),
};
export const late = scenario({ ...sound, name: "late", watch: (control) => { control.after(9, () => { throw new Error("later"); }); return {}; } });
export const endless = scenario({ ...sound, name: "endless", node: () => (host) => { const f = () => 1 + f(); host.timers.after(1, () => void f()); } });
export const good = scenario(sound);
`;

test(
  "a broken file never makes the command line end with 70, in silence, or in a stack",
  async () => {
    const wrong = fc.sample(
      fc.tuple(
        fc.constantFrom(...PATHS),
        fc.constantFrom(
          "undefined",
          "null",
          "5",
          "NaN",
          '"x"',
          "[]",
          "[1]",
          "{}",
          "() => 5",
          "async () => {}",
          '() => { throw new Error("e"); }',
          "() => [{}]",
          "() => ({})",
        ),
      ),
      { numRuns: PROCESSES, seed: SEED },
    );
    for (const [at, junk] of wrong) {
      const folder = temporaryFolder();
      const place = at.map((part) => `[${JSON.stringify(part)}]`);
      const deep = place
        .map((_, i) => `s${place.slice(0, i + 1).join("")} ??= {};`)
        .slice(0, -1)
        .join(" ");
      fs.writeFileSync(
        path.join(folder, "b.mjs"),
        `${PAGE.replace(/export const (late|endless)[^\n]*\n/g, "").replace("export const good = scenario(sound);", "")}const s = sound; ${deep} s${place.join("")} = ${junk};\nexport const good = scenario(s);\n`,
      );
      const { code, stdout, stderr } = await seedbed(["campaign", "b.mjs", "--seeds", "1..1", "-j", "1", "--json"], {
        cwd: folder,
      });
      const what = `${at.join(".")} = ${junk}\n${stderr}`;
      expect([0, 1, 2, 64], what).toContain(code);
      expect(stderr, what).not.toMatch(/\n\s+at /);
      if (code === 64) expect(stderr, what).toContain("b.mjs");
      else
        expect(
          (JSON.parse(stdout) as { scenarios: { operations: { ok: number } }[] }).scenarios[0]!.operations.ok > 0 ||
            code !== 0,
          what,
        ).toBe(true);
      fs.rmSync(folder, { recursive: true, force: true });
    }
  },
  20 * 60_000,
);
