/**
 * Scripted clusters after the Raft paper (Ongaro and Ousterhout, extended version) and thesis, quoted by section. Each
 * guard that a historic bug was missing has a script here in which its absence shows.
 */
import { expect, test } from "vitest";
import { RaftMonitor } from "../../checkers/raft-monitor.ts";
import { TestCluster, type TestNode } from "./cluster.fixture.ts";
import type { Message, NodeId } from "./message.ts";
import type { RaftOptions } from "./options.ts";

type Watched = { readonly cluster: TestCluster; readonly monitor: RaftMonitor };

/** Without PreVote and CheckQuorum unless a test is about them: the plain protocol of the paper. */
function makeCluster(size: number, options: Partial<RaftOptions> = {}): Watched {
  const monitor = new RaftMonitor({ voters: size });
  const plain = { hasPreVote: false, hasCheckQuorum: false, ...options };
  const cluster = new TestCluster({ size, seed: 1, options: plain, observe: (record) => monitor.observe(record) });
  return { cluster, monitor };
}

/** Only messages within this group pass. */
function within(...ids: readonly NodeId[]): (message: Message) => boolean {
  return ({ from, to }) => !ids.includes(from) || !ids.includes(to);
}

/** The node times out and is elected by these. */
function elect(cluster: TestCluster, id: NodeId, ...others: readonly NodeId[]): void {
  cluster.timeOut(id);
  cluster.settle(within(id, ...others));
  expect({ id, role: cluster.core(id).role }).toEqual({ id, role: "leader" });
}

/** Some of the leader's heartbeats, with all that they set off. */
function beat(cluster: TestCluster, id: NodeId, isBlocked?: (message: Message) => boolean): void {
  for (let round = 0; round < 8; round += 1) {
    cluster.timeOut(id);
    cluster.settle(isBlocked);
  }
}

function save(cluster: TestCluster, node: TestNode): void {
  while (cluster.startSave(node)) cluster.finishSave(node);
}

/** The messages on the network that fit, taken off it. */
function take<K extends Message["kind"]>(
  cluster: TestCluster,
  kind: K,
  from: NodeId,
  to: NodeId,
): Extract<Message, { kind: K }>[] {
  const fits = (message: Message): boolean => message.kind === kind && message.from === from && message.to === to;
  const taken = cluster.network.filter(fits);
  cluster.network = cluster.network.filter((message) => !fits(message));
  return taken as Extract<Message, { kind: K }>[];
}

function termsOf(cluster: TestCluster, id: NodeId): number[] {
  const { log } = cluster.core(id);
  const terms: number[] = [];
  for (let index = 1; index <= log.lastIndex; index += 1) terms.push(log.termAt(index));
  return terms;
}

test("5.2: a candidate that gets a majority of votes leads; its heartbeats keep the others from standing", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  expect(cluster.core(2).leader).toBe(1);
  const before = cluster.core(2).nextDeadlineUs();
  cluster.timeOut(1);
  cluster.settle();
  expect(cluster.core(2).nextDeadlineUs()).toBeGreaterThan(before);
  expect(monitor.violations).toEqual([]);
});

test("5.2: a server votes for at most one candidate in a term, first come first served", () => {
  const { cluster } = makeCluster(3);
  cluster.timeOut(1);
  cluster.timeOut(2);
  for (const node of cluster.nodes) save(cluster, node);
  const [first] = take(cluster, "vote", 1, 3);
  const [second] = take(cluster, "vote", 2, 3);
  cluster.network = [];
  cluster.deliver(first!);
  cluster.deliver(second!);
  save(cluster, cluster.node(3));
  expect(take(cluster, "vote-reply", 3, 1)).toMatchObject([{ isGranted: true }]);
  expect(take(cluster, "vote-reply", 3, 2)).toMatchObject([{ isGranted: false }]);
});

test("figure 2: a vote leaves a server only once it is durable, so that a restart cannot grant it again", () => {
  const { cluster } = makeCluster(3);
  cluster.timeOut(1);
  save(cluster, cluster.node(1));
  const [request] = take(cluster, "vote", 1, 3);
  cluster.deliver(request!);
  cluster.startSave(cluster.node(3));
  expect(take(cluster, "vote-reply", 3, 1)).toEqual([]);
  cluster.finishSave(cluster.node(3));
  expect(take(cluster, "vote-reply", 3, 1)).toMatchObject([{ isGranted: true }]);
});

test("5.2: a grant of an earlier term does not count in a later election (xraft issue 33)", () => {
  const { cluster, monitor } = makeCluster(3);
  cluster.timeOut(1);
  save(cluster, cluster.node(1));
  cluster.deliver(take(cluster, "vote", 1, 2)[0]!);
  save(cluster, cluster.node(2));
  const [late] = take(cluster, "vote-reply", 2, 1);
  cluster.timeOut(1);
  save(cluster, cluster.node(1));
  cluster.deliver(late!);
  expect(cluster.core(1).role).toBe("candidate");
  expect(monitor.violations).toEqual([]);
});

