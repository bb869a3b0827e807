/** RAFT-5: an append is sent again, with news, while what it carried the first time is on its way to the disk. */
import { elect, expectStep, loseAll, openCluster, outside, take, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessRaft5(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  cluster.propose(cluster.node(1), "a");
  cluster.propose(cluster.node(1), "b");
  const [first, second] = take(cluster, "append", 1, 2);
  loseAll(cluster);
  if (first?.kind !== "append" || second?.kind !== "append") throw new Error("The script went astray: no pipelining.");

  // Node 2 has the first entry, not yet durable. The second append is lost, and the leader sends both entries in one.
  cluster.deliver(first);
  expectStep(cluster.core(2).durableIndex < 2 && cluster.core(2).log.lastIndex === 2, "the receipt of the first entry");
  cluster.deliver({ ...first, entries: [...first.entries, ...second.entries] });
  expectStep(cluster.core(2).log.lastIndex === 3, "the receipt of the second entry");
  return verdictOf(monitor, {
    held: "the entry that the log held stayed, and the next one followed it",
    broke: "the follower cut off an entry to put the same one there",
  });
}
