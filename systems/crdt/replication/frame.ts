/**
 * Frames with a checksum, for the journal and for messages: length, CRC-32 of length and payload (both big-endian), payload.
 *
 * The checksum covers the length, so that a run of zeros, which is what a power loss may leave of an append, is no frame.
 */

export const FRAME_HEADER = 8;
const LENGTH_BYTES = 4;
const POLYNOMIAL = 0xedb88320;

/** Frozen by intent: filled here and only read afterwards. */
const CRC_TABLE: Int32Array = Int32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
  return crc;
});

/** CRC-32 (IEEE 802.3); `before` is the CRC-32 of what comes before these bytes. */
export function crc32(bytes: Uint8Array, before: number = 0): number {
  let crc = ~before;
  for (const byte of bytes) crc = (crc >>> 8) ^ CRC_TABLE[(crc ^ byte) & 0xff]!; // the table has 256 entries
  return ~crc >>> 0;
}

export function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(LENGTH_BYTES, crc32(payload, crc32(bytes.subarray(0, LENGTH_BYTES))));
  bytes.set(payload, FRAME_HEADER);
  return bytes;
}

/** The payloads of the frames up to the first that is torn or damaged, and whether all bytes were used. */
export function readFrames(bytes: Uint8Array): { readonly payloads: readonly Uint8Array[]; readonly isWhole: boolean } {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const payloads: Uint8Array[] = [];
  let offset = 0;
  while (offset + FRAME_HEADER <= bytes.length) {
    const end = offset + FRAME_HEADER + view.getUint32(offset);
    if (end > bytes.length) break;
    const payload = bytes.slice(offset + FRAME_HEADER, end);
    const checksum = crc32(payload, crc32(bytes.subarray(offset, offset + LENGTH_BYTES)));
    if (checksum !== view.getUint32(offset + LENGTH_BYTES)) break;
    payloads.push(payload);
    offset = end;
  }
  return { payloads, isWhole: offset === bytes.length };
}
