import { expect, test } from "vitest";
import { RaftMonitor, type RaftStateRecord } from "../../checkers/raft-monitor.ts";
import { runSchedule } from "./schedule.fixture.ts";

test("3,000 random schedules keep every property of the paper's figure 3, and reads fresh", () => {
  const marks = new Map<string, number>();
  let committed = 0;
  let reads = 0;
  for (let seed = 1; seed <= 3_000; seed += 1) {
    let monitor = new RaftMonitor({ voters: 0 });
    const watch = (size: number) => {
      monitor = new RaftMonitor({ voters: size });
      // The observation is handed over as the monitor's own record: their types have to agree.
      return (record: RaftStateRecord): void => monitor.observe(record);
    };
    const cluster = runSchedule({ seed, steps: 500, watch });
    expect({ seed, violations: monitor.violations }).toEqual({ seed, violations: [] });
    expect({ seed, staleReads: cluster.staleReads }).toEqual({ seed, staleReads: [] });
    committed += Math.max(...cluster.nodes.map(({ core }) => core?.commit ?? 0));
    reads += cluster.readsConfirmed;
    for (const [mark, count] of cluster.marks) marks.set(mark, (marks.get(mark) ?? 0) + count);
  }
  expect(committed).toBeGreaterThan(3_000 * 5);
  expect(reads).toBeGreaterThan(3_000);
  // Coverage of meaning: each rare branch of the core was taken.
  for (const mark of [
    "raft.snapshot-sent",
    "raft.snapshot-installed",
    "raft.conflict-truncated",
    "raft.check-quorum-step-down",
    "raft.read-deferred",
    "raft.transfer",
    "raft.timeout-now",
    "raft.transfer-aborted",
    "raft.back-track",
    "raft.vote-ignored-in-lease",
  ]) {
    expect({ mark, count: marks.get(mark) ?? 0 }).not.toEqual({ mark, count: 0 });
  }
});
