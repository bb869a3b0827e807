/** Which runs a campaign is asked for. */
import { randomBytes } from "node:crypto";
import * as path from "node:path";
import type { PlannedRun } from "../../campaign/campaign.ts";
import { type Cataloged, selectScenarios } from "../../campaign/catalog.ts";
import { corpusRuns } from "../../campaign/corpus.ts";
import { demandInput } from "../../campaign/demand-input.ts";
import { UsageError } from "../../campaign/errors.ts";
import { resolveInput } from "../../campaign/execute.ts";
import { directedRuns, narrowToKinds } from "../../campaign/planned.ts";
import type { RunInput } from "../../campaign/result.ts";
import { readLines, type RunLine, runKey } from "../../campaign/run-line.ts";
import { campaignIn, latestFolder, type StoredCampaign } from "../../campaign/store.ts";
import { FAULT_KINDS, type Plan, undeclaredTriggers } from "../../nemesis/index.ts";
import { ScenarioError } from "../../scenarios/scenario-error.ts";
import { pairs, readJson, type Seeds, seedsOf, words } from "../arguments.ts";
import type { CampaignArguments } from "./campaign.ts";

/** For each scenario that is named. */
const SEEDS_DEFAULT = 60;
/**
 * Where none is named the scenarios share about so many runs, so that a new one makes the default campaign no longer: a minute or two on two
 * cores.
 */
const RUNS_DEFAULT = 600;

/** Every run is planned before the first starts: more would fill the memory. */
const RUNS_MAX = 1_000_000;

export type Prepared = {
  readonly selected: readonly Cataloged[];
  readonly runs: readonly PlannedRun[];
  readonly base: string | null;
  /** The seeds as the summary names them. */
  readonly text: string;
  readonly isExact: boolean;
};

type Notice = (message: string) => void;

/** `base` is that of a campaign to go on with. Throws UsageError for anything that is wrong with the flags. */
export async function prepareRuns(args: CampaignArguments, base: string | null, notice: Notice): Promise<Prepared> {
  const asked = seedsOf(args.seed, args.seeds, SEEDS_DEFAULT);
  const kinds = args.nemesis === undefined ? null : words("--nemesis", args.nemesis, FAULT_KINDS);
  const settings = pairs("--set", args.set);
  if (args.lastFailed) return prepareLastFailed(args, kinds, notice);
  const chosen = await select(args.scenarios, args.all, args.grep);
  const selected = narrowed(chosen, kinds, notice);
  const isShared = args.seed.length === 0 && args.seeds === undefined && args.scenarios.length === 0;
  const seeds = isShared ? { ...asked, count: sharedCount(selected.length) } : asked;
  const usedBase = seeds.kind === "counted" ? (base ?? args.base ?? randomBytes(4).toString("hex")) : null;
  const count = (seeds.kind === "exact" ? seeds.seeds.length : seeds.count) * selected.length;
  if (count > RUNS_MAX) {
    throw new UsageError(
      `--seeds: ${count} runs (${selected.length} scenarios) are more than one campaign takes, ${RUNS_MAX}. Use several, each with a --base of its own.`,
    );
  }
  const input = inputOf(args, settings);
  const seedList = seedListOf(seeds, usedBase);
  for (const entry of selected) demand(entry, input(entry, seedList[0] ?? "0"), args.plan);
  if (args.plan !== undefined) warnOfTriggers(selected, args.plan, notice);
  const runs: PlannedRun[] = [];
  const isOpen = seeds.kind === "counted" && args.plan === undefined && args.set.length === 0 && kinds === null;
  if (isOpen) {
    runs.push(...corpusRuns(selected, { notice }));
    // What a newcomer sees first: each kind of fault at work, one by one.
    if (args.seeds === undefined && args.scenarios.length === 0) runs.push(...directedRuns(selected, usedBase ?? ""));
  }
  for (const seed of seedList) {
    for (const entry of selected) runs.push({ entry, input: input(entry, seed), isCorpus: false });
  }
  const text = seeds.kind === "exact" ? seeds.text : String(seeds.count);
  return { selected, runs, base: usedBase, text, isExact: seeds.kind === "exact" };
}

function sharedCount(scenarioCount: number): number {
  return Math.min(SEEDS_DEFAULT, Math.ceil(RUNS_DEFAULT / scenarioCount));
}

function warnOfTriggers(selected: readonly Cataloged[], planFile: string, notice: Notice): void {
  const plan = readJson(planFile);
  for (const entry of selected) for (const warning of triggerWarnings(entry, plan, planFile)) notice(warning);
}

function select(names: readonly string[], isAll: boolean, grep: string | undefined): Promise<Cataloged[]> {
  return selectScenarios({ arguments: names, isAll, ...(grep === undefined ? {} : { grep }) });
}

/** The input of a run, by scenario and seed, as the flags of this call want it. */
function inputOf(
  args: CampaignArguments,
  settings: { readonly [name: string]: string },
): (entry: Cataloged, seed: string) => RunInput {
  const plan = args.plan === undefined ? undefined : readJson(args.plan);
  return (entry, seed) => {
    const open = { seed, settings, ...(plan === undefined ? {} : { plan }) };
    // A runner knows the scenario with all its kinds: with --nemesis the plan is drawn here.
    return args.nemesis === undefined || plan !== undefined ? open : { ...open, ...drawnPlan(entry, open) };
  };
}

