/**
 * The movable tree: nodes are created, moved and deleted concurrently, each stays one node with one parent, and no cycle appears.
 *
 * Every change is a move: creation from nowhere, deletion to the trash. Moves have a total order (Lamport time, then actor) and count as
 * if they had been made in it; one that would put a node below itself has no effect. A late move is put in its place by
 * undoing the later ones, doing it, and redoing them. The log of moves is the state, so its size grows with history.
 * Kleppmann et al. 2021, "A highly-available move operation for replicated trees".
 *
 * Trimming at T forgets the moves up to T and keeps the tree they made, the base. It is sound because the moves up to T are
 * final (see `Trimming` in crdt.ts): a late move is placed after all of them, so nothing is ever undone into the base; a tree
 * trimmed earlier lacks no move that the base does not hold, so taking the base over, and redoing its own moves after T,
 * loses nothing. Deleted nodes stay in the base: others may not have seen the deletion yet and move them out of the trash.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Actor, compareText } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import type { ValueCodec } from "./value-codec.ts";
import { CrdtError, type Violation, violation } from "./violation.ts";

export type NodeId = string;
/** Where the tree hangs, and where deleted nodes go. Neither can be moved. */
export const TREE_ROOT: NodeId = "root";
export const TREE_TRASH: NodeId = "trash";

export type MoveOp<M> = {
  readonly time: number;
  readonly actor: Actor;
  readonly child: NodeId;
  readonly parent: NodeId;
  readonly meta: M;
};
type Placed<M> = { readonly parent: NodeId; readonly meta: M };
/** A move with what it replaced: null when the node was new. `hasEffect` is false when it would have made a cycle. */
type LogEntry<M> = { readonly op: MoveOp<M>; before: Placed<M> | null; hasEffect: boolean };

export type MoveTree<M> = {
  /** Invariant: ascending by (time, actor); `places` and `children` are what doing all of it in order gives. */
  log: LogEntry<M>[];
  /** Moves up to this time are not in the log, but done. 0: none is missing. */
  trimmedAt: number;
  readonly places: Map<NodeId, Placed<M>>;
  readonly children: Map<NodeId, Set<NodeId>>;
};

export type MoveTreeType<M> = CrdtType<MoveTree<M>, MoveOp<M>> & {
  /** Prepares a creation or move. Throws CrdtError "inconsistent" when it would make a cycle here, or names a reserved node. */
  move(
    state: MoveTree<M>,
    actor: Actor,
    change: { readonly child: NodeId; readonly parent: NodeId; readonly meta: M },
  ): MoveOp<M>;
  /** Prepares a deletion: a move to the trash. Throws CrdtError "unknown-member" when the node is not in the tree. */
  remove(state: MoveTree<M>, actor: Actor, child: NodeId): MoveOp<M>;
  /** The parent of a node, undefined when it was never created. */
  parentOf(state: MoveTree<M>, node: NodeId): NodeId | undefined;
  metaOf(state: MoveTree<M>, node: NodeId): M | undefined;
  /** The children of a node in the order of their ids. */
  childrenOf(state: MoveTree<M>, node: NodeId): NodeId[];
  /** Whether the node hangs from the root. */
  isPresent(state: MoveTree<M>, node: NodeId): boolean;
};

export function moveTree<M>(codec: ValueCodec<M>): MoveTreeType<M> {
  const create = (): MoveTree<M> => ({ log: [], trimmedAt: 0, places: new Map(), children: new Map() });
  const prepare: MoveTreeType<M>["move"] = (state, actor, { child, parent, meta }) => {
    codec.keyOf(meta);
    const op = { time: timeOf(state) + 1, actor, child, parent, meta };
    const found = validateShape(op);
    if (found !== null) throw new CrdtError(found);
    if (!isBelow(state, parent, child)) return op;
    throw new CrdtError(violation("inconsistent", `"${child}" cannot move below itself to "${parent}".`));
  };
  return {
    name: `move-tree(${codec.name})`,
    signature: [TYPE_TAG.moveTree, codec.tag],
    create,
    validateMerge: (state, other) => findConflict(codec, state, opsOf(other)) ?? compareBases(codec, state, other),
    merge: (state, other) => {
      if (other.trimmedAt > state.trimmedAt) adoptBase(state, other);
      insertAll(state, opsOf(other));
    },
    validateOp: (state, op) => validateShape(op) ?? findConflict(codec, state, [op]),
    apply: (state, op) => insertAll(state, [op]),
    deltaOf: (_state, op) => {
      const delta = create();
      insertAll(delta, [op]);
      return delta;
    },
    writeState: (writer, state) => {
      writer.uint(state.trimmedAt);
      if (state.trimmedAt > 0) writeBase(codec, writer, baseOf(state));
      writer.uint(state.log.length);
      let time = state.trimmedAt;
      for (const { op } of state.log) {
        writeMove(codec, writer, op, time);
        time = op.time;
      }
    },
    readState: (reader) => {
      const state = create();
      state.trimmedAt = reader.uint("the time of trimming");
      if (state.trimmedAt > 0) readBase(codec, reader, state);
      const ops: MoveOp<M>[] = [];
      const count = reader.count("the number of moves", 5);
      for (let i = 0; i < count; i++) {
        const op = readMove(codec, reader, ops.at(-1)?.time ?? state.trimmedAt);
        if (op.time <= state.trimmedAt) reader.fail("a move is older than the trimming.");
        if (i > 0 && compareMoves(ops[i - 1]!, op) >= 0) reader.fail("the moves are not in order.");
        ops.push(op);
      }
      insertAll(state, ops);
      return state;
    },
    writeOp: (writer, op) => writeMove(codec, writer, op, 0),
    readOp: (reader) => readMove(codec, reader, 0),
    move: prepare,
    remove: (state, actor, child) => {
      const place = state.places.get(child);
      if (place !== undefined && isPresent(state, child))
        return prepare(state, actor, { child, parent: TREE_TRASH, meta: place.meta });
      throw new CrdtError(violation("unknown-member", `"${child}" is not in the tree.`));
    },
    parentOf: (state, node) => state.places.get(node)?.parent,
    metaOf: (state, node) => state.places.get(node)?.meta,
    childrenOf: (state, node) => [...(state.children.get(node) ?? [])].sort(compareText),
    isPresent,
    trimming: {
      timeOf,
      trimmedAt: (state) => state.trimmedAt,
      trim: (state, time) => {
        if (time <= state.trimmedAt) return;
        state.log = state.log.filter(({ op }) => op.time > time);
        state.trimmedAt = time;
      },
    },
  };
}

