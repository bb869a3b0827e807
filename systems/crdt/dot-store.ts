/**
 * Causal types: a store of dots under one causal context, and the join that all of them share.
 *
 * A store holds what is live; the context says what was seen. Seen and not live means removed, so no tombstones are needed.
 * A store nested in a map shares the context of the map, which is what makes reset-remove exact.
 *
 * Removes speak in clocks: "of this key, everything up to these counters". The part of a clock that was not seen yet is deferred: it
 * waits in the store and takes effect when the update it means arrives. So the outcome does not depend on the order of delivery.
 * A deferred part is dropped once all it covers was seen; parts that outlived this in memory are left out by `write`.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, Clock, type Dot } from "./clock.ts";
import type { CrdtType } from "./crdt.ts";
import { DotContext } from "./dot-context.ts";
import { type Violation, violation } from "./violation.ts";

export type DotStore<T, O> = {
  readonly name: string;
  readonly signature: readonly number[];
  create(): T;
  /** Nothing live and nothing deferred that `seen` does not cover. */
  isEmpty(store: T, seen: DotContext): boolean;
  /** Joins `other` into `store`; both contexts as they were before the join. Leaves `seen` alone. */
  join(store: T, seen: DotContext, other: T, otherSeen: DotContext): void;
  /** Drops everything live that the clock covers (reset-remove). */
  reset(store: T, clock: Clock): void;
  /** The dot of an operation that adds something; null for a remove. */
  dotOf(op: O): Dot | null;
  /** Applies; the caller adds the dot to `seen` afterwards. The adding half does nothing when the dot was seen before. */
  apply(store: T, seen: DotContext, op: O): void;
  /** The store half of a delta; its context is the dot of the operation. */
  deltaOf(op: O): T;
  /** Visits the live dots; one of a nested value may come more than once. */
  forEachLive(store: T, visit: (actor: Actor, counter: number) => void): void;
  /** Checks beyond those of the dot itself. */
  validateOp(store: T, seen: DotContext, op: O): Violation | null;
  /** `seen` is the context of `store`: only dots it holds can contradict. */
  validateJoin(store: T, seen: DotContext, other: T): Violation | null;
  /** Drops deferred parts that `seen` covers. */
  settle(store: T, seen: DotContext): void;
  write(writer: ByteWriter, store: T, seen: DotContext): void;
  /** `seen` was read before: every live dot must be in it, every deferred clock must not be covered. */
  read(reader: ByteReader, seen: DotContext): T;
  writeOp(writer: ByteWriter, op: O): void;
  readOp(reader: ByteReader): O;
};

export type Causal<T> = { readonly seen: DotContext; readonly store: T };

/** A store as a type of its own, with its own context. */
export function causal<T, O>(store: DotStore<T, O>): CrdtType<Causal<T>, O> {
  return {
    name: store.name,
    signature: store.signature,
    create: () => ({ seen: new DotContext(), store: store.create() }),
    validateMerge: (state, other) => store.validateJoin(state.store, state.seen, other.store),
    merge: (state, other) => {
      store.join(state.store, state.seen, other.store, other.seen);
      // What was deferred waits for a gap to close: while none does, nothing is settled.
      if (state.seen.merge(other.seen)) store.settle(state.store, state.seen);
    },
    validateOp: (state, op) => {
      const dot = store.dotOf(op);
      return (dot === null ? null : validateDot(dot, state.seen)) ?? store.validateOp(state.store, state.seen, op);
    },
    apply: (state, op) => {
      store.apply(state.store, state.seen, op);
      const dot = store.dotOf(op);
      if (dot !== null && state.seen.add(dot.actor, dot.counter)) store.settle(state.store, state.seen);
    },
    isDeltaOp: true,
    deltaOf: (_state, op) => {
      const seen = new DotContext();
      const dot = store.dotOf(op);
      if (dot !== null) seen.add(dot.actor, dot.counter);
      return { seen, store: store.deltaOf(op) };
    },
    writeState: (writer, state) => {
      state.seen.write(writer);
      store.write(writer, state.store, state.seen);
    },
    readState: (reader) => {
      const seen = DotContext.read(reader);
      return { seen, store: store.read(reader, seen) };
    },
    writeOp: store.writeOp,
    readOp: store.readOp,
  };
}

