/** `seedbed campaign`: many seeds, many processes. */
import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import * as path from "node:path";
import { type CampaignOptions, type PlannedRun, runCampaign } from "../../campaign/campaign.ts";
import { type Cataloged, selectScenarios } from "../../campaign/catalog.ts";
import { corpusRuns } from "../../campaign/corpus.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { resolveInput } from "../../campaign/execute.ts";
import { directedRuns, narrowToKinds } from "../../campaign/planned.ts";
import type { RunInput } from "../../campaign/result.ts";
import { gitCommit, hashSources } from "../../campaign/sources.ts";
import { linkLatest, newRunFolder, type RunLine, Store } from "../../campaign/store.ts";
import { FAULT_KINDS, type Plan, PlanError, undeclaredTriggers } from "../../nemesis/index.ts";
import { formatJunit } from "../../report/junit.ts";
import {
  dotReporter,
  githubReporter,
  jsonReporter,
  progressReporter,
  REPORTERS,
  type Reporter,
} from "../../report/reporters.ts";
import { ScenarioError } from "../../scenarios/scenario-error.ts";
import { SettingError } from "../../scenarios/settings.ts";
import { duration, pairs, type Seeds, seedsOf, validationMode, wholeNumber, words, workerCount } from "../arguments.ts";
import { makeTerminal } from "../terminal.ts";

export type CampaignArguments = {
  readonly scenarios: readonly string[];
  readonly seed: readonly string[];
  readonly seeds?: string | undefined;
  readonly base?: string | undefined;
  readonly set: readonly string[];
  readonly timeLimit?: string | undefined;
  readonly workers?: string | undefined;
  readonly bail: boolean;
  readonly maxFailures?: string | undefined;
  readonly lastFailed: boolean;
  readonly grep?: string | undefined;
  readonly nemesis?: string | undefined;
  readonly plan?: string | undefined;
  readonly reporter?: string | undefined;
  readonly out?: string | undefined;
  readonly resume?: string | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color?: boolean | undefined;
  readonly verifyDeterminism: boolean;
  readonly all: boolean;
  readonly monitors: boolean;
  readonly validate?: string | false | undefined;
};

/** Calibrated so that the default campaign takes about a minute on two cores. */
const SEEDS_DEFAULT = 60;

type Prepared = {
  readonly selected: readonly Cataloged[];
  readonly runs: readonly PlannedRun[];
  /** What the user should know before the runs. */
  readonly notices: readonly string[];
  readonly base: string | null;
  readonly text: string;
};

export async function campaignCommand(args: CampaignArguments): Promise<number> {
  const terminal = makeTerminal(args);
  const resumed =
    args.resume === undefined ? null : Store.resume(args.resume, (message) => terminal.err(`${message}\n`));
  const prepared = await prepare(args, baseOf(resumed?.campaign));
  if (prepared.runs.length === 0) {
    terminal.err("Nothing matched: no scenario, or no seed, is left to run.\n");
    return EXIT.nothingMatched;
  }
  for (const notice of prepared.notices) terminal.err(`${notice}\n`);
  if (prepared.base !== null && !args.json && !args.quiet) {
    terminal.err(`base ${prepared.base}: --base ${prepared.base} repeats these seeds\n`);
  }
  const config = configOf(args, prepared);
  if (resumed !== null) demandSameConfig(resumed.campaign, config, args.resume!);
  const store = resumed?.store ?? Store.create(folderOf(args), config);
  if (args.out === undefined && resumed === null) linkLatest(store.folder);
  const reasons = new Map<string, string>();
  const reporters = reportersOf(args, terminal);
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    const { report, exitCode } = await runCampaign({
      ...optionsOf(args),
      scenarios: prepared.selected,
      runs: prepared.runs,
      finished: resumed?.lines ?? ([] as readonly RunLine[]),
      base: prepared.base,
      seedsText: prepared.text,
      isPlanGiven: args.plan !== undefined,
      store,
      signal: interrupt.signal,
      onEvent: (event) => {
        if (event.type === "run" && event.line.verdict === "failed") {
          const reason = event.line.properties.map((property) => `${property.name}: ${property.reason}`).join("\n");
          reasons.set(`${event.line.scenario}\n${event.line.seed}`, reason);
        }
        for (const reporter of reporters) reporter.onEvent(event);
      },
    });
    store.writeFile(
      "junit.xml",
      formatJunit(report, (scenario, seed) => reasons.get(`${scenario}\n${seed}`) ?? ""),
    );
    store.writeFile("report.json", `${JSON.stringify(report, null, 2)}\n`);
    for (const reporter of reporters) reporter.onEnd(report);
    if (!args.json && !args.quiet)
      terminal.err(`results are in ${path.relative(process.cwd(), store.folder) || "."}\n`);
    return exitCode;
  } finally {
    process.off("SIGINT", onSignal);
    process.off("SIGTERM", onSignal);
    store.close();
  }
}