test("5.3: a follower with a diverging log is brought back to the leader's, a term at a time", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  for (let i = 0; i < 5; i += 1) cluster.propose(cluster.node(1));
  cluster.settle(within(1));
  elect(cluster, 2, 3);
  cluster.propose(cluster.node(2));
  cluster.settle(within(2, 3));
  beat(cluster, 2);
  expect(termsOf(cluster, 1)).toEqual(termsOf(cluster, 2));
  expect(cluster.marks.get("raft.conflict-truncated")).toBe(1);
  expect(monitor.violations).toEqual([]);
});

test("5.3: an older append that arrives late does not erase what was acknowledged since (willemt/raft issue 37)", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.propose(cluster.node(1));
  const [late] = take(cluster, "append", 1, 2);
  const [lateToo] = take(cluster, "append", 1, 3);
  const both = [late!, lateToo!];
  cluster.propose(cluster.node(1));
  for (const message of both) cluster.deliver(message);
  cluster.settle();
  const last = cluster.core(2).log.lastIndex;
  cluster.deliver(late!);
  cluster.settle();
  expect(cluster.core(2).log.lastIndex).toBe(last);
  expect(cluster.core(2).durableIndex).toBe(last);
  expect(monitor.violations).toEqual([]);
});

test("5.3: a follower commits only what the leader's message verified (copycat issue 265)", () => {
  const { cluster, monitor } = makeCluster(5);
  elect(cluster, 1, 2, 3, 4, 5);
  // Node 3 keeps entries of node 1's term that nobody else has.
  for (let i = 0; i < 3; i += 1) cluster.propose(cluster.node(1));
  cluster.settle(within(1, 3));
  elect(cluster, 2, 4, 5);
  const { commit, log, term } = cluster.core(2);
  expect(commit).toBe(2);
  expect(termsOf(cluster, 3)).toEqual([1, 1, 1, 1]);
  // A probe that matches below what it says is committed elsewhere.
  const probe = {
    kind: "append",
    from: 2,
    to: 3,
    term,
    prevIndex: 1,
    prevTerm: log.termAt(1),
    commit,
    entries: [],
  } as const;
  cluster.deliver(probe);
  expect(cluster.core(3).commit).toBe(1);
  beat(cluster, 2);
  expect(termsOf(cluster, 3)).toEqual([1, 2]);
  expect(monitor.violations).toEqual([]);
});

test("5.3: a rejection moves nextIndex only; it says nothing about what is stored (CCF pull request 5326)", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.crash(cluster.node(3));
  const index = cluster.propose(cluster.node(1));
  cluster.propose(cluster.node(1));
  save(cluster, cluster.node(1));
  const [, second] = take(cluster, "append", 1, 2);
  cluster.network = [];
  // The first append is lost: the second is rejected at a place where the leader's own entries are.
  cluster.deliver(second!);
  save(cluster, cluster.node(2));
  cluster.deliver(take(cluster, "append-reply", 2, 1)[0]!);
  expect(cluster.core(1).commit).toBeLessThan(index);
  expect(monitor.violations).toEqual([]);
});

test("5.4.1: a candidate whose log lacks committed entries is not elected", () => {
  const { cluster } = makeCluster(3);
  elect(cluster, 1, 2);
  cluster.propose(cluster.node(1));
  cluster.settle(within(1, 2));
  cluster.timeOut(3);
  cluster.settle(within(2, 3));
  expect(cluster.core(3).role).toBe("candidate");
  expect(cluster.core(2).term).toBe(cluster.core(3).term);
});

