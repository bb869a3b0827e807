/**
 * Ordered lists and texts by position: Fugue, RGA and identifier paths, each for values and for text, and a grow-only list.
 *
 * Mutators prepare an operation at positions of the list as it is; apply it before preparing the next. One insert may hold many
 * elements. Elements are counted by dots of the list's own: an actor that may have lost its state needs a new name.
 */
import type { Actor } from "./clock.ts";
import { type ContentKind, textContent, valuesContent } from "./content.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { readIdentifierList, readIdentifierOp, writeIdentifierList, writeIdentifierOp } from "./identifier-encoding.ts";
import { IdentifierList } from "./identifier-list.ts";
import type { IdentifierInsert, IdentifierOp } from "./identifier-run.ts";
import { readOriginOp, writeOriginOp } from "./list-op-encoding.ts";
import { readOriginList, writeOriginList } from "./origin-encoding.ts";
import { OriginList } from "./origin-list.ts";
import type { ListInsert, OriginOp, OriginRule } from "./origin-run.ts";
import type { ValueCodec } from "./value-codec.ts";
import { CrdtError, violation } from "./violation.ts";

/** I: the operations that insert, O: all. */
export type ListType<S, O, C, I extends O = O> = CrdtType<S, O> & {
  /** Prepares an insertion in front of `position`. Throws CrdtError "out-of-range". */
  insert(state: S, actor: Actor, position: number, content: C): I;
  /** Prepares the deletion of `range.count` elements. Throws CrdtError "out-of-range". */
  delete(state: S, range: { readonly position: number; readonly count: number }): O;
  read(state: S): C;
  lengthOf(state: S): number;
};

export type OriginListType<C> = ListType<OriginList<C>, OriginOp<C>, C, ListInsert<C>>;

/** A list of values that never interleaves concurrent runs. */
export function fugueList<T>(codec: ValueCodec<T>): OriginListType<T[]> {
  return originList("fugue", valuesContent(codec));
}

/** A list of values ordered as a Replicated Growable Array. */
export function rgaList<T>(codec: ValueCodec<T>): OriginListType<T[]> {
  return originList("rga", valuesContent(codec));
}

export const fugueText: OriginListType<string> = originList("fugue", textContent);
export const rgaText: OriginListType<string> = originList("rga", textContent);

function originList<C>(rule: OriginRule, kind: ContentKind<C>): OriginListType<C> {
  return {
    name: `${rule}-list(${kind.name})`,
    signature: [rule === "fugue" ? TYPE_TAG.fugueList : TYPE_TAG.rgaList, kind.tag],
    create: () => new OriginList(rule, kind),
    validateMerge: (state, other) => state.validateMerge(other),
    merge: (state, other) => state.merge(other),
    validateOp: (state, op) => state.validateOp(op),
    apply: (state, op) => state.apply(op),
    deltaOf: (_state, op) => {
      const delta = new OriginList(rule, kind);
      delta.apply(op);
      return delta;
    },
    writeState: writeOriginList,
    readState: (reader) => readOriginList(reader, rule, kind),
    writeOp: (writer, op) => writeOriginOp(writer, op, rule, kind),
    readOp: (reader) => readOriginOp(reader, rule, kind),
    insert: (state, actor, position, content) => {
      checkInsert(kind, position, state.length, content);
      return state.prepareInsert(actor, position, content);
    },
    delete: (state, { position, count }) => {
      checkRange(position, count, state.length);
      return { kind: "delete", ranges: state.rangesAt(position, count) };
    },
    read: (state) => state.read(),
    lengthOf: (state) => state.length,
  };
}

export type IdentifierListType<C> = ListType<IdentifierList<C>, IdentifierOp<C>, C, IdentifierInsert<C>>;

/** A list of values without tombstones, sorted by identifier paths; concurrent runs at one place interleave. */
export function identifierList<T>(codec: ValueCodec<T>): IdentifierListType<T[]> {
  return identifiers(valuesContent(codec));
}

export const identifierText: IdentifierListType<string> = identifiers(textContent);

function identifiers<C>(kind: ContentKind<C>): IdentifierListType<C> {
  return {
    name: `identifier-list(${kind.name})`,
    signature: [TYPE_TAG.identifierList, kind.tag],
    create: () => new IdentifierList(kind),
    validateMerge: (state, other) => state.validateMerge(other),
    merge: (state, other) => state.merge(other),
    validateOp: (state, op) => state.validateOp(op),
    apply: (state, op) => state.apply(op),
    deltaOf: (_state, op) => {
      const delta = new IdentifierList(kind);
      delta.apply(op);
      return delta;
    },
    writeState: writeIdentifierList,
    readState: (reader) => readIdentifierList(reader, kind),
    writeOp: (writer, op) => writeIdentifierOp(writer, op, kind),
    readOp: (reader) => readIdentifierOp(reader, kind),
    insert: (state, actor, position, content) => {
      checkInsert(kind, position, state.length, content);
      return state.prepareInsert(actor, position, content);
    },
    delete: (state, { position, count }) => {
      checkRange(position, count, state.length);
      return { kind: "delete", ranges: state.rangesAt(position, count) };
    },
    read: (state) => state.read(),
    lengthOf: (state) => state.length,
  };
}

export type GrowListType<T> = Omit<ListType<IdentifierList<T[]>, IdentifierInsert<T[]>, T[]>, "delete">;

/** An identifier list that only grows. */
export function growList<T>(codec: ValueCodec<T>): GrowListType<T> {
  const { delete: _delete, ...list } = identifierList(codec);
  return {
    ...list,
    name: `grow-list(${codec.name})`,
    signature: [TYPE_TAG.growList, codec.tag],
    readState: (reader) => {
      const state = list.readState(reader);
      if (state.seen.count() !== state.length) reader.fail("a grow-only list has lost elements.");
      return state;
    },
    insert: (state, actor, position, content) => {
      checkInsert(state.kind, position, state.length, content);
      return state.prepareInsert(actor, position, content);
    },
    readOp: (reader) => {
      const op = list.readOp(reader);
      return op.kind === "insert" ? op : reader.fail("a grow-only list has no deletes.");
    },
  };
}

function checkInsert<C>(kind: ContentKind<C>, position: number, length: number, content: C): void {
  checkRange(position, 0, length);
  if (kind.lengthOf(content) === 0)
    throw new CrdtError(violation("out-of-range", "an insert needs at least one element."));
  kind.check(content);
}

/** Throws CrdtError "out-of-range" unless the range lies in a list of this length. */
export function checkRange(position: number, count: number, length: number): void {
  if (
    Number.isInteger(position) &&
    Number.isInteger(count) &&
    position >= 0 &&
    count >= 0 &&
    position + count <= length
  )
    return;
  throw new CrdtError(
    violation("out-of-range", `there are no ${count} elements at position ${position} of ${length}.`),
  );
}
