/**
 * A Raft node on a Host: drives the core with messages, time and the disk, and a state machine with what is committed.
 *
 * Handlers of messages and timers are synchronous. One loop does all writing: it takes what the core wants persisted,
 * makes it durable, records that it is, and only then lets go the messages that rest on it. A disk that fails stops the
 * node (the next boot recovers); a disk that cannot be trusted keeps it out of the group for ever.
 *
 * Observations: for monitors "raft.state", "raft.ack" (see observation.ts) and "raft.refused" {host, reason}; for validation
 * against the specification "raft.step" (see step.ts).
 */
import { DiskError, type Host, type Timer } from "../../sim/host.ts";
import { crc32 } from "./bytes.ts";
import { connectionTransport } from "./connections.ts";
import { RaftCore, RaftInvariantError, type Role, type Unsaved } from "./core.ts";
import { RaftLog } from "./log.ts";
import type { Message, NodeId, Snapshot } from "./message.ts";
import { ackOf, type LogChange, nextAppliedHash, observationOf, suffixChange, wholeChange } from "./observation.ts";
import { checkRaftOptions, type RaftOptions } from "./options.ts";
import { Reads } from "./reads.ts";
import { UntrustedDiskError } from "./recovery.ts";
import { decodeImage, encodeImage } from "./snapshot-image.ts";
import { type StepListener, stepRecord } from "./step.ts";
import type { StateMachine } from "./state-machine.ts";
import { type OpenedStorage, openStorage, type Storage } from "./storage.ts";
import { datagramTransport, type Member, type Transport } from "./transport.ts";

export type RaftNodeInit = {
  readonly id: NodeId;
  /** All members, this one included; their addresses are for Raft alone. */
  readonly members: readonly Member[];
  readonly options: RaftOptions;
  readonly stateMachine: StateMachine;
  /** Where the node keeps its files: an absolute path right below "/". */
  readonly directory: string;
};

/**
 * Boots a node. Null: its disk is empty or cannot be trusted, though this is not the cluster's first boot; it neither
 * votes nor acknowledges anything, and opens no port. Ends the incarnation when the disk fails.
 */
export async function startRaftNode(host: Host, init: RaftNodeInit): Promise<RaftNode | null> {
  checkRaftOptions(init.options);
  const { id: nodeId, directory } = init;
  const { isClusterFirst } = host.boot;
  try {
    const { segmentBytes } = init.options;
    const opened = await openStorage({ host, directory, nodeId, segmentBytes, isClusterFirst });
    return new RaftNode(host, init, opened);
  } catch (error) {
    if (error instanceof UntrustedDiskError) {
      host.mark("raft.refused-to-vote");
      host.log(`Stays out of the cluster: ${error.message}`);
      host.observe("raft.refused", () => ({ host: host.name, reason: error.message }));
      return null;
    }
    if (!(error instanceof DiskError)) throw error;
    host.exit(`The disk failed while booting: ${error.message}`);
    return null;
  }
}

