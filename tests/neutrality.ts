/** What must not change a run: looking at it, checking it, where the engine yields. For neutrality.test.ts and its longer sibling. */
import { expect, test } from "vitest";
import { loadScenario } from "../campaign/catalog.ts";
import { run } from "../campaign/execute.ts";
import type { Scenario } from "../scenarios/scenario.ts";

export const scenarioOf = (name: string): Promise<Scenario> => loadScenario({ name, file: null });

/** Two tests for each pair of a scenario's name and a seed. */
export function testNeutrality(cases: readonly (readonly [scenario: string, seed: string])[]): void {
  test.each(cases)(
    "%s, seed %s: tracing, deep checks, monitors, validation, points of yield and a second run give one digest",
    async (name, seed) => {
      const scenario = await scenarioOf(name);
      const plain = await run(scenario, { seed });
      let bits = 12345;
      const random = (): number => (bits = (Math.imul(bits, 69069) + 1) >>> 0) >>> 16;
      const variants = {
        again: await run(scenario, { seed }),
        traced: await run(scenario, { seed }, { isTracing: true }),
        checked: await run(scenario, { seed }, { isDeepChecking: true }),
        unwatched: await run(scenario, { seed }, { hasMonitors: false }),
        validated: await run(scenario, { seed }, { isValidating: true }),
        yieldingAlways: await run(scenario, { seed }, { yieldPolicy: { every: 1 } }),
        yieldingAtRandom: await run(scenario, { seed }, { yieldPolicy: { random } }),
        neverYielding: await run(scenario, { seed }, { yieldPolicy: "never" }),
      };
      const digests = Object.fromEntries(Object.entries(variants).map(([variant, { digest }]) => [variant, digest]));
      for (const [variant, digest] of Object.entries(digests))
        expect(`${variant} ${digest}`).toBe(`${variant} ${plain.digest}`);
    },
  );

  test.each(cases)(
    "%s, seed %s: the resolved input gives the digest and the result of its seed",
    async (name, seed) => {
      const scenario = await scenarioOf(name);
      const first = await run(scenario, { seed });
      const again = await run(scenario, JSON.parse(JSON.stringify(first.input)));
      expect(again).toEqual(first);
    },
  );
}
