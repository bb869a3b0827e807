/** Cuts a byte stream into frames: length (4), then as many bytes. */
import { MalformedError } from "./bytes.ts";

const LENGTH_BYTES = 4;
/** A longer frame is damage, or no peer of ours. */
export const FRAME_BYTES_MAX: number = 16_777_216;

/** The bytes of a frame around a payload. */
export function frame(payload: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(LENGTH_BYTES + payload.length);
  new DataView(bytes.buffer).setUint32(0, payload.length);
  bytes.set(payload, LENGTH_BYTES);
  return bytes;
}

export class FrameReader {
  #pending: Uint8Array = new Uint8Array(0);

  /** Takes the next bytes of the stream; returns the frames that are complete now. Throws MalformedError. */
  push(bytes: Uint8Array): readonly Uint8Array[] {
    const all = this.#pending.length === 0 ? bytes : concat(this.#pending, bytes);
    const view = new DataView(all.buffer, all.byteOffset, all.byteLength);
    const frames: Uint8Array[] = [];
    let at = 0;
    while (all.length - at >= LENGTH_BYTES) {
      const length = view.getUint32(at);
      if (length > FRAME_BYTES_MAX) throw new MalformedError(`A frame of ${length} bytes is too long.`);
      if (all.length - at - LENGTH_BYTES < length) break;
      frames.push(all.slice(at + LENGTH_BYTES, at + LENGTH_BYTES + length));
      at += LENGTH_BYTES + length;
    }
    this.#pending = all.slice(at);
    return frames;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a, 0);
  joined.set(b, a.length);
  return joined;
}
