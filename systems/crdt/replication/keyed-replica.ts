/**
 * A durable replica of many keyed objects of one type: updates are pushed, differences are found by comparing Merkle trees.
 *
 * - An update is joined, made durable, and its object pushed to the peers in rounds until each has acknowledged it.
 * - In each round one peer, drawn at random, is sent the root of the tree. Where digests differ, both sides go down level by level
 *   to the buckets, and exchange only the objects that differ. Each step is one message that asks for nothing to be
 *   remembered, so whatever is lost is found again in a later round. This brings in late joiners and wiped replicas.
 * - Everything that goes to a peer in a round stays within a budget of bytes; a single larger object goes alone. A quarter is left
 *   for comparing.
 * - Updates are numbered for each object and actor, and every boot is an actor of its own: see replica.ts.
 */
import type { Address, DatagramSocket, Host, PlainData } from "../../../sim/host.ts";
import { DecodeError } from "../bytes.ts";
import { type Actor, Clock, compareText } from "../clock.ts";
import { type CrdtType, decodeState, demandFit, encodeState, mergeValidated } from "../crdt.ts";
import { CrdtError } from "../violation.ts";
import {
  type Bucket,
  type KeyAck,
  type KeyedMessage,
  keyedCodec,
  NODE_BYTES,
  type NodeDigest,
  type Nodes,
  type ObjectRecord,
} from "./keyed-message.ts";
import type { Boots } from "./message.ts";
import { childrenOf, EMPTY, FANOUT, type KeyDigest, LEVELS } from "./merkle-tree.ts";
import { type JoinRecord, newObject, ObjectStore } from "./object-store.ts";
import { actorOf, observeReplica, observeUpdate, type ReplicaRecord, type UpdateId } from "./observation.ts";
import { Peers } from "./peers.ts";
import { PushQueue } from "./push-queue.ts";
import { encodeRecord } from "./record.ts";

export type KeyedReplicaOptions<S, O> = {
  readonly type: CrdtType<S, O>;
  /** Host names of the other replicas; the same port everywhere. */
  readonly peers: readonly string[];
  readonly port: number;
  readonly roundUs: number;
  /** Bytes for each peer and round; at least 1,000. A single larger object still goes, alone. */
  readonly roundBytesMax: number;
  /** The journal is replaced by a snapshot when it is larger, and larger than the snapshot before. */
  readonly journalBytesMax: number;
  /** How the operation of an update appears in observations. */
  readonly describe?: (op: O) => PlainData;
};

type Waiter = { readonly key: string; readonly sequence: number; readonly copies: number; readonly done: () => void };
type Body<M = KeyedMessage> = M extends Boots ? Omit<M, keyof Boots> : never;

/** Of a message that compares: one expanded node has to fit a quarter of the smallest budget. */
const ROUND_BYTES_MIN = 1000;
/** One part in so many of the budget is left for comparing. */
const COMPARING_SHARE = 4;

export class KeyedReplica<S, O> {
  readonly actor: Actor;
  readonly #host: Host;
  readonly #options: KeyedReplicaOptions<S, O>;
  readonly #store: ObjectStore<S, O>;
  readonly #peers: Peers;
  readonly #queues: Map<string, PushQueue>;
  /** For each object with own updates: how many of them each peer holds durably. */
  readonly #acks: Map<string, Map<string, number>> = new Map();
  readonly #socket: DatagramSocket<KeyedMessage>;
  #waiters: Waiter[] = [];
  #refusedCount = 0;

