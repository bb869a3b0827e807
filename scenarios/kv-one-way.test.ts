import { expect, test } from "vitest";
import type { HistoryEvent } from "../checkers/history.ts";
import { replacesTheLeader } from "./kv-one-way.ts";

/** One operation of a process of its own; times in milliseconds. */
function operation(
  process: number,
  f: string,
  fromMs: number,
  toMs: number,
  type: "ok" | "info" = "ok",
): HistoryEvent[] {
  const event = (kind: HistoryEvent["type"], timeMs: number, index: number): HistoryEvent => ({
    index,
    process,
    type: kind,
    f,
    key: "k0",
    value: null,
    timeUs: timeMs * 1000,
  });
  return [event("invoke", fromMs, 2 * process), event(type, toMs, 2 * process + 1)];
}

test.each([
  ["a put", "put"],
  ["a compare-and-set", "cas"],
  ["a delete", "delete"],
])("%s that succeeds late in the cut shows that somebody leads", (_what, f) => {
  expect(replacesTheLeader(operation(0, f, 3_000, 3_010)).kind).toBe("valid");
});

test.each<[string, HistoryEvent[]]>([
  ["a write without an answer", operation(0, "delete", 3_000, 3_700, "info")],
  ["one that is answered after the heal", operation(0, "put", 3_500, 3_650)],
])("%s shows that nobody leads", (_what, history) => {
  expect(replacesTheLeader(history).kind).toBe("invalid");
});

test.each<[string, HistoryEvent[]]>([
  ["reads alone", operation(0, "get", 3_000, 3_010)],
  ["a write early in the cut", operation(0, "put", 1_500, 1_510)],
  ["a write after the heal", operation(0, "put", 3_700, 3_710)],
])("%s show nothing", (_what, history) => {
  expect(replacesTheLeader(history)).toMatchObject({ kind: "unknown" });
});
