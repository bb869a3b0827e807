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
  /**
   * The callback, bound to the asynchronous context (AsyncLocalStorage) of the caller, as the engine's own callbacks are; itself while no
   * context is in use. Absent: contexts are not kept.
   */
  readonly bindContext?: <F extends (...args: never[]) => unknown>(callback: F) => F;
  /** True once a context is in use: events then run one by one, each from the context of the engine. */
  readonly usesContexts?: () => boolean;
};

/** What guarded globals of the engine fall back on while an event of a host runs. */
export type HostGlobals = {
  /** The host; on the test side what is to stand in messages ("the scenario's operations"). */
  readonly hostName: string;
  /** True for code of the scenario itself, which runs on no host. */
  readonly isTestSide?: boolean;
  /** The number of the boot. */
  readonly incarnation: number;
  wallUs(): number;
  monotonicUs(): number;
  uint32(): number;
  after(delayUs: number, callback: () => void): { cancel(): void };
  /** What the program wrote to its standard output or error. */
  print(stream: "stdout" | "stderr", text: string): void;
  /** An error of a stray callback (nextTick, queueMicrotask, a guarded timer). */
  uncaught(error: unknown): void;
};
