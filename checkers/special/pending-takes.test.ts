/**
 * Containers with crashed operations: long histories get an answer without the generic search, and small ones the right one.
 */
import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLinearizable } from "../brute-force.ts";
import type { Operation, PlainJson } from "../history.ts";
import { longHistory, swapAnswers } from "../long-history.test.help.ts";
import { CASES } from "../random-cases.test.help.ts";
import { randomHistory } from "../random-history.test.help.ts";
import { priorityQueueByValues } from "./priority-queue.ts";
import { queueByValues } from "./queue.ts";
import { findMisplaced, type Special } from "./special.ts";
import { stackByValues } from "./stack.ts";

const RUNS = Number(process.env["SEEDBED_CASES"] || 0) || 400;

type Kind = { readonly special: Special; readonly put: string; readonly take: string };

const KINDS: readonly Kind[] = [
  { special: queueByValues, put: "enq", take: "deq" },
  { special: stackByValues, put: "push", take: "pop" },
  { special: priorityQueueByValues, put: "insert", take: "poll" },
];

/** Different values in no order. */
function distinctValue(number: number): number {
  return (number * 7919) % 104_729;
}

function draw({ special, put, take }: Kind, seed: number, crashedPercent: number): Operation[] {
  const inside: number[] = [];
  const remove = (): PlainJson => {
    if (special === stackByValues) return inside.pop() ?? null;
    if (special === queueByValues) return inside.shift() ?? null;
    const least = inside.reduce((best, value) => Math.min(best, value), Number.POSITIVE_INFINITY);
    if (inside.length === 0) return null;
    inside.splice(inside.indexOf(least), 1);
    return least;
  };
  return longHistory({
    seed,
    operations: 1000,
    clients: 5,
    crashedPercent,
    call: (next, number) => (next() < 0.52 ? { f: put, input: distinctValue(number) } : { f: take, input: null }),
    apply: (call) => (call.f === take ? remove() : inside.push(call.input as number)),
  });
}

describe("containers of 1,000 operations, some of them crashed", () => {
  for (const kind of KINDS) {
    for (const crashedPercent of [1, 5]) {
      it(`${kind.special.name} accepts valid histories with ${crashedPercent} per cent`, () => {
        for (const seed of [1, 2, 3]) {
          const operations = draw(kind, seed, crashedPercent);
          const lost = operations.filter((operation) => operation.isPending && operation.f === kind.take);
          expect(lost.length).toBeGreaterThan(0);
          const result = kind.special.check(operations);
          if (result.kind !== "valid") throw new Error(`seed ${seed}: ${JSON.stringify(result)}`);
          expect(findMisplaced(result.order, operations)).toBeUndefined();
          expect(kind.special.replay(result.order)).toBeUndefined();
        }
      });

      it(`${kind.special.name} decides histories with ${crashedPercent} per cent and two answers swapped`, () => {
        let invalid = 0;
        for (const seed of [1, 2, 3]) {
          const operations = draw(kind, seed, crashedPercent);
          for (const [from, distance] of [
            [300, 2],
            [700, 5],
            [800, 25],
          ] as const) {
            const isTaken = (operation: Operation): boolean => operation.f === kind.take && operation.output !== null;
            const result = kind.special.check(swapAnswers(operations, from, isTaken, distance));
            expect(result.kind).not.toBe("unsuited");
            if (result.kind === "invalid") {
              invalid += 1;
              // What is shown must be a contradiction by itself.
              expect(kind.special.check(result.evidence.proof).kind).toBe("invalid");
            }
          }
        }
        expect(invalid).toBeGreaterThan(2);
      });
    }
  }
});

describe("the evidence against containers with crashed operations", () => {
  for (const name of ["queue, many pending", "stack, many pending", "priority-queue, many pending"]) {
    it(`is impossible by itself: ${name}`, () => {
      const { model, call, options, special } = CASES.find((one) => one.name === name)!;
      let told = 0;
      fc.assert(
        fc.property(randomHistory(model, call, options), (operations) => {
          const result = special!.check(operations);
          expect(result.kind).not.toBe("unsuited");
          if (result.kind !== "invalid") return;
          if (result.evidence.proof.some((operation) => operation.isPending)) told += 1;
          expect(isLinearizable(result.evidence.proof, model)).toBe(false);
        }),
        { numRuns: RUNS, seed: 20_260_101 },
      );
      expect(told).toBeGreaterThan(0);
    });
  }
});
