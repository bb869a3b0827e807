/**
 * The guards: while an event of a simulated host runs, the globals of Node that know time, chance or the outside belong
 * to that host, or throw an error that names the replacement. While no event runs they are the real ones.
 *
 * Installed once for the time of a run and taken away after it. A reference that code took to the real function
 * before the run is out of reach; the double run (--verify-determinism) is what finds that.
 */
import { createRequire, syncBuiltinESMExports } from "node:module";
import * as v8 from "node:v8";
import type { HostGlobals } from "../sim/engine.ts";

/** What a guarded call throws: the host that made it, what it called, what to use instead. */
export class GuardError extends Error {
  constructor(what: string, host: string, instead: string) {
    super(
      `${what} was called by code on host ${host} while the simulation runs. It would break determinism: ${instead}`,
    );
    this.name = "GuardError";
  }
}

let current: HostGlobals | null = null;
let installed: (() => void) | null = null;
let depth = 0;

export function setCurrent(globals: HostGlobals | null): void {
  current = globals;
}

/** Installs the guards; the function returned takes them away. Calls nest. */
export function installGuards(): () => void {
  if (depth++ === 0) installed = install();
  return () => {
    if (--depth > 0) return;
    installed?.();
    installed = null;
    current = null;
  };
}

type Owner = Record<PropertyKey, unknown>;
type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

function install(): () => void {
  const undo: (() => void)[] = [];
  const replace = (owner: object, key: PropertyKey, make: (real: AnyFunction) => unknown): void => {
    const descriptor = Object.getOwnPropertyDescriptor(owner, key);
    if (descriptor?.get !== undefined) {
      // An accessor: its getter is what is guarded.
      Object.defineProperty(owner, key, { ...descriptor, get: make(descriptor.get as AnyFunction) as () => unknown });
      undo.push(() => Object.defineProperty(owner, key, descriptor));
      return;
    }
    const real = (owner as Owner)[key] as AnyFunction;
    if (real === undefined) return;
    if (descriptor !== undefined && !descriptor.configurable) {
      if (!descriptor.writable) return;
      (owner as Owner)[key] = make(real);
      undo.push(() => {
        (owner as Owner)[key] = real;
      });
      return;
    }
    Object.defineProperty(owner, key, {
      value: make(real),
      configurable: true,
      writable: true,
      enumerable: descriptor?.enumerable ?? false,
    });
    undo.push(() => {
      if (descriptor === undefined) delete (owner as Owner)[key];
      else Object.defineProperty(owner, key, descriptor);
    });
  };
  guardTime(replace);
  guardTimers(replace);
  guardChance(replace);
  guardOutside(replace);
  syncBuiltinESMExports();
  return () => {
    for (const step of undo.reverse()) step();
    syncBuiltinESMExports();
  };
}

type Replace = (owner: object, key: PropertyKey, make: (real: AnyFunction) => unknown) => void;

const require = createRequire(import.meta.url);

function guardTime(replace: Replace): void {
  const RealDate = Date;
  replace(globalThis, "Date", () => simulatedDate(RealDate));
  replace(
    performance,
    "now",
    (real) => () => (current === null ? real.call(performance) : current.monotonicUs() / 1000),
  );
  replace(
    process,
    "uptime",
    (real) => () => (current === null ? real.call(process) : current.monotonicUs() / 1_000_000),
  );
  replace(process, "hrtime", (real) => {
    const hrtime = (since?: [number, number]): [number, number] => {
      if (current === null) return real.call(process, since) as [number, number];
      const us = current.monotonicUs() - (since === undefined ? 0 : since[0] * 1_000_000 + Math.floor(since[1] / 1000));
      return [Math.floor(us / 1_000_000), (us % 1_000_000) * 1000];
    };
    const realBigint = process.hrtime.bigint;
    return Object.assign(hrtime, {
      bigint: () => (current === null ? realBigint() : BigInt(current.monotonicUs()) * 1000n),
    });
  });
  replace(
    Event.prototype,
    "timeStamp",
    (real) =>
      function (this: unknown) {
        return current === null ? real.call(this) : current.monotonicUs() / 1000;
      },
  );
}

