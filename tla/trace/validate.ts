/**
 * Trace validation: is a recorded run a behaviour of the specification?
 *
 * A complete observation needs no search: the next state is known, and the named action is evaluated as a predicate on the
 * step. Otherwise the action's outcomes are made, those that disagree with what was seen are dropped, and the rest are all
 * followed (as sets of states); hidden actions widen that set. The answer to a complete observation never uses the
 * generator, so a fault in it cannot hide itself. Sources: Cirstea, Kuppe, Loillier, Merz, Validating Traces of
 * Distributed Programs Against TLA+ Specifications (2024); etcd-io/raft and CCF for what mappings need.
 */
import { inState, inStep } from "../checker/checks.ts";
import { asTlaError } from "../checker/explore.ts";
import { freshFrame, type Scoped } from "../checker/sites.ts";
import { describeError, describeRange, type Span } from "../errors.ts";
import { compileTest } from "../eval/expressions.ts";
import { undo } from "../eval/machine.ts";
import type { Predicate } from "../eval/model.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import {
  addCandidate,
  argumentsOf,
  complete,
  composed,
  constrain,
  count,
  each,
  readChanges,
  type Run,
  type Seen,
  stepOf,
  widen,
} from "./candidates.ts";
import { explainAction, stepDirected } from "./directed.ts";
import { explainFalse, type Falsehood } from "./explain.ts";
import type { EventMapping, Observation } from "./mapping.ts";
import { actionsOf, type State, type TraceModel } from "./trace-model.ts";

export type TraceMismatch = {
  /** Position in the trace; 0 is the first observation. */
  readonly index: number;
  readonly event: string;
  readonly message: string;
  /** The first false conjunct, where it stands, and the values involved. */
  readonly falsehood: Falsehood | undefined;
  readonly span: Span | undefined;
  /** The invariant that the step broke; undefined if the step itself is not allowed. */
  readonly violated: string | undefined;
  /** Actions of the next-state relation that could have been taken from there; not looked for where the mapping has ghosts. */
  readonly enabled: readonly string[];
  /** The last state that agreed. */
  readonly state: Readonly<Record<string, string>>;
};
export type TraceResult = {
  /** "unknown": more possible states than `candidatesMax`. */
  readonly verdict: "valid" | "invalid" | "unknown";
  readonly reason: string | undefined;
  readonly events: number;
  readonly steps: number;
  readonly stuttered: number;
  readonly skipped: number;
  readonly hiddenSteps: number;
  /** How often each action of the mapping was matched. */
  readonly matched: Readonly<Record<string, number>>;
  readonly mismatch: TraceMismatch | undefined;
};

/**
 * Validates a run. The first observation is the initial state: its `changes` must be whole variables, all of them if
 * `unobserved` is "unchanged".
 */
export function validateTrace(trace: TraceModel, observations: Iterable<Observation>): TraceResult {
  const validation = startValidation(trace);
  for (const observation of observations) if (!validation.observe(observation)) break;
  return validation.result();
}

/** A validation that is told of a run while it happens. */
export type Validation = {
  /** False: there is nothing more to be said of this run, which has gone wrong or cannot be followed. */
  observe(observation: Observation): boolean;
  result(): TraceResult;
};

/** As validateTrace, one observation at a time. The first one is the initial state. */
export function startValidation(trace: TraceModel): Validation {
  const run: Run = {
    trace,
    candidates: [],
    steps: 0,
    stuttered: 0,
    skipped: 0,
    hiddenSteps: 0,
    states: 0,
    matched: new Map(),
    reason: undefined,
  };
  let index = 0;
  let mismatch: TraceMismatch | undefined;
  return {
    observe: (observation) => {
      if (mismatch !== undefined || run.reason !== undefined) return false;
      mismatch = index === 0 ? begin(run, observation) : advance(run, observation, index);
      index++;
      return mismatch === undefined && run.reason === undefined;
    },
    result: () => resultOf(run, index, mismatch),
  };
}

function resultOf(run: Run, events: number, mismatch: TraceMismatch | undefined): TraceResult {
  const matched: Record<string, number> = {};
  for (const name of run.trace.actions.keys()) matched[name] = run.matched.get(name) ?? 0;
  const { reason, steps, stuttered, skipped, hiddenSteps } = run;
  const verdict = mismatch !== undefined ? "invalid" : reason !== undefined ? "unknown" : "valid";
  return { verdict, reason, events, steps, stuttered, skipped, hiddenSteps, matched, mismatch };
}

