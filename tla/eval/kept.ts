/**
 * State-level definitions without parameters are evaluated once for a state while it is judged: the formulas that an INSTANCE
 * gives for variables are mentioned again and again.
 *
 * A value is kept for the array that holds the state and for the machine's epoch, which changes whenever what such an array
 * holds may have changed. Never kept: what asks for more than the state, and states that are still being made.
 */
import type { Value } from "../values/types.ts";
import { entityLevel, isImpure } from "./levels.ts";
import type { Machine, State } from "./machine.ts";
import type { DefinitionEntity } from "./scope.ts";

/** The value of a state-level definition in the state (and while it stays what it is) that it was last evaluated in. */
export type Kept = { state: State | undefined; epoch: number; value: Value | undefined };

export function mayBeKept(definition: DefinitionEntity): boolean {
  return definition.up === undefined && entityLevel(definition) === 1 && !isImpure(definition);
}

/** For the state that a step starts from, the one it leads to, and one that is looked at alone. */
export function keptValues(): readonly Kept[] {
  return [0, 1, 2].map(() => ({ state: undefined, epoch: 0, value: undefined }));
}

/** Which of them the machine is looking at; -1 if that state may still change. */
export function placeOf(m: Machine): number {
  const { current } = m;
  if (current === m.target) return -1;
  if (current === m.next) return m.nextEpoch === 0 ? -1 : 1;
  if (m.epoch === 0) return -1;
  return m.next.length === 0 ? 2 : 0;
}

/** What is kept for the state that the machine is looking at. */
export function keptValue(kept: Kept, m: Machine, at: number): Value | undefined {
  return kept.state === m.current && kept.epoch === epochOf(m, at) ? kept.value : undefined;
}

function epochOf(m: Machine, at: number): number {
  return at === 1 ? m.nextEpoch : m.epoch;
}

export function keep(kept: Kept, m: Machine, at: number, value: Value): void {
  kept.state = m.current;
  kept.epoch = epochOf(m, at);
  kept.value = value;
}
