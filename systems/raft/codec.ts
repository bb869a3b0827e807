/**
 * Bytes of Raft messages: what production sends, and what corruption flips bits of.
 *
 * Layout: crc32 (4) of all that follows | version (1) | kind (1) | from (2) | to (2) | term (6) | fields of the kind.
 * An entry: index (6) | term (6) | crc32 of the command (4) | length (4) | command.
 */
import type { Codec } from "../../sim/host.ts";
import { ByteReader, ByteWriter, crc32, MalformedError, readFlag } from "./bytes.ts";
import type { Entry, Message } from "./message.ts";

const VERSION = 1;
const HEADER_BYTES = 16;
const ENTRY_HEADER_BYTES = 20;

/** The position in this list is the number of a kind on the wire: append only. */
const KINDS = [
  "append",
  "append-reply",
  "heartbeat",
  "heartbeat-reply",
  "vote",
  "vote-reply",
  "pre-vote",
  "pre-vote-reply",
  "snapshot-chunk",
  "snapshot-reply",
  "timeout-now",
  "read-index",
  "read-index-reply",
] as const satisfies readonly Message["kind"][];

/** Decoding throws MalformedError for anything that was not encoded as it is. */
export const raftCodec: Codec<Message> = {
  typeOf: (message) => message.kind,
  sizeOf: (message) => HEADER_BYTES + sizeOfFields(message),
  encode,
  decode,
};

function sizeOfFields(message: Message): number {
  switch (message.kind) {
    case "append":
      return 20 + sizeOfEntries(message.entries);
    case "append-reply":
      return 19;
    case "heartbeat":
      return 12;
    case "heartbeat-reply":
      return 6;
    case "vote":
    case "pre-vote":
      return 13;
    case "vote-reply":
    case "pre-vote-reply":
      return 1;
    case "snapshot-chunk":
      return 28 + message.data.length;
    case "snapshot-reply":
      return 10;
    case "timeout-now":
      return 0;
    case "read-index":
      return 6;
    case "read-index-reply":
      return 13;
  }
}

/** Bytes that writeEntry needs for these. */
export function sizeOfEntries(entries: readonly Entry[]): number {
  let bytes = ENTRY_HEADER_BYTES * entries.length;
  for (const entry of entries) bytes += entry.data.length;
  return bytes;
}

export function writeEntry(writer: ByteWriter, entry: Entry): void {
  writer.u48(entry.index);
  writer.u48(entry.term);
  writer.u32(entry.checksum);
  writer.u32(entry.data.length);
  writer.raw(entry.data);
}

/** Throws MalformedError when the command does not match its checksum. */
export function readEntry(reader: ByteReader): Entry {
  const index = reader.u48();
  const term = reader.u48();
  const checksum = reader.u32();
  const data = reader.raw(reader.u32());
  if (crc32(data) !== checksum) throw new MalformedError(`The command of entry ${index} does not match its checksum.`);
  return { index, term, data, checksum };
}

function encode(message: Message): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES + sizeOfFields(message));
  writer.skip(4);
  writer.u8(VERSION);
  writer.u8(KINDS.indexOf(message.kind));
  writer.u16(message.from);
  writer.u16(message.to);
  writer.u48(message.term);
  writeFields(writer, message);
  return sealChecksum(writer.bytes);
}

function writeFields(writer: ByteWriter, message: Message): void {
  switch (message.kind) {
    case "append":
      writer.u48(message.prevIndex);
      writer.u48(message.prevTerm);
      writer.u48(message.commit);
      writer.u16(message.entries.length);
      for (const entry of message.entries) writeEntry(writer, entry);
      break;
    case "append-reply":
      writer.u8(message.isSuccess ? 1 : 0);
      writer.u48(message.index);
      writer.u48(message.hintIndex);
      writer.u48(message.hintTerm);
      break;
    case "heartbeat":
      writer.u48(message.commit);
      writer.u48(message.round);
      break;
    case "heartbeat-reply":
      writer.u48(message.round);
      break;
    case "vote":
    case "pre-vote":
      writer.u48(message.lastIndex);
      writer.u48(message.lastTerm);
      writer.u8(message.isTransfer ? 1 : 0);
      break;
    case "vote-reply":
    case "pre-vote-reply":
      writer.u8(message.isGranted ? 1 : 0);
      break;
    case "snapshot-chunk":
      writer.u48(message.snapshotIndex);
      writer.u48(message.snapshotTerm);
      writer.u32(message.snapshotChecksum);
      writer.u32(message.totalBytes);
      writer.u32(message.offset);
      writer.u32(message.data.length);
      writer.raw(message.data);
      break;
    case "snapshot-reply":
      writer.u48(message.snapshotIndex);
      writer.u32(message.nextOffset);
      break;
    case "timeout-now":
      break;
    case "read-index":
      writer.u48(message.context);
      break;
    case "read-index-reply":
      writer.u48(message.context);
      writer.u8(message.isConfirmed ? 1 : 0);
      writer.u48(message.index);
      break;
  }
}

