/** The table at the end of a campaign: within 80 columns, and what is nobody's trouble only where more was asked for. */
import type { ChalkInstance } from "chalk";
import type { ScenarioReport } from "../campaign/aggregate.ts";
import type { CampaignReport } from "../campaign/campaign.ts";
import type { MissCode } from "../nemesis/index.ts";
import { compact, counted, grouped, table } from "./style.ts";

export type SummaryWish = { readonly isVerbose: boolean };

const WIDTH_MAX = 80;

export function formatSummary(report: CampaignReport, style: ChalkInstance, { isVerbose }: SummaryWish): string[] {
  const { totals, scenarios } = report;
  const lines = ["", ...scenarioTable(scenarios)];
  const faults = faultLines(scenarios);
  if (faults.length > 0) lines.push("", ...faults);
  const plans = scenarios.flatMap(planLines);
  if (plans.length > 0) lines.push("", ...plans);
  const floors = isVerbose ? scenarios.flatMap(floorLines) : [];
  if (floors.length > 0) lines.push("", ...floors);
  lines.push("");
  for (const scenario of scenarios) lines.push(...specificationLines(scenario, style));
  const { checked, differed } = report.determinism;
  if (checked > 0 || differed > 0) {
    const result = differed === 0 ? "all digests equal" : style.red(`${differed} differed`);
    lines.push(`determinism: ${counted(checked, "run")} executed again in another process, ${result}`);
  }
  if (report.sometimesMissed.length > 0) {
    lines.push(
      style.yellow(
        `never reached: ${report.sometimesMissed.join(", ")} (no run saw these: the campaign is blind there)`,
      ),
    );
  }
  lines.push(...scenarios.flatMap((scenario) => unknownLines(scenario, style)));
  for (const reason of report.vacuous ?? []) lines.push(style.yellow(`unknown: ${reason}`));
  for (const line of notRunLines(report)) lines.push(style.yellow(line));
  const word = {
    held: style.green.bold("held"),
    failed: style.red.bold("failed"),
    unknown: style.yellow.bold("unknown"),
  }[report.verdict];
  const base = report.base === null ? "" : `, base ${report.base}`;
  lines.push(
    `${report.interrupted === true ? "interrupted: " : ""}${word}: ${counted(totals.runs, "run")}, ${totals.failed} failed, ${totals.unknown} unknown ` +
      `in ${(totals.wallMs / 1000).toFixed(1)} s (seeds ${report.seeds}${base})`,
    `${compact(totals.eventsPerSecond)} events/s, ${grouped(totals.virtualSecondsPerSecond)} virtual s per second, ${counted(report.workers, "worker")}`,
  );
  return lines;
}

const STOPPED_BY = {
  time: "stopped by --time-limit",
  failures: "stopped by --bail or --max-failures",
  interrupted: "interrupted",
};

/** What was asked for and not run; nothing when all was. */
export function notRunLines({ stopped, scenarios, totals }: CampaignReport): string[] {
  if (stopped === undefined) return [];
  const planned = totals.notRun + scenarios.reduce((sum, { runs, corpusRuns }) => sum + runs + corpusRuns, 0);
  const cut = scenarios.filter(({ notRun }) => notRun > 0);
  const parts = cut.map(({ name, notRun, runs, corpusRuns }) =>
    runs + corpusRuns === 0
      ? `${name} not at all`
      : `${name} ${grouped(notRun)} of ${grouped(notRun + runs + corpusRuns)}`,
  );
  return [
    `${STOPPED_BY[stopped]}: ${grouped(totals.notRun)} of ${counted(planned, "run")} were not run (${parts.join(", ")})`,
  ];
}

/** Runs against their specification, and the actions that the runs said nothing about. */
function specificationLines({ name, specification }: ScenarioReport, style: ChalkInstance): string[] {
  if (specification === undefined) return [];
  const { module, runs, mismatches, steps, neverMatched } = specification;
  const result = mismatches === 0 ? "no mismatch" : style.red(counted(mismatches, "mismatch", "mismatches"));
  const line = `specification: ${counted(runs, "run")} of ${name} compared with ${module}: ${grouped(steps)} steps, ${result}`;
  if (neverMatched.length === 0) return [line];
  return [line, ...wrapped("  actions that did not occur in these runs: ", neverMatched, ", ")];
}

function scenarioTable(scenarios: readonly ScenarioReport[]): string[] {
  const head = ["scenario", "runs", "failed", "unknown", "events", "ok", "fail", "info"];
  const rows = scenarios.map((scenario) => [
    scenario.name,
    grouped(scenario.runs + scenario.corpusRuns),
    grouped(scenario.failed),
    grouped(scenario.unknown),
    compact(scenario.events),
    compact(scenario.operations.ok),
    compact(scenario.operations.fail),
    compact(scenario.operations.info),
  ]);
  return table([head, ...rows]);
}

