/** A bucket of tokens for work that may come in a burst but not for long: one token comes back in each `everyUs`. */

export type ThrottleOptions = { readonly burst: number; readonly everyUs: number };

export class Throttle {
  readonly #options: ThrottleOptions;
  // Invariant: this many tokens were there at #sinceUs; negative: so many have been promised ahead.
  #tokens: number;
  #sinceUs: number;

  constructor(options: ThrottleOptions, nowUs: number) {
    this.#options = options;
    this.#tokens = options.burst;
    this.#sinceUs = nowUs;
  }

  /** Takes a token; returns how long to wait for it. */
  take(nowUs: number): number {
    const { burst, everyUs } = this.#options;
    const earned = Math.floor((nowUs - this.#sinceUs) / everyUs);
    this.#tokens += earned;
    this.#sinceUs += earned * everyUs;
    if (this.#tokens >= burst) {
      this.#tokens = burst;
      this.#sinceUs = nowUs;
    }
    this.#tokens -= 1;
    if (this.#tokens >= 0) return 0;
    return this.#sinceUs - this.#tokens * everyUs - nowUs;
  }
}
