/** RAFT-4: one voter loses the link to the leader, which everybody else hears (Raft thesis, sections 4.2.3 and 9.6). */
import type { Message } from "../../systems/raft/message.ts";
import { elect, expectStep, openCluster, outside, type Verdict } from "./script.fixture.ts";

export async function witnessRaft4(root: string): Promise<Verdict> {
  const { cluster } = await openCluster(root, 3, { hasPreVote: true, hasCheckQuorum: true });
  elect(cluster, 1, outside(1, 2, 3));
  cluster.timeOut(1);
  cluster.settle();
  const { term } = cluster.core(1);
  const isCut = ({ from, to }: Message): boolean => (from === 1 && to === 3) || (from === 3 && to === 1);

  // Node 2 hears the leader until node 3, which does not, stands for election.
  while (cluster.core(1).nextDeadlineUs() < cluster.core(3).nextDeadlineUs()) {
    cluster.timeOut(1);
    cluster.settle(isCut);
  }
  cluster.timeOut(3);
  expectStep(cluster.core(3).role === "pre-candidate", "the candidacy of node 3");
  cluster.settle(isCut);

  // The link is whole again, and the leader's heartbeat reaches node 3.
  cluster.timeOut(1);
  cluster.settle();
  if (cluster.core(1).role === "leader" && cluster.core(1).term === term)
    return { violated: [], told: "the voter that was cut off came back in the leader's term" };
  return {
    violated: ["keeps-the-leader"],
    told: `the voter that was cut off came back in term ${cluster.core(3).term}, and deposed a leader that had a quorum`,
  };
}