function timeOf(state: MoveTree<unknown>): number {
  return state.log.at(-1)?.op.time ?? state.trimmedAt;
}

function opsOf<M>(state: MoveTree<M>): MoveOp<M>[] {
  return state.log.map((entry) => entry.op);
}

/** Where the nodes were at the time of trimming. */
function baseOf<M>(state: MoveTree<M>): Map<NodeId, Placed<M>> {
  const places = new Map(state.places);
  for (let i = state.log.length - 1; i >= 0; i--) {
    const { op, before, hasEffect } = state.log[i]!;
    if (!hasEffect) continue;
    if (before === null) places.delete(op.child);
    else places.set(op.child, before);
  }
  return places;
}

/** Begins again from the base of a tree that was trimmed later; own moves after that are redone on it. */
function adoptBase<M>(state: MoveTree<M>, other: MoveTree<M>): void {
  const later = opsOf(state).filter((op) => op.time > other.trimmedAt);
  state.log = [];
  state.places.clear();
  state.children.clear();
  state.trimmedAt = other.trimmedAt;
  for (const [node, placed] of baseOf(other)) place(state, node, placed);
  insertAll(state, later);
}

function compareMoves(a: MoveOp<unknown>, b: MoveOp<unknown>): number {
  return a.time - b.time || compareText(a.actor, b.actor);
}

/** Brings in moves that ascend, once each. Undoes what is later than the first new one, and redoes it between the others. */
function insertAll<M>(state: MoveTree<M>, ops: readonly MoveOp<M>[]): void {
  const isNew = ops.filter((op) => op.time > state.trimmedAt && !isKnown(state.log, op));
  if (isNew.length === 0) return;
  const from = slotOf(state.log, isNew[0]!);
  const later = state.log.splice(from);
  for (let i = later.length - 1; i >= 0; i--) undo(state, later[i]!);
  let next = 0;
  for (const op of isNew) {
    while (next < later.length && compareMoves(later[next]!.op, op) < 0) perform(state, later[next++]!.op);
    perform(state, op);
  }
  while (next < later.length) perform(state, later[next++]!.op);
}

function isKnown<M>(log: readonly LogEntry<M>[], op: MoveOp<M>): boolean {
  const entry = log[slotOf(log, op)];
  return entry !== undefined && compareMoves(entry.op, op) === 0;
}

/** The index of the first entry that is not before the move. */
function slotOf<M>(log: readonly LogEntry<M>[], op: MoveOp<M>): number {
  let low = 0;
  let high = log.length;
  if (high > 0 && compareMoves(log[high - 1]!.op, op) < 0) return high;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareMoves(log[middle]!.op, op) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}

function perform<M>(state: MoveTree<M>, op: MoveOp<M>): void {
  const hasEffect = !isBelow(state, op.parent, op.child);
  const before = state.places.get(op.child) ?? null;
  state.log.push({ op, before, hasEffect });
  if (hasEffect) place(state, op.child, { parent: op.parent, meta: op.meta });
}

function undo<M>(state: MoveTree<M>, entry: LogEntry<M>): void {
  if (entry.hasEffect) place(state, entry.op.child, entry.before);
}