function simulatedDate(RealDate: DateConstructor): unknown {
  const nowMs = (): number => (current === null ? RealDate.now() : Math.floor(current.wallUs() / 1000));
  return new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 && current !== null ? [nowMs()] : args, newTarget) as object,
    apply: (target) => (current === null ? target() : new RealDate(nowMs()).toString()),
    get: (target, key) => (key === "now" ? nowMs : Reflect.get(target, key)),
  });
}

/** A simulated timer that looks enough like Node's: ref, unref, hasRef, refresh, close, and a number as primitive. */
function timeoutObject(start: () => { cancel(): void }): object {
  let timer = start();
  const handle = {
    ref: () => handle,
    unref: () => handle,
    hasRef: () => true,
    refresh: () => {
      timer.cancel();
      timer = start();
      return handle;
    },
    close: () => {
      timer.cancel();
      return handle;
    },
    [SIMULATED]: () => timer.cancel(),
  };
  return handle;
}

const SIMULATED = Symbol("simulated timer");

function guardTimers(replace: Replace): void {
  const timers = require("node:timers") as Owner;
  const start = (delayMs: unknown, repeat: boolean, callback: AnyFunction, args: unknown[]): object => {
    const owner = current!;
    const delayUs = Math.max(1, Math.floor(Number(delayMs) || 1)) * 1000;
    const arm = (): { cancel(): void } => {
      let inner = owner.after(delayUs, function fire() {
        if (repeat) inner = owner.after(delayUs, fire);
        callback.apply(undefined, args);
      });
      return { cancel: () => inner.cancel() };
    };
    return timeoutObject(arm);
  };
  const set =
    (repeat: boolean) =>
    (real: AnyFunction): AnyFunction =>
      function (this: unknown, callback, delay, ...args) {
        if (current === null) return real.call(this, callback, delay, ...args);
        return start(delay, repeat, callback as AnyFunction, args);
      };
  const immediate = (real: AnyFunction): AnyFunction =>
    function (this: unknown, callback, ...args) {
      if (current === null) return real.call(this, callback, ...args);
      const owner = current;
      return timeoutObject(() => owner.after(0, () => (callback as AnyFunction).apply(undefined, args)));
    };
  const clear = (real: AnyFunction): AnyFunction =>
    function (this: unknown, handle) {
      const cancel = (handle as Owner | null | undefined)?.[SIMULATED];
      if (typeof cancel === "function") return (cancel as AnyFunction)();
      return real.call(this, handle);
    };
  for (const owner of [globalThis, timers]) {
    replace(owner, "setTimeout", set(false));
    replace(owner, "setInterval", set(true));
    replace(owner, "setImmediate", immediate);
    for (const name of ["clearTimeout", "clearInterval", "clearImmediate"]) replace(owner, name, clear);
  }
  guardTimersPromises(replace);
  const caught =
    (real: AnyFunction): AnyFunction =>
    (callback, ...args) => {
      const owner = current;
      if (owner === null) return real.call(process, callback, ...args);
      return real.call(process, () => {
        jobsSeen++;
        try {
          (callback as AnyFunction).apply(undefined, args);
        } catch (error) {
          owner.uncaught(error);
        }
      });
    };
  replace(globalThis, "queueMicrotask", caught);
  replace(process, "nextTick", caught);
  replace(AbortSignal, "timeout", (real) => (delayMs: unknown) => {
    if (current === null) return real.call(AbortSignal, delayMs);
    const controller = new AbortController();
    current.after(Math.max(0, Math.floor(Number(delayMs))) * 1000, () =>
      controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError")),
    );
    return controller.signal;
  });
}

