/** Runs against their specification: what holds, what a false step says, and which runs are validated. */
import { describe, expect, it } from "vitest";
import type { Scenario, Specification } from "../scenarios/scenario.ts";
import type { Observation } from "../tla/index.ts";
import { loadScenario } from "./catalog.ts";
import { run } from "./execute.ts";
import { isValidated, VALIDATED_ONE_IN } from "./validation.ts";

const kv = await loadScenario({ name: "kv", file: null });
const seed = "validation/1";

/** The scenario, with observations changed on their way. */
function tampered(change: (observation: Observation) => Observation): Scenario {
  const original = kv.specification!;
  const specification: Specification = {
    ...original,
    observe: (control, context, tell) => original.observe(control, context, (observation) => tell(change(observation))),
  };
  return { ...kv, specification };
}

describe("a run of kv", () => {
  it("is a behaviour of its specification, and says how often each action was matched", async () => {
    const { specification, verdict, properties } = await run(kv, { seed }, { isValidating: true });
    expect(verdict).toBe("held");
    expect(properties).toContainEqual({ name: "specification", verdict: "valid", reason: "", monitor: true });
    expect(specification).toMatchObject({ module: "RaftTrace", verdict: "valid", mismatch: null });
    expect(specification!.steps).toBeGreaterThan(1_000);
    expect(specification!.matched["AdvanceCommit"]).toBeGreaterThan(10);
  });

  it("fails at the first step that the specification does not allow, with the guard that was false", async () => {
    let count = 0;
    const wrong = tampered((observation) => {
      if (observation.event !== "send-heartbeat" || ++count !== 5) return observation;
      const [node, to, , round] = observation.args!;
      return { ...observation, args: [node!, to!, 1_000_000, round!] };
    });
    const { specification, verdict, properties, events } = await run(wrong, { seed }, { isValidating: true });
    expect(verdict).toBe("failed");
    const { mismatch } = specification!;
    expect(mismatch).toMatchObject({ step: "send-heartbeat", action: "SendHeartbeat" });
    expect(mismatch!.at).toMatch(/^line \d+, column \d+ of module Raft$/);
    expect(mismatch!.message).toMatch(/1000000 \S+ \d+ is false$/);
    const property = properties.find(({ name }) => name === "specification")!;
    expect(property.reason).toContain("SendHeartbeat does not allow this step");
    // As with a monitor, the run ends there.
    expect(events).toBeLessThan((await run(kv, { seed })).events);
  });

  it("judged by the specification alone is asked nothing else", async () => {
    const { properties } = await run(kv, { seed }, { isValidating: true, isSpecificationAlone: true });
    expect(properties.map(({ name }) => name)).toEqual(["specification"]);
  });
});

describe("which runs are validated", () => {
  const seeds = Array.from({ length: 1_000 }, (_, i) => `seeds/${i}`);

  it("is decided by scenario and seed alone: one in so many", () => {
    const chosen = seeds.filter((each) => isValidated("sampled", kv, each));
    expect(Math.abs(chosen.length - seeds.length / VALIDATED_ONE_IN)).toBeLessThan(50);
    expect(seeds.filter((each) => isValidated("sampled", kv, each))).toEqual(chosen);
  });

  it("is all or none on request, and none where there is no specification", async () => {
    expect(isValidated("all", kv, "x")).toBe(true);
    expect(seeds.some((each) => isValidated("none", kv, each))).toBe(false);
    const lesson = await loadScenario({ name: "lesson-stale-read", file: null });
    expect(isValidated("all", lesson, "x")).toBe(false);
  });
});
