/** What replicas of each type must not show: one history for each way to be wrong, and its neighbour that is right. */
import { describe, expect, it } from "vitest";
import { counterSpec, extremumSpec } from "./counters.ts";
import { keyedSpec } from "./keyed.ts";
import { listSpec } from "./lists.ts";
import { mapOfCountersSpec, mapOfFlagsSpec, mapOfMapsSpec, mapOfRegistersSpec, mapOfSetsSpec } from "./maps.ts";
import { merkleSpec } from "./merkle.ts";
import {
  concurrentValuesSpec,
  disableWinsSpec,
  enableWinsSpec,
  gSetSpec,
  lwwSpec,
  orSetSpec,
  twoPhaseSetSpec,
} from "./sets.ts";
import { judge, ofRead, read, tell, update } from "./shorthand.test.help.ts";
import { moveTreeSpec } from "./tree.ts";

const counter = counterSpec("counter");

describe("strong eventual consistency", () => {
  const updates = [update("a1", "", "add x"), update("b1", "", "add y")];

  it("rejects two replicas that hold the same and show different values", () => {
    const verdict = judge(gSetSpec, updates, [read("a", "a1 b1", ["x", "y"]), read("b", "b1 a1", ["y"])]);
    expect(tell(verdict)).toBe('a at 0.000 ms and b at 0.000 ms held the same updates and showed ["x","y"] and ["y"].');
  });

  it("rejects two replicas that hold and show the same in different states", () => {
    const reads = [read("a", "a1 b1", ["x", "y"], "1f"), read("b", "a1 b1", ["x", "y"], "2e")];
    expect(tell(judge(gSetSpec, updates, reads))).toContain("had states 1f and 2e");
    const trimmed = [read("a", "a1 b1", ["x", "y"], "1f/7"), read("b", "a1 b1", ["x", "y"], "2e/8")];
    expect(tell(judge(gSetSpec, updates, trimmed))).toBe("valid");
  });

  it("says nothing about contents that lack what one of their updates had seen", () => {
    const seen = [update("a1", "", "add x"), update("b1", "a1", "remove x")];
    expect(tell(judge(orSetSpec, seen, [read("c", "b1", ["x"])]))).toBe("unknown");
  });
});

describe("counters", () => {
  const updates = [update("a1", "", "increment", 5), update("b1", "", "decrement", 2)];

  it("rejects a lost increment and one that counts twice", () => {
    expect(tell(judge(counter, updates, [read("c", "a1 b1", 3)]))).toBe("valid");
    expect(tell(judge(counter, updates, [read("c", "a1 b1", -2)]))).toContain("shows -2, expected 3");
    expect(tell(judge(counter, updates, [read("c", "a1 b1", 8)]))).toContain("shows 8, expected 3");
  });

  it("gives unanswered calls both chances, and no more", () => {
    const unanswered = [{ f: "increment", key: null, value: 10 }];
    for (const value of [3, 13])
      expect(tell(judge(counter, updates, [read("c", "a1 b2", value)], unanswered))).toBe("valid");
    expect(tell(judge(counter, updates, [read("c", "a1 b2", 14)], unanswered))).toContain("expected 3 to 13");
    expect(tell(judge(counter, updates, [read("c", "a1 b1", 13)], unanswered))).toContain("expected 3,");
  });

  it("rejects a bounded counter below zero, though it is the sum", () => {
    const spec = counterSpec("bounded-counter", { isBounded: true });
    const spent = [update("a1", "", "decrement", 1)];
    expect(tell(judge(spec, spent, [read("c", "a1", -1)]))).toContain("below its bound");
  });

  it("rejects a maximum that was overwritten by a smaller value", () => {
    const max = extremumSpec("max-register", 1);
    const puts = [update("a1", "", "put", 9), update("a2", "a1", "put", 4)];
    expect(tell(judge(max, puts, [read("b", "a2", 9)]))).toBe("valid");
    expect(tell(judge(max, puts, [read("b", "a2", 4)]))).toContain("shows 4, expected 9");
    expect(tell(judge(extremumSpec("min-register", -1), puts, [read("b", "a2", 9)]))).toContain("expected 4");
  });
});

