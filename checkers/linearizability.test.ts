import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "./brute-force.ts";
import { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import { checkLinearizability } from "./linearizability.ts";
import { findFault } from "./linearizability-witness.ts";
import { CASES, type Case } from "./random-cases.test.help.ts";
import { randomHistory } from "./random-history.test.help.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

/** More cases on demand: 100,000 for each algorithm were run once. */
const GIVEN = Number(process.env["SEEDBED_CASES"] || 0);
const RUNS = GIVEN || 500;
const RUNS_SPECIAL = GIVEN || 2000;

/** A history as it is judged, and how often each answer came: a test that sees one answer only proves little. */
function tally(): { valid: number; invalid: number } {
  return { valid: 0, invalid: 0 };
}

function expectOrder(operations: readonly Operation[], ids: readonly number[] | undefined, one: Case): void {
  const order = (ids ?? []).map((id) => operations.find((operation) => operation.id === id)!);
  expect(findFault(order, operations, one.model, new Meter({ stepsMax: 1e6, bytesMax: 1e6 }))).toBeUndefined();
}

describe("the generic search", () => {
  for (const one of CASES) {
    it(`agrees with brute force on small histories: ${one.name}`, () => {
      const seen = tally();
      fc.assert(
        fc.property(randomHistory(one.model, one.call, one.options), (operations) => {
          const expected = isLinearizable(operations, one.model);
          const model = one.refine?.(operations) ?? one.model;
          const verdict = checkLinearizability(operations, { ...model, keyOf: () => "" });
          expect(verdict.kind).toBe(expected ? "valid" : "invalid");
          seen[expected ? "valid" : "invalid"] += 1;
          if (verdict.kind === "valid") expectOrder(operations, verdict.linearization, one);
        }),
        { numRuns: RUNS },
      );
      expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS / 100);
    });
  }
});

describe("the generic search with many open operations", () => {
  const { model, call } = CASES.find(({ name }) => name === "cas-register, many pending")!;

  /** Pending operations that can never take effect, each of a class of its own, so that bits fill several words. */
  function withIdlers(operations: readonly Operation[], count: number): Operation[] {
    const idlers = Array.from({ length: count }, (_, i): Operation => {
      const idler = { ...operations[0]!, id: 1000 + i, process: 1000 + i, f: "cas", input: [100 + i, 200 + i] };
      return { ...idler, output: null, isPending: true, call: -count + i, return: Number.POSITIVE_INFINITY };
    });
    return [...idlers, ...operations];
  }

  it("answers the same when its bits need several words", () => {
    const seen = tally();
    fc.assert(
      fc.property(randomHistory(model, call), fc.constantFrom(29, 33, 70), (operations, count) => {
        const expected = isLinearizable(operations, model);
        seen[expected ? "valid" : "invalid"] += 1;
        const verdict = checkLinearizability(withIdlers(operations, count), model, { isShrinking: false });
        expect(verdict.kind).toBe(expected ? "valid" : "invalid");
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS / 100);
  });

  it("charges a step with many open operations more, so that the budget bounds the work", () => {
    const operations = fc.sample(randomHistory(model, call, { operationsMax: 8, lostPercent: 0 }), {
      numRuns: 20,
      seed: 1,
    });
    const kindOf = (some: readonly Operation[], stepsMax: number): string =>
      checkLinearizability(some, model, { isShrinking: false, budget: { stepsMax, bytesMax: 1e9 } }).kind;
    const long = operations.filter((some) => some.length >= 6 && kindOf(some, 60) === "valid");
    expect(long.length).toBeGreaterThan(2);
    for (const some of long) {
      // All of one class, so that the model is asked no more often than without them.
      const crowd = withIdlers(some, 10_000).map((one) => (one.id < 1000 ? one : { ...one, input: [100, 200] }));
      expect(kindOf(crowd, 100)).toBe("unknown");
      expect(kindOf(crowd, 100_000)).toBe("valid");
    }
  });
});

describe("the special algorithms", () => {
  for (const one of CASES) {
    const { special } = one;
    if (special === undefined) continue;
    it(`${special.name} agrees with brute force on small histories: ${one.name}`, () => {
      const seen = tally();
      let unsuited = 0;
      fc.assert(
        fc.property(randomHistory(one.model, one.call, one.options), (drawn) => {
          const operations = one.prepare?.(drawn) ?? drawn;
          const result = special.check(operations);
          if (result.kind === "unsuited") {
            unsuited += 1;
            return;
          }
          const expected = isLinearizable(operations, one.model);
          expect(result.kind).toBe(expected ? "valid" : "invalid");
          seen[expected ? "valid" : "invalid"] += 1;
          if (result.kind === "valid") {
            const order = result.order.map((operation) => operation.id);
            expectOrder(operations, order, one);
            expect(special.replay(result.order)).toBeUndefined();
          }
        }),
        { numRuns: RUNS_SPECIAL },
      );
      expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS_SPECIAL / 100);
      expect(unsuited).toBeLessThan(RUNS_SPECIAL / 2);
    });
  }
});
