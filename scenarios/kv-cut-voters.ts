/**
 * Directed: voters that cannot see the leader, or cannot be seen, while a quorum can. With PreVote and CheckQuorum they must not depose it
 * (Raft thesis, sections 4.2.3 and 9.6), neither during the cut nor when they come back, and writes complete all the while.
 */
import type { RaftStateRecord } from "../checkers/raft-monitor.ts";
import type { HistoryEvent } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import type { Random } from "../sim/random.ts";
import { invalidVerdict, unknownVerdict, validVerdict } from "./checks.ts";
import { kvScenario } from "./kv-base.ts";
import { watchRaft } from "./kv-watch.ts";
import { kvOperations, kvPace } from "./kv-workload.ts";
import { atPace, type Stretch } from "./pace.ts";
import type { Scenario, ScenarioContext, SettingsSpec, Watch, WatchOptions } from "./scenario.ts";

/** The cut lasts for most of the chaos phase, and its end is watched too: that is when a voter with a higher term comes back. */
const CUT_US = 1_000_000;
const CUT_FOR_US = 2_700_000;
const HEAL_US: number = CUT_US + CUT_FOR_US;
const CHAOS_US = 3_800_000;
/**
 * Planned time: from before the cut until well into it nobody writes. A cut voter whose log falls behind is refused for that alone; one
 * that lacks nothing is refused only because the others hear the leader. Around the cut clients are silent altogether: reads that ask a
 * cut voter first wait for their timeouts, and would put off the first write to the end of the cut, or beyond it. Planned time lags behind
 * true time by what operations take longer than expected, so the silence begins early.
 */
const QUIET: readonly Stretch[] = [
  { kind: "read-only", fromUs: 300_000, toUs: 600_000, factor: 1 },
  { kind: "sparse", fromUs: 600_000, toUs: 1_400_000, factor: 1_000 },
];
/** What is invoked earlier than this before the heal has time to complete: the retries of a client that asks a cut voter first. */
const WRITE_US_MAX = 1_000_000;

const SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 5], about: "members of the group" },
  chaosUs: { kind: "choice", of: [CHAOS_US], about: "the cut heals before its end" },
  latencyUs: { kind: "integer", min: 200, max: 1_500, isLogarithmic: true, about: "mean one-way latency of a link" },
  electionTimeoutUsMin: {
    kind: "integer",
    min: 120_000,
    max: 180_000,
    about: "long against the slowest packets, so that no voter has a reason of its own to give the leader up",
  },
  attemptTimeoutUs: { kind: "integer", min: 60_000, max: 200_000, about: "a client asks the next server after this" },
  pace: { kind: "choice", of: ["usual"], about: "the scenario has a quiet stretch of its own" },
  hasCheckQuorum: { kind: "choice", of: [true], about: "voters ignore candidates while they hear the leader" },
  hasPreVote: { kind: "choice", of: [true], about: "a cut voter raises no term" },
  healing: { kind: "choice", of: ["all"], about: "every node is healed" },
  transferEveryUs: { kind: "choice", of: [0], about: "the lead changes for want of a quorum alone" },
  sessions: { kind: "choice", of: ["ample"], about: "no write is lost for want of a session" },
};

export const kvCutVoters: Scenario = kvScenario({
  name: "kv-cut-voters",
  title: "directed: voters that are cut off while the leader keeps a quorum",
  kinds: ["partition"],
  settings: SETTINGS,
  plan: drawCut,
  watch: watchLeader,
  operations: (random, context) => atPace(kvOperations(random, context), QUIET, kvPace(context)),
  checks: [{ name: "writes-complete", check: ({ history }) => writesComplete(history) }],
});

/** A minority without the leader: cut off, deaf, mute, or one of them from the leader alone, in one direction. */
function drawCut(random: Random, { nodes }: ScenarioContext): unknown {
  const quorum = ["leader", ...Array<string>(Math.floor(nodes.length / 2)).fill("another")];
  const time = { kind: "partition", atUs: CUT_US, forUs: CUT_FOR_US } as const;
  const cuts = [
    { ...time, shape: "halves", hosts: quorum },
    { ...time, shape: "one-way", direction: "out", hosts: quorum },
    { ...time, shape: "one-way", direction: "in", hosts: quorum },
    { ...time, shape: "link", links: ["leader>another"] },
  ];
  return { format: 1, faults: [random.pick(cuts)] };
}

function watchLeader(control: Control, context: ScenarioContext, options: WatchOptions): Watch {
  const watch = watchRaft(control, context, options);
  const usurpers: string[] = [];
  let leader: string | null = null;
  if (options.hasMonitors) {
    control.world.onObservation("raft.state", (host, _incarnation, data) => {
      const { role, term } = data as RaftStateRecord;
      if (role !== "leader" || leader === `${host} in term ${term}`) return;
      const { nowUs } = control;
      if (leader !== null && nowUs > CUT_US)
        usurpers.push(`${host} in term ${term} at ${(nowUs / 1000).toFixed(3)} ms`);
      else leader = `${host} in term ${term}`;
    });
  }
  const verdict = (): Verdict => {
    if (usurpers.length === 0) return validVerdict("keeps-the-leader", 0);
    return invalidVerdict("keeps-the-leader", 0, [
      `${leader} led when the cut came at ${CUT_US / 1000} ms, heard a quorum all the while, and was deposed by ${usurpers[0]}.`,
    ]);
  };
  return { ...watch, monitors: [...(watch.monitors ?? []), { name: "keeps-the-leader", verdict }] };
}

/** Every write that is invoked during the cut succeeds, whichever server it asks first. */
function writesComplete(history: readonly HistoryEvent[]): Verdict {
  const name = "writes-complete";
  const open = new Map<number, HistoryEvent>();
  let completed = 0;
  const isJudged = ({ timeUs }: HistoryEvent): boolean => timeUs >= CUT_US && timeUs < HEAL_US - WRITE_US_MAX;
  for (const event of history) {
    if (event.f === "get") continue;
    if (event.type === "invoke") open.set(event.process, event);
    const invoked = open.get(event.process);
    if (event.type === "invoke" || invoked === undefined) continue;
    open.delete(event.process);
    if (!isJudged(invoked)) continue;
    const tookUs = event.timeUs - invoked.timeUs;
    if (event.type !== "ok" || tookUs > WRITE_US_MAX) {
      const what = `${event.f} ${event.key} of process ${event.process} was ${event.type} after ${tookUs / 1000} ms`;
      return invalidVerdict(name, history.length, [`${what}, though the leader had a quorum.`]);
    }
    completed += 1;
  }
  const stuck = [...open.values()].find(isJudged);
  if (stuck !== undefined) return invalidVerdict(name, history.length, [`${stuck.f} ${stuck.key} never completed.`]);
  if (completed === 0) return unknownVerdict(name, history.length, "no write was invoked during the cut");
  return validVerdict(name, completed);
}