describe("sets", () => {
  const updates = [update("a1", "", "add x"), update("b1", "a1", "remove x"), update("c1", "", "add x")];

  it("rejects a lost add, a removed member that stays, and one that nobody added", () => {
    expect(tell(judge(orSetSpec, updates, [read("a", "a1 b1 c1", ["x"])]))).toBe("valid");
    expect(tell(judge(orSetSpec, updates, [read("a", "a1 b1 c1", [])]))).toContain("has lost x");
    expect(tell(judge(orSetSpec, updates, [read("a", "a1 b1", ["x"])]))).toContain("each of its 1 adds was removed");
    expect(tell(judge(orSetSpec, updates, [read("a", "a1", ["x", "y"])]))).toContain("shows y, which was never added");
  });

  it("rejects members out of order", () => {
    const adds = [update("a1", "", "add x"), update("a2", "a1", "add y")];
    expect(tell(judge(gSetSpec, adds, [read("a", "a2", ["y", "x"])]))).toContain("not ascending");
  });

  it("lets no member of a two-phase set return", () => {
    expect(tell(judge(twoPhaseSetSpec, updates, [read("a", "a1 b1 c1", [])]))).toBe("valid");
    expect(tell(judge(twoPhaseSetSpec, updates, [read("a", "a1 b1 c1", ["x"])]))).toContain("shows x");
  });

  it("does not judge a member that an unanswered call may have changed", () => {
    const unanswered = [{ f: "remove", key: "x", value: null }];
    expect(tell(judge(orSetSpec, updates, [read("a", "a1 d1", [])], unanswered))).toBe("valid");
    expect(tell(judge(orSetSpec, updates, [read("a", "a1", [])], unanswered))).toContain("has lost x");
  });
});

describe("flags and registers", () => {
  const flips = [update("a1", "", "enable"), update("b1", "", "disable")];

  it("a concurrent enable wins in one flag and loses in the other", () => {
    expect(tell(judge(enableWinsSpec, flips, [read("a", "a1 b1", true)]))).toBe("valid");
    expect(tell(judge(enableWinsSpec, flips, [read("a", "a1 b1", false)]))).toContain("shows false");
    expect(tell(judge(disableWinsSpec, flips, [read("a", "a1 b1", true)]))).toContain("shows true");
    expect(tell(judge(disableWinsSpec, flips, [read("a", "a1", true)]))).toBe("valid");
  });

  it("a register keeps all writes that no other had seen, and no others", () => {
    const spec = concurrentValuesSpec("mv-register");
    const puts = [update("a1", "", "put", "p"), update("b1", "", "put", "q"), update("c1", "a1", "put", "r")];
    expect(tell(judge(spec, puts, [read("a", "a1 b1 c1", ["q", "r"])]))).toBe("valid");
    expect(tell(judge(spec, puts, [read("a", "a1 b1 c1", ["p", "q", "r"])]))).toContain('expected ["q","r"]');
    expect(tell(judge(spec, puts, [read("a", "a1 b1 c1", ["r"])]))).toContain('expected ["q","r"]');
  });

  it("the last writer wins, and nobody writes before what was seen", () => {
    const puts = [update("a1", "", "put", "p", [10, "a"]), update("b1", "", "put", "q", [10, "b"])];
    expect(tell(judge(lwwSpec, puts, [read("a", "a1 b1", "q")]))).toBe("valid");
    expect(tell(judge(lwwSpec, puts, [read("a", "a1 b1", "p")]))).toContain('expected "q"');
    const backward = [puts[0]!, update("b1", "a1", "put", "q", [9, "b"])];
    expect(tell(judge(lwwSpec, backward, [read("a", "a1", "p")]))).toContain("b/1 has time 9, not above 10 of a/1");
  });
});

