/**
 * The observed-remove set without tombstones: an add wins over a remove that has not seen it.
 *
 * A member is present while one of its adds is live. A remove takes away the adds it has seen, by clock; what was removed leaves
 * nothing behind, since the context tells "seen and gone" from "never seen". Bieniusa et al. 2012, "An optimized conflict-free
 * replicated set"; the deferred removes follow rust-crdt's Orswot.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, Clock, type Dot, readDot, writeDot } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import {
  type DeferredRemoves,
  deferRemove,
  hasUnsettled,
  readRemoves,
  refuseLive,
  settleRemoves,
  writeRemoves,
} from "./deferred-removes.ts";
import type { DotContext } from "./dot-context.ts";
import { type Causal, causal, DotOwners, type DotStore, readLiveDots, suspects, validateRemove } from "./dot-store.ts";
import { deriveRemove, type ReadContext, WHOLE } from "./read-context.ts";
import { compareKeys, type ValueCodec, type ValueKey, validateValue } from "./value-codec.ts";
import { type Violation, violation } from "./violation.ts";

/** Invariant: `adds` holds the newest live add of each actor, and is never empty. */
type OrSetEntry<T> = { readonly value: T; readonly adds: Clock };
export type OrSetStore<T> = { readonly entries: Map<ValueKey, OrSetEntry<T>>; readonly deferred: DeferredRemoves<T> };
export type OrSet<T> = Causal<OrSetStore<T>>;

export type OrSetOp<T> =
  | { readonly kind: "add"; readonly dot: Dot; readonly value: T }
  | { readonly kind: "remove"; readonly clock: Clock; readonly values: readonly T[] };

export type OrSetType<T> = CrdtType<OrSet<T>, OrSetOp<T>> & {
  readonly store: DotStore<OrSetStore<T>, OrSetOp<T>>;
  /** Throws CrdtError "out-of-range". */
  add(seen: DotContext, actor: Actor, value: T): OrSetOp<T>;
  /** Removes what this replica holds of the value; null when it is not present. */
  remove(store: OrSetStore<T>, value: T): OrSetOp<T> | null;
  /** Removes what was read, of this value. Throws CrdtError "foreign-context". */
  removeAfter(context: ReadContext<unknown>, value: T): OrSetOp<T>;
  has(store: OrSetStore<T>, value: T): boolean;
  /** The members in the order of their keys. */
  values(store: OrSetStore<T>): T[];
  /** Whether the value is present, with the context to remove it. */
  readMember(state: OrSet<T>, value: T): ReadContext<boolean>;
  /** All members, with a context that covers everything seen without a gap. */
  read(state: OrSet<T>): ReadContext<readonly T[]>;
};

export function orSet<T>(codec: ValueCodec<T>): OrSetType<T> {
  const store = orSetStore(codec);
  const values = (set: OrSetStore<T>): T[] => sorted(set).map(([, entry]) => entry.value);
  return {
    ...causal(store),
    store,
    add: (seen, actor, value) => {
      codec.keyOf(value);
      return { kind: "add", dot: seen.next(actor), value };
    },
    remove: (set, value) => {
      const entry = set.entries.get(codec.keyOf(value));
      return entry === undefined ? null : { kind: "remove", clock: entry.adds.copy(), values: [value] };
    },
    removeAfter: (context, value) => ({
      kind: "remove",
      clock: deriveRemove(context, codec.keyOf(value)),
      values: [value],
    }),
    has: (set, value) => set.entries.has(codec.keyOf(value)),
    values,
    readMember: (state, value) => {
      const id = codec.keyOf(value);
      const entry = state.store.entries.get(id);
      const removes = entry === undefined ? new Clock() : entry.adds.copy();
      return { value: entry !== undefined, removes, seen: state.seen.vector(), subject: id };
    },
    read: (state) => {
      const seen = state.seen.vector();
      return { value: values(state.store), removes: seen, seen, subject: WHOLE };
    },
  };
}

