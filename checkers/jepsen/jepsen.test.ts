/**
 * Every checker with histories that it must reject and look-alikes that it must pass: one table, and long because of it.
 */
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";
import { type CheckerOptions, OptionError } from "../named-checker.ts";
import { jepsenCheckers } from "./registry.ts";

/** process, type, function, value, and a key where there is one. Event n happens at n * 1000 us. */
type Line = readonly [number, EventType, string, PlainJson, string?];

function history(lines: readonly Line[]): HistoryEvent[] {
  return lines.map(([process, type, f, value, key], index) => {
    const event = { index, timeUs: index * 1000, process, type, f, value };
    return key === undefined ? event : { ...event, key };
  });
}

/** An operation that runs alone. */
function done(process: number, f: string, asked: PlainJson, answer: PlainJson = asked, key?: string): Line[] {
  return [line(process, "invoke", f, asked, key), line(process, "ok", f, answer, key)];
}

function line(process: number, type: EventType, f: string, value: PlainJson, key?: string): Line {
  return key === undefined ? [process, type, f, value] : [process, type, f, value, key];
}

function read(process: number, answer: PlainJson, key?: string): Line[] {
  return done(process, "read", null, answer, key);
}

type Case = {
  readonly model: string;
  readonly claim: string;
  readonly options?: CheckerOptions;
  readonly bad: readonly Line[];
  /** The look-alike that must pass. */
  readonly good: readonly Line[];
};

const add = (process: number, value: PlainJson): Line[] => done(process, "add", value);
const enqueue = (process: number, value: PlainJson): Line[] => done(process, "enqueue", value);
const dequeue = (process: number, value: PlainJson): Line[] => done(process, "dequeue", null, value);
const fork = (process: number, x: number | null, y: number | null): Line[] =>
  done(
    process,
    "read",
    [
      ["r", "x", null],
      ["r", "y", null],
    ],
    [
      ["r", "x", x],
      ["r", "y", y],
    ],
  );
const send = (process: number, key: string, offset: number | null, value: number): Line[] =>
  done(process, "send", [["send", key, value]], [["send", key, [offset, value]]]);
const poll = (process: number, key: string, messages: readonly (readonly [number, number])[]): Line[] =>
  done(process, "poll", [["poll"]], [["poll", { [key]: messages }]]);
const write = (process: number, key: string, value: PlainJson): Line[] => done(process, "write", value, value, key);

