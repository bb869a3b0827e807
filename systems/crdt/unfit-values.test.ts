/** Values that a codec cannot hold, and contexts of something else: refused where they are made, never written or sent. */
import { describe, expect, it } from "vitest";
import { Clock } from "./clock.ts";
import { type CrdtType, encodeState } from "./crdt.ts";
import { dvvSet } from "./dvv-set.ts";
import { maxRegister } from "./extremum-register.ts";
import { checkLaws } from "./laws.ts";
import { fugueList, identifierList, type ListType, rgaList } from "./lists.ts";
import { orSet } from "./or-set.ts";
import { mvRegister, putOver } from "./registers.ts";
import { gSet, twoPhaseSet } from "./sets.ts";
import { integerCodec, numberCodec, textCodec } from "./value-codec.ts";
import { CrdtError } from "./violation.ts";

const register = mvRegister(numberCodec);
const set = orSet(numberCodec);

describe("a value that the codec cannot hold", () => {
  it("is refused by the mutators", () => {
    const dvv = dvvSet(integerCodec);
    const [r, s, d] = [register.create(), set.create(), dvv.create()];
    for (const make of [
      () => register.put(r, "a", Number.NaN),
      () => register.putAfter(r, "a", register.read(r), Number.NaN),
      () => set.add(s.seen, "a", Number.POSITIVE_INFINITY),
      () => dvv.put(d, "a", new Clock(), 0.5),
    ])
      expect(make).toThrow(CrdtError);
  });

  it("is refused by validation, whoever made the operation", () => {
    const refuses = <S, O>(type: CrdtType<S, O>, op: O): void =>
      expect(type.validateOp(type.create(), op)?.code).toBe("out-of-range");
    const { seen, store } = register.create();
    refuses(register, putOver(store, seen, "a", Number.NaN));
    refuses(set, { kind: "add", dot: { actor: "a", counter: 1 }, value: Number.NaN });
    refuses(dvvSet(integerCodec), { dot: { actor: "a", counter: 1 }, context: new Clock(), value: 0.5 });
    refuses(maxRegister(integerCodec), { value: 0.5 });
    refuses(gSet(integerCodec), { add: 0.5 });
    refuses(twoPhaseSet(integerCodec), { kind: "add", value: 0.5 });
  });

  it("does not become the first value of an extremum register", () => {
    const type = maxRegister(integerCodec);
    const state = type.create();
    expect(() => type.apply(state, { value: 0.5 })).toThrow(CrdtError);
    expect(state.value).toBe(undefined);
  });
});

it("a write after a read of something else is refused", () => {
  const members = orSet(textCodec);
  const state = register.create();
  expect(() => register.putAfter(state, "a", members.readMember(members.create(), "x"), 1)).toThrow("foreign-context");
});

it("a list of very many runs can be read, written and merged", { timeout: 60_000 }, () => {
  const fill = <S, O, I extends O>(type: ListType<S, O, number[], I>): void => {
    const state = type.create();
    for (let i = 0; i < 150_000; i++) type.apply(state, type.insert(state, i % 2 === 0 ? "a" : "b", 0, [i]));
    expect(type.read(state).slice(0, 2)).toEqual([149_999, 149_998]);
    expect(encodeState(type, state).length).toBeGreaterThan(150_000);
  };
  fill(fugueList(integerCodec));
  fill(rgaList(integerCodec));
  fill(identifierList(integerCodec));
});

it("laws take any numbers for a script", () => {
  const subject = { type: gSet(integerCodec), propose: () => ({ add: 1 }), view: () => null };
  expect(checkLaws(subject, [-1, -2, 3, -40, 5])).toBe(null);
});
