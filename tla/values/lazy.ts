/**
 * Lazy sets: membership without enumeration, enumeration in the universe's order without building the set.
 *
 * The enumerations of SUBSET S, [S -> T], products and record sets come out sorted by `Universe.compare`, so that CHOOSE
 * and a streamed \E see the same order as the enumerated set would give.
 */
import { fail } from "../errors.ts";
import { showValue } from "./print.ts";
import { type FcnValue, type LazySet, SET_SIZE_MAX, type SetValue, type Value } from "./types.ts";
import type { Universe } from "./universe.ts";

export function isLazySet(value: Value): value is LazySet {
  if (typeof value !== "object") return false;
  switch (value.kind) {
    case "interval":
    case "powerset":
    case "fcnSet":
    case "recordSet":
    case "product":
    case "filter":
    case "cup":
    case "sequences":
    case "endless":
      return true;
    default:
      return false;
  }
}

/** Membership. Throws if the second value is no set. */
export function contains(u: Universe, set: Value, value: Value): boolean {
  if (typeof set !== "object") return fail(`${showValue(set)} is not a set, so nothing can be its element`);
  switch (set.kind) {
    case "set": {
      const normal = u.normalise(value);
      if (u.position(set, normal) >= 0) return true;
      if (set.elements.length > 0) u.equal(set.elements[0]!, normal); // an element of another kind is an error
      return false;
    }
    case "interval":
      if (typeof value === "number") return value >= set.low && value <= set.high;
      return typeof value === "object" && value.kind === "model"
        ? false
        : fail(`${showValue(value)} is no number, but is looked for in ${showValue(set)}`);
    case "powerset":
      return isSubset(u, value, set.base);
    case "fcnSet": {
      const fcn = functionIn(u, value, "function", set);
      if (fcn === undefined || !u.equal(fcn.domain, set.domain)) return false;
      return fcn.values.every((item) => contains(u, set.range, item));
    }
    case "recordSet": {
      const fcn = functionIn(u, value, "record", set);
      if (fcn === undefined || fcn.domain !== set.names) return false;
      return fcn.values.every((item, i) => contains(u, set.sets[i]!, item));
    }
    case "product": {
      const fcn = functionIn(u, value, "tuple", set);
      if (fcn === undefined || !fcn.isTuple || fcn.values.length !== set.sets.length) return false;
      return fcn.values.every((item, i) => contains(u, set.sets[i]!, item));
    }
    case "filter":
      if (set.normal !== undefined) return contains(u, set.normal, value);
      return contains(u, set.base, value) && set.test(value);
    case "cup":
      return contains(u, set.left, value) || contains(u, set.right, value);
    case "sequences": {
      const fcn = functionIn(u, value, "sequence", set);
      return fcn?.isTuple === true && fcn.values.every((item) => contains(u, set.of, item));
    }
    case "endless":
      return set.test(value);
    default:
      return fail(`${showValue(set)} is not a set, so nothing can be its element`);
  }
}

/** The function that is looked for in a set of functions; undefined for a model value. Throws for anything else, as TLC does. */
function functionIn(u: Universe, value: Value, what: string, set: Value): FcnValue | undefined {
  const fcn = u.normalise(value);
  if (typeof fcn === "object") {
    if (fcn.kind === "fcn") return fcn;
    if (fcn.kind === "model") return undefined;
  }
  return fail(`${showValue(value)} is no ${what}, but is looked for in ${showValue(set)}`);
}

export function isSubset(u: Universe, small: Value, large: Value): boolean {
  if (small === large) return true;
  return !visit(u, small, (value) => !contains(u, large, value));
}

/** The finite set as an interned value. Throws for endless sets, for non-sets, and beyond SET_SIZE_MAX elements. */
export function enumerate(u: Universe, set: Value): SetValue {
  if (typeof set === "object" && set.kind === "set") return set;
  if (!isLazySet(set)) return fail(`${showValue(set)} is not a set`);
  if (set.normal !== undefined) return set.normal;
  const elements: Value[] = [];
  const reads = u.nextReads;
  if (set.kind === "cup") {
    const made = merge(u, enumerate(u, set.left).elements, enumerate(u, set.right).elements);
    if (u.nextReads === reads) set.normal = made;
    return made;
  }
  visit(u, set, (value) => {
    if (elements.length >= SET_SIZE_MAX)
      return fail(`the set ${showValue(set)} has more than ${SET_SIZE_MAX} elements`);
    elements.push(u.normalise(value));
    return false;
  });
  const made = u.sortedSet(elements);
  if (u.nextReads === reads) set.normal = made;
  return made;
}

