/**
 * Sequential models: what an object does when operations come one at a time.
 *
 * A model is a plain record of functions. States are immutable values. `step` returns every state that the operation
 * may leave behind: none means that it is illegal there, several that the model is nondeterministic. A pending
 * operation has no output, so any outcome is legal for it: a model returns the states of all outcomes.
 *
 * The traits at the end are promises that let a search skip work; a model that makes none is still checked
 * correctly. model-traits.test.ts tests the promises of every model here.
 */
import type { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";

export type Model<S> = {
  readonly name: string;
  readonly init: S;
  /** The functions that it knows. */
  readonly functions: readonly string[];
  /** What it expected of an operation whose argument or outcome has the wrong shape; undefined when it is fine. */
  problemWith?(operation: Operation): string | undefined;
  /** Next states; empty when illegal. Must be a pure function. Heavy steps call meter.spend. */
  step(state: S, operation: Operation, meter: Meter): readonly S[];
  /** A key of the state; equal states must have equal keys. */
  hash(state: S): string | number;
  /** Absent: states are equal when their keys are. */
  equal?(left: S, right: S): boolean;
  /** Operations with equal names are alike to `step`. Absent or undefined: function, key, argument, outcome. */
  classOf?(operation: Operation): string | undefined;
  /** Operations of different keys are independent: each key is checked on its own. Absent: one partition. */
  keyOf?(operation: Operation): string;
  describe(operation: Operation): string;
  describeState(state: S): string;

  /** Promise: in every state the operation is illegal or leaves exactly that state. */
  isPure?(operation: Operation): boolean;
  /** Promise: legal in every state, and the one state it leaves does not depend on the state before. */
  isBlind?(operation: Operation): boolean;
  /**
   * Promise: deleting all operations of one element from a legal sequence leaves it legal. Undefined: the operation belongs
   * to no element and stays. Used to shrink a counterexample without making up a new one.
   */
  elementOf?(operation: Operation): string | undefined;
};
