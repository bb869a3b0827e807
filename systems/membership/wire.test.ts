/** The codecs of overlay and detectors. */
import * as fc from "fast-check";
import { expect, test } from "vitest";
import type { Codec } from "../../sim/host.ts";
import { pingCodec, type PingMessage } from "./detector/ping.ts";
import { type News, swimCodec, type SwimMessage } from "./detector/swim-message.ts";
import { overlayCodec, type OverlayMessage } from "./overlay/message.ts";

const name = fc.oneof(fc.string({ unit: "grapheme", maxLength: 12 }), fc.constantFrom("n1", "n2", "n300"));
const names = fc.array(name, { maxLength: 50 });
const uint = fc.nat({ max: Number.MAX_SAFE_INTEGER });

const overlayMessage: fc.Arbitrary<OverlayMessage> = fc.oneof(
  fc.record({ kind: fc.constant("join" as const), ref: uint }),
  fc.record({ kind: fc.constant("join-success" as const), ref: uint, passive: names }),
  fc.record({ kind: fc.constant("join-deny" as const), ref: uint, active: names }),
  fc.record({ kind: fc.constant("forward-join" as const), node: name, ttl: uint, seen: names }),
  fc.record({ kind: fc.constant("neighbour" as const), ref: uint, isHigh: fc.boolean() }),
  fc.record({ kind: fc.constant("neighbour-accept" as const), ref: uint }),
  fc.record({ kind: fc.constant("neighbour-deny" as const), ref: uint, passive: names }),
  fc.record({ kind: fc.constant("disconnect" as const) }),
  fc.record({ kind: fc.constant("shuffle" as const), node: name, ttl: uint, active: names, passive: names }),
  fc.record({ kind: fc.constant("shuffle-reply" as const), combined: names }),
);

const news: fc.Arbitrary<readonly News[]> = fc.array(
  fc.record({ node: name, condition: fc.constantFrom("alive", "suspect", "dead"), incarnation: uint }),
);
const common = { sequence: uint, incarnation: uint, news };
const swimMessage: fc.Arbitrary<SwimMessage> = fc.oneof(
  fc.record({ kind: fc.constant("ping" as const), ...common, isRelayed: fc.boolean() }),
  fc.record({ kind: fc.constant("ack" as const), ...common }),
  fc.record({ kind: fc.constant("ping-request" as const), ...common, target: name }),
  fc.record({ kind: fc.constant("relayed-ack" as const), ...common, target: name, targetIncarnation: uint }),
);

const pingMessage: fc.Arbitrary<PingMessage> = fc.record({
  kind: fc.constantFrom("ping" as const, "pong" as const),
  boot: uint,
  sequence: uint,
  sentUs: uint,
});

function cases<M>(codec: Codec<M>, message: fc.Arbitrary<M>): void {
  fc.assert(
    fc.property(message, (value) => {
      const bytes = codec.encode(value);
      expect(codec.decode(bytes)).toEqual(value);
      expect(codec.sizeOf!(value)).toBe(bytes.length);
    }),
  );
  fc.assert(
    fc.property(message, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, mask) => {
      const bytes = codec.encode(value);
      bytes[at % bytes.length]! ^= mask;
      expect(() => codec.decode(bytes)).toThrow();
      expect(() => codec.decode(bytes.subarray(0, at % bytes.length))).toThrow();
    }),
  );
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => void expect(() => codec.decode(bytes)).toThrow()));
}

test("messages of the overlay come back as they were, in the length foretold, and damage is noticed", () => {
  cases(overlayCodec, overlayMessage);
});

test("messages of the adaptive ping come back as they were, in the length foretold, and damage is noticed", () => {
  cases(pingCodec, pingMessage);
});

test("messages of SWIM come back as they were, in the length foretold, and damage is noticed", () => {
  cases(swimCodec, swimMessage);
});