/** Which runs are asked for. `base` is that of a campaign to go on with. */
async function prepare(args: CampaignArguments, base: string | null): Promise<Prepared> {
  const seeds = seedsOf(args.seed, args.seeds, SEEDS_DEFAULT);
  const chosen = await selectScenarios({
    arguments: args.scenarios,
    isAll: args.all,
    ...(args.grep === undefined ? {} : { grep: args.grep }),
  });
  const narrowed =
    args.nemesis === undefined
      ? { entries: chosen, notices: [] }
      : narrowToKinds(chosen, words("--nemesis", args.nemesis, FAULT_KINDS));
  const selected = narrowed.entries;
  const usedBase = seeds.kind === "counted" ? (base ?? args.base ?? randomBytes(4).toString("hex")) : null;
  const settings = pairs("--set", args.set);
  const plan = args.plan === undefined ? undefined : readJson(args.plan);
  const seedList = seedListOf(seeds, usedBase);
  const input = (entry: Cataloged, seed: string): RunInput => {
    const open = { seed, settings, ...(plan === undefined ? {} : { plan }) };
    // A runner knows the scenario with all its kinds: with --nemesis the plan is drawn here.
    return args.nemesis === undefined || plan !== undefined ? open : { ...open, ...drawnPlan(entry, open) };
  };
  for (const entry of selected) checked(entry, () => input(entry, seedList[0] ?? "0"), args.plan);
  const wanted = args.lastFailed ? lastFailed() : null;
  const runs: PlannedRun[] = [];
  const isOpen =
    seeds.kind === "counted" &&
    plan === undefined &&
    wanted === null &&
    args.set.length === 0 &&
    args.nemesis === undefined;
  if (isOpen) {
    runs.push(...corpusRuns(selected));
    // What a newcomer sees first: each kind of fault at work, one by one.
    if (args.seeds === undefined && args.scenarios.length === 0) runs.push(...directedRuns(selected, usedBase ?? ""));
  }
  for (const seed of seedList) {
    for (const entry of selected) {
      if (wanted !== null && !wanted.has(`${entry.scenario.name}\n${seed}`)) continue;
      runs.push({ entry, input: input(entry, seed), isCorpus: false });
    }
  }
  for (const entry of wanted === null ? [] : selected) {
    for (const seed of wantedSeeds(wanted!, entry, seedList))
      runs.push({ entry, input: input(entry, seed), isCorpus: false });
  }
  const notices = [...narrowed.notices, ...selected.flatMap((entry) => triggerWarnings(entry, plan, args.plan))];
  return { selected, runs, notices, base: usedBase, text: seeds.kind === "exact" ? seeds.text : String(seeds.count) };
}

function seedListOf(seeds: Seeds, base: string | null): readonly string[] {
  if (seeds.kind === "exact") return seeds.seeds;
  return Array.from({ length: seeds.count }, (_, i) => `${base}/${i}`);
}

/** Failed seeds of the last campaign that the seed flags do not name. */
function wantedSeeds(wanted: ReadonlySet<string>, entry: Cataloged, named: readonly string[]): string[] {
  const list = new Set(named);
  const prefix = `${entry.scenario.name}\n`;
  return [...wanted]
    .filter((key) => key.startsWith(prefix))
    .map((key) => key.slice(prefix.length))
    .filter((seed) => !list.has(seed));
}

function lastFailed(): ReadonlySet<string> {
  const file = path.join(process.cwd(), ".seedbed", "runs", "latest", "report.json");
  if (!fs.existsSync(file))
    throw new UsageError("--last-failed: there is no finished campaign in .seedbed/runs/latest.");
  const report = JSON.parse(fs.readFileSync(file, "utf8")) as {
    scenarios: { name: string; failures: { seed: string }[] }[];
  };
  return new Set(report.scenarios.flatMap(({ name, failures }) => failures.map(({ seed }) => `${name}\n${seed}`)));
}

/** Errors of plan and settings come to light before any process is started. */
function checked(entry: Cataloged, input: () => RunInput, planFile: string | undefined): void {
  try {
    resolveInput(entry.scenario, input());
  } catch (error) {
    if (error instanceof PlanError)
      throw new UsageError(planFile === undefined ? error.message : error.message.replace(/^plan\.json/, planFile));
    if (error instanceof SettingError) throw new UsageError(`--set: ${error.message}`);
    // Its runs will fail of it, and say so.
    if (error instanceof ScenarioError) return;
    throw error;
  }
}

