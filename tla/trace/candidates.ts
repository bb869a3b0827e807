/** The states a validated run may be in: reading what was seen, making outcomes, keeping those that agree. */
import { TlaError } from "../errors.ts";
import { undo } from "../eval/machine.ts";
import type { Generator } from "../eval/model.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import type { Observation, ObservedChange } from "./mapping.ts";
import { fromPlain, type PlainValue } from "./plain.ts";
import type { NamedAction, State, TraceModel } from "./trace-model.ts";

export type Run = {
  readonly trace: TraceModel;
  candidates: State[];
  steps: number;
  stuttered: number;
  skipped: number;
  hiddenSteps: number;
  states: number;
  readonly matched: Map<string, number>;
  reason: string | undefined;
};

/** What an event says about the next state: the value each change leads to, given the state before. */
export type Seen = (from: State) => (Value | undefined)[];

export function readChanges(run: Run, changes: readonly ObservedChange[]): Seen {
  const { model } = run.trace;
  const { u } = model.machine;
  const read = changes.map((change) => {
    const variable = model.variables.indexOf(change.variable);
    if (variable < 0)
      throw new TlaError("resolve", `the trace speaks of ${change.variable}, which is no variable of ${model.name}`);
    return { variable, path: (change.path ?? []).map((key) => fromPlain(u, key)), value: fromPlain(u, change.value) };
  });
  return (from) => {
    const seen = new Array<Value | undefined>(model.variables.length);
    for (const { variable, path, value } of read) {
      const before = seen[variable] ?? from[variable];
      seen[variable] = path.length === 0 ? value : replaceAt(run, before, path, 0, value);
    }
    return seen;
  };
}

export function replaceAt(
  run: Run,
  target: Value | undefined,
  path: readonly Value[],
  depth: number,
  value: Value,
): Value {
  if (depth === path.length) return value;
  const { u } = run.trace.model.machine;
  const at = typeof target === "object" && target.kind === "fcn" ? u.position(target.domain, path[depth]!) : -1;
  if (typeof target !== "object" || target.kind !== "fcn" || at < 0) {
    throw new TlaError(
      "evaluation",
      `the trace changes the place ${showValue(path[depth]!)} of ${target === undefined ? "nothing" : showValue(target)}, where no such place is`,
    );
  }
  const values = target.values.slice();
  values[at] = replaceAt(run, values[at], path, depth + 1, value);
  return u.fcn(target.domain, values);
}

/** Adds an outcome that agrees with what was seen, once; true when there are too many to follow. */
export function addCandidate(
  run: Run,
  outcome: readonly (Value | undefined)[],
  seen: readonly (Value | undefined)[],
): boolean {
  for (let i = 0; i < outcome.length; i++) {
    if (outcome[i] === undefined)
      throw new TlaError("evaluation", `the step gives no value to the variable ${run.trace.model.variables[i]}`);
    if (seen[i] !== undefined && seen[i] !== outcome[i]) return false;
  }
  if (run.candidates.some((known) => known.every((value, i) => value === outcome[i]))) return false;
  run.candidates.push([...(outcome as State)]);
  const max = run.trace.mapping.candidatesMax ?? CANDIDATES_MAX;
  if (run.candidates.length <= max) return false;
  run.reason = `more than ${max} states agree with what was observed`;
  return true;
}

const CANDIDATES_MAX = 64;

export function complete(from: State, seen: readonly (Value | undefined)[]): Value[] {
  return from.map((value, i) => seen[i] ?? value);
}

export function count(run: Run, name: string): void {
  run.steps++;
  run.matched.set(name, (run.matched.get(name) ?? 0) + 1);
}

export function argumentsOf(run: Run, observation: Observation, action: NamedAction): Value[] {
  const given: readonly PlainValue[] = observation.args ?? [];
  if (given.length < action.arity)
    throw new TlaError(
      "resolve",
      `${action.name} takes ${action.arity} arguments; the event ${observation.event} gives ${given.length}`,
    );
  return given.slice(0, action.arity).map((arg) => fromPlain(run.trace.model.machine.u, arg));
}

/** With "unchanged", what an event does not mention stays as it was. */
export function constrain(run: Run, from: State, seen: Seen): (Value | undefined)[] {
  const values = seen(from);
  return run.trace.mapping.unobserved === "unchanged" ? complete(from, values) : values;
}

export function stepOf(run: Run, name: string, observation: Observation): Generator {
  const action = run.trace.actions.get(name)!;
  const args = argumentsOf(run, observation, action);
  return (then) => action.run(action.frame(args), then);
}

/** Makes every outcome of a generator from a state. */
export function each(
  run: Run,
  from: State,
  generate: Generator,
  visit: (from: State, outcome: readonly (Value | undefined)[]) => boolean,
): void {
  const m = run.trace.model.machine;
  m.current = from as Value[];
  m.next = new Array<Value | undefined>(from.length);
  m.target = m.next;
  const mark = m.trail.length;
  generate(() => visit(from, m.next));
  undo(m, mark);
}

export function composed(
  run: Run,
  from: State,
  actions: readonly string[],
  observation: Observation,
  visit: (from: State, outcome: readonly (Value | undefined)[]) => boolean,
): void {
  let states: State[] = [from];
  actions.forEach((name, i) => {
    const isLast = i === actions.length - 1;
    const reached: State[] = [];
    for (const state of states) {
      each(run, state, stepOf(run, name, observation), (_from, outcome) => {
        if (isLast) return visit(from, outcome);
        reached.push([...(outcome as State)]);
        return false;
      });
    }
    states = reached;
  });
}

/** The states reachable by hidden steps, the given ones first. */
export function widen(run: Run, from: readonly State[]): State[] {
  const { mapping } = run.trace;
  const all: State[] = [...from];
  let frontier: readonly State[] = from;
  for (let depth = 0; depth < (mapping.hidden === undefined ? 0 : (mapping.hiddenMax ?? 1)); depth++) {
    const reached: State[] = [];
    for (const state of frontier) {
      for (const name of mapping.hidden ?? []) {
        const action = run.trace.actions.get(name)!;
        if (action.arity > 0)
          throw new TlaError(
            "resolve",
            `the hidden action ${name} takes arguments; wrap it in one that quantifies over them`,
          );
        each(
          run,
          state,
          (then) => action.run(action.frame([]), then),
          (_from, outcome) => {
            if (all.some((known) => known.every((value, i) => value === outcome[i]))) return false;
            run.hiddenSteps++;
            all.push([...(outcome as State)]);
            reached.push(all[all.length - 1]!);
            return false;
          },
        );
      }
    }
    frontier = reached;
  }
  return all;
}
