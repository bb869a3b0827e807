/**
 * How the values inside a CRDT are compared and encoded.
 *
 * `keyOf` gives the identity of a value: two values with the same key are the same member, key or register content. Keys are
 * strings or numbers, and their order (numbers first, text by UTF-16 units) is the order of every canonical encoding.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { compareText } from "./clock.ts";
import { CrdtError, type Violation, violation } from "./violation.ts";

export type ValueKey = string | number;

export type ValueCodec<T> = {
  readonly name: string;
  /** One byte that names the codec in the header of an encoding. */
  readonly tag: number;
  /** Throws CrdtError "out-of-range" when the value is none that the codec can hold. */
  keyOf(value: T): ValueKey;
  write(writer: ByteWriter, value: T): void;
  read(reader: ByteReader): T;
};

/** Null when the codec can hold the value, else why not. */
export function validateValue<T>(codec: ValueCodec<T>, value: T): Violation | null {
  try {
    codec.keyOf(value);
    return null;
  } catch (error) {
    if (error instanceof CrdtError) return error.violation;
    throw error;
  }
}

export function compareKeys(a: ValueKey, b: ValueKey): number {
  if (typeof a === "string" && typeof b === "string") return compareText(a, b);
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Any JavaScript string. */
export const textCodec: ValueCodec<string> = {
  name: "text",
  tag: 1,
  keyOf: (value) => value,
  write: (writer, value) => writer.text(value),
  read: (reader) => reader.text("a text"),
};

const INTEGER_MAGNITUDE_MAX = 4_503_599_627_370_495; // 2^52 - 1: zigzag doubles it

/** Whole numbers of magnitude below 2^52. */
export const integerCodec: ValueCodec<number> = {
  name: "integer",
  tag: 2,
  keyOf: (value) => {
    if (Number.isInteger(value) && Math.abs(value) <= INTEGER_MAGNITUDE_MAX) return value === 0 ? 0 : value;
    throw new CrdtError(violation("out-of-range", `${value} is no whole number of magnitude below 2^52.`));
  },
  write: (writer, value) => writer.int(value),
  read: (reader) => {
    const value = reader.int("an integer");
    if (Math.abs(value) > INTEGER_MAGNITUDE_MAX) reader.fail(`${value} is no whole number of magnitude below 2^52.`);
    return value;
  },
};

/** Finite numbers; -0 is written as 0. */
export const numberCodec: ValueCodec<number> = {
  name: "number",
  tag: 3,
  keyOf: (value) => {
    if (Number.isFinite(value)) return value === 0 ? 0 : value;
    throw new CrdtError(violation("out-of-range", `${value} is no finite number.`));
  },
  write: (writer, value) => writer.float(value === 0 ? 0 : value),
  read: (reader) => {
    const value = reader.float("a number");
    if (!Number.isFinite(value) || Object.is(value, -0)) reader.fail("a number is not finite, or -0.");
    return value;
  },
};

export const booleanCodec: ValueCodec<boolean> = {
  name: "boolean",
  tag: 4,
  keyOf: (value) => (value ? 1 : 0),
  write: (writer, value) => writer.byte(value ? 1 : 0),
  read: (reader) => {
    const value = reader.byte("a boolean");
    if (value > 1) reader.fail(`a boolean is ${value}, expected 0 or 1.`);
    return value === 1;
  },
};

/** Byte arrays, the same when their bytes are. */
export const bytesCodec: ValueCodec<Uint8Array> = {
  name: "bytes",
  tag: 5,
  keyOf: (value) => {
    const units: string[] = [];
    for (const byte of value) units.push(String.fromCharCode(byte));
    return units.join("");
  },
  write: (writer, value) => writer.blob(value),
  read: (reader) => reader.blob("a byte array"),
};
