/** What a store keeps: one CRDT, how calls of clients become its updates, and how it is shown. */
import type { Actor, CrdtType, ReadContext } from "../crdt/index.ts";
import type { Host, PlainData } from "../../sim/host.ts";
import { keyedBackend, singleBackend } from "./backend.ts";
import { serveStore, type StoreOptions } from "./server.ts";

/** What a client has read, handed back with a later call that speaks about exactly that. */
export type StoreContext = {
  /** What the store held at the read: for each actor how many of its updates. */
  readonly held: PlainData;
  /** What the type makes of it: a counter for each actor; of objects by key, such a clock for each key. */
  readonly clock: PlainData;
};

/** What a client asks for, in the words of the type: add, remove, increment, insert, move, … */
export type StoreCall = {
  readonly f: string;
  readonly key: string | null;
  readonly value: PlainData;
  /** Absent: the call speaks about what the store holds when the call comes. */
  readonly context?: StoreContext;
};

export type Prepared<O> = {
  readonly op: O;
  /** What the client is told beside that it was done. */
  readonly told?: PlainData;
};

export type Service<S, O> = {
  readonly type: CrdtType<S, O>;
  /**
   * The update for a call; null when there is nothing to do. Throws CrdtError to refuse the call. `context` is that of the call, as `read`
   * gave it out earlier, here or at another replica; null: the present state is meant.
   */
  prepare(state: S, actor: Actor, call: StoreCall, context: ReadContext<unknown> | null): Prepared<O> | null;
  /** The causal context of a read; absent where calls have no use for one, and are refused with one. */
  read?(state: S): ReadContext<unknown>;
  /** What a read shows. Equal states show the same. */
  show(state: S): PlainData;
};

/** A kind of store: `start` serves one on a host. */
export type StoreKind = { start(host: Host, options: StoreOptions): Promise<void> };

/** A store of one object. `make` is called at each boot: a type may read the clock of its host. */
export function storeKind<S, O>(make: (host: Host) => Service<S, O>): StoreKind {
  return {
    start: async (host, options) =>
      serveStore(host, await singleBackend(host, make(host), options), options.clientPort),
  };
}

/** A store of an object for each key. */
export function keyedKind<S, O>(make: (host: Host) => Service<S, O>): StoreKind {
  return {
    start: async (host, options) => serveStore(host, await keyedBackend(host, make(host), options), options.clientPort),
  };
}
