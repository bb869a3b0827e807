/** PUB-04: a read right after an election (etcd-io/etcd#7331, RedisLabs/redisraft PR 22, tikv/tikv#9239). */
import type { Message } from "../../systems/raft/message.ts";
import { elect, expectStep, openCluster, outside, type Verdict } from "./script.fixture.ts";

export async function witnessPub04(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  // One round of heartbeats: everybody knows that entry 1 is committed.
  cluster.timeOut(1);
  cluster.settle();

  // A write is committed by nodes 1 and 2, and acknowledged. Node 2 holds it, but no message has told it of the commit.
  const index = cluster.propose(cluster.node(1), "acknowledged");
  cluster.settle(outside(1, 2));
  expectStep(
    cluster.core(1).commit === index && cluster.core(2).commit < index,
    "a commit that node 2 does not know of",
  );

  // Node 1 is cut off, node 2 is elected by node 3. Its no-op does not get through yet, its heartbeats do.
  const isLate = (message: Message): boolean => outside(2, 3)(message) || message.kind === "append";
  elect(cluster, 2, isLate);

  // Paper, section 8: a leader "must have the latest information on which entries are committed. The Leader Completeness
  // Property guarantees that a leader has all committed entries, but at the start of its term, it may not know which those are."
  cluster.read(cluster.node(2));
  cluster.settle(isLate);
  const early = cluster.readsConfirmed;

  // The network is well again: the no-op is committed, and whatever read still waits is answered.
  for (let round = 0; round < 4; round += 1) {
    cluster.timeOut(2);
    cluster.settle(outside(2, 3));
  }
  expectStep(cluster.readsConfirmed === 1 && monitor.violations.length === 0, "the answer to the read");
  const [stale] = cluster.staleReads;
  if (stale === undefined)
    return {
      violated: [],
      told: `of one read, ${early} were answered before the no-op was committed, and it was not stale`,
    };
  return { violated: ["stale-read"], told: `the new leader confirmed a read before its no-op was committed: ${stale}` };
}
