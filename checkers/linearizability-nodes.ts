/**
 * The configurations of a search, in flat typed arrays, with dominance.
 *
 * A configuration (a node) is a frontier, a state, and two bits for each open operation:
 *   available   it has not been linearized and may still be
 *   owed        it must be linearized before its return
 * A completed operation starts as both, a pending one as available only. A pure one is only ever owed. A blind one
 * that is open while another blind one is linearized is owed no longer: placed right before the other, nobody sees it.
 *
 * Node X stands in for Y (dominates it) at the same frontier and state when X has at least what Y has available, owes no
 * more than Y, and may do next what Y may. Then every continuation of Y works for X. Nodes that could dominate each other
 * share a bucket: same frontier, state, and available bits of completed operations that are neither pure nor blind.
 */
import type { Meter } from "./budget.ts";

const FRONTIER = 0;
const STATE = 1;
const PARENT = 2;
const OPERATION = 3;
/** Next node of the same bucket. */
const LINK = 4;
/** Next node of the same queue. */
const QUEUE = 5;
const FLAGS = 6;
const HEAD = 7;

/** The last step was a blind operation that nobody has seen: another blind one right after it would be a waste. */
export const JUST_WROTE = 1;
const DEAD = 2;
const EXPANDED = 4;

export class NodeTable {
  readonly words: number;
  readonly #stride: number;
  readonly #meter: Meter;
  /** What it costs to compare two nodes: more where their bits need many words. */
  readonly #compareSteps: number;
  #nodes: Int32Array;
  #count = 0;
  /** Open addressing: the newest node of each bucket, plus one; 0 is empty. Invariant: at most half full. */
  #buckets: Int32Array;
  #hashes: Int32Array;
  #bucketCount = 0;

