/**
 * Every anomaly with a history that must be rejected and a look-alike that must pass: one table, and long because of it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";
import { type CheckerOptions, OptionError } from "../named-checker.ts";
import { generateTransactions } from "./generate.ts";
import { anomaliesForbiddenBy, boundaryOf, impossibleModels, MODELS, modelName } from "./lattice.ts";
import { transactionCheckers } from "./registry.ts";
import { asked, parseShorthand } from "./shorthand.test.help.ts";

type Model = "list-append" | "rw-register";
/** process, outcome, shorthand; each runs alone, one after the other, unless it is written as [process, outcome, text, true]. */
type Short = readonly [process: number, type: EventType, text: string, isConcurrent?: true];

function serial(model: Model, list: readonly Short[]): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const push = (process: number, type: EventType, value: PlainJson): void => {
    events.push({ index: events.length, timeUs: -1, process, type, f: "txn", value });
  };
  // Concurrent ones are all invoked first and completed last.
  for (const [process, , text, isConcurrent] of list)
    if (isConcurrent) push(process, "invoke", asked(parseShorthand(text, model)));
  for (const [process, type, text, isConcurrent] of list) {
    if (isConcurrent) continue;
    push(process, "invoke", asked(parseShorthand(text, model)));
    push(process, type, parseShorthand(text, model));
  }
  for (const [process, type, text, isConcurrent] of list)
    if (isConcurrent) push(process, type, parseShorthand(text, model));
  return events;
}

function typesOf(model: Model, events: readonly HistoryEvent[], options: CheckerOptions = {}): readonly string[] {
  const verdict = transactionCheckers.get(model)!.check(events, options, DEFAULT_BUDGET);
  if (verdict.kind === "unknown") return [`unknown: ${verdict.reason}`];
  const details = (verdict.kind === "valid" ? verdict.details : verdict.evidence.details) as {
    "anomaly-types": string[];
  };
  return details["anomaly-types"];
}

type Case = {
  readonly type: string;
  readonly model: Model;
  readonly options?: CheckerOptions;
  readonly bad: readonly Short[];
  readonly good: readonly Short[];
};

