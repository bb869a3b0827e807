/**
 * A durable replica of one CRDT in operations mode: causal broadcast, retransmission, and whole states for those too far behind.
 *
 * - Every operation carries the vector clock of what its maker had seen. It is delivered, once, when all of that is here; until
 *   then it waits in a bounded hold-back queue. So readers never see an effect before its cause.
 * - A replica sends its own operations in rounds, within a budget of bytes for each peer, and relays foreign ones to peers that
 *   go without them for some rounds, since their maker may be gone. What a peer holds durably it says in full ("have"), which
 *   acknowledges, reveals gaps, and lets the log be dropped where all peers have it.
 * - A peer that lacks what the log no longer holds (it was away too long, was wiped, or joins late) gets the whole state in pieces.
 * - Every boot writes under an actor name of its own, so no dot is ever used twice, whatever the disk has lost.
 */
import type { Address, DatagramSocket, Host, PlainData } from "../../../sim/host.ts";
import { DecodeError } from "../bytes.ts";
import { type Actor, Clock } from "../clock.ts";
import {
  applyValidated,
  type CrdtType,
  decodeOp,
  decodeState,
  demandFit,
  encodeOp,
  encodeState,
  mergeValidated,
} from "../crdt.ts";
import { CrdtError } from "../violation.ts";
import { HoldBack, isDeliverable } from "./hold-back.ts";
import { Journal } from "./journal.ts";
import { actorOf, observeReplica, observeUpdate, type ReplicaRecord, type UpdateId } from "./observation.ts";
import { OpLog } from "./op-log.ts";
import type { Boots } from "./message.ts";
import { type OpMessage, opCodec } from "./op-message.ts";
import { Peers } from "./peers.ts";
import { decodeRecord, encodeRecord, type OperationRecord, type StoreRecord } from "./record.ts";
import { Inbox, Outbox } from "./transfer.ts";
import { checkTrimmable, Trimmer, type TrimmingOptions } from "./trimmer.ts";

export type OpReplicaOptions<S, O> = {
  readonly type: CrdtType<S, O>;
  /** Host names of the other replicas; the same port everywhere. */
  readonly peers: readonly string[];
  readonly port: number;
  readonly roundUs: number;
  /** Bytes of operations and states for each peer and round; a single larger operation still goes, alone. */
  readonly roundBytesMax: number;
  /** How many operations are kept for peers that do not answer. */
  readonly operationCountMax: number;
  /** How many operations may wait for others that came before them. */
  readonly holdBackCountMax: number;
  /** The journal is replaced by a snapshot when it is larger. */
  readonly journalBytesMax: number;
  /** Forget history that everybody has; only for types with `trimming`, else RangeError. Absent: never. */
  readonly trimming?: TrimmingOptions;
  /** How the operation of an update appears in observations. */
  readonly describe?: (op: O) => PlainData;
};

type Waiter = { readonly sequence: number; readonly copies: number; readonly done: () => void };
type Body<M = OpMessage> = M extends Boots ? Omit<M, keyof Boots> : never;

const STATE_BYTES_MAX = 1 << 30;

export class OpReplica<S, O> {
  readonly actor: Actor;
  readonly #host: Host;
  readonly #options: OpReplicaOptions<S, O>;
  readonly #state: S;
  // Invariant: the state is what exactly these updates make of it; it holds what each of them has seen. #durable is covered by #seen.
  readonly #seen: Clock;
  readonly #durable: Clock;
  /** What the last own update had seen: the next one names only what has changed. */
  #seenBefore: Clock = new Clock();
  readonly #journal: Journal;
  readonly #log: OpLog;
  readonly #holdBack: HoldBack;
  readonly #peers: Peers;
  readonly #trimmer: Trimmer<S> | null;
  readonly #socket: DatagramSocket<OpMessage>;
  readonly #outbox: Outbox = new Outbox();
  readonly #inbox: Inbox = new Inbox(STATE_BYTES_MAX);
  #waiters: Waiter[] = [];
  #refusedCount = 0;

