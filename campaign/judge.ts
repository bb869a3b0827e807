/** From what a run left to its verdict: every property with its own, the worst of them for the run, and the numbers of its floors. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { invalidVerdict, unknownVerdict } from "../scenarios/checks.ts";
import type { Limits, Scenario, ScenarioContext, Watch } from "../scenarios/scenario.ts";
import type { Properties } from "../sim/properties.ts";
import type { FaultWindow, PropertyResult, RunVerdict, Thrown } from "./result.ts";
import { type Trouble, troubleOf } from "./trouble.ts";
import { type RunValidation, SPECIFICATION_PROPERTY } from "./validation.ts";

/** Unknown when a plan that was given struck with none of its faults: the run says nothing about it. */
export const PLAN_PROPERTY = "plan-struck";

export type Judged = {
  readonly verdict: RunVerdict;
  readonly properties: readonly PropertyResult[];
  readonly verdicts: readonly { readonly name: string; readonly verdict: Verdict }[];
  readonly counts: { readonly [name: string]: number };
};

type Evidence = {
  readonly scenario: Scenario;
  readonly context: ScenarioContext;
  readonly history: readonly HistoryEvent[];
  readonly watch: Watch;
  readonly properties: Properties;
  readonly liveness: Verdict | null;
  /** What `eventually` came to, each by its name. */
  readonly eventually: readonly Verdict[];
  readonly bounds: readonly { readonly name: string; readonly reason: string }[];
  readonly windows: readonly FaultWindow[];
  readonly limits: Limits;
  readonly validation: RunValidation | null;
  readonly isSpecificationAlone: boolean;
  /** What ended the run: then nothing was seen to its end, and no check is asked. */
  readonly trouble: Trouble | null;
  /** Why none of the faults of a plan that must strike did; null when one did, or none has to. */
  readonly idlePlan: string | null;
  /** What clients threw, for a run that is too thin. */
  readonly thrown: readonly Thrown[];
};

type Named = { readonly name: string; readonly verdict: Verdict; readonly monitor: boolean };

export function judge(evidence: Evidence): Judged {
  const { history, watch, context } = evidence;
  const troubles: Trouble[] = evidence.trouble === null ? [] : [evidence.trouble];
  const named: Named[] = evidence.isSpecificationAlone ? [] : allButSpecification(evidence, troubles);
  if (evidence.validation !== null && evidence.trouble === null)
    named.push({ name: SPECIFICATION_PROPERTY, verdict: evidence.validation.verdict(), monitor: true });
  const measured = measure(history, evidence.windows, context.clients.length);
  const own = evidence.trouble === null ? inTrouble(troubles, () => watch.counts?.() ?? {}) : {};
  const counts = { ...measured, ...own };
  named.unshift(...troubles.map(troubled));
  const thin = evidence.isSpecificationAlone ? null : tooFewOperations(evidence, counts["completed"]!);
  if (!named.some(({ verdict }) => verdict.kind === "invalid")) {
    // First, as the root of what the checks could not say.
    named.unshift(...(thin === null ? [] : [thin]), ...whatIsVacuous(evidence, named));
  }
  return {
    verdict: worst(named),
    properties: named.map(({ name, verdict, monitor }) => ({
      name,
      verdict: verdict.kind,
      reason: reasonOf(verdict),
      monitor,
    })),
    verdicts: named.map(({ name, verdict }) => ({ name, verdict })),
    counts,
  };
}

/** Asks a function of the scenario; its trouble is noted, and nothing else of the judgement is lost. */
function inTrouble<T>(troubles: Trouble[], ask: () => T): T | null {
  try {
    return ask();
  } catch (error) {
    const trouble = troubleOf(error);
    if (trouble === null) throw error;
    if (!troubles.some(({ property }) => property === trouble.property)) troubles.push(trouble);
    return null;
  }
}

function troubled({ property, lines }: Trouble): Named {
  return { name: property, verdict: invalidVerdict(property, 0, lines), monitor: false };
}

/** What would make a pass say nothing: no property at all, or a plan that must strike and did not. */
function whatIsVacuous({ idlePlan, history }: Evidence, named: readonly Named[]): Named[] {
  const unknown = (name: string, reason: string): Named => ({
    name,
    verdict: unknownVerdict(name, history.length, reason),
    monitor: false,
  });
  return [
    ...(named.length === 0
      ? [unknown("something-judged", "no property was judged: there is no check, and no monitor was on")]
      : []),
    ...(idlePlan === null ? [] : [unknown(PLAN_PROPERTY, idlePlan)]),
  ];
}

