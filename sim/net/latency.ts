/**
 * Latencies in whole microseconds, from keyed 32-bit outcomes.
 *
 * A draw costs one outcome, and a second one only for the slow tail.
 */
import { scale } from "../hash.ts";
import type { Consumer, Kernel } from "../kernel.ts";
import { exponentialUs } from "../math.ts";
import type { Latency } from "./properties.ts";

const TWO_32 = 4_294_967_296;

/** A Latency ready to draw from. */
export type CompiledLatency = {
  readonly isExponential: boolean;
  readonly minUs: number;
  /** Uniform: the number of values. Exponential: the mean above minUs. */
  readonly spanUs: number;
  /** Outcomes from here up take the slow tail. */
  readonly tailFrom: number;
  readonly tailSpanUs: number;
};

/** The purposes of the keyed outcomes for the usual case and for the slow tail. */
export type LatencyPurposes = { readonly usual: number; readonly tail: number };

/** `times` multiplies every time of the latency, as a slow link does. */
export function compileLatency(latency: Latency, times = 1): CompiledLatency {
  const isConstant = latency.shape === "constant";
  const isExponential = latency.shape === "exponential";
  const minUs = (isConstant ? latency.meanUs : latency.minUs) * times;
  const aboveUs = isConstant ? 0 : (latency.meanUs - latency.minUs) * times;
  const tailPerMillion = latency.tailPerMillion ?? 0;
  return {
    isExponential,
    minUs,
    spanUs: isExponential ? aboveUs : 2 * aboveUs + 1,
    tailFrom: TWO_32 - threshold(tailPerMillion),
    tailSpanUs: tailPerMillion === 0 ? 0 : (latency.tailUsMax ?? latency.meanUs) * times - minUs + 1,
  };
}

/** Outcomes below this value have the given probability. */
export function threshold(perMillion: number): number {
  return Math.floor((perMillion * TWO_32) / 1_000_000);
}

export function drawLatencyUs(
  kernel: Kernel,
  latency: CompiledLatency,
  consumer: Consumer,
  ordinal: number,
  purposes: LatencyPurposes,
): number {
  const outcome = kernel.outcome(consumer, ordinal, purposes.usual);
  if (outcome >= latency.tailFrom) {
    return latency.minUs + scale(kernel.outcome(consumer, ordinal, purposes.tail), latency.tailSpanUs);
  }
  if (latency.isExponential) return latency.minUs + exponentialUs(outcome, latency.spanUs);
  return latency.minUs + Math.floor((outcome / latency.tailFrom) * latency.spanUs);
}
