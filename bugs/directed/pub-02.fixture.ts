/** PUB-02: one voter, two candidates of one term, and a power loss in between (tikv/tikv#8381). */
import { expectStep, openCluster, restart, save, take, takeOne, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessPub02(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  const [first, second, voter] = [cluster.node(1), cluster.node(2), cluster.node(3)];

  // A split vote: nodes 1 and 2 stand in the same term, and do not hear of each other.
  cluster.timeOut(1);
  cluster.timeOut(2);
  save(cluster, first);
  save(cluster, second);
  const [request, otherRequest] = [takeOne(cluster, "vote", 1, 3), takeOne(cluster, "vote", 2, 3)];

  // The voter is asked by node 1. The power fails while its vote is on the way to the disk: paper, figure 2, "currentTerm"
  // and "votedFor" are "updated on stable storage before responding to RPCs".
  cluster.deliver(request);
  expectStep(cluster.startSave(voter), "the writing of the vote");
  const early = take(cluster, "vote-reply", 3, 1);
  restart(cluster, voter);

  // It boots with what its disk holds, in the term before, and is asked by node 2.
  cluster.deliver(otherRequest);
  save(cluster, voter);
  for (const reply of [...early, takeOne(cluster, "vote-reply", 3, 2)]) cluster.deliver(reply);
  expectStep(second.core?.role === "leader", "the election of node 2");
  return verdictOf(monitor, {
    held: "the reply to node 1 waited for the disk and died with the voter; only node 2 leads",
    broke: "the voter granted term 1 to node 1, forgot it in the power loss, and granted it to node 2",
  });
}
