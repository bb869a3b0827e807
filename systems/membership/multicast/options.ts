/** What multicast can be told; time to live and replication are lashup's. */

export type MulticastOptions = {
  /** Datagram port, the same at every node. */
  readonly port: number;
  /** A packet goes over at most this many hops. */
  readonly ttl: number;
  /** Trees that carry each packet: one from the sender, the others from random neighbours of it. */
  readonly replication: number;
  /** False, as in lashup: a subscriber may see a message up to `replication` times. */
  readonly isDeduplicated: boolean;
  /** What came is announced to the neighbours after this long, together with what else came meanwhile, and so many times. */
  readonly announceUs: number;
  readonly announceTimes: number;
  /** What was announced and has not come is asked for after this long, then again, from the next that announced it. */
  readonly graftUs: number;
  /** Packets are kept to answer such questions for so long, at most so many, of so many bytes in all. */
  readonly keepUs: number;
  readonly keepCountMax: number;
  readonly keepBytesMax: number;
  /** Announced packets that are waited for; further ones are not asked for until announced again. */
  readonly missingMax: number;
  /** Numbers remembered of each origin, to count copies; older packets are dropped. */
  readonly windowMax: number;
  /** An origin that was silent for so long is forgotten. */
  readonly forgetUs: number;
};

export const MULTICAST_DEFAULTS: MulticastOptions = {
  port: 7104,
  ttl: 20,
  replication: 2,
  isDeduplicated: false,
  announceUs: 250_000,
  announceTimes: 2,
  graftUs: 250_000,
  keepUs: 30_000_000,
  keepCountMax: 1_000,
  keepBytesMax: 16_777_216,
  missingMax: 1_000,
  windowMax: 1_024,
  forgetUs: 600_000_000,
};
