import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "../brute-force.ts";
import { Meter } from "../budget.ts";
import type { Operation } from "../history.ts";
import { checkLinearizability, checkPartition } from "../linearizability.ts";
import { dequeModel } from "../models/containers.ts";
import { type Call, randomHistory } from "../random-history.test.help.ts";
import { dequeByValues } from "./deque.ts";
import { findMisplaced, type SearchRest } from "./special.ts";

fc.configureGlobal({ seed: 20_260_101 });

/** More cases on demand: 25,000 of each mix were run once. */
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

/** Two pops with their answers exchanged: the values still go in and out once, but maybe in no possible order. */
function exchange(operations: readonly Operation[], first: number, second: number): readonly Operation[] {
  const pops = operations.filter((operation) => operation.f.startsWith("pop") && !operation.isPending);
  if (pops.length === 0) return operations;
  const [one, other] = [pops[first % pops.length]!, pops[second % pops.length]!];
  return operations.map((operation) => {
    if (operation === one) return { ...operation, output: other.output };
    return operation === other ? { ...operation, output: one.output } : operation;
  });
}

type Options = NonNullable<Parameters<typeof randomHistory>[2]>;

function histories(call: fc.Arbitrary<Call>, options: Options): fc.Arbitrary<readonly Operation[]> {
  const place = fc.integer({ min: 0, max: 63 });
  return fc
    .tuple(randomHistory(dequeModel(), call, options), fc.boolean(), place, place)
    .map(([drawn, isChanged, first, second]) => (isChanged ? exchange(drawn, first, second) : drawn));
}

describe("deque-by-values on small histories", () => {
  for (const { claim, call, options, rest } of MIXES) {
    it(`agrees with brute force: ${claim}`, () => {
      const seen = { valid: 0, invalid: 0, unsuited: 0, searched: 0 };
      fc.assert(
        fc.property(histories(call, options), (operations) => {
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

describe("deque-by-values on longer histories", () => {
  const long = { operationsMax: 60, processes: 5, lostPercent: 0 };

  it("agrees with the generic search", () => {
    const seen = { valid: 0, invalid: 0, unsuited: 0 };
    fc.assert(
      fc.property(histories(mixOf(...ALL), long), (operations) => {
        const result = dequeByValues.check(operations, decide);
        seen[result.kind] += 1;
        expect(result.kind).toBe(decide(operations).kind);
        if (result.kind !== "valid") return;
        expect(findMisplaced(result.order, operations)).toBeUndefined();
        expect(dequeByValues.replay(result.order)).toBeUndefined();
      }),
      { numRuns: Math.ceil(RUNS / 5) },
    );
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS / 50);
  });

  it("hardly ever needs the search for a legal history", () => {
    let searches = 0;
    for (const operations of fc.sample(randomHistory(dequeModel(), mixOf(...ALL), long), 300)) {
      const result = dequeByValues.check(operations);
      if (result.kind === "unsuited" && decide(operations).kind === "valid") searches += 1;
    }
    expect(searches).toBeLessThan(6);
  });
});

describe("deque-by-values", () => {
  /** Function, argument, answer, call, return. */
  type Line = readonly [f: string, input: number | null, output: number | null, call: number, until: number];

  function historyOf(lines: readonly Line[]): Operation[] {
    return lines.map(([f, input, output, call, until], id): Operation => {
      const isPending = until === Number.POSITIVE_INFINITY;
      return {
        id,
        process: id,
        f,
        key: undefined,
        input,
        output,
        isPending,
        call,
        return: until,
        callUs: -1,
        returnUs: -1,
      };
    });
  }

  it("rejects a value that passes another one, and names both", () => {
    const result = dequeByValues.check(
      historyOf([
        ["pushBack", 1, null, 0, 1],
        ["pushBack", 2, null, 2, 3],
        ["popFront", null, 2, 4, 5],
        ["popFront", null, 1, 6, 7],
      ]),
    );
    expect(result).toMatchObject({ kind: "invalid", evidence: { details: { operations: [0, 1, 2, 3] } } });
  });

  it("rejects queues in both directions at a time, which only the search can tell", () => {
    const history = historyOf([
      ["pushFront", 1, null, 0, 1],
      ["pushBack", 2, null, 2, 3],
      ["popBack", null, 1, 4, 8],
      ["popFront", null, 2, 5, 9],
    ]);
    expect(dequeByValues.check(history).kind).toBe("unsuited");
    expect(dequeByValues.check(history, decide).kind).toBe("invalid");
  });

  it("does not take out first a value that another one has to get past", () => {
    const history = historyOf([
      ["pushBack", 1, null, 0, 1],
      ["popBack", null, 1, 20, 30],
      ["pushBack", 2, null, 10, 25],
      ["popFront", null, 2, 11, 26],
      ["pushFront", 3, null, 14, 15],
      ["popFront", null, 3, 40, 41],
    ]);
    expect(isLinearizable(history, dequeModel())).toBe(false);
    expect(dequeByValues.check(history, decide).kind).toBe("invalid");
  });

  it("is unsuited for values that occur twice, and where a pop without an answer may explain a violation", () => {
    const twice: Line[] = [
      ["pushBack", 1, null, 0, 1],
      ["pushFront", 1, null, 2, 3],
    ];
    expect(dequeByValues.check(historyOf(twice))).toMatchObject({ kind: "unsuited" });
    const explained: Line[] = [
      ["pushBack", 1, null, 0, 1],
      ["popBack", null, null, 2, Number.POSITIVE_INFINITY],
      ["popFront", null, null, 4, 5],
    ];
    expect(dequeByValues.check(historyOf(explained))).toMatchObject({ kind: "unsuited" });
    expect(checkLinearizability(historyOf(explained), dequeModel(), { special: dequeByValues }).kind).toBe("valid");
  });

  it("finds a contradiction of two among thousands of operations", () => {
    const lines: Line[] = [];
    for (let i = 0; i < 2000; i += 1) lines.push([i % 3 === 0 ? "pushBack" : "pushFront", i, null, 2 * i, 2 * i + 1]);
    lines.push(["popFront", null, 1997, 5000, 5001]);
    const verdict = checkLinearizability(historyOf(lines), dequeModel(), { special: dequeByValues });
    expect(verdict).toMatchObject({ kind: "invalid", checker: "deque-by-values" });
  });
});

/** The search, on its own budget. */
function decide(operations: readonly Operation[]): ReturnType<SearchRest> {
  const verdict = checkPartition(operations, dequeModel(), new Meter({ stepsMax: 1e6, bytesMax: 1e8 }), false);
  if (verdict.kind === "invalid") return { kind: "invalid", evidence: verdict.evidence };
  expect(verdict.kind).toBe("valid");
  const ids = verdict.kind === "valid" ? (verdict.linearization ?? []) : [];
  return { kind: "valid", order: ids.map((id) => operations.find((operation) => operation.id === id)!) };
}
