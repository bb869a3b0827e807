/** Every type against the laws; CRDT_CASES=100000 runs the long form that reports quote. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLaws, type HistoryUpdate, type LawSubject } from "./laws.ts";
import {
  boundedCounter,
  boundedCounterDecrement,
  boundedCounterIncrement,
  boundedCounterTransfer,
  boundedCounterValue,
  type BoundedCounterOp,
  rightsOf,
} from "./bounded-counter.ts";
import { gCounter, gCounterIncrement, gCounterValue, pnCounter, pnCounterAdd, pnCounterValue } from "./counters.ts";
import { dvvSet } from "./dvv-set.ts";
import { maxRegister, minRegister } from "./extremum-register.ts";
import { lwwRegister } from "./lww-register.ts";
import { crdtMap } from "./or-map.ts";
import { orSet, type OrSetOp } from "./or-set.ts";
import { counter, disableWinsFlag, enableWinsFlag, type FlagType, mvRegister, putOver } from "./registers.ts";
import { gSet, twoPhaseSet } from "./sets.ts";
import { integerCodec, textCodec } from "./value-codec.ts";
import { causalContext, versionVector } from "./version-vector.ts";
import type { MvOp } from "./mv-store.ts";
import type { MapOp } from "./or-map.ts";

const CASES = Number(process.env["CRDT_CASES"] ?? 150);
const ONLY = process.env["CRDT_TYPE"];

function law<S, O>(name: string, subject: LawSubject<S, O>, steps = Number(process.env["CRDT_STEPS"] ?? 60)): void {
  if (ONLY !== undefined && ONLY !== name) return;
  it(`${name}: all roads agree and merge is a join`, { timeout: 6_000_000 }, () => {
    const script = fc.array(fc.nat({ max: 63 }), { maxLength: steps, size: "max" });
    fc.assert(
      fc.property(script, (numbers) => {
        expect(checkLaws(subject, numbers)).toBeNull();
      }),
      { numRuns: CASES },
    );
  });
}

const LETTERS = ["x", "y", "z"] as const;

/** Updates that no later update of the history has seen and taken away. */
function live<O>(
  history: readonly HistoryUpdate<O>[],
  isAdd: (op: O) => boolean,
  kills: (killer: O, op: O) => boolean,
): O[] {
  return history
    .filter((u) => isAdd(u.op) && !history.some((w) => w.sees.has(u.index) && kills(w.op, u.op)))
    .map((u) => u.op);
}

const unique = (values: readonly string[]): string[] => [...new Set(values)].sort();

describe("clocks", () => {
  law("version-vector", {
    type: versionVector,
    propose: (state, actor) => state.next(actor),
    view: (state) => state.dots(),
  });
  law("causal-context", {
    type: causalContext,
    propose: (state, actor) => state.next(actor),
    view: (state) => state.count(),
    specify: (history) => history.length,
  });
  law("dvv-set", {
    type: dvvSet(integerCodec),
    needsCausalOrder: true,
    propose: (state, actor, draw) => {
      const type = dvvSet(integerCodec);
      const read = type.read(state).seen;
      if (draw(3) === 0) read.delete(LETTERS[draw(3)] === "x" ? actor : "b");
      return type.put(state, actor, read, draw(9));
    },
    view: (state) => [...dvvSet(integerCodec).read(state).value].sort(),
    specify: (history) =>
      history
        .filter((u) => !history.some((w) => w.op !== u.op && w.op.context.has(u.op.dot.actor, u.op.dot.counter)))
        .map((u) => u.op.value)
        .sort(),
  });
});

describe("counters", () => {
  law("g-counter", {
    type: gCounter,
    propose: (state, actor, draw) => gCounterIncrement(state, actor, draw(5) + 1),
    view: gCounterValue,
  });
  law("pn-counter", {
    type: pnCounter,
    propose: (state, actor, draw) => pnCounterAdd(state, actor, draw(5) < 2 ? -3 : draw(5) + 1),
    view: pnCounterValue,
  });
  law("bounded-counter", {
    type: boundedCounter,
    propose: (state, actor, draw) => {
      const held = rightsOf(state, actor);
      expect(held).toBeGreaterThanOrEqual(0);
      expect(boundedCounterValue(state)).toBeGreaterThanOrEqual(0);
      const kind = draw(3);
      const to = actor === "a" ? "b" : "a";
      if (kind === 0 || held === 0) return boundedCounterIncrement(state, actor, draw(5) + 1);
      if (kind === 1) return boundedCounterDecrement(state, actor, draw(held) + 1);
      return boundedCounterTransfer(state, { from: actor, to }, draw(held) + 1);
    },
    view: (state) => boundedCounterValue(state) >= 0,
    specify: (_history: readonly HistoryUpdate<BoundedCounterOp>[]) => true,
  });
  law("counter", {
    type: counter,
    propose: (state, actor, draw) => counter.add(state.seen, actor, draw(9) - 4),
    view: (state) => counter.valueOf(state.store),
    specify: (history) => history.reduce((sum, u) => sum + u.op.value, 0),
  });
});

