/** Encodings against junk: what decodes is what would have been written, and everything else is refused with a place and a reason. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { boundedCounter, boundedCounterDecrement, boundedCounterIncrement } from "./bounded-counter.ts";
import { ByteReader, ByteWriter, DecodeError } from "./bytes.ts";
import { gCounter, gCounterIncrement, pnCounter, pnCounterAdd } from "./counters.ts";
import { type CrdtType, decodeOp, decodeState, encodeOp, encodeState, equalBytes } from "./crdt.ts";
import { dvvSet } from "./dvv-set.ts";
import { maxRegister } from "./extremum-register.ts";
import { fugueList, fugueText, growList, identifierText, rgaText } from "./lists.ts";
import { lwwRegister } from "./lww-register.ts";
import { merkleRegister } from "./merkle-register.ts";
import { moveTree, TREE_ROOT } from "./move-tree.ts";
import { crdtMap } from "./or-map.ts";
import { orSet } from "./or-set.ts";
import { counter, enableWinsFlag, mvRegister, putOver } from "./registers.ts";
import { gSet, twoPhaseSet } from "./sets.ts";
import { booleanCodec, bytesCodec, integerCodec, numberCodec, textCodec } from "./value-codec.ts";
import { causalContext, versionVector } from "./version-vector.ts";

type Sample = {
  readonly name: string;
  readonly states: readonly Uint8Array[];
  readonly ops: readonly Uint8Array[];
  redo(kind: "state" | "op", bytes: Uint8Array): Uint8Array;
};

/** States and operations of a type after each proposal; a null proposal is left out. Every third operation comes late, so gaps occur. */
function sample<S, O>(type: CrdtType<S, O>, proposals: readonly ((state: S) => O | null)[]): Sample {
  const state = type.create();
  const other = type.create();
  const [states, ops]: [Uint8Array[], Uint8Array[]] = [[encodeState(type, state)], []];
  proposals.forEach((propose, i) => {
    const op = propose(state);
    if (op === null) return;
    ops.push(encodeOp(type, op));
    if (i % 3 !== 0) type.merge(other, type.deltaOf(state, op));
    type.apply(state, op);
    states.push(encodeState(type, state), encodeState(type, other));
  });
  return {
    name: type.name,
    states,
    ops,
    redo: (kind, bytes) =>
      kind === "state" ? encodeState(type, decodeState(type, bytes)) : encodeOp(type, decodeOp(type, bytes)),
  };
}

const set = orSet(textCodec);
const numbers = gSet(numberCodec);
const twoPhase = twoPhaseSet(bytesCodec);
const map = crdtMap(textCodec, set.store);
const registers = crdtMap(textCodec, mvRegister(integerCodec).store);
const lww = lwwRegister({ codec: textCodec, nowUs: () => 5, aheadUsMax: 100 });
const dvv = dvvSet(textCodec);
const tree = moveTree(textCodec);
const merkle = merkleRegister(textCodec);
const list = fugueList(booleanCodec);
const grow = growList(integerCodec);
const max = maxRegister(textCodec);

