/**
 * Bytes of the write-ahead log.
 *
 * A segment is a file of batches; a batch is what one flush makes durable, and begins at a multiple of BLOCK_BYTES, so
 * that a torn write never shares a sector with what was synced before. Each batch holds the whole hard state, which
 * makes old segments superfluous as soon as a snapshot covers their entries.
 *
 * Batch: crc32 (4) of all that follows | magic (2) | bytes of the batch (4) | segment (4) | number (6) | synced extent
 * (4) | flags (1) | term (6) | vote (2) | commit (6) | base index (6) | base term (6) | last index before (6) | count (4) | entries.
 *
 * The extent file has two slots, written in turn; a slot says up to where the log is known to be synced. Nothing is
 * acknowledged before a durable record, a slot or a later batch, says that it is synced: so damage below the extent is
 * the corruption of promised data, and damage above it is a torn write that nobody relied on.
 */
import { ByteReader, ByteWriter, MalformedError } from "./bytes.ts";
import { openChecksum, readEntry, sealChecksum, sizeOfEntries, writeEntry } from "./codec.ts";
import type { Entry } from "./message.ts";

export const BLOCK_BYTES: number = 512;
const MAGIC = 0x5eed;
const HEADER_BYTES = 61;
const LENGTH_OFFSET = 6;
const FLAG_CHECKPOINT = 1;

export type Batch = {
  readonly segment: number;
  /** Counts batches over all segments, without a gap. */
  readonly number: number;
  /** Bytes of this segment that were known to be synced when this batch was written: all before it. */
  readonly syncedBytes: number;
  /** Holds everything: no earlier batch is needed. */
  readonly isCheckpoint: boolean;
  readonly term: number;
  readonly vote: number;
  readonly commit: number;
  /** The latest snapshot, which the entries continue. */
  readonly baseIndex: number;
  readonly baseTerm: number;
  /** Where the log ended before these entries; they may replace a part of it. */
  readonly lastIndexBefore: number;
  readonly entries: readonly Entry[];
};

/** The batch, padded with zeros to a multiple of BLOCK_BYTES. */
export function encodeBatch(batch: Batch): Uint8Array {
  const bytes = HEADER_BYTES + sizeOfEntries(batch.entries);
  const writer = new ByteWriter(Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES);
  writer.skip(4);
  writer.u16(MAGIC);
  writer.u32(bytes);
  writer.u32(batch.segment);
  writer.u48(batch.number);
  writer.u32(batch.syncedBytes);
  writer.u8(batch.isCheckpoint ? FLAG_CHECKPOINT : 0);
  writer.u48(batch.term);
  writer.u16(batch.vote);
  writer.u48(batch.commit);
  writer.u48(batch.baseIndex);
  writer.u48(batch.baseTerm);
  writer.u48(batch.lastIndexBefore);
  writer.u32(batch.entries.length);
  for (const entry of batch.entries) writeEntry(writer, entry);
  // The padding is outside of the checksum: damage to it harms nobody.
  sealChecksum(writer.bytes.subarray(0, bytes));
  return writer.bytes;
}

/** The batch at `offset` and the offset behind its padding; null when there is no intact one. */
export function decodeBatch(file: Uint8Array, offset: number): { readonly batch: Batch; readonly end: number } | null {
  try {
    const head = new ByteReader(file, offset + LENGTH_OFFSET - 2);
    if (head.u16() !== MAGIC) return null;
    const bytes = head.u32();
    if (bytes < HEADER_BYTES || offset + bytes > file.length) return null;
    const reader = openChecksum(file.subarray(offset, offset + bytes));
    reader.u16();
    reader.u32();
    const batch = readBatch(reader);
    reader.finish();
    return { batch, end: offset + Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES };
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}

function readBatch(reader: ByteReader): Batch {
  const segment = reader.u32();
  const number = reader.u48();
  const syncedBytes = reader.u32();
  const isCheckpoint = reader.u8() === FLAG_CHECKPOINT;
  const term = reader.u48();
  const vote = reader.u16();
  const commit = reader.u48();
  const baseIndex = reader.u48();
  const baseTerm = reader.u48();
  const lastIndexBefore = reader.u48();
  const count = reader.u32();
  const entries: Entry[] = [];
  for (let i = 0; i < count; i += 1) entries.push(readEntry(reader));
  return {
    segment,
    number,
    syncedBytes,
    isCheckpoint,
    term,
    vote,
    commit,
    baseIndex,
    baseTerm,
    lastIndexBefore,
    entries,
  };
}

/** Up to where the log is synced: everything before this offset of this segment, and all earlier segments. */
export type Extent = { readonly segment: number; readonly bytes: number };

const SLOT_BYTES = 12;
/** Far enough apart that no torn sector reaches both slots. */
export const SLOT_STRIDE: number = 4_096;

export function encodeSlot(extent: Extent): Uint8Array {
  const writer = new ByteWriter(SLOT_BYTES);
  writer.skip(4);
  writer.u32(extent.segment);
  writer.u32(extent.bytes);
  return sealChecksum(writer.bytes);
}

/** Both slots with the same extent, as a new extent file begins. */
export function encodeExtentFile(extent: Extent): Uint8Array {
  const bytes = new Uint8Array(SLOT_STRIDE + SLOT_BYTES);
  bytes.set(encodeSlot(extent), 0);
  bytes.set(encodeSlot(extent), SLOT_STRIDE);
  return bytes;
}

/** The furthest extent of the intact slots, and whether both are intact. */
export function decodeExtentFile(file: Uint8Array): { readonly extent: Extent | null; readonly isIntact: boolean } {
  const first = decodeSlot(file, 0);
  const second = decodeSlot(file, SLOT_STRIDE);
  const isIntact = first !== null && second !== null;
  if (first === null || second === null) return { extent: first ?? second, isIntact };
  return { extent: isBefore(first, second) ? second : first, isIntact };
}

function isBefore(a: Extent, b: Extent): boolean {
  return a.segment < b.segment || (a.segment === b.segment && a.bytes < b.bytes);
}

function decodeSlot(file: Uint8Array, offset: number): Extent | null {
  if (file.length < offset + SLOT_BYTES) return null;
  try {
    const reader = openChecksum(file.subarray(offset, offset + SLOT_BYTES));
    return { segment: reader.u32(), bytes: reader.u32() };
  } catch (error) {
    if (error instanceof MalformedError) return null;
    throw error;
  }
}
