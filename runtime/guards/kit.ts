/** What every guard is made of: whose event runs now, how a function is replaced and put back, and the error of a forbidden call. */
import { createRequire } from "node:module";
import type { HostGlobals } from "../../sim/engine.ts";

export type Owner = Record<PropertyKey, unknown>;
export type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Replaces one property of an object for as long as the guards are in place; does nothing when it is not there. */
export type Replace = (owner: object, key: PropertyKey, make: (real: AnyFunction) => unknown) => void;

export const nodeRequire: NodeJS.Require = createRequire(import.meta.url);

/** What a guarded call throws: who made it, what it called, what to use instead. */
export class GuardError extends Error {
  constructor(what: string, by: Pick<HostGlobals, "hostName" | "isTestSide">, instead: string) {
    const who = by.isTestSide === true ? by.hostName : `code on host ${by.hostName}`;
    super(`${what} was called by ${who} while the simulation runs. It would break determinism: ${instead}`);
    this.name = "GuardError";
  }
}

let present: HostGlobals | null = null;

/** Whose event runs now; null between events, where every guard passes through to the real function. */
export function current(): HostGlobals | null {
  return present;
}

export function setCurrent(globals: HostGlobals | null): void {
  present = globals;
}

/** Runs a function as if it were called by somebody else, or by nobody. For synchronous functions. */
export function runAs<T>(globals: HostGlobals | null, use: () => T): T {
  const before = present;
  present = globals;
  try {
    return use();
  } finally {
    present = before;
  }
}

/** State that belongs to one boot of a host: it goes with the globals of that boot. */
export function perHost<T>(make: (owner: HostGlobals) => T): (owner: HostGlobals) => T {
  const states = new WeakMap<HostGlobals, T>();
  return (owner) => {
    let state = states.get(owner);
    if (state === undefined) {
      state = make(owner);
      states.set(owner, state);
    }
    return state;
  };
}

/** Gives a replacement what code may read of the real function: name, length, prototype and further properties. */
export function disguise<T extends object>(replacement: T, real: object): T {
  for (const key of Reflect.ownKeys(real)) {
    if (Object.getOwnPropertyDescriptor(replacement, key)?.configurable === false) continue;
    Object.defineProperty(replacement, key, Object.getOwnPropertyDescriptor(real, key)!);
  }
  return replacement;
}

/** Throws in an event, in a call and in a construction; passes through otherwise. */
export function forbid(what: string, instead: string): (real: AnyFunction) => unknown {
  return (real) => {
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      if (present !== null) throw new GuardError(what, present, instead);
      return new.target === undefined
        ? real.apply(this, args)
        : Reflect.construct(real, args, new.target === guarded ? real : new.target);
    };
    guarded.prototype = real.prototype as unknown;
    disguise(guarded, real);
    // As process.memoryUsage.rss: what hangs on a forbidden function is another way to the same.
    for (const [key, value] of Object.entries(real))
      if (typeof value === "function")
        Object.defineProperty(guarded, key, {
          ...Object.getOwnPropertyDescriptor(guarded, key)!, // copied just now
          value: forbid(`${what}.${key}`, instead)(value as AnyFunction),
        });
    return guarded;
  };
}

/** A replacement that is `simulated` in an event and the real function otherwise. */
export function simulate(
  simulated: (owner: HostGlobals, self: unknown, args: unknown[], real: AnyFunction) => unknown,
): (real: AnyFunction) => AnyFunction {
  return (real) =>
    disguise(function (this: unknown, ...args: unknown[]): unknown {
      return present === null ? real.apply(this, args) : simulated(present, this, args, real);
    }, real);
}

/** Makes the `replace` of one installation, and the function that takes all of it back. */
export function makeReplace(): { readonly replace: Replace; readonly undo: () => void } {
  const undo: (() => void)[] = [];
  const replace: Replace = (owner, key, make) => {
    // Node makes many of its global classes when they are read first, and puts the class in the place of the accessor.
    if (owner === globalThis && /^[A-Z]/.test(String(key))) void (owner as Owner)[key];
    const own = Object.getOwnPropertyDescriptor(owner, key);
    if (own === undefined && !(key in owner)) return;
    // What is inherited is covered by a property of the object itself, which is taken away again.
    const descriptor = own ?? { configurable: true, writable: true, value: (owner as Owner)[key] };
    if (descriptor.configurable !== true) {
      if (descriptor.writable !== true) return;
      const real = descriptor.value as AnyFunction;
      (owner as Owner)[key] = make(real);
      undo.push(() => {
        (owner as Owner)[key] = real;
      });
      return;
    }
    Object.defineProperty(owner, key, replaced(descriptor, make));
    undo.push(() => {
      if (own === undefined) delete (owner as Owner)[key];
      else Object.defineProperty(owner, key, own);
    });
  };
  return {
    replace,
    undo: () => {
      for (const step of undo.reverse()) step();
    },
  };
}

/** Of an accessor the getter is guarded; of a value that is not a function, the reading. */
function replaced(descriptor: PropertyDescriptor, make: (real: AnyFunction) => unknown): PropertyDescriptor {
  const { enumerable = false, get, set, value } = descriptor;
  if (get !== undefined) {
    const guarded = { configurable: true, enumerable, get: make(get as AnyFunction) as () => unknown };
    return set === undefined ? guarded : { ...guarded, set };
  }
  if (typeof value !== "function") return { configurable: true, enumerable, get: make(() => value) as () => unknown };
  return { configurable: true, enumerable, writable: true, value: make(value as AnyFunction) };
}
