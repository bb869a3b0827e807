/**
 * A run's trouble: what was thrown while it ran, by whom, and the property that fails for it. The one place that tells the user's errors from
 * the tool's: a run in trouble fails, and all others go on; only what is neither the scenario's nor its system's is a bug in the tool.
 */
import { ScenarioError } from "../scenarios/scenario-error.ts";
import { isEngineLimit, SimulationError } from "../sim/world.ts";
import { describeThrown, isFromUserCode, placeOf } from "./place.ts";

/** A function of the scenario threw, or returned what nobody can use. */
export const SCENARIO_PROPERTY = "scenario-error";
/** The code of a host left the simulation: real time or I/O came back into it, or the engine's stack was exhausted. */
export const SYSTEM_PROPERTY = "system-error";

export type Trouble = {
  readonly property: typeof SCENARIO_PROPERTY | typeof SYSTEM_PROPERTY;
  readonly lines: readonly string[];
  /** False: the digest at this point says nothing, because what happened was not decided by the seed alone. */
  readonly isOfSeed: boolean;
};

/** Null for an error that is neither the scenario's nor its system's. */
export function troubleOf(error: unknown): Trouble | null {
  if (error instanceof ScenarioError) return { property: SCENARIO_PROPERTY, lines: describe(error), isOfSeed: true };
  if (isEngineLimit(error)) {
    const lines = [
      `${describeThrown(error)}: the engine's stack or memory was exhausted.`,
      "Does a function call itself without end?",
    ];
    return { property: SYSTEM_PROPERTY, lines, isOfSeed: false };
  }
  if (error instanceof SimulationError) {
    const place = placeOf(error);
    const lines = place === null ? [error.message] : [error.message, `at ${place}`];
    return { property: SYSTEM_PROPERTY, lines, isOfSeed: false };
  }
  if (!isFromUserCode(error)) return null;
  const lines = [`code of the scenario threw ${describeThrown(error)}`];
  return { property: SCENARIO_PROPERTY, lines, isOfSeed: true };
}

function describe({ part, what, cause }: ScenarioError): string[] {
  if (what !== null) return `${part}: ${what}`.split("\n");
  const line = `${part} threw ${describeThrown(cause)}`;
  // A program in the place of what makes it is called with a name for a host.
  return part === "node()"
    ? [line, "node makes the program of a node: node: () => program, not node: program."]
    : [line];
}
