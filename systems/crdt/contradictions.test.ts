/** States and operations that contradict themselves or what is here: refused by decoding or by validation, so that nobody diverges. */
import { describe, expect, it } from "vitest";
import { DecodeError } from "./bytes.ts";
import { Clock } from "./clock.ts";
import { decodeState, encodeState } from "./crdt.ts";
import { DotContext } from "./dot-context.ts";
import { fugueText, identifierList, identifierText, type ListType, rgaText } from "./lists.ts";
import { type CrdtMap, crdtMap } from "./or-map.ts";
import { type OrSetStore, orSet } from "./or-set.ts";
import { integerCodec, textCodec } from "./value-codec.ts";

const set = orSet(textCodec);
const map = crdtMap(textCodec, set.store);
const bytesOf = (hex: string): Uint8Array => Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));

describe("decoding a map", () => {
  const state = (updates: Clock, deferred: Clock): CrdtMap<string, OrSetStore<string>> => {
    const seen = new DotContext();
    seen.add("a", 1);
    const value = set.store.create();
    value.entries.set("x", { value: "x", adds: Clock.of([{ actor: "a", counter: 1 }]) });
    const removes = deferred.isEmpty ? [] : ([["k", { key: "k", clock: deferred }]] as const);
    return { seen, store: { entries: new Map([["k", { key: "k", updates, value }]]), deferred: new Map(removes) } };
  };
  const first = Clock.of([{ actor: "a", counter: 1 }]);

  it("takes what is inside a value for an update of its key", () => {
    expect(decodeState(map, encodeState(map, state(first, new Clock())))).toBeTruthy();
    expect(() => decodeState(map, encodeState(map, state(new Clock(), new Clock())))).toThrow(
      "of no update of its key",
    );
  });

  it("refuses what a deferred remove of the key should have taken away, inside the value too", () => {
    const ahead = Clock.of([{ actor: "a", counter: 3 }]);
    expect(() => decodeState(map, encodeState(map, state(first, ahead)))).toThrow("under a deferred remove");
    expect(() => decodeState(map, encodeState(map, state(new Clock(), ahead)))).toThrow(DecodeError);
  });
});

describe("decoding a list", () => {
  it("refuses waiting elements that are placed already", () => {
    const bytes = "c7010111640200016101016201400000020102016301020002616201000202000201026162";
    expect(() => decodeState(fugueText, bytesOf(bytes))).toThrow("need not wait");
  });

  it("refuses two runs of identifiers that are one", () => {
    const bytes = bytesOf("c7010113020100010201000302000001000000000002000000000002");
    expect(() => decodeState(identifierList(integerCodec), bytes)).toThrow("two runs of a list are one");
  });
});

/** An actor that was restored from an old copy has typed something else under the same dot. */
function describeText<S, O, I extends O>(name: string, type: ListType<S, O, string, I>): void {
  it(`two contents under one dot are double spent, however they come (${name})`, () => {
    const [mine, theirs] = [type.create(), type.create()];
    type.apply(mine, type.insert(mine, "a", 0, "x"));
    const op = type.insert(theirs, "a", 0, "y");
    const delta = type.deltaOf(theirs, op);
    type.apply(theirs, op);
    const codes = [type.validateOp(mine, op), type.validateMerge(mine, delta), type.validateMerge(mine, theirs)];
    expect(codes.map((found) => found?.code)).toEqual(Array(3).fill("double-spent-dot"));
    expect(type.validateOp(theirs, op)).toBe(null);
    // What was deleted here has no content left to compare.
    type.apply(mine, type.delete(mine, { position: 0, count: 1 }));
    expect(type.validateMerge(mine, theirs)).toBe(null);
  });
}

describe("validation of a list", () => {
  describeText("Fugue", fugueText);
  describeText("RGA", rgaText);
  describeText("identifier paths", identifierText);

  it("compares the rest of a run as well", () => {
    const [mine, theirs] = [fugueText.create(), fugueText.create()];
    fugueText.apply(mine, fugueText.insert(mine, "a", 0, "abcd"));
    fugueText.apply(mine, fugueText.insert(mine, "b", 2, "-")); // the run of a is in two pieces here
    const op = fugueText.insert(theirs, "a", 0, "abcX");
    expect(fugueText.validateOp(mine, op)?.code).toBe("double-spent-dot");
  });

  it("refuses an insert between neighbours that stand the other way round, as an operation and as a delta", () => {
    const state = fugueText.create();
    fugueText.apply(state, fugueText.insert(state, "a", 0, "ab"));
    const [left, right] = [
      { actor: "a", counter: 2 },
      { actor: "a", counter: 1 },
    ];
    const op = { kind: "insert", dot: { actor: "b", counter: 1 }, left, right, stamp: 0, content: "x" } as const;
    expect(fugueText.validateOp(state, op)?.code).toBe("inconsistent");
    expect(fugueText.validateMerge(state, fugueText.deltaOf(state, op))?.code).toBe("inconsistent");
  });

  it("refuses stamps and digits whose differences no encoding could hold", () => {
    const dot = { actor: "a", counter: 1 };
    const stamped = {
      kind: "insert",
      dot,
      left: null,
      right: null,
      stamp: Number.MAX_SAFE_INTEGER,
      content: "x",
    } as const;
    expect(rgaText.validateOp(rgaText.create(), stamped)?.code).toBe("out-of-range");
    const far = { kind: "insert", dot, prefix: [], digit: Number.MAX_SAFE_INTEGER - 1, content: "x" } as const;
    expect(identifierText.validateOp(identifierText.create(), far)?.code).toBe("out-of-range");
  });
});
