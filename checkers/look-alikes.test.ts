/**
 * For every model a history that must be rejected, and one that looks like it and must pass. Long because it is a table:
 * one pair after the other, each small enough to be checked by hand.
 */
import { describe, expect, it } from "vitest";
import { CHECKERS } from "./check.ts";
import { DEFAULT_BUDGET } from "./budget.ts";
import type { RecordedHistory } from "./formats/read-history.ts";
import type { Operation, PlainJson } from "./history.ts";

/** f, argument, answer, call, return; no return: pending. The position is the process unless a sixth field gives one. */
type Short = readonly [string, PlainJson, PlainJson, number, number?, number?];

type Pair = {
  readonly model: string;
  readonly claim: string;
  readonly options?: Readonly<Record<string, PlainJson>>;
  readonly rejected: readonly Short[];
  readonly passes: readonly Short[];
};

const PAIRS: readonly Pair[] = [
  {
    model: "register",
    claim: "a read of what was overwritten before it began",
    rejected: [
      ["write", 1, 1, 0, 1],
      ["write", 2, 2, 2, 3],
      ["read", null, 1, 4, 5],
    ],
    passes: [
      ["write", 1, 1, 0, 1],
      ["write", 2, 2, 2, 6],
      ["read", null, 1, 4, 5],
    ],
  },
  {
    model: "register",
    claim: "two reads that see two writes in opposite orders",
    rejected: [
      ["write", 1, 1, 0, 9],
      ["write", 2, 2, 1, 10],
      ["read", null, 1, 2, 3],
      ["read", null, 2, 4, 5],
      ["read", null, 1, 6, 7],
    ],
    passes: [
      ["write", 1, 1, 0, 9],
      ["write", 2, 2, 1, 10],
      ["read", null, 1, 2, 3],
      ["read", null, 2, 4, 5],
      ["read", null, 2, 6, 7],
    ],
  },
  {
    model: "cas-register",
    claim: "two cas that both succeed from one write",
    rejected: [
      ["write", 1, 1, 0, 1],
      ["cas", [1, 2], true, 2, 5],
      ["cas", [1, 3], true, 3, 6],
    ],
    passes: [
      ["write", 1, 1, 0, 1],
      ["cas", [1, 2], true, 2, 5],
      ["cas", [1, 3], false, 3, 6],
    ],
  },
  {
    model: "cas-register",
    claim: "a cas that compared unequal though nothing else was there",
    rejected: [
      ["write", 1, 1, 0, 1],
      ["cas", [1, 2], false, 2, 3],
    ],
    passes: [
      ["write", 1, 1, 0, 1],
      ["cas", [1, 2], false, 2, 5],
      ["write", 3, 3, 2.5, 6],
    ],
  },
  {
    model: "kv",
    claim: "a value that came back after its deletion",
    rejected: [
      ["put", "a", null, 0, 1],
      ["delete", null, null, 2, 3],
      ["get", null, "a", 4, 5],
    ],
    passes: [
      ["put", "a", null, 0, 1],
      ["delete", null, null, 2],
      ["get", null, "a", 4, 5],
    ],
  },
  {
    model: "kv-append",
    claim: "a get that misses an append it should have seen",
    rejected: [
      ["append", "a", "a", 0, 1],
      ["append", "b", "b", 2, 3],
      ["get", null, "b", 4, 5],
    ],
    passes: [
      ["append", "a", "a", 0, 3],
      ["append", "b", "b", 1, 2],
      ["get", null, "ba", 4, 5],
    ],
  },
  {
    model: "multi-register",
    claim: "a read of half a transaction",
    options: { init: { x: 0, y: 0 } },
    rejected: [
      [
        "txn",
        [
          ["write", "x", 1],
          ["write", "y", 1],
        ],
        [
          ["write", "x", 1],
          ["write", "y", 1],
        ],
        0,
        5,
      ],
      [
        "txn",
        [],
        [
          ["read", "x", 1],
          ["read", "y", 0],
        ],
        1,
        2,
      ],
    ],
    passes: [
      [
        "txn",
        [
          ["write", "x", 1],
          ["write", "y", 1],
        ],
        [
          ["write", "x", 1],
          ["write", "y", 1],
        ],
        0,
        5,
      ],
      [
        "txn",
        [],
        [
          ["read", "x", 1],
          ["read", "y", 1],
        ],
        1,
        2,
      ],
    ],
  },
  {
    model: "mutex",
    claim: "two holders at a time",
    rejected: [
      ["acquire", null, null, 0, 1],
      ["acquire", null, null, 2, 3],
      ["release", null, null, 4, 5],
    ],
    passes: [
      ["acquire", null, null, 0, 1],
      ["acquire", null, null, 2, 5],
      ["release", null, null, 3, 4],
    ],
  },
  {
    model: "mutex",
    claim: "a release by a process that does not hold it",
    options: { owners: true },
    rejected: [
      ["acquire", null, null, 0, 1, 7],
      ["release", null, null, 2, 3, 8],
    ],
    passes: [
      ["acquire", null, null, 0, 1, 7],
      ["release", null, null, 2, 3, 7],
    ],
  },
  {
    model: "semaphore",
    claim: "three holders of two permits",
    options: { permits: 2 },
    rejected: [
      ["acquire", null, null, 0, 1],
      ["acquire", null, null, 2, 3],
      ["acquire", null, null, 4, 5],
    ],
    passes: [
      ["acquire", null, null, 0, 1],
      ["acquire", null, null, 2, 3],
      ["acquire", null, null, 4],
    ],
  },
  {
    model: "set",
    claim: "an element that is gone without a removal",
    rejected: [
      ["add", 1, true, 0, 1],
      ["contains", 1, false, 2, 3],
    ],
    passes: [
      ["add", 1, true, 0, 1],
      ["contains", 1, false, 2, 3],
      ["remove", 1, null, 0.5],
    ],
  },
  {
    model: "set",
    claim: "two reads of the whole that neither contains the other",
    rejected: [
      ["add", 1, true, 0, 9],
      ["add", 2, true, 1, 10],
      ["read", null, [1], 2, 3],
      ["read", null, [2], 4, 5],
    ],
    passes: [
      ["add", 1, true, 0, 9],
      ["add", 2, true, 1, 10],
      ["read", null, [1], 2, 3],
      ["read", null, [2, 1], 4, 5],
    ],
  },
  {
    model: "queue",
    claim: "values that overtake each other",
    rejected: [
      ["enq", 1, null, 0, 1],
      ["enq", 2, null, 2, 3],
      ["deq", null, 2, 4, 5],
      ["deq", null, 1, 6, 7],
    ],
    passes: [
      ["enq", 1, null, 0, 3],
      ["enq", 2, null, 1, 2],
      ["deq", null, 2, 4, 5],
      ["deq", null, 1, 6, 7],
    ],
  },
  {
    model: "queue",
    claim: "an empty answer while something was in all the time, though no single value was",
    rejected: [
      ["enq", 1, null, 0, 1],
      ["deq", null, null, 2, 9],
      ["enq", 2, null, 3, 4],
      ["deq", null, 1, 5, 10],
      ["enq", 3, null, 6, 7],
    ],
    passes: [
      ["enq", 1, null, 0, 1],
      ["deq", null, null, 2, 9],
      ["enq", 2, null, 6, 7],
      ["deq", null, 1, 3, 10],
    ],
  },
  {
    model: "queue",
    claim: "a value that comes out twice",
    rejected: [
      ["enq", 1, null, 0, 1],
      ["deq", null, 1, 2, 3],
      ["deq", null, 1, 4, 5],
    ],
    passes: [
      ["enq", 1, null, 0, 1],
      ["deq", null, 1, 2, 3],
      ["deq", null, null, 4, 5],
    ],
  },
  {
    model: "stack",
    claim: "the older of two values that comes out first",
    rejected: [
      ["push", 1, null, 0, 1],
      ["push", 2, null, 2, 3],
      ["pop", null, 1, 4, 5],
      ["pop", null, 2, 6, 7],
    ],
    passes: [
      ["push", 1, null, 0, 1],
      ["push", 2, null, 2, 3],
      ["pop", null, 1, 4, 7],
      ["pop", null, 2, 5, 6],
    ],
  },
  {
    model: "priority-queue",
    claim: "a value that comes out while a smaller one is in",
    rejected: [
      ["insert", 1, null, 0, 1],
      ["insert", 2, null, 2, 3],
      ["poll", null, 2, 4, 5],
    ],
    passes: [
      ["insert", 1, null, 0, 5.5],
      ["insert", 2, null, 2, 3],
      ["poll", null, 2, 4, 5],
    ],
  },
  {
    model: "deque",
    claim: "a value that comes out at the wrong end",
    rejected: [
      ["pushBack", 1, null, 0, 1],
      ["pushBack", 2, null, 2, 3],
      ["popFront", null, 2, 4, 5],
    ],
    passes: [
      ["pushBack", 1, null, 0, 1],
      ["pushFront", 2, null, 2, 3],
      ["popFront", null, 2, 4, 5],
    ],
  },
  {
    model: "counter",
    claim: "an increment that is lost",
    rejected: [
      ["inc", 1, 1, 0, 3],
      ["inc", 1, 1, 1, 4],
    ],
    passes: [
      ["inc", 1, 1, 0, 3],
      ["inc", 1, 2, 1, 4],
    ],
  },
  {
    model: "counter",
    claim: "a fetch-and-add that answers with the wrong side",
    rejected: [["faa", 1, 1, 0, 1]],
    passes: [["faa", 1, 0, 0, 1]],
  },
  {
    model: "counter",
    claim: "a read that counts more than was added",
    rejected: [
      ["add", 1, 1, 0, 1],
      ["read", null, 2, 2, 3],
    ],
    passes: [
      ["add", 1, 1, 0, 1],
      ["read", null, 2, 2, 3],
      ["add", 1, null, 2.5],
    ],
  },
  {
    model: "log",
    claim: "two reads that disagree about a position",
    rejected: [
      ["append", 1, null, 0, 9],
      ["append", 2, null, 1, 10],
      ["read", null, [1], 2, 3],
      ["read", null, [2, 1], 4, 5],
    ],
    passes: [
      ["append", 1, null, 0, 9],
      ["append", 2, null, 1, 10],
      ["read", null, [2], 2, 3],
      ["read", null, [2, 1], 4, 5],
    ],
  },
  {
    model: "log",
    claim: "offsets against real time",
    rejected: [
      ["append", 1, 1, 0, 1],
      ["append", 2, 0, 2, 3],
    ],
    passes: [
      ["append", 1, 1, 0, 3],
      ["append", 2, 0, 1, 2],
    ],
  },
  {
    model: "monotonic-ids",
    claim: "an id below one that was given out before",
    rejected: [
      ["generate", null, 5, 0, 1],
      ["generate", null, 4, 2, 3],
    ],
    passes: [
      ["generate", null, 5, 0, 3],
      ["generate", null, 4, 1, 2],
    ],
  },
];

