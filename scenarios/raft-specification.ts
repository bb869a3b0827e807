/**
 * How a run of a Raft group is read as a behaviour of tla/specs/raft/RaftTrace.tla: each "raft.step" is one action.
 *
 * Observed are the term, vote, role, log and commit index of every node, and what leaders know of the others, after each
 * step; told are the differences. Everything else in the specification is the network or history: ghosts, which the actions
 * move. The disk is one too, but what a node writes is compared with what the specification says it should.
 */
import type { Control } from "../sim/control.ts";
import { harmOf, isFaultKind } from "../nemesis/kinds.ts";
import type { RaftStep, StepName } from "../systems/raft/step.ts";
import type { Observation, ObservedChange, PlainValue, TraceMapping } from "../tla/index.ts";
import type { ScenarioContext, Specification } from "./scenario.ts";

type StepMapping = { readonly action: string; readonly args: (step: RaftStep) => readonly PlainValue[] };

const nodeOnly = ({ node }: RaftStep): PlainValue[] => [node];
const nodeAndAll = ({ node, args }: RaftStep): PlainValue[] => [node, ...args];
const action = (name: string, args: StepMapping["args"] = nodeAndAll): StepMapping => ({ action: name, args });

/** The action of each step, and what it takes beside the node. */
const STEPS: { readonly [name in StepName]: StepMapping } = {
  boot: action("SnapshotRestart", nodeOnly),
  timeout: action("Timeout"),
  poll: action("Poll"),
  "polled-timeout": action("PolledTimeout"),
  back: action("Back"),
  "count-backer": action("CountBacker"),
  "step-down": action("StepDown"),
  resign: action("Resign"),
  "call-vote": action("SendCall", ({ node, args }) => [node, ...args.slice(1)]),
  "grant-vote": action("GrantVote"),
  "send-vote": action("SendVote"),
  "count-vote": action("CountVote"),
  "become-leader": action("BecomeLeader"),
  propose: action("Propose", ({ node, log }) => [node, log?.entries[0]?.hash ?? 0]),
  "send-append": action("SendAppend"),
  "receive-append": action("ReceiveAppend"),
  "send-ack": action("SendAck"),
  "receive-ack": action("ReceiveAck"),
  "receive-reject": action("ReceiveReject"),
  "advance-commit": action("AdvanceCommit"),
  "start-round": action("StartRound", nodeOnly),
  "send-heartbeat": action("SendHeartbeat"),
  "receive-heartbeat": action("ReceiveHeartbeat"),
  "answer-round": action("AnswerRound"),
  "count-round": action("CountRound"),
  "ask-read": action("AskRead"),
  "begin-read": action("BeginRead"),
  "confirm-read": action("ConfirmRead"),
  "serve-read": action("ServeRead"),
  "drop-read": action("DropRead"),
  write: action("WriteBatch"),
  sync: action("Sync", nodeOnly),
  "take-snapshot": action("TakeSnapshot"),
  "snapshot-taken": action("SnapshotTaken"),
  "match-snapshot": action("MatchSnapshot"),
  "begin-install": action("BeginInstall"),
  install: action("Install"),
};

const MAPPING: TraceMapping = {
  events: {
    start: { kind: "skip" },
    ...Object.fromEntries(Object.entries(STEPS).map(([name, step]) => [name, { kind: "action", action: step.action }])),
  },
  unobserved: "unchanged",
  ghosts: [
    "disk",
    "calls",
    "ballots",
    "claims",
    "held",
    "round",
    "heard",
    "pending",
    "asks",
    "answers",
    "served",
    "chosen",
    "draft",
    "polls",
  ],
  isFramed: true,
  invariantsEvery: 64,
  predicateEvery: 16,
};

const INVARIANTS = ["ElectionSafety", "LeadersHoldChosen", "CommittedIsChosen", "ReadsAreFresh"];

export const RAFT_SPECIFICATION: Specification = {
  folder: "raft",
  module: "RaftTrace",
  config: ({ nodes }) =>
    [
      "SPECIFICATION TraceSpec",
      `CONSTANT Node = {${nodes.map((_, i) => i + 1).join(", ")}}`,
      "CONSTANTS None = 0 Value = {} Context = {}",
      `INVARIANTS ${INVARIANTS.join(" ")}`,
    ].join("\n"),
  mapping: MAPPING,
  observe: observeRaft,
};

/** What was told of a node so far. */
type Mirror = { term: number; vote: number; role: string; commit: number; match: readonly number[]; isSilent: boolean };

function observeRaft(control: Control, context: ScenarioContext, tell: (observation: Observation) => void): void {
  const nobody = context.nodes.map(() => 0);
  const mirrors: Mirror[] = nobody.map(() => ({
    term: 0,
    vote: 0,
    role: "follower",
    commit: 0,
    match: nobody,
    isSilent: false,
  }));
  tell({ event: "start" });
  control.world.onObservation("raft.step", (host, _incarnation, data) => {
    const step = data as RaftStep;
    const mirror = mirrors[step.node - 1]!;
    // A disk that lied about what it held: its node was put in quarantine before, and nobody hears what it makes of that.
    if (step.name === "boot" && isBetrayed(control, host)) mirror.isSilent = true;
    if (mirror.isSilent) return;
    tell({ event: step.name, args: STEPS[step.name].args(step), changes: changesOf(step, mirror, nobody) });
  });
}

function isBetrayed(control: Control, host: string): boolean {
  return control
    .host(host)
    .disk.lastingHarm.some(({ kind }) => isFaultKind(kind) && harmOf({ kind }) === "undetectable");
}

function changesOf(step: RaftStep, mirror: Mirror, nobody: readonly number[]): ObservedChange[] {
  const { node, term, vote, commit, log } = step;
  const changes: ObservedChange[] = [];
  const path = [node];
  // To the protocol, a node that asks for pre-votes is a follower.
  const role = step.role === "pre-candidate" ? "follower" : step.role;
  if (term !== mirror.term) changes.push({ variable: "term", path, value: (mirror.term = term) });
  if (vote !== mirror.vote) changes.push({ variable: "vote", path, value: (mirror.vote = vote) });
  if (role !== mirror.role) changes.push({ variable: "role", path, value: (mirror.role = role) });
  if (commit !== mirror.commit) changes.push({ variable: "commit", path, value: (mirror.commit = commit) });
  const match = matchOf(step, nobody);
  if (match.some((index, i) => index !== mirror.match[i]))
    changes.push({ variable: "match", path, value: (mirror.match = match) });
  if (log !== null) {
    const value = log.entries.map(({ term: of, hash }) => ({ term: of, value: hash }));
    // What a boot or a snapshot puts before the base was compacted away: it is in the specification only.
    const before = step.name === "boot" || step.name === "install" ? "not seen" : "as it was";
    changes.push({ variable: "log", path, from: log.from, value, before });
  }
  return changes;
}

/** By node; a node knows its own log without being told. */
function matchOf({ node, match }: RaftStep, nobody: readonly number[]): readonly number[] {
  return match === null ? nobody : [...match.slice(0, node - 1), 0, ...match.slice(node - 1)];
}
