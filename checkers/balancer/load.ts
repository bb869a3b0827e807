/**
 * How uneven the power of two choices may be.
 *
 * Two theorems are used. The maximum load: m balls into n bins, each into the emptier of two random bins, leave no bin with more than
 * m/n + log2(ln n) + O(1) balls with high probability (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE
 * TPDS 12(10), 2001; Azar, Broder, Karlin and Upfal, SIAM J. Comput. 29(1), 1999; for m > n Berenbrink, Czumaj, Steger and Vöcking,
 * STOC 2000). With one choice the excess is about ln n / ln ln n, and grows with m.
 *
 * The share: whatever the scores say, a bin is among the two of a choice with probability 2/n, so its count exceeds the sum of these
 * by more than Bernstein's bound (Freedman's for dependent choices, Ann. Probab. 3(1), 1975) with a chance below one in 10^12.
 */

/** Stands for the O(1) of the theorem, which does not say how much it is; the tests show that two choices keep to it and one does not. */
const SLACK = 1;
/** ln 10^12, rounded up. */
const LOG_ODDS = 27.64;

/** log2(ln bins), rounded down, in whole numbers. */
function doubleLog(bins: number): number {
  let octaves = 0;
  for (let power = 1; power < bins; power *= 2) octaves += 1;
  // ln n = 0.6931... * log2 n
  const naturalLog = (octaves * 694) / 1_000;
  let steps = 0;
  for (let power = 2; power <= naturalLog; power *= 2) steps += 1;
  return steps;
}

/** The largest load that two choices may leave; for bins that are chosen by load alone. */
export function maxLoadOfTwoChoices(balls: number, bins: number): number {
  return Math.ceil(balls / bins) + doubleLog(bins) + SLACK;
}

/** The largest count that a share of `expected` choices may come to. */
export function countMax(expected: number): number {
  const third = LOG_ODDS / 3;
  return Math.ceil(expected + third + Math.sqrt(third * third + 2 * expected * LOG_ODDS));
}
