/**
 * The writes of a history, found by (key, value): one open-addressing table over the micro-operations of all keys.
 *
 * One table for all keys, because a history may use a key only once or twice, and a Map for each would cost more than the
 * rest of the analysis.
 */
import { HistoryError } from "../history.ts";
import { APPEND, describeKey, eventIndex, type TransactionRecords, scalarOf, WRITE } from "./records.ts";

export class WriteIndex {
  readonly #records: TransactionRecords;
  readonly #slots: Int32Array; // micro-operation + 1; at most half full
  readonly count: number;
  /** By micro-operation, 1: the same transaction wrote the key again later. */
  readonly isIntermediate: Uint8Array;

  /** Throws HistoryError when two writes give a key the same value: reads of it could not be told apart. */
  constructor(records: TransactionRecords) {
    this.#records = records;
    let writes = 0;
    for (let op = 0; op < records.opCount; op += 1) if (isWrite(records.opKind[op]!)) writes += 1;
    this.count = writes;
    let size = 16;
    while (size < writes * 2) size *= 2;
    this.#slots = new Int32Array(size);
    this.isIntermediate = new Uint8Array(records.opCount);
    const latest = new Int32Array(records.keys.length).fill(-1);
    for (let op = 0; op < records.opCount; op += 1) {
      if (!isWrite(records.opKind[op]!)) continue;
      this.#insert(op);
      const key = records.opKey[op]!;
      const before = latest[key]!;
      if (before >= 0 && records.opRow[before] === records.opRow[op]) this.isIntermediate[before] = 1;
      latest[key] = op;
    }
  }

  /** The write that gave the key this value, -1 when there is none. */
  find(key: number, code: number): number {
    const { opKey, opValue } = this.#records;
    const mask = this.#slots.length - 1;
    for (let slot = hash(key, code) & mask; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const op = this.#slots[slot]! - 1;
      if (opKey[op] === key && opValue[op] === code) return op;
    }
    return -1;
  }

  #insert(op: number): void {
    const { opKey, opValue } = this.#records;
    const key = opKey[op]!;
    const code = opValue[op]!;
    const mask = this.#slots.length - 1;
    let slot = hash(key, code) & mask;
    for (; this.#slots[slot] !== 0; slot = (slot + 1) & mask) {
      const other = this.#slots[slot]! - 1;
      if (opKey[other] === key && opValue[other] === code) throw this.#duplicate(other, op);
    }
    this.#slots[slot] = op + 1;
  }

  #duplicate(first: number, second: number): HistoryError {
    const records = this.#records;
    const [a, b] = [first, second].map((op) => eventIndex(records, records.opRow[op]!));
    const found = `${JSON.stringify(scalarOf(records, second))} twice (events ${a} and ${b})`;
    return new HistoryError(0, `each value written once to ${describeKey(records, second)}`, found);
  }
}

function isWrite(kind: number): boolean {
  return kind === APPEND || kind === WRITE;
}

function hash(key: number, code: number): number {
  let mixed = Math.imul(key, 0x9e3779b1) ^ Math.imul(code, 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0xc2b2ae35);
  return mixed ^ (mixed >>> 13);
}
