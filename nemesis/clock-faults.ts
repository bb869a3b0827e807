/** Faults of clocks. A wall clock counts when a wrong time was read, a drift when a timer was moved by it. */
import type { WallFault } from "../sim/clock.ts";
import type { ActiveFault } from "../sim/kernel.ts";
import type { ClockFault } from "./plan.ts";
import type { Executor } from "./strike.ts";

export const strikeClock: Executor<ClockFault> = (fault, { hosts }, active, { control }) => {
  if (fault.kind === "clock-drift" || fault.kind === "clock-rho") {
    for (const host of hosts) control.setDrift(host, fault.driftPpm, active);
    return () => {
      for (const host of hosts) control.setDrift(host, null, null);
    };
  }
  const heals = hosts.map((host) => control.addWallFault(host, wallFault(fault, active)));
  return () => {
    for (const heal of heals) heal();
  };
};

function wallFault(
  fault: Exclude<ClockFault, { readonly kind: "clock-drift" | "clock-rho" }>,
  active: ActiveFault,
): WallFault {
  switch (fault.kind) {
    case "clock-step":
      return { kind: "step", byUs: fault.byUs, fault: active };
    case "clock-strobe":
      return { kind: "strobe", byUs: fault.byUs, periodUs: fault.periodUs, fault: active };
    case "clock-freeze":
      return { kind: "freeze", fault: active };
    case "clock-backward":
      return { kind: "backward", fault: active };
  }
}
