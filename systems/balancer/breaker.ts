/**
 * The circuit breaker of one backend: after five failures in a row it gets no connections for a while, then one probe at a time.
 *
 * It is tripped until the backoff has passed since the last failure. From then on one connection in each backoff is let through as a probe:
 * success resets it, failure starts the backoff again, and a probe of which nothing is ever heard is replaced after another backoff.
 */

export type Breaker = {
  readonly failures: number;
  /** Of the last failure or probe. */
  readonly lastUs: number;
};

export type BreakerOptions = { readonly failuresMax: number; readonly backoffUs: number };

export const SOUND: Breaker = { failures: 0, lastUs: 0 };

export function isTripped(breaker: Breaker, options: BreakerOptions): boolean {
  return breaker.failures >= options.failuresMax;
}

/** True when a connection may be given to the backend now. */
export function admits(breaker: Breaker, nowUs: number, options: BreakerOptions): boolean {
  return !isTripped(breaker, options) || nowUs - breaker.lastUs >= options.backoffUs;
}

/** A connection is given to the backend: on a tripped one this is the probe, and the next has to wait. */
export function onChosen(breaker: Breaker, nowUs: number, options: BreakerOptions): Breaker {
  return isTripped(breaker, options) ? { failures: breaker.failures, lastUs: nowUs } : breaker;
}

export function onFailure(breaker: Breaker, nowUs: number): Breaker {
  return { failures: breaker.failures + 1, lastUs: nowUs };
}

export function onSuccess(): Breaker {
  return SOUND;
}
