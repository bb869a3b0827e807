/** A codec for systems that would rather be simple than small: JSON with a CRC-32, so that damaged datagrams are dropped. */
import type { Codec } from "../sim/host.ts";

/** `typeOf` reads the message's `type` field. decode throws on damage. */
export function jsonCodec<M extends { readonly type: string }>(): Codec<M> {
  const encoder = new TextEncoder();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  return {
    typeOf: (message) => message.type,
    encode: (message) => {
      const body = encoder.encode(JSON.stringify(message));
      const bytes = new Uint8Array(body.length + 4);
      bytes.set(body, 4);
      new DataView(bytes.buffer).setUint32(0, crc32(body));
      return bytes;
    },
    decode: (bytes) => {
      if (bytes.length < 4) throw new RangeError("shorter than its checksum");
      const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      const body = bytes.subarray(4);
      if (view.getUint32(0) !== crc32(body)) throw new RangeError("the checksum does not fit");
      return JSON.parse(decoder.decode(body)) as M;
    },
  };
}

/** CRC-32 as in IEEE 802.3, bit by bit: messages of these systems are short and few. */
function crc32(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return (crc ^ 0xffffffff) >>> 0;
}
