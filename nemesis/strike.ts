/** One fault of a plan while a run executes it, and what its executor is given. */
import type { Control } from "../sim/control.ts";
import type { ActiveFault } from "../sim/kernel.ts";
import type { Fault, Struck } from "./plan.ts";

export type StrikeState =
  /** Its time, its trigger or its target has not come. */
  | "waiting"
  | "active"
  | "healed"
  /** The budget did not allow it. */
  | "refused"
  /** Its trigger never fired, or its target matched nobody within the bound. */
  | "missed";

export type Strike = {
  readonly index: number;
  readonly fault: Fault;
  readonly active: ActiveFault;
  state: StrikeState;
  struck: Struck | null;
  endUs: number;
  heal: () => void;
  /** Why it was refused or missed. */
  miss: Miss | null;
};

/** Why a fault never struck, in one word for counting. */
export type MissCode =
  /** Its time came after the chaos phase, or the run, had ended. */
  | "after-end"
  /** No point of the name that its trigger waits for was reached. */
  | "point-never-reached"
  /** Points of the name were reached, but not enough of them, or not on the hosts that count. */
  | "too-few-points"
  /** What it was to strike matched no host while it tried. */
  | "no-target"
  /** The budget of harm, or of nodes that are down, did not cover it. */
  | "over-budget";

export type Miss = { readonly code: MissCode; readonly reason: string };

export function makeStrike(fault: Fault, index: number): Strike {
  return {
    index,
    fault,
    active: { index, kind: fault.kind, effects: 0 },
    state: "waiting",
    struck: null,
    endUs: 0,
    heal: () => {},
    miss: null,
  };
}

/** What a fault resolved to when it struck. */
export type Where = {
  readonly hosts: readonly string[];
  readonly order: readonly string[];
  readonly links: readonly string[];
};

export type Field = {
  readonly control: Control;
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  /** Hosts that no heal boots any more. */
  readonly keptDown: Set<string>;
};

/** Starts the fault and returns what ends it. */
export type Executor<F extends Fault> = (fault: F, where: Where, active: ActiveFault, field: Field) => () => void;
