/**
 * One timer of a node that is set to the earliest of what is due, in the host's monotonic time.
 *
 * It may fire early, when what it was set for has gone meanwhile: whoever is called looks at the time, does what is due, and sets it
 * again. So what is due later never costs a cancelled timer.
 */
import type { Host, Timer } from "../../sim/host.ts";

export class Alarm {
  readonly #host: Host;
  readonly #onDue: (nowUs: number) => void;
  #timer: Timer | null = null;
  /** When the timer fires; Infinity without one. */
  #dueUs = Number.POSITIVE_INFINITY;

  /** `onDue` is synchronous; it is given the monotonic time. */
  constructor(host: Host, onDue: (nowUs: number) => void) {
    this.#host = host;
    this.#onDue = onDue;
  }

  /** Fires at this time or earlier; Infinity asks for nothing. */
  set(dueUs: number, nowUs: number): void {
    if (dueUs >= this.#dueUs) return;
    this.#timer?.cancel();
    this.#dueUs = dueUs;
    const delayUs = Math.max(0, dueUs - nowUs);
    this.#timer = this.#host.timers.after(delayUs, this.#fire, { sync: true });
  }

  readonly #fire = (): void => {
    this.#timer = null;
    this.#dueUs = Number.POSITIVE_INFINITY;
    this.#onDue(this.#host.clock.monotonicUs());
  };
}
