/**
 * Which objects have to go to one peer: those with own updates that it has not acknowledged, and those it turned out to lack.
 *
 * The first kind is sent again every `RETRY_ROUNDS` rounds until acknowledged; the second once, since comparing will find it again.
 * Bounded by the number of objects.
 */
const RETRY_ROUNDS = 3;

type Wanted = { isUnacknowledged: boolean; dueRound: number };

export class PushQueue {
  readonly #keys: Map<string, Wanted> = new Map();
  #round = 0;

  get size(): number {
    return this.#keys.size;
  }

  /** The object has an own update that the peer has not acknowledged. */
  update(key: string): void {
    this.#keys.delete(key); // to the end: what has waited longest goes first
    this.#keys.set(key, { isUnacknowledged: true, dueRound: 0 });
  }

  /** The peer lacks something of the object. */
  want(key: string): void {
    const known = this.#keys.get(key);
    if (known === undefined) this.#keys.set(key, { isUnacknowledged: false, dueRound: 0 });
    else known.dueRound = 0;
  }

  /** The peer has acknowledged all own updates of the object. */
  acknowledge(key: string): void {
    this.#keys.delete(key);
  }

  /** The keys that are due, in order, until `take` says that there is no more room. */
  send(take: (key: string) => boolean): void {
    for (const [key, wanted] of [...this.#keys]) {
      if (wanted.dueRound > this.#round) continue;
      if (!take(key)) return;
      this.#keys.delete(key);
      // To the end: what the peer refuses, or never gets, must not stand in the way of the others.
      if (wanted.isUnacknowledged) this.#keys.set(key, { ...wanted, dueRound: this.#round + RETRY_ROUNDS });
    }
  }

  endRound(): void {
    this.#round += 1;
  }
}
