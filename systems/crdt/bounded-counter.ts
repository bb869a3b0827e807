/**
 * The bounded counter: never falls below zero, without coordination at the time of a decrement.
 *
 * Each increment gives its actor the right to decrement as much; rights can be handed to another actor; a decrement spends
 * rights of its own actor only. The value is increments minus decrements, and since nobody spends what it does not hold, the
 * value of every causally consistent state is at least 0. For a bound K start by incrementing, and read value + K.
 * Balegas et al. 2015, "Extending eventually consistent cloud databases for enforcing numeric invariants".
 */
import type { ByteReader } from "./bytes.ts";
import { type Actor, Clock, compareText } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { assertWhole, CrdtError, type Violation, violation } from "./violation.ts";

export type BoundedCounter = {
  /** granted.get(a).get(b): rights that a has handed to b so far; for a = b, the increments of a. Written by a only. */
  readonly granted: Map<Actor, Clock>;
  /** Rights spent by each actor: its decrements. */
  readonly spent: Clock;
};

/** Carries running totals, so that duplicates and reordering do no harm. `to` equal to `actor` is an increment. */
export type BoundedCounterOp =
  | { readonly kind: "grant"; readonly actor: Actor; readonly to: Actor; readonly total: number }
  | { readonly kind: "spend"; readonly actor: Actor; readonly total: number };

export const boundedCounter: CrdtType<BoundedCounter, BoundedCounterOp> = {
  name: "bounded-counter",
  signature: [TYPE_TAG.boundedCounter],
  create: () => ({ granted: new Map(), spent: new Clock() }),
  validateMerge: (state, other) => {
    const joined = boundedCounter.create();
    boundedCounter.merge(joined, state);
    boundedCounter.merge(joined, other);
    for (const actor of actorsOf(joined)) {
      if (rightsOf(joined, actor) < 0) {
        return violation(
          "insufficient-rights",
          `after the merge "${actor}" would have spent more rights than it held.`,
        );
      }
    }
    return null;
  },
  merge: (state, other) => {
    for (const [actor, grants] of other.granted) grantsOf(state, actor).merge(grants);
    state.spent.merge(other.spent);
  },
  validateOp,
  apply: (state, op) => {
    if (op.kind === "spend") state.spent.raise(op.actor, op.total);
    else grantsOf(state, op.actor).raise(op.to, op.total);
  },
  deltaOf: (_state, op) => {
    const delta = boundedCounter.create();
    boundedCounter.apply(delta, op);
    return delta;
  },
  writeState: (writer, state) => {
    const actors = [...state.granted.keys()].sort(compareText);
    writer.uint(actors.length);
    for (const actor of actors) {
      writer.name(actor);
      state.granted.get(actor)!.write(writer); // actors are its keys
    }
    state.spent.write(writer);
  },
  readState,
  writeOp: (writer, op) => {
    writer.byte(op.kind === "grant" ? 0 : 1);
    writer.name(op.actor);
    if (op.kind === "grant") writer.name(op.to);
    writer.uint(op.total);
  },
  readOp: (reader) => {
    const kind = reader.byte("the kind of a bounded counter operation");
    if (kind > 1) reader.fail(`the kind is ${kind}, expected 0 or 1.`);
    const actor = reader.name("the actor");
    if (kind === 1) return { kind: "spend", actor, total: readTotal(reader) };
    return { kind: "grant", actor, to: reader.name("the receiver"), total: readTotal(reader) };
  },
};

export function boundedCounterValue(state: BoundedCounter): number {
  let value = 0;
  for (const [actor, grants] of state.granted) value += grants.get(actor);
  state.spent.forEach((_actor, total) => {
    value -= total;
  });
  return value;
}

/** What the actor may still decrement or hand on, as far as this state knows. */
export function rightsOf(state: BoundedCounter, actor: Actor): number {
  let rights = -state.spent.get(actor);
  for (const [from, grants] of state.granted) {
    rights += grants.get(actor);
    if (from !== actor) continue;
    grants.forEach((to, total) => {
      if (to !== actor) rights -= total;
    });
  }
  return rights;
}

