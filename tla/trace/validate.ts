/**
 * Trace validation: is a recorded run a behaviour of the specification?
 *
 * A complete observation needs no search: the next state is known, and the named action is evaluated as a predicate on the
 * step. Otherwise the action's outcomes are made, those that disagree with what was seen are dropped, and the rest are all
 * followed (as sets of states); hidden actions widen that set. The answer to a complete observation never uses the
 * generator, so a fault in it cannot hide itself. Sources: Cirstea, Kuppe, Loillier, Merz, Validating Traces of
 * Distributed Programs Against TLA+ Specifications (2024); etcd-io/raft and CCF for what mappings need.
 */
import { describeError, describeRange, type Span, TlaError } from "../errors.ts";
import { bodyPlace, codeOf } from "../eval/calls.ts";
import { compileAction } from "../eval/actions.ts";
import { compileTest } from "../eval/expressions.ts";
import { type Action, type Evaluate, type Frame, undo } from "../eval/machine.ts";
import {
  createModel,
  type Generator,
  generatorOf,
  type Model,
  type ModelSource,
  type Predicate,
} from "../eval/model.ts";
import { type DefinitionEntity, lookup } from "../eval/scope.ts";
import type { Place } from "../eval/compiler.ts";
import type { Node } from "../syntax/ast.ts";
import { type Checks, createChecks, inState, inStep } from "../checker/checks.ts";
import { asTlaError } from "../checker/explore.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { explainFalse, type Falsehood } from "./explain.ts";
import type { EventMapping, Observation, ObservedChange, TraceMapping } from "./mapping.ts";
import { fromPlain, type PlainValue } from "./plain.ts";

type State = readonly Value[];
/** An operator of the specification, both ways: as a generator and as a predicate on a step. */
type NamedAction = {
  readonly name: string;
  readonly arity: number;
  readonly definition: DefinitionEntity;
  readonly frame: (args: readonly Value[]) => Frame;
  readonly run: Action["run"];
  readonly holds: Evaluate;
};

/** A specification ready to validate any number of traces. */
export type TraceModel = {
  readonly model: Model;
  readonly checks: Checks;
  readonly mapping: TraceMapping;
  readonly actions: ReadonlyMap<string, NamedAction>;
  readonly next: Generator;
};

