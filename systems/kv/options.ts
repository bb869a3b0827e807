/** Settings of the store's servers and clients, with the ranges that scenarios draw them from. */
import { RAFT_DEFAULTS, type RaftOptions } from "../raft/options.ts";
import type { SessionLimits } from "./sessions.ts";

export type KvServerSettings = SessionLimits & {
  readonly raft: RaftOptions;
  /** Commands that may wait for their commit at one leader; more are told to retry. */
  readonly pendingMax: number;
  /** A follower serves linearizable reads too, by asking the leader for an index. */
  readonly hasFollowerReads: boolean;
};

export const KV_SERVER_DEFAULTS: KvServerSettings = {
  raft: RAFT_DEFAULTS,
  sessionTtlUs: 60_000_000,
  logTimeAdvanceUsMax: 100_000,
  sessionsMax: 1_000,
  pendingMax: 1_000,
  hasFollowerReads: false,
};

export type KvClientSettings = {
  /** An attempt without an answer for this long is given up, and the next server is asked. */
  readonly attemptTimeoutUs: number;
  /** An operation without an answer for this long is over. */
  readonly operationTimeoutUs: number;
  readonly attemptsMax: number;
  /** Pause before asking again when no leader is known: a random time up to this. */
  readonly backoffUsMax: number;
  /** Reads ask any server, not only the leader: makes sense where followers serve them. */
  readonly readsFromAnyServer: boolean;
};

export const KV_CLIENT_DEFAULTS: KvClientSettings = {
  attemptTimeoutUs: 300_000,
  operationTimeoutUs: 3_000_000,
  attemptsMax: 30,
  backoffUsMax: 50_000,
  readsFromAnyServer: false,
};

export type Range = { readonly min: number; readonly max: number };

/** Small limits make rare paths common; each run draws its own. Both ends are included. */
export const KV_SETTING_RANGES: Readonly<Record<string, Range>> = {
  "raft.inflightMax": { min: 1, max: 16 },
  "raft.batchEntriesMax": { min: 1, max: 64 },
  "raft.batchBytesMax": { min: 64, max: 65_536 },
  "raft.snapshotThresholdEntries": { min: 5, max: 80 },
  "raft.snapshotKeepEntries": { min: 0, max: 10 },
  "raft.segmentBytes": { min: 1_024, max: 32_768 },
  "raft.chunkBytes": { min: 128, max: 16_384 },
  sessionTtlUs: { min: 2_000_000, max: 60_000_000 },
  logTimeAdvanceUsMax: { min: 10_000, max: 50_000 },
  sessionsMax: { min: 32, max: 1_000 },
};
