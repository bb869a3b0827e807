/** Historic bugs of Raft groups and of the stores on them. */
import type { Bug } from "../bug.ts";

export const RAFT_BUGS: readonly Bug[] = [
  {
    id: "PUB-01",
    title: "A leader commits an entry of an earlier term by counting replicas",
    source: "logcabin/logcabin#44, bakwc/PySyncObj#169; Raft paper, section 5.4.2 and figure 8",
    mechanism:
      "The commit index follows whatever a majority holds, also entries of earlier terms. A longer log of a term in between can still win an election and overwrite them.",
    invariant: "leader completeness: what was committed is in the log of every later leader",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "hard",
  },
  {
    id: "PUB-02",
    title: "A vote is granted before it is durable",
    source: "tikv/tikv#8381; Raft paper, figure 2 (persistent state)",
    mechanism:
      "The voter replies, loses power before its vote reached the disk, boots without it and grants the same term to another candidate.",
    invariant: "election safety: at most one leader in a term",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "PUB-03",
    title: "A stale append truncates a suffix that matched",
    source: "willemt/raft#37, zhebrak/raftos#26; found in CCF by trace validation",
    mechanism:
      "The follower cuts its log behind prevIndex before it looks for a conflict: a delayed or duplicated append erases entries that were acknowledged since.",
    invariant: "an acknowledged match index never goes back",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "PUB-04",
    title: "A new leader serves a read index before it committed an entry of its own term",
    source: "etcd-io/etcd#7331, RedisLabs/redisraft PR 22, tikv/tikv#9239",
    mechanism:
      "A fresh leader has every committed entry, but its commit index may lag: a read at that index misses writes that the leader before it acknowledged.",
    invariant: "linearizable reads",
    scenario: "kv",
    checks: ["linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "PUB-05",
    title: "A vote of an earlier term is counted in the present election",
    source: "xnnyygn/xraft#33",
    mechanism:
      "A candidate that started over counts a late grant of its election before, and leads without a quorum of the term.",
    invariant: "election safety: at most one leader in a term",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "PUB-06",
    title: "A rejected append moves the match index",
    source: "microsoft/CCF PR 5326, bakwc/PySyncObj#167",
    mechanism:
      "The index in a rejection is taken as what the follower holds of the leader's log, though it says the opposite.",
    invariant: "the commit index stands for a quorum that stores it",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "PUB-07",
    title: "A follower commits past what an append verified",
    source: "atomix/copycat#265, scylladb/scylladb#9965",
    mechanism:
      "Heartbeats and appends carry the leader's whole commit index, and the follower follows it up to the end of its own log, which may hold leftovers of another term behind what was verified.",
    invariant: "state-machine safety: one command at an index",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "hard",
  },
  {
    id: "PUB-09",
    title: "A retried command is applied twice",
    source: "rqlite/rqlite#1628, rabbitmq/ra#145, Jepsen on jetcd 0.8.2; Raft thesis, section 6.3",
    mechanism:
      "The client retries after a lost reply, and the state machine has no memory of the command it already applied.",
    invariant: "a client's operation takes effect at most once",
    scenario: "kv",
    checks: ["linearizable", "durable-writes"],
    difficulty: "easy",
  },
  {
    id: "PUB-12",
    title: "An entry counts before the log is synced",
    source: "etcd-io/etcd#14370, Jepsen on NATS 2.12.1",
    mechanism:
      "The node counts and acknowledges an entry as soon as it is handed to the disk. A power loss before the sync takes an acknowledged write away.",
    invariant: "an acknowledged write survives the power loss of a minority",
    scenario: "kv",
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "easy",
  },
  {
    id: "KV-1",
    title: "A retry joins whatever waits at its old index",
    source: "this store itself, until an answer named its command: kv-partitions, seed joinx/80",
    mechanism:
      "A leader remembers by index who waits. Deposed, it loses the end of its log; leading again, it proposes another client's command at the same index. A retry of the lost command finds its old index, the term is the present one, and so it takes the other's place: it gets the other command's result, and the other client is forgotten.",
    invariant: "an answer names the command that was asked for",
    scenario: "kv-partitions",
    // Of three nodes the deposed leader soon leads again; many clients leave a long tail in its log, and are patient enough to wait.
    settings: { nodes: "3", clients: "8", electionTimeoutUsMin: "60000", attemptTimeoutUs: "300000", pace: "usual" },
    checks: ["kv.answer-names-its-command", "linearizable", "durable-writes"],
    difficulty: "hard",
  },
  {
    id: "KV-2",
    title: "A command of an expired session opens the session again",
    source: "planted; Raft thesis, section 6.3 (a retry after the session expired must not be executed)",
    mechanism:
      "The state machine makes a session for a number that it does not know. A client's write was applied and its answer lost; by the time of the retry the session has expired, with the memory of the answer, and the write is executed a second time.",
    invariant: "a client's operation takes effect at most once",
    scenario: "kv",
    checks: ["kv.answer-follows-log", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
  {
    id: "KV-3",
    title: "A session expires though its client is active",
    source: "planted: a keep-alive that renews nothing",
    mechanism:
      "Commands do not renew their session: it ends one lifetime after it began, under the hands of its client. All replicas do so at the same entry, and the client, which cannot know better, reports the write as one of unknown fate.",
    invariant: "a session ends only after it was silent for its whole lifetime",
    scenario: "kv",
    checks: ["kv.answer-follows-log"],
    difficulty: "easy",
  },
  {
    id: "RAFT-1",
    title: "Heartbeats carry no commit index",
    source: "planted, to see whether anything notices: no client asks a follower that lags",
    mechanism:
      "A follower learns what is committed from appends only. Under steady writes the next one brings it; when the clients fall silent, followers stay behind for good.",
    invariant: "every sound node applies what is committed, without a further command",
    scenario: "kv",
    checks: ["raft-applied"],
    difficulty: "easy",
  },
  {
    id: "RAFT-2",
    title: "A repeated append cuts off what is not yet durable behind it",
    source: "planted: the part of PUB-03 that loses nothing that was acknowledged",
    mechanism:
      "The follower takes the end of an append for the end of the leader's log and drops what follows, unless that is durable or committed. A write that is under way may put it on the disk all the same: then memory and disk differ.",
    invariant: "a log is cut only where an entry of another term replaces it",
    scenario: "kv-partitions",
    checks: ["raft"],
    difficulty: "easy",
  },
  {
    id: "RAFT-3",
    title: "An entry is acknowledged before its sync is on record",
    source:
      "planted; the record is what tells a torn tail from damage to promised data (Protocol-Aware Recovery, FAST 2018)",
    mechanism:
      "The node acknowledges as soon as the batch is synced. If that batch is damaged later, the next boot takes it for a write that a crash tore, drops it, and votes on without what it had acknowledged.",
    invariant: "what a follower acknowledges is durably on its disk, as the leader has it, and its sync on record",
    scenario: "kv",
    settings: { isWatchedClosely: "true" },
    checks: ["raft", "raft-invariant", "linearizable", "durable-writes"],
    difficulty: "easy",
  },
  {
    id: "RAFT-4",
    title: "A voter that hears the leader backs a candidate that does not",
    source: "planted; Cloudflare's outage of 2020-11-02 (etcd without PreVote), Raft thesis, sections 4.2.3 and 9.6",
    mechanism:
      "A voter that lost its link to the leader, and lacks nothing since nobody writes, asks for pre-votes and gets them, raises its term, and deposes the leader as soon as the link is whole, though a quorum had heard the leader all the while.",
    invariant: "a leader that hears a quorum is not deposed by a node that cannot see it",
    scenario: "kv-cut-voters",
    checks: ["keeps-the-leader", "writes-complete"],
    difficulty: "easy",
  },
  {
    id: "RAFT-5",
    title: "An append that overlaps what is on its way to the disk replaces it by itself",
    source: "planted: what findConflict of etcd-io/raft is for (log.go, maybeAppend)",
    mechanism:
      "An append that brings news is taken over as a whole: entries of it that the log holds already, but that are not yet durable, are cut off and appended again. Nothing is lost, but a slow disk, which makes the leader send again, gets each entry to write several times.",
    invariant: "a log is cut only where an entry of another term replaces it",
    scenario: "kv",
    checks: ["raft"],
    difficulty: "easy",
  },
  {
    id: "RAFT-6",
    title: "Voters that hear the leader ignore the election that it asked for",
    source: "planted; Raft thesis, section 4.2.3 (the flag that lets a transfer pass by the lease)",
    mechanism:
      "The vote of a transfer looks to its voters like one of a node that is out of the leader's hearing. The target becomes a candidate of a higher term and deposes the leader as soon as it answers it: the group is without a leader for an election timeout or more, and whoever comes first leads.",
    invariant: "the member that a leader hands over to leads next",
    scenario: "kv-transfers",
    checks: ["hands-over", "operations-complete"],
    difficulty: "easy",
  },
  {
    id: "RAFT-7",
    title: "The lead is handed to a member that lacks entries",
    source: "planted; Raft thesis, section 3.10 (the prior leader fully updates the target server's log first)",
    mechanism:
      "The leader asks for an election without waiting for the target to hold its whole log. The target raises the term, is refused by whoever has more, and nobody leads until some election timeout is over.",
    invariant: "the member that a leader hands over to leads next",
    scenario: "kv-transfers",
    checks: ["hands-over", "operations-complete"],
    difficulty: "easy",
  },
  {
    id: "RAFT-8",
    title: "An answer to a round of an earlier lead confirms a read",
    source: "planted; Raft thesis, section 6.4 (rounds of heartbeats are counted within a term)",
    mechanism:
      "Rounds of heartbeats begin at 1 with each lead. A node that leads again takes a late answer from its lead before, with a higher number, for one to the present round: deposed without knowing it, it serves stale reads.",
    invariant: "what is counted was said in the term in which it is counted",
    scenario: "kv-partitions",
    settings: { isWatchedClosely: "true", transferEveryUs: "150000" },
    checks: ["raft.counts-what-was-said", "linearizable", "durable-writes"],
    difficulty: "medium",
  },
];
