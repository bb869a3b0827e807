/** Faults of processes and machines. Their effect: a host that was up went down, or stood still. */
import type { ActiveFault } from "../sim/kernel.ts";
import type { Machine } from "../sim/machine.ts";
import type { ProcessFault } from "./plan.ts";
import type { Executor, Field } from "./strike.ts";

export const strikeProcess: Executor<ProcessFault> = (fault, { hosts }, active, field) => {
  if (fault.kind === "pause") return pause(hosts, active, field);
  const how = fault.kind === "group-crash" ? fault.how : fault.kind;
  const downed = hosts.map((name) => takeDown(name, how, active, field)).filter((machine) => machine !== null);
  return () => {
    for (const machine of downed) {
      if (field.keptDown.has(machine.name)) continue;
      machine.isHeldDown = false;
      machine.boot(false);
    }
  };
};

function takeDown(
  name: string,
  how: "kill" | "power-loss" | "wipe",
  active: ActiveFault,
  { control }: Field,
): Machine | null {
  const machine = control.host(name);
  if (machine.state === "down") return null;
  // Held before it ends, so that no supervisor boots it in between.
  machine.isHeldDown = true;
  if (how === "kill") control.kill(name, "fault");
  else if (how === "power-loss") control.powerLoss(name, "fault");
  else control.wipe(name);
  control.world.effect(active);
  return machine;
}

function pause(hosts: readonly string[], active: ActiveFault, { control }: Field): () => void {
  const paused = hosts.flatMap((name) => {
    const machine = control.host(name);
    if (!machine.pause()) return [];
    control.world.effect(active);
    return [{ machine, incarnation: machine.incarnation }];
  });
  return () => {
    // Killed while paused: the next incarnation is none of this fault's business.
    for (const { machine, incarnation } of paused) if (machine.incarnation === incarnation) machine.resume();
  };
}