/** Calls `stop` for each element in order until it returns true; returns whether it did. */
export function visit(u: Universe, set: Value, stop: (value: Value) => boolean): boolean {
  if (typeof set === "object") {
    switch (set.kind) {
      case "set":
        return set.elements.some(stop);
      case "interval":
        for (let i = set.low; i <= set.high; i++) if (stop(i)) return true;
        return false;
      case "filter":
        return visitFilter(u, set, stop);
      case "powerset":
        return visitSubsets(u, enumerate(u, set.base).elements, stop);
      case "product":
        return visitChoices(
          set.sets.map((part) => enumerate(u, part).elements),
          (values) => stop(u.tuple(values)),
        );
      case "recordSet": {
        const { names } = set;
        return visitChoices(
          set.sets.map((part) => enumerate(u, part).elements),
          (values) => stop(u.fcn(names, values)),
        );
      }
      case "fcnSet": {
        const domain = enumerate(u, set.domain);
        const range = domain.elements.length === 0 ? [] : enumerate(u, set.range).elements;
        return visitChoices(
          domain.elements.map(() => range),
          (values) => stop(u.fcn(domain, values)),
        );
      }
      case "cup":
        return enumerate(u, set).elements.some(stop);
      case "endless":
      case "sequences":
        return fail(`the set ${showValue(set)} is endless, so its elements cannot be enumerated`);
      default:
    }
  }
  return fail(`${showValue(set)} is not a set, so its elements cannot be enumerated`);
}

/** A filter seen to its end keeps what passed, so that the next visit asks nothing again. */
function visitFilter(u: Universe, set: Extract<LazySet, { kind: "filter" }>, stop: (value: Value) => boolean): boolean {
  if (set.normal !== undefined) return set.normal.elements.some(stop);
  const kept: Value[] = [];
  const reads = u.nextReads;
  const isStopped = visit(u, set.base, (value) => {
    if (!set.test(value)) return false;
    kept.push(value);
    return stop(value);
  });
  if (!isStopped && u.nextReads === reads) set.normal = u.sortedSet(kept);
  return isStopped;
}

/** Every choice of one element from each list, the last list fastest. */
function visitChoices(lists: readonly (readonly Value[])[], stop: (values: readonly Value[]) => boolean): boolean {
  if (lists.some((list) => list.length === 0)) return false;
  const at = lists.map(() => 0);
  for (;;) {
    if (stop(at.map((index, i) => lists[i]![index]!))) return true;
    let i = lists.length - 1;
    while (i >= 0 && ++at[i]! === lists[i]!.length) at[i--] = 0;
    if (i < 0) return false;
  }
}

/** Every subset: by size, then in the order of the elements. */
function visitSubsets(u: Universe, elements: readonly Value[], stop: (value: Value) => boolean): boolean {
  for (let size = 0; size <= elements.length; size++) {
    if (visitCombinations(elements, size, (chosen) => stop(u.sortedSet(chosen)))) return true;
  }
  return false;
}

/** Every sublist of the given size, in lexicographic order of positions. */
export function visitCombinations(
  elements: readonly Value[],
  size: number,
  stop: (chosen: readonly Value[]) => boolean,
): boolean {
  const at = Array.from({ length: size }, (_, i) => i);
  for (;;) {
    if (stop(at.map((index) => elements[index]!))) return true;
    let i = size - 1;
    while (i >= 0 && at[i] === elements.length - size + i) i--;
    if (i < 0) return false;
    at[i]!++;
    for (let j = i + 1; j < size; j++) at[j] = at[j - 1]! + 1;
  }
}

/** The number of elements without building them where that is possible. */
export function cardinality(u: Universe, set: Value): number {
  if (typeof set === "object") {
    if (set.kind === "set") return set.elements.length;
    if (set.kind === "interval") return Math.max(0, set.high - set.low + 1);
    if (set.kind === "powerset") return power(2, cardinality(u, set.base));
    if (set.kind === "fcnSet") return power(cardinality(u, set.range), cardinality(u, set.domain));
    if (set.kind === "product" || set.kind === "recordSet") {
      return set.sets.reduce<number>((product, part) => product * cardinality(u, part), 1);
    }
  }
  return enumerate(u, set).elements.length;
}