/** Every kind with how often it struck and how often that made a difference, over all scenarios. */
function faultLines(scenarios: readonly ScenarioReport[]): string[] {
  const sums = new Map<string, { injected: number; effective: number }>();
  for (const { faults } of scenarios) {
    for (const [kind, { injected, effective }] of Object.entries(faults)) {
      const sum = sums.get(kind) ?? { injected: 0, effective: 0 };
      sums.set(kind, { injected: sum.injected + injected, effective: sum.effective + effective });
    }
  }
  const cells = [...sums]
    .sort(([x], [y]) => (x < y ? -1 : 1))
    .map(([kind, { injected, effective }]) => `${kind} ${grouped(effective)}/${grouped(injected)}`);
  if (cells.length === 0) return [];
  const width = Math.max(...cells.map((cell) => cell.length)) + 2;
  const columns = Math.max(1, Math.floor((WIDTH_MAX - 2) / width));
  const lines = ["faults, effective of injected:"];
  for (let i = 0; i < cells.length; i += columns) {
    lines.push(
      `  ${cells
        .slice(i, i + columns)
        .map((cell) => cell.padEnd(width))
        .join("")}`.trimEnd(),
    );
  }
  return lines;
}

const WHY: { readonly [code in MissCode]: string } = {
  "after-end": "their time was after the faults had ended",
  "point-never-reached": "no point of the name of their trigger was reached",
  "too-few-points": "too few points of their trigger were reached",
  "no-target": "their target matched no host",
  "over-budget": "the budget of harm did not cover them",
};

/** How many faults were planned, and why some of them never struck. */
function planLines({ name, plans: { faults, unstruck } }: ScenarioReport): string[] {
  const codes = Object.entries(unstruck).sort(([, x], [, y]) => y - x);
  if (codes.length === 0) return [];
  const all = codes.reduce((sum, [, count]) => sum + count, 0);
  const why = codes.map(([code, count]) => `${grouped(count)}: ${WHY[code as MissCode] ?? code}`);
  const head = `${name}: ${grouped(all)} of ${counted(faults, "planned fault")} never struck (`;
  return wrapped(head, why, "; ", ")");
}

const UNKNOWNS_SHOWN_MAX = 5;
const REASON_WIDTH_MAX = 300;

/** Why runs are unknown, each reason once, and where one of them can be looked at. */
function unknownLines({ name, unknowns }: ScenarioReport, style: ChalkInstance): string[] {
  const lines = unknowns.slice(0, UNKNOWNS_SHOWN_MAX).flatMap(({ property, reason, runs, seed, repro }) => {
    const [first = ""] = reason.split("\n");
    const cut = first.length > REASON_WIDTH_MAX ? `${first.slice(0, REASON_WIDTH_MAX - 1)}…` : first;
    const where = repro === null ? `seed ${JSON.stringify(seed)}` : `seed ${JSON.stringify(seed)}, ${repro}`;
    return [style.yellow(`unknown: ${counted(runs, "run")} of ${name}: ${property}: ${cut}`), `  first ${where}`];
  });
  const more = unknowns.length - UNKNOWNS_SHOWN_MAX;
  return more > 0 ? [...lines, `  and ${more} more reasons, in report.json`] : lines;
}

/** Whether the runs were worth their time; only for scenarios with enough runs to speak of a median. */
function floorLines(scenario: ScenarioReport): string[] {
  if (scenario.runs < 5) return [];
  const { floors, name } = scenario;
  const counts = Object.entries(floors.counts).map(
    ([count, { median, runsPerCent }]) => `${count} ${median} (in ${runsPerCent} % of runs)`,
  );
  const parts = [
    `${floors.completedMedian} operations ok`,
    `${floors.invokedInFaultWindowPerCent} % invoked during faults`,
    `${floors.effectiveFaultsMedian} effective faults`,
    `${floors.hottestKeyConcurrencyMedian} at once on the hottest key`,
    `info ${floors.infoPerCent} %`,
    `${floors.wallMsMedian} ms`,
    ...counts,
  ];
  return wrapped(`${name}, median run: `, parts, ", ");
}

/** The parts in as many lines as they need; a part that is wider alone stays whole. */
function wrapped(head: string, parts: readonly string[], separator: string, end = ""): string[] {
  const lines: string[] = [];
  let line = head;
  parts.forEach((part, i) => {
    const text = `${part}${i === parts.length - 1 ? end : separator}`;
    if (line.trim() !== "" && line.length + text.trimEnd().length > WIDTH_MAX) {
      lines.push(line.trimEnd());
      line = "    ";
    }
    line += text;
  });
  return [...lines, line];
}
