/** What a replica knows of its peers, whatever it sends them: their boots, and how much of the round's budget is left for each. */
import type { Host } from "../../../sim/host.ts";
import { type Actor, Clock } from "../clock.ts";
import type { Boots } from "./message.ts";
import { actorName } from "./observation.ts";

/**
 * dropped: it comes from a boot that is known to have ended, or from nobody we know. stale: it was meant for another boot of this
 * host, so its sender may have ended as well; an answer with our boot lets a living one speak to us. taken: all else.
 */
export type Admission = "dropped" | "stale" | "taken";

export class Peers {
  readonly names: readonly string[];
  readonly #host: Host;
  readonly #bytesMax: number;
  /** Hears of each boot of a peer that was not known, before anything of its first message is taken. */
  readonly #onBoot: (peer: string) => void;
  /** The newest boot seen of each peer. */
  readonly #boots: Map<string, number> = new Map();
  readonly #spent: Map<string, number> = new Map();
  #rounds = 0;

  constructor(
    host: Host,
    options: { readonly peers: readonly string[]; readonly roundBytesMax: number },
    onBoot: (peer: string) => void,
  ) {
    this.#host = host;
    this.names = options.peers;
    this.#bytesMax = options.roundBytesMax;
    this.#onBoot = onBoot;
  }

  admit(peer: string, { boot, of }: Boots): Admission {
    const known = this.bootOf(peer);
    if (boot < known || !this.names.includes(peer)) return "dropped";
    if (boot > known) {
      this.#boots.set(peer, boot);
      this.#onBoot(peer);
    }
    if (of === this.#host.boot.incarnation) return "taken";
    this.#host.mark("crdt.stale-message");
    return "stale";
  }

  /** 0 when nothing was heard of the peer. */
  bootOf(peer: string): number {
    return this.#boots.get(peer) ?? 0;
  }

  /** Of what is sent to the peer now. */
  headerFor(peer: string): Boots {
    return { boot: this.#host.boot.incarnation, of: this.bootOf(peer) };
  }

  /** Under which the newest boot known of the peer makes its updates. */
  actorOf(peer: string): Actor {
    return actorName(peer, this.bootOf(peer));
  }

  /** The newest boot known of each host, this one included. */
  boots(): Clock {
    const boots = Clock.of([{ actor: this.#host.name, counter: this.#host.boot.incarnation }]);
    for (const [peer, boot] of this.#boots) boots.raise(peer, boot);
    return boots;
  }

  /** Bytes that may still go to the peer in this round. */
  bytesLeft(peer: string): number {
    return Math.max(0, this.#bytesMax - (this.#spent.get(peer) ?? 0));
  }

  spend(peer: string, bytes: number): void {
    this.#spent.set(peer, (this.#spent.get(peer) ?? 0) + bytes);
  }

  beginRound(): void {
    this.#spent.clear();
    this.#rounds += 1;
  }

  /**
   * Whether this round is for the pieces of a whole state, where one goes to a peer: every second. A single update may be larger than
   * the budget, and would leave nothing for a piece in any round.
   */
  get isForPieces(): boolean {
    return this.#rounds % 2 === 0;
  }
}