describe("maps", () => {
  const adds = [update("a1", "", "add k", "old"), update("b1", "a1", "delete k"), update("c1", "a1", "add k", "new")];

  it("a concurrent update brings a key back with only what the deleter had not seen", () => {
    expect(tell(judge(mapOfSetsSpec, adds, [read("a", "a1 b1 c1", [["k", ["new"]]])]))).toBe("valid");
    expect(tell(judge(mapOfSetsSpec, adds, [read("a", "a1 b1 c1", [["k", ["new", "old"]]])]))).toContain("expected");
    expect(tell(judge(mapOfSetsSpec, adds, [read("a", "a1 b1 c1", [])]))).toContain("has lost key k");
    expect(tell(judge(mapOfSetsSpec, adds, [read("a", "a1 b1", [["k", ["old"]]])]))).toContain("was deleted");
    expect(tell(judge(mapOfSetsSpec, adds, [read("a", "", [["j", []]])]))).toContain("which nobody wrote");
  });

  it("a key stays when the last member inside is removed", () => {
    const updates = [update("a1", "", "add k", "x"), update("a2", "a1", "remove k", "x")];
    expect(tell(judge(mapOfSetsSpec, updates, [read("a", "a2", [["k", []]])]))).toBe("valid");
    expect(tell(judge(mapOfSetsSpec, updates, [read("a", "a2", [])]))).toContain("has lost key k");
  });

  it("a deleted write does not come back beside the one that replaced it", () => {
    const puts = [
      update("a1", "", "put k", "old"),
      update("b1", "a1", "put k", "new"),
      update("c1", "a1 b1", "delete k"),
    ];
    expect(tell(judge(mapOfRegistersSpec, puts, [read("a", "a1 b1", [["k", ["new"]]])]))).toBe("valid");
    expect(tell(judge(mapOfRegistersSpec, puts, [read("a", "a1 b1", [["k", ["new", "old"]]])]))).toContain("expected");
    expect(tell(judge(mapOfRegistersSpec, puts, [read("a", "a1 b1 c1", [["k", ["new"]]])]))).toContain("was deleted");
  });

  it("a counter and a flag in a map lose exactly what the deleter saw", () => {
    const sums = [
      update("a1", "", "increment k", 5),
      update("b1", "a1", "delete k"),
      update("c1", "a1", "increment k", 2),
    ];
    expect(tell(judge(mapOfCountersSpec, sums, [read("a", "a1 b1 c1", [["k", 2]])]))).toBe("valid");
    expect(tell(judge(mapOfCountersSpec, sums, [read("a", "a1 b1 c1", [["k", 7]])]))).toContain("expected 2");
    const flips = [update("a1", "", "enable k"), update("b1", "a1", "delete k"), update("c1", "a1", "disable k")];
    expect(tell(judge(mapOfFlagsSpec, flips, [read("a", "a1 b1 c1", [["k", true]])]))).toContain("expected false");
  });

  it("an inner key goes with its drop and with the delete of the outer one", () => {
    const updates = [
      update("a1", "", "add k", ["j", "x"]),
      update("a2", "a1", "add k", ["i", "y"]),
      update("b1", "a1", "drop k", ["j", ""]),
    ];
    expect(tell(judge(mapOfMapsSpec, updates, [read("a", "a2 b1", [["k", [["i", ["y"]]]]])]))).toBe("valid");
    const stays = [
      [
        "k",
        [
          ["i", ["y"]],
          ["j", ["x"]],
        ],
      ],
    ] as const;
    expect(tell(judge(mapOfMapsSpec, updates, [read("a", "a2 b1", stays)]))).toContain("expected");
  });
});

describe("objects by key", () => {
  const spec = keyedSpec("keyed-sets", orSetSpec);
  const updates = [update("a1", "", "add k", "x"), update("b1", "a1", "remove k", "x"), update("c1", "", "add j", "y")];

  it("each key shows its object, and only keys that were updated are there", () => {
    expect(
      tell(
        judge(spec, updates, [
          read("a", "a1 b1 c1", [
            ["j", ["y"]],
            ["k", []],
          ]),
        ]),
      ),
    ).toBe("valid");
    expect(tell(judge(spec, updates, [read("a", "a1 b1 c1", [["j", ["y"]]])]))).toContain("has lost key k");
    expect(
      tell(
        judge(spec, updates, [
          read("a", "a1 c1", [
            ["j", ["y"]],
            ["k", []],
          ]),
        ]),
      ),
    ).toContain("at key k has lost x");
    expect(
      tell(
        judge(spec, updates, [
          read("a", "c1", [
            ["j", ["y"]],
            ["k", []],
          ]),
        ]),
      ),
    ).toContain("which nobody updated");
  });
});

