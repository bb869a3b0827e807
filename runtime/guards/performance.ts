/** The performance timeline of a host: its marks and measures, on its clock, and who observes them. */
import type { HostGlobals } from "../../sim/engine.ts";
import type { PerformanceEntry, PerformanceObserverEntryList } from "node:perf_hooks";
import { monotonicMs } from "./clocks.ts";
import { bindContext } from "./contexts.ts";
import {
  type AnyFunction,
  current,
  disguise,
  GuardError,
  nodeRequire,
  type Owner,
  perHost,
  type Replace,
  simulate,
} from "./kit.ts";
import { startImmediate } from "./timers.ts";

type Timeline = { entries: PerformanceEntry[]; readonly observers: Set<Observer> };

type MarkConstructor = new (name: unknown, options?: unknown) => PerformanceEntry;

type MeasureOptions = { start?: unknown; end?: unknown; duration?: unknown; detail?: unknown };

const timelineOf: (owner: HostGlobals) => Timeline = perHost(() => ({ entries: [], observers: new Set() }));

const OBSERVED = ["mark", "measure"];

/** What an observer is given: entries in the order of their start. */
function listOf(entries: readonly PerformanceEntry[]): PerformanceObserverEntryList {
  const sorted = (kept: (entry: PerformanceEntry) => boolean): PerformanceEntry[] =>
    entries.filter(kept).sort((x, y) => x.startTime - y.startTime);
  const list = {
    getEntries: () => sorted(() => true),
    getEntriesByName: (name: string, type?: string) =>
      sorted((entry) => entry.name === name && (type === undefined || entry.entryType === type)),
    getEntriesByType: (type: string) => sorted((entry) => entry.entryType === type),
  };
  return list as unknown as PerformanceObserverEntryList;
}

/** A PerformanceObserver of a host. Entries of other types are measured by Node in real time: they cannot be observed. */
class Observer {
  readonly #owner: HostGlobals;
  readonly #callback: (list: unknown, observer: unknown, options: unknown) => unknown;
  #types: readonly string[] = [];
  #waiting: PerformanceEntry[] = [];
  #isDue = false;

  constructor(owner: HostGlobals, callback: AnyFunction) {
    this.#owner = owner;
    this.#callback = bindContext(callback);
  }

