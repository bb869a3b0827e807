/**
 * Whose turn it is: records of peers, probed one after the other.
 *
 * Who stands first is next; who had its turn, or is new, goes last. So nobody waits for longer than one turn of each
 * of those that were there before it, whoever else comes and goes.
 */
export class Rotation<T extends { readonly peer: string }> {
  readonly #queue: T[] = [];

  get size(): number {
    return this.#queue.length;
  }

  /** In the order of their turns; not to be held across changes. */
  all(): readonly T[] {
    return this.#queue;
  }

  find(peer: string): T | undefined {
    for (const entry of this.#queue) if (entry.peer === peer) return entry;
    return undefined;
  }

  add(entry: T): void {
    this.#queue.push(entry);
  }

  remove(peer: string): T | undefined {
    const at = this.#queue.findIndex((entry) => entry.peer === peer);
    return at < 0 ? undefined : this.#queue.splice(at, 1)[0];
  }

  /** Takes the next turn; undefined when nobody is there. */
  next(): T | undefined {
    const entry = this.#queue.shift();
    if (entry !== undefined) this.#queue.push(entry);
    return entry;
  }
}
