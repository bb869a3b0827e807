/**
 * The consensus core of one node: messages, ticks and requests in; messages, entries to persist, commits and confirmed
 * reads out. It does no I/O and reads no clock: time is an argument, and what has to be durable before a message may
 * leave is held back until `saved` says so.
 *
 * The protocol is that of the Raft paper, with PreVote and CheckQuorum of the thesis (sections 9.6 and 6.2).
 * How a driver uses it: call an input; then take messages, unsaved state, the snapshot to install, the confirmed reads,
 * the log change; apply what is committed. One input at a time; nothing here calls back.
 *
 * Above 400 lines, because the guards of one protocol are read together.
 */
import { crc32 } from "./bytes.ts";
import { Leadership, type LeaderContext } from "./leader.ts";
import { type RaftLog, UNKNOWN_TERM } from "./log.ts";
import type {
  AppendMessage,
  AppendReply,
  Entry,
  HeartbeatMessage,
  Message,
  NodeId,
  ReadIndexMessage,
  ReadIndexReply,
  Snapshot,
  SnapshotChunk,
  VoteMessage,
  VoteReply,
} from "./message.ts";
import type { RaftOptions } from "./options.ts";
import { Outbox } from "./outbox.ts";
import { type StepListener, stepOfMessage } from "./step.ts";
import { SnapshotAssembly } from "./snapshot-assembly.ts";

export type Role = "follower" | "pre-candidate" | "candidate" | "leader";

export type HardState = { readonly term: number; readonly vote: NodeId; readonly commit: number };

/** What has to reach the disk, in this order: entries replace the log from their first index on. */
export type Unsaved = HardState & {
  /** Number of the latest change that is in here. */
  readonly sequence: number;
  readonly entries: readonly Entry[];
  /** Where the log ends with these entries. */
  readonly lastIndex: number;
  readonly lastTerm: number;
};

export type ReadState = { readonly context: number; readonly index: number };

export type CoreInit = {
  readonly id: NodeId;
  /** All members, this one included. */
  readonly voters: readonly NodeId[];
  readonly options: RaftOptions;
  /** A uniform integer from min to max, both included. */
  readonly randomBetween: (min: number, max: number) => number;
  readonly hardState: HardState;
  /** Durable in whole. The core owns it from here on. */
  readonly log: RaftLog;
  /** Whose index is the base of the log, or above it. */
  readonly snapshot: Snapshot | null;
  readonly nowUs: number;
  /** Hears of each atomic step of the protocol, at once (step.ts). It must call nothing of the core but what can be seen. */
  readonly onStep?: StepListener;
};

/** The protocol itself is broken: two leaders in one term, a committed entry to be overwritten. The node must stop. */
export class RaftInvariantError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "RaftInvariantError";
  }
}

/** Shared, because most inputs yield nothing of a kind. */
const NO_READS: readonly ReadState[] = [];
const NO_CONTEXTS: readonly number[] = [];
const NO_MARKS: readonly string[] = [];

export class RaftCore {
  readonly id: NodeId;
  readonly #others: readonly NodeId[];
  readonly #quorum: number;
  readonly #options: RaftOptions;
  readonly #randomBetween: (min: number, max: number) => number;
  readonly #log: RaftLog;
  readonly #leaderContext: Omit<LeaderContext, "term">;

  // Invariant: #term never decreases; #vote is 0 or the only candidate of #term that this node ever granted.
  #term: number;
  #vote: NodeId;
  // Invariant: log.baseIndex <= #commit <= log.lastIndex; it never decreases.
  #commit: number;
  #role: Role = "follower";
  #leader: NodeId = 0;
  /** Not null exactly while this node is the leader. */
  #leadership: Leadership | null = null;
  #snapshot: Snapshot | null;
  #nowUs: number;

  #electionTimeoutUs = 0;
  #electionDeadlineUs = 0;
  /** When this node last heard of a live leader of its term. */
  #leaderHeardUs = 0;
  /** Voters that granted the election under way. */
  readonly #grants: Set<NodeId> = new Set();

