/**
 * Stores of lists and texts whose elements are all different numbers; a text has the UTF-16 unit FIRST_UNIT + number for each.
 * Calls: insert at a share of the length, behind an element or in front of one; delete from a share of the length on, or named elements.
 */
import {
  fugueList,
  fugueText,
  growList,
  identifierList,
  identifierText,
  integerCodec,
  type ListType,
  rgaList,
  rgaText,
} from "../crdt/index.ts";
import type { PlainData } from "../../sim/host.ts";
import { type StoreCall, type StoreKind, storeKind } from "./kind.ts";

/** CJK ideographs: plain letters, none of them a surrogate up to 35,000 further. */
const FIRST_UNIT = 0x4e00;
const PER_MILLE = 1000;

export type ListInsertion = {
  readonly elements: readonly number[];
  /** A share of the length in thousandths, where no anchor is given or it is not in the list. */
  readonly place: number;
  readonly behind?: number;
  readonly before?: number;
};
export type ListDeletion = {
  readonly place: number;
  readonly count: number;
  /** In their order: deleted is the first of them that is still there, and those of them that follow it directly. Instead of place and count. */
  readonly elements?: readonly number[];
};

/** Content as numbers and back. */
type Coding<C> = { pack(elements: readonly number[]): C; unpack(content: C): readonly number[] };

const numbers: Coding<number[]> = { pack: (elements) => [...elements], unpack: (content) => content };
const units: Coding<string> = {
  pack: (elements) => elements.map((element) => String.fromCharCode(FIRST_UNIT + element)).join(""),
  unpack: (content) => Array.from({ length: content.length }, (_, i) => content.charCodeAt(i) - FIRST_UNIT),
};

type Editable<S, O, C> = Pick<ListType<S, O, C>, Exclude<keyof ListType<S, O, C>, "delete">> & {
  readonly delete?: ListType<S, O, C>["delete"];
};

function listKind<S, O, C>(make: () => Editable<S, O, C>, coding: Coding<C>): StoreKind {
  return storeKind<S, O>(() => {
    const list = make();
    return {
      type: list,
      prepare: (state, actor, call) => {
        const shown = coding.unpack(list.read(state));
        if (call.f === "insert") {
          const insertion = call.value as unknown as ListInsertion;
          const position = positionOf(insertion, shown);
          const op = list.insert(state, actor, position, coding.pack(insertion.elements));
          const told: PlainData = { left: shown[position - 1] ?? null, right: shown[position] ?? null };
          return { op, told };
        }
        return prepareDelete(list, state, shown, call);
      },
      show: (state) => coding.unpack(list.read(state)),
    };
  });
}

function positionOf({ place, behind, before }: ListInsertion, shown: readonly number[]): number {
  const left = behind === undefined ? -1 : shown.indexOf(behind);
  if (left >= 0) return left + 1;
  const right = before === undefined ? -1 : shown.indexOf(before);
  return right >= 0 ? right : Math.floor((place * shown.length) / PER_MILLE);
}

function stretchOf(
  { place, count, elements }: ListDeletion,
  shown: readonly number[],
): Record<"position" | "count", number> {
  if (elements === undefined) return { position: Math.floor((place * shown.length) / PER_MILLE), count };
  const left = elements.filter((element) => shown.includes(element));
  const position = left.length === 0 ? 0 : shown.indexOf(left[0]!);
  let following = 0;
  while (following < left.length && shown[position + following] === left[following]) following++;
  return { position, count: following };
}

function prepareDelete<S, O, C>(
  list: Editable<S, O, C>,
  state: S,
  shown: readonly number[],
  call: StoreCall,
): { readonly op: O; readonly told: PlainData } | null {
  const { position, count } = stretchOf(call.value as unknown as ListDeletion, shown);
  const gone = shown.slice(position, position + count);
  if (gone.length === 0 || list.delete === undefined) return null;
  return { op: list.delete(state, { position, count: gone.length }), told: { gone } };
}

export const LIST_KINDS: { readonly [type: string]: StoreKind } = {
  "fugue-list": listKind(() => fugueList(integerCodec), numbers),
  "fugue-text": listKind(() => fugueText, units),
  "rga-list": listKind(() => rgaList(integerCodec), numbers),
  "rga-text": listKind(() => rgaText, units),
  "identifier-list": listKind(() => identifierList(integerCodec), numbers),
  "identifier-text": listKind(() => identifierText, units),
  "grow-list": listKind(() => growList(integerCodec), numbers),
};