const CASES: readonly Case[] = [
  {
    model: "final-set",
    claim: "an acknowledged element is lost",
    bad: [...add(0, 1), ...add(0, 2), ...read(0, [2])],
    good: [...add(0, 2), line(1, "invoke", "add", 1), line(1, "info", "add", 1), ...read(0, [2])],
  },
  {
    model: "final-set",
    claim: "an element appears that nobody added",
    bad: [...add(0, 1), ...read(0, [1, 9])],
    good: [...add(0, 1), line(1, "invoke", "add", 9), ...read(0, [1, 9])],
  },
  {
    model: "set-full",
    claim: "an element vanishes after it was read",
    bad: [...add(0, 1), ...read(0, [1]), ...read(0, [])],
    good: [...add(0, 1), ...read(0, []), ...read(0, [1])],
  },
  {
    model: "set-full",
    claim: "an element is late",
    options: { linearizable: true },
    bad: [...add(0, 1), ...read(0, []), ...read(0, [1])],
    good: [line(1, "invoke", "add", 1), ...read(0, []), line(1, "ok", "add", 1), ...read(0, [1])],
  },
  {
    model: "set-full",
    claim: "an element is read before it was added, or twice",
    bad: [...add(0, 2), ...read(0, [1, 2]), ...add(0, 1)],
    good: [...add(0, 2), line(1, "invoke", "add", 1), ...read(0, [1, 2]), line(1, "ok", "add", 1)],
  },
  {
    model: "unordered-queue",
    claim: "an element comes out twice",
    bad: [...enqueue(0, 1), ...enqueue(0, 2), ...dequeue(1, 1), ...dequeue(1, 1)],
    good: [...enqueue(0, 1), ...enqueue(0, 2), ...dequeue(1, 2), ...dequeue(1, 1)],
  },
  {
    model: "unordered-queue",
    claim: "an element comes out before it goes in",
    bad: [...dequeue(1, 1), ...enqueue(0, 1)],
    good: [line(0, "invoke", "enqueue", 1), ...dequeue(1, 1), line(0, "ok", "enqueue", 1)],
  },
  {
    model: "total-queue",
    claim: "an acknowledged element never comes out",
    bad: [...enqueue(0, 1), ...enqueue(0, 2), ...done(0, "drain", null, [2])],
    good: [
      ...enqueue(0, 1),
      line(1, "invoke", "enqueue", 2),
      line(1, "info", "enqueue", 2),
      ...done(0, "drain", null, [1]),
    ],
  },
  {
    model: "total-queue",
    claim: "an element comes out that nobody put in",
    bad: [...enqueue(0, 1), ...dequeue(0, 1), ...dequeue(0, 7)],
    good: [...enqueue(0, 1), ...dequeue(0, 1), ...dequeue(0, 1)],
  },
  {
    model: "total-queue",
    claim: "an element is delivered twice where once is promised",
    options: { "exactly-once": "true" },
    bad: [...enqueue(0, 1), ...dequeue(0, 1), ...dequeue(0, 1)],
    good: [...enqueue(0, 1), ...enqueue(0, 1), ...dequeue(0, 1), ...dequeue(0, 1)],
  },
  {
    model: "counter-bounds",
    claim: "a read misses an acknowledged add",
    bad: [...add(0, 2), ...add(0, 3), ...read(1, 2)],
    good: [...add(0, 2), line(0, "invoke", "add", 3), ...read(1, 2), line(0, "ok", "add", 3)],
  },
  {
    model: "counter-bounds",
    claim: "a read is above everything tried",
    bad: [...add(0, 2), line(1, "invoke", "add", 4), line(1, "fail", "add", 4), ...read(0, 6)],
    good: [...add(0, 2), line(1, "invoke", "add", 4), line(1, "info", "add", 4), ...read(0, 6)],
  },
  {
    model: "counter-bounds",
    claim: "a read is below what decrements allow",
    bad: [...add(0, 2), line(1, "invoke", "add", -1), ...read(0, 0), line(1, "ok", "add", -1)],
    good: [...add(0, 2), line(1, "invoke", "add", -1), ...read(0, 1), line(1, "ok", "add", -1)],
  },
  {
    model: "bank",
    claim: "money appears",
    bad: [...read(0, { a: 10, b: 0 }), ...read(0, { a: 10, b: 5 })],
    good: [...read(0, { a: 10, b: 0 }), ...read(0, { a: 5, b: 5 })],
  },
  {
    model: "bank",
    claim: "an account is overdrawn",
    bad: [...read(0, { a: 10, b: 0 }), ...read(0, { a: 11, b: -1 })],
    good: [...read(0, { a: 10, b: 0 }), ...read(0, { a: 0, b: 10 })],
  },
  {
    model: "bank",
    claim: "a balance or an account is not as it should be",
    options: { accounts: "a,b", "total-amount": 10 },
    bad: [...read(0, { a: 10, c: 0 }), ...read(0, { a: 10, b: null })],
    good: [...read(0, { a: 10, b: 0 })],
  },
  {
    model: "long-fork",
    claim: "two reads see two writes in opposite orders",
    bad: [
      ...done(0, "write", [["w", "x", 1]]),
      ...done(0, "write", [["w", "y", 1]]),
      ...fork(1, 1, null),
      ...fork(2, null, 1),
    ],
    good: [
      ...done(0, "write", [["w", "x", 1]]),
      ...done(0, "write", [["w", "y", 1]]),
      ...fork(1, 1, null),
      ...fork(2, 1, 1),
    ],
  },
  {
    model: "causal",
    claim: "a read misses the write that caused it",
    bad: [...done(0, "read-init", null, 0), ...done(0, "write", 1), ...read(0, 0)],
    good: [
      ...done(0, "read-init", null, 0),
      ...done(0, "write", 1),
      ...read(0, 1),
      ...done(0, "write", 2),
      ...read(0, 2),
    ],
  },
  {
    model: "causal",
    claim: "an operation does not link to the one before it",
    bad: [
      ...done(0, "read-init", null, { value: 0, position: 5, link: "init" }),
      ...done(0, "write", 1, { value: 1, position: 6, link: 4 }),
      ...read(0, { value: 1, position: 7, link: 6 }),
    ],
    good: [
      ...done(0, "read-init", null, { value: 0, position: 5, link: "init" }),
      ...done(0, "write", 1, { value: 1, position: 6, link: 5 }),
      ...read(0, { value: 1, position: 7, link: 6 }),
    ],
  },
  {
    model: "comments",
    claim: "a write is seen without one that came before it",
    bad: [...done(0, "write", 1), ...done(0, "write", 2), ...read(1, [2])],
    good: [line(0, "invoke", "write", 1), ...done(2, "write", 2), line(0, "ok", "write", 1), ...read(1, [2])],
  },
  {
    model: "sequential",
    claim: "a later part is seen without an earlier one",
    bad: [...read(0, ["k", ["k_2", null, "k_0"]])],
    good: [...read(0, ["k", [null, "k_1", "k_0"]]), ...read(0, ["k", [null, null, null]])],
  },
  {
    model: "monotonic",
    claim: "a read goes back in real time",
    bad: [...read(0, 3), ...read(1, 2)],
    good: [line(1, "invoke", "read", null), ...read(0, 3), line(1, "ok", "read", 2), ...read(0, 3)],
  },
  {
    model: "read-your-writes",
    claim: "a session misses its own write",
    bad: [...write(0, "x", 5), ...read(0, null, "x")],
    good: [...write(0, "x", 5), ...read(1, null, "x"), ...read(0, 5, "x")],
  },
  {
    model: "monotonic-reads",
    claim: "a session goes back",
    bad: [...write(0, "x", 1), ...write(0, "x", 2), ...read(1, 2, "x"), ...read(1, 1, "x")],
    good: [...write(0, "x", 1), ...write(0, "x", 2), ...read(1, 2, "x"), ...read(2, 1, "x"), ...read(1, 2, "x")],
  },
  {
    model: "monotonic-writes",
    claim: "a write of a session is seen without its earlier one",
    bad: [...write(0, "x", 1), ...write(0, "y", 1), ...read(1, 1, "y"), ...read(1, null, "x")],
    good: [...write(0, "x", 1), ...write(2, "y", 1), ...read(1, 1, "y"), ...read(1, null, "x")],
  },
  {
    model: "writes-follow-reads",
    claim: "an answer is seen without its question",
    bad: [...write(0, "x", 1), ...read(2, 1, "x"), ...write(2, "y", 1), ...read(1, 1, "y"), ...read(1, null, "x")],
    good: [...write(0, "x", 1), ...write(2, "y", 1), ...read(2, 1, "x"), ...read(1, 1, "y"), ...read(1, null, "x")],
  },
  {
    model: "session",
    claim: "one of the four is broken, with lists",
    bad: [
      ...done(0, "append", 1, 1, "x"),
      ...done(0, "append", 2, 2, "x"),
      ...read(1, [1, 2], "x"),
      ...read(0, [1], "x"),
    ],
    good: [
      ...done(0, "append", 1, 1, "x"),
      ...done(2, "append", 2, 2, "x"),
      ...read(1, [1, 2], "x"),
      ...read(0, [1], "x"),
    ],
  },
  {
    model: "unique-ids",
    claim: "an id is given out twice",
    bad: [...done(0, "generate", null, 7), ...done(1, "generate", null, 7)],
    good: [...done(0, "generate", null, 7), line(1, "invoke", "generate", null), line(1, "info", "generate", 7)],
  },
  {
    model: "adya-g2",
    claim: "both guarded inserts of a key commit",
    bad: [...done(0, "insert", [1, [null, 2]]), ...done(1, "insert", [1, [1, null]])],
    good: [
      ...done(0, "insert", [1, [null, 2]]),
      line(1, "invoke", "insert", [1, [1, null]]),
      line(1, "fail", "insert", [1, [1, null]]),
    ],
  },
  {
    model: "stats",
    claim: "a function never succeeds",
    bad: [...read(0, 1), line(0, "invoke", "write", 1), line(0, "fail", "write", 1)],
    good: [...read(0, 1), line(0, "invoke", "write", 1), line(0, "fail", "write", 1), ...done(0, "write", 2)],
  },
  {
    model: "availability",
    claim: "nothing succeeds for too long",
    options: { "stretch-us-max": 4500 },
    bad: [
      ...read(0, 1),
      line(1, "invoke", "read", null),
      line(1, "fail", "read", null),
      line(1, "invoke", "read", null),
      line(1, "fail", "read", null),
      ...read(0, 1),
    ],
    good: [...read(0, 1), line(1, "invoke", "read", null), line(1, "fail", "read", null), ...read(0, 1)],
  },
  {
    model: "availability",
    claim: "the first success after a fault takes too long, or too few succeed",
    options: {
      faults: '[{"name":"partition","startUs":0,"endUs":1500}]',
      "recovery-us-max": "2000",
      "ok-permille-min": 500,
    },
    bad: [...read(0, 1), line(1, "invoke", "read", null), line(1, "fail", "read", null), ...read(0, 1)],
    good: [...read(0, 1), ...read(0, 1)],
  },
  {
    model: "convergence",
    claim: "replicas disagree after the heal",
    options: { "heal-us": 3000, "settle-us": 1000 },
    bad: [...write(0, "x", 1), ...read(1, null, "x"), ...read(1, 1, "x"), ...read(2, null, "x")],
    good: [...write(0, "x", 1), ...read(1, null, "x"), ...read(1, 1, "x"), ...read(2, 1, "x")],
  },
  {
    model: "convergence",
    claim: "sets disagree",
    options: { unordered: true },
    bad: [...read(1, [1, 2], "x"), ...read(2, [1], "x")],
    good: [...read(1, [1, 2], "x"), ...read(2, [2, 1], "x")],
  },
  {
    model: "kafka",
    claim: "inconsistent-offsets: one offset holds two values",
    bad: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
      ]),
      ...poll(2, "x", [[0, 2]]),
    ],
    good: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
      ]),
      ...poll(2, "x", [[0, 1]]),
    ],
  },
  {
    model: "kafka",
    claim: "duplicate: one value is at two offsets",
    bad: [
      ...send(0, "x", 0, 1),
      ...poll(1, "x", [
        [0, 1],
        [1, 1],
      ]),
    ],
    good: [...send(0, "x", 0, 1), ...poll(1, "x", [[0, 1]]), ...poll(2, "x", [[0, 1]])],
  },
  {
    model: "kafka",
    claim: "lost-write: an acknowledged value is passed over",
    bad: [...send(0, "x", 0, 1), ...send(0, "x", 1, 2), ...poll(1, "x", [[1, 2]])],
    good: [...send(0, "x", 0, 1), ...send(0, "x", 1, 2), ...poll(1, "x", [[0, 1]])],
  },
  {
    model: "kafka",
    claim: "unexpected: a value is polled that nobody sent",
    bad: [
      ...send(0, "x", 0, 1),
      ...poll(1, "x", [
        [0, 1],
        [1, 9],
      ]),
    ],
    good: [
      ...send(0, "x", 0, 1),
      line(3, "invoke", "send", [["send", "x", 9]]),
      ...poll(1, "x", [
        [0, 1],
        [1, 9],
      ]),
    ],
  },
  {
    model: "kafka",
    claim: "G1a: a value of a failed send is polled",
    bad: [
      line(3, "invoke", "send", [["send", "x", 9]]),
      line(3, "fail", "send", [["send", "x", 9]]),
      ...poll(1, "x", [[0, 9]]),
    ],
    good: [
      line(3, "invoke", "send", [["send", "x", 9]]),
      line(3, "info", "send", [["send", "x", 9]]),
      ...poll(1, "x", [[0, 9]]),
    ],
  },
  {
    model: "kafka",
    claim: "precommitted-read: a transaction polls what it sends",
    bad: [
      ...done(
        0,
        "txn",
        [["send", "x", 1], ["poll"]],
        [
          ["send", "x", [0, 1]],
          ["poll", { x: [[0, 1]] }],
        ],
      ),
    ],
    good: [
      ...send(0, "x", 0, 1),
      ...done(
        0,
        "txn",
        [["send", "x", 2], ["poll"]],
        [
          ["send", "x", [1, 2]],
          ["poll", { x: [[0, 1]] }],
        ],
      ),
    ],
  },
  {
    model: "kafka",
    claim: "int-poll-skip: a poll leaves out a message that others saw",
    bad: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...send(0, "x", 2, 3),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
      ...poll(2, "x", [
        [0, 1],
        [2, 3],
      ]),
    ],
    good: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 4, 3),
      ...poll(1, "x", [
        [0, 1],
        [4, 3],
      ]),
      ...poll(2, "x", [
        [0, 1],
        [4, 3],
      ]),
    ],
  },
  {
    model: "kafka",
    claim: "poll-skip: the next poll goes on too late",
    bad: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...send(0, "x", 2, 3),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
      ...poll(2, "x", [[0, 1]]),
      ...poll(2, "x", [[2, 3]]),
    ],
    good: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...send(0, "x", 2, 3),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
        [2, 3],
      ]),
      ...poll(2, "x", [[0, 1]]),
      ...done(2, "assign", ["x"]),
      ...poll(2, "x", [[2, 3]]),
    ],
  },
  {
    model: "kafka",
    claim: "int-nonmonotonic-poll: a poll goes back",
    bad: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...poll(1, "x", [
        [1, 2],
        [0, 1],
      ]),
    ],
    good: [
      ...send(0, "x", 0, 1),
      ...send(0, "x", 1, 2),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
      ]),
    ],
  },
  {
    model: "kafka",
    claim: "nonmonotonic-poll: the next poll begins again",
    bad: [...send(0, "x", 0, 1), ...poll(1, "x", [[0, 1]]), ...poll(1, "x", [[0, 1]])],
    good: [...done(1, "subscribe", ["x"]), ...send(0, "x", 0, 1), ...poll(1, "x", [[0, 1]]), ...poll(1, "x", [[0, 1]])],
  },
  {
    model: "kafka",
    claim: "nonmonotonic-send: a later send lies before an earlier one",
    bad: [
      ...send(0, "x", 1, 1),
      ...send(0, "x", 0, 2),
      ...poll(1, "x", [
        [0, 2],
        [1, 1],
      ]),
    ],
    good: [
      ...send(0, "x", 1, 1),
      ...send(2, "x", 0, 2),
      ...poll(1, "x", [
        [0, 2],
        [1, 1],
      ]),
    ],
  },
  {
    model: "kafka",
    claim: "int-nonmonotonic-send: so do two sends of one transaction",
    bad: [
      ...done(
        0,
        "txn",
        [
          ["send", "x", 1],
          ["send", "x", 2],
        ],
        [
          ["send", "x", [1, 1]],
          ["send", "x", [0, 2]],
        ],
      ),
      ...poll(1, "x", [
        [0, 2],
        [1, 1],
      ]),
    ],
    good: [
      ...done(
        0,
        "txn",
        [
          ["send", "x", 1],
          ["send", "x", 2],
        ],
        [
          ["send", "x", [0, 1]],
          ["send", "x", [1, 2]],
        ],
      ),
      ...poll(1, "x", [
        [0, 1],
        [1, 2],
      ]),
    ],
  },
];

