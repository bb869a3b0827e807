/**
 * rw-register against the definitions, where reads see values that no transaction wrote: what each choice of initial values allows. And
 * what must not matter: the numbers of processes, and a read that is left out of a valid history.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { HistoryEvent, PlainJson } from "../history.ts";
import {
  build,
  drawnTxn,
  isPossible,
  KEYS,
  type Kind,
  MODELS,
  type Op,
  type Txn,
} from "./register-orders.test.help.ts";
import { transactionCheckers } from "./registry.ts";

const RUNS = Number(process.env["SEEDBED_DECISION_RUNS"] ?? 30);
const UNWRITTEN = [901, 902];
const INITIAL_VALUES = ["nil", "any", "fragment"] as const;
type InitialValues = (typeof INITIAL_VALUES)[number];

function judge(events: readonly HistoryEvent[], model: string, initial: InitialValues) {
  const options = { "consistency-models": model, "initial-values": initial };
  return transactionCheckers.get("rw-register")!.check(events, options, DEFAULT_BUDGET);
}

/** What committed transactions read of a key although no transaction of the history wrote it. */
function unwrittenOf(txns: readonly Txn[], key: string): number[] {
  const read = txns
    .filter(({ type }) => type === "ok")
    .flatMap(({ ops }) => ops.flatMap(([f, of, value]) => (f === "r" && of === key && value !== null ? [value] : [])));
  return UNWRITTEN.filter((value) => read.includes(value));
}

/** By the words of the option: none; one value a key, from before; writes that are missing, each of one value. */
function isAllowed(txns: readonly Txn[], isSnapshot: boolean, kind: Kind, initial: InitialValues): boolean {
  if (initial === "nil") return isPossible(txns, isSnapshot, kind);
  if (initial === "fragment") {
    const missing = KEYS.flatMap((key) =>
      unwrittenOf(txns, key).map((value, i): Txn => {
        const ops: Op[] = [["w", key, value]];
        return { ops, type: "info", process: 1000 + i, start: -1, end: Number.POSITIVE_INFINITY };
      }),
    );
    return isPossible([...txns, ...missing], isSnapshot, kind);
  }
  const [ofX, ofY] = KEYS.map((key) => [undefined, ...unwrittenOf(txns, key)]);
  return ofX!.some((x) =>
    ofY!.some((y) => {
      const before = new Map<string, number>();
      if (x !== undefined) before.set("x", x);
      if (y !== undefined) before.set("y", y);
      return isPossible(txns, isSnapshot, kind, before);
    }),
  );
}

const drawnTxns = fc.array(drawnTxn, { minLength: 2, maxLength: 4 });

describe("rw-register with values that nothing wrote, against the definitions", () => {
  const cases = MODELS.flatMap((model) => INITIAL_VALUES.map((initial) => [...model, initial] as const));
  it.each(cases)("%s, %s %s, initial values %s", (model, isSnapshot, kind, initial) => {
    const counts = { valid: 0, invalid: 0, unknown: 0 };
    fc.assert(
      fc.property(drawnTxns, (drawn) => {
        const { txns, events } = build(drawn, UNWRITTEN);
        const verdict = judge(events, model, initial);
        counts[verdict.kind] += 1;
        if (verdict.kind === "unknown")
          expect(verdict.reason).toMatch(/nothing could be judged|no transaction completed/);
        else expect(verdict.kind).toBe(isAllowed(txns, isSnapshot, kind, initial) ? "valid" : "invalid");
      }),
      { numRuns: RUNS, seed: 20_261_201 },
    );
    expect(counts.valid).toBeGreaterThan(0);
    expect(counts.invalid).toBeGreaterThan(RUNS / 20);
  });
});

const drawnQuestion = fc.record({
  drawn: drawnTxns,
  model: fc.constantFrom(...MODELS.map(([name]) => name)),
  initial: fc.constantFrom(...INITIAL_VALUES),
  pick: fc.nat(),
});

describe("what must not matter to rw-register", () => {
  it("the numbers of the processes", () => {
    fc.assert(
      fc.property(drawnQuestion, ({ drawn, model, initial, pick }) => {
        const { events } = build(drawn, UNWRITTEN);
        const renamed = events.map((event) => ({ ...event, process: ((event.process + pick) % 997) * 3 }));
        expect(judge(renamed, model, initial).kind).toBe(judge(events, model, initial).kind);
      }),
      { numRuns: 2 * RUNS, seed: 20_261_201 },
    );
  });

  it("a read that is left out of a valid history leaves it valid", () => {
    let shorter = 0;
    fc.assert(
      fc.property(drawnQuestion, ({ drawn, model, initial, pick }) => {
        const { txns, events } = build(drawn, UNWRITTEN);
        if (judge(events, model, initial).kind !== "valid") return;
        const reads = txns.flatMap(({ ops, process }) =>
          ops.flatMap(([f], at) => (f === "r" ? [{ process, at, ops }] : [])),
        );
        const left = reads[pick % Math.max(1, reads.length)];
        if (left === undefined || left.ops.length < 2) return;
        const isOfIt = ({ process, value }: HistoryEvent): boolean =>
          process === left.process &&
          (value as unknown as Op[]).length === left.ops.length &&
          (value as unknown as Op[]).every(
            ([f, key, v], i) =>
              f === left.ops[i]![0] && key === left.ops[i]![1] && (f === "r" || v === left.ops[i]![2]),
          );
        const start = events.findIndex((event) => event.type === "invoke" && isOfIt(event));
        const end = events.findIndex((event, at) => at > start && event.process === left.process);
        const without = events.map((event, at) =>
          at === start || at === end ? { ...event, value: (event.value as PlainJson[]).toSpliced(left.at, 1) } : event,
        );
        shorter += 1;
        expect(judge(without, model, initial).kind).not.toBe("invalid");
      }),
      { numRuns: 6 * RUNS, seed: 20_261_201 },
    );
    expect(shorter).toBeGreaterThan(RUNS / 10);
  });
});
