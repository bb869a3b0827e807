/**
 * From the dot of an element to the run that holds it: for each actor the runs by counter, in chunks.
 *
 * Chunks keep the insertion of a run (a split of another) cheap in documents of a hundred thousand runs.
 */

export type IndexedRun = { readonly actor: number; readonly counter: number; length: number };

const CHUNK_MAX = 256;

export class RunIndex<R extends IndexedRun> {
  // Invariants: for each actor the chunks hold runs by ascending counter, disjoint; no chunk is empty.
  readonly #chunks: R[][][] = [];

  /** The run that holds the element, or undefined. */
  find(actor: number, counter: number): R | undefined {
    const run = this.#atOrBefore(actor, counter);
    return run !== undefined && counter < run.counter + run.length ? run : undefined;
  }

  insert(run: R): void {
    while (this.#chunks.length <= run.actor) this.#chunks.push([]);
    const chunks = this.#chunks[run.actor]!;
    if (chunks.length === 0) {
      chunks.push([run]);
      return;
    }
    const at = Math.max(0, chunkOf(chunks, run.counter));
    const chunk = chunks[at]!;
    if (chunk[chunk.length - 1]!.counter < run.counter) chunk.push(run);
    else chunk.splice(slotOf(chunk, run.counter) + 1, 0, run);
    if (chunk.length > CHUNK_MAX) {
      const isAppend = at === chunks.length - 1 && chunk.at(-1) === run;
      chunks.splice(at + 1, 0, chunk.splice(isAppend ? CHUNK_MAX : CHUNK_MAX >>> 1));
    }
  }

  remove(run: R): void {
    const chunks = this.#chunks[run.actor]!;
    const at = chunkOf(chunks, run.counter);
    const chunk = chunks[at]!;
    chunk.splice(slotOf(chunk, run.counter), 1);
    if (chunk.length === 0) chunks.splice(at, 1);
  }

  /** The runs of an actor that hold an element from `low` to `high`, ascending. A copy: the index may change meanwhile. */
  overlapping(actor: number, low: number, high: number): R[] {
    const chunks = this.#chunks[actor];
    const found: R[] = [];
    if (chunks === undefined || chunks.length === 0) return found;
    let at = Math.max(0, chunkOf(chunks, low));
    let slot = Math.max(0, slotOf(chunks[at]!, low));
    for (; at < chunks.length; at++, slot = 0) {
      const chunk = chunks[at]!;
      for (; slot < chunk.length; slot++) {
        const run = chunk[slot]!;
        if (run.counter > high) return found;
        if (run.counter + run.length > low) found.push(run);
      }
    }
    return found;
  }

  #atOrBefore(actor: number, counter: number): R | undefined {
    const chunks = this.#chunks[actor];
    if (chunks === undefined) return undefined;
    const at = chunkOf(chunks, counter);
    return at < 0 ? undefined : chunks[at]![slotOf(chunks[at]!, counter)];
  }
}

/** The last chunk that begins at or before the counter, or -1. */
function chunkOf<R extends IndexedRun>(chunks: readonly R[][], counter: number): number {
  let low = 0;
  let high = chunks.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunks[middle]![0]!.counter <= counter) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** The last run that begins at or before the counter, or -1. */
function slotOf<R extends IndexedRun>(chunk: readonly R[], counter: number): number {
  let low = 0;
  let high = chunk.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (chunk[middle]!.counter <= counter) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}
