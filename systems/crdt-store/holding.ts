/**
 * A type whose states also say which updates they hold: the product of any CRDT with a set of update names.
 *
 * The names travel wherever the state does (messages, journals, snapshots), so the answer to "what do you hold?" is exact at every
 * moment. They are not the dots of the type: who names updates is the store, once for each update and boot.
 */
import { type CrdtType, type Dot, DotContext, type Violation } from "../crdt/index.ts";
import { readDot, writeDot } from "../crdt/clock.ts";
import type { PlainData } from "../../sim/host.ts";

export type Holding<S> = { readonly held: DotContext; readonly inner: S };
export type HoldingOp<O> = { readonly id: Dot; readonly op: O };

/** The first byte of its signature; types of the library count up from 1. */
const TAG = 200;

export function holding<S, O>(type: CrdtType<S, O>): CrdtType<Holding<S>, HoldingOp<O>> {
  return {
    name: `holding(${type.name})`,
    signature: [TAG, ...type.signature],
    create: () => ({ held: new DotContext(), inner: type.create() }),
    validateMerge: (state, other): Violation | null => type.validateMerge(state.inner, other.inner),
    merge: (state, other) => {
      type.merge(state.inner, other.inner);
      state.held.merge(other.held);
    },
    validateOp: (state, { op }) => type.validateOp(state.inner, op),
    apply: (state, { id, op }) => {
      type.apply(state.inner, op);
      state.held.add(id.actor, id.counter);
    },
    deltaOf: (state, { id, op }) => {
      const held = new DotContext();
      held.add(id.actor, id.counter);
      return { held, inner: type.deltaOf(state.inner, op) };
    },
    writeState: (writer, state) => {
      state.held.write(writer);
      type.writeState(writer, state.inner);
    },
    readState: (reader) => ({ held: DotContext.read(reader), inner: type.readState(reader) }),
    writeOp: (writer, { id, op }) => {
      writeDot(writer, id);
      type.writeOp(writer, op);
    },
    readOp: (reader) => ({ id: readDot(reader), op: type.readOp(reader) }),
  };
}

/** Contents as plain data: { "n1.1": 12, "n2.1": [1, 3, 5, 9] } holds 1 to 12 of n1.1, and 1 to 3 and 5 to 9 of n2.1. */
export function plainContents(held: DotContext): { readonly [actor: string]: PlainData } {
  const plain: { [actor: string]: number[] } = {};
  held.forEachRange((actor, low, high) => {
    const ranges = plain[actor];
    if (ranges === undefined) plain[actor] = [low, high];
    else ranges.push(low, high);
  });
  return Object.fromEntries(
    Object.entries(plain).map(([actor, ranges]) => [
      actor,
      ranges.length === 2 && ranges[0] === 1 ? ranges[1]! : ranges,
    ]),
  );
}
