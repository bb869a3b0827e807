/** Seeds to the first failure over several starts, where some starts ended without one (right-censored). */

export type Start = { readonly caught: boolean; readonly seeds: number };

/**
 * The Kaplan-Meier median: the smallest number of seeds by which half of the starts are expected to have failed; null when
 * too many were censored to say (Kaplan and Meier, JASA 53, 1958).
 */
export function kaplanMeierMedian(starts: readonly Start[]): number | null {
  const times = [...new Set(starts.filter(({ caught }) => caught).map(({ seeds }) => seeds))].sort((x, y) => x - y);
  let survival = 1;
  for (const time of times) {
    const atRisk = starts.filter(({ seeds }) => seeds >= time).length;
    const failures = starts.filter(({ caught, seeds }) => caught && seeds === time).length;
    survival *= 1 - failures / atRisk;
    if (survival <= 0.5) return time;
  }
  return null;
}
