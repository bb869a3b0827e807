/**
 * HyParView as a pure state machine: messages, ticks and verdicts of the failure detector go in, messages and changes
 * come out.
 *
 * Leitão, Pereira, Rodrigues: HyParView (DSN 2007), in lashup's form: randomised timers instead of rounds, throttled
 * joins, views that outlive a restart, passive nodes dropped after they stayed silent. Ours on top, because datagrams
 * are lost and overtake each other:
 *
 * - A link is held by both ends or by none, soon. Whoever lets a link go says so; whoever is told by a neighbour that
 *   it holds no link lets go too, and says so; whoever hears from a node that believes to be a neighbour and is none
 *   says so; an answer that nobody waits for is refused. Where an answer and a disconnect cross, both ends let go: no
 *   link is better than half a link.
 * - A node asks a stranger before it makes room, and evicts nobody before the stranger has accepted.
 * - A node without neighbours looks for one at once, not at the next round.
 */
import type { HostRandom } from "../../../sim/host.ts";
import type { OverlayMessage } from "./message.ts";
import type { OverlayOptions } from "./options.ts";
import type { NeighbourChange } from "./overlay.ts";
import { insert, Views } from "./views.ts";

export type Send = { readonly to: string; readonly message: OverlayMessage };

export type HyParViewStart = {
  readonly self: string;
  readonly options: OverlayOptions;
  readonly random: HostRandom;
  /** Names of the views of an earlier boot. */
  readonly stored: readonly string[];
  readonly nowUs: number;
};

type Pending = {
  readonly ref: number;
  /** The peer is to make room. */
  isHigh: boolean;
  /** This node makes room when the peer accepts; otherwise a link that does not fit any more is refused. */
  isEager: boolean;
  readonly giveUpAtUs: number;
};

type Urgency = Pick<Pending, "isHigh" | "isEager">;

const LOW: Urgency = { isHigh: false, isEager: false };

/** The window of the throttle. */
const SECOND_US = 1_000_000;
const REF_BOUND = 0x1_0000_0000;

export class HyParView {
  readonly self: string;
  readonly views: Views;
  readonly #options: OverlayOptions;
  readonly #random: HostRandom;
  readonly #contacts: readonly string[];
  /** Requests without an answer, by peer. */
  readonly #pending: Map<string, Pending> = new Map();
  #sends: Send[] = [];
  #changes: NeighbourChange[] = [];
  /** Times of the joins taken in the last second. */
  #joinsUs: number[] = [];
  /** True once the node had a neighbour, in this boot or an earlier one. */
  #isJoined: boolean;
  /** Looks for neighbours since the view was last long enough. */
  #shortLooks = 0;
  #joinAtUs: number;
  #lookAtUs: number;
  #shuffleAtUs: number;
  #shortViewSource: () => string | null = () => null;

