/**
 * The map of CRDTs with reset-remove: removing a key takes away the updates the remover saw, inside the value too.
 *
 * A concurrent update of a removed key brings the key back with only what the remover had not seen. Values are dot stores (set,
 * register, flag, counter, map) that share the context of the map. A key is present while one of its updates is live; removing things
 * inside a value neither makes nor keeps a key. `touch` makes a key with an empty value.
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
import { DotContext } from "./dot-context.ts";
import { type Causal, causal, DotOwners, type DotStore, readLiveDots, suspects, validateRemove } from "./dot-store.ts";
import { deriveRemove, type ReadContext, WHOLE } from "./read-context.ts";
import { compareKeys, type ValueCodec, type ValueKey } from "./value-codec.ts";
import type { Violation } from "./violation.ts";

/** `updates`: the newest live update of each actor. Empty only while the value holds nothing but deferred removes. */
type MapEntry<K, T> = { readonly key: K; readonly updates: Clock; readonly value: T };
export type MapStore<K, T> = { readonly entries: Map<ValueKey, MapEntry<K, T>>; readonly deferred: DeferredRemoves<K> };
export type CrdtMap<K, T> = Causal<MapStore<K, T>>;

export type MapOp<K, O> =
  | { readonly kind: "update"; readonly key: K; readonly op: O }
  | { readonly kind: "touch"; readonly key: K; readonly dot: Dot }
  | { readonly kind: "remove"; readonly clock: Clock; readonly keys: readonly K[] };

export type MapType<K, T, O> = CrdtType<CrdtMap<K, T>, MapOp<K, O>> & {
  readonly store: DotStore<MapStore<K, T>, MapOp<K, O>>;
  /** Prepares an update: `prepare` makes the operation on the value (an empty one when the key is absent). */
  update(map: MapStore<K, T>, key: K, prepare: (value: T) => O): MapOp<K, O>;
  touch(seen: DotContext, actor: Actor, key: K): MapOp<K, O>;
  /** Removes what this replica holds of the key; null when it is not present. */
  remove(map: MapStore<K, T>, key: K): MapOp<K, O> | null;
  /** Removes what was read, of this key. Throws CrdtError "foreign-context". */
  removeAfter(context: ReadContext<unknown>, key: K): MapOp<K, O>;
  /** The value, undefined when the key is not present. Only to be read. */
  get(map: MapStore<K, T>, key: K): T | undefined;
  /** The keys in order. */
  keys(map: MapStore<K, T>): K[];
  readKey(state: CrdtMap<K, T>, key: K): ReadContext<T | undefined>;
  read(state: CrdtMap<K, T>): ReadContext<readonly K[]>;
};

export function crdtMap<K, T, O>(codec: ValueCodec<K>, nested: DotStore<T, O>): MapType<K, T, O> {
  const store = mapStore(codec, nested);
  const present = (map: MapStore<K, T>, key: K): MapEntry<K, T> | undefined => {
    const entry = map.entries.get(codec.keyOf(key));
    return entry === undefined || entry.updates.isEmpty ? undefined : entry;
  };
  const keys = (map: MapStore<K, T>): K[] => {
    const live = [...map.entries].filter(([, entry]) => !entry.updates.isEmpty);
    return live.sort((a, b) => compareKeys(a[0], b[0])).map(([, entry]) => entry.key);
  };
  return {
    ...causal(store),
    store,
    update: (map, key, prepare) => {
      const value = map.entries.get(codec.keyOf(key))?.value ?? nested.create();
      return { kind: "update", key, op: prepare(value) };
    },
    touch: (seen, actor, key) => ({ kind: "touch", key, dot: seen.next(actor) }),
    remove: (map, key) => {
      const entry = present(map, key);
      return entry === undefined ? null : { kind: "remove", clock: entry.updates.copy(), keys: [key] };
    },
    removeAfter: (context, key) => ({ kind: "remove", clock: deriveRemove(context, codec.keyOf(key)), keys: [key] }),
    get: (map, key) => present(map, key)?.value,
    keys,
    readKey: (state, key) => {
      const entry = present(state.store, key);
      const removes = entry === undefined ? new Clock() : entry.updates.copy();
      return { value: entry?.value, removes, seen: state.seen.vector(), subject: codec.keyOf(key) };
    },
    read: (state) => {
      const seen = state.seen.vector();
      return { value: keys(state.store), removes: seen, seen, subject: WHOLE };
    },
  };
}

