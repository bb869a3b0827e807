/** One order of text in all rooms: by code points. Each bottom room has its own copy, since none may import another. */
import fc from "fast-check";
import { expect, test } from "vitest";
import { orSetSpec } from "../checkers/crdt/sets.ts";
import { compareText as checkersOrder } from "../checkers/values.ts";
import { compareCodePoints } from "../sim/disk/paths.ts";
import {
  Clock,
  compareText as crdtOrder,
  decodeState,
  encodeState,
  DotContext,
  mvRegister,
  orSet,
  textCodec,
} from "../systems/crdt/index.ts";

const ORDERS = [compareCodePoints, checkersOrder, crdtOrder] as const;

/** By the definition: code point by code point, a prefix first. */
function compareByDefinition(a: string, b: string): number {
  const [left, right] = [
    Array.from(a, (point) => point.codePointAt(0)!),
    Array.from(b, (point) => point.codePointAt(0)!),
  ];
  for (const [i, point] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (point !== other) return point - other;
  }
  return left.length - right.length;
}

/** Text with many code points around the surrogates, where units and code points differ in order. */
const text = fc.string({
  unit: fc.constantFrom("", "a", "z", "é", "\ud7ff", "\ue000", "\uffff", "\u{10000}", "\u{1f600}", "\u{10ffff}"),
  maxLength: 6,
});

test("every room orders text by code points, as the UTF-8 bytes are ordered", () => {
  const encoder = new TextEncoder();
  fc.assert(
    fc.property(text, text, (a, b) => {
      const expected = Math.sign(compareByDefinition(a, b));
      for (const order of ORDERS) expect(Math.sign(order(a, b))).toBe(expected);
      expect(Math.sign(Buffer.compare(encoder.encode(a), encoder.encode(b)))).toBe(expected);
    }),
  );
});

test("text of the basic plane is ordered as its units are, so nothing that was written before moves", () => {
  const basic = fc.string({
    unit: fc
      .integer({ min: 0, max: 0xffff })
      .filter((unit) => unit < 0xd800 || unit > 0xdfff)
      .map((unit) => String.fromCharCode(unit)),
  });
  fc.assert(
    fc.property(basic, basic, (a, b) => {
      for (const order of ORDERS) expect(Math.sign(order(a, b))).toBe(a < b ? -1 : a > b ? 1 : 0);
    }),
  );
});

test("sets, registers and clocks beyond the basic plane are canonical, and checkers expect what they show", () => {
  const set = orSet(textCodec);
  const register = mvRegister(textCodec);
  fc.assert(
    fc.property(fc.uniqueArray(text, { minLength: 2, maxLength: 12 }), (names) => {
      const state = set.create();
      const written = register.create();
      for (const name of names) {
        set.apply(state, set.add(state.seen, `actor ${name}`, name));
        register.apply(written, { dot: { actor: `actor ${name}`, counter: 1 }, supersedes: new Clock(), value: name });
      }
      const sorted = [...names].sort(compareByDefinition);
      expect(set.values(state.store)).toEqual(sorted);
      expect(register.valuesOf(written.store)).toEqual(sorted);
      expect(set.values(decodeState(set, encodeState(set, state)).store)).toEqual(sorted);
      const updates = names.map((name) => ({
        id: { actor: name, counter: 1 },
        replica: "n1",
        call: { f: "add", key: name, value: null },
        told: null,
        saw: new Map(),
      }));
      expect(orSetSpec.judge({ updates, unanswered: [] }, sorted)).toBe(null);
      const clock = Clock.of(names.map((actor) => ({ actor, counter: 7 })));
      const context = new DotContext();
      for (const actor of names) context.add(actor, 1);
      for (const actor of names) expect([clock.get(actor), context.has(actor, 1)]).toEqual([7, true]);
    }),
  );
});