describe("sets", () => {
  const grow = gSet(integerCodec);
  law("g-set", {
    type: grow,
    propose: (_state, _actor, draw) => ({ add: draw(9) }),
    view: (state) => grow.values(state),
    specify: (history) => [...new Set(history.map((u) => u.op.add))].sort(),
  });
  const twoPhase = twoPhaseSet(textCodec);
  law("2p-set", {
    type: twoPhase,
    propose: (state, _actor, draw) => {
      const value = LETTERS[draw(3)]!;
      if (twoPhase.has(state, value)) return twoPhase.remove(state, value);
      return state.removed.has(value) ? null : twoPhase.add(state, value);
    },
    view: (state) => twoPhase.values(state),
    specify: (history) => {
      const removed = new Set(history.filter((u) => u.op.kind === "remove").map((u) => u.op.value));
      return unique(history.map((u) => u.op.value).filter((value) => !removed.has(value)));
    },
  });
  const set = orSet(textCodec);
  law<ReturnType<typeof set.create>, OrSetOp<string>>("or-set", {
    type: set,
    propose: (state, actor, draw) => {
      const value = LETTERS[draw(3)]!;
      const kind = draw(5);
      if (kind < 3) return set.add(state.seen, actor, value);
      return kind === 3 ? set.remove(state.store, value) : set.removeAfter(set.read(state), value);
    },
    view: (state) => set.values(state.store),
    specify: (history) =>
      unique(
        live(
          history,
          (op) => op.kind === "add",
          (killer, op) => killer.kind === "remove" && op.kind === "add" && killer.values.includes(op.value),
        ).map((op) => (op.kind === "add" ? op.value : "")),
      ),
  });
});

describe("registers", () => {
  const lww = lwwRegister({ codec: textCodec, nowUs: () => 1_000, aheadUsMax: 1_000 });
  law("lww-register", {
    type: lww,
    propose: (state, actor, draw) => lww.write(state, actor, LETTERS[draw(3)]!),
    view: (state) => lww.read(state) ?? null,
  });
  const mv = mvRegister(textCodec);
  law("mv-register", {
    type: mv,
    propose: (state, actor, draw) => mv.put(state, actor, LETTERS[draw(3)]!),
    view: (state) => mv.read(state).value,
    specify: (history) =>
      unique(
        live(
          history,
          () => true,
          () => true,
        ).map((op) => op.value),
      ),
  });
  const flag = (name: string, type: FlagType, combine: (values: readonly boolean[]) => boolean): void =>
    law(name, {
      type,
      propose: (state, actor, draw) => type.set(state, actor, draw(2) === 1),
      view: (state) => type.isEnabled(state.store),
      specify: (history: readonly HistoryUpdate<MvOp<boolean>>[]) =>
        combine(
          live(
            history,
            () => true,
            () => true,
          ).map((op) => op.value),
        ),
    });
  flag("enable-wins-flag", enableWinsFlag, (values) => values.includes(true));
  flag("disable-wins-flag", disableWinsFlag, (values) => values.length > 0 && !values.includes(false));
  law("max-register", {
    type: maxRegister(integerCodec),
    propose: (_state, _actor, draw) => ({ value: draw(60) - 30 }),
    view: (state) => state.value ?? null,
    specify: (history) => (history.length === 0 ? null : Math.max(...history.map((u) => u.op.value))),
  });
  law("min-register", {
    type: minRegister(integerCodec),
    propose: (_state, _actor, draw) => ({ value: draw(60) - 30 }),
    view: (state) => state.value ?? null,
    specify: (history) => (history.length === 0 ? null : Math.min(...history.map((u) => u.op.value))),
  });
});

