/** Strings in messages: UTF-8 behind a length, with a short way for ASCII, which most keys and values are. */
import { type ByteReader, type ByteWriter, MalformedError } from "./bytes.ts";

/** A longer string does not fit into its length field's promise. */
export const TEXT_BYTES_MAX: number = 1_048_576;

function isAscii(text: string): boolean {
  for (let i = 0; i < text.length; i += 1) if (text.charCodeAt(i) > 0x7f) return false;
  return true;
}

/** Bytes that writeText needs. */
export function sizeOfText(text: string): number {
  return 4 + (isAscii(text) ? text.length : new TextEncoder().encode(text).length);
}

/** Throws MalformedError for a string of more than TEXT_BYTES_MAX bytes. */
export function writeText(writer: ByteWriter, text: string): void {
  if (text.length > TEXT_BYTES_MAX) throw new MalformedError(`A text of ${text.length} characters is too long.`);
  if (!isAscii(text)) {
    const bytes = new TextEncoder().encode(text);
    writer.u32(bytes.length);
    writer.raw(bytes);
    return;
  }
  writer.u32(text.length);
  for (let i = 0; i < text.length; i += 1) writer.u8(text.charCodeAt(i));
}

/** Throws MalformedError when the bytes are no UTF-8. */
export function readText(reader: ByteReader): string {
  const bytes = reader.raw(reader.u32());
  let text = "";
  for (const byte of bytes) {
    if (byte > 0x7f) return decodeUtf8(bytes);
    text += String.fromCharCode(byte);
  }
  return text;
}

function decodeUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new MalformedError("The bytes are no UTF-8.");
  }
}
