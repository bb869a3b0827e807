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

/** The smallest true delay in which a clock that has drifted since `sinceUs` ago advances by at least `delayUs`. */
function trueDurationUs(sinceUs: number, delayUs: number, driftPpm: number): number {
  const target = drifted(sinceUs, driftPpm) + delayUs;
  let trueUs = Math.max(0, Math.floor((delayUs * MILLION) / (MILLION + driftPpm)) - 1);
  while (drifted(sinceUs + trueUs, driftPpm) < target) trueUs++;
  return trueUs;
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

  /** The fault to credit for a timer that is set now: one whose drift makes its true delay another than with the host's own; else null. */
  driftFaultOf(nowUs: number, delayUs: number, trueDelayUs: number): ActiveFault | null {
    if (this.#driftFault === null || this.#driftPpm === this.#naturalDriftPpm) return null;
    const ownDelayUs = trueDurationUs(nowUs - this.#sinceUs, delayUs, this.#naturalDriftPpm);
    return ownDelayUs === trueDelayUs ? null : this.#driftFault;
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
    return trueDurationUs(nowUs - this.#sinceUs, delayUs, this.#driftPpm);
  }

  /** Sets the drift from now on; null returns to the host's own. False when it stays what it was; else the caller moves the pending timers. */
  setDrift(nowUs: number, driftPpm: number | null, fault: ActiveFault | null): boolean {
    this.#driftFault = fault;
    const wantedPpm = driftPpm ?? this.#naturalDriftPpm;
    // A new base rounds anew, which alone could move a reading by a microsecond.
    if (wantedPpm === this.#driftPpm) return false;
    this.#rebase(nowUs);
    this.#driftPpm = wantedPpm;
    return true;
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
