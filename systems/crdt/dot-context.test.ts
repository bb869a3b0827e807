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