export type TraceMismatch = {
  /** Position in the trace; 0 is the first observation. */
  readonly index: number;
  readonly event: string;
  readonly message: string;
  /** The first false conjunct, where it stands, and the values involved. */
  readonly falsehood: Falsehood | undefined;
  readonly span: Span | undefined;
  /** Actions of the next-state relation that could have been taken from there. */
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

/** Loads and compiles the specification. Throws TlaError for what cannot be read, or a mapping that names no operator. */
export function createTraceModel(source: ModelSource, mapping: TraceMapping): TraceModel {
  const model = createModel(source);
  const checks = createChecks(model);
  const { init, next, name } = checks.behaviour;
  if (init === undefined || next === undefined)
    throw new TlaError("config", "a trace can only be validated against a specification with Init and Next");
  const actions = new Map<string, NamedAction>();
  for (const action of namesIn(mapping)) actions.set(action, namedAction(model, action));
  return {
    model,
    checks,
    mapping,
    actions,
    next: generatorOf(model, next.node, next.scope, { mode: "next", owner: name }),
  };
}

function namesIn(mapping: TraceMapping): Set<string> {
  const names = new Set(mapping.hidden ?? []);
  for (const event of Object.values(mapping.events)) for (const name of actionsOf(event)) names.add(name);
  return names;
}

function actionsOf(event: EventMapping): readonly string[] {
  if (event.kind === "composed") return event.actions;
  if (event.kind !== "action") return [];
  return typeof event.action === "string" ? [event.action] : event.action;
}

function namedAction(model: Model, name: string): NamedAction {
  const entity = lookup(model.scope, name);
  if (entity?.kind !== "definition" || entity.bounds !== undefined)
    throw new TlaError("resolve", `the mapping names ${name}, which is no operator of ${model.name}`);
  const code = codeOf(model.compiler, entity);
  const place = bodyPlace(entity, code.layout);
  const { run } = compileAction(model.compiler, entity.body, place, { mode: "next", owner: undefined });
  const frame = (args: readonly Value[]): Frame => {
    const made: Frame = new Array(code.layout.size);
    for (let i = 0; i < args.length; i++) made[i + 1] = args[i];
    return made;
  };
  return { name, arity: entity.params.length, definition: entity, frame, run, holds: (own) => code.evaluate(own) };
}

type Run = {
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

/**
 * Validates a run. The first observation is the initial state: its `changes` must be whole variables, all of them if
 * `unobserved` is "unchanged".
 */
export function validateTrace(trace: TraceModel, observations: Iterable<Observation>): TraceResult {
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
  for (const observation of observations) {
    const mismatch = index === 0 ? begin(run, observation) : advance(run, observation, index);
    index++;
    if (mismatch !== undefined) return resultOf(run, index, mismatch);
    if (run.reason !== undefined) break;
  }
  return resultOf(run, index, undefined);
}

function resultOf(run: Run, events: number, mismatch: TraceMismatch | undefined): TraceResult {
  const matched: Record<string, number> = {};
  for (const name of run.trace.actions.keys()) matched[name] = run.matched.get(name) ?? 0;
  const { reason, steps, stuttered, skipped, hiddenSteps } = run;
  const verdict = mismatch !== undefined ? "invalid" : reason !== undefined ? "unknown" : "valid";
  return { verdict, reason, events, steps, stuttered, skipped, hiddenSteps, matched, mismatch };
}

/** What an event says about the next state: the value each change leads to, given the state before. */
type Seen = (from: State) => (Value | undefined)[];

function readChanges(run: Run, changes: readonly ObservedChange[]): Seen {
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

function replaceAt(run: Run, target: Value | undefined, path: readonly Value[], depth: number, value: Value): Value {
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

function begin(run: Run, observation: Observation): TraceMismatch | undefined {
  const { model, checks, mapping } = run.trace;
  const m = model.machine;
  const seen = readChanges(run, observation.changes ?? [])([]);
  const missing = model.variables.filter((_name, i) => seen[i] === undefined);
  if (mapping.unobserved === "unchanged" && missing.length > 0) {
    return mismatchOf(run, observation, 0, `the first observation gives no value to ${missing.join(", ")}`, undefined);
  }
  if (missing.length === 0) {
    const state = seen as Value[];
    const { node, scope } = checks.behaviour.init!;
    const place = { scope, layout: { up: undefined, size: 1 }, isPrimed: false };
    const failed = inState(model, state, () => falsehood(() => explainUnlessTrue(run, node, place)));
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

function explainUnlessTrue(run: Run, node: Node, place: Place): Falsehood | undefined {
  const { compiler } = run.trace.model;
  const test = compileTest(compiler, node, place);
  return test(new Array(place.layout.size))
    ? undefined
    : explainFalse(compiler, node, place, new Array(place.layout.size));
}

/** Adds an outcome that agrees with what was seen, once; true when there are too many to follow. */
function addCandidate(
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

function complete(from: State, seen: readonly (Value | undefined)[]): Value[] {
  return from.map((value, i) => seen[i] ?? value);
}

function count(run: Run, name: string): void {
  run.steps++;
  run.matched.set(name, (run.matched.get(name) ?? 0) + 1);
}

function argumentsOf(run: Run, observation: Observation, action: NamedAction): Value[] {
  const given: readonly PlainValue[] = observation.args ?? [];
  if (given.length < action.arity)
    throw new TlaError(
      "resolve",
      `${action.name} takes ${action.arity} arguments; the event ${observation.event} gives ${given.length}`,
    );
  return given.slice(0, action.arity).map((arg) => fromPlain(run.trace.model.machine.u, arg));
}

function explainAction(run: Run, action: NamedAction, args: readonly Value[]): Falsehood {
  const { compiler } = run.trace.model;
  const place = bodyPlace(action.definition, codeOf(compiler, action.definition).layout);
  return explainFalse(compiler, action.definition.body, place, action.frame(args));
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

/** With "unchanged", what an event does not mention stays as it was. */
function constrain(run: Run, from: State, seen: Seen): (Value | undefined)[] {
  const values = seen(from);
  return run.trace.mapping.unobserved === "unchanged" ? complete(from, values) : values;
}

function stepOf(run: Run, name: string, observation: Observation): Generator {
  const action = run.trace.actions.get(name)!;
  const args = argumentsOf(run, observation, action);
  return (then) => action.run(action.frame(args), then);
}

/** Makes every outcome of a generator from a state. */
function each(
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

function composed(
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
function widen(run: Run, from: readonly State[]): State[] {
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
  return mismatchOf(run, observation, index, `the invariant ${broken.name} is violated`, failed);
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
    enabled: enabledActions(run),
    state,
  };
}

/** Actions of the next-state relation that the last agreed state allows. */
function enabledActions(run: Run): string[] {
  const from = run.candidates[0];
  if (from === undefined) return [];
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
