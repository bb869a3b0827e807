import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Operation, PlainJson } from "../history.ts";
import { checkLease } from "./lease.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

type Drawn = { process: number; call: number; took: number; lasts: number; releaseAfter: number; releaseTook: number };

const RUNS = Number(process.env["SEEDBED_CASES"] || 1000);

function operation(process: number, f: string, output: PlainJson, call: number, end: number): Operation {
  return {
    id: 0,
    process,
    f,
    key: undefined,
    input: null,
    output,
    isPending: false,
    call,
    return: end,
    callUs: call,
    returnUs: end,
  };
}

/** Each process acquires once; times are spread so that no two events fall together. */
function makeHistory(drawn: readonly Drawn[]): Operation[] {
  const operations: Operation[] = [];
  drawn.forEach((one, process) => {
    const at = (time: number): number => time * 10 + process;
    const end = one.call + one.took;
    operations.push(operation(process, "acquire", at(one.call + one.lasts) + 5, at(one.call), at(end)));
    if (one.releaseAfter > 0) {
      const release = end + one.releaseAfter;
      operations.push(operation(process, "release", null, at(release), at(release + one.releaseTook)));
    }
  });
  operations.sort((left, right) => left.call - right.call);
  return operations.map((one, id) => ({ ...one, id }));
}

/** From the definition: some choice of moments, each within its operation, at which never two hold the lease. */
function isPossible(operations: readonly Operation[]): boolean {
  const acquires = operations.filter(({ f }) => f === "acquire");
  const spans = acquires.map((acquire) => {
    const release = operations.find(({ f, process }) => f === "release" && process === acquire.process);
    const choices: (readonly [number, number])[] = [];
    for (let start = acquire.call; start <= acquire.return; start += 1) {
      const ends = release === undefined ? [Number.POSITIVE_INFINITY] : momentsOf(release);
      for (const end of ends) choices.push([start, Math.min(end, Number(acquire.output))]);
    }
    return choices;
  });
  const fits = (i: number, taken: readonly (readonly [number, number])[]): boolean => {
    const choices = spans[i];
    if (choices === undefined) return true;
    return choices.some(
      ([start, end]) =>
        taken.every(([from, to]) => end <= from || to <= start || start >= end || from >= to) &&
        fits(i + 1, [...taken, [start, end]]),
    );
  };
  return fits(0, []);
}

function momentsOf({ call, return: end }: Operation): number[] {
  return Array.from({ length: end - call + 1 }, (_, i) => call + i);
}

describe("leases", () => {
  it("agree with brute force over the moments at which operations take effect", () => {
    const small = (max: number): fc.Arbitrary<number> => fc.integer({ min: 0, max });
    const drawn = fc.record({
      process: small(0),
      call: small(6),
      took: small(2),
      lasts: small(6),
      releaseAfter: small(3),
      releaseTook: small(1),
    });
    const seen = { valid: 0, invalid: 0 };
    fc.assert(
      fc.property(fc.array(drawn, { minLength: 1, maxLength: 3 }), (plans) => {
        const operations = makeHistory(plans);
        const expected = isPossible(operations) ? "valid" : "invalid";
        seen[expected] += 1;
        expect(checkLease(operations).kind).toBe(expected);
      }),
      { numRuns: RUNS },
    );
    expect(Math.min(seen.valid, seen.invalid)).toBeGreaterThan(RUNS / 50);
  });

  const at = (process: number, f: string, output: PlainJson, call: number, end: number, id: number): Operation => ({
    ...operation(process, f, output, call, end),
    id,
  });

  it("reject two holders, and accept one after the other's end or release", () => {
    expect(checkLease([at(1, "acquire", 100, 0, 10, 0), at(2, "acquire", 150, 20, 30, 1)]).kind).toBe("invalid");
    expect(checkLease([at(1, "acquire", 100, 0, 10, 0), at(2, "acquire", 250, 90, 110, 1)]).kind).toBe("valid");
    const released = [
      at(1, "acquire", 100, 0, 10, 0),
      at(1, "release", null, 15, 40, 1),
      at(2, "acquire", 150, 20, 30, 2),
    ];
    expect(checkLease(released).kind).toBe("valid");
  });

  it("reject a release without a lease, and accept a renewal", () => {
    expect(checkLease([at(1, "release", null, 0, 10, 0)]).kind).toBe("invalid");
    expect(checkLease([at(1, "acquire", 100, 0, 10, 0), at(1, "acquire", 200, 50, 60, 1)]).kind).toBe("valid");
  });

  it("reject a fencing token that falls, and accept one that rises", () => {
    const tokens = (second: number): string =>
      checkLease([at(1, "acquire", [20, 7], 0, 10, 0), at(2, "acquire", [90, second], 40, 50, 1)]).kind;
    expect(tokens(6)).toBe("invalid");
    expect(tokens(7)).toBe("invalid");
    expect(tokens(8)).toBe("valid");
  });
});
