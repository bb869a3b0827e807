/**
 * Trouble of a scenario: one of its functions threw, or returned what nobody can use. It is the trouble of the run that asked, which
 * fails with the property `scenario-error`; other runs go on.
 */
import { SimulationError } from "../sim/world.ts";

/** A SimulationError, so that a world in whose events it is thrown ends instead of blaming the host whose event it was. */
export class ScenarioError extends SimulationError {
  /** The function that is to blame, and the place in what it returned: "operations()[3].afterUs". */
  readonly part: string;
  /** What was wrong with what it returned; null when it threw, and then `cause` is what it threw. */
  readonly what: string | null;
  constructor(part: string, what: string | null, cause?: unknown) {
    super(`${part}: ${what ?? `threw ${cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause)}`}`);
    this.name = "ScenarioError";
    this.part = part;
    this.what = what;
    this.cause = cause;
  }
}
