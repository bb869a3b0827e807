/**
 * The store behind registers, flags and the counter of maps: values that live until a later write has seen them.
 *
 * A write supersedes what its clock covers. Concurrent writes stay side by side; how they are read is the reader's business:
 * all of them (MV register), any true (enable-wins), all true (disable-wins), the sum (counter, whose writes supersede nothing).
 */
import type { ByteReader } from "./bytes.ts";
import { Clock, compareText, type Dot, readDot, truncate, writeDot } from "./clock.ts";
import type { DotContext } from "./dot-context.ts";
import { type DotStore, defer, readDeferred, settleClock, unsettled } from "./dot-store.ts";
import { type ValueCodec, validateValue } from "./value-codec.ts";
import { type Violation, violation } from "./violation.ts";

export type MvEntry<T> = { readonly dot: Dot; readonly value: T };
/** Invariant: sorted by dot (actor, then counter); no entry is covered by `deferred`. */
export type MvStore<T> = { readonly entries: MvEntry<T>[]; readonly deferred: Clock };
export type MvOp<T> = { readonly dot: Dot; readonly supersedes: Clock; readonly value: T };

/** So many entries are sooner visited than two contexts compared. */
const FEW = 8;

export function mvStore<T>(
  codec: ValueCodec<T>,
  kind: { readonly name: string; readonly tag: number },
): DotStore<MvStore<T>, MvOp<T>> {
  return {
    name: kind.name,
    signature: [kind.tag, codec.tag],
    create: () => ({ entries: [], deferred: new Clock() }),
    isEmpty: (store, seen) => store.entries.length === 0 && unsettled(store.deferred, seen) === null,
    join,
    reset,
    dotOf: (op) => op.dot,
    apply: (store, seen, op) => {
      reset(store, op.supersedes);
      defer(store.deferred, op.supersedes, seen);
      if (!seen.has(op.dot.actor, op.dot.counter)) insert(store, { dot: op.dot, value: op.value });
    },
    deltaOf: (op) => ({ entries: [{ dot: op.dot, value: op.value }], deferred: op.supersedes.copy() }),
    forEachLive: (store, visit) => {
      for (const { dot } of store.entries) visit(dot.actor, dot.counter);
    },
    validateOp: (store, seen, op) => validateOp(codec, store, seen, op),
    validateJoin: (store, _seen, other) => validateJoin(codec, store, other),
    settle: (store, seen) => settleClock(store.deferred, seen),
    write: (writer, store, seen) => {
      writer.uint(store.entries.length);
      for (const entry of store.entries) {
        writeDot(writer, entry.dot);
        codec.write(writer, entry.value);
      }
      (unsettled(store.deferred, seen) ?? new Clock()).write(writer);
    },
    read: (reader, seen) => read(codec, reader, seen),
    writeOp: (writer, op) => {
      writeDot(writer, op.dot);
      op.supersedes.write(writer);
      codec.write(writer, op.value);
    },
    readOp: (reader) => {
      const dot = readDot(reader);
      const supersedes = Clock.read(reader);
      if (supersedes.get(dot.actor) >= dot.counter) reader.fail("a write supersedes itself.");
      return { dot, supersedes, value: codec.read(reader) };
    },
  };
}

/** The clock of the live writes: what a write that has read them supersedes, and what a remove of them carries. */
export function clockOf(store: MvStore<unknown>): Clock {
  const clock = new Clock();
  for (const { dot } of store.entries) clock.raiseTo(dot);
  return clock;
}

function join<T>(store: MvStore<T>, seen: DotContext, other: MvStore<T>, otherSeen: DotContext): void {
  const theirs = other.entries;
  if (store.deferred.isEmpty && other.deferred.isEmpty && haveSameDots(store.entries, theirs)) return;
  // A delta that is new here has seen nothing that is live here: then a long list of entries needs no visit.
  if (store.entries.length <= FEW || seen.intersects(otherSeen)) keepLive(store.entries, theirs, otherSeen);
  for (const entry of theirs) if (!seen.has(entry.dot.actor, entry.dot.counter)) insert(store, entry);
  defer(store.deferred, other.deferred, seen, otherSeen);
  reset(store, store.deferred);
  reset(store, other.deferred);
}

