/**
 * Peak-EWMA latency in integers: a cost that jumps to any larger sample at once and sinks slowly to smaller ones.
 *
 * After Finagle's PeakEwma load metric, which minuteman took over. The weight of the past is e^(-elapsed / decay), here in fixed point, so
 * that every engine computes the same: a product over the bits of the exponent, each from a table of e^(-2^k / 4096). The relative
 * error of a weight is below 2^-11, that of cutting the exponent to 12 fractional bits included.
 */

export type Ewma = {
  /** Microseconds in units of 1/256, so that small costs sink too; 0: nothing is known, or all of it has faded. */
  readonly costQ8: number;
  readonly stampUs: number;
};

export const COST_US_MAX = 67_108_863; // 2^26 - 1: about a minute
const ONE_Q26 = 67_108_864;
const EXPONENT_BITS = 17;
/** e^(-2^k / 4096) in units of 2^-26, for k from 0 to 16. */
const FADE_Q26: readonly number[] = [
  67092482, 67076104, 67043360, 66977920, 66847231, 66586619, 66068437, 65044141, 63042943, 59223365, 52264436,
  40703584, 24687971, 9082197, 1229142, 22513, 8,
];

/** e^(-elapsed / decay) in units of 2^-26. A decay of 0 forgets at once. */
export function fadeQ26(elapsedUs: number, decayUs: number): number {
  if (elapsedUs <= 0) return ONE_Q26;
  if (elapsedUs >= 32 * decayUs) return 0;
  let exponent = Math.floor((elapsedUs * 4096) / decayUs);
  let weight = ONE_Q26;
  for (let bit = 0; bit < EXPONENT_BITS && exponent > 0; bit += 1) {
    // Both factors are below 2^26 + 1, the product is exact in a double.
    if (exponent % 2 === 1) weight = Math.floor((weight * FADE_Q26[bit]!) / ONE_Q26);
    exponent = Math.floor(exponent / 2);
  }
  return weight;
}

/** A sample of `valueUs` at `nowUs`: a peak counts at once, anything else by its share of the time since the last one. */
export function observeLatency(
  ewma: Ewma,
  sample: { readonly valueUs: number; readonly nowUs: number },
  decayUs: number,
): Ewma {
  const valueQ8 = 256 * Math.min(Math.max(sample.valueUs, 0), COST_US_MAX);
  if (valueQ8 > ewma.costQ8) return { costQ8: valueQ8, stampUs: sample.nowUs };
  const weight = fadeQ26(sample.nowUs - ewma.stampUs, decayUs);
  return { costQ8: timesQ26(ewma.costQ8, weight) + timesQ26(valueQ8, ONE_Q26 - weight), stampUs: sample.nowUs };
}

/** The cost at a time, had nothing been observed since but zeros. */
export function costQ8At(ewma: Ewma, nowUs: number, decayUs: number): number {
  return timesQ26(ewma.costQ8, fadeQ26(nowUs - ewma.stampUs, decayUs));
}

/** Added for a backend without history while it has not answered its first: larger than any known score. */
export const PENALTY: number = 68_719_476_736; // 2^36

/**
 * How bad it is to choose this backend: its cost for every attempt that would be under way. One without history costs nothing until it has
 * an attempt under way, and is then kept from others until it answers: one probe, no stampede. Multiplied by a weight it stays below 2^53.
 */
export function scoreOf(costQ8: number, pending: number): number {
  if (costQ8 === 0) return pending === 0 ? 0 : PENALTY + Math.min(pending, 65_535);
  return Math.min(costQ8 * (pending + 1), PENALTY - 1);
}

/** floor of factor * weight / 2^26, up to one; the factor is below 2^35. */
function timesQ26(factor: number, weight: number): number {
  const high = Math.floor(factor / 65_536);
  return Math.floor((high * weight) / 1_024) + Math.floor(((factor % 65_536) * weight) / ONE_Q26);
}
