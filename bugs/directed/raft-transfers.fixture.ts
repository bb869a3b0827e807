/** RAFT-6 and RAFT-7: the lead is handed over (Raft thesis, section 3.10). */
import type { TestCluster } from "../../systems/raft/cluster.fixture.ts";
import { elect, expectStep, loseAll, openCluster, outside, take, type Verdict } from "./script.fixture.ts";

/** Node 1 led in term 1 and was asked to hand over to node 3. */
function verdictOf(cluster: TestCluster): Verdict {
  const { role, term } = cluster.core(3);
  if (role === "leader" && term === 2)
    return { violated: [], told: "the member that was named leads in the next term" };
  return { violated: ["hands-over"], told: `the member that was named is a ${role} in term ${term}` };
}

export async function witnessRaft6(root: string): Promise<Verdict> {
  const { cluster } = await openCluster(root, 3, { hasPreVote: true, hasCheckQuorum: true });
  elect(cluster, 1, outside(1, 2, 3));

  // All have just heard the leader, which wants to be replaced.
  cluster.transfer(cluster.node(1), 3);
  cluster.settle();
  expectStep(cluster.marks.get("raft.timeout-now") === 1, "the call for an election");
  return verdictOf(cluster);
}

export async function witnessRaft7(root: string): Promise<Verdict> {
  const { cluster } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  cluster.propose(cluster.node(1), "a");
  expectStep(take(cluster, "append", 1, 3).length === 1, "the append to node 3, which is lost");
  cluster.settle();
  expectStep(cluster.core(1).commit === 2 && cluster.core(3).log.lastIndex === 1, "the commit without node 3");

  // Node 3 lacks an entry that is committed. Until the leader has sent it again, it must not stand for election.
  cluster.transfer(cluster.node(1), 3);
  for (let round = 0; round < 5 && cluster.core(3).term === 1; round += 1) {
    cluster.settle();
    if (cluster.core(3).term === 1) cluster.timeOut(1);
  }
  cluster.settle();
  loseAll(cluster);
  return verdictOf(cluster);
}
