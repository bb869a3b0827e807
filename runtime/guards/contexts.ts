/**
 * Asynchronous contexts: what AsyncLocalStorage holds where a callback is registered, it holds where the callback runs.
 *
 * Capturing costs, and few systems use contexts: nothing is captured before an event enters the first in this process.
 */
import { AsyncLocalStorage, AsyncResource } from "node:async_hooks";
import { type AnyFunction, current, disguise, nodeRequire, type Owner, type Replace } from "./kit.ts";

let isUsed = false;

/** True from the first context that an event enters. */
export function usesContexts(): boolean {
  return isUsed;
}

/** The callback, in the context of now; itself while no context is in use. */
export function bindContext<F extends (...args: never[]) => unknown>(callback: F): F {
  if (!isUsed) return callback;
  const inContext = AsyncLocalStorage.snapshot();
  return ((...args: never[]) => inContext(callback, ...args)) as F;
}

export function guardContexts(replace: Replace): void {
  const noting = (real: AnyFunction): AnyFunction =>
    disguise(function (this: unknown, ...args: unknown[]) {
      if (current() !== null) isUsed = true;
      return real.apply(this, args);
    }, real);
  replace(AsyncLocalStorage.prototype, "run", noting);
  replace(AsyncLocalStorage.prototype, "enterWith", noting);
  // Node 26 has a third way in.
  replace(AsyncLocalStorage.prototype, "withScope", noting);
  replace(AsyncResource.prototype, "runInAsyncScope", noting);
  replace(nodeRequire("node:async_hooks") as Owner, "createHook", noting);
}
