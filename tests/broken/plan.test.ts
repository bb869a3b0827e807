/**
 * Broken plans: a sound one with things changed. It is refused with the file and the place; or it is executed, and then every fault of it has
 * struck, or is among those that never did, with the reason; and the plan that comes back gives the same run.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import fc from "fast-check";
import { expect, test } from "vitest";
import { execute } from "../../campaign/execute.ts";
import { FAULT_KINDS, generatePlan, PlanError } from "../../nemesis/index.ts";
import { fieldsOf } from "../../nemesis/plan-schema.ts";
import { scenario } from "../../scenarios/scenario.ts";
import { seedbed, temporaryFolder } from "../cli/seedbed.ts";
import { Random } from "../../sim/random.ts";
import { SOUND } from "./sound.ts";

const CASES = Number(process.env["BROKEN_CASES"] ?? 100);
const PROCESSES = Number(process.env["BROKEN_PROCESSES"] ?? 1);
const SEED = Number(process.env["BROKEN_SEED"] ?? 20261130);

const EVERY = scenario({
  ...SOUND,
  settings: { ...SOUND.settings, nodes: { kind: "choice", of: [3], about: "nodes" } },
  faults: { kinds: FAULT_KINDS, lastingHarmMax: () => 1, points: { message: ["read", "write"] } },
});

/** A plan as the swarm draws it: sound. */
const drawn = fc.integer({ min: 1, max: 1_000_000 }).map((number) => {
  const plan = generatePlan(new Random(String(number), "broken"), {
    kinds: FAULT_KINDS,
    nodes: ["n1", "n2", "n3"],
    clients: ["c1", "c2"],
    groups: ["rack1", "rack2"],
    targets: [],
    startUs: 300_000,
    endUs: 790_000,
    intensityPerMille: 6_000,
  });
  return { format: 1, faults: plan.faults.slice(0, 3) };
});

/** Values that stand somewhere in some plan, and others that stand in none. */
const LIKELY: readonly unknown[] = [
  "n1",
  "n9",
  "c1",
  "one",
  "another",
  "trigger",
  "all",
  "leadr",
  "n1>n2",
  "n1>n1",
  "n1",
  "",
  "/",
  "a",
  ["n1"],
  ["n1>n2"],
  ["one>another"],
  [],
  ["rack1"],
  ["rack9"],
  0,
  1,
  2,
  650_000,
  -1,
  0.5,
  900_000_000_000,
  Number.MAX_SAFE_INTEGER,
  "in",
  "out",
  "both",
  "halves",
  "ring",
  "bridge",
  "isolate",
  "one-way",
  "link",
  true,
  null,
  undefined,
  ...FAULT_KINDS,
  { on: "message", name: "read", count: 1 },
  { on: "mark", name: "no-such", count: 1 },
  { on: "disk", name: "fsync", count: 1 },
  { on: "message", name: "write", target: "n2", count: 2, afterUs: 9 },
  { timeUs: 650_000, hosts: ["n1"] },
  { timeUs: 9, hosts: [] },
  { timeUs: 700_000, hosts: ["n1"], at: { host: "n1", incarnation: 1, ordinal: 2 } },
];
const FIELDS = [...new Set([...FAULT_KINDS.flatMap((kind) => fieldsOf(kind)), "stray"])];

type Change = { readonly fault: number; readonly pick: number; readonly field: string | null; readonly value: unknown };

const change: fc.Arbitrary<Change> = fc.record({
  fault: fc.nat(),
  pick: fc.nat(),
  /** Null: one of the fields that the fault has. */
  field: fc.oneof({ weight: 3, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.constantFrom(...FIELDS) }),
  value: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(...LIKELY) }, { weight: 1, arbitrary: fc.anything() }),
});

function changed(plan: { readonly faults: readonly unknown[] }, { fault, pick, field, value }: Change): unknown {
  if (plan.faults.length === 0) return { ...plan, faults: value };
  const at = fault % plan.faults.length;
  const faults = plan.faults.map((before, i) => {
    if (i !== at) return before;
    const has = Object.keys(before as object);
    const name = field ?? has[pick % has.length]!;
    const { [name]: _, ...rest } = before as Record<string, unknown>;
    return value === undefined ? rest : { ...rest, [name]: value };
  });
  return { ...plan, faults };
}

