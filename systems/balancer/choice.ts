/**
 * The choice of a backend: two distinct candidates at random, the better one takes the connection.
 *
 * The power of two choices (Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing", IEEE TPDS 12(10), 2001). Candidates come
 * from the best class that has any: reachable and admitted by the breaker, then admitted, then the rest, so that a set of which nothing
 * good is known is still used. Small sets are looked at whole; from large ones a bounded random scan takes the first good two.
 */

/** 0: reachable and admitted; 1: admitted; 2: the rest. */
export type CandidateClass = 0 | 1 | 2;

export type Candidates = {
  readonly count: number;
  classOf(index: number): CandidateClass;
  /** Lower is better; below 2^37. */
  scoreOf(index: number): number;
  /** From 1 on: how much of the load it takes beside one of weight 1. */
  weightOf(index: number): number;
};

export type ChoiceOptions = {
  /** Sets up to this size are looked at whole. */
  readonly wholeScanMax: number;
  /** Draws from a larger set. */
  readonly probesMax: number;
};

export type Choice = {
  readonly index: number;
  /** The other candidate; null when the best class had one member only. */
  readonly other: number | null;
  readonly candidateClass: CandidateClass;
  /** How many there were to draw the two from. */
  readonly pool: number;
};

type Below = (bound: number) => number;

/** Null when there is no candidate. `below(n)` draws from 0 to n - 1. */
export function choose(candidates: Candidates, below: Below, options: ChoiceOptions): Choice | null {
  if (candidates.count === 0) return null;
  const pools =
    candidates.count <= options.wholeScanMax
      ? classify(
          candidates,
          Array.from({ length: candidates.count }, (_, i) => i),
        )
      : scan(candidates, below, options.probesMax);
  const candidateClass = pools.findIndex((pool) => pool.length > 0) as CandidateClass;
  const pool = pools[candidateClass]!;
  const first = pool[below(pool.length)]!;
  if (pool.length === 1) return { index: first, other: null, candidateClass, pool: 1 };
  const rest = pool.filter((index) => index !== first);
  const second = rest[below(rest.length)]!;
  const isSecondBetter =
    candidates.scoreOf(second) * candidates.weightOf(first) < candidates.scoreOf(first) * candidates.weightOf(second);
  const [index, other] = isSecondBetter ? [second, first] : [first, second];
  return { index, other, candidateClass, pool: pool.length };
}

function classify(candidates: Candidates, indexes: readonly number[]): number[][] {
  const pools: number[][] = [[], [], []];
  for (const index of indexes) pools[candidates.classOf(index)]!.push(index);
  return pools;
}

/** At most so many draws, each candidate once; enough as soon as two of the best class were met. */
function scan(candidates: Candidates, below: Below, probesMax: number): number[][] {
  const met = new Set<number>();
  const pools: number[][] = [[], [], []];
  for (let probe = 0; probe < probesMax && pools[0]!.length < 2; probe += 1) {
    const index = below(candidates.count);
    if (met.has(index)) continue;
    met.add(index);
    pools[candidates.classOf(index)]!.push(index);
  }
  return pools;
}