function tooFewOperations({ scenario, thrown }: Evidence, completed: number): Named | null {
  const name = "enough-operations";
  const floor = scenario.floors?.operationsMin ?? 1;
  if (completed >= floor) return null;
  const [first] = thrown;
  const threw =
    first === undefined ? "" : `; invoke threw ${first.times === 1 ? "once" : `${first.times} times`} ${first.error}`;
  const reason = `only ${completed} operation${completed === 1 ? "" : "s"} completed; below ${floor} a pass means nothing${threw}`;
  return { name, verdict: unknownVerdict(name, completed, reason), monitor: false };
}

function allButSpecification(evidence: Evidence, troubles: Trouble[]): Named[] {
  const { scenario, context, history, watch, limits, trouble } = evidence;
  const named: Named[] = [];
  const add = (name: string, monitor: boolean, ask: () => Verdict): void => {
    const verdict = inTrouble(troubles, ask);
    if (verdict !== null) named.push({ name, verdict, monitor });
  };
  if (trouble === null) {
    const stepsMax = Math.floor(limits.checkerStepsMax / scenario.checks.length);
    // Each check has a list of its own: one that sorts it in place must not disturb the next.
    for (const { name, check } of scenario.checks)
      add(name, false, () => check({ ...context, history: [...history], stepsMax }));
    for (const monitor of watch.monitors ?? []) add(monitor.name, true, () => monitor.verdict());
  }
  named.push(...claims(evidence));
  if (evidence.liveness !== null)
    named.push({ name: evidence.liveness.checker, verdict: evidence.liveness, monitor: false });
  for (const verdict of evidence.eventually) named.push({ name: verdict.checker, verdict, monitor: true });
  for (const { name, reason } of evidence.bounds)
    named.push({ name, verdict: invalidVerdict(name, 0, [reason]), monitor: false });
  return named;
}

/** What the code under test claimed itself: violated `always`, and errors that nobody caught. Clients see neither. */
function claims(evidence: Evidence): Named[] {
  const { properties, scenario } = evidence;
  const named: Named[] = [];
  const seen = new Set<string>();
  for (const violation of properties.violations) {
    if (seen.has(violation.property)) continue;
    seen.add(violation.property);
    const where = `${violation.host ?? "the run"} at ${(violation.timeUs / 1000).toFixed(3)} ms (event ${violation.eventIndex})`;
    const lines = [`${where}: ${violation.property} is violated.`, JSON.stringify(violation.details)];
    named.push({
      name: violation.property,
      verdict: invalidVerdict(violation.property, 0, lines),
      monitor: true,
    });
  }
  const uncaught = properties.uncaught[0];
  if (uncaught !== undefined && scenario.uncaughtIsFailure !== false) {
    const where = `${uncaught.host} at ${(uncaught.timeUs / 1000).toFixed(3)} ms (event ${uncaught.eventIndex})`;
    const lines = [`${where} did not catch an error.`, ...uncaught.error.split("\n").slice(0, 3)];
    named.push({ name: "no-uncaught-error", verdict: invalidVerdict("no-uncaught-error", 0, lines), monitor: true });
  }
  return named;
}

function reasonOf(verdict: Verdict): string {
  if (verdict.kind === "valid") return "";
  return verdict.kind === "unknown" ? verdict.reason : verdict.evidence.lines.join("\n");
}

function worst(named: readonly Named[]): RunVerdict {
  if (named.some(({ verdict }) => verdict.kind === "invalid")) return "failed";
  return named.some(({ verdict }) => verdict.kind === "unknown") ? "unknown" : "held";
}

/** The numbers that floors are stated in. */
function measure(
  history: readonly HistoryEvent[],
  windows: readonly FaultWindow[],
  processes: number,
): { [name: string]: number } {
  let completed = 0;
  let invoked = 0;
  let inWindow = 0;
  for (const event of history) {
    if (event.type === "invoke") {
      invoked++;
      if (windows.some(({ startUs, endUs }) => event.timeUs >= startUs && event.timeUs < endUs)) inWindow++;
    } else if (event.type === "ok") completed++;
  }
  const hottestKeyConcurrency = hottestConcurrency(history, processes);
  return { completed, invoked, invokedInFaultWindow: inWindow, hottestKeyConcurrency };
}

/**
 * The largest number of operations outstanding at once on one key. What stays pending forever, as when its client host crashed, counts until the
 * next invocation of the same client: its process has a number that is larger by the number of processes.
 */
export function hottestConcurrency(history: readonly HistoryEvent[], processes: number): number {
  const outstanding = new Map<string, number>();
  /** The key of what each client has outstanding. */
  const open = new Map<number, string>();
  let most = 0;
  for (const { process, type, key = "" } of history) {
    const client = process % processes;
    const before = open.get(client);
    if (before !== undefined) outstanding.set(before, outstanding.get(before)! - 1); // it was counted when it was opened
    open.delete(client);
    if (type !== "invoke") continue;
    open.set(client, key);
    const now = (outstanding.get(key) ?? 0) + 1;
    outstanding.set(key, now);
    if (now > most) most = now;
  }
  return most;
}
