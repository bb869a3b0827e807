/**
 * What one direction of one link is like, and what a rule may do to it.
 *
 * The numbers are plain data, so that a plan, a scenario's settings and a repro can hold them. Rates are integers in
 * parts per million, times are integers of microseconds, bandwidth is in bytes per second.
 */
import { assertInteger } from "./assert.ts";

/**
 * How long a packet travels. `constant`: always meanUs. `uniform`: from minUs to 2 * meanUs - minUs. `exponential`: minUs
 * plus an exponential with the mean meanUs - minUs, cut at 22 times that (the end of a 32-bit draw).
 * One packet in 1,000,000 / tailPerMillion instead takes a uniform time from minUs to tailUsMax, as in FoundationDB's
 * simulator (sim2.cpp, halfLatency).
 */
export type Latency = {
  readonly shape: "constant" | "uniform" | "exponential";
  readonly minUs: number;
  readonly meanUs: number;
  readonly tailPerMillion?: number;
  readonly tailUsMax?: number;
};

/** What happens to the packet that would exceed the capacity: it is dropped, or one drawn among it and those in flight. */
export type Overflow = "tail" | "random";

/** The properties of one direction of a link when no rule is on it. */
export type LinkProperties = {
  readonly latency: Latency;
  readonly lossPerMillion: number;
  readonly duplicatePerMillion: number;
  readonly corruptPerMillion: number;
  readonly reorderPerMillion: number;
  /** The extra delay of a reordered packet is uniform from 1 to this. */
  readonly reorderDelayUsMax: number;
  /** Packets queue behind each other at this rate; null is without limit. */
  readonly bytesPerSecond: number | null;
  /** How many packets may be in flight, queued ones included. */
  readonly capacityPackets: number;
  readonly overflow: Overflow;
};

/** Healthy data centre: 0.1 to 0.8 ms, one packet in a thousand up to 100 ms (FoundationDB's figures), nothing lost. */
export const LINK_DEFAULT: LinkProperties = {
  latency: { shape: "uniform", minUs: 100, meanUs: 450, tailPerMillion: 1_000, tailUsMax: 100_000 },
  lossPerMillion: 0,
  duplicatePerMillion: 0,
  corruptPerMillion: 0,
  reorderPerMillion: 0,
  reorderDelayUsMax: 10_000,
  bytesPerSecond: null,
  capacityPackets: 16_384,
  overflow: "tail",
};

/** A host talking to itself; no rule applies to this link. */
export const LOOPBACK: LinkProperties = {
  ...LINK_DEFAULT,
  latency: { shape: "uniform", minUs: 5, meanUs: 20 },
};

/**
 * A rate, and how bursty it is. With a correlation the outcomes of a link form a two-state chain (Gilbert 1960): the chance
 * after a hit is p + c(1 - p), after a miss p(1 - c), so the rate stays p. Jepsen's netem rules use 75 %.
 */
export type Odds = { readonly perMillion: number; readonly correlationPerMillion?: number };

/** What a rule does to the links it is on; a field left out does nothing. */
export type RuleProperties = {
  /** Nothing passes; what is in flight is dropped when it would arrive. */
  readonly block?: boolean;
  /** What is sent, or would arrive, waits until the rule is healed. */
  readonly hold?: boolean;
  readonly loss?: Odds;
  readonly duplicate?: Odds;
  /** Flips 1 to bitsMax bits (few more often than many) of a datagram; default 32. */
  readonly corrupt?: Odds & { readonly bitsMax?: number };
  /** Keeps a packet back by a uniform 1 to delayUsMax. */
  readonly reorder?: Odds & { readonly delayUsMax: number };
  /** Adds a delay to each packet, or to a share of them. */
  readonly delay?: Latency & { readonly odds?: Odds };
  readonly slow?: SlowLink;
};

/** A link that works badly: less bandwidth, a multiple of the latency, fewer packets in flight. */
export type SlowLink = {
  readonly bytesPerSecond?: number;
  readonly latencyTimes?: number;
  readonly capacityPackets?: number;
};

const MILLION = 1_000_000;

/** Throws a RangeError that names the field. */
export function checkLinkProperties(link: LinkProperties, where: string): void {
  checkLatency(link.latency, `${where}.latency`);
  assertInteger(link.lossPerMillion, 0, MILLION, `${where}.lossPerMillion`);
  assertInteger(link.duplicatePerMillion, 0, MILLION, `${where}.duplicatePerMillion`);
  assertInteger(link.corruptPerMillion, 0, MILLION, `${where}.corruptPerMillion`);
  assertInteger(link.reorderPerMillion, 0, MILLION, `${where}.reorderPerMillion`);
  assertInteger(link.reorderDelayUsMax, 1, Number.MAX_SAFE_INTEGER, `${where}.reorderDelayUsMax`);
  if (link.bytesPerSecond !== null) {
    assertInteger(link.bytesPerSecond, 1, Number.MAX_SAFE_INTEGER, `${where}.bytesPerSecond`);
  }
  assertInteger(link.capacityPackets, 1, Number.MAX_SAFE_INTEGER, `${where}.capacityPackets`);
}

/** Throws a RangeError that names the field, or says that the rule does nothing. */
export function checkRuleProperties(props: RuleProperties, where: string): void {
  for (const name of ["loss", "duplicate", "corrupt", "reorder"] as const) {
    const odds = props[name];
    if (odds !== undefined) checkOdds(odds, `${where}.${name}`);
  }
  if (props.corrupt?.bitsMax !== undefined) assertInteger(props.corrupt.bitsMax, 1, 32, `${where}.corrupt.bitsMax`);
  if (props.reorder !== undefined) {
    assertInteger(props.reorder.delayUsMax, 1, Number.MAX_SAFE_INTEGER, `${where}.reorder.delayUsMax`);
  }
  if (props.delay !== undefined) checkLatency(props.delay, `${where}.delay`);
  if (props.delay?.odds !== undefined) checkOdds(props.delay.odds, `${where}.delay.odds`);
  const slow = props.slow;
  if (slow?.bytesPerSecond !== undefined) assertInteger(slow.bytesPerSecond, 1, 2e12, `${where}.slow.bytesPerSecond`);
  if (slow?.latencyTimes !== undefined) assertInteger(slow.latencyTimes, 1, 100_000, `${where}.slow.latencyTimes`);
  if (slow?.capacityPackets !== undefined) assertInteger(slow.capacityPackets, 1, 2e9, `${where}.slow.capacityPackets`);
  if (Object.keys(props).length === 0) throw new RangeError(`${where} sets no property: the rule would do nothing.`);
}

function checkLatency(latency: Latency, where: string): void {
  assertInteger(latency.minUs, 0, Number.MAX_SAFE_INTEGER, `${where}.minUs`);
  assertInteger(latency.meanUs, latency.minUs, Number.MAX_SAFE_INTEGER, `${where}.meanUs`);
  assertInteger(latency.tailPerMillion ?? 0, 0, MILLION, `${where}.tailPerMillion`);
  if ((latency.tailPerMillion ?? 0) === 0) return;
  assertInteger(latency.tailUsMax ?? -1, latency.minUs, Number.MAX_SAFE_INTEGER, `${where}.tailUsMax`);
}

function checkOdds(odds: Odds, where: string): void {
  assertInteger(odds.perMillion, 0, MILLION, `${where}.perMillion`);
  assertInteger(odds.correlationPerMillion ?? 0, 0, MILLION, `${where}.correlationPerMillion`);
}
