/** PUB-07: the leader's commit index meets leftovers of another term (atomix/copycat#265, scylladb/scylladb#9965). */
import type { Message } from "../../systems/raft/message.ts";
import { elect, expectStep, loseAll, openCluster, outside, save, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessPub07(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 3);
  const a = cluster.node(1);

  // The steps: "Server A is elected leader for term 1", commits, "logs an entry at index 10 and then crashes" (index 2 here).
  elect(cluster, 1, outside(1, 2, 3));
  cluster.timeOut(1);
  cluster.settle();
  cluster.propose(a, "leftover");
  save(cluster, a);
  loseAll(cluster);
  cluster.crash(a);

  // "Server B is elected leader for term 2", "logs a different entry at index 10 and then commits it via server C".
  elect(cluster, 2, outside(2, 3));
  expectStep(cluster.core(2).commit === 2, "the commit of another entry at index 2");

  // "Server B sends an empty AppendRequest to server A": here it is a heartbeat; the append that would clear up is lost.
  cluster.boot(a);
  const isLost = (message: Message): boolean => message.kind === "append" && message.to === 1;
  cluster.timeOut(2);
  cluster.settle(isLost);
  expectStep(cluster.core(1).leader === 2 && cluster.core(1).log.termAt(2) === 1, "a heartbeat ahead of the append");

  // Paper, figure 2, step 5: the follower's commit index is at most the "index of last new entry".
  if (monitor.violations.length === 0) {
    for (let round = 0; round < 4; round += 1) {
      cluster.timeOut(2);
      cluster.settle();
    }
    expectStep(cluster.core(1).log.termAt(2) === 2 && cluster.core(1).commit === 2, "the catching up of server A");
  }
  return verdictOf(monitor, {
    held: "the heartbeat committed nothing at server A; the append replaced its leftover, and only then did it commit",
    broke: `server A followed the heartbeat and applied ${JSON.stringify(a.appliedCommands.get(2) ?? "")} at index 2`,
  });
}
