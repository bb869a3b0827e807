/**
 * A campaign: many runs on many processes, written down as they come.
 *
 * Order: corpus, directed plans, then the seeds, one of each scenario in turn, so that a campaign that is cut short has seen all of
 * them. Results do not depend on the order or on the number of workers; reports sort by scenario and seed.
 */
import * as fs from "node:fs";
import * as path from "node:path";
import { Aggregate, type CampaignTotals, type ScenarioReport } from "./aggregate.ts";
import type { Cataloged } from "./catalog.ts";
import { firstDifference } from "./divergence.ts";
import { EXIT, UsageError, worstExit } from "./errors.ts";
import { isSampled } from "./execute.ts";
import { Pool, type PoolResult } from "./pool.ts";
import type { FailureDetails, Job } from "./protocol.ts";
import { makeRepro, Provenance, readRepro } from "./repro.ts";
import type { RunInput } from "./result.ts";
import { type RunLine, runKey } from "./run-line.ts";
import { type ScenarioPlace, scenarioPlace } from "./scenario-place.ts";
import { toolVersion } from "./sources.ts";
import type { FailedRun, Store } from "./store.ts";
import { SYSTEM_PROPERTY } from "./trouble.ts";
import { hasSpecification, isValidated, type ValidationMode } from "./validation.ts";

export type PlannedRun = {
  readonly entry: Cataloged;
  readonly input: RunInput;
  readonly isCorpus: boolean;
  /** Which repro of the corpus it is: two of them may have one seed. */
  readonly corpusId?: string;
};

export type CampaignOptions = {
  readonly scenarios: readonly Cataloged[];
  readonly runs: readonly PlannedRun[];
  /** Lines of an interrupted campaign: their runs are not done again. */
  readonly finished?: readonly RunLine[];
  readonly base: string | null;
  readonly seedsText: string;
  /** The seeds were asked for one by one: a campaign that ends before one of them was run has not held. Default: false. */
  readonly isExact?: boolean;
  readonly workers: number;
  readonly runMsMax?: number;
  readonly residentMbMax?: number;
  readonly timeLimitMs?: number;
  readonly failuresMax?: number;
  readonly isVerifyingAll?: boolean;
  /** False: leave the monitors out. */
  readonly hasMonitors?: boolean;
  /** The plan of the runs was given to see it at work: a scenario in none of whose runs it struck makes the campaign unknown. */
  readonly isPlanGiven?: boolean;
  /** Which runs are validated against the specification of their scenario. Default: a sample. */
  readonly validation?: ValidationMode;
  readonly store: Store | null;
  readonly bug?: { readonly id: string; readonly patch: string };
  readonly execPath?: string;
  readonly onEvent?: (event: CampaignEvent) => void;
  /** Ends the campaign when it fires; results so far are kept. */
  readonly signal?: AbortSignal;
};

export type CampaignEvent =
  | { readonly type: "run"; readonly line: RunLine; readonly done: number; readonly total: number }
  | {
      readonly type: "failure";
      readonly line: RunLine;
      readonly details: FailureDetails;
      /** Where the scenario stands, when it is one of the user's. */
      readonly place?: ScenarioPlace;
    }
  | { readonly type: "divergence"; readonly scenario: string; readonly seed: string; readonly difference: string }
  | { readonly type: "notice"; readonly message: string };

export type CampaignReport = {
  readonly tool: "seedbed";
  readonly version: string;
  readonly verdict: "held" | "failed" | "unknown";
  readonly base: string | null;
  readonly seeds: string;
  readonly workers: number;
  readonly determinism: { readonly checked: number; readonly differed: number };
  readonly sometimesMissed: readonly string[];
  /** Why a plan that was given says nothing about a scenario: none of its faults ever struck there. The campaign is unknown. */
  readonly vacuous?: readonly string[];
  /** Why runs that were planned were not run; absent when all were. */
  readonly stopped?: StopReason;
  readonly interrupted?: true;
  readonly scenarios: readonly ScenarioReport[];
  readonly totals: CampaignTotals;
  readonly residentMbPeak: number;
};

/** `time`: --time-limit; `failures`: --bail or --max-failures; `interrupted`: a signal. */
export type StopReason = "time" | "failures" | "interrupted";

const RUN_MS_MAX = 30_000;
const RESIDENT_MB_MAX = 900;
/** Traces are recorded for the first failures only: each costs a second execution and some megabytes. */
const TRACES_MAX = 20;
const DETAILS_MAX = 200;