const SAMPLES: readonly Sample[] = [
  sample(versionVector, [(s) => s.next("a"), (s) => s.next("b"), (s) => s.next("a")]),
  sample(causalContext, [
    (s) => s.next("a"),
    (s) => s.next("b"),
    (s) => s.next("a"),
    (s) => s.next("a"),
    (s) => s.next("a"),
  ]),
  sample(gCounter, [(s) => gCounterIncrement(s, "a", 300), (s) => gCounterIncrement(s, "b", 2)]),
  sample(pnCounter, [(s) => pnCounterAdd(s, "a", 3), (s) => pnCounterAdd(s, "b", -2)]),
  sample(boundedCounter, [(s) => boundedCounterIncrement(s, "a", 3), (s) => boundedCounterDecrement(s, "a", 2)]),
  sample(numbers, [() => ({ add: 1.5 }), () => ({ add: -3 })]),
  sample(twoPhase, [
    () => twoPhase.add(twoPhase.create(), Uint8Array.of(1, 2)),
    (s) => twoPhase.remove(s, Uint8Array.of(1, 2)),
  ]),
  sample(set, [
    (s) => set.add(s.seen, "a", "x"),
    (s) => set.add(s.seen, "b", "é\ud83d"),
    (s) => set.add(s.seen, "a", "x"),
    (s) => set.remove(s.store, "x"),
    (s) => set.add(s.seen, "c", "😀"),
  ]),
  sample(map, [
    (s) => map.update(s.store, "k", () => set.add(s.seen, "a", "x")),
    (s) => map.touch(s.seen, "b", "l"),
    (s) => map.update(s.store, "k", () => set.add(s.seen, "b", "y")),
    (s) => map.remove(s.store, "k"),
    (s) => map.update(s.store, "k", () => set.add(s.seen, "a", "z")),
  ]),
  sample(registers, [
    (s) => registers.update(s.store, "k", (value) => putOver(value, s.seen, "a", 1)),
    (s) => registers.update(s.store, "k", (value) => putOver(value, s.seen, "b", -2)),
  ]),
  sample(counter, [(s) => counter.add(s.seen, "a", 4), (s) => counter.add(s.seen, "a", -9)]),
  sample(enableWinsFlag, [(s) => enableWinsFlag.set(s, "a", true), (s) => enableWinsFlag.set(s, "b", false)]),
  sample(lww, [(s) => lww.write(s, "a", "x"), (s) => lww.write(s, "b", "y")]),
  sample(dvv, [
    (s) => dvv.put(s, "a", dvv.read(s).seen, "x"),
    (s) => dvv.put(s, "a", dvv.read(dvv.create()).seen, "y"),
  ]),
  sample(max, [() => ({ value: "m" })]),
  sample(tree, [
    (s) => tree.move(s, "a", { child: "p", parent: TREE_ROOT, meta: "" }),
    (s) => tree.move(s, "b", { child: "q", parent: "p", meta: "m" }),
  ]),
  sample(merkle, [(s) => merkle.write(s, "x"), (s) => merkle.write(s, "y", []), (s) => merkle.write(s, "z")]),
  ...[fugueText, rgaText, identifierText].map((type) =>
    sample(type as typeof fugueText, [
      (s) => type.insert(s as never, "a", 0, "hello") as never,
      (s) => type.insert(s as never, "b", 2, "XY") as never,
      (s) => type.delete(s as never, { position: 1, count: 3 }) as never,
      (s) => type.insert(s as never, "a", 4, "z") as never,
      (s) => type.insert(s as never, "b", 0, "é") as never,
    ]),
  ),
  sample(list, [(s) => list.insert(s, "a", 0, [true, false]), (s) => list.delete(s, { position: 0, count: 1 })]),
  sample(grow, [(s) => grow.insert(s, "a", 0, [1, 2]), (s) => grow.insert(s, "b", 1, [-3])]),
];

type Damage = { readonly at: number; readonly byte: number; readonly kind: "change" | "insert" | "drop" | "cut" };

function damage(bytes: Uint8Array, { at, byte, kind }: Damage): Uint8Array {
  const i = at % bytes.length;
  if (kind === "cut") return bytes.slice(0, i);
  const inserted = kind === "drop" ? [] : [byte];
  return Uint8Array.from([...bytes.slice(0, i), ...inserted, ...bytes.slice(kind === "insert" ? i : i + 1)]);
}

const damages: fc.Arbitrary<Damage> = fc.record({
  at: fc.nat({ max: 400 }),
  byte: fc.oneof(fc.nat({ max: 255 }), fc.constantFrom(0, 1, 2, 127, 128, 255)),
  kind: fc.constantFrom("change", "insert", "drop", "cut"),
});

