/**
 * Steps of a run that tells everything but ghosts: variables that no implementation has, as the network and history.
 *
 * The action makes its outcomes, which are few, mostly one; the outcome that agrees with all that was seen is the next
 * state. Whether the action allows the step to it is judged once more by the predicate path, in every n-th step, so that a
 * fault in the generator cannot hide itself.
 */
import { inStep } from "../checker/checks.ts";
import { asTlaError } from "../checker/explore.ts";
import { TlaError } from "../errors.ts";
import { bodyPlace, codeOf } from "../eval/calls.ts";
import { undo } from "../eval/machine.ts";
import { showValue } from "../values/print.ts";
import type { FcnValue, Value } from "../values/types.ts";
import { argumentsOf, count, replaceAt, type Run } from "./candidates.ts";
import { explainFalse, type Falsehood } from "./explain.ts";
import type { EventMapping, Observation, ObservedChange } from "./mapping.ts";
import { fromPlain } from "./plain.ts";
import { actionsOf, type NamedAction, type State } from "./trace-model.ts";

export type Refusal = { readonly what: string; readonly falsehood: Falsehood | undefined };

/** A sequence of which only the end was seen. */
type SeenEnd = {
  readonly variable: number;
  readonly path: readonly Value[];
  readonly from: number;
  readonly end: readonly Value[];
};

/** What the event says of the next state: values of all variables that are no ghosts, and ends of sequences among them. */
type Expected = { readonly values: (Value | undefined)[]; readonly ends: readonly SeenEnd[] };

/** Takes the step, or says why not. */
export function stepDirected(run: Run, observation: Observation, event: EventMapping): Refusal | undefined {
  const from = run.candidates[0]!;
  const expected = expectedAfter(run, from, observation.changes ?? []);
  if (event.kind === "stutter") {
    const moved = run.trace.model.variables.filter((_name, i) => expected.values[i] !== from[i] && !isGhost(run, i));
    if (moved.length === 0 && expected.ends.length === 0) {
      run.stuttered++;
      return undefined;
    }
    return {
      what: `${observation.event} should change nothing, but changed ${moved.join(", ")}`,
      falsehood: undefined,
    };
  }
  let falsehood: Falsehood | undefined;
  for (const name of actionsOf(event)) {
    const action = run.trace.actions.get(name)!;
    const args = argumentsOf(run, observation, action);
    const { agreed, last } = outcomesOf(run, from, action, args, expected);
    if (agreed !== undefined && isConfirmed(run, action, args, { from, to: agreed })) {
      count(run, name);
      run.candidates[0] = agreed;
      return undefined;
    }
    falsehood ??= explainRefusal(run, from, expected, action, args, agreed ?? last);
  }
  return { what: `${actionsOf(event).join(" or ")} does not allow this step`, falsehood };
}

function isConfirmed(
  run: Run,
  action: NamedAction,
  args: readonly Value[],
  step: { readonly from: State; readonly to: State },
): boolean {
  if (run.steps % (run.trace.mapping.predicateEvery ?? 1) !== 0) return true;
  return inStep(run.trace.model, step.from, step.to, () => action.holds(action.frame(args)) === true);
}

function isGhost(run: Run, variable: number): boolean {
  return run.trace.isGhost[variable]!;
}

function expectedAfter(run: Run, from: State, changes: readonly ObservedChange[]): Expected {
  if (changes.length === 0) return { values: from as Value[], ends: NO_ENDS };
  const { model } = run.trace;
  const { u } = model.machine;
  const values: (Value | undefined)[] = from.slice();
  const ends: SeenEnd[] = [];
  for (const change of changes) {
    const variable = model.variables.indexOf(change.variable);
    if (variable < 0)
      throw new TlaError("resolve", `the trace speaks of ${change.variable}, which is no variable of ${model.name}`);
    if (isGhost(run, variable))
      throw new TlaError("resolve", `the trace speaks of ${change.variable}, which the mapping declares to be a ghost`);
    const path = (change.path ?? []).map((key) => fromPlain(u, key));
    const value = fromPlain(u, change.value);
    if (change.from === undefined) {
      values[variable] = path.length === 0 ? value : replaceAt(run, values[variable], path, 0, value);
      continue;
    }
    const end = sequenceOf(value, "the end of a sequence").values;
    if (change.before === "not seen") ends.push({ variable, path, from: change.from, end });
    else {
      const whole = sequenceOf(lookUp(run, values[variable], path), change.variable);
      if (whole.values.length < change.from - 1)
        throw new TlaError(
          "evaluation",
          `${change.variable} has no place ${change.from}: it ends at ${whole.values.length}`,
        );
      const joined = [...whole.values.slice(0, change.from - 1), ...end];
      values[variable] = replaceAt(run, values[variable], path, 0, u.fcn(u.range(joined.length), joined));
    }
  }
  for (const { variable } of ends) values[variable] = undefined;
  return { values, ends };
}

