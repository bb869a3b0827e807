/**
 * A durable replica of one CRDT: delta anti-entropy with acknowledgements over datagrams, and whole states where digests differ.
 *
 * - An update is joined, made durable, and then offered to the peers in rounds until each has acknowledged it, within a budget of
 *   bytes for each peer and round. It is acknowledged to the caller when it is durable here, or at `copies` peers as well.
 * - A replica always contains a gapless start of every actor's updates: a delta that does not follow what is here is refused, and its sender
 *   goes back to the last acknowledgement. What a peer acknowledges it has made durable; a peer that boots again acknowledges anew.
 * - In each round one peer, drawn at random, is sent the digest of all that is contained; who has another asks, saying what it has, and
 *   gets the state in pieces if it lacks something that no delta on its way brings. This brings in late joiners,
 *   replicas whose disk went back in time, and what a crashed replica had told only some.
 * - A message names the boot that it is meant for, and no other takes anything of it: so a boot that has ended brings in nothing once
 *   its successor is known, whoever boots again in between.
 * - Every boot writes under an actor name of its own, so no dot is ever used twice, whatever the disk has lost. The price: one
 *   entry in the contexts for each boot that wrote.
 *
 * States that fail validation are dropped and counted: they come from an actor that broke the contract.
 */
import type { Address, DatagramSocket, Host, PlainData } from "../../../sim/host.ts";
import { DecodeError } from "../bytes.ts";
import { type Actor, Clock } from "../clock.ts";
import { type CrdtType, decodeState, demandFit, encodeState, equalBytes, mergeValidated } from "../crdt.ts";
import { sha256 } from "../sha256.ts";
import { CrdtError } from "../violation.ts";
import { DeltaLog } from "./delta-log.ts";
import { Journal } from "./journal.ts";
import { type Header, type ReplicaMessage, replicaCodec, type Want } from "./message.ts";
import { actorOf, observeReplica, observeUpdate, type ReplicaRecord, type UpdateId } from "./observation.ts";
import { Peers } from "./peers.ts";
import { decodeRecord, encodeRecord, type StoreRecord } from "./record.ts";
import { checkTrimmable, Trimmer, type TrimmingOptions } from "./trimmer.ts";
import { Inbox, Outbox } from "./transfer.ts";

export type ReplicaOptions<S, O> = {
  readonly type: CrdtType<S, O>;
  /** Host names of the other replicas; the same port everywhere. */
  readonly peers: readonly string[];
  readonly port: number;
  readonly roundUs: number;
  /** Bytes of deltas and states for each peer and round; a single larger delta still goes, alone. */
  readonly roundBytesMax: number;
  /** How many deltas are kept for peers that do not answer. */
  readonly deltaCountMax: number;
  /** The journal is replaced by a snapshot when it is larger. */
  readonly journalBytesMax: number;
  /** Forget history that everybody has; only for types with `trimming`, else RangeError. Absent: never. */
  readonly trimming?: TrimmingOptions;
  /** How the operation of an update appears in observations. */
  readonly describe?: (op: O) => PlainData;
};

type Waiter = { readonly through: number; readonly copies: number; readonly done: () => void };
type Body<M = ReplicaMessage> = M extends Header ? Omit<M, keyof Header> : never;

/** Largest whole state that is taken from a peer. */
const STATE_BYTES_MAX = 1 << 30;

export class Replica<S, O> {
  readonly actor: Actor;
  readonly #host: Host;
  readonly #options: ReplicaOptions<S, O>;
  readonly #state: S;
  // Invariant: the state is the join of exactly these updates; #durable is covered by #seen.
  readonly #seen: Clock;
  readonly #durable: Clock;
  readonly #journal: Journal;
  readonly #log: DeltaLog<S, O>;
  readonly #peers: Peers;
  readonly #socket: DatagramSocket<ReplicaMessage>;
  readonly #outbox: Outbox = new Outbox();
  readonly #inbox: Inbox = new Inbox(STATE_BYTES_MAX);
  /** What was here when a peer last asked: if it still lacks some of that, no delta is bringing it. */
  readonly #offered: Map<string, Clock> = new Map();
  readonly #trimmer: Trimmer<S> | null;
  #waiters: Waiter[] = [];
  /** Null: the contents have changed since it was computed. */
  #digest: Uint8Array | null = null;
  #refusedCount = 0;

