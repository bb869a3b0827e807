/**
 * The laws every type keeps, checked on one small history that a script of numbers decides.
 *
 * Three replicas make updates, deliver single ones in causal order (with duplicates) and merge whole states. Each replica is kept
 * three times, by operations, by deltas and by states, and all three must have equal bytes after every step. At the end: the laws
 * of a lattice, other orders of delivery, encoding there and back, and the type's own specification where it has one.
 * Any generator of number lists can drive it; a type of your own can be checked the same way.
 */
import type { Actor } from "./clock.ts";
import {
  addToDelta,
  type CrdtType,
  copyState,
  decodeOp,
  decodeState,
  encodeOp,
  encodeState,
  equalBytes,
} from "./crdt.ts";

export type Draw = (bound: number) => number;

/** One update with what its maker had seen: the indices of earlier updates. */
export type HistoryUpdate<O> = {
  readonly index: number;
  readonly actor: Actor;
  readonly op: O;
  readonly sees: ReadonlySet<number>;
};

export type LawSubject<S, O> = {
  readonly type: CrdtType<S, O>;
  /** Prepares an operation on the state, or null when it has none to offer. */
  propose(state: S, actor: Actor, draw: Draw): O | null;
  /** What a reader sees, as plain data. */
  view(state: S): unknown;
  /** What a reader must see after these updates, computed from the history alone. */
  specify?(history: readonly HistoryUpdate<O>[]): unknown;
  /** Operations converge only when delivered in causal order. */
  readonly needsCausalOrder?: boolean;
};

/** `before`: the state it was prepared on. */
type Update<S, O> = HistoryUpdate<O> & { readonly before: S; readonly delta: S };
type Replica<S> = {
  readonly actor: Actor;
  readonly byOps: S;
  readonly byDeltas: S;
  readonly byStates: S;
  readonly has: Set<number>;
};

const ACTORS: readonly Actor[] = ["a", "b", "c"];

/** Null when every law holds; otherwise a sentence that names the first one broken. */
export function checkLaws<S, O>(subject: LawSubject<S, O>, script: readonly number[]): string | null {
  const { type } = subject;
  let at = 0;
  const draw: Draw = (bound) => (at < script.length ? Math.abs(script[at++]!) % bound : 0);
  const replicas: Replica<S>[] = ACTORS.map((actor) => ({
    actor,
    byOps: type.create(),
    byDeltas: type.create(),
    byStates: type.create(),
    has: new Set(),
  }));
  const updates: Update<S, O>[] = [];
  while (at < script.length) {
    const replica = replicas[draw(replicas.length)]!;
    const broken = step(subject, updates, replicas, replica, draw) ?? checkRoads(subject, updates, replica);
    if (broken !== null) return broken;
  }
  at = 0;
  return checkEnd(subject, updates, replicas, draw);
}

function step<S, O>(
  subject: LawSubject<S, O>,
  updates: Update<S, O>[],
  replicas: readonly Replica<S>[],
  replica: Replica<S>,
  draw: Draw,
): string | null {
  const action = draw(8);
  if (action < 4) {
    const op = subject.propose(replica.byOps, replica.actor, draw);
    if (op === null) return null;
    const before = copyState(subject.type, replica.byOps);
    const delta = subject.type.deltaOf(replica.byOps, op);
    const update = { index: updates.length, actor: replica.actor, op, sees: new Set(replica.has), before, delta };
    updates.push(update);
    return deliver(subject, replica, update);
  }
  if (action < 6) {
    const ready = updates.filter((update) => !replica.has.has(update.index) && isSubset(update.sees, replica.has));
    const update = ready[draw(Math.max(1, ready.length))];
    const broken = update === undefined ? null : deliver(subject, replica, update);
    const again = updates.filter((candidate) => replica.has.has(candidate.index));
    const duplicate = again[draw(Math.max(1, again.length))];
    return broken ?? (duplicate === undefined ? null : deliver(subject, replica, duplicate));
  }
  return mergeFrom(subject, updates, replica, replicas[draw(replicas.length)]!);
}

function deliver<S, O>(subject: LawSubject<S, O>, replica: Replica<S>, update: Update<S, O>): string | null {
  const { type } = subject;
  const op = decodeOp(type, encodeOp(type, update.op));
  const found = type.validateOp(replica.byOps, op);
  if (found !== null) return `an honest operation in causal order is refused: ${found.code}, ${found.message}`;
  type.apply(replica.byOps, op);
  type.merge(replica.byDeltas, update.delta);
  type.apply(replica.byStates, op);
  replica.has.add(update.index);
  return null;
}

function mergeFrom<S, O>(
  subject: LawSubject<S, O>,
  updates: readonly Update<S, O>[],
  replica: Replica<S>,
  other: Replica<S>,
): string | null {
  const { type } = subject;
  const found = type.validateMerge(replica.byStates, other.byStates);
  if (found !== null) return `an honest state is refused: ${found.code}, ${found.message}`;
  type.merge(replica.byStates, other.byStates);
  const missing = updates.filter((update) => other.has.has(update.index) && !replica.has.has(update.index));
  for (const update of missing) {
    type.apply(replica.byOps, update.op);
    replica.has.add(update.index);
  }
  for (const update of missing.reverse()) type.merge(replica.byDeltas, update.delta);
  return null;
}

