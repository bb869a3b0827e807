/** `seedbed tla`: checks TLA+ specifications with TLC's semantics, counts what their actions did, and asks TLC too. */
import * as fs from "node:fs";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { duration, wholeNumber } from "../arguments.ts";
import { makeTerminal } from "../terminal.ts";
import { compareWithTlc, differenceLines } from "../tla/compare.ts";
import { type EngineRun, exitCodeOf, runEngine } from "../tla/engine.ts";
import { findModel, type ModelArguments, type ModelFiles } from "../tla/model-files.ts";
import type { CheckMode, SimulateMode } from "../tla/protocol.ts";
import { coverageLines, reportLines, toJson } from "../tla/report.ts";
import { runTlc, type TlcResult } from "../tla/tlc.ts";

type Common = ModelArguments & {
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color?: boolean | undefined;
};
export type TlaBudget = {
  readonly timeLimit?: string | undefined;
  readonly maxDistinct?: string | undefined;
  readonly maxGenerated?: string | undefined;
  readonly maxDepth?: string | undefined;
  readonly maxMemory?: string | undefined;
};
export type TlaCheckArguments = Common &
  TlaBudget & {
    readonly continue: boolean;
    readonly depthFirst: boolean;
    readonly itf?: string | undefined;
    readonly simulate: boolean;
    readonly walks?: string | undefined;
    readonly seed?: string | undefined;
  };
export type TlaCoverageArguments = Common & TlaBudget;
export type TlaCrossCheckArguments = Common & TlaBudget;

const MIB = 1 << 20;
const MEMORY_MIB_DEFAULT = 3072;
const WALKS_DEFAULT = 1000;
const WALK_DEPTH_DEFAULT = 100;
const SEED_MAX = 0xffffffff;

export async function tlaCheckCommand(args: TlaCheckArguments): Promise<number> {
  const terminal = makeTerminal(args);
  const files = findModel(args);
  const run = await runModel(files, modeOf(args), args);
  const reported = { files, ...run };
  if (args.json) terminal.out(`${JSON.stringify(toJson(reported), null, 2)}\n`);
  else for (const line of reportLines(reported, terminal.style)) terminal.out(`${line}\n`);
  if (args.itf !== undefined) writeItf(args.itf, run, (text) => terminal.err(text));
  return exitCodeOf(run.told);
}

export async function tlaCoverageCommand(args: TlaCoverageArguments): Promise<number> {
  const terminal = makeTerminal(args);
  const files = findModel(args);
  const run = await runModel(files, { ...breadthFirst(args), continueAfterViolation: true }, args);
  const reported = { files, ...run };
  if (args.json) {
    const coverage = run.told.coverage.map(({ action, span, taken, distinct }) => ({
      action,
      module: span.module,
      line: span.line,
      taken,
      distinct,
    }));
    terminal.out(`${JSON.stringify({ ...toJson(reported), coverage }, null, 2)}\n`);
  } else {
    for (const line of [...coverageLines(reported), "", ...reportLines(reported, terminal.style)])
      terminal.out(`${line}\n`);
  }
  return exitCodeOf(run.told);
}

export async function tlaCrossCheckCommand(args: TlaCrossCheckArguments): Promise<number> {
  const terminal = makeTerminal(args);
  const files = findModel(args);
  const jar = process.env["TLA2TOOLS_JAR"];
  const ours = await runModel(files, breadthFirst(args), args);
  const reported = { files, ...ours };
  if (jar === undefined || jar === "") {
    const missing =
      "TLC was not asked: TLA2TOOLS_JAR is not set (it names tla2tools.jar of github.com/tlaplus/tlaplus).";
    if (args.json) terminal.out(`${JSON.stringify({ ...toJson(reported), tlc: null, agrees: null }, null, 2)}\n`);
    else for (const line of reportLines(reported, terminal.style)) terminal.out(`${line}\n`);
    terminal.err(`seedbed: ${missing}\n`);
    return EXIT.unknown;
  }
  if (!fs.existsSync(jar)) throw new UsageError(`TLA2TOOLS_JAR: there is no file ${JSON.stringify(jar)}.`);
  if (ours.told.stopped !== undefined) {
    for (const line of reportLines(reported, terminal.style)) terminal.err(`${line}\n`);
    terminal.err("seedbed: TLC was not asked: the engine itself came to no end.\n");
    return exitCodeOf(ours.told);
  }
  const tlc = await askTlc(files, jar);
  if (tlc === null) return EXIT.interrupted;
  const comparison = compareWithTlc(ours.told, tlc);
  if (args.json)
    terminal.out(
      `${JSON.stringify({ ...toJson(reported), tlc, agrees: comparison.agrees, differences: comparison.differences }, null, 2)}\n`,
    );
  else for (const line of differenceLines(reported, tlc, comparison, terminal.style)) terminal.out(`${line}\n`);
  return comparison.agrees === null ? EXIT.unknown : comparison.agrees ? EXIT.held : EXIT.failed;
}

