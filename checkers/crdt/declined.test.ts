/** Calls that stores declined: one history for each way to be wrong, and its neighbour that is right. */
import { expect, test } from "vitest";
import type { PlainJson } from "../history.ts";
import { counterSpec } from "./counters.ts";
import { judgeDeclined } from "./declined.ts";
import { keyedSpec } from "./keyed.ts";
import { listSpec } from "./lists.ts";
import { mapOfMapsSpec, mapOfSetsSpec } from "./maps.ts";
import { type CrdtSpec, UpdateIndex, type UpdateRecord } from "./record.ts";
import { gSetSpec, orSetSpec, twoPhaseSetSpec } from "./sets.ts";
import { held, update } from "./shorthand.test.help.ts";
import { moveTreeSpec } from "./tree.ts";

type More = {
  readonly value?: PlainJson;
  readonly error?: string;
  readonly observed?: string;
  readonly actor?: string;
};

function judge(
  spec: CrdtSpec,
  updates: readonly UpdateRecord[],
  saw: string,
  text: string,
  { value = null, error, observed, actor = "c" }: More = {},
): string | null {
  const [f, key] = text.split(" ");
  const call = { f: f!, key: key ?? null, value };
  const seen = { saw: held(saw), ...(observed === undefined ? {} : { observed: held(observed) }) };
  const declined = { replica: "n1", actor, call, error: error ?? null, ...seen };
  return judgeDeclined(declined, new UpdateIndex(updates), spec);
}

test("a set may decline to remove what no add keeps there, and nothing else", () => {
  const updates = [update("a1", "", "add x"), update("b1", "a1", "remove x"), update("a2", "a1", "add x")];
  expect(judge(orSetSpec, updates, "a1 b1", "remove x")).toBeNull();
  expect(judge(orSetSpec, updates, "a2 b1", "remove y")).toBeNull();
  expect(judge(orSetSpec, updates, "a2 b1", "remove x")).toBe(
    "n1 found nothing to do in remove x, though it held an add of x that no remove had seen.",
  );
  expect(judge(orSetSpec, updates, "a2 b1", "add x")).toContain("could add x");
  expect(judge(gSetSpec, updates.slice(0, 1), "a1", "add x")).toContain("could add x");
});

test("a remove by an old context is judged by what was read, wherever that was", () => {
  const updates = [update("a1", "", "add x"), update("b1", "", "add x")];
  expect(judge(orSetSpec, updates, "b1", "remove x", { observed: "" })).toBeNull();
  expect(judge(orSetSpec, updates, "b1", "remove x", { observed: "a1" })).toContain("held an add of x");
  const inside = [update("a1", "", "add k", "m"), update("b1", "", "add k", "n")];
  expect(judge(mapOfSetsSpec, inside, "b1", "delete k", { observed: "" })).toBeNull();
  expect(judge(mapOfSetsSpec, inside, "b1", "delete k", { observed: "a1" })).toContain('changes to ["n"]');
});

test("an operation replica may refuse a context only if it lacks some of it", () => {
  const updates = [update("a1", "", "add x"), update("b1", "", "add x")];
  const error = "missing-dots";
  expect(judge(orSetSpec, updates, "b1", "remove x", { observed: "a1", error })).toBeNull();
  expect(judge(orSetSpec, updates, "a1 b1", "remove x", { observed: "a1", error })).toContain("held all of it");
});

test("a 2P-set refuses to add what was removed", () => {
  const updates = [update("a1", "", "add x"), update("b1", "a1", "remove x")];
  expect(judge(twoPhaseSetSpec, updates, "a1 b1", "add x", { error: "inconsistent" })).toBeNull();
  expect(judge(twoPhaseSetSpec, updates, "a1", "add x", { error: "inconsistent" })).toContain("could add x");
  expect(judge(twoPhaseSetSpec, updates, "a1", "remove x", { error: "unknown-member" })).toContain("held an add of x");
});

