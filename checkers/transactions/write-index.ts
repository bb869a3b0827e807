/**
 * The writes of a history, found by (key, value): an open-addressing table over interned keys and values.
 *
 * Writes are numbered in the order of their rows; keys in the order of first sight. One table for all keys, because a
 * history may use a key only once or twice and a Map for each would cost more than the rest of the analysis.
 */
import type { Scalar } from "./types.ts";

export class WriteIndex {
  readonly keys: Scalar[] = [];
  /** Columns of the writes: transaction row, position in it, key number, value. */
  row: Int32Array<ArrayBuffer> = new Int32Array(1024);
  position: Int32Array<ArrayBuffer> = new Int32Array(1024);
  key: Int32Array<ArrayBuffer> = new Int32Array(1024);
  readonly values: Scalar[] = [];
  /** 1: the same transaction wrote the key again later. */
  isIntermediate: Uint8Array<ArrayBuffer> = new Uint8Array(1024);
  readonly #keyNumbers = new Map<Scalar, number>();
  readonly #valueCodes = new Map<Scalar, number>();
  #slots = new Int32Array(4096); // number of the write + 1
  // Invariant: the table is at most half full.
  #latestOfKey = new Int32Array(256);

  get count(): number {
    return this.values.length;
  }

  keyNumber(key: Scalar): number {
    let number = this.#keyNumbers.get(key);
    if (number === undefined) {
      number = this.keys.length;
      this.#keyNumbers.set(key, number);
      this.keys.push(key);
    }
    return number;
  }

  /** Number of the key, -1 when the history never names it. */
  findKey(key: Scalar): number {
    return this.#keyNumbers.get(key) ?? -1;
  }

  /** Adds a write and returns its number, or -1 when the key already has that value from another write. */
  add(row: number, position: number, key: number, value: Scalar): number {
    const write = this.values.length;
    if (write * 2 >= this.#slots.length) this.#rehash();
    let slot = this.#slotOf(key, value);
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & (this.#slots.length - 1)) {
      const other = this.#slots[slot]! - 1;
      if (this.key[other] === key && this.values[other] === value) return -1;
    }
    this.#slots[slot] = write + 1;
    if (write === this.row.length) this.#grow();
    this.row[write] = row;
    this.position[write] = position;
    this.key[write] = key;
    this.values.push(value);
    if (key >= this.#latestOfKey.length) this.#latestOfKey = doubled(this.#latestOfKey, key + 1);
    const latest = this.#latestOfKey[key]! - 1;
    if (latest >= 0 && this.row[latest] === row) this.isIntermediate[latest] = 1;
    this.#latestOfKey[key] = write + 1;
    return write;
  }

  /** Number of the write that gave the key this value, -1 when there is none. */
  find(key: number, value: Scalar): number {
    const mask = this.#slots.length - 1;
    for (let slot = this.#slotOf(key, value); this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const write = this.#slots[slot]! - 1;
      if (this.key[write] === key && this.values[write] === value) return write;
    }
    return -1;
  }

  #slotOf(key: number, value: Scalar): number {
    const code = typeof value === "number" && (value | 0) === value ? value : this.#codeOf(value);
    let hash = Math.imul(key, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 15), 0xc2b2ae35);
    return (hash ^ (hash >>> 13)) & (this.#slots.length - 1);
  }

  #codeOf(value: Scalar): number {
    let code = this.#valueCodes.get(value);
    if (code === undefined) {
      code = this.#valueCodes.size;
      this.#valueCodes.set(value, code);
    }
    return code;
  }

  #rehash(): void {
    this.#slots = new Int32Array(this.#slots.length * 4);
    const mask = this.#slots.length - 1;
    for (let write = 0; write < this.values.length; write += 1) {
      let slot = this.#slotOf(this.key[write]!, this.values[write]!);
      while (this.#slots[slot] !== 0) slot = (slot + 1) & mask;
      this.#slots[slot] = write + 1;
    }
  }

  #grow(): void {
    const length = this.row.length * 2;
    this.row = doubled(this.row, length);
    this.position = doubled(this.position, length);
    this.key = doubled(this.key, length);
    const flags = new Uint8Array(length);
    flags.set(this.isIntermediate);
    this.isIntermediate = flags;
  }
}

function doubled(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const grown = new Int32Array(Math.max(length, array.length * 2));
  grown.set(array);
  return grown;
}
