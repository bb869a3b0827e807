import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "./brute-force.ts";
import type { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import { checkLinearizability } from "./linearizability.ts";
import type { Model } from "./model.ts";
import { casRegisterModel } from "./models/register.ts";
import { CASES } from "./random-cases.test.help.ts";
import { randomHistory } from "./random-history.test.help.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

function write(id: number, input: number, call: number, end: number): Operation {
  return {
    id,
    process: id,
    f: "write",
    key: undefined,
    input,
    output: input,
    isPending: false,
    call,
    return: end,
    callUs: -1,
    returnUs: -1,
  };
}

function cas(id: number, from: number, to: number, call: number, end: number): Operation {
  return { ...write(id, 0, call, end), f: "cas", input: [from, to], output: true };
}

function read(id: number, output: number, call: number, end: number): Operation {
  return { ...write(id, 0, call, end), f: "read", input: null, output };
}

/** The shrunk history: the core as it is, and what was relaxed without its return. */
function shrunkHistory(operations: readonly Operation[], details: unknown): Operation[] {
  const { shrunk, relaxed } = details as { shrunk: number[]; relaxed: number[] };
  return [
    ...operations.filter(({ id }) => shrunk.includes(id)),
    ...operations
      .filter(({ id }) => relaxed.includes(id))
      .map((operation) => ({ ...operation, return: Number.POSITIVE_INFINITY })),
  ];
}

describe("the evidence of an invalid history", () => {
  for (const name of ["register", "cas-register", "queue", "kv-append", "counter"]) {
    const one = CASES.find((candidate) => candidate.name === name)!;
    it(`a shrunk history is impossible too, and no larger: ${name}`, () => {
      let shrunkSome = 0;
      fc.assert(
        fc.property(randomHistory(one.model, one.call, { operationsMax: 10 }), (operations) => {
          const verdict = checkLinearizability(operations, { ...one.model, keyOf: () => "" });
          if (verdict.kind !== "invalid") return;
          const shrunk = shrunkHistory(operations, verdict.evidence.details);
          expect(isLinearizable(shrunk, one.model)).toBe(false);
          expect(verdict.evidence.proof.length).toBeGreaterThan(0);
          if (verdict.evidence.proof.length < operations.length) shrunkSome += 1;
        }),
        { numRuns: 300 },
      );
      expect(shrunkSome).toBeGreaterThan(5);
    });
  }

  it("names the return that nothing explains, the states before it, and why each open operation does not help", () => {
    const operations = [write(0, 1, 0, 1), cas(1, 1, 2, 2, 9), read(2, 3, 4, 6), write(3, 7, 5, 12)];
    const verdict = checkLinearizability(operations, casRegisterModel());
    expect(verdict.kind === "invalid" && verdict.evidence.lines).toMatchInlineSnapshot(`
      [
        "no order explains read() -> 3 (operation 2, process 2), which returned at event 6",
        "before it the state could only be 1 or 2 or 7",
        "cas(1 to 2) -> ok (operation 1, process 1) is legal in 1 of 3, but no order that uses it makes the failing one legal",
        "read() -> 3 (operation 2, process 2) is illegal in every one of them",
        "write(7) (operation 3, process 3) is legal in all of them, but no order that uses it makes the failing one legal",
        "one operation suffices to show it, whenever the 3 others in question took effect, if ever",
        "2: read() -> 3",
      ]
    `);
  });
});

describe("budgets", () => {
  const pairs = Array.from({ length: 12 }, (_, i) => cas(i, i % 3, (i + 1) % 3, i, 100 + i));
  const hard = [write(100, 0, -2, -1), ...pairs, read(200, 9, 200, 201)];

  it("a search that runs out of steps or bytes says unknown, with how far it got", () => {
    const steps = checkLinearizability(hard, casRegisterModel(), { budget: { stepsMax: 20, bytesMax: 1e9 } });
    expect(steps).toMatchObject({ kind: "unknown", reason: "stopped after 20 steps" });
    expect(steps.kind === "unknown" && steps.progress.steps).toBeGreaterThan(0);
    const bytes = checkLinearizability(hard, casRegisterModel(), { budget: { stepsMax: 1e9, bytesMax: 2000 } });
    expect(bytes.kind === "unknown" && bytes.reason).toMatch(/^stopped at \d+ bytes/);
    expect(checkLinearizability(hard, casRegisterModel()).kind).toBe("invalid");
  });

  it("holds inside one step of a model", () => {
    const endless: Model<number> = {
      name: "endless",
      functions: ["write"],
      init: 0,
      step: (state, _operation, meter: Meter) => {
        for (;;) meter.spend(1000 + state);
      },
      hash: (state) => state,
      describe: () => "write",
      describeState: String,
    };
    const budget = { stepsMax: 1_000_000, bytesMax: 1e9 };
    expect(checkLinearizability([write(0, 1, 0, 1)], endless, { budget }).kind).toBe("unknown");
  });

  it("one partition without an answer does not hide an invalid one", () => {
    const keyed = hard.map((operation) => ({ ...operation, key: "a" }));
    const bad = { ...read(300, 5, 300, 301), key: "b" };
    const verdict = checkLinearizability([...keyed, bad], casRegisterModel(), {
      budget: { stepsMax: 1e9, bytesMax: 40_000 },
    });
    expect(verdict).toMatchObject({ kind: "invalid" });
  });
});

describe("a nondeterministic model", () => {
  const coin: Model<number> = {
    name: "coin",
    functions: ["write", "read"],
    init: 0,
    step: (state, operation) => {
      if (operation.f === "read") return state === operation.output ? [state] : [];
      return [1, 2];
    },
    hash: (state) => state,
    describe: ({ f }) => f,
    describeState: String,
  };

  it("may take any of its next states, but only one", () => {
    const toss = write(0, 0, 0, 1);
    for (const side of [1, 2]) expect(checkLinearizability([toss, read(1, side, 2, 3)], coin).kind).toBe("valid");
    expect(checkLinearizability([toss, read(1, 3, 2, 3)], coin).kind).toBe("invalid");
    expect(checkLinearizability([toss, read(1, 1, 2, 3), read(2, 2, 4, 5)], coin).kind).toBe("invalid");
  });

  it("agrees with brute force", () => {
    const { call } = CASES.find(({ name }) => name === "register")!;
    fc.assert(
      fc.property(randomHistory(coin, call), (operations) => {
        const expected = isLinearizable(operations, coin) ? "valid" : "invalid";
        expect(checkLinearizability(operations, coin).kind).toBe(expected);
      }),
      { numRuns: 300 },
    );
  });
});
