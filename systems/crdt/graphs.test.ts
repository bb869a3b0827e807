/** The movable tree and the Merkle register against the laws, their specifications and the hazards they exist for. */
import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { checkLaws, type HistoryUpdate, type LawSubject } from "./laws.ts";
import { merkleRegister } from "./merkle-register.ts";
import { type MoveOp, moveTree, TREE_ROOT, TREE_TRASH } from "./move-tree.ts";
import { sha256, toHex } from "./sha256.ts";
import { integerCodec, textCodec } from "./value-codec.ts";

const CASES = Number(process.env["CRDT_CASES"] ?? 200);
const ONLY = process.env["CRDT_TYPE"];

function law<S, O>(name: string, subject: LawSubject<S, O>): void {
  if (ONLY !== undefined && ONLY !== name) return;
  it(`${name}: all roads agree and merge is a join`, { timeout: 6_000_000 }, () => {
    const script = fc.array(fc.nat({ max: 63 }), { maxLength: Number(process.env["CRDT_STEPS"] ?? 60), size: "max" });
    fc.assert(
      fc.property(script, (numbers) => {
        expect(checkLaws(subject, numbers)).toBeNull();
      }),
      { numRuns: CASES },
    );
  });
}

const NODES = ["p", "q", "r", "s"] as const;
const tree = moveTree(integerCodec);

/** All moves in order of time and actor, each skipped when the parent hangs below the child. */
function placesOf(history: readonly HistoryUpdate<MoveOp<number>>[]): [string, string, number][] {
  const places = new Map<string, [string, number]>();
  const ops = history.map((update) => update.op).sort((a, b) => a.time - b.time || (a.actor < b.actor ? -1 : 1));
  for (const op of ops) {
    const above = new Set<string>();
    for (let at: string | undefined = op.parent; at !== undefined; at = places.get(at)?.[0]) above.add(at);
    if (!above.has(op.child)) places.set(op.child, [op.parent, op.meta]);
  }
  return [...places].map(([child, [parent, meta]]): [string, string, number] => [child, parent, meta]).sort();
}

describe("the movable tree", () => {
  law("move-tree", {
    type: tree,
    propose: (state, actor, draw) => {
      const child = NODES[draw(4)]!;
      const parent = [...NODES, TREE_ROOT][draw(5)]!;
      if (draw(6) === 0) return tree.isPresent(state, child) ? tree.remove(state, actor, child) : null;
      if (child === parent) return null;
      try {
        return tree.move(state, actor, { child, parent, meta: draw(9) });
      } catch {
        return null; // would make a cycle
      }
    },
    view: (state) =>
      [...state.places.keys()].map((node) => [node, tree.parentOf(state, node), tree.metaOf(state, node)]).sort(),
    specify: placesOf,
  });

  it("two concurrent moves that would make a cycle leave a tree, the same everywhere", () => {
    const base = tree.create();
    for (const child of ["p", "q"]) tree.apply(base, tree.move(base, "a", { child, parent: TREE_ROOT, meta: 0 }));
    const [left, right] = [tree.create(), tree.create()];
    for (const state of [left, right]) tree.merge(state, base);
    const below = tree.move(left, "a", { child: "p", parent: "q", meta: 1 });
    const above = tree.move(right, "b", { child: "q", parent: "p", meta: 1 });
    for (const op of [below, above]) tree.apply(left, op);
    for (const op of [above, below]) tree.apply(right, op);
    for (const state of [left, right]) {
      expect(tree.parentOf(state, "p")).toBe("q");
      expect(tree.parentOf(state, "q")).toBe(TREE_ROOT);
    }
  });

  it("a node moved at two places at once is one node in one of them", () => {
    const state = tree.create();
    for (const child of ["p", "q", "x"])
      tree.apply(state, tree.move(state, "a", { child, parent: TREE_ROOT, meta: 0 }));
    const [first, second] = [
      tree.move(state, "a", { child: "x", parent: "p", meta: 0 }),
      tree.move(state, "b", { child: "x", parent: "q", meta: 0 }),
    ];
    tree.apply(state, second);
    tree.apply(state, first);
    expect([tree.childrenOf(state, "p"), tree.childrenOf(state, "q")]).toEqual([[], ["x"]]);
  });

  it("a deleted node takes its children along, and a concurrent move out of it saves a child", () => {
    const state = tree.create();
    tree.apply(state, tree.move(state, "a", { child: "p", parent: TREE_ROOT, meta: 0 }));
    for (const child of ["x", "y"]) tree.apply(state, tree.move(state, "a", { child, parent: "p", meta: 0 }));
    const remove = tree.remove(state, "a", "p");
    const save = tree.move(state, "b", { child: "x", parent: TREE_ROOT, meta: 0 });
    tree.apply(state, remove);
    tree.apply(state, save);
    expect([tree.isPresent(state, "x"), tree.isPresent(state, "y"), tree.parentOf(state, "p")]).toEqual([
      true,
      false,
      TREE_TRASH,
    ]);
  });

  it("refuses cycles, reserved nodes and one time for two moves", () => {
    const state = tree.create();
    tree.apply(state, tree.move(state, "a", { child: "p", parent: TREE_ROOT, meta: 0 }));
    tree.apply(state, tree.move(state, "a", { child: "q", parent: "p", meta: 0 }));
    expect(() => tree.move(state, "a", { child: "p", parent: "q", meta: 0 })).toThrow(/below itself/);
    expect(() => tree.move(state, "a", { child: TREE_ROOT, parent: "q", meta: 0 })).toThrow(/cannot be moved/);
    expect(tree.validateOp(state, { time: 1, actor: "a", child: "z", parent: "p", meta: 0 })?.code).toBe(
      "double-spent-dot",
    );
  });
});

describe("the Merkle register", () => {
  const register = merkleRegister(textCodec);
  law("merkle-register", {
    type: register,
    propose: (state, _actor, draw) => {
      const heads = [...state.heads].sort();
      const kept = heads.filter(() => draw(4) > 0);
      return register.write(state, "uvwxyz"[draw(6)]!, kept);
    },
    view: (state) => register.read(state).map(({ hash }) => hash),
    specify: (history) => {
      const replaced = new Set(history.flatMap((update) => update.op.children));
      const hashes = new Set(history.map((update) => register.hashOf(update.op)));
      return [...hashes].filter((hash) => !replaced.has(hash)).sort();
    },
  });

  it("a write that arrives before what it replaces waits as an orphan and shows nothing", () => {
    const [source, target] = [register.create(), register.create()];
    const first = register.write(source, "one");
    register.apply(source, first);
    const second = register.write(source, "two");
    expect(register.validateOp(target, second)?.code).toBe("missing-dots");
    register.apply(target, second);
    expect([register.read(target), target.orphans.size]).toEqual([[], 1]);
    register.apply(target, first);
    expect([register.read(target).map(({ value }) => value), target.orphans.size, target.waiting.size]).toEqual([
      ["two"],
      0,
      0,
    ]);
  });

  it("SHA-256 gives what Node's gives, at every length around a block", () => {
    for (const length of [0, 1, 54, 55, 56, 63, 64, 65, 119, 120, 1000]) {
      const bytes = Uint8Array.from({ length }, (_unused, i) => (i * 31 + length) & 255);
      expect(toHex(sha256(bytes))).toBe(createHash("sha256").update(bytes).digest("hex"));
    }
  });
});
