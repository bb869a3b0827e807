/**
 * Text of a file, read as UTF-8 and nothing else.
 *
 * A decoder that replaces what it cannot read makes different bytes equal, and a checker compares values.
 */
import { HistoryError } from "../history.ts";

type Decoder = { decode(bytes: Uint8Array): string };

const LINE_FEED = 10;

/** What text never holds is a zero byte; those who bring one mostly bring one of these. */
export const BINARY = "a binary file, such as DBCop's history.bincode or Cobra's logs";

/** Chunks of bytes as chunks of text; a character that lies across two chunks stays whole. Throws HistoryError with the line. */
export function* decodeUtf8(chunks: Iterable<Uint8Array>): Generator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }); // the reader skips it, once
  let line = 1;
  let rest = new Uint8Array(0);
  for (const chunk of chunks) {
    const bytes = joined(rest, chunk);
    const whole = wholeLength(bytes);
    yield decodeWhole(decoder, bytes.subarray(0, whole), line);
    for (let i = 0; i < whole; i += 1) if (bytes[i] === LINE_FEED) line += 1;
    rest = bytes.slice(whole);
  }
  if (rest.length > 0) yield decodeWhole(decoder, rest, line);
}

function joined(left: Uint8Array, right: Uint8Array): Uint8Array {
  if (left.length === 0) return right;
  const bytes = new Uint8Array(left.length + right.length);
  bytes.set(left);
  bytes.set(right, left.length);
  return bytes;
}

/** Length without a character at the end that may go on in the next chunk. */
function wholeLength(bytes: Uint8Array): number {
  for (let back = 1; back <= Math.min(3, bytes.length); back += 1) {
    const byte = bytes[bytes.length - back]!;
    if (byte < 0x80) return bytes.length;
    if (byte < 0xc0) continue;
    const needed = byte >= 0xf0 ? 4 : byte >= 0xe0 ? 3 : 2;
    return needed > back ? bytes.length - back : bytes.length;
  }
  return bytes.length;
}

function decodeWhole(decoder: Decoder, bytes: Uint8Array, firstLine: number): string {
  try {
    return decoder.decode(bytes);
  } catch {
    throw notUtf8(decoder, bytes, firstLine);
  }
}

/** The first line that cannot be decoded alone: a line feed is never a part of another character. */
function notUtf8(decoder: Decoder, bytes: Uint8Array, firstLine: number): HistoryError {
  const mark = `${bytes[0]} ${bytes[1]}`;
  if (firstLine === 1 && (mark === "255 254" || mark === "254 255")) {
    return new HistoryError(1, "text in UTF-8", "UTF-16");
  }
  if (bytes.includes(0)) return new HistoryError(firstLine, "text in UTF-8", BINARY);
  let line = firstLine;
  for (let start = 0; start < bytes.length; line += 1) {
    const end = bytes.indexOf(LINE_FEED, start);
    const text = bytes.subarray(start, end < 0 ? bytes.length : end);
    try {
      decoder.decode(text);
    } catch {
      const bad = text.findIndex((byte) => byte >= 0x80);
      const hex = [...text.subarray(bad, bad + 4)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
      return new HistoryError(line, "text in UTF-8", `other bytes (${hex})`);
    }
    if (end < 0) break;
    start = end + 1;
  }
  return new HistoryError(line, "text in UTF-8", "other bytes");
}
