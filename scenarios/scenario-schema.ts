/**
 * The shape of a scenario, checked when it is made: every field, its type and its range. Objects are strict: in plain JavaScript nothing else
 * finds a `chekcs` that nobody reads.
 */
import { z } from "zod";
import { describeIssue, formatPath, showValue, suggestion, valueAt } from "../nemesis/issue.ts";
import { FAULT_KINDS } from "../nemesis/kinds.ts";
import { OPERATIONS } from "../sim/disk/service-queue.ts";

const SEE = "docs/scenarios.md lists the fields.";
const NAME = /^[a-z0-9][a-z0-9-]*$/;
/** Hosts of one kind; the largest scenario that comes with the tool has a thousand. */
export const HOSTS_MAX = 10_000;
const US_MAX = 1_000_000_000_000;

const anyFunction = z.custom<(...args: never) => unknown>((value) => typeof value === "function");
const text = z.string().min(1);
const texts = z.array(text);
const count = z.int().min(1);
const about = { about: z.string() };

const setting = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("integer"),
    min: z.int().min(0),
    max: z.int().min(0),
    isLogarithmic: z.boolean().optional(),
    ...about,
  }),
  z.strictObject({
    kind: z.literal("boolean"),
    truePerMillion: z.int().min(0).max(1_000_000).optional(),
    ...about,
  }),
  z.strictObject({
    kind: z.literal("choice"),
    of: z.array(z.union([z.boolean(), z.string(), z.number()], "expected a text, a number, true or false")).min(1),
    ...about,
  }),
]);

const points = z.strictObject({
  disk: texts.optional(),
  message: texts.optional(),
  mark: texts.optional(),
  state: texts.optional(),
});

const faults = z.strictObject({
  kinds: z.array(z.enum(FAULT_KINDS)),
  lastingHarmMax: anyFunction.optional(),
  selfQuarantined: z.array(z.enum(FAULT_KINDS)).optional(),
  points: points.optional(),
  intensityPerMille: z.int().min(0).max(1_000_000).optional(),
});

const check = z.strictObject({ name: text, check: anyFunction });

const specification = z.strictObject({
  folder: text,
  module: text,
  config: anyFunction,
  mapping: z.custom<object>((value) => typeof value === "object" && value !== null),
  observe: anyFunction,
});

const scenarioSchema = z.strictObject({
  name: z.string(),
  title: text,
  default: z.boolean().optional(),
  settings: z.record(text, setting).optional(),
  node: anyFunction,
  client: anyFunction,
  operations: anyFunction,
  livenessOperations: anyFunction.optional(),
  finalOperations: anyFunction.optional(),
  faults,
  targets: texts.optional(),
  watch: anyFunction.optional(),
  checks: z.array(check),
  specification: specification.optional(),
  plan: anyFunction.optional(),
  floors: z.strictObject({ operationsMin: count }).optional(),
  limits: z
    .strictObject({
      eventsMax: count.optional(),
      livenessUsMax: count.max(US_MAX).optional(),
      checkerStepsMax: count.optional(),
    })
    .optional(),
  network: anyFunction.optional(),
  disk: anyFunction.optional(),
  groups: anyFunction.optional(),
  uncaughtIsFailure: z.boolean().optional(),
});

type Shape = z.infer<typeof scenarioSchema>;
type SettingShape = z.infer<typeof setting>;

/** Throws TypeError for the first thing that is wrong: the scenario, the field, what was expected, what was found, and what to do. */
export function requireScenario(definition: unknown): void {
  const result = scenarioSchema.safeParse(definition);
  const name = valueAt(definition, ["name"]);
  const of = typeof name === "string" ? `scenario ${JSON.stringify(name)}` : "scenario";
  const complain = (path: string, what: string, next: string): never => {
    throw new TypeError(`${of}: ${path === "" ? "" : `${path}: `}${what}\n${next}`);
  };
  if (result.success) requireSense(result.data, complain);
  else {
    const { issues } = result.error;
    // A misspelt field may be the one that is missing: the near name helps more than "is missing".
    const issue = issues.find(({ code, path }) => code === "unrecognized_keys" && path.length === 0) ?? issues[0]!;
    complainAbout(issue, definition, complain); // a failure has an issue
  }
}

type Complain = (path: string, what: string, next: string) => never;

function complainAbout(issue: z.core.$ZodIssue, definition: unknown, complain: Complain): never {
  const path = formatPath(issue.path);
  const found = valueAt(definition, issue.path);
  const last = issue.path.at(-1);
  const next = NEXT[formatPath(issue.path.filter((part) => typeof part === "string"))] ?? SEE;
  switch (issue.code) {
    case "unrecognized_keys": {
      const key = issue.keys[0]!; // the issue is about at least one key
      return complain(
        path,
        `unknown field ${JSON.stringify(key)}.`,
        suggestion(key, fieldsAt(issue.path, definition), "Fields"),
      );
    }
    case "invalid_union": {
      if (last !== "kind") return complain(path, `${issue.message}, found ${showValue(found)}.`, next);
      const kinds = ["integer", "boolean", "choice"];
      if (found === undefined) return complain(path, "is missing.", `Kinds of settings are ${kinds.join(", ")}.`);
      return complain(path, `unknown kind of setting ${showValue(found)}.`, suggestion(String(found), kinds, "Kinds"));
    }
    case "invalid_value": {
      if (issue.path[0] !== "faults" || typeof found !== "string") break;
      return complain(path, `unknown kind of fault ${showValue(found)}.`, suggestion(found, FAULT_KINDS, "Kinds"));
    }
    case "custom": {
      const expected = last === "mapping" ? "an object" : "a function";
      return complain(path, `expected ${expected}, found ${showValue(found)}.`, next);
    }
    default:
  }
  return complain(path, describeIssue(issue, found), next);
}