/** The three roads to one replica agree, and agree with the specification. */
function checkRoads<S, O>(
  subject: LawSubject<S, O>,
  updates: readonly Update<S, O>[],
  replica: Replica<S>,
): string | null {
  const { type } = subject;
  const byOps = encodeState(type, replica.byOps);
  if (!equalBytes(byOps, encodeState(type, replica.byDeltas))) return "operations and deltas disagree";
  if (!equalBytes(byOps, encodeState(type, replica.byStates))) return "operations and states disagree";
  if (subject.specify === undefined) return null;
  const expected = JSON.stringify(subject.specify(updates.filter((update) => replica.has.has(update.index))));
  const found = JSON.stringify(subject.view(replica.byOps));
  return expected === found ? null : `the view is ${found}, its specification says ${expected}`;
}

function checkEnd<S, O>(
  subject: LawSubject<S, O>,
  updates: readonly Update<S, O>[],
  replicas: readonly Replica<S>[],
  draw: Draw,
): string | null {
  const { type } = subject;
  const whole = join(type, ...replicas.map((replica) => replica.byStates));
  const bytes = encodeState(type, whole);
  const orders: [string, readonly Update<S, O>[], boolean][] = [
    ["another causal order", causalOrder(updates, draw), true],
    ["any order", shuffle(updates, draw), subject.needsCausalOrder !== true],
  ];
  for (const [name, order, isForOps] of orders) {
    const byOps = type.create();
    for (const update of order) if (isForOps) type.apply(byOps, update.op);
    if (isForOps && !equalBytes(bytes, encodeState(type, byOps)))
      return `operations in ${name} differ from the joined states`;
    const joined = join(type, ...order.map((update) => update.delta));
    if (!equalBytes(bytes, encodeState(type, joined))) return `deltas in ${name} differ from the joined states`;
  }
  const shuffled = shuffle(updates, draw);
  const parts = shuffled.slice(0, draw(shuffled.length + 1));
  const some = join(type, ...parts.map((update) => update.delta));
  const group = type.create();
  for (const { before, op } of parts) addToDelta(type, group, before, op);
  if (!isSame(type, some, group)) return "a delta put together from operations differs from the joined deltas";
  const [a, b, c] = [replicas[0]!.byStates, replicas[1]!.byStates, replicas[2]!.byStates];
  return (
    checkLattice(type, a, b, c) ??
    checkLattice(type, some, a, b) ??
    checkEncoding(type, whole) ??
    checkEncoding(type, some)
  );
}

function checkLattice<S, O>(type: CrdtType<S, O>, a: S, b: S, c: S): string | null {
  const before = encodeState(type, b);
  const ab = join(type, a, b);
  if (!equalBytes(before, encodeState(type, b))) return "merge changed the other state";
  if (!isSame(type, ab, join(type, b, a))) return "merge is not commutative";
  if (!isSame(type, join(type, ab, c), join(type, a, join(type, b, c)))) return "merge is not associative";
  if (!isSame(type, ab, join(type, ab, ab)) || !isSame(type, ab, join(type, ab, b))) return "merge is not idempotent";
  return null;
}

function checkEncoding<S, O>(type: CrdtType<S, O>, state: S): string | null {
  const bytes = encodeState(type, state);
  const decoded = decodeState(type, bytes);
  if (!equalBytes(bytes, encodeState(type, decoded))) return "a decoded state is encoded differently";
  return isSame(type, join(type, decoded, state), state) ? null : "a decoded state joins differently";
}

function join<S, O>(type: CrdtType<S, O>, ...states: readonly S[]): S {
  const result = type.create();
  for (const state of states) type.merge(result, state);
  return copyState(type, result);
}

function isSame<S, O>(type: CrdtType<S, O>, a: S, b: S): boolean {
  return equalBytes(encodeState(type, a), encodeState(type, b));
}

function isSubset(part: ReadonlySet<number>, whole: ReadonlySet<number>): boolean {
  for (const index of part) if (!whole.has(index)) return false;
  return true;
}

function causalOrder<S, O>(updates: readonly Update<S, O>[], draw: Draw): Update<S, O>[] {
  const order: Update<S, O>[] = [];
  const done = new Set<number>();
  while (order.length < updates.length) {
    const ready = updates.filter((update) => !done.has(update.index) && isSubset(update.sees, done));
    const next = ready[ready.length - 1 - draw(ready.length)]!; // the earliest update left is always ready
    order.push(next);
    done.add(next.index);
  }
  return order;
}

function shuffle<T>(items: readonly T[], draw: Draw): T[] {
  const result = items.slice();
  for (let i = result.length - 1; i > 0; i--) {
    const j = draw(i + 1);
    [result[i], result[j]] = [result[j]!, result[i]!];
  }
  return result;
}
