/**
 * The published bugs of CRDT libraries as directed tests: rust-crdt commits by their hash, riak_dt and automerge by their pull request.
 * Each states what must hold; the names say what went wrong there.
 */
import { describe, expect, it } from "vitest";
import { Clock } from "./clock.ts";
import { type CrdtType, encodeState, equalStates } from "./crdt.ts";
import { comparePaths, placeBetween } from "./identifier.ts";
import { identifierText, rgaText } from "./lists.ts";
import { lwwRegister } from "./lww-register.ts";
import { crdtMap } from "./or-map.ts";
import { orSet } from "./or-set.ts";
import { counter, mvRegister, putOver } from "./registers.ts";
import { textCodec } from "./value-codec.ts";

const set = orSet(textCodec);
type State = ReturnType<typeof set.create>;

function perform<S, O>(type: CrdtType<S, O>, state: S, op: O | null): O {
  if (op === null) throw new Error("there is nothing to do");
  type.apply(state, op);
  return op;
}

function replicas(count: number): State[] {
  return Array.from({ length: count }, () => set.create());
}

function joined<S, O>(type: CrdtType<S, O>, ...states: readonly S[]): S {
  const result = type.create();
  for (const state of states) type.merge(result, state);
  return result;
}

describe("observed-remove sets", () => {
  it("riak_dt 78 and 82: an element whose every add was removed somewhere is gone, though both sides hold one", () => {
    const [a, b, c] = replicas(3) as [State, State, State];
    perform(set, a, set.add(a.seen, "a", "x"));
    perform(set, b, set.add(b.seen, "b", "x"));
    set.merge(c, a);
    perform(set, a, set.remove(a.store, "x"));
    set.merge(a, b);
    perform(set, b, set.remove(b.store, "x"));
    set.merge(a, c);
    set.merge(b, a);
    expect(set.values(b.store)).toEqual([]);
  });

  it("rust-crdt 710fafa and f2773b7: a merge keeps the adds that are live, dot by dot", () => {
    const [a, b] = replicas(2) as [State, State];
    perform(set, a, set.add(a.seen, "a", "x"));
    set.merge(b, a);
    perform(set, b, set.remove(b.store, "x"));
    perform(set, b, set.add(b.seen, "b", "x"));
    set.merge(a, b);
    expect(set.readMember(a, "x").removes.dots()).toEqual([{ actor: "b", counter: 1 }]);
    perform(set, b, set.remove(b.store, "x"));
    set.merge(a, b);
    expect(set.has(a.store, "x")).toBe(false);
  });

  it("rust-crdt eabc3d7: a deferred remove is kept by a merge that does not hold the member", () => {
    const [source, early, late] = replicas(3) as [State, State, State];
    const add = perform(set, source, set.add(source.seen, "a", "x"));
    const remove = perform(set, source, set.remove(source.store, "x"));
    set.apply(early, remove);
    set.merge(late, early);
    set.apply(late, add);
    expect(set.values(late.store)).toEqual([]);
  });

  it("rust-crdt 595d9a2: a remove whose clock is concurrent to ours is deferred, not forgotten", () => {
    const [source, target] = replicas(2) as [State, State];
    const add = perform(set, source, set.add(source.seen, "a", "x"));
    const remove = perform(set, source, set.removeAfter(set.read(source), "x"));
    perform(set, target, set.add(target.seen, "b", "y"));
    expect(set.validateOp(target, remove)?.code).toBe("missing-dots");
    set.apply(target, remove);
    set.apply(target, add);
    expect(set.values(target.store)).toEqual(["y"]);
    expect(target.store.deferred.size).toBe(0);
  });

  it("nothing is left of a member that was added and removed", () => {
    const state = set.create();
    perform(set, state, set.add(state.seen, "a", "x"));
    perform(set, state, set.remove(state.store, "x"));
    expect([state.store.entries.size, state.store.deferred.size]).toEqual([0, 0]);
  });

  it("a dot spent on two members is noticed in operations and in states", () => {
    const [a, b] = replicas(2) as [State, State];
    const dot = { actor: "a", counter: 1 };
    set.apply(a, { kind: "add", dot, value: "x" });
    expect(set.validateOp(a, { kind: "add", dot, value: "y" })?.code).toBe("double-spent-dot");
    set.apply(b, { kind: "add", dot, value: "y" });
    expect(set.validateMerge(a, b)?.code).toBe("double-spent-dot");
  });

  it("a context read for one member is refused for another", () => {
    const state = set.create();
    perform(set, state, set.add(state.seen, "a", "x"));
    const context = set.readMember(state, "x");
    expect(() => set.removeAfter(context, "y")).toThrow(/foreign-context/);
    expect(set.removeAfter(context, "x").kind).toBe("remove");
  });
});