function history(shorts: readonly Short[]): RecordedHistory {
  const operations = shorts.map(([f, input, output, call, end, process], position): Operation => {
    const isPending = end === undefined;
    return {
      id: position,
      process: process ?? position,
      f,
      key: undefined,
      input,
      output: isPending ? null : output,
      isPending,
      call,
      return: end ?? Number.POSITIVE_INFINITY,
      callUs: -1,
      returnUs: -1,
    };
  });
  operations.sort((left, right) => left.call - right.call);
  return {
    format: "jsonl-ops",
    events: [],
    operations: operations.map((operation, id) => ({ ...operation, id })),
    model: undefined,
    init: undefined,
  };
}

function judge(
  { model, options = {} }: Pair,
  shorts: readonly Short[],
): ReturnType<(typeof CHECKERS)[number]["check"]> {
  const checker = CHECKERS.find(({ name }) => name === model)!;
  return checker.check(history(shorts), { options, budget: DEFAULT_BUDGET, isShrinking: true });
}

describe("what is rejected, and what looks like it and passes", () => {
  for (const pair of PAIRS) {
    it(`${pair.model}: ${pair.claim}`, () => {
      const rejected = judge(pair, pair.rejected);
      expect(rejected.kind).toBe("invalid");
      if (rejected.kind === "invalid") {
        expect(rejected.evidence.lines.length).toBeGreaterThan(0);
        expect(rejected.evidence.lines.length).toBeLessThanOrEqual(10);
        expect(rejected.evidence.proof.length).toBeGreaterThan(0);
      }
      expect(judge(pair, pair.passes).kind).toBe("valid");
    });
  }

  it("the evidence reads as a person would tell it", () => {
    const told = (model: string): unknown =>
      PAIRS.filter((pair) => pair.model === model).map((pair) => {
        const verdict = judge(pair, pair.rejected);
        return verdict.kind === "invalid" ? verdict.evidence.lines : verdict.kind;
      });
    expect([told("register"), told("cas-register"), told("queue"), told("stack")]).toMatchSnapshot();
  });
});
