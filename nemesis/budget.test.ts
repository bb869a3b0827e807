import fc from "fast-check";
import { expect, test } from "vitest";
import { HarmBudget } from "./budget.ts";
import { FAULT_KINDS, harmOf } from "./kinds.ts";
import type { Fault } from "./plan.ts";

const NODES = ["n1", "n2", "n3", "n4", "n5"];

function faultOf(kind: string): Fault {
  return { kind, atUs: 0, forUs: 1, hosts: ["n1"] } as unknown as Fault;
}

test("whatever strikes whom in whatever order, at most f nodes ever suffer lasting harm", () => {
  const strikes = fc.array(fc.tuple(fc.constantFrom(...FAULT_KINDS), fc.subarray(NODES, { minLength: 1 })));
  fc.assert(
    fc.property(strikes, fc.integer({ min: 0, max: 3 }), (sequence, lastingHarmMax) => {
      const budget = new HarmBudget({ lastingHarmMax, selfQuarantined: [], downMax: 5 });
      const harmed = new Set<string>();
      for (const [kind, nodes] of sequence) {
        const fault = faultOf(kind);
        const allowed = nodes.filter((node) => budget.allows(fault, node));
        const charged = budget.charge(fault, nodes);
        for (const node of charged) expect(allowed).toContain(node);
        if (harmOf(fault) === "passing") expect(charged).toEqual(nodes);
        else for (const node of charged) harmed.add(node);
      }
      expect(harmed.size).toBeLessThanOrEqual(lastingHarmMax);
      expect([...budget.harmed].sort()).toEqual([...harmed].sort());
    }),
  );
});

test("a torn write is part of a crash, garbage beside it is harm", () => {
  expect(harmOf({ kind: "disk-torn" })).toBe("passing");
  expect(harmOf({ kind: "disk-torn", reach: "sector" })).toBe("detectable");
});

test("undetectable harm needs quarantine, unless the system sees to it itself", () => {
  const budget = new HarmBudget({ lastingHarmMax: 1, selfQuarantined: ["wipe"], downMax: 5 });
  expect(budget.needsQuarantine(faultOf("disk-lost-sync"))).toBe(true);
  expect(budget.needsQuarantine(faultOf("wipe"))).toBe(false);
  expect(budget.needsQuarantine(faultOf("disk-rot"))).toBe(false);
});