  constructor({ self, options, random, stored, nowUs }: HyParViewStart) {
    this.self = self;
    this.#options = options;
    this.#random = random;
    this.#contacts = [...new Set(options.contacts)].filter((contact) => contact !== self);
    this.views = new Views({ self, activeMax: options.activeViewMax, passiveMax: options.passiveViewMax }, random);
    this.views.addPassive(this.#contacts);
    this.views.addPassive(stored);
    this.#isJoined = stored.some((peer) => peer !== self);
    this.#joinAtUs = this.#isJoined ? Number.POSITIVE_INFINITY : nowUs + this.#onceOrTwice(options.firstJoinUs);
    // Who was a member probes the nodes that it knew as soon as others would join.
    this.#lookAtUs = nowUs + this.#onceOrTwice(this.#isJoined ? options.firstJoinUs : options.firstNeighbourUs);
    this.#shuffleAtUs = nowUs + this.#onceOrTwice(options.firstShuffleUs);
  }

  /** When `tick` has something to do next, in the time of the caller's clock. */
  get dueUs(): number {
    let dueUs = Math.min(this.#joinAtUs, this.#lookAtUs, this.#shuffleAtUs);
    for (const { giveUpAtUs } of this.#pending.values()) dueUs = Math.min(dueUs, giveUpAtUs);
    return dueUs;
  }

  set shortViewSource(source: () => string | null) {
    this.#shortViewSource = source;
  }

  get hasOutput(): boolean {
    return this.#sends.length > 0 || this.#changes.length > 0;
  }

  /** What has come out since the last call. */
  drain(): { readonly sends: readonly Send[]; readonly changes: readonly NeighbourChange[] } {
    const drained = { sends: this.#sends, changes: this.#changes };
    this.#sends = [];
    this.#changes = [];
    return drained;
  }

  tick(nowUs: number): void {
    for (const [peer, { giveUpAtUs }] of this.#pending) {
      if (giveUpAtUs > nowUs) continue;
      this.#pending.delete(peer);
      this.views.removePassive(peer);
    }
    if (this.#joinAtUs <= nowUs) this.#tryJoin(nowUs);
    if (this.#lookAtUs <= nowUs) this.#lookForNeighbours(nowUs);
    if (this.#shuffleAtUs <= nowUs) this.#startShuffle(nowUs);
  }

  receive(from: string, message: OverlayMessage, nowUs: number): void {
    switch (message.kind) {
      case "join":
        this.#onJoin(from, message.ref, nowUs);
        break;
      case "join-success":
        this.#onAnswer(from, message.ref, true, message.passive, nowUs);
        break;
      case "join-deny":
        this.#onJoinDeny(from, message.ref, message.active, nowUs);
        break;
      case "forward-join":
        this.#onForwardJoin(from, message, nowUs);
        break;
      case "neighbour":
        this.#onNeighbour(from, message, nowUs);
        break;
      case "neighbour-accept":
        this.#onAnswer(from, message.ref, true, [], nowUs);
        break;
      case "neighbour-deny":
        this.#onAnswer(from, message.ref, false, message.passive, nowUs);
        break;
      case "disconnect":
        this.#onDisconnect(from, nowUs);
        break;
      case "shuffle":
        this.#onShuffle(from, message);
        break;
      case "shuffle-reply":
        this.views.addPassive(message.combined);
        break;
    }
  }

  /** The detector takes this neighbour for dead. */
  onFailed(peer: string, nowUs: number): void {
    if (this.views.has(peer)) this.#letGo(peer, nowUs);
  }

  /** The peer pings this node, as only neighbours do. */
  onProbe(peer: string): void {
    if (this.views.has(peer) || peer === this.self) return;
    const pending = this.#pending.get(peer);
    if (pending === undefined) this.#send(peer, { kind: "disconnect" });
    // Its answer is late or lost; a neighbour is accepted again.
    else this.#send(peer, { kind: "neighbour", ref: pending.ref, isHigh: pending.isHigh });
  }

  /** Asks for a link that is not refused. */
  recommend(peer: string, nowUs: number): void {
    if (peer === this.self || this.views.has(peer)) return;
    this.#ask(peer, { isHigh: true, isEager: true }, nowUs + this.#options.recommendUs * this.#options.silenceFactor);
  }

  // Joining

  #tryJoin(nowUs: number): void {
    this.#joinAtUs = nowUs + this.#options.joinTimeoutUs + this.#onceOrTwice(this.#options.joinUs);
    if (this.#contacts.length > 0) this.#join(this.#random.pick(this.#contacts), nowUs);
  }

  #join(peer: string, nowUs: number): void {
    const { ref } = this.#await(peer, LOW, nowUs + this.#options.joinTimeoutUs);
    this.#send(peer, { kind: "join", ref });
  }

  #onJoin(from: string, ref: number, nowUs: number): void {
    if (from === this.self) return;
    if (!this.#takesJoin(nowUs)) {
      this.#send(from, { kind: "join-deny", ref, active: this.views.active });
      return;
    }
    this.#joinsUs.push(nowUs);
    this.#link(from, nowUs);
    const ttl = this.#options.activeWalkLength;
    for (const peer of this.views.active) {
      if (peer !== from) this.#send(peer, { kind: "forward-join", node: from, ttl, seen: [this.self] });
    }
    this.#send(from, { kind: "join-success", ref, passive: this.views.passive });
  }

  #takesJoin(nowUs: number): boolean {
    this.#joinsUs = this.#joinsUs.filter((joinUs) => joinUs > nowUs - SECOND_US);
    const { joinsWhenFullMax, joinsMax } = this.#options;
    return this.#joinsUs.length < (this.views.isFull ? joinsWhenFullMax : joinsMax);
  }

  #onJoinDeny(from: string, ref: number, active: readonly string[], nowUs: number): void {
    if (this.#pending.get(from)?.ref !== ref) return;
    this.#pending.delete(from);
    if (this.views.active.length > 0) return;
    // Not a contact: those are what everybody asks.
    const others = active.filter((peer) => peer !== this.self && peer !== from && !this.#contacts.includes(peer));
    if (others.length > 0) this.#join(this.#random.pick(others), nowUs);
  }

  #onForwardJoin(from: string, walk: OverlayMessage & { readonly kind: "forward-join" }, nowUs: number): void {
    this.#refuseStranger(from);
    const { node, ttl } = walk;
    if (node === this.self) return;
    const { active } = this.views;
    if (ttl === 0 || active.length === 0) {
      if (this.views.has(node)) return;
      const { neighbourShortUs, silenceFactor } = this.#options;
      this.#ask(node, { isHigh: active.length === 0, isEager: true }, nowUs + neighbourShortUs * silenceFactor);
      return;
    }
    if (ttl === this.#options.passiveWalkLength) this.views.addPassive([node]);
    const next = active.filter((peer) => peer !== node && !walk.seen.includes(peer));
    if (next.length === 0) return;
    const seen = insert(walk.seen, this.self);
    this.#send(this.#random.pick(next), { kind: "forward-join", node, ttl: ttl - 1, seen });
  }

  // Neighbours

  #lookForNeighbours(nowUs: number): void {
    const { activeViewMax, neighbourUs, neighbourShortUs, neighbourAloneUs, silenceFactor, shortViewEvery } =
      this.#options;
    const { active } = this.views;
    const isAlone = active.length === 0;
    if (!this.#isJoined || active.length * 4 >= activeViewMax * 3) {
      this.#shortLooks = 0;
      this.#lookAtUs = nowUs + this.#onceOrTwice(neighbourUs);
      return;
    }
    this.#shortLooks += 1;
    const candidates = this.views.passive.filter((peer) => !this.#pending.has(peer));
    if (this.views.passive.length === 0) {
      this.views.addPassive(this.#contacts);
      this.#lookAtUs = nowUs + this.#onceOrTwice(isAlone ? neighbourAloneUs : neighbourUs);
      return;
    }
    const intervalUs = isAlone ? neighbourAloneUs : neighbourShortUs;
    this.#lookAtUs = nowUs + this.#onceOrTwice(intervalUs);
    const giveUpAtUs = nowUs + intervalUs * silenceFactor;
    if (candidates.length > 0) {
      this.#ask(this.#random.pick(candidates), { isHigh: isAlone, isEager: isAlone }, giveUpAtUs);
    }
    if (isAlone || this.#shortLooks % shortViewEvery !== 0) return;
    const short = this.#shortViewSource();
    if (short === null || short === this.self || this.views.has(short)) return;
    this.#ask(short, LOW, giveUpAtUs);
  }

  #ask(peer: string, urgency: Urgency, giveUpAtUs: number): void {
    const { ref, isHigh } = this.#await(peer, urgency, giveUpAtUs);
    this.#send(peer, { kind: "neighbour", ref, isHigh });
  }

  /** A peer that is asked again before it answered keeps its ref and its time. */
  #await(peer: string, { isHigh, isEager }: Urgency, giveUpAtUs: number): Pending {
    const known = this.#pending.get(peer);
    if (known !== undefined) {
      known.isHigh ||= isHigh;
      known.isEager ||= isEager;
      return known;
    }
    const pending = { ref: this.#random.below(REF_BOUND), isHigh, isEager, giveUpAtUs };
    this.#pending.set(peer, pending);
    return pending;
  }

  #onNeighbour(from: string, request: OverlayMessage & { readonly kind: "neighbour" }, nowUs: number): void {
    if (from === this.self) return;
    const { ref } = request;
    if (!request.isHigh && this.views.isFull && !this.views.has(from)) {
      this.#send(from, { kind: "neighbour-deny", ref, passive: this.views.passive });
      return;
    }
    this.#link(from, nowUs);
    this.#send(from, { kind: "neighbour-accept", ref });
  }

  #onAnswer(from: string, ref: number, isYes: boolean, passive: readonly string[], nowUs: number): void {
    const pending = this.#pending.get(from);
    const isAwaited = pending?.ref === ref;
    if (isAwaited) {
      this.#pending.delete(from);
      this.views.addPassive(passive);
    }
    if (!isYes || this.views.has(from)) return;
    if (isAwaited && (pending.isEager || !this.views.isFull)) this.#link(from, nowUs);
    else this.#send(from, { kind: "disconnect" });
  }

  #onDisconnect(from: string, nowUs: number): void {
    // An accept that is still on its way may be older or newer than this: it will be refused, so that neither end
    // holds a link.
    this.#pending.delete(from);
    if (this.views.has(from)) this.#letGo(from, nowUs);
  }

  /** Only neighbours send what this node sent. */
  #refuseStranger(from: string): void {
    this.onProbe(from);
  }

  /** Takes the peer in, and moves somebody on when the view is full. */
  #link(peer: string, nowUs: number): void {
    if (peer === this.self || this.views.has(peer)) return;
    // From here on the peer must be taken in: whoever was moved on knows that it was.
    while (this.views.isFull) this.#letGo(this.#random.pick(this.views.active), nowUs);
    this.views.addActive(peer);
    this.#isJoined = true;
    this.#joinAtUs = Number.POSITIVE_INFINITY;
    this.#changes.push({ kind: "up", peer });
  }

  /** Ends a link at this end and tells the other. */
  #letGo(peer: string, nowUs: number): void {
    this.views.removeActive(peer);
    this.#send(peer, { kind: "disconnect" });
    this.#changes.push({ kind: "down", peer });
    if (this.views.active.length > 0) return;
    this.#lookAtUs = Math.min(this.#lookAtUs, nowUs + this.#onceOrTwice(this.#options.neighbourAloneUs));
  }

