/** The law checker must fail on types that are wrong: one for each law, most of them bugs that were once published. */
import { describe, expect, it } from "vitest";
import type { CrdtType } from "./crdt.ts";
import { gCounter, gCounterIncrement, gCounterValue } from "./counters.ts";
import { checkLaws, type LawSubject } from "./laws.ts";
import { lwwRegister } from "./lww-register.ts";
import { orSet, type OrSet, type OrSetOp } from "./or-set.ts";
import { textCodec } from "./value-codec.ts";

/** The first broken law over many scripts, made by a small linear generator so that the test needs no other. */
function firstBroken<S, O>(subject: LawSubject<S, O>): string | null {
  let seed = 12345;
  for (let i = 0; i < 500; i++) {
    const script = Array.from({ length: 60 }, () => {
      seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0;
      return seed >>> 26;
    });
    const broken = checkLaws(subject, script);
    if (broken !== null) return broken;
  }
  return null;
}

const set = orSet(textCodec);

function setSubject(
  overrides: Partial<CrdtType<OrSet<string>, OrSetOp<string>>>,
): LawSubject<OrSet<string>, OrSetOp<string>> {
  return {
    type: { ...set, ...overrides },
    propose: (state, actor, draw) => {
      const value = "xy"[draw(2)]!;
      return draw(2) === 0 ? set.add(state.seen, actor, value) : set.remove(state.store, value);
    },
    view: (state) => set.values(state.store),
  };
}

describe("the law checker", () => {
  it("passes the set as it is", () => expect(firstBroken(setSubject({}))).toBeNull());

  it("finds a merge that keeps what both sides hold (riak_dt 82)", () => {
    const merge = (state: OrSet<string>, other: OrSet<string>): void => {
      const both = [...state.store.entries].filter(([id]) => other.store.entries.has(id));
      const kept = both.map(([id, entry]) => [id, { ...entry, adds: entry.adds.copy() }] as const);
      set.merge(state, other);
      for (const [id, entry] of kept) state.store.entries.set(id, entry);
    };
    expect(firstBroken(setSubject({ merge }))).toMatch(/disagree|not/);
  });

  it("finds a remove that is not deferred", () => {
    const apply = (state: OrSet<string>, op: OrSetOp<string>): void => {
      set.apply(state, op);
      state.store.deferred.clear();
    };
    expect(firstBroken(setSubject({ apply }))).toMatch(/any order/);
  });

  it("finds a delta that claims more than it carries", () => {
    const deltaOf = (state: OrSet<string>, op: OrSetOp<string>): OrSet<string> => {
      const delta = set.deltaOf(state, op);
      delta.seen.merge(state.seen);
      return delta;
    };
    expect(firstBroken(setSubject({ deltaOf }))).toMatch(/deltas/);
  });

  it("finds a merge that adds instead of taking the larger", () => {
    const type: typeof gCounter = {
      ...gCounter,
      merge: (state, other) => {
        for (const { actor, counter } of other.dots()) state.raise(actor, state.get(actor) + counter);
      },
    };
    const subject = {
      type,
      propose: (state: never, actor: string) => gCounterIncrement(state, actor, 1),
      view: gCounterValue,
    };
    expect(firstBroken(subject)).toMatch(/disagree|idempotent/);
  });

  it("finds ties that go to whoever came last", () => {
    const lww = lwwRegister({ codec: textCodec, nowUs: () => 7, aheadUsMax: 100 });
    const subject: LawSubject<ReturnType<typeof lww.create>, ReturnType<typeof lww.write>> = {
      type: {
        ...lww,
        apply: (state, op) => {
          if (state.current === null || op.timeUs >= state.current.timeUs) state.current = op;
        },
      },
      propose: (state, actor, draw) => lww.write(state, actor, "xyz"[draw(3)]!),
      view: (state) => lww.read(state) ?? null,
    };
    expect(firstBroken(subject)).toMatch(/disagree/);
  });

  it("finds an encoding that forgets, and a view that its specification denies", () => {
    const readState: typeof set.readState = (reader) => {
      const state = set.readState(reader);
      state.store.deferred.clear();
      return state;
    };
    expect(firstBroken(setSubject({ readState }))).toBe("a decoded state is encoded differently");
    expect(firstBroken({ ...setSubject({}), specify: (history) => history.map(() => "x").slice(0, 1) })).toMatch(
      /specification/,
    );
  });
});
