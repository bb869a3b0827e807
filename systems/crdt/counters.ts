/**
 * Counters that only know totals: the grow-only counter, and the counter that goes both ways as two of them.
 *
 * An operation carries the actor's new running total, not a difference, so that duplicates and reordering do no harm.
 * The value is a sum of the totals; it is exact up to 2^53 - 1.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, Clock } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { assertWhole, type Violation, violation } from "./violation.ts";

export type GCounterOp = { readonly actor: Actor; readonly total: number };
export type PnCounter = { readonly increments: Clock; readonly decrements: Clock };
export type PnCounterOp = { readonly actor: Actor; readonly sign: 1 | -1; readonly total: number };

export const gCounter: CrdtType<Clock, GCounterOp> = {
  name: "g-counter",
  signature: [TYPE_TAG.gCounter],
  create: () => new Clock(),
  validateMerge: () => null,
  merge: (state, other) => state.merge(other),
  validateOp: (_state, op) => validateTotal(op.total),
  apply: (state, op) => state.raise(op.actor, op.total),
  deltaOf: (_state, op) => Clock.of([{ actor: op.actor, counter: op.total }]),
  writeState: (writer, state) => state.write(writer),
  readState: (reader) => Clock.read(reader),
  writeOp: writeTotal,
  readOp: readTotal,
};

export function gCounterValue(state: Clock): number {
  let sum = 0;
  state.forEach((_actor, total) => {
    sum += total;
  });
  return sum;
}

/** Prepares an increment by a whole amount of at least 1. Throws CrdtError "out-of-range". */
export function gCounterIncrement(state: Clock, actor: Actor, amount: number): GCounterOp {
  assertWhole(amount, 1, "the amount of an increment");
  const total = state.get(actor) + amount;
  assertWhole(total, 1, `the total of "${actor}"`);
  return { actor, total };
}

export const pnCounter: CrdtType<PnCounter, PnCounterOp> = {
  name: "pn-counter",
  signature: [TYPE_TAG.pnCounter],
  create: () => ({ increments: new Clock(), decrements: new Clock() }),
  validateMerge: () => null,
  merge: (state, other) => {
    state.increments.merge(other.increments);
    state.decrements.merge(other.decrements);
  },
  validateOp: (_state, op) => validateTotal(op.total),
  apply: (state, op) => sideOf(state, op.sign).raise(op.actor, op.total),
  deltaOf: (_state, op) => {
    const delta = pnCounter.create();
    pnCounter.apply(delta, op);
    return delta;
  },
  writeState: (writer, state) => {
    state.increments.write(writer);
    state.decrements.write(writer);
  },
  readState: (reader) => ({ increments: Clock.read(reader), decrements: Clock.read(reader) }),
  writeOp: (writer, op) => {
    writer.byte(op.sign === 1 ? 0 : 1);
    writeTotal(writer, op);
  },
  readOp: (reader) => {
    const sign = reader.byte("the sign");
    if (sign > 1) reader.fail(`the sign is ${sign}, expected 0 or 1.`);
    return { ...readTotal(reader), sign: sign === 0 ? 1 : -1 };
  },
};

export function pnCounterValue(state: PnCounter): number {
  return gCounterValue(state.increments) - gCounterValue(state.decrements);
}

/** Prepares a change by a whole amount, positive or negative, not 0. Throws CrdtError "out-of-range". */
export function pnCounterAdd(state: PnCounter, actor: Actor, amount: number): PnCounterOp {
  const sign = amount < 0 ? -1 : 1;
  return { ...gCounterIncrement(sideOf(state, sign), actor, Math.abs(amount)), sign };
}

function sideOf(state: PnCounter, sign: 1 | -1): Clock {
  return sign === 1 ? state.increments : state.decrements;
}

function validateTotal(total: number): Violation | null {
  if (Number.isSafeInteger(total) && total >= 1) return null;
  return violation("out-of-range", `the total is ${total}, expected a whole number from 1 to 2^53 - 1.`);
}

function writeTotal(writer: ByteWriter, op: GCounterOp): void {
  writer.name(op.actor);
  writer.uint(op.total);
}

function readTotal(reader: ByteReader): GCounterOp {
  const actor = reader.name("the actor");
  const total = reader.uint("the total");
  if (total === 0) reader.fail("a total is zero.");
  return { actor, total };
}
