/**
 * The machine: what compiled specifications run on. One per model; nothing here is shared between models.
 *
 * A frame holds one activation of an operator: slot 0 is the frame of the enclosing scope, the rest are parameters,
 * bound variables and LET definitions. Assigned variables are recorded on a trail, so that whoever tries alternatives can
 * take them back.
 */
import type { TlaError } from "../errors.ts";
import type { Value } from "../values/types.ts";
import { Universe } from "../values/universe.ts";

/** An argument not yet evaluated: by need for values, by name for actions and under a prime. */
export type Thunk = {
  readonly kind: "thunk";
  readonly code: ThunkCode;
  readonly frame: Frame;
  value: Value | undefined;
};
export type ThunkCode = {
  readonly evaluate: Evaluate;
  /** Whether the value may be kept: false if it depends on the next state. */
  readonly isCacheable: boolean;
  /** The argument as an action; made when first needed. */
  readonly action: (mode: "init" | "next") => Action;
  /** The index of the variable the argument names, or -1. */
  readonly variable: number;
  /** The index of the variable whose prime the argument is, or -1. */
  readonly primed: number;
};
export type Slot = Value | Thunk | Frame | undefined;
export type Frame = Slot[];
export type Evaluate = (frame: Frame) => Value;
/** Goes on with the rest of an action; true stops the search. */
export type Continue = () => boolean;
/**
 * An action. `step` exists when the action has at most one outcome: it assigns what it assigns and says whether it held.
 * `run` calls the continuation once for each outcome.
 */
export type Action = {
  readonly step: ((frame: Frame) => boolean) | undefined;
  readonly run: (frame: Frame, then: Continue) => boolean;
};
export type State = (Value | undefined)[];

/** What the outside provides: output of Print, files for Json and IOUtils, environment of IOUtils. */
export type Surroundings = {
  readonly print: (text: string) => void;
  readonly readText: (name: string) => string | undefined;
  readonly environment: Readonly<Record<string, string>>;
  /** Whole seconds since the check began, for TLCGet("duration"); without it, that is refused. */
  readonly secondsElapsed?: (() => number) | undefined;
};

/** Counts of the search so far. */
export type Figures = {
  readonly distinct: number;
  readonly generated: number;
  readonly queue: number;
  readonly diameter: number;
};

export type Machine = {
  readonly u: Universe;
  readonly surroundings: Surroundings;
  /** The variables' names, in the order of a state. */
  names: readonly string[];
  current: State;
  next: State;
  /** The state under construction: `current` while initial states are made, else `next`. */
  target: State;
  /** Indices of the variables assigned in `target`, in order. */
  readonly trail: number[];
  /** The action being taken, an index into `labels`, or -1. */
  label: number;
  readonly registers: Map<number, Value>;
  /** The level of the state in `current` (1 for initial states; 0 where there is none yet), for TLCGet("level"). */
  level: number;
  /** What TLCGet("distinct") and its like report. */
  figures: () => Figures;
  /** How the specification is checked, for TLCGet("config"). */
  mode: "bfs" | "simulate";
  isDeadlockChecked: boolean;
  /** State of the generator behind RandomElement and Randomization. */
  random: number;
  /**
   * While one of these is not 0 and stays the same, `current` (or `next`, unless it is under construction) keeps what it holds,
   * so that state-level definitions are evaluated once for it. 0 wherever nobody promises that.
   */
  epoch: number;
  nextEpoch: number;
  /** The last epoch that was given out. */
  epochCount: number;
  /** The behaviour up to the state in `current`, for TLCExt!Trace; undefined where no behaviour is known. */
  trace: (() => readonly (readonly (Value | undefined)[])[]) | undefined;
  /** How many ENABLED are being evaluated, one inside another. */
  enabledDepth: number;
  /** States between the two halves of `A \\cdot B`, which TLC counts as generated. */
  composed: number;
  /** Notes an Assert that is false, which is then passed over; without it, it is an error. */
  onAssertion: ((error: TlaError) => void) | undefined;
  /** Set by TLCSet("exit", TRUE). */
  isExitRequested: boolean;
};

export function createMachine(surroundings: Surroundings): Machine {
  const u = new Universe();
  return {
    u,
    surroundings,
    names: [],
    current: [],
    next: [],
    target: [],
    trail: [],
    label: -1,
    registers: new Map(),
    level: 0,
    figures: () => ({ distinct: 0, generated: 0, queue: 0, diameter: 0 }),
    mode: "bfs",
    isDeadlockChecked: true,
    random: 0x2545f491,
    epoch: 0,
    nextEpoch: 0,
    epochCount: 0,
    trace: undefined,
    composed: 0,
    enabledDepth: 0,
    onAssertion: undefined,
    isExitRequested: false,
  };
}

/** Takes back the assignments made since the trail had the given length. */
export function undo(m: Machine, mark: number): void {
  const { trail, target } = m;
  while (trail.length > mark) target[trail.pop()!] = undefined;
}

/** A whole number below the bound from the model's own generator (xorshift32). */
export function drawBelow(m: Machine, bound: number): number {
  let x = m.random;
  x ^= x << 13;
  x ^= x >>> 17;
  x ^= x << 5;
  m.random = x >>> 0;
  return m.random % bound;
}
