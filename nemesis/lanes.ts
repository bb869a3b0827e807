/**
 * Lanes: what of a host only one fault can have at a time. A second one must wait until the first is healed, or its heal would
 * undo the other's work. Kills and pauses need no lane: the state of the machine says what can happen to it.
 */
import { familyOf } from "./kinds.ts";
import type { Fault } from "./plan.ts";

/** Null: any number of such faults may be on one host; they add up. */
export function laneOf(fault: Fault, host: string): string | null {
  switch (fault.kind) {
    case "clock-drift":
    case "clock-rho":
      return `${host}/drift`;
    case "clock-strobe":
    case "clock-freeze":
    case "clock-backward":
      return `${host}/wall`;
    default:
      return familyOf(fault.kind) === "disk" ? `${host}/${fault.kind}` : null;
  }
}
