/** Parameters of the failure detectors, with lashup's values as defaults. Times marked with (*) are once or twice the value. */
import { PATIENCE_ONE, type PatienceStep } from "./patience.ts";

export type PingOptions = {
  readonly port: number;
  /** Time from the boot to the first round (*): neighbours that come and go while a cluster forms are not pinged. */
  readonly startUs: number;
  /** Time between pings, each to the next neighbour (*). */
  readonly roundUs: number;
  readonly patience: readonly PatienceStep[];
  /** A round that comes later than this tells that this host stood still: then silence proves nothing, and pings start over. */
  readonly lateUs: number;
};

export const PING_DEFAULTS: PingOptions = {
  port: 7101,
  startUs: 60_000_000,
  roundUs: 100_000,
  patience: PATIENCE_ONE,
  lateUs: 300_000,
};

export type DetectorOptions = { readonly kind: "ping"; readonly ping: PingOptions };

export const DETECTOR_DEFAULTS: DetectorOptions = { kind: "ping", ping: PING_DEFAULTS };
