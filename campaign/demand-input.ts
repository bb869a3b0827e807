/** Settings and plan of an input, checked before any process is started: what is wrong with them is told by the place they came from. */
import { PlanError } from "../nemesis/index.ts";
import { ScenarioError } from "../scenarios/scenario-error.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { SettingError } from "../scenarios/settings.ts";
import { UsageError, WorkloadError } from "./errors.ts";
import { resolveInput } from "./execute.ts";
import type { RunInput } from "./result.ts";

/** How messages call the parts: the names of flags, or of fields of a repro. */
export type InputPlaces = { readonly settings: string; readonly plan: string; readonly workload?: string };

/** What a repro calls its parts. */
export function reproPlaces(where: string): InputPlaces {
  return { settings: `${where}: input.settings`, plan: `${where}: input.plan`, workload: `${where}: input.workload` };
}

/** Throws UsageError. Trouble of the scenario's own functions is left to its runs: they fail of it, and say so. */
export function demandInput(scenario: Scenario, input: RunInput, places: InputPlaces): void {
  try {
    resolveInput(scenario, input);
  } catch (error) {
    if (error instanceof ScenarioError) return;
    throw asUsageError(error, places);
  }
}

/** Errors of settings, plans and workloads become errors of usage that name their place; others stay as they are. */
export function asUsageError(error: unknown, places: InputPlaces): unknown {
  if (error instanceof SettingError) return new UsageError(`${places.settings}: ${error.message}`);
  if (error instanceof PlanError) return new UsageError(error.message.replace(/^plan\.json/, () => places.plan));
  if (error instanceof WorkloadError && places.workload !== undefined)
    return new UsageError(error.message.replace(/^workload/, () => places.workload!));
  return error;
}