test("5.4.2, figure 8: an entry of an earlier term is not committed by counting, and may be replaced", () => {
  const { cluster, monitor } = makeCluster(5, { batchEntriesMax: 1 });
  // (a) S1 leads and replicates index 2 to S2 only.
  elect(cluster, 1, 2, 3, 4, 5);
  cluster.propose(cluster.node(1), "x");
  cluster.settle(within(1, 2));
  // (b) S5 is elected by S3 and S4, and writes index 2 for itself alone.
  cluster.timeOut(5);
  cluster.settle((message) => within(3, 4, 5)(message) || message.kind === "append");
  expect(cluster.core(5).role).toBe("leader");
  // (c) S1 is elected again by S3 and S4, and spreads its old entry to them, but nothing of its own term yet.
  const isCut = (message: Message): boolean => within(1, 3, 4)(message) || isAcceptedOfOwnTerm(cluster, message);
  for (let i = 0; i < 4 && cluster.core(1).term < 3; i += 1) {
    cluster.timeOut(1);
    cluster.settle(isCut);
  }
  expect({ role: cluster.core(1).role, term: cluster.core(1).term }).toEqual({ role: "leader", term: 3 });
  beat(cluster, 1, isCut);
  expect([termsOf(cluster, 3), termsOf(cluster, 4)]).toEqual([
    [1, 1],
    [1, 1],
  ]);
  // Three of five hold it: but only the paper's rule keeps it from being committed.
  expect(cluster.core(1).commit).toBe(1);
  // (d) S5 is elected by S3 and S4, whose last term is lower, and replaces index 2 everywhere.
  cluster.crash(cluster.node(1));
  for (let i = 0; i < 4 && cluster.core(5).term < 4; i += 1) {
    cluster.timeOut(5);
    cluster.settle(within(3, 4, 5));
  }
  expect(cluster.core(5).role).toBe("leader");
  beat(cluster, 5, within(2, 3, 4, 5));
  expect(termsOf(cluster, 3)).toEqual([1, 2, 4]);
  expect(termsOf(cluster, 2)).toEqual([1, 2, 4]);
  expect(monitor.violations).toEqual([]);
});

/** An append of the leader's own term, at a place where the receiver would take it. */
function isAcceptedOfOwnTerm(cluster: TestCluster, message: Message): boolean {
  if (message.kind !== "append" || !message.entries.some((entry) => entry.term === message.term)) return false;
  return cluster.core(message.to).log.termAt(message.prevIndex) === message.prevTerm;
}

test("7: a follower that lags behind the log gets a snapshot, in chunks, and goes on from it", () => {
  const { cluster, monitor } = makeCluster(3, { chunkBytes: 4 });
  elect(cluster, 1, 2);
  for (let i = 0; i < 6; i += 1) cluster.propose(cluster.node(1));
  cluster.settle(within(1, 2));
  cluster.takeSnapshot(cluster.node(1), 0);
  cluster.propose(cluster.node(1), "after");
  for (let round = 0; round < 12; round += 1) {
    cluster.settle();
    cluster.timeOut(1);
  }
  cluster.settle();
  expect(cluster.marks.get("raft.snapshot-installed")).toBe(1);
  expect(cluster.node(3).applied).toBe(cluster.node(1).applied);
  expect(cluster.node(3).appliedHash).toBe(cluster.node(1).appliedHash);
  expect(cluster.node(3).appliedCommands.get(8)).toBe("after");
  expect(monitor.violations).toEqual([]);
});

test("8: a new leader defers reads until an entry of its own term is committed (etcd issue 7331)", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.timeOut(1);
  cluster.settle();
  // Committed and acknowledged by node 1; node 2 has the entry, but does not know that it is committed.
  cluster.propose(cluster.node(1), "acknowledged");
  cluster.settle((message) => within(1, 2)(message) || message.kind === "heartbeat");
  expect(cluster.core(1).commit).toBeGreaterThan(cluster.core(2).commit);
  cluster.timeOut(2);
  cluster.settle((message) => within(2, 3)(message) || message.kind === "append-reply" || message.kind === "append");
  expect(cluster.core(2).role).toBe("leader");
  cluster.read(cluster.node(2));
  cluster.settle((message) => within(2, 3)(message) || message.kind === "append");
  expect(cluster.marks.get("raft.read-deferred")).toBe(1);
  expect(cluster.readsConfirmed).toBe(0);
  for (let round = 0; round < 4; round += 1) {
    cluster.timeOut(2);
    cluster.settle(within(2, 3));
  }
  expect(cluster.readsConfirmed).toBe(1);
  expect(cluster.staleReads).toEqual([]);
  expect(monitor.violations).toEqual([]);
});

test("thesis 6.4: a leader that was replaced confirms no read", () => {
  const { cluster } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  elect(cluster, 2, 3);
  cluster.propose(cluster.node(2));
  cluster.settle(within(2, 3));
  cluster.read(cluster.node(1));
  cluster.settle();
  expect(cluster.staleReads).toEqual([]);
  expect(cluster.readsConfirmed).toBe(0);
  expect(cluster.core(1).role).toBe("follower");
});

test("thesis 6.4: an answer to a round of an earlier lead of the same node confirms no read", () => {
  const { cluster } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  beat(cluster, 1);
  cluster.timeOut(1);
  for (const heartbeat of take(cluster, "heartbeat", 1, 2)) cluster.deliver(heartbeat);
  const late = take(cluster, "heartbeat-reply", 2, 1);
  expect(late[0]?.round).toBeGreaterThan(3);
  elect(cluster, 2, 1, 3);
  elect(cluster, 1, 2, 3);

  // Nobody has told node 1 yet that node 2 leads again.
  elect(cluster, 2, 3);
  cluster.propose(cluster.node(2));
  cluster.settle(within(2, 3));
  expect(cluster.core(1).role).toBe("leader");
  cluster.read(cluster.node(1));
  for (const reply of late) cluster.deliver(reply);
  expect(cluster.staleReads).toEqual([]);
  expect(cluster.readsConfirmed).toBe(0);
});

