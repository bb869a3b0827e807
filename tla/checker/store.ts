/**
 * The visited states, exact: each state is kept as the codes of its values, so two different states are never taken for
 * one another (TLC keeps 64-bit fingerprints and states a probability instead).
 *
 * With VIEW or SYMMETRY a state is looked up by a key of its own. Memory: 4 bytes for each variable, 8 for predecessor and
 * action, 16 to 32 for the hash table, for each distinct state. Limit: 2^29 states.
 */

export type Store = {
  readonly width: number;
  /** Number of distinct states. */
  count: number;
  states: Int32Array;
  /** Index of the state this one was first reached from, or -1. */
  parents: Int32Array;
  /** Index of the action label that led here, or -1. */
  labels: Int32Array;
  readonly keyWidth: number;
  /** Same array as `states` unless keys differ from states. */
  keys: Int32Array;
  readonly hasOwnKeys: boolean;
  /** Pairs (index + 1, hash); 0 marks an empty place. */
  table: Int32Array;
};

/** `keyWidth` is undefined when the state is its own key. */
export function createStore(width: number, keyWidth?: number): Store {
  const states = new Int32Array(1024 * Math.max(1, width));
  const hasOwnKeys = keyWidth !== undefined;
  return {
    width,
    count: 0,
    states,
    parents: new Int32Array(1024),
    labels: new Int32Array(1024),
    keyWidth: keyWidth ?? width,
    keys: hasOwnKeys ? new Int32Array(1024 * Math.max(1, keyWidth)) : states,
    hasOwnKeys,
    table: new Int32Array(4096),
  };
}

export function hashCodes(codes: Int32Array): number {
  let hash = 0x3c6ef372;
  for (let i = 0; i < codes.length; i++) {
    hash = Math.imul(hash ^ codes[i]!, 0x9e3779b1);
    hash ^= hash >>> 15;
  }
  return Math.imul(hash ^ (hash >>> 13), 0x85ebca6b);
}

/** Index of the state with this key, or -1. */
export function findState(store: Store, key: Int32Array): number {
  const { table } = store;
  const hash = hashCodes(key);
  const mask = table.length / 2 - 1;
  for (let at = (hash >>> 3) & mask; ; at = (at + 1) & mask) {
    const entry = table[at * 2]!;
    if (entry === 0) return -1;
    if (table[at * 2 + 1] === hash && isAt(store, entry - 1, key)) return entry - 1;
  }
}

/** Adds a state; the caller has seen that its key is new. Returns its index. */
export function addState(store: Store, codes: Int32Array, key: Int32Array, parent: number, label: number): number {
  const index = store.count++;
  if (index === store.parents.length) growStore(store);
  const { width, keyWidth } = store;
  for (let i = 0; i < width; i++) store.states[index * width + i] = codes[i]!;
  if (store.hasOwnKeys) for (let i = 0; i < keyWidth; i++) store.keys[index * keyWidth + i] = key[i]!;
  store.parents[index] = parent;
  store.labels[index] = label;
  insert(store.table, hashCodes(key), index);
  if (store.count * 4 > store.table.length) growTable(store);
  return index;
}

export function readState(store: Store, index: number, into: Int32Array): void {
  const { width, states } = store;
  for (let i = 0; i < width; i++) into[i] = states[index * width + i]!;
}

/** The states that lead to one, the first being initial; none for -1. */
export function pathTo(store: Store, index: number): Int32Array[] {
  const path: Int32Array[] = [];
  for (let at = index; at !== -1; at = store.parents[at]!) {
    const codes = new Int32Array(store.width);
    readState(store, at, codes);
    path.push(codes);
  }
  return path.reverse();
}

function isAt(store: Store, index: number, key: Int32Array): boolean {
  const { keys, keyWidth } = store;
  const base = index * keyWidth;
  for (let i = 0; i < keyWidth; i++) if (keys[base + i] !== key[i]) return false;
  return true;
}

function insert(table: Int32Array, hash: number, index: number): void {
  const mask = table.length / 2 - 1;
  let at = (hash >>> 3) & mask;
  while (table[at * 2] !== 0) at = (at + 1) & mask;
  table[at * 2] = index + 1;
  table[at * 2 + 1] = hash;
}

function growTable(store: Store): void {
  const bigger = new Int32Array(store.table.length * 2);
  const { table } = store;
  for (let at = 0; at < table.length; at += 2) if (table[at] !== 0) insert(bigger, table[at + 1]!, table[at]! - 1);
  store.table = bigger;
}

function enlarge(array: Int32Array): Int32Array {
  const bigger = new Int32Array(array.length * 2);
  bigger.set(array);
  return bigger;
}

function growStore(store: Store): void {
  store.states = enlarge(store.states);
  store.keys = store.hasOwnKeys ? enlarge(store.keys) : store.states;
  store.parents = enlarge(store.parents);
  store.labels = enlarge(store.labels);
}