describe("each checker rejects a history and passes its look-alike", () => {
  for (const { model, claim, options, bad, good } of CASES) {
    it(`${model}: ${claim}`, () => {
      const checker = jepsenCheckers.get(model)!;
      const rejected = checker.check(history(bad), options ?? {}, DEFAULT_BUDGET);
      expect(rejected.kind).toBe("invalid");
      if (rejected.kind === "invalid") {
        expect(rejected.evidence.lines.length).toBeGreaterThan(0);
        expect(rejected.evidence.lines.length).toBeLessThanOrEqual(10);
      }
      const passed = checker.check(history(good), options ?? {}, DEFAULT_BUDGET);
      expect(passed.kind, JSON.stringify(passed)).toBe("valid");
    });
  }

  it("every checker is in the table", () => {
    expect(new Set(CASES.map(({ model }) => model))).toEqual(new Set(jepsenCheckers.keys()));
  });

  it("kafka names the kind that the claim begins with", () => {
    for (const { claim, bad } of CASES.filter(({ model }) => model === "kafka")) {
      const verdict = jepsenCheckers.get("kafka")!.check(history(bad), {}, DEFAULT_BUDGET);
      expect(JSON.stringify(verdict)).toContain(`"${claim.slice(0, claim.indexOf(":"))}":`);
    }
  });

  it("kinds that are allowed do not count", () => {
    const bad = history([...send(0, "x", 0, 1), ...poll(1, "x", [[0, 1]]), ...poll(1, "x", [[0, 1]])]);
    expect(jepsenCheckers.get("kafka")!.check(bad, { allow: "nonmonotonic-poll" }, DEFAULT_BUDGET).kind).toBe("valid");
  });
});

