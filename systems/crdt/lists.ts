/**
 * Ordered lists and texts by position: Fugue and RGA, each for values and for text.
 *
 * Mutators prepare an operation at positions of the list as it is; apply it before preparing the next. One insert may hold many
 * elements. Elements are counted by dots of the list's own: an actor that may have lost its state needs a new name.
 */
import type { Actor } from "./clock.ts";
import { type ContentKind, textContent, valuesContent } from "./content.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { readOriginList, readOriginOp, writeOriginList, writeOriginOp } from "./origin-encoding.ts";
import { OriginList } from "./origin-list.ts";
import type { OriginOp, OriginRule } from "./origin-run.ts";
import type { ValueCodec } from "./value-codec.ts";
import { CrdtError, violation } from "./violation.ts";

export type ListType<S, O, C> = CrdtType<S, O> & {
  /** Prepares an insertion in front of `position`. Throws CrdtError "out-of-range". */
  insert(state: S, actor: Actor, position: number, content: C): O;
  /** Prepares the deletion of `range.count` elements. Throws CrdtError "out-of-range". */
  delete(state: S, range: { readonly position: number; readonly count: number }): O;
  read(state: S): C;
  lengthOf(state: S): number;
};

export type OriginListType<C> = ListType<OriginList<C>, OriginOp<C>, C>;

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
      checkRange(position, 0, state.length);
      if (kind.lengthOf(content) === 0) throw new CrdtError(violation("out-of-range", "an insert needs at least one element."));
      kind.check(content);
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

/** Throws CrdtError "out-of-range" unless the range lies in a list of this length. */
export function checkRange(position: number, count: number, length: number): void {
  if (Number.isInteger(position) && Number.isInteger(count) && position >= 0 && count >= 0 && position + count <= length) return;
  throw new CrdtError(violation("out-of-range", `there are no ${count} elements at position ${position} of ${length}.`));
}
