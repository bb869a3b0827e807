/** `seedbed replay`: run a recorded failure, or one seed, again, and say first what is not as it was. */
import * as fs from "node:fs";
import { type Cataloged, loadScenario } from "../../campaign/catalog.ts";
import { asUsageError, reproPlaces } from "../../campaign/demand-input.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { execute } from "../../campaign/execute.ts";
import { changedCode, locateScenario } from "../../campaign/locate.ts";
import { editedParts, firstInvalid, readRepro, type Repro } from "../../campaign/repro.ts";
import type { RunOutcome } from "../../campaign/result.ts";
import { hashSources, toolVersion, unhashed } from "../../campaign/sources.ts";
import { formatFailure } from "../../report/failure.ts";
import { hasSpecification, isValidated } from "../../campaign/validation.ts";
import { validationMode } from "../arguments.ts";
import { makeTerminal, shellWord, toolCommand } from "../terminal.ts";
import { exitOf, type RunArguments, runCommand, tell, tellTrace, warningsOf } from "./run.ts";

export type ReplayArguments = Omit<RunArguments, "scenario"> & {
  readonly target: string;
  /** --scenario: where the file of the repro's scenario is now. */
  readonly scenario?: string | undefined;
};

export async function replayCommand(args: ReplayArguments): Promise<number> {
  if (!isReproFile(args.target)) {
    if (args.scenario !== undefined)
      throw new UsageError(`--scenario says where the scenario of a repro is, and ${args.target} is not a repro.`);
    if (args.seed === undefined)
      throw new UsageError(`replay ${args.target}: give the seed with --seed, or the path of a repro.json.`);
    return runCommand({ ...args, scenario: args.target });
  }
  if (args.seed !== undefined || args.set.length > 0 || args.plan !== undefined) {
    throw new UsageError("replay of a repro takes no --seed, --set or --plan: the file holds them.");
  }
  const validation = validationMode(args.validate);
  const { repro, entry, differences } = await openRepro(args.target, args.scenario, (found) => {
    const terminal = makeTerminal(args);
    if (!args.json) for (const each of found) terminal.err(`${terminal.style.yellow("differs:")} ${each}\n`);
  });
  // As it was when the failure was recorded, unless the user says otherwise: a mismatch ends a run early.
  const isValidating =
    args.validate === undefined
      ? repro.isValidated === true && hasSpecification(entry.scenario)
      : isValidated(validation, entry.scenario, repro.input.seed);
  const startMs = performance.now();
  try {
    const outcome = await execute(entry.scenario, repro.input, { isTracing: args.verbose, isValidating });
    const wallMs = Math.round((performance.now() - startMs) * 1000) / 1000;
    return conclude(args, repro, { outcome, wallMs, differences });
  } catch (error) {
    throw asUsageError(error, reproPlaces(args.target));
  }
}

/** A path of a file that is no scenario file; a name of a scenario has no such ending. */
export function isReproFile(target: string): boolean {
  return /\.jsonl?$/.test(target) || (fs.existsSync(target) && !/\.[cm]?[jt]s$/.test(target));
}

export type OpenedRepro = {
  readonly repro: Repro;
  readonly entry: Cataloged;
  /** What is not as it was when it was recorded, a sentence each. */
  readonly differences: readonly string[];
};

/** Reads a repro and finds its scenario; `tell` hears what differs before the scenario is loaded. Throws UsageError. */
export async function openRepro(
  target: string,
  scenarioFile: string | undefined,
  tell: (differences: readonly string[]) => void,
): Promise<OpenedRepro> {
  const repro = readRepro(target);
  const located = locateScenario(repro, target, scenarioFile);
  const differences = [
    ...editedParts(repro).map((part) => `${part} was edited after the failure was recorded`),
    ...changedCode(repro, hashSources(), located),
    ...differencesOfMachine(repro),
    ...(repro.bug === undefined ? [] : [`it was recorded with the bug ${repro.bug.id} of the museum built in`]),
  ];
  tell(differences);
  const ref = { name: repro.scenario, file: located.file };
  const scenario = await scenarioOf(target, ref);
  const later =
    repro.isValidated === true && !hasSpecification(scenario)
      ? ["the run was validated, and the scenario has no specification here"]
      : [];
  tell(later);
  return { repro, entry: { ref, scenario }, differences: [...differences, ...later] };
}

