/**
 * The list-append checker against the definition: does some order of the transactions explain every read?
 *
 * A last transaction reads every key, so that the order of all elements is known: then the two must agree exactly.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { DEFAULT_BUDGET } from "../budget.ts";
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";
import { transactionCheckers } from "./registry.ts";
import { asked } from "./shorthand.test.help.ts";

type Op = ["append", string, number] | ["r", string, number[] | null];
type Txn = { readonly operations: Op[]; readonly type: EventType; readonly overlaps: boolean };

const KEYS = ["x", "y"] as const;

const drawnOp = fc.record({
  isRead: fc.boolean(),
  key: fc.constantFrom(...KEYS),
  shift: fc.constantFrom(0, 0, 0, 0, 0, -1, 1),
});
const drawnTxn = fc.record({
  ops: fc.array(drawnOp, { minLength: 1, maxLength: 3 }),
  type: fc.constantFrom<EventType>("ok", "ok", "ok", "info", "fail"),
  happens: fc.boolean(),
  overlaps: fc.boolean(),
});
const drawn = fc.record({
  txns: fc.array(drawnTxn, { minLength: 2, maxLength: 4 }),
  order: fc.infiniteStream(fc.nat(100)),
});
type Drawn = typeof drawn extends fc.Arbitrary<infer T> ? T : never;

/** Runs the transactions in a drawn order, some reads being off by one, and adds the transaction that reads everything. */
function runDrawn({ txns, order }: Drawn): Txn[] {
  const lists = new Map<string, number[]>(KEYS.map((key) => [key, []]));
  const result: Txn[] = txns.map(({ type, overlaps }) => ({ operations: [], type, overlaps }));
  const full = new Map<string, number[]>(KEYS.map((key) => [key, []]));
  const places = txns.map((_, i) => i);
  for (let i = places.length - 1; i > 0; i -= 1) {
    const j = order.next().value! % (i + 1);
    [places[i], places[j]] = [places[j]!, places[i]!];
  }
  for (const at of places) {
    const { ops, type, happens } = txns[at]!;
    const takesEffect = type === "ok" || (type === "info" && happens);
    const local = new Map([...lists].map(([key, list]) => [key, [...list]]));
    for (const [i, { isRead, key, shift }] of ops.entries()) {
      if (isRead) {
        const list = local.get(key)!;
        result[at]!.operations.push(["r", key, list.slice(0, Math.max(0, list.length + Math.min(0, shift)))]);
      } else {
        const element = at * 10 + i;
        local.get(key)!.push(element);
        result[at]!.operations.push(["append", key, element]);
      }
    }
    if (takesEffect) for (const [key, list] of local) lists.set(key, list);
  }
  for (const [key, list] of lists) full.set(key, list);
  result.push({ operations: [...full].map(([key, list]) => ["r", key, list]), type: "ok", overlaps: false });
  return result;
}

/** Those that overlap are invoked at the beginning and complete before the last one; the others run alone. */
function toEvents(txns: readonly Txn[]): { events: HistoryEvent[]; spans: [number, number][] } {
  const events: HistoryEvent[] = [];
  const spans: [number, number][] = txns.map(() => [0, 0]);
  const push = (at: number, type: EventType, value: PlainJson): void => {
    spans[at]![type === "invoke" ? 0 : 1] = events.length;
    events.push({ index: events.length, timeUs: -1, process: at, type, f: "txn", value });
  };
  const invoke = (at: number): void => push(at, "invoke", asked(txns[at]!.operations));
  const complete = (at: number): void => push(at, txns[at]!.type, txns[at]!.operations);
  const last = txns.length - 1;
  for (const [at, { overlaps }] of txns.entries()) if (overlaps) invoke(at);
  for (const [at, { overlaps }] of txns.entries()) {
    if (overlaps || at === last) continue;
    invoke(at);
    complete(at);
  }
  for (const [at, { overlaps }] of txns.entries()) if (overlaps) complete(at);
  invoke(last);
  complete(last);
  return { events, spans };
}

/** Tries every order of the committed transactions with every choice of those whose outcome is unknown. */
function isStrictSerializable(txns: readonly Txn[], spans: readonly (readonly [number, number])[]): boolean {
  const precedes = (a: number, b: number): boolean => txns[a]!.type === "ok" && spans[a]![1] < spans[b]![0];
  const explain = (state: ReadonlyMap<string, readonly number[]>, rest: readonly number[]): boolean => {
    if (rest.every((at) => txns[at]!.type === "info")) return true; // those did not happen
    return rest.some((at) => {
      if (rest.some((other) => other !== at && precedes(other, at))) return false;
      const next = apply(state, txns[at]!);
      return (
        next !== undefined &&
        explain(
          next,
          rest.filter((other) => other !== at),
        )
      );
    });
  };
  const candidates = txns.map((_, at) => at).filter((at) => txns[at]!.type !== "fail");
  return explain(new Map(), candidates);
}

function apply(
  state: ReadonlyMap<string, readonly number[]>,
  { operations, type }: Txn,
): ReadonlyMap<string, readonly number[]> | undefined {
  const next = new Map(state);
  for (const [f, key, value] of operations) {
    const list = next.get(key) ?? [];
    if (f === "append") next.set(key, [...list, value]);
    else if (type === "ok" && JSON.stringify(value) !== JSON.stringify(list)) return undefined;
  }
  return next;
}

describe("list-append with every element read", () => {
  it("is invalid exactly when no order explains it", () => {
    let valid = 0;
    let invalid = 0;
    fc.assert(
      fc.property(drawn, (input) => {
        const txns = runDrawn(input);
        const { events, spans } = toEvents(txns);
        const expected = isStrictSerializable(txns, spans);
        const verdict = transactionCheckers.get("list-append")!.check(events, {}, DEFAULT_BUDGET);
        // Nothing but empty reads: nothing depends on anything, which is no contradiction either.
        if (verdict.kind === "unknown") expect(expected).toBe(true);
        else expect(verdict.kind).toBe(expected ? "valid" : "invalid");
        if (expected) valid += 1;
        else invalid += 1;
      }),
      { numRuns: 1000 },
    );
    expect(valid).toBeGreaterThan(100);
    expect(invalid).toBeGreaterThan(100);
  });
});
