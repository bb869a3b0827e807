/** Settings of a Raft group, shared by all of its nodes. */

export type RaftOptions = {
  /** A follower waits between these two for a word of its leader; drawn anew each time. Min also is the lease of CheckQuorum. */
  readonly electionTimeoutUsMin: number;
  readonly electionTimeoutUsMax: number;
  /** Invariant: well below electionTimeoutUsMin. */
  readonly heartbeatUs: number;
  /**
   * Ask before raising the term (thesis, section 9.6). Without it the group is safe but less live: a node that can send and not
   * receive raises the term at every timeout, and may keep the others from electing a leader for as long as that lasts.
   */
  readonly hasPreVote: boolean;
  /** A leader that hears no quorum for electionTimeoutUsMax steps down; voters with a live leader ignore candidates. */
  readonly hasCheckQuorum: boolean;
  /** Append messages that may be under way to one follower. */
  readonly inflightMax: number;
  readonly batchEntriesMax: number;
  /** Bytes of commands in one append message; a single larger entry travels alone. */
  readonly batchBytesMax: number;
  /** A snapshot is taken once this many entries were applied since the last one. */
  readonly snapshotThresholdEntries: number;
  /** Entries kept in memory behind a snapshot, for followers that lag a little. */
  readonly snapshotKeepEntries: number;
  /** A segment of the write-ahead log is closed once it is this long. */
  readonly segmentBytes: number;
  /** Bytes of a snapshot in one message. */
  readonly chunkBytes: number;
  readonly transport: "datagrams" | "connections";
};

export const RAFT_DEFAULTS: RaftOptions = {
  electionTimeoutUsMin: 150_000,
  electionTimeoutUsMax: 300_000,
  heartbeatUs: 50_000,
  hasPreVote: true,
  hasCheckQuorum: true,
  inflightMax: 16,
  batchEntriesMax: 64,
  batchBytesMax: 65_536,
  snapshotThresholdEntries: 1_000,
  snapshotKeepEntries: 100,
  segmentBytes: 65_536,
  chunkBytes: 16_384,
  transport: "datagrams",
};

/** Throws RangeError naming the first setting that no correct cluster could run with. */
export function checkRaftOptions(options: RaftOptions): void {
  const positive = [
    "electionTimeoutUsMin",
    "electionTimeoutUsMax",
    "heartbeatUs",
    "inflightMax",
    "batchEntriesMax",
    "batchBytesMax",
    "snapshotThresholdEntries",
    "segmentBytes",
    "chunkBytes",
  ] as const;
  for (const name of positive) {
    const value = options[name];
    if (!Number.isSafeInteger(value) || value < 1)
      throw new RangeError(`Raft option ${name} is ${value}: it has to be a whole number from 1.`);
  }
  if (!Number.isSafeInteger(options.snapshotKeepEntries) || options.snapshotKeepEntries < 0) {
    throw new RangeError(
      `Raft option snapshotKeepEntries is ${options.snapshotKeepEntries}: it has to be a whole number from 0.`,
    );
  }
  if (options.electionTimeoutUsMax < options.electionTimeoutUsMin) {
    throw new RangeError(
      `Raft option electionTimeoutUsMax (${options.electionTimeoutUsMax}) is below electionTimeoutUsMin (${options.electionTimeoutUsMin}).`,
    );
  }
  if (options.heartbeatUs >= options.electionTimeoutUsMin) {
    throw new RangeError(
      `Raft option heartbeatUs (${options.heartbeatUs}) has to be below electionTimeoutUsMin (${options.electionTimeoutUsMin}), or every follower times out.`,
    );
  }
}