  #durableTerm: number;
  #durableVote: NodeId;
  // Invariant: entries of the log up to here are durable, as they are now.
  #durableIndex: number;
  /** First index that was not handed out to be persisted. */
  #unsavedFrom: number;
  readonly #outbox: Outbox;
  readonly #onStep: StepListener;
  #readStates: ReadState[] = [];
  #readFailures: number[] = [];
  #marks: string[] = [];
  #changedFrom = 0;
  #stepChangedFrom = 0;
  readonly #assembly = new SnapshotAssembly();
  #install: Snapshot | null = null;
  #isInstalling = false;

  constructor(init: CoreInit) {
    this.id = init.id;
    this.#others = init.voters.filter((id) => id !== init.id);
    this.#quorum = Math.floor(init.voters.length / 2) + 1;
    this.#options = init.options;
    this.#randomBetween = init.randomBetween;
    this.#log = init.log;
    this.#term = init.hardState.term;
    this.#vote = init.hardState.vote;
    this.#commit = Math.max(init.hardState.commit, init.log.baseIndex);
    this.#snapshot = init.snapshot;
    this.#durableTerm = init.hardState.term;
    this.#durableVote = init.hardState.vote;
    this.#durableIndex = init.log.lastIndex;
    this.#unsavedFrom = init.log.lastIndex + 1;
    this.#nowUs = init.nowUs;
    this.#onStep = init.onStep ?? (() => undefined);
    this.#outbox = new Outbox((message) => stepOfMessage(message, this.#onStep));
    if (this.#commit > init.log.lastIndex) {
      throw new RaftInvariantError(`The commit index ${this.#commit} is above the last index ${init.log.lastIndex}.`);
    }
    this.#leaderContext = {
      id: this.id,
      others: this.#others,
      quorum: this.#quorum,
      options: this.#options,
      log: this.#log,
      commit: () => this.#commit,
      commitTo: (index) => {
        this.#commitTo(index);
        this.#onStep("advance-commit", index);
      },
      snapshot: () => this.#snapshot,
      send: (message) => this.#send(message),
      readConfirmed: (context, index) => this.#readStates.push({ context, index }),
      readFailed: (context) => this.#readFailures.push(context),
      mark: (name) => this.#marks.push(name),
      step: this.#onStep,
    };
    this.#drawElectionTimeout();
  }

  // What can be seen

  get term(): number {
    return this.#term;
  }
  get vote(): NodeId {
    return this.#vote;
  }
  get role(): Role {
    return this.#role;
  }
  /** The leader of the present term as far as known, 0 if not. */
  get leader(): NodeId {
    return this.#leader;
  }
  get commit(): number {
    return this.#commit;
  }
  get durableTerm(): number {
    return this.#durableTerm;
  }
  get durableVote(): NodeId {
    return this.#durableVote;
  }
  get durableIndex(): number {
    return this.#durableIndex;
  }
  /** To be read only: the core alone changes its log. */
  get log(): Pick<RaftLog, "baseIndex" | "baseTerm" | "lastIndex" | "lastTerm" | "termAt" | "at" | "slice"> {
    return this.#log;
  }
  /** What this leader knows to be durable at each of the other members, in their order; null for others. */
  get matches(): readonly number[] | null {
    return this.#leadership?.matches() ?? null;
  }
  get isTransferring(): boolean {
    return this.#leadership?.isTransferring ?? false;
  }

  /** When `tick` has to be called at the latest, on the clock of nowUs. */
  nextDeadlineUs(): number {
    return this.#leadership === null ? this.#electionDeadlineUs : this.#leadership.nextDeadlineUs();
  }

  // What a driver takes after each input

  takeMessages(): readonly Message[] {
    return this.#outbox.take();
  }

  /** Reads confirmed: each may be served once its index has been applied. */
  takeReadStates(): readonly ReadState[] {
    if (this.#readStates.length === 0) return NO_READS;
    const states = this.#readStates;
    this.#readStates = [];
    return states;
  }

  /** Contexts of reads that will not be confirmed. */
  takeReadFailures(): readonly number[] {
    if (this.#readFailures.length === 0) return NO_CONTEXTS;
    const failures = this.#readFailures;
    this.#readFailures = [];
    return failures;
  }

  takeMarks(): readonly string[] {
    if (this.#marks.length === 0) return NO_MARKS;
    const marks = this.#marks;
    this.#marks = [];
    return marks;
  }

  /** The first index at which the log differs from what it was at the last call, or 0. */
  takeChangedFrom(): number {
    const from = this.#changedFrom;
    this.#changedFrom = 0;
    return from;
  }

  /** The same for who listens to steps, counted by itself. */
  takeStepChangedFrom(): number {
    const from = this.#stepChangedFrom;
    this.#stepChangedFrom = 0;
    return from;
  }

  get hasUnsaved(): boolean {
    return this.#outbox.hasUnsaved;
  }

  /** What has to be persisted next; null when nothing is. Batches are to be made durable in the order of these calls. */
  takeUnsaved(): Unsaved | null {
    if (!this.hasUnsaved) return null;
    const sequence = this.#outbox.takeUnsaved();
    const { lastIndex, lastTerm } = this.#log;
    const entries = this.#log.slice(this.#unsavedFrom, lastIndex);
    this.#unsavedFrom = lastIndex + 1;
    const { term, vote, commit } = { term: this.#term, vote: this.#vote, commit: this.#commit };
    this.#onStep("write", term, vote, commit, lastIndex, lastTerm);
    return { sequence, term, vote, commit, entries, lastIndex, lastTerm };
  }

  /** A received snapshot, to be made durable and installed; then call snapshotInstalled. Null when there is none. */
  takeInstall(): Snapshot | null {
    const snapshot = this.#install;
    this.#install = null;
    return snapshot;
  }

  // Inputs

  tick(nowUs: number): void {
    this.#nowUs = nowUs;
    if (this.#leadership !== null) {
      if (this.#leadership.tick(nowUs)) return;
      this.#marks.push("raft.check-quorum-step-down");
      this.#becomeFollower(this.#term, 0);
      return;
    }
    if (nowUs < this.#electionDeadlineUs) return;
    // While a snapshot is being installed the log is about to be replaced: this is no time to stand for election.
    if (this.#isInstalling) {
      this.#drawElectionTimeout();
      return;
    }
    this.#campaign(false);
  }

  step(message: Message, nowUs: number): void {
    this.#nowUs = nowUs;
    if (message.to !== this.id || !this.#others.includes(message.from)) return;
    if (message.term > this.#term && !this.#isHypothetical(message)) {
      if (message.kind === "vote" && !message.isTransfer && this.#hasLiveLeader()) {
        this.#marks.push("raft.vote-ignored-in-lease");
        return;
      }
      this.#becomeFollower(message.term, isFromLeader(message) ? message.from : 0);
    }
    this.#dispatch(message);
  }

  /** A pre-vote and its grant name a term that nobody has entered yet. */
  #isHypothetical(message: Message): boolean {
    return message.kind === "pre-vote" || (message.kind === "pre-vote-reply" && message.isGranted);
  }

  #dispatch(message: Message): void {
    switch (message.kind) {
      case "append":
        this.#onAppend(message);
        break;
      case "append-reply":
        if (message.term !== this.#term) return;
        this.#leadership?.onAppendReply(message, this.#nowUs);
        break;
      case "heartbeat":
        this.#onHeartbeat(message);
        break;
      case "heartbeat-reply":
        if (message.term !== this.#term) return;
        this.#leadership?.onHeartbeatReply(message, this.#nowUs);
        break;
      case "vote":
        this.#onVote(message);
        break;
      case "vote-reply":
        this.#onVoteReply(message);
        break;
      case "pre-vote":
        this.#onPreVote(message);
        break;
      case "pre-vote-reply":
        this.#onPreVoteReply(message);
        break;
      case "snapshot-chunk":
        this.#onSnapshotChunk(message);
        break;
      case "snapshot-reply":
        if (message.term !== this.#term) return;
        this.#leadership?.onSnapshotReply(message, this.#nowUs);
        break;
      case "timeout-now":
        this.#onTimeoutNow(message.term, message.from);
        break;
      case "read-index":
        this.#onReadIndex(message);
        break;
      case "read-index-reply":
        this.#onReadIndexReply(message);
        break;
    }
  }

  /** Appends a command; returns its index, or 0 when this node does not lead, or is handing the lead over. */
  propose(data: Uint8Array, nowUs: number): number {
    this.#nowUs = nowUs;
    const leadership = this.#leadership;
    if (leadership === null || leadership.isTransferring) return 0;
    const index = this.#log.lastIndex + 1;
    this.#appendToLog({ index, term: this.#term, data, checksum: crc32(data) });
    this.#onStep("propose", index);
    leadership.replicate(nowUs);
    return index;
  }

  /** Asks for an index to read at; the answer is a read state or a read failure. `context` is never used twice. */
  readIndex(context: number, nowUs: number): void {
    this.#nowUs = nowUs;
    if (this.#leadership !== null) {
      this.#leadership.requestRead({ from: this.id, context }, nowUs);
      return;
    }
    if (this.#leader === 0) {
      this.#readFailures.push(context);
      return;
    }
    this.#send({ kind: "read-index", from: this.id, to: this.#leader, term: this.#term, context });
  }

  /** False when this node does not lead, or cannot hand over to that one. */
  transferLeadership(to: NodeId, nowUs: number): boolean {
    this.#nowUs = nowUs;
    return this.#leadership?.transferTo(to, nowUs) ?? false;
  }

  /** What takeUnsaved returned is durable. */
  saved(unsaved: Unsaved, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#durableTerm = unsaved.term;
    this.#durableVote = unsaved.vote;
    this.#onStep("sync", unsaved.lastIndex);
    // The log may have been truncated in the meantime: equal terms at the end mean an equal prefix (paper, section 5.3).
    const isStillInLog = this.#log.termAt(unsaved.lastIndex) === unsaved.lastTerm;
    if (isStillInLog && unsaved.lastIndex > this.#durableIndex) this.#durableIndex = unsaved.lastIndex;
    this.#outbox.saved(unsaved.sequence, this.#term);
    if (this.#role === "candidate" && this.#durableTerm === this.#term && !this.#grants.has(this.id)) {
      this.#onStep("send-vote", this.id);
      this.#countGrant(this.id);
    }
    this.#leadership?.ownLogIsDurable(this.#durableIndex, nowUs);
  }

  /** A snapshot that this node took is durable; the log up to `compactTo` may go. */
  snapshotTaken(snapshot: Snapshot, compactTo: number): void {
    this.#snapshot = snapshot;
    if (compactTo > this.#log.baseIndex) this.#log.compactTo(compactTo);
  }

  /** What takeInstall returned is durable, and the state machine restored from it. */
  snapshotInstalled(snapshot: Snapshot, nowUs: number): void {
    this.#nowUs = nowUs;
    this.#isInstalling = false;
    this.#snapshot = snapshot;
    this.#log.reset(snapshot);
    this.#commit = snapshot.index;
    this.#durableIndex = snapshot.index;
    this.#unsavedFrom = snapshot.index + 1;
    this.#stepChangedFrom = snapshot.index + 1;
    this.#onStep("install", snapshot.index, snapshot.term);
    this.#marks.push("raft.snapshot-installed");
    if (this.#leader !== 0) this.#acknowledge(this.#leader, snapshot.index);
  }

  // Roles

  #becomeFollower(term: number, leader: NodeId): void {
    const isNewTerm = term > this.#term;
    const isResigning = this.#role === "candidate" || this.#role === "leader";
    if (isNewTerm) {
      this.#term = term;
      this.#vote = 0;
      this.#outbox.changed();
    }
    this.#endLeadership();
    if (this.#role !== "follower" || leader !== 0) this.#drawElectionTimeout();
    this.#role = "follower";
    this.#leader = leader;
    this.#leaderHeardUs = this.#nowUs;
    if (isNewTerm) this.#onStep("step-down", term);
    else if (isResigning) this.#onStep("resign");
  }

  #endLeadership(): void {
    if (this.#leadership === null) return;
    this.#leadership.end();
    this.#leadership = null;
  }

  #campaign(isTransfer: boolean): void {
    if (this.#options.hasPreVote && !isTransfer && this.#quorum > 1) {
      this.#askForPreVotes();
      return;
    }
    this.#becomeCandidate(isTransfer);
  }

  #askForPreVotes(): void {
    this.#role = "pre-candidate";
    this.#leader = 0;
    this.#grants.clear();
    this.#grants.add(this.id);
    this.#drawElectionTimeout();
    this.#onStep("poll");
    for (const to of this.#others) this.#send(this.#voteRequest("pre-vote", to, this.#term + 1, false));
  }

  #becomeCandidate(isTransfer: boolean): void {
    const isPolled = this.#role === "pre-candidate";
    this.#role = "candidate";
    this.#leader = 0;
    this.#grants.clear();
    this.#term += 1;
    this.#vote = this.id;
    this.#outbox.changed();
    this.#drawElectionTimeout();
    this.#onStep(isPolled ? "polled-timeout" : "timeout");
    // The own vote is counted, and asked for, once it is durable: see saved.
    for (const to of this.#others) this.#sendWhenDurable(this.#voteRequest("vote", to, this.#term, isTransfer));
  }

  #voteRequest(kind: "vote" | "pre-vote", to: NodeId, term: number, isTransfer: boolean): VoteMessage {
    const { lastIndex, lastTerm } = this.#log;
    return { kind, from: this.id, to, term, lastIndex, lastTerm, isTransfer };
  }

  #becomeLeader(): void {
    this.#role = "leader";
    this.#leader = this.id;
    this.#leadership = new Leadership({ ...this.#leaderContext, term: this.#term }, this.#durableIndex, this.#nowUs);
    this.#onStep("become-leader");
    // An entry of the own term, so that those of earlier terms can be committed with it (paper, section 8).
    this.#appendToLog({ index: this.#log.lastIndex + 1, term: this.#term, data: new Uint8Array(0), checksum: 0 });
    this.#onStep("propose", this.#log.lastIndex);
    this.#leadership.replicate(this.#nowUs);
  }

  #drawElectionTimeout(): void {
    this.#electionTimeoutUs = this.#randomBetween(
      this.#options.electionTimeoutUsMin,
      this.#options.electionTimeoutUsMax,
    );
    this.#electionDeadlineUs = this.#nowUs + this.#electionTimeoutUs;
  }

  // Elections

  /** A leader that was heard within the shortest election timeout is alive; it leaves by itself if it lost its quorum. */
  #hasLiveLeader(): boolean {
    if (!this.#options.hasCheckQuorum || this.#leader === 0) return false;
    return this.#role === "leader" || this.#nowUs - this.#leaderHeardUs < this.#options.electionTimeoutUsMin;
  }

  #onVote(message: VoteMessage): void {
    if (message.term < this.#term) {
      this.#replyToVote(message.from, false);
      return;
    }
    const isVoteFree = this.#vote === message.from || (this.#vote === 0 && this.#leader === 0);
    // The election restriction: a voter never helps a log that may lack a committed entry (paper, section 5.4.1).
    const isUpToDate = this.#log.isCoveredBy(message.lastTerm, message.lastIndex);
    const isGranted = isVoteFree && isUpToDate;
    if (isGranted) {
      if (this.#role === "pre-candidate") this.#becomeFollower(this.#term, 0);
      if (this.#vote !== message.from) this.#outbox.changed();
      this.#vote = message.from;
      this.#onStep("grant-vote", message.from, message.lastTerm, message.lastIndex);
      this.#electionDeadlineUs = this.#nowUs + this.#electionTimeoutUs;
    }
    this.#replyToVote(message.from, isGranted);
  }

  /** A vote leaves this node only after it is durable (paper, figure 2): a restart must not grant it to somebody else. */
  #replyToVote(to: NodeId, isGranted: boolean): void {
    const reply: VoteReply = { kind: "vote-reply", from: this.id, to, term: this.#term, isGranted };
    this.#sendWhenDurable(reply);
  }

  #onVoteReply(reply: VoteReply): void {
    // A grant of an earlier term was given to another candidacy of this node.
    if (reply.term !== this.#term) return;
    if (this.#role !== "candidate") return;
    if (reply.isGranted) this.#countGrant(reply.from);
  }

  #countGrant(from: NodeId): void {
    this.#grants.add(from);
    this.#onStep("count-vote", from);
    if (this.#grants.size >= this.#quorum) this.#becomeLeader();
  }

  #onPreVote(message: VoteMessage): void {
    if (this.#hasLiveLeader() && !message.isTransfer) return;
    const isUpToDate = this.#log.isCoveredBy(message.lastTerm, message.lastIndex);
    const isGranted = message.term > this.#term && isUpToDate && this.#role !== "leader";
    // A refusal carries this node's own term, so that a candidate that is behind learns of it.
    const term = isGranted ? message.term : this.#term;
    if (isGranted) this.#onStep("back", message.from, message.term, message.lastTerm, message.lastIndex);
    this.#send({ kind: "pre-vote-reply", from: this.id, to: message.from, term, isGranted });
  }

  #onPreVoteReply(reply: VoteReply): void {
    if (this.#role !== "pre-candidate" || !reply.isGranted) return;
    if (reply.term !== this.#term + 1) return;
    this.#grants.add(reply.from);
    this.#onStep("count-backer", reply.from);
    if (this.#grants.size >= this.#quorum) this.#becomeCandidate(false);
  }

  #onTimeoutNow(term: number, from: NodeId): void {
    if (term !== this.#term || this.#role !== "follower" || this.#leader !== from) return;
    if (this.#isInstalling) return;
    this.#marks.push("raft.timeout-now");
    this.#campaign(true);
  }

  // Following

  /** False when the sender is no leader of the present term: it is told so, and steps down. */
  #acceptLeader(message: AppendMessage | HeartbeatMessage | SnapshotChunk): boolean {
    if (message.term < this.#term) {
      this.#reject(message.from, 0);
      return false;
    }
    if (this.#role === "leader") {
      throw new RaftInvariantError(`Nodes ${this.id} and ${message.from} both lead in term ${this.#term}.`);
    }
    if (this.#role !== "follower" || this.#leader !== message.from) this.#becomeFollower(message.term, message.from);
    this.#leaderHeardUs = this.#nowUs;
    this.#electionDeadlineUs = this.#nowUs + this.#electionTimeoutUs;
    return true;
  }

  #onAppend(message: AppendMessage): void {
    if (!this.#acceptLeader(message) || this.#isInstalling) return;
    const verified = message.prevIndex + message.entries.length;
    // What lies below the base was committed, hence is what the leader has.
    if (message.prevIndex >= this.#log.baseIndex && this.#log.termAt(message.prevIndex) !== message.prevTerm) {
      this.#reject(message.from, message.prevIndex, message.prevTerm);
      return;
    }
    for (const entry of message.entries) {
      if (entry.index <= this.#log.baseIndex) continue;
      const ownTerm = this.#log.termAt(entry.index);
      // Only a real conflict truncates: this message may be older than what was acknowledged since (paper, figure 2, step 3).
      if (ownTerm === entry.term) continue;
      if (ownTerm !== UNKNOWN_TERM) this.#truncateFrom(entry.index);
      this.#appendToLog(entry);
    }
    // Beyond what this message verified, the own log may hold leftovers of another term.
    this.#commitTo(Math.min(message.commit, verified));
    this.#onStep("receive-append", message.term, message.prevIndex, message.prevTerm, verified, message.commit);
    this.#acknowledge(message.from, verified);
  }

  #truncateFrom(index: number): void {
    if (index <= this.#commit) {
      throw new RaftInvariantError(
        `Entry ${index} would be overwritten, but the log is committed up to ${this.#commit}.`,
      );
    }
    this.#marks.push("raft.conflict-truncated");
    this.#log.truncateFrom(index);
    this.#logChangedFrom(index);
    this.#durableIndex = Math.min(this.#durableIndex, index - 1);
  }

  #appendToLog(entry: Entry): void {
    this.#log.append(entry);
    this.#logChangedFrom(entry.index);
  }

  #logChangedFrom(index: number): void {
    this.#outbox.changed();
    if (index < this.#unsavedFrom) this.#unsavedFrom = index;
    if (this.#changedFrom === 0 || index < this.#changedFrom) this.#changedFrom = index;
    if (this.#stepChangedFrom === 0 || index < this.#stepChangedFrom) this.#stepChangedFrom = index;
  }

  /** The log agrees with the leader's up to `index`; said only after that much of it is durable. */
  #acknowledge(to: NodeId, index: number): void {
    const reply: AppendReply = {
      kind: "append-reply",
      from: this.id,
      to,
      term: this.#term,
      isSuccess: true,
      index,
      hintIndex: 0,
      hintTerm: 0,
    };
    this.#sendWhenDurable(reply);
  }

  #reject(to: NodeId, index: number, prevTerm: number = 0): void {
    const hintIndex = this.#log.lastAtMostTerm(index, prevTerm);
    const hintTerm = Math.max(0, this.#log.termAt(hintIndex));
    this.#sendWhenDurable({
      kind: "append-reply",
      from: this.id,
      to,
      term: this.#term,
      isSuccess: false,
      index,
      hintIndex,
      hintTerm,
    });
  }

  #onHeartbeat(message: HeartbeatMessage): void {
    if (!this.#acceptLeader(message)) return;
    // The leader never names more than this node has acknowledged to it.
    if (!this.#isInstalling) {
      this.#commitTo(Math.min(message.commit, this.#log.lastIndex));
      this.#onStep("receive-heartbeat", message.term, message.commit);
    }
    const { round } = message;
    this.#sendWhenTermIsDurable({ kind: "heartbeat-reply", from: this.id, to: message.from, term: this.#term, round });
  }

  #commitTo(index: number): void {
    if (index <= this.#commit) return;
    if (index > this.#log.lastIndex) {
      throw new RaftInvariantError(`Commit index ${index} is above the last index ${this.#log.lastIndex}.`);
    }
    this.#commit = index;
  }

  // Snapshots

  #onSnapshotChunk(chunk: SnapshotChunk): void {
    if (!this.#acceptLeader(chunk) || this.#isInstalling) return;
    if (chunk.snapshotIndex <= this.#commit) {
      this.#acknowledge(chunk.from, this.#commit);
      return;
    }
    if (this.#log.termAt(chunk.snapshotIndex) === chunk.snapshotTerm) {
      this.#commitTo(chunk.snapshotIndex);
      this.#onStep("match-snapshot", chunk.term, chunk.snapshotIndex, chunk.snapshotTerm);
      this.#acknowledge(chunk.from, chunk.snapshotIndex);
      return;
    }
    const { nextOffset, complete, isDamaged } = this.#assembly.add(chunk);
    if (isDamaged) this.#marks.push("raft.snapshot-damaged");
    if (complete !== null) {
      this.#install = complete;
      this.#isInstalling = true;
    }
    const { snapshotIndex } = chunk;
    this.#send({ kind: "snapshot-reply", from: this.id, to: chunk.from, term: this.#term, snapshotIndex, nextOffset });
  }

  // Reads of followers

  #onReadIndex(message: ReadIndexMessage): void {
    if (this.#leadership !== null) {
      this.#leadership.onReadIndex(message, this.#nowUs);
      return;
    }
    const { from: to, context } = message;
    this.#send({
      kind: "read-index-reply",
      from: this.id,
      to,
      term: this.#term,
      context,
      isConfirmed: false,
      index: 0,
    });
  }

  #onReadIndexReply(reply: ReadIndexReply): void {
    if (reply.isConfirmed) this.#readStates.push({ context: reply.context, index: reply.index });
    else this.#readFailures.push(reply.context);
  }

  // Sending

  #send(message: Message): void {
    this.#outbox.send(message);
  }

  #sendWhenDurable(message: Message): void {
    this.#outbox.sendWhenDurable(message);
  }

  /** For what depends on the term alone, so that a slow disk does not silence a follower. */
  #sendWhenTermIsDurable(message: Message): void {
    if (this.#durableTerm === this.#term) this.#send(message);
    else this.#sendWhenDurable(message);
  }
}

function isFromLeader(message: Message): boolean {
  return message.kind === "append" || message.kind === "heartbeat" || message.kind === "snapshot-chunk";
}
