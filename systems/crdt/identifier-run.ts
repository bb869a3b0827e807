/** The runs of an identifier list, and the operations on it. */
import type { Actor } from "./clock.ts";
import { LEVEL, type Level, type Path } from "./identifier.ts";
import type { ListDelete } from "./origin-run.ts";
import type { TreeNode } from "./run-tree.ts";
import { type Violation, violation } from "./violation.ts";

/** Elements with one prefix, consecutive digits and consecutive dots, side by side. */
export type IdentifierRun<C> = {
  readonly actor: number;
  readonly counter: number;
  length: number;
  readonly prefix: Path;
  readonly digit: number;
  content: C;
  readonly isLive: true;
  /** A hint of this replica, never encoded: elements behind this run, up to the next, were deleted. */
  hasGhosts: boolean;
  leaf: TreeNode<IdentifierRun<C>> | null;
};

export type IdentifierInsert<C> = {
  readonly kind: "insert";
  /** Of the first element; dots and digits of the others count up. */
  readonly dot: { readonly actor: Actor; readonly counter: number };
  readonly prefix: readonly Level[];
  readonly digit: number;
  readonly content: C;
};
export type IdentifierOp<C> = IdentifierInsert<C> | ListDelete;

/** The same run with the actor numbers of another list. */
export function translate<C>(run: IdentifierRun<C>, numbers: readonly number[]): IdentifierRun<C> {
  const isSame = numbers.every((number, i) => number === i);
  const prefix = isSame ? run.prefix : run.prefix.map((part, i) => (i % LEVEL === 1 ? numbers[part]! : part));
  return { ...run, actor: numbers[run.actor]!, prefix, hasGhosts: false, leaf: null };
}

/** True when `b` is what `a` would be continued with: together they are one run. */
export function continuesIdentifiers(a: IdentifierRun<unknown>, b: IdentifierRun<unknown>): boolean {
  return (
    a.actor === b.actor &&
    a.counter + a.length === b.counter &&
    a.digit + a.length === b.digit &&
    (a.prefix === b.prefix ||
      (a.prefix.length === b.prefix.length && a.prefix.every((part, i) => part === b.prefix[i])))
  );
}

export function isSamePlace(run: IdentifierRun<unknown>, counter: number, prefix: Path, digit: number): boolean {
  if (run.digit + counter - run.counter !== digit || run.prefix.length !== prefix.length) return false;
  return run.prefix.every((part, i) => part === prefix[i]);
}

export function doubleSpent(actor: Actor, counter: number): Violation {
  return violation("double-spent-dot", `dot ${counter} of "${actor}" names two different elements.`);
}
