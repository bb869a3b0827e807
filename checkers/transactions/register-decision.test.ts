/**
 * rw-register against the definitions, on every small history that is drawn: it says valid only where an order of the transactions
 * satisfies the model, and invalid only where none does. The definitions are tried with every order; nothing is inferred.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import { build, drawnTxn, isPossible, MODELS } from "./register-orders.test.help.ts";
import { transactionCheckers } from "./registry.ts";

const RUNS = Number(process.env["SEEDBED_DECISION_RUNS"] ?? 150);

describe("rw-register against the definitions", () => {
  it.each(MODELS)("%s", (model, isSnapshot, kind) => {
    const counts = { valid: 0, invalid: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { txns, events } = build(drawn);
        const options = { "consistency-models": model, "initial-values": "nil" };
        const verdict = transactionCheckers.get("rw-register")!.check(events, options, DEFAULT_BUDGET);
        const isHeld = isPossible(txns, isSnapshot, kind);
        counts[verdict.kind] += 1;
        // Unknown only where nothing depends on anything: these histories are small.
        if (verdict.kind === "unknown")
          expect(verdict.reason).toMatch(/nothing could be judged|no transaction completed/);
        else expect(verdict.kind).toBe(isHeld ? "valid" : "invalid");
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
    expect(counts.valid).toBeGreaterThan(RUNS / 20);
    expect(counts.invalid).toBeGreaterThan(RUNS / 20);
  });

  it("a model falls with every model that follows from it, and what a weaker one refutes no stronger one passes", () => {
    const levels = [
      "read-committed",
      "monotonic-atomic-view",
      "read-atomic",
      "causal-cerone",
      "snapshot-isolation",
      "serializable",
      "strict-serializable",
    ];
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { events } = build(drawn);
        const kinds = levels.map(
          (level) =>
            transactionCheckers.get("rw-register")!.check(events, { "consistency-models": level }, DEFAULT_BUDGET).kind,
        );
        const first = kinds.indexOf("invalid");
        if (first >= 0) expect(kinds.slice(first)).toEqual(kinds.slice(first).map(() => "invalid"));
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
  });

  it("what read-atomic and causal-consistency refute without sessions, snapshot isolation does not pass", () => {
    let refuted = 0;
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { events } = build(drawn.map((txn, at) => ({ ...txn, process: at, overlaps: true })));
        for (const level of ["read-atomic", "causal-consistency"]) {
          if (transactionCheckers.get(level)!.check(events, {}, DEFAULT_BUDGET).kind !== "invalid") continue;
          refuted += 1;
          for (const model of ["snapshot-isolation", "serializable", "strict-serializable"]) {
            const verdict = transactionCheckers
              .get("rw-register")!
              .check(events, { "consistency-models": model }, DEFAULT_BUDGET);
            expect(verdict.kind).toBe("invalid");
          }
        }
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
    expect(refuted).toBeGreaterThan(RUNS / 10);
  });
});
