/**
 * How long a ping may stay without an answer: the logarithm of the last round-trip time, to a base near 1, in
 * milliseconds.
 *
 * expiry = trunc(ln(max(100, rtt)) / ln(base)). With base 1.007 that is 660 ms up to a round trip of 100 ms, 759 for
 * 200, 890 for 500 and 990 for 1,000: a slow peer gets more time, but a link that is ten times slower gets only half
 * as much again. The largest time is a fixed point: ln(max) / ln(base) = max, so no answer in time can lead to a
 * longer wait than max.
 *
 * For clusters of more than 500 nodes lashup means to wait up to 10 s, for more than 1,000 up to 30 s. Its bases for
 * these are swapped (1.00034 with 10 s, which makes it 27 s, and 1.0009 with 30 s, which makes it 11.5 s); the fixed
 * points are 1.000921 and 1.000344.
 *
 * All in integers: binary logarithms by repeated squaring (Knuth, TAOCP vol. 2, exercise 4.6.3), exact far beyond a
 * millisecond.
 */

export type PatienceStep = {
  /** This step is for clusters of more nodes than this. */
  readonly aboveNodes: number;
  /** Wait for a peer of unknown round-trip time, and the longest of all. */
  readonly maxMs: number;
  /** The base times a million. */
  readonly baseMillionths: number;
};

/** One patience for clusters of every size. */
export const PATIENCE_ONE: readonly PatienceStep[] = [{ aboveNodes: 0, maxMs: 1_000, baseMillionths: 1_007_000 }];

/** lashup's steps, with the bases the right way round. */
export const PATIENCE_BY_SIZE: readonly PatienceStep[] = [
  ...PATIENCE_ONE,
  { aboveNodes: 500, maxMs: 10_000, baseMillionths: 1_000_921 },
  { aboveNodes: 1_000, maxMs: 30_000, baseMillionths: 1_000_344 },
];

const RTT_MS_MIN = 100;
const MILLION = 1_000_000n;
const MANTISSA_BITS = 64n;
const FRACTION_BITS = 48;

export class Patience {
  readonly #steps: readonly PatienceStep[];
  /** Expiries of the step in use, by round-trip time in whole milliseconds; at most maxMs entries. */
  readonly #byMs: Map<number, number> = new Map();
  #step: PatienceStep;

  constructor(steps: readonly PatienceStep[]) {
    checkPatience(steps);
    this.#steps = steps;
    this.#step = steps[0]!; // checked: not empty
  }

  /** `rttUs` is null while no round trip was measured. */
  expiryUs(rttUs: number | null, clusterSize: number): number {
    const step = this.#steps.findLast(({ aboveNodes }) => clusterSize > aboveNodes) ?? this.#steps[0]!;
    if (step !== this.#step) {
      this.#step = step;
      this.#byMs.clear();
    }
    if (rttUs === null) return step.maxMs * 1_000;
    const rttMs = Math.max(RTT_MS_MIN, Math.min(step.maxMs, Math.floor(rttUs / 1_000)));
    let expiryMs = this.#byMs.get(rttMs);
    if (expiryMs === undefined) {
      expiryMs = Math.min(step.maxMs, logarithm(BigInt(rttMs), BigInt(step.baseMillionths)));
      this.#byMs.set(rttMs, expiryMs);
    }
    return expiryMs * 1_000;
  }
}

/** Throws RangeError for steps that are out of order, or that leave no time at all. */
function checkPatience(steps: readonly PatienceStep[]): void {
  if (steps.length === 0 || steps[0]!.aboveNodes !== 0) throw new RangeError("the first step must be above 0 nodes");
  steps.forEach(({ aboveNodes, maxMs, baseMillionths }, i) => {
    if (i > 0 && aboveNodes <= steps[i - 1]!.aboveNodes)
      throw new RangeError(`step ${i}: ${aboveNodes} is out of order`);
    if (!(maxMs >= RTT_MS_MIN)) throw new RangeError(`step ${i}: maxMs ${maxMs} is below ${RTT_MS_MIN}`);
    if (!(baseMillionths > 1_000_000)) throw new RangeError(`step ${i}: base ${baseMillionths} is not above one`);
  });
}

/** trunc(ln(value) / ln(baseMillionths / 1,000,000)), for a value from 1 on. */
function logarithm(value: bigint, baseMillionths: bigint): number {
  return Number(binaryLog(value, 1n) / binaryLog(baseMillionths, MILLION));
}

/** floor(log2(numerator / denominator) * 2^48), for quotients from 1 on. */
function binaryLog(numerator: bigint, denominator: bigint): bigint {
  let mantissa = (numerator << MANTISSA_BITS) / denominator;
  let result = 0n;
  while (mantissa >> (MANTISSA_BITS + 1n) > 0n) {
    mantissa >>= 1n;
    result += 1n;
  }
  for (let bit = 0; bit < FRACTION_BITS; bit++) {
    mantissa = (mantissa * mantissa) >> MANTISSA_BITS;
    result <<= 1n;
    if (mantissa >> (MANTISSA_BITS + 1n) > 0n) {
      mantissa >>= 1n;
      result += 1n;
    }
  }
  return result;
}
