/**
 * A durable replica of one CRDT: delta anti-entropy with acknowledgements over datagrams, and whole states where digests differ.
 *
 * - An update is joined, made durable, and then offered to the peers in rounds until each has acknowledged it, within a budget of
 *   bytes for each peer and round. It is acknowledged to the caller when it is durable here, or at `copies` peers as well.
 * - What a peer acknowledges it has made durable. A peer that has booted again may have lost its disk: it is offered the digest of
 *   the whole state, and the state itself when it has another.
 * - In each round one peer, drawn at random, is sent the digest of the whole state; where digests differ, the receiver asks for the state. This
 *   brings in late joiners, replicas whose disk went back in time, and what a crashed replica had told only some.
 * - Every boot writes under an actor name of its own, so no dot is ever used twice, whatever the disk has lost. The price: one
 *   entry in the contexts for each boot that wrote.
 *
 * States that fail validation are dropped and counted: they come from an actor that broke the contract.
 */
import type { Address, DatagramSocket, Host } from "../../../sim/host.ts";
import type { Actor } from "../clock.ts";
import { DecodeError } from "../bytes.ts";
import { type CrdtType, decodeState, encodeState, equalBytes, mergeValidated } from "../crdt.ts";
import { sha256 } from "../sha256.ts";
import { CrdtError } from "../violation.ts";
import { DeltaLog } from "./delta-log.ts";
import { DurableState } from "./durable-state.ts";
import { type ReplicaMessage, replicaCodec } from "./message.ts";

export type ReplicaOptions<S, O> = {
  readonly type: CrdtType<S, O>;
  /** Host names of the other replicas; the same port everywhere. */
  readonly peers: readonly string[];
  readonly port: number;
  readonly roundUs: number;
  /** Bytes of deltas for each peer and round; a single larger delta still goes. */
  readonly roundBytesMax: number;
  /** How many deltas are kept for peers that do not answer. */
  readonly deltaCountMax: number;
  /** The journal is replaced by a snapshot when it is larger. */
  readonly journalBytesMax: number;
};

type Waiter = { readonly through: number; readonly copies: number; readonly done: () => void };

export class Replica<S, O> {
  readonly actor: Actor;
  readonly #host: Host;
  readonly #options: ReplicaOptions<S, O>;
  readonly #state: S;
  readonly #disk: DurableState<S, O>;
  readonly #log: DeltaLog<S, O>;
  readonly #socket: DatagramSocket<ReplicaMessage>;
  /** The newest boot seen of each peer. */
  readonly #boots: Map<string, number> = new Map();
  #waiters: Waiter[] = [];
  /** Null: the state has changed since it was computed. */
  #digest: Uint8Array | null = null;
  #refusedCount = 0;

