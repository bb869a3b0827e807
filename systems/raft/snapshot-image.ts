/** What a snapshot holds: the hash of everything applied (4 bytes), so that it continues after an install; then the state. */
import { ByteReader, ByteWriter } from "./bytes.ts";

export function encodeImage(appliedHash: number, state: Uint8Array): Uint8Array {
  const writer = new ByteWriter(4 + state.length);
  writer.u32(appliedHash);
  writer.raw(state);
  return writer.bytes;
}

/** Throws MalformedError when there are too few bytes. */
export function decodeImage(bytes: Uint8Array): { readonly appliedHash: number; readonly state: Uint8Array } {
  const reader = new ByteReader(bytes);
  const appliedHash = reader.u32();
  return { appliedHash, state: reader.raw(reader.left) };
}
