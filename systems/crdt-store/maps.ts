/**
 * Stores of maps whose values are CRDTs. Calls on a key: delete; and those of its value: add and remove of a member, put,
 * increment and decrement, enable and disable; in the map of maps [inner key, member], and drop of an inner key.
 */
import {
  type CrdtMap,
  counter,
  crdtMap,
  enableWinsFlag,
  type MapOp,
  type MapType,
  type MvOp,
  type MvStore,
  mvRegister,
  type OrSetOp,
  type OrSetStore,
  orSet,
  putOver,
  type ReadContext,
  textCodec,
} from "../crdt/index.ts";
import type { PlainData } from "../../sim/host.ts";
import { type Prepared, type Service, type StoreCall, type StoreKind, storeKind } from "./kind.ts";

/** Calls that only take away. */
const TAKING = ["delete", "drop", "remove"];

const keyOf = ({ key }: StoreCall): string => key ?? "";

type Update<T> = {
  readonly state: CrdtMap<string, T>;
  readonly actor: string;
  readonly call: StoreCall;
  /** Undefined when the key is absent. */
  readonly value: T | undefined;
  /** What the call speaks about; null: the present state. */
  readonly context: ReadContext<unknown> | null;
};

type Nested<T, O> = {
  readonly map: MapType<string, T, O>;
  /** The operation on the value that a call means; null for nothing to do. */
  prepare(update: Update<T>): MapOp<string, O> | null;
  show(value: T): PlainData;
};

function service<T, O>({ map, prepare, show }: Nested<T, O>): Service<CrdtMap<string, T>, MapOp<string, O>> {
  const done = (op: MapOp<string, O> | null): Prepared<MapOp<string, O>> | null => (op === null ? null : { op });
  return {
    type: map,
    prepare: (state, actor, call, context) => {
      const key = keyOf(call);
      if (call.f === "touch") return done(map.touch(state.seen, actor, key));
      if (context?.removes.isEmpty === true && TAKING.includes(call.f)) return null;
      if (call.f === "delete")
        return done(context === null ? map.remove(state.store, key) : map.removeAfter(context, key));
      return done(prepare({ state, actor, call, value: map.get(state.store, key), context }));
    },
    read: map.read,
    show: ({ store }) => map.keys(store).map((key) => [key, show(map.get(store, key)!)]), // keys are present
  };
}

/** Values that are written whole: registers and flags. */
function written<V>(
  map: MapType<string, MvStore<V>, MvOp<V>>,
  writtenBy: (call: StoreCall) => V,
): Nested<MvStore<V>, MvOp<V>>["prepare"] {
  return ({ state: { store, seen }, actor, call, context }) =>
    map.update(store, keyOf(call), (value) => {
      const op = putOver(value, seen, actor, writtenBy(call));
      return context === null ? op : { ...op, supersedes: context.removes };
    });
}

const set = orSet(textCodec);
const register = mvRegister(textCodec);

function registers(): Service<CrdtMap<string, MvStore<string>>, MapOp<string, MvOp<string>>> {
  const map = crdtMap(textCodec, register.store);
  return service({ map, prepare: written(map, ({ value }) => String(value)), show: register.valuesOf });
}

function flags(): Service<CrdtMap<string, MvStore<boolean>>, MapOp<string, MvOp<boolean>>> {
  const map = crdtMap(textCodec, enableWinsFlag.store);
  return service({ map, prepare: written(map, ({ f }) => f === "enable"), show: enableWinsFlag.isEnabled });
}

function counters(): Service<CrdtMap<string, MvStore<number>>, MapOp<string, MvOp<number>>> {
  const map = crdtMap(textCodec, counter.store);
  return service({
    map,
    prepare: ({ state: { store, seen }, actor, call }) => {
      const amount = call.f === "decrement" ? -Number(call.value) : Number(call.value);
      return map.update(store, keyOf(call), () => counter.add(seen, actor, amount));
    },
    show: counter.valueOf,
  });
}

function sets(): Service<CrdtMap<string, OrSetStore<string>>, MapOp<string, OrSetOp<string>>> {
  const map = crdtMap(textCodec, set.store);
  return service({
    map,
    prepare: ({ state: { store, seen }, actor, call, value, context }) => {
      const member = String(call.value);
      if (call.f === "add") return map.update(store, keyOf(call), () => set.add(seen, actor, member));
      if (context !== null) return map.update(store, keyOf(call), () => set.removeAfter(context, member));
      const op = value === undefined ? null : set.remove(value, member);
      return op === null ? null : map.update(store, keyOf(call), () => op);
    },
    show: set.values,
  });
}

type Inner = MapType<string, OrSetStore<string>, OrSetOp<string>>;
type InnerStore = CrdtMap<string, OrSetStore<string>>["store"];

function maps(): Service<CrdtMap<string, InnerStore>, MapOp<string, MapOp<string, OrSetOp<string>>>> {
  const inner: Inner = crdtMap(textCodec, set.store);
  const map = crdtMap(textCodec, inner.store);
  return service({
    map,
    prepare: ({ state: { store, seen }, actor, call, value, context }) => {
      const [innerKey, member] = call.value as readonly [string, string];
      const update = (
        op: MapOp<string, OrSetOp<string>> | null,
      ): MapOp<string, MapOp<string, OrSetOp<string>>> | null =>
        op === null ? null : map.update(store, keyOf(call), () => op);
      const within = value ?? inner.store.create();
      if (call.f === "add") return update(inner.update(within, innerKey, () => set.add(seen, actor, member)));
      if (context !== null) {
        if (call.f === "drop") return update(inner.removeAfter(context, innerKey));
        return update(inner.update(within, innerKey, () => set.removeAfter(context, member)));
      }
      if (value === undefined) return null;
      if (call.f === "drop") return update(inner.remove(value, innerKey));
      const members = inner.get(value, innerKey);
      const op = members === undefined ? null : set.remove(members, member);
      return op === null ? null : update(inner.update(value, innerKey, () => op));
    },
    show: (value) => inner.keys(value).map((key) => [key, set.values(inner.get(value, key)!)]), // keys are present
  });
}

export const MAP_KINDS: { readonly [type: string]: StoreKind } = {
  "map-of-sets": storeKind(sets),
  "map-of-registers": storeKind(registers),
  "map-of-counters": storeKind(counters),
  "map-of-flags": storeKind(flags),
  "map-of-maps": storeKind(maps),
};
