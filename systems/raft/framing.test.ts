import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "./bytes.ts";
import { FRAME_BYTES_MAX, FrameReader, frame } from "./framing.ts";

test("frames come back whole and in order, however the stream is cut", () => {
  const payloads = fc.array(fc.uint8Array({ maxLength: 20 }), { maxLength: 6 });
  fc.assert(
    fc.property(payloads, fc.array(fc.nat(30), { maxLength: 40 }), (sent, cuts) => {
      const stream = Uint8Array.from(sent.flatMap((payload) => [...frame(payload)]));
      const reader = new FrameReader();
      const received: Uint8Array[] = [];
      let at = 0;
      for (const cut of [...cuts, stream.length]) {
        received.push(...reader.push(stream.subarray(at, Math.min(at + cut, stream.length))));
        at = Math.min(at + cut, stream.length);
      }
      expect(received.map((bytes) => [...bytes])).toEqual(sent.map((bytes) => [...bytes]));
    }),
    { numRuns: 300 },
  );
});

test("a length beyond the limit is refused before anything is kept for it", () => {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, FRAME_BYTES_MAX + 1);
  expect(() => new FrameReader().push(bytes)).toThrow(MalformedError);
});
