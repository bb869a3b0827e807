/**
 * The guards: while an event of a simulated host runs, the functions of Node that know time, chance or the outside belong
 * to that host, or throw an error that names the replacement. While no event runs they are the real ones.
 *
 * guards/surface.ts lists all of them. Installed for the time of a run; a process that loads files of users keeps them, so that what a
 * module takes at its top (`const later = setTimeout`) is guarded too. A reference taken before that is out of reach; the double
 * run (--verify-determinism) is what finds it.
 */
import { syncBuiltinESMExports } from "node:module";
import * as v8 from "node:v8";
import { guardBlobs } from "./guards/blobs.ts";
import { guardChance } from "./guards/chance.ts";
import { guardClocks } from "./guards/clocks.ts";
import { guardContexts } from "./guards/contexts.ts";
import { type AnyFunction, current, disguise, makeReplace, type Replace, setCurrent, simulate } from "./guards/kit.ts";
import { guardMachine } from "./guards/machine.ts";
import { guardMemory, takePool } from "./guards/memory.ts";
import { guardOutside } from "./guards/outside.ts";
import { guardPerformance } from "./guards/performance.ts";
import { guardTimerPromises } from "./guards/timer-promises.ts";
import { guardTimers, startTimeout } from "./guards/timers.ts";

export { bindContext, usesContexts } from "./guards/contexts.ts";
export { GuardError, runAs, setCurrent } from "./guards/kit.ts";

let installed: (() => void) | null = null;
let depth = 0;

/** Installs the guards; the function returned takes them away. Calls nest. */
export function installGuards(): () => void {
  const restoreEnvironment = takeEnvironment();
  if (depth++ === 0) installed = install();
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    restoreEnvironment();
    if (--depth > 0) return;
    installed?.();
    installed = null;
    setCurrent(null);
  };
}

function install(): () => void {
  // Node loads what is behind these when one is read first, and that takes globals of its own: it must find the real ones.
  void [globalThis.Response, globalThis.Blob];
  // Node 20 and 22 open another context at the first release of a reader.
  new ReadableStream().getReader().releaseLock();
  const { replace, undo } = makeReplace();
  guardOutside(replace);
  guardClocks(replace);
  guardTimers(replace, guardTimerPromises(replace));
  guardJobs(replace);
  guardPerformance(replace);
  guardChance(replace);
  guardContexts(replace);
  guardMachine(replace);
  guardMemory(replace);
  guardBlobs(replace);
  const restorePool = takePool();
  syncBuiltinESMExports();
  return () => {
    undo();
    restorePool();
    syncBuiltinESMExports();
  };
}

/**
 * What a program changes in the environment ends with the run. Hosts are in one time zone, whatever that of the machine is: the engine
 * looks at TZ whenever it is set.
 */
function takeEnvironment(): () => void {
  const before = { ...process.env };
  if (process.env["TZ"] !== "UTC") process.env["TZ"] = "UTC";
  return () => {
    for (const name of Object.keys(process.env)) if (!(name in before)) delete process.env[name];
    for (const [name, value] of Object.entries(before)) if (process.env[name] !== value) process.env[name] = value;
  };
}

/** The queues are real, and the barrier drains them; an error in a job belongs to the host that queued it. */
function guardJobs(replace: Replace): void {
  const caught = (real: AnyFunction): AnyFunction =>
    disguise(function (this: unknown, ...args: unknown[]) {
      const owner = current();
      const [callback, ...rest] = args;
      if (owner === null || typeof callback !== "function") return real.apply(this, args);
      return real.call(this, () => {
        jobsSeen++;
        try {
          (callback as AnyFunction).apply(undefined, rest);
        } catch (error) {
          owner.uncaught(error);
        }
      });
    }, real);
  replace(globalThis, "queueMicrotask", caught);
  replace(process, "nextTick", caught);
  replace(
    AbortSignal,
    "timeout",
    simulate((owner, self, args, real) => {
      const [delay] = args;
      if (!Number.isSafeInteger(delay) || (delay as number) < 0) return real.apply(self, args);
      const controller = new AbortController();
      const reason = (): unknown => new DOMException("The operation was aborted due to timeout", "TimeoutError");
      startTimeout(owner, () => controller.abort(reason()), delay);
      return controller.signal;
    }),
  );
}

let jobsSeen = 0;

/** Counts the jobs run from the engine's queues, by promise hooks; for the sampled check of synchronous handlers. */
export function startJobCount(): { readonly count: () => number; stop(): void } {
  const stop = v8.promiseHooks.onBefore(() => {
    jobsSeen++;
  }) as () => void;
  return { count: () => jobsSeen, stop };
}
