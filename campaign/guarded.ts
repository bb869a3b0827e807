/**
 * The functions of a scenario as the run calls them: under the guards, like code on hosts. `Math.random` in `operations` then draws
 * from the seed, and `Date.now` is the time at which every run begins, so that a workload is the same in every process.
 *
 * They are synchronous and run outside of any event: a timer in one of them is an error that says so.
 */
import { GuardError, runAs } from "../runtime/guards.ts";
import type { Scenario } from "../scenarios/scenario.ts";
import { EPOCH_US } from "../sim/control.ts";
import type { HostGlobals } from "../sim/engine.ts";
import { Random } from "../sim/random.ts";

/** Functions that are called for data. What `watch` returns and schedules runs in events, or is asked between them. */
const FUNCTIONS = [
  "node",
  "operations",
  "livenessOperations",
  "finalOperations",
  "plan",
  "network",
  "disk",
  "groups",
  "watch",
] as const;

/** The same scenario with guarded functions, for a caller who holds the guards. Each draws from a stream of its own name. */
export function underGuards(scenario: Scenario, seed: string): Scenario {
  const guarded: { [name: string]: unknown } = {};
  for (const name of FUNCTIONS) {
    const real = scenario[name] as ((...args: unknown[]) => unknown) | undefined;
    if (real === undefined) continue;
    const globals = globalsOf(`${name} of scenario ${scenario.name}`, seed, name);
    guarded[name] = (...args: unknown[]) => runAs(globals, () => real.apply(scenario, args));
  }
  const checks = scenario.checks.map((check) => {
    const globals = globalsOf(`check ${check.name} of scenario ${scenario.name}`, seed, `check/${check.name}`);
    return {
      ...check,
      check: (run: Parameters<typeof check.check>[0]) => runAs(globals, () => check.check(run)),
    };
  });
  return { ...scenario, ...guarded, checks };
}

function globalsOf(who: string, seed: string, stream: string): HostGlobals {
  let random: Random | null = null;
  const globals: HostGlobals = {
    hostName: who,
    isTestSide: true,
    incarnation: 0,
    wallUs: () => EPOCH_US,
    monotonicUs: () => 0,
    uint32: () => (random ??= new Random(seed, `guarded/${stream}`)).uint32(),
    after: () => {
      throw new GuardError("A timer", globals, "it is called for data, and nothing of it runs later.");
    },
    // There is no run yet, or none any more, that the line could be part of: it goes to the terminal, where results are not.
    print: (_stream, text) => void runAs(null, () => process.stderr.write(text)),
    uncaught: (error) => {
      throw error;
    },
  };
  return globals;
}