export async function runCampaign(options: CampaignOptions): Promise<{ report: CampaignReport; exitCode: number }> {
  return new Campaign(options).run();
}

class Campaign {
  readonly #options: CampaignOptions;
  readonly #aggregate: Aggregate;
  readonly #provenance: Provenance = new Provenance();
  readonly #digests: Map<string, string | null> = new Map();
  readonly #runs: Map<number, PlannedRun> = new Map();
  readonly #again: Job[] = [];
  readonly #traces: Job[] = [];
  #stopReason: StopReason | null = null;
  #failure: Error | null = null;
  /** Errors that are neither the system's nor the scenario's. */
  readonly #bugs: Error[] = [];
  #done = 0;
  #failed = 0;
  #detailsWritten = 0;
  #nextId = 0;
  #pool: Pool | null = null;
  #residentPeak = 0;

  constructor(options: CampaignOptions) {
    this.#options = options;
    this.#aggregate = new Aggregate(options.scenarios.map(({ scenario }) => scenario.name));
    // Hashed now: a file that is edited while the campaign runs is not what was run.
    for (const { ref } of options.scenarios) this.#provenance.sources(ref.file);
  }

  async run(): Promise<{ report: CampaignReport; exitCode: number }> {
    const options = this.#options;
    const startMs = performance.now();
    for (const line of options.finished ?? []) this.#count(line);
    const finished = new Set(this.#digests.keys());
    const todo = options.runs.filter((run) => !finished.has(keyOf(run)));
    const jobs = todo.map((run) => this.#job(run));
    this.#traceFinished();
    if (this.#failed >= (options.failuresMax ?? Number.POSITIVE_INFINITY)) this.#stop("failures");
    const stop = (): void => this.#stop("interrupted");
    options.signal?.addEventListener("abort", stop);
    const timer = options.timeLimitMs === undefined ? null : setTimeout(() => this.#stop("time"), options.timeLimitMs);
    try {
      if (this.#stopReason === null)
        await this.#withPool(options.workers, (job, result) => this.#onResult(job, result), jobs);
      if (this.#stopReason !== "interrupted") await this.#afterwards();
    } finally {
      if (timer !== null) clearTimeout(timer);
      options.signal?.removeEventListener("abort", stop);
    }
    if (this.#failure !== null) throw this.#failure;
    return this.#conclude(performance.now() - startMs);
  }

  #job(run: PlannedRun): Job {
    const id = this.#nextId++;
    this.#runs.set(id, run);
    const { hasMonitors = true, validation = "sampled" } = this.#options;
    // What once failed is looked at in every way there is.
    const { scenario: of } = run.entry;
    const isWanted = run.isCorpus && validation === "sampled" && hasSpecification(of);
    const isValidating = isValidated(isWanted ? "all" : validation, of, run.input.seed);
    const { ref: scenario } = run.entry;
    return { id, scenario, input: run.input, hasMonitors, isDeepChecking: false, isTracing: false, isValidating };
  }

  async #withPool(
    workers: number,
    onResult: (job: Job, result: PoolResult) => void,
    jobs: readonly Job[],
  ): Promise<void> {
    if (jobs.length === 0 || this.#stopReason === "interrupted" || this.#failure !== null) return;
    const { failuresMax, timeLimitMs } = this.#options;
    const mayStop = failuresMax !== undefined || timeLimitMs !== undefined;
    const pool = new Pool({
      workers,
      // A campaign that may stop early hands out one run at a time, so that little is run after it should have.
      ...(mayStop ? { sentMax: 1 } : {}),
      runMsMax: this.#options.runMsMax ?? RUN_MS_MAX,
      residentMbMax: this.#options.residentMbMax ?? RESIDENT_MB_MAX,
      ...(this.#options.execPath === undefined ? {} : { execPath: this.#options.execPath }),
      onResult: (job, result) => this.#guarded(() => onResult(job, result)),
    });
    this.#pool = pool;
    try {
      await pool.run(jobs);
    } finally {
      this.#residentPeak = Math.max(this.#residentPeak, pool.residentBytesPeak);
      pool.close();
      this.#pool = null;
    }
  }

  /** What fails while a result is taken in (a full disk, say) ends the campaign and is thrown from `run`. */
  #guarded(take: () => void): void {
    if (this.#failure !== null) return;
    try {
      take();
    } catch (error) {
      this.#failure = error instanceof Error ? error : new Error(String(error));
      this.#pool?.close();
    }
  }

  #stop(reason: StopReason): void {
    this.#stopReason ??= reason;
    if (reason === "interrupted") {
      this.#stopReason = reason;
      this.#pool?.close();
    } else this.#pool?.dropWaiting();
  }

  #onResult(job: Job, result: PoolResult): void {
    if (result.type === "error") {
      this.#onError(job, result);
      return;
    }
    if (result.type === "killed") {
      // The machine may have been busy, or a neighbour greedy: such a run gets a second chance, alone.
      this.#again.push(job);
      return;
    }
    this.#record(job, this.#lineOf(job, result), result.details);
  }

  /** Wrong input ends the campaign, as every run has it; a bug of ours is told, and the other runs go on. */
  #onError(job: Job, result: Extract<PoolResult, { type: "error" }>): void {
    const error = this.#errorOf(job, result);
    if (error instanceof UsageError) throw error;
    this.#bugs.push(error);
    const reason = `a bug in the tool: ${error.message}\n${result.stack}`;
    this.#record(job, this.#lineWithout(job, { name: "internal-error", reason }), null);
  }

  #errorOf(job: Job, result: { readonly name: string; readonly message: string; readonly stack: string }): Error {
    if (["UsageError", "SettingError", "PlanError"].includes(result.name)) return new UsageError(result.message);
    const error = new Error(`${job.scenario.name}, seed ${job.input.seed}: ${result.message}`);
    error.stack = result.stack;
    return error;
  }

  #lineOf(job: Job, result: Extract<PoolResult, { type: "done" }>): RunLine {
    const { summary } = result;
    // What is not known can be looked at again as well; beyond the limit nothing is kept.
    const isKept = summary.verdict !== "held" && this.#detailsWritten < DETAILS_MAX;
    const repro = summary.verdict === "failed" || isKept ? this.#reproPath(job) : null;
    return {
      scenario: summary.scenario,
      seed: summary.seed,
      verdict: summary.verdict,
      digest: summary.digest,
      events: summary.events,
      virtualUs: summary.virtualUs,
      wallMs: result.wallMs,
      operations: summary.operations,
      faults: summary.faults,
      planned: summary.planned,
      unstruck: countsBy(summary.unstruck.map(({ code }) => code)),
      counts: summary.counts,
      sometimes: summary.sometimes,
      marks: summary.marks,
      properties: summary.properties.filter(({ verdict }) => verdict !== "valid"),
      ...(summary.specification === undefined ? {} : { specification: summary.specification }),
      ...this.#corpusOf(job),
      repro,
    };
  }

  #reproPath(job: Job): string | null {
    const folder = this.#options.store?.failureFolder(this.#failedRun(job));
    return folder === undefined ? null : path.join(folder, "repro.json");
  }

  #failedRun(job: Job): FailedRun {
    return { scenario: job.scenario.name, seed: job.input.seed, ...this.#corpusId(job) };
  }

  #corpusOf(job: Job): Pick<RunLine, "isCorpus" | "corpusId"> {
    return { isCorpus: this.#runs.get(job.id)?.isCorpus ?? false, ...this.#corpusId(job) };
  }

  #corpusId(job: Job): { readonly corpusId?: string } {
    const corpusId = this.#runs.get(job.id)?.corpusId;
    return corpusId === undefined ? {} : { corpusId };
  }