/** Writes the CRC-32 of everything after the first four bytes into them. */
export function sealChecksum(bytes: Uint8Array): Uint8Array {
  const checksum = crc32(bytes, 4);
  bytes[0] = checksum >>> 24;
  bytes[1] = checksum >>> 16;
  bytes[2] = checksum >>> 8;
  bytes[3] = checksum;
  return bytes;
}

/** A reader behind a checksum that was found right; throws MalformedError otherwise. */
export function openChecksum(bytes: Uint8Array): ByteReader {
  const reader = new ByteReader(bytes);
  if (reader.u32() !== crc32(bytes, 4)) throw new MalformedError("The checksum of the message is wrong.");
  return reader;
}

function decode(bytes: Uint8Array): Message {
  const reader = openChecksum(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new MalformedError(`Version ${version} of the protocol is unknown.`);
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new MalformedError("The kind of the message is unknown.");
  const from = reader.u16();
  const to = reader.u16();
  const term = reader.u48();
  const message = readFields(reader, kind, { from, to, term });
  reader.finish();
  return message;
}

type Head = { readonly from: number; readonly to: number; readonly term: number };

function readFields(reader: ByteReader, kind: Message["kind"], head: Head): Message {
  // Fields are evaluated in the order in which they are written here, which is that of the bytes.
  switch (kind) {
    case "append": {
      const prevIndex = reader.u48();
      const prevTerm = reader.u48();
      const commit = reader.u48();
      return { kind, ...head, prevIndex, prevTerm, commit, entries: readEntries(reader, prevIndex) };
    }
    case "append-reply": {
      const isSuccess = readFlag(reader);
      return { kind, ...head, isSuccess, index: reader.u48(), hintIndex: reader.u48(), hintTerm: reader.u48() };
    }
    case "heartbeat":
      return { kind, ...head, commit: reader.u48(), round: reader.u48() };
    case "heartbeat-reply":
      return { kind, ...head, round: reader.u48() };
    case "vote":
    case "pre-vote":
      return { kind, ...head, lastIndex: reader.u48(), lastTerm: reader.u48(), isTransfer: readFlag(reader) };
    case "vote-reply":
    case "pre-vote-reply":
      return { kind, ...head, isGranted: readFlag(reader) };
    case "snapshot-chunk": {
      const snapshotIndex = reader.u48();
      const snapshotTerm = reader.u48();
      const snapshotChecksum = reader.u32();
      const totalBytes = reader.u32();
      const offset = reader.u32();
      const data = reader.raw(reader.u32());
      return { kind, ...head, snapshotIndex, snapshotTerm, snapshotChecksum, totalBytes, offset, data };
    }
    case "snapshot-reply":
      return { kind, ...head, snapshotIndex: reader.u48(), nextOffset: reader.u32() };
    case "timeout-now":
      return { kind, ...head };
    case "read-index":
      return { kind, ...head, context: reader.u48() };
    case "read-index-reply":
      return { kind, ...head, context: reader.u48(), isConfirmed: readFlag(reader), index: reader.u48() };
  }
}

/** Entries of an append follow prevIndex without a gap. */
function readEntries(reader: ByteReader, prevIndex: number): readonly Entry[] {
  const count = reader.u16();
  const entries: Entry[] = [];
  for (let i = 0; i < count; i += 1) {
    const entry = readEntry(reader);
    if (entry.index !== prevIndex + 1 + i)
      throw new MalformedError(`Entry ${entry.index} does not follow ${prevIndex + i}.`);
    entries.push(entry);
  }
  return entries;
}
