/** What a store stands on: a replica of one object, or one of an object for each key. */
import {
  type Actor,
  Clock,
  type CrdtType,
  CrdtError,
  decodeState,
  demandFit,
  encodeState,
  KeyedReplica,
  OpReplica,
  type ReadContext,
  Replica,
  type TrimmingOptions,
  type UpdateId,
  violation,
  WHOLE,
} from "../crdt/index.ts";
import type { Host, PlainData } from "../../sim/host.ts";
import type { Prepared, Service, StoreCall } from "./kind.ts";

export type ReplicationOptions = {
  readonly peers: readonly string[];
  readonly replicaPort: number;
  readonly roundUs: number;
  readonly roundBytesMax: number;
  readonly journalBytesMax: number;
  /** Deltas, or operations by causal broadcast; objects by key are always compared by digests. */
  readonly mode: "deltas" | "operations";
  /** Deltas or operations that are kept for peers that do not answer. */
  readonly logCountMax: number;
  /** Operations that may wait for what came before them. */
  readonly holdBackCountMax: number;
  /** Null: keep all history. */
  readonly trimming: TrimmingOptions | null;
};

/** An update that was made, before anything is promised. `held`: what was held before it, of its object. */
export type Made = { readonly id: UpdateId; readonly told: PlainData; readonly held: Clock };

/** A call that made no update: by whom, and what was held, of its object. */
export type Declined = { readonly actor: Actor; readonly held: Clock; readonly error: string | null };

/** What becomes of a call is told at once, within `update`. */
export type Outcomes = { made(made: Made): void; declined(declined: Declined): void };

export type Backend = {
  /** For each actor how many of its updates are held. Objects have actors of their own: "<key>|<actor>". */
  held(): Clock;
  /** Resolves once the update is durable here and at `copies` peers; to false when there was nothing to do. Throws CrdtError to refuse. */
  update(call: StoreCall, copies: number, outcomes: Outcomes): Promise<boolean>;
  show(): PlainData;
  /** What a call hands back that speaks about what is shown now; null where the type has no contexts. */
  context(): PlainData | null;
  /** Equal for equal states. */
  digest(): string;
  /** The encoded state; null where there are many. */
  encoded(): Uint8Array | null;
  /** The encoded join of two encoded states. */
  join(a: Uint8Array, b: Uint8Array): Uint8Array;
  /** Names the history that was forgotten. */
  trimmed(): string;
};

/** The smallest budget that a replica of objects takes. */
const KEYED_ROUND_BYTES_MIN = 1000;

/** One object. */
export async function singleBackend<S, O>(
  host: Host,
  service: Service<S, O>,
  options: ReplicationOptions,
): Promise<Backend> {
  const { type } = service;
  const { peers, replicaPort: port, roundUs, roundBytesMax, journalBytesMax, logCountMax, holdBackCountMax } = options;
  const trimming = options.trimming === null ? {} : { trimming: options.trimming };
  const common = { type, peers, port, roundUs, roundBytesMax, journalBytesMax, ...trimming };
  const replica: Replica<S, O> | OpReplica<S, O> =
    options.mode === "deltas"
      ? await Replica.start(host, { ...common, deltaCountMax: logCountMax })
      : await OpReplica.start(host, { ...common, operationCountMax: logCountMax, holdBackCountMax });
  return {
    held: () => replica.seen.copy(),
    update: async (call, copies, outcomes) => {
      const prepare = (state: S, actor: Actor): O | null => {
        const held = replica.seen.copy();
        return decide({ actor, held, sequence: held.get(actor) + 1 }, outcomes, () => {
          const context = call.context === undefined ? null : contextOf(service, call.context.clock);
          const prepared = service.prepare(state, actor, call, context);
          // What the replica would refuse is not made.
          if (prepared !== null) demandFit(type, state, prepared.op, options.mode === "operations");
          return prepared;
        });
      };
      return (await replica.update(prepare, copies)) !== null;
    },
    show: () => service.show(replica.state),
    context: () => plainContext(service, replica.state),
    digest: () => digestOf(encodeState(type, replica.state)),
    encoded: () => encodeState(type, replica.state),
    join: (a, b) => join(type, a, b),
    trimmed: () => String(type.trimming?.trimmedAt(replica.state) || ""),
  };
}

