/**
 * SWIM's failure detector among the neighbours of an overlay, as a pure state machine.
 *
 * Das, Gupta, Motivala: SWIM (DSN 2002): a ping, then pings through others, then a suspicion that the suspect may
 * refute with a higher incarnation, then death; news rides on these messages. Here members probe the neighbours that
 * the overlay names instead of everybody, and news spreads over those links.
 *
 * Two rules keep a live node from staying dead for ever (hashicorp/memberlist issue 311). Who hears that a node is
 * alive in an incarnation that it holds an accusation of, spreads the accusation again, so that the node hears of it
 * and refutes. And an own incarnation is told only once it is durable, so that no boot uses one twice.
 */
import type { HostRandom } from "../../../sim/host.ts";
import type { SwimOptions } from "./options.ts";
import type { DetectorFact } from "../observation.ts";
import { Rotation } from "./rotation.ts";
import type { News, SwimMessage } from "./swim-message.ts";
import { NewsBoard } from "./swim-news.ts";

export type SwimOutput = {
  send(to: string, message: SwimMessage): void;
  /** Makes this incarnation durable; the answer is a call of onStored. */
  store(incarnation: number): void;
  /** The peer is no longer watched when this is called. */
  down(peer: string, sinceUs: number): void;
  suspect(peer: string): void;
  alive(peer: string): void;
  /** What is taken for true from now on, of a peer or of the node itself. */
  fact(peer: string, fact: DetectorFact): void;
  clusterSize(): number;
};

export type SwimStart = {
  readonly self: string;
  readonly options: SwimOptions;
  readonly random: HostRandom;
  readonly output: SwimOutput;
  /** Durable, and higher than that of every earlier boot unless the disk was lost. */
  readonly incarnation: number;
  readonly nowUs: number;
};

type Probe = { readonly sequence: number; readonly sinceUs: number; isDirect: boolean; deadlineUs: number };

type Watched = {
  readonly peer: string;
  /** The first ping without an answer. */
  probe: Probe | null;
  /** The accusation must be refuted by then; Infinity without one. */
  refuteByUs: number;
  /** Since when the peer did not answer the probe that it is suspected for. */
  silentSinceUs: number;
};

/** Somebody asked for an indirect ping. */
type Relay = { readonly asker: string; readonly sequence: number; readonly target: string; readonly expiresUs: number };

const NEVER = Number.POSITIVE_INFINITY;
const SEQUENCE_FIRST_BOUND = 0x8000_0000;

export class SwimCore {
  readonly #start: SwimStart;
  readonly #options: SwimOptions;
  readonly #output: SwimOutput;
  readonly #board: NewsBoard;
  readonly #rotation: Rotation<Watched> = new Rotation();
  readonly #relays: Map<number, Relay> = new Map();
  readonly #startAtUs: number;
  /** Durable: what others may hear of. */
  #incarnation: number;
  /** The highest that is being made durable, or is. */
  #incarnationWanted: number;
  #sequence: number;
  #roundAtUs = NEVER;

  constructor(start: SwimStart) {
    this.#start = start;
    this.#options = start.options;
    this.#output = start.output;
    this.#board = new NewsBoard(start.options);
    this.#startAtUs = start.nowUs + start.options.startUs * start.random.between(1, 2);
    this.#incarnation = start.incarnation;
    this.#incarnationWanted = start.incarnation;
    // Answers to an earlier boot must not fit: numbers begin somewhere.
    this.#sequence = start.random.below(SEQUENCE_FIRST_BOUND);
    this.#output.fact(start.self, { kind: "own", version: start.incarnation });
  }

  get incarnation(): number {
    return this.#incarnation;
  }

  get dueUs(): number {
    let dueUs = this.#roundAtUs;
    for (const { probe, refuteByUs } of this.#rotation.all()) {
      dueUs = Math.min(dueUs, refuteByUs, probe === null ? NEVER : probe.deadlineUs);
    }
    return dueUs;
  }

  watched(): readonly string[] {
    return this.#rotation.all().map(({ peer }) => peer);
  }