/** Drops what the other has seen and does not hold. */
function keepLive<T>(mine: MvEntry<T>[], theirs: readonly MvEntry<T>[], otherSeen: DotContext): void {
  let kept = 0;
  for (let i = 0; i < mine.length; i++) {
    const entry = mine[i]!;
    const { dot } = entry;
    if (!otherSeen.has(dot.actor, dot.counter) || find(theirs, dot) !== undefined) mine[kept++] = entry;
  }
  truncate(mine, kept);
}

function haveSameDots(a: readonly MvEntry<unknown>[], b: readonly MvEntry<unknown>[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] === b[i]) continue; // entries are never changed, so merged states share them
    const mine = a[i]!.dot;
    const theirs = b[i]!.dot;
    if (mine.counter !== theirs.counter || mine.actor !== theirs.actor) return false;
  }
  return true;
}

function reset<T>({ entries }: MvStore<T>, clock: Clock): void {
  if (clock.isEmpty || entries.length === 0) return;
  let kept = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (!clock.has(entry.dot.actor, entry.dot.counter)) entries[kept++] = entry;
  }
  truncate(entries, kept);
}

function insert<T>(store: MvStore<T>, entry: MvEntry<T>): void {
  if (store.deferred.has(entry.dot.actor, entry.dot.counter)) return;
  const at = slotOf(store.entries, entry.dot);
  if (at === store.entries.length) store.entries.push(entry);
  else store.entries.splice(at, 0, entry);
}

function validateOp<T>(codec: ValueCodec<T>, store: MvStore<T>, seen: DotContext, op: MvOp<T>): Violation | null {
  const unfit = validateValue(codec, op.value);
  if (unfit !== null) return unfit;
  if (op.supersedes.get(op.dot.actor) >= op.dot.counter) {
    return violation("inconsistent", `the write ${op.dot.counter} of "${op.dot.actor}" supersedes itself.`);
  }
  const known = find(store.entries, op.dot);
  if (known !== undefined && codec.keyOf(known.value) !== codec.keyOf(op.value)) return doubleSpent(op.dot);
  for (const dot of op.supersedes.entries) {
    if (!seen.has(dot.actor, dot.counter)) {
      return violation("missing-dots", `the write supersedes ${dot.counter} of "${dot.actor}", which has not arrived.`);
    }
  }
  return null;
}

function validateJoin<T>(codec: ValueCodec<T>, store: MvStore<T>, other: MvStore<T>): Violation | null {
  for (const entry of other.entries) {
    const known = find(store.entries, entry.dot);
    if (known !== undefined && codec.keyOf(known.value) !== codec.keyOf(entry.value)) return doubleSpent(entry.dot);
  }
  return null;
}

function doubleSpent(dot: Dot): Violation {
  return violation("double-spent-dot", `dot ${dot.counter} of "${dot.actor}" names two different writes.`);
}

function read<T>(codec: ValueCodec<T>, reader: ByteReader, seen: DotContext): MvStore<T> {
  const entries: MvEntry<T>[] = [];
  const count = reader.count("the number of values", 3);
  for (let i = 0; i < count; i++) {
    const dot = readDot(reader);
    if (!seen.has(dot.actor, dot.counter))
      reader.fail(`the live dot ${dot.counter} of "${dot.actor}" is not in the context.`);
    if (i > 0 && compareDots(entries[i - 1]!.dot, dot) >= 0)
      reader.fail("the values are not in the order of their dots.");
    entries.push({ dot, value: codec.read(reader) });
  }
  const deferred = readDeferred(reader, seen);
  for (const { dot } of entries) {
    if (deferred.has(dot.actor, dot.counter)) reader.fail("a live value is under a deferred remove.");
  }
  return { entries, deferred };
}

function find<T>(entries: readonly MvEntry<T>[], dot: Dot): MvEntry<T> | undefined {
  const entry = entries[slotOf(entries, dot)];
  return entry !== undefined && compareDots(entry.dot, dot) === 0 ? entry : undefined;
}

/** Where the entry of a dot is, or would be. */
function slotOf(entries: readonly MvEntry<unknown>[], dot: Dot): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareDots(entries[middle]!.dot, dot) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function compareDots(a: Dot, b: Dot): number {
  return compareText(a.actor, b.actor) || a.counter - b.counter;
}
