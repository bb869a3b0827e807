/** `seedbed run`: one seed, told as it happens. */
import { type Cataloged, selectScenarios } from "../../campaign/catalog.ts";
import { EXIT, UsageError } from "../../campaign/errors.ts";
import { execute, type RunOptions } from "../../campaign/execute.ts";
import type { RunInput, RunOutcome, RunResult } from "../../campaign/result.ts";
import { isValidated } from "../../campaign/validation.ts";
import { PlanError } from "../../nemesis/index.ts";
import { formatFailure } from "../../report/failure.ts";
import { counted } from "../../report/style.ts";
import { SettingError } from "../../scenarios/settings.ts";
import { formatTraceRecord } from "../../sim/trace.ts";
import { pairs, readJson, validationMode } from "../arguments.ts";
import type { Terminal } from "../../report/reporters.ts";
import { makeTerminal, shellWord, toolCommand } from "../terminal.ts";
import { triggerWarnings } from "./campaign-runs.ts";

export type RunArguments = {
  readonly scenario: string;
  readonly seed?: string | undefined;
  readonly set: readonly string[];
  readonly plan?: string | undefined;
  readonly validate?: string | false | undefined;
  readonly json: boolean;
  readonly quiet: boolean;
  readonly verbose: boolean;
  readonly color?: boolean | undefined;
};

export async function runCommand(args: RunArguments): Promise<number> {
  const terminal = makeTerminal(args);
  const entry = await oneScenario(args.scenario);
  const seed = args.seed ?? "1";
  const plan: { readonly plan?: unknown } = args.plan === undefined ? {} : { plan: readJson(args.plan) };
  const { outcome, wallMs } = await timed(
    entry,
    { seed, settings: pairs("--set", args.set), ...plan },
    {
      isTracing: args.verbose,
      isValidating: isValidated(validationMode(args.validate), entry.scenario, seed),
      mustStrike: args.plan !== undefined,
    },
    args.plan,
  );
  const { result } = outcome;
  const warnings = [...triggerWarnings(entry, plan.plan, args.plan), ...warningsOf(result)];
  if (args.json) {
    terminal.out(`${JSON.stringify({ ...result, wallMs, warnings }, null, 2)}\n`);
    return exitOf(result);
  }
  if (args.verbose) tellTrace(terminal, outcome);
  if (!args.quiet) tell(terminal, outcome);
  const replay = `${toolCommand()} replay ${shellWord(args.scenario)} --seed ${shellWord(seed)}${args.set.map((pair) => ` --set ${shellWord(pair)}`).join("")}${args.plan === undefined ? "" : ` --plan ${shellWord(args.plan)}`}`;
  if (result.verdict === "held")
    terminal.out(
      `${terminal.style.green.bold("held")}  ${result.scenario}  seed ${JSON.stringify(seed)}  digest ${result.digest}\n`,
    );
  else
    for (const line of formatFailure(
      { result, verdicts: outcome.verdicts, faultWindows: outcome.faultWindows, replay },
      terminal.style,
    ))
      terminal.out(`${line}\n`);
  if (result.specification !== undefined) {
    const { steps, module, verdict } = result.specification;
    terminal.err(`${counted(steps, "protocol step")} validated against ${module}: ${verdict}\n`);
  }
  for (const warning of warnings) terminal.err(`${warning}\n`);
  terminal.err(`${counted(result.events, "event")} in ${wallMs.toFixed(0)} ms\n`);
  return exitOf(result);
}

export function exitOf(result: RunResult): number {
  return { held: EXIT.held, failed: EXIT.failed, unknown: EXIT.unknown }[result.verdict];
}

export async function oneScenario(argument: string): Promise<Cataloged> {
  const found = await selectScenarios({ arguments: [argument], isAll: true });
  if (found.length === 1) return found[0]!;
  const names = found.map(({ scenario }) => scenario.name).join(", ");
  throw new UsageError(
    `${JSON.stringify(argument)} names ${found.length} scenarios (${names}); this command takes one.`,
  );
}

export async function timed(
  entry: Cataloged,
  input: RunInput,
  options: Pick<RunOptions, "isTracing" | "isValidating" | "isSpecificationAlone" | "mustStrike">,
  planFile?: string,
): Promise<{ outcome: RunOutcome; wallMs: number }> {
  const startMs = performance.now();
  try {
    const outcome = await execute(entry.scenario, input, options);
    return { outcome, wallMs: Math.round((performance.now() - startMs) * 1000) / 1000 };
  } catch (error) {
    if (error instanceof SettingError) throw new UsageError(`--set: ${error.message}`);
    if (error instanceof PlanError)
      throw new UsageError(planFile === undefined ? error.message : error.message.replace(/^plan\.json/, planFile));
    throw error;
  }
}

const WARNINGS_MAX = 10;

/** What a reader should know besides the verdict: faults that showed nothing or never struck, and what clients threw. */
export function warningsOf(result: RunResult): string[] {
  const warnings: string[] = [];
  for (const [kind, { injected, effective }] of Object.entries(result.faults)) {
    if (injected > 0 && effective === 0)
      warnings.push(`${kind} struck ${counted(injected, "time")} and changed nothing that anyone could see`);
  }
  const { unstruck, planned, thrown } = result;
  for (const { index, kind, reason } of unstruck.slice(0, WARNINGS_MAX))
    warnings.push(`faults[${index}] (${kind}) never struck: ${reason}`);
  if (unstruck.length > WARNINGS_MAX)
    warnings.push(`${unstruck.length} of the ${planned} faults of the plan never struck`);
  for (const { error, times } of thrown) warnings.push(`invoke threw ${counted(times, "time")}: ${error}`);
  warnings.push(...(result.unused ?? []).slice(0, WARNINGS_MAX));
  return warnings;
}

/** Event by event. */
export function tellTrace(terminal: Terminal, outcome: RunOutcome): void {
  for (const record of outcome.trace) terminal.out(`${formatTraceRecord(record)}\n`);
}

/** Settings first, so that they are on the screen before anything else is; then operations and faults in their order of time. */
export function tell(terminal: Terminal, outcome: RunOutcome): void {
  const { result, history, prints, faultWindows } = outcome;
  const settings = Object.entries(result.input.settings).map(([name, value]) => `${name}=${value}`);
  terminal.out(`settings ${settings.join(" ")}\n`);
  type Line = { timeUs: number; text: string };
  const lines: Line[] = faultWindows.flatMap(({ kind, startUs, endUs }) => [
    { timeUs: startUs, text: terminal.style.yellow(`fault ${kind}`) },
    { timeUs: endUs, text: terminal.style.yellow(`heal ${kind}`) },
  ]);
  for (const { timeUs, host, stream, text } of prints)
    lines.push({
      timeUs,
      text: `${host ?? "the scenario"} ${stream === "stdout" ? "prints" : "prints (stderr)"}: ${text}`,
    });
  for (const event of history) {
    const what = [
      event.type.padEnd(6),
      event.f,
      event.key,
      JSON.stringify(event.value),
      event.result === undefined ? "" : `-> ${JSON.stringify(event.result)}`,
      event.error === undefined ? "" : String(event.error),
    ];
    lines.push({
      timeUs: event.timeUs,
      text: `process ${event.process} ${what.filter((word) => word !== undefined && word !== "").join(" ")}`,
    });
  }
  lines.sort((x, y) => x.timeUs - y.timeUs);
  for (const { timeUs, text } of lines) terminal.out(`${(timeUs / 1000).toFixed(3).padStart(12)} ms  ${text}\n`);
}
