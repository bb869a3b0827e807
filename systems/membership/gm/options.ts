/** What global membership can be told; the defaults are lashup's where it has them. */

export type GmOptions = {
  /** Datagram port, the same at every node. */
  readonly port: number;
  /** Folder on the disk for the epoch. */
  readonly folder: string;
  /** A record is passed on at most this many times. */
  readonly ttl: number;
  /** A node tells its record again at least this often, with a new clock. */
  readonly refreshUs: number;
  /** A record is forgotten when nothing newer came for this long; so is the memory of having forgotten it. */
  readonly trimAfterUs: number;
  readonly trimEveryUs: number;
  /** This many changes of the own view are told at once; after that one for each `updateUs`, with what changed meanwhile in one record. */
  readonly updateBurst: number;
  readonly updateUs: number;
  /** At most one round of flooding to the neighbours in this time: records that come meanwhile share the next one. */
  readonly floodUs: number;
  /** Records in one message, and versions in one page of a sync. */
  readonly recordsPerMessageMax: number;
  readonly versionsPerMessageMax: number;
  /** From this to twice this, the summary of all records is compared with that of a random neighbour: repairs what datagrams lost. */
  readonly resyncUs: number;
  /** A peer is sent the versions of all records at most this often. */
  readonly digestUs: number;
  /** Records of further nodes are refused. */
  readonly nodesMax: number;
};

export const GM_DEFAULTS: GmOptions = {
  port: 7103,
  folder: "/membership-gm",
  ttl: 10,
  refreshUs: 300_000_000,
  trimAfterUs: 86_400_000_000,
  trimEveryUs: 3_600_000_000,
  updateBurst: 3,
  updateUs: 1_000_000,
  floodUs: 50_000,
  recordsPerMessageMax: 50,
  versionsPerMessageMax: 200,
  resyncUs: 10_000_000,
  digestUs: 1_000_000,
  nodesMax: 20_000,
};
