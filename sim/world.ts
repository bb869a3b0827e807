/**
 * The world: one simulation. It owns true time, the event queue, the digest and everything that is drawn from the seed,
 * and implements the Kernel that clocks, network, disks and hosts share.
 *
 * A run is a sequence of events; an event belongs to one incarnation, or to the world itself (the test side). After an event
 * that may have left work in the engine's queues, `step` returns, so that the engine drains them before the next one
 * (runtime/barrier.ts says how). Synchronous events run back to back.
 *
 * The file is longer than most because the loop and what it touches at every event belong together.
 */
import { Digest } from "./digest.ts";
import type { Engine, HostGlobals } from "./engine.ts";
import { EventQueue, type QueuedEvent } from "./event-queue.ts";
import { avalanche, type Hash64, hashText, keyed, scale } from "./hash.ts";
import type { PlainData } from "./host.ts";
import {
  type ActiveFault,
  type Consumer,
  type EventId,
  type EventKind,
  type Incarnation,
  type Kernel,
  PURPOSE,
} from "./kernel.ts";
import { Properties } from "./properties.ts";
import { Random } from "./random.ts";
import type { TraceRecord } from "./trace.ts";

/** A single outcome held fixed: its address, and the 32 bits it shall have. */
export type Choice = { readonly at: string; readonly bits: number };

/** From the event with this number on, every stream and keyed outcome belongs to another seed. */
export type Reseed = { readonly atEvent: number; readonly seed: string };

/** How events at the same time are ordered: by keyed outcome, by sequence, or by drawn priorities with change points (PCT). */
export type Strategy =
  | "random"
  | "fifo"
  | { readonly pct: { readonly depth: number; readonly eventsExpected: number } };

export type WorldOptions = {
  readonly seed: string;
  readonly engine: Engine;
  readonly strategy?: Strategy;
  readonly choices?: readonly Choice[];
  readonly reseeds?: readonly Reseed[];
  readonly eventsMax?: number;
  readonly isTracing?: boolean;
  readonly isDeepChecking?: boolean;
};

/** Why `run` came back. */
export type Stop = "time" | "paused" | "idle" | "events-max";

/** The error of the tool's user: a Host was used outside an event, or a claim about a handler was false. */
export class SimulationError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "SimulationError";
  }
}

type Observer = (host: string, incarnation: number, data: unknown) => void;
type PointListener = (on: "disk" | "message" | "mark" | "state", name: string, incarnation: Incarnation | null) => void;

/** Synchronous events run back to back for at most this many, so that an endless chain still lets the engine breathe. */
const EVENTS_PER_STEP_MAX = 2048;

const TEST_SIDE: EventKind = {
  name: "control",
  sync: false,
  run: (callback: () => void | Promise<void>) => callback(),
};

/** A line that a program wrote to its standard output or error. */
export type Print = {
  readonly timeUs: number;
  /** Null: the scenario's own code. */
  readonly host: string | null;
  readonly stream: "stdout" | "stderr";
  readonly text: string;
};

/** Lines kept of what programs print: enough to look at, and a bound on the memory of a run that prints in a loop. */
const PRINTS_MAX = 10_000;

export class World implements Kernel {
  nowUs = 0;
  eventCount = 0;
  readonly isTracing: boolean;
  readonly isDeepChecking: boolean;
  readonly properties: Properties = new Properties();
  readonly traceRecords: TraceRecord[] = [];
  /** What programs printed, the first lines of it; never part of the digest. */
  readonly prints: Print[] = [];
  readonly digest: Digest = new Digest();
  readonly engine: Engine;
  /** Set by the owner of the run: called for every named point, to fire triggers. */
  onPoint: PointListener | null = null;
  /** The error that ends the run when an observer throws; what watches a run may say whose it was. */
  onObserverError: (kind: string, error: unknown) => Error = (_kind, error) =>
    error instanceof Error ? error : new Error(String(error));
  /** Set by the host layer: crashes a host after an error it did not catch. */
  onUncaught: (incarnation: Incarnation, error: unknown) => void = () => {};
  /** Set by the host layer: keeps what reaches a paused host until it is resumed. */
  onPaused: (event: QueuedEvent<EventKind, Incarnation | null>) => void = () => {};

