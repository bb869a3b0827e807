/**
 * Watches a Raft cluster from inside, step by step, and says which property of the protocol broke, where, and why.
 *
 * Properties: those of the Raft paper, figure 3, and what they rest on (a vote and an acknowledgement are durable before
 * they count; a log is cut only where an entry of another term replaces it; terms, commit and applied indexes never go back). Work is constant for each entry appended, committed or
 * applied, and linear in the log only at a boot. The records' order has to be that of the steps.
 *
 * What a monitor cannot see: what clients got. That is the linearizability checker's part.
 */
import type {
  RaftAckRecord,
  RaftDurableLog,
  RaftEntryRecord,
  RaftLogChange,
  RaftProperty,
  RaftStateRecord,
  RaftViolation,
} from "./raft-monitor-record.ts";

export type {
  RaftAckRecord,
  RaftDurableLog,
  RaftEntryRecord,
  RaftLogChange,
  RaftProperty,
  RaftStateRecord,
  RaftViolation,
} from "./raft-monitor-record.ts";

/** Violations kept; later ones of a broken run say nothing new. */
const VIOLATIONS_MAX = 50;

/** One entry as the whole cluster knows it. Equal (index, term) means the same object, unless log matching is broken. */
type Known = {
  readonly index: number;
  readonly term: number;
  readonly hash: number;
  readonly prevTerm: number;
  readonly host: string;
};

/** The last known state of one node. Its log outlives its incarnations, as the disk does. */
type Mirror = {
  record: RaftStateRecord;
  baseIndex: number;
  baseTerm: number;
  /** entries[i] is at index baseIndex + 1 + i. */
  entries: Known[];
};

type Applied = { readonly hash: number; readonly host: string };

export class RaftMonitor {
  readonly violations: RaftViolation[] = [];
  readonly #quorum: number;
  readonly #mirrors: Map<number, Mirror> = new Map();
  readonly #forgiven: Set<string> = new Set();
  readonly #leaders: Map<number, string> = new Map();
  /** Durable votes: by term, by voter. */
  readonly #votes: Map<number, Map<number, number>> = new Map();
  /** Every entry ever appended, by index; one for each term that wrote there. */
  readonly #known: Known[][] = [];
  /** The committed entry of each index; a hole where only a snapshot told of it. */
  readonly #committed: (Known | undefined)[] = [];
  /** At position t: the largest index known to be committed by term t. Never decreasing in t. */
  readonly #committedByTerm: number[] = [0];
  readonly #applied: Map<number, Applied> = new Map();

  /** `voters` is the size of the cluster, whose majority is the quorum. */
  constructor(options: { readonly voters: number }) {
    this.#quorum = Math.floor(options.voters / 2) + 1;
  }

  /** The disk of this host lied or was wiped: what it once held to be durable is no promise any more. */
  forgive(host: string): void {
    this.#forgiven.add(host);
  }

  observe(record: RaftStateRecord): void {
    const known = this.#mirrors.get(record.node);
    const mirror = known ?? { record, baseIndex: 0, baseTerm: 0, entries: [] };
    const previous = known === undefined ? null : mirror.record;
    if (known === undefined) this.#mirrors.set(record.node, mirror);
    const isSameBoot = previous !== null && previous.incarnation === record.incarnation;
    const oldDurable = previous === null || isSameBoot ? null : this.#durableOf(mirror);
    if (record.change !== null) this.#changeLog(mirror, record, record.change, isSameBoot ? previous : null);
    mirror.record = record;
    if (oldDurable !== null) this.#checkRecovered(mirror, oldDurable);
    if (isSameBoot) this.#checkMonotone(previous, record);
    this.#noteVote(record);
    const wasLeader = isSameBoot && previous.role === "leader" && previous.term === record.term;
    if (record.role === "leader" && !wasLeader) this.#checkNewLeader(mirror);
    this.#checkCommit(mirror, isSameBoot ? previous.commit : mirror.baseIndex);
    this.#checkApplied(record, isSameBoot ? previous.applied : 0);
  }

