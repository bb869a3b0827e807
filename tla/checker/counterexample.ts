/** Counterexamples: made from the explored graph, printed as TLC prints them, and as ITF JSON. */
import { describeError, describeRange, fail } from "../errors.ts";
import type { ActionLabel } from "../eval/compiler.ts";
import type { Formula, Model } from "../eval/model.ts";
import { showValue } from "../values/print.ts";
import type { Value } from "../values/types.ts";
import { inStep } from "./checks.ts";
import { asTlaError, type Exploration, type Violation } from "./explore.ts";
import type { Lasso } from "./liveness.ts";
import { readState } from "./store.ts";

/** One state of a behaviour; `action` led to it and is undefined for the first. */
export type TraceState = { readonly action: ActionLabel | undefined; readonly values: readonly Value[] };
export type Counterexample = {
  readonly variables: readonly string[];
  readonly states: readonly TraceState[];
  /** For liveness: after the last state the behaviour goes on at this position; the last one itself is stuttering. */
  readonly loopsTo: number | undefined;
  /** What ALIAS makes of each state, if the configuration has one. */
  readonly aliases: readonly (readonly (readonly [string, Value])[])[] | undefined;
  /** What a reader should know about it. */
  readonly note?: string | undefined;
};

export function counterexampleOf(exploration: Exploration, violation: Violation): Counterexample {
  const { model, store } = exploration;
  const path: TraceState[] = [];
  for (let index = violation.at; index !== -1; index = store.parents[index]!) path.unshift(stateAt(exploration, index));
  if (violation.last !== undefined)
    path.push(traceState(model, violation.last!.codes, path.length === 0 ? -1 : violation.last!.label));
  return finish(exploration, path, undefined);
}

export function counterexampleOfLasso(exploration: Exploration, lasso: Lasso): Counterexample {
  const states = lasso.states.map((index, i) => {
    const state = stateAt(exploration, index);
    return i === 0
      ? { ...state, action: undefined }
      : { ...state, action: labelBetween(exploration, lasso.states[i - 1]!, index) ?? state.action };
  });
  return finish(exploration, states, lasso.loopsTo);
}

function stateAt(exploration: Exploration, index: number): TraceState {
  const codes = new Int32Array(exploration.store.width);
  readState(exploration.store, index, codes);
  return traceState(
    exploration.model,
    codes,
    exploration.store.parents[index] === -1 ? -1 : exploration.store.labels[index]!,
  );
}

function traceState(model: Model, codes: Int32Array, label: number): TraceState {
  const { u } = model.machine;
  return { action: label < 0 ? undefined : model.labels[label], values: Array.from(codes, (code) => u.decode(code)) };
}

/** The label of a step between two kept states, found by making the successors again. */
function labelBetween(exploration: Exploration, from: number, to: number): ActionLabel | undefined {
  const { model, checks, store } = exploration;
  const m = model.machine;
  const [source, target] = [new Int32Array(store.width), new Int32Array(store.width)];
  readState(store, from, source);
  readState(store, to, target);
  m.current = Array.from(source, (code) => m.u.decode(code));
  m.next = new Array<Value | undefined>(store.width);
  m.target = m.next;
  let found = -1;
  checks.next!(() => {
    if (m.next.some((value, i) => value === undefined || m.u.encode(value) !== target[i])) return false;
    found = m.label;
    return true;
  });
  return found < 0 ? undefined : model.labels[found];
}

function finish(exploration: Exploration, states: readonly TraceState[], loopsTo: number | undefined): Counterexample {
  const { model, checks } = exploration;
  const { alias } = checks;
  const plain = { variables: model.variables, states, loopsTo, aliases: undefined };
  if (alias === undefined) return plain;
  try {
    return { ...plain, aliases: states.map((_state, i) => aliasOf(model, alias, states, i, loopsTo)) };
  } catch (error) {
    // A behaviour is worth more than its decoration: it is told as it is, with the reason.
    return { ...plain, note: `ALIAS ${alias.name} cannot be shown: ${describeError(asTlaError(error))}` };
  }
}

function aliasOf(
  model: Model,
  alias: Formula,
  states: readonly TraceState[],
  i: number,
  loopsTo: number | undefined,
): (readonly [string, Value])[] {
  const state = states[i]!;
  model.machine.level = i + 1;
  model.machine.trace = () => states.slice(0, i + 1).map(({ values }) => values);
  const next = states[i + 1] ?? states[loopsTo ?? i] ?? state;
  const value = model.machine.u.normalise(inStep(model, state.values, [...next.values], alias.evaluate));
  if (typeof value !== "object" || value.kind !== "fcn") return fail(`it must be a record, found ${showValue(value)}`);
  return value.domain.elements.map(
    (name, at) =>
      [typeof name === "object" && name.kind === "string" ? name.text : showValue(name), value.values[at]!] as const,
  );
}

/** The behaviour as TLC users know it. */
export function showCounterexample(counterexample: Counterexample): string {
  const { states, variables, aliases, loopsTo } = counterexample;
  const blocks = states.map((state, i) => {
    const title =
      state.action === undefined
        ? i === 0
          ? "<Initial predicate>"
          : "<Action>"
        : `<${state.action.name} ${describeRange(state.action.span)}>`;
    const pairs = aliases?.[i] ?? variables.map((name, at) => [name, state.values[at]!] as const);
    const lines = pairs.map(([name, value]) => `${pairs.length > 1 ? "/\\ " : ""}${name} = ${showValue(value)}`);
    return [`State ${i + 1}: ${title}`, ...lines].join("\n");
  });
  if (loopsTo !== undefined) {
    blocks.push(
      loopsTo === states.length - 1 ? `State ${states.length + 1}: Stuttering` : `Back to state ${loopsTo + 1}`,
    );
  }
  if (counterexample.note !== undefined) blocks.push(counterexample.note);
  return blocks.join("\n\n");
}

/** A value in Apalache's Informal Trace Format. */
export function toItf(value: Value): unknown {
  if (typeof value !== "object") return value;
  switch (value.kind) {
    case "string":
    case "model":
      return value.text;
    case "set":
      return { "#set": value.elements.map(toItf) };
    case "fcn": {
      if (value.isTuple) return value.values.map(toItf);
      const names = value.domain.elements;
      if (!names.every((name) => typeof name === "object" && name.kind === "string")) {
        return { "#map": names.map((name, i) => [toItf(name), toItf(value.values[i]!)]) };
      }
      return Object.fromEntries(
        names.map((name, i) => [
          typeof name === "object" && name.kind === "string" ? name.text : "",
          toItf(value.values[i]!),
        ]),
      );
    }
    default:
      return { "#unserializable": showValue(value) };
  }
}

/** The behaviour as an ITF document. */
export function counterexampleToItf(counterexample: Counterexample): unknown {
  const { variables, states, loopsTo } = counterexample;
  return {
    "#meta": { format: "ITF", "format-description": "https://apalache-mc.org/docs/adr/015adr-trace.html" },
    vars: variables,
    ...(loopsTo === undefined ? {} : { loop: loopsTo }),
    states: states.map((state, index) => ({
      "#meta": { index, ...(state.action === undefined ? {} : { action: state.action.name }) },
      ...Object.fromEntries(variables.map((name, at) => [name, toItf(state.values[at]!)])),
    })),
  };
}
