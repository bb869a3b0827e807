/**
 * The Merkle register: a register whose writes form a hash DAG, so that history cannot be forged and needs no actor names.
 *
 * A node holds a value and the hashes of the nodes it replaces; its own hash (SHA-256 over both) is its name. The current values are
 * those of the heads: nodes that nothing replaces. A node whose children have not arrived waits as an orphan. Costs:
 * history is kept, and a write must name every head it replaces. Sanjuan, Pöyhtäri, Teixeira 2020, "Merkle-CRDTs".
 */
import { type ByteReader, ByteWriter } from "./bytes.ts";
import { compareText } from "./clock.ts";
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { fromHex, sha256, toHex } from "./sha256.ts";
import type { ValueCodec } from "./value-codec.ts";
import { CrdtError, type Violation, violation } from "./violation.ts";

/** A SHA-256 as 64 lower-case hex digits. */
export type Hash = string;
/** `children`: the hashes of what it replaces, ascending. */
export type MerkleOp<T> = { readonly children: readonly Hash[]; readonly value: T };
/** `depth`: 1 without children, otherwise one more than the deepest child. */
type MerkleNode<T> = MerkleOp<T> & { readonly depth: number };

export type MerkleRegister<T> = {
  /** Invariant: the children of every node are here. */
  readonly nodes: Map<Hash, MerkleNode<T>>;
  readonly heads: Set<Hash>;
  readonly orphans: Map<Hash, MerkleOp<T>>;
  /** For each hash that is missing, the orphans that wait for it. */
  readonly waiting: Map<Hash, Set<Hash>>;
};

export type MerkleRegisterType<T> = CrdtType<MerkleRegister<T>, MerkleOp<T>> & {
  hashOf(op: MerkleOp<T>): Hash;
  /** A write over the given nodes, by default over all heads. Throws CrdtError "unknown-member" for a hash that is not here. */
  write(state: MerkleRegister<T>, value: T, children?: Iterable<Hash>): MerkleOp<T>;
  /** The current values by hash, ascending. */
  read(state: MerkleRegister<T>): readonly { readonly hash: Hash; readonly value: T }[];
};

export function merkleRegister<T>(codec: ValueCodec<T>): MerkleRegisterType<T> {
  const hashOf = (op: MerkleOp<T>): Hash => {
    const writer = new ByteWriter();
    writer.uint(op.children.length);
    for (const child of op.children) writer.raw(fromHex(child));
    codec.write(writer, op.value);
    return toHex(sha256(writer.finish()));
  };
  const create = (): MerkleRegister<T> => ({
    nodes: new Map(),
    heads: new Set(),
    orphans: new Map(),
    waiting: new Map(),
  });
  const apply = (state: MerkleRegister<T>, op: MerkleOp<T>): void => insert(state, hashOf(op), op);
  return {
    name: `merkle-register(${codec.name})`,
    signature: [TYPE_TAG.merkleRegister, codec.tag],
    create,
    validateMerge: () => null,
    merge: (state, other) => {
      for (const [hash, node] of byDepth(other)) insert(state, hash, node);
      for (const [hash, op] of other.orphans) insert(state, hash, op);
    },
    validateOp: (state, op) => validateShape(op) ?? validateChildren(state, op),
    apply,
    deltaOf: (_state, op) => {
      const delta = create();
      apply(delta, op);
      return delta;
    },
    writeState: (writer, state) => write(codec, writer, state),
    readState: (reader) => read(codec, reader, create(), hashOf),
    writeOp: (writer, op) => writeOrphan(codec, writer, op),
    readOp: (reader) => readOrphan(codec, reader),
    hashOf,
    write: (state, value, children) => {
      codec.keyOf(value);
      const op = { children: [...new Set(children ?? state.heads)].sort(compareText), value };
      const found = validateShape(op) ?? validateChildren(state, op);
      if (found !== null) throw new CrdtError(violation("unknown-member", found.message));
      return op;
    },
    read: (state) => [...state.heads].sort(compareText).map((hash) => ({ hash, value: state.nodes.get(hash)!.value })),
  };
}

/** Adds a node, or keeps it as an orphan; then every orphan that was waiting for nothing else. */
function insert<T>(state: MerkleRegister<T>, hash: Hash, op: MerkleOp<T>): void {
  const queue: [Hash, MerkleOp<T>][] = [[hash, op]];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    const [name, { children, value }] = next;
    if (state.nodes.has(name)) continue;
    const missing = children.find((child) => !state.nodes.has(child));
    if (missing !== undefined) {
      state.orphans.set(name, { children, value });
      state.waiting.set(missing, (state.waiting.get(missing) ?? new Set()).add(name));
      continue;
    }
    let depth = 1;
    for (const child of children) {
      state.heads.delete(child);
      depth = Math.max(depth, state.nodes.get(child)!.depth + 1);
    }
    state.nodes.set(name, { children, value, depth });
    state.heads.add(name);
    state.orphans.delete(name);
    for (const orphan of state.waiting.get(name) ?? []) queue.push([orphan, state.orphans.get(orphan)!]);
    state.waiting.delete(name);
  }
}