test("thesis 6.4: a follower reads at an index that it asked its leader for", () => {
  const { cluster } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.read(cluster.node(3));
  cluster.settle();
  expect(cluster.readsConfirmed).toBe(1);
});

test("thesis 3.10: the lead is handed over to a follower that holds the whole log, without waiting for a timeout", () => {
  const { cluster, monitor } = makeCluster(3, { hasCheckQuorum: true, hasPreVote: true });
  elect(cluster, 1, 2, 3);
  cluster.propose(cluster.node(1));
  cluster.transfer(cluster.node(1), 3);
  expect(cluster.propose(cluster.node(1))).toBe(0);
  cluster.settle();
  expect(cluster.core(3).role).toBe("leader");
  expect(cluster.core(1).leader).toBe(3);
  expect(monitor.violations).toEqual([]);
});

test("thesis 3.10: a call for an election that comes in a later term calls nobody", () => {
  const { cluster } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.transfer(cluster.node(1), 3);
  const late = take(cluster, "timeout-now", 1, 3);
  expect(late).toHaveLength(1);
  elect(cluster, 2, 1, 3);
  elect(cluster, 1, 2, 3);
  for (const call of late) cluster.deliver(call);
  cluster.settle();
  expect([cluster.core(1).role, cluster.core(3).role]).toEqual(["leader", "follower"]);
});

test("5.4.1: a call for an election that comes late makes nobody vote for a log that lacks a committed entry", () => {
  const { cluster, monitor } = makeCluster(3);
  elect(cluster, 1, 2, 3);
  cluster.transfer(cluster.node(1), 3);
  const late = take(cluster, "timeout-now", 1, 3);
  // The leader gives the transfer up, and goes on with node 2 while node 3 hears its heartbeats alone.
  for (let round = 0; cluster.core(1).isTransferring; round += 1) {
    expect(round).toBeLessThan(20);
    cluster.timeOut(1);
    cluster.settle();
  }
  cluster.propose(cluster.node(1));
  cluster.settle(({ kind, to }) => kind === "append" && to === 3);
  expect(cluster.core(1).commit).toBeGreaterThan(cluster.core(3).log.lastIndex);
  for (const call of late) cluster.deliver(call);
  expect(cluster.core(3).role).toBe("candidate");
  cluster.settle();
  expect(cluster.core(3).role).not.toBe("leader");
  expect(monitor.violations).toEqual([]);
});

test("thesis 9.6: with PreVote a node that was cut off comes back without disturbing the leader", () => {
  const { cluster } = makeCluster(3, { hasPreVote: true, hasCheckQuorum: true });
  elect(cluster, 1, 2, 3);
  for (let i = 0; i < 5; i += 1) {
    cluster.timeOut(3);
    cluster.settle(within(1, 2));
    cluster.timeOut(1);
    cluster.settle(within(1, 2));
  }
  expect(cluster.core(3).term).toBe(1);
  beat(cluster, 1);
  expect(cluster.core(1).role).toBe("leader");
  expect(cluster.core(3).leader).toBe(1);
});

test("thesis 6.2: with CheckQuorum a leader that hears no quorum steps down, though its own messages arrive", () => {
  const { cluster } = makeCluster(3, { hasCheckQuorum: true });
  elect(cluster, 1, 2, 3);
  const isDeaf = (message: Message): boolean => message.to === 1;
  for (let i = 0; i < 20 && cluster.core(1).role === "leader"; i += 1) {
    cluster.timeOut(1);
    cluster.settle(isDeaf);
  }
  expect(cluster.core(1).role).toBe("follower");
  expect(cluster.marks.get("raft.check-quorum-step-down")).toBe(1);
});

test("a cluster of one elects itself and commits once its own disk is done, not before", () => {
  const { cluster, monitor } = makeCluster(1);
  cluster.timeOut(1);
  expect(cluster.core(1).role).toBe("candidate");
  save(cluster, cluster.node(1));
  const index = cluster.propose(cluster.node(1));
  cluster.startSave(cluster.node(1));
  expect(cluster.core(1).commit).toBeLessThan(index);
  cluster.finishSave(cluster.node(1));
  expect(cluster.core(1).commit).toBe(index);
  cluster.read(cluster.node(1));
  expect(cluster.readsConfirmed).toBe(1);
  expect(monitor.violations).toEqual([]);
});
