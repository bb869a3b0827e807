/** PUB-05: a grant that arrives an election too late (xnnyygn/xraft#33). */
import { expectStep, loseAll, openCluster, save, takeOne, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessPub05(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  const [slow, voter, rival] = [cluster.node(1), cluster.node(2), cluster.node(3)];

  // Term 1: node 1 stands, node 2 votes for it, and the reply is long on its way.
  cluster.timeOut(1);
  save(cluster, slow);
  cluster.deliver(takeOne(cluster, "vote", 1, 2));
  save(cluster, voter);
  const late = takeOne(cluster, "vote-reply", 2, 1);
  loseAll(cluster);

  // Nodes 1 and 3 both reach term 2, and nobody hears of node 1's new candidacy.
  cluster.timeOut(3);
  save(cluster, rival);
  cluster.timeOut(1);
  save(cluster, slow);
  loseAll(cluster);
  cluster.timeOut(3);
  save(cluster, rival);
  expectStep(cluster.core(1).term === 2 && cluster.core(3).term === 2, "two candidates of term 2");

  // Term 2: node 2 votes for node 3, which leads by right (paper, section 5.2: votes "from a majority of the servers in the
  // full cluster for the same term").
  cluster.deliver(takeOne(cluster, "vote", 3, 2));
  save(cluster, voter);
  cluster.deliver(takeOne(cluster, "vote-reply", 2, 3));
  expectStep(cluster.core(3).role === "leader", "the election of node 3");

  // Now the grant of term 1 arrives.
  cluster.deliver(late);
  return verdictOf(monitor, {
    held: `the grant of term 1 was ignored in term 2; node 1 is ${cluster.core(1).role}, node 3 leads`,
    broke: "node 1 counted its grant of term 1 in term 2, where node 2 had voted for node 3",
  });
}
