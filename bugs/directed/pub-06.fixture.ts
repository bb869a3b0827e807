/** PUB-06: a rejection is taken as an acknowledgement (microsoft/CCF PR 5326, bakwc/PySyncObj#167). */
import {
  elect,
  expectStep,
  loseAll,
  openCluster,
  outside,
  save,
  take,
  takeOne,
  type Verdict,
  verdictOf,
} from "./script.fixture.ts";

export async function witnessPub06(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  const [leader, follower, third] = [cluster.node(1), cluster.node(2), cluster.node(3)];
  elect(cluster, 1, outside(1, 2, 3));

  // Node 3 is down. Two entries go to node 2, one append each; the first append is lost.
  cluster.crash(third);
  const index = cluster.propose(leader, "a");
  cluster.propose(leader, "b");
  expectStep(cluster.startSave(leader), "the writing of both entries");
  const appends = take(cluster, "append", 1, 2);
  expectStep(appends.length === 2, "the pipelining of two appends");
  loseAll(cluster);

  // Paper, section 5.3: "If the follower does not find an entry in its log with the same index and term, then it refuses the new
  // entries", and "the leader decrements nextIndex": what the follower holds has not become more by that.
  cluster.deliver(appends[1]!);
  save(cluster, follower);
  cluster.deliver(takeOne(cluster, "append-reply", 2, 1));
  expectStep(cluster.core(2).log.lastIndex < index, "the rejection");

  // The leader's own disk is done: only now does it count what it holds itself.
  cluster.finishSave(leader);
  const { commit } = cluster.core(1);

  // The leader dies with the only copy; the others go on.
  loseAll(cluster);
  cluster.crash(leader);
  cluster.boot(third);
  elect(cluster, 3, outside(2, 3));
  return verdictOf(monitor, {
    held: `the rejection counted for nothing: the commit index of the leader, which held the only copies, stayed at ${commit}`,
    broke: `the leader counted the rejection of entry ${index} as a copy of it, and died with the only one`,
  });
}
