/**
 * Named streams of random numbers. seedrandom's alea under one class; a stream is made at its first draw.
 *
 * What belongs to one message, sector or tie is not drawn here but is a keyed outcome (hash.ts).
 */
import seedrandom from "seedrandom";
import type { HostRandom } from "./host.ts";
import { exponentialUs } from "./math.ts";

export class Random implements HostRandom {
  #seed: string;
  #name: string;
  #generator: seedrandom.PRNG | null = null;

  /** The stream `<seed>/<name>`; nothing is computed before the first draw. */
  constructor(seed: string, name: string) {
    this.#seed = seed;
    this.#name = name;
  }

  /** Switches the stream to another seed; the name stays. */
  reseed(seed: string): void {
    this.#seed = seed;
    this.#generator = null;
  }

  /** A stream of its own under this one's name. */
  fork(name: string): Random {
    return new Random(this.#seed, `${this.#name}/${name}`);
  }

  uint32(): number {
    this.#generator ??= seedrandom.alea(`${this.#seed}/${this.#name}`);
    return this.#generator.int32() >>> 0;
  }

  below(bound: number): number {
    if (!(bound >= 1 && bound <= Number.MAX_SAFE_INTEGER)) {
      throw new RangeError(`random.below(${bound}): the bound must be a whole number from 1 on`);
    }
    if (bound <= 4294967296) return Math.floor((this.uint32() / 4294967296) * bound);
    const high = this.uint32() & 0x1fffff;
    return Math.floor(((high * 4294967296 + this.uint32()) / 9007199254740992) * bound);
  }

  between(min: number, max: number): number {
    if (!(max >= min)) throw new RangeError(`random.between(${min}, ${max}): max is below min`);
    return min + this.below(max - min + 1);
  }

  chance(perMillion: number): boolean {
    return this.below(1_000_000) < perMillion;
  }

  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError("random.pick: the list is empty");
    return items[this.below(items.length)] as T;
  }

  /** A new array in random order (Fisher-Yates). */
  shuffle<T>(items: readonly T[]): T[] {
    const result = items.slice();
    for (let i = result.length - 1; i > 0; i--) {
      const j = this.below(i + 1);
      const swapped = result[i] as T;
      result[i] = result[j] as T;
      result[j] = swapped;
    }
    return result;
  }

  /** A whole number with an exponential distribution around the mean, cut at 20 means. */
  exponentialUs(meanUs: number): number {
    return exponentialUs(this.uint32(), meanUs);
  }

  /** From min to max, uniform in the logarithm: small values are as likely as large ones. */
  logarithmic(min: number, max: number): number {
    if (!(min >= 1 && max >= min)) throw new RangeError(`random.logarithmic(${min}, ${max}): needs 1 <= min <= max`);
    let octaves = 0;
    while (min * (1 << (octaves + 1)) <= max && octaves < 30) octaves++;
    const low = min * (1 << this.below(octaves + 1));
    return this.between(low, Math.min(max, low * 2 - 1));
  }
}
