/** RAFT-2: an append arrives twice while what follows it is on its way to the disk. */
import { elect, expectStep, loseAll, openCluster, outside, take, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessRaft2(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  cluster.propose(cluster.node(1), "a");
  cluster.propose(cluster.node(1), "b");
  const appends = take(cluster, "append", 1, 2);
  expectStep(appends.length === 2, "the pipelining of two appends");
  loseAll(cluster);

  // Node 2 has both entries, neither of them durable yet, when the network delivers the first append again.
  for (const append of appends) cluster.deliver(append);
  expectStep(cluster.core(2).durableIndex < 3 && cluster.core(2).log.lastIndex === 3, "the receipt of both entries");
  cluster.deliver(appends[0]!);
  return verdictOf(monitor, {
    held: "the repeated append left the entries that follow it alone",
    broke: "the repeated append cut off an entry that the leader had sent behind it",
  });
}
