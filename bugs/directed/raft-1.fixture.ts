/** RAFT-1: a command is committed, and no further one comes. */
import { elect, expectStep, openCluster, outside, type Verdict } from "./script.fixture.ts";

export async function witnessRaft1(root: string): Promise<Verdict> {
  const { cluster } = await openCluster(root, 3);
  elect(cluster, 1, outside(1, 2, 3));
  cluster.propose(cluster.node(1), "a");
  cluster.settle();
  const { commit } = cluster.core(1);
  expectStep(commit === 2, "the commit of the command");

  // The clients fall silent. Heartbeats are all that the followers hear now, and the first one may say what is committed.
  for (let round = 0; round < 3; round += 1) {
    cluster.timeOut(1);
    cluster.settle();
  }
  const late = [2, 3].filter((id) => cluster.node(id).applied < commit);
  if (late.length === 0)
    return { violated: [], told: "the heartbeats brought both followers up to the leader's commit" };
  return {
    violated: ["raft-applied"],
    told: `nodes ${late.join(" and ")} never hear that entry ${commit} is committed`,
  };
}