describe("maps", () => {
  const set = orSet(textCodec);
  const ofSets = crdtMap(textCodec, set.store);
  type SetOp = MapOp<string, OrSetOp<string>>;
  law<ReturnType<typeof ofSets.create>, SetOp>("map of or-sets", {
    type: ofSets,
    propose: (state, actor, draw) => {
      const key = LETTERS[draw(2)]!;
      const value = LETTERS[draw(2)]!;
      const kind = draw(7);
      if (kind < 3) return ofSets.update(state.store, key, () => set.add(state.seen, actor, value));
      if (kind === 3) return ofSets.touch(state.seen, actor, key);
      if (kind === 4) return ofSets.removeAfter(ofSets.read(state), key);
      if (kind === 5) return ofSets.remove(state.store, key);
      const inside = ofSets.get(state.store, key);
      const remove = inside === undefined ? null : set.remove(inside, value);
      return remove === null ? null : { kind: "update", key, op: remove };
    },
    view: (state) => ofSets.keys(state.store).map((key) => [key, set.values(ofSets.get(state.store, key)!)]),
    specify: (history) => {
      const kills = (killer: SetOp, op: SetOp): boolean => {
        if (op.kind === "remove") return false;
        return killer.kind === "remove" && killer.keys.includes(op.key);
      };
      const isUpdate = (op: SetOp): boolean => op.kind === "touch" || (op.kind === "update" && op.op.kind === "add");
      const keys = unique(live(history, isUpdate, kills).map((op) => (op.kind === "remove" ? "" : op.key)));
      return keys.map((key) => {
        const isAdd = (op: SetOp): boolean => op.kind === "update" && op.key === key && op.op.kind === "add";
        const killsInside = (killer: SetOp, op: SetOp): boolean => {
          if (kills(killer, op)) return true;
          if (killer.kind !== "update" || killer.key !== key || killer.op.kind !== "remove") return false;
          return op.kind === "update" && op.op.kind === "add" && killer.op.values.includes(op.op.value);
        };
        const adds = live(history, isAdd, killsInside);
        return [key, unique(adds.map((op) => (op.kind === "update" && op.op.kind === "add" ? op.op.value : "")))];
      });
    },
  });
  const ofRegisters = crdtMap(textCodec, mvRegister(textCodec).store);
  const register = mvRegister(textCodec);
  law("map of registers", {
    type: ofRegisters,
    propose: (state, actor, draw) => {
      const key = LETTERS[draw(2)]!;
      if (draw(3) === 0) return ofRegisters.remove(state.store, key);
      return ofRegisters.update(state.store, key, (value) => putOver(value, state.seen, actor, LETTERS[draw(3)]!));
    },
    view: (state) =>
      ofRegisters.keys(state.store).map((key) => [key, register.valuesOf(ofRegisters.get(state.store, key)!)]),
  });
  const ofCounters = crdtMap(textCodec, counter.store);
  law("map of counters", {
    type: ofCounters,
    propose: (state, actor, draw) => {
      const key = LETTERS[draw(2)]!;
      if (draw(4) === 0) return ofCounters.remove(state.store, key);
      return ofCounters.update(state.store, key, () => counter.add(state.seen, actor, draw(5) + 1));
    },
    view: (state) =>
      ofCounters.keys(state.store).map((key) => [key, counter.valueOf(ofCounters.get(state.store, key)!)]),
    specify: (history) => {
      const isAdd = (op: MapOp<string, MvOp<number>>): boolean => op.kind === "update";
      const adds = live(
        history,
        isAdd,
        (killer, op) => killer.kind === "remove" && op.kind === "update" && killer.keys.includes(op.key),
      );
      const keys = unique(adds.map((op) => (op.kind === "update" ? op.key : "")));
      return keys.map((key) => [
        key,
        adds.reduce((sum, op) => sum + (op.kind === "update" && op.key === key ? op.op.value : 0), 0),
      ]);
    },
  });
  const deep = crdtMap(textCodec, ofRegisters.store);
  law("map of maps", {
    type: deep,
    propose: (state, actor, draw) => {
      const [outer, inner] = [LETTERS[draw(2)]!, LETTERS[draw(2)]!];
      const kind = draw(6);
      if (kind === 0) return deep.remove(state.store, outer);
      const inside = deep.get(state.store, outer);
      const nested = kind === 1 && inside !== undefined ? ofRegisters.remove(inside, inner) : null;
      if (kind === 1) return nested === null ? null : { kind: "update", key: outer, op: nested };
      return deep.update(state.store, outer, (map) =>
        ofRegisters.update(map, inner, (value) => putOver(value, state.seen, actor, LETTERS[draw(3)]!)),
      );
    },
    view: (state) => deep.keys(state.store),
  });
});
