/**
 * Parameters of the failure detectors, with lashup's values as defaults. Times marked with (*) are once or twice the
 * value.
 */
import { PATIENCE_ONE, type PatienceStep } from "./patience.ts";

export type RoundOptions = {
  readonly port: number;
  /** Time from the boot to the first round (*): neighbours that come and go while a cluster forms are not probed. */
  readonly startUs: number;
  /** Time between probes, each to the next neighbour (*). */
  readonly roundUs: number;
  /**
   * A round that comes later than this tells that this host stood still: then silence proves nothing, and probes
   * start over.
   */
  readonly lateUs: number;
};

export type PingOptions = RoundOptions & { readonly patience: readonly PatienceStep[] };

export type SwimOptions = RoundOptions & {
  /** A ping without an answer for this long is asked for through others, */
  readonly directUs: number;
  /** and after this long since then its target is suspected. */
  readonly indirectUs: number;
  /** How many others are asked: k of the paper. */
  readonly helpersMax: number;
  /** A suspect that does not refute the accusation within this is taken for dead. */
  readonly suspectUs: number;
  /** News is repeated this many times the binary logarithm of the cluster's size: lambda of the paper. */
  readonly repeatFactor: number;
  /** Pieces of news on one message. */
  readonly newsMax: number;
  /** Accusations remembered of nodes that are not watched; the oldest go first. */
  readonly recordsMax: number;
  /** Where the incarnation is kept. */
  readonly folder: string;
};

const ROUND_DEFAULTS = { startUs: 60_000_000, roundUs: 100_000, lateUs: 300_000 };

export const PING_DEFAULTS: PingOptions = { ...ROUND_DEFAULTS, port: 7101, patience: PATIENCE_ONE };

/** SWIM at lashup's pace, so that both can be compared on the same seeds. */
export const SWIM_DEFAULTS: SwimOptions = {
  ...ROUND_DEFAULTS,
  port: 7101,
  directUs: 300_000,
  indirectUs: 400_000,
  helpersMax: 3,
  suspectUs: 2_000_000,
  repeatFactor: 3,
  newsMax: 6,
  recordsMax: 2_048,
  folder: "/swim",
};

export type DetectorOptions =
  | { readonly kind: "ping"; readonly ping: PingOptions }
  | { readonly kind: "swim"; readonly swim: SwimOptions };

export const DETECTOR_DEFAULTS: DetectorOptions = { kind: "ping", ping: PING_DEFAULTS };
