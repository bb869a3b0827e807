/**
 * What Raft nodes say to each other, and the entries of their logs.
 *
 * Source of the protocol: Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm" (the paper), and
 * Ongaro's thesis "Consensus: Bridging Theory and Practice" (sections 3.10 transfer, 6.4 reads, 9.6 PreVote, 10.2 pipelining).
 * Records are immutable once made: simulated networks hand them over by reference, and logs share entries.
 */

/** A member of the cluster, 1, 2, …; 0 means none. */
export type NodeId = number;

export type Entry = {
  /** 1 for the first entry of the cluster's life. */
  readonly index: number;
  readonly term: number;
  /** The command; empty for the no-op that a new leader appends. */
  readonly data: Uint8Array;
  /** CRC-32 of data, computed once where the entry is made and verified wherever it is decoded. */
  readonly checksum: number;
};

/** A complete image of the state machine after the entry at `index` was applied. */
export type Snapshot = {
  readonly index: number;
  readonly term: number;
  readonly data: Uint8Array;
  /** CRC-32 of data. */
  readonly checksum: number;
};

type Common = {
  readonly from: NodeId;
  readonly to: NodeId;
  /** The sender's term; for a pre-vote and its grant, the term that the candidate would take. */
  readonly term: number;
};

/** RequestVote (paper, section 5.2), and its dry run (thesis, section 9.6). */
export type VoteMessage = Common & {
  readonly kind: "vote" | "pre-vote";
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The election was asked for by the leader itself: voters do not wait out their lease (thesis, section 3.10). */
  readonly isTransfer: boolean;
};
export type VoteReply = Common & { readonly kind: "vote-reply" | "pre-vote-reply"; readonly isGranted: boolean };

/** AppendEntries (paper, section 5.3). */
export type AppendMessage = Common & {
  readonly kind: "append";
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly commit: number;
  readonly entries: readonly Entry[];
};
export type AppendReply = Common & {
  readonly kind: "append-reply";
  readonly isSuccess: boolean;
  /** Success: the follower durably holds the leader's log up to here. Rejection: the prevIndex that did not match. */
  readonly index: number;
  /** Rejection: where the follower could agree at best, as an index and the term that it holds there. */
  readonly hintIndex: number;
  readonly hintTerm: number;
};

/** Keeps the leadership and confirms reads; carries no entries, so that it overtakes a full pipeline. */
export type HeartbeatMessage = Common & {
  readonly kind: "heartbeat";
  /** Never above what this follower has acknowledged. */
  readonly commit: number;
  /** Number of the leader's confirmation round (thesis, section 6.4). */
  readonly round: number;
};
export type HeartbeatReply = Common & { readonly kind: "heartbeat-reply"; readonly round: number };

/** InstallSnapshot (paper, section 7), a chunk at a time. */
export type SnapshotChunk = Common & {
  readonly kind: "snapshot-chunk";
  readonly snapshotIndex: number;
  readonly snapshotTerm: number;
  readonly snapshotChecksum: number;
  readonly totalBytes: number;
  readonly offset: number;
  readonly data: Uint8Array;
};
export type SnapshotReply = Common & {
  readonly kind: "snapshot-reply";
  readonly snapshotIndex: number;
  /** Where the next chunk has to begin. */
  readonly nextOffset: number;
};

export type TimeoutNow = Common & { readonly kind: "timeout-now" };

/** A follower asks for an index at which it may read; `context` is new for every attempt. */
export type ReadIndexMessage = Common & { readonly kind: "read-index"; readonly context: number };
export type ReadIndexReply = Common & {
  readonly kind: "read-index-reply";
  readonly context: number;
  readonly isConfirmed: boolean;
  readonly index: number;
};

export type Message =
  | VoteMessage
  | VoteReply
  | AppendMessage
  | AppendReply
  | HeartbeatMessage
  | HeartbeatReply
  | SnapshotChunk
  | SnapshotReply
  | TimeoutNow
  | ReadIndexMessage
  | ReadIndexReply;
