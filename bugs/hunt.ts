/**
 * The hunt: how many seeds a campaign needs to find a mutant, from several starts.
 *
 * Seeds of a start are tried in their order, several at a time; the first failing one counts, whatever finished first. Monitors only watch
 * here: a run goes on after they fire, so that one pass tells both when the whole set of checks and when the client checks alone
 * would have found the bug. With `by: "specification"` neither takes part: every step of each run is judged by the scenario's
 * specification, and by nothing else.
 */
import { loadScenario } from "../campaign/catalog.ts";
import { UsageError } from "../campaign/errors.ts";
import { Pool, type PoolResult } from "../campaign/pool.ts";
import type { Job } from "../campaign/protocol.ts";
import type { PropertyResult, RunInput } from "../campaign/result.ts";
import type { ValidationMismatch } from "../campaign/validation.ts";
import { resolveSettings } from "../scenarios/settings.ts";
import type { Bug } from "./bug.ts";
import type { Mutant } from "./mutant.ts";
import { kaplanMeierMedian } from "./statistics.ts";

export type HuntJudge = "checks" | "specification";

export type HuntOptions = {
  readonly seedsMax: number;
  readonly starts: number;
  /** After the first failure of any kind, this many further seeds are tried for one that clients alone could see. */
  readonly clientSeedsMax: number;
  readonly workers: number;
  /** Who judges: all checks (the default), or the specification alone. */
  readonly by?: HuntJudge;
  readonly onProgress?: (text: string) => void;
  readonly signal?: AbortSignal;
};

export type HuntStart = {
  readonly base: string;
  readonly caught: boolean;
  /** Seeds up to and with the first failure; all that were tried when there was none. */
  readonly seeds: number;
  readonly property: string | null;
  readonly monitor: boolean;
  /** Where the first failing run left its specification; null unless the specification judged. */
  readonly mismatch: ValidationMismatch | null;
  /** The same without monitors. */
  readonly client: { readonly caught: boolean; readonly seeds: number; readonly property: string | null };
};

export type HuntResult = {
  readonly id: string;
  readonly scenario: string;
  readonly median: number | null;
  readonly medianClient: number | null;
  readonly starts: readonly HuntStart[];
};

export async function hunt(bug: Bug, mutant: Mutant, options: HuntOptions): Promise<HuntResult> {
  const scenario = await loadScenario({ name: bug.scenario, file: null });
  // A wrong setting should be told before any process starts.
  resolveSettings(scenario, "0", bug.settings ?? {});
  if (options.by === "specification" && scenario.specification === undefined)
    throw new UsageError(`${bug.id}: the scenario ${scenario.name} has no specification that could judge alone.`);
  const starts: HuntStart[] = [];
  const search = new Search(bug, mutant, options);
  try {
    for (let start = 0; start < options.starts && options.signal?.aborted !== true; start++) {
      const result = await search.from(`${bug.id}/${start}`);
      starts.push(result);
      const what = result.mismatch === null ? result.property : `${result.property}: ${result.mismatch.action}`;
      const found = result.caught ? `${what} after ${result.seeds} seeds` : `nothing in ${result.seeds} seeds`;
      options.onProgress?.(`${bug.id} start ${start + 1}/${options.starts}: ${found}`);
    }
  } finally {
    search.close();
  }
  const clients = starts.map(({ client }) => client);
  return {
    id: bug.id,
    scenario: bug.scenario,
    median: kaplanMeierMedian(starts),
    medianClient: kaplanMeierMedian(clients),
    starts,
  };
}

type Failure = {
  readonly ordinal: number;
  readonly property: string;
  readonly monitor: boolean;
  readonly mismatch: ValidationMismatch | null;
};

const RUN_MS_MAX = 30_000;
const RESIDENT_MB_MAX = 900;
const BATCH = 16;

class Search {
  readonly #bug: Bug;
  readonly #options: HuntOptions;
  readonly #pool: Pool;
  #any: Failure | null = null;
  #client: Failure | null = null;
  #error: Error | null = null;

  constructor(bug: Bug, mutant: Mutant, options: HuntOptions) {
    this.#bug = bug;
    this.#options = options;
    this.#pool = new Pool({
      workers: options.workers,
      runMsMax: RUN_MS_MAX,
      residentMbMax: RESIDENT_MB_MAX,
      entry: mutant.runnerEntry,
      onResult: (job, result) => this.#take(job, result),
    });
  }

  close(): void {
    this.#pool.close();
  }

  async from(base: string): Promise<HuntStart> {
    this.#any = null;
    this.#client = null;
    let tried = 0;
    while (tried < this.#limit()) {
      const size = Math.min(BATCH, this.#limit() - tried);
      await this.#pool.run(Array.from({ length: size }, (_, i) => this.#job(base, tried + i)));
      if (this.#error !== null) throw this.#error;
      if (this.#options.signal?.aborted === true) break;
      tried += size;
    }
    const any = this.#any as Failure | null;
    const client = this.#client as Failure | null;
    return {
      base,
      caught: any !== null,
      seeds: any === null ? tried : any.ordinal + 1,
      property: any?.property ?? null,
      monitor: any?.monitor ?? false,
      mismatch: any?.mismatch ?? null,
      client: {
        caught: client !== null,
        seeds: client === null ? tried : client.ordinal + 1,
        property: client?.property ?? null,
      },
    };
  }

  /** How many seeds are still worth trying. */
  #limit(): number {
    if (this.#any === null) return this.#options.seedsMax;
    if (this.#client !== null || this.#options.by === "specification") return 0;
    return Math.min(this.#options.seedsMax, this.#any.ordinal + 1 + this.#options.clientSeedsMax);
  }

  #job(base: string, ordinal: number): Job {
    const input: RunInput = {
      seed: `${base}/${ordinal}`,
      ...(this.#bug.settings === undefined ? {} : { settings: this.#bug.settings }),
    };
    const scenario = { name: this.#bug.scenario, file: null };
    const job = { id: ordinal, scenario, input, isDeepChecking: false, isTracing: false };
    return this.#options.by === "specification"
      ? { ...job, hasMonitors: false, isValidating: true, isSpecificationAlone: true }
      : { ...job, hasMonitors: true, goesOnAfterMonitors: true };
  }

  #take(job: Job, result: PoolResult): void {
    if (result.type === "error") {
      this.#error ??= new Error(`${this.#bug.id}, seed ${job.input.seed}: ${result.message}\n${result.stack}`);
      return;
    }
    const failed =
      result.type === "killed" ? [] : result.summary.properties.filter(({ verdict }) => verdict === "invalid");
    if (failed.length === 0) return;
    const mismatch = result.type === "done" ? (result.summary.specification?.mismatch ?? null) : null;
    this.#any = earlier(this.#any, job.id, failed.find(({ monitor }) => monitor) ?? failed[0]!, mismatch);
    const client = failed.find(({ monitor }) => !monitor);
    if (client !== undefined) this.#client = earlier(this.#client, job.id, client, null);
  }
}

function earlier(
  before: Failure | null,
  ordinal: number,
  { name: property, monitor }: PropertyResult,
  mismatch: ValidationMismatch | null,
): Failure {
  if (before !== null && before.ordinal < ordinal) return before;
  return { ordinal, property, monitor, mismatch };
}
