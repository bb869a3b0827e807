/** Trimming the log of moves at any time that is stable changes nothing that is read, and breaks no convergence. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { copyState, decodeState, encodeState, equalStates, mergeValidated } from "./crdt.ts";
import { type MoveOp, type MoveTree, moveTree, TREE_ROOT, TREE_TRASH } from "./move-tree.ts";
import { integerCodec } from "./value-codec.ts";

const tree = moveTree(integerCodec);
const NODES = ["a", "b", "c", "d", "e"];
const REPLICAS = 3;

type Step =
  | { readonly kind: "move"; readonly at: number; readonly child: number; readonly parent: number }
  | { readonly kind: "state"; readonly at: number; readonly from: number }
  | { readonly kind: "delta"; readonly at: number; readonly op: number }
  /** Joins the states of all the others. */
  | { readonly kind: "gather"; readonly at: number }
  | { readonly kind: "trim"; readonly at: number }
  | { readonly kind: "wipe"; readonly at: number };

/** A trimmed tree, and its twin that goes through the same without trimming. */
type Pair = { trimmed: MoveTree<number>; whole: MoveTree<number>; canWrite: boolean; actor: string };

class World {
  readonly pairs: Pair[] = [];
  readonly ops: MoveOp<number>[] = [];
  trims = 0;
  #boots = 0;

  constructor() {
    for (let i = 0; i < REPLICAS; i++) this.pairs.push(this.#boot(true));
  }

  step(step: Step): void {
    const pair = this.pairs[step.at]!;
    if (step.kind === "move") this.#move(pair, NODES[step.child]!, [...NODES, TREE_ROOT, TREE_TRASH][step.parent]!);
    else if (step.kind === "state") this.#join(pair, this.pairs[step.from]!);
    else if (step.kind === "delta") this.#deliver(pair, this.ops[step.op % Math.max(1, this.ops.length)]);
    else if (step.kind === "gather") for (const from of this.pairs) this.#join(pair, from);
    else if (step.kind === "trim") this.#trim(pair);
    // One replica at a time has lost its disk, as with `catchUpPeers: 1`.
    else if (this.pairs.every(({ canWrite }) => canWrite)) this.pairs[step.at] = this.#boot(false);
  }

  #boot(canWrite: boolean): Pair {
    this.#boots += 1;
    return { trimmed: tree.create(), whole: tree.create(), canWrite, actor: `r${this.#boots}` };
  }

  #move(pair: Pair, child: string, parent: string): void {
    if (!pair.canWrite || child === parent) return;
    try {
      const op = tree.move(pair.whole, pair.actor, { child, parent, meta: this.ops.length });
      expect(tree.move(pair.trimmed, pair.actor, { child, parent, meta: this.ops.length })).toEqual(op);
      for (const state of [pair.whole, pair.trimmed]) tree.apply(state, op);
      this.ops.push(op);
    } catch (error) {
      if (!String(error).includes("cannot move below itself")) throw error;
    }
  }

  #join(pair: Pair, from: Pair): void {
    mergeValidated(tree, pair.whole, from.whole);
    mergeValidated(tree, pair.trimmed, decodeState(tree, encodeState(tree, from.trimmed)));
    if (from.canWrite) pair.canWrite = true;
  }

  #deliver(pair: Pair, op: MoveOp<number> | undefined): void {
    if (op === undefined || !this.#isKept(op)) return; // nothing brings what only a lost disk had
    const delta = tree.deltaOf(tree.create(), op);
    mergeValidated(tree, pair.whole, delta);
    mergeValidated(tree, pair.trimmed, delta);
  }

  /** What stability.ts establishes: all with a time up to T is here, and everybody's later moves lie above. */
  #trim(pair: Pair): void {
    if (!this.pairs.every(({ canWrite }) => canWrite)) return;
    const time = Math.min(...this.pairs.map(({ whole }) => whole.log.at(-1)?.op.time ?? 0));
    const isHere = (op: MoveOp<number>): boolean => holds(pair.whole, op);
    if (!this.ops.every((op) => op.time > time || !this.#isKept(op) || isHere(op))) return;
    const before = pair.trimmed.log.length;
    tree.trimming!.trim(pair.trimmed, time);
    if (pair.trimmed.log.length < before) this.trims += 1;
  }

  #isKept(op: MoveOp<number>): boolean {
    return this.pairs.some(({ whole }) => holds(whole, op));
  }
}