/** Prepares an increment. Throws CrdtError "out-of-range". */
export function boundedCounterIncrement(state: BoundedCounter, actor: Actor, amount: number): BoundedCounterOp {
  return grant(state, actor, actor, amount);
}

/** Prepares a decrement. Throws CrdtError "insufficient-rights" when the actor does not hold `amount` rights. */
export function boundedCounterDecrement(state: BoundedCounter, actor: Actor, amount: number): BoundedCounterOp {
  assertWhole(amount, 1, "the amount of a decrement");
  demandRights(state, actor, amount);
  return { kind: "spend", actor, total: state.spent.get(actor) + amount };
}

/** Prepares a hand-over of rights to another actor. Throws CrdtError "insufficient-rights". */
export function boundedCounterTransfer(
  state: BoundedCounter,
  parties: { readonly from: Actor; readonly to: Actor },
  amount: number,
): BoundedCounterOp {
  demandRights(state, parties.from, amount);
  if (parties.from === parties.to) {
    throw new CrdtError(
      violation("inconsistent", `"${parties.from}" cannot hand rights to itself: that is an increment.`),
    );
  }
  return grant(state, parties.from, parties.to, amount);
}

function grant(state: BoundedCounter, actor: Actor, to: Actor, amount: number): BoundedCounterOp {
  assertWhole(amount, 1, "the amount");
  const total = (state.granted.get(actor)?.get(to) ?? 0) + amount;
  assertWhole(total, 1, `the total of "${actor}"`);
  return { kind: "grant", actor, to, total };
}

function demandRights(state: BoundedCounter, actor: Actor, amount: number): void {
  const held = rightsOf(state, actor);
  if (held >= amount) return;
  throw new CrdtError(violation("insufficient-rights", `"${actor}" holds ${held} rights and needs ${amount}.`));
}

/** In causal delivery the rights an operation spends have always arrived before it. */
function validateOp(state: BoundedCounter, op: BoundedCounterOp): Violation | null {
  if (!Number.isSafeInteger(op.total) || op.total < 1) {
    return violation("out-of-range", `the total is ${op.total}, expected a whole number from 1 to 2^53 - 1.`);
  }
  if (op.kind === "grant" && op.to === op.actor) return null;
  const known = op.kind === "spend" ? state.spent.get(op.actor) : (state.granted.get(op.actor)?.get(op.to) ?? 0);
  const held = rightsOf(state, op.actor);
  if (op.total - known <= held) return null;
  return violation("insufficient-rights", `"${op.actor}" spends ${op.total - known} rights and holds ${held}.`);
}

function grantsOf(state: BoundedCounter, actor: Actor): Clock {
  let grants = state.granted.get(actor);
  if (grants === undefined) state.granted.set(actor, (grants = new Clock()));
  return grants;
}

function actorsOf(state: BoundedCounter): Actor[] {
  const actors = new Set(state.granted.keys());
  state.spent.forEach((actor) => {
    actors.add(actor);
  });
  return [...actors];
}

function readState(reader: ByteReader): BoundedCounter {
  const granted = new Map<Actor, Clock>();
  const count = reader.count("the number of granting actors", 3);
  let previous: Actor | null = null;
  for (let i = 0; i < count; i++) {
    const actor = reader.name("a granting actor");
    if (previous !== null && compareText(previous, actor) >= 0) reader.fail("the granting actors are not ascending.");
    const grants = Clock.read(reader);
    if (grants.isEmpty) reader.fail("a granting actor has granted nothing.");
    granted.set(actor, grants);
    previous = actor;
  }
  return { granted, spent: Clock.read(reader) };
}

function readTotal(reader: ByteReader): number {
  const total = reader.uint("the total");
  if (total === 0) reader.fail("a total is zero.");
  return total;
}
