/**
 * Which clients wait for which entries of this server's log, as a leader proposed them.
 *
 * An index alone says nothing: a leader that is deposed loses the end of its log, and when it leads again, other commands stand there.
 * So who waits is known by index, term and command together, and each of the two maps is the inverse of the other.
 */
import type { Address } from "../../sim/host.ts";

export type Waiting = {
  /** The identity of the command, the same for all attempts. */
  readonly command: string;
  /** The term in which it was proposed. */
  readonly term: number;
  /** The latest attempt: whom the result is for. */
  readonly from: Address;
  readonly request: number;
};

const NONE: readonly Waiting[] = [];

export class WaitingClients {
  // Invariant: #indexes.get(command) === index exactly if #waiting.get(index).command === command.
  readonly #waiting: Map<number, Waiting> = new Map();
  readonly #indexes: Map<string, number> = new Map();

  get size(): number {
    return this.#waiting.size;
  }

  /**
   * A retry of what already waits in the log of this term is answered by that entry. A second entry would do no harm, but clients that
   * retry faster than the log moves would fill it with repetitions and never be served again: an overload that feeds itself.
   * False: nothing like it waits, and it has to be proposed.
   */
  join(attempt: Waiting): boolean {
    const index = this.#indexes.get(attempt.command);
    const waiting = index === undefined ? undefined : this.#waiting.get(index);
    if (index === undefined || waiting === undefined) return false;
    if (waiting.term !== attempt.term) return false;
    if (waiting.command !== attempt.command) return false;
    this.#waiting.set(index, attempt);
    return true;
  }

  /**
   * Was proposed at `index`. Whatever waited there was cut off the log: returned, to be told. An older entry of the same command has
   * nobody to answer any more.
   */
  add(index: number, waiting: Waiting): readonly Waiting[] {
    const displaced = this.#remove(index);
    const older = this.#indexes.get(waiting.command);
    if (older !== undefined) this.#remove(older);
    this.#waiting.set(index, waiting);
    this.#indexes.set(waiting.command, index);
    return displaced === null ? NONE : [displaced];
  }

  /** The entry of `term` at `index` was applied: whom its result is for, and whose own entries can be applied no more. */
  applied(index: number, term: number): { readonly answered: Waiting | null; readonly lost: readonly Waiting[] } {
    const waiting = this.#remove(index);
    const lost = this.#removeBelow(index);
    if (waiting === null || waiting.term === term) return { answered: waiting, lost };
    return { answered: null, lost: [...lost, waiting] };
  }

  /** Nobody waits any more. */
  clear(): void {
    this.#waiting.clear();
    this.#indexes.clear();
  }

  #remove(index: number): Waiting | null {
    const waiting = this.#waiting.get(index);
    if (waiting === undefined) return null;
    this.#waiting.delete(index);
    this.#indexes.delete(waiting.command);
    return waiting;
  }

  /** An entry without a command, as a new leader appends it, took their places without a word. Usually there are none. */
  #removeBelow(index: number): readonly Waiting[] {
    let removed: Waiting[] | null = null;
    for (const at of this.#waiting.keys()) {
      if (at > index) break;
      removed ??= [];
      removed.push(this.#remove(at)!);
    }
    return removed ?? NONE;
  }
}
