/**
 * What the codecs of all layers of membership share: a message is a CRC-32 of the rest, a kind, and the fields of the kind.
 *
 * sizeOf must equal the length of the encoding without encoding, so the sizes of texts and numbers are computed here.
 */
import { ByteReader, ByteWriter } from "../crdt/bytes.ts";
import { crc32 } from "../crdt/replication/frame.ts";

const CHECKSUM_BYTES = 4;
/** Checksum and kind. */
export const HEADER_BYTES = 5;

/** Encodes a message: `write` adds the fields. */
export function sealMessage(kind: number, write: (writer: ByteWriter) => void): Uint8Array {
  const writer = new ByteWriter();
  writer.byte(kind);
  write(writer);
  const body = writer.finish();
  const bytes = new Uint8Array(CHECKSUM_BYTES + body.length);
  new DataView(bytes.buffer).setUint32(0, crc32(body));
  bytes.set(body, CHECKSUM_BYTES);
  return bytes;
}

/** Decodes what sealMessage made. Throws RangeError for a wrong checksum, DecodeError for fields that are none. */
export function openMessage<M>(bytes: Uint8Array, read: (kind: number, reader: ByteReader) => M): M {
  if (bytes.length < HEADER_BYTES) throw new RangeError(`${bytes.length} bytes are shorter than a header.`);
  const body = bytes.subarray(CHECKSUM_BYTES);
  const expected = new DataView(bytes.buffer, bytes.byteOffset, CHECKSUM_BYTES).getUint32(0);
  if (crc32(body) !== expected) throw new RangeError("The checksum of the message is wrong.");
  const reader = new ByteReader(body);
  const message = read(reader.byte("the kind"), reader);
  reader.end();
  return message;
}

/** Bytes that ByteWriter.uint needs for a whole number. */
export function sizeOfUint(value: number): number {
  let size = 1;
  for (let rest = value; rest >= 128; rest = Math.floor(rest / 128)) size += 1;
  return size;
}

/** Bytes that ByteWriter.text needs, its length included. */
export function sizeOfText(value: string): number {
  let bytes = 0;
  for (let i = 0; i < value.length; i++) {
    const unit = value.charCodeAt(i);
    if (unit < 0x80) bytes += 1;
    else if (unit < 0x800) bytes += 2;
    else if (value.codePointAt(i)! > 0xffff) {
      bytes += 4;
      i += 1;
    } else bytes += 3;
  }
  return sizeOfUint(bytes) + bytes;
}

export function writeTexts(writer: ByteWriter, values: readonly string[]): void {
  writer.uint(values.length);
  for (const value of values) writer.text(value);
}

export function readTexts(reader: ByteReader, what: string): readonly string[] {
  const count = reader.count(`the number of ${what}`, 1);
  return Array.from({ length: count }, () => reader.text(what));
}

export function sizeOfTexts(values: readonly string[]): number {
  let bytes = sizeOfUint(values.length);
  for (const value of values) bytes += sizeOfText(value);
  return bytes;
}
