/** The table at the end of a campaign. */
import type { ChalkInstance } from "chalk";
import type { ScenarioReport } from "../campaign/aggregate.ts";
import type { CampaignReport } from "../campaign/campaign.ts";
import type { MissCode } from "../nemesis/index.ts";
import { compact, counted, grouped, table } from "./style.ts";

export function formatSummary(report: CampaignReport, style: ChalkInstance): string[] {
  const { totals, scenarios } = report;
  const lines = ["", ...scenarioTable(scenarios)];
  const faults = faultLines(scenarios);
  if (faults.length > 0) lines.push("", ...faults);
  const plans = scenarios.flatMap(planLines);
  if (plans.length > 0) lines.push("", ...plans);
  const floors = scenarios.flatMap(floorLines);
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
  const result = mismatches === 0 ? "no mismatch" : style.red(`${mismatches} mismatches`);
  const line = `specification: ${counted(runs, "run")} of ${name} compared with ${module}: ${grouped(steps)} steps, ${result}`;
  if (neverMatched.length === 0) return [line];
  return [line, style.yellow(`  never matched: ${neverMatched.join(", ")} (nothing was said about these actions)`)];
}

function scenarioTable(scenarios: readonly ScenarioReport[]): string[] {
  const head = ["scenario", "runs", "held", "failed", "unknown", "events", "virtual s", "ok", "fail", "info"];
  const rows = scenarios.map((scenario) => [
    scenario.name,
    grouped(scenario.runs + scenario.corpusRuns),
    grouped(scenario.held),
    grouped(scenario.failed),
    grouped(scenario.unknown),
    compact(scenario.events),
    grouped(scenario.virtualUs / 1e6),
    grouped(scenario.operations.ok),
    grouped(scenario.operations.fail),
    grouped(scenario.operations.info),
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
  const columns = Math.max(1, Math.floor(110 / width));
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
  return [`${name}: ${grouped(all)} of ${grouped(faults)} planned faults never struck (${why.join("; ")})`];
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
  return [`${name}, median run: ${parts.join(", ")}`];
}
