/** Joins that break one law each, and one that breaks none. States are short byte strings. */
import { expect, it } from "vitest";
import { findBrokenLaw } from "./lattice.ts";

const states = [Uint8Array.of(1, 4), Uint8Array.of(3, 2), Uint8Array.of(2, 3)];
const pointwise = (pick: (a: number, b: number) => number) => ({
  join: (a: Uint8Array, b: Uint8Array): Uint8Array => a.map((byte, i) => pick(byte, b[i]!)),
});

it("the pointwise maximum obeys every law", () => {
  expect(findBrokenLaw(pointwise(Math.max), states)).toBeNull();
});

it("rejects a sum, a left argument that wins, and an average", () => {
  expect(
    findBrokenLaw(
      pointwise((a, b) => a + b),
      states,
    ),
  ).toContain("with itself");
  expect(
    findBrokenLaw(
      pointwise((a) => a),
      states,
    ),
  ).toContain("in different orders");
  expect(
    findBrokenLaw(
      pointwise((a, b) => (a + b) >> 1),
      states,
    ),
  ).toMatch(/twice|grouped/);
});

it("rejects a winner that depends on the grouping", () => {
  // 2 beats 1, 3 beats 2, and 1 beats 3: no order at all.
  const beats = (a: number, b: number): number => ((a - b + 6) % 3 === 1 ? a : b);
  expect(findBrokenLaw(pointwise(beats), [Uint8Array.of(1), Uint8Array.of(2), Uint8Array.of(3)])).toContain("grouped");
});

it("rejects a state that is none", () => {
  const join = (): Uint8Array => {
    throw new RangeError("byte 7 is wrong");
  };
  expect(findBrokenLaw({ join }, states)).toContain("cannot be joined: byte 7 is wrong");
});