test("a map may decline to take away what it does not show", () => {
  const updates = [update("a1", "", "add k", "m"), update("b1", "a1", "remove k", "m")];
  expect(judge(mapOfSetsSpec, updates, "a1 b1", "remove k", { value: "m" })).toBeNull();
  expect(judge(mapOfSetsSpec, updates, "a1", "remove k", { value: "m" })).toContain('held ["m"] at key k');
  expect(judge(mapOfSetsSpec, updates, "a1 b1", "delete k")).toContain("changes to nothing");
  const inner = [update("a1", "", "add k", ["i", "m"])];
  expect(judge(mapOfMapsSpec, inner, "a1", "drop k", { value: ["i", "m"] })).toContain('held [["i",["m"]]]');
  expect(judge(mapOfMapsSpec, inner, "a1", "drop k", { value: ["j", "m"] })).toBeNull();
  expect(judge(mapOfMapsSpec, inner, "a1", "add k", { value: ["i", "m"] })).toContain("could add key k");
});

test("a tree refuses what would put a node below itself and removes of nodes that are not in it", () => {
  const move = (name: string, saw: string, node: string, parent: string): UpdateRecord =>
    update(name, saw, `move ${node}`, [parent, "v"], [Number(name.slice(1)), name[0]!, parent, "v"]);
  const updates = [move("a1", "", "x", "root"), move("a2", "a1", "y", "x"), move("a3", "a2", "z", "lost")];
  const error = "inconsistent";
  expect(judge(moveTreeSpec, updates, "a2", "move x", { value: ["y", "v"], error })).toBeNull();
  expect(judge(moveTreeSpec, updates, "a2", "move x", { value: ["x", "v"], error })).toBeNull();
  expect(judge(moveTreeSpec, updates, "a1", "move x", { value: ["y", "v"], error })).toContain(
    "neither at nor below x",
  );
  expect(judge(moveTreeSpec, updates, "a3", "remove z", { error: "unknown-member" })).toBeNull();
  expect(judge(moveTreeSpec, updates, "a3", "remove y", { error: "unknown-member" })).toContain("held y in its tree");
});

test("a bounded counter refuses who has too few rights", () => {
  const spec = counterSpec("bounded-counter", { isBounded: true });
  const updates = [
    update("a1", "", "increment", 5),
    update("a2", "a1", "transfer", 2, { to: "c" }),
    update("b1", "", "increment", 1),
  ];
  const error = "insufficient-rights";
  expect(judge(spec, updates, "a2", "decrement", { value: 3, error })).toBeNull();
  expect(judge(spec, updates, "a2", "decrement", { value: 2, error })).toContain("held 2 rights");
  expect(judge(spec, updates, "a2 b1", "transfer", { value: 3, error, actor: "a" })).toContain("held 3 rights");
  expect(judge(spec, updates, "a1", "transfer", { value: 1, actor: "a" })).toBeNull();
  expect(judge(spec, updates, "a1", "increment", { value: 1, error })).toContain("could increment");
  expect(judge(counterSpec("counter"), [], "", "decrement", { value: 1, error })).toContain("all make an update");
});

test("a list may decline a delete when nothing that it names is there", () => {
  const spec = listSpec("list", {});
  const updates = [update("a1", "", "insert", { elements: [1, 2], place: 0 }, { left: null, right: null })];
  expect(judge(spec, updates, "", "delete", { value: { place: 0, count: 1 } })).toBeNull();
  expect(judge(spec, updates, "a1", "delete", { value: { place: 0, count: 1 } })).toContain("held 2 elements");
  expect(judge(spec, updates, "a1", "delete", { value: { place: 1000, count: 1 } })).toBeNull();
  expect(judge(spec, updates, "a1", "delete", { value: { place: 0, count: 1, elements: [3] } })).toBeNull();
  expect(judge(spec, updates, "a1", "delete", { value: { place: 0, count: 1, elements: [2] } })).toContain("held 2");
  expect(judge(listSpec("grow-list", { isGrowOnly: true }), updates, "a1", "delete", {})).toBeNull();
});

test("an object by key is judged by its own updates; contents that are not whole are not judged", () => {
  const spec = keyedSpec("keyed-sets", orSetSpec);
  const updates = [update("a1", "", "add k", "x"), update("b1", "", "add other", "x")];
  expect(judge(spec, updates, "b1", "remove k", { value: "x" })).toBeNull();
  expect(judge(spec, updates, "a1", "remove k", { value: "x" })).toContain("held an add of x");
  expect(judge(spec, updates, "a2", "remove k", { value: "x" })).toBeNull();
});
