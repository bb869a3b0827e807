/**
 * Builds transaction records from events, one at a time, so that a reader need not hold the history twice.
 *
 * A completion without an invocation is allowed (recorded fragments hold only completions): such a row has no real-time
 * predecessor. Micro-operations are taken from the completion, or from the invocation when it carries none.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import {
  APPEND,
  NIL,
  READ,
  READ_PREDICATE,
  READ_UNKNOWN,
  SMALL,
  type TransactionRecords,
  ValueCodes,
  WRITE,
} from "./records.ts";
import { FAIL, INFO, OK, type Scalar } from "./types.ts";

export type Workload = "list-append" | "rw-register";

type Buffer = { row: number; value: PlainJson };

export class RecordsBuilder {
  readonly #workload: Workload;
  readonly #values: ValueCodes = new ValueCodes();
  readonly #keyNumbers = new Map<Scalar, number>();
  readonly #keys: Scalar[] = [];
  /** By key: where its longest list so far lies in the pool, how long it is, and how long it may become there. */
  readonly #listStart: number[] = [];
  readonly #listLength: number[] = [];
  readonly #listCapacity: number[] = [];
  /** Transactions that were invoked and have not completed, by process. */
  readonly #open = new Map<number, Buffer>();
  #count = 0;
  #okCount = 0;
  #events = 0;
  #ops = 0;
  #pooled = 0;
  #status: Uint8Array<ArrayBuffer>;
  #process: Int32Array<ArrayBuffer>;
  #invokedAt: Int32Array<ArrayBuffer>;
  #completedAt: Int32Array<ArrayBuffer>;
  #opsStart: Int32Array<ArrayBuffer>;
  #opsEnd: Int32Array<ArrayBuffer>;
  #opRow: Int32Array<ArrayBuffer>;
  #opKind: Uint8Array<ArrayBuffer>;
  #opKey: Int32Array<ArrayBuffer>;
  #opValue: Int32Array<ArrayBuffer>;
  #opLength: Int32Array<ArrayBuffer>;
  #pool: Int32Array<ArrayBuffer>;
  #rowAt: Int32Array<ArrayBuffer>;
  #indexAt: Float64Array<ArrayBuffer>;
  #timeUsAt: Float64Array<ArrayBuffer>;

  /** The sizes are hints; columns grow beyond them. */
  constructor(workload: Workload, sizes: { readonly events: number; readonly ops: number; readonly pooled: number }) {
    this.#workload = workload;
    const rows = Math.max(16, Math.ceil(sizes.events / 2));
    this.#status = new Uint8Array(rows);
    this.#process = new Int32Array(rows);
    this.#invokedAt = new Int32Array(rows);
    this.#completedAt = new Int32Array(rows);
    this.#opsStart = new Int32Array(rows);
    this.#opsEnd = new Int32Array(rows);
    const ops = Math.max(16, sizes.ops);
    this.#opRow = new Int32Array(ops);
    this.#opKind = new Uint8Array(ops);
    this.#opKey = new Int32Array(ops);
    this.#opValue = new Int32Array(ops);
    this.#opLength = new Int32Array(ops);
    this.#pool = new Int32Array(Math.max(16, sizes.pooled));
    const events = Math.max(16, sizes.events);
    this.#rowAt = new Int32Array(events);
    this.#indexAt = new Float64Array(events);
    this.#timeUsAt = new Float64Array(events);
  }

  /** Throws HistoryError when indexes do not rise, a process invokes twice, or a micro-operation makes no sense. */
  add(event: HistoryEvent): void {
    const position = this.#events;
    if (position > 0 && !(event.index > this.#indexAt[position - 1]!)) {
      throw new HistoryError(0, `an index above ${this.#indexAt[position - 1]}`, `${event.index}`);
    }
    if (position === this.#rowAt.length) this.#growEvents();
    this.#indexAt[position] = event.index;
    this.#timeUsAt[position] = event.timeUs;
    this.#rowAt[position] = -1;
    this.#events += 1;
    const pending = this.#open.get(event.process);
    if (event.type === "invoke") {
      if (pending !== undefined) {
        const found = `a second invoke (event ${event.index}, process ${event.process})`;
        throw new HistoryError(0, "the completion of the transaction before", found);
      }
      const row = this.#addRow(event.process);
      this.#invokedAt[row] = position;
      this.#rowAt[position] = row;
      this.#open.set(event.process, { row, value: event.value });
      return;
    }
    const row = pending?.row ?? this.#addRow(event.process);
    if (pending !== undefined) this.#open.delete(event.process);
    this.#completedAt[row] = position;
    this.#rowAt[position] = row;
    this.#status[row] = event.type === "ok" ? OK : event.type === "fail" ? FAIL : INFO;
    if (event.type === "ok") this.#okCount += 1;
    // A failed or lost completion may carry no value: the invocation says what was asked.
    this.#addOps(row, event.value === null && pending !== undefined ? pending.value : event.value, event.index);
  }

  finish(): TransactionRecords {
    for (const { row, value } of this.#open.values()) this.#addOps(row, value, this.#indexAt[this.#invokedAt[row]!]!);
    this.#open.clear();
    return {
      count: this.#count,
      okCount: this.#okCount,
      status: this.#status.subarray(0, this.#count),
      process: this.#process,
      invokedAt: this.#invokedAt,
      completedAt: this.#completedAt,
      opsStart: this.#opsStart,
      opsEnd: this.#opsEnd,
      opCount: this.#ops,
      opRow: this.#opRow,
      opKind: this.#opKind,
      opKey: this.#opKey,
      opValue: this.#opValue,
      opLength: this.#opLength,
      pool: this.#pool,
      keys: this.#keys,
      values: this.#values,
      rowAt: this.#rowAt.subarray(0, this.#events),
      indexAt: this.#indexAt,
      timeUsAt: this.#timeUsAt,
    };
  }

  #addRow(process: number): number {
    const row = this.#count;
    if (row === this.#status.length) this.#growRows();
    this.#status[row] = INFO;
    this.#process[row] = process;
    this.#invokedAt[row] = -1;
    this.#completedAt[row] = -1;
    this.#count += 1;
    return row;
  }

  #addOps(row: number, value: PlainJson, index: number): void {
    if (!Array.isArray(value)) throw new HistoryError(0, `a list of micro-operations (event ${index})`, show(value));
    const list = value as readonly PlainJson[];
    this.#opsStart[row] = this.#ops;
    for (let i = 0; i < list.length; i += 1) this.#addOp(row, list[i]!, index);
    this.#opsEnd[row] = this.#ops;
  }

  #addOp(row: number, operation: PlainJson, index: number): void {
    if (!Array.isArray(operation) || operation.length < 2) {
      throw new HistoryError(0, `a micro-operation [f, key, value] (event ${index})`, show(operation));
    }
    const [f, key, value] = operation as unknown as readonly [PlainJson, PlainJson, PlainJson | undefined];
    const op = this.#ops;
    if (op === this.#opRow.length) this.#growOps();
    this.#opRow[op] = row;
    this.#opLength[op] = 0;
    this.#opKey[op] = this.#keyNumber(key, index);
    if (f === "r") this.#addRead(row, op, value ?? null, index);
    else if (f === (this.#workload === "list-append" ? "append" : "w")) {
      this.#opKind[op] = f === "w" ? WRITE : APPEND;
      this.#opValue[op] = this.#values.encode(scalar(value, index));
    } else if (f === "rp" && this.#workload === "rw-register") {
      this.#addPredicateRead(row, op, value ?? null, index);
    } else {
      const known = this.#workload === "list-append" ? `"append" or "r"` : `"w", "r" or "rp"`;
      throw new HistoryError(0, `${known} as the function of a micro-operation (event ${index})`, show(f));
    }
    this.#ops += 1;
  }

  #addRead(row: number, op: number, value: PlainJson, index: number): void {
    this.#opKind[op] = this.#status[row] === OK ? READ : READ_UNKNOWN; // what a lost transaction read is not known
    this.#opValue[op] = NIL;
    if (this.#workload === "rw-register") {
      this.#opLength[op] = -1;
      if (value !== null && this.#opKind[op] === READ) this.#opValue[op] = this.#values.encode(scalar(value, index));
      return;
    }
    this.#opValue[op] = this.#pooled;
    if (value === null || this.#opKind[op] === READ_UNKNOWN) return;
    if (!Array.isArray(value)) throw new HistoryError(0, `a list or null read (event ${index})`, show(value));
    this.#addList(op, value as readonly PlainJson[], index);
  }

  /**
   * Most reads of a key begin each other, so its longest list so far is kept once, with room to grow: a read that begins it
   * shares its place in the pool, one that goes on adds only the new elements, and any other gets a place of its own.
   */
  #addList(op: number, list: readonly PlainJson[], index: number): void {
    const key = this.#opKey[op]!;
    const known = this.#listLength[key] ?? 0;
    const isShared = this.#agrees(this.#listStart[key] ?? 0, list, Math.min(known, list.length), index);
    this.#opLength[op] = list.length;
    if (!isShared) {
      this.#reservePool(list.length);
      this.#opValue[op] = this.#pooled;
      this.#encodeFrom(list, 0, this.#pooled, index);
      this.#pooled += list.length;
      return;
    }
    if (list.length > known) this.#extendList(key, list, known, index);
    this.#opValue[op] = this.#listStart[key] ?? this.#pooled;
  }

  /** True when the first `length` elements of the list are those of the pool from `start` on. */
  #agrees(start: number, list: readonly PlainJson[], length: number, index: number): boolean {
    const pool = this.#pool;
    for (let i = 0; i < length; i += 1) {
      const element = list[i];
      if (pool[start + i] === element) continue; // small integers stand for themselves
      if (this.#values.encode(scalar(element, index)) !== pool[start + i]) return false;
    }
    return true;
  }

  #extendList(key: number, list: readonly PlainJson[], known: number, index: number): void {
    if (list.length > (this.#listCapacity[key] ?? 0)) {
      const capacity = Math.max(16, list.length * 2);
      this.#reservePool(capacity);
      const start = this.#listStart[key] ?? 0;
      this.#pool.copyWithin(this.#pooled, start, start + known); // earlier reads keep the old place
      while (this.#listStart.length <= key) this.#pushNoList();
      this.#listStart[key] = this.#pooled;
      this.#listCapacity[key] = capacity;
      this.#pooled += capacity;
    }
    this.#encodeFrom(list, known, this.#listStart[key]!, index);
    this.#listLength[key] = list.length;
  }

  #pushNoList(): void {
    this.#listStart.push(0);
    this.#listLength.push(0);
    this.#listCapacity.push(0);
  }

  #encodeFrom(list: readonly PlainJson[], from: number, start: number, index: number): void {
    const pool = this.#pool;
    for (let i = from; i < list.length; i += 1) {
      const element = list[i]!; // i < length
      // Small integers stand for themselves (ValueCodes); the rest takes the long way.
      if (typeof element === "number" && (element | 0) === element && element > -SMALL && element < SMALL) {
        pool[start + i] = element;
      } else {
        pool[start + i] = this.#values.encode(scalar(element, index));
      }
    }
  }

  /** What a predicate saw: [key, value] pairs, null for keys in their initial state. Keys it does not name it did not see. */
  #addPredicateRead(row: number, op: number, value: PlainJson, index: number): void {
    this.#opKind[op] = this.#status[row] === OK ? READ_PREDICATE : READ_UNKNOWN;
    this.#opValue[op] = this.#pooled;
    if (this.#opKind[op] === READ_UNKNOWN) return;
    if (!Array.isArray(value))
      throw new HistoryError(0, `[key, value] pairs of a predicate (event ${index})`, show(value));
    const pairs = value as readonly PlainJson[];
    this.#reservePool(pairs.length * 2);
    for (const pair of pairs) {
      if (!Array.isArray(pair)) throw new HistoryError(0, `a [key, value] pair (event ${index})`, show(pair));
      const [key, seen] = pair as unknown as readonly [PlainJson, PlainJson | undefined];
      this.#pool[this.#pooled] = this.#keyNumber(key, index);
      this.#pool[this.#pooled + 1] = (seen ?? null) === null ? NIL : this.#values.encode(scalar(seen, index));
      this.#pooled += 2;
    }
    this.#opLength[op] = pairs.length * 2;
  }

  #keyNumber(key: PlainJson | undefined, index: number): number {
    let number = this.#keyNumbers.get(key as Scalar);
    if (number === undefined) {
      number = this.#keys.length;
      this.#keys.push(scalar(key, index));
      this.#keyNumbers.set(key as Scalar, number);
    }
    return number;
  }

  #reservePool(more: number): void {
    if (this.#pooled + more <= this.#pool.length) return;
    this.#pool = grown(this.#pool, Math.max(this.#pooled + more, this.#pool.length * 2));
  }

  #growRows(): void {
    const length = this.#status.length * 2;
    this.#status = grownBytes(this.#status, length);
    this.#process = grown(this.#process, length);
    this.#invokedAt = grown(this.#invokedAt, length);
    this.#completedAt = grown(this.#completedAt, length);
    this.#opsStart = grown(this.#opsStart, length);
    this.#opsEnd = grown(this.#opsEnd, length);
  }

  #growOps(): void {
    const length = this.#opRow.length * 2;
    this.#opRow = grown(this.#opRow, length);
    this.#opKind = grownBytes(this.#opKind, length);
    this.#opKey = grown(this.#opKey, length);
    this.#opValue = grown(this.#opValue, length);
    this.#opLength = grown(this.#opLength, length);
  }

  #growEvents(): void {
    const length = this.#rowAt.length * 2;
    this.#rowAt = grown(this.#rowAt, length);
    const [indexAt, timeUsAt] = [new Float64Array(length), new Float64Array(length)];
    indexAt.set(this.#indexAt);
    timeUsAt.set(this.#timeUsAt);
    this.#indexAt = indexAt;
    this.#timeUsAt = timeUsAt;
  }
}

function scalar(value: PlainJson | undefined, index: number): Scalar {
  if (typeof value === "number" || typeof value === "string" || typeof value === "boolean") return value;
  throw new HistoryError(0, `a number or a string as key or value (event ${index})`, show(value));
}

function grown(array: Int32Array<ArrayBuffer>, length: number): Int32Array<ArrayBuffer> {
  const copy = new Int32Array(length);
  copy.set(array);
  return copy;
}

function grownBytes(array: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(length);
  copy.set(array);
  return copy;
}

/** Records of a whole history. Throws HistoryError like RecordsBuilder.add. */
export function buildRecords(workload: Workload, events: readonly HistoryEvent[]): TransactionRecords {
  let ops = 0;
  for (const event of events) if (event.type !== "invoke" && Array.isArray(event.value)) ops += event.value.length;
  const builder = new RecordsBuilder(workload, { events: events.length, ops, pooled: ops });
  for (const event of events) builder.add(event);
  return builder.finish();
}
