/**
 * The hashes of the simulator: integer arithmetic only, the same on every engine.
 *
 * `hashText` names things once (streams, consumers, kinds). `keyed` decides single outcomes: a counter-based
 * generator, so that each outcome has an address and adding one moves no other (Salmon et al., "Parallel random
 * numbers: as easy as 1, 2, 3", SC 2011, for the idea; the mixing steps are MurmurHash3's, which are public domain).
 */

export type Hash64 = { readonly lo: number; readonly hi: number };

/** MurmurHash3's 32-bit finalizer: every input bit flips every output bit with probability near one half. */
export function avalanche(word: number): number {
  let h = word | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

function rounds(state: number, word: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = (k << 15) | (k >>> 17);
  let h = state ^ Math.imul(k, 0x1b873593);
  h = (h << 13) | (h >>> 19);
  return (Math.imul(h, 5) + 0xe6546b64) | 0;
}

/** 64 bits of a text, over its UTF-16 units. */
export function hashText(text: string): Hash64 {
  let lo = 0x9747b28c;
  let hi = 0x3c6ef372;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    lo = rounds(lo, unit);
    hi = rounds(hi, unit ^ 0x5bd1e995);
  }
  lo = avalanche(lo ^ text.length);
  hi = avalanche(hi ^ lo);
  return { lo, hi };
}

/** 32 uniform bits for (seed, consumer, ordinal, purpose). */
export function keyed(seed: Hash64, consumer: Hash64, ordinal: number, purpose: number): number {
  let h = rounds(seed.lo, consumer.lo);
  h = rounds(h, ordinal | 0);
  h = rounds(h, (ordinal / 4294967296) | 0);
  h = rounds(h, purpose);
  h = rounds(h, consumer.hi);
  h = rounds(h, seed.hi);
  return avalanche(h);
}

/** A value from 0 to bound - 1 out of 32 uniform bits. The bias is below bound / 2^32. */
export function scale(bits: number, bound: number): number {
  return Math.floor((bits / 4294967296) * bound);
}
