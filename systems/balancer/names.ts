/**
 * Named VIPs and their addresses: a bijection between the names in use and addresses of one block, 11.0.0.0/8 by default.
 *
 * A name's address is its hash, or the next free one after it (linear probing). A name keeps its address for as long as it is in use, so
 * an insertion or removal moves no other; what is no longer used is freed. Two nodes may map a name differently after a collision: the
 * map is local, a client asks the balancer of its own node.
 */
import { compareText } from "../crdt/clock.ts";

export type AddressBlock = {
  /** The first address as a number: 11.0.0.0 is 11 * 2^24. */
  readonly first: number;
  /** How many addresses there are: 11.0.0.0 to 11.255.255.254 are 2^24 - 1. */
  readonly count: number;
};

export class NameMap {
  // Invariant: addressOf and nameOf are inverse to each other.
  readonly #addressOf: Map<string, number> = new Map();
  readonly #nameOf: Map<number, string> = new Map();
  readonly #block: AddressBlock;

  constructor(block: AddressBlock) {
    this.#block = block;
  }

  get size(): number {
    return this.#addressOf.size;
  }

  /** The address of a name in dotted form; null when it has none. */
  addressOf(name: string): string | null {
    const address = this.#addressOf.get(name);
    return address === undefined ? null : dotted(address);
  }

  /** Gives the name an address, or tells the one it has. Null when the block is full. */
  assign(name: string): string | null {
    const known = this.addressOf(name);
    if (known !== null) return known;
    const { first, count } = this.#block;
    if (this.#nameOf.size >= count) return null;
    let place = hashName(name) % count;
    while (this.#nameOf.has(first + place)) place = (place + 1) % count;
    this.#addressOf.set(name, first + place);
    this.#nameOf.set(first + place, name);
    return dotted(first + place);
  }

  /** Frees the address of a name. */
  release(name: string): void {
    const address = this.#addressOf.get(name);
    if (address === undefined) return;
    this.#addressOf.delete(name);
    this.#nameOf.delete(address);
  }

  /** Every name and its address, sorted by name. */
  entries(): readonly (readonly [name: string, address: string])[] {
    return [...this.#addressOf]
      .sort(([x], [y]) => compareText(x, y))
      .map(([name, address]) => [name, dotted(address)] as const);
  }
}

/** 32-bit FNV-1a over UTF-16 units, with a final mix so that close names land far apart. */
export function hashName(name: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i += 1) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

export function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}
