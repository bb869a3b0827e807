/** A snapshot as a file: crc32 (4) of all that follows | magic (4) | index (6) | term (6) | crc32 of the data (4) | length (4) | data. */
import { ByteWriter, crc32, MalformedError } from "./bytes.ts";
import { openChecksum, sealChecksum } from "./codec.ts";
import type { Snapshot } from "./message.ts";

const MAGIC = 0x5eed5a17;
const HEADER_BYTES = 28;
const NAME_DIGITS = 15;

/** Names sort as their indexes do. */
export function snapshotName(index: number): string {
  return `snapshot-${String(index).padStart(NAME_DIGITS, "0")}`;
}

/** The index in a name; null when it is no snapshot's name. */
export function snapshotIndexOf(name: string): number | null {
  return /^snapshot-\d{15}$/.test(name) ? Number(name.slice("snapshot-".length)) : null;
}

export function encodeSnapshot(snapshot: Snapshot): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES + snapshot.data.length);
  writer.skip(4);
  writer.u32(MAGIC);
  writer.u48(snapshot.index);
  writer.u48(snapshot.term);
  writer.u32(snapshot.checksum);
  writer.u32(snapshot.data.length);
  writer.raw(snapshot.data);
  return sealChecksum(writer.bytes);
}

/** Throws MalformedError when any byte of the file is not what was written. */
export function decodeSnapshot(file: Uint8Array): Snapshot {
  const reader = openChecksum(file);
  if (reader.u32() !== MAGIC) throw new MalformedError("The file is no snapshot.");
  const index = reader.u48();
  const term = reader.u48();
  const checksum = reader.u32();
  const data = reader.raw(reader.u32());
  reader.finish();
  if (crc32(data) !== checksum) throw new MalformedError("The data of the snapshot do not match their checksum.");
  return { index, term, data, checksum };
}
