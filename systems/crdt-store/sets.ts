/**
 * Stores of sets, flags and registers. Calls: add and remove of a key; enable, disable; put. With a context a remove takes away, and a write
 * replaces, what was read then and nothing newer.
 */
import {
  compareText,
  disableWinsFlag,
  dvvSet,
  enableWinsFlag,
  type FlagType,
  gSet,
  type LwwOp,
  type LwwRegister,
  lwwRegister,
  mvRegister,
  type OrSet,
  type OrSetOp,
  orSet,
  textCodec,
  twoPhaseSet,
  WHOLE,
} from "../crdt/index.ts";
import type { Host } from "../../sim/host.ts";
import { keyedKind, type Service, type StoreCall, type StoreKind, storeKind } from "./kind.ts";

/**
 * Registers whose clocks disagree by up to this decide by the greatest time. Below the error of a clock, replicas would refuse each other's
 * states until true time has caught up, and not converge before.
 */
const AHEAD_US_MAX = 3_600_000_000;

const memberOf = ({ key }: StoreCall): string => key ?? "";

const flagKind = (flag: FlagType): StoreKind =>
  storeKind(() => ({
    type: flag,
    prepare: (state, actor, { f }, context) => {
      const op = flag.set(state, actor, f === "enable");
      return { op: context === null ? op : { ...op, supersedes: context.removes } };
    },
    show: (state) => flag.isEnabled(state.store),
    read: ({ seen }) => ({ value: null, removes: seen.vector(), seen: seen.vector(), subject: WHOLE }),
  }));

export const SET_KINDS: { readonly [type: string]: StoreKind } = {
  "g-set": storeKind(() => {
    const set = gSet(textCodec);
    return { type: set, prepare: (_state, _actor, call) => ({ op: { add: memberOf(call) } }), show: set.values };
  }),
  "2p-set": storeKind(() => {
    const set = twoPhaseSet(textCodec);
    return {
      type: set,
      prepare: (state, _actor, call) => {
        const member = memberOf(call);
        return { op: call.f === "add" ? set.add(state, member) : set.remove(state, member) };
      },
      show: set.values,
    };
  }),
  "or-set": storeKind(orSetService),
  "enable-wins-flag": flagKind(enableWinsFlag),
  "disable-wins-flag": flagKind(disableWinsFlag),
  "mv-register": storeKind(() => {
    const register = mvRegister(textCodec);
    return {
      type: register,
      prepare: (state, actor, { value }, context) => ({
        op:
          context === null
            ? register.put(state, actor, String(value))
            : register.putAfter(state, actor, context, String(value)),
      }),
      show: (state) => register.valuesOf(state.store),
      read: register.read,
    };
  }),
  "dvv-set": storeKind(() => {
    const set = dvvSet(textCodec);
    return {
      type: set,
      prepare: (state, actor, { value }, context) => ({
        op: set.put(state, actor, (context ?? set.read(state)).removes, String(value)),
      }),
      read: set.read,
      show: (state) => [...set.read(state).value].sort(compareText),
    };
  }),
  "lww-register": storeKind(lwwService),
};

function orSetService(): Service<OrSet<string>, OrSetOp<string>> {
  const set = orSet(textCodec);
  return {
    type: set,
    prepare: (state, actor, call, context) => {
      if (call.f === "add") return { op: set.add(state.seen, actor, memberOf(call)) };
      if (context !== null) return context.removes.isEmpty ? null : { op: set.removeAfter(context, memberOf(call)) };
      const op = set.remove(state.store, memberOf(call));
      return op === null ? null : { op };
    },
    show: (state) => set.values(state.store),
    read: set.read,
  };
}

function lwwService(host: Host): Service<LwwRegister<string>, LwwOp<string>> {
  const register = lwwRegister({ codec: textCodec, nowUs: () => host.clock.wallUs(), aheadUsMax: AHEAD_US_MAX });
  return {
    type: register,
    prepare: (state, actor, { value }) => {
      const op = register.write(state, actor, String(value));
      return { op, told: [op.timeUs, op.actor] };
    },
    show: (state) => register.read(state) ?? null,
  };
}

/** A map of last-writer-wins registers, and one of sets: objects by key. */
export const KEYED_SET_KINDS: { readonly [type: string]: StoreKind } = {
  "keyed-lww": keyedKind(lwwService),
  "keyed-sets": keyedKind(orSetService),
};