describe("lists", () => {
  const fugue = listSpec("fugue", { forward: true, backward: true });
  const typed = (name: string, saw: string, elements: readonly number[], left: number | null, right: number | null) =>
    update(name, saw, "insert", { elements, place: 0 }, { left, right });
  const brackets = typed("a1", "", [1, 2], null, null);

  it("rejects a lost element, one shown twice, one that came back, and one that nobody inserted", () => {
    const updates = [brackets, update("b1", "a1", "delete", { place: 0, count: 1 }, { gone: [1] })];
    expect(tell(judge(fugue, updates, [read("a", "a1 b1", [2])]))).toBe("valid");
    expect(tell(judge(fugue, updates, [read("a", "a1 b1", [])]))).toContain("has lost 2");
    expect(tell(judge(fugue, updates, [read("a", "a1 b1", [1, 2])]))).toContain("shows 1, which was deleted");
    expect(tell(judge(fugue, updates, [read("a", "a1 b1", [2, 7])]))).toContain("shows 7, which nobody inserted");
    expect(tell(judge(fugue, updates, [read("a", "a1", [1, 2, 1])]))).toMatch(/twice|two orders/);
  });

  it("rejects an element outside the neighbours that it was inserted between", () => {
    const updates = [brackets, typed("b1", "a1", [3], 1, 2)];
    expect(tell(judge(fugue, updates, [read("a", "a1 b1", [1, 2, 3])]))).toContain("two orders");
  });

  it("rejects two orders, also when they meet only in elements that are gone", () => {
    const updates = [
      brackets,
      typed("b1", "a1", [3], 1, 2),
      typed("c1", "a1", [4], 1, 2),
      typed("d1", "a1 b1 c1", [5], 3, 4),
      update("d2", "a1 b1 c1 d1", "delete", { place: 0, count: 1 }, { gone: [3] }),
    ];
    const early = read("a", "a1 b1 c1 d1", [1, 3, 5, 4, 2]);
    expect(tell(judge(fugue, updates, [early, read("b", "a1 b1 c1 d2", [1, 5, 4, 2])]))).toBe("valid");
    expect(tell(judge(fugue, updates, [read("b", "a1 b1 c1 d2", [1, 4, 5, 2])]))).toContain("two orders");
  });

  it("rejects runs that mix, typed forwards, in one insert or backwards", () => {
    const forwards = [
      brackets,
      typed("b1", "a1", [3], 1, 2),
      typed("b2", "a1 b1", [4], 3, 2),
      typed("c1", "a1", [5], 1, 2),
    ];
    const all = "a1 b2 c1";
    expect(tell(judge(fugue, forwards, [read("a", all, [1, 5, 3, 4, 2])]))).toBe("valid");
    expect(tell(judge(fugue, forwards, [read("a", all, [1, 3, 5, 4, 2])]))).toContain("shows 5 of c/1 between 3 and 4");
    const together = [brackets, typed("b1", "a1", [3, 4], 1, 2), typed("c1", "a1", [5], 1, 2)];
    expect(tell(judge(fugue, together, [read("a", "a1 b1 c1", [1, 3, 5, 4, 2])]))).toContain("shows 5 of c/1");
    const backwards = [
      brackets,
      typed("b1", "a1", [4], 1, 2),
      typed("b2", "a1 b1", [3], 1, 4),
      typed("c1", "a1", [5], 1, 2),
    ];
    expect(tell(judge(fugue, backwards, [read("a", all, [1, 3, 5, 4, 2])]))).toContain(
      "shows 5 of c/1 between 3 and 4",
    );
    expect(tell(judge(listSpec("rga", { forward: true }), backwards, [read("a", all, [1, 3, 5, 4, 2])]))).toBe("valid");
  });
});

