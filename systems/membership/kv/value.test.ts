/** The value of a key against the laws of all CRDTs, and the entry around it. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Clock } from "../../crdt/clock.ts";
import { checkLaws, type Draw } from "../../crdt/laws.ts";
import { counter, putOver } from "../../crdt/registers.ts";
import { entropyCodec, type EntropyMessage } from "./message.ts";
import { joinEntries, type KvEntry, makeEntry, readEntry, stateOf } from "./entry.ts";
import { SET } from "./field.ts";
import { applyUpdates, type KvState, kvMap, plainValue } from "./value.ts";

const FIELDS = ["x", "y"] as const;
const MEMBERS = ["a", "b", "c"] as const;

function propose({ seen, store }: KvState, actor: string, draw: Draw): ReturnType<typeof kvMap.remove> {
  const field = FIELDS[draw(2)]!;
  switch (draw(6)) {
    case 0:
      return kvMap.update(store, field, () => ({ of: "set", op: SET.add(seen, actor, MEMBERS[draw(3)]!) }));
    case 1: {
      const set = kvMap.get(store, field)?.set;
      const op = set === undefined ? null : SET.remove(set, MEMBERS[draw(3)]!);
      return op === null ? null : kvMap.update(store, field, () => ({ of: "set", op }));
    }
    case 2:
      return kvMap.update(store, field, ({ register }) => ({
        of: "register",
        op: putOver(register, seen, actor, MEMBERS[draw(3)]!),
      }));
    case 3:
      return kvMap.update(store, field, ({ flag }) => ({ of: "flag", op: putOver(flag, seen, actor, draw(2) === 0) }));
    case 4:
      return kvMap.update(store, field, () => ({ of: "counter", op: counter.add(seen, actor, draw(9) - 4) }));
    default:
      return kvMap.remove(store, field);
  }
}

describe("the value of a key", () => {
  it("keeps the laws: operations, deltas and states agree, and merge is a join", () => {
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 63 }), { maxLength: 60, size: "max" }), (script) => {
        expect(checkLaws({ type: kvMap, propose, view: (state) => kvMap.keys(state.store) }, script)).toBeNull();
      }),
    );
  });

  it("drops a field as far as it was seen, and keeps what came at the same time", () => {
    const [here, there] = [kvMap.create(), kvMap.create()];
    applyUpdates(here, "h", [{ kind: "add", field: "f", members: ["old"] }]);
    kvMap.merge(there, here);
    applyUpdates(here, "h", [{ kind: "drop", field: "f", of: "set" }]);
    applyUpdates(there, "t", [{ kind: "add", field: "f", members: ["new"] }]);
    kvMap.merge(here, there);
    expect(plainValue(here).sets).toEqual(new Map([["f", ["new"]]]));
  });

  it("shows concurrent values of a register side by side, and a flag as on", () => {
    const [here, there] = [kvMap.create(), kvMap.create()];
    applyUpdates(here, "h", [
      { kind: "assign", field: "r", value: "1" },
      { kind: "enable", field: "f" },
    ]);
    applyUpdates(there, "t", [
      { kind: "assign", field: "r", value: "2" },
      { kind: "disable", field: "f" },
    ]);
    kvMap.merge(here, there);
    expect(plainValue(here).registers.get("r")).toEqual(["1", "2"]);
    expect(plainValue(here).flags.get("f")).toBe(true);
  });

  it("refuses to count by what is no whole number", () => {
    expect(() => applyUpdates(kvMap.create(), "h", [{ kind: "increment", field: "c", amount: 0.5 }])).toThrow(
      "no whole number",
    );
  });
});

function entryOf(actor: string, member: string, before?: KvEntry): KvEntry {
  const state = before === undefined ? kvMap.create() : stateOf(before);
  applyUpdates(state, actor, [{ kind: "add", field: "m", members: [member] }]);
  const clock = before === undefined ? new Clock() : before.clock.copy();
  clock.raise(actor, clock.get(actor) + 1);
  return makeEntry("k", clock, state);
}

describe("entries of one key", () => {
  const first = entryOf("a", "1");
  const second = entryOf("a", "2", first);
  const aside = entryOf("b", "3", first);

  it("give way to those that have seen them, and to no others", () => {
    expect(joinEntries(undefined, first)).toBe(first);
    expect(joinEntries(first, second)).toBe(second);
    expect(joinEntries(second, first)).toBeNull();
    expect(joinEntries(second, readEntry(second.bytes))).toBeNull();
  });

  it("are merged when concurrent, to the same bytes on both sides", () => {
    const left = joinEntries(second, aside)!;
    const right = joinEntries(aside, second)!;
    expect(left.bytes).toEqual(right.bytes);
    expect(plainValue(stateOf(left)).sets.get("m")).toEqual(["1", "2", "3"]);
    expect(joinEntries(left, second)).toBeNull();
    expect(joinEntries(aside, left)).toBe(left);
  });

  it("read back what was written, keeping the bytes", () => {
    const read = readEntry(aside.bytes);
    expect([read.key, read.bytes]).toEqual(["k", aside.bytes]);
    expect(read.clock.equals(aside.clock)).toBe(true);
    expect(() => stateOf({ ...aside, bytes: aside.bytes.slice(0, -1) })).toThrow();
  });
});

describe("the codec of anti-entropy", () => {
  it("reads back what it wrote", () => {
    const clock = Clock.of([{ actor: "n1#1", counter: 3 }]);
    const messages: EntropyMessage[] = [
      { type: "page", boot: 2, walk: 7, page: 1, keys: [{ key: "k", clock }] },
      { type: "answer", boot: 1, walk: 7, page: 1, wanted: ["k"] },
      { type: "entry", boot: 1, bytes: Uint8Array.of(1, 2) },
    ];
    for (const message of messages) {
      expect(entropyCodec.decode(entropyCodec.encode(message))).toEqual(message);
    }
  });
});
