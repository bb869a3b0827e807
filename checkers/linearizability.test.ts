import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "./brute-force.ts";
import type { Operation, PlainJson } from "./history.ts";
import { checkLinearizability } from "./linearizability.ts";
import { findFault } from "./linearizability-witness.ts";
import { Meter } from "./budget.ts";
import type { Model } from "./model.ts";
import { casRegisterModel, registerModel } from "./models/register.ts";
import { kvAppendModel } from "./models/kv-append.ts";
import { randomHistory } from "./random-history.test.help.ts";

type Call = { readonly f: string; readonly input: PlainJson };

const value = fc.integer({ min: 0, max: 2 });
const registerCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ f: fc.constant("read"), input: fc.constant(null) }),
  fc.record({ f: fc.constant("write"), input: value }),
);
const casCall: fc.Arbitrary<Call> = fc.oneof(
  registerCall,
  fc.record({ f: fc.constant("cas"), input: fc.tuple(value, value) }),
);
const appendCall: fc.Arbitrary<Call> = fc.oneof(
  fc.record({ f: fc.constant("get"), input: fc.constant(null) }),
  fc.record({ f: fc.constantFrom("append", "put"), input: fc.constantFrom("a", "b") }),
);

const RUNS = Number(process.env["SEEDBED_CASES"] ?? 2000);

/** Agrees with brute force, and its answers prove themselves: an order that is legal, a core that is impossible. */
function expectAgreement<S>(operations: readonly Operation[], model: Model<S>): boolean {
  const expected = isLinearizable(operations, model);
  const verdict = checkLinearizability(operations, model);
  expect(verdict.kind).toBe(expected ? "valid" : "invalid");
  if (verdict.kind === "valid") {
    const order = (verdict.linearization ?? []).map((id) => operations.find((operation) => operation.id === id)!);
    expect(findFault(order, operations, model, new Meter({ stepsMax: 1e6, bytesMax: 1e6 }))).toBeUndefined();
  }
  return expected;
}

describe("the generic search", () => {
  const cases: readonly [string, Model<never>, fc.Arbitrary<Call>][] = [
    ["register", registerModel() as unknown as Model<never>, registerCall],
    ["cas-register", casRegisterModel({ init: 0 }) as unknown as Model<never>, casCall],
    ["kv-append", kvAppendModel() as unknown as Model<never>, appendCall],
  ];
  for (const [name, model, call] of cases) {
    it(`agrees with brute force on small histories of a ${name}`, () => {
      let valid = 0;
      let invalid = 0;
      fc.assert(
        fc.property(randomHistory(model, call), (operations) => {
          if (expectAgreement(operations, model)) valid += 1;
          else invalid += 1;
        }),
        { numRuns: RUNS },
      );
      expect(Math.min(valid, invalid)).toBeGreaterThan(RUNS / 30);
    });
  }
});
