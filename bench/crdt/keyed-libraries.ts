/**
 * Maps, sets and counters in each library, behind one face: a replica makes a batch of changes, sends it, receives those of the others.
 *
 * The others are given their best case: all that an actor does between two exchanges is one transaction (yjs) or one change (automerge), so they
 * pay for sending once in a round; ours makes every operation by itself. Sets are maps from members to true in yjs and automerge.
 */
import * as A from "@automerge/automerge";
import * as Y from "yjs";
import { addToDelta, type CrdtType, decodeOp, decodeState, encodeOp, encodeState } from "../../systems/crdt/crdt.ts";
import { pnCounter, pnCounterAdd, pnCounterValue } from "../../systems/crdt/counters.ts";
import { crdtMap } from "../../systems/crdt/or-map.ts";
import { orSet } from "../../systems/crdt/or-set.ts";
import { counter, mvRegister, putOver } from "../../systems/crdt/registers.ts";
import { integerCodec, textCodec } from "../../systems/crdt/value-codec.ts";
import { ACTORS, type Addition, type KeyChange } from "./operations.ts";

export type KeyedReplica<E> = {
  /** Makes the changes; returns what to send. */
  edit(changes: readonly E[]): unknown;
  receive(sent: readonly unknown[]): void;
  /** The contents, keys ascending. */
  read(): (readonly [string, number])[];
  save(): Uint8Array;
};
export type KeyedLibrary<E> = {
  readonly name: string;
  create(): KeyedReplica<E>[];
  /** What holds the document that was saved. */
  load(bytes: Uint8Array): unknown;
};

/** How one of our types does one change, and what it shows. */
type Subject<E, S, O> = {
  readonly type: CrdtType<S, O>;
  /** Null when there is nothing to do. */
  prepare(state: S, actor: string, change: E): O | null;
  read(state: S): (readonly [string, number])[];
};

const ROADS = {
  operations: operationsRoad,
  deltas: deltasRoad,
  states: statesRoad,
} as const;

/** The three roads of one of our types: operations and deltas travel as bytes, whole states are merged from memory. */
function ours<E, S, O>(subject: Subject<E, S, O>, roads: readonly (keyof typeof ROADS)[]): KeyedLibrary<E>[] {
  return roads.map((road) => ({
    name: `ours, ${road}`,
    create: () => Array.from({ length: ACTORS }, (_, i) => ROADS[road](subject, `actor${i}`)),
    load: (bytes) => decodeState(subject.type, bytes),
  }));
}

function operationsRoad<E, S, O>({ type, prepare, read }: Subject<E, S, O>, actor: string): KeyedReplica<E> {
  const state = type.create();
  return {
    edit: (changes) => {
      const sent: Uint8Array[] = [];
      for (const change of changes) {
        const op = prepare(state, actor, change);
        if (op === null) continue;
        type.apply(state, op);
        sent.push(encodeOp(type, op));
      }
      return sent;
    },
    receive: (sent) => {
      for (const ops of sent as readonly Uint8Array[][])
        for (const bytes of ops) type.apply(state, decodeOp(type, bytes));
    },
    read: () => read(state),
    save: () => encodeState(type, state),
  };
}

function deltasRoad<E, S, O>({ type, prepare, read }: Subject<E, S, O>, actor: string): KeyedReplica<E> {
  const state = type.create();
  return {
    edit: (changes) => {
      const delta = type.create();
      for (const change of changes) {
        const op = prepare(state, actor, change);
        if (op === null) continue;
        addToDelta(type, delta, state, op);
        type.apply(state, op);
      }
      return encodeState(type, delta);
    },
    receive: (sent) => {
      for (const bytes of sent as readonly Uint8Array[]) type.merge(state, decodeState(type, bytes));
    },
    read: () => read(state),
    save: () => encodeState(type, state),
  };
}

/** The first receiver of a round changes before the others have merged it: what they get from it is then more than its own, as in any gossip. */
function statesRoad<E, S, O>({ type, prepare, read }: Subject<E, S, O>, actor: string): KeyedReplica<E> {
  const state = type.create();
  return {
    edit: (changes) => {
      for (const change of changes) {
        const op = prepare(state, actor, change);
        if (op !== null) type.apply(state, op);
      }
      return state;
    },
    receive: (sent) => {
      for (const other of sent as readonly S[]) type.merge(state, other);
    },
    read: () => read(state),
    save: () => encodeState(type, state),
  };
}

const registers = mvRegister(integerCodec);
const map = crdtMap(textCodec, registers.store);
const set = orSet(textCodec);
const counters = crdtMap(textCodec, counter.store);
const ALL_ROADS = ["operations", "deltas", "states"] as const;

export const OUR_MAPS: readonly KeyedLibrary<KeyChange>[] = ours(
  {
    type: map,
    prepare: (state, actor, { key, value }) =>
      value === null
        ? map.remove(state.store, key)
        : map.update(state.store, key, (register) => putOver(register, state.seen, actor, value)),
    read: ({ store }) => map.keys(store).map((key) => [key, registers.valuesOf(map.get(store, key)!)[0]!]), // keys() lists present ones
  },
  ALL_ROADS,
);

