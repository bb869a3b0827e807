/** What must come true after healing: a run waits for it, no longer than its bound, and fails with the reason. */
import { expect, test } from "vitest";
import { type Eventually, type Scenario, scenario } from "../scenarios/scenario.ts";
import { run } from "./execute.ts";

/** One node that reports to be settled a while after its boot; clients do nothing that matters. */
function settling(settledAtUs: number, withinUs: number): Scenario {
  return scenario({
    name: "settling",
    title: "a node that settles late",
    settings: { nodes: { kind: "choice", of: [1], about: "nodes" } },
    node: () => (host) => {
      host.timers.after(settledAtUs, () => host.observe("settled", () => null));
    },
    client: () => ({ invoke: async () => ({ type: "ok" }) }),
    operations: () => [{ process: 0, afterUs: 0, f: "noop", value: null }],
    faults: { kinds: [] },
    watch: (control) => {
      let isSettled = false;
      control.world.onObservation("settled", () => {
        isSettled = true;
      });
      const claim: Eventually = {
        name: "settles",
        withinUs,
        pending: () => (isSettled ? null : "the node is not settled"),
      };
      return { eventually: [claim] };
    },
    checks: [],
  });
}

test("a claim that comes true within its bound holds, and the run ends soon after", async () => {
  const result = await run(settling(8_000_000, 6_000_000), { seed: "1" });
  expect(result.properties.find(({ name }) => name === "settles")?.verdict).toBe("valid");
  expect(result.verdict).toBe("held");
  expect(result.virtualUs).toBeLessThan(8_200_000);
});

test("a claim that does not come true within its bound fails the run, with the reason", async () => {
  const result = await run(settling(60_000_000, 2_000_000), { seed: "1" });
  expect(result.verdict).toBe("failed");
  expect(result.properties.find(({ name }) => name === "settles")).toMatchObject({
    verdict: "invalid",
    reason: "2000 ms after healing it does not hold: the node is not settled",
  });
});

test("without monitors a run waits in the same way, so that its digest is the same, but nothing is judged", async () => {
  const watched = await run(settling(8_000_000, 6_000_000), { seed: "1" });
  const alone = await run(settling(8_000_000, 6_000_000), { seed: "1" }, { hasMonitors: false });
  expect([alone.digest, alone.virtualUs]).toEqual([watched.digest, watched.virtualUs]);
  const late = await run(settling(60_000_000, 2_000_000), { seed: "1" }, { hasMonitors: false });
  for (const { properties } of [alone, late]) expect(properties.map(({ name }) => name)).not.toContain("settles");
});
