/**
 * What a node tells monitors at each atomic step, under the kind "raft.state", and when it acknowledges, under "raft.ack": plain data,
 * constant work for each change.
 *
 * The records have the shapes that checkers/raft-monitor-record.ts defines; a test keeps the two in agreement.
 */
import type { RaftCore, Role } from "./core.ts";
import type { AppendReply, Entry } from "./message.ts";

export type LoggedEntry = { readonly term: number; readonly hash: number };

export type LogChange =
  | { readonly kind: "suffix"; readonly from: number; readonly entries: readonly LoggedEntry[] }
  | {
      readonly kind: "boot" | "install";
      readonly baseIndex: number;
      readonly baseTerm: number;
      readonly entries: readonly LoggedEntry[];
    };

export type RaftObservation = {
  readonly host: string;
  readonly node: number;
  readonly incarnation: number;
  readonly term: number;
  readonly vote: number;
  readonly role: Role;
  readonly commit: number;
  readonly applied: number;
  readonly appliedHash: number;
  readonly durableTerm: number;
  readonly durableVote: number;
  readonly durableIndex: number;
  readonly snapshotIndex: number;
  readonly change: LogChange | null;
};

/** An acknowledgement as it leaves: the sender promises to hold the log of the leader `to` of `term` durably up to `index`. */
export type RaftAck = {
  readonly host: string;
  readonly node: number;
  readonly to: number;
  readonly term: number;
  readonly index: number;
};

export function ackOf({ from, to, term, index }: AppendReply, host: string): RaftAck {
  return { host, node: from, to, term, index };
}

/** What the core itself does not know. */
export type ObservationContext = {
  readonly host: string;
  readonly incarnation: number;
  readonly applied: number;
  readonly appliedHash: number;
  readonly snapshotIndex: number;
};

export function observationOf(core: RaftCore, context: ObservationContext, change: LogChange | null): RaftObservation {
  const { host, incarnation, applied, appliedHash, snapshotIndex } = context;
  return {
    host,
    node: core.id,
    incarnation,
    term: core.term,
    vote: core.vote,
    role: core.role,
    commit: core.commit,
    applied,
    appliedHash,
    durableTerm: core.durableTerm,
    durableVote: core.durableVote,
    durableIndex: core.durableIndex,
    snapshotIndex,
    change,
  };
}

/** The log from `from` on was replaced by what it holds now. */
export function suffixChange(core: RaftCore, from: number): LogChange {
  return { kind: "suffix", from, entries: loggedEntries(core, from) };
}

/** The log as a whole is new: a boot read it, or a snapshot replaced it. */
export function wholeChange(core: RaftCore, kind: "boot" | "install"): LogChange {
  const { baseIndex, baseTerm } = core.log;
  return { kind, baseIndex, baseTerm, entries: loggedEntries(core, baseIndex + 1) };
}

export function loggedEntries(core: RaftCore, from: number): readonly LoggedEntry[] {
  const { log } = core;
  const entries: LoggedEntry[] = [];
  for (let index = from; index <= log.lastIndex; index += 1) {
    const { term, checksum: hash } = log.at(index);
    entries.push({ term, hash });
  }
  return entries;
}

/** Continues the hash of all that was applied by one more entry and what it resulted in; 32 bits, unsigned. */
export function nextAppliedHash(hash: number, entry: Entry, resultHash: number): number {
  let mixed = Math.imul(hash ^ entry.checksum, 0x85ebca6b) ^ entry.term;
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35) ^ resultHash;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x27d4eb2f) ^ entry.index;
  return (mixed ^ (mixed >>> 15)) >>> 0;
}