/** An object for each key of a call; its value becomes the key and the value of the call on the object. Shows [key, shown] by key. */
export async function keyedBackend<S, O>(
  host: Host,
  service: Service<S, O>,
  options: ReplicationOptions,
): Promise<Backend> {
  const { type } = service;
  const { peers, replicaPort: port, roundUs, journalBytesMax } = options;
  const roundBytesMax = Math.max(KEYED_ROUND_BYTES_MIN, options.roundBytesMax);
  const replica = await KeyedReplica.start(host, { type, peers, port, roundUs, roundBytesMax, journalBytesMax });
  const named = (key: string, clock: Clock): Clock =>
    Clock.of(clock.dots().map(({ actor, counter }) => ({ actor: nameWithin(key, actor), counter })));
  const stateOf = (key: string): S => replica.get(key) ?? type.create();
  return {
    held: () => {
      const held = new Clock();
      for (const key of replica.keys()) held.merge(named(key, replica.seenOf(key)));
      return held;
    },
    update: async (call, copies, outcomes) => {
      const key = call.key ?? "";
      const inner = { f: call.f, key: String(call.value), value: call.value };
      // A key that was not there at the read: nothing of it was seen.
      const clockOf = (clocks: PlainData): PlainData => (clocks as { readonly [key: string]: PlainData })[key] ?? {};
      const prepare = (state: S, actor: Actor): O | null => {
        const seen = replica.seenOf(key);
        const by = { actor: nameWithin(key, actor), held: named(key, seen), sequence: seen.get(actor) + 1 };
        return decide(by, outcomes, () => {
          const context = call.context === undefined ? null : contextOf(service, clockOf(call.context.clock));
          const prepared = service.prepare(state, actor, inner, context);
          if (prepared !== null) demandFit(type, state, prepared.op, false);
          return prepared;
        });
      };
      return (await replica.update(key, prepare, copies)) !== null;
    },
    show: () => replica.keys().map((key) => [key, service.show(stateOf(key))]),
    context: () => {
      if (service.read === undefined) return null;
      return Object.fromEntries(replica.keys().map((key) => [key, plainContext(service, stateOf(key))!])); // it has contexts
    },
    digest: () => {
      const digests = replica.keys().map((key) => `${key}=${digestOf(encodeState(type, stateOf(key)))}`);
      return digestOf(new TextEncoder().encode(digests.join()));
    },
    encoded: () => null,
    join: (a, b) => join(type, a, b),
    trimmed: () => "",
  };
}

/** The operation of a call, or null for none; tells which it is, and throws what `prepare` throws. */
function decide<O>(
  { actor, held, sequence }: { readonly actor: Actor; readonly held: Clock; readonly sequence: number },
  outcomes: Outcomes,
  prepare: () => Prepared<O> | null,
): O | null {
  let prepared: Prepared<O> | null;
  try {
    prepared = prepare();
  } catch (error) {
    if (error instanceof CrdtError) outcomes.declined({ actor, held, error: error.code });
    throw error;
  }
  if (prepared === null) outcomes.declined({ actor, held, error: null });
  else outcomes.made({ id: { actor, sequence }, told: prepared.told ?? null, held });
  return prepared?.op ?? null;
}

/** For each actor its counter in a clock, or how many of its updates are held. */
export function plainContents(clock: Clock): { readonly [actor: string]: number } {
  return Object.fromEntries(clock.dots().map(({ actor, counter }) => [actor, counter]));
}

function plainContext<S, O>({ read }: Service<S, O>, state: S): PlainData | null {
  return read === undefined ? null : plainContents(read(state).removes);
}

/** A context as it comes back from a client. Throws CrdtError "foreign-context" where the type gives none out. */
function contextOf<S, O>({ type, read }: Service<S, O>, clock: PlainData): ReadContext<null> {
  if (read === undefined) throw new CrdtError(violation("foreign-context", `reads of ${type.name} have no context.`));
  const dots = Object.entries(clock as { readonly [actor: string]: number });
  const removes = Clock.of(dots.map(([actor, counter]) => ({ actor, counter })));
  return { value: null, removes, seen: removes, subject: WHOLE };
}

function join<S, O>(type: CrdtType<S, O>, a: Uint8Array, b: Uint8Array): Uint8Array {
  const state = decodeState(type, a);
  type.merge(state, decodeState(type, b));
  return encodeState(type, state);
}

function nameWithin(key: string, actor: Actor): Actor {
  return `${key}|${actor}`;
}

/** FNV-1a over the bytes, in two lanes: 16 hex digits. */
function digestOf(bytes: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995) ^ (b >>> 15);
  }
  const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
  return hex(a) + hex(b);
}
