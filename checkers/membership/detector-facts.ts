/**
 * What failure detectors take for true, at every node and at every moment, against what the node had heard before.
 *
 * - News of a peer is accepted only when it is newer: a higher incarnation of the peer, or a worse condition in the same one (SWIM, section
 *   4.2). No conclusion of the node itself is older than what it holds.
 * - Only the peer raises its incarnation: nobody holds one that the peer has not told. Each boot, and each refutation, tells a higher one than
 *   all before, except after the disk was lost or harmed (`forgive`).
 * - A peer is concluded to be dead only when it was accused in this incarnation for as long as a suspect may refute.
 * - The numbers of answers that end a wait for a peer grow: an answer to an earlier probe, or to an earlier boot, is no evidence.
 *
 * What a node heard lives in memory, so one that boots begins anew.
 */
import { VIOLATIONS_MAX, type ViewViolation } from "./views.ts";

/** A detector took this for true. `version` is the peer's incarnation in SWIM's sense, `incarnation` the boot of the observer. */
export type DetectorRecord = {
  readonly host: string;
  readonly incarnation: number;
  /** On the monotonic clock of the host. */
  readonly atUs: number;
  readonly peer: string;
} & (
  | {
      readonly kind: "heard" | "concluded";
      readonly condition: "alive" | "suspect" | "dead";
      readonly version: number;
    }
  | { readonly kind: "own"; readonly version: number }
  | { readonly kind: "answered"; readonly sequence: number }
);

type News = Extract<DetectorRecord, { readonly kind: "heard" | "concluded" }>;
type Own = Extract<DetectorRecord, { readonly kind: "own" }>;
type Answer = Extract<DetectorRecord, { readonly kind: "answered" }>;

/** What one boot of an observer holds of a peer. */
type Held = {
  news: Pick<News, "condition" | "version"> | null;
  /** Since when the peer is accused in the incarnation that is held; null while it is not. */
  accusedUs: number | null;
  sequence: number;
};
type Observer = { readonly incarnation: number; readonly peers: Map<string, Held> };

const RANK = { alive: 0, suspect: 1, dead: 2 } as const;

export class DetectorFactMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #suspectUs: number;
  readonly #observers: Map<string, Observer> = new Map();
  /** The highest incarnation that a node ever told. */
  readonly #told: Map<string, number> = new Map();
  /** The last one that a node is bound to go above, and the boot in which its disk was wiped or harmed. */
  readonly #own: Map<string, number> = new Map();
  readonly #harmed: Map<string, number> = new Map();

  /** `suspectUs`: how long a suspect may refute. */
  constructor({ suspectUs }: { readonly suspectUs: number }) {
    this.#suspectUs = suspectUs;
  }

  /** The disk of this node was wiped or harmed in this boot, or after it: its incarnations so far are no promise any more. */
  forgive(host: string, incarnation: number): void {
    this.#own.delete(host);
    this.#harmed.set(host, incarnation);
  }

  observe(timeUs: number, record: DetectorRecord): void {
    if (record.kind === "own") this.#onOwn(timeUs, record);
    else if (record.kind === "answered") this.#onAnswer(timeUs, record);
    else this.#onNews(timeUs, record);
  }

  #onOwn(timeUs: number, { host, incarnation, version }: Own): void {
    this.#told.set(host, Math.max(version, this.#told.get(host) ?? 0));
    if (incarnation <= (this.#harmed.get(host) ?? 0)) return;
    const before = this.#own.get(host);
    this.#own.set(host, version);
    if (before === undefined || version > before) return;
    this.#violate(
      timeUs,
      host,
      `${host} tells incarnation ${version} of itself after ${before}, though its disk was kept`,
    );
  }

  #onAnswer(timeUs: number, record: Answer): void {
    const held = this.#heldOf(record);
    const { host, peer, sequence } = record;
    if (sequence <= held.sequence)
      this.#violate(
        timeUs,
        host,
        `${host} took answer ${sequence} of ${peer} for evidence after answer ${held.sequence}`,
      );
    held.sequence = Math.max(sequence, held.sequence);
  }

  #onNews(timeUs: number, record: News): void {
    const held = this.#heldOf(record);
    const { host, peer, kind, condition, version, atUs } = record;
    const before = held.news;
    const order = before === null ? 1 : version - before.version || RANK[condition] - RANK[before.condition];
    if (order < 0 || (order === 0 && kind === "heard")) {
      const found = `${condition} in ${version} after ${before!.condition} in ${before!.version}`; // null is in order
      this.#violate(timeUs, host, `${host} accepted news of ${peer} that is not newer: ${found}`);
    }
    const told = this.#told.get(peer);
    if (told !== undefined && version > told)
      this.#violate(
        timeUs,
        host,
        `${host} holds incarnation ${version} of ${peer}, which never told one above ${told}`,
      );
    if (kind === "concluded") this.#checkConclusion(timeUs, record, held);
    if (condition === "alive") held.accusedUs = null;
    else if (held.accusedUs === null || version !== before?.version) held.accusedUs = atUs;
    held.news = { condition, version };
  }

  #checkConclusion(timeUs: number, { host, peer, atUs, version }: News, { news, accusedUs }: Held): void {
    const forUs = accusedUs === null || news?.version !== version ? 0 : atUs - accusedUs;
    if (forUs >= this.#suspectUs) return;
    const what = `${host} concluded that ${peer} is dead after an accusation of ${forUs} us in incarnation ${version}`;
    this.#violate(timeUs, host, `${what}, a suspect has ${this.#suspectUs} us to refute`);
  }

  #heldOf({ host, incarnation, peer }: DetectorRecord): Held {
    const known = this.#observers.get(host);
    const observer = known?.incarnation === incarnation ? known : { incarnation, peers: new Map<string, Held>() };
    if (observer !== known) this.#observers.set(host, observer);
    let held = observer.peers.get(peer);
    if (held === undefined) observer.peers.set(peer, (held = { news: null, accusedUs: null, sequence: -1 }));
    return held;
  }

  #violate(timeUs: number, host: string, message: string): void {
    if (this.violations.length < VIOLATIONS_MAX) this.violations.push({ host, timeUs, message });
  }
}
