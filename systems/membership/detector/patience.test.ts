import { expect, test } from "vitest";
import { Patience, PATIENCE_BY_SIZE, PATIENCE_ONE } from "./patience.ts";

const expiryMs = (patience: Patience, rttMs: number | null, size = 10): number =>
  patience.expiryUs(rttMs === null ? null : rttMs * 1_000, size) / 1_000;

test("waits 660 ms up to a round trip of 100 ms, then as the logarithm says, and 1,000 ms while none was measured", () => {
  const patience = new Patience(PATIENCE_ONE);
  expect([0, 1, 100, 200, 500, 1_000, null].map((rttMs) => expiryMs(patience, rttMs))).toEqual([
    660, 660, 660, 759, 890, 990, 1_000,
  ]);
});

test("equals the logarithm of the engine for every round trip, in all steps", () => {
  for (const { aboveNodes, maxMs, baseMillionths } of PATIENCE_BY_SIZE) {
    const patience = new Patience(PATIENCE_BY_SIZE);
    for (let rttMs = 100; rttMs <= maxMs; rttMs += 1 + Math.floor(rttMs / 200)) {
      const expected = Math.min(maxMs, Math.trunc(Math.log(rttMs) / Math.log(baseMillionths / 1_000_000)));
      expect(expiryMs(patience, rttMs, aboveNodes + 1), `rtt ${rttMs}, base ${baseMillionths}`).toBe(expected);
    }
  }
});

test("the longest wait of each step is the answer to itself, so answers in time never make it longer", () => {
  for (const { aboveNodes, maxMs } of PATIENCE_BY_SIZE) {
    const longest = expiryMs(new Patience(PATIENCE_BY_SIZE), maxMs, aboveNodes + 1);
    expect(Math.abs(longest - maxMs)).toBeLessThanOrEqual(maxMs / 100);
  }
});

test("a larger cluster is more patient only with the steps by size", () => {
  expect([500, 501, 1_001].map((size) => expiryMs(new Patience(PATIENCE_ONE), null, size))).toEqual([
    1_000, 1_000, 1_000,
  ]);
  expect([500, 501, 1_001].map((size) => expiryMs(new Patience(PATIENCE_BY_SIZE), null, size))).toEqual([
    1_000, 10_000, 30_000,
  ]);
});

test("a peer whose size changes the step keeps no wait of the step before", () => {
  const patience = new Patience(PATIENCE_BY_SIZE);
  expect([10, 501, 10].map((size) => expiryMs(patience, 100, size))).toEqual([660, 5_002, 660]);
});

test("refuses steps that are out of order or leave no time", () => {
  expect(() => new Patience([])).toThrow(RangeError);
  expect(() => new Patience([{ aboveNodes: 1, maxMs: 1_000, baseMillionths: 1_007_000 }])).toThrow(RangeError);
  expect(() => new Patience([...PATIENCE_ONE, ...PATIENCE_ONE])).toThrow("step 1: 0 is out of order");
  expect(() => new Patience([{ aboveNodes: 0, maxMs: 99, baseMillionths: 1_007_000 }])).toThrow(RangeError);
  expect(() => new Patience([{ aboveNodes: 0, maxMs: 1_000, baseMillionths: 1_000_000 }])).toThrow(RangeError);
});
