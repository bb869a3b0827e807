/** Frames with a checksum, for the journal and for messages: length, CRC-32 of the payload (both big-endian), payload. */

export const FRAME_HEADER = 8;
const POLYNOMIAL = 0xedb88320;

/** CRC-32 (IEEE 802.3). */
export function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let i = 0; i < 8; i++) crc = (crc >>> 1) ^ (POLYNOMIAL & -(crc & 1));
  }
  return ~crc >>> 0;
}

export function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(FRAME_HEADER + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length);
  view.setUint32(4, crc32(payload));
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
    if (crc32(payload) !== view.getUint32(offset + 4)) break;
    payloads.push(payload);
    offset = end;
  }
  return { payloads, isWhole: offset === bytes.length };
}