/** Null if the user ended it. Throws UsageError where there is no java. */
async function askTlc(files: ModelFiles, jar: string): Promise<TlcResult | null> {
  let isInterrupted = false;
  let stop: () => void = () => {};
  const onSignal = (): void => {
    isInterrupted = true;
    stop();
  };
  process.on("SIGINT", onSignal);
  try {
    const tlc = await runTlc(files, jar, (end) => (stop = end));
    return isInterrupted ? null : tlc;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== "ENOENT" && code !== "EACCES") throw error;
    throw new UsageError(`TLC needs java, which cannot be started (${code}).`);
  } finally {
    process.off("SIGINT", onSignal);
  }
}

function runModel(files: ModelFiles, mode: CheckMode | SimulateMode, args: Common & TlaBudget): Promise<EngineRun> {
  const terminal = makeTerminal({ ...args, quiet: args.quiet || args.json });
  const { spec, folders, config, configFile } = files;
  const timeLimitMs = args.timeLimit === undefined ? undefined : duration("--time-limit", args.timeLimit);
  // Results alone go to stdout with --json; else what a specification prints is a result too.
  const onPrint = (text: string): void => (args.json ? terminal.err : terminal.out)(`${text}\n`);
  return runEngine(
    { spec, folders, config, configName: configFile, mode, timeLimitMs },
    { terminal, onPrint, memoryBytesMax: memoryBytesMax(args) },
  );
}

function modeOf(args: TlaCheckArguments): CheckMode | SimulateMode {
  if (!args.simulate) {
    for (const [flag, value] of [
      ["--walks", args.walks],
      ["--seed", args.seed],
    ]) {
      if (value !== undefined) throw new UsageError(`${flag} goes with --simulate.`);
    }
    return {
      ...breadthFirst(args),
      order: args.depthFirst ? "depth" : "breadth",
      continueAfterViolation: args.continue,
    };
  }
  for (const [flag, isGiven] of [
    ["--continue", args.continue],
    ["--depth-first", args.depthFirst],
    ["--max-distinct", args.maxDistinct !== undefined],
    ["--max-generated", args.maxGenerated !== undefined],
    ["--max-memory", args.maxMemory !== undefined],
  ] as const) {
    if (isGiven) throw new UsageError(`${flag} does not go with --simulate.`);
  }
  const seed = optional("--seed", args.seed, 0) ?? 1;
  if (seed > SEED_MAX) throw new UsageError(`--seed: expected at most ${SEED_MAX}, found ${seed}.`);
  return {
    kind: "simulate",
    walks: optional("--walks", args.walks, 1) ?? WALKS_DEFAULT,
    depthMax: optional("--max-depth", args.maxDepth, 1) ?? WALK_DEPTH_DEFAULT,
    seed,
  };
}

function breadthFirst(args: TlaBudget): CheckMode {
  return {
    kind: "check",
    order: "breadth",
    continueAfterViolation: false,
    distinctMax: optional("--max-distinct", args.maxDistinct, 1),
    generatedMax: optional("--max-generated", args.maxGenerated, 1),
    depthMax: optional("--max-depth", args.maxDepth, 1),
    memoryBytesMax: memoryBytesMax(args),
  };
}

function memoryBytesMax(args: TlaBudget): number {
  return (optional("--max-memory", args.maxMemory, 16) ?? MEMORY_MIB_DEFAULT) * MIB;
}

function optional(flag: string, text: string | undefined, min: number): number | undefined {
  return text === undefined ? undefined : wholeNumber(flag, text, min);
}

function writeItf(file: string, { told }: EngineRun, say: (text: string) => void): void {
  const shown = told.violations.find(({ itf }) => itf !== undefined);
  if (shown === undefined) {
    say(`seedbed: ${file} was not written: there is no counterexample.\n`);
    return;
  }
  try {
    fs.writeFileSync(file, `${JSON.stringify(shown.itf, null, 2)}\n`);
  } catch (error) {
    throw new UsageError(
      `--itf: ${file} cannot be written: ${(error as NodeJS.ErrnoException).code ?? String(error)}.`,
    );
  }
}
