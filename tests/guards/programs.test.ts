/** The same little program in Node and on a simulated host gives the same: what is said to be simulated behaves as the real one. */
import { expect, test } from "vitest";
import { PROGRAMS } from "./programs.ts";
import { outcomeOf, simulatedOutcomeOf } from "./rig.ts";

test.each(Object.entries(PROGRAMS))("as in Node: %s", async (_claim, program) => {
  const real = await outcomeOf(program);
  expect(await simulatedOutcomeOf(program)).toEqual(real);
});
