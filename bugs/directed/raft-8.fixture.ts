/** RAFT-8: an answer to a heartbeat of term 1 reaches the same leader in term 3 (Raft thesis, section 6.4). */
import { elect, expectStep, loseAll, openCluster, outside, take, type Verdict } from "./script.fixture.ts";

export async function witnessRaft8(root: string): Promise<Verdict> {
  const { cluster } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  for (let round = 0; round < 8; round += 1) {
    cluster.timeOut(1);
    cluster.settle();
  }
  cluster.timeOut(1);
  for (const heartbeat of take(cluster, "heartbeat", 1, 2)) cluster.deliver(heartbeat);
  const late = take(cluster, "heartbeat-reply", 2, 1);
  expectStep(late.length === 1, "the answer to a heartbeat");
  loseAll(cluster);

  // Node 1 is deposed, leads again, and is deposed without hearing of it; then a write is acknowledged.
  elect(cluster, 2, outside(1, 2, 3));
  elect(cluster, 1, outside(1, 2, 3));
  elect(cluster, 2, outside(2, 3));
  cluster.propose(cluster.node(2), "a");
  cluster.settle(outside(2, 3));
  expectStep(cluster.core(1).role === "leader", "the second lead of node 1");

  cluster.read(cluster.node(1));
  for (const reply of late) cluster.deliver(reply);
  const [stale] = cluster.staleReads;
  if (stale === undefined) return { violated: [], told: "the late answer confirmed nothing" };
  return { violated: ["stale-read"], told: stale };
}