describe("maps", () => {
  const map = crdtMap(textCodec, set.store);

  it("rust-crdt 376bbf4 and 35be2e5: a remove that comes before the update it saw still takes effect", () => {
    const [source, target] = [map.create(), map.create()];
    const update = perform(
      map,
      source,
      map.update(source.store, "k", () => set.add(source.seen, "a", "x")),
    );
    const remove = perform(map, source, map.remove(source.store, "k"));
    map.apply(target, remove);
    map.apply(target, update);
    expect(map.keys(target.store)).toEqual([]);
  });

  it("rust-crdt 4d3181a: a concurrent update brings the key back with only what the remover had not seen", () => {
    const [a, b] = [map.create(), map.create()];
    perform(
      map,
      a,
      map.update(a.store, "k", () => set.add(a.seen, "a", "old")),
    );
    map.merge(b, a);
    perform(map, a, map.remove(a.store, "k"));
    perform(
      map,
      b,
      map.update(b.store, "k", () => set.add(b.seen, "b", "new")),
    );
    for (const state of [joined(map, a, b), joined(map, b, a)]) {
      expect(set.values(map.get(state.store, "k")!)).toEqual(["new"]);
    }
  });

  it("rust-crdt issue 10: a removed register does not come back beside a concurrent write", () => {
    const register = mvRegister(textCodec);
    const registers = crdtMap(textCodec, register.store);
    const [a, b] = [registers.create(), registers.create()];
    perform(
      registers,
      a,
      registers.update(a.store, "k", (value) => putOver(value, a.seen, "a", "old")),
    );
    registers.merge(b, a);
    perform(registers, b, registers.remove(b.store, "k"));
    perform(
      registers,
      a,
      registers.update(a.store, "k", (value) => putOver(value, a.seen, "a", "new")),
    );
    const both = joined(registers, a, b);
    expect(register.valuesOf(registers.get(both.store, "k")!)).toEqual(["new"]);
  });

  it("a counter in a map loses exactly what the remover saw of it", () => {
    const counters = crdtMap(textCodec, counter.store);
    const [a, b] = [counters.create(), counters.create()];
    perform(
      counters,
      a,
      counters.update(a.store, "k", () => counter.add(a.seen, "a", 5)),
    );
    counters.merge(b, a);
    perform(counters, b, counters.remove(b.store, "k"));
    perform(
      counters,
      a,
      counters.update(a.store, "k", () => counter.add(a.seen, "a", 2)),
    );
    expect(counter.valueOf(counters.get(joined(counters, b, a).store, "k")!)).toBe(2);
  });
});

describe("deltas and clocks", () => {
  it("akka 22331: a delta that follows a lost one does not make the lost one look seen", () => {
    const [source, target] = replicas(2) as [State, State];
    const lost = set.add(source.seen, "a", "lost");
    const lostDelta = set.deltaOf(source, lost);
    set.apply(source, lost);
    const next = set.add(source.seen, "a", "next");
    set.merge(target, set.deltaOf(source, next));
    set.apply(source, next);
    expect(set.values(target.store)).toEqual(["next"]);
    set.merge(source, target);
    expect(set.values(source.store)).toEqual(["lost", "next"]);
    set.merge(target, lostDelta);
    expect(equalStates(set, source, target)).toBe(true);
  });

  it("rust-crdt 05b6358: preparing an operation spends no dot, so the own operation is not taken for a duplicate", () => {
    const state = identifierText.create();
    const first = identifierText.insert(state, "a", 0, "x");
    expect(identifierText.insert(state, "a", 0, "x").dot).toEqual(first.dot);
    identifierText.apply(state, first);
    expect([identifierText.read(state), identifierText.insert(state, "a", 1, "y").dot.counter]).toEqual(["x", 2]);
  });

  it("an actor that reuses its counter after losing its state is noticed by the others", () => {
    const [before, other, after] = replicas(3) as [State, State, State];
    perform(set, before, set.add(before.seen, "a", "x"));
    set.merge(other, before);
    const reused = perform(set, after, set.add(after.seen, "a", "y"));
    expect(set.validateOp(other, reused)?.code).toBe("double-spent-dot");
    expect(set.validateMerge(other, after)?.code).toBe("double-spent-dot");
  });

  it("a last writer with a clock from the future is refused, and cannot be written over", () => {
    const register = lwwRegister({ codec: textCodec, nowUs: () => 1_000, aheadUsMax: 50 });
    const state = register.create();
    const abuse = { timeUs: 2_000, actor: "b", value: "mine" };
    expect(register.validateOp(state, abuse)?.code).toBe("clock-abuse");
    expect(register.validateMerge(state, { current: abuse })?.code).toBe("clock-abuse");
    register.apply(state, abuse);
    expect(() => register.write(state, "a", "x")).toThrow(/clock-abuse/);
  });

  it("one marker on two values is noticed, and both replicas still end equal", () => {
    const register = lwwRegister({ codec: textCodec, nowUs: () => 1_000, aheadUsMax: 50 });
    const [x, y] = [register.create(), register.create()];
    register.apply(x, { timeUs: 9, actor: "a", value: "x" });
    register.apply(y, { timeUs: 9, actor: "a", value: "y" });
    expect(register.validateMerge(x, y)?.code).toBe("conflicting-marker");
    const [xy, yx] = [joined(register, x, y), joined(register, y, x)];
    expect(equalStates(register, xy, yx)).toBe(true);
  });
});