const CASES: readonly Case[] = [
  {
    type: "G0",
    model: "list-append",
    bad: [
      [0, "ok", "ax1ay1", true],
      [1, "ok", "ax2ay2", true],
      [2, "ok", "rx12ry21"],
    ],
    good: [
      [0, "ok", "ax1ay1", true],
      [1, "ok", "ax2ay2", true],
      [2, "ok", "rx12ry12"],
    ],
  },
  {
    type: "G1a",
    model: "list-append",
    bad: [
      [0, "fail", "ax1"],
      [1, "ok", "rx1"],
    ],
    good: [
      [0, "info", "ax1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "G1b",
    model: "list-append",
    bad: [
      [0, "ok", "ax1ax2", true],
      [1, "ok", "rx1", true],
    ],
    good: [
      [0, "ok", "ax1ax2", true],
      [1, "ok", "rx12", true],
    ],
  },
  {
    type: "G1c",
    model: "list-append",
    bad: [
      [0, "ok", "ax1ry1", true],
      [1, "ok", "ay1rx1", true],
    ],
    good: [
      [0, "ok", "ax1ry", true],
      [1, "ok", "ay1rx1", true],
    ],
  },
  {
    type: "G-single-item",
    model: "list-append",
    bad: [
      [0, "ok", "ax1ay1", true],
      [1, "ok", "rx1ry", true],
    ],
    good: [
      [0, "ok", "ax1ay1", true],
      [1, "ok", "rxry", true],
    ],
  },
  {
    type: "G2-item",
    model: "list-append",
    bad: [
      [0, "ok", "rxay1", true],
      [1, "ok", "ryax1", true],
    ],
    good: [
      [0, "ok", "rxay1", true],
      [1, "ok", "ry1ax1", true],
    ],
  },
  {
    type: "G-nonadjacent-item",
    model: "list-append",
    options: { "consistency-models": "snapshot-isolation" },
    bad: [
      [0, "ok", "ax1"],
      [1, "ok", "rx1ry"],
      [2, "ok", "ay1"],
      [3, "ok", "ry1rx"],
    ],
    good: [
      [0, "ok", "ax1"],
      [1, "ok", "rx1ry"],
      [2, "ok", "ay1"],
      [3, "ok", "ry1rx1"],
    ],
  },
  {
    type: "G0-realtime",
    model: "list-append",
    bad: [
      [0, "ok", "ax1"],
      [1, "ok", "ax2"],
      [2, "ok", "rx21"],
    ],
    good: [
      [0, "ok", "ax1", true],
      [1, "ok", "ax2", true],
      [2, "ok", "rx21"],
    ],
  },
  {
    type: "G0-process",
    model: "list-append",
    options: { "consistency-models": "strong-session-read-uncommitted" },
    bad: [
      [0, "ok", "ax1"],
      [0, "ok", "ax2"],
      [2, "ok", "rx21"],
    ],
    good: [
      [0, "ok", "ax1"],
      [1, "ok", "ax2"],
      [2, "ok", "rx21"],
    ],
  },
  {
    type: "G1c-realtime",
    model: "list-append",
    bad: [
      [0, "ok", "rx1"],
      [1, "ok", "ax1"],
    ],
    good: [
      [0, "ok", "rx1", true],
      [1, "ok", "ax1"],
    ],
  },
  {
    type: "G1c-process",
    model: "list-append",
    options: { "consistency-models": "strong-session-read-committed" },
    bad: [
      [0, "ok", "rx1"],
      [0, "ok", "ax1"],
    ],
    good: [
      [0, "ok", "rx1"],
      [1, "ok", "ax1"],
    ],
  },
  {
    type: "G-single-item-realtime",
    model: "list-append",
    bad: [
      [0, "ok", "ax1"],
      [1, "ok", "rx"],
    ],
    good: [
      [0, "ok", "ax1", true],
      [1, "ok", "rx"],
    ],
  },
  {
    type: "G-single-item-process",
    model: "list-append",
    options: { "consistency-models": "strong-session-snapshot-isolation" },
    bad: [
      [0, "ok", "ax1"],
      [0, "ok", "rx"],
    ],
    good: [
      [0, "ok", "ax1"],
      [1, "ok", "rx"],
    ],
  },
  {
    type: "G2-item-realtime",
    model: "list-append",
    bad: [
      [0, "ok", "rxaz1", true],
      [1, "ok", "ax1"],
      [2, "ok", "ry"],
      [3, "ok", "ay1rz", true],
    ],
    good: [
      [0, "ok", "rxaz1", true],
      [1, "ok", "ax1"],
      [2, "ok", "ry"],
      [3, "ok", "ay1rz1", true],
    ],
  },
  {
    type: "G-nonadjacent-item-process",
    model: "list-append",
    options: { "consistency-models": "strong-session-snapshot-isolation" },
    bad: [
      [0, "ok", "rxrz1"],
      [1, "ok", "ax1"],
      [1, "ok", "rz"],
      [2, "ok", "az1"],
    ],
    good: [
      [0, "ok", "rxrz1"],
      [1, "ok", "ax1"],
      [3, "ok", "rz"],
      [2, "ok", "az1"],
    ],
  },
  {
    type: "garbage-read",
    model: "list-append",
    bad: [
      [0, "ok", "ax1"],
      [1, "ok", "rx19"],
    ],
    good: [
      [0, "ok", "ax1"],
      [2, "info", "ax9"],
      [1, "ok", "rx19"],
    ],
  },
  {
    type: "duplicate-elements",
    model: "list-append",
    bad: [
      [0, "ok", "ax1"],
      [0, "ok", "ax2"],
      [1, "ok", "rx121"],
    ],
    good: [
      [0, "ok", "ax1"],
      [0, "ok", "ax2"],
      [1, "ok", "rx12"],
    ],
  },
  {
    type: "incompatible-order",
    model: "list-append",
    bad: [
      [0, "ok", "ax1", true],
      [1, "ok", "ax2", true],
      [2, "ok", "rx12", true],
      [3, "ok", "rx21", true],
    ],
    good: [
      [0, "ok", "ax1", true],
      [1, "ok", "ax2", true],
      [2, "ok", "rx1", true],
      [3, "ok", "rx12", true],
    ],
  },
  {
    type: "dirty-update",
    model: "list-append",
    bad: [
      [0, "fail", "ax1"],
      [1, "ok", "ax2"],
      [2, "ok", "rx12"],
    ],
    good: [
      [0, "info", "ax1"],
      [1, "ok", "ax2"],
      [2, "ok", "rx12"],
    ],
  },
  {
    type: "lost-update",
    model: "list-append",
    bad: [
      [0, "ok", "ax0"],
      [1, "ok", "rx0ax1", true],
      [2, "ok", "rx0ax2", true],
    ],
    good: [
      [0, "ok", "ax0"],
      [1, "ok", "rx0ax1", true],
      [2, "ok", "rx01ax2", true],
    ],
  },
  {
    type: "internal",
    model: "list-append",
    bad: [[0, "ok", "ax1rx"]],
    good: [
      [0, "ok", "ax1rx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "future-read",
    model: "list-append",
    bad: [[0, "ok", "rx1ax1"]],
    good: [
      [0, "ok", "rxax1rx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "G1a",
    model: "rw-register",
    bad: [
      [0, "fail", "wx1"],
      [1, "ok", "rx1"],
    ],
    good: [
      [0, "info", "wx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "G1b",
    model: "rw-register",
    bad: [
      [0, "ok", "wx1wx2"],
      [1, "ok", "rx1"],
    ],
    good: [
      [0, "ok", "wx1wx2"],
      [1, "ok", "rx2"],
    ],
  },
  {
    type: "G1c",
    model: "rw-register",
    bad: [
      [0, "ok", "wx1ry1", true],
      [1, "ok", "wy1rx1", true],
    ],
    good: [
      [0, "ok", "wx1ry_", true],
      [1, "ok", "wy1rx1", true],
    ],
  },
  {
    type: "internal",
    model: "rw-register",
    bad: [[0, "ok", "wx1rx2"]],
    good: [
      [0, "ok", "wx1rx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "future-read",
    model: "rw-register",
    bad: [[0, "ok", "rx1wx1"]],
    good: [
      [0, "ok", "rx_wx1rx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "lost-update",
    model: "rw-register",
    bad: [
      [0, "ok", "rx0wx1", true],
      [1, "ok", "rx0wx2", true],
      [2, "ok", "ry_wy1"],
    ],
    good: [
      [0, "ok", "rx0wx1", true],
      [1, "ok", "rx1wx2", true],
    ],
  },
  {
    type: "garbage-read",
    model: "rw-register",
    bad: [
      [0, "ok", "rx8"],
      [1, "ok", "rx9"],
    ],
    good: [
      [0, "ok", "rx8"],
      [1, "ok", "rx8"],
    ],
  },
  {
    type: "garbage-read",
    model: "rw-register",
    options: { "initial-values": "nil" },
    bad: [
      [0, "ok", "wx1"],
      [1, "ok", "rx2"],
    ],
    good: [
      [0, "ok", "wx1"],
      [1, "ok", "rx1"],
    ],
  },
  {
    type: "cyclic-versions",
    model: "rw-register",
    options: { "linearizable-keys": true },
    bad: [
      [0, "ok", "wx1"],
      [1, "ok", "rx2"],
      [2, "ok", "rx1"],
    ],
    good: [
      [0, "ok", "wx1"],
      [1, "ok", "rx1"],
      [2, "ok", "wx2"],
      [1, "ok", "rx2"],
    ],
  },
  {
    type: "cyclic-versions",
    model: "rw-register",
    options: { "sequential-keys": true, "consistency-models": "serializable" }, // a stale read is no strict order
    bad: [
      [0, "ok", "wx1"],
      [0, "ok", "wx2"],
      [0, "ok", "rx1"],
    ],
    good: [
      [0, "ok", "wx1"],
      [1, "ok", "wx2"],
      [0, "ok", "rx1"],
    ],
  },
  {
    type: "G-single-item",
    model: "rw-register",
    options: { "wfr-keys": true },
    bad: [
      [0, "ok", "ry1wx1wy2", true],
      [1, "ok", "rx1ry1", true],
    ],
    good: [
      [0, "ok", "ry1wx1wy2", true],
      [1, "ok", "rx1ry2", true],
    ],
  },
  {
    type: "G-single-item-realtime",
    model: "rw-register",
    bad: [
      [0, "ok", "wx1"],
      [1, "ok", "rx_"],
    ],
    good: [
      [0, "ok", "wx1", true],
      [1, "ok", "rx_"],
    ],
  },
];

describe("each anomaly is found, and its look-alike passes", () => {
  for (const { type, model, options, bad, good } of CASES) {
    it(`${model}: ${type} ${options === undefined ? "" : JSON.stringify(options)}`, () => {
      expect(typesOf(model, serial(model, bad), options)).toContain(type);
      expect(typesOf(model, serial(model, good), options)).toEqual([]);
    });
  }
});

function predicate(process: number, type: EventType, value: PlainJson, index: number): HistoryEvent {
  return { index, timeUs: -1, process, type, f: "txn", value };
}

describe("predicate reads", () => {
  it("G2: two guarded inserts, each of which did not see the other", () => {
    const guarded = (seesOther: PlainJson): HistoryEvent[] => [
      predicate(
        0,
        "ok",
        [
          [
            "rp",
            "all",
            [
              ["x", null],
              ["y", null],
            ],
          ],
          ["w", "x", 1],
        ],
        0,
      ),
      predicate(
        1,
        "ok",
        [
          [
            "rp",
            "all",
            [
              ["x", seesOther],
              ["y", null],
            ],
          ],
          ["w", "y", 1],
        ],
        1,
      ),
    ];
    expect(typesOf("rw-register", guarded(null), { "consistency-models": "serializable" })).toEqual(["G2"]);
    expect(typesOf("rw-register", guarded(null), { "consistency-models": "repeatable-read" })).toEqual([]);
    expect(typesOf("rw-register", guarded(1), { "consistency-models": "serializable" })).toEqual([]);
  });

  it("G-single: a predicate sees half of a transaction", () => {
    const half = (x: PlainJson): HistoryEvent[] => [
      predicate(
        0,
        "ok",
        [
          ["w", "x", 1],
          ["w", "y", 1],
        ],
        0,
      ),
      predicate(
        1,
        "ok",
        [
          [
            "rp",
            "all",
            [
              ["x", x],
              ["y", 1],
            ],
          ],
        ],
        1,
      ),
    ];
    expect(typesOf("rw-register", half(null), { "consistency-models": "consistent-view" })).toEqual(["G-single"]);
    expect(typesOf("rw-register", half(1), { "consistency-models": "consistent-view" })).toEqual([]);
  });
});

describe("what makes no sense is never valid", () => {
  const broken: readonly (readonly [string, Model, HistoryEvent[]])[] = [
    ["an empty history", "list-append", []],
    ["nothing but invocations", "list-append", [predicate(0, "invoke", [["append", "x", 1]], 0)]],
    ["nothing but failures", "list-append", [predicate(0, "fail", [["append", "x", 1]], 0)]],
    ["one transaction that depends on nothing", "list-append", [predicate(0, "ok", [["append", "x", 1]], 0)]],
    [
      "an element appended twice",
      "list-append",
      serial("list-append", [
        [0, "ok", "ax1"],
        [1, "ok", "ax1"],
      ]),
    ],
    [
      "a value written twice",
      "rw-register",
      serial("rw-register", [
        [0, "ok", "wx1"],
        [1, "ok", "wx1"],
      ]),
    ],
    ["a read that is no list", "list-append", [predicate(0, "ok", [["r", "x", 1]], 0)]],
    ["a write of nothing", "rw-register", [predicate(0, "ok", [["w", "x", null]], 0)]],
    ["a function of the other workload", "list-append", [predicate(0, "ok", [["w", "x", 1]], 0)]],
    ["a value that is no list", "list-append", [predicate(0, "ok", 7, 0)]],
    ["a micro-operation that is none", "list-append", [predicate(0, "ok", [7], 0)]],
    ["events out of order", "list-append", [...serial("list-append", [[0, "ok", "ax1"]])].reverse()],
    [
      "a second invocation of a process",
      "list-append",
      [predicate(0, "invoke", [], 0), predicate(0, "invoke", [], 1), predicate(0, "ok", [], 2)],
    ],
  ];
  for (const [name, model, events] of broken) {
    it(`${name} is unknown, with the reason`, () => {
      const verdict = transactionCheckers.get(model)!.check(events, {}, DEFAULT_BUDGET);
      expect(verdict.kind).toBe("unknown");
      if (verdict.kind === "unknown") expect(verdict.reason.length).toBeGreaterThan(10);
    });
  }

  it("a budget that the graph does not fit is unknown", () => {
    const events = generateTransactions({
      kind: "list-append",
      seed: 1,
      transactions: 100,
      microOperations: 4,
      processes: 3,
      liveKeys: 4,
      writesPerKey: 8,
    });
    expect(transactionCheckers.get("list-append")!.check(events, {}, { stepsMax: 1, bytesMax: 100 }).kind).toBe(
      "unknown",
    );
  });

  it("models, anomalies and options that do not exist are errors that name those that do", () => {
    const check = transactionCheckers.get("list-append")!;
    for (const options of [
      { "consistency-models": "perfect" },
      { anomalies: "G7" },
      { nonsense: true },
      { orders: "some" },
    ]) {
      expect(() => check.check([], options, DEFAULT_BUDGET)).toThrow(OptionError);
    }
    const order = { "transaction-order": "[1" };
    expect(() => transactionCheckers.get("rw-register")!.check([], order, DEFAULT_BUDGET)).toThrow(OptionError);
  });
});

describe("generated histories", () => {
  const shape = { microOperations: 4, processes: 5, liveKeys: 3, writesPerKey: 8 };

  it("are strict-serializable, and say so", () => {
    fc.assert(
      fc.property(fc.nat(), fc.constantFrom<Model>("list-append", "rw-register"), (seed, kind) => {
        const events = generateTransactions({ ...shape, kind, seed, transactions: 60 });
        const options =
          kind === "list-append" ? {} : { "linearizable-keys": true, "wfr-keys": true, "initial-values": "nil" };
        expect(typesOf(kind, events, options)).toEqual([]);
        for (const level of ["read-committed", "read-atomic", "causal-consistency"]) {
          if (kind === "list-append") continue;
          expect(transactionCheckers.get(level)!.check(events, {}, DEFAULT_BUDGET).kind).toBe("valid");
        }
      }),
      { numRuns: 60 },
    );
  });

  it("stop being so when a read is put back to the state before", () => {
    let caught = 0;
    for (let seed = 0; seed < 30; seed += 1) {
      const events = generateTransactions({ ...shape, kind: "list-append", seed, transactions: 60 });
      const last = events.findLastIndex((event) => event.type === "ok" && firstFullRead(event) >= 0);
      const operations = (events[last]!.value as PlainJson[]).map((operation) => [...(operation as PlainJson[])]);
      operations[firstFullRead(events[last]!)]![2] = [];
      const changed = events.map((event, i) => (i === last ? { ...event, value: operations } : event));
      if (typesOf("list-append", changed).length > 0) caught += 1;
    }
    expect(caught).toBe(30);
  });

  it("give the same events for the same seed", () => {
    const options = { ...shape, kind: "list-append", seed: 7, transactions: 20 } as const;
    expect(generateTransactions(options)).toEqual(generateTransactions(options));
    expect(generateTransactions(options)).not.toEqual(generateTransactions({ ...options, seed: 8 }));
  });
});

function firstFullRead(event: HistoryEvent): number {
  return (event.value as PlainJson[][]).findIndex(([f, , list]) => f === "r" && Array.isArray(list) && list.length > 1);
}

describe("the lattice of models", () => {
  it("knows every model by its names, and nothing else", () => {
    for (const model of MODELS) expect(modelName(model)).toBe(model);
    expect(modelName("PL-3")).toBe("serializable");
    expect(modelName("PL-SS")).toBe("strict-serializable");
    expect(modelName("perfect")).toBeUndefined();
  });

  it("strict serializability forbids every cycle, read uncommitted only G0", () => {
    const strict = anomaliesForbiddenBy(["strict-serializable"]);
    const base = ["G0", "G1c", "G-single-item", "G-single", "G-nonadjacent-item", "G-nonadjacent", "G2-item", "G2"];
    for (const type of base)
      for (const suffix of ["", "-process", "-realtime"]) expect(strict).toContain(`${type}${suffix}`);
    const weakest = anomaliesForbiddenBy(["read-uncommitted"]);
    for (const type of base) expect(weakest.has(type)).toBe(type === "G0");
  });

  it("what rules out a model rules out all stronger ones; the boundary splits them", () => {
    for (const anomaly of [
      "G0",
      "G1a",
      "G1c",
      "G-single-item",
      "lost-update",
      "G2-item-process",
      "G-nonadjacent-realtime",
    ]) {
      const impossible = impossibleModels([anomaly]);
      expect(impossible).toContain("strict-serializable");
      const { not, alsoNot } = boundaryOf([anomaly]);
      expect([...not, ...alsoNot].sort()).toEqual([...impossible].sort());
      for (const model of not) expect(alsoNot).not.toContain(model);
    }
    expect(boundaryOf([])).toEqual({ not: [], alsoNot: [] });
  });
});
