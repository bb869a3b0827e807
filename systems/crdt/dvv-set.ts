/**
 * The dotted version vector set: the sibling values of a key as a store with few servers and many clients keeps them.
 *
 * Each server (actor) holds a column: it has written `count` values, of which the newest are live and named by position alone:
 * value number i of the list has the dot count - i. So a dot costs nothing and the set is never larger than servers plus live
 * values. A client writes with the clock it has read; the server that takes the write gives the dot. Columns join by the
 * larger count and the larger number of discarded values. Preguiça et al. 2010; Almeida et al. 2014, "Scalable and accurate
 * causality tracking for eventually consistent stores".
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, Clock, compareText, type Dot, readDot, writeDot } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { type ReadContext, WHOLE } from "./read-context.ts";
import { type ValueCodec, validateValue } from "./value-codec.ts";
import { type Violation, violation } from "./violation.ts";
import { missingBefore } from "./version-vector.ts";

/** Invariant: live.length <= count; live[i] was written with counter count - i. */
type Column<T> = { count: number; live: T[] };
export type DvvSet<T> = Map<Actor, Column<T>>;
/** A write: discards what `context` covers, then adds a value under the server's next dot. */
export type DvvSetOp<T> = { readonly dot: Dot; readonly context: Clock; readonly value: T };

export type DvvSetType<T> = CrdtType<DvvSet<T>, DvvSetOp<T>> & {
  /** A write by a client that has read `context`, taken by the server `actor`. */
  put(state: DvvSet<T>, actor: Actor, context: Clock, value: T): DvvSetOp<T>;
  /** The live values, by server and then the newest first, with the clock that a write over them carries. */
  read(state: DvvSet<T>): ReadContext<readonly T[]>;
};

export function dvvSet<T>(codec: ValueCodec<T>): DvvSetType<T> {
  return {
    name: `dvv-set(${codec.name})`,
    signature: [TYPE_TAG.dvvSet, codec.tag],
    create: () => new Map(),
    validateMerge: (state, other) => validateMerge(codec, state, other),
    merge: (state, other) => {
      for (const [actor, column] of other) joinColumn(state, actor, column);
    },
    validateOp: (state, op) => validateOp(codec, state, op),
    apply,
    deltaOf: (state, op) => {
      const delta: DvvSet<T> = new Map();
      op.context.forEach((actor, count) => {
        delta.set(actor, { count, live: [] });
      });
      const mine = state.get(op.dot.actor) ?? { count: 0, live: [] };
      const keptMax = op.dot.counter - 1 - op.context.get(op.dot.actor);
      delta.set(op.dot.actor, { count: op.dot.counter, live: [op.value, ...mine.live.slice(0, keptMax)] });
      return delta;
    },
    writeState: (writer, state) => write(codec, writer, state),
    readState: (reader) => read(codec, reader),
    writeOp: (writer, op) => {
      writeDot(writer, op.dot);
      op.context.write(writer);
      codec.write(writer, op.value);
    },
    readOp: (reader) => {
      const dot = readDot(reader);
      const context = Clock.read(reader);
      if (context.get(dot.actor) >= dot.counter) reader.fail("a write has read itself.");
      return { dot, context, value: codec.read(reader) };
    },
    put: (state, actor, context, value) => {
      codec.keyOf(value);
      const count = Math.max(state.get(actor)?.count ?? 0, context.get(actor));
      return { dot: { actor, counter: count + 1 }, context: context.copy(), value };
    },
    read: (state) => {
      const seen = new Clock();
      for (const [actor, column] of state) seen.raise(actor, column.count);
      const values = sorted(state).flatMap(([, column]) => column.live);
      return { value: values, removes: seen, seen, subject: WHOLE };
    },
  };
}

/** Needs the writes of one server in order: a column cannot hold a gap. Deltas carry their whole column and may come in any order. */
function apply<T>(state: DvvSet<T>, op: DvvSetOp<T>): void {
  op.context.forEach((actor, count) => {
    joinColumn(state, actor, { count, live: [] });
  });
  const column = columnOf(state, op.dot.actor);
  if (op.dot.counter <= column.count) return;
  column.live.unshift(op.value);
  column.count = op.dot.counter;
}

function joinColumn<T>(state: DvvSet<T>, actor: Actor, other: Column<T>): void {
  const mine = columnOf(state, actor);
  const discarded = Math.max(mine.count - mine.live.length, other.count - other.live.length);
  if (other.count > mine.count) {
    mine.live = other.live.slice();
    mine.count = other.count;
  }
  mine.live.length = Math.min(mine.live.length, Math.max(0, mine.count - discarded));
}

function columnOf<T>(state: DvvSet<T>, actor: Actor): Column<T> {
  let column = state.get(actor);
  if (column === undefined) state.set(actor, (column = { count: 0, live: [] }));
  return column;
}

function validateOp<T>(codec: ValueCodec<T>, state: DvvSet<T>, op: DvvSetOp<T>): Violation | null {
  const unfit = validateValue(codec, op.value);
  if (unfit !== null) return unfit;
  if (op.context.get(op.dot.actor) >= op.dot.counter) return violation("inconsistent", "the write has read itself.");
  const column = state.get(op.dot.actor);
  const known = column?.live[column.count - op.dot.counter];
  if (known !== undefined && codec.keyOf(known) !== codec.keyOf(op.value)) {
    return violation("double-spent-dot", `dot ${op.dot.counter} of "${op.dot.actor}" names two different writes.`);
  }
  return missingBefore(op.dot, Math.max(column?.count ?? 0, op.context.get(op.dot.actor)));
}

function validateMerge<T>(codec: ValueCodec<T>, state: DvvSet<T>, other: DvvSet<T>): Violation | null {
  for (const [actor, theirs] of other) {
    const mine = state.get(actor);
    if (mine === undefined) continue;
    for (let i = 0; i < theirs.live.length; i++) {
      const known = mine.live[mine.count - theirs.count + i];
      if (known !== undefined && codec.keyOf(known) !== codec.keyOf(theirs.live[i]!)) {
        return violation("double-spent-dot", `dot ${theirs.count - i} of "${actor}" names two different writes.`);
      }
    }
  }
  return null;
}

function sorted<T>(state: DvvSet<T>): [Actor, Column<T>][] {
  return [...state].sort((a, b) => compareText(a[0], b[0]));
}

function write<T>(codec: ValueCodec<T>, writer: ByteWriter, state: DvvSet<T>): void {
  writer.uint(state.size);
  for (const [actor, column] of sorted(state)) {
    writer.name(actor);
    writer.uint(column.count);
    writer.uint(column.live.length);
    for (const value of column.live) codec.write(writer, value);
  }
}

function read<T>(codec: ValueCodec<T>, reader: ByteReader): DvvSet<T> {
  const state: DvvSet<T> = new Map();
  const actorCount = reader.count("the number of columns", 3);
  let previous: Actor | null = null;
  for (let i = 0; i < actorCount; i++) {
    const actor = reader.name("the actor of a column");
    if (previous !== null && compareText(previous, actor) >= 0) reader.fail("the columns are not ascending.");
    const count = reader.uint("the count of a column");
    const liveCount = reader.count("the number of live values", 1);
    if (count === 0 || liveCount > count) reader.fail(`a column of ${count} writes holds ${liveCount} values.`);
    const live: T[] = [];
    for (let j = 0; j < liveCount; j++) live.push(codec.read(reader));
    state.set(actor, { count, live });
    previous = actor;
  }
  return state;
}