export const OUR_SETS: readonly KeyedLibrary<KeyChange>[] = ours(
  {
    type: set,
    prepare: (state, actor, { key, value }) =>
      value === null ? set.remove(state.store, key) : set.add(state.seen, actor, key),
    read: ({ store }) => set.values(store).map((member) => [member, 1]),
  },
  ALL_ROADS,
);

/** One counter; every change is of the same key. */
export const OUR_COUNTERS: readonly KeyedLibrary<Addition>[] = ours(
  {
    type: pnCounter,
    prepare: (state, actor, { amount }) => pnCounterAdd(state, actor, amount),
    read: (state) => [["key0", pnCounterValue(state)]],
  },
  ALL_ROADS,
);

/** Counters in a map, where removal must tell what it saw. Whole states are left out: each holds all changes, so a round would merge them all. */
export const OUR_COUNTER_MAPS: readonly KeyedLibrary<Addition>[] = ours(
  {
    type: counters,
    prepare: (state, actor, { key, amount }) =>
      counters.update(state.store, key, () => counter.add(state.seen, actor, amount)),
    read: ({ store }) => counters.keys(store).map((key) => [key, counter.valueOf(counters.get(store, key)!)]), // keys() lists present ones
  },
  ["operations", "deltas"],
);

function sorted(entries: Iterable<readonly [string, number]>): (readonly [string, number])[] {
  return [...entries].sort((a, b) => (a[0] < b[0] ? -1 : 1));
}

function yjs(shown: (value: number) => number | true): KeyedLibrary<KeyChange> {
  return {
    name: "yjs",
    create: () => Array.from({ length: ACTORS }, (_, i) => yjsReplica(i, shown)),
    load: (bytes) => {
      const doc = new Y.Doc();
      Y.applyUpdateV2(doc, bytes);
      return doc;
    },
  };
}

function yjsReplica(actor: number, shown: (value: number) => number | true): KeyedReplica<KeyChange> {
  const doc = new Y.Doc();
  doc.clientID = actor + 1;
  const entries = doc.getMap<number | true>("map");
  let update: Uint8Array | null = null;
  doc.on("update", (bytes: Uint8Array, origin: unknown) => {
    if (origin === "local") update = bytes;
  });
  return {
    edit: (changes) => {
      update = null;
      doc.transact(() => {
        for (const { key, value } of changes) {
          if (value === null) entries.delete(key);
          else entries.set(key, shown(value));
        }
      }, "local");
      return update;
    },
    receive: (sent) => {
      doc.transact(() => {
        for (const bytes of sent as readonly (Uint8Array | null)[]) if (bytes !== null) Y.applyUpdate(doc, bytes);
      }, "remote");
    },
    read: () => sorted([...entries.entries()].map(([key, value]) => [key, Number(value)])),
    save: () => Y.encodeStateAsUpdateV2(doc),
  };
}

/** Replicas of a document made once, so that all of them mean the same objects by its names. */
function automerge<E, D extends Record<string, unknown>>(
  content: () => D,
  change: (draft: D, one: E) => void,
  numberOf: (value: D[string]) => number,
): KeyedLibrary<E> {
  return {
    name: "automerge",
    create: () => {
      const base = A.save(A.from<D>(content(), "ff"));
      return Array.from({ length: ACTORS }, (_, i): KeyedReplica<E> => {
        let doc = A.load<D>(base, `0${i + 1}`);
        return {
          edit: (changes) => {
            if (changes.length === 0) return undefined;
            doc = A.change(doc, (draft) => {
              for (const one of changes) change(draft as D, one);
            });
            return A.getLastLocalChange(doc);
          },
          receive: (sent) => {
            [doc] = A.applyChanges(
              doc,
              (sent as readonly (Uint8Array | undefined)[]).filter((bytes) => bytes !== undefined),
            );
          },
          read: () => sorted(Object.entries(doc).map(([key, value]) => [key, numberOf(value as D[string])])),
          save: () => A.save(doc),
        };
      });
    },
    load: (bytes) => A.load<D>(bytes),
  };
}

type Keyed<V> = Record<string, V>;

function automergeMap(shown: (value: number) => number | true): KeyedLibrary<KeyChange> {
  return automerge<KeyChange, Keyed<number | true>>(
    () => ({}),
    (draft, { key, value }) => {
      if (value === null) delete draft[key];
      else draft[key] = shown(value);
    },
    Number,
  );
}

export const YJS_MAP: KeyedLibrary<KeyChange> = yjs((value) => value);
export const YJS_SET: KeyedLibrary<KeyChange> = yjs(() => true);
export const AUTOMERGE_MAP: KeyedLibrary<KeyChange> = automergeMap((value) => value);
export const AUTOMERGE_SET: KeyedLibrary<KeyChange> = automergeMap(() => true);

/** The keys exist from the start: a counter made twice at the same time would be two. */
export function automergeCounters(keys: number): KeyedLibrary<Addition> {
  return automerge<Addition, Keyed<A.Counter>>(
    () => Object.fromEntries(Array.from({ length: keys }, (_, i) => [`key${i}`, new A.Counter(0)])),
    (draft, { key, amount }) => {
      draft[key]!.increment(amount);
    },
    (value) => value.value,
  );
}
