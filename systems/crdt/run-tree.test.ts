/** The tree and the index of runs, and the causal context, against arrays and sets. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DotContext } from "./dot-context.ts";
import { RunIndex } from "./run-index.ts";
import { RunTree, type TreeNode } from "./run-tree.ts";

type Run = { actor: number; counter: number; length: number; isLive: boolean; leaf: TreeNode<Run> | null };

const makeRun = (counter: number, length: number, isLive: boolean): Run => ({
  actor: 0,
  counter,
  length,
  isLive,
  leaf: null,
});

function checkTree(tree: RunTree<Run>, model: readonly Run[]): void {
  expect([...tree]).toEqual(model);
  expect(tree.first()).toBe(model[0] ?? null);
  expect(tree.last()).toBe(model.at(-1) ?? null);
  let position = 0;
  model.forEach((run, i) => {
    expect(tree.next(run)).toBe(model[i + 1] ?? null);
    expect(tree.previous(run)).toBe(model[i - 1] ?? null);
    expect(tree.positionOf(run)).toBe(position);
    const other = model[(i * 7) % model.length]!;
    expect(Math.sign(tree.compare(run, other))).toBe(Math.sign(i - ((i * 7) % model.length)));
    if (!run.isLive) return;
    expect(tree.locate(position + run.length - 1)).toEqual({ run, offset: run.length - 1 });
    position += run.length;
  });
  expect(tree.live).toBe(position);
}

describe("the run tree", () => {
  it("is a list with positions, through growth to several levels and back to nothing", () => {
    const steps = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 4 }), fc.boolean()), {
      minLength: 1,
      maxLength: 400,
      size: "max",
    });
    fc.assert(
      fc.property(steps, fc.boolean(), (script, isDraining) => {
        const tree = new RunTree<Run>();
        const model: Run[] = [];
        for (const [place, kind, isLive] of script) {
          const at = model.length === 0 ? 0 : place % model.length;
          if (kind === 0 && model.length > 0) tree.remove(model.splice(at, 1)[0]!);
          else {
            const run = makeRun(model.length, kind + 1, isLive);
            tree.insertAfter(model[at - 1] ?? null, run);
            model.splice(at, 0, run);
          }
        }
        const last = model.findLast((run, i) => i % 2 === 0 && model.indexOf(run) <= model.length / 2) ?? null;
        expect(
          tree.lastBefore(
            (run) => model.indexOf(run) <= model.length / 2 && model.indexOf(run) <= model.indexOf(last ?? run),
          ),
        ).toBe(last);
        checkTree(tree, model);
        while (isDraining && model.length > 0) tree.remove(model.splice((model.length * 3) % model.length, 1)[0]!);
        checkTree(tree, model);
      }),
      { numRuns: 40 },
    );
  });
});

describe("the run index", () => {
  it("finds the run of every element, whatever the order of insertion and splits", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 900, size: "max" }), (script) => {
        const index = new RunIndex<Run>();
        const model = [makeRun(1, 2_000, true)];
        index.insert(model[0]!);
        for (const [pick, where] of script) {
          const at = pick % model.length;
          const run = model[at]!;
          if (where % 5 === 0 && model.length > 1) {
            index.remove(run);
            model.splice(at, 1);
          } else if (run.length > 1) {
            const offset = 1 + (where % (run.length - 1));
            const right = makeRun(run.counter + offset, run.length - offset, true);
            run.length = offset;
            index.insert(right);
            model.splice(at + 1, 0, right);
          }
        }
        expect(index.overlapping(0, 0, 5_000)).toEqual(model);
        for (let counter = 1; counter <= 2_000; counter += 13) {
          const holds = (run: Run): boolean => run.counter <= counter && counter < run.counter + run.length;
          expect(index.find(0, counter)).toBe(model.find(holds));
          expect(index.overlapping(0, counter, counter + 40)).toEqual(
            model.filter((run) => run.counter <= counter + 40 && run.counter + run.length > counter),
          );
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe("the causal context", () => {
  it("is a set of dots", () => {
    const ranges = fc.array(fc.tuple(fc.constantFrom("a", "b"), fc.integer({ min: 1, max: 30 }), fc.nat({ max: 6 })), {
      maxLength: 20,
    });
    fc.assert(
      fc.property(ranges, ranges, (mine, theirs) => {
        const [context, other] = [new DotContext(), new DotContext()];
        const model = new Set<string>();
        for (const [actor, low, length] of [...mine, ...theirs])
          for (let n = low; n <= low + length; n++) model.add(`${actor}${n}`);
        for (const [actor, low, length] of mine) context.addRange(actor, low, low + length);
        for (const [actor, low, length] of theirs) other.addRange(actor, low, low + length);
        context.merge(other);
        expect(context.count()).toBe(model.size);
        for (const actor of ["a", "b"]) {
          const counters = Array.from({ length: 40 }, (_unused, i) => i + 1);
          const present = counters.filter((n) => model.has(`${actor}${n}`));
          expect(counters.filter((n) => context.has(actor, n))).toEqual(present);
          expect(context.max(actor)).toBe(present.at(-1) ?? 0);
          const gap = counters.find((n) => !model.has(`${actor}${n}`))!;
          expect(context.contiguous(actor)).toBe(gap - 1);
          const parts = context.within(actor, 5, 20);
          const listed = parts.flatMap((low, i) =>
            i % 2 === 0 ? counters.filter((n) => n >= low && n <= parts[i + 1]!) : [],
          );
          expect(listed).toEqual(present.filter((n) => n >= 5 && n <= 20));
          expect(context.hasRange(actor, 5, 9)).toBe([5, 6, 7, 8, 9].every((n) => model.has(`${actor}${n}`)));
        }
      }),
      { numRuns: 300 },
    );
  });
});