  private constructor(host: Host, options: KeyedReplicaOptions<S, O>, store: ObjectStore<S, O>) {
    this.actor = actorOf(host);
    this.#host = host;
    this.#options = options;
    this.#store = store;
    this.#peers = new Peers(host, options, (peer) => this.#forgetAcks(peer));
    this.#queues = new Map(options.peers.map((peer) => [peer, new PushQueue()]));
    this.#socket = host.net.open({
      port: options.port,
      codec: keyedCodec,
      onMessage: (message, from) => this.#receive(message, from),
    });
    for (const key of store.keys()) this.#observe("start", key);
  }

  /** Loads the disk and joins the rounds. Throws RangeError for a budget below 1,000 bytes. */
  static async start<S, O>(host: Host, options: KeyedReplicaOptions<S, O>): Promise<KeyedReplica<S, O>> {
    if (options.roundBytesMax < ROUND_BYTES_MIN)
      throw new RangeError(`roundBytesMax is ${options.roundBytesMax}, expected at least ${ROUND_BYTES_MIN}`);
    const replica = new KeyedReplica(host, options, await ObjectStore.open(host, options));
    replica.#scheduleRound();
    return replica;
  }

  /** The state of an object, undefined where nobody has updated it. Only to be read. */
  get(key: string): S | undefined {
    return this.#store.get(key)?.state;
  }

  /** The keys of all objects, in order. */
  keys(): string[] {
    return this.#store.keys().sort(compareText);
  }

  /** For each actor how many of its updates of the object are contained. */
  seenOf(key: string): Clock {
    return this.#store.get(key)?.seen.copy() ?? new Clock();
  }

  /** Equal for replicas that contain the same. */
  get digest(): string {
    return this.#store.tree.digestOf(0, 0);
  }

  /** How many objects were refused because they contradict what is here. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** How many objects wait to be sent to, or acknowledged by, some peer. */
  get pendingCount(): number {
    let count = 0;
    for (const queue of this.#queues.values()) count += queue.size;
    return count;
  }

  /**
   * Updates one object: `prepare` gives the operation on its state (an empty one where there is none), or null for none. Resolves
   * to the update's name, which counts for this object, once it is durable here and at `copies` peers; to null when there was
   * nothing to do. The state shows it at once. Rejects with CrdtError "out-of-range".
   */
  async update(key: string, prepare: (state: S, actor: Actor) => O | null, copies = 0): Promise<UpdateId | null> {
    const { type, describe } = this.#options;
    const { actor } = this;
    const stored = this.#store.get(key) ?? newObject(type);
    const op = prepare(stored.state, actor);
    if (op === null) return null;
    demandFit(type, stored.state, op, false);
    const bytes = encodeState(type, type.deltaOf(stored.state, op));
    type.apply(stored.state, op);
    const sequence = stored.seen.get(actor) + 1;
    stored.seen.raise(actor, sequence);
    this.#store.set(key, stored);
    observeUpdate(this.#host, { key, sequence, stage: "made", copies: 0 }, () => describe?.(op) ?? null);
    this.#observe("update", key);
    await this.#write([{ kind: "delta", key, actor, from: sequence, through: sequence, bytes }]);
    observeUpdate(this.#host, { key, sequence, stage: "durable", copies: 0 });
    for (const queue of this.#queues.values()) queue.update(key);
    if (copies > 0 && this.#countAcked(key, sequence) < copies) {
      await new Promise<void>((done) => this.#waiters.push({ key, sequence, copies, done }));
    }
    return { actor, sequence };
  }

  // ------------------------------------------------------------------ rounds

  #scheduleRound(): void {
    const { roundUs } = this.#options;
    const delayUs = this.#host.random.between(Math.ceil(roundUs / 2), roundUs);
    this.#host.timers.after(delayUs, () => {
      this.#round();
      this.#scheduleRound();
    });
  }

  #round(): void {
    const { peers } = this.#options;
    this.#peers.beginRound();
    for (const [peer, queue] of this.#queues) {
      queue.endRound();
      this.#push(peer, queue);
    }
    if (peers.length > 0) this.#sendNodes(this.#host.random.pick(peers), 0, [0]);
  }

  /** Sends objects that are due, in up to three quarters of the budget. */
  #push(peer: string, queue: PushQueue): void {
    const { roundBytesMax } = this.#options;
    const bytesMax = Math.floor(roundBytesMax - roundBytesMax / COMPARING_SHARE);
    const records: ObjectRecord[] = [];
    let bytes = 0;
    queue.send((key) => {
      const record = this.#store.recordOf(key);
      const size = encodeRecord(record).length;
      // One that is larger than the budget would leave nothing for comparing, so every second round goes without.
      if (size > bytesMax && this.#peers.isForPieces) return false;
      if (bytes > 0 && bytes + size > bytesMax) return false;
      bytes += size;
      records.push(record);
      return true;
    });
    if (records.length === 0) return;
    this.#peers.spend(peer, bytes);
    this.#send(peer, { type: "objects", records });
  }

  // ------------------------------------------------------------------ comparing

  #sendNodes(peer: string, level: number, indices: readonly number[]): void {
    const room = Math.floor(this.#peers.bytesLeft(peer) / NODE_BYTES);
    const tree = this.#store.tree;
    const nodes: NodeDigest[] = indices.slice(0, room).map((index) => ({ index, digest: tree.digestOf(level, index) }));
    if (nodes.length === 0) return;
    this.#peers.spend(peer, nodes.length * NODE_BYTES);
    this.#send(peer, { type: "nodes", level, nodes });
  }

  /** Goes one level down where the digests differ; as many nodes as fit, from a random one on. */
  #compareNodes(peer: string, { level, nodes }: Nodes): void {
    const tree = this.#store.tree;
    const differing = nodes.filter(({ index, digest }) => tree.digestOf(level, index) !== digest);
    if (differing.length === 0) return;
    const first = this.#host.random.below(differing.length);
    const order = [...differing.slice(first), ...differing.slice(0, first)];
    if (level < LEVELS) {
      const room = Math.max(1, Math.floor(this.#peers.bytesLeft(peer) / (NODE_BYTES * FANOUT)));
      const chosen = order.slice(0, room);
      this.#sendNodes(
        peer,
        level + 1,
        chosen.flatMap(({ index }) => childrenOf(index)),
      );
    } else for (const { index } of order) this.#sendBucket(peer, index);
  }

  /** Names the objects of a bucket; when there is no room for all, those from a random one on. */
  #sendBucket(peer: string, index: number): void {
    const all = this.#store.tree.bucket(index);
    const first = this.#host.random.below(all.length + 1);
    const start = sizeOfAll(all) <= this.#peers.bytesLeft(peer) ? 0 : first;
    const entries: KeyDigest[] = [];
    let bytes = 0;
    for (const entry of all.slice(start)) {
      if (!this.#hasRoom(peer, bytes, sizeOf(entry))) break;
      bytes += sizeOf(entry);
      entries.push(entry);
    }
    if (entries.length === 0 && all.length > 0) return;
    this.#peers.spend(peer, bytes);
    const isLast = start + entries.length === all.length;
    this.#send(peer, { type: "bucket", index, isFirst: start === 0, isLast, entries });
  }

  /** Whether `size` more bytes may go; a key that is too long for what is left for comparing goes alone, as a larger object does. */
  #hasRoom(peer: string, bytes: number, size: number): boolean {
    const left = this.#peers.bytesLeft(peer);
    if (bytes + size <= left) return true;
    return bytes === 0 && left > 0 && size > this.#options.roundBytesMax / COMPARING_SHARE;
  }

  /** Queues the objects in which the peer lacks something, and asks for those in which something may be missing here. */
  #compareBucket(peer: string, { index, isFirst, isLast, entries }: Bucket): void {
    const tree = this.#store.tree;
    const theirs = new Map(entries.map(({ key, digest }) => [key, digest]));
    const [low, high] = [entries[0]?.key ?? "", entries.at(-1)?.key ?? ""];
    const isNamed = (key: string): boolean =>
      (isFirst || compareText(key, low) >= 0) && (isLast || compareText(key, high) <= 0);
    for (const { key, digest } of tree.bucket(index)) {
      if (isNamed(key) && theirs.get(key) !== digest) this.#queues.get(peer)?.want(key);
    }
    const keys: string[] = [];
    let bytes = 0;
    for (const entry of entries) {
      if (tree.get(entry.key) === entry.digest) continue;
      if (!this.#hasRoom(peer, bytes, sizeOf(entry))) break;
      bytes += sizeOf(entry);
      keys.push(entry.key);
    }
    if (keys.length === 0) return;
    this.#peers.spend(peer, bytes);
    this.#send(peer, { type: "want", keys });
  }

  // ------------------------------------------------------------------ messages

  async #receive(message: KeyedMessage, from: Address): Promise<void> {
    const peer = from.host;
    const admission = this.#peers.admit(peer, message);
    if (admission === "stale") this.#send(peer, { type: "have", acks: [] });
    if (admission !== "taken") return;
    if (message.type === "nodes") this.#compareNodes(peer, message);
    else if (message.type === "bucket") this.#compareBucket(peer, message);
    else if (message.type === "objects") await this.#takeObjects(peer, message.records);
    else if (message.type === "have") this.#takeAcks(peer, message.acks);
    else if (message.type === "want") {
      for (const key of message.keys) if (this.#store.get(key) !== undefined) this.#queues.get(peer)?.want(key);
    }
  }

  async #takeObjects(peer: string, records: readonly ObjectRecord[]): Promise<void> {
    const news: ObjectRecord[] = [];
    for (const record of records) {
      const stored = this.#store.get(record.key) ?? newObject(this.#options.type);
      if (stored.seen.covers(record.seen) || !this.#merge(peer, stored.state, record)) continue;
      stored.seen.merge(record.seen);
      this.#store.set(record.key, stored);
      this.#observe("merge", record.key);
      news.push(record);
    }
    if (news.length > 0) await this.#write(news);
    const actor = this.#peers.actorOf(peer);
    const acks = records.map(({ key }) => ({ key, count: this.#store.get(key)?.durable.get(actor) ?? 0 }));
    this.#send(peer, { type: "have", acks });
  }

  #merge(peer: string, state: S, { key, bytes }: ObjectRecord): boolean {
    const { type } = this.#options;
    try {
      mergeValidated(type, state, decodeState(type, bytes));
      return true;
    } catch (error) {
      if (!(error instanceof CrdtError || error instanceof DecodeError)) throw error;
      this.#refusedCount += 1;
      this.#host.log("refused an object", () => ({ peer, key, message: error.message }));
      return false;
    }
  }

  /** The peer has booted again: it may have lost what it had, and acknowledges anew what somebody waits for. */
  #forgetAcks(peer: string): void {
    for (const counts of this.#acks.values()) counts.delete(peer);
    for (const { key } of this.#waiters) this.#queues.get(peer)?.update(key);
  }

  #takeAcks(peer: string, acks: readonly KeyAck[]): void {
    for (const { key, count } of acks) {
      const stored = this.#store.get(key);
      if (stored === undefined) continue;
      if (count >= stored.seen.get(this.actor)) this.#queues.get(peer)?.acknowledge(key);
      const counts = this.#acks.get(key) ?? new Map<string, number>();
      const before = counts.get(peer) ?? 0;
      if (count <= before) continue;
      counts.set(peer, count);
      this.#acks.set(key, counts);
      for (let sequence = before + 1; sequence <= count; sequence++) {
        observeUpdate(this.#host, { key, sequence, stage: "copies", copies: this.#countAcked(key, sequence) });
      }
    }
    const isDone = (waiter: Waiter): boolean => this.#countAcked(waiter.key, waiter.sequence) >= waiter.copies;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of done) waiter.done();
  }

  #countAcked(key: string, sequence: number): number {
    let copies = 0;
    for (const count of this.#acks.get(key)?.values() ?? []) if (count >= sequence) copies += 1;
    return copies;
  }

  #send(peer: string, body: Body): void {
    this.#socket.send({ host: peer, port: this.#options.port }, { ...this.#peers.headerFor(peer), ...body });
  }

  // ------------------------------------------------------------------ contents

  async #write(records: readonly JoinRecord[]): Promise<void> {
    for (const key of await this.#store.write(records)) this.#observe("durable", key);
  }

  #observe(cause: ReplicaRecord["cause"], key: string): void {
    observeReplica(this.#host, { mode: "keyed", key, cause }, () => {
      const { state, seen, durable } = this.#store.get(key)!; // observed after it was set
      return { seen, durable, trimmed: "", encoded: encodeState(this.#options.type, state) };
    });
  }
}

/** Of a key and its digest in a message, at most. */
function sizeOf({ key }: KeyDigest): number {
  return key.length * 3 + EMPTY.length / 2 + 3;
}

function sizeOfAll(entries: readonly KeyDigest[]): number {
  return entries.reduce((sum, entry) => sum + sizeOf(entry), 0);
}