  /** What guarded globals belong to in an event of the test side: true time, and a stream of its own. */
  readonly testSide: HostGlobals = {
    hostName: "the scenario",
    isTestSide: true,
    incarnation: 0,
    wallUs: () => this.epochUs + this.nowUs,
    monotonicUs: () => this.nowUs,
    uint32: () => this.stream("test-side").uint32(),
    after: (delayUs, callback) => {
      const id = this.schedule(this.nowUs + delayUs, callback);
      return { cancel: () => void this.cancel(id) };
    },
    print: (stream, text) => this.print(null, stream, text),
    uncaught: (error) => this.#failed(null, error),
  };
  /** True time zero on the clock of the test side, microseconds since 1970; set by the owner of the clocks. */
  epochUs = 0;

  #seedText: string;
  #seed: Hash64;
  readonly #queue: EventQueue<EventKind, Incarnation | null>;
  readonly #event: QueuedEvent<EventKind, Incarnation | null>;
  #current: Incarnation | null = null;
  #isInEvent = false;
  #isPauseAsked = false;
  readonly #eventsMax: number;
  readonly #strategy: Strategy;
  #pctChangePoints: number[] = [];
  #pctChanges = 0;
  readonly #choices: ReadonlyMap<string, number>;
  /** Addresses of choices that no draw has come to. */
  readonly #openChoices: Set<string>;
  #reseeds: Reseed[];
  readonly #streams: Map<string, Random> = new Map();
  readonly #consumers: Map<string, Consumer> = new Map();
  readonly #observers: Map<string, Observer[]> = new Map();
  #fatal: Error | null = null;
  #claim: { readonly handler: string; readonly jobs: number } | null = null;

  constructor(options: WorldOptions) {
    this.#seedText = options.seed;
    this.#seed = hashText(options.seed);
    this.engine = options.engine;
    this.isTracing = options.isTracing ?? false;
    this.isDeepChecking = options.isDeepChecking ?? false;
    this.#eventsMax = options.eventsMax ?? Number.POSITIVE_INFINITY;
    this.#strategy = options.strategy ?? "random";
    this.#choices = new Map((options.choices ?? []).map((choice) => [choice.at, choice.bits >>> 0]));
    this.#openChoices = new Set(this.#choices.keys());
    this.#reseeds = [...(options.reseeds ?? [])].sort((x, y) => x.atEvent - y.atEvent);
    this.#queue = new EventQueue((tieKey, timeUs) => this.#tieOrder(tieKey, timeUs));
    this.#event = {
      id: 0,
      timeUs: 0,
      tieKey: 0,
      sequence: 0,
      isSync: true,
      kind: TEST_SIDE,
      owner: null,
      a: null,
      b: null,
    };
    if (typeof this.#strategy === "object") this.#drawChangePoints(this.#strategy.pct);
  }

  // ---- Time and events ----

