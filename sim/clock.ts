/**
 * The clocks of one host. True time goes in, what the host may see comes out.
 *
 * The monotonic clock starts at zero with each boot, only drifts, and never runs back. The wall clock is offset from true
 * time, drifts with the same oscillator, and is what the clock faults move: steps, strobing, freezing, running
 * backwards. All arithmetic is on whole microseconds; a product stays below 2^53 for runs of a hundred days.
 */
import type { ActiveFault } from "./kernel.ts";

/** What a wall-clock fault does while it is active. Several may be; their displacements add up. */
export type WallFault =
  | { readonly kind: "step"; readonly byUs: number; readonly fault: ActiveFault }
  /** The clock jumps by byUs and back, every periodUs. */
  | { readonly kind: "strobe"; readonly byUs: number; readonly periodUs: number; readonly fault: ActiveFault }
  | { readonly kind: "freeze"; readonly fault: ActiveFault }
  /** The clock runs backwards at its normal rate. */
  | { readonly kind: "backward"; readonly fault: ActiveFault };

type ActiveWallFault = { readonly spec: WallFault; readonly sinceUs: number };

export type HostClockOptions = {
  /** True time zero on the wall clock, microseconds since 1970. */
  readonly epochUs: number;
  readonly wallOffsetUs: number;
  readonly driftPpm: number;
};

const MILLION = 1_000_000;

function drifted(durationUs: number, driftPpm: number): number {
  return durationUs + Math.floor((durationUs * driftPpm) / MILLION);
}

export class HostClock {
  readonly #epochUs: number;
  readonly #wallOffsetUs: number;
  readonly #naturalDriftPpm: number;
  #driftPpm: number;
  // Where the present drift began; readings before it are part of the bases.
  #sinceUs = 0;
  #monotonicBaseUs = 0;
  #wallDriftUs = 0;
  #wallFaults: ActiveWallFault[] = [];
  #driftFault: ActiveFault | null = null;
  readonly #effect: (fault: ActiveFault) => void;

  constructor(options: HostClockOptions, effect: (fault: ActiveFault) => void) {
    this.#epochUs = options.epochUs;
    this.#wallOffsetUs = options.wallOffsetUs;
    this.#naturalDriftPpm = options.driftPpm;
    this.#driftPpm = options.driftPpm;
    this.#effect = effect;
  }

  get driftPpm(): number {
    return this.#driftPpm;
  }

  /** The fault that set the present drift, for timers that it moves. */
  get driftFault(): ActiveFault | null {
    return this.#driftFault;
  }

  boot(nowUs: number): void {
    this.#rebase(nowUs);
    this.#monotonicBaseUs = 0;
  }

  monotonicUs(nowUs: number): number {
    return this.#monotonicBaseUs + drifted(nowUs - this.#sinceUs, this.#driftPpm);
  }

  wallUs(nowUs: number): number {
    const honest = this.#honestWallUs(nowUs);
    if (this.#wallFaults.length === 0) return honest;
    let shown = honest;
    for (const { spec, sinceUs } of this.#wallFaults) {
      const by = displacement(spec, nowUs - sinceUs);
      if (by !== 0) this.#effect(spec.fault);
      shown += by;
    }
    return shown;
  }

  /** The smallest true delay after which monotonicUs will have advanced by at least `delayUs`. */
  trueDelayUs(nowUs: number, delayUs: number): number {
    const target = this.monotonicUs(nowUs) + delayUs;
    let delay = Math.max(0, Math.floor((delayUs * MILLION) / (MILLION + this.#driftPpm)) - 1);
    while (this.monotonicUs(nowUs + delay) < target) delay++;
    return delay;
  }

  /** Sets the drift from now on; null returns to the host's own. The caller moves the pending timers. */
  setDrift(nowUs: number, driftPpm: number | null, fault: ActiveFault | null): void {
    this.#rebase(nowUs);
    this.#driftPpm = driftPpm ?? this.#naturalDriftPpm;
    this.#driftFault = fault;
  }

  /** Starts a wall-clock fault; the function returned ends it, as a correction by NTP would. */
  addWallFault(nowUs: number, spec: WallFault): () => void {
    const active: ActiveWallFault = { spec, sinceUs: nowUs };
    this.#wallFaults.push(active);
    return () => {
      this.#wallFaults = this.#wallFaults.filter((other) => other !== active);
    };
  }

  #honestWallUs(nowUs: number): number {
    const sinceRebase = nowUs - this.#sinceUs;
    return (
      this.#epochUs +
      this.#wallOffsetUs +
      nowUs +
      this.#wallDriftUs +
      drifted(sinceRebase, this.#driftPpm) -
      sinceRebase
    );
  }

  #rebase(nowUs: number): void {
    this.#monotonicBaseUs = this.monotonicUs(nowUs);
    const sinceRebase = nowUs - this.#sinceUs;
    this.#wallDriftUs += drifted(sinceRebase, this.#driftPpm) - sinceRebase;
    this.#sinceUs = nowUs;
  }
}

function displacement(spec: WallFault, elapsedUs: number): number {
  switch (spec.kind) {
    case "step":
      return spec.byUs;
    case "strobe":
      return Math.floor(elapsedUs / spec.periodUs) % 2 === 0 ? spec.byUs : 0;
    case "freeze":
      return -elapsedUs;
    case "backward":
      return -2 * elapsedUs;
  }
}