function begin(run: Run, observation: Observation): TraceMismatch | undefined {
  const { model, checks, mapping } = run.trace;
  const m = model.machine;
  const seen = readChanges(run, observation.changes ?? [])([]);
  const missing = model.variables.filter((_name, i) => seen[i] === undefined);
  if (mapping.unobserved === "unchanged" && mapping.ghosts === undefined && missing.length > 0) {
    return mismatchOf(run, observation, 0, `the first observation gives no value to ${missing.join(", ")}`, undefined);
  }
  if (missing.length === 0) {
    const state = seen as Value[];
    const failed = inState(model, state, () => falsehood(() => firstFalse(run, checks.behaviour.init!)));
    run.candidates = [state];
    if (failed !== undefined) return mismatchOf(run, observation, 0, "the first state is not an initial state", failed);
  } else {
    m.current = new Array<Value | undefined>(model.variables.length);
    m.target = m.current;
    checks.init!(() => addCandidate(run, m.current as State, seen));
    undo(m, 0);
    if (run.candidates.length === 0)
      return mismatchOf(run, observation, 0, "no initial state agrees with the first observation", undefined);
  }
  return judgeInvariants(run, observation, 0);
}

function firstFalse(run: Run, formulas: readonly Scoped[]): Falsehood | undefined {
  const { compiler } = run.trace.model;
  for (const { node, site } of formulas) {
    const test = compileTest(compiler, node, site.place);
    if (!test(freshFrame(site))) return explainFalse(compiler, node, site.place, freshFrame(site));
  }
  return undefined;
}

function advance(run: Run, observation: Observation, index: number): TraceMismatch | undefined {
  const { mapping } = run.trace;
  const event = Object.hasOwn(mapping.events, observation.event) ? mapping.events[observation.event] : undefined;
  if (event === undefined)
    return mismatchOf(run, observation, index, `the mapping does not know the event ${observation.event}`, undefined);
  if (event.kind === "skip") {
    run.skipped++;
    return undefined;
  }
  try {
    if (mapping.ghosts !== undefined && event.kind !== "composed" && event.kind !== "next") {
      const failed = stepDirected(run, observation, event);
      if (failed !== undefined) return mismatchOf(run, observation, index, failed.what, failed.falsehood);
      return judgeInvariants(run, observation, index);
    }
    const seen = readChanges(run, observation.changes ?? []);
    const isComplete =
      mapping.unobserved === "unchanged" &&
      event.kind !== "composed" &&
      event.kind !== "next" &&
      (mapping.hidden ?? []).length === 0;
    const mismatch = isComplete
      ? stepKnown(run, observation, event, seen, index)
      : stepSearched(run, observation, event, seen, index);
    return mismatch ?? judgeInvariants(run, observation, index);
  } catch (error) {
    const known = asTlaError(error);
    return mismatchOf(run, observation, index, describeError(known), undefined, known.span);
  }
}

/** The next state is known: the action is only asked whether it allows the step. */
function stepKnown(
  run: Run,
  observation: Observation,
  event: EventMapping,
  seen: Seen,
  index: number,
): TraceMismatch | undefined {
  const from = run.candidates[0]!;
  const to = complete(from, seen(from));
  if (event.kind === "stutter") {
    run.stuttered++;
    const moved = run.trace.model.variables.filter((_name, i) => from[i] !== to[i]);
    if (moved.length === 0) return undefined;
    return mismatchOf(
      run,
      observation,
      index,
      `${observation.event} should change nothing, but changed ${moved.join(", ")}`,
      undefined,
    );
  }
  let failed: Falsehood | undefined;
  for (const name of actionsOf(event)) {
    const action = run.trace.actions.get(name)!;
    const args = argumentsOf(run, observation, action);
    const isTaken = inStep(run.trace.model, from, to, () => action.holds(action.frame(args)) === true);
    if (isTaken) {
      count(run, name);
      run.candidates = [to];
      return undefined;
    }
    failed ??= inStep(run.trace.model, from, to, () => explainAction(run, action, args));
  }
  return mismatchOf(run, observation, index, `${actionsOf(event).join(" or ")} does not allow this step`, failed);
}