  watch(peer: string, nowUs: number): void {
    if (this.#rotation.find(peer) !== undefined) return;
    const watched: Watched = { peer, probe: null, refuteByUs: NEVER, silentSinceUs: nowUs };
    this.#rotation.add(watched);
    if (this.#rotation.size === 1) this.#roundAtUs = Math.max(this.#startAtUs, this.#nextRoundUs(nowUs));
    const record = this.#board.recordOf(peer);
    if (record === undefined || record.condition === "alive") return;
    // It may have come back: it has to refute what is known of it, as any suspect.
    this.#suspect(watched, nowUs);
    this.#ping(watched, nowUs);
  }

  unwatch(peer: string): void {
    this.#rotation.remove(peer);
    if (this.#rotation.size === 0) this.#roundAtUs = NEVER;
  }

  checkNow(peer: string, nowUs: number): void {
    const watched = this.#rotation.find(peer);
    if (watched !== undefined) this.#ping(watched, nowUs);
  }

  receive(from: string, message: SwimMessage, nowUs: number): void {
    this.#hear({ node: from, condition: "alive", incarnation: message.incarnation }, nowUs);
    for (const news of message.news) this.#hear(news, nowUs);
    const { sequence } = message;
    switch (message.kind) {
      case "ping":
        this.#send(from, { kind: "ack", sequence });
        break;
      case "ping-request":
        this.#relay({ asker: from, sequence, target: message.target }, nowUs);
        break;
      case "ack":
        this.#onAck(from, message);
        break;
      case "relayed-ack":
        this.#hear({ node: message.target, condition: "alive", incarnation: message.targetIncarnation }, nowUs);
        this.#clearProbe(message.target, sequence);
        break;
    }
  }

  /** The incarnation is durable; null when the disk refused it. */
  onStored(incarnation: number | null): void {
    if (incarnation === null) {
      // The next accusation tries again.
      this.#incarnationWanted = this.#incarnation;
      return;
    }
    this.#incarnation = Math.max(this.#incarnation, incarnation);
    this.#output.fact(this.#start.self, { kind: "own", version: this.#incarnation });
    this.#spreadOwn();
  }

  tick(nowUs: number): void {
    if (nowUs - this.#roundAtUs > this.#options.lateUs) this.#startOver(nowUs);
    for (const watched of [...this.#rotation.all()]) {
      // What is called here may stop the watch of others.
      if (this.#rotation.find(watched.peer) === watched) this.#checkTimes(watched, nowUs);
    }
    if (this.#roundAtUs > nowUs) return;
    this.#roundAtUs = this.#nextRoundUs(nowUs);
    for (const [sequence, { expiresUs }] of this.#relays) if (expiresUs <= nowUs) this.#relays.delete(sequence);
    this.#ping(this.#rotation.next()!, nowUs); // a round is due only while somebody is watched
  }

  // Probes

  #checkTimes(watched: Watched, nowUs: number): void {
    if (watched.refuteByUs <= nowUs) {
      const { incarnation } = this.#board.recordOf(watched.peer) ?? { incarnation: 0 };
      this.#board.keep({ node: watched.peer, condition: "dead", incarnation }, this.#repeats());
      this.#output.fact(watched.peer, { kind: "concluded", condition: "dead", version: incarnation });
      this.#declareDown(watched);
      return;
    }
    const { probe } = watched;
    if (probe === null || probe.deadlineUs > nowUs) return;
    if (probe.isDirect) this.#askHelpers(watched.peer, probe, nowUs);
    else {
      watched.probe = null;
      watched.silentSinceUs = probe.sinceUs;
      const { incarnation } = this.#board.recordOf(watched.peer) ?? { incarnation: 0 };
      this.#hear({ node: watched.peer, condition: "suspect", incarnation }, nowUs);
    }
  }

  #ping(watched: Watched, nowUs: number): void {
    this.#sequence += 1;
    const sequence = this.#sequence;
    watched.probe ??= { sequence, sinceUs: nowUs, isDirect: true, deadlineUs: nowUs + this.#options.directUs };
    this.#send(watched.peer, { kind: "ping", sequence, isRelayed: false });
  }

  #askHelpers(peer: string, probe: Probe, nowUs: number): void {
    probe.isDirect = false;
    probe.deadlineUs = nowUs + this.#options.indirectUs;
    const helpers = this.watched().filter((other) => other !== peer);
    for (let i = 0; i < this.#options.helpersMax && helpers.length > 0; i++) {
      const helper = helpers.splice(this.#start.random.below(helpers.length), 1)[0]!; // not empty
      this.#send(helper, { kind: "ping-request", sequence: probe.sequence, target: peer });
    }
  }

  #relay(request: Omit<Relay, "expiresUs">, nowUs: number): void {
    if (request.target === this.#start.self) return;
    this.#sequence += 1;
    this.#relays.set(this.#sequence, { ...request, expiresUs: nowUs + this.#options.indirectUs });
    this.#send(request.target, { kind: "ping", sequence: this.#sequence, isRelayed: true });
  }

  #onAck(from: string, message: SwimMessage): void {
    const relay = this.#relays.get(message.sequence);
    if (relay !== undefined && relay.target === from) {
      this.#relays.delete(message.sequence);
      const { asker, sequence, target } = relay;
      this.#send(asker, { kind: "relayed-ack", sequence, target, targetIncarnation: message.incarnation });
    } else this.#clearProbe(from, message.sequence);
  }

  /** An answer to this ping or a later one. */
  #clearProbe(peer: string, sequence: number): void {
    const watched = this.#rotation.find(peer);
    if (watched?.probe == null || sequence < watched.probe.sequence || sequence > this.#sequence) return;
    watched.probe = null;
    this.#output.fact(peer, { kind: "answered", sequence });
  }

  /** The answers may lie unread on this host, and refutations too. */
  #startOver(nowUs: number): void {
    for (const watched of this.#rotation.all()) {
      watched.probe = null;
      if (watched.refuteByUs !== NEVER) watched.refuteByUs = nowUs + this.#options.suspectUs;
    }
  }

  // News

  #hear(news: News, nowUs: number): void {
    if (news.node === this.#start.self) {
      this.#hearOfSelf(news);
      return;
    }
    const known = this.#board.recordOf(news.node);
    if (!this.#board.isNewer(news)) {
      // The node does not know what it is accused of, or has not refuted it yet: it must hear of it, whatever became
      // of the first telling.
      if (news.condition === "alive" && known !== undefined && known.condition !== "alive")
        this.#board.spread(known, this.#repeats());
      return;
    }
    const wasAccused = known !== undefined && known.condition !== "alive";
    this.#board.keep(news, news.condition !== "alive" || wasAccused ? this.#repeats() : 0);
    this.#output.fact(news.node, { kind: "heard", condition: news.condition, version: news.incarnation });
    const watched = this.#rotation.find(news.node);
    if (watched === undefined) return;
    if (news.condition === "dead") this.#declareDown(watched);
    else if (news.condition === "suspect") {
      // It has refuted whatever it was accused of before, and has its time again.
      if (known !== undefined && news.incarnation > known.incarnation) watched.refuteByUs = NEVER;
      this.#suspect(watched, nowUs);
    } else if (wasAccused) {
      watched.refuteByUs = NEVER;
      this.#output.alive(news.node);
    }
  }

  #hearOfSelf({ condition, incarnation }: News): void {
    if (condition === "alive") return;
    if (incarnation < this.#incarnation) {
      this.#spreadOwn();
      return;
    }
    if (incarnation < this.#incarnationWanted) return;
    this.#incarnationWanted = incarnation + 1;
    this.#output.store(this.#incarnationWanted);
  }

  #spreadOwn(): void {
    const { self } = this.#start;
    this.#board.spread({ node: self, condition: "alive", incarnation: this.#incarnation }, this.#repeats());
  }

  #suspect(watched: Watched, nowUs: number): void {
    if (watched.refuteByUs === NEVER) watched.refuteByUs = nowUs + this.#options.suspectUs;
    this.#output.suspect(watched.peer);
  }

  #declareDown(watched: Watched): void {
    this.unwatch(watched.peer);
    this.#output.down(watched.peer, watched.silentSinceUs);
  }

  /** lambda * log2(n + 1), rounded up. */
  #repeats(): number {
    return this.#options.repeatFactor * (32 - Math.clz32(this.#output.clusterSize()));
  }

  #nextRoundUs(nowUs: number): number {
    return nowUs + this.#options.roundUs * this.#start.random.between(1, 2);
  }

  #send(to: string, fields: Fields): void {
    this.#output.send(to, { ...fields, incarnation: this.#incarnation, news: this.#board.take(to) });
  }
}

/** A message without what every message carries. */
type Fields = SwimMessage extends infer M ? (M extends SwimMessage ? Omit<M, "incarnation" | "news"> : never) : never;