/** Children before parents; among equals by hash. */
function byDepth<T>(state: MerkleRegister<T>): [Hash, MerkleNode<T>][] {
  return [...state.nodes].sort((a, b) => a[1].depth - b[1].depth || compareText(a[0], b[0]));
}

function validateShape(op: MerkleOp<unknown>): Violation | null {
  for (let i = 0; i < op.children.length; i++) {
    if (!/^[0-9a-f]{64}$/.test(op.children[i]!))
      return violation("out-of-range", "a child is no hash of 64 lower-case hex digits.");
    if (i > 0 && op.children[i - 1]! >= op.children[i]!)
      return violation("inconsistent", "the children are not ascending.");
  }
  return null;
}

function validateChildren<T>(state: MerkleRegister<T>, op: MerkleOp<T>): Violation | null {
  const missing = op.children.find((child) => !state.nodes.has(child));
  return missing === undefined
    ? null
    : violation("missing-dots", `the node replaces ${missing}, which has not arrived.`);
}

/** Hashes are not written: a child is its number among the nodes before, and reading computes the names anew. */
function write<T>(codec: ValueCodec<T>, writer: ByteWriter, state: MerkleRegister<T>): void {
  const nodes = byDepth(state);
  const numbers = new Map(nodes.map(([hash], i) => [hash, i]));
  writer.uint(nodes.length);
  nodes.forEach(([, node], i) => {
    writer.uint(node.children.length);
    for (const child of node.children) writer.uint(i - 1 - numbers.get(child)!);
    codec.write(writer, node.value);
  });
  const orphans = [...state.orphans].sort((a, b) => compareText(a[0], b[0]));
  writer.uint(orphans.length);
  for (const [, op] of orphans) writeOrphan(codec, writer, op);
}

function read<T>(
  codec: ValueCodec<T>,
  reader: ByteReader,
  state: MerkleRegister<T>,
  hashOf: (op: MerkleOp<T>) => Hash,
): MerkleRegister<T> {
  const names: Hash[] = [];
  const count = reader.count("the number of nodes", 2);
  for (let i = 0; i < count; i++) {
    const children: Hash[] = [];
    const childCount = reader.count("the number of children", 1);
    for (let j = 0; j < childCount; j++) {
      const child = names[i - 1 - reader.uint("a child")];
      if (child === undefined) reader.fail("a node replaces a node that does not come before it.");
      children.push(child);
    }
    const op = { children, value: codec.read(reader) };
    const hash = hashOf(op);
    const found = validateShape(op);
    if (found !== null) reader.fail(found.message);
    insert(state, hash, op);
    names.push(hash);
    const [before, node] = [state.nodes.get(names[i - 1] ?? ""), state.nodes.get(hash)!];
    if (before !== undefined && (node.depth - before.depth || compareText(hash, names[i - 1]!)) <= 0)
      reader.fail("the nodes are not in order.");
  }
  readOrphans(codec, reader, state, hashOf);
  return state;
}

function readOrphans<T>(
  codec: ValueCodec<T>,
  reader: ByteReader,
  state: MerkleRegister<T>,
  hashOf: (op: MerkleOp<T>) => Hash,
): void {
  const count = reader.count("the number of orphans", 34);
  let previous: Hash | null = null;
  for (let i = 0; i < count; i++) {
    const op = readOrphan(codec, reader);
    const hash = hashOf(op);
    if (previous !== null && previous >= hash) reader.fail("the orphans are not ascending.");
    insert(state, hash, op);
    previous = hash;
  }
  if (state.orphans.size !== count) reader.fail("an orphan waits for nothing.");
}

function writeOrphan<T>(codec: ValueCodec<T>, writer: ByteWriter, op: MerkleOp<T>): void {
  writer.uint(op.children.length);
  for (const child of op.children) writer.raw(fromHex(child));
  codec.write(writer, op.value);
}

function readOrphan<T>(codec: ValueCodec<T>, reader: ByteReader): MerkleOp<T> {
  const children: Hash[] = [];
  const count = reader.count("the number of children", 32);
  for (let i = 0; i < count; i++) children.push(toHex(reader.raw(32, "the hash of a child")));
  const op = { children, value: codec.read(reader) };
  const found = validateShape(op);
  if (found !== null) reader.fail(found.message);
  return op;
}