function orSetStore<T>(codec: ValueCodec<T>): DotStore<OrSetStore<T>, OrSetOp<T>> {
  return {
    name: `or-set(${codec.name})`,
    signature: [TYPE_TAG.orSet, codec.tag],
    create: () => ({ entries: new Map(), deferred: new Map() }),
    isEmpty: (store, seen) => store.entries.size === 0 && !hasUnsettled(store.deferred, seen),
    join,
    reset: (store, clock) => {
      for (const id of store.entries.keys()) strip(store, id, clock);
    },
    dotOf: (op) => (op.kind === "add" ? op.dot : null),
    apply: (store, seen, op) => apply(codec, store, seen, op),
    deltaOf: (op) => {
      const delta: OrSetStore<T> = { entries: new Map(), deferred: new Map() };
      if (op.kind === "add") delta.entries.set(codec.keyOf(op.value), { value: op.value, adds: Clock.of([op.dot]) });
      else for (const key of op.values) delta.deferred.set(codec.keyOf(key), { key, clock: op.clock.copy() });
      return delta;
    },
    forEachLive: (store, visit) => {
      for (const { adds } of store.entries.values()) adds.forEach(visit);
    },
    validateOp: (store, seen, op) => {
      if (op.kind === "remove") return validateRemove(op.clock, seen);
      const unfit = validateValue(codec, op.value);
      if (unfit !== null) return unfit;
      if (!seen.has(op.dot.actor, op.dot.counter)) return null;
      return findConflict(store.entries, [[codec.keyOf(op.value), Clock.of([op.dot])]]);
    },
    validateJoin: (store, seen, other) => {
      const found: [ValueKey, Clock][] = [];
      for (const [id, { adds }] of other.entries) {
        const dots = suspects(adds, store.entries.get(id)?.adds, seen);
        if (!dots.isEmpty) found.push([id, dots]);
      }
      return findConflict(store.entries, found);
    },
    settle: (store, seen) => {
      if (store.deferred.size > 0) settleRemoves(store.deferred, seen);
    },
    write: (writer, store, seen) => {
      writer.uint(store.entries.size);
      for (const [, entry] of sorted(store)) {
        codec.write(writer, entry.value);
        entry.adds.write(writer);
      }
      writeRemoves(codec, writer, store.deferred, seen);
    },
    read: (reader, seen) => read(codec, reader, seen),
    writeOp: (writer, op) => writeOp(codec, writer, op),
    readOp: (reader) => readOp(codec, reader),
  };
}

function apply<T>(codec: ValueCodec<T>, store: OrSetStore<T>, seen: DotContext, op: OrSetOp<T>): void {
  if (op.kind === "remove") {
    for (const value of op.values) {
      const id = codec.keyOf(value);
      strip(store, id, op.clock);
      deferRemove(store.deferred, { id, key: value, clock: op.clock }, seen);
    }
    return;
  }
  if (seen.has(op.dot.actor, op.dot.counter)) return;
  const id = codec.keyOf(op.value);
  if (store.deferred.get(id)?.clock.has(op.dot.actor, op.dot.counter) === true) return;
  const entry = store.entries.get(id);
  if (entry === undefined) store.entries.set(id, { value: op.value, adds: Clock.of([op.dot]) });
  else entry.adds.raiseTo(op.dot);
}