export class RaftNode {
  readonly #host: Host;
  readonly #core: RaftCore;
  readonly #storage: Storage;
  readonly #transport: Transport;
  readonly #stateMachine: StateMachine;
  readonly #options: RaftOptions;
  readonly #reads: Reads;
  readonly #step: StepListener = (name, a = 0, b = 0, c = 0, d = 0, e = 0) =>
    this.#host.observe("raft.step", () => stepRecord(this.#core, this.#host.name, name, [a, b, c, d, e]));
  // Invariant: #applied <= commit; the state machine and #appliedHash are those of #applied.
  #applied = 0;
  #appliedHash = 0;
  #snapshotIndex = 0;
  /** A received snapshot on its way to the disk. */
  #install: Snapshot | null = null;
  #isFlushing = false;
  #isStopped = false;
  #timer: Timer | null = null;
  #timerDueUs = 0;
  /** What the last observation said, so that only changes are told. */
  readonly #told = {
    term: -1,
    vote: -1,
    role: "" as Role | "",
    commit: -1,
    applied: -1,
    durable: -1,
    durableTerm: -1,
    durableVote: -1,
  };

  /** Use startRaftNode. */
  constructor(host: Host, init: RaftNodeInit, opened: OpenedStorage) {
    const { id, members, options, stateMachine } = init;
    const { storage, snapshot, hardState, entries } = opened;
    this.#host = host;
    this.#storage = storage;
    this.#options = options;
    this.#stateMachine = stateMachine;
    this.#reads = new Reads(2 * options.electionTimeoutUsMax, host.boot.incarnation, this.#step);
    if (snapshot !== null) this.#restore(snapshot);
    this.#core = new RaftCore({
      id,
      voters: members.map((member) => member.id),
      options,
      randomBetween: (min, max) => host.random.between(min, max),
      hardState,
      log: new RaftLog(snapshot ?? { index: 0, term: 0 }, entries),
      snapshot,
      nowUs: host.clock.monotonicUs(),
      onStep: this.#step,
    });
    this.#step("boot", this.#core.log.baseIndex, this.#core.log.baseTerm);
    const self = members.find((member) => member.id === id);
    if (self === undefined) throw new RangeError(`Node ${id} is no member of its own cluster.`);
    const onMessage = (message: Message): void => this.#guard(() => this.#core.step(message, host.clock.monotonicUs()));
    const connect = options.transport === "datagrams" ? datagramTransport : connectionTransport;
    this.#transport = connect({ host, self, members, onMessage });
    this.#guard(() => undefined, wholeChange(this.#core, "boot"));
  }

  get id(): NodeId {
    return this.#core.id;
  }
  get isLeader(): boolean {
    return this.#core.role === "leader";
  }
  /** 0 when unknown. */
  get leader(): NodeId {
    return this.#core.leader;
  }
  get term(): number {
    return this.#core.term;
  }
  get applied(): number {
    return this.#applied;
  }

  /** Appends a command; its index, or 0 when this node does not lead. It may still be lost: watch what is applied there. */
  propose(command: Uint8Array): number {
    let index = 0;
    this.#guard(() => {
      index = this.#core.propose(command, this.#host.clock.monotonicUs());
    });
    return index;
  }

  /** Calls back with true once the state machine may be read linearizably, with false when the caller has to ask again. */
  read(done: (isConfirmed: boolean) => void): void {
    const nowUs = this.#host.clock.monotonicUs();
    const context = this.#reads.add(nowUs, done);
    if (context === 0) {
      done(false);
      return;
    }
    this.#guard(() => {
      this.#step("ask-read", context);
      this.#core.readIndex(context, nowUs);
    });
  }

  /** Hands the leadership to another member; false when this node does not lead, or a transfer is going on. */
  transferLeadership(to: NodeId): boolean {
    let isStarted = false;
    this.#guard(() => {
      isStarted = this.#core.transferLeadership(to, this.#host.clock.monotonicUs());
    });
    return isStarted;
  }

  /** Runs one input of the core and deals with what comes out. */
  #guard(input: () => void, change: LogChange | null = null): void {
    if (this.#isStopped) return;
    try {
      input();
      this.#settle(change);
    } catch (error) {
      if (!(error instanceof RaftInvariantError)) throw error;
      this.#isStopped = true;
      this.#host.always(false, "raft-invariant", () => ({ error: error.message }));
      this.#host.exit(`The protocol is broken: ${error.message}`);
    }
  }

  #settle(change: LogChange | null): void {
    const core = this.#core;
    for (const mark of core.takeMarks()) this.#host.mark(mark);
    this.#install ??= core.takeInstall();
    this.#applyCommitted();
    this.#tell(change);
    for (const message of core.takeMessages()) this.#send(message);
    for (const { context, index } of core.takeReadStates()) this.#reads.confirm(context, index);
    for (const context of core.takeReadFailures()) this.#reads.fail(context);
    this.#reads.serve(this.#applied, this.#host.clock.monotonicUs());
    this.#arm();
    // The loop begins with a call of the disk that is still pending when it returns: the handler stays synchronous.
    if (!this.#isFlushing && this.#hasWork()) void this.#flush();
  }

  #send(message: Message): void {
    if (message.kind === "append-reply" && message.isSuccess) {
      this.#host.observe("raft.ack", () => ackOf(message, this.#host.name));
    }
    this.#transport.send(message);
  }

  #applyCommitted(): void {
    const { commit, log } = this.#core;
    while (this.#applied < commit) {
      const entry = log.at(this.#applied + 1);
      const resultHash = entry.data.length === 0 ? 0 : this.#stateMachine.apply(entry);
      this.#appliedHash = nextAppliedHash(this.#appliedHash, entry, resultHash);
      this.#applied += 1;
    }
  }

  #tell(change: LogChange | null): void {
    const core = this.#core;
    const told = this.#told;
    const from = core.takeChangedFrom();
    const isNews =
      change !== null ||
      from !== 0 ||
      told.commit !== core.commit ||
      told.durable !== core.durableIndex ||
      told.role !== core.role ||
      told.term !== core.term ||
      told.vote !== core.vote ||
      told.applied !== this.#applied ||
      told.durableTerm !== core.durableTerm ||
      told.durableVote !== core.durableVote;
    if (!isNews) return;
    told.commit = core.commit;
    told.durable = core.durableIndex;
    told.role = core.role;
    told.term = core.term;
    told.vote = core.vote;
    told.applied = this.#applied;
    told.durableTerm = core.durableTerm;
    told.durableVote = core.durableVote;
    this.#host.observe("raft.state", () => {
      const context = {
        host: this.#host.name,
        incarnation: this.#host.boot.incarnation,
        applied: this.#applied,
        appliedHash: this.#appliedHash,
        snapshotIndex: this.#snapshotIndex,
      };
      return observationOf(core, context, change ?? (from === 0 ? null : suffixChange(core, from)));
    });
  }

  // Time

  /** One timer for the earliest deadline; a deadline that moved away is found out when it fires. */
  #arm(): void {
    const dueUs = this.#core.nextDeadlineUs();
    if (this.#timer !== null && this.#timerDueUs <= dueUs) return;
    this.#timer?.cancel();
    this.#timerDueUs = dueUs;
    const delayUs = Math.max(1, dueUs - this.#host.clock.monotonicUs());
    this.#timer = this.#host.timers.after(delayUs, () => this.#onTimer(), { sync: true });
  }

  #onTimer(): void {
    this.#timer = null;
    const nowUs = this.#host.clock.monotonicUs();
    this.#guard(() => {
      if (nowUs >= this.#core.nextDeadlineUs()) this.#core.tick(nowUs);
    });
  }

  // The disk

  #hasWork(): boolean {
    return this.#core.hasUnsaved || this.#install !== null || this.#isSnapshotDue();
  }

  #isSnapshotDue(): boolean {
    return (
      this.#applied - this.#snapshotIndex >= this.#options.snapshotThresholdEntries &&
      this.#applied <= this.#core.durableIndex &&
      this.#install === null
    );
  }

  async #flush(): Promise<void> {
    this.#isFlushing = true;
    try {
      await this.#flushAll();
    } catch (error) {
      this.#isStopped = true;
      if (!(error instanceof DiskError)) throw error;
      this.#host.mark("raft.disk-failed");
      this.#host.exit(`The disk failed: ${error.message}`);
      return;
    }
    this.#isFlushing = false;
  }

  async #flushAll(): Promise<void> {
    /** Synced, but not yet recorded to be: nothing of it may be acknowledged. */
    let unconfirmed: Unsaved | null = null;
    for (;;) {
      if (this.#isSnapshotDue()) await this.#takeSnapshot();
      const unsaved = this.#core.takeUnsaved();
      if (unsaved !== null) {
        await this.#storage.save(unsaved);
        // A durable batch records that everything before it is synced.
        if (unconfirmed !== null) this.#saved(unconfirmed);
        unconfirmed = unsaved;
      } else if (unconfirmed !== null) {
        await this.#storage.confirm();
        const confirmed: Unsaved = unconfirmed;
        unconfirmed = null;
        this.#saved(confirmed);
      } else if (this.#install !== null) {
        await this.#installSnapshot(this.#install);
      } else if (!this.#isSnapshotDue()) {
        return;
      }
    }
  }

  #saved(unsaved: Unsaved): void {
    this.#guard(() => this.#core.saved(unsaved, this.#host.clock.monotonicUs()));
  }

  async #takeSnapshot(): Promise<void> {
    const index = this.#applied;
    const data = encodeImage(this.#appliedHash, this.#stateMachine.snapshot());
    const snapshot = { index, term: this.#core.log.termAt(index), data, checksum: crc32(data) };
    this.#host.mark("raft.snapshot-taken");
    this.#step("take-snapshot", index, snapshot.term);
    await this.#storage.saveSnapshot(snapshot);
    this.#snapshotIndex = index;
    this.#step("snapshot-taken", index);
    const compactTo = Math.max(0, index - this.#options.snapshotKeepEntries);
    this.#guard(() => this.#core.snapshotTaken(snapshot, compactTo));
  }

  async #installSnapshot(snapshot: Snapshot): Promise<void> {
    this.#step("begin-install", snapshot.index, snapshot.term);
    await this.#storage.saveSnapshot(snapshot);
    this.#install = null;
    this.#restore(snapshot);
    this.#core.snapshotInstalled(snapshot, this.#host.clock.monotonicUs());
    this.#guard(() => undefined, wholeChange(this.#core, "install"));
  }

  #restore(snapshot: Snapshot): void {
    const { appliedHash, state } = decodeImage(snapshot.data);
    this.#stateMachine.restore(state);
    this.#applied = snapshot.index;
    this.#appliedHash = appliedHash;
    this.#snapshotIndex = snapshot.index;
  }
}