describe("trees", () => {
  const move = (name: string, saw: string, child: string, parent: string, time: number) =>
    update(name, saw, `move ${child}`, [parent, ""], [time, name[0]!, parent, ""]);
  const updates = [
    move("a1", "", "p", "root", 1),
    move("a2", "a1", "q", "root", 2),
    move("b1", "a2", "p", "q", 3),
    move("c1", "a2", "q", "p", 3),
  ];

  it("the earlier of two moves that would make a cycle wins", () => {
    expect(
      tell(
        judge(moveTreeSpec, updates, [
          read("a", "a2 b1 c1", [
            ["p", "q", ""],
            ["q", "root", ""],
          ]),
        ]),
      ),
    ).toBe("valid");
    expect(
      tell(
        judge(moveTreeSpec, updates, [
          read("a", "a2 b1 c1", [
            ["p", "root", ""],
            ["q", "p", ""],
          ]),
        ]),
      ),
    ).toContain("expected");
  });

  it("rejects a cycle, a lost node and a node that is there twice", () => {
    const show = (nodes: readonly (readonly [string, string, string])[]) =>
      tell(judge(moveTreeSpec, updates, [read("a", "a2 b1 c1", nodes)]));
    expect(
      show([
        ["p", "q", ""],
        ["q", "p", ""],
      ]),
    ).toContain("in a cycle");
    expect(show([["q", "root", ""]])).toContain("expected");
    expect(
      show([
        ["p", "q", ""],
        ["p", "root", ""],
        ["q", "root", ""],
      ]),
    ).toContain("shows node p twice");
  });

  it("rejects a move whose time is not above one that it had seen", () => {
    const late = [move("a1", "", "p", "root", 4), move("b1", "a1", "p", "q", 4)];
    expect(tell(judge(moveTreeSpec, late, [read("a", "a1", [["p", "root", ""]])]))).toContain("b/1 has time 4");
  });
});

describe("Merkle registers", () => {
  const put = (name: string, saw: string, value: string, hash: string, children: readonly string[]) =>
    update(name, saw, "put", [value, 1000], { hash, children });
  const updates = [
    put("a1", "", "p", "h1", []),
    put("b1", "a1", "q", "h2", ["h1"]),
    put("c1", "a1", "r", "h3", ["h1"]),
  ];

  it("the heads are the maximal nodes", () => {
    const heads = [
      ["h2", "q"],
      ["h3", "r"],
    ] as const;
    expect(tell(judge(merkleSpec, updates, [read("a", "a1 b1 c1", heads)]))).toBe("valid");
    expect(tell(judge(merkleSpec, updates, [read("a", "a1 b1 c1", [["h2", "q"]])]))).toContain("expected");
    expect(
      tell(
        judge(merkleSpec, updates, [
          read("a", "a1 b1", [
            ["h1", "p"],
            ["h2", "q"],
          ]),
        ]),
      ),
    ).toContain("expected");
  });

  it("rejects a write over something that its replica did not hold", () => {
    const blind = [put("a1", "", "p", "h1", []), put("b1", "", "q", "h2", ["h1"])];
    expect(tell(judge(merkleSpec, blind, [read("a", "a1", [["h1", "p"]])]))).toContain("b/1 replaces h1");
  });
});