function mapStore<K, T, O>(codec: ValueCodec<K>, nested: DotStore<T, O>): DotStore<MapStore<K, T>, MapOp<K, O>> {
  const dotOf = (op: MapOp<K, O>): Dot | null => {
    if (op.kind === "remove") return null;
    return op.kind === "touch" ? op.dot : nested.dotOf(op.op);
  };
  return {
    name: `map(${codec.name}, ${nested.name})`,
    signature: [TYPE_TAG.map, codec.tag, ...nested.signature],
    create: () => ({ entries: new Map(), deferred: new Map() }),
    isEmpty: (store, seen) => {
      if (hasUnsettled(store.deferred, seen)) return false;
      for (const entry of store.entries.values()) {
        if (!entry.updates.isEmpty || !nested.isEmpty(entry.value, seen)) return false;
      }
      return true;
    },
    join: (store, seen, other, otherSeen) => join(nested, store, seen, other, otherSeen),
    reset: (store, clock) => {
      for (const id of store.entries.keys()) resetKey(nested, store, id, clock);
    },
    dotOf,
    apply: (store, seen, op) => {
      if (op.kind === "remove") {
        for (const key of op.keys) {
          const id = codec.keyOf(key);
          resetKey(nested, store, id, op.clock);
          deferRemove(store.deferred, { id, key, clock: op.clock }, seen);
        }
        return;
      }
      const id = codec.keyOf(op.key);
      const entry = entryOf(nested, store, id, op.key);
      if (op.kind === "update") {
        nested.apply(entry.value, seen, op.op);
        nested.settle(entry.value, seen);
      }
      const dot = dotOf(op);
      if (dot !== null && !seen.has(dot.actor, dot.counter)) entry.updates.raiseTo(dot);
      const removed = store.deferred.get(id);
      if (removed !== undefined) resetKey(nested, store, id, removed.clock);
      else dropIfEmpty(nested, store, id, seen);
    },
    deltaOf: (op) => {
      const delta: MapStore<K, T> = { entries: new Map(), deferred: new Map() };
      if (op.kind === "remove") {
        for (const key of op.keys) delta.deferred.set(codec.keyOf(key), { key, clock: op.clock.copy() });
        return delta;
      }
      const id = codec.keyOf(op.key);
      const value = op.kind === "update" ? nested.deltaOf(op.op) : nested.create();
      const dot = dotOf(op);
      delta.entries.set(id, { key: op.key, updates: Clock.of(dot === null ? [] : [dot]), value });
      return delta;
    },
    forEachLive: (store, visit) => {
      for (const { updates, value } of store.entries.values()) {
        updates.forEach(visit);
        nested.forEachLive(value, visit);
      }
    },
    validateOp: (store, seen, op) => {
      if (op.kind === "remove") return validateRemove(op.clock, seen);
      const id = codec.keyOf(op.key);
      const dot = dotOf(op);
      if (dot !== null && seen.has(dot.actor, dot.counter)) {
        const found = findConflict(store.entries, [[id, Clock.of([dot])]]);
        if (found !== null) return found;
      }
      return op.kind === "touch"
        ? null
        : nested.validateOp(store.entries.get(id)?.value ?? nested.create(), seen, op.op);
    },
    validateJoin: (store, seen, other) => {
      const suspicious: [ValueKey, Clock][] = [];
      for (const [id, theirs] of other.entries) {
        const mine = store.entries.get(id);
        const dots = suspects(theirs.updates, mine?.updates, seen);
        if (!dots.isEmpty) suspicious.push([id, dots]);
        const inside = mine === undefined ? null : nested.validateJoin(mine.value, seen, theirs.value);
        if (inside !== null) return inside;
      }
      return findConflict(store.entries, suspicious);
    },
    settle: (store, seen) => {
      if (store.deferred.size > 0) settleRemoves(store.deferred, seen);
    },
    write: (writer, store, seen) => write(codec, nested, writer, store, seen),
    read: (reader, seen) => read(codec, nested, reader, seen),
    writeOp: (writer, op) => writeOp(codec, nested, writer, op),
    readOp: (reader) => readOp(codec, nested, reader),
  };
}