function guardTimersPromises(replace: Replace): void {
  const promises = require("node:timers/promises") as Owner;
  const sleep = (real: AnyFunction, delayUs: (delay: unknown) => number): AnyFunction =>
    function (this: unknown, delay, value) {
      if (current === null) return real.call(this, delay, value);
      const owner = current;
      return new Promise((resolve) => owner.after(delayUs(delay), () => resolve(value)));
    };
  replace(promises, "setTimeout", (real) => sleep(real, (delay) => Math.max(1, Math.floor(Number(delay) || 1)) * 1000));
  replace(
    promises,
    "setImmediate",
    (real) => (value: unknown) =>
      sleep(
        () => real(value),
        () => 0,
      ).call(null, 0, value),
  );
  replace(promises, "setInterval", forbid("timers/promises setInterval", "loop over host.timers.sleep."));
  const scheduler = promises["scheduler"] as object | undefined;
  if (scheduler !== undefined)
    replace(Object.getPrototypeOf(scheduler) as object, "wait", forbid("scheduler.wait", "use host.timers.sleep."));
}

function guardChance(replace: Replace): void {
  const crypto = require("node:crypto") as Owner;
  const webcrypto = Object.getPrototypeOf(globalThis.crypto) as object;
  replace(Math, "random", (real) => () => (current === null ? real.call(Math) : current.uint32() / 4294967296));
  const fill = (target: Uint8Array): Uint8Array => {
    for (let i = 0; i < target.length; i++) target[i] = current!.uint32() & 0xff;
    return target;
  };
  const uuid = (): string => {
    const bytes = fill(new Uint8Array(16));
    bytes[6] = (bytes[6]! & 0x0f) | 0x40;
    bytes[8] = (bytes[8]! & 0x3f) | 0x80;
    const hex = Buffer.from(bytes).toString("hex");
    return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
  };
  for (const owner of [crypto, webcrypto]) {
    replace(
      owner,
      "randomUUID",
      (real) =>
        function (this: unknown, ...args: unknown[]) {
          return current === null ? real.apply(this, args) : uuid();
        },
    );
  }
  replace(
    webcrypto,
    "getRandomValues",
    (real) =>
      function (this: unknown, array: unknown) {
        if (current === null) return real.call(this, array);
        const view = array as ArrayBufferView;
        fill(new Uint8Array(view.buffer, view.byteOffset, view.byteLength));
        return array;
      },
  );
  replace(crypto, "randomBytes", (real) => (size: unknown, callback: unknown) => {
    if (current === null) return callback === undefined ? real(size) : real(size, callback);
    if (callback !== undefined)
      throw new GuardError(
        "crypto.randomBytes with a callback",
        current.hostName,
        "call it without one, or use host.random.",
      );
    return Buffer.from(fill(new Uint8Array(Number(size))));
  });
  replace(crypto, "randomInt", (real) => (...args: unknown[]) => {
    if (current === null) return real(...args);
    const [min, max] = args.length === 1 ? [0, Number(args[0])] : [Number(args[0]), Number(args[1])];
    return min + Math.floor((current.uint32() / 4294967296) * (max - min));
  });
  for (const name of [
    "randomFill",
    "randomFillSync",
    "generateKey",
    "generateKeyPair",
    "generateKeyPairSync",
    "generateKeySync",
    "pbkdf2",
    "scrypt",
    "hkdf",
    "generatePrime",
    "checkPrime",
  ]) {
    replace(crypto, name, forbid(`crypto.${name}`, "use host.random, or the synchronous function with fixed input."));
  }
  const subtle = globalThis.crypto.subtle;
  for (const name of [
    "digest",
    "encrypt",
    "decrypt",
    "sign",
    "verify",
    "generateKey",
    "deriveKey",
    "deriveBits",
    "importKey",
    "exportKey",
    "wrapKey",
    "unwrapKey",
  ]) {
    replace(
      Object.getPrototypeOf(subtle) as object,
      name,
      forbid(
        `crypto.subtle.${name}`,
        "its result comes from another thread at an unknown time: use node:crypto's synchronous functions.",
      ),
    );
  }
}

