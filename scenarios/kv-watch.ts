/** Watches a Raft group from inside: monitors, who leads, and the numbers that floors are stated in. */
import { type RaftCountedStep, RaftCountsMonitor } from "../checkers/raft-counts-monitor.ts";
import { type RaftAckRecord, RaftMonitor, type RaftStateRecord } from "../checkers/raft-monitor.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import { invalidVerdict, validVerdict, verdictOfSentences } from "./checks.ts";
import { readDurableLog } from "../systems/raft/durable-log.ts";
import type { Eventually, ScenarioContext, Watch, WatchOptions } from "./scenario.ts";

/** Beyond what the liveness phase may take: an election, and snapshots in small pieces. */
const APPLIED_US_MAX = 20_000_000;

const COUNTS = "raft.counts-what-was-said";

/** What plans may name: the leader with the highest term, those that follow it, and the one that lags most. */
export const RAFT_TARGETS = ["leader", "follower", "laggard", "candidate"] as const;

/** States that triggers may wait for. */
export const RAFT_STATES = ["leader", "candidate", "snapshot-installed"] as const;

type Seen = { record: RaftStateRecord };

export function watchRaft(control: Control, context: ScenarioContext, options: WatchOptions): Watch {
  const { world } = control;
  const monitor = new RaftMonitor({ voters: context.nodes.length });
  const countsMonitor = new RaftCountsMonitor();
  const seen = new Map<string, Seen>();
  const leaders = new Set<number>();
  const counts = { leaderChanges: 0, snapshotInstalls: 0 };
  let violated = 0;
  const reportNew = (): void => {
    const found = monitor.violations.length + countsMonitor.violations.length;
    if (found === violated) return;
    violated = found;
    options.onViolation();
  };
  if (options.hasMonitors && context.settings["isWatchedClosely"] === true) {
    world.onObservation("raft.ack", (host, _incarnation, data) => {
      // A disk that lies about its syncs has lost nothing yet, but its node is in quarantine: what it acknowledges reaches nobody.
      if (control.quarantined.has(host)) return;
      const { disk } = control.host(host);
      if (disk.hasLastingHarm) monitor.forgive(host);
      monitor.acknowledged(data as RaftAckRecord, readDurableLog(disk.durableView()));
      reportNew();
    });
    world.onObservation("raft.step", (_host, _incarnation, data) => {
      countsMonitor.observe(data as RaftCountedStep);
      reportNew();
    });
  }
  world.onObservation("raft.state", (host, _incarnation, data) => {
    const record = data as RaftStateRecord;
    const before = seen.get(host)?.record;
    seen.set(host, { record });
    if (options.hasMonitors) {
      if (control.host(host).disk.hasLastingHarm) monitor.forgive(host);
      monitor.observe(record);
      reportNew();
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
    ...(options.hasMonitors
      ? {
          monitors: [
            { name: "raft", verdict: () => verdictOf(monitor) },
            { name: COUNTS, verdict: () => verdictOfSentences(COUNTS, countsMonitor.violations) },
          ],
        }
      : {}),
    eventually: [appliedEverywhere(control, context, seen)],
    counts: () => ({ ...counts, segmentChanges: world.properties.marks.get("raft.segment-changed") ?? 0 }),
  };
}

/**
 * Every node that is up and whose disk was not harmed applies what any of them has committed, without a new command to carry the news: a
 * follower that never catches up is no copy of anything.
 */
function appliedEverywhere(control: Control, { nodes }: ScenarioContext, seen: ReadonlyMap<string, Seen>): Eventually {
  const pending = (): string | null => {
    const sound = nodes.filter(
      (node) =>
        control.stateOf(node) !== "down" && !control.host(node).disk.hasLastingHarm && !control.quarantined.has(node),
    );
    const records = sound.map((node) => {
      const record = seen.get(node)?.record;
      return { node, record: record?.incarnation === control.host(node).incarnationNumber ? record : undefined };
    });
    const commit = Math.max(0, ...records.map(({ record }) => record?.commit ?? 0));
    for (const { node, record } of records) {
      if (record === undefined) return `${node} is up and its disk sound, but it takes no part`;
      if (record.applied < commit) return `${node} has applied up to ${record.applied}, ${commit} is committed`;
    }
    return null;
  };
  return { name: "raft-applied", withinUs: APPLIED_US_MAX, pending };
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
