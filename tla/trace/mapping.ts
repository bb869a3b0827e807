/**
 * How a recorded run is read as a behaviour of a specification: declared data, so that it can be reviewed and counted.
 */
import type { PlainValue } from "./plain.ts";

/** One value of the observed state after an event; a path reaches into functions (`term[n1]` is path [n1]). */
export type ObservedChange = {
  readonly variable: string;
  readonly path?: readonly PlainValue[] | undefined;
  readonly value: PlainValue;
  /**
   * The place holds a sequence, and `value` is the list of what stands in it from this position on, to its end: a log
   * that grew need not be told as a whole. What stands before is as it was, or was not seen.
   */
  readonly from?: number | undefined;
  readonly before?: "as it was" | "not seen" | undefined;
};

/** What was seen of one event. */
export type Observation = {
  readonly event: string;
  /** Arguments for the action, in the order of its parameters. */
  readonly args?: readonly PlainValue[] | undefined;
  /** Values after the event: whole variables, or parts of functions. */
  readonly changes?: readonly ObservedChange[] | undefined;
};

export type EventMapping =
  /** One step of this action of the specification, or of one of several. */
  | { readonly kind: "action"; readonly action: string | readonly string[] }
  /** These actions one after another, seen as one event; all get the event's arguments they take. */
  | { readonly kind: "composed"; readonly actions: readonly string[] }
  /** Some step of the next-state relation. */
  | { readonly kind: "next" }
  /** The specification does not move; what was observed must still agree. */
  | { readonly kind: "stutter" }
  /** Not looked at. Counted, so that a mapping that skips everything is seen. */
  | { readonly kind: "skip" };

export type TraceMapping = {
  readonly events: Readonly<Record<string, EventMapping>>;
  /**
   * What holds of variables an event says nothing about: `unchanged` (the observation is complete: no search is needed) or
   * `unknown` (the specification decides; all possibilities are followed).
   */
  readonly unobserved: "unchanged" | "unknown";
  /**
   * Variables that no implementation has, such as the network and history: the action gives them their next values, and
   * everything else must be as observed. Only with `unobserved: "unchanged"`, and then no search is needed: an action that leaves
   * several outcomes open is settled by what was observed, the first outcome that agrees.
   */
  readonly ghosts?: readonly string[] | undefined;
  /** True: what an action does not mention, such as the variables of an extension, it leaves as it was. Only with ghosts. */
  readonly isFramed?: boolean | undefined;
  /**
   * With ghosts: every n-th step is judged a second time, by the predicate path, so that a fault in the generator that moves
   * the ghosts cannot hide itself for long. Default 1.
   */
  readonly predicateEvery?: number | undefined;
  /** Actions without parameters, or operators of the specification, that may happen unseen before an event. */
  readonly hidden?: readonly string[] | undefined;
  /** How many hidden steps may lie between two events. Default 1. */
  readonly hiddenMax?: number | undefined;
  /** How many possible states are followed at once before the answer is "unknown". Default 64. */
  readonly candidatesMax?: number | undefined;
  /** Check the configuration's invariants in every n-th state; 0 never. Default 1. */
  readonly invariantsEvery?: number | undefined;
};
