/**
 * What a Raft node tells its monitor at each atomic step. Emitted under the kind "raft.state"; plain data.
 */

/** An entry of a log, as the monitor knows it: which term wrote it, and a hash of its command. */
export type RaftEntryRecord = { readonly term: number; readonly hash: number };

/** How the log changed in this step. Entries stand at consecutive indexes. */
export type RaftLogChange =
  /** Everything from index `from` on was replaced by these entries (none: it was cut there). */
  | { readonly kind: "suffix"; readonly from: number; readonly entries: readonly RaftEntryRecord[] }
  /** The whole log was replaced: a boot read it from the disk, or a snapshot was installed. */
  | {
      readonly kind: "boot" | "install";
      readonly baseIndex: number;
      readonly baseTerm: number;
      readonly entries: readonly RaftEntryRecord[];
    };

export type RaftStateRecord = {
  readonly host: string;
  /** Number of the member, from 1. */
  readonly node: number;
  readonly incarnation: number;
  readonly term: number;
  /** The member voted for in this term, or 0. */
  readonly vote: number;
  readonly role: "follower" | "pre-candidate" | "candidate" | "leader";
  readonly commit: number;
  readonly applied: number;
  /** Hash over everything applied up to `applied`, results included: equal on all nodes at equal `applied`. */
  readonly appliedHash: number;
  /** What the node holds to be durable: its promises to others rest on it. */
  readonly durableTerm: number;
  readonly durableVote: number;
  readonly durableIndex: number;
  readonly snapshotIndex: number;
  readonly change: RaftLogChange | null;
};

/** An acknowledgement as it leaves a follower. Emitted under the kind "raft.ack"; plain data. */
export type RaftAckRecord = {
  readonly host: string;
  readonly node: number;
  /** The leader of `term`. */
  readonly to: number;
  readonly term: number;
  /** The sender holds the leader's log durably up to here. */
  readonly index: number;
};

/** What the disk of a node holds durably, as somebody saw who did not ask the node. */
export type RaftDurableLog = {
  readonly snapshotIndex: number;
  at(index: number): RaftEntryRecord | undefined;
};

export type RaftProperty =
  | "raft.election-safety"
  | "raft.election-quorum"
  | "raft.vote-safety"
  | "raft.log-matching"
  | "raft.leader-append-only"
  | "raft.needless-cut"
  | "raft.acknowledged-durable"
  | "raft.leader-completeness"
  | "raft.state-machine-safety"
  | "raft.commit-quorum"
  | "raft.commit-own-term"
  | "raft.monotone-term"
  | "raft.monotone-commit"
  | "raft.monotone-applied"
  | "raft.durable-state";

export type RaftViolation = {
  readonly property: RaftProperty;
  readonly host: string;
  readonly incarnation: number;
  /** One sentence with the numbers. */
  readonly message: string;
  readonly evidence: { readonly [name: string]: string | number };
};
