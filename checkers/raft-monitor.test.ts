import { expect, test } from "vitest";
import { type RaftLogChange, RaftMonitor, type RaftStateRecord } from "./raft-monitor.ts";

/** Three nodes, and records that say only what a test is about. */
class Script {
  readonly monitor: RaftMonitor = new RaftMonitor({ voters: 3 });
  readonly #last: Map<number, RaftStateRecord> = new Map();

  constructor() {
    for (let node = 1; node <= 3; node += 1) {
      this.say(node, { change: { kind: "boot", baseIndex: 0, baseTerm: 0, entries: [] } });
    }
  }

  /** The last record of the node, changed in some fields. */
  say(node: number, fields: Partial<RaftStateRecord>): void {
    const last = this.#last.get(node) ?? {
      host: `n${node}`,
      node,
      incarnation: 1,
      term: 0,
      vote: 0,
      role: "follower",
      commit: 0,
      applied: 0,
      appliedHash: 0,
      durableTerm: 0,
      durableVote: 0,
      durableIndex: 0,
      snapshotIndex: 0,
      change: null,
    };
    const record: RaftStateRecord = { ...last, change: null, ...fields };
    this.#last.set(node, record);
    this.monitor.observe(record);
  }

  vote(node: number, term: number, vote: number): void {
    this.say(node, { term, vote, durableTerm: term, durableVote: vote });
  }

  /** Elects a node with the votes of these. */
  elect(node: number, term: number, voters: readonly number[]): void {
    for (const voter of voters) this.vote(voter, term, node);
    this.say(node, { role: "leader" });
  }

  /** Appends entries [term, hash] from an index on, durably. */
  append(node: number, from: number, ...entries: readonly (readonly [number, number])[]): void {
    this.say(node, { change: suffix(from, ...entries), durableIndex: from + entries.length - 1 });
  }

  get properties(): readonly string[] {
    return this.monitor.violations.map(({ property }) => property);
  }
}

function suffix(from: number, ...entries: readonly (readonly [number, number])[]): RaftLogChange {
  return { kind: "suffix", from, entries: entries.map(([term, hash]) => ({ term, hash })) };
}

/** A leader of term 1 with one committed entry on nodes 1 and 2. */
function committedOnce(): Script {
  const script = new Script();
  script.elect(1, 1, [1, 2]);
  script.append(1, 1, [1, 11]);
  script.append(2, 1, [1, 11]);
  script.say(1, { commit: 1, applied: 1, appliedHash: 5 });
  script.say(2, { commit: 1, applied: 1, appliedHash: 5 });
  return script;
}

test("accepts an election, replication, commit and application", () => {
  expect(committedOnce().properties).toEqual([]);
});

test("rejects a second leader in one term", () => {
  const script = new Script();
  script.elect(1, 3, [1, 2]);
  script.elect(3, 3, [3]);
  expect(script.properties).toContain("raft.election-safety");
});

test("accepts a leader in each of two terms, even when the older one does not know yet", () => {
  const script = new Script();
  script.elect(1, 3, [1, 2]);
  script.elect(3, 4, [3, 2]);
  expect(script.properties).toEqual([]);
});

test("rejects a leader whose votes are not durable on a quorum", () => {
  const script = new Script();
  script.vote(1, 2, 1);
  script.say(2, { term: 2, vote: 1 });
  script.say(1, { role: "leader" });
  expect(script.properties).toEqual(["raft.election-quorum"]);
});

test("rejects a vote for two candidates in one term", () => {
  const script = new Script();
  script.vote(2, 2, 1);
  script.vote(2, 2, 3);
  expect(script.properties).toEqual(["raft.vote-safety"]);
});

test("accepts a vote for another candidate in the next term", () => {
  const script = new Script();
  script.vote(2, 2, 1);
  script.vote(2, 3, 3);
  expect(script.properties).toEqual([]);
});

test("rejects different commands at one index and term", () => {
  const script = new Script();
  script.append(1, 1, [1, 11]);
  script.append(2, 1, [1, 12]);
  expect(script.properties).toEqual(["raft.log-matching"]);
});

test("rejects equal entries that follow different ones", () => {
  const script = new Script();
  script.append(1, 1, [1, 11], [3, 30]);
  script.append(2, 1, [2, 22], [3, 30]);
  expect(script.properties).toEqual(["raft.log-matching"]);
});