  #violate(
    property: RaftProperty,
    record: RaftStateRecord,
    message: string,
    evidence: RaftViolation["evidence"],
  ): void {
    if (this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ property, host: record.host, incarnation: record.incarnation, message, evidence });
  }

  // Logs

  #changeLog(mirror: Mirror, record: RaftStateRecord, change: RaftLogChange, previous: RaftStateRecord | null): void {
    if (change.kind !== "suffix") {
      mirror.baseIndex = change.baseIndex;
      mirror.baseTerm = change.baseTerm;
      mirror.entries = [];
      this.#append(mirror, record, change.baseIndex + 1, change.entries);
      return;
    }
    const { from, entries } = change;
    const lastIndex = mirror.baseIndex + mirror.entries.length;
    if (previous !== null && from <= lastIndex) {
      this.#checkTruncation(mirror, record, previous, from);
      this.#checkConflict(mirror, record, from, entries[0]);
    }
    mirror.entries.length = Math.max(0, from - mirror.baseIndex - 1);
    this.#append(mirror, record, from, entries);
  }

  /** A suffix was replaced: a leader never does that, and nobody does it to what is committed (paper, figure 3). */
  #checkTruncation(mirror: Mirror, record: RaftStateRecord, previous: RaftStateRecord, from: number): void {
    const { host, term } = record;
    if (previous.role === "leader" && previous.term === record.term) {
      const message = `${host} leads in term ${term} and replaced its own log from index ${from} on.`;
      this.#violate("raft.leader-append-only", record, message, { term, from });
    }
    if (from <= previous.commit) {
      const old = mirror.entries[from - mirror.baseIndex - 1];
      const message = `${host} cut its log at index ${from}, though it was committed up to ${previous.commit}.`;
      this.#violate("raft.state-machine-safety", record, message, {
        from,
        commit: previous.commit,
        oldTerm: old?.term ?? -1,
      });
    }
  }

  /** Only a conflict cuts a log (paper, figure 2, step 3): an older message must not take away what came since. */
  #checkConflict(mirror: Mirror, record: RaftStateRecord, from: number, entry: RaftEntryRecord | undefined): void {
    const oldTerm = mirror.entries[from - mirror.baseIndex - 1]?.term ?? -1;
    if (entry !== undefined && entry.term !== oldTerm) return;
    const by = entry === undefined ? "by nothing" : `by another entry of term ${entry.term}`;
    const message = `${record.host} cut its log at index ${from} and replaced the entry of term ${oldTerm} there ${by}.`;
    this.#violate("raft.needless-cut", record, message, { from, oldTerm, newTerm: entry?.term ?? -1 });
  }

  #append(mirror: Mirror, record: RaftStateRecord, from: number, entries: readonly RaftEntryRecord[]): void {
    let prevTerm = mirror.entries.length === 0 ? mirror.baseTerm : mirror.entries[mirror.entries.length - 1]!.term;
    let index = from;
    for (const entry of entries) {
      mirror.entries.push(this.#know(record, index, entry, prevTerm));
      prevTerm = entry.term;
      index += 1;
    }
  }

  /**
   * Log matching by induction: if every entry of one index and term has the same command and the same term before it,
   * then two logs that share an entry share everything before it.
   */
  #know(record: RaftStateRecord, index: number, entry: RaftEntryRecord, prevTerm: number): Known {
    while (this.#known.length <= index) this.#known.push([]);
    const candidates = this.#known[index]!;
    const old = candidates.find((known) => known.term === entry.term);
    if (old !== undefined && old.hash === entry.hash && old.prevTerm === prevTerm) return old;
    const fresh = { index, term: entry.term, hash: entry.hash, prevTerm, host: record.host };
    if (old === undefined) {
      candidates.push(fresh);
      return fresh;
    }
    const what = old.hash === entry.hash ? "follow different entries" : "hold different commands";
    const message = `${old.host} and ${record.host} ${what} at index ${index}, term ${entry.term}.`;
    const evidence = {
      index,
      term: entry.term,
      hash: entry.hash,
      otherHash: old.hash,
      prevTerm,
      otherPrevTerm: old.prevTerm,
    };
    this.#violate("raft.log-matching", record, message, { ...evidence, otherHost: old.host });
    return fresh;
  }

  /** Does this log hold that entry, or has it been compacted into a snapshot? */
  #holds(mirror: Mirror, index: number, entry: Known | undefined): boolean {
    if (index <= mirror.baseIndex) return true;
    const own = mirror.entries[index - mirror.baseIndex - 1];
    return own !== undefined && own === entry;
  }

  // Durability

  #durableOf(mirror: Mirror): { readonly record: RaftStateRecord; readonly entry: Known | undefined } {
    const { record } = mirror;
    return { record, entry: mirror.entries[record.durableIndex - mirror.baseIndex - 1] };
  }

  /** A boot brings back at least what the incarnation before held to be durable. */
  #checkRecovered(mirror: Mirror, old: { readonly record: RaftStateRecord; readonly entry: Known | undefined }): void {
    const { record } = mirror;
    const { host, term, vote } = record;
    if (this.#forgiven.has(host)) return;
    const { durableTerm, durableVote, durableIndex } = old.record;
    if (term < durableTerm) {
      const message = `${host} came back in term ${term}; it had been durable in term ${durableTerm}.`;
      this.#violate("raft.monotone-term", record, message, { term, durableTerm });
    } else if (term === durableTerm && durableVote !== 0 && vote !== durableVote) {
      const message = `${host} came back with vote ${vote} in term ${term}; its durable vote was ${durableVote}.`;
      this.#violate("raft.durable-state", record, message, { term, vote, durableVote });
    }
    if (durableIndex > 0 && !this.#isRecovered(mirror, durableIndex, old.entry)) {
      const lastIndex = mirror.baseIndex + mirror.entries.length;
      const message = `${host} lost its durable entry ${durableIndex}: its log now ends at ${lastIndex}.`;
      this.#violate("raft.durable-state", record, message, { durableIndex, lastIndex });
    }
    if (record.snapshotIndex < old.record.snapshotIndex) {
      const message = `${host} came back with snapshot ${record.snapshotIndex}; it had ${old.record.snapshotIndex}.`;
      this.#violate("raft.durable-state", record, message, { snapshotIndex: old.record.snapshotIndex });
    }
  }

  /**
   * An acknowledgement leaves a node: what its disk holds durably, which the node was not asked, is the leader's log up to there. The last
   * entry stands for all, by log matching.
   */
  acknowledged(ack: RaftAckRecord, disk: RaftDurableLog): void {
    const { host, node, to, term, index } = ack;
    const mirror = this.#mirrors.get(node);
    if (mirror === undefined || this.#forgiven.has(host) || index <= disk.snapshotIndex) return;
    const leader = this.#mirrors.get(to);
    const isLeading = leader !== undefined && leader.record.role === "leader" && leader.record.term === term;
    // A leader that was deposed since may have lost what the acknowledgement is about; the node's own log has to agree in any case.
    const logs = isLeading ? [mirror, leader] : [mirror];
    const found = disk.at(index);
    for (const { record, baseIndex, entries } of logs) {
      const expected = entries[index - baseIndex - 1];
      if (
        index <= baseIndex ||
        (found !== undefined && found.term === expected?.term && found.hash === expected.hash)
      ) {
        continue;
      }
      const holds = found === undefined ? "no entry" : `an entry of term ${found.term}`;
      const message = `${host} acknowledged entry ${index} in term ${term}, but its disk durably holds ${holds} there; ${record.host} has one of term ${expected?.term ?? -1}.`;
      this.#violate("raft.acknowledged-durable", mirror.record, message, {
        index,
        term,
        durableTerm: found?.term ?? -1,
      });
      return;
    }
  }

  #isRecovered(mirror: Mirror, index: number, entry: Known | undefined): boolean {
    // Undefined: the entry was part of a snapshot, whose own index is compared instead.
    return entry === undefined || this.#holds(mirror, index, entry);
  }

  #checkMonotone(previous: RaftStateRecord, record: RaftStateRecord): void {
    const { host, term, vote } = record;
    if (term < previous.term) {
      const message = `${host} went back from term ${previous.term} to ${term}.`;
      this.#violate("raft.monotone-term", record, message, { term, previousTerm: previous.term });
    }
    if (term === previous.term && previous.vote !== 0 && vote !== previous.vote) {
      const message = `${host} voted for ${previous.vote} and for ${vote} in term ${term}.`;
      this.#violate("raft.vote-safety", record, message, { term, vote, previousVote: previous.vote });
    }
    if (record.commit < previous.commit) {
      const message = `${host} took its commit index back from ${previous.commit} to ${record.commit}.`;
      this.#violate("raft.monotone-commit", record, message, {
        commit: record.commit,
        previousCommit: previous.commit,
      });
    }
    if (record.applied < previous.applied) {
      const message = `${host} took its applied index back from ${previous.applied} to ${record.applied}.`;
      this.#violate("raft.monotone-applied", record, message, {
        applied: record.applied,
        previousApplied: previous.applied,
      });
    }
  }

  // Elections

  #noteVote(record: RaftStateRecord): void {
    if (record.durableVote === 0) return;
    let votes = this.#votes.get(record.durableTerm);
    if (votes === undefined) {
      votes = new Map();
      this.#votes.set(record.durableTerm, votes);
    }
    votes.set(record.node, record.durableVote);
  }

  #checkNewLeader(mirror: Mirror): void {
    const { record } = mirror;
    const { host, term, node } = record;
    const name = `${host}#${record.incarnation}`;
    const other = this.#leaders.get(term);
    if (other !== undefined && other !== name) {
      const message = `${other} and ${name} both became leader in term ${term}.`;
      this.#violate("raft.election-safety", record, message, { term, first: other, second: name });
    }
    this.#leaders.set(term, name);
    let votes = 0;
    for (const vote of this.#votes.get(term)?.values() ?? []) if (vote === node) votes += 1;
    if (votes < this.#quorum) {
      const message = `${host} leads in term ${term} with ${votes} durable votes; a quorum is ${this.#quorum}.`;
      this.#violate("raft.election-quorum", record, message, { term, votes, quorum: this.#quorum });
    }
    this.#checkCompleteness(mirror);
  }

  /** A leader holds everything committed in earlier terms; the last such entry stands for all, by log matching. */
  #checkCompleteness(mirror: Mirror): void {
    const { record } = mirror;
    const byTerm = this.#committedByTerm;
    const index = byTerm[Math.min(record.term, byTerm.length) - 1] ?? 0;
    const entry = this.#committed[index];
    if (entry === undefined || this.#holds(mirror, index, entry)) return;
    const message = `${record.host} leads in term ${record.term} without entry ${index} of term ${entry.term}, which was committed before.`;
    const lastIndex = mirror.baseIndex + mirror.entries.length;
    this.#violate("raft.leader-completeness", record, message, {
      term: record.term,
      index,
      entryTerm: entry.term,
      lastIndex,
    });
  }

  // Commits

  #checkCommit(mirror: Mirror, previousCommit: number): void {
    const { record } = mirror;
    const { commit, host } = record;
    const lastIndex = mirror.baseIndex + mirror.entries.length;
    if (commit > lastIndex) {
      const message = `${host} commits up to ${commit}, but its log ends at ${lastIndex}.`;
      this.#violate("raft.state-machine-safety", record, message, { commit, lastIndex });
      return;
    }
    if (commit <= previousCommit) return;
    for (let index = Math.max(previousCommit, mirror.baseIndex) + 1; index <= commit; index += 1) {
      this.#commitEntry(record, mirror.entries[index - mirror.baseIndex - 1]!);
    }
    this.#noteCommitted(record.term, commit);
    if (record.role === "leader") this.#checkCommitQuorum(mirror);
  }

  #commitEntry(record: RaftStateRecord, entry: Known): void {
    const { index } = entry;
    const old = this.#committed[index];
    if (old === entry) return;
    if (old === undefined) {
      while (this.#committed.length <= index) this.#committed.push(undefined);
      this.#committed[index] = entry;
      return;
    }
    const message = `${record.host} commits another entry at index ${index} (term ${entry.term}) than ${old.host} did (term ${old.term}).`;
    this.#violate("raft.state-machine-safety", record, message, {
      index,
      term: entry.term,
      hash: entry.hash,
      otherTerm: old.term,
      otherHash: old.hash,
    });
  }

  #noteCommitted(term: number, commit: number): void {
    const byTerm = this.#committedByTerm;
    while (byTerm.length <= term) byTerm.push(byTerm[byTerm.length - 1]!);
    for (let at = term; at < byTerm.length && byTerm[at]! < commit; at += 1) byTerm[at] = commit;
  }

  /** What a leader commits is of its own term (paper, section 5.4.2), and durable, as it is, on a quorum. */
  #checkCommitQuorum(leader: Mirror): void {
    const { record } = leader;
    const { commit } = record;
    const entry = leader.entries[commit - leader.baseIndex - 1];
    if (entry !== undefined && entry.term !== record.term) {
      const message = `${record.host} leads in term ${record.term} and committed entry ${commit} of term ${entry.term} by counting copies.`;
      this.#violate("raft.commit-own-term", record, message, { commit, term: record.term, entryTerm: entry.term });
    }
    let holders = 0;
    for (const mirror of this.#mirrors.values()) {
      if (mirror.record.durableIndex >= commit && this.#holds(mirror, commit, entry)) holders += 1;
    }
    if (holders >= this.#quorum) return;
    const message = `${record.host} committed entry ${commit} in term ${record.term} with ${holders} durable copies; a quorum is ${this.#quorum}.`;
    this.#violate("raft.commit-quorum", record, message, { commit, term: record.term, holders, quorum: this.#quorum });
  }

  #checkApplied(record: RaftStateRecord, previousApplied: number): void {
    const { applied, appliedHash, host } = record;
    if (applied > record.commit) {
      const message = `${host} applied up to ${applied}, but committed only up to ${record.commit}.`;
      this.#violate("raft.state-machine-safety", record, message, { applied, commit: record.commit });
    }
    if (applied === previousApplied || applied === 0) return;
    const old = this.#applied.get(applied);
    if (old === undefined) {
      this.#applied.set(applied, { hash: appliedHash, host });
    } else if (old.hash !== appliedHash) {
      const message = `${host} and ${old.host} applied different histories, or with different results, up to index ${applied}.`;
      const evidence = { applied, hash: appliedHash, otherHash: old.hash, otherHost: old.host };
      this.#violate("raft.state-machine-safety", record, message, evidence);
    }
  }
}
