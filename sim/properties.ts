/**
 * What code under test and monitors claim about a run: safety (always), reachability (sometimes), marks, uncaught errors.
 *
 * A violation is recorded, never thrown: the system's bugs end in a verdict, not in an exception of ours.
 */
import type { PlainData } from "./host.ts";

export type Violation = {
  readonly property: string;
  readonly host: string | null;
  readonly timeUs: number;
  readonly eventIndex: number;
  readonly details: PlainData;
};

export type Uncaught = {
  readonly host: string;
  readonly incarnation: number;
  readonly timeUs: number;
  readonly eventIndex: number;
  /** For people only: messages differ between engines and never reach a digest. */
  readonly error: string;
};

const VIOLATIONS_MAX = 100;

export class Properties {
  readonly violations: Violation[] = [];
  readonly uncaught: Uncaught[] = [];
  /** Name to whether it was ever true in this run. */
  readonly sometimes: Map<string, boolean> = new Map();
  readonly marks: Map<string, number> = new Map();
  /** Called at each recorded violation; the run may want to stop. */
  onViolation: () => void = () => {};
  /** Called at each recorded uncaught error. */
  onUncaught: () => void = () => {};

  violate(violation: Violation): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push(violation);
    this.onViolation();
  }

  recordUncaught(uncaught: Uncaught): void {
    if (this.uncaught.length < VIOLATIONS_MAX) this.uncaught.push(uncaught);
    this.onUncaught();
  }

  see(name: string, isTrue: boolean): void {
    if (isTrue) this.sometimes.set(name, true);
    else if (!this.sometimes.has(name)) this.sometimes.set(name, false);
  }

  mark(name: string): void {
    this.marks.set(name, (this.marks.get(name) ?? 0) + 1);
  }
}