  constructor(words: number, meter: Meter) {
    this.words = words;
    this.#stride = HEAD + 2 * words;
    this.#meter = meter;
    this.#compareSteps = 1 + (words >>> 2);
    this.#nodes = new Int32Array(this.#stride * 256);
    this.#buckets = new Int32Array(512);
    this.#hashes = new Int32Array(512);
    meter.hold(this.#nodes.byteLength + this.#buckets.byteLength * 2);
  }

  get count(): number {
    return this.#count;
  }

  frontierOf(node: number): number {
    return this.#nodes[node * this.#stride + FRONTIER]!;
  }

  stateOf(node: number): number {
    return this.#nodes[node * this.#stride + STATE]!;
  }

  parentOf(node: number): number {
    return this.#nodes[node * this.#stride + PARENT]!;
  }

  /** The operation whose linearization made this node; -1 where none did. */
  operationOf(node: number): number {
    return this.#nodes[node * this.#stride + OPERATION]!;
  }

  hasJustWritten(node: number): boolean {
    return (this.#nodes[node * this.#stride + FLAGS]! & JUST_WROTE) !== 0;
  }

  /** Dominated, or expanded before: nothing is left to do with it. */
  isDone(node: number): boolean {
    return (this.#nodes[node * this.#stride + FLAGS]! & (DEAD | EXPANDED)) !== 0;
  }

  markExpanded(node: number): void {
    this.#nodes[node * this.#stride + FLAGS]! |= EXPANDED;
  }

  nextInQueue(node: number): number {
    return this.#nodes[node * this.#stride + QUEUE]!;
  }

  setNextInQueue(node: number, next: number): void {
    this.#nodes[node * this.#stride + QUEUE] = next;
  }

  /** Copies the bits of a node: first the available ones, then the owed ones. */
  readBits(node: number, bits: Int32Array): void {
    const start = node * this.#stride + HEAD;
    for (let i = 0; i < 2 * this.words; i += 1) bits[i] = this.#nodes[start + i]!;
  }

  /** Adds a node unless another one dominates it (then -1). Nodes that it dominates are dead from now on. */
  add(
    frontier: number,
    state: number,
    bits: Int32Array,
    exactMask: Int32Array,
    flags: number,
    parent: number,
    operation: number,
  ): number {
    const hash = this.#hash(frontier, state, bits, exactMask);
    const at = this.#findBucket(hash, frontier, state, bits, exactMask);
    const head = this.#buckets[at]! - 1;
    const nodes = this.#nodes;
    let before = -1;
    let first = head;
    for (let other = head; other >= 0; ) {
      const start = other * this.#stride;
      const next = nodes[start + LINK]!;
      this.#meter.spend(this.#compareSteps);
      const order = this.#compare(start, bits, flags);
      if (order > 0) return -1;
      if (order < 0) {
        nodes[start + FLAGS]! |= DEAD;
        if (before < 0) first = next;
        else nodes[before * this.#stride + LINK] = next;
      } else {
        before = other;
      }
      other = next;
    }
    const node = this.#append(frontier, state, bits, flags, parent, operation, first);
    if (head < 0) {
      this.#bucketCount += 1;
      this.#hashes[at] = hash;
    }
    this.#buckets[at] = node + 1;
    if (this.#bucketCount * 2 > this.#buckets.length) this.#growBuckets();
    return node;
  }

  /** 1 when the node at `start` dominates the new one, -1 when it is dominated by it, 0 when neither. */
  #compare(start: number, bits: Int32Array, flags: number): number {
    const nodes = this.#nodes;
    const words = this.words;
    const oldWrote = nodes[start + FLAGS]! & JUST_WROTE;
    let isAbove = oldWrote <= (flags & JUST_WROTE);
    let isBelow = oldWrote >= (flags & JUST_WROTE);
    for (let word = 0; word < words; word += 1) {
      const available = nodes[start + HEAD + word]!;
      const owed = nodes[start + HEAD + words + word]!;
      const newAvailable = bits[word]!;
      const newOwed = bits[words + word]!;
      if ((newAvailable & ~available) !== 0 || (owed & ~newOwed) !== 0) isAbove = false;
      if ((available & ~newAvailable) !== 0 || (newOwed & ~owed) !== 0) isBelow = false;
      if (!isAbove && !isBelow) return 0;
    }
    return isAbove ? 1 : -1;
  }

  #append(
    frontier: number,
    state: number,
    bits: Int32Array,
    flags: number,
    parent: number,
    operation: number,
    link: number,
  ): number {
    const node = this.#count;
    const start = node * this.#stride;
    if (start + this.#stride > this.#nodes.length) {
      this.#meter.hold(this.#nodes.byteLength);
      const larger = new Int32Array(this.#nodes.length * 2);
      larger.set(this.#nodes);
      this.#nodes = larger;
    }
    const nodes = this.#nodes;
    nodes[start + FRONTIER] = frontier;
    nodes[start + STATE] = state;
    nodes[start + PARENT] = parent;
    nodes[start + OPERATION] = operation;
    nodes[start + LINK] = link;
    nodes[start + QUEUE] = -1;
    nodes[start + FLAGS] = flags;
    for (let i = 0; i < 2 * this.words; i += 1) nodes[start + HEAD + i] = bits[i]!;
    this.#count += 1;
    return node;
  }

  #hash(frontier: number, state: number, bits: Int32Array, exactMask: Int32Array): number {
    let hash = Math.imul(frontier ^ 0x9e3779b9, 0x85ebca6b) ^ Math.imul(state + 0x7f4a7c15, 0xc2b2ae35);
    for (let word = 0; word < this.words; word += 1) {
      hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d) ^ Math.imul(bits[word]! & exactMask[word]!, 0x297a2d39);
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    return hash ^ (hash >>> 13);
  }

  #findBucket(hash: number, frontier: number, state: number, bits: Int32Array, exactMask: Int32Array): number {
    const mask = this.#buckets.length - 1;
    let at = hash & mask;
    for (;;) {
      const head = this.#buckets[at]!;
      if (head === 0) return at;
      if (this.#hashes[at] === hash && this.#isSameBucket(head - 1, frontier, state, bits, exactMask)) return at;
      at = (at + 1) & mask;
    }
  }

  #isSameBucket(node: number, frontier: number, state: number, bits: Int32Array, exactMask: Int32Array): boolean {
    const start = node * this.#stride;
    if (this.#nodes[start + FRONTIER] !== frontier || this.#nodes[start + STATE] !== state) return false;
    for (let word = 0; word < this.words; word += 1) {
      if (((this.#nodes[start + HEAD + word]! ^ bits[word]!) & exactMask[word]!) !== 0) return false;
    }
    return true;
  }

  #growBuckets(): void {
    this.#meter.hold(this.#buckets.byteLength * 2);
    const oldBuckets = this.#buckets;
    const oldHashes = this.#hashes;
    this.#buckets = new Int32Array(oldBuckets.length * 2);
    this.#hashes = new Int32Array(oldBuckets.length * 2);
    const mask = this.#buckets.length - 1;
    for (let i = 0; i < oldBuckets.length; i += 1) {
      if (oldBuckets[i] === 0) continue;
      let at = oldHashes[i]! & mask;
      while (this.#buckets[at] !== 0) at = (at + 1) & mask;
      this.#buckets[at] = oldBuckets[i]!;
      this.#hashes[at] = oldHashes[i]!;
    }
  }
}