test("accepts logs that differ at an index by their terms", () => {
  const script = new Script();
  script.append(1, 1, [1, 11], [1, 12]);
  script.append(2, 1, [1, 11], [2, 12]);
  expect(script.properties).toEqual([]);
});

test("rejects a leader that lacks an entry committed in an earlier term", () => {
  const script = committedOnce();
  script.elect(3, 2, [3, 2]);
  expect(script.properties).toEqual(["raft.leader-completeness"]);
});

test("accepts a leader of an earlier term that takes office late, without what was committed since", () => {
  const script = new Script();
  script.vote(1, 1, 1);
  script.vote(3, 1, 1);
  script.elect(2, 2, [2, 3]);
  script.append(2, 1, [2, 20]);
  script.append(3, 1, [2, 20]);
  script.say(2, { commit: 1 });
  // Its votes of term 1 were on their way all the while.
  script.say(1, { role: "leader" });
  expect(script.properties).toEqual([]);
});

test("accepts a leader whose snapshot covers what was committed", () => {
  const script = committedOnce();
  script.say(3, {
    change: { kind: "install", baseIndex: 1, baseTerm: 1, entries: [] },
    commit: 1,
    applied: 1,
    appliedHash: 5,
    durableIndex: 1,
    snapshotIndex: 1,
  });
  script.elect(3, 2, [3, 2]);
  expect(script.properties).toEqual([]);
});

test("rejects two nodes that commit different entries at one index", () => {
  const script = committedOnce();
  script.append(3, 1, [2, 99]);
  script.say(3, { commit: 1 });
  expect(script.properties).toEqual(["raft.state-machine-safety"]);
});

test("rejects a node that cuts off what it committed, and accepts one that cuts behind it", () => {
  const script = committedOnce();
  script.append(2, 2, [1, 12]);
  script.say(2, { change: suffix(2, [3, 32]) });
  expect(script.properties).toEqual([]);
  script.say(2, { change: suffix(1, [3, 31]) });
  expect(script.properties).toContain("raft.state-machine-safety");
});

test("rejects a leader that replaces a part of its own log", () => {
  const script = new Script();
  script.elect(1, 1, [1, 2]);
  script.append(1, 1, [1, 11], [1, 12]);
  script.append(1, 2, [1, 12]);
  expect(script.properties).toEqual(["raft.leader-append-only", "raft.needless-cut"]);
});

test("rejects a follower that cuts its log where no entry of another term comes to stand", () => {
  for (const change of [suffix(2), suffix(2, [1, 12]), suffix(2, [1, 99])]) {
    const script = committedOnce();
    script.append(2, 2, [1, 12], [1, 13]);
    script.say(2, { change });
    expect(script.properties).toContain("raft.needless-cut");
  }
  const script = committedOnce();
  script.append(2, 2, [1, 12], [1, 13]);
  script.say(2, { change: suffix(3, [2, 23]) });
  expect(script.properties).toEqual([]);
});

test("rejects an acknowledgement of what the disk does not durably hold, whatever the node says of itself", () => {
  const acknowledge = (disk: readonly (readonly [number, number])[], snapshotIndex = 0): Script => {
    const script = committedOnce();
    script.append(1, 2, [1, 12]);
    script.append(2, 2, [1, 12]);
    const entries = disk.map(([term, hash]) => ({ term, hash }));
    const ack = { host: "n2", node: 2, to: 1, term: 1, index: 2 };
    script.monitor.acknowledged(ack, { snapshotIndex, at: (index) => entries[index - 1] });
    return script;
  };
  const right: readonly (readonly [number, number])[] = [
    [1, 11],
    [1, 12],
  ];
  expect(acknowledge(right).properties).toEqual([]);
  expect(acknowledge([], 2).properties).toEqual([]);
  for (const disk of [right.slice(0, 1), [right[0]!, [1, 99]] as const, [right[0]!, [2, 12]] as const]) {
    expect(acknowledge(disk).properties).toEqual(["raft.acknowledged-durable"]);
  }
});

