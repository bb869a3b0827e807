/** What clients see of connections: what the check accepts, and what it must reject. */
import { expect, test } from "vitest";
import type { HistoryEvent } from "../checkers/history.ts";
import { keepsBackend } from "./balancer.ts";
import type { ConnectionResult } from "./balancer-nodes.ts";

const WEB = "tcp/web.shop:80";
const LOG = "udp/log.shop:514";

/** One connection to a VIP: by whom it was accepted, and `server via` of each answer. */
function judge(key: string, accepted: string | null, ...answers: readonly string[]): readonly string[] {
  const made: ConnectionResult = {
    accepted,
    answers: answers.map((text) => {
      const [server = "", via = ""] = text.split(" ");
      return { server, via };
    }),
  };
  const event = { index: 1, process: 1, type: "ok", f: "request", key, value: null, result: [made] };
  const verdict = keepsBackend([event as unknown as HistoryEvent]);
  return verdict.kind === "invalid" ? verdict.evidence.lines : [];
}

test("accepts answers of one task on one connection", () => {
  expect(judge(WEB, "n2/1/4", "web.1@n3 n2/1/4", "web.1@n3 n2/1/4")).toEqual([]);
});

test("accepts another backend on udp once the balancer has booted again: seed west/261", () => {
  expect(judge(LOG, null, "log.1@n6 n2/1/9", "log.2@n1 n2/2/1", "log.2@n1 n2/2/1")).toEqual([]);
});

test("accepts the next tenant of a port on udp, which has no connections", () => {
  expect(judge(LOG, null, "log.1@n6 n2/1/9", "log.2@n6 n2/1/9")).toEqual([]);
});

test.each<readonly [string, readonly string[], RegExp]>([
  ["two backends on one udp connection", [LOG, "log.1@n6 n2/1/9", "log.2@n1 n2/1/9"], /from @n6 and @n1 on connection/],
  ["two tasks on one tcp connection", [WEB, "web.1@n3 n2/1/4", "web.2@n3 n2/1/4"], /from web.1@n3 and web.2@n3/],
  ["a tcp connection that goes on after a boot", [WEB, "web.1@n3 n2/1/4", "web.1@n3 n2/2/1"], /an answer on n2.2.1/],
])("rejects %s", (_what, [key = "", ...answers], message) => {
  const lines = judge(key, key === WEB ? "n2/1/4" : null, ...answers);
  expect(lines).toEqual([expect.stringMatching(message)]);
});
