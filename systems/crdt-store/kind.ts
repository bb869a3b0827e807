/** What a store keeps: one CRDT, how calls of clients become its updates, and how it is shown. */
import type { Actor, CrdtType } from "../crdt/index.ts";
import type { Host, PlainData } from "../../sim/host.ts";
import { keyedBackend, singleBackend } from "./backend.ts";
import { serveStore, type StoreOptions } from "./server.ts";

/** What a client asks for, in the words of the type: add, remove, increment, insert, move, … */
export type StoreCall = { readonly f: string; readonly key: string | null; readonly value: PlainData };

export type Prepared<O> = {
  readonly op: O;
  /** What the client is told beside that it was done. */
  readonly told?: PlainData;
};

export type Service<S, O> = {
  readonly type: CrdtType<S, O>;
  /** The update for a call; null when there is nothing to do. Throws CrdtError to refuse the call. */
  prepare(state: S, actor: Actor, call: StoreCall): Prepared<O> | null;
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
