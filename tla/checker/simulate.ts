/**
 * Random simulation: walks of random steps from random initial states, each state and step judged as when exploring.
 *
 * Proves nothing; finds deep errors in models too large to explore. Same seed, same walks.
 */
import { describeError, fail, type TlaError } from "../errors.ts";
import { drawBelow, undo } from "../eval/machine.ts";
import { createModel, type Generator, type Model, type ModelSource } from "../eval/model.ts";
import type { Value } from "../values/types.ts";
import { type Checks, createChecks, demandBehaviour, failedAssumption, inState, inStep } from "./checks.ts";
import type { Counterexample, TraceState } from "./counterexample.ts";
import { asTlaError, EXIT_REQUESTED, type ViolationKind } from "./explore.ts";

export type SimulationOptions = ModelSource & {
  readonly walks: number;
  /** Longest walk, in states. */
  readonly depthMax: number;
  /** Any whole number; the walks depend on nothing else. */
  readonly seed: number;
  /** Asked after every walk; a text is the reason to stop. */
  readonly shouldStop?: (() => string | undefined) | undefined;
};
export type SimulationResult = {
  readonly verdict: "failed" | "unknown";
  readonly walks: number;
  readonly states: number;
  readonly depth: number;
  readonly violation: (Problem & { readonly counterexample: Counterexample }) | undefined;
  /** Always names what a simulation cannot show. */
  readonly notChecked: readonly string[];
  readonly warnings: readonly string[];
};

type Problem = { readonly kind: ViolationKind; readonly name: string; readonly message: string };
type Outcome = { readonly values: Value[]; readonly label: number };

/** Throws TlaError (syntax, resolve, config) for what cannot be read. */
export function simulateSpecification(options: SimulationOptions): SimulationResult {
  const model = createModel(options);
  const checks = createChecks(model);
  demandBehaviour(model, checks);
  model.machine.random = options.seed >>> 0 || 1;
  model.machine.mode = "simulate";
  const { warnings } = model;
  const notChecked = ["states that no walk reached"];
  if (checks.liveness.length > 0)
    notChecked.push(`liveness of ${[...new Set(checks.liveness.map((property) => property.name))].join(", ")}`);
  const progress = { walks: 0, states: 0, depth: 0 };
  model.machine.figures = () => ({ distinct: 0, generated: progress.states, queue: 0, diameter: progress.walks });
  const assumption = brokenAssumption(model);
  if (assumption !== undefined) {
    const violation = { ...assumption, counterexample: toCounterexample(model, []) };
    return { verdict: "failed", ...progress, violation, notChecked, warnings };
  }
  for (; progress.walks < options.walks; progress.walks++) {
    const walk: TraceState[] = [];
    const problem = walkOnce(model, checks, walk, options.depthMax);
    progress.states += walk.length;
    progress.depth = Math.max(progress.depth, walk.length);
    if (problem !== undefined)
      return {
        verdict: "failed",
        ...progress,
        violation: { ...problem, counterexample: toCounterexample(model, walk) },
        notChecked,
        warnings,
      };
    const stop = model.machine.isExitRequested ? EXIT_REQUESTED : options.shouldStop?.();
    if (stop !== undefined) {
      notChecked.push(stop);
      break;
    }
  }
  return { verdict: "unknown", ...progress, violation: undefined, notChecked, warnings };
}

function toCounterexample(model: Model, states: readonly TraceState[]): Counterexample {
  return { variables: model.variables, states, loopsTo: undefined, aliases: undefined };
}

function brokenAssumption(model: Model): Problem | undefined {
  try {
    const failed = failedAssumption(model);
    return failed && { kind: "assumption", name: failed.name, message: `The assumption ${failed.name} is false.` };
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): Problem {
  const known: TlaError = asTlaError(error);
  return { kind: "evaluation", name: known.message, message: describeError(known) };
}

function walkOnce(model: Model, checks: Checks, walk: TraceState[], depthMax: number): Problem | undefined {
  const m = model.machine;
  m.trace = () => {
    const at = walk.findLastIndex(({ values }) => values === m.current);
    const path = walk.slice(0, at < 0 ? undefined : at + 1).map(({ values }) => values);
    return at < 0 ? [...path, m.current] : path;
  };
  try {
    m.level = 0;
    let at = pick(model, checks, outcomes(model, checks.init, undefined));
    while (at !== undefined) {
      walk.push({ action: walk.length === 0 ? undefined : model.labels[at.label], values: at.values });
      m.level = walk.length;
      const problem = judge(model, checks, walk);
      if (problem !== undefined || walk.length >= depthMax) return problem;
      const from = at.values;
      m.level = walk.length;
      const successors = outcomes(model, checks.next, from);
      if (successors.length === 0 && model.config.checkDeadlock)
        return { kind: "deadlock", name: "Deadlock", message: "Deadlock reached." };
      at = pick(
        model,
        checks,
        successors.filter((outcome) =>
          inStep(model, from, outcome.values, () => checks.actionConstraints.every((predicate) => predicate.holds())),
        ),
      );
    }
    return undefined;
  } catch (error) {
    return problemOf(error);
  }
}

function judge(model: Model, checks: Checks, walk: readonly TraceState[]): Problem | undefined {
  const { values } = walk[walk.length - 1]!;
  const always = [...checks.invariants, ...checks.impliedAlways, ...(walk.length === 1 ? checks.impliedInitial : [])];
  const broken = inState(model, values, () => always.find((predicate) => !predicate.holds()));
  if (broken !== undefined)
    return { kind: "invariant", name: broken.name, message: `Invariant ${broken.name} is violated.` };
  const before = walk[walk.length - 2];
  model.machine.level = Math.max(0, walk.length - 1);
  const step =
    before && inStep(model, before.values, values, () => checks.impliedSteps.find((predicate) => !predicate.holds()));
  return step && { kind: "step", name: step.name, message: `Action property ${step.name} is violated.` };
}

/** Every outcome of a generator: the initial states, or the successors of a state. */
function outcomes(model: Model, generate: Generator | undefined, from: readonly Value[] | undefined): Outcome[] {
  const m = model.machine;
  const found: Outcome[] = [];
  m.target = new Array<Value | undefined>(model.variables.length);
  if (from === undefined) m.current = m.target;
  else m.current = from as Value[];
  m.next = m.target;
  generate?.(() => {
    const values = model.variables.map((name, i) => m.target[i] ?? unassigned(name));
    found.push({ values, label: m.label });
    return false;
  });
  undo(m, 0);
  return found;
}

function unassigned(name: string): never {
  return fail(`the step gives no value to the variable ${name}`);
}

function pick(model: Model, checks: Checks, from: readonly Outcome[]): Outcome | undefined {
  // These states would stand one level below the last of the walk.
  model.machine.level++;
  const allowed = from.filter((outcome) =>
    inState(model, outcome.values, () => checks.constraints.every((predicate) => predicate.holds())),
  );
  return allowed.length === 0 ? undefined : allowed[drawBelow(model.machine, allowed.length)];
}
