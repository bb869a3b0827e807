/**
 * rw-register against the definitions, on every small history that is drawn: it says valid only where an order of the transactions
 * satisfies the model, and invalid only where none does. The definitions are tried with every order; nothing is inferred.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";
import { transactionCheckers } from "./registry.ts";

type Op = readonly ["r", string, number | null] | readonly ["w", string, number];
type Txn = {
  readonly ops: readonly Op[];
  readonly type: EventType;
  readonly process: number;
  start: number;
  end: number;
};

const KEYS = ["x", "y"] as const;

const drawnTxn = fc.record({
  ops: fc.array(fc.record({ isRead: fc.boolean(), key: fc.constantFrom(...KEYS), pick: fc.nat(5) }), {
    minLength: 1,
    maxLength: 3,
  }),
  type: fc.constantFrom<EventType>("ok", "ok", "ok", "ok", "info", "fail"),
  process: fc.nat(2),
  overlaps: fc.boolean(),
});

/** Reads pick any value that some transaction writes to the key, or nil: most histories are wrong, in every way. */
function build(drawn: readonly (typeof drawnTxn extends fc.Arbitrary<infer T> ? T : never)[]): {
  txns: Txn[];
  events: HistoryEvent[];
} {
  const written = new Map<string, number[]>(KEYS.map((key) => [key, []]));
  for (const [at, { ops }] of drawn.entries()) {
    for (const [i, { isRead, key }] of ops.entries()) if (!isRead) written.get(key)!.push(at * 10 + i + 1);
  }
  const txns = drawn.map(
    ({ ops, type, process }, at): Txn => ({
      type,
      process: type === "info" ? 10 + at : process,
      ops: ops.map(({ isRead, key, pick }, i): Op => {
        if (!isRead) return ["w", key, at * 10 + i + 1];
        const values = [null, ...written.get(key)!];
        return ["r", key, values[pick % values.length]!];
      }),
      start: 0,
      end: 0,
    }),
  );
  const events: HistoryEvent[] = [];
  const busy = new Set<number>();
  const open: number[] = [];
  const push = (at: number, type: EventType): void => {
    const { ops, process } = txns[at]!;
    const value = (type === "ok" ? ops : ops.map(([f, key, v]) => [f, key, f === "r" ? null : v])) as PlainJson;
    events.push({ index: events.length, timeUs: -1, process, type, f: "txn", value });
  };
  const finish = (at: number): void => {
    txns[at]!.end = events.length;
    push(at, txns[at]!.type);
    busy.delete(txns[at]!.process);
  };
  for (const at of txns.keys()) {
    const { process } = txns[at]!;
    if (busy.has(process))
      finish(
        open.splice(
          open.findIndex((other) => txns[other]!.process === process),
          1,
        )[0]!,
      );
    txns[at]!.start = events.length;
    push(at, "invoke");
    busy.add(process);
    open.push(at);
    if (!drawn[at]!.overlaps) finish(open.pop()!);
  }
  while (open.length > 0) finish(open.shift()!);
  return { txns, events };
}

type Kind = "none" | "process" | "realtime";

const precedes = (a: Txn, b: Txn, kind: Kind): boolean =>
  kind !== "none" && a.type === "ok" && a.end < b.start && (kind === "realtime" || a.process === b.process);

/** Subsets of those with an unknown outcome, each tried as having happened. */
function* committed(txns: readonly Txn[]): Generator<Txn[]> {
  const unknown = txns.filter(({ type }) => type === "info");
  for (let bits = 0; bits < 1 << unknown.length; bits += 1) {
    yield txns.filter(
      (txn) => txn.type === "ok" || (txn.type === "info" && (bits & (1 << unknown.indexOf(txn))) !== 0),
    );
  }
}

function readsHold(txn: Txn, snapshot: ReadonlyMap<string, number>): boolean {
  const own = new Map(snapshot);
  return txn.ops.every(([f, key, value]) => {
    if (f === "w") own.set(key, value);
    else if (txn.type === "ok" && (own.get(key) ?? null) !== value) return false;
    return true;
  });
}

function written(txn: Txn): Map<string, number> {
  return new Map(txn.ops.flatMap(([f, key, value]) => (f === "w" ? [[key, value] as const] : [])));
}

