/**
 * Timers of node:timers and the globals, as timers of the host. The handles behave as Node's: a number as primitive once asked
 * for, ref and unref, refresh, close, and the handle as `this` of its callback.
 *
 * An asynchronous context (AsyncLocalStorage) is kept from where the timer is made, as Node keeps it.
 */
import type { HostGlobals } from "../../sim/engine.ts";
import { bindContext } from "./contexts.ts";
import { type AnyFunction, current, disguise, nodeRequire, type Owner, perHost, type Replace } from "./kit.ts";

const DELAY_MS_MAX = 2 ** 31 - 1;

/** As Node reads a delay: whatever is not from 1 to 2^31-1 ms is 1 ms. Its warning is not printed. */
export function delayUsOf(delay: unknown): number {
  const ms = (delay as number) * 1;
  return (ms >= 1 && ms <= DELAY_MS_MAX ? Math.trunc(ms) : 1) * 1000;
}

/** Numbers of the timers of a boot, and those whose number was asked for: they can be cleared by it. */
type Known = { last: number; readonly byId: Map<string, Timeout> };

const knownOf: (owner: HostGlobals) => Known = perHost(() => ({ last: 0, byId: new Map() }));

type Armed = { cancel(): void };

class Timeout {
  readonly #owner: HostGlobals;
  readonly #delayUs: number;
  readonly #isRepeating: boolean;
  readonly #id: number;
  readonly #callback: () => void;
  #armed: Armed | null = null;
  #isCleared = false;
  #isRefed: boolean | null;

  constructor(owner: HostGlobals, delayUs: number, isRepeating: boolean, callback: AnyFunction, args: unknown[]) {
    this.#owner = owner;
    this.#delayUs = delayUs;
    this.#isRepeating = isRepeating;
    this.#isRefed = true;
    this.#id = ++knownOf(owner).last;
    this.#callback = bindContext(() => callback.apply(this, args));
    this.#arm();
  }

  #arm(): void {
    this.#armed = this.#owner.after(this.#delayUs, () => this.#fire());
  }

  #fire(): void {
    this.#armed = null;
    if (this.#isRepeating) this.#arm();
    try {
      this.#callback();
    } finally {
      // A callback may have armed it again.
      if (this.#armed === null) this.#forget();
    }
  }

  #forget(): void {
    this.#isRefed = null;
    knownOf(this.#owner).byId.delete(String(this.#id));
  }

  /** What clearTimeout does. A cleared timer can no longer be refreshed. */
  clear(): void {
    this.#isCleared = true;
    this.#armed?.cancel();
    this.#armed = null;
    this.#forget();
  }

  ref(): this {
    if (this.#isRefed === false) this.#isRefed = true;
    return this;
  }

  unref(): this {
    if (this.#isRefed === true) this.#isRefed = false;
    return this;
  }

  hasRef(): boolean | null {
    return this.#isRefed;
  }

  refresh(): this {
    if (this.#isCleared) return this;
    this.#armed?.cancel();
    this.#isRefed ??= true;
    this.#arm();
    return this;
  }

  close(): this {
    this.clear();
    return this;
  }

  [Symbol.toPrimitive](): number {
    if (this.#armed !== null || !this.#isCleared) knownOf(this.#owner).byId.set(String(this.#id), this);
    return this.#id;
  }
}

class Immediate {
  #armed: Armed | null;
  #isRefed: boolean | null = true;

  constructor(owner: HostGlobals, callback: AnyFunction, args: unknown[]) {
    const bound = bindContext(() => callback.apply(this, args));
    this.#armed = owner.after(0, () => {
      this.#armed = null;
      this.#isRefed = null;
      bound();
    });
  }

  clear(): void {
    this.#armed?.cancel();
    this.#armed = null;
    this.#isRefed = null;
  }

  ref(): this {
    if (this.#isRefed === false) this.#isRefed = true;
    return this;
  }

  unref(): this {
    if (this.#isRefed === true) this.#isRefed = false;
    return this;
  }

  hasRef(): boolean {
    return this.#isRefed === true;
  }
}

// Symbol.dispose is not in every Node, and then Node's own timers have none either.
if (Symbol.dispose !== undefined)
  for (const prototype of [Timeout.prototype, Immediate.prototype])
    Object.defineProperty(prototype, Symbol.dispose, {
      configurable: true,
      writable: true,
      value(this: Timeout | Immediate) {
        this.clear();
      },
    });

export function startTimeout(owner: HostGlobals, callback: AnyFunction, delay: unknown, args: unknown[] = []): Timeout {
  return new Timeout(owner, delayUsOf(delay), false, callback, args);
}

export function startInterval(owner: HostGlobals, callback: AnyFunction, delay: unknown): Timeout {
  return new Timeout(owner, delayUsOf(delay), true, callback, []);
}

export function startImmediate(owner: HostGlobals, callback: AnyFunction, args: unknown[] = []): Immediate {
  return new Immediate(owner, callback, args);
}

export type { Immediate, Timeout };

/** `promised` gives what util.promisify makes of the function: those of timers/promises. */
export function guardTimers(replace: Replace, promised: { readonly [name: string]: () => unknown }): void {
  const timers = nodeRequire("node:timers") as Owner;
  // What Node does with a callback that is not a function, it does at once: the error is its own.
  const make =
    (start: (owner: HostGlobals, callback: AnyFunction, args: unknown[]) => object) => (real: AnyFunction) => {
      const guarded = function (this: unknown, ...args: unknown[]): unknown {
        const owner = current();
        const [callback, ...rest] = args;
        if (owner === null || typeof callback !== "function") return real.apply(this, args);
        return start(owner, callback as AnyFunction, rest);
      };
      return promisable(guarded, real, promised);
    };
  const repeating = (isRepeating: boolean) =>
    make((owner, callback, [delay, ...args]) => new Timeout(owner, delayUsOf(delay), isRepeating, callback, args));
  for (const owner of [globalThis, timers]) {
    replace(owner, "setTimeout", repeating(false));
    replace(owner, "setInterval", repeating(true));
    replace(
      owner,
      "setImmediate",
      make((host, callback, args) => new Immediate(host, callback, args)),
    );
    for (const name of ["clearTimeout", "clearInterval"]) replace(owner, name, (real) => clearing(real, Timeout));
    replace(owner, "clearImmediate", (real) => clearing(real, Immediate));
  }
}

function promisable(
  guarded: AnyFunction,
  real: AnyFunction,
  promised: { readonly [name: string]: () => unknown },
): AnyFunction {
  const custom = Symbol.for("nodejs.util.promisify.custom");
  const make = promised[real.name];
  if (make !== undefined && custom in real) Object.defineProperty(guarded, custom, { enumerable: true, get: make });
  return disguise(guarded, real);
}

function clearing(real: AnyFunction, Handle: typeof Timeout | typeof Immediate): AnyFunction {
  return disguise(function (this: unknown, handle: unknown) {
    if (handle instanceof Timeout || handle instanceof Immediate) {
      if (handle instanceof Handle) handle.clear();
      return undefined;
    }
    const owner = current();
    if (owner === null || (typeof handle !== "number" && typeof handle !== "string")) return real.call(this, handle);
    if (Handle === Timeout) knownOf(owner).byId.get(String(handle))?.clear();
    return undefined;
  }, real);
}
