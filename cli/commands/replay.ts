/** `seedbed replay`: run a recorded failure, or one seed, again, and say first what is not as it was. */
import * as fs from "node:fs";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { loadScenario } from "../../campaign/catalog.ts";
import { readRepro, type Repro } from "../../campaign/repro.ts";
import type { RunOutcome } from "../../campaign/result.ts";
import { changedSources, hashSources, toolVersion } from "../../campaign/sources.ts";
import { formatFailure } from "../../report/failure.ts";
import { hasSpecification, isValidated } from "../../campaign/validation.ts";
import { validationMode } from "../arguments.ts";
import { makeTerminal, toolCommand } from "../terminal.ts";
import { exitOf, type RunArguments, runCommand, tell, tellTrace, timed, warningsOf } from "./run.ts";

export type ReplayArguments = Omit<RunArguments, "scenario"> & { readonly target: string };

export async function replayCommand(args: ReplayArguments): Promise<number> {
  const isFile = args.target.endsWith(".json") || (fs.existsSync(args.target) && !/\.[cm]?[jt]s$/.test(args.target));
  if (!isFile) {
    if (args.seed === undefined)
      throw new UsageError(`replay ${args.target}: give the seed with --seed, or the path of a repro.json.`);
    return runCommand({ ...args, scenario: args.target });
  }
  if (args.seed !== undefined || args.set.length > 0 || args.plan !== undefined) {
    throw new UsageError("replay of a repro takes no --seed, --set or --plan: the file holds them.");
  }
  const repro = readRepro(args.target);
  const differences = differencesOf(repro);
  const terminal = makeTerminal(args);
  if (!args.json)
    for (const difference of differences) terminal.err(`${terminal.style.yellow("differs:")} ${difference}\n`);
  const scenario = await loadScenario({ name: repro.scenario, file: repro.file });
  // As it was when the failure was recorded, unless the user says otherwise: a mismatch ends a run early.
  const isValidating =
    args.validate === undefined
      ? repro.isValidated === true && hasSpecification(scenario)
      : isValidated(validationMode(args.validate), scenario, repro.input.seed);
  const { outcome, wallMs } = await timed({ ref: { name: repro.scenario, file: repro.file }, scenario }, repro.input, {
    isTracing: args.verbose,
    isValidating,
  });
  return conclude(args, repro, { outcome, wallMs, differences });
}

type Replayed = { readonly outcome: RunOutcome; readonly wallMs: number; readonly differences: readonly string[] };

function conclude(args: ReplayArguments, repro: Repro, { outcome, wallMs, differences }: Replayed): number {
  const terminal = makeTerminal(args);
  const { result } = outcome;
  const isSame = result.digest === repro.digest;
  const warnings = [
    ...differences,
    ...(isSame ? [] : [`digest ${result.digest}, recorded ${repro.digest}`]),
    ...warningsOf(result),
  ];
  if (args.json) terminal.out(`${JSON.stringify({ ...result, wallMs, warnings }, null, 2)}\n`);
  else {
    if (args.verbose) {
      tellTrace(terminal, outcome);
      tell(terminal, outcome);
    }
    const replay = `${toolCommand()} replay ${args.target}`;
    const texts = { result, verdicts: outcome.verdicts, faultWindows: outcome.faultWindows, replay };
    if (result.verdict === "held")
      terminal.out(`${terminal.style.green.bold("held")}  ${result.scenario}: it does not fail any more.\n`);
    else for (const line of formatFailure(texts, terminal.style)) terminal.out(`${line}\n`);
    terminal.out(
      isSame ? `digest ${result.digest} = recorded\n` : `digest ${result.digest}, recorded ${repro.digest}\n`,
    );
  }
  if (isSame || differences.length > 0) return exitOf(result);
  if (!args.json) {
    terminal.err(
      "Sources, tool and Node are the same, and yet the digest is another: this run is not deterministic. --verify-determinism shows where.\n",
    );
  }
  return EXIT.nondeterminism;
}

function differencesOf(repro: Repro): string[] {
  const files = repro.file !== null && fs.existsSync(repro.file) ? [repro.file] : [];
  const differences = changedSources(repro.sources, hashSources(files)).map(
    (name) => `${name} has changed since the failure was recorded`,
  );
  if (repro.tool !== toolVersion()) differences.push(`the tool is ${toolVersion()}, it was ${repro.tool}`);
  const major = (version: string): string => version.split(".")[0] ?? "";
  if (major(repro.node) !== major(process.versions.node))
    differences.push(`Node is ${process.versions.node}, it was ${repro.node}`);
  return differences;
}
