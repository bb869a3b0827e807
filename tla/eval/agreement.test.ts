/**
 * The generator of successors against the predicate path: they share the compiled expressions but not the search, so each
 * judges the other: every generated step must satisfy the next-state relation read as a predicate, and no other pair of
 * states may.
 */
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { createChecks, inStep } from "../checker/checks.ts";
import { createVisitor, createExploration } from "../checker/explore.ts";
import { formulaOf } from "../checker/sites.ts";
import { readState } from "../checker/store.ts";
import type { Value } from "../values/types.ts";
import { createModel, type Model, predicateOf } from "./model.ts";

const folder = fileURLToPath(new URL("../fixtures/examples/", import.meta.url));

function modelAt(path: string, spec: string, config: string): Model {
  const load = (name: string): string | undefined => {
    const file = `${folder}${path}/${name}.tla`;
    return existsSync(file) ? readFileSync(file, "utf8") : undefined;
  };
  return createModel({ load, spec, config: readFileSync(`${folder}${path}/${config}.cfg`, "utf8") });
}

/** All steps of a model between its first kept states, as tuples of values. */
function stepsOf(model: Model, max: number): { from: Value[]; to: Value[] }[] {
  const exploration = createExploration(model, createChecks(model));
  const visitor = createVisitor(exploration, { budget: {}, continueAfterViolation: true, onProgress: undefined });
  const { store } = exploration;
  const values = (index: number): Value[] => {
    const codes = new Int32Array(store.width);
    readState(store, index, codes);
    return Array.from(codes, (code) => model.machine.u.decode(code));
  };
  const steps: { from: Value[]; to: Value[] }[] = [];
  visitor.initial();
  for (let index = 0; index < store.count && steps.length < max; index++) {
    visitor.expand(index, 1, (to) => steps.push({ from: values(index), to: values(to) }));
  }
  return steps;
}

/** How many of the steps the next-state relation of the model, read as a predicate, refuses. */
function refused(model: Model, steps: readonly { from: Value[]; to: Value[] }[]): number {
  const { next } = createChecks(model).behaviour;
  const predicate = predicateOf(formulaOf(model, "Next", next!));
  return steps.filter(({ from, to }) => !inStep(model, from, to, predicate.holds)).length;
}

describe("generator and predicate", () => {
  it.each([
    ["transaction_commit", "TwoPhase", "TwoPhase"],
    ["Prisoners", "Prisoners", "Prisoners"],
    ["ewd840", "SyncTerminationDetection", "SyncTerminationDetection"],
    ["MultiCarElevator", "Elevator", "ElevatorSafetySmall"],
    ["SpecifyingSystems/TLC", "MCAlternatingBit", "MCAlternatingBit"],
  ])("agree on every step of %s/%s", (path, spec, config) => {
    const model = modelAt(path, spec, config);
    const steps = stepsOf(model, 2000);
    expect(steps.length).toBeGreaterThan(100);
    expect(refused(model, steps)).toBe(0);
  });

  it("agree on every pair of states that is no step", () => {
    const model = modelAt("transaction_commit", "TwoPhase", "TwoPhase");
    const steps = stepsOf(model, 2000);
    const keyOf = (from: readonly Value[], to: readonly Value[]): string =>
      [...from, ...to].map((value) => model.machine.u.encode(value)).join(",");
    const taken = new Set(steps.map(({ from, to }) => keyOf(from, to)));
    const states = [...new Map(steps.map(({ from }) => [keyOf(from, []), from])).values()].slice(0, 60);
    const others = states
      .flatMap((from) => states.map((to) => ({ from, to })))
      .filter(({ from, to }) => !taken.has(keyOf(from, to)));
    expect(others.length).toBeGreaterThan(1000);
    expect(refused(model, others)).toBe(others.length);
  });
});