function join<T>(store: OrSetStore<T>, seen: DotContext, other: OrSetStore<T>, otherSeen: DotContext): void {
  let [live, shared] = [0, 0];
  for (const [id, theirs] of other.entries) {
    let mine = store.entries.get(id);
    if (mine === undefined) store.entries.set(id, (mine = { value: theirs.value, adds: new Clock() }));
    live += theirs.adds.size;
    mine.adds.joinLive(seen, theirs.adds, otherSeen);
    // Other members are above their deferred clocks already.
    const removed = store.deferred.size === 0 ? undefined : store.deferred.get(id);
    if (removed !== undefined) mine.adds.resetRemove(removed.clock);
    if (mine.adds.isEmpty) store.entries.delete(id);
    else shared += 1;
  }
  // Members that only this set holds need a visit when the other has seen dots that it does not hold, and this one may hold such.
  if (store.entries.size > shared && otherSeen.count() !== live && seen.intersects(otherSeen)) {
    for (const [id, mine] of store.entries) {
      if (other.entries.has(id)) continue;
      mine.adds.retain((actor, counter) => !otherSeen.has(actor, counter));
      if (mine.adds.isEmpty) store.entries.delete(id);
    }
  }
  for (const [id, { key, clock }] of other.deferred) {
    strip(store, id, clock);
    deferRemove(store.deferred, { id, key, clock }, seen, otherSeen);
  }
}

function strip<T>(store: OrSetStore<T>, id: ValueKey, clock: Clock): void {
  const entry = store.entries.get(id);
  if (entry === undefined) return;
  entry.adds.resetRemove(clock);
  if (entry.adds.isEmpty) store.entries.delete(id);
}

function findConflict<T>(
  entries: Map<ValueKey, OrSetEntry<T>>,
  others: readonly [ValueKey, Clock][],
): Violation | null {
  if (others.length === 0) return null;
  const owners = new DotOwners<ValueKey>();
  for (const [id, entry] of entries) owners.add(entry.adds, id);
  for (const [id, dots] of others) {
    const found = owners.conflict(dots, id);
    if (found !== null) return violation(found.code, `in the set, ${found.message}`);
  }
  return null;
}

function sorted<T>(store: OrSetStore<T>): [ValueKey, OrSetEntry<T>][] {
  return [...store.entries].sort((a, b) => compareKeys(a[0], b[0]));
}

function read<T>(codec: ValueCodec<T>, reader: ByteReader, seen: DotContext): OrSetStore<T> {
  const entries = new Map<ValueKey, OrSetEntry<T>>();
  const owners = new DotOwners<ValueKey>();
  const count = reader.count("the number of members", 2);
  let previous: ValueKey | null = null;
  for (let i = 0; i < count; i++) {
    const value = codec.read(reader);
    const id = codec.keyOf(value);
    if (previous !== null && compareKeys(previous, id) >= 0) reader.fail("the members are not ascending.");
    const adds = readLiveDots(reader, seen);
    if (adds.isEmpty) reader.fail("a member has no live add.");
    const found = owners.conflict(adds, id);
    if (found !== null) reader.fail(found.message);
    owners.add(adds, id);
    entries.set(id, { value, adds });
    previous = id;
  }
  const deferred = readRemoves(codec, reader, seen);
  refuseLive(reader, deferred, (id) => entries.get(id)?.adds);
  return { entries, deferred };
}

function writeOp<T>(codec: ValueCodec<T>, writer: ByteWriter, op: OrSetOp<T>): void {
  writer.byte(op.kind === "add" ? 0 : 1);
  if (op.kind === "add") {
    writeDot(writer, op.dot);
    codec.write(writer, op.value);
    return;
  }
  op.clock.write(writer);
  writer.uint(op.values.length);
  for (const value of op.values) codec.write(writer, value);
}

function readOp<T>(codec: ValueCodec<T>, reader: ByteReader): OrSetOp<T> {
  const kind = reader.byte("the kind of a set operation");
  if (kind > 1) reader.fail(`the kind is ${kind}, expected 0 or 1.`);
  if (kind === 0) return { kind: "add", dot: readDot(reader), value: codec.read(reader) };
  const clock = Clock.read(reader);
  const values: T[] = [];
  const count = reader.count("the number of removed members", 1);
  for (let i = 0; i < count; i++) values.push(codec.read(reader));
  return { kind: "remove", clock, values };
}
