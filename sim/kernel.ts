/**
 * The kernel: what the parts of the simulated world (clocks, network, disk, hosts) share.
 *
 * World implements it. Everything that belongs to one message, one sector or one tie is a keyed outcome; everything that
 * happens is an event; every event has one owner.
 */
import type { HostGlobals } from "./engine.ts";
import type { PlainData } from "./host.ts";

/** One boot of a host. An event whose owner has ended is dropped unseen; one whose owner is paused waits for the resume. */
export type Incarnation = {
  readonly hostIndex: number;
  readonly hostName: string;
  readonly number: number;
  isAlive: boolean;
  isPaused: boolean;
  /** What guarded globals of the engine belong to while an event of this incarnation runs. */
  readonly globals?: HostGlobals;
};

/**
 * A kind of event. `run` must not throw for reasons of the simulator; what code under test throws is caught by the kernel and
 * crashes the owner. `sync` events, and the simulator's own hops, run without a barrier after them.
 */
export type EventKind = {
  readonly name: string;
  readonly run: (a: never, b: never) => void | Promise<void>;
  /** Null: decided for each event by the `isSync` that schedule was given. */
  readonly sync: boolean | null;
  /** Belongs to the operating system of the owner, not to its process: it also runs while the owner is paused. */
  readonly isKernelWork?: boolean;
  /** The hash of the name, kept here by the kernel at first use: a pure function of it, so kinds may be shared by worlds. */
  hash?: number;
};

export type EventId = number;

/** A stable name hashed once; what draws keyed outcomes holds one ("net/n1>n2", "disk/n1"). */
export type Consumer = { readonly name: string; readonly lo: number; readonly hi: number };

/** A fault while it is active: whoever shows an observed difference because of it calls `kernel.effect`. */
export type ActiveFault = {
  readonly index: number;
  readonly kind: string;
  /** How many observed differences it has made so far. */
  effects: number;
};

export type Schedule = {
  readonly kind: EventKind;
  /** Null: the world itself, or the test side. */
  readonly owner: Incarnation | null;
  readonly a?: unknown;
  readonly b?: unknown;
  /** For kinds whose `sync` is null. */
  readonly isSync?: boolean;
};

export type Kernel = {
  /** True time, whole microseconds. */
  readonly nowUs: number;
  /** Events run so far. */
  readonly eventCount: number;

  /**
   * Schedules an event at a whole number of microseconds, not before nowUs. Events of one owner, kind and tieKey at the same
   * time run in the order they were scheduled; all others at that time in an order that the seed decides.
   */
  at(
    timeUs: number,
    owner: Incarnation | null,
    kind: EventKind,
    a?: unknown,
    b?: unknown,
    isSync?: boolean,
    tieKey?: number,
  ): EventId;
  /** Removes a pending event; false when it has run or was removed before. */
  cancel(id: EventId): boolean;
  /** Moves a pending event to another time, keeping its place among equals. Returns its id. */
  move(id: EventId, timeUs: number): EventId;

  /**
   * The gate of every Host call: false when the incarnation has ended, so that the call must be inert.
   * Throws when no event of this incarnation is running: real I/O has leaked in.
   */
  enter(incarnation: Incarnation): boolean;
  /** Records an error that code under test did not catch, and crashes its host. */
  uncaught(incarnation: Incarnation, error: unknown): void;

  /** The callback in the asynchronous context of now, as Engine.bindContext has it. */
  bindContext<F extends (...args: never[]) => unknown>(callback: F): F;

  consumer(name: string): Consumer;
  /** 32 uniform bits decided by (seed, consumer, ordinal, purpose); the same whatever else was drawn. `choices` can hold it. */
  outcome(consumer: Consumer, ordinal: number, purpose: number): number;
  /** True with the given probability, by the keyed outcome. */
  chance(perMillion: number, consumer: Consumer, ordinal: number, purpose: number): boolean;

  /** Mixes one 32-bit integer into the digest of the run. */
  note(word: number): void;
  /** Mixes a string (its UTF-16 units) into the digest of the run. */
  noteText(text: string): void;
  /** True when the full trace is recorded: build trace data only then. */
  readonly isTracing: boolean;
  trace(action: string, host: string | null, data?: { readonly [key: string]: PlainData | undefined }): void;

  /** Records that a fault made an observed difference. */
  effect(fault: ActiveFault): void;
  mark(name: string): void;
  /** Offers a point to the `when` triggers of the plan; they may crash the host at once. */
  point(on: "disk" | "message" | "mark" | "state", name: string, incarnation: Incarnation | null): void;
  /** True in the sampled runs that re-encode messages at delivery and check the claims of synchronous handlers. */
  readonly isDeepChecking: boolean;
};

/** Purposes of keyed outcomes: one number for each use, never renumbered (seeds would change their meaning). */
export const PURPOSE = {
  tie: 1,
  netLoss: 10,
  netDuplicate: 11,
  netReorder: 12,
  netReorderDelay: 13,
  netCorrupt: 14,
  netCorruptBits: 15,
  netLatency: 16,
  netLatencyTail: 17,
  netDuplicateLatency: 18,
  netCapacity: 19,
  netSegment: 20,
  netReset: 21,
  netDelay: 22,
  netDelayTail: 23,
  netDelayOdds: 24,
  netDuplicateTail: 25,
  diskLatency: 40,
  diskSectorFate: 41,
  diskSectorTear: 42,
  diskNameFate: 43,
  diskEio: 44,
  diskRot: 45,
  diskRotBit: 46,
  diskLatent: 47,
  diskMisdirect: 48,
  diskMisdirectTarget: 49,
  diskPhantom: 50,
  diskShortRead: 51,
  diskStall: 52,
  diskFailedSync: 53,
  diskLostSync: 54,
  diskTornByte: 55,
  diskSlow: 56,
  diskInService: 57,
  diskLengthFate: 58,
  diskMood: 59,
  diskLatencyTail: 60,
  diskPick: 61,
  diskNameMood: 62,
  diskShortPrefix: 63,
  diskGarbage: 64,
  buggifySite: 80,
  buggifyVisit: 81,
  clock: 90,
  nemesisPick: 100,
} as const;
