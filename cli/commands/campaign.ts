/** `seedbed campaign`: many seeds, many processes. */
import { randomBytes } from "node:crypto";
import * as path from "node:path";
import { type CampaignOptions, runCampaign } from "../../campaign/campaign.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import type { RunLine } from "../../campaign/run-line.ts";
import { linkLatest, newRunFolder, campaignIn, Store } from "../../campaign/store.ts";
import { formatJunit } from "../../report/junit.ts";
import { makeReporters, REPORTERS, type ReporterName } from "../../report/reporters.ts";
import { duration, seedsOf, validationMode, wholeNumber, words, workerCount } from "../arguments.ts";
import { makeTerminal } from "../terminal.ts";
import { configOf, demandKnownLines, demandResumable, demandSameConfig } from "./campaign-config.ts";
import { type Prepared, prepareRuns } from "./campaign-runs.ts";

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

export async function campaignCommand(args: CampaignArguments): Promise<number> {
  const terminal = makeTerminal(args);
  // Every flag is read before a folder is made or anything is printed: a mistyped one must leave no trace.
  const options = optionsOf(args);
  const reporters = makeReporters(reporterNames(args), terminal);
  demandFitting(args);
  const resumed = args.resume === undefined ? null : campaignIn(args.resume);
  if (resumed !== null) demandResumable(args, resumed);
  const notice = (message: string): void => terminal.err(`${message}\n`);
  const prepared = await prepareRuns(args, resumed?.base ?? null, notice);
  if (prepared.runs.length === 0) {
    terminal.err("Nothing matched: no scenario, or no seed, is left to run.\n");
    return EXIT.nothingMatched;
  }
  const { store, lines } = openStore(args, prepared, notice);
  if (prepared.base !== null && !args.json && !args.quiet)
    terminal.err(`base ${prepared.base}: --base ${prepared.base} repeats these seeds\n`);
  let isLinked = args.out !== undefined || args.resume !== undefined;
  const link = (): void => {
    if (isLinked) return;
    isLinked = true;
    if (!linkLatest(store.folder)) notice(`${path.join(path.dirname(store.folder), "latest")} cannot be moved here.`);
  };
  const interrupt = new AbortController();
  const onSignal = (): void => interrupt.abort();
  process.once("SIGINT", onSignal);
  process.once("SIGTERM", onSignal);
  try {
    const { report, exitCode } = await runCampaign({
      ...options,
      scenarios: prepared.selected,
      runs: prepared.runs,
      finished: lines,
      base: prepared.base,
      seedsText: prepared.text,
      isPlanGiven: args.plan !== undefined,
      isExact: prepared.isExact,
      store,
      signal: interrupt.signal,
      onEvent: (event) => {
        // With the first result there is something that `latest` can show.
        if (event.type === "run") link();
        for (const reporter of reporters) reporter.onEvent(event);
      },
    });
    store.writeFile("junit.xml", formatJunit(report));
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

/** Flags that contradict each other. */
function demandFitting(args: CampaignArguments): void {
  const seeds = seedsOf(args.seed, args.seeds, 1);
  if (args.lastFailed && (args.seed.length > 0 || args.seeds !== undefined || args.base !== undefined))
    throw new UsageError("--last-failed says which seeds are run: it cannot be given with --seed, --seeds or --base.");
  if (args.base !== undefined && seeds.kind === "exact")
    throw new UsageError(
      "--base: the seeds are given exactly, and no base goes into them. Leave it away, or give --seeds N.",
    );
  if (args.bail && args.maxFailures !== undefined)
    throw new UsageError("--bail and --max-failures cannot be given together.");
  if (args.json && args.reporter !== undefined)
    throw new UsageError("--json prints one document and nothing else: it cannot be given with --reporter.");
}

type Opened = { readonly store: Store; readonly lines: readonly RunLine[] };

/** The folder of the campaign, new or gone on with. */
function openStore(args: CampaignArguments, prepared: Prepared, notice: (message: string) => void): Opened {
  const config = configOf(args, prepared);
  if (args.resume === undefined) return { store: Store.create(folderOf(args), config), lines: [] };
  const { resume } = args;
  return Store.resume(resume, notice, (campaign, lines) => {
    demandSameConfig(campaign, config, resume);
    demandKnownLines(lines, prepared.runs, resume);
  });
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

function reporterNames(args: CampaignArguments): readonly ReporterName[] {
  if (args.json) return ["json"];
  const names = args.reporter === undefined ? ["progress"] : words("--reporter", args.reporter, REPORTERS);
  if (process.env["GITHUB_ACTIONS"] === "true" && !names.includes("github")) names.push("github");
  return [...new Set(names)] as ReporterName[];
}

function folderOf(args: CampaignArguments): string {
  return args.out === undefined
    ? newRunFolder(process.cwd(), randomBytes(3).toString("hex"), new Date())
    : path.resolve(args.out);
}