const NO_ENDS: readonly SeenEnd[] = [];

function sequenceOf(value: Value | undefined, what: string): FcnValue {
  if (typeof value === "object" && value.kind === "fcn" && value.isTuple) return value;
  throw new TlaError("evaluation", `${what} is ${value === undefined ? "nothing" : showValue(value)}, not a sequence`);
}

function lookUp(run: Run, value: Value | undefined, path: readonly Value[]): Value | undefined {
  let at = value;
  for (const key of path) at = at === undefined ? undefined : run.trace.model.machine.u.apply(at, key);
  return at;
}

type Outcomes = { readonly agreed: State | undefined; readonly last: State | undefined };

function outcomesOf(run: Run, from: State, action: NamedAction, args: readonly Value[], expected: Expected): Outcomes {
  const m = run.trace.model.machine;
  let agreed: State | undefined;
  let last: State | undefined;
  m.current = from as Value[];
  m.next = new Array<Value | undefined>(from.length);
  m.target = m.next;
  const mark = m.trail.length;
  action.run(action.frame(args), () => {
    const outcome = completed(run, from, m.next);
    last = outcome;
    if (!agrees(run, outcome, expected)) return false;
    agreed = outcome;
    return true;
  });
  undo(m, mark);
  return { agreed, last };
}

function completed(run: Run, from: State, next: readonly (Value | undefined)[]): State {
  const outcome = next.slice();
  for (let i = 0; i < outcome.length; i++) {
    if (outcome[i] !== undefined) continue;
    if (run.trace.mapping.isFramed !== true)
      throw new TlaError("evaluation", `the step gives no value to the variable ${run.trace.model.variables[i]}`);
    outcome[i] = from[i];
  }
  return outcome as Value[];
}

function agrees(run: Run, outcome: State, expected: Expected): boolean {
  const { isGhost: ghosts } = run.trace;
  for (let i = 0; i < outcome.length; i++) {
    if (!ghosts[i] && expected.values[i] !== undefined && expected.values[i] !== outcome[i]) return false;
  }
  return expected.ends.every((end) => endsSo(run, outcome, end));
}

function endsSo(run: Run, outcome: State, { variable, path, from, end }: SeenEnd): boolean {
  const { values } = sequenceOf(lookUp(run, outcome[variable], path), run.trace.model.variables[variable]!);
  return values.length === from - 1 + end.length && end.every((value, i) => values[from - 1 + i] === value);
}

/** The step as it was seen, with what the action would have given to the ghosts. */
function explainRefusal(
  run: Run,
  from: State,
  expected: Expected,
  action: NamedAction,
  args: readonly Value[],
  outcome: State | undefined,
): Falsehood | undefined {
  const to = from.map((value, i) => (isGhost(run, i) ? outcome?.[i] : expected.values[i]) ?? outcome?.[i] ?? value);
  const found = explained(() => inStep(run.trace.model, from, to, () => explainAction(run, action, args)));
  if (found !== undefined || outcome === undefined) return found;
  // The action allows more than was seen: what differs is a variable that it says nothing about.
  const differs = run.trace.model.variables.filter((_name, i) => !isGhost(run, i) && to[i] !== outcome[i]);
  const ends = expected.ends.map(({ variable }) => run.trace.model.variables[variable]!);
  return {
    span: action.definition.span,
    path: [],
    detail: `${[...differs, ...ends].join(", ")} differs from what the action gives`,
  };
}

function explained(look: () => Falsehood | undefined): Falsehood | undefined {
  try {
    return look();
  } catch (error) {
    const known = asTlaError(error);
    return known.span && { span: known.span, path: known.calls.map((call) => call.name), detail: known.message };
  }
}

/** The first false conjunct of an action in the machine's present step; undefined if the action allows it. */
export function explainAction(run: Run, action: NamedAction, args: readonly Value[]): Falsehood | undefined {
  if (action.holds(action.frame(args)) === true) return undefined;
  const { compiler } = run.trace.model;
  const place = bodyPlace(action.definition, codeOf(compiler, action.definition).layout);
  return explainFalse(compiler, action.definition.body, place, action.frame(args));
}
