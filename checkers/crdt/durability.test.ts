/** What replicas must not forget. */
import { describe, expect, it } from "vitest";
import { covers, firstMissing, keyOfContents, parseContents, sizeOfContents, uniteInto } from "./contents.ts";
import { DurabilityMonitor } from "./durability.ts";
import { ReplicaMonitor } from "./replica-monitor.ts";
import { held } from "./shorthand.test.help.ts";

const a1 = { actor: "a", counter: 1 };

function monitorWith(copies: number): DurabilityMonitor {
  const monitor = new DurabilityMonitor();
  for (const replica of ["a", "b", "c"]) monitor.observe({ kind: "boot", replica, holds: held(""), isHarmed: false });
  monitor.observe({ kind: "update", replica: "a", id: a1, saw: held("b2"), copies });
  return monitor;
}

describe("durability of replicas", () => {
  it("rejects a boot without what was acknowledged, and without what the replica held then", () => {
    for (const [holds, lost] of [
      ["b2", "a/1"],
      ["a1 b1", "b/2"],
    ] as const) {
      const monitor = monitorWith(0);
      monitor.observe({ kind: "acknowledged", id: a1 });
      monitor.observe({ kind: "boot", replica: "a", holds: held(holds), isHarmed: false });
      expect(monitor.violations).toEqual([`a booted without ${lost}, which had been durable on its disk.`]);
    }
  });

  it("forgives a disk that was harmed, and what nobody was told", () => {
    const unacknowledged = monitorWith(0);
    unacknowledged.observe({ kind: "boot", replica: "a", holds: held(""), isHarmed: false });
    expect([unacknowledged.violations, unacknowledged.judgeEnd("b", held(""))]).toEqual([[], null]);
    const harmed = monitorWith(0);
    harmed.observe({ kind: "acknowledged", id: a1 });
    harmed.observe({ kind: "boot", replica: "a", holds: held(""), isHarmed: true });
    expect([harmed.violations, harmed.judgeEnd("b", held(""))]).toEqual([[], null]);
  });

  it("rejects an end without what is durable on a disk", () => {
    const monitor = monitorWith(0);
    monitor.observe({ kind: "acknowledged", id: a1 });
    expect(monitor.judgeEnd("c", held("b2"))).toContain("does not hold a/1 in the end, which was durable at a");
    expect(monitor.judgeEnd("c", held("a1 b2"))).toBeNull();
  });

  it("demands one copy more than disks were harmed", () => {
    const monitor = monitorWith(1);
    monitor.observe({ kind: "acknowledged", id: a1 });
    monitor.observe({ kind: "boot", replica: "a", holds: held(""), isHarmed: true });
    expect(monitor.judgeEnd("c", held("b2"))).toContain("acknowledged by a with 1 copies; harmed since: a");
    monitor.observe({ kind: "boot", replica: "b", holds: held(""), isHarmed: true });
    expect(monitor.judgeEnd("c", held("b2"))).toBeNull();
  });

  it("takes what a replica was seen to hold durably at its word", () => {
    const monitor = monitorWith(0);
    monitor.observe({ kind: "durable", replica: "b", holds: held("a1") });
    expect(monitor.judgeEnd("c", held(""))).toContain("does not hold a/1");
  });
});

describe("replicas step by step", () => {
  type Step = readonly [
    replica: string,
    incarnation: number,
    holds: string,
    durable: string,
    state: string,
    trimmed?: string,
  ];
  const watch = (...steps: readonly Step[]): readonly string[] => {
    const monitor = new ReplicaMonitor();
    for (const [replica, incarnation, holds, durable, state, trimmed = ""] of steps)
      monitor.observe({ replica, incarnation, key: "", holds: held(holds), durable: held(durable), state, trimmed });
    return monitor.violations;
  };

  it("rejects two states of the same contents, at whatever times, unless they have forgotten different history", () => {
    expect(watch(["a", 1, "x1", "", "s"], ["b", 1, "x1", "", "t"])).toEqual([
      "a and b contain the same and have states s and t: x:1,1",
    ]);
    expect(watch(["a", 1, "x1", "", "s"], ["a", 1, "x2", "", "t"], ["b", 1, "x1", "", "s"])).toEqual([]);
    expect(watch(["a", 1, "x1", "", "s"], ["b", 1, "x1", "", "t", "7"])).toEqual([]);
  });

  it("rejects contents that shrink within a boot, and forgives a boot", () => {
    expect(watch(["a", 1, "x2", "x1", "s"], ["a", 1, "x1", "x1", "t"])).toEqual(["a no longer contains x/2."]);
    expect(watch(["a", 1, "x2", "x2", "s"], ["a", 1, "x2", "x1", "s"])).toEqual(["a no longer has durably x/2."]);
    expect(watch(["a", 1, "x2", "x1", "s"], ["a", 2, "x1", "x1", "t"])).toEqual([]);
  });

  it("rejects something durable that is not contained", () => {
    expect(watch(["a", 1, "x1", "x2", "s"])).toEqual(["a has durably, and does not contain, x/2."]);
  });
});

describe("contents", () => {
  it("are compared and joined by intervals", () => {
    const gaps = parseContents({ a: [1, 3, 5, 9] });
    expect([sizeOfContents(gaps), keyOfContents(gaps)]).toEqual([8, "a:1,3,5,9"]);
    expect(firstMissing(gaps, held("a9"))).toEqual({ actor: "a", counter: 4 });
    expect([covers(held("a9"), gaps), covers(gaps, held("a3")), covers(gaps, held("b1"))]).toEqual([true, true, false]);
    const all = new Map(gaps);
    uniteInto(all, parseContents({ a: [4, 4], b: 2 }));
    expect(keyOfContents(all)).toBe("a:1,9 b:1,2");
  });

  it("that are none are refused", () => {
    for (const json of [null, [], "a", { a: 0 }, { a: [2, 1] }, { a: [1, 2, 3, 4] }, { a: [1] }, { a: "1" }])
      expect(() => parseContents(json as never)).toThrow(/expected counters/);
  });
});
