import { expect, test } from "vitest";
import { kaplanMeierMedian } from "./statistics.ts";

const caught = (seeds: number) => ({ caught: true, seeds });
const censored = (seeds: number) => ({ caught: false, seeds });

test("without censoring it is the ordinary median", () => {
  expect(kaplanMeierMedian([caught(3), caught(9), caught(5)])).toBe(5);
});

test("a censored start counts for as long as it was watched", () => {
  expect(kaplanMeierMedian([caught(1), censored(2), caught(4), caught(6)])).toBe(4);
  expect(kaplanMeierMedian([caught(1), censored(10), censored(10)])).toBeNull();
  expect(kaplanMeierMedian([])).toBeNull();
});