  private constructor(host: Host, options: ReplicaOptions<S, O>, disk: DurableState<S, O>, state: S) {
    this.actor = `${host.name}#${host.boot.incarnation}`;
    this.#host = host;
    this.#options = options;
    this.#disk = disk;
    this.#state = state;
    this.#log = new DeltaLog(options.type, { peers: options.peers, countMax: options.deltaCountMax });
    this.#socket = host.net.open({
      port: options.port,
      codec: replicaCodec,
      onMessage: (message, from) => this.#receive(message, from),
    });
  }

  /** Loads the disk and joins the rounds. */
  static async start<S, O>(host: Host, options: ReplicaOptions<S, O>): Promise<Replica<S, O>> {
    const { disk, state } = await DurableState.open(host, options.type);
    const replica = new Replica(host, options, disk, state);
    replica.#scheduleRound();
    return replica;
  }

  /** Only to be read; changes through `update`. */
  get state(): S {
    return this.#state;
  }

  /** How many messages were refused because their state contradicts this one. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** How many own deltas wait for an acknowledgement. */
  get unacknowledgedCount(): number {
    return this.#log.size;
  }

  /**
   * Makes an update: `prepare` gives the operation, or null for none. Resolves to true once it is durable here and at `copies`
   * peers; to false when there was nothing to do. The state shows it at once.
   */
  async update(prepare: (state: S, actor: Actor) => O | null, copies = 0): Promise<boolean> {
    const { type } = this.#options;
    const op = prepare(this.#state, this.actor);
    if (op === null) return false;
    const delta = type.deltaOf(this.#state, op);
    const bytes = encodeState(type, delta);
    type.apply(this.#state, op);
    this.#digest = null;
    await this.#disk.append(bytes);
    const through = this.#log.append(delta, bytes.length);
    await this.#compactIfLarge();
    if (copies > 0 && this.#log.countAcked(through) < copies) {
      await new Promise<void>((done) => this.#waiters.push({ through, copies, done }));
    }
    return true;
  }

  #scheduleRound(): void {
    const { roundUs } = this.#options;
    const delayUs = this.#host.random.between(Math.ceil(roundUs / 2), roundUs);
    this.#host.timers.after(delayUs, () => {
      this.#round();
      this.#scheduleRound();
    });
  }

  #round(): void {
    const { peers, roundBytesMax, type } = this.#options;
    for (const peer of peers) {
      const need = this.#log.needOf(peer, roundBytesMax);
      if (need.kind === "delta") this.#send(peer, "delta", need.through, encodeState(type, need.delta));
      else if (need.kind === "state") this.#sendDigest(peer);
    }
    if (peers.length > 0) this.#sendDigest(this.#host.random.pick(peers));
  }

  async #receive(message: ReplicaMessage, from: Address): Promise<void> {
    const peer = from.host;
    const known = this.#boots.get(peer) ?? 0;
    if (message.boot < known || !this.#options.peers.includes(peer)) return;
    if (message.boot > known) {
      this.#boots.set(peer, message.boot);
      this.#log.forget(peer);
    }
    if (message.type === "delta" || message.type === "state") await this.#join(message, peer);
    else if (message.type === "ack") this.#acknowledge(message, peer);
    else if (message.type === "want") this.#sendState(peer);
    else if (!equalBytes(this.#digestNow(), message.bytes)) this.#sendMessage(peer, { type: "want", boot: this.#boot });
    else if (this.#disk.isIdle) this.#sendAck(peer, message);
  }

  async #join(message: ReplicaMessage & { readonly type: "delta" | "state" }, peer: string): Promise<void> {
    const { type } = this.#options;
    try {
      mergeValidated(type, this.#state, decodeState(type, message.bytes));
    } catch (error) {
      if (!(error instanceof CrdtError || error instanceof DecodeError)) throw error;
      this.#refusedCount += 1;
      this.#host.log("refused a state", () => ({ peer, message: error.message }));
      return;
    }
    this.#digest = null;
    await this.#disk.append(message.bytes);
    this.#sendAck(peer, message);
    await this.#compactIfLarge();
  }

  #acknowledge(message: ReplicaMessage & { readonly type: "ack" }, peer: string): void {
    if (message.of !== this.#boot) return;
    this.#log.acknowledge(peer, message.through);
    const isDone = (waiter: Waiter): boolean => this.#log.countAcked(waiter.through) >= waiter.copies;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of done) waiter.done();
  }

  async #compactIfLarge(): Promise<void> {
    if (this.#disk.journalBytes > this.#options.journalBytesMax) await this.#disk.compact(this.#state);
  }

  /** The state may hold updates that are not durable here yet; it vouches for those up to the last that is. */
  #sendState(peer: string): void {
    this.#send(peer, "state", this.#log.last, encodeState(this.#options.type, this.#state));
  }

  #sendDigest(peer: string): void {
    this.#sendMessage(peer, { type: "digest", boot: this.#boot, through: this.#log.last, bytes: this.#digestNow() });
  }

  #digestNow(): Uint8Array {
    this.#digest ??= sha256(encodeState(this.#options.type, this.#state));
    return this.#digest;
  }

  #sendAck(peer: string, { boot, through }: { readonly boot: number; readonly through: number }): void {
    this.#sendMessage(peer, { type: "ack", boot: this.#boot, of: boot, through });
  }

  #send(peer: string, type: "delta" | "state", through: number, bytes: Uint8Array): void {
    this.#sendMessage(peer, { type, boot: this.#boot, through, bytes });
  }

  #sendMessage(peer: string, message: ReplicaMessage): void {
    this.#socket.send({ host: peer, port: this.#options.port }, message);
  }

  get #boot(): number {
    return this.#host.boot.incarnation;
  }
}
