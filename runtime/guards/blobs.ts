/**
 * The stream of a Blob. Node 24 and later read it in real time, by callbacks of the engine's loop that no barrier waits for; its bytes are in
 * memory, so in a run they are read like those of any other stream.
 */
import { type Replace, simulate } from "./kit.ts";

/** As in Node. */
const CHUNK_BYTES_MAX = 65_536;

export function guardBlobs(replace: Replace): void {
  replace(
    Blob.prototype,
    "stream",
    simulate((_owner, self, args, real) => (self instanceof Blob ? streamOf(self) : real.apply(self, args))),
  );
  // Since Node 24.
  replace(
    Blob.prototype,
    "textStream",
    simulate((_owner, self, args, real) =>
      self instanceof Blob ? streamOf(self).pipeThrough(new TextDecoderStream()) : real.apply(self, args),
    ),
  );
}

function streamOf(blob: Blob): ReadableStream {
  let bytes: Uint8Array | null = null;
  let offset = 0;
  return new ReadableStream({
    type: "bytes",
    pull: async (controller) => {
      bytes ??= new Uint8Array(await blob.arrayBuffer());
      if (offset < bytes.length) {
        controller.enqueue(bytes.slice(offset, offset + CHUNK_BYTES_MAX));
        offset += CHUNK_BYTES_MAX;
        return;
      }
      controller.close();
      controller.byobRequest?.respond(0);
    },
  });
}