  #digestOf(job: Job): string | null | undefined {
    const run = this.#runs.get(job.id);
    return run === undefined ? undefined : this.#digests.get(keyOf(run));
  }

  #record(job: Job, line: RunLine, details: FailureDetails | null): void {
    if (line.verdict !== "held" && details !== null && this.#detailsWritten < DETAILS_MAX) {
      this.#detailsWritten++;
      this.#writeFailure(job, details);
    }
    this.#options.store?.append(line);
    this.#count(line);
    this.#options.onEvent?.({ type: "run", line, done: this.#done, total: this.#options.runs.length });
    if (line.verdict === "failed") {
      if (details !== null) {
        const place = scenarioPlace(job.scenario);
        this.#options.onEvent?.({ type: "failure", line, details, ...(place === null ? {} : { place }) });
      }
      if (this.#traces.length < TRACES_MAX && details !== null)
        this.#traces.push({ ...job, input: details.result.input, isTracing: true });
      if (this.#failed >= (this.#options.failuresMax ?? Number.POSITIVE_INFINITY)) this.#stop("failures");
    }
  }

  #count(line: RunLine): void {
    this.#done++;
    if (line.verdict === "failed") this.#failed++;
    this.#aggregate.add(line);
    this.#digests.set(runKey(line.scenario, line.seed, line.corpusId), line.digest);
  }

  #writeFailure(job: Job, details: FailureDetails): void {
    const repro = makeRepro(job.scenario, details.result, this.#provenance, this.#options.bug);
    this.#options.store?.writeFailure(this.#failedRun(job), {
      "repro.json": `${JSON.stringify(repro, null, 1)}\n`,
      "history.jsonl": details.history.map((event) => `${JSON.stringify(event)}\n`).join(""),
      "verdict.json": `${JSON.stringify({ properties: details.result.properties, verdicts: details.verdicts, faultWindows: details.faultWindows }, null, 1)}\n`,
    });
  }

  /** Failures from before the interruption whose trace was still to be recorded. */
  #traceFinished(): void {
    const { finished = [], runs, store } = this.#options;
    const failed = new Set(
      finished
        .filter(({ verdict }) => verdict === "failed")
        .map(({ scenario, seed, corpusId }) => runKey(scenario, seed, corpusId)),
    );
    if (store === null || failed.size === 0) return;
    for (const run of runs) {
      if (this.#traces.length >= TRACES_MAX) return;
      if (!failed.has(keyOf(run))) continue;
      const job = this.#job(run);
      const folder = store.failureFolder(this.#failedRun(job));
      const repro = path.join(folder, "repro.json");
      if (!fs.existsSync(repro) || fs.existsSync(path.join(folder, "trace.jsonl"))) continue;
      this.#traces.push({ ...job, input: readRepro(repro).input, isTracing: true });
    }
  }

  /** Second chances, traces of failures, and second executions: each in processes of their own. */
  async #afterwards(): Promise<void> {
    await this.#withPool(1, (job, result) => this.#onSecondChance(job, result), this.#again);
    await this.#withPool(1, (job, result) => this.#onTrace(job, result), this.#traces);
    await this.#verify();
  }

  #onSecondChance(job: Job, result: PoolResult): void {
    if (result.type === "error") {
      this.#onError(job, result);
      return;
    }
    if (result.type === "done") {
      this.#record(job, this.#lineOf(job, result), result.details);
      return;
    }
    const reason = `${result.reason}, twice, the second time alone`;
    this.#record(job, { ...this.#lineWithout(job, { name: "bounded", reason }), reason: result.reason }, null);
  }

  /** The line of a run that left nothing but the reason why nothing is known. */
  #lineWithout(job: Job, { name, reason }: { readonly name: string; readonly reason: string }): RunLine {
    return {
      scenario: job.scenario.name,
      seed: job.input.seed,
      verdict: "unknown",
      digest: null,
      events: 0,
      virtualUs: 0,
      wallMs: 0,
      operations: { ok: 0, fail: 0, info: 0 },
      faults: {},
      counts: {},
      sometimes: {},
      marks: {},
      properties: [{ name, verdict: "unknown", reason, monitor: false }],
      ...this.#corpusOf(job),
      repro: null,
    };
  }

  #onTrace(job: Job, result: PoolResult): void {
    if (result.type !== "done" || result.details === null) return;
    const lines = result.details.trace.map((line) => `${line}\n`).join("");
    this.#options.store?.writeFailure(this.#failedRun(job), { "trace.jsonl": lines });
    if (result.summary.digest !== this.#digestOf(job)) this.#diverged(job, null);
  }

  async #verify(): Promise<void> {
    const { runs, isVerifyingAll } = this.#options;
    const jobs = runs
      .filter((run) => {
        const digest = this.#digests.get(keyOf(run));
        const isWanted = isVerifyingAll === true || isSampled(run.entry.scenario.name, run.input.seed);
        return isWanted && digest !== undefined && digest !== null;
      })
      .map((run) => ({ ...this.#job(run), isDeepChecking: isSampled(run.entry.scenario.name, run.input.seed) }))
      .reverse();
    const differing: Job[] = [];
    await this.#withPool(
      Math.min(this.#options.workers, Math.max(1, Math.floor(jobs.length / 8))),
      (job, result) => {
        if (result.type === "error") this.#bugs.push(this.#errorOf(job, result));
        if (result.type !== "done") return;
        this.#aggregate.determinism.checked++;
        const leak = result.summary.properties.find(({ name }) => name === SYSTEM_PROPERTY);
        if (leak !== undefined) this.#diverged(job, `The second execution ended with ${leak.name}: ${leak.reason}`);
        else if (result.summary.digest !== this.#digestOf(job)) differing.push(job);
      },
      jobs,
    );
    for (const job of differing) await this.#explain(job);
  }

  /** Runs a differing seed twice more with traces, in two processes, to name the first event that differs. */
  async #explain(job: Job): Promise<void> {
    const traces: (readonly string[])[] = [];
    for (let i = 0; i < 2; i++) {
      const take = (_job: Job, result: PoolResult): void => {
        if (result.type === "done") traces.push(result.details?.trace ?? []);
      };
      await this.#withPool(1, take, [{ ...job, isTracing: true, isDeepChecking: i === 1 && job.isDeepChecking }]);
    }
    this.#diverged(job, traces.length === 2 ? firstDifference(traces[0]!, traces[1]!) : null);
  }

  #diverged(job: Job, difference: string | null): void {
    this.#aggregate.determinism.differed++;
    this.#options.onEvent?.({
      type: "divergence",
      scenario: job.scenario.name,
      seed: job.input.seed,
      difference:
        difference ??
        "Two traced executions agree with each other: what differs depends on tracing or on the runs before.",
    });
  }

  #conclude(wallMs: number): { report: CampaignReport; exitCode: number } {
    const options = this.#options;
    const missing = options.runs.filter((run) => !this.#digests.has(keyOf(run)));
    const notRun = new Map<string, number>();
    for (const { entry } of missing) notRun.set(entry.scenario.name, (notRun.get(entry.scenario.name) ?? 0) + 1);
    const scenarios = this.#aggregate.scenarios(notRun);
    const totals = this.#aggregate.totals(wallMs, missing.length);
    const { determinism } = this.#aggregate;
    const isInterrupted = this.#stopReason === "interrupted";
    const vacuous = options.isPlanGiven === true ? scenarios.flatMap(idlePlan) : [];
    const isUnknown = totals.unknown > 0 || vacuous.length > 0 || this.#isPromiseOpen(missing, scenarios);
    const verdict = totals.failed > 0 ? "failed" : isUnknown ? "unknown" : "held";
    const report: CampaignReport = {
      tool: "seedbed",
      version: toolVersion(),
      verdict,
      base: options.base,
      seeds: options.seedsText,
      workers: options.workers,
      determinism: { checked: determinism.checked, differed: determinism.differed },
      sometimesMissed: this.#aggregate.sometimesMissed(),
      ...(vacuous.length === 0 ? {} : { vacuous }),
      ...(missing.length > 0 && this.#stopReason !== null ? { stopped: this.#stopReason } : {}),
      ...(isInterrupted ? { interrupted: true as const } : {}),
      scenarios,
      totals,
      residentMbPeak: Math.round(this.#residentPeak / 1048576),
    };
    const codes: number[] = [{ held: EXIT.held, failed: EXIT.failed, unknown: EXIT.unknown }[verdict]];
    if (isInterrupted) codes.push(EXIT.interrupted);
    if (this.#bugs.length > 0) codes.push(EXIT.internal);
    if (determinism.differed > 0) codes.push(EXIT.nondeterminism);
    if (totals.runs + scenarios.reduce((sum, { corpusRuns }) => sum + corpusRuns, 0) === 0 && !isInterrupted)
      codes.push(EXIT.nothingMatched);
    return { report, exitCode: worstExit(codes) };
  }

  /** Whether something that was asked for by name was never looked at: a seed, a repro of the corpus, a whole scenario. */
  #isPromiseOpen(missing: readonly PlannedRun[], scenarios: readonly ScenarioReport[]): boolean {
    if (missing.some(({ isCorpus }) => isCorpus || this.#options.isExact === true)) return true;
    return scenarios.some(({ runs, notRun }) => runs === 0 && notRun > 0);
  }
}

function keyOf({ entry, input, corpusId }: PlannedRun): string {
  return runKey(entry.scenario.name, input.seed, corpusId);
}

function countsBy(words: readonly string[]): { readonly [word: string]: number } {
  const counts: Record<string, number> = {};
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1;
  return counts;
}

/** A sentence where the runs of a scenario had faults planned and none of them ever struck. */
function idlePlan({ name, plans }: ScenarioReport): string[] {
  const unstruck = Object.values(plans.unstruck).reduce((sum, count) => sum + count, 0);
  if (plans.faults === 0 || unstruck < plans.faults) return [];
  const reasons = Object.entries(plans.unstruck).map(([code, count]) => `${count} ${code}`);
  const why = reasons.join(", ");
  return plans.faults === 1
    ? [`the one fault planned for ${name} never struck (${why})`]
    : [`none of the ${plans.faults} faults planned for ${name} struck (${why})`];
}