function holds(state: MoveTree<number>, op: MoveOp<number>): boolean {
  return state.log.some((entry) => entry.op === op || (entry.op.time === op.time && entry.op.actor === op.actor));
}

function read(state: MoveTree<number>): unknown {
  return NODES.map((node) => [tree.parentOf(state, node), tree.metaOf(state, node), tree.childrenOf(state, node)]);
}

const index = fc.nat(REPLICAS - 1);
const steps = fc.array(
  fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({ kind: fc.constant("move" as const), at: index, child: fc.nat(4), parent: fc.nat(6) }),
    },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("state" as const), at: index, from: index }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant("delta" as const), at: index, op: fc.nat(30) }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("gather" as const), at: index }) },
    { weight: 4, arbitrary: fc.record({ kind: fc.constant("trim" as const), at: index }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("wipe" as const), at: index }) },
  ),
  { maxLength: 40, size: "max" },
);

describe("trimming the movable tree", () => {
  it("never changes what is read, and replicas converge with those that were never trimmed", () => {
    let trims = 0;
    fc.assert(
      fc.property(steps, (script) => {
        const world = new World();
        for (const step of script) {
          world.step(step);
          for (const { trimmed, whole } of world.pairs) expect(read(trimmed)).toEqual(read(whole));
        }
        trims += world.trims;
        for (let round = 0; round < 2; round++) {
          for (let at = 0; at < REPLICAS; at++)
            for (let from = 0; from < REPLICAS; from++) world.step({ kind: "state", at, from });
        }
        const [first, ...others] = world.pairs;
        for (const other of others) expect(equalStates(tree, first!.trimmed, other.trimmed)).toBe(true);
        expect(read(first!.trimmed)).toEqual(read(first!.whole));
      }),
      { numRuns: 600, seed: 4 },
    );
    expect(trims).toBeGreaterThan(300);
  });

  it("merges trimmed states commutatively, associatively and idempotently", () => {
    fc.assert(
      fc.property(steps, (script) => {
        const world = new World();
        for (const step of script) world.step(step);
        const [a, b, c] = world.pairs.map(({ trimmed }) => trimmed);
        const join = (x: MoveTree<number>, y: MoveTree<number>): MoveTree<number> => {
          const result = copyState(tree, x);
          tree.merge(result, y);
          return result;
        };
        const bytes = (state: MoveTree<number>): Uint8Array => encodeState(tree, state);
        expect(bytes(join(a!, b!))).toEqual(bytes(join(b!, a!)));
        expect(bytes(join(join(a!, b!), c!))).toEqual(bytes(join(a!, join(b!, c!))));
        expect(bytes(join(a!, a!))).toEqual(bytes(a!));
        expect(bytes(decodeState(tree, bytes(a!)))).toEqual(bytes(a!));
      }),
      { numRuns: 300, seed: 5 },
    );
  });

  it("needs that a replica without its disk catches up before it writes: an older move would be taken for a known one", () => {
    const [trimmed, wiped] = [tree.create(), tree.create()];
    tree.apply(trimmed, tree.move(trimmed, "a", { child: "a", parent: TREE_ROOT, meta: 0 }));
    tree.trimming!.trim(trimmed, 1);
    tree.apply(wiped, tree.move(wiped, "b", { child: "b", parent: TREE_ROOT, meta: 0 }));
    tree.merge(trimmed, wiped);
    expect(tree.childrenOf(trimmed, TREE_ROOT)).toEqual(["a"]);
    tree.merge(wiped, trimmed);
    expect(tree.childrenOf(wiped, TREE_ROOT)).toEqual(["a"]);
  });

  it("notices trees that were trimmed at one time with different moves before it", () => {
    const make = (child: string): MoveTree<number> => {
      const state = tree.create();
      tree.apply(state, tree.move(state, "a", { child, parent: TREE_ROOT, meta: 0 }));
      tree.trimming!.trim(state, 1);
      return state;
    };
    expect(tree.validateMerge(make("a"), make("a"))).toBe(null);
    expect(tree.validateMerge(make("a"), make("b"))?.code).toBe("inconsistent");
  });

  it("refuses a base with a cycle, and moves older than the trimming", () => {
    const state = tree.create();
    for (const [child, parent] of [
      ["a", TREE_ROOT],
      ["b", "a"],
    ] as const)
      tree.apply(state, tree.move(state, "x", { child, parent, meta: 0 }));
    tree.trimming!.trim(state, 2);
    state.places.set("a", { parent: "b", meta: 0 });
    expect(() => decodeState(tree, encodeState(tree, state))).toThrow("below itself");
  });
});
