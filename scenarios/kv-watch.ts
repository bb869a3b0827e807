/** Watches a Raft group from inside: monitors, who leads, and the numbers that floors are stated in. */
import { RaftMonitor, type RaftStateRecord } from "../checkers/raft-monitor.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import type { ScenarioContext, Watch, WatchOptions } from "./scenario.ts";

/** What plans may name: the leader with the highest term, those that follow it, and the one that lags most. */
export const RAFT_TARGETS = ["leader", "follower", "laggard", "candidate"] as const;

/** States that triggers may wait for. */
export const RAFT_STATES = ["leader", "candidate", "snapshot-installed"] as const;

type Seen = { record: RaftStateRecord };

export function watchRaft(control: Control, context: ScenarioContext, options: WatchOptions): Watch {
  const { world } = control;
  const monitor = new RaftMonitor({ voters: context.nodes.length });
  const seen = new Map<string, Seen>();
  const leaders = new Set<number>();
  const counts = { leaderChanges: 0, snapshotInstalls: 0 };
  let violated = 0;
  world.onObservation("raft.state", (host, _incarnation, data) => {
    const record = data as RaftStateRecord;
    const before = seen.get(host)?.record;
    seen.set(host, { record });
    if (options.hasMonitors) {
      if (control.host(host).disk.hasLastingHarm) monitor.forgive(host);
      monitor.observe(record);
      if (monitor.violations.length > violated) {
        violated = monitor.violations.length;
        options.onViolation();
      }
    }
    if (record.change?.kind === "install") counts.snapshotInstalls++;
    if (record.role === "leader" && !leaders.has(record.term)) {
      leaders.add(record.term);
      if (leaders.size > 1) counts.leaderChanges++;
    }
    const { incarnation } = control.host(host);
    if (before?.role !== record.role && (record.role === "leader" || record.role === "candidate"))
      world.point("state", record.role, incarnation);
    if (record.change?.kind === "install") world.point("state", "snapshot-installed", incarnation);
  });
  const live = (): RaftStateRecord[] =>
    [...seen.values()]
      .map(({ record }) => record)
      .filter(
        ({ host, incarnation }) =>
          control.stateOf(host) !== "down" && control.host(host).incarnationNumber === incarnation,
      );
  return {
    targets: {
      leader: () => strongest(live()),
      follower: () => namesOf(live().filter(({ role }) => role === "follower")),
      candidate: () => namesOf(live().filter(({ role }) => role === "candidate" || role === "pre-candidate")),
      laggard: () => laggards(live()),
    },
    ...(options.hasMonitors ? { monitors: [{ name: "raft", verdict: () => verdictOf(monitor) }] } : {}),
    counts: () => ({ ...counts, segmentChanges: world.properties.marks.get("raft.segment-changed") ?? 0 }),
  };
}

function namesOf(records: readonly RaftStateRecord[]): string[] {
  return records.map(({ host }) => host).sort();
}

/** The leader of the highest term: an older one that does not know yet is not what a plan means by "leader". */
function strongest(records: readonly RaftStateRecord[]): string[] {
  const leading = records.filter(({ role }) => role === "leader");
  const term = Math.max(-1, ...leading.map((record) => record.term));
  return namesOf(leading.filter((record) => record.term === term));
}

function laggards(records: readonly RaftStateRecord[]): string[] {
  const least = Math.min(Number.POSITIVE_INFINITY, ...records.map(({ commit }) => commit));
  return namesOf(records.filter(({ commit }) => commit === least)).slice(0, 1);
}

function verdictOf(monitor: RaftMonitor): Verdict {
  const first = monitor.violations[0];
  if (first === undefined) return validVerdict("raft", 0);
  const evidence = Object.entries(first.evidence).map(([name, value]) => `${name}=${value}`);
  return invalidVerdict(first.property, 0, [first.message, `${first.property}: ${evidence.join(" ")}`]);
}
