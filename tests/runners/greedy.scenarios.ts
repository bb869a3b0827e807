/** Systems that a runner must survive: endless loops and endless growth, each from some seeds only. */
import type { Program } from "../../sim/host.ts";
import { validVerdict } from "../../scenarios/checks.ts";
import { type Scenario, scenario } from "../../scenarios/scenario.ts";

/** The seed "bad" draws a setting that arms the program. */
function greedy(name: string, misbehave: () => void | Promise<void>): Scenario {
  const program =
    (isArmed: boolean): Program =>
    async (host) => {
      await host.timers.sleep(10_000);
      if (isArmed) await misbehave();
    };
  return scenario({
    name,
    title: `a system that ${name.replace(/-/g, " ")}s`,
    settings: {
      nodes: { kind: "choice", of: [1], about: "one" },
      clients: { kind: "choice", of: [1], about: "one" },
      isArmed: { kind: "boolean", truePerMillion: 0, about: "misbehave" },
    },
    faults: { kinds: [] },
    node: (_name, { settings }) => program(settings["isArmed"] === true),
    client: () => ({ invoke: async () => ({ type: "ok" }) }),
    operations: () => Array.from({ length: 20 }, () => ({ process: 0, afterUs: 1_000, f: "noop", value: null })),
    checks: [{ name: "nothing", check: ({ history }) => validVerdict("nothing", history.length) }],
  });
}

export const syncLoop: Scenario = greedy("sync-loop", () => {
  for (;;);
});

export const promiseLoop: Scenario = greedy("promise-loop", async () => {
  for (;;) await null;
});

export const largeArray: Scenario = greedy("large-array", () => {
  const kept: unknown[] = [];
  for (;;) kept.push(new Array(10_000).fill({ kept }));
});

export const offHeap: Scenario = greedy("off-heap", async () => {
  const kept: Uint8Array[] = [];
  for (;;) {
    kept.push(new Uint8Array(8_000_000).fill(kept.length));
    await null;
  }
});