  observe(options: { entryTypes?: readonly string[]; type?: string; buffered?: boolean }): void {
    const types = options.entryTypes ?? [options.type ?? ""];
    const other = types.find((type) => !OBSERVED.includes(type));
    if (other !== undefined)
      throw new GuardError(
        `PerformanceObserver.observe of ${JSON.stringify(other)}`,
        this.#owner,
        "observe marks and measures.",
      );
    this.#types = options.entryTypes === undefined ? [...this.#types, ...types] : types;
    const timeline = timelineOf(this.#owner);
    timeline.observers.add(this);
    if (options.buffered === true) for (const entry of timeline.entries) this.take(entry);
  }

  disconnect(): void {
    timelineOf(this.#owner).observers.delete(this);
    this.#waiting = [];
    this.#types = [];
  }

  takeRecords(): PerformanceEntry[] {
    return this.#waiting.splice(0);
  }

  take(entry: PerformanceEntry): void {
    if (!this.#types.includes(entry.entryType)) return;
    this.#waiting.push(entry);
    if (this.#isDue) return;
    this.#isDue = true;
    startImmediate(this.#owner, () => {
      this.#isDue = false;
      const entries = this.takeRecords();
      if (entries.length > 0) this.#callback.call(this, listOf(entries), this, {});
    });
  }
}

function keep(owner: HostGlobals, entry: PerformanceEntry): PerformanceEntry {
  const timeline = timelineOf(owner);
  timeline.entries.push(entry);
  for (const observer of timeline.observers) observer.take(entry);
  return entry;
}

export function guardPerformance(replace: Replace): void {
  const prototype = Object.getPrototypeOf(performance) as Owner;
  const hooks = nodeRequire("node:perf_hooks") as Owner;
  const RealMark = PerformanceMark as unknown as MarkConstructor;
  const made = (owner: HostGlobals, name: unknown, options: unknown): PerformanceEntry => {
    const given = (options ?? {}) as { startTime?: number };
    if (typeof given !== "object") return new RealMark(name, options);
    return new RealMark(name, { ...given, startTime: given.startTime ?? monotonicMs(owner) });
  };
  const guardedMark = new Proxy(RealMark, {
    construct: (target, args: unknown[], newTarget) => {
      const owner = current();
      const settled =
        owner === null
          ? args
          : [
              args[0],
              {
                ...(args[1] as object),
                startTime: (args[1] as { startTime?: number })?.startTime ?? monotonicMs(owner),
              },
            ];
      return Reflect.construct(target, settled, newTarget) as object;
    },
  });
  const guardedObserver = new Proxy(PerformanceObserver, {
    construct: (target, args: unknown[], newTarget) => {
      const owner = current();
      if (owner === null || typeof args[0] !== "function") return Reflect.construct(target, args, newTarget) as object;
      return new Observer(owner, args[0] as AnyFunction);
    },
  });
  Object.setPrototypeOf(Observer.prototype, PerformanceObserver.prototype);
  for (const owner of [globalThis, hooks]) {
    replace(owner, "PerformanceMark", () => guardedMark);
    replace(owner, "PerformanceObserver", () => guardedObserver);
  }
  const clearMeasures = prototype["clearMeasures"] as AnyFunction;
  replace(
    prototype,
    "mark",
    simulate((owner, _self, args) => keep(owner, made(owner, args[0], args[1]))),
  );
  replace(
    prototype,
    "measure",
    simulate((owner, self, args, real) => {
      const entry = real.apply(self, [args[0], measured(owner, args)]) as PerformanceEntry;
      // Node has put it into the timeline of the process.
      clearMeasures.call(self, entry.name);
      return keep(owner, entry);
    }),
  );
  const drop = (type: string) =>
    simulate((owner, _self, [name]) => {
      const timeline = timelineOf(owner);
      timeline.entries = timeline.entries.filter(
        (entry) => entry.entryType !== type || (name !== undefined && entry.name !== name),
      );
    });
  replace(prototype, "clearMarks", drop("mark"));
  replace(prototype, "clearMeasures", drop("measure"));
  for (const name of ["getEntries", "getEntriesByName", "getEntriesByType"] as const)
    replace(
      prototype,
      name,
      simulate((owner, _self, args) => (listOf(timelineOf(owner).entries)[name] as AnyFunction)(...args)),
    );
  guardUse(replace, prototype, hooks);
}

/** The arguments of measure with every name of a mark replaced by its time. An unknown name stays: Node has the error. */
function measured(owner: HostGlobals, [, startOrOptions, endMark]: unknown[]): unknown {
  const { entries } = timelineOf(owner);
  const timeOf = (point: unknown): unknown => {
    if (typeof point !== "string") return point;
    if (point in (nodeTiming ?? {}))
      throw new GuardError(`performance.measure from ${point}`, owner, "measure from a mark.");
    return entries.findLast(({ entryType, name }) => entryType === "mark" && name === point)?.startTime ?? point;
  };
  if (startOrOptions !== null && typeof startOrOptions === "object") {
    const { start, end, duration, detail } = startOrOptions as MeasureOptions;
    // A duration alone says nothing: Node measures from its start to now, as without.
    if (start === undefined && end === undefined) return settled({ start: 0, end: monotonicMs(owner), detail });
    const isOpen = end === undefined && duration === undefined;
    return settled({ start: timeOf(start), end: isOpen ? monotonicMs(owner) : timeOf(end), duration, detail });
  }
  return settled({
    start: timeOf(startOrOptions) ?? 0,
    end: endMark === undefined ? monotonicMs(owner) : timeOf(endMark),
  });
}

const nodeTiming = performance.nodeTiming as object | undefined;

function settled(options: MeasureOptions): MeasureOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}

/** How busy the event loop is has no meaning in a simulation: it is idle, as Node says before its loop has started. */
function guardUse(replace: Replace, prototype: Owner, hooks: Owner): void {
  for (const owner of [prototype, hooks]) {
    replace(
      owner,
      "eventLoopUtilization",
      simulate(() => ({ idle: 0, active: 0, utilization: 0 })),
    );
    replace(owner, "timerify", (real) =>
      disguise(function (this: unknown, ...args: unknown[]) {
        const host = current();
        if (host !== null && (args[1] as { histogram?: unknown } | undefined)?.histogram !== undefined)
          throw new GuardError(
            "performance.timerify with a histogram",
            host,
            "it records real durations: use performance.now.",
          );
        return real.apply(this, args);
      }, real),
    );
  }
  const createHistogram = hooks["createHistogram"] as () => object;
  replace(
    Object.getPrototypeOf(createHistogram()) as object,
    "recordDelta",
    simulate((owner) => {
      throw new GuardError(
        "recordDelta",
        owner,
        "it records real durations: call record with a difference of performance.now.",
      );
    }),
  );
}
