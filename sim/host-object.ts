/**
 * The Host of one incarnation, as its program sees it, over the kernel. Every call first passes the gate: inert after the end, an
 * error outside an event of its own.
 */
import type { HostGlobals } from "./engine.ts";
import { hashText, scale } from "./hash.ts";
import type { Boot, Clock, Disk, Host, HostRandom, Net, PlainData, Timer, TimerOptions, Timers } from "./host.ts";
import { type EventKind, type Incarnation, PURPOSE } from "./kernel.ts";
import type { MachineParts } from "./machine.ts";
import { Random } from "./random.ts";
import type { World } from "./world.ts";

type PendingTimer = {
  eventId: number;
  timeUs: number;
  readonly dueUs: number;
  readonly callback: () => void | Promise<void>;
};

const SITES_ACTIVE_PER_MILLION = 250_000;
const VISITS_TRUE_PER_MILLION = 250_000;

/** A promise that never settles: what an ended incarnation awaits. */
function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

export class SimulatedHost {
  readonly incarnation: Incarnation & { readonly globals: HostGlobals };
  readonly face: Host;
  readonly #world: World;
  readonly #parts: MachineParts;
  readonly #timers: Set<PendingTimer> = new Set();
  readonly #random: Random;
  readonly #buggifyVisits: Map<string, number> = new Map();
  #net: Net | null = null;
  #disk: Disk | null = null;
  #exit: (reason: string) => void = () => {};

  constructor(parts: MachineParts, boot: Boot) {
    this.#parts = parts;
    this.#world = parts.world;
    this.#random = parts.world.stream(`host/${parts.name}/${boot.incarnation}`);
    this.incarnation = {
      hostIndex: parts.index,
      hostName: parts.name,
      number: boot.incarnation,
      isAlive: true,
      isPaused: false,
      globals: this.#globals(boot),
    };
    this.face = this.#makeFace(boot);
  }

  connect(net: Net, disk: Disk, exit: (reason: string) => void): void {
    this.#net = net;
    this.#disk = disk;
    this.#exit = exit;
  }

  end(): void {
    for (const timer of this.#timers) this.#world.cancel(timer.eventId);
    this.#timers.clear();
  }

  /** After a change of the drift: pending timers move to where the clock now reaches them. Calls back for each that fires at another time. */
  moveTimers(onMoved: () => void): void {
    const { clock } = this.#parts;
    const nowUs = this.#world.nowUs;
    for (const timer of this.#timers) {
      const timeUs = nowUs + clock.trueDelayUs(nowUs, Math.max(0, timer.dueUs - clock.monotonicUs(nowUs)));
      if (timeUs === timer.timeUs) continue;
      this.#world.move(timer.eventId, timeUs);
      timer.timeUs = timeUs;
      onMoved();
    }
  }

  #enter(): boolean {
    return this.#world.enter(this.incarnation);
  }