const plan = fc.oneof(
  { weight: 4, arbitrary: drawn },
  { weight: 12, arbitrary: fc.tuple(drawn, change).map(([sound, one]) => changed(sound, one)) },
  { weight: 1, arbitrary: fc.record({ format: fc.anything(), faults: fc.array(fc.anything()) }) },
  { weight: 1, arbitrary: fc.anything() },
);

async function answerTo(json: unknown): Promise<"refused" | "executed"> {
  let outcome: Awaited<ReturnType<typeof execute>>;
  try {
    outcome = await execute(EVERY, { seed: "1", plan: json }, { mustStrike: true });
  } catch (error) {
    expect(error).toBeInstanceOf(PlanError);
    expect((error as Error).message).toMatch(/^plan\.json: [^\n]+\n[^\n]+$/);
    return "refused";
  }
  // No plan at all: the run draws its own.
  if (json === undefined) return "executed";
  const { result } = outcome;
  const struck = Object.values(result.faults).reduce((sum, { injected }) => sum + injected, 0);
  expect(struck + result.unstruck.length).toBe((json as { faults: unknown[] }).faults.length);
  expect(result.unstruck.every(({ reason }) => reason !== "")).toBe(true);
  if (result.verdict === "held") {
    // A plan without faults is a request too: it says that there are none.
    expect(result.operations.ok > 0 && (struck > 0 || result.planned === 0)).toBe(true);
  } else expect(result.properties.find(({ verdict }) => verdict !== "valid")!.reason).not.toBe("");
  const input = JSON.parse(JSON.stringify(result.input)) as { plan: unknown };
  const again = await execute(EVERY, { seed: "1", plan: input.plan });
  expect(again.result.digest).toBe(result.digest);
  return "executed";
}

test(
  "a plan is refused with its place, or all of it shows in the result, and comes back as the same run",
  async () => {
    const counts = { refused: 0, executed: 0 };
    await fc.assert(
      fc.asyncProperty(plan, async (json) => {
        counts[await answerTo(json)]++;
      }),
      { numRuns: CASES, seed: SEED },
    );
    if (process.env["BROKEN_CASES"] !== undefined) console.log(JSON.stringify(counts));
    expect(counts.refused).toBeGreaterThan(CASES / 10);
    expect(counts.executed).toBeGreaterThan(CASES / 10);
  },
  20 * 60_000,
);

/** What a file of a plan may hold besides plans. */
const TEXTS: readonly string[] = [
  "",
  "{",
  "null",
  "[]",
  "\uFEFF{}",
  `${"[".repeat(100_000)}${"]".repeat(100_000)}`,
  "\u0000",
  '{"format":1,"faults":[{}]}',
];

test(
  "a file of a plan never makes the command line end with 70 or in a stack",
  async () => {
    const folder = temporaryFolder();
    const made = fc.sample(
      fc.oneof(
        fc.constantFrom(...TEXTS),
        plan.map((json) => JSON.stringify(json) ?? "undefined"),
      ),
      { numRuns: PROCESSES, seed: SEED },
    );
    for (const text of made) {
      fs.writeFileSync(path.join(folder, "p.json"), text);
      const words = ["run", "lesson-stale-read", "--seed", "1", "--plan", "p.json", "--quiet", "--json"];
      const { code, stderr } = await seedbed(words, { cwd: folder });
      expect([0, 1, 2, 64], `${text.slice(0, 200)}\n${stderr}`).toContain(code);
      if (code === 64) expect(stderr).toContain("p.json");
      expect(stderr).not.toMatch(/\n\s+at /);
    }
    fs.rmSync(folder, { recursive: true, force: true });
  },
  20 * 60_000,
);

test("a byte order mark before a plan is no part of it", async () => {
  const folder = temporaryFolder();
  fs.writeFileSync(
    path.join(folder, "p.json"),
    '\uFEFF{"format":1,"faults":[{"kind":"kill","hosts":["n1"],"atUs":900000000000,"forUs":1}]}',
  );
  const { code, stderr } = await seedbed(
    ["run", "lesson-early-ack-log", "--seed", "1", "--plan", "p.json", "--quiet"],
    { cwd: folder },
  );
  expect(code, stderr).toBe(2);
  expect(stderr).toContain(
    "faults[0] (kill) never struck: it was to strike at 900000000000 us, and the faults ended at",
  );
  fs.rmSync(folder, { recursive: true, force: true });
});
