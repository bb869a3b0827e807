import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "./brute-force.ts";
import { checkDurability } from "./durability.ts";
import type { Operation, PlainJson } from "./history.ts";
import { kvModel } from "./models/register.ts";
import { CASES } from "./random-cases.test.help.ts";
import { randomHistory } from "./random-history.test.help.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

type Given = { f: string; value: PlainJson; call: number; end?: number; output?: PlainJson };

function history(...given: readonly Given[]): Operation[] {
  return given.map(({ f, value, call, end, output }, id) => ({
    id,
    process: id,
    f,
    key: "x",
    input: value,
    output: end === undefined ? null : (output ?? value),
    isPending: end === undefined,
    call,
    return: end ?? Number.POSITIVE_INFINITY,
    callUs: call,
    returnUs: end ?? -1,
  }));
}

function judge(operations: readonly Operation[], final: PlainJson): string {
  return checkDurability(operations, { values: new Map([["x", final]]) }).kind;
}

const first: Given = { f: "put", value: "1", call: 0, end: 1 };

describe("durability of acknowledged writes", () => {
  it("rejects a final value that an acknowledged write had replaced, and accepts it when the two overlap", () => {
    expect(judge(history(first, { f: "put", value: "2", call: 2, end: 3 }), "1")).toBe("invalid");
    expect(judge(history({ ...first, end: 3 }, { f: "put", value: "2", call: 2, end: 4 }), "1")).toBe("valid");
  });

  it("rejects an empty store after an acknowledged write, and accepts it when nobody answered", () => {
    expect(judge(history(first), null)).toBe("invalid");
    expect(judge(history({ f: "put", value: "1", call: 0 }), null)).toBe("valid");
  });

  it("accepts that a write without an answer took effect late", () => {
    expect(judge(history({ f: "put", value: "9", call: 0 }, { f: "put", value: "2", call: 2, end: 3 }), "9")).toBe(
      "valid",
    );
  });

  it("rejects a value that nobody wrote", () => {
    expect(judge(history(first), "7")).toBe("invalid");
  });

  it("counts what a cas wrote only when it compared equal", () => {
    const cas: Given = { f: "cas", value: ["1", "2"], call: 2, end: 3, output: true };
    expect(judge(history(first, cas), "1")).toBe("invalid");
    expect(judge(history(first, { ...cas, output: false }), "1")).toBe("valid");
  });

  it("takes a deletion for a write of nothing", () => {
    const deletion: Given = { f: "delete", value: null, call: 2, end: 3 };
    expect(judge(history(first, deletion), null)).toBe("valid");
    expect(judge(history(first, deletion), "1")).toBe("invalid");
  });

  it("says unknown when nothing was written, and for operations that it cannot read", () => {
    expect(judge([], null)).toBe("unknown");
    expect(judge(history({ f: "append", value: "1", call: 0, end: 1 }), "1")).toBe("unknown");
  });

  it("never rejects contents that a linearizable history explains", () => {
    const kv = CASES.find(({ name }) => name === "kv")!;
    const model = kvModel();
    let invalid = 0;
    fc.assert(
      fc.property(randomHistory(kv.model, kv.call), fc.constantFrom(null, 0, 1, 2), (operations, final) => {
        if (!operations.some(({ f }) => f !== "get")) return;
        if (checkDurability(operations, { values: new Map([["", final]]) }).kind !== "invalid") return;
        invalid += 1;
        const read: Operation = {
          ...operations[0]!,
          id: 99,
          f: "get",
          isPending: false,
          output: final,
          call: 998,
          return: 999,
        };
        expect(isLinearizable([...operations, read], model)).toBe(false);
      }),
      { numRuns: 500 },
    );
    expect(invalid).toBeGreaterThan(20);
  });
});
