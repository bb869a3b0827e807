/**
 * One leadership: what a node does between winning an election and stepping down. It lives exactly as long as one term
 * of one leader, so nothing in it can leak into another term.
 *
 * Replication (paper, section 5.3; thesis, section 10.2), commit by counting (paper, section 5.4.2), reads by
 * confirmation rounds (thesis, section 6.4), transfer (thesis, section 3.10), the check for a quorum (thesis, section 6.2).
 */
import { type RaftLog, UNKNOWN_TERM } from "./log.ts";
import type {
  AppendReply,
  Entry,
  HeartbeatReply,
  Message,
  NodeId,
  ReadIndexMessage,
  Snapshot,
  SnapshotReply,
} from "./message.ts";
import type { RaftOptions } from "./options.ts";
import { Progress } from "./progress.ts";
import type { StepListener } from "./step.ts";

/** Reads that may wait at one leader; more are refused, and asked again by their clients. */
export const READS_PENDING_MAX: number = 4_096;

/** What a leadership needs of its node. */
export type LeaderContext = {
  readonly id: NodeId;
  readonly term: number;
  readonly others: readonly NodeId[];
  readonly quorum: number;
  readonly options: RaftOptions;
  readonly log: RaftLog;
  commit(): number;
  commitTo(index: number): void;
  snapshot(): Snapshot | null;
  send(message: Message): void;
  readConfirmed(context: number, index: number): void;
  readFailed(context: number): void;
  mark(name: string): void;
  readonly step: StepListener;
};

type PendingRead = { readonly from: NodeId; readonly context: number; readonly index: number; readonly round: number };
type DeferredRead = { readonly from: NodeId; readonly context: number };

export class Leadership {
  readonly #context: LeaderContext;
  readonly #followers: readonly Progress[];
  /** This node's own log is durable up to here. */
  #ownDurable: number;
  // Invariant: #confirmedRound <= #round. A round is one broadcast of heartbeats.
  #round = 0;
  #confirmedRound = 0;
  #pendingReads: PendingRead[] = [];
  #deferredReads: DeferredRead[] = [];
  #heartbeatDueUs: number;
  #quorumCheckDueUs: number;
  #transferTo: NodeId = 0;
  #transferDeadlineUs = 0;
  #wasTransferSent = false;
  /** Reused by each count, so that a reply allocates nothing. */
  readonly #scratch: number[] = [];

  constructor(context: LeaderContext, ownDurable: number, nowUs: number) {
    this.#context = context;
    const { options } = context;
    const next = context.log.lastIndex + 1;
    this.#followers = context.others.map((id) => new Progress(id, next, options.inflightMax, nowUs));
    this.#ownDurable = ownDurable;
    this.#heartbeatDueUs = nowUs + options.heartbeatUs;
    this.#quorumCheckDueUs = nowUs + options.electionTimeoutUsMax;
  }

  /** Up to where each follower is known to hold this leader's log, in the order of `others`. */
  matches(): number[] {
    return this.#followers.map((follower) => follower.match);
  }

  get isTransferring(): boolean {
    return this.#transferTo !== 0;
  }

