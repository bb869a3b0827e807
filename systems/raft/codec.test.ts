import fc from "fast-check";
import { expect, test } from "vitest";
import { crc32, MalformedError } from "./bytes.ts";
import { raftCodec } from "./codec.ts";
import type { Entry, Message } from "./message.ts";

const u48 = fc.integer({ min: 0, max: 281_474_976_710_655 });
const u32 = fc.integer({ min: 0, max: 4_294_967_295 });
const u16 = fc.integer({ min: 0, max: 65_535 });
const bytes = fc.uint8Array({ maxLength: 40 });
const head = { from: u16, to: u16, term: u48 };

function entriesAfter(prevIndex: number, commands: readonly Uint8Array[], term: number): Entry[] {
  return commands.map((data, i) => ({ index: prevIndex + 1 + i, term, data, checksum: crc32(data) }));
}

const message: fc.Arbitrary<Message> = fc.oneof(
  fc
    .record({
      ...head,
      prevIndex: fc.integer({ min: 0, max: 1e12 }),
      prevTerm: u48,
      commit: u48,
      commands: fc.array(bytes, { maxLength: 4 }),
    })
    .map(
      ({ commands, ...rest }): Message => ({
        kind: "append",
        ...rest,
        entries: entriesAfter(rest.prevIndex, commands, rest.term),
      }),
    ),
  fc.record({
    kind: fc.constant("append-reply" as const),
    ...head,
    isSuccess: fc.boolean(),
    index: u48,
    hintIndex: u48,
    hintTerm: u48,
  }),
  fc.record({ kind: fc.constant("heartbeat" as const), ...head, commit: u48, round: u48 }),
  fc.record({ kind: fc.constant("heartbeat-reply" as const), ...head, round: u48 }),
  fc.record({
    kind: fc.constantFrom("vote" as const, "pre-vote" as const),
    ...head,
    lastIndex: u48,
    lastTerm: u48,
    isTransfer: fc.boolean(),
  }),
  fc.record({
    kind: fc.constantFrom("vote-reply" as const, "pre-vote-reply" as const),
    ...head,
    isGranted: fc.boolean(),
  }),
  fc.record({
    kind: fc.constant("snapshot-chunk" as const),
    ...head,
    snapshotIndex: u48,
    snapshotTerm: u48,
    snapshotChecksum: u32,
    totalBytes: u32,
    offset: u32,
    data: bytes,
  }),
  fc.record({ kind: fc.constant("snapshot-reply" as const), ...head, snapshotIndex: u48, nextOffset: u32 }),
  fc.record({ kind: fc.constant("timeout-now" as const), ...head }),
  fc.record({ kind: fc.constant("read-index" as const), ...head, context: u48 }),
  fc.record({
    kind: fc.constant("read-index-reply" as const),
    ...head,
    context: u48,
    isConfirmed: fc.boolean(),
    index: u48,
  }),
);

test("every message comes back from its bytes, and sizeOf is their number", () => {
  fc.assert(
    fc.property(message, (sent) => {
      const encoded = raftCodec.encode(sent);
      expect(raftCodec.sizeOf?.(sent)).toBe(encoded.length);
      expect(raftCodec.decode(encoded)).toEqual(sent);
    }),
    { numRuns: 500 },
  );
});

test("one to three flipped bits are always noticed", () => {
  fc.assert(
    fc.property(message, fc.uniqueArray(fc.nat(1_000_000), { minLength: 1, maxLength: 3 }), (sent, picks) => {
      const encoded = raftCodec.encode(sent);
      const bits = new Set(picks.map((pick) => pick % (encoded.length * 8)));
      for (const bit of bits) encoded[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => raftCodec.decode(encoded)).toThrow(MalformedError);
    }),
    { numRuns: 500 },
  );
});

test("a cut or lengthened message is refused", () => {
  fc.assert(
    fc.property(message, fc.nat(200), (sent, cut) => {
      const encoded = raftCodec.encode(sent);
      expect(() => raftCodec.decode(encoded.subarray(0, cut % encoded.length))).toThrow(MalformedError);
      expect(() => raftCodec.decode(Uint8Array.from([...encoded, 0]))).toThrow(MalformedError);
    }),
    { numRuns: 300 },
  );
});

test('crc32 is the checksum of the standards: the check value of "123456789" is cbf43926', () => {
  expect(crc32(new TextEncoder().encode("123456789"))).toBe(0xcbf43926);
  expect(crc32(new Uint8Array(0))).toBe(0);
});
