import fc from "fast-check";
import { expect, test } from "vitest";
import { MalformedError } from "../raft/bytes.ts";
import { type Command, decodeCommand, encodeCommand, type Write } from "./command.ts";
import { type KvMessage, type KvSubject, kvCodec } from "./protocol.ts";

const u48 = fc.integer({ min: 0, max: 281_474_976_710_655 });
const text = fc.string({ unit: "grapheme", maxLength: 12 });
const write: fc.Arbitrary<Write> = fc.oneof(
  fc.record({ f: fc.constant("put" as const), key: text, value: text }),
  fc.record({ f: fc.constant("delete" as const), key: text }),
  fc.record({ f: fc.constant("cas" as const), key: text, value: fc.tuple(fc.option(text), text) }),
);
const subject: fc.Arbitrary<KvSubject> = fc.oneof(
  fc.record({ kind: fc.constant("register" as const), client: text, registration: u48 }),
  fc.record({ kind: fc.constant("write" as const), session: u48, sequence: u48 }),
  fc.record({ kind: fc.constant("get" as const), key: text }),
  fc.record({ kind: fc.constant("transfer" as const), to: fc.integer({ min: 0, max: 65_535 }) }),
);
const message: fc.Arbitrary<KvMessage> = fc.oneof(
  fc.record({ kind: fc.constant("register" as const), request: u48, registration: u48 }),
  fc.record({ kind: fc.constant("get" as const), request: u48, key: text, isStaleOk: fc.boolean() }),
  fc.record({ kind: fc.constant("write" as const), request: u48, session: u48, sequence: u48, write }),
  fc.record({ kind: fc.constant("transfer" as const), request: u48, to: fc.integer({ min: 0, max: 65_535 }) }),
  fc.record({
    kind: fc.constant("reply" as const),
    request: u48,
    status: fc.constantFrom(
      "ok" as const,
      "not-leader" as const,
      "unknown-session" as const,
      "stale-sequence" as const,
      "retry" as const,
    ),
    subject: fc.option(subject),
    value: fc.option(text),
    isSwapped: fc.boolean(),
    session: u48,
    leader: fc.integer({ min: 0, max: 65_535 }),
  }),
);
const command: fc.Arbitrary<Command> = fc.oneof(
  fc.record({
    kind: fc.constant("register" as const),
    proposedUs: fc.maxSafeNat(),
    client: text,
    registration: u48,
  }),
  fc.record({ kind: fc.constant("write" as const), proposedUs: fc.maxSafeNat(), session: u48, sequence: u48, write }),
);

test("every message comes back from its bytes, and sizeOf is their number", () => {
  fc.assert(
    fc.property(message, (sent) => {
      const encoded = kvCodec.encode(sent);
      expect(kvCodec.sizeOf?.(sent)).toBe(encoded.length);
      expect(kvCodec.decode(encoded)).toEqual(sent);
    }),
    { numRuns: 400 },
  );
});

test("flipped bits and cut messages are always noticed", () => {
  fc.assert(
    fc.property(message, fc.nat(1_000_000), (sent, pick) => {
      const encoded = kvCodec.encode(sent);
      expect(() => kvCodec.decode(encoded.subarray(0, pick % encoded.length))).toThrow(MalformedError);
      const bit = pick % (encoded.length * 8);
      encoded[bit >> 3]! ^= 1 << (bit & 7);
      expect(() => kvCodec.decode(encoded)).toThrow(MalformedError);
    }),
    { numRuns: 400 },
  );
});

test("every command comes back from its bytes", () => {
  fc.assert(
    fc.property(command, (sent) => {
      expect(decodeCommand(encodeCommand(sent))).toEqual(sent);
    }),
    { numRuns: 400 },
  );
});

test("types of messages come from a small fixed set", () => {
  const types = new Set(fc.sample(message, 300).map((sample) => kvCodec.typeOf(sample)));
  expect([...types].sort((a, b) => (a < b ? -1 : 1))).toEqual([
    "kv-cas",
    "kv-delete",
    "kv-get",
    "kv-put",
    "kv-register",
    "kv-reply",
    "kv-transfer",
  ]);
});