function stepSearched(
  run: Run,
  observation: Observation,
  event: EventMapping,
  seen: Seen,
  index: number,
): TraceMismatch | undefined {
  const before = run.candidates;
  const widened = widen(run, before);
  run.candidates = [];
  let taken: string | undefined;
  const accept =
    (name: string) =>
    (from: State, outcome: readonly (Value | undefined)[]): boolean => {
      const known = run.candidates.length;
      const isFull = addCandidate(run, outcome, constrain(run, from, seen));
      if (run.candidates.length > known) taken ??= name;
      return isFull;
    };
  for (const from of widened) {
    if (run.reason !== undefined) break;
    if (event.kind === "stutter") addCandidate(run, from, constrain(run, from, seen));
    else if (event.kind === "next") each(run, from, (then) => run.trace.next(then), accept("Next"));
    else if (event.kind === "composed")
      composed(run, from, event.actions, observation, accept(event.actions.join(" then ")));
    else for (const name of actionsOf(event)) each(run, from, stepOf(run, name, observation), accept(name));
  }
  if (run.candidates.length > 0) {
    if (event.kind === "stutter") run.stuttered++;
    else if (event.kind === "composed") for (const name of event.actions) count(run, name);
    else if (taken !== undefined) count(run, taken);
    return undefined;
  }
  run.candidates = before;
  return mismatchOf(
    run,
    observation,
    index,
    `no possible step of ${describeMapping(event)} agrees with what was observed`,
    closest(run, observation, event, seen),
  );
}

function describeMapping(event: EventMapping): string {
  return event.kind === "next"
    ? "the next-state relation"
    : event.kind === "stutter"
      ? "nothing"
      : actionsOf(event).join(event.kind === "composed" ? " then " : " or ");
}

/** Why the first action does not allow the step that was seen, judged on the first possible state. */
function closest(run: Run, observation: Observation, event: EventMapping, seen: Seen): Falsehood | undefined {
  const name = actionsOf(event)[0];
  const from = run.candidates[0];
  if (name === undefined || from === undefined || event.kind !== "action") return undefined;
  const action = run.trace.actions.get(name)!;
  const to = complete(from, seen(from));
  return falsehood(() =>
    inStep(run.trace.model, from, to, () => explainAction(run, action, argumentsOf(run, observation, action))),
  );
}

function falsehood(look: () => Falsehood | undefined): Falsehood | undefined {
  try {
    return look();
  } catch (error) {
    const known = asTlaError(error);
    return known.span && { span: known.span, path: known.calls.map((call) => call.name), detail: known.message };
  }
}

function judgeInvariants(run: Run, observation: Observation, index: number): TraceMismatch | undefined {
  const { checks, mapping, model } = run.trace;
  const every = mapping.invariantsEvery ?? 1;
  if (every === 0 || run.states++ % every !== 0) return undefined;
  // Several possible states: an invariant is broken only if it is broken in all of them.
  let broken: Predicate | undefined;
  for (const state of run.candidates) {
    const failed = inState(model, state, () => checks.invariants.find((predicate) => !predicate.holds()));
    if (failed === undefined) return undefined;
    broken ??= failed;
  }
  if (broken === undefined) return undefined;
  const place = { scope: model.scope, layout: { up: undefined, size: 1 }, isPrimed: false };
  const node = { kind: "apply", prefix: [], name: broken.name, args: [], span: broken.node.span } as const;
  const failed = inState(model, run.candidates[0]!, () => explainFalse(model.compiler, node, place, [undefined]));
  const what = `the invariant ${broken.name} is violated`;
  return { ...mismatchOf(run, observation, index, what, failed), violated: broken.name };
}

function mismatchOf(
  run: Run,
  observation: Observation,
  index: number,
  what: string,
  failed: Falsehood | undefined,
  span?: Span,
): TraceMismatch {
  const { model } = run.trace;
  const state: Record<string, string> = {};
  model.variables.forEach((name, i) => {
    const value = run.candidates[0]?.[i];
    if (value !== undefined) state[name] = showValue(value);
  });
  const where =
    failed === undefined
      ? ""
      : `: ${failed.path.length > 0 ? `${failed.path.join(" / ")}, ` : ""}${describeRange(failed.span)}: ${failed.detail}`;
  return {
    index,
    event: observation.event,
    message: `event ${index} (${observation.event}): ${what}${where}`,
    falsehood: failed,
    span: failed?.span ?? span,
    violated: undefined,
    enabled: enabledActions(run),
    state,
  };
}

/** Actions of the next-state relation that the last agreed state allows. */
function enabledActions(run: Run): string[] {
  const from = run.candidates[0];
  // A relation that quantifies over what a network may hold is bounded for a checker, not for the states of real runs.
  if (from === undefined || run.trace.mapping.ghosts !== undefined) return [];
  const names: string[] = [];
  try {
    each(run, from, run.trace.next, () => {
      const label = run.trace.model.labels[run.trace.model.machine.label];
      if (label !== undefined && !names.includes(label.name)) names.push(label.name);
      return false;
    });
  } catch (error) {
    asTlaError(error);
  }
  return names;
}