  private constructor(host: Host, options: OpReplicaOptions<S, O>, loaded: Loaded<S>) {
    this.actor = actorOf(host);
    this.#host = host;
    this.#options = options;
    this.#journal = loaded.journal;
    this.#state = loaded.state;
    this.#seen = loaded.seen;
    this.#durable = loaded.seen.copy();
    this.#log = new OpLog({ peers: options.peers, own: this.actor, countMax: options.operationCountMax });
    for (const record of loaded.operations) this.#log.append(record, encodeRecord(record).length);
    this.#holdBack = new HoldBack(options.holdBackCountMax);
    this.#peers = new Peers(host, options, (peer) => this.#meetBoot(peer));
    this.#trimmer = Trimmer.create(host, options, this.#peers, loaded.state);
    this.#socket = host.net.open({
      port: options.port,
      codec: opCodec,
      onMessage: (message, from) => this.#receive(message, from),
    });
    this.#observe("start");
  }

  /** Loads the disk and joins the rounds. */
  static async start<S, O>(host: Host, options: OpReplicaOptions<S, O>): Promise<OpReplica<S, O>> {
    checkTrimmable(options);
    const replica = new OpReplica(host, options, await load(host, options.type));
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

  /** How many operations or states were refused because they contradict this state. */
  get refusedCount(): number {
    return this.#refusedCount;
  }

  /** How many operations, foreign ones too, wait for an acknowledgement of some peer. */
  get unacknowledgedCount(): number {
    return this.#log.size;
  }

  /** How many operations wait for what came before them. */
  get heldBackCount(): number {
    return this.#holdBack.size;
  }

  /**
   * Makes an update: `prepare` gives the operation, or null for none. Resolves to its name once it is durable here and at `copies`
   * peers; to null when there was nothing to do. The state shows it at once. Rejects with CrdtError "out-of-range", and
   * "missing-dots" for what was made of a context that this replica does not contain.
   */
  async update(prepare: (state: S, actor: Actor) => O | null, copies = 0): Promise<UpdateId | null> {
    if (this.#trimmer?.isCaughtUp === false) await this.#trimmer.whenCaughtUp;
    const { type, describe } = this.#options;
    const { actor } = this;
    const op = prepare(this.#state, actor);
    if (op === null) return null;
    demandFit(type, this.#state, op, true);
    const bytes = encodeOp(type, op);
    const needs = this.#seen.copy();
    needs.retain((other, count) => other !== actor && count > this.#seenBefore.get(other));
    const sequence = this.#seen.get(actor) + 1;
    type.apply(this.#state, op);
    this.#seenBefore = this.#seen.copy();
    this.#seen.raise(actor, sequence);
    observeUpdate(this.#host, { key: "", sequence, stage: "made", copies: 0 }, () => describe?.(op) ?? null);
    this.#observe("update");
    await this.#keep({ kind: "operation", actor, sequence, needs, bytes });
    observeUpdate(this.#host, { key: "", sequence, stage: "durable", copies: 0 });
    if (copies > 0 && this.#log.countAcked({ actor, sequence }) < copies) {
      await new Promise<void>((done) => this.#waiters.push({ sequence, copies, done }));
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
    this.#log.endRound();
    this.#outbox.endRound();
    for (const peer of peers) this.#sendOperations(peer);
    if (peers.length > 0) this.#sendHave(this.#host.random.pick(peers), false);
    for (const { peer, transfer, offset } of this.#inbox.endRound()) this.#sendWant(peer, transfer, offset);
    const report = this.#trimmer?.nextReport(this.#seen) ?? null;
    if (report !== null) for (const peer of peers) this.#send(peer, report);
    this.#trim();
  }

  #sendOperations(peer: string): void {
    const { roundBytesMax } = this.#options;
    if (this.#outbox.isSending(peer) && this.#peers.isForPieces) return;
    const { entries, bytes } = this.#log.take(peer, roundBytesMax, this.#durable.get(this.actor));
    if (entries.length === 0) return;
    this.#peers.spend(peer, bytes);
    this.#send(peer, { type: "operations", entries });
  }

  // ------------------------------------------------------------------ messages

  async #receive(message: OpMessage, from: Address): Promise<void> {
    const peer = from.host;
    const admission = this.#peers.admit(peer, message);
    if (admission === "stale") this.#sendHave(peer, false);
    if (admission !== "taken") return;
    if (message.type === "operations") await this.#takeOperations(peer, message.entries);
    else if (message.type === "have") this.#takeHave(peer, message);
    else if (message.type === "want") this.#sendPiece(peer, message.transfer, message.offset);
    else if (message.type === "part") await this.#takePart(peer, message);
    else this.#trimmer?.takeReport(peer, message, this.#durable);
  }

  #meetBoot(peer: string): void {
    this.#log.forget(peer);
    this.#outbox.forget(peer);
    this.#inbox.forget(peer);
    // Trimming relies on this: what only an ended boot has sent is not taken after its successor is known.
    this.#holdBack.clear();
  }

  async #takeOperations(peer: string, entries: readonly OperationRecord[]): Promise<void> {
    let isGap = false;
    const writes: Promise<void>[] = [];
    for (const record of entries) {
      if (record.sequence <= this.#seen.get(record.actor)) continue;
      if (isDeliverable(record, this.#seen)) {
        if (this.#deliver(peer, record)) writes.push(this.#keep(record));
      } else {
        isGap ||= record.sequence > this.#seen.get(record.actor) + 1;
        this.#host.mark("crdt.held-back");
        if (!this.#holdBack.add(record)) this.#host.mark("crdt.hold-back-full");
      }
    }
    writes.push(...this.#deliverWaiting(peer));
    await Promise.all(writes);
    this.#sendHave(peer, isGap);
  }

  #deliverWaiting(peer: string): Promise<void>[] {
    const writes: Promise<void>[] = [];
    for (let next = this.#holdBack.takeReady(this.#seen); next !== null; next = this.#holdBack.takeReady(this.#seen)) {
      if (this.#deliver(peer, next)) writes.push(this.#keep(next));
    }
    return writes;
  }

  #deliver(peer: string, record: OperationRecord): boolean {
    const { type } = this.#options;
    if (!this.#letIn(peer, () => applyValidated(type, this.#state, decodeOp(type, record.bytes)))) return false;
    this.#seen.raise(record.actor, record.sequence);
    this.#observe("merge");
    return true;
  }

  #takeHave(peer: string, message: OpMessage & { readonly type: "have" }): void {
    const { actor } = this;
    const before = this.#log.acknowledge(peer, message.durable).get(actor);
    for (let sequence = before + 1; sequence <= message.durable.get(actor); sequence++) {
      const copies = this.#log.countAcked({ actor, sequence });
      observeUpdate(this.#host, { key: "", sequence, stage: "copies", copies });
    }
    const isDone = ({ sequence, copies }: Waiter): boolean => this.#log.countAcked({ actor, sequence }) >= copies;
    const done = this.#waiters.filter(isDone);
    this.#waiters = this.#waiters.filter((waiter) => !isDone(waiter));
    for (const waiter of done) waiter.done();
    if (message.isGap) this.#log.rewind(peer);
    if (this.#outbox.isSending(peer) || !this.#log.needsState(peer, this.#seen)) return;
    this.#sendPiece(peer, this.#outbox.begin(peer, encodeRecord(this.#stateRecord())), 0);
  }

  async #takePart(peer: string, part: OpMessage & { readonly type: "part" }): Promise<void> {
    const bytes = this.#inbox.add(peer, part);
    if (bytes === null) {
      const next = this.#inbox.next(peer);
      if (next !== null) this.#sendWant(peer, next.transfer, next.offset);
      return;
    }
    const record = decodeRecord(bytes);
    if (record.kind !== "state") return;
    const { type } = this.#options;
    if (!this.#letIn(peer, () => mergeValidated(type, this.#state, decodeState(type, record.bytes)))) return;
    this.#seen.merge(record.seen);
    this.#observe("merge");
    await Promise.all([this.#write(record), ...this.#deliverWaiting(peer)]);
    this.#sendHave(peer, false);
  }

  /** Brings something in, or counts that it was refused. */
  #letIn(peer: string, bring: () => void): boolean {
    try {
      bring();
      return true;
    } catch (error) {
      if (!(error instanceof CrdtError || error instanceof DecodeError)) throw error;
      this.#refusedCount += 1;
      this.#host.log("refused an operation or state", () => ({ peer, message: error.message }));
      return false;
    }
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

  #sendHave(peer: string, isGap: boolean): void {
    this.#send(peer, { type: "have", durable: this.#durable.copy(), isGap });
  }

  #send(peer: string, body: Body): void {
    this.#socket.send({ host: peer, port: this.#options.port }, { ...this.#peers.headerFor(peer), ...body });
  }

  // ------------------------------------------------------------------ contents

  /** An operation that was just delivered goes into the log and the journal; resolves once it is durable. */
  #keep(record: OperationRecord): Promise<void> {
    this.#log.append(record, encodeRecord(record).length);
    return this.#write(record);
  }

  async #write(record: StoreRecord): Promise<void> {
    const time = this.#trimmer?.timeOf(this.#state) ?? 0;
    await this.#journal.append(encodeRecord(record));
    if (record.kind === "operation") this.#durable.raise(record.actor, record.sequence);
    else if (record.kind === "state") this.#durable.merge(record.seen);
    this.#becomeDurable(time);
    if (this.#journal.bytes <= this.#options.journalBytesMax) return;
    const seen = this.#seen.copy();
    const timeAll = this.#trimmer?.timeOf(this.#state) ?? 0;
    if (!(await this.#journal.compact())) return;
    this.#durable.merge(seen);
    this.#becomeDurable(timeAll);
  }

  #becomeDurable(time: number): void {
    this.#observe("durable");
    this.#trimmer?.advance(this.#durable, time);
  }

  #trim(): void {
    if (this.#trimmer?.trim(this.#state, this.#durable) === true) this.#observe("trim");
  }

  #stateRecord(): StoreRecord {
    return { kind: "state", key: "", seen: this.#seen, bytes: encodeState(this.#options.type, this.#state) };
  }

  #observe(cause: ReplicaRecord["cause"]): void {
    const { type } = this.#options;
    observeReplica(this.#host, { mode: "operations", key: "", cause }, () => ({
      seen: this.#seen,
      durable: this.#durable,
      trimmed: String(type.trimming?.trimmedAt(this.#state) || ""),
      encoded: encodeState(type, this.#state),
    }));
  }
}

type Loaded<S> = {
  readonly journal: Journal;
  readonly state: S;
  readonly seen: Clock;
  /** Those of the journal, which peers may lack. */
  readonly operations: readonly OperationRecord[];
};

async function load<S, O>(host: Host, type: CrdtType<S, O>): Promise<Loaded<S>> {
  const state = type.create();
  const seen = new Clock();
  const operations: OperationRecord[] = [];
  const journal = await Journal.open(host, {
    absorb: (bytes) => {
      const record = decodeRecord(bytes);
      if (record.kind === "state") {
        type.merge(state, decodeState(type, record.bytes));
        seen.merge(record.seen);
        return true;
      }
      if (record.kind !== "operation") return false;
      if (record.sequence <= seen.get(record.actor)) return true;
      if (!isDeliverable(record, seen)) return false;
      type.apply(state, decodeOp(type, record.bytes));
      seen.raise(record.actor, record.sequence);
      operations.push(record);
      return true;
    },
    snapshot: () => [encodeRecord({ kind: "state", key: "", seen, bytes: encodeState(type, state) })],
  });
  return { journal, state, seen, operations };
}
