/**
 * Trimming for a replica of one object: reports to the peers, catching up after a boot, and the time up to which history may go.
 *
 * What makes it safe is argued in stability.ts. After a boot that does not form the cluster this replica may have lost its
 * disk; it makes no update until it contains durably what `catchUpPeers` peers first reported to this boot. What a peer reported and
 * lost in a crash, before it was durable anywhere, would be waited for in vain: the report of the peer's next boot takes its place.
 */
import type { Host } from "../../../sim/host.ts";
import type { Clock } from "../clock.ts";
import type { CrdtType, Trimming } from "../crdt.ts";
import type { Report } from "./message.ts";
import type { Peers } from "./peers.ts";
import { Stability } from "./stability.ts";

export type TrimmingOptions = {
  /** Reports what it has to all peers every so many rounds. */
  readonly everyRounds: number;
  /**
   * After a boot that does not form the cluster, updates wait until this replica contains what so many peers report. Trimming is safe
   * while no more replicas than this are harmed (wiped, or their disk gone back in time).
   */
  readonly catchUpPeers: number;
};

/** `boot`: of the peer. While it lasts the peer holds, and gives away, all it has `seen`. */
type CatchUp = { readonly boot: number; readonly seen: Clock };

type TrimmableOptions<S, O> = { readonly type: CrdtType<S, O>; readonly trimming?: TrimmingOptions };

/** Throws RangeError where a type without history is to be trimmed. */
export function checkTrimmable<S, O>({ type, trimming }: TrimmableOptions<S, O>): void {
  if (trimming !== undefined && type.trimming === undefined)
    throw new RangeError(`${type.name} keeps no history that could be trimmed`);
}

export class Trimmer<S> {
  readonly #trimming: Trimming<S>;
  readonly #options: TrimmingOptions;
  readonly #peers: Peers;
  readonly #stability: Stability;
  /** What each peer first reported to this boot; again from the peer's next boot, unless it was contained by then. */
  readonly #catchUps: Map<string, CatchUp> = new Map();
  #isCaughtUp: boolean;
  #onCaughtUp: () => void = () => {};
  readonly #whenCaughtUp: Promise<void>;
  /** The greatest time of an update that is durable here. */
  #durableTime: number;
  #rounds = 0;

  private constructor(host: Host, trimming: Trimming<S>, options: TrimmingOptions, peers: Peers, time: number) {
    this.#trimming = trimming;
    this.#options = options;
    this.#peers = peers;
    this.#stability = new Stability(peers.names);
    this.#durableTime = time;
    this.#isCaughtUp = host.boot.isClusterFirst || options.catchUpPeers === 0;
    this.#whenCaughtUp = new Promise((done) => (this.#onCaughtUp = done));
  }

  /** Null without options. `state` is what the disk gave back. */
  static create<S, O>(host: Host, options: TrimmableOptions<S, O>, peers: Peers, state: S): Trimmer<S> | null {
    const { trimming } = options.type;
    if (options.trimming === undefined || trimming === undefined) return null;
    return new Trimmer(host, trimming, options.trimming, peers, trimming.timeOf(state));
  }

  get isCaughtUp(): boolean {
    return this.#isCaughtUp;
  }

  get whenCaughtUp(): Promise<void> {
    return this.#whenCaughtUp;
  }

  timeOf(state: S): number {
    return this.#trimming.timeOf(state);
  }

  /** All updates up to this time are durable, and `durable` is contained durably. */
  advance(durable: Clock, time: number): void {
    this.#durableTime = Math.max(this.#durableTime, time);
    if (this.#isCaughtUp) return;
    let count = 0;
    for (const { seen } of this.#catchUps.values()) if (durable.covers(seen)) count += 1;
    if (count < this.#options.catchUpPeers) return;
    this.#isCaughtUp = true;
    this.#onCaughtUp();
  }

  /** The report to send to all peers in this round; null in most rounds. */
  nextReport(seen: Clock): Report | null {
    this.#rounds += 1;
    if (this.#rounds % this.#options.everyRounds !== 0) return null;
    return { type: "report", seen: seen.copy(), boots: this.#peers.boots(), time: this.#durableTime };
  }

  /** The report was made for this boot. */
  takeReport(peer: string, report: Report, durable: Clock): void {
    this.#stability.accept(peer, report);
    this.#catchUpWith(peer, report.seen, durable);
    this.advance(durable, 0);
  }

  #catchUpWith(peer: string, seen: Clock, durable: Clock): void {
    const boot = this.#peers.bootOf(peer); // the reporting one: messages of ended boots are dropped
    const before = this.#catchUps.get(peer);
    if (before !== undefined && (before.boot === boot || durable.covers(before.seen))) return;
    this.#catchUps.set(peer, { boot, seen });
  }

  /** Trims as far as is stable; true when something was forgotten. */
  trim(state: S, durable: Clock): boolean {
    const own = { seen: durable, boots: this.#peers.boots(), time: this.#durableTime };
    const time = this.#stability.stableTime(own);
    if (time === null || time <= this.#trimming.trimmedAt(state)) return false;
    this.#trimming.trim(state, time);
    return true;
  }
}
