/**
 * Parameters of the overlay, with lashup's values as defaults.
 *
 * Sizes follow HyParView (DSN 2007, section 4): log10(n) + c neighbours and k times as many in reserve; lashup takes
 * log10 = 4, c = 3, k = 6. Times marked with (*) are drawn anew each time: once or twice the value, half and half.
 */

export type OverlayOptions = {
  readonly port: number;
  /** Names of hosts to join through; the own name among them is passed over. */
  readonly contacts: readonly string[];
  readonly activeViewMax: number;
  readonly passiveViewMax: number;
  /** Steps that a new node's forward-join walks at most: ARWL of the paper. */
  readonly activeWalkLength: number;
  /** With this many steps left it enters the passive view on the way: PRWL of the paper. */
  readonly passiveWalkLength: number;
  /** Time to the first join (*), and between later ones (*). */
  readonly firstJoinUs: number;
  readonly joinUs: number;
  /** A join without an answer is given up after this. */
  readonly joinTimeoutUs: number;
  /** Joins taken in a second: with a full view, where each one moves an old neighbour on, and otherwise. */
  readonly joinsWhenFullMax: number;
  readonly joinsMax: number;
  /** Time to the first look for neighbours (*), and between later ones when enough are there (*). */
  readonly firstNeighbourUs: number;
  readonly neighbourUs: number;
  /** The same while some are missing (*), and while there is none (*). */
  readonly neighbourShortUs: number;
  readonly neighbourAloneUs: number;
  /** Every n-th look of a short view also asks a node that global membership knows to be short. */
  readonly shortViewEvery: number;
  /** A request is taken for unanswered after this many times the interval that it was made in. */
  readonly silenceFactor: number;
  /** The interval of recommended requests. */
  readonly recommendUs: number;
  /**
   * Time to the first shuffle, and between later ones: usually, while the passive view is less than half full, while
   * alone (*).
   */
  readonly firstShuffleUs: number;
  readonly shuffleUs: number;
  readonly shuffleSparseUs: number;
  readonly shuffleAloneUs: number;
  readonly shuffleWalkLength: number;
  /** Where the views are kept; a change is written at most once in this time. */
  readonly folder: string;
  readonly saveUs: number;
};

const SECOND_US = 1_000_000;

export const OVERLAY_DEFAULTS: OverlayOptions = {
  port: 7100,
  contacts: [],
  activeViewMax: 7,
  passiveViewMax: 42,
  activeWalkLength: 8,
  passiveWalkLength: 5,
  firstJoinUs: 5_100_000,
  joinUs: SECOND_US,
  joinTimeoutUs: SECOND_US,
  joinsWhenFullMax: 25,
  joinsMax: 1,
  firstNeighbourUs: 30 * SECOND_US,
  neighbourUs: 10 * SECOND_US,
  neighbourShortUs: 2 * SECOND_US,
  neighbourAloneUs: 500_000,
  shortViewEvery: 5,
  silenceFactor: 3,
  recommendUs: 60 * SECOND_US,
  firstShuffleUs: 5 * SECOND_US,
  shuffleUs: 60 * SECOND_US,
  shuffleSparseUs: 5 * SECOND_US,
  shuffleAloneUs: 10 * SECOND_US,
  shuffleWalkLength: 5,
  folder: "/overlay",
  saveUs: SECOND_US,
};

/** Throws RangeError naming the first option that no overlay could run with. */
export function checkOverlayOptions(options: OverlayOptions): void {
  for (const [name, value] of Object.entries(options)) {
    if (typeof value === "number" && !(Number.isInteger(value) && value >= 1)) {
      throw new RangeError(`overlay option ${name}: expected a whole number from 1 on, found ${value}`);
    }
  }
  if (options.passiveWalkLength > options.activeWalkLength) {
    throw new RangeError(
      `overlay option passiveWalkLength: ${options.passiveWalkLength} is above activeWalkLength ${options.activeWalkLength}`,
    );
  }
}