  #makeFace(boot: Boot): Host {
    const self = this;
    const world = this.#world;
    const { name } = this.#parts;
    const clock: Clock = {
      wallUs: () => self.#wallUs(),
      monotonicUs: () => self.#monotonicUs(),
      driftPpmMax: this.#parts.driftPpmMax,
    };
    const timers: Timers = {
      after: (delayUs, callback, options) => self.#after(delayUs, callback, options),
      sleep: (delayUs) => self.#sleep(delayUs),
    };
    return {
      name,
      boot,
      clock,
      timers,
      random: this.#gatedRandom(),
      get net(): Net {
        return self.#net!;
      },
      get disk(): Disk {
        return self.#disk!;
      },
      spawn: (taskName, task) => self.#spawn(taskName, task),
      exit: (reason) => {
        if (self.#enter()) self.#exit(reason);
      },
      log: (message, details) => {
        if (self.#enter() && world.isTracing) world.trace("host.log", name, { message, ...asRecord(details?.()) });
      },
      observe: (kind, data) => {
        if (self.#enter()) world.observe(self.incarnation, kind, data);
      },
      mark: (mark) => {
        if (self.#enter()) world.mark(mark);
      },
      always: (condition, property, details) => {
        if (!condition && self.#enter()) self.#violate(property, details);
      },
      sometimes: (condition, property) => {
        if (self.#enter()) world.properties.see(property, condition);
      },
      reachable: (property) => {
        if (self.#enter()) world.properties.see(property, true);
      },
      buggify: (site) => self.#enter() && self.#buggify(site),
    };
  }

  #wallUs(): number {
    return this.#parts.clock.wallUs(this.#world.nowUs);
  }

  #monotonicUs(): number {
    return this.#parts.clock.monotonicUs(this.#world.nowUs);
  }

  #after(delayUs: number, callback: () => void | Promise<void>, options?: TimerOptions): Timer {
    if (!this.#enter()) return { cancel: () => {} };
    if (!(delayUs >= 0 && Number.isInteger(delayUs))) {
      throw new RangeError(`timers.after(${delayUs}): the delay must be a whole number of microseconds from 0 on`);
    }
    const { clock } = this.#parts;
    const world = this.#world;
    const nowUs = world.nowUs;
    const trueDelayUs = clock.trueDelayUs(nowUs, delayUs);
    const fault = clock.driftFaultOf(nowUs, delayUs, trueDelayUs);
    if (fault !== null) world.effect(fault);
    const timeUs = nowUs + trueDelayUs;
    const bound = world.bindContext(callback);
    const pending: PendingTimer = { eventId: 0, timeUs, dueUs: clock.monotonicUs(nowUs) + delayUs, callback: bound };
    pending.eventId = world.at(timeUs, this.incarnation, TIMER, pending, this.#timers, options?.sync === true);
    this.#timers.add(pending);
    return {
      cancel: () => {
        if (this.#timers.delete(pending)) world.cancel(pending.eventId);
      },
    };
  }

  #sleep(delayUs: number): Promise<void> {
    if (!this.#enter()) return never();
    return new Promise((resolve) => {
      this.#after(delayUs, resolve);
    });
  }

  #spawn(_name: string, task: () => Promise<void>): void {
    if (!this.#enter()) return;
    task().then(undefined, (error: unknown) => this.#world.uncaught(this.incarnation, error));
  }

  #violate(property: string, details?: () => PlainData): void {
    const { world, name } = this.#parts;
    const event = { host: name, timeUs: world.nowUs, eventIndex: world.eventCount };
    world.properties.violate({ property, ...event, details: details?.() ?? null });
  }

  #buggify(site: string): boolean {
    if (!this.#parts.isBuggified) return false;
    const world = this.#world;
    const siteConsumer = world.consumer(`buggify/${site}`);
    if (!world.chance(SITES_ACTIVE_PER_MILLION, siteConsumer, 0, PURPOSE.buggifySite)) return false;
    const visit = (this.#buggifyVisits.get(site) ?? 0) + 1;
    this.#buggifyVisits.set(site, visit);
    const visits = world.consumer(`buggify/${site}/${this.#parts.name}/${this.incarnation.number}`);
    return scale(world.outcome(visits, visit, PURPOSE.buggifyVisit), 1_000_000) < VISITS_TRUE_PER_MILLION;
  }

  #gatedRandom(): HostRandom {
    const random = this.#random;
    // An ended incarnation draws from a stream that nobody else has, so that the draw touches nothing.
    const inert = new Random(`inert/${hashText(this.#parts.name).lo}`, "inert");
    const stream = (): Random => (this.#enter() ? random : inert);
    return {
      uint32: () => stream().uint32(),
      below: (bound) => stream().below(bound),
      between: (min, max) => stream().between(min, max),
      chance: (perMillion) => stream().chance(perMillion),
      pick: (items) => stream().pick(items),
    };
  }

  #globals(boot: Boot): HostGlobals {
    return {
      hostName: this.#parts.name,
      incarnation: boot.incarnation,
      wallUs: () => this.#wallUs(),
      monotonicUs: () => this.#monotonicUs(),
      uint32: () => this.#random.uint32(),
      after: (delayUs, callback) => this.#after(delayUs, callback),
      print: (stream, text) => this.#world.print(this.#parts.name, stream, text),
      uncaught: (error) => this.#world.uncaught(this.incarnation, error),
    };
  }
}

const TIMER: EventKind = {
  name: "timer",
  sync: null,
  run: (timer: PendingTimer, timers: Set<PendingTimer>) => {
    timers.delete(timer);
    return timer.callback();
  },
};

function asRecord(data: PlainData | undefined): { readonly [key: string]: PlainData | undefined } {
  if (data === undefined) return {};
  if (data !== null && typeof data === "object" && !Array.isArray(data) && !(data instanceof Uint8Array)) {
    return data as { readonly [key: string]: PlainData | undefined };
  }
  return { details: data };
}
