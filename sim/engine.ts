/**
 * What the simulator needs from the JavaScript engine it runs in. runtime/ hands in Node's; a browser could have its own.
 */

export type Engine = {
  /**
   * Calls `step` until it returns false. Between two calls every queue of the engine (microtasks, ticks, rejections) is
   * empty; unhandled rejections and errors of stray callbacks reach `onStrayError` before the next call. `beforeTurn` is called, with
   * the queues empty, before the engine lets anything from outside the simulation run.
   */
  drive(step: () => boolean, onStrayError: (error: unknown) => void, beforeTurn: () => void): Promise<void>;
  /** Which simulated host the guarded globals (Date, timers, …) belong to; null while no event runs. */
  setCurrent(globals: HostGlobals | null): void;
  /** Counts the jobs that the engine has run from its queues; null unless the sampled claims check is on. */
  readonly jobCount: (() => number) | null;
};

/** What guarded globals of the engine fall back on while an event of a host runs. */
export type HostGlobals = {
  readonly hostName: string;
  wallUs(): number;
  monotonicUs(): number;
  uint32(): number;
  after(delayUs: number, callback: () => void): { cancel(): void };
  /** An error of a stray callback (nextTick, queueMicrotask, a guarded timer). */
  uncaught(error: unknown): void;
};