describe("what makes no sense is never valid", () => {
  for (const [name, checker] of jepsenCheckers) {
    it(`${name}: nothing, nothing answered, a completion alone, a second invoke, unordered events`, () => {
      const broken: readonly HistoryEvent[][] = [
        [],
        history([line(0, "invoke", "read", null)]),
        history([line(0, "ok", "read", null)]),
        history([line(0, "invoke", "read", null), line(0, "invoke", "read", null), line(0, "ok", "read", null)]),
        [...history(read(0, null))].reverse(),
      ];
      for (const events of broken) expect(checker.check(events, {}, DEFAULT_BUDGET).kind).toBe("unknown");
    });

    it(`${name}: an option that it does not have is an error`, () => {
      expect(() => checker.check(history(read(0, 1)), { nonsense: 1 }, DEFAULT_BUDGET)).toThrow(OptionError);
    });
  }

  it("values of the wrong kind are unknown, with what was expected", () => {
    const wrong: readonly [string, Line[]][] = [
      ["final-set", [...add(0, 1), ...read(0, 1)]],
      ["counter-bounds", [...add(0, 1), ...read(0, "one")]],
      ["bank", [...read(0, [1, 2])]],
      ["long-fork", [...read(0, 3)]],
      ["sequential", [...read(0, 3)]],
      ["monotonic", [...read(0, "three")]],
      ["session", [...read(0, [1], "x"), ...read(0, [2], "x")]],
      ["comments", [...done(0, "write", 1), ...done(0, "write", 1), ...read(0, [1])]],
      ["causal", [...done(0, "delete", null)]],
      ["kafka", [...done(0, "poll", [["poll"]], [["poll", { x: [1] }]])]],
      ["adya-g2", [...done(0, "insert", 4)]],
    ];
    for (const [name, lines] of wrong) {
      const verdict = jepsenCheckers.get(name)!.check(history(lines), {}, DEFAULT_BUDGET);
      expect(verdict.kind, name).toBe("unknown");
      if (verdict.kind === "unknown") expect(verdict.reason).toContain("expected");
    }
  });

  it("too few final reads prove no convergence, one write too many no long fork", () => {
    const single = history([...write(0, "x", 1), ...read(1, 1, "x")]);
    expect(jepsenCheckers.get("convergence")!.check(single, {}, DEFAULT_BUDGET).kind).toBe("unknown");
    const twice = history([
      ...done(0, "write", [["w", "x", 1]]),
      ...done(0, "write", [["w", "x", 2]]),
      ...fork(1, 1, null),
    ]);
    expect(jepsenCheckers.get("long-fork")!.check(twice, {}, DEFAULT_BUDGET).kind).toBe("unknown");
  });
});

