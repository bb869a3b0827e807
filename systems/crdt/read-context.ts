/**
 * Causal contexts: what a read saw, kept with the value so that a later write or remove speaks about exactly that.
 *
 * A remove made of a read removes what was read and nothing newer. A context belongs to what it was read from: using the context
 * of one key to remove another would silently lose updates (a documented trap of rust-crdt), so it names its subject and
 * the mutators refuse a foreign one.
 */
import type { Actor, Clock, Dot } from "./clock.ts";
import { CrdtError, violation } from "./violation.ts";

/** The subject of a context that was read from a whole set or map. */
export const WHOLE: unique symbol = Symbol("whole");
export type Subject = string | number | typeof WHOLE;

export type ReadContext<V> = {
  readonly value: V;
  /** What to remove when the value is removed: the updates that made it. */
  readonly removes: Clock;
  /** Everything seen at the time of the read. */
  readonly seen: Clock;
  readonly subject: Subject;
};

/** The dot of an update by this actor that follows what was read. Only the actor's own, current replica may use it. */
export function deriveDot(context: ReadContext<unknown>, actor: Actor): Dot {
  return context.seen.next(actor);
}

/** The clock a remove of `subject` carries. Throws CrdtError "foreign-context" when the context was read elsewhere. */
export function deriveRemove(context: ReadContext<unknown>, subject: Subject): Clock {
  if (context.subject === subject || context.subject === WHOLE) return context.removes.copy();
  const read = JSON.stringify(context.subject.toString());
  throw new CrdtError(
    violation("foreign-context", `the context was read from ${read}, not from ${JSON.stringify(subject.toString())}.`),
  );
}
