import { expect, test } from "vitest";
import { RaftCountsMonitor } from "./raft-counts-monitor.ts";

function monitorOf(...steps: readonly (readonly [node: number, term: number, name: string, ...args: number[]])[]) {
  const monitor = new RaftCountsMonitor();
  for (const [node, term, name, ...args] of steps) monitor.observe({ host: `n${node}`, node, name, args, term });
  return monitor;
}

test("accepts what was said in the term, late, twice, or overtaken by what was said after it", () => {
  const { violations } = monitorOf(
    [2, 1, "send-vote", 1],
    [1, 1, "count-vote", 2],
    [2, 1, "answer-round", 1, 1],
    [2, 1, "answer-round", 1, 2],
    [1, 1, "count-round", 2, 2],
    [1, 1, "count-round", 2, 1],
    [2, 1, "send-ack", 1, 7],
    [1, 1, "receive-ack", 2, 7],
    [1, 1, "receive-ack", 2, 7],
    [1, 1, "propose", 9],
  );
  expect(violations).toEqual([]);
});

test.each([
  ["count-round", "answer-round", "did count-round 5 of node 2 in term 3; that node had said nothing of the kind"],
  ["receive-ack", "send-ack", "did receive-ack 5 of node 2 in term 3; that node had said nothing of the kind"],
])("rejects a %s of an earlier term", (counted, said, message) => {
  const { violations } = monitorOf([2, 1, said, 1, 5], [1, 3, counted, 2, 5]);
  expect(violations).toEqual([`n1 ${message} to it in this term.`]);
});

test("rejects a vote of an earlier term, one that another node gave, and one for another candidate", () => {
  expect(monitorOf([2, 1, "send-vote", 1], [1, 2, "count-vote", 2]).violations).toHaveLength(1);
  expect(monitorOf([3, 2, "send-vote", 1], [1, 2, "count-vote", 2]).violations).toHaveLength(1);
  expect(monitorOf([2, 2, "send-vote", 3], [1, 2, "count-vote", 2]).violations).toHaveLength(1);
});

test("rejects a round that is above what was answered", () => {
  expect(monitorOf([2, 1, "answer-round", 1, 4], [1, 1, "count-round", 2, 5]).violations).toEqual([
    "n1 did count-round 5 of node 2 in term 1; that node had said 4 at most to it in this term.",
  ]);
});
