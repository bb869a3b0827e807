/**
 * The version vector and the causal context as CRDTs of their own. An operation is a dot; a delta is a state with that dot.
 *
 * Use `versionVector` where operations of an actor arrive in order (a gap is a violation), `causalContext` where they may not.
 */
import { Clock, type Dot, readDot, writeDot } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { DotContext } from "./dot-context.ts";
import { type Violation, violation } from "./violation.ts";

export const versionVector: CrdtType<Clock, Dot> = {
  name: "version-vector",
  signature: [TYPE_TAG.clock],
  create: () => new Clock(),
  validateMerge: () => null,
  merge: (state, other) => state.merge(other),
  validateOp: (state, dot) => missingBefore(dot, state.get(dot.actor)),
  apply: (state, dot) => state.raise(dot.actor, dot.counter),
  deltaOf: (_state, dot) => Clock.of([dot]),
  writeState: (writer, state) => state.write(writer),
  readState: (reader) => Clock.read(reader),
  writeOp: writeDot,
  readOp: readDot,
};

export const causalContext: CrdtType<DotContext, Dot> = {
  name: "causal-context",
  signature: [TYPE_TAG.context],
  create: () => new DotContext(),
  validateMerge: () => null,
  merge: (state, other) => state.merge(other),
  validateOp: (_state, dot) =>
    dot.counter >= 1
      ? null
      : violation("out-of-range", `the dot of "${dot.actor}" is ${dot.counter}; dots start at 1.`),
  apply: (state, dot) => state.add(dot.actor, dot.counter),
  deltaOf: (_state, dot) => {
    const delta = new DotContext();
    delta.add(dot.actor, dot.counter);
    return delta;
  },
  writeState: (writer, state) => state.write(writer),
  readState: (reader) => DotContext.read(reader),
  writeOp: writeDot,
  readOp: readDot,
};

/** A violation when the dot is not the next one of its actor, nor one already seen. */
export function missingBefore(dot: Dot, have: number): Violation | null {
  if (dot.counter < 1)
    return violation("out-of-range", `the dot of "${dot.actor}" is ${dot.counter}; dots start at 1.`);
  if (dot.counter <= have + 1) return null;
  return violation(
    "missing-dots",
    `dot ${dot.counter} of "${dot.actor}" came before ${have + 1} to ${dot.counter - 1}.`,
  );
}
