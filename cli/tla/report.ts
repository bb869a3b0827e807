/** The result of a check for people and as JSON. Never a verdict without its bounds and numbers. */
import type { ChalkInstance } from "chalk";
import { compact, counted, grouped, table } from "../../report/style.ts";
import type { ModelFiles } from "./model-files.ts";
import type { Told, ToldViolation } from "./protocol.ts";

export type Reported = { readonly files: ModelFiles; readonly told: Told; readonly wallMs: number };

export function toJson({ files, told, wallMs }: Reported): { readonly [name: string]: unknown } {
  const { verdict, distinct, total, depth, walks, notChecked, warnings, stopped, violations, scope } = told;
  return {
    spec: files.specFile,
    config: files.configFile,
    verdict,
    distinct,
    total,
    depth,
    ...(walks === undefined ? {} : { walks }),
    wallMs,
    notChecked,
    warnings,
    stopped: stopped ?? null,
    constants: scope.constants,
    checks: scope.checks,
    violations: violations.map(({ itf: _itf, place, trace, states, ...rest }) => ({
      ...rest,
      place: place ?? null,
      states: states ?? null,
      trace: trace ?? null,
    })),
  };
}

export function reportLines({ files, told, wallMs }: Reported, style: ChalkInstance): string[] {
  const word = {
    held: style.green.bold("held"),
    failed: style.red.bold("failed"),
    unknown: style.yellow.bold("unknown"),
  }[told.verdict];
  const { constants, checks } = told.scope;
  const lines = told.violations.flatMap((violation) => [...violationLines(violation, style), ""]);
  lines.push(`${word}  ${files.specFile}  (${files.configFile})`);
  if (checks.length > 0) lines.push(`    checks: ${checks.join("; ")}`);
  if (constants.length > 0) lines.push(`    with ${constants.join(", ")}`);
  lines.push(`    ${countsOf(told, wallMs)}`);
  for (const what of told.notChecked) lines.push(`    ${style.yellow("not checked")}: ${what}`);
  for (const what of told.warnings) lines.push(`    ${style.yellow("warning")}: ${what}`);
  return lines;
}

function countsOf({ total, distinct, depth, walks }: Told, wallMs: number): string {
  const seconds = wallMs / 1000;
  const speed = `${seconds.toFixed(1)} s, ${compact(total / Math.max(0.001, seconds))} states/s`;
  if (walks !== undefined)
    return `${counted(walks, "random walk")}, ${counted(total, "state")}, the longest walk ${counted(depth ?? 0, "state")}; ${speed}`;
  return `${counted(total, "state")} generated, ${grouped(distinct ?? 0)} distinct, depth ${depth}; ${speed}`;
}

function violationLines({ kind, message, trace, count }: ToldViolation, style: ChalkInstance): string[] {
  const times = count > 1 ? ` (${grouped(count)} times; the first is shown)` : "";
  const lines = [`${style.red("Error")}: ${message}${times}`];
  if (trace === undefined) return lines;
  lines.push(kind === "liveness" ? "A behaviour that shows it:" : "The behaviour up to this point:");
  return [...lines, "", trace];
}

export function coverageLines({ told }: Reported): string[] {
  const rows = told.coverage.map(({ action, span, taken, distinct }) => [
    `${action}  (${span.module}, line ${span.line})`,
    grouped(taken),
    grouped(distinct),
  ]);
  const lines = table([["action", "taken", "new states"], ...rows]);
  const never = told.coverage.filter(({ taken }) => taken === 0).map(({ action }) => action);
  if (never.length > 0) lines.push(`never taken: ${never.join(", ")}`);
  return lines;
}
