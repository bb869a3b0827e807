import fc from "fast-check";
import { expect, it } from "vitest";
import { DotContext } from "./dot-context.ts";

const dots = fc.array(fc.tuple(fc.constantFrom("a", "b", "c"), fc.integer({ min: 1, max: 30 })), { maxLength: 20 });

function contextOf(entries: readonly (readonly [string, number])[]): DotContext {
  const context = new DotContext();
  for (const [actor, counter] of entries) context.add(actor, counter);
  return context;
}

it("contexts intersect exactly when they share a dot", () => {
  fc.assert(
    fc.property(dots, dots, (mine, theirs) => {
      const context = contextOf(mine);
      expect(context.intersects(contextOf(theirs))).toBe(
        theirs.some(([actor, counter]) => context.has(actor, counter)),
      );
    }),
  );
});

it("tell when the gapless start of an actor has grown, whatever the order of arrival", () => {
  const starts = (context: DotContext): number[] => ["a", "b", "c"].map((actor) => context.contiguous(actor));
  fc.assert(
    fc.property(dots, dots, (mine, theirs) => {
      const context = new DotContext();
      for (const [actor, counter] of mine) {
        const before = context.contiguous(actor);
        expect(context.add(actor, counter)).toBe(context.contiguous(actor) > before);
      }
      const before = starts(context);
      const hasGrown = context.merge(contextOf(theirs));
      expect(hasGrown).toBe(starts(context).some((start, i) => start > before[i]!));
    }),
    { numRuns: 1_000 },
  );
});
