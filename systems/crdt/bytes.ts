/**
 * Bytes of the encodings: a writer that grows and a reader that trusts nothing.
 *
 * Numbers are LEB128 (7 bits a byte, least significant first) up to 2^53 - 1, signed ones zigzag. Text is UTF-8 in which a
 * lone surrogate is written as three bytes (WTF-8), so that every JavaScript string comes back as it was. The reader demands
 * the shortest form of every number and refuses trailing bytes: a value has one encoding, so equal bytes mean equal values.
 */
import { NameTable } from "./name-table.ts";

/** The bytes are no valid encoding: says where, what was expected and what was found. */
export class DecodeError extends Error {
  readonly offset: number;
  constructor(offset: number, message: string) {
    super(`byte ${offset}: ${message}`);
    this.name = "DecodeError";
    this.offset = offset;
  }
}

/** Engines keep arrays of up to 64 bytes inside the heap, where they cost little as long as nobody asks for their `buffer`. */
const LENGTH_FIRST = 64;
const VARINT_BYTES_MAX = 8;
/** Below this many characters, calling the decoder costs more than putting the text together. */
const SHORT_TEXT = 32;
const ASCII_DECODER = new TextDecoder();

export class ByteWriter {
  #bytes: Uint8Array;
  /** Made by the first float: most encodings hold none. */
  #view: DataView | null = null;
  #length = 0;
  readonly #names: NameTable = new NameTable();

  /** `lengthFirst`: a guess at the number of bytes; more is taken as needed. */
  constructor(lengthFirst: number = LENGTH_FIRST) {
    this.#bytes = new Uint8Array(lengthFirst);
  }

  get length(): number {
    return this.#length;
  }

  byte(value: number): void {
    this.#reserve(1);
    this.#bytes[this.#length++] = value;
  }

  /** A whole number from 0 to 2^53 - 1. */
  uint(value: number): void {
    this.#reserve(VARINT_BYTES_MAX);
    let rest = value;
    while (rest >= 0x80000000) {
      this.#bytes[this.#length++] = (rest % 128) | 128;
      rest = Math.floor(rest / 128);
    }
    while (rest >= 128) {
      this.#bytes[this.#length++] = (rest & 127) | 128;
      rest >>>= 7;
    }
    this.#bytes[this.#length++] = rest;
  }

  /** A whole number of magnitude below 2^52. */
  int(value: number): void {
    this.uint(value < 0 ? -value * 2 - 1 : value * 2);
  }

  float(value: number): void {
    this.#reserve(8);
    this.#view ??= new DataView(this.#bytes.buffer);
    this.#view.setFloat64(this.#length, value);
    this.#length += 8;
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  blob(bytes: Uint8Array): void {
    this.uint(bytes.length);
    this.raw(bytes);
  }

  /** The number of bytes, then the bytes. */
  text(value: string): void {
    this.uint(textSize(value));
    this.#reserve(value.length * 3);
    for (let i = 0; i < value.length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x80) {
        this.#bytes[this.#length++] = unit;
        continue;
      }
      const point = value.codePointAt(i)!; // i is below the length
      if (point > 0xffff) i += 1;
      this.#codePoint(point);
    }
  }

