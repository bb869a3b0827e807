import { expect, test } from "vitest";
import { withNodeEngine } from "../runtime/engine.ts";
import { Random } from "../sim/random.ts";
import { directedPlan } from "./directed.ts";
import { makeChatter } from "./fixtures/chatter.ts";
import { FAULT_KINDS, type FaultKind } from "./kinds.ts";
import { Nemesis } from "./nemesis.ts";

const NODES = ["n1", "n2", "n3"];

function effectsOf(kind: FaultKind, seed: string): Promise<number> {
  const options = { nodes: NODES, clients: [], groups: ["rack1"], targets: [], atUs: 150_000 };
  const plan = directedPlan(kind, { random: new Random(seed, "directed"), ...options });
  return withNodeEngine({}, async (engine) => {
    const { control } = makeChatter({ seed, engine }, NODES, ["rack1"]);
    const nemesis = new Nemesis(control, plan, { nodes: NODES, lastingHarmMax: 1 });
    nemesis.start();
    await control.run(1_250_000);
    nemesis.healAll();
    return nemesis.stats()[kind]?.effective ?? 0;
  });
}

test.each(FAULT_KINDS)("the directed plan of %s shows its effect", async (kind) => {
  for (const seed of ["a", "b"]) expect(await effectsOf(kind, seed)).toBeGreaterThan(0);
});

test("a group-crash without groups is refused", () => {
  const options = { nodes: NODES, clients: [], groups: [], targets: [], atUs: 1 };
  expect(() => directedPlan("group-crash", { random: new Random("a", "b"), ...options })).toThrow(RangeError);
});
