/**
 * Interned states and a lazy table of steps.
 *
 * The search handles states and operations as small integers: equal states have one number, and operations that no
 * model can tell apart (same function, argument and outcome) form one class. A step of (state, class) asks the
 * model once and is remembered. Rows are dense while there are few classes, else they go to a hash map, so that a
 * state space without end costs only what is visited.
 */
import type { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import type { Model } from "./model.ts";

/** What a step leads to, besides the number of the one next state. */
export const ILLEGAL = -1;
const UNASKED = -2;
/** Codes at or below this one name a list of next states: the list number is FIRST_LIST - code. */
export const FIRST_LIST = -3;

const DENSE_CLASSES_MAX = 512;
/** A rough price of one interned state, for the budget. */
const STATE_BYTES = 120;

export class StateTable<S> {
  readonly #model: Model<S>;
  readonly #classes: readonly Operation[];
  readonly #meter: Meter;
  readonly #states: S[] = [];
  readonly #byHash = new Map<string | number, number[]>();
  readonly #isDense: boolean;
  readonly #rows: (Int32Array | undefined)[] = [];
  readonly #sparse = new Map<number, number>();
  readonly #lists: (readonly number[])[] = [];

  constructor(model: Model<S>, classes: readonly Operation[], meter: Meter) {
    this.#model = model;
    this.#classes = classes;
    this.#meter = meter;
    this.#isDense = classes.length <= DENSE_CLASSES_MAX;
    this.intern(model.init);
  }

  get size(): number {
    return this.#states.length;
  }

  stateOf(id: number): S {
    return this.#states[id]!; // ids come from intern
  }

  intern(state: S): number {
    const hash = this.#model.hash(state);
    const bucket = this.#byHash.get(hash);
    const equal = this.#model.equal;
    if (bucket !== undefined) {
      if (equal === undefined) return bucket[0]!; // a bucket is never empty
      for (const id of bucket) if (equal(this.#states[id]!, state)) return id;
    }
    this.#meter.hold(STATE_BYTES);
    const id = this.#states.length;
    this.#states.push(state);
    if (bucket === undefined) this.#byHash.set(hash, [id]);
    else bucket.push(id);
    return id;
  }

  /** The next state, ILLEGAL, or a code at or below FIRST_LIST for which `list` gives the states. */
  step(state: number, operationClass: number): number {
    if (this.#isDense) {
      const row = this.#rows[state] ?? this.#newRow(state);
      const known = row[operationClass]!; // one entry for each class
      if (known !== UNASKED) return known;
      return (row[operationClass] = this.#ask(state, operationClass));
    }
    const key = state * this.#classes.length + operationClass;
    const known = this.#sparse.get(key);
    if (known !== undefined) return known;
    this.#meter.hold(40);
    const code = this.#ask(state, operationClass);
    this.#sparse.set(key, code);
    return code;
  }

  list(code: number): readonly number[] {
    return this.#lists[FIRST_LIST - code]!; // codes come from step
  }

  #newRow(state: number): Int32Array {
    this.#meter.hold(this.#classes.length * 4);
    const row = new Int32Array(this.#classes.length).fill(UNASKED);
    this.#rows[state] = row;
    return row;
  }

  #ask(state: number, operationClass: number): number {
    this.#meter.spend(1);
    const next = this.#model.step(this.#states[state]!, this.#classes[operationClass]!, this.#meter);
    if (next.length === 0) return ILLEGAL;
    if (next.length === 1) return this.intern(next[0]!);
    const ids: number[] = [];
    for (const one of next) {
      const id = this.intern(one);
      if (!ids.includes(id)) ids.push(id);
    }
    if (ids.length === 1) return ids[0]!;
    this.#lists.push(ids);
    return FIRST_LIST - (this.#lists.length - 1);
  }
}
