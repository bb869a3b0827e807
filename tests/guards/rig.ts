/** Runs a little program twice: in this Node as it is, and on a simulated host. */
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import type { Host } from "../../sim/host.ts";
import type { Print } from "../../sim/world.ts";

export type LittleProgram = () => unknown;

export type Simulated = {
  readonly value: unknown;
  readonly error: unknown;
  readonly prints: readonly Print[];
  readonly digest: string;
};

/** What the program returns or resolves with, on host n1. Errors of it come back too. */
export async function simulated(program: (host: Host) => unknown, seed = "guards"): Promise<Simulated> {
  return withNodeEngine({}, async (engine) => {
    const control = new Control({ seed, engine });
    let value: unknown = "never settled";
    let error: unknown = null;
    control.addHost({
      name: "n1",
      program: async (host) => {
        try {
          value = await program(host);
        } catch (thrown) {
          error = thrown;
        }
      },
    });
    control.boot("n1", true);
    await control.run(60_000_000);
    const { uncaught } = control.world.properties;
    if (uncaught.length > 0) error ??= new Error(uncaught[0]!.error);
    return { value, error, prints: control.world.prints, digest: control.world.digest.hex() };
  });
}

/** The value, or the name and code of the error: what must be the same in both worlds. */
export async function outcomeOf(program: LittleProgram): Promise<unknown> {
  try {
    return await program();
  } catch (error) {
    return shown(error);
  }
}

export async function simulatedOutcomeOf(program: LittleProgram): Promise<unknown> {
  const { value, error } = await simulated(program);
  return error === null ? value : shown(error);
}

export function shown(error: unknown): string {
  const { name, code, message } = error as { name?: string; code?: unknown; message?: string };
  return `${name} ${String(code)}: ${message}`;
}
