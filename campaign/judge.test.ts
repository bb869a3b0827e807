import { expect, test } from "vitest";
import type { HistoryEvent } from "../checkers/history.ts";
import { hottestConcurrency } from "./judge.ts";

function history(
  events: readonly (readonly [process: number, type: HistoryEvent["type"], key?: string])[],
): HistoryEvent[] {
  return events.map(([process, type, key = "k"], index) => ({
    index,
    timeUs: index,
    process,
    type,
    f: "get",
    key,
    value: null,
  }));
}

test("operations on one key count while they are outstanding", () => {
  expect(
    hottestConcurrency(
      history([
        [0, "invoke"],
        [1, "invoke"],
        [0, "ok"],
        [2, "invoke"],
        [1, "fail"],
        [2, "info"],
      ]),
      3,
    ),
  ).toBe(2);
  expect(
    hottestConcurrency(
      history([
        [0, "invoke", "a"],
        [1, "invoke", "b"],
      ]),
      2,
    ),
  ).toBe(1);
});

test("what a crash of its client left pending counts until the client's next invocation", () => {
  // Client 0 crashes three times: its processes are 0, 2, 4, 6.
  const crashes = history([
    [0, "invoke"],
    [2, "invoke"],
    [4, "invoke"],
    [1, "invoke"],
    [1, "ok"],
    [6, "invoke", "other"],
    [1, "invoke"],
  ]);
  expect(hottestConcurrency(crashes, 2)).toBe(2);
});
