/** `seedbed tla validate`: one run again, with every step of its protocol judged by the scenario's specification and nothing else. */
import type { Cataloged } from "../../campaign/catalog.ts";
import { demandInput, reproPlaces } from "../../campaign/demand-input.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import type { RunInput, RunResult } from "../../campaign/result.ts";
import { specificationFolder, type ValidationResult } from "../../campaign/validation.ts";
import { counted, grouped, table } from "../../report/style.ts";
import { pairs, readJson } from "../arguments.ts";
import { makeTerminal, shellWord, toolCommand } from "../terminal.ts";
import { isReproFile, openRepro } from "./replay.ts";
import { oneScenario, type RunArguments, timed } from "./run.ts";

export type TlaValidateArguments = Omit<RunArguments, "scenario" | "validate"> & { readonly target: string };

export async function tlaValidateCommand(args: TlaValidateArguments): Promise<number> {
  const { entry, input, replay } = await chosenRun(args);
  const { scenario } = entry;
  if (scenario.specification === undefined)
    throw new UsageError(`${scenario.name} has no specification that a run could be validated against.`);
  if (specificationFolder(scenario.specification) === null)
    throw new UsageError("The specifications (tla/specs) are not part of this installation.");
  const { outcome, wallMs } = await timed(entry, input, { isValidating: true, isSpecificationAlone: true }, args.plan);
  const { result } = outcome;
  const found = result.specification;
  if (found === undefined) throw new Error("a run that was to be validated was not");
  const terminal = makeTerminal(args);
  if (args.json) {
    const { digest, events } = result;
    const seed = result.input.seed;
    const document = { scenario: scenario.name, seed, ...found, digest, events, wallMs };
    terminal.out(`${JSON.stringify(document, null, 2)}\n`);
  } else {
    for (const line of describe(found, result, replay, args.verbose, terminal.style)) terminal.out(`${line}\n`);
    terminal.err(`${counted(result.events, "event")} in ${wallMs.toFixed(0)} ms\n`);
  }
  return { valid: EXIT.held, invalid: EXIT.failed, unknown: EXIT.unknown }[found.verdict];
}

type Chosen = { readonly entry: Cataloged; readonly input: RunInput; readonly replay: string };

async function chosenRun(args: TlaValidateArguments): Promise<Chosen> {
  const { target } = args;
  if (isReproFile(target)) {
    if (args.seed !== undefined || args.set.length > 0 || args.plan !== undefined)
      throw new UsageError("tla validate of a repro takes no --seed, --set or --plan: the file holds them.");
    const { repro, entry } = await openRepro(target, undefined, () => {});
    demandInput(entry.scenario, repro.input, reproPlaces(target));
    return { entry, input: repro.input, replay: shellWord(target) };
  }
  if (args.seed === undefined)
    throw new UsageError(`tla validate ${target}: give the seed with --seed, or the path of a repro.json.`);
  const plan = args.plan === undefined ? {} : { plan: readJson(args.plan) };
  const input = { seed: args.seed, settings: pairs("--set", args.set), ...plan };
  const words = [target, "--seed", args.seed, ...args.set.flatMap((pair) => ["--set", pair])];
  if (args.plan !== undefined) words.push("--plan", args.plan);
  return { entry: await oneScenario(target), input, replay: words.map(shellWord).join(" ") };
}

function describe(
  { module, verdict, steps, matched, mismatch }: ValidationResult,
  result: RunResult,
  replay: string,
  isVerbose: boolean,
  style: ReturnType<typeof makeTerminal>["style"],
): string[] {
  const run = `${result.scenario}  seed ${JSON.stringify(result.input.seed)}`;
  const word = { valid: style.green.bold, invalid: style.red.bold, unknown: style.yellow.bold }[verdict](verdict);
  const never = Object.keys(matched).filter((action) => matched[action] === 0);
  const lines = [`${word}  ${run}: ${counted(steps, "protocol step")} that ${module} allows`];
  if (mismatch !== null) {
    const { timeUs, event, step, action, message } = mismatch;
    lines.push(
      `    then, at ${(timeUs / 1000).toFixed(3)} ms (event ${event}), "${step}", which it does not: ${action}`,
      ...message.split("\n").map((line) => `    ${line}`),
      `    ${toolCommand()} tla validate ${replay}`,
    );
    return lines;
  }
  if (verdict === "unknown") lines.push("    the run could not be followed to its end");
  if (isVerbose) {
    const rows = Object.entries(matched).map(([action, count]) => [action, grouped(count)]);
    for (const line of table([["action", "steps"], ...rows])) lines.push(`    ${line}`);
  } else {
    lines.push(`    ${Object.keys(matched).length - never.length} of its ${Object.keys(matched).length} actions`);
  }
  if (never.length > 0) lines.push(`    not in this run: ${never.join(", ")}`);
  return lines;
}
