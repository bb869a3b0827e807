/** The runs of a list whose elements remember where they were inserted, and the operations on such lists. */
import type { Actor, Dot } from "./clock.ts";
import type { TreeNode } from "./run-tree.ts";

/** Fugue remembers both neighbours; RGA the left one and a Lamport stamp. */
export type OriginRule = "fugue" | "rga";

/**
 * Elements (actor, counter) to (actor, counter + length - 1), side by side. Each element after the first has the one before it as its
 * left origin, all share the right origin, and stamps count up by one. Actors are numbers in the table of their list; -1 in an
 * origin is the start (left) or the end (right) of the document.
 */
export type OriginRun<C> = {
  readonly actor: number;
  readonly counter: number;
  length: number;
  readonly leftActor: number;
  readonly leftCounter: number;
  readonly rightActor: number;
  readonly rightCounter: number;
  /** Of the first element; 0 in Fugue lists. */
  readonly stamp: number;
  /** Null when the elements were deleted. */
  content: C | null;
  isLive: boolean;
  leaf: TreeNode<OriginRun<C>> | null;
};

export type DotRange = { readonly actor: Actor; readonly counter: number; readonly length: number };

export type ListInsert<C> = {
  readonly kind: "insert";
  /** Of the first element; the others count up. */
  readonly dot: Dot;
  /** The element left of the insertion; null at the start of the document. */
  readonly left: Dot | null;
  /** The element right of it, deleted ones included; null at the end, and in RGA lists. */
  readonly right: Dot | null;
  readonly stamp: number;
  readonly content: C;
};
export type ListDelete = { readonly kind: "delete"; readonly ranges: readonly DotRange[] };
export type OriginOp<C> = ListInsert<C> | ListDelete;

/** What decides whether two runs are one. */
export type RunPlace = Pick<
  OriginRun<unknown>,
  "actor" | "counter" | "length" | "leftActor" | "leftCounter" | "rightActor" | "rightCounter" | "stamp"
>;

/** True when `b` is what `a` would be continued with: together they are one run, deletion aside. */
export function continues(a: RunPlace, b: RunPlace, rule: OriginRule): boolean {
  return (
    a.actor === b.actor &&
    a.counter + a.length === b.counter &&
    b.leftActor === a.actor &&
    b.leftCounter === b.counter - 1 &&
    a.rightActor === b.rightActor &&
    a.rightCounter === b.rightCounter &&
    (rule === "fugue" || b.stamp === a.stamp + a.length)
  );
}
