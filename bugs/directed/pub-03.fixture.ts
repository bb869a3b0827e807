/** PUB-03: an append arrives twice, the second time after a later one was acknowledged (willemt/raft#37, zhebrak/raftos#26). */
import {
  elect,
  expectStep,
  loseAll,
  openCluster,
  outside,
  save,
  take,
  type Verdict,
  verdictOf,
} from "./script.fixture.ts";

export async function witnessPub03(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  const [leader, follower] = [cluster.node(1), cluster.node(2)];
  elect(cluster, 1, outside(1, 2, 3));

  // Two entries, one append each, right behind one another. Node 3 gets neither.
  cluster.propose(leader, "a");
  cluster.propose(leader, "b");
  const appends = take(cluster, "append", 1, 2);
  expectStep(appends.length === 2, "the pipelining of two appends");
  loseAll(cluster);

  // Node 2 stores and acknowledges both; the leader commits both with it, and its clients know.
  for (const append of appends) cluster.deliver(append);
  save(cluster, follower);
  save(cluster, leader);
  for (const reply of take(cluster, "append-reply", 2, 1)) cluster.deliver(reply);
  expectStep(cluster.core(1).commit === 3, "the commit of both entries");

  // The network delivers the first append again. Paper, figure 2: "If an existing entry conflicts with a new one (same index but
  // different terms), delete the existing entry and all that follow it". Nothing conflicts here, so nothing may go.
  cluster.deliver(appends[0]!);
  save(cluster, follower);
  const { lastIndex } = cluster.core(2).log;

  // The leader dies before it sends anything again; node 3 takes any log that is as good as its own.
  loseAll(cluster);
  cluster.crash(leader);
  elect(cluster, 2, outside(2, 3));
  return verdictOf(monitor, {
    held: `the repeated append left the follower's log at index ${lastIndex}, and the next leader has both entries`,
    broke: `the repeated append cut the follower's log to index ${lastIndex}; it became leader without the committed entry 3`,
  });
}
