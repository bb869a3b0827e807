/** What campaign.json says was asked, and whether a campaign may be gone on with. */
import * as path from "node:path";
import type { PlannedRun } from "../../campaign/campaign.ts";
import { UsageError } from "../../campaign/errors.ts";
import { type RunLine, runKey } from "../../campaign/run-line.ts";
import { changedSources, gitCommit, hashSources, hashUserFile, type Sources } from "../../campaign/sources.ts";
import type { StoredCampaign } from "../../campaign/store.ts";
import { readJson, validationMode } from "../arguments.ts";
import type { CampaignArguments } from "./campaign.ts";
import type { Prepared } from "./campaign-runs.ts";

/** What must be the same for a campaign to be resumed: sources, and the flags that decide which runs there are and what they do. */
export function configOf(
  args: CampaignArguments,
  prepared: Prepared,
): StoredCampaign & { readonly [more: string]: unknown } {
  const { seed, seeds, set, grep, nemesis, plan, lastFailed: onlyFailed, all, monitors, scenarios } = args;
  const validation = validationMode(args.validate);
  const usedPlan = plan === undefined ? undefined : readJson(plan);
  return {
    format: 1,
    startedAt: new Date().toISOString(),
    commit: gitCommit(),
    node: process.versions.node,
    base: prepared.base,
    flags: { scenarios, seed, seeds, set, grep, nemesis, plan: usedPlan, onlyFailed, all, monitors, validation },
    sources: sourcesOf(prepared),
  };
}

/** The rooms of the tool, and each file of a user with all it imports, relative to the working folder. */
function sourcesOf({ selected }: Prepared): Sources {
  const files = new Set(selected.flatMap(({ ref }) => (ref.file === null ? [] : [ref.file])));
  return Object.assign({}, hashSources(), ...[...files].map((file) => hashUserFile(file, process.cwd()))) as Sources;
}

/** Flags beside --resume that a campaign which goes on cannot follow. */
export function demandResumable(args: CampaignArguments, campaign: StoredCampaign): void {
  if (args.lastFailed)
    throw new UsageError("--resume: a campaign of --last-failed cannot be gone on with. Start it again.");
  if (args.base !== undefined && args.base !== campaign.base) {
    const was = campaign.base === null ? "no base" : `base ${JSON.stringify(campaign.base)}`;
    throw new UsageError(`--base ${JSON.stringify(args.base)}: the campaign in ${args.resume} has ${was}.`);
  }
  if (args.out !== undefined && path.resolve(args.out) !== path.resolve(args.resume!))
    throw new UsageError("--out: results go on in the folder of --resume. Leave --out away.");
}

export function demandSameConfig(then: StoredCampaign, now: StoredCampaign, folder: string): void {
  const plain = JSON.parse(JSON.stringify(now)) as StoredCampaign;
  if (JSON.stringify(then.flags) !== JSON.stringify(plain.flags)) {
    throw new UsageError(
      `${folder} was started with other flags: ${JSON.stringify(then.flags)}. Give the same ones, with --resume.`,
    );
  }
  const changed = changedSources(then.sources, plain.sources);
  if (changed.length > 0) {
    throw new UsageError(
      `${folder} was started with other sources: ${changed.join(", ")} changed since. Its results would not mix; start a new campaign.`,
    );
  }
}

/** Every result must be of a run that the campaign has: the file may come from somewhere else. */
export function demandKnownLines(lines: readonly RunLine[], runs: readonly PlannedRun[], folder: string): void {
  const known = new Set(runs.map(({ entry, input, corpusId }) => runKey(entry.scenario.name, input.seed, corpusId)));
  lines.forEach((line, i) => {
    if (known.has(runKey(line.scenario, line.seed, line.corpusId))) return;
    const what = line.isCorpus ? "a repro of the corpus that is no longer there" : "no run of this campaign";
    throw new UsageError(
      `${path.join(folder, "results.jsonl")}: line ${i + 1} (${line.scenario}, seed ${JSON.stringify(line.seed)}) is ${what}. Remove it, or start a new campaign.`,
    );
  });
}
