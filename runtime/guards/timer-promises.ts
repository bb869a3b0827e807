/** node:timers/promises over the timers of the host, with their options: a signal that aborts, and ref, which changes nothing here. */
import type { HostGlobals } from "../../sim/engine.ts";
import { type AnyFunction, current, disguise, nodeRequire, type Owner, type Replace, simulate } from "./kit.ts";
import { startImmediate, startInterval, startTimeout } from "./timers.ts";

type Options = { readonly signal?: AbortSignal; readonly ref?: boolean } | undefined;

/** As the error of Node, whose class is not exported. */
class AbortError extends Error {
  readonly code: string = "ABORT_ERR";

  constructor(cause: unknown) {
    super("The operation was aborted", { cause });
    this.name = "AbortError";
  }
}

function isValid(options: unknown): options is Options {
  if (options === undefined) return true;
  if (options === null || typeof options !== "object" || Array.isArray(options)) return false;
  const { signal, ref } = options as { signal?: unknown; ref?: unknown };
  if (signal !== undefined && (signal === null || typeof signal !== "object" || !("aborted" in signal))) return false;
  return ref === undefined || typeof ref === "boolean";
}

/** Settles with the value when the timer fires; rejects, and clears the timer, when the signal aborts. */
function sleep(
  value: unknown,
  options: Options,
  start: (callback: AnyFunction) => { clear(): void },
): Promise<unknown> {
  const signal = options?.signal;
  if (signal?.aborted === true) return Promise.reject(new AbortError(signal.reason));
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      timer.clear();
      reject(new AbortError(signal!.reason));
    };
    const timer = start(() => {
      signal?.removeEventListener("abort", onAbort);
      resolve(value);
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}

function timeout(owner: HostGlobals, args: unknown[], real: AnyFunction): Promise<unknown> {
  const [delay, value, options] = args;
  if (!isValid(options)) return real(...args) as Promise<unknown>;
  const start = (): Promise<unknown> => sleep(value, options, (fire) => startTimeout(owner, fire, delay));
  if (delay === undefined || typeof delay === "number") return start();
  // Which delays are refused depends on the major: an aborted signal asks Node without starting a timer.
  return refusal(real(delay, value, { signal: AbortSignal.abort() })).then((error) => {
    if (error !== null) throw error;
    return start();
  });
}

/** The error with which Node refuses an argument, or null when it only saw the aborted signal. */
async function refusal(asked: unknown): Promise<unknown> {
  try {
    await asked;
  } catch (error) {
    return (error as { code?: unknown }).code === "ABORT_ERR" ? null : error;
  }
  return null;
}

function immediate(owner: HostGlobals, args: unknown[], real: AnyFunction): Promise<unknown> {
  const [value, options] = args;
  if (!isValid(options)) return real(...args) as Promise<unknown>;
  return sleep(value, options, (fire) => startImmediate(owner, fire));
}

/** Ticks that were not asked for yet are kept and given without waiting, as Node does. */
async function* interval(args: unknown[], real: AnyFunction): AsyncGenerator<unknown> {
  const [delay, value, options] = args;
  const owner = current();
  if (owner === null || !isValid(options)) return yield* real(...args) as AsyncGenerator<unknown>;
  const signal = options?.signal;
  const isAborted = (): boolean => signal?.aborted === true;
  if (isAborted()) throw new AbortError(signal?.reason);
  let ticks = 0;
  let wake = (): void => {};
  const timer = startInterval(
    owner,
    () => {
      ticks++;
      wake();
    },
    delay,
  );
  const onAbort = (): void => {
    timer.clear();
    wake();
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  try {
    while (!isAborted()) {
      if (ticks === 0)
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      for (; ticks > 0; ticks--) yield value;
    }
    throw new AbortError(signal?.reason);
  } finally {
    timer.clear();
    signal?.removeEventListener("abort", onAbort);
  }
}

/** Replaces them, and returns what util.promisify is to find, by the name of the function. */
export function guardTimerPromises(replace: Replace): { readonly [name: string]: () => unknown } {
  const promises = nodeRequire("node:timers/promises") as Owner;
  replace(
    promises,
    "setTimeout",
    simulate((owner, _self, args, real) => timeout(owner, args, real)),
  );
  replace(
    promises,
    "setImmediate",
    simulate((owner, _self, args, real) => immediate(owner, args, real)),
  );
  // A generator starts at its first `next`, so whose event runs is asked there.
  replace(promises, "setInterval", (real) => disguise((...args: unknown[]) => interval(args, real), real));
  const scheduler = promises["scheduler"] as object;
  const realWait = Object.getPrototypeOf(scheduler) as object;
  replace(
    realWait,
    "wait",
    simulate((owner, self, args, real) => {
      if (self !== scheduler) return real.apply(self, args);
      return timeout(owner, [args[0], undefined, args[1]], (delay, _value, options) => real.call(self, delay, options));
    }),
  );
  replace(
    realWait,
    "yield",
    simulate((owner, self, args, real) => {
      if (self !== scheduler) return real.apply(self, args);
      return immediate(owner, [], real);
    }),
  );
  return { setTimeout: () => promises["setTimeout"], setImmediate: () => promises["setImmediate"] };
}