/** Throws UsageError that names the repro too: the name in it may be what is wrong. */
async function scenarioOf(target: string, ref: Cataloged["ref"]): Promise<Cataloged["scenario"]> {
  try {
    return await loadScenario(ref);
  } catch (error) {
    throw error instanceof UsageError ? new UsageError(`${target}: scenario: ${error.message}`) : error;
  }
}

type Replayed = { readonly outcome: RunOutcome; readonly wallMs: number; readonly differences: readonly string[] };

function conclude(args: ReplayArguments, repro: Repro, { outcome, wallMs, differences }: Replayed): number {
  const terminal = makeTerminal(args);
  const { result } = outcome;
  const isSame = result.digest === repro.digest;
  const property = firstInvalid(result);
  const changed = [
    ...(result.verdict === repro.verdict ? [] : [`verdict ${result.verdict}, recorded ${repro.verdict}`]),
    ...(property === repro.property ? [] : [`property ${property ?? "none"}, recorded ${repro.property ?? "none"}`]),
  ];
  const warnings = [
    ...differences,
    ...(isSame ? [] : [`digest ${result.digest}, recorded ${repro.digest}`]),
    ...changed,
    ...warningsOf(result),
  ];
  if (args.json) terminal.out(`${JSON.stringify({ ...result, wallMs, warnings }, null, 2)}\n`);
  else {
    if (args.verbose) {
      tellTrace(terminal, outcome);
      tell(terminal, outcome);
    }
    const at = args.scenario === undefined ? "" : ` --scenario ${shellWord(args.scenario)}`;
    const replay = `${toolCommand()} replay ${shellWord(args.target)}${at}`;
    const texts = { result, verdicts: outcome.verdicts, faultWindows: outcome.faultWindows, replay };
    if (result.verdict === "held")
      terminal.out(`${terminal.style.green.bold("held")}  ${result.scenario}: it does not fail any more.\n`);
    else for (const line of formatFailure(texts, terminal.style)) terminal.out(`${line}\n`);
    terminal.out(
      isSame ? `digest ${result.digest} = recorded\n` : `digest ${result.digest}, recorded ${repro.digest}\n`,
    );
    // That it does not fail any more is said already.
    for (const each of [...(result.verdict === "held" ? [] : changed), ...warningsOf(result)])
      terminal.err(`${each}\n`);
  }
  if (isSame || differences.length > 0) return exitOf(result);
  const unsure = unhashed(repro.sources);
  if (unsure.length > 0 || repro.recorded === undefined) {
    const why =
      unsure.length > 0
        ? `whether the code is the same cannot be told (${unsure.join(", ")} could not be followed)`
        : "the repro is of an older kind that does not tell whether it was edited";
    terminal.err(`The digest is another one, and ${why}: this says nothing about determinism.\n`);
    return exitOf(result);
  }
  terminal.err(
    "Sources, input, tool and Node are the same, and yet the digest is another: this run is not deterministic. --verify-determinism shows where.\n",
  );
  return EXIT.nondeterminism;
}

function differencesOfMachine(repro: Repro): string[] {
  const differences: string[] = [];
  if (repro.tool !== toolVersion()) differences.push(`the tool is ${toolVersion()}, it was ${repro.tool}`);
  const major = (version: string): string => version.split(".")[0] ?? "";
  if (major(repro.node) !== major(process.versions.node))
    differences.push(`Node is ${process.versions.node}, it was ${repro.node}`);
  return differences;
}