function join<K, T, O>(
  nested: DotStore<T, O>,
  store: MapStore<K, T>,
  seen: DotContext,
  other: MapStore<K, T>,
  otherSeen: DotContext,
): void {
  let [live, shared] = [0, 0];
  for (const [id, theirs] of other.entries) {
    const mine = entryOf(nested, store, id, theirs.key);
    live += theirs.updates.size;
    mine.updates.joinLive(seen, theirs.updates, otherSeen);
    nested.join(mine.value, seen, theirs.value, otherSeen);
    nested.settle(mine.value, seen);
    // Other keys are above their deferred clocks already.
    const removed = store.deferred.size === 0 ? undefined : store.deferred.get(id);
    if (removed !== undefined) {
      mine.updates.resetRemove(removed.clock);
      nested.reset(mine.value, removed.clock);
    }
    if (mine.updates.isEmpty && nested.isEmpty(mine.value, seen)) store.entries.delete(id);
    else shared += 1;
  }
  // Keys that only this store holds need a visit when the other has seen dots that it does not hold, and this one may hold such.
  if (store.entries.size > shared && otherSeen.count() !== live && seen.intersects(otherSeen))
    dropUnheld(nested, store, seen, other, otherSeen);
  for (const [id, { key, clock }] of other.deferred) {
    resetKey(nested, store, id, clock);
    deferRemove(store.deferred, { id, key, clock }, seen, otherSeen);
  }
}

/** Takes away, from the keys that the other does not hold, what it has seen: there it was removed. */
function dropUnheld<K, T, O>(
  nested: DotStore<T, O>,
  store: MapStore<K, T>,
  seen: DotContext,
  other: MapStore<K, T>,
  otherSeen: DotContext,
): void {
  // No live dot of a value is newer than the newest update of its key, so keys older than all the other has seen are untouched.
  const absent = nested.create();
  const isTouched = (actor: Actor, counter: number): boolean => counter >= otherSeen.min(actor);
  for (const [id, mine] of store.entries) {
    if (other.entries.has(id) || !mine.updates.some(isTouched)) continue;
    mine.updates.retain((actor, counter) => !otherSeen.has(actor, counter));
    nested.join(mine.value, seen, absent, otherSeen);
    if (mine.updates.isEmpty && nested.isEmpty(mine.value, seen)) store.entries.delete(id);
  }
}

function entryOf<K, T, O>(nested: DotStore<T, O>, store: MapStore<K, T>, id: ValueKey, key: K): MapEntry<K, T> {
  let entry = store.entries.get(id);
  if (entry === undefined) store.entries.set(id, (entry = { key, updates: new Clock(), value: nested.create() }));
  return entry;
}

function resetKey<K, T, O>(nested: DotStore<T, O>, store: MapStore<K, T>, id: ValueKey, clock: Clock): void {
  const entry = store.entries.get(id);
  if (entry === undefined) return;
  entry.updates.resetRemove(clock);
  nested.reset(entry.value, clock);
  // With an empty context nothing deferred counts as settled, so the entry goes only when it surely holds nothing.
  if (entry.updates.isEmpty && nested.isEmpty(entry.value, new DotContext())) store.entries.delete(id);
}

function dropIfEmpty<K, T, O>(nested: DotStore<T, O>, store: MapStore<K, T>, id: ValueKey, seen: DotContext): void {
  const entry = store.entries.get(id);
  if (entry?.updates.isEmpty === true && nested.isEmpty(entry.value, seen)) store.entries.delete(id);
}