/** Places the starts and commits one after the other, in every way that the model allows. */
function isPossible(txns: readonly Txn[], isSnapshot: boolean, kind: Kind): boolean {
  for (const set of committed(txns)) {
    const place = (started: ReadonlySet<Txn>, done: ReadonlySet<Txn>, state: ReadonlyMap<string, number>): boolean => {
      if (done.size === set.length) return true;
      return set.some((txn) => {
        if (done.has(txn)) return false;
        const next = new Map([...state, ...written(txn)]);
        if (started.has(txn)) return place(started, new Set([...done, txn]), next);
        if (set.some((other) => !done.has(other) && precedes(other, txn, kind))) return false;
        if (!readsHold(txn, state)) return false;
        if (!isSnapshot) return place(new Set([...started, txn]), new Set([...done, txn]), next);
        const running = [...started].filter((other) => !done.has(other));
        if (running.some((other) => [...written(other).keys()].some((key) => written(txn).has(key)))) return false;
        return place(new Set([...started, txn]), done, state);
      });
    };
    if (place(new Set(), new Set(), new Map())) return true;
  }
  return false;
}

const MODELS: readonly (readonly [string, boolean, Kind])[] = [
  ["strict-serializable", false, "realtime"],
  ["strong-session-serializable", false, "process"],
  ["serializable", false, "none"],
  ["repeatable-read", false, "none"],
  ["strong-snapshot-isolation", true, "realtime"],
  ["strong-session-snapshot-isolation", true, "process"],
  ["snapshot-isolation", true, "none"],
];

const RUNS = Number(process.env["SEEDBED_DECISION_RUNS"] ?? 150);

describe("rw-register against the definitions", () => {
  it.each(MODELS)("%s", (model, isSnapshot, kind) => {
    const counts = { valid: 0, invalid: 0, unknown: 0 };
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { txns, events } = build(drawn);
        const options = { "consistency-models": model, "initial-values": "nil" };
        const verdict = transactionCheckers.get("rw-register")!.check(events, options, DEFAULT_BUDGET);
        const isHeld = isPossible(txns, isSnapshot, kind);
        counts[verdict.kind] += 1;
        // Unknown only where nothing depends on anything: these histories are small.
        if (verdict.kind === "unknown")
          expect(verdict.reason).toMatch(/nothing could be judged|no transaction completed/);
        else expect(verdict.kind).toBe(isHeld ? "valid" : "invalid");
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
    expect(counts.valid).toBeGreaterThan(RUNS / 20);
    expect(counts.invalid).toBeGreaterThan(RUNS / 20);
  });

  it("a model falls with every model that follows from it, and what a weaker one refutes no stronger one passes", () => {
    const levels = [
      "read-committed",
      "monotonic-atomic-view",
      "read-atomic",
      "causal-cerone",
      "snapshot-isolation",
      "serializable",
      "strict-serializable",
    ];
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { events } = build(drawn);
        const kinds = levels.map(
          (level) =>
            transactionCheckers.get("rw-register")!.check(events, { "consistency-models": level }, DEFAULT_BUDGET).kind,
        );
        const first = kinds.indexOf("invalid");
        if (first >= 0) expect(kinds.slice(first)).toEqual(kinds.slice(first).map(() => "invalid"));
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
  });

  it("what read-atomic and causal-consistency refute without sessions, snapshot isolation does not pass", () => {
    let refuted = 0;
    fc.assert(
      fc.property(fc.array(drawnTxn, { minLength: 2, maxLength: 5 }), (drawn) => {
        const { events } = build(drawn.map((txn, at) => ({ ...txn, process: at, overlaps: true })));
        for (const level of ["read-atomic", "causal-consistency"]) {
          if (transactionCheckers.get(level)!.check(events, {}, DEFAULT_BUDGET).kind !== "invalid") continue;
          refuted += 1;
          for (const model of ["snapshot-isolation", "serializable", "strict-serializable"]) {
            const verdict = transactionCheckers
              .get("rw-register")!
              .check(events, { "consistency-models": model }, DEFAULT_BUDGET);
            expect(verdict.kind).toBe("invalid");
          }
        }
      }),
      { numRuns: RUNS, seed: 20_261_130 },
    );
    expect(refuted).toBeGreaterThan(RUNS / 10);
  });
});
