/**
 * Fixed-width reading and writing of bytes, big endian, and CRC-32: what the codecs of messages, of the write-ahead log
 * and of snapshots have in common.
 *
 * Integers are unsigned. An u48 holds any index, term or time in microseconds below 2^48 (8.9 years of microseconds
 * since a boot or an epoch of the host's choice; larger values are clamped by nobody: the writer throws).
 */

const U48_LIMIT = 281_474_976_710_656;
const U32_RADIX = 4_294_967_296;

/** Table of CRC-32 (IEEE 802.3, reflected polynomial 0xEDB88320). */
const CRC_TABLE: Int32Array = makeCrcTable();

function makeCrcTable(): Int32Array {
  const table = new Int32Array(256);
  for (let i = 0; i < 256; i += 1) {
    let value = i;
    for (let bit = 0; bit < 8; bit += 1) value = (value & 1) === 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
    table[i] = value;
  }
  return table;
}

/** CRC-32 of bytes[start, end), as an unsigned 32-bit integer. */
export function crc32(bytes: Uint8Array, start: number = 0, end: number = bytes.length): number {
  let crc = -1;
  // Both lookups are in bounds: the loop stays below `end`, the table has 256 entries.
  for (let i = start; i < end; i += 1) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ bytes[i]!) & 0xff]!;
  return (crc ^ -1) >>> 0;
}

/** Bytes that are no message, record or snapshot: too short, wrong checksum, or a field out of its range. */
export class MalformedError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "MalformedError";
  }
}

/** Writes into a buffer whose exact size was computed before. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  get at(): number {
    return this.#at;
  }

  u8(value: number): void {
    this.bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.bytes[this.#at++] = value >>> 8;
    this.bytes[this.#at++] = value;
  }

  u32(value: number): void {
    const { bytes } = this;
    const at = this.#at;
    bytes[at] = value >>> 24;
    bytes[at + 1] = value >>> 16;
    bytes[at + 2] = value >>> 8;
    bytes[at + 3] = value;
    this.#at = at + 4;
  }

  u48(value: number): void {
    if (!(value >= 0 && value < U48_LIMIT)) throw new MalformedError(`${value} does not fit into 48 bits.`);
    this.u16(Math.floor(value / U32_RADIX));
    this.u32(value >>> 0);
  }

  /** Any whole number up to Number.MAX_SAFE_INTEGER, in 8 bytes: times since an epoch do not fit into 48 bits. */
  u64(value: number): void {
    if (!(value >= 0 && value <= Number.MAX_SAFE_INTEGER))
      throw new MalformedError(`${value} is no safe whole number.`);
    this.u32(Math.floor(value / U32_RADIX));
    this.u32(value >>> 0);
  }

  raw(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#at);
    this.#at += bytes.length;
  }

  /** Leaves `count` zero bytes. */
  skip(count: number): void {
    this.#at += count;
  }
}

/** Reads within bounds; every method throws MalformedError at the end of the bytes. */
export class ByteReader {
  readonly #bytes: Uint8Array;
  #at: number;
  readonly #end: number;

  constructor(bytes: Uint8Array, start: number = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = start;
    this.#end = end;
  }

  get left(): number {
    return this.#end - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (at + count > this.#end) throw new MalformedError(`${count} bytes wanted, ${this.#end - at} left.`);
    this.#at = at + count;
    return at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  u16(): number {
    const at = this.#take(2);
    return (this.#bytes[at]! << 8) | this.#bytes[at + 1]!;
  }

  u32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
  }

  u48(): number {
    const high = this.u16();
    return high * U32_RADIX + this.u32();
  }

  u64(): number {
    const value = this.u32() * U32_RADIX + this.u32();
    if (value > Number.MAX_SAFE_INTEGER) throw new MalformedError(`${value} is no safe whole number.`);
    return value;
  }

  /** A copy, so that a small entry does not keep a large buffer alive. */
  raw(count: number): Uint8Array {
    const at = this.#take(count);
    return this.#bytes.slice(at, at + count);
  }

  /** Nothing may be left: a longer message than its fields is as damaged as a shorter one. */
  finish(): void {
    if (this.left !== 0) throw new MalformedError(`${this.left} bytes too many.`);
  }
}

/** Reads a flag written as 0 or 1. */
export function readFlag(reader: ByteReader): boolean {
  const value = reader.u8();
  if (value > 1) throw new MalformedError(`${value} is no flag.`);
  return value === 1;
}
