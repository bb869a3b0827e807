/**
 * The values of TLA+.
 *
 * Finite values are hash-consed by a Universe: equal values are the same object, so equality is identity. Functions,
 * tuples, sequences and records are one kind (a function with an enumerated domain; a tuple's domain is 1..n).
 * Sets that are large or endless stay lazy (an interval, SUBSET S, [S -> T], ...) until they are compared, stored or put
 * into another value; membership in them needs no enumeration.
 */

export type StringValue = {
  readonly kind: "string";
  readonly id: number;
  readonly hash: number;
  readonly text: string;
};
/** An uninterpreted constant of the configuration: equal only to itself. */
export type ModelValue = { readonly kind: "model"; readonly id: number; readonly hash: number; readonly text: string };
export type SetValue = {
  readonly kind: "set";
  readonly id: number;
  readonly hash: number;
  /** Invariant: sorted by `Universe.compare`, no duplicates, every element finite and interned. */
  readonly elements: readonly Value[];
  /** Position of each element; made at the first look-up in a set too large to scan. */
  positions: Map<Value, number> | undefined;
};
export type FcnValue = {
  readonly kind: "fcn";
  readonly id: number;
  readonly hash: number;
  readonly domain: SetValue;
  /** Invariant: values[i] belongs to domain.elements[i]. */
  readonly values: readonly Value[];
  readonly isTuple: boolean;
};

type Cached = { normal: SetValue | undefined };
export type LazySet = Cached &
  (
    | { readonly kind: "interval"; readonly low: number; readonly high: number }
    | { readonly kind: "powerset"; readonly base: Value }
    | { readonly kind: "fcnSet"; readonly domain: Value; readonly range: Value }
    | { readonly kind: "recordSet"; readonly names: SetValue; readonly sets: readonly Value[] }
    | { readonly kind: "product"; readonly sets: readonly Value[] }
    | { readonly kind: "filter"; readonly base: Value; readonly test: (value: Value) => boolean }
    | { readonly kind: "cup"; readonly left: Value; readonly right: Value }
    | { readonly kind: "sequences"; readonly of: Value }
    | { readonly kind: "endless"; readonly name: string; readonly test: (value: Value) => boolean }
  );
/** A function that is evaluated argument by argument: recursive, or with an endless domain. */
export type LazyFcn = {
  readonly kind: "lazyFcn";
  readonly domain: Value;
  /** Shared by all functions one expression makes; what differs is in `home`. */
  readonly compute: (self: LazyFcn, argument: Value) => Value;
  readonly home: unknown;
  /** Kept only where the function mentions itself. */
  readonly memo: Map<Value, Value> | undefined;
  normal: FcnValue | undefined;
};
/** An operator passed as an argument, or a LAMBDA. */
export type OperatorValue = {
  readonly kind: "operator";
  readonly name: string;
  readonly arity: number;
  readonly apply: (args: readonly Value[]) => Value;
};
export type Thing = StringValue | ModelValue | SetValue | FcnValue;
export type Value = number | boolean | Thing | LazySet | LazyFcn | OperatorValue;

/** Sets with more elements are refused when they must be enumerated at once; TLC's limit is the same. */
export const SET_SIZE_MAX = 1_000_000;
