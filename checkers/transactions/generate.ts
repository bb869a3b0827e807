/**
 * Histories of transactions that are strict-serializable by construction, for tests and benchmarks.
 *
 * Processes invoke, execute atomically at a moment of their own, and complete, in a random interleaving. Keys come from a
 * small pool of live ones; a key is replaced by a new one after so many writes, so that lists stay short. All numbers come
 * from one 32-bit generator, so a seed gives the same history everywhere.
 */
import type { HistoryEvent, PlainJson } from "../history.ts";

export type GeneratorOptions = {
  readonly kind: "list-append" | "rw-register";
  readonly seed: number;
  readonly transactions: number;
  readonly microOperations: number;
  readonly processes: number;
  readonly liveKeys: number;
  readonly writesPerKey: number;
};

type Value = number | null | readonly number[];

type Client = { phase: "idle" | "invoked" | "executed"; operations: [string, number, Value][] };

/** Events of a strict-serializable history: every transaction completes with ok. */
export function generateTransactions(options: GeneratorOptions): HistoryEvent[] {
  return [...generateEvents(options)];
}

/** The same events one at a time, for histories that need not be held. */
export function* generateEvents(options: GeneratorOptions): Generator<HistoryEvent> {
  const below = randomBelow(options.seed);
  const store = new Store(options);
  const clients: Client[] = [];
  for (let i = 0; i < options.processes; i += 1) clients.push({ phase: "idle", operations: [] });
  let index = 0;
  let invoked = 0;
  let completed = 0;
  while (completed < options.transactions) {
    const process = below(options.processes);
    const client = clients[process]!;
    if (client.phase === "idle") {
      if (invoked === options.transactions) continue;
      invoked += 1;
      client.operations = store.draw(below);
      client.phase = "invoked";
      const value: PlainJson = client.operations.map(([f, key, asked]) => [f, key, asked]);
      yield { index, timeUs: index, process, type: "invoke", f: "txn", value };
      index += 1;
    } else if (client.phase === "invoked") {
      store.execute(client.operations);
      client.phase = "executed";
    } else {
      yield { index, timeUs: index, process, type: "ok", f: "txn", value: client.operations };
      index += 1;
      client.phase = "idle";
      completed += 1;
    }
  }
}

class Store {
  readonly #options: GeneratorOptions;
  readonly #live: number[] = [];
  readonly #writes = new Map<number, number>();
  readonly #lists = new Map<number, number[]>();
  readonly #registers = new Map<number, number>();
  #nextKey: number;

  constructor(options: GeneratorOptions) {
    this.#options = options;
    for (let key = 0; key < options.liveKeys; key += 1) this.#live.push(key);
    this.#nextKey = options.liveKeys;
  }

  /** Draws the micro-operations of one transaction: half reads, half writes of values that no other writes to the key. */
  draw(below: (bound: number) => number): [string, number, Value][] {
    const operations: [string, number, Value][] = [];
    for (let i = 0; i < this.#options.microOperations; i += 1) {
      const slot = below(this.#live.length);
      const key = this.#live[slot]!;
      if (below(2) === 0) {
        operations.push(["r", key, null]);
        continue;
      }
      const value = (this.#writes.get(key) ?? 0) + 1;
      this.#writes.set(key, value);
      operations.push([this.#options.kind === "list-append" ? "append" : "w", key, value]);
      if (value < this.#options.writesPerKey) continue;
      this.#live[slot] = this.#nextKey;
      this.#nextKey += 1;
    }
    return operations;
  }

  execute(operations: readonly [string, number, Value][]): void {
    for (const operation of operations) {
      const [f, key, value] = operation;
      if (f === "w") this.#registers.set(key, value as number);
      else if (f === "append") this.#list(key).push(value as number);
      else
        operation[2] =
          this.#options.kind === "list-append" ? this.#list(key).slice() : (this.#registers.get(key) ?? null);
    }
  }

  #list(key: number): number[] {
    let list = this.#lists.get(key);
    if (list === undefined) {
      list = [];
      this.#lists.set(key, list);
    }
    return list;
  }
}

/** A 32-bit generator (Marsaglia's xorshift, J. Stat. Soft. 8(14), 2003); modulo bias does not matter here. */
export function randomBelow(seed: number): (bound: number) => number {
  let state = Math.imul(seed | 0, 0x9e3779b1) ^ 0x6d2b79f5 || 1;
  return (bound) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % bound;
  };
}