/** Integer power by multiplication, exact as long as the result is a safe integer. */
export function power(base: number, exponent: number): number {
  let result = 1;
  for (let i = 0; i < exponent; i++) {
    result *= base;
    if (!Number.isSafeInteger(result))
      return fail(`${base} to the power of ${exponent} is beyond the integers this engine handles`);
  }
  return result;
}

/** Union, intersection and difference. */
export function unite(u: Universe, left: Value, right: Value): Value {
  if (typeof left !== "object" || typeof right !== "object")
    return fail(`\\cup needs two sets, found ${showValue(left)} and ${showValue(right)}`);
  if (left.kind !== "set" || right.kind !== "set") {
    if (left.kind === "set" && left.elements.length === 0) return right;
    if (!(isLazySet(left) || left.kind === "set") || !(isLazySet(right) || right.kind === "set")) {
      return fail(`\\cup needs two sets, found ${showValue(left)} and ${showValue(right)}`);
    }
    // As in TLC, what has its elements written out is asked first.
    return isWrittenOut(right) && !isWrittenOut(left)
      ? { kind: "cup", left: right, right: left, normal: undefined }
      : { kind: "cup", left, right, normal: undefined };
  }
  if (left === right || right.elements.length === 0) return left;
  if (left.elements.length === 0) return right;
  if (right.elements.length === 1) return insert(u, left, right.elements[0]!);
  if (left.elements.length === 1) return insert(u, right, left.elements[0]!);
  return merge(u, left.elements, right.elements);
}

function isWrittenOut(set: Value): boolean {
  return typeof set === "object" && (set.kind === "set" || set.kind === "interval");
}

function insert(u: Universe, set: SetValue, value: Value): SetValue {
  if (u.position(set, value) >= 0) return set;
  const { elements } = set;
  let low = 0;
  let high = elements.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (u.compare(elements[middle]!, value) < 0) low = middle + 1;
    else high = middle;
  }
  const result = new Array<Value>(elements.length + 1);
  for (let i = 0; i < low; i++) result[i] = elements[i]!;
  result[low] = value;
  for (let i = low; i < elements.length; i++) result[i + 1] = elements[i]!;
  return u.sortedSet(result);
}

function merge(u: Universe, a: readonly Value[], b: readonly Value[]): SetValue {
  const result: Value[] = [];
  let i = 0;
  let j = 0;
  while (i < a.length && j < b.length) {
    const order = u.compare(a[i]!, b[j]!);
    if (order <= 0) result.push(a[i]!);
    else result.push(b[j]!);
    if (order <= 0) i++;
    if (order >= 0) j++;
  }
  while (i < a.length) result.push(a[i++]!);
  while (j < b.length) result.push(b[j++]!);
  return u.sortedSet(result);
}

export function intersect(u: Universe, left: Value, right: Value): Value {
  const [small, large] = isLazySet(left) && !isLazySet(right) ? [right, left] : [left, right];
  return u.sortedSet(enumerate(u, small).elements.filter((value) => contains(u, large, value)));
}

export function subtract(u: Universe, left: Value, right: Value): Value {
  if (isLazySet(left) && left.kind !== "interval") {
    return { kind: "filter", base: left, test: (value) => !contains(u, right, value), normal: undefined };
  }
  const { elements } = enumerate(u, left);
  const isKept =
    typeof right === "object" && right.kind === "set"
      ? (value: Value) => u.position(right, value) < 0
      : (value: Value) => !contains(u, right, value);
  const kept = elements.filter(isKept);
  // Elements of one set are of one kind, so one pair shows whether the two sets can be compared.
  if (kept.length > 0 && typeof right === "object" && right.kind === "set" && right.elements.length > 0)
    u.equal(kept[0]!, right.elements[0]!);
  return kept.length === elements.length ? enumerate(u, left) : u.sortedSet(kept);
}

export function interval(low: number, high: number): LazySet {
  return { kind: "interval", low, high, normal: undefined };
}
