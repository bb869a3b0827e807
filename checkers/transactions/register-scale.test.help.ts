/**
 * rw-register on histories of hundreds and thousands of transactions: what is valid by construction is found valid, and a stale read
 * is refuted, within a budget of steps that grows with the history. Times are no promise of a test; steps are. Fewer transactions are
 * tried with every change (register-scale.test.ts) than now and then (register-scale.long.test.ts).
 */
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { HistoryEvent, PlainJson } from "../history.ts";
import { type GeneratorOptions, generateTransactions, randomBelow } from "./generate.ts";
import { transactionCheckers } from "./registry.ts";

type Operation = [string, number, number | null];

const SHAPE: GeneratorOptions = {
  kind: "rw-register",
  seed: 7,
  transactions: 1000,
  processes: 10,
  liveKeys: 10,
  writesPerKey: 32,
  microOperations: 4,
};

function verdictOf(history: readonly HistoryEvent[], model: string, stepsMax = DEFAULT_BUDGET.stepsMax) {
  const options = { "consistency-models": model };
  return transactionCheckers.get("rw-register")!.check(history, options, { ...DEFAULT_BUDGET, stepsMax });
}

/** Some completions become unknown: the process goes on under another number, and nobody sees what was read. */
function withUnknown(history: readonly HistoryEvent[], seed: number): HistoryEvent[] {
  const below = randomBelow(seed);
  const names = new Map<number, number>();
  return history.map((event): HistoryEvent => {
    const process = names.get(event.process) ?? event.process;
    if (event.type === "invoke" || below(8) !== 0) return { ...event, process };
    names.set(event.process, process + 1000);
    const value: PlainJson = (event.value as Operation[]).map(([f, key, seen]) => [f, key, f === "r" ? null : seen]);
    return { ...event, process, type: "info", value };
  });
}

/** In the second half, the first transaction that only reads a key reads it as it was six writes ago. */
function withStaleRead(history: readonly HistoryEvent[]): HistoryEvent[] {
  const at = history.findIndex(
    ({ type, index, value }) =>
      index > history.length / 2 && type === "ok" && staleOf(value as Operation[]) !== undefined,
  );
  const { key, value } = staleOf(history[at]!.value as Operation[])!;
  const operations = (history[at]!.value as Operation[]).map(
    (operation): Operation => (operation[1] === key ? ["r", key, value] : operation),
  );
  return history.with(at, { ...history[at]!, value: operations });
}

function staleOf(operations: readonly Operation[]): { key: number; value: number } | undefined {
  for (const [f, key, value] of operations) {
    if (f !== "r" || value === null || value < 8) continue;
    if (operations.every((other) => other[1] !== key || other[0] === "r")) return { key, value: value - 6 };
  }
  return undefined;
}

const MODELS = ["strict-serializable", "serializable", "strong-session-snapshot-isolation", "snapshot-isolation"];

export function describeScale(transactions: number, histories: number): void {
  const sized = { ...SHAPE, transactions };
  describe(`rw-register on ${transactions} transactions`, () => {
    it.each([
      ["few clients", sized],
      ["many clients", { ...sized, processes: 50, writesPerKey: 100 }],
      ["few keys, written without end", { ...sized, liveKeys: 3, writesPerKey: 1e9 }],
    ])("%s: valid transactions are decided within a fifth of the default budget", (_, shape) => {
      for (const model of MODELS)
        expect(verdictOf(generateTransactions(shape), model, DEFAULT_BUDGET.stepsMax / 5)).toMatchObject({
          kind: "valid",
        });
    });

    it("a stale read is refuted within the default budget", () => {
      const history = withStaleRead(generateTransactions(sized));
      for (const model of MODELS) expect(verdictOf(history, model)).toMatchObject({ kind: "invalid" });
    });

    it("nothing that is valid by construction is refuted, however many clients, keys and unknown outcomes", () => {
      for (let seed = 1; seed <= histories; seed += 1) {
        const below = randomBelow(seed);
        const shape = { transactions: 60 + below(120), processes: 1 + below(40), liveKeys: 1 + below(5) };
        const history = generateTransactions({
          ...SHAPE,
          ...shape,
          seed,
          writesPerKey: 1e9,
          microOperations: 1 + below(4),
        });
        for (const model of MODELS)
          expect({ seed, kind: verdictOf(withUnknown(history, seed), model).kind }).toEqual({ seed, kind: "valid" });
      }
    });

    it("says unknown, and why, when the steps do not suffice", () => {
      const verdict = verdictOf(generateTransactions(sized), "strict-serializable", 100);
      expect(verdict).toMatchObject({ kind: "unknown" });
      expect(JSON.stringify(verdict)).toContain(
        "no order of the transactions was found that satisfies strict-serializable",
      );
    });
  });
}
