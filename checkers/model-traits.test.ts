import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Meter } from "./budget.ts";
import type { Operation } from "./history.ts";
import { prepareProblem } from "./linearizability-problem.ts";
import { CASES, type Case } from "./random-cases.test.help.ts";
import { randomHistory } from "./random-history.test.help.ts";

// The cases are the same in every run: a test that fails only now and then tells nobody anything.
fc.configureGlobal({ seed: 20_260_101 });

type AnyModel = Case["model"];

const RUNS = 80;
const meter = (): Meter => new Meter({ stepsMax: 1e9, bytesMax: 1e9 });

/** States that a few of the operations lead to, in any order, each maybe more than once. */
function reachable(model: AnyModel, operations: readonly Operation[]): unknown[] {
  const known = new Map<string | number, unknown>([[model.hash(model.init), model.init]]);
  let border = [model.init];
  for (let depth = 0; depth < 3; depth += 1) {
    const next: unknown[] = [];
    for (const state of border.slice(0, 12)) {
      for (const operation of operations) {
        for (const after of model.step(state, operation, meter())) {
          if (known.has(model.hash(after))) continue;
          known.set(model.hash(after), after);
          next.push(after);
        }
      }
    }
    border = next;
  }
  return [...known.values()];
}

function hashesAfter(model: AnyModel, state: unknown, operation: Operation): (string | number)[] {
  return model.step(state, operation, meter()).map((after) => model.hash(after));
}

/** The operations that can be taken one after the other, each where it is legal. */
function legalSequence(model: AnyModel, operations: readonly Operation[]): Operation[] {
  let state = model.init;
  return operations.filter((operation) => {
    const after = model.step(state, operation, meter());
    if (after.length === 0) return false;
    state = after[0];
    return true;
  });
}

function isLegal(model: AnyModel, operations: readonly Operation[]): boolean {
  let states: readonly unknown[] = [model.init];
  for (const operation of operations) states = states.flatMap((state) => model.step(state, operation, meter()));
  return states.length > 0;
}

describe("the promises of models", () => {
  for (const one of CASES) {
    it(`${one.name}: pure operations change nothing, blind ones ask for nothing, classes are alike`, () => {
      fc.assert(
        fc.property(randomHistory(one.model, one.call, one.options), (operations) => {
          const model = one.refine?.(operations) ?? one.model;
          const states = reachable(model, operations);
          for (const operation of operations) {
            const after = states.map((state) => hashesAfter(model, state, operation));
            if (model.isPure?.(operation) === true) {
              for (const [i, state] of states.entries()) expect([[], [model.hash(state)]]).toContainEqual(after[i]);
            }
            if (model.isBlind?.(operation) === true) {
              for (const hashes of after) expect(hashes).toEqual([after[0]![0]]);
            }
          }
          const { classes, classOf, operations: kept } = prepareProblem(operations, model, meter());
          kept.forEach((operation, i) => {
            const twin = classes[classOf[i]!]!;
            for (const state of states) {
              expect(hashesAfter(model, state, operation)).toEqual(hashesAfter(model, state, twin));
            }
          });
        }),
        { numRuns: RUNS },
      );
    });
  }

  for (const one of CASES) {
    if (one.model.elementOf === undefined) continue;
    it(`${one.name}: a legal sequence stays legal without the operations of one element`, () => {
      let deletions = 0;
      fc.assert(
        fc.property(randomHistory(one.model, one.call, { ...one.options, operationsMax: 10 }), (operations) => {
          const { model } = one;
          const sequence = legalSequence(model, operations);
          const elements = sequence.map((operation) => model.elementOf?.(operation));
          if (elements.includes(undefined)) return;
          for (const element of new Set(elements)) {
            deletions += 1;
            const rest = sequence.filter((operation) => model.elementOf?.(operation) !== element);
            expect(isLegal(model, rest)).toBe(true);
          }
        }),
        { numRuns: RUNS * 3 },
      );
      expect(deletions).toBeGreaterThan(RUNS / 10);
    });
  }
});