  // Shuffling

  #startShuffle(nowUs: number): void {
    const { shuffleUs, shuffleSparseUs, shuffleAloneUs, shuffleWalkLength, passiveViewMax } = this.#options;
    const { active, passive } = this.views;
    if (active.length === 0) {
      this.#shuffleAtUs = nowUs + this.#onceOrTwice(shuffleAloneUs);
      return;
    }
    const isSparse = passive.length * 2 < passiveViewMax;
    this.#shuffleAtUs = nowUs + this.#onceOrTwice(isSparse ? shuffleSparseUs : shuffleUs);
    const message = { kind: "shuffle", node: this.self, ttl: shuffleWalkLength, active, passive } as const;
    this.#send(this.#random.pick(active), message);
  }

  #onShuffle(from: string, shuffle: OverlayMessage & { readonly kind: "shuffle" }): void {
    this.#refuseStranger(from);
    const { node, ttl } = shuffle;
    if (node === this.self) return;
    const next = ttl === 0 ? [] : this.views.active.filter((peer) => peer !== node && peer !== from);
    if (next.length > 0) {
      this.#send(this.#random.pick(next), { ...shuffle, ttl: ttl - 1 });
      return;
    }
    const known = new Set([node, ...shuffle.active, ...shuffle.passive]);
    this.#send(node, { kind: "shuffle-reply", combined: this.views.passive.filter((peer) => !known.has(peer)) });
    this.views.addPassive([...known]);
  }

  #send(to: string, message: OverlayMessage): void {
    this.#sends.push({ to, message });
  }

  /** Randomised timers instead of rounds: once or twice the time, so that nodes that booted together drift apart. */
  #onceOrTwice(timeUs: number): number {
    return timeUs * this.#random.between(1, 2);
  }
}