test("rejects an acknowledgement of another log than the leader's, and asks no disk that is known to lie", () => {
  const ack = { host: "n2", node: 2, to: 1, term: 1, index: 2 };
  const other = { snapshotIndex: 0, at: (index: number) => (index === 2 ? { term: 0, hash: 7 } : undefined) };
  for (const [isForgiven, expected] of [
    [false, ["raft.acknowledged-durable"]],
    [true, []],
  ] as const) {
    const script = committedOnce();
    script.append(1, 2, [1, 12]);
    script.append(2, 2, [0, 7]);
    if (isForgiven) script.monitor.forgive("n2");
    script.monitor.acknowledged(ack, other);
    expect(script.properties).toEqual(expected);
  }
});

test("rejects an entry that a leader commits without a durable quorum", () => {
  const script = new Script();
  script.elect(1, 1, [1, 2]);
  script.append(1, 1, [1, 11]);
  script.say(2, { change: suffix(1, [1, 11]) });
  script.say(1, { commit: 1 });
  expect(script.properties).toEqual(["raft.commit-quorum"]);
});

test("rejects a leader that commits an entry of an earlier term by counting, and accepts it together with a later one", () => {
  const commitAt = (commit: number): readonly string[] => {
    const script = new Script();
    for (const node of [1, 2, 3]) script.append(node, 1, [1, 11]);
    script.elect(1, 2, [1, 2]);
    script.append(1, 2, [2, 0]);
    script.append(2, 2, [2, 0]);
    script.say(1, { commit });
    return script.properties;
  };
  expect(commitAt(1)).toEqual(["raft.commit-own-term"]);
  expect(commitAt(2)).toEqual([]);
});

test("rejects terms, commit and applied indexes that go back within an incarnation", () => {
  const script = committedOnce();
  script.say(1, { term: 0, vote: 0, role: "follower" });
  script.say(2, { commit: 0, applied: 0 });
  expect(script.properties).toEqual(["raft.monotone-term", "raft.monotone-commit", "raft.monotone-applied"]);
});

test("accepts a reboot that forgets what was not durable", () => {
  const script = committedOnce();
  script.say(2, { term: 7, vote: 3, change: suffix(2, [1, 12]) });
  const entries = [{ term: 1, hash: 11 }];
  script.say(2, {
    incarnation: 2,
    term: 1,
    vote: 1,
    commit: 0,
    applied: 0,
    change: { kind: "boot", baseIndex: 0, baseTerm: 0, entries },
  });
  expect(script.properties).toEqual([]);
});

test("rejects a reboot that lost a durable term, vote or entry, unless its disk is known to lie", () => {
  const lost = (forgiven: boolean): readonly string[] => {
    const script = committedOnce();
    if (forgiven) script.monitor.forgive("n2");
    const change: RaftLogChange = { kind: "boot", baseIndex: 0, baseTerm: 0, entries: [] };
    script.say(2, { incarnation: 2, vote: 3, durableVote: 3, commit: 0, applied: 0, durableIndex: 0, change });
    script.say(2, { incarnation: 3, term: 0, vote: 0, durableTerm: 0, durableVote: 0, change });
    return script.properties;
  };
  expect(lost(false)).toEqual(["raft.durable-state", "raft.durable-state", "raft.monotone-term"]);
  expect(lost(true)).toEqual([]);
});

test("rejects equal indexes applied with different results, and what is applied before it is committed", () => {
  const script = committedOnce();
  script.append(3, 1, [1, 11]);
  script.say(3, { commit: 1, applied: 1, appliedHash: 6 });
  expect(script.properties).toEqual(["raft.state-machine-safety"]);
  script.append(3, 2, [1, 12]);
  script.say(3, { applied: 2 });
  expect(script.monitor.violations[1]?.message).toBe("n3 applied up to 2, but committed only up to 1.");
});

test("tells the numbers of a violation in one sentence and as data", () => {
  const script = committedOnce();
  script.elect(3, 2, [3, 2]);
  expect(script.monitor.violations).toEqual([
    {
      property: "raft.leader-completeness",
      host: "n3",
      incarnation: 1,
      message: "n3 leads in term 2 without entry 1 of term 1, which was committed before.",
      evidence: { term: 2, index: 1, entryTerm: 1, lastIndex: 0 },
    },
  ]);
});