describe("updates that speak about what their client had read earlier", () => {
  const adds = [update("a1", "", "add x"), update("a2", "a1", "add x")];
  const remove = ofRead(update("b1", "a2", "remove x"), "a1");

  it("rejects a remove that takes away an add which came after the read", () => {
    expect(tell(judge(orSetSpec, [...adds, remove], [read("b", "a2 b1", ["x"])]))).toBe("valid");
    expect(tell(judge(orSetSpec, [...adds, remove], [read("b", "a2 b1", [])]))).toContain("has lost x");
  });

  it("rejects a remove that leaves an add which was read, where the replica did not hold it yet", () => {
    const early = [update("a1", "", "add x"), ofRead(update("b1", "", "remove x"), "a1")];
    expect(tell(judge(orSetSpec, early, [read("b", "a1 b1", [])]))).toBe("valid");
    expect(tell(judge(orSetSpec, early, [read("b", "a1 b1", ["x"])]))).toContain(
      "though each of its 1 adds was removed",
    );
  });

  it("rejects a write that replaces a value which came after the read, in registers, flags and maps", () => {
    const register = concurrentValuesSpec("mv-register");
    const writes = [update("a1", "", "put", "v"), update("a2", "a1", "put", "w")];
    const late = ofRead(update("b1", "a2", "put", "z"), "a1");
    expect(tell(judge(register, [...writes, late], [read("b", "a2 b1", ["w", "z"])]))).toBe("valid");
    expect(tell(judge(register, [...writes, late], [read("b", "a2 b1", ["z"])]))).toContain("of 2 writes");
    const flags = [update("a1", "", "enable"), ofRead(update("b1", "a1", "disable"), "")];
    expect(tell(judge(enableWinsSpec, flags, [read("b", "a1 b1", true)]))).toBe("valid");
    expect(tell(judge(enableWinsSpec, flags, [read("b", "a1 b1", false)]))).toContain("expected true");
    const keyed = [update("a1", "", "put k", "v"), ofRead(update("b1", "a1", "put k", "w"), "")];
    expect(tell(judge(mapOfRegistersSpec, keyed, [read("b", "a1 b1", [["k", ["v", "w"]]])]))).toBe("valid");
    expect(tell(judge(mapOfRegistersSpec, keyed, [read("b", "a1 b1", [["k", ["w"]]])]))).toContain(
      'expected ["v","w"]',
    );
  });

  it("rejects a delete, a drop and a remove in a map that go beyond what was read", () => {
    const deleted = [
      update("a1", "", "add k", "m"),
      update("a2", "a1", "add k", "n"),
      ofRead(update("b1", "a2", "delete k"), "a1"),
    ];
    expect(tell(judge(mapOfSetsSpec, deleted, [read("b", "a2 b1", [["k", ["n"]]])]))).toBe("valid");
    expect(tell(judge(mapOfSetsSpec, deleted, [read("b", "a2 b1", [])]))).toContain("has lost key k");
    const removed = [update("a1", "", "add k", "m"), ofRead(update("b1", "a1", "remove k", "m"), "")];
    expect(tell(judge(mapOfSetsSpec, removed, [read("b", "a1 b1", [["k", ["m"]]])]))).toBe("valid");
    expect(tell(judge(mapOfSetsSpec, removed, [read("b", "a1 b1", [["k", []]])]))).toContain('expected ["m"]');
    const dropped = [update("a1", "", "add k", ["j", "m"]), ofRead(update("b1", "a1", "drop k", ["j", "m"]), "")];
    expect(tell(judge(mapOfMapsSpec, dropped, [read("b", "a1 b1", [["k", [["j", ["m"]]]]])]))).toBe("valid");
    expect(tell(judge(mapOfMapsSpec, dropped, [read("b", "a1 b1", [["k", []]])]))).toContain("expected");
  });
});

describe("places in a list that clients name by elements", () => {
  const list = listSpec("list", {});
  const base = update("a1", "", "insert", { elements: [1, 2, 3], place: 0 }, { left: null, right: null });
  const judgePlaced = (later: ReturnType<typeof update>, value: number[]): string =>
    tell(judge(list, [base, later], [read("b", "a1 b1", value)]));

  it("rejects an insert that stands elsewhere than behind or before the element that is there", () => {
    const behind = (left: number, right: number | null): ReturnType<typeof update> =>
      update("b1", "a1", "insert", { elements: [9], place: 0, behind: 2 }, { left, right });
    expect(judgePlaced(behind(2, 3), [1, 2, 9, 3])).toBe("valid");
    expect(judgePlaced(behind(3, null), [1, 2, 3, 9])).toContain("was to stand behind 2, and was put behind 3");
    const inFront = (left: number | null, right: number): ReturnType<typeof update> =>
      update("b1", "a1", "insert", { elements: [9], place: 0, before: 2 }, { left, right });
    expect(judgePlaced(inFront(1, 2), [1, 9, 2, 3])).toBe("valid");
    expect(judgePlaced(inFront(null, 1), [9, 1, 2, 3])).toContain("was to stand before 2, and was put before 1");
  });

  it("rejects a delete that takes other elements than those named, or leaves the first of them", () => {
    const gone = (elements: number[], taken: number[]): ReturnType<typeof update> =>
      update("b1", "a1", "delete", { place: 0, count: 2, elements }, { gone: taken });
    expect(judgePlaced(gone([2, 3], [2, 3]), [1])).toBe("valid");
    expect(judgePlaced(gone([7, 3], [3]), [1, 2])).toBe("valid");
    expect(judgePlaced(gone([2, 3], [1, 2]), [3])).toContain("deleted 1,2, expected 2 and others of 2,3");
    expect(judgePlaced(gone([2, 3], [3]), [1, 2])).toContain("expected 2 and others");
  });
});
