/** Frames against what a power loss leaves of them. */
import { expect, it } from "vitest";
import { crc32, frame, readFrames } from "./frame.ts";

it("the checksum is CRC-32 of IEEE 802.3, in one piece or in two", () => {
  const digits = new TextEncoder().encode("123456789");
  expect(crc32(digits)).toBe(0xcbf43926);
  expect(crc32(digits.subarray(4), crc32(digits.subarray(0, 4)))).toBe(0xcbf43926);
});

it("zeros behind a frame are a torn end, not frames without payload", () => {
  const whole = frame(Uint8Array.of(1, 2, 3));
  const bytes = new Uint8Array(whole.length + 24);
  bytes.set(whole);
  expect(readFrames(bytes)).toEqual({ payloads: [Uint8Array.of(1, 2, 3)], isWhole: false });
});

it("a frame without payload is still a frame", () => {
  expect(readFrames(frame(new Uint8Array(0)))).toEqual({ payloads: [new Uint8Array(0)], isWhole: true });
});
