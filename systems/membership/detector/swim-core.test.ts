import { expect, test } from "vitest";
import { Random } from "../../../sim/random.ts";
import { SWIM_DEFAULTS } from "./options.ts";
import { SwimBench } from "./swim.fixture.ts";

const SECOND_US = 1_000_000;
const NAMES = ["a", "b", "c", "d", "e"];

const open = (seed = "swim"): SwimBench => {
  const bench = new SwimBench({ names: NAMES, random: new Random(seed, "test") });
  bench.watchAll();
  return bench;
};

test("nobody is suspected while all answer", () => {
  const bench = open();
  bench.runUntil(30 * SECOND_US);
  expect(bench.events).toEqual([]);
});

test("a crashed node is suspected, then down at everybody, within its round, both probes and the suspicion", () => {
  const bench = open();
  bench.runUntil(5 * SECOND_US);
  bench.crash("c");
  bench.runUntil(20 * SECOND_US);
  const downs = bench.of("down", "c");
  expect(downs.map(({ at }) => at).sort()).toEqual(["a", "b", "d", "e"]);
  const { directUs, indirectUs, suspectUs } = SWIM_DEFAULTS;
  const boundUs = 4 * 200_000 + directUs + indirectUs + suspectUs + 1_000;
  for (const { atUs } of downs) expect(atUs).toBeLessThanOrEqual(5 * SECOND_US + boundUs);
  expect(bench.of("suspect", "c").length).toBeGreaterThan(0);
  expect(bench.events.filter(({ peer }) => peer !== "c")).toEqual([]);
});

test("a cut between two nodes is bridged by pings through others", () => {
  const bench = open();
  bench.isLost = (from, to) => (from === "a" && to === "b") || (from === "b" && to === "a");
  bench.runUntil(30 * SECOND_US);
  expect(bench.events).toEqual([]);
});

test("a node that was out of reach for a moment refutes the suspicion with a higher incarnation, which is durable", () => {
  const bench = open();
  bench.runUntil(5 * SECOND_US);
  bench.isLost = (from, to) => from === "c" || to === "c";
  while (bench.of("suspect", "c").length === 0) bench.runUntil(bench.nowUs + 10_000);
  bench.isLost = () => false;
  bench.runUntil(bench.nowUs + 10 * SECOND_US);
  expect(bench.of("down", "c")).toEqual([]);
  expect(bench.of("alive", "c").length).toBeGreaterThan(0);
  expect(bench.core("c").incarnation).toBeGreaterThan(1);
  expect(bench.stored.get("c")).toBe(bench.core("c").incarnation);
});

/** Everybody holds c for dead in a high incarnation; then c comes back, and its neighbours watch it again. */
function comeBack(wipe: boolean): SwimBench {
  const bench = open();
  bench.stored.set("c", 99);
  bench.boot("c");
  bench.runUntil(5 * SECOND_US);
  bench.crash("c");
  bench.runUntil(20 * SECOND_US);
  if (wipe) bench.stored.delete("c");
  bench.boot("c");
  bench.watchAll();
  bench.runUntil(60 * SECOND_US);
  return bench;
}

test.each([false, true])("a node that was dead comes back to life at all neighbours (disk lost: %s)", (wipe) => {
  const bench = comeBack(wipe);
  expect(bench.of("down", "c").filter(({ atUs }) => atUs > 20 * SECOND_US)).toEqual([]);
  expect(bench.core("c").incarnation).toBeGreaterThan(100);
  expect(bench.core("a").watched()).toContain("c");
});

test("news reaches nodes that watch neither the accuser nor the accused directly", () => {
  const bench = new SwimBench({ names: NAMES, random: new Random("line", "test") });
  // A line: a - b - c - d - e.
  for (let i = 1; i < NAMES.length; i++) {
    bench.core(NAMES[i - 1]!).watch(NAMES[i]!, 0);
    bench.core(NAMES[i]!).watch(NAMES[i - 1]!, 0);
  }
  bench.runUntil(3 * SECOND_US);
  bench.crash("a");
  bench.runUntil(12 * SECOND_US);
  bench.core("e").watch("a", bench.nowUs);
  // e holds a for dead, so a has to refute it.
  expect(bench.of("suspect", "a").map(({ at }) => at)).toContain("e");
});
