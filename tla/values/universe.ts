/**
 * The universe: makes, interns, orders and compares the values of one model.
 *
 * Equal finite values are the same object. The order of sets is TLC's: numbers by size, strings and model values by the
 * order in which they were first seen, sets and functions by size and then element by element; CHOOSE and printing follow
 * it. Tables live as long as the universe and are never emptied (values are few compared with states).
 *
 * Longer than most files because interning, order and normal form know each other's secrets.
 */
import { fail } from "../errors.ts";
import { enumerate, isLazySet } from "./lazy.ts";
import { showValue } from "./print.ts";
import type { FcnValue, LazyFcn, ModelValue, OperatorValue, SetValue, StringValue, Thing, Value } from "./types.ts";

const SCAN_MAX = 8;
const SMALL = 0x20000000;
const CODE_OF_FALSE = 0;
const CODE_OF_TRUE = 1;

function mix(hash: number, value: number): number {
  const product = Math.imul(hash ^ value, 0x9e3779b1);
  return product ^ (product >>> 15);
}

export function hashOf(value: Value): number {
  if (typeof value === "number") return mix(0x51ed27, value | 0);
  if (typeof value === "boolean") return value ? 0x2f0b4c : 0x6e1d77;
  return (value as Thing).hash;
}

function hashText(text: string, seed: number): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = mix(hash, text.charCodeAt(i));
  return hash;
}

const ranks: Readonly<Record<string, number>> = { boolean: 0, number: 1, string: 2, fcn: 3, set: 4, model: 5 };

/** The kind as `compare` sees it; lazy values count as what they stand for. */
export function kindOf(value: Value): string {
  if (typeof value !== "object") return typeof value;
  if (value.kind === "lazyFcn") return "fcn";
  return isLazySet(value) ? "set" : value.kind;
}

export class Universe {
  readonly #strings = new Map<string, StringValue>();
  readonly #models = new Map<string, ModelValue>();
  readonly #bigNumbers = new Map<number, number>();
  readonly #byId: (Thing | number | boolean)[] = [false, true];
  #setTable: (SetValue | undefined)[] = new Array<SetValue | undefined>(1024);
  #setCount = 0;
  #fcnTable: (FcnValue | undefined)[] = new Array<FcnValue | undefined>(1024);
  #fcnCount = 0;
  readonly #ranges: SetValue[] = [];
  /**
   * How often the next state was read. A value whose making did not move this depends on constants and the current state only,
   * so it may be kept while these stay; one that did may not, since other next states are tried under the same frame.
   */
  nextReads: number = 0;
  readonly emptySet: SetValue;
  readonly booleans: SetValue;
  readonly emptyTuple: FcnValue;

  constructor() {
    this.emptySet = this.sortedSet([]);
    this.booleans = this.sortedSet([false, true]);
    this.emptyTuple = this.tuple([]);
  }

  /** How many values have been interned: the measure of memory beside the states. */
  get size(): number {
    return this.#byId.length;
  }