  nextDeadlineUs(): number {
    const due = Math.min(this.#heartbeatDueUs, this.#quorumCheckDueUs);
    return this.#transferTo === 0 ? due : Math.min(due, this.#transferDeadlineUs);
  }

  /** Returns false when a quorum is out of hearing and the leader has to step down. */
  tick(nowUs: number): boolean {
    const { options } = this.#context;
    if (this.#transferTo !== 0 && nowUs >= this.#transferDeadlineUs) {
      this.#transferTo = 0;
      this.#context.mark("raft.transfer-aborted");
    }
    if (nowUs >= this.#quorumCheckDueUs) {
      this.#quorumCheckDueUs = nowUs + options.electionTimeoutUsMax;
      const hasQuorum = this.#countAndForgetActive() >= this.#context.quorum;
      if (options.hasCheckQuorum && !hasQuorum) return false;
    }
    if (nowUs >= this.#heartbeatDueUs) this.#broadcastHeartbeat(nowUs);
    return true;
  }

  #countAndForgetActive(): number {
    let count = 1;
    for (const follower of this.#followers) {
      if (follower.isRecentlyActive) count += 1;
      follower.isRecentlyActive = false;
    }
    return count;
  }

  #broadcastHeartbeat(nowUs: number): void {
    const { id, term, options } = this.#context;
    this.#round += 1;
    this.#context.step("start-round", this.#round);
    this.#heartbeatDueUs = nowUs + options.heartbeatUs;
    const commit = this.#context.commit();
    for (const follower of this.#followers) {
      this.#context.send({
        kind: "heartbeat",
        from: id,
        to: follower.id,
        term,
        commit: Math.min(follower.match, commit),
        round: this.#round,
      });
    }
  }

  /** Sends what each follower's window allows. */
  replicate(nowUs: number): void {
    for (const follower of this.#followers) this.#sendAppends(follower, nowUs);
  }

  #sendAppends(follower: Progress, nowUs: number): void {
    const { log } = this.#context;
    while (!follower.isPaused()) {
      if (follower.state === "snapshot") {
        this.#sendChunk(follower, nowUs);
        return;
      }
      if (follower.state === "replicate" && follower.next > log.lastIndex) return;
      const prevIndex = follower.next - 1;
      const prevTerm = log.termAt(prevIndex);
      if (prevTerm === UNKNOWN_TERM) {
        if (!this.#startSnapshot(follower)) return;
        continue;
      }
      this.#sendAppend(follower, prevIndex, prevTerm, nowUs);
    }
  }

  #sendAppend(follower: Progress, prevIndex: number, prevTerm: number, nowUs: number): void {
    const { id, term } = this.#context;
    const entries = this.#batchAfter(prevIndex);
    const commit = this.#context.commit();
    this.#context.send({ kind: "append", from: id, to: follower.id, term, prevIndex, prevTerm, commit, entries });
    follower.sent(prevIndex + entries.length, nowUs);
  }

  /** At most batchEntriesMax entries and batchBytesMax bytes, but at least one entry where there is one. */
  #batchAfter(prevIndex: number): readonly Entry[] {
    const { log, options } = this.#context;
    const lastPossible = Math.min(log.lastIndex, prevIndex + options.batchEntriesMax);
    let bytes = 0;
    let last = prevIndex;
    while (last < lastPossible) {
      bytes += log.at(last + 1).data.length;
      if (bytes > options.batchBytesMax && last > prevIndex) break;
      last += 1;
    }
    return log.slice(prevIndex + 1, last);
  }

  /** False when there is no snapshot that reaches as far as the log begins. */
  #startSnapshot(follower: Progress): boolean {
    const snapshot = this.#context.snapshot();
    if (snapshot === null || snapshot.index < this.#context.log.baseIndex) return false;
    follower.startSnapshot(snapshot);
    this.#context.mark("raft.snapshot-sent");
    return true;
  }

  #sendChunk(follower: Progress, nowUs: number): void {
    const { id, term, options } = this.#context;
    const { snapshot, snapshotOffset: offset } = follower;
    if (snapshot === null) return;
    this.#context.send({
      kind: "snapshot-chunk",
      from: id,
      to: follower.id,
      term,
      snapshotIndex: snapshot.index,
      snapshotTerm: snapshot.term,
      snapshotChecksum: snapshot.checksum,
      totalBytes: snapshot.data.length,
      offset,
      data: snapshot.data.subarray(offset, offset + options.chunkBytes),
    });
    follower.sent(follower.next - 1, nowUs);
  }

  /** The reply is of this leader's term: the core has sorted out the others. */
  onAppendReply(reply: AppendReply, nowUs: number): void {
    const follower = this.#followerOf(reply.from);
    if (follower === undefined) return;
    follower.isRecentlyActive = true;
    if (reply.isSuccess) {
      const isNews = follower.acknowledge(reply.index, nowUs);
      this.#context.step("receive-ack", reply.from, reply.index);
      if (isNews) this.#advanceCommit(nowUs);
      this.#sendAppends(follower, nowUs);
      this.#continueTransfer();
      return;
    }
    this.#onRejection(follower, reply, nowUs);
  }

  #onRejection(follower: Progress, reply: AppendReply, nowUs: number): void {
    const isStale = reply.index <= follower.match || follower.state === "snapshot";
    if (isStale) return;
    // In probe state only the answer to the present probe counts: an older one would send the same batch again.
    if (follower.state === "probe" && reply.index !== follower.next - 1) return;
    const agreement = this.#context.log.lastAtMostTerm(reply.hintIndex, reply.hintTerm);
    // A hint says where the logs may agree, never that they do: only `next` moves (CCF PR 5326).
    follower.backTrack(Math.min(reply.index, agreement + 1));
    this.#context.step("receive-reject", reply.from);
    this.#context.mark("raft.back-track");
    this.#sendAppends(follower, nowUs);
  }

  onHeartbeatReply(reply: HeartbeatReply, nowUs: number): void {
    const follower = this.#followerOf(reply.from);
    if (follower === undefined) return;
    follower.isRecentlyActive = true;
    if (reply.round > follower.ackedRound) follower.ackedRound = reply.round;
    this.#context.step("count-round", reply.from, reply.round);
    if (follower.isStalled(nowUs, 2 * this.#context.options.heartbeatUs)) follower.retry();
    if (follower.match < this.#context.log.lastIndex) this.#sendAppends(follower, nowUs);
    this.#confirmReads(nowUs);
  }

  onSnapshotReply(reply: SnapshotReply, nowUs: number): void {
    const follower = this.#followerOf(reply.from);
    if (follower === undefined) return;
    follower.isRecentlyActive = true;
    if (follower.snapshot === null || follower.snapshot.index !== reply.snapshotIndex) return;
    // A duplicated reply must not start a second chain of chunks; 0 is a follower that lost what it had.
    if (reply.nextOffset <= follower.snapshotOffset && reply.nextOffset !== 0) return;
    follower.snapshotProgressed(reply.nextOffset, nowUs);
    this.#sendAppends(follower, nowUs);
  }

  #followerOf(id: NodeId): Progress | undefined {
    return this.#followers.find((follower) => follower.id === id);
  }

  /** This node's own log is durable up to `index`: only now does it count towards a quorum. */
  ownLogIsDurable(index: number, nowUs: number): void {
    this.#ownDurable = index;
    this.#advanceCommit(nowUs);
  }

  #advanceCommit(nowUs: number): void {
    const { log, term, quorum } = this.#context;
    const index = this.#quorumIndex(quorum);
    if (index <= this.#context.commit()) return;
    // Only an entry of the own term is committed by counting; earlier ones follow with it (paper, section 5.4.2, figure 8).
    if (log.termAt(index) !== term) return;
    this.#context.commitTo(index);
    this.#releaseDeferredReads(nowUs);
  }

  /** The largest index that a quorum holds durably. */
  #quorumIndex(quorum: number): number {
    const held = this.#scratch;
    held.length = 0;
    held.push(this.#ownDurable);
    for (const follower of this.#followers) held.push(follower.match);
    held.sort((a, b) => b - a);
    return held[quorum - 1]!;
  }

  // Reads

  onReadIndex(message: ReadIndexMessage, nowUs: number): void {
    this.requestRead({ from: message.from, context: message.context }, nowUs);
  }

  /** Confirms that this node still leads, after the request came; then the commit index of now is safe to read at. */
  requestRead(read: DeferredRead, nowUs: number): void {
    if (this.#pendingReads.length + this.#deferredReads.length >= READS_PENDING_MAX) {
      this.#refuseRead(read);
      return;
    }
    // A new leader knows what is committed only once an entry of its own term is (paper, section 8).
    if (this.#context.log.termAt(this.#context.commit()) !== this.#context.term) {
      this.#deferRead(read);
      return;
    }
    // The round has to begin after the request: one that is already out may have been answered before.
    this.#pendingReads.push({ ...read, index: this.#context.commit(), round: this.#round + 1 });
    this.#context.step("begin-read", read.from, read.context);
    // A group of one is its own quorum: no reply will ever come to confirm the rounds of its heartbeats.
    this.#confirmReads(nowUs);
    const isRoundOut = this.#confirmedRound < this.#round;
    if (!isRoundOut) this.#broadcastHeartbeat(nowUs);
    this.#confirmReads(nowUs);
  }

  #deferRead(read: DeferredRead): void {
    this.#context.mark("raft.read-deferred");
    this.#deferredReads.push(read);
  }

  #releaseDeferredReads(nowUs: number): void {
    if (this.#deferredReads.length === 0) return;
    const reads = this.#deferredReads;
    this.#deferredReads = [];
    for (const read of reads) this.requestRead(read, nowUs);
  }

  #confirmReads(nowUs: number): void {
    const confirmed = this.#quorumRound();
    if (confirmed <= this.#confirmedRound) return;
    this.#confirmedRound = confirmed;
    if (this.#pendingReads.length === 0) return;
    const waiting: PendingRead[] = [];
    for (const read of this.#pendingReads) {
      if (read.round <= confirmed) this.#answerRead(read);
      else waiting.push(read);
    }
    this.#pendingReads = waiting;
    if (waiting.length > 0 && confirmed === this.#round) this.#broadcastHeartbeat(nowUs);
  }

  #quorumRound(): number {
    const rounds = this.#scratch;
    rounds.length = 0;
    rounds.push(this.#round);
    for (const follower of this.#followers) rounds.push(follower.ackedRound);
    rounds.sort((a, b) => b - a);
    return rounds[this.#context.quorum - 1]!;
  }

  #answerRead(read: PendingRead): void {
    const { id, term } = this.#context;
    this.#context.step("confirm-read", read.from, read.context, read.index);
    if (read.from === id) {
      this.#context.readConfirmed(read.context, read.index);
      return;
    }
    const { from: to, context, index } = read;
    this.#context.send({ kind: "read-index-reply", from: id, to, term, context, isConfirmed: true, index });
  }

  #refuseRead(read: DeferredRead): void {
    const { id, term } = this.#context;
    if (read.from === id) {
      this.#context.readFailed(read.context);
      return;
    }
    const { from: to, context } = read;
    this.#context.send({ kind: "read-index-reply", from: id, to, term, context, isConfirmed: false, index: 0 });
  }

  /** The leadership is over: its own unanswered reads fail; those of others time out there. */
  end(): void {
    for (const read of this.#pendingReads) if (read.from === this.#context.id) this.#context.readFailed(read.context);
    for (const read of this.#deferredReads) if (read.from === this.#context.id) this.#context.readFailed(read.context);
    this.#pendingReads = [];
    this.#deferredReads = [];
  }

  // Transfer

  /** False when `to` is no follower, or another transfer is going on. Proposals are refused until it ends. */
  transferTo(to: NodeId, nowUs: number): boolean {
    if (this.#transferTo !== 0 || this.#followerOf(to) === undefined) return false;
    this.#transferTo = to;
    this.#wasTransferSent = false;
    this.#transferDeadlineUs = nowUs + this.#context.options.electionTimeoutUsMax;
    this.#continueTransfer();
    return true;
  }

  /** The target may stand for election at once, as soon as it holds the whole log. */
  #continueTransfer(): void {
    if (this.#transferTo === 0 || this.#wasTransferSent) return;
    const target = this.#followerOf(this.#transferTo);
    if (target === undefined || target.match !== this.#context.log.lastIndex) return;
    const { id: from, term } = this.#context;
    this.#wasTransferSent = true;
    this.#context.mark("raft.transfer");
    this.#context.send({ kind: "timeout-now", from, to: target.id, term });
  }
}
