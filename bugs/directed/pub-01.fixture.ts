/** PUB-01: the schedule of the Raft paper's figure 8, with five servers; its server S1 is node 1, and so on. */
import type { Message } from "../../systems/raft/message.ts";
import { elect, expectStep, openCluster, outside, type Verdict, verdictOf } from "./script.fixture.ts";

export async function witnessPub01(root: string): Promise<Verdict> {
  const { cluster, monitor } = await openCluster(root, 5, { batchEntriesMax: 1 });
  const node = (id: number): (typeof cluster.nodes)[number] => cluster.node(id);

  // "In (a) S1 is leader and partially replicates the log entry at index 2."
  elect(cluster, 1, outside(1, 2, 3, 4, 5));
  cluster.propose(node(1), "x");
  cluster.settle(outside(1, 2));

  // "In (b) S1 crashes; S5 is elected leader for term 3 with votes from S3, S4, and itself, and accepts a different entry at
  // log index 2." The paper's terms 2, 3, 4 and 5 are 1, 2, 3 and 4 here; S5's entry is the no-op of its leadership.
  cluster.crash(node(1));
  elect(cluster, 5, (message) => outside(3, 4, 5)(message) || message.kind === "append");

  // "In (c) S5 crashes; S1 restarts, is elected leader, and continues replication. At this point, the log entry from term 2
  // has been replicated on a majority of the servers, but it is not committed." Only S2 gets the leader's own entry as well.
  cluster.crash(node(5));
  cluster.boot(node(1));
  const isCut = (message: Message): boolean => {
    const isRefused = message.kind === "append" && cluster.core(3).log.termAt(message.prevIndex) !== message.prevTerm;
    const isOfOwnTerm = message.kind === "append" && message.entries.some(({ term }) => term === message.term);
    return outside(1, 2, 3)(message) || (message.to === 3 && isOfOwnTerm && !isRefused);
  };
  elect(cluster, 1, isCut);
  const holders = cluster.nodes.filter(({ disk }) => disk.entries[1]?.term === 1);
  expectStep(holders.length === 3, "the spread of x to a majority");
  const committed = cluster.core(1).commit;

  // "If S1 crashes as in (d), S5 could be elected leader (with votes from S2, S3, and S4) and overwrite the entry with its own
  // entry from term 3." Votes of S3 and S4 are enough.
  cluster.crash(node(1));
  cluster.boot(node(5));
  elect(cluster, 5, outside(3, 4, 5));
  expectStep(cluster.core(3).log.termAt(2) === 2, "the overwriting of x");
  return verdictOf(monitor, {
    held: `x was on three of five servers, but not committed (commit index ${committed}), and S5 replaced it`,
    broke: "S1 committed x of term 1 by counting in term 3, and S5 replaced it",
  });
}