  private constructor(host: Host, options: ReplicaOptions<S, O>, loaded: Loaded<S>) {
    this.actor = actorOf(host);
    this.#host = host;
    this.#options = options;
    this.#journal = loaded.journal;
    this.#state = loaded.state;
    this.#seen = loaded.seen;
    this.#durable = loaded.seen.copy();
    const after = loaded.seen.get(this.actor);
    this.#log = new DeltaLog(options.type, { peers: options.peers, countMax: options.deltaCountMax, after });
    this.#peers = new Peers(host, options, (peer) => this.#meetBoot(peer));
    this.#trimmer = Trimmer.create(host, options, this.#peers, loaded.state);
    this.#socket = host.net.open({
      port: options.port,
      codec: replicaCodec,
      onMessage: (message, from) => this.#receive(message, from),
    });
    this.#observe("start");
  }

  /** Loads the disk and joins the rounds. */
  static async start<S, O>(host: Host, options: ReplicaOptions<S, O>): Promise<Replica<S, O>> {
    checkTrimmable(options);
    const replica = new Replica(host, options, await load(host, options.type));
    replica.#scheduleRound();
    return replica;
  }

  /** Only to be read; changes through `update`. */
  get state(): S {
    return this.#state;
  }

  /** For each actor how many of its updates the state contains. Only to be read. */
  get seen(): Clock {
    return this.#seen;
  }

  /** The part of `seen` that is on the disk. Only to be read. */
  get durable(): Clock {
    return this.#durable;
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
   * Makes an update: `prepare` gives the operation, or null for none. Resolves to its name once it is durable here and at `copies`
   * peers; to null when there was nothing to do. The state shows it at once. Rejects with CrdtError "out-of-range".
   */
  async update(prepare: (state: S, actor: Actor) => O | null, copies = 0): Promise<UpdateId | null> {
    if (this.#trimmer?.isCaughtUp === false) await this.#trimmer.whenCaughtUp;
    const { type, describe } = this.#options;
    const op = prepare(this.#state, this.actor);
    if (op === null) return null;
    demandFit(type, this.#state, op, false);
    const delta = type.deltaOf(this.#state, op);
    const bytes = encodeState(type, delta);
    type.apply(this.#state, op);
    const sequence = this.#log.append(delta, bytes.length);
    this.#seen.raise(this.actor, sequence);
    this.#digest = null;
    observeUpdate(this.#host, { key: "", sequence, stage: "made", copies: 0 }, () => describe?.(op) ?? null);
    this.#observe("update");
    await this.#write({ kind: "delta", key: "", actor: this.actor, from: sequence, through: sequence, bytes });
    observeUpdate(this.#host, { key: "", sequence, stage: "durable", copies: 0 });
    if (copies > 0 && this.#log.countAcked(sequence) < copies) {
      await new Promise<void>((done) => this.#waiters.push({ through: sequence, copies, done }));
    }
    return { actor: this.actor, sequence };
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
    this.#log.endRound();
    this.#outbox.endRound();
    for (const peer of peers) this.#sendDeltas(peer);
    if (peers.length > 0) this.#sendDigest(this.#host.random.pick(peers));
    for (const { peer, transfer, offset } of this.#inbox.endRound()) this.#sendWant(peer, transfer, offset);
    const report = this.#trimmer?.nextReport(this.#seen) ?? null;
    if (report !== null) for (const peer of peers) this.#send(peer, report);
    this.#trim();
  }

  #sendDeltas(peer: string): void {
    const { roundBytesMax, type } = this.#options;
    if (this.#outbox.isSending(peer) && this.#peers.isForPieces) return;
    const need = this.#log.take(peer, roundBytesMax, this.#durable.get(this.actor));
    if (need.kind === "state") this.#sendDigest(peer);
    if (need.kind !== "delta") return;
    const bytes = encodeState(type, need.delta);
    this.#peers.spend(peer, bytes.length);
    this.#send(peer, { type: "delta", from: need.from, through: need.through, bytes });
  }

  // ------------------------------------------------------------------ messages

  async #receive(message: ReplicaMessage, from: Address): Promise<void> {
    const peer = from.host;
    const admission = this.#peers.admit(peer, message);
    if (admission === "stale") this.#send(peer, { type: "ack" });
    if (admission !== "taken") return;
    this.#acknowledge(peer, message.have);
    if (message.type === "gap") this.#log.rewind(peer);
    else if (message.type === "delta") await this.#takeDelta(peer, message);
    else if (message.type === "want") this.#serve(peer, message);
    else if (message.type === "part") await this.#takePart(peer, message);
    else if (message.type === "report") this.#trimmer?.takeReport(peer, message, this.#durable);
    else if (message.type === "digest" && !equalBytes(this.#digestNow(), message.bytes) && !this.#inbox.isBusy)
      this.#sendWant(peer, 0, 0);
  }

  #meetBoot(peer: string): void {
    this.#log.forget(peer);
    this.#outbox.forget(peer);
    this.#inbox.forget(peer);
    this.#offered.delete(peer);
  }

  async #takeDelta(peer: string, message: ReplicaMessage & { readonly type: "delta" }): Promise<void> {
    const { from, through, bytes } = message;
    const actor = this.#peers.actorOf(peer);
    const have = this.#seen.get(actor);
    if (from > have + 1) {
      this.#host.mark("crdt.delta-gap");
      this.#send(peer, { type: "gap" });
      return;
    }
    if (through > have && !(await this.#join(peer, { kind: "delta", key: "", actor, from, through, bytes }))) return;
    this.#send(peer, { type: "ack" });
  }

  async #takePart(peer: string, part: ReplicaMessage & { readonly type: "part" }): Promise<void> {
    const bytes = this.#inbox.add(peer, part);
    if (bytes === null) {
      const next = this.#inbox.next(peer);
      if (next !== null) this.#sendWant(peer, next.transfer, next.offset);
      return;
    }
    const record = decodeRecord(bytes);
    if (record.kind === "state" && (await this.#join(peer, record))) this.#send(peer, { type: "ack" });
  }

  /** Joins what a peer sent; resolves, once it is durable, to whether it was let in. */
  async #join(peer: string, record: StoreRecord & { readonly kind: "delta" | "state" }): Promise<boolean> {
    const { type } = this.#options;
    try {
      mergeValidated(type, this.#state, decodeState(type, record.bytes));
    } catch (error) {
      if (!(error instanceof CrdtError || error instanceof DecodeError)) throw error;
      if (error instanceof CrdtError && error.code === "insufficient-rights") {
        // Not a lie: what gave the rights has not arrived here. The state of somebody who has both will bring it.
        this.#host.mark("crdt.early-delta");
      } else this.#refusedCount += 1;
      this.#host.log("refused a state", () => ({ peer, message: error.message }));
      return false;
    }
    raise(this.#seen, record);
    this.#digest = null;
    this.#observe("merge");
    await this.#write(record);
    return true;
  }

  #acknowledge(peer: string, have: number): void {
    const before = this.#log.acknowledge(peer, have);
    for (let sequence = before + 1; sequence <= Math.min(have, this.#log.last); sequence++) {
      observeUpdate(this.#host, { key: "", sequence, stage: "copies", copies: this.#log.countAcked(sequence) });
    }
    if (have <= before || this.#waiters.length === 0) return;
    const isDone = (waiter: Waiter): boolean => this.#log.countAcked(waiter.through) >= waiter.copies;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of done) waiter.done();
  }

  /** Answers a peer that has another digest. */
  #serve(peer: string, want: Want): void {
    if (this.#outbox.has(peer, want.transfer)) {
      this.#sendPiece(peer, want.transfer, want.offset);
      return;
    }
    const before = this.#offered.get(peer);
    this.#offered.set(peer, this.#seen.copy());
    if (before !== undefined && !this.#isStuck(want.seen, before)) return;
    const { type } = this.#options;
    const bytes = encodeState(type, this.#state);
    const transfer = this.#outbox.begin(peer, encodeRecord({ kind: "state", key: "", seen: this.#seen, bytes }));
    this.#sendPiece(peer, transfer, 0);
  }

  /** Whether a peer lacks something that was here at its last question already, and that the delta log will not bring. */
  #isStuck(theirs: Clock, before: Clock): boolean {
    if (theirs.equals(this.#seen) && theirs.equals(before)) return true; // trimmed differently
    return before.some((actor, count) => {
      const have = theirs.get(actor);
      return have < count && !(actor === this.actor && this.#log.covers(have + 1));
    });
  }

  #sendPiece(peer: string, transfer: number, offset: number): void {
    const piece = this.#outbox.piece(peer, transfer, offset, this.#peers.bytesLeft(peer));
    if (piece === null) return;
    this.#peers.spend(peer, piece.bytes.length);
    this.#send(peer, piece);
  }

  #sendWant(peer: string, transfer: number, offset: number): void {
    this.#send(peer, { type: "want", seen: this.#seen.copy(), transfer, offset });
  }

  #sendDigest(peer: string): void {
    this.#send(peer, { type: "digest", bytes: this.#digestNow() });
  }

  #send(peer: string, body: Body): void {
    const have = this.#durable.get(this.#peers.actorOf(peer));
    const header: Header = { ...this.#peers.headerFor(peer), have };
    this.#socket.send({ host: peer, port: this.#options.port }, { ...header, ...body });
  }

  // ------------------------------------------------------------------ contents

  /** Resolves once the record is durable, with the journal kept small. */
  async #write(record: StoreRecord & { readonly kind: "delta" | "state" }): Promise<void> {
    const time = this.#trimmer?.timeOf(this.#state) ?? 0;
    await this.#journal.append(encodeRecord(record));
    this.#becomeDurable(record, time);
    if (this.#journal.bytes <= this.#options.journalBytesMax) return;
    const seen = this.#seen.copy();
    const timeAll = this.#trimmer?.timeOf(this.#state) ?? 0;
    if (await this.#journal.compact()) this.#becomeDurable({ kind: "state", seen }, timeAll);
  }

  #becomeDurable(record: Contents, time: number): void {
    raise(this.#durable, record);
    this.#observe("durable");
    this.#trimmer?.advance(this.#durable, time);
  }

  #trim(): void {
    if (this.#trimmer?.trim(this.#state, this.#durable) !== true) return;
    this.#digest = null;
    this.#observe("trim");
  }

  #digestNow(): Uint8Array {
    this.#digest ??= sha256(encodeRecord(stateRecord(this.#options.type, this.#state, this.#seen)));
    return this.#digest;
  }

  #observe(cause: ReplicaRecord["cause"]): void {
    const { type } = this.#options;
    observeReplica(this.#host, { mode: "deltas", key: "", cause }, () => ({
      seen: this.#seen,
      durable: this.#durable,
      trimmed: String(type.trimming?.trimmedAt(this.#state) || ""),
      encoded: encodeState(type, this.#state),
    }));
  }
}

type Loaded<S> = { readonly journal: Journal; readonly state: S; readonly seen: Clock };

async function load<S, O>(host: Host, type: CrdtType<S, O>): Promise<Loaded<S>> {
  const state = type.create();
  const seen = new Clock();
  const journal = await Journal.open(host, {
    absorb: (bytes) => {
      const record = decodeRecord(bytes);
      if (record.kind === "operation") return false;
      if (record.kind === "delta" && record.from > seen.get(record.actor) + 1) return false;
      type.merge(state, decodeState(type, record.bytes));
      raise(seen, record);
      return true;
    },
    snapshot: () => [encodeRecord(stateRecord(type, state, seen))],
  });
  return { journal, state, seen };
}

function stateRecord<S, O>(type: CrdtType<S, O>, state: S, seen: Clock): StoreRecord {
  return { kind: "state", key: "", seen, bytes: encodeState(type, state) };
}

/** Which updates a record brings. */
type Contents =
  | { readonly kind: "state"; readonly seen: Clock }
  | { readonly kind: "delta"; readonly actor: Actor; readonly through: number };

function raise(clock: Clock, contents: Contents): void {
  if (contents.kind === "state") clock.merge(contents.seen);
  else clock.raise(contents.actor, contents.through);
}
