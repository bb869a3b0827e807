/**
 * The atomic steps of the protocol, as a core tells them: finer than inputs, one for each action of the specification
 * (tla/specs/raft), at the moment it happens. A listener sees the core as that step left it.
 *
 * A step is a name and up to five numbers, so that telling one that nobody hears costs a call. Messages are steps when
 * they leave the outbox, not when they are made: what they promise has to be durable by then.
 */
import type { RaftCore, Role } from "./core.ts";
import type { Message } from "./message.ts";
import { loggedEntries, type LoggedEntry } from "./observation.ts";

/** The numbers that come with each name, in order. */
export const STEP_ARGUMENTS = {
  boot: ["baseIndex", "baseTerm"],
  timeout: [],
  poll: [],
  "polled-timeout": [],
  back: ["candidate", "term", "lastTerm", "lastIndex"],
  "count-backer": ["from"],
  "step-down": ["term"],
  resign: [],
  "call-vote": ["to", "term", "lastTerm", "lastIndex"],
  "grant-vote": ["candidate", "lastTerm", "lastIndex"],
  "send-vote": ["to"],
  "count-vote": ["from"],
  "become-leader": [],
  propose: ["index"],
  "send-append": ["to", "prevIndex", "prevTerm", "lastIndex", "commit"],
  "receive-append": ["term", "prevIndex", "prevTerm", "lastIndex", "commit"],
  "send-ack": ["to", "index"],
  "receive-ack": ["from", "index"],
  "receive-reject": ["from"],
  "advance-commit": ["index"],
  "start-round": ["round"],
  "send-heartbeat": ["to", "commit", "round"],
  "receive-heartbeat": ["term", "commit"],
  "answer-round": ["to", "round"],
  "count-round": ["from", "round"],
  "ask-read": ["context"],
  "begin-read": ["from", "context"],
  "confirm-read": ["from", "context", "index"],
  "serve-read": ["context", "index"],
  "drop-read": ["context"],
  write: ["term", "vote", "commit", "lastIndex", "lastTerm"],
  sync: ["lastIndex"],
  "take-snapshot": ["index", "term"],
  "snapshot-taken": ["index"],
  "match-snapshot": ["term", "index", "indexTerm"],
  "begin-install": ["index", "term"],
  install: ["index", "term"],
} as const;

export type StepName = keyof typeof STEP_ARGUMENTS;

export type StepListener = (name: StepName, a?: number, b?: number, c?: number, d?: number, e?: number) => void;

/** What a listener may keep of a step, under the kind "raft.step". */
export type RaftStep = {
  readonly host: string;
  readonly node: number;
  readonly name: StepName;
  /** As STEP_ARGUMENTS names them. */
  readonly args: readonly number[];
  readonly term: number;
  readonly vote: number;
  readonly role: Role;
  readonly commit: number;
  readonly lastIndex: number;
  /** The log from `from` on is what it was not at the last step; null: as it was. */
  readonly log: { readonly from: number; readonly entries: readonly LoggedEntry[] } | null;
  /** What a leader knows of the other members, in their order; null for others. */
  readonly match: readonly number[] | null;
};

/** To be made only where somebody listens: it takes note of what was told. */
export function stepRecord(core: RaftCore, host: string, name: StepName, numbers: readonly number[]): RaftStep {
  const changedFrom = core.takeStepChangedFrom();
  const from = name === "boot" ? core.log.baseIndex + 1 : changedFrom;
  return {
    host,
    node: core.id,
    name,
    args: numbers.slice(0, STEP_ARGUMENTS[name].length),
    term: core.term,
    vote: core.vote,
    role: core.role,
    commit: core.commit,
    lastIndex: core.log.lastIndex,
    log: from === 0 ? null : { from, entries: loggedEntries(core, from) },
    match: core.matches,
  };
}

/** The step that the departure of a message is, where it is one: refusals and requests promise nothing. */
export function stepOfMessage(message: Message, step: StepListener): void {
  switch (message.kind) {
    case "vote":
      step("call-vote", message.to, message.term, message.lastTerm, message.lastIndex);
      break;
    case "vote-reply":
      if (message.isGranted) step("send-vote", message.to);
      break;
    case "append": {
      const { to, prevIndex, prevTerm, commit, entries } = message;
      step("send-append", to, prevIndex, prevTerm, prevIndex + entries.length, commit);
      break;
    }
    case "append-reply":
      if (message.isSuccess) step("send-ack", message.to, message.index);
      break;
    case "heartbeat":
      step("send-heartbeat", message.to, message.commit, message.round);
      break;
    case "heartbeat-reply":
      step("answer-round", message.to, message.round);
      break;
    default:
      break;
  }
}