  string(text: string): StringValue {
    const known = this.#strings.get(text);
    if (known !== undefined) return known;
    const made: StringValue = { kind: "string", id: this.#byId.length, hash: hashText(text, 0x1b873593), text };
    this.#byId.push(made);
    this.#strings.set(text, made);
    return made;
  }

  model(text: string): ModelValue {
    const known = this.#models.get(text);
    if (known !== undefined) return known;
    const made: ModelValue = { kind: "model", id: this.#byId.length, hash: hashText(text, 0x7f4a7c15), text };
    this.#byId.push(made);
    this.#models.set(text, made);
    return made;
  }

  /** The set of the given values, in any order and with duplicates. */
  set(values: readonly Value[]): SetValue {
    if (values.length === 0) return this.emptySet;
    const normal = values.map((value) => this.normalise(value));
    if (normal.length === 1) return this.sortedSet(normal);
    normal.sort((a, b) => this.compare(a, b));
    const distinct: Value[] = [normal[0]!];
    for (let i = 1; i < normal.length; i++) if (normal[i] !== normal[i - 1]) distinct.push(normal[i]!);
    return this.sortedSet(distinct);
  }

  /** Interns a set whose elements are normal, sorted and distinct; the array is kept and must not change. */
  sortedSet(elements: readonly Value[]): SetValue {
    let hash = 0x3c6ef372;
    for (let i = 0; i < elements.length; i++) hash = mix(hash, hashOf(elements[i]!));
    const mask = this.#setTable.length - 1;
    let at = hash & mask;
    for (let found = this.#setTable[at]; found !== undefined; found = this.#setTable[at]) {
      if (found.hash === hash && sameElements(found.elements, elements)) return found;
      at = (at + 1) & mask;
    }
    const made: SetValue = { kind: "set", id: this.#byId.length, hash, elements, positions: undefined };
    this.#byId.push(made);
    this.#setTable[at] = made;
    if (++this.#setCount * 2 > mask) this.#setTable = grow(this.#setTable);
    return made;
  }

  /** Interns a function; values must be normal and belong to the domain's elements one by one. */
  fcn(domain: SetValue, values: readonly Value[]): FcnValue {
    let hash = domain.hash;
    for (let i = 0; i < values.length; i++) hash = mix(hash, hashOf(values[i]!));
    const mask = this.#fcnTable.length - 1;
    let at = hash & mask;
    for (let found = this.#fcnTable[at]; found !== undefined; found = this.#fcnTable[at]) {
      if (found.hash === hash && found.domain === domain && sameElements(found.values, values)) return found;
      at = (at + 1) & mask;
    }
    const isTuple = domain === this.range(values.length);
    const made: FcnValue = { kind: "fcn", id: this.#byId.length, hash, domain, values, isTuple };
    this.#byId.push(made);
    this.#fcnTable[at] = made;
    if (++this.#fcnCount * 2 > mask) this.#fcnTable = grow(this.#fcnTable);
    return made;
  }

  /** The set 1..n. */
  range(n: number): SetValue {
    for (let size = this.#ranges.length; size <= n; size++) {
      const elements: number[] = [];
      for (let i = 1; i <= size; i++) elements.push(i);
      this.#ranges.push(this.sortedSet(elements));
    }
    return this.#ranges[n]!;
  }

  /** A tuple of values that need not be normal. */
  tuple(values: readonly Value[]): FcnValue {
    return this.fcn(
      this.range(values.length),
      values.map((value) => this.normalise(value)),
    );
  }

  record(fields: Readonly<Record<string, Value>>): FcnValue {
    const pairs: (readonly [Value, Value])[] = [];
    for (const name of Object.keys(fields)) pairs.push([this.string(name), fields[name]!]);
    return this.fcnOf(pairs);
  }

  /** A function from pairs of argument and value; of two pairs with one argument the first counts. */
  fcnOf(pairs: readonly (readonly [Value, Value])[]): FcnValue {
    const byArgument = new Map<Value, Value>();
    for (const [argument, value] of pairs) {
      const key = this.normalise(argument);
      if (!byArgument.has(key)) byArgument.set(key, this.normalise(value));
    }
    const domain = this.set([...byArgument.keys()]);
    return this.fcn(
      domain,
      domain.elements.map((argument) => byArgument.get(argument)!),
    );
  }

  /** The finite, interned form of a value; endless sets and operators stay what they are. */
  normalise(value: Value): Value {
    if (typeof value !== "object") return value;
    switch (value.kind) {
      case "set":
      case "fcn":
      case "string":
      case "model":
      case "operator":
        return value;
      case "lazyFcn":
        return isEndless(value.domain) ? value : this.eager(value);
      default:
        return isEndless(value) ? value : enumerate(this, value);
    }
  }

  /** Evaluates a lazy function at every argument. */
  eager(value: LazyFcn): FcnValue {
    if (value.normal !== undefined) return value.normal;
    const reads = this.nextReads;
    const domain = enumerate(this, value.domain);
    const made = this.fcn(
      domain,
      domain.elements.map((argument) => this.normalise(this.apply(value, argument))),
    );
    if (this.nextReads === reads) value.normal = made;
    return made;
  }

  /** Function application. Throws if the argument is outside the domain or the value is no function. */
  apply(fcn: Value, argument: Value): Value {
    if (typeof fcn === "object" && fcn.kind === "fcn") {
      if (fcn.isTuple && typeof argument === "number") {
        const value = fcn.values[argument - 1];
        if (value !== undefined) return value;
      }
      const at = this.position(fcn.domain, this.normalise(argument));
      if (at >= 0) return fcn.values[at]!;
      return fail(`the function ${showValue(fcn)} has no value at ${showValue(argument)}, which is outside its domain`);
    }
    if (typeof fcn !== "object" || fcn.kind !== "lazyFcn")
      return fail(`${showValue(fcn)} is not a function, so it cannot be applied`);
    const key = this.normalise(argument);
    if (fcn.memo === undefined) return fcn.compute(fcn, key);
    const known = fcn.memo.get(key);
    if (known !== undefined) return known;
    const reads = this.nextReads;
    const value = fcn.compute(fcn, key);
    if (this.nextReads === reads) fcn.memo.set(key, value);
    return value;
  }

  /** Index of a normal value in a set, or -1. */
  position(set: SetValue, value: Value): number {
    const { elements } = set;
    if (elements.length <= SCAN_MAX) return elements.indexOf(value);
    if (set.positions === undefined) {
      set.positions = new Map();
      for (let i = 0; i < elements.length; i++) set.positions.set(elements[i]!, i);
    }
    return set.positions.get(value) ?? -1;
  }

  /**
   * Equality of TLA+; values of different kinds cannot be compared (model values differ from everything), and that holds inside
   * functions of one domain and sets of one size as well: as in TLC, the first place where they differ decides.
   */
  equal(a: Value, b: Value): boolean {
    if (a === b) return true;
    if (typeof a === "number" && typeof b === "number") return false;
    const left = this.normalise(a);
    const right = this.normalise(b);
    if (left === right) return true;
    const leftKind = kindOf(left);
    const rightKind = kindOf(right);
    if (leftKind === rightKind) {
      if (isEndless(left) || isEndless(right)) {
        return fail(
          `${showValue(left)} and ${showValue(right)} cannot be compared: endless sets have no list of elements`,
        );
      }
      return this.#differ(left, right);
    }
    if (leftKind === "model" || rightKind === "model") return differAsModels(left, right);
    return fail(
      `${describeKind(leftKind)} ${showValue(left)} cannot be compared with ${describeKind(rightKind)} ${showValue(right)}`,
    );
  }

  /** For unequal normal values of one kind: false, or an error where what differs cannot be compared. */
  #differ(left: Value, right: Value): false {
    if (typeof left !== "object" || typeof right !== "object") return false;
    if (left.kind === "set" && right.kind === "set") return this.#differInLists(left.elements, right.elements);
    if (left.kind === "fcn" && right.kind === "fcn" && left.domain === right.domain)
      return this.#differInLists(left.values, right.values);
    return differAsModels(left, right);
  }

  #differInLists(a: readonly Value[], b: readonly Value[]): false {
    if (a.length !== b.length) return false;
    const at = a.findIndex((value, i) => value !== b[i]);
    if (at >= 0) this.equal(a[at]!, b[at]!);
    return false;
  }

  /** The order of normal values. Throws for values that cannot be compared. */
  compare(a: Value, b: Value): number {
    if (a === b) return 0;
    if (typeof a === "number" && typeof b === "number") return a - b;
    const kind = kindOf(a);
    const other = kindOf(b);
    if (kind !== other) {
      this.equal(a, b);
      return ranks[kind]! - ranks[other]!;
    }
    if (typeof a === "boolean") return a ? 1 : -1;
    const left = a as Thing;
    const right = b as Thing;
    if (left.kind === "set" && right.kind === "set") return this.#compareLists(left.elements, right.elements);
    if (left.kind === "fcn" && right.kind === "fcn") {
      return left.domain === right.domain
        ? this.#compareLists(left.values, right.values)
        : this.compare(left.domain, right.domain);
    }
    if (kind === "model") differAsModels(left, right);
    if (left.id === undefined || right.id === undefined) return fail(`${showValue(a)} cannot be an element of a set`);
    return left.id - right.id;
  }

  #compareLists(a: readonly Value[], b: readonly Value[]): number {
    if (a.length !== b.length) return a.length - b.length;
    for (let i = 0; i < a.length; i++) {
      if (a[i] === b[i]) continue;
      const order = this.compare(a[i]!, b[i]!);
      if (order !== 0) return order;
    }
    return 0;
  }

  /** A 32-bit code for a normal value: equal codes mean equal values. States are stored as such codes. */
  encode(value: Value): number {
    if (typeof value === "number") {
      if (value < SMALL && value >= -SMALL) return value - SMALL - 1;
      let id = this.#bigNumbers.get(value);
      if (id === undefined) {
        id = this.#byId.length;
        this.#byId.push(value);
        this.#bigNumbers.set(value, id);
      }
      return id;
    }
    if (typeof value === "boolean") return value ? CODE_OF_TRUE : CODE_OF_FALSE;
    const id = (value as Thing).id;
    if (id === undefined) return fail(`${showValue(value)} cannot be part of a state: it is endless or an operator`);
    return id;
  }

  decode(code: number): Value {
    return code < 0 ? code + SMALL + 1 : this.#byId[code]!;
  }

  /** An operator as a value, for natives that take operators. */
  operator(name: string, arity: number, apply: (args: readonly Value[]) => Value): OperatorValue {
    return { kind: "operator", name, arity, apply };
  }
}

/**
 * False for unequal values; an error where one is a typed model value (`a_1`: the letter is its type) and the other is neither
 * of its type nor a model value without a type.
 */
function differAsModels(left: Value, right: Value): false {
  const one = modelType(left);
  const other = modelType(right);
  if (one === other || one === "" || other === "") return false;
  return fail(
    `${showValue(left)} cannot be compared with ${showValue(right)}: they are of different types (a_1 is of type a)`,
  );
}

/** The type of a model value; empty for one without a type, and undefined for what is no model value. */
function modelType(value: Value): string | undefined {
  if (typeof value !== "object" || value.kind !== "model") return undefined;
  return value.text.length > 2 && value.text[1] === "_" ? value.text[0]! : "";
}

function describeKind(kind: string): string {
  return (
    { number: "the number", string: "the string", boolean: "the boolean", fcn: "the function", set: "the set" }[kind] ??
    `the ${kind}`
  );
}

function sameElements(a: readonly Value[], b: readonly Value[]): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

function grow<T extends { readonly hash: number }>(table: readonly (T | undefined)[]): (T | undefined)[] {
  const bigger = new Array<T | undefined>(table.length * 2);
  const mask = bigger.length - 1;
  for (const entry of table) {
    if (entry === undefined) continue;
    let at = entry.hash & mask;
    while (bigger[at] !== undefined) at = (at + 1) & mask;
    bigger[at] = entry;
  }
  return bigger;
}

/** Whether a set has endlessly many elements (or cannot be known to have finitely many). */
export function isEndless(value: Value): boolean {
  if (typeof value !== "object") return false;
  switch (value.kind) {
    case "endless":
    case "sequences":
      return true;
    case "powerset":
    case "filter":
      return isEndless(value.base);
    case "fcnSet":
      return isEndless(value.domain) || isEndless(value.range);
    case "recordSet":
    case "product":
      return value.sets.some(isEndless);
    case "cup":
      return isEndless(value.left) || isEndless(value.right);
    case "lazyFcn":
      return isEndless(value.domain);
    default:
      return false;
  }
}