describe("availability", () => {
  it("tells the share, the longest stretch and the recovery of each fault window", () => {
    const events = history([
      ...read(0, 1),
      line(1, "invoke", "read", null),
      line(1, "fail", "read", null),
      ...read(0, 1),
    ]);
    const faults = [{ name: "partition", startUs: 1500, endUs: 3500 }];
    const verdict = jepsenCheckers.get("availability")!.check(events, { faults }, DEFAULT_BUDGET);
    expect(verdict).toMatchObject({
      kind: "valid",
      details: {
        ok: 2,
        all: 3,
        longestStretch: { fromUs: 1000, lengthUs: 4000 },
        windows: [{ name: "partition", ok: 0, all: 1, recoveryUs: 1500, longestStretchUs: 2000 }],
      },
    });
  });
});

describe("independent keys", () => {
  const lost: Line[] = [
    ...done(0, "add", ["a", 1]),
    ...done(0, "add", ["b", 1]),
    ...done(0, "read", ["a", null], ["a", [1]]),
  ];

  it("each key of a pair is judged alone, and the guilty one is named", () => {
    const bad = history([...lost, ...done(0, "read", ["b", null], ["b", []])]);
    const verdict = jepsenCheckers.get("final-set")!.check(bad, { independent: true }, DEFAULT_BUDGET);
    expect(verdict.kind).toBe("invalid");
    if (verdict.kind === "invalid") expect(verdict.evidence.lines[0]).toBe("Key b:");
    const good = history([...lost, ...done(0, "read", ["b", null], ["b", [1]])]);
    expect(jepsenCheckers.get("final-set")!.check(good, { independent: true }, DEFAULT_BUDGET).kind).toBe("valid");
  });
});
