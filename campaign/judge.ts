/** From what a run left to its verdict: every property with its own, the worst of them for the run, and the numbers of its floors. */
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "../scenarios/checks.ts";
import type { Limits, Scenario, ScenarioContext, Watch } from "../scenarios/scenario.ts";
import type { Properties } from "../sim/properties.ts";
import type { FaultWindow, PropertyResult, RunVerdict } from "./result.ts";
import { type RunValidation, SPECIFICATION_PROPERTY } from "./validation.ts";

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
};

type Named = { readonly name: string; readonly verdict: Verdict; readonly monitor: boolean };

export function judge(evidence: Evidence): Judged {
  const { history, watch } = evidence;
  const named: Named[] = evidence.isSpecificationAlone ? [] : allButSpecification(evidence);
  if (evidence.validation !== null)
    named.push({ name: SPECIFICATION_PROPERTY, verdict: evidence.validation.verdict(), monitor: true });
  const counts = { ...measure(history, evidence.windows), ...watch.counts?.() };
  const thin = evidence.isSpecificationAlone ? null : tooFewOperations(evidence, counts["completed"]!);
  if (thin !== null && !named.some(({ verdict }) => verdict.kind === "invalid")) named.push(thin);
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

function tooFewOperations({ scenario }: Evidence, completed: number): Named | null {
  const name = "enough-operations";
  const floor = scenario.floors?.operationsMin ?? 1;
  if (completed >= floor) return null;
  const reason = `only ${completed} operations completed; below ${floor} a pass means nothing`;
  return { name, verdict: unknownVerdict(name, completed, reason), monitor: false };
}

function allButSpecification(evidence: Evidence): Named[] {
  const { scenario, context, history, watch, limits } = evidence;
  const named: Named[] = [];
  for (const { name, check } of scenario.checks) {
    const verdict = check({
      ...context,
      history,
      stepsMax: Math.floor(limits.checkerStepsMax / scenario.checks.length),
    });
    named.push({ name, verdict, monitor: false });
  }
  for (const monitor of watch.monitors ?? [])
    named.push({ name: monitor.name, verdict: monitor.verdict(), monitor: true });
  named.push(...claims(evidence));
  if (evidence.liveness !== null)
    named.push({ name: evidence.liveness.checker, verdict: evidence.liveness, monitor: false });
  else if (scenario.livenessOperations !== undefined && evidence.bounds.length === 0) {
    named.push({
      name: "liveness",
      verdict: validVerdict("liveness", history.length),
      monitor: false,
    });
  }
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
function measure(history: readonly HistoryEvent[], windows: readonly FaultWindow[]): { [name: string]: number } {
  let completed = 0;
  let invoked = 0;
  let inWindow = 0;
  for (const event of history) {
    if (event.type === "invoke") {
      invoked++;
      if (windows.some(({ startUs, endUs }) => event.timeUs >= startUs && event.timeUs < endUs)) inWindow++;
    } else if (event.type === "ok") completed++;
  }
  return { completed, invoked, invokedInFaultWindow: inWindow, hottestKeyConcurrency: hottestConcurrency(history) };
}

/** The largest number of operations outstanding at once on one key; what stays pending for ever counts until the same host's next. */
function hottestConcurrency(history: readonly HistoryEvent[]): number {
  const outstanding = new Map<string, number>();
  let most = 0;
  for (const event of history) {
    const key = event.key ?? "";
    const now = (outstanding.get(key) ?? 0) + (event.type === "invoke" ? 1 : -1);
    outstanding.set(key, now);
    if (now > most) most = now;
  }
  return most;
}
