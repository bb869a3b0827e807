/**
 * The sets that need no causality: the grow-only set, and the two-phase set whose removed members never return.
 *
 * Both are maps from the key of a member to the member, joined by union. The two-phase set keeps the keys of what was removed for
 * ever (its cost); a remove needs the member to be present where it is prepared.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { compareKeys, type ValueCodec, type ValueKey, validateValue } from "./value-codec.ts";
import { CrdtError, violation } from "./violation.ts";

export type GSet<T> = Map<ValueKey, T>;
export type GSetOp<T> = { readonly add: T };

export type GSetType<T> = CrdtType<GSet<T>, GSetOp<T>> & {
  has(state: GSet<T>, value: T): boolean;
  /** The members in the order of their keys. */
  values(state: GSet<T>): T[];
};

export function gSet<T>(codec: ValueCodec<T>): GSetType<T> {
  return {
    name: `g-set(${codec.name})`,
    signature: [TYPE_TAG.gSet, codec.tag],
    create: () => new Map(),
    validateMerge: () => null,
    merge: unite,
    validateOp: (_state, op) => validateValue(codec, op.add),
    apply: (state, op) => addTo(codec, state, op.add),
    deltaOf: (_state, op) => new Map([[codec.keyOf(op.add), op.add]]),
    writeState: (writer, state) => writeMembers(codec, writer, state),
    readState: (reader) => readMembers(codec, reader),
    writeOp: (writer, op) => codec.write(writer, op.add),
    readOp: (reader) => ({ add: codec.read(reader) }),
    has: (state, value) => state.has(codec.keyOf(value)),
    values: (state) => sortedMembers(state).map(([, value]) => value),
  };
}

/** Invariant: no key is in both; `removed` wins. */
export type TwoPhaseSet<T> = { readonly live: Map<ValueKey, T>; readonly removed: Map<ValueKey, T> };
export type TwoPhaseSetOp<T> = { readonly kind: "add" | "remove"; readonly value: T };

export type TwoPhaseSetType<T> = CrdtType<TwoPhaseSet<T>, TwoPhaseSetOp<T>> & {
  has(state: TwoPhaseSet<T>, value: T): boolean;
  values(state: TwoPhaseSet<T>): T[];
  /** Throws CrdtError "inconsistent" when the value was removed before: it can never return. */
  add(state: TwoPhaseSet<T>, value: T): TwoPhaseSetOp<T>;
  /** Throws CrdtError "unknown-member" when the value is not present. */
  remove(state: TwoPhaseSet<T>, value: T): TwoPhaseSetOp<T>;
};

export function twoPhaseSet<T>(codec: ValueCodec<T>): TwoPhaseSetType<T> {
  const apply = (state: TwoPhaseSet<T>, op: TwoPhaseSetOp<T>): void => {
    const key = codec.keyOf(op.value);
    if (op.kind === "remove") {
      state.live.delete(key);
      addTo(codec, state.removed, op.value);
    } else if (!state.removed.has(key)) {
      addTo(codec, state.live, op.value);
    }
  };
  return {
    name: `2p-set(${codec.name})`,
    signature: [TYPE_TAG.twoPhaseSet, codec.tag],
    create: () => ({ live: new Map(), removed: new Map() }),
    validateMerge: () => null,
    merge: (state, other) => {
      unite(state.removed, other.removed);
      for (const key of other.removed.keys()) state.live.delete(key);
      for (const [key, value] of other.live) {
        if (!state.removed.has(key) && !state.live.has(key)) state.live.set(key, value);
      }
    },
    validateOp: (state, op) => {
      const unfit = validateValue(codec, op.value);
      if (unfit !== null) return unfit;
      const key = codec.keyOf(op.value);
      if (op.kind === "add" || state.live.has(key) || state.removed.has(key)) return null;
      return violation("unknown-member", `${show(op.value)} is removed, but it was never added here.`);
    },
    apply,
    deltaOf: (_state, op) => {
      const delta: TwoPhaseSet<T> = { live: new Map(), removed: new Map() };
      apply(delta, op);
      return delta;
    },
    writeState: (writer, state) => {
      writeMembers(codec, writer, state.live);
      writeMembers(codec, writer, state.removed);
    },
    readState: (reader) => {
      const live = readMembers(codec, reader);
      const removed = readMembers(codec, reader);
      for (const key of removed.keys()) if (live.has(key)) reader.fail("a member is both live and removed.");
      return { live, removed };
    },
    writeOp: (writer, op) => {
      writer.byte(op.kind === "add" ? 0 : 1);
      codec.write(writer, op.value);
    },
    readOp: (reader) => {
      const kind = reader.byte("the kind of a set operation");
      if (kind > 1) reader.fail(`the kind is ${kind}, expected 0 or 1.`);
      return { kind: kind === 0 ? "add" : "remove", value: codec.read(reader) };
    },
    has: (state, value) => state.live.has(codec.keyOf(value)),
    values: (state) => sortedMembers(state.live).map(([, value]) => value),
    add: (state, value) => {
      if (!state.removed.has(codec.keyOf(value))) return { kind: "add", value };
      throw new CrdtError(violation("inconsistent", `${show(value)} was removed and can never return to a 2P-set.`));
    },
    remove: (state, value) => {
      if (state.live.has(codec.keyOf(value))) return { kind: "remove", value };
      throw new CrdtError(violation("unknown-member", `${show(value)} is not in the set.`));
    },
  };
}

function addTo<T>(codec: ValueCodec<T>, members: Map<ValueKey, T>, value: T): void {
  const key = codec.keyOf(value);
  if (!members.has(key)) members.set(key, value);
}

function unite<T>(members: Map<ValueKey, T>, others: Map<ValueKey, T>): void {
  for (const [key, value] of others) if (!members.has(key)) members.set(key, value);
}

function sortedMembers<T>(members: Map<ValueKey, T>): [ValueKey, T][] {
  return [...members].sort((a, b) => compareKeys(a[0], b[0]));
}

function writeMembers<T>(codec: ValueCodec<T>, writer: ByteWriter, members: Map<ValueKey, T>): void {
  writer.uint(members.size);
  for (const [, value] of sortedMembers(members)) codec.write(writer, value);
}

function readMembers<T>(codec: ValueCodec<T>, reader: ByteReader): Map<ValueKey, T> {
  const members = new Map<ValueKey, T>();
  const count = reader.count("the number of members", 1);
  let previous: ValueKey | null = null;
  for (let i = 0; i < count; i++) {
    const value = codec.read(reader);
    const key = codec.keyOf(value);
    if (previous !== null && compareKeys(previous, key) >= 0) reader.fail("the members are not ascending.");
    members.set(key, value);
    previous = key;
  }
  return members;
}

function show(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 80);
}
