/**
 * The adaptive ping of lashup as a pure state machine: one neighbour after the other, each wait after what its last
 * answer took.
 *
 * A neighbour is taken for dead when a ping stayed without an answer for as long as its patience says. An answer to a
 * later ping counts for the earlier ones too; one to an earlier boot, or from before the wait, counts for nothing.
 */
import type { HostRandom } from "../../../sim/host.ts";
import type { PingOptions } from "./options.ts";
import { Patience } from "./patience.ts";
import { Rotation } from "./rotation.ts";

type Watched = {
  readonly peer: string;
  /** Of the last answer; null before the first. */
  rttUs: number | null;
  /**
   * The first ping without an answer, when it was sent, and until when it may wait; deadlineUs is Infinity when there
   * is none.
   */
  sequence: number;
  sinceUs: number;
  deadlineUs: number;
};

export type PingOutput = {
  ping(peer: string, sequence: number, nowUs: number): void;
  /** The peer is no longer watched when this is called. */
  down(peer: string, sinceUs: number): void;
  /** An answer with this number ended the wait for the peer. */
  answered(peer: string, sequence: number): void;
  clusterSize(): number;
};

export class PingCore {
  readonly #options: PingOptions;
  readonly #random: HostRandom;
  readonly #output: PingOutput;
  readonly #patience: Patience;
  readonly #startAtUs: number;
  readonly #rotation: Rotation<Watched> = new Rotation();
  #roundAtUs = Number.POSITIVE_INFINITY;
  #sequence = 0;

  constructor(options: PingOptions, random: HostRandom, output: PingOutput, nowUs: number) {
    this.#options = options;
    this.#random = random;
    this.#output = output;
    this.#patience = new Patience(options.patience);
    this.#startAtUs = nowUs + options.startUs * random.between(1, 2);
  }

  get dueUs(): number {
    let dueUs = this.#roundAtUs;
    for (const { deadlineUs } of this.#rotation.all()) if (deadlineUs < dueUs) dueUs = deadlineUs;
    return dueUs;
  }

  watched(): readonly string[] {
    return this.#rotation.all().map(({ peer }) => peer);
  }

  watch(peer: string, nowUs: number): void {
    if (this.#rotation.find(peer) !== undefined) return;
    this.#rotation.add({ peer, rttUs: null, sequence: 0, sinceUs: 0, deadlineUs: Number.POSITIVE_INFINITY });
    if (this.#rotation.size === 1) this.#roundAtUs = Math.max(this.#startAtUs, this.#nextRoundUs(nowUs));
  }

  unwatch(peer: string): void {
    this.#rotation.remove(peer);
    if (this.#rotation.size === 0) this.#roundAtUs = Number.POSITIVE_INFINITY;
  }

  checkNow(peer: string, nowUs: number): void {
    const watched = this.#rotation.find(peer);
    if (watched !== undefined) this.#ping(watched, nowUs);
  }

  onPong(peer: string, sequence: number, sentUs: number, nowUs: number): void {
    const watched = this.#rotation.find(peer);
    if (watched === undefined || watched.deadlineUs === Number.POSITIVE_INFINITY || sequence < watched.sequence) return;
    watched.rttUs = nowUs - sentUs;
    watched.deadlineUs = Number.POSITIVE_INFINITY;
    this.#output.answered(peer, sequence);
  }

  tick(nowUs: number): void {
    if (nowUs - this.#roundAtUs > this.#options.lateUs) this.#startOver();
    this.#declareExpired(nowUs);
    if (this.#roundAtUs > nowUs) return;
    this.#roundAtUs = this.#nextRoundUs(nowUs);
    const next = this.#rotation.next()!; // a round is due only while somebody is watched
    this.#ping(next, nowUs);
  }

  /** Nearly always nobody: then nothing is allocated. */
  #declareExpired(nowUs: number): void {
    let expired: Watched[] | null = null;
    for (const watched of this.#rotation.all()) if (watched.deadlineUs <= nowUs) (expired ??= []).push(watched);
    if (expired === null) return;
    for (const watched of expired) {
      // What is called here may stop the watch of others.
      if (this.#rotation.find(watched.peer) !== watched) continue;
      this.unwatch(watched.peer);
      this.#output.down(watched.peer, watched.sinceUs);
    }
  }

  /** The answers may lie unread on this host. */
  #startOver(): void {
    for (const watched of this.#rotation.all()) watched.deadlineUs = Number.POSITIVE_INFINITY;
  }

  #ping(watched: Watched, nowUs: number): void {
    this.#sequence += 1;
    if (watched.deadlineUs === Number.POSITIVE_INFINITY) {
      watched.sequence = this.#sequence;
      watched.sinceUs = nowUs;
      watched.deadlineUs = nowUs + this.#patience.expiryUs(watched.rttUs, this.#output.clusterSize());
    }
    this.#output.ping(watched.peer, this.#sequence, nowUs);
  }

  #nextRoundUs(nowUs: number): number {
    return nowUs + this.#options.roundUs * this.#random.between(1, 2);
  }
}