  /** A text that comes again and again (an actor): written out the first time, as its number in order of appearance after that. */
  name(value: string): void {
    const known = this.#names.numberOf(value);
    this.uint(known < 0 ? this.#names.size : known);
    if (known >= 0) return;
    this.#names.add(value);
    this.text(value);
  }

  /** A copy of what was written. */
  finish(): Uint8Array {
    return this.#bytes.slice(0, this.#length);
  }

  #codePoint(point: number): void {
    const bytes = this.#bytes;
    if (point < 0x800) {
      bytes[this.#length++] = 0xc0 | (point >> 6);
    } else {
      if (point > 0xffff) {
        bytes[this.#length++] = 0xf0 | (point >> 18);
        bytes[this.#length++] = 0x80 | ((point >> 12) & 63);
      } else {
        bytes[this.#length++] = 0xe0 | (point >> 12);
      }
      bytes[this.#length++] = 0x80 | ((point >> 6) & 63);
    }
    bytes[this.#length++] = 0x80 | (point & 63);
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
    this.#view = null;
  }
}

function textSize(value: string): number {
  let size = 0;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x80) size += 1;
    else if (unit < 0x800) size += 2;
    else if (value.codePointAt(i)! > 0xffff) {
      size += 4;
      i += 1;
    } else size += 3;
  }
  return size;
}

export class ByteReader {
  readonly #bytes: Uint8Array;
  #view: DataView | null = null;
  #offset = 0;
  readonly #names: NameTable = new NameTable();

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  fail(message: string): never {
    throw new DecodeError(this.#offset, message);
  }

  /** Refuses the byte that was just read. */
  failBefore(message: string): never {
    throw new DecodeError(this.#offset - 1, message);
  }

  byte(what: string): number {
    if (this.remaining < 1) this.fail(`the input ends where ${what} should be.`);
    return this.#bytes[this.#offset++]!;
  }

  uint(what: string): number {
    const start = this.#offset;
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.byte(what);
      value += (byte & 127) * scale;
      if (byte < 128) {
        if (byte === 0 && scale > 1) throw new DecodeError(start, `${what} is not in its shortest form.`);
        break;
      }
      if (this.#offset - start === VARINT_BYTES_MAX) throw new DecodeError(start, `${what} is longer than 53 bits.`);
      scale *= 128;
    }
    if (value > Number.MAX_SAFE_INTEGER) throw new DecodeError(start, `${what} is longer than 53 bits.`);
    return value;
  }

  int(what: string): number {
    const value = this.uint(what);
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  /** A number of things that follow, each of at least `bytesMin` bytes: bounds what a lying length can allocate. */
  count(what: string, bytesMin: number): number {
    const start = this.#offset;
    const value = this.uint(what);
    if (value * bytesMin > this.remaining) {
      throw new DecodeError(start, `${what} is ${value}, but only ${this.remaining} bytes follow.`);
    }
    return value;
  }

  float(what: string): number {
    if (this.remaining < 8) this.fail(`the input ends inside ${what}.`);
    const bytes = this.#bytes;
    this.#view ??= new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const value = this.#view.getFloat64(this.#offset);
    this.#offset += 8;
    return value;
  }

  raw(length: number, what: string): Uint8Array {
    if (this.remaining < length) this.fail(`${what} needs ${length} bytes, but only ${this.remaining} follow.`);
    const bytes = this.#bytes.slice(this.#offset, this.#offset + length);
    this.#offset += length;
    return bytes;
  }

  blob(what: string): Uint8Array {
    return this.raw(this.count(`the length of ${what}`, 1), what);
  }

  text(what: string): string {
    const end = this.count(`the length of ${what}`, 1) + this.#offset;
    const start = this.#offset;
    const ascii = this.#ascii(end);
    if (ascii !== null) return ascii;
    const parts: string[] = [];
    let units: number[] = [];
    let isAfterHigh = false;
    while (this.#offset < end) {
      const point = this.#codePoint(end, what);
      if (isAfterHigh && point >= 0xdc00 && point <= 0xdfff) {
        throw new DecodeError(start, `${what} holds a surrogate pair written as two characters.`);
      }
      isAfterHigh = point >= 0xd800 && point <= 0xdbff;
      if (point > 0xffff) units.push(0xd800 + ((point - 0x10000) >> 10), 0xdc00 + ((point - 0x10000) & 0x3ff));
      else units.push(point);
      if (units.length >= 4096) {
        parts.push(String.fromCharCode(...units));
        units = [];
      }
    }
    parts.push(String.fromCharCode(...units));
    return parts.length === 1 ? parts[0]! : parts.join("");
  }

  name(what: string): string {
    const start = this.#offset;
    const index = this.uint(what);
    const { size } = this.#names;
    if (index < size) return this.#names.at(index);
    if (index > size) throw new DecodeError(start, `${what} is name ${index} of ${size}.`);
    const value = this.text(what);
    if (this.#names.numberOf(value) >= 0)
      throw new DecodeError(start, `${what} ${JSON.stringify(value)} is written out twice.`);
    this.#names.add(value);
    return value;
  }

  /** Throws when bytes are left over. */
  end(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes follow the end of the value.`);
  }

  /** The text up to `end` when all of it is ASCII, else null and nothing is read. */
  #ascii(end: number): string | null {
    const bytes = this.#bytes;
    const start = this.#offset;
    for (let i = start; i < end; i++) if (bytes[i]! >= 0x80) return null;
    this.#offset = end;
    if (end - start > SHORT_TEXT) return ASCII_DECODER.decode(bytes.subarray(start, end));
    let text = "";
    let i = start;
    for (; i + 4 <= end; i += 4) text += String.fromCharCode(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!);
    for (; i < end; i++) text += String.fromCharCode(bytes[i]!);
    return text;
  }

  #codePoint(end: number, what: string): number {
    const start = this.#offset;
    const first = this.#bytes[this.#offset++]!; // the caller checked offset < end <= length
    if (first < 0x80) return first;
    const extra = first >= 0xf0 ? 3 : first >= 0xe0 ? 2 : 1;
    if (first < 0xc2 || first > 0xf4 || this.#offset + extra > end)
      throw new DecodeError(start, `${what} is not UTF-8.`);
    let point = first & (0x3f >> extra);
    for (let i = 0; i < extra; i++) {
      const byte = this.#bytes[this.#offset++]!;
      if ((byte & 0xc0) !== 0x80) throw new DecodeError(start, `${what} is not UTF-8.`);
      point = point * 64 + (byte & 63);
    }
    const min = extra === 3 ? 0x10000 : extra === 2 ? 0x800 : 0x80;
    if (point < min || point > 0x10ffff) throw new DecodeError(start, `${what} is not UTF-8.`);
    return point;
  }
}
