/** Bit flips: what corruption on a link does to the bytes of a datagram. */
import { avalanche } from "../hash.ts";

/**
 * A copy of the bytes with 1 to bitsMax different bits flipped. Each further bit is half as likely, as in FoundationDB's
 * FlowTransport; `outcome` decides how many and which. Null when there is nothing to flip.
 */
export function flipBits(bytes: Uint8Array, bitsMax: number, outcome: number): Uint8Array | null {
  if (bytes.length === 0) return null;
  const bitCount = bytes.length * 8;
  const wanted = Math.min(1 + Math.clz32(outcome), bitsMax, bitCount);
  const flipped = new Set<number>();
  const damaged = bytes.slice();
  // The top bits chose the number: a second mix chooses the places.
  for (let word = avalanche(outcome ^ 0x2545f491); flipped.size < wanted; word = avalanche(word + 0x9e3779b9)) {
    let bit = word % bitCount;
    while (flipped.has(bit)) bit = (bit + 1) % bitCount;
    flipped.add(bit);
    damaged[bit >>> 3]! ^= 1 << (bit & 7); // bit < bitCount
  }
  return damaged;
}