/** Throws while an event of a host runs; passes through otherwise. */
function forbid(what: string, instead: string): (real: AnyFunction) => unknown {
  return (real) => {
    const guarded = function (this: unknown, ...args: unknown[]): unknown {
      if (current !== null) throw new GuardError(what, current.hostName, instead);
      return new.target === undefined
        ? real.apply(this, args)
        : Reflect.construct(real, args, new.target === guarded ? real : new.target);
    };
    guarded.prototype = real.prototype as unknown;
    return guarded;
  };
}

function guardOutside(replace: Replace): void {
  const net = "use host.net.";
  const disk = "use host.disk.";
  replace(globalThis, "fetch", forbid("fetch", net));
  replace(globalThis, "MessageChannel", forbid("MessageChannel", "use host.timers."));
  replace(globalThis, "WebSocket", forbid("WebSocket", net));
  replace(
    globalThis,
    "WeakRef",
    forbid("WeakRef", "garbage collection must not change a run: hold the object, or drop it."),
  );
  replace(
    globalThis,
    "FinalizationRegistry",
    forbid("FinalizationRegistry", "garbage collection must not change a run."),
  );
  replace(Atomics, "waitAsync", forbid("Atomics.waitAsync", "use host.timers."));
  const webAssembly = (globalThis as unknown as Owner)["WebAssembly"] as object;
  for (const name of ["compile", "compileStreaming", "instantiate", "instantiateStreaming"]) {
    replace(
      webAssembly,
      name,
      forbid(`WebAssembly.${name}`, "use new WebAssembly.Module and Instance, which are synchronous, before the run."),
    );
  }
  const members: readonly (readonly [string, readonly string[], string])[] = [
    ["node:net", ["connect", "createConnection", "createServer"], net],
    ["node:tls", ["connect", "createServer"], net],
    ["node:http", ["request", "get", "createServer"], net],
    ["node:https", ["request", "get", "createServer"], net],
    ["node:http2", ["connect", "createServer", "createSecureServer"], net],
    ["node:dgram", ["createSocket"], net],
    ["node:dns", ["lookup", "resolve", "resolve4", "resolve6", "reverse"], net],
    [
      "node:child_process",
      ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"],
      "a simulated host has no processes: give each its own host.",
    ],
    ["node:worker_threads", ["Worker"], "a simulated host has one thread."],
  ];
  for (const [name, functions, instead] of members) {
    const module = require(name) as Owner;
    for (const key of functions) replace(module, key, forbid(`${name} ${key}`, instead));
  }
  for (const name of ["node:fs", "node:fs/promises", "node:dns/promises", "node:zlib"])
    guardModule(
      replace,
      name,
      name === "node:zlib" ? "use the synchronous function of node:zlib." : name.startsWith("node:fs") ? disk : net,
    );
}

/** Forbids every function of a module that reaches outside; the synchronous ones of zlib are pure and stay. */
function guardModule(replace: Replace, name: string, instead: string): void {
  const module = require(name) as Owner;
  for (const key of Object.keys(module)) {
    const isPure = name === "node:zlib" && (key.endsWith("Sync") || key === "crc32");
    const isFunction = typeof module[key] === "function";
    const isClass = /^[A-Z]/.test(key);
    if (isFunction && !isClass && !isPure) replace(module, key, forbid(`${name} ${key}`, instead));
  }
}

let jobsSeen = 0;

/** Counts the jobs run from the engine's queues, by promise hooks; for the sampled check of synchronous handlers. */
export function startJobCount(): { readonly count: () => number; stop(): void } {
  const stop = v8.promiseHooks.onBefore(() => {
    jobsSeen++;
  }) as () => void;
  return { count: () => jobsSeen, stop };
}
