/** Clocks: Date, performance, hrtime, the default date of Intl, Temporal.Now, time stamps of events and files. */
import type { HostGlobals } from "../../sim/engine.ts";
import {
  type AnyFunction,
  current,
  disguise,
  nodeRequire,
  type Owner,
  perHost,
  type Replace,
  simulate,
} from "./kit.ts";

/** The locale of simulated hosts, wherever none is named: the machine's own would differ between two of them. */
const LOCALE = "en-US";

export function wallMs(owner: HostGlobals): number {
  return Math.floor(owner.wallUs() / 1000);
}

export function monotonicMs(owner: HostGlobals): number {
  return owner.monotonicUs() / 1000;
}

/** Wall time of the boot as the host saw it when it first asked. Constant from there on, as in Node. */
export const timeOriginMs: (owner: HostGlobals) => number = perHost(
  (owner) => (owner.wallUs() - owner.monotonicUs()) / 1000,
);

export function guardClocks(replace: Replace): void {
  const RealDate = Date;
  replace(globalThis, "Date", () => simulatedDate(RealDate));
  // `new Date().constructor` leads to the guarded one, too.
  const DateNow = Date;
  replace(RealDate.prototype, "constructor", () => DateNow);
  const clock = Object.getPrototypeOf(performance) as object;
  replace(clock, "now", simulate(monotonicMs));
  replace(clock, "timeOrigin", simulate(timeOriginMs));
  replace(Event.prototype, "timeStamp", simulate(monotonicMs));
  const buffer = nodeRequire("node:buffer") as Owner;
  for (const owner of [globalThis, buffer]) replace(owner, "File", simulatedFile);
  guardIntl(replace);
  guardLocales(replace);
  guardTemporal(replace);
}

function simulatedDate(RealDate: DateConstructor): unknown {
  const nowMs = disguise((): number => {
    const owner = current();
    return owner === null ? RealDate.now() : wallMs(owner);
  }, RealDate.now);
  return new Proxy(RealDate, {
    construct: (target, args: unknown[], newTarget) =>
      Reflect.construct(target, args.length === 0 && current() !== null ? [nowMs()] : args, newTarget) as object,
    apply: (target) => (current() === null ? target() : new RealDate(nowMs()).toString()),
    get: (target, key) => (key === "now" ? nowMs : Reflect.get(target, key)),
  });
}

/** A File that names no time of its last modification takes the present one. */
function simulatedFile(RealFile: AnyFunction): unknown {
  return new Proxy(RealFile, {
    construct: (target, [bits, name, options, ...rest]: unknown[], newTarget) => {
      const owner = current();
      const given = options as { readonly lastModified?: number } | undefined;
      const isOpen =
        owner !== null && (given === undefined || (typeof given === "object" && given?.lastModified === undefined));
      const settled = isOpen ? { ...given, lastModified: wallMs(owner) } : options;
      return Reflect.construct(target, [bits, name, settled, ...rest], newTarget) as object;
    },
  });
}

/** Without a date, format and formatToParts take the present one. formatRange demands both and needs no guard. */
function guardIntl(replace: Replace): void {
  const { prototype } = Intl.DateTimeFormat;
  const withDate = (date: unknown): unknown => {
    const owner = current();
    return date === undefined && owner !== null ? wallMs(owner) : date;
  };
  const bound = new WeakMap<object, AnyFunction>();
  replace(prototype, "format", (real) =>
    disguise(function (this: unknown) {
      const format = real.call(this) as AnyFunction;
      let guarded = bound.get(format);
      if (guarded === undefined) {
        guarded = disguise((date: unknown) => format(withDate(date)), format);
        bound.set(format, guarded);
      }
      return guarded;
    }, real),
  );
  replace(prototype, "formatToParts", (real) =>
    disguise(function (this: unknown, date: unknown) {
      return real.call(this, withDate(date));
    }, real),
  );
}

/** Where a locale may be left out, the machine's own is taken: simulated hosts have one. */
function guardLocales(replace: Replace): void {
  const intl = Intl as unknown as Owner;
  for (const name of Object.getOwnPropertyNames(intl)) {
    const value = intl[name];
    if (typeof value !== "function" || !/^[A-Z]/.test(name) || name === "Locale") continue;
    const settled = (args: unknown[]): unknown[] =>
      current() !== null && args[0] === undefined ? [LOCALE, ...args.slice(1)] : args;
    const guarded = new Proxy(value as AnyFunction, {
      construct: (target, args: unknown[], newTarget) => Reflect.construct(target, settled(args), newTarget) as object,
      apply: (target, self, args: unknown[]) => Reflect.apply(target, self, settled(args)),
    });
    replace(intl, name, () => guarded);
    replace((value as AnyFunction).prototype as object, "constructor", () => guarded);
  }
  const at = (place: number) =>
    simulate((_owner, self, args, real) => {
      if (args[place] !== undefined) return real.apply(self, args);
      const settled = [...args];
      settled[place] = LOCALE;
      return real.apply(self, settled);
    });
  const typedArray = Object.getPrototypeOf(Int8Array.prototype) as object;
  for (const owner of [Date.prototype, Number.prototype, BigInt.prototype, Array.prototype, typedArray])
    for (const name of ["toLocaleString", "toLocaleDateString", "toLocaleTimeString"]) replace(owner, name, at(0));
  replace(String.prototype, "localeCompare", at(1));
  replace(String.prototype, "toLocaleLowerCase", at(0));
  replace(String.prototype, "toLocaleUpperCase", at(0));
}

type Instant = { toZonedDateTimeISO(zone: unknown): { [name: string]: () => unknown } };

function guardTemporal(replace: Replace): void {
  const temporal = (globalThis as unknown as Owner)["Temporal"] as
    | { readonly Now: object; readonly Instant: { fromEpochMilliseconds(ms: number): Instant } }
    | undefined;
  if (temporal === undefined) return;
  const now = temporal.Now as { timeZoneId(): string };
  const instant = (owner: HostGlobals): Instant => temporal.Instant.fromEpochMilliseconds(wallMs(owner));
  const zoned = (owner: HostGlobals, args: unknown[]) => instant(owner).toZonedDateTimeISO(args[0] ?? now.timeZoneId());
  replace(now, "instant", simulate(instant));
  replace(
    now,
    "zonedDateTimeISO",
    simulate((owner, _self, args) => zoned(owner, args)),
  );
  for (const [name, part] of [
    ["plainDateTimeISO", "toPlainDateTime"],
    ["plainDateISO", "toPlainDate"],
    ["plainTimeISO", "toPlainTime"],
  ] as const)
    replace(
      now,
      name,
      simulate((owner, _self, args) => zoned(owner, args)[part]!()),
    );
}