function place<M>(state: MoveTree<M>, child: NodeId, to: Placed<M> | null): void {
  const from = state.places.get(child);
  if (from !== undefined) {
    const siblings = state.children.get(from.parent)!; // a placed node is among the children of its parent
    siblings.delete(child);
    if (siblings.size === 0) state.children.delete(from.parent);
  }
  if (to === null) {
    state.places.delete(child);
    return;
  }
  state.places.set(child, to);
  const siblings = state.children.get(to.parent);
  if (siblings === undefined) state.children.set(to.parent, new Set([child]));
  else siblings.add(child);
}

/** True when `node` is `ancestor` or hangs below it. Ends because there are no cycles. */
function isBelow(state: MoveTree<unknown>, node: NodeId, ancestor: NodeId): boolean {
  for (let at: NodeId | undefined = node; at !== undefined; at = state.places.get(at)?.parent) {
    if (at === ancestor) return true;
  }
  return false;
}

function isPresent(state: MoveTree<unknown>, node: NodeId): boolean {
  return isBelow(state, node, TREE_ROOT);
}

function validateShape(op: MoveOp<unknown>): Violation | null {
  if (!Number.isSafeInteger(op.time) || op.time < 1)
    return violation("out-of-range", `the time of the move is ${op.time}.`);
  if (op.child === TREE_ROOT || op.child === TREE_TRASH)
    return violation("inconsistent", `"${op.child}" cannot be moved.`);
  return op.child === op.parent ? violation("inconsistent", `"${op.child}" cannot be its own parent.`) : null;
}

function findConflict<M>(codec: ValueCodec<M>, state: MoveTree<M>, ops: readonly MoveOp<M>[]): Violation | null {
  for (const op of ops) {
    const known = isKnown(state.log, op) ? state.log[slotOf(state.log, op)]!.op : op;
    if (known.child !== op.child || known.parent !== op.parent || codec.keyOf(known.meta) !== codec.keyOf(op.meta)) {
      return violation("double-spent-dot", `"${op.actor}" made two moves at time ${op.time}.`);
    }
  }
  return null;
}

/** Trees trimmed at one time have one base: everything up to then was final. */
function compareBases<M>(codec: ValueCodec<M>, state: MoveTree<M>, other: MoveTree<M>): Violation | null {
  if (state.trimmedAt === 0 || state.trimmedAt !== other.trimmedAt) return null;
  const [mine, theirs] = [baseOf(state), baseOf(other)];
  let isSame = mine.size === theirs.size;
  for (const [node, a] of mine) {
    const b = theirs.get(node);
    isSame &&= b !== undefined && a.parent === b.parent && codec.keyOf(a.meta) === codec.keyOf(b.meta);
  }
  return isSame
    ? null
    : violation("inconsistent", `two trees were trimmed at ${state.trimmedAt}, but differ below it.`);
}

/** The base, by node. */
function writeBase<M>(codec: ValueCodec<M>, writer: ByteWriter, base: ReadonlyMap<NodeId, Placed<M>>): void {
  writer.uint(base.size);
  for (const [node, { parent, meta }] of [...base].sort((a, b) => compareText(a[0], b[0]))) {
    writer.name(node);
    writer.name(parent);
    codec.write(writer, meta);
  }
}

function readBase<M>(codec: ValueCodec<M>, reader: ByteReader, state: MoveTree<M>): void {
  const count = reader.count("the number of nodes", 3);
  let previous: NodeId | null = null;
  for (let i = 0; i < count; i++) {
    const node = reader.name("a node");
    if (previous !== null && compareText(previous, node) >= 0) reader.fail("the nodes are not ascending.");
    if (node === TREE_ROOT || node === TREE_TRASH) reader.fail(`"${node}" has no place.`);
    place(state, node, { parent: reader.name("the parent of a node"), meta: codec.read(reader) });
    previous = node;
  }
  const isSound = new Set<NodeId>();
  for (const node of state.places.keys()) {
    const path = new Set<NodeId>();
    for (let at: NodeId | undefined = node; at !== undefined && !isSound.has(at); at = state.places.get(at)?.parent) {
      if (path.has(at)) reader.fail(`the node ${JSON.stringify(at)} is below itself.`);
      path.add(at);
    }
    for (const at of path) isSound.add(at);
  }
}

function writeMove<M>(codec: ValueCodec<M>, writer: ByteWriter, op: MoveOp<M>, timeBefore: number): void {
  writer.uint(op.time - timeBefore);
  writer.name(op.actor);
  writer.name(op.child);
  writer.name(op.parent);
  codec.write(writer, op.meta);
}

function readMove<M>(codec: ValueCodec<M>, reader: ByteReader, timeBefore: number): MoveOp<M> {
  const time = timeBefore + reader.uint("the time of a move");
  const op = {
    time,
    actor: reader.name("the actor of a move"),
    child: reader.name("the child of a move"),
    parent: reader.name("the parent of a move"),
    meta: codec.read(reader),
  };
  const found = validateShape(op);
  if (found !== null) reader.fail(found.message);
  return op;
}