function findConflict<K, T>(
  entries: Map<ValueKey, MapEntry<K, T>>,
  others: readonly [ValueKey, Clock][],
): Violation | null {
  if (others.length === 0) return null;
  const owners = new DotOwners<ValueKey>();
  for (const [id, entry] of entries) owners.add(entry.updates, id);
  for (const [id, dots] of others) {
    const found = owners.conflict(dots, id);
    if (found !== null) return found;
  }
  return null;
}

function write<K, T, O>(
  codec: ValueCodec<K>,
  nested: DotStore<T, O>,
  writer: ByteWriter,
  store: MapStore<K, T>,
  seen: DotContext,
): void {
  const kept: [ValueKey, MapEntry<K, T>][] = [];
  for (const pair of store.entries)
    if (!pair[1].updates.isEmpty || !nested.isEmpty(pair[1].value, seen)) kept.push(pair);
  kept.sort((a, b) => compareKeys(a[0], b[0]));
  writer.uint(kept.length);
  for (const [, entry] of kept) {
    codec.write(writer, entry.key);
    entry.updates.write(writer);
    nested.write(writer, entry.value, seen);
  }
  writeRemoves(codec, writer, store.deferred, seen);
}

function read<K, T, O>(
  codec: ValueCodec<K>,
  nested: DotStore<T, O>,
  reader: ByteReader,
  seen: DotContext,
): MapStore<K, T> {
  const entries = new Map<ValueKey, MapEntry<K, T>>();
  const owners = new DotOwners<ValueKey>();
  const count = reader.count("the number of keys", 3);
  let previous: ValueKey | null = null;
  for (let i = 0; i < count; i++) {
    const key = codec.read(reader);
    const id = codec.keyOf(key);
    if (previous !== null && compareKeys(previous, id) >= 0) reader.fail("the keys are not ascending.");
    const updates = readLiveDots(reader, seen);
    const found = owners.conflict(updates, id);
    if (found !== null) reader.fail(found.message);
    owners.add(updates, id);
    const value = nested.read(reader, seen);
    if (updates.isEmpty && nested.isEmpty(value, seen)) reader.fail("a key without updates holds nothing.");
    entries.set(id, { key, updates, value });
    previous = id;
  }
  const deferred = readRemoves(codec, reader, seen);
  refuseLive(reader, deferred, (id) => entries.get(id)?.updates);
  for (const [id, { updates, value }] of entries) {
    const removed = deferred.get(id)?.clock;
    nested.forEachLive(value, (actor, counter) => {
      if (updates.get(actor) < counter)
        reader.fail(`the live dot ${counter} of "${actor}" is of no update of its key.`);
      if (removed?.has(actor, counter) === true)
        reader.fail(`the live dot ${counter} of "${actor}" is under a deferred remove.`);
    });
  }
  return { entries, deferred };
}

const KINDS = ["update", "touch", "remove"] as const;

function writeOp<K, T, O>(codec: ValueCodec<K>, nested: DotStore<T, O>, writer: ByteWriter, op: MapOp<K, O>): void {
  writer.byte(KINDS.indexOf(op.kind));
  if (op.kind === "remove") {
    op.clock.write(writer);
    writer.uint(op.keys.length);
    for (const key of op.keys) codec.write(writer, key);
    return;
  }
  codec.write(writer, op.key);
  if (op.kind === "touch") writeDot(writer, op.dot);
  else nested.writeOp(writer, op.op);
}

function readOp<K, T, O>(codec: ValueCodec<K>, nested: DotStore<T, O>, reader: ByteReader): MapOp<K, O> {
  const kind = KINDS[reader.byte("the kind of a map operation")];
  if (kind === undefined) reader.fail("the kind of a map operation is not 0, 1 or 2.");
  if (kind === "remove") {
    const clock = Clock.read(reader);
    const keys: K[] = [];
    const count = reader.count("the number of removed keys", 1);
    for (let i = 0; i < count; i++) keys.push(codec.read(reader));
    return { kind, clock, keys };
  }
  const key = codec.read(reader);
  return kind === "touch" ? { kind, key, dot: readDot(reader) } : { kind, key, op: nested.readOp(reader) };
}
