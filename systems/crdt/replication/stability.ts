/**
 * What everybody has: the time below which no update can appear that this replica does not contain already.
 *
 * Each replica reports what it contains (S), the newest boot it knows of each host, and a time that whatever it makes later lies above,
 * even after a crash. From one report of each configured replica, all with the same boots, and our own durable contents covering the
 * union W of all S, it follows that with T the least of the reported times
 *
 *   every update with a time <= T, now or ever, is in W, or is lost for ever and seen by nobody.
 *
 * Proof. An update u was made by boot b of host h. If b is the boot in h's report: u was made before the report, and is in S of h, or
 * later, and its time is above the reported one, hence above T. If b is an older boot: each replica knew of h's newer boot when it
 * reported, and takes nothing from older boots after that, not even when it has booted again and forgotten (a message is for one boot
 * of its receiver, and the older boot of h had ended before this one began); so u reached somebody before its report and is in that S,
 * or it only travels in messages that nobody takes any more. If b is a newer boot: it starts from a disk that holds at least the
 * updates up to the reported time, so its times are above; or the disk has lost something, and then it makes no update before it
 * contains what a replica whose disk has lost nothing reported to this very boot (`catchUpPeers` in trimmer.ts), whose own time had
 * passed T by then. It may have booted in between: the reported times are of durable updates, so a later boot has passed them too.
 *
 * So the claim stands under partition (a missing report stops trimming), for late joiners (they are configured and have not
 * reported), and under wipes and rolled back disks as long as no more replicas are harmed than peers are asked in catching up.
 */
import type { Clock } from "../clock.ts";

export type StabilityReport = {
  /** What the replica contains. */
  readonly seen: Clock;
  /** The newest boot known of each host. */
  readonly boots: Clock;
  /** Its later updates, those after a crash included, have greater times. */
  readonly time: number;
};

export class Stability {
  readonly #peers: readonly string[];
  readonly #reports: Map<string, StabilityReport> = new Map();

  constructor(peers: readonly string[]) {
    this.#peers = peers;
  }

  /** The newest report of a peer. Reports of one boot may come out of order: an older one says less, never something false. */
  accept(peer: string, report: StabilityReport): void {
    this.#reports.set(peer, report);
  }

  /** T above, given this replica's own report with its durable contents as `seen`; null while it cannot be known. */
  stableTime(own: StabilityReport): number | null {
    let { time } = own;
    for (const peer of this.#peers) {
      const report = this.#reports.get(peer);
      if (report === undefined || !report.boots.equals(own.boots) || !own.seen.covers(report.seen)) return null;
      time = Math.min(time, report.time);
    }
    return time;
  }
}