  /** Runs until true time `untilUs`, until `pause` is called in an event, or until nothing is left to run. */
  async run(untilUs: number): Promise<Stop> {
    let stop: Stop = "idle";
    this.#isPauseAsked = false;
    const step = (): boolean => {
      this.#leaveEvent();
      if (this.#fatal !== null) return false;
      for (let ran = 0; ran < EVENTS_PER_STEP_MAX; ran++) {
        if (this.#isPauseAsked) return this.#stopWith((stop = "paused"));
        const nextUs = this.#queue.nextTimeUs;
        if (nextUs > untilUs || nextUs === Number.POSITIVE_INFINITY) {
          if (untilUs !== Number.POSITIVE_INFINITY) this.nowUs = untilUs;
          return this.#stopWith((stop = nextUs === Number.POSITIVE_INFINITY ? "idle" : "time"));
        }
        if (this.eventCount >= this.#eventsMax) return this.#stopWith((stop = "events-max"));
        if (!this.#runNext()) return true;
      }
      // The last event was synchronous and is over: what the engine does in between must see its own clock.
      this.engine.setCurrent(null);
      return true;
    };
    // What else the process does (a loader's cache, the channel to the parent) belongs to no host, and is no work that an event left.
    await this.engine.drive(
      step,
      (error) => this.#stray(error),
      () => this.#leaveEvent(),
    );
    if (this.#fatal !== null) throw this.#fatal;
    return stop;
  }

  /** Makes `run` return after the present event. */
  pause(): void {
    this.#isPauseAsked = true;
  }

  /** True while an event runs or its continuations are being drained. */
  get isInEvent(): boolean {
    return this.#isInEvent;
  }

  get pendingEvents(): number {
    return this.#queue.size;
  }

  /** A callback of the test side as an event of its own. */
  schedule(timeUs: number, callback: () => void | Promise<void>): EventId {
    return this.at(timeUs, null, TEST_SIDE, callback);
  }

  at(
    timeUs: number,
    owner: Incarnation | null,
    kind: EventKind,
    a?: unknown,
    b?: unknown,
    isSync = false,
    tieKey = 0,
  ): EventId {
    if (!(timeUs >= this.nowUs && Number.isInteger(timeUs))) {
      throw new SimulationError(
        `${kind.name} was scheduled at ${timeUs} us, which is no whole number from the present ${this.nowUs} us on.`,
      );
    }
    const host = owner === null ? 0 : owner.hostIndex + 1;
    const key = Math.imul(this.#hashOf(kind) ^ host, 0x9e3779b1) ^ tieKey;
    return this.#queue.push(timeUs, key, kind, owner, a, b, kind.sync ?? isSync);
  }

  cancel(id: EventId): boolean {
    return this.#queue.cancel(id);
  }

  move(id: EventId, timeUs: number): EventId {
    this.#queue.move(id, Math.max(timeUs, this.nowUs));
    return id;
  }

  /** Puts an event that waited for a paused host back in line, now. */
  requeue(event: QueuedEvent<EventKind, Incarnation | null>): void {
    this.#queue.push(this.nowUs, event.tieKey, event.kind, event.owner, event.a, event.b, event.isSync);
  }

  enter(incarnation: Incarnation): boolean {
    if (!incarnation.isAlive) return false;
    if (this.#current !== incarnation) {
      throw new SimulationError(
        `A Host call of ${incarnation.hostName} ran while no event of that host was running, at ${this.nowUs} us. ` +
          "Real I/O or a real timer leaked into the simulation: use host.net, host.disk and host.timers instead.",
      );
    }
    return true;
  }

  uncaught(incarnation: Incarnation, error: unknown): void {
    if (error instanceof SimulationError || isEngineLimit(error)) {
      this.#fatal ??= error;
      return;
    }
    if (incarnation.isAlive) this.onUncaught(incarnation, error);
  }

  // ---- Outcomes and streams ----

  consumer(name: string): Consumer {
    let consumer = this.#consumers.get(name);
    if (consumer === undefined) {
      consumer = { name, ...hashText(name) };
      this.#consumers.set(name, consumer);
    }
    return consumer;
  }

  /** What was to be held or switched and never came: addresses that nothing was drawn at, and events beyond the last. */
  unused(): { readonly choices: readonly string[]; readonly reseeds: readonly number[] } {
    return { choices: [...this.#openChoices], reseeds: this.#reseeds.map(({ atEvent }) => atEvent) };
  }

  outcome(consumer: Consumer, ordinal: number, purpose: number): number {
    if (this.#choices.size > 0) {
      const at = `${consumer.name}#${ordinal}:${purpose}`;
      const held = this.#choices.get(at);
      if (held !== undefined) {
        this.#openChoices.delete(at);
        return held;
      }
    }
    return keyed(this.#seed, consumer, ordinal, purpose);
  }

  chance(perMillion: number, consumer: Consumer, ordinal: number, purpose: number): boolean {
    if (perMillion <= 0) return false;
    return scale(this.outcome(consumer, ordinal, purpose), 1_000_000) < perMillion;
  }

  /** The named stream `<seed>/<name>`; the same object for the same name. */
  stream(name: string): Random {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      stream = new Random(this.#seedText, name);
      this.#streams.set(name, stream);
    }
    return stream;
  }

  // ---- Digest, trace, observation ----

  note(word: number): void {
    this.digest.word(word);
  }

  noteText(text: string): void {
    this.digest.text(text);
  }

  trace(action: string, host: string | null, data?: { readonly [key: string]: PlainData | undefined }): void {
    if (!this.isTracing) return;
    const record = { event: this.eventCount, timeUs: this.nowUs, host, action };
    this.traceRecords.push(data === undefined ? record : { ...record, data });
  }

  bindContext<F extends (...args: never[]) => unknown>(callback: F): F {
    return this.engine.bindContext === undefined ? callback : this.engine.bindContext(callback);
  }

  /** Keeps what a program printed, line by line. */
  print(host: string | null, stream: "stdout" | "stderr", text: string): void {
    const lines = text.endsWith("\n") ? text.slice(0, -1) : text;
    for (const line of lines.split("\n")) {
      if (this.prints.length < PRINTS_MAX) this.prints.push({ timeUs: this.nowUs, host, stream, text: line });
      this.trace("host.print", host, { stream, text: line });
    }
  }

  effect(fault: ActiveFault): void {
    fault.effects++;
  }

  mark(name: string): void {
    this.properties.mark(name);
    this.onPoint?.("mark", name, this.#current);
  }

  point(on: "disk" | "message" | "mark" | "state", name: string, incarnation: Incarnation | null): void {
    this.onPoint?.(on, name, incarnation);
  }

  /** Calls back for every observation of the kind; observers must not touch the simulation. */
  onObservation(kind: string, observer: Observer): void {
    const observers = this.#observers.get(kind) ?? [];
    observers.push(observer);
    this.#observers.set(kind, observers);
  }

  observe(incarnation: Incarnation, kind: string, data: () => unknown): void {
    const observers = this.#observers.get(kind);
    if (observers === undefined) return;
    const value = data();
    for (const observer of observers) {
      try {
        observer(incarnation.hostName, incarnation.number, value);
      } catch (error) {
        // Its trouble is not the host's: thrown into the host's event, it would pass for an error that the host did not catch.
        this.#fatal ??= this.onObserverError(kind, error);
      }
    }
  }

  // ---- Inside ----

  #stopWith(_stop: Stop): false {
    this.engine.setCurrent(null);
    return false;
  }

  /** Runs the next event; false when the engine must drain its queues before the one after. */
  #runNext(): boolean {
    const event = this.#event;
    this.#queue.pop(event);
    const owner = event.owner;
    const kind = event.kind;
    if (owner !== null) {
      if (!owner.isAlive) return true;
      if (owner.isPaused && kind.isKernelWork !== true) {
        this.onPaused({ ...event });
        return true;
      }
    }
    this.nowUs = event.timeUs;
    this.eventCount++;
    if (this.#reseeds.length > 0 && this.#reseeds[0]!.atEvent <= this.eventCount) this.#reseed();
    if (this.#pctChangePoints.length > 0 && this.#pctChangePoints[0]! <= this.eventCount) this.#changePriorities();
    const digest = this.digest;
    digest.wide(event.timeUs);
    digest.word(this.#hashOf(kind) ^ (owner === null ? -1 : owner.hostIndex));
    return this.#execute(kind, owner, event.a, event.b, event.isSync);
  }

  #execute(kind: EventKind, owner: Incarnation | null, a: unknown, b: unknown, isSync: boolean): boolean {
    this.#current = owner;
    this.#isInEvent = true;
    this.engine.setCurrent(owner === null ? this.testSide : (owner.globals ?? null));
    const run = kind.run as (a: unknown, b: unknown) => void | Promise<void>;
    try {
      const result = run(a, b);
      // A handler in plain JavaScript may return anything in spite of its type.
      if (typeof result?.then === "function") result.then(undefined, (error: unknown) => this.#failed(owner, error));
    } catch (error) {
      this.#failed(owner, error);
    }
    if (!isSync) return false;
    if (this.engine.jobCount !== null) {
      this.#claim = { handler: `${kind.name} of ${owner?.hostName ?? "the test side"}`, jobs: this.engine.jobCount() };
      return false;
    }
    // A context that an event entered must not be there in the next one.
    if (this.engine.usesContexts?.() === true) return false;
    this.#current = null;
    this.#isInEvent = false;
    return this.#fatal === null;
  }

  /** The queues of the engine are empty: the last event is over. */
  #leaveEvent(): void {
    if (this.#claim !== null) this.#checkClaim(this.#claim);
    this.#current = null;
    this.#isInEvent = false;
    this.engine.setCurrent(null);
  }

  #checkClaim(claim: { readonly handler: string; readonly jobs: number }): void {
    this.#claim = null;
    if (this.engine.jobCount!() === claim.jobs) return;
    this.#fatal ??= new SimulationError(
      `${claim.handler} was registered as synchronous, but it left work in the engine's queues at ${this.nowUs} us. ` +
        "Remove `sync: true` from its registration, or settle no promise in it.",
    );
  }

  #failed(owner: Incarnation | null, error: unknown): void {
    if (owner === null) this.#fatal ??= error instanceof Error ? error : new Error(String(error));
    else this.uncaught(owner, error);
  }

  #stray(error: unknown): void {
    if (this.#current !== null) this.uncaught(this.#current, error);
    else this.#fatal ??= error instanceof Error ? error : new Error(String(error));
  }

  #hashOf(kind: EventKind): number {
    kind.hash ??= hashText(kind.name).lo | 0;
    return kind.hash;
  }

  #tieOrder(tieKey: number, timeUs: number): number {
    if (this.#strategy === "fifo") return 0;
    // Under PCT a consumer keeps its priority between change points, whatever the time.
    const ordinal = this.#strategy === "random" ? timeUs : this.#pctChanges;
    // Ties are frequent in large simulations: the name is only needed where a choice may hold the outcome.
    const name = this.#choices.size > 0 ? `tie/${tieKey}` : "";
    return this.outcome({ name, lo: tieKey, hi: avalanche(tieKey) }, ordinal, PURPOSE.tie);
  }

  #drawChangePoints(pct: { readonly depth: number; readonly eventsExpected: number }): void {
    const consumer = this.consumer("pct");
    for (let i = 1; i < pct.depth; i++) {
      this.#pctChangePoints.push(1 + scale(this.outcome(consumer, i, PURPOSE.tie), pct.eventsExpected));
    }
    this.#pctChangePoints.sort((x, y) => x - y);
  }

  #changePriorities(): void {
    this.#pctChangePoints.shift();
    this.#pctChanges++;
    this.#queue.rebuild((tieKey, timeUs) => this.#tieOrder(tieKey, timeUs));
  }

  #reseed(): void {
    const { seed } = this.#reseeds.shift()!;
    this.#seedText = seed;
    this.#seed = hashText(seed);
    for (const stream of this.#streams.values()) stream.reseed(seed);
    this.#queue.rebuild((tieKey, timeUs) => this.#tieOrder(tieKey, timeUs));
  }
}

/** Stack overflow and exhausted memory are limits of the engine: they say nothing about the system. */
export function isEngineLimit(error: unknown): error is RangeError {
  return (
    error instanceof RangeError &&
    /call stack|Invalid (array|string|typed array) length|allocation failed/i.test(error.message)
  );
}
