/** What the KV can be told; the defaults are lashup's where it has them. Times with a minimum are drawn from it to twice it. */

export type KvOptions = {
  /** Datagram port of the anti-entropy, the same at every node. */
  readonly port: number;
  /** Topic of the multicast. */
  readonly topic: string;
  readonly folder: string;
  /** Values larger than the first are marked, larger than the second refused. */
  readonly warnBytes: number;
  readonly rejectBytes: number;
  /** Updates that wait for the disk, own and remote: above, operations fail and remote updates are dropped. */
  readonly pendingMax: number;
  /** Anti-entropy with a neighbour begins so long after the link came up, and again so long after it ended. */
  readonly entropyStartUs: number;
  readonly entropyEveryUs: number;
  /** Pause between two pages of keys, from the first to the second. */
  readonly pageUsMin: number;
  readonly pageUsMax: number;
  readonly pageKeysMax: number;
  /** A page is sent again when no answer came, or when something was asked for, after this long; so many times. */
  readonly pageAgainUs: number;
  readonly pageTriesMax: number;
  /** What anti-entropy brought goes on to the other neighbours after this long. */
  readonly passOnUs: number;
  /** What a peer is known to have is forgotten when it was unreachable for so long. */
  readonly purgeUs: number;
  /** Changes are gathered for so long before subscribers are called. */
  readonly flushUs: number;
  /** The journal is replaced by a snapshot when it is larger. */
  readonly journalBytesMax: number;
};

export const KV_DEFAULTS: KvOptions = {
  port: 7105,
  topic: "kv",
  folder: "/membership-kv",
  warnBytes: 60_000_000,
  rejectBytes: 100_000_000,
  pendingMax: 32,
  entropyStartUs: 30_000_000,
  entropyEveryUs: 60_000_000,
  pageUsMin: 5_000,
  pageUsMax: 15_000,
  pageKeysMax: 16,
  pageAgainUs: 200_000,
  pageTriesMax: 10,
  passOnUs: 500_000,
  purgeUs: 120_000_000,
  flushUs: 10_000,
  journalBytesMax: 262_144,
};