/** A plan of the kinds that are left. Where the scenario cannot give one, the run is left to fail of that. */
function drawnPlan(entry: Cataloged, open: RunInput): { readonly plan?: unknown } {
  try {
    return { plan: resolveInput(entry.scenario, open).plan };
  } catch (error) {
    if (error instanceof ScenarioError) return {};
    throw error;
  }
}

/** Triggers of a plan that wait for what the scenario does not declare. */
export function triggerWarnings({ scenario }: Cataloged, plan: unknown, file: string | undefined): string[] {
  if (plan === undefined) return [];
  // It was parsed before.
  return undeclaredTriggers(plan as Plan, scenario.faults.points ?? {}).map(
    (warning) => `${file ?? "plan"}: ${warning}`,
  );
}

export function readJson(file: string): unknown {
  let text: string;
  try {
    text = fs.readFileSync(file, "utf8");
  } catch (error) {
    throw new UsageError(`${file} cannot be read: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`);
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    throw new UsageError(`${file} is not valid JSON: ${(error as Error).message}`);
  }
}

function optionsOf(
  args: CampaignArguments,
): Pick<CampaignOptions, "workers" | "timeLimitMs" | "failuresMax" | "isVerifyingAll" | "hasMonitors" | "validation"> {
  const failuresMax = args.bail
    ? 1
    : args.maxFailures === undefined
      ? undefined
      : wholeNumber("--max-failures", args.maxFailures, 1);
  return {
    workers: workerCount(args.workers),
    ...(args.timeLimit === undefined ? {} : { timeLimitMs: duration("--time-limit", args.timeLimit) }),
    ...(failuresMax === undefined ? {} : { failuresMax }),
    isVerifyingAll: args.verifyDeterminism,
    hasMonitors: args.monitors,
    validation: validationMode(args.validate),
  };
}

function reportersOf(args: CampaignArguments, terminal: ReturnType<typeof makeTerminal>): Reporter[] {
  if (args.json) return [jsonReporter(terminal)];
  const names = args.reporter === undefined ? ["progress"] : words("--reporter", args.reporter, REPORTERS);
  if (process.env["GITHUB_ACTIONS"] === "true" && !names.includes("github")) names.push("github");
  const make: { readonly [name: string]: (() => Reporter) | undefined } = {
    progress: () => progressReporter(terminal),
    dot: () => dotReporter(terminal),
    json: () => jsonReporter(terminal),
    github: () => githubReporter(terminal),
    // junit.xml is written into the store by every campaign.
    junit: () => ({ onEvent: () => {}, onEnd: () => {} }),
  };
  return names.map((name) => make[name]!());
}

function folderOf(args: CampaignArguments): string {
  return args.out === undefined
    ? newRunFolder(process.cwd(), randomBytes(3).toString("hex"), new Date())
    : path.resolve(args.out);
}

type Config = { readonly flags: unknown; readonly base: string | null; readonly sources: unknown };

/** What must be the same for a campaign to be resumed: sources, and the flags that decide which runs there are and what they do. */
function configOf(args: CampaignArguments, prepared: Prepared): Config & { readonly [more: string]: unknown } {
  const { seed, seeds, set, grep, nemesis, plan, lastFailed: onlyFailed, all, monitors } = args;
  const validation = validationMode(args.validate);
  const files = prepared.selected.map(({ ref }) => ref.file).filter((file) => file !== null);
  return {
    format: 1,
    startedAt: new Date().toISOString(),
    commit: gitCommit(),
    node: process.versions.node,
    base: prepared.base,
    flags: {
      scenarios: args.scenarios,
      seed,
      seeds,
      set,
      grep,
      nemesis,
      plan: plan === undefined ? undefined : readJson(plan),
      onlyFailed,
      all,
      monitors,
      validation,
    },
    sources: hashSources(files),
  };
}

function baseOf(campaign: unknown): string | null {
  return (campaign as Config | undefined)?.base ?? null;
}

function demandSameConfig(before: unknown, now: Config, folder: string): void {
  const then = before as Config;
  const same = (x: unknown, y: unknown): boolean => JSON.stringify(x) === JSON.stringify(y);
  const wipe = JSON.parse(JSON.stringify(now)) as Config;
  if (!same(then.flags, wipe.flags)) {
    throw new UsageError(
      `${folder} was started with other flags: ${JSON.stringify(then.flags)}. Give the same ones, with --resume.`,
    );
  }
  const changed = Object.keys(wipe.sources as object).filter(
    (room) => !same((then.sources as Record<string, string>)[room], (wipe.sources as Record<string, string>)[room]),
  );
  if (changed.length > 0) {
    throw new UsageError(
      `${folder} was started with other sources: ${changed.join(", ")} changed since. Its results would not mix; start a new campaign.`,
    );
  }
}