describe("lists", () => {
  it("rust-crdt 1d386d4: a new identifier lies strictly between its neighbours, however deep they are", () => {
    const names = ["a", "b"];
    const paths: number[][] = [];
    let [low, high]: [number[] | null, number[] | null] = [null, null];
    for (let i = 0; i < 200; i++) {
      const place = placeBetween({ low, high, count: 1, behindLow: i % 7 === 0 ? i : null, isTypingOn: i % 3 === 0 });
      const path: number[] = [...place.prefix, place.digit, i % 2, i + 1];
      if (low !== null) expect(comparePaths(low, path, names)).toBeLessThan(0);
      if (high !== null) expect(comparePaths(path, high, names)).toBeLessThan(0);
      paths.push(path);
      if (i % 5 < 2) low = path;
      else high = path;
    }
    expect(new Set(paths.map((path) => path.join())).size).toBe(200);
  });

  it("automerge-classic 34: concurrent inserts at one place have one order, whichever came first", () => {
    const base = rgaText.create();
    perform(rgaText, base, rgaText.insert(base, "base", 0, "()"));
    const ops = ["c", "a", "b"].map((actor) => rgaText.insert(base, actor, 1, actor));
    const texts = [
      [0, 1, 2],
      [2, 1, 0],
      [1, 2, 0],
    ].map((order) => {
      const state = joined(rgaText, base);
      for (const i of order) rgaText.apply(state, ops[i]!);
      return rgaText.read(state);
    });
    expect(texts).toEqual(["(cba)", "(cba)", "(cba)"]);
  });
});

describe("clocks", () => {
  it("compare, meet and forget as version vectors do", () => {
    const clock = (text: string): Clock =>
      Clock.of([...text.matchAll(/([a-z])(\d)/g)].map((m) => ({ actor: m[1]!, counter: Number(m[2]) })));
    expect(clock("a1b2").compare(clock("a1b2"))).toBe("equal");
    expect(clock("a1b2").compare(clock("a1"))).toBe("after");
    expect(clock("a1").compare(clock("a1b2"))).toBe("before");
    expect(clock("a2b1").compare(clock("a1b2"))).toBe("concurrent");
    expect(clock("a2b1").greatestLowerBound(clock("a1c3")).dots()).toEqual(clock("a1").dots());
    expect(clock("a2b1").intersection(clock("a2b2")).dots()).toEqual(clock("a2").dots());
    const reset = clock("a2b1c3");
    reset.resetRemove(clock("a2c1"));
    expect(reset.dots()).toEqual(clock("b1c3").dots());
  });

  it("states that hold the same have the same bytes, however they came to it", () => {
    const [left, right] = replicas(2) as [State, State];
    const one = perform(set, left, set.add(left.seen, "a", "x"));
    const two = perform(set, right, set.add(right.seen, "b", "y"));
    set.apply(left, two);
    set.apply(right, one);
    expect(encodeState(set, left)).toEqual(encodeState(set, right));
  });
});