describe.each(SAMPLES)("$name", ({ states, ops, redo }) => {
  it("comes back byte for byte", () => {
    for (const bytes of states) expect(equalBytes(redo("state", bytes), bytes)).toBe(true);
    for (const bytes of ops) expect(equalBytes(redo("op", bytes), bytes)).toBe(true);
  });

  it("refuses damaged bytes with DecodeError, or they are another canonical encoding", () => {
    const cases = [...states.map((bytes) => ["state", bytes] as const), ...ops.map((bytes) => ["op", bytes] as const)];
    fc.assert(
      fc.property(
        fc.constantFrom(...cases),
        fc.array(damages, { minLength: 1, maxLength: 3 }),
        ([kind, bytes], hits) => {
          let damaged = bytes;
          for (const hit of hits) if (damaged.length > 0) damaged = damage(damaged, hit);
          try {
            expect(equalBytes(redo(kind, damaged), damaged)).toBe(true);
          } catch (error) {
            if (!(error instanceof DecodeError)) throw error;
          }
        },
      ),
      { numRuns: Number(process.env["CRDT_CASES"] ?? 300) },
    );
  });
});

describe("error texts", () => {
  const explain = (action: () => unknown): string => {
    try {
      action();
    } catch (error) {
      if (error instanceof DecodeError) return error.message;
      throw error;
    }
    throw new Error("nothing was refused");
  };
  const state = encodeState(set, set.create());

  it("say where, what was found and what was expected", () => {
    const change = (at: number, byte: number): Uint8Array => state.map((old, i) => (i === at ? byte : old));
    expect([
      explain(() => decodeState(set, Uint8Array.of())),
      explain(() => decodeState(set, change(0, 0x7b))),
      explain(() => decodeState(set, change(1, 9))),
      explain(() => decodeOp(set, state)),
      explain(() => decodeState(numbers, state)),
      explain(() => decodeState(orSet(integerCodec), state)),
      explain(() => decodeState(set, Uint8Array.from([...state, 0]))),
      explain(() => decodeState(set, change(5, 200))),
    ]).toMatchInlineSnapshot(`
      [
        "byte 0: the input ends where the magic byte should be.",
        "byte 0: this is no CRDT encoding: it begins with 123, expected 199.",
        "byte 1: the encoding has version 9; this library reads version 1.",
        "byte 2: this is a state, expected an operation.",
        "byte 3: the type signature is not that of g-set(number): 8, expected 6.",
        "byte 4: the type signature is not that of or-set(integer): 1, expected 2.",
        "byte 8: 1 bytes follow the end of the value.",
        "byte 5: the number of actors in a context is not in its shortest form.",
      ]
    `);
  });

  it("numbers have one form, and text comes back with lone surrogates", () => {
    const writer = new ByteWriter();
    const values = [0, 127, 128, 0x7fffffff, 0x80000000, Number.MAX_SAFE_INTEGER];
    for (const value of values) writer.uint(value);
    for (const value of values) writer.int(value > 2 ** 52 ? 2 ** 52 - 1 : -value);
    for (const text of ["", "a\ud800b", "\udc00\ud800", "😀", "ÿ߿ࠀ￿"]) writer.text(text);
    const reader = new ByteReader(writer.finish());
    expect(values.map(() => reader.uint("a number"))).toEqual(values);
    expect(values.map(() => Math.abs(reader.int("a number")))).toEqual(
      values.map((value) => Math.min(value, 2 ** 52 - 1)),
    );
    expect([0, 1, 2, 3, 4].map(() => reader.text("a text"))).toEqual(["", "a\ud800b", "\udc00\ud800", "😀", "ÿ߿ࠀ￿"]);
    expect(explain(() => new ByteReader(Uint8Array.of(0x80, 0)).uint("a number"))).toMatch(/shortest form/);
    expect(explain(() => new ByteReader(Uint8Array.of(6, 0xed, 0xa0, 0xbd, 0xed, 0xb8, 0x80)).text("a text"))).toMatch(
      /surrogate pair/,
    );
  });
});