/** What to do about a field that is missing or of another type. */
const NEXT: { readonly [path: string]: string } = {
  node: "It makes the program of one node: node: () => program, where the program is a function of a host.",
  client: "It makes a client: client: (host) => ({ invoke: async (operation) => … }).",
  operations:
    'It gives the workload as data: operations: (random, context) => [{ process: 0, afterUs: 0, f: "read", value: null }].',
  faults: "For a scenario without faults write faults: { kinds: [] }.",
  "faults.kinds": "For a scenario without faults write kinds: [].",
  checks: 'Name what is judged, such as checks: [linearizable("register")].',
  title: "It is the one line that `list` shows.",
  "checks.check": 'A check is { name, check: (run) => verdict }, or what linearizable("…") and satisfies("…") return.',
  "checks.name": 'A check is { name, check: (run) => verdict }, or what linearizable("…") and satisfies("…") return.',
  "floors.operationsMin": "A run that completed nothing says nothing: 1 is the least, and the default.",
};

function fieldsAt(path: readonly PropertyKey[], definition: unknown): readonly string[] {
  switch (path[0]) {
    case undefined:
      return Object.keys(scenarioSchema.shape);
    case "faults":
      return Object.keys(path[1] === "points" ? points.shape : faults.shape);
    case "settings": {
      const kind = valueAt(definition, [...path, "kind"]);
      return Object.keys(setting.options.find(({ shape }) => shape.kind.value === kind)?.shape ?? {});
    }
    case "floors":
      return ["operationsMin"];
    case "limits":
      return ["eventsMax", "livenessUsMax", "checkerStepsMax"];
    case "specification":
      return Object.keys(specification.shape);
    default:
      return Object.keys(check.shape);
  }
}

/** What no type says: names, ranges that fit together, and that something is judged. */
function requireSense(scenario: Shape, complain: Complain): void {
  if (!NAME.test(scenario.name))
    complain(
      "name",
      `${showValue(scenario.name)} is not lower-case words joined by "-".`,
      'Write it as in "my-register".',
    );
  if (scenario.checks.length === 0 && scenario.watch === undefined)
    complain("checks", "is empty, and there is no watch: nothing would be judged.", NEXT["checks"]!);
  const names = scenario.checks.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined)
    complain(
      "checks",
      `two checks are called ${showValue(twice)}.`,
      'Rename one: { ...linearizable("kv"), name: "kv-linearizable" }.',
    );
  if ((scenario.targets ?? []).length > 0 && scenario.watch === undefined)
    complain(
      "targets",
      "are declared, and there is no watch that gives them.",
      'watch returns { targets: { leader: () => ["n1"] } }.',
    );
  const disk = [...OPERATIONS, ...OPERATIONS.map((name) => `${name}-done`)] as readonly string[];
  const stray = scenario.faults.points?.disk?.findIndex((name) => !disk.includes(name)) ?? -1;
  if (stray >= 0) {
    const name = scenario.faults.points!.disk![stray]!;
    complain(
      `faults.points.disk[${stray}]`,
      `no disk operation ${showValue(name)}.`,
      suggestion(name, disk, "Operations"),
    );
  }
  for (const [name, spec] of Object.entries(scenario.settings ?? {})) requireSetting(name, spec, complain);
}

function requireSetting(name: string, spec: SettingShape, complain: Complain): void {
  const at = `settings.${name}`;
  if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name))
    complain(at, "is a name that --set cannot give.", "Use letters, digits, and the signs _ . - after a letter.");
  if (spec.kind === "integer") {
    if (spec.min > spec.max) complain(`${at}.min`, `${spec.min} is above max, which is ${spec.max}.`, SEE);
    if (spec.isLogarithmic === true && spec.min < 1)
      complain(
        `${at}.min`,
        `${spec.min} is below 1, from which a logarithmic range starts.`,
        "Raise it, or leave isLogarithmic out.",
      );
  }
  const rule = COMMON_RULES[name];
  if (rule === undefined) return;
  const isFit =
    spec.kind === "choice"
      ? spec.of.every(rule.fits)
      : spec.kind === "integer"
        ? rule.fits(spec.min) && rule.fits(spec.max)
        : rule.isBoolean === true;
  if (!isFit)
    complain(
      at,
      `every run has this setting: expected ${rule.expected}.`,
      "docs/scenarios.md says what the common settings mean.",
    );
}

type Rule = { readonly expected: string; readonly fits: (value: unknown) => boolean; readonly isBoolean?: true };

const integerRule = (min: number, max: number): Rule => ({
  expected: `integers from ${min} to ${max}`,
  fits: (value) => typeof value === "number" && Number.isInteger(value) && value >= min && value <= max,
});
const wordRule = (words: readonly string[]): Rule => ({
  expected: `a choice of ${words.join(", ")}`,
  fits: (value) => words.includes(String(value)),
});
const BOOLEAN: Rule = { expected: "true or false", fits: (value) => typeof value === "boolean", isBoolean: true };

/** What the values of the settings that every run has must be, whatever a scenario or --set makes of them. */
export const COMMON_RULES: { readonly [name: string]: Rule | undefined } = {
  nodes: integerRule(1, HOSTS_MAX),
  clients: integerRule(1, HOSTS_MAX),
  chaosUs: integerRule(1, US_MAX),
  latencyUs: integerRule(1, US_MAX),
  hasFaults: BOOLEAN,
  healing: wordRule(["all", "core"]),
  ties: wordRule(["random", "pct"]),
  isBuggified: BOOLEAN,
};
