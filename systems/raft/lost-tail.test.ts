/**
 * A follower that comes back without entries that it had acknowledged: its disk lied, which no quorum can be built on (docs/scenarios.md).
 * What the group does then is pinned here: nothing breaks, the leader goes by what was acknowledged, and the next term mends the log.
 */
import { expect, test } from "vitest";
import { RaftMonitor } from "../../checkers/raft-monitor.ts";
import { TestCluster } from "./cluster.fixture.ts";

const KEPT = 2;

/** Node 1 leads; node 2 has acknowledged entries up to 6, and is back with two of them. */
function loseTail(): { readonly cluster: TestCluster; readonly monitor: RaftMonitor } {
  const monitor = new RaftMonitor({ voters: 3 });
  const options = { hasPreVote: false, hasCheckQuorum: false };
  const cluster = new TestCluster({ size: 3, seed: 1, options, observe: (record) => monitor.observe(record) });
  lead(cluster, 1);
  for (let i = 0; i < 5; i += 1) propose(cluster, 1);
  expect(cluster.core(1).matches).toEqual([6, 6]);
  const node = cluster.node(2);
  cluster.crash(node);
  node.disk.entries.length = KEPT;
  node.disk.hardState = { ...node.disk.hardState, commit: KEPT };
  cluster.boot(node);
  return { cluster, monitor };
}

function lead(cluster: TestCluster, id: number): void {
  for (let attempt = 0; attempt < 5 && cluster.core(id).role !== "leader"; attempt += 1) {
    cluster.timeOut(id);
    cluster.settle();
  }
  expect(cluster.core(id).role).toBe("leader");
}

function propose(cluster: TestCluster, leader: number): void {
  cluster.propose(cluster.node(leader), "x");
  cluster.settle();
}

test("the monitor names the durable entry that is gone", () => {
  const { monitor } = loseTail();
  expect(monitor.violations.map(({ message }) => message)).toEqual([
    `n2 lost its durable entry 6: its log now ends at ${KEPT}.`,
  ]);
});

test("a follower that lost an acknowledged tail stays behind while the term lasts; the others go on, and nothing stops", () => {
  const { cluster, monitor } = loseTail();
  for (let round = 0; round < 40; round += 1) {
    propose(cluster, 1);
    cluster.timeOut(1);
    cluster.settle();
  }
  expect(cluster.core(1).role).toBe("leader");
  expect(cluster.core(1).commit).toBe(46);
  // Its rejections name an index that it had acknowledged: to the leader they are late messages.
  expect(cluster.core(1).matches).toEqual([6, 46]);
  expect([cluster.core(2).log.lastIndex, cluster.core(2).commit]).toEqual([KEPT, KEPT]);
  expect(monitor.violations).toHaveLength(1);
});

test("the next term sends it everything again", () => {
  const { cluster, monitor } = loseTail();
  propose(cluster, 1);
  lead(cluster, 3);
  propose(cluster, 3);
  // The heartbeat brings the commit index.
  cluster.timeOut(3);
  cluster.settle();
  expect(cluster.core(2).log.lastIndex).toBe(cluster.core(3).log.lastIndex);
  expect(cluster.node(2).appliedHash).toBe(cluster.node(3).appliedHash);
  expect(monitor.violations).toHaveLength(1);
});
