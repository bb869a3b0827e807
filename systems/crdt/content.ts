/** What a list is a list of: any values (arrays), or the UTF-16 units of a text (strings). */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import type { ValueCodec } from "./value-codec.ts";

export type ContentKind<C> = {
  readonly name: string;
  readonly tag: number;
  readonly empty: C;
  lengthOf(content: C): number;
  /** A copy that the caller owns. */
  slice(content: C, start: number, end: number): C;
  /** Both, one after the other; may change and return `owned`. */
  append(owned: C, more: C): C;
  join(parts: readonly C[]): C;
  isEqual(a: C, b: C): boolean;
  /** Throws CrdtError "out-of-range" when an element is none that the kind can hold. */
  check(content: C): void;
  write(writer: ByteWriter, content: C): void;
  /** Reads what `write` wrote of a content of this length. */
  read(reader: ByteReader, length: number): C;
};

/**
 * Whether the elements from `counter` on agree with what is known of them: pieces of runs that overlap, by counter. A piece without
 * content was deleted and agrees with anything.
 */
export function agrees<C>(
  kind: ContentKind<C>,
  pieces: Iterable<{ readonly counter: number; readonly length: number; readonly content: C | null }>,
  counter: number,
  content: C,
): boolean {
  const end = counter + kind.lengthOf(content);
  for (const piece of pieces) {
    if (piece.content === null) continue;
    const from = Math.max(counter, piece.counter);
    const to = Math.min(end, piece.counter + piece.length);
    const known = kind.slice(piece.content, from - piece.counter, to - piece.counter);
    if (!kind.isEqual(known, kind.slice(content, from - counter, to - counter))) return false;
  }
  return true;
}

const TEXT_TAG = 100;

/** Positions and lengths count UTF-16 units, as JavaScript strings do. */
export const textContent: ContentKind<string> = {
  name: "text",
  tag: TEXT_TAG,
  empty: "",
  lengthOf: (content) => content.length,
  slice: (content, start, end) => content.slice(start, end),
  append: (owned, more) => owned + more,
  join: (parts) => parts.join(""),
  isEqual: (a, b) => a === b,
  check: () => undefined,
  write: (writer, content) => writer.text(content),
  read: (reader, length) => {
    const content = reader.text("the content");
    if (content.length !== length) reader.fail(`the content has ${content.length} units, expected ${length}.`);
    return content;
  },
};

export function valuesContent<T>(codec: ValueCodec<T>): ContentKind<T[]> {
  return {
    name: codec.name,
    tag: codec.tag,
    empty: [],
    lengthOf: (content) => content.length,
    slice: (content, start, end) => content.slice(start, end),
    append: (owned, more) => {
      for (const value of more) owned.push(value);
      return owned;
    },
    // Not concat: there may be more parts than a call takes arguments.
    join: (parts) => parts.flat() as T[],
    isEqual: (a, b) => a.length === b.length && a.every((value, i) => codec.keyOf(value) === codec.keyOf(b[i]!)),
    check: (content) => {
      for (const value of content) codec.keyOf(value);
    },
    write: (writer, content) => {
      for (const value of content) codec.write(writer, value);
    },
    read: (reader, length) => {
      const content: T[] = [];
      for (let i = 0; i < length; i++) content.push(codec.read(reader));
      return content;
    },
  };
}
