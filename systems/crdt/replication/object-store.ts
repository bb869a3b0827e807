/** The objects of a keyed replica: in memory, in a journal, and in a Merkle tree that is brought up to date when it is asked for. */
import type { Host } from "../../../sim/host.ts";
import { Clock } from "../clock.ts";
import { type CrdtType, decodeState, encodeState } from "../crdt.ts";
import { Journal } from "./journal.ts";
import type { ObjectRecord } from "./keyed-message.ts";
import { digestOf, MerkleTree } from "./merkle-tree.ts";
import { decodeRecord, encodeRecord, type StoreRecord } from "./record.ts";

/** Invariant: the state is the join of exactly the updates in `seen`; `durable` is covered by it. */
export type StoredObject<S> = { readonly state: S; readonly seen: Clock; readonly durable: Clock };
export type JoinRecord = StoreRecord & { readonly kind: "delta" | "state" };

export type ObjectStoreOptions<S, O> = {
  readonly type: CrdtType<S, O>;
  /** The journal is replaced by a snapshot when it is larger, and larger than the snapshot before. */
  readonly journalBytesMax: number;
};

export class ObjectStore<S, O> {
  readonly #options: ObjectStoreOptions<S, O>;
  readonly #objects: Map<string, StoredObject<S>>;
  readonly #journal: Journal;
  readonly #tree: MerkleTree = new MerkleTree();
  /** Keys whose digest in the tree is out of date. */
  readonly #changed: Set<string>;

  private constructor(options: ObjectStoreOptions<S, O>, journal: Journal, objects: Map<string, StoredObject<S>>) {
    this.#options = options;
    this.#journal = journal;
    this.#objects = objects;
    this.#changed = new Set(objects.keys());
  }

  /** Loads what the disk holds; all of it is durable. */
  static async open<S, O>(host: Host, options: ObjectStoreOptions<S, O>): Promise<ObjectStore<S, O>> {
    const { type } = options;
    const objects = new Map<string, StoredObject<S>>();
    const journal = await Journal.open(host, {
      absorb: (bytes) => absorb(type, objects, decodeRecord(bytes)),
      *snapshot() {
        for (const [key, { state, seen }] of objects)
          yield encodeRecord({ kind: "state", key, seen, bytes: encodeState(type, state) });
      },
    });
    return new ObjectStore(options, journal, objects);
  }

  get(key: string): StoredObject<S> | undefined {
    return this.#objects.get(key);
  }

  /** The keys of all objects, in no order. */
  keys(): string[] {
    return [...this.#objects.keys()];
  }

  /** The object is new, or has changed. */
  set(key: string, object: StoredObject<S>): void {
    this.#objects.set(key, object);
    this.#changed.add(key);
  }

  /** The tree with the digests of all objects as they are. */
  get tree(): MerkleTree {
    for (const key of this.#changed) this.#tree.set(key, digestOf(encodeRecord(this.recordOf(key))));
    this.#changed.clear();
    return this.#tree;
  }

  /** An object as it is. The key must be one of `keys`. */
  recordOf(key: string): ObjectRecord {
    const { state, seen } = this.#objects.get(key)!; // the caller knows that it is here; objects never go
    return { kind: "state", key, seen: seen.copy(), bytes: encodeState(this.#options.type, state) };
  }

  /**
   * Resolves once the records, which were joined before, are durable; to the keys of the objects of which more is durable now. Keeps
   * the journal small.
   */
  async write(records: readonly JoinRecord[]): Promise<string[]> {
    await Promise.all(records.map((record) => this.#journal.append(encodeRecord(record))));
    for (const record of records) raise(this.#objects.get(record.key)!.durable, record); // joined before, so it is here
    const keys = new Set(records.map(({ key }) => key));
    if (this.#journal.bytes <= Math.max(this.#options.journalBytesMax, this.#journal.snapshotBytes)) return [...keys];
    const all = [...this.#objects].map(([key, { seen, durable }]) => ({ key, seen: seen.copy(), durable }));
    if (!(await this.#journal.compact())) return [...keys];
    for (const { key, seen, durable } of all) {
      if (durable.covers(seen)) continue;
      durable.merge(seen);
      keys.add(key);
    }
    return [...keys];
  }
}

export function newObject<S, O>(type: CrdtType<S, O>): StoredObject<S> {
  return { state: type.create(), seen: new Clock(), durable: new Clock() };
}

function absorb<S, O>(type: CrdtType<S, O>, objects: Map<string, StoredObject<S>>, record: StoreRecord): boolean {
  if (record.kind === "operation") return false;
  const object = objects.get(record.key) ?? newObject(type);
  // The rest of the file goes with a gap: what follows may stand on what is missing. The peers have what was acknowledged.
  if (record.kind === "delta" && record.from > object.seen.get(record.actor) + 1) return false;
  type.merge(object.state, decodeState(type, record.bytes));
  raise(object.seen, record);
  raise(object.durable, record);
  objects.set(record.key, object);
  return true;
}

function raise(clock: Clock, record: JoinRecord): void {
  if (record.kind === "state") clock.merge(record.seen);
  else clock.raise(record.actor, record.through);
}