/** Adds to `deferred` the entries of a remove's clock under which a dot may still fall that neither context has seen. */
export function defer(deferred: Clock, clock: Clock, seen: DotContext, otherSeen?: DotContext): void {
  for (const dot of clock.entries) {
    const have = seen.contiguous(dot.actor);
    // A delta that follows what was seen has a context that starts there: the two together leave nothing to wait for.
    if (have < dot.counter && otherSeen?.hasRange(dot.actor, have + 1, dot.counter) !== true) deferred.raiseTo(dot);
  }
}

/** Drops the entries of a deferred clock that have been seen whole. */
export function settleClock(deferred: Clock, seen: DotContext): void {
  if (!deferred.isEmpty) deferred.retain((actor, counter) => !isCovered(actor, counter, seen));
}

export function isCovered(actor: Actor, counter: number, seen: DotContext): boolean {
  return seen.contiguous(actor) >= counter;
}

/** What `write` puts down of a deferred clock, and null when nothing is left of it. */
export function unsettled(deferred: Clock, seen: DotContext): Clock | null {
  if (deferred.isEmpty) return null;
  const rest = deferred.copy();
  settleClock(rest, seen);
  return rest.isEmpty ? null : rest;
}

/** Reads a clock of live dots and refuses dots outside the context. */
export function readLiveDots(reader: ByteReader, seen: DotContext): Clock {
  const dots = Clock.read(reader);
  for (const { actor, counter } of dots.entries) {
    if (!seen.has(actor, counter)) reader.fail(`the live dot ${counter} of "${actor}" is not in the context.`);
  }
  return dots;
}

/** Reads a deferred clock and refuses one that says nothing new. */
export function readDeferred(reader: ByteReader, seen: DotContext): Clock {
  const clock = Clock.read(reader);
  clock.forEach((actor, counter) => {
    if (isCovered(actor, counter, seen))
      reader.fail(`a deferred remove of "${actor}" up to ${counter} was seen already.`);
  });
  return clock;
}

function validateDot(dot: Dot, seen: DotContext): Violation | null {
  const have = seen.contiguous(dot.actor);
  if (dot.counter < 1)
    return violation("out-of-range", `the dot of "${dot.actor}" is ${dot.counter}; dots start at 1.`);
  if (dot.counter <= have + 1 || seen.has(dot.actor, dot.counter)) return null;
  return violation(
    "missing-dots",
    `dot ${dot.counter} of "${dot.actor}" came before ${have + 1} to ${dot.counter - 1}.`,
  );
}

/** A violation when the clock of a remove names updates that have not arrived: it would be deferred. */
export function validateRemove(clock: Clock, seen: DotContext): Violation | null {
  for (const dot of clock.entries) {
    const have = seen.contiguous(dot.actor);
    if (have < dot.counter && !seen.has(dot.actor, dot.counter)) {
      return violation(
        "missing-dots",
        `the remove has seen "${dot.actor}" up to ${dot.counter}, this replica up to ${have}.`,
      );
    }
  }
  return null;
}

/** The dots of `theirs` that were seen here and are not live under the same key: removed, or spent twice. */
export function suspects(theirs: Clock, mine: Clock | undefined, seen: DotContext): Clock {
  const found = new Clock();
  for (const dot of theirs.entries) {
    if (seen.has(dot.actor, dot.counter) && mine?.get(dot.actor) !== dot.counter) found.raiseTo(dot);
  }
  return found;
}

/** Finds the key that holds each live dot, to notice a dot that was spent twice. */
export class DotOwners<K> {
  readonly #owners: Map<Actor, Map<number, K>> = new Map();

  add(dots: Clock, key: K): void {
    for (const { actor, counter } of dots.entries) {
      let counters = this.#owners.get(actor);
      if (counters === undefined) this.#owners.set(actor, (counters = new Map()));
      counters.set(counter, key);
    }
  }

  /** A violation when one of the dots is live under another key. */
  conflict(dots: Clock, key: K): Violation | null {
    for (const { actor, counter } of dots.entries) {
      const owner = this.#owners.get(actor)?.get(counter);
      if (owner === undefined || owner === key) continue;
      const names = `dot ${counter} of "${actor}" names two updates: of ${owner} and of ${key}.`;
      return violation("double-spent-dot", names);
    }
    return null;
  }
}
