/** Stores of counters and of registers that keep an extreme. Calls: increment, decrement, transfer; put. */
import {
  type Actor,
  type BoundedCounter,
  type BoundedCounterOp,
  boundedCounter,
  boundedCounterDecrement,
  boundedCounterIncrement,
  boundedCounterTransfer,
  boundedCounterValue,
  compareText,
  counter,
  type ExtremumOp,
  type ExtremumRegister,
  gCounter,
  gCounterIncrement,
  gCounterValue,
  integerCodec,
  maxRegister,
  minRegister,
  type PnCounter,
  type PnCounterOp,
  pnCounter,
  pnCounterAdd,
  pnCounterValue,
  rightsOf,
} from "../crdt/index.ts";
import { keyedKind, type Prepared, type Service, type StoreCall, type StoreKind, storeKind } from "./kind.ts";

const signed = ({ f, value }: StoreCall): number => (f === "decrement" ? -Number(value) : Number(value));

const extremum = (type: Service<ExtremumRegister<number>, ExtremumOp<number>>["type"]): StoreKind =>
  storeKind(() => ({
    type,
    prepare: (_state, _actor, { value }) => ({ op: { value: Number(value) } }),
    show: (state) => state.value ?? null,
  }));

export const COUNTER_KINDS: { readonly [type: string]: StoreKind } = {
  "g-counter": storeKind(() => ({
    type: gCounter,
    prepare: (state, actor, { value }) => ({ op: gCounterIncrement(state, actor, Number(value)) }),
    show: gCounterValue,
  })),
  "pn-counter": storeKind(pnCounterService),
  "bounded-counter": storeKind(() => ({ type: boundedCounter, prepare: prepareBounded, show: boundedCounterValue })),
  counter: storeKind(() => ({
    type: counter,
    prepare: (state, actor, call) => ({ op: counter.add(state.seen, actor, signed(call)) }),
    show: (state) => counter.valueOf(state.store),
  })),
  "max-register": extremum(maxRegister(integerCodec)),
  "min-register": extremum(minRegister(integerCodec)),
};

function pnCounterService(): Service<PnCounter, PnCounterOp> {
  return {
    type: pnCounter,
    prepare: (state, actor, call) => ({ op: pnCounterAdd(state, actor, signed(call)) }),
    show: pnCounterValue,
  };
}

/** Counters by key. */
export const KEYED_COUNTER_KINDS: { readonly [type: string]: StoreKind } = {
  "keyed-counters": keyedKind(pnCounterService),
};

function prepareBounded(
  state: BoundedCounter,
  actor: Actor,
  { f, value }: StoreCall,
): Prepared<BoundedCounterOp> | null {
  const amount = Number(value);
  if (f === "increment") return { op: boundedCounterIncrement(state, actor, amount) };
  if (f === "decrement") return { op: boundedCounterDecrement(state, actor, amount) };
  // To whoever has the least: only the actors of present boots can use them, but nobody knows which those are.
  const poorest = [...state.granted.keys()]
    .filter((other) => other !== actor)
    .sort((a, b) => rightsOf(state, a) - rightsOf(state, b) || compareText(a, b))[0];
  if (poorest === undefined) return null;
  return { op: boundedCounterTransfer(state, { from: actor, to: poorest }, amount), told: { to: poorest } };
}
