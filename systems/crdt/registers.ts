/**
 * Types made of superseding writes: the multi-value register, the two flags, and the counter that can live in a map.
 *
 * Each is given twice: as a type of its own (`mvRegister(codec)`, `enableWinsFlag`, …) and as a store to nest in a map
 * (`….store`). Mutators take the store and the context, so that they work in both places.
 */
import { type Actor, Clock } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import type { DotContext } from "./dot-context.ts";
import { type Causal, causal, type DotStore } from "./dot-store.ts";
import { clockOf, type MvOp, type MvStore, mvStore } from "./mv-store.ts";
import { deriveRemove, type ReadContext, WHOLE } from "./read-context.ts";
import { booleanCodec, compareKeys, integerCodec, type ValueCodec } from "./value-codec.ts";

export type MvRegister<T> = Causal<MvStore<T>>;
export type MvRegisterType<T> = CrdtType<MvRegister<T>, MvOp<T>> & {
  readonly store: DotStore<MvStore<T>, MvOp<T>>;
  /** A write that supersedes everything this replica holds. Throws CrdtError "out-of-range". */
  put(state: MvRegister<T>, actor: Actor, value: T): MvOp<T>;
  /** A write that supersedes exactly what was read. Throws CrdtError "out-of-range", "foreign-context". */
  putAfter(state: MvRegister<T>, actor: Actor, context: ReadContext<unknown>, value: T): MvOp<T>;
  /** The concurrent values, equal ones once, in the order of their keys. */
  read(state: MvRegister<T>): ReadContext<readonly T[]>;
  valuesOf(store: MvStore<T>): readonly T[];
};

export function mvRegister<T>(codec: ValueCodec<T>): MvRegisterType<T> {
  const store = mvStore(codec, { name: `mv-register(${codec.name})`, tag: TYPE_TAG.mvRegister });
  const valuesOf = (values: MvStore<T>): readonly T[] => {
    const byKey = new Map(values.entries.map((entry) => [codec.keyOf(entry.value), entry.value]));
    return [...byKey].sort((a, b) => compareKeys(a[0], b[0])).map(([, value]) => value);
  };
  return {
    ...causal(store),
    store,
    put: (state, actor, value) => {
      codec.keyOf(value);
      return putOver(state.store, state.seen, actor, value);
    },
    putAfter: (state, actor, context, value) => {
      codec.keyOf(value);
      return { dot: state.seen.next(actor), supersedes: deriveRemove(context, WHOLE), value };
    },
    read: (state) => ({
      value: valuesOf(state.store),
      removes: clockOf(state.store),
      seen: state.seen.vector(),
      subject: WHOLE,
    }),
    valuesOf,
  };
}

/** A write over everything the store holds; for stores in a map, with the context of the map. The caller checks the value. */
export function putOver<T>(store: MvStore<T>, seen: DotContext, actor: Actor, value: T): MvOp<T> {
  return { dot: seen.next(actor), supersedes: clockOf(store), value };
}

export type Flag = Causal<MvStore<boolean>>;
export type FlagType = CrdtType<Flag, MvOp<boolean>> & {
  readonly store: DotStore<MvStore<boolean>, MvOp<boolean>>;
  set(state: Flag, actor: Actor, isEnabled: boolean): MvOp<boolean>;
  isEnabled(store: MvStore<boolean>): boolean;
};

/** Off until enabled; a concurrent enable and disable leave it enabled. */
export const enableWinsFlag: FlagType = flag("enable-wins-flag", TYPE_TAG.enableWinsFlag, (store) =>
  store.entries.some((entry) => entry.value),
);

/** Off until enabled; a concurrent enable and disable leave it disabled. */
export const disableWinsFlag: FlagType = flag(
  "disable-wins-flag",
  TYPE_TAG.disableWinsFlag,
  (store) => store.entries.length > 0 && store.entries.every((entry) => entry.value),
);

function flag(name: string, tag: number, isEnabled: (store: MvStore<boolean>) => boolean): FlagType {
  const store = mvStore(booleanCodec, { name, tag });
  return {
    ...causal(store),
    store,
    set: (state, actor, value) => putOver(state.store, state.seen, actor, value),
    isEnabled,
  };
}

export type Counter = Causal<MvStore<number>>;
export type CounterType = CrdtType<Counter, MvOp<number>> & {
  readonly store: DotStore<MvStore<number>, MvOp<number>>;
  add(seen: DotContext, actor: Actor, amount: number): MvOp<number>;
  valueOf(store: MvStore<number>): number;
};

const counterStore = mvStore(integerCodec, { name: "counter", tag: TYPE_TAG.counter });

/**
 * A counter whose removal from a map takes away exactly the changes that the remover saw, and no others (a counter of totals
 * cannot: Baquero, Almeida, Lerche 2016, "The problem with embedded CRDT counters and a solution"). The price: every change since the last
 * removal is kept. Outside of maps use the PN-counter.
 */
export const counter: CounterType = {
  ...causal(counterStore),
  store: counterStore,
  add: (seen, actor, amount) => {
    integerCodec.keyOf(amount);
    return { dot: seen.next(actor), supersedes: new Clock(), value: amount };
  },
  valueOf: (store) => store.entries.reduce((sum, entry) => sum + entry.value, 0),
};
