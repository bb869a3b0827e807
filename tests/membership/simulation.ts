/** A simulated world with the hosts n1, n2, … of a topology that the test holds, for tests of the layers above the overlay. */
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control, type ControlOptions } from "../../sim/control.ts";
import type { Host } from "../../sim/host.ts";
import { namesUpTo, Topology } from "../../systems/membership/fake-overlay.fixture.ts";
import type { Overlay } from "../../systems/membership/overlay/overlay.ts";

export type Simulation = {
  readonly control: Control;
  readonly topology: Topology;
  readonly names: readonly string[];
  /** Runs for so long. */
  run(durationUs: number): Promise<void>;
};

export type SimulationOptions = Omit<Partial<ControlOptions>, "engine"> & { readonly nodes: number };

/** Boots the hosts n1, n2, …, then runs the script. Errors that a program did not catch fail the test. */
export function simulate(
  options: SimulationOptions,
  program: (host: Host, overlay: Overlay) => void | Promise<void>,
  script: (simulation: Simulation) => Promise<void>,
): Promise<void> {
  return withNodeEngine({ isCheckingClaims: true }, async (engine) => {
    const topology = new Topology();
    const names = namesUpTo(options.nodes);
    topology.ring(names);
    const control = new Control({ seed: "membership", isDeepChecking: true, ...options, engine });
    for (const name of names) control.addHost({ name, program: (host) => program(host, topology.overlayOf(host)) });
    for (const name of names) control.boot(name, true);
    const run = async (durationUs: number): Promise<void> => {
      await control.run(control.nowUs + durationUs);
    };
    await script({ control, topology, names, run });
    const { uncaught, violations } = control.world.properties;
    if (uncaught.length > 0) throw new Error(`${uncaught[0]!.host}: ${uncaught[0]!.error}`);
    if (violations.length > 0) throw new Error(`violated: ${violations[0]!.property}`);
  });
}
