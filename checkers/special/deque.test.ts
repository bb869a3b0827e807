import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "../brute-force.ts";
import { Meter } from "../budget.ts";
import type { Operation } from "../history.ts";
import { checkPartition } from "../linearizability.ts";
import { dequeModel } from "../models/containers.ts";
import { type Call, randomHistory } from "../random-history.test.help.ts";
import { dequeByValues } from "./deque.ts";
import { findMisplaced, type SearchRest } from "./special.ts";

fc.configureGlobal({ seed: 20_260_101 });

/** More cases on demand: 200,000 of each mix were run once. */
const RUNS = Number(process.env["SEEDBED_CASES"] || 0) || 1000;

function mixOf(...names: readonly string[]): fc.Arbitrary<Call> {
  return fc.constantFrom(...names).map((f) => ({ f, input: f.startsWith("push") ? "fresh" : null }));
}

const ALL = ["pushFront", "pushBack", "popFront", "popBack"];
const MIXES = [
  { claim: "all four operations", call: mixOf(...ALL), options: { operationsMax: 11 }, rest: 1 },
  {
    claim: "many values in",
    call: mixOf(...ALL, "pushFront", "pushBack"),
    options: { operationsMax: 12, processes: 7, lostPercent: 0 },
    rest: 0,
  },
  { claim: "hardly anything lost", call: mixOf(...ALL), options: { operationsMax: 12, lostPercent: 2 }, rest: 0 },
  { claim: "one end", call: mixOf("pushBack", "popBack"), options: { operationsMax: 10, lostPercent: 4 }, rest: 0 },
  {
    claim: "in here, out there",
    call: mixOf("pushBack", "popFront"),
    options: { operationsMax: 10, lostPercent: 4 },
    rest: 0,
  },
  {
    claim: "out at one end only",
    call: mixOf("pushBack", "pushFront", "popFront", "popFront"),
    options: { operationsMax: 11, lostPercent: 4 },
    rest: 0,
  },
];

describe("deque-by-values", () => {
  for (const { claim, call, options, rest } of MIXES) {
    it(`agrees with brute force on small histories: ${claim}`, () => {
      const seen = { valid: 0, invalid: 0, unsuited: 0, searched: 0 };
      fc.assert(
        fc.property(randomHistory(dequeModel(), call, options), (operations) => {
          let isSearched = false;
          const search: SearchRest = (some) => {
            isSearched = true;
            expect(some.length).toBeLessThanOrEqual(operations.length);
            return decide(some);
          };
          const result = dequeByValues.check(operations, search);
          if (isSearched) seen.searched += 1;
          seen[result.kind] += 1;
          if (result.kind === "unsuited") return;
          expect(result.kind).toBe(isLinearizable(operations, dequeModel()) ? "valid" : "invalid");
          if (result.kind === "valid") {
            expect(findMisplaced(result.order, operations)).toBeUndefined();
            expect(dequeByValues.replay(result.order)).toBeUndefined();
          }
        }),
        { numRuns: RUNS },
      );
      if (process.env["SEEDBED_CASES"] !== undefined) console.log(claim, JSON.stringify(seen));
      expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS / 50);
      expect(seen.searched).toBeGreaterThanOrEqual(rest);
    });
  }
});

/** The search, on its own budget. */
function decide(operations: readonly Operation[]): ReturnType<SearchRest> {
  const verdict = checkPartition(operations, dequeModel(), new Meter({ stepsMax: 1e6, bytesMax: 1e8 }), false);
  if (verdict.kind === "invalid") return { kind: "invalid", evidence: verdict.evidence };
  expect(verdict.kind).toBe("valid");
  const ids = verdict.kind === "valid" ? (verdict.linearization ?? []) : [];
  return { kind: "valid", order: ids.map((id) => operations.find((operation) => operation.id === id)!) };
}