/** Errors of plan and settings come to light before any process is started. */
function demand(entry: Cataloged, input: RunInput, planFile: string | undefined): void {
  demandInput(entry.scenario, input, { settings: "--set", plan: planFile ?? "plan.json" });
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

function narrowed(
  entries: readonly Cataloged[],
  kinds: readonly string[] | null,
  notice: Notice,
): readonly Cataloged[] {
  if (kinds === null) return entries;
  const found = narrowToKinds(entries, kinds);
  for (const message of found.notices) notice(message);
  return found.entries;
}

function seedListOf(seeds: Seeds, base: string | null): readonly string[] {
  if (seeds.kind === "exact") return seeds.seeds;
  return Array.from({ length: seeds.count }, (_, i) => `${base}/${i}`);
}

/** What failed in the last campaign, of the scenarios of this call or, without any, of the scenarios of that one. */
async function prepareLastFailed(
  args: CampaignArguments,
  kinds: readonly string[] | null,
  notice: Notice,
): Promise<Prepared> {
  const { campaign, failed, folder } = lastFailed(notice);
  const isOwn = args.scenarios.length > 0;
  const before = campaign.flags["scenarios"];
  const names = isOwn ? args.scenarios : Array.isArray(before) ? before.map(String) : [];
  const grep = args.grep ?? (isOwn ? undefined : (campaign.flags["grep"] as string | undefined));
  const isAll = args.all || (!isOwn && campaign.flags["all"] === true);
  const chosen = await (isOwn ? select(names, isAll, grep) : selectOfLast(folder, names, isAll, grep));
  const selected = narrowed(chosen, kinds, notice);
  for (const flag of ["set", "plan", "nemesis"] as const) {
    const then = JSON.stringify(campaign.flags[flag] ?? []);
    if (then !== "[]" && (args[flag] === undefined || args[flag].length === 0))
      notice(`--last-failed: the last campaign had --${flag} ${then}, this one has not.`);
  }
  const input = inputOf(args, pairs("--set", args.set));
  const runs: PlannedRun[] = [];
  const keys = new Set(failed.map(keyOfLine));
  const special = [...directedRuns(selected, campaign.base ?? ""), ...corpusRuns(selected)];
  for (const run of special) {
    const key = runKey(run.entry.scenario.name, run.input.seed, run.corpusId);
    if (keys.delete(key)) runs.push(run);
  }
  for (const line of failed) {
    const entry = selected.find(({ scenario }) => scenario.name === line.scenario);
    if (entry === undefined || !keys.has(keyOfLine(line)) || line.isCorpus) continue;
    const wanted = input(entry, line.seed);
    demand(entry, wanted, args.plan);
    runs.push({ entry, input: wanted, isCorpus: false });
  }
  noticeLeftOut(failed, runs, isOwn || args.grep !== undefined ? selected : null, notice);
  const used = selected.filter((entry) => runs.some((run) => run.entry === entry));
  return { selected: used, runs, base: null, text: "that failed last", isExact: true };
}

/** Throws UsageError that names campaign.json: what the last campaign was asked for is gone, or the file was edited. */
async function selectOfLast(
  folder: string,
  names: readonly string[],
  isAll: boolean,
  grep: string | undefined,
): Promise<Cataloged[]> {
  try {
    return await select(names, isAll, grep);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    throw new UsageError(
      `${path.join(folder, "campaign.json")}: flags: ${error.message} Name the scenarios beside --last-failed.`,
    );
  }
}

/** Failures that are not run again; `chosen` are the scenarios that this call names, when it names any. */
function noticeLeftOut(
  failed: readonly RunLine[],
  runs: readonly PlannedRun[],
  chosen: readonly Cataloged[] | null,
  notice: Notice,
): void {
  const again = new Set(runs.map(({ entry, input, corpusId }) => runKey(entry.scenario.name, input.seed, corpusId)));
  for (const line of failed) {
    if (again.has(keyOfLine(line))) continue;
    const isKnown = chosen?.some(({ scenario }) => scenario.name === line.scenario) ?? true;
    if (!isKnown) continue;
    const why = line.isCorpus ? "the corpus has it no longer" : "its scenario is not among those of this campaign";
    notice(`--last-failed: ${line.scenario}, seed ${JSON.stringify(line.seed)}, is left out: ${why}.`);
  }
}

function keyOfLine({ scenario, seed, corpusId }: RunLine): string {
  return runKey(scenario, seed, corpusId);
}

/** Also of a campaign that was interrupted: every result is stored as it comes. */
function lastFailed(notice: Notice): {
  readonly folder: string;
  readonly campaign: StoredCampaign;
  readonly failed: readonly RunLine[];
} {
  const folder = latestFolder(process.cwd());
  if (folder === null) throw new UsageError("--last-failed: there is no campaign in .seedbed/runs/latest.");
  const campaign = campaignIn(folder);
  const results = path.join(folder, "results.jsonl");
  const { lines } = readLines(results, () =>
    notice(`${results}: the last line is torn: whether its run failed is not known.`),
  );
  return { folder, campaign, failed: lines.filter(({ verdict }) => verdict === "failed") };
}
