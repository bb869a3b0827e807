/** The value of a key: a map of fields. Operations of callers become operations of the CRDT here, and states become plain data. */
import type { Actor } from "../../crdt/clock.ts";
import { type CrdtMap, crdtMap, type MapOp, type MapType } from "../../crdt/or-map.ts";
import { counter, enableWinsFlag, putOver } from "../../crdt/registers.ts";
import { textCodec } from "../../crdt/value-codec.ts";
import { CrdtError, violation } from "../../crdt/violation.ts";
import type { KvFieldKind, KvUpdate, KvValue } from "../membership.ts";
import { type Field, type FieldOp, fieldStore, REGISTER, SET } from "./field.ts";

export type KvState = CrdtMap<string, Field>;
type Op = MapOp<string, FieldOp>;
type MembersUpdate = Extract<KvUpdate, { readonly members: readonly string[] }>;

export const kvMap: MapType<string, Field, FieldOp> = crdtMap(textCodec, fieldStore);

const LETTERS: { readonly [kind in KvFieldKind]: string } = { set: "s", register: "r", flag: "f", counter: "c" };

/** The map's key of a field: its kind is part of its name. */
function fieldKey(kind: KvFieldKind, field: string): string {
  return `${LETTERS[kind]}${field}`;
}

/** Applies the updates in their order. Throws CrdtError "out-of-range" for an amount that is no whole number. */
export function applyUpdates(state: KvState, actor: Actor, updates: readonly KvUpdate[]): void {
  for (const update of updates) {
    if (!("members" in update)) applyIfAny(state, prepare(state, actor, update));
    else for (const member of update.members) applyIfAny(state, prepareMember(state, actor, update, member));
  }
}

function applyIfAny(state: KvState, op: Op | null): void {
  if (op !== null) kvMap.apply(state, op);
}

function prepareMember(state: KvState, actor: Actor, { kind, field }: MembersUpdate, member: string): Op | null {
  const key = fieldKey("set", field);
  if (kind === "add") {
    return kvMap.update(state.store, key, () => ({ of: "set", op: SET.add(state.seen, actor, member) }));
  }
  const set = kvMap.get(state.store, key)?.set;
  const op = set === undefined ? null : SET.remove(set, member);
  return op === null ? null : kvMap.update(state.store, key, () => ({ of: "set", op }));
}

function prepare({ seen, store }: KvState, actor: Actor, update: Exclude<KvUpdate, MembersUpdate>): Op | null {
  const { field } = update;
  switch (update.kind) {
    case "assign":
      return kvMap.update(store, fieldKey("register", field), ({ register }) => ({
        of: "register",
        op: putOver(register, seen, actor, update.value),
      }));
    case "enable":
    case "disable":
      return kvMap.update(store, fieldKey("flag", field), ({ flag }) => ({
        of: "flag",
        op: putOver(flag, seen, actor, update.kind === "enable"),
      }));
    case "increment": {
      if (!Number.isSafeInteger(update.amount)) {
        throw new CrdtError(violation("out-of-range", `the amount ${update.amount} is no whole number.`));
      }
      return kvMap.update(store, fieldKey("counter", field), () => ({
        of: "counter",
        op: counter.add(seen, actor, update.amount),
      }));
    }
    case "drop":
      return kvMap.remove(store, fieldKey(update.of, field));
  }
}

export function plainValue(state: KvState): KvValue {
  const sets = new Map<string, readonly string[]>();
  const registers = new Map<string, readonly string[]>();
  const flags = new Map<string, boolean>();
  const counters = new Map<string, number>();
  for (const key of kvMap.keys(state.store)) {
    const field = kvMap.get(state.store, key)!; // it is one of the keys
    const name = key.slice(1);
    if (key.startsWith(LETTERS.set)) sets.set(name, SET.values(field.set));
    else if (key.startsWith(LETTERS.register)) registers.set(name, REGISTER.valuesOf(field.register));
    else if (key.startsWith(LETTERS.flag)) flags.set(name, enableWinsFlag.isEnabled(field.flag));
    else counters.set(name, counter.valueOf(field.counter));
  }
  return { sets, registers, flags, counters };
}

export const EMPTY_VALUE: KvValue = { sets: new Map(), registers: new Map(), flags: new Map(), counters: new Map() };
