/**
 * A key-value store of strings with append: get, put, append, as in porcupine's test data. Absent keys hold "".
 *
 * kvAppendModel is the plain definition. kvAppendModelFor refines it by the history that is to be judged, which keeps the
 * search from trying orders that no get could have seen:
 *   - a value that is no prefix of anything a get returned can never be seen, nor can what appends make of it, until the
 *     next put: all such values are one state, LOST;
 *   - where the values written to a key are all different and none is a prefix of another, what a get returned tells exactly
 *     which writes it is made of. An append that some get has seen is then legal only where that get says it went.
 * A history is linearizable under the refined model exactly when it is under the plain one (a property test).
 */
import { type Operation, show } from "../history.ts";
import type { Model } from "../model.ts";
import { compareText } from "../values.ts";

/** A value that no get can return any more. */
const LOST = null;
type AppendState = string | typeof LOST;

export function kvAppendModel(): Model<string> {
  return {
    ...COMMON,
    init: "",
    step: (state, operation) => stepPlain(state, operation),
    hash: (state) => state,
    describeState: show,
  };
}

/** The model for one history: all its operations, of all keys. Those that are not of the model are left for whoever refuses them. */
export function kvAppendModelFor(operations: readonly Operation[]): Model<AppendState> {
  const seen = new Map<string, Seen>();
  const ours = operations.filter(
    (operation) => COMMON.functions.includes(operation.f) && COMMON.problemWith(operation) === undefined,
  );
  for (const [key, part] of groupByKey(ours)) seen.set(key, lookAt(part));
  return {
    ...COMMON,
    init: "",
    step: (state, operation) => stepRefined(state, operation, seen.get(operation.key ?? "")),
    hash: (state) => (state === LOST ? 0 : state),
    describeState: (state) => (state === LOST ? "a value that no get returned" : show(state)),
  };
}

const COMMON = {
  name: "kv-append",
  functions: ["get", "put", "append"],
  problemWith: (operation: Operation): string | undefined => {
    if (operation.f !== "get") return typeof operation.input === "string" ? undefined : "a string to write";
    return operation.isPending || typeof operation.output === "string" ? undefined : "a string that was read";
  },
  keyOf: (operation: Operation): string => operation.key ?? "",
  describe,
  isPure: (operation: Operation): boolean => operation.f === "get",
  isBlind: (operation: Operation): boolean => operation.f === "put",
};

function stepPlain(state: string, operation: Operation): readonly string[] {
  if (operation.f === "put") return [textOf(operation)];
  if (operation.f === "append") return [state + textOf(operation)];
  return operation.isPending || state === operation.output ? [state] : [];
}

/** What the gets of one key returned. */
type Seen = {
  /** Distinct, in order of code points: the values with a given prefix are neighbours. */
  readonly values: readonly string[];
  /** Written values that a get contains; undefined when the values do not tell. */
  readonly appended: ReadonlySet<string> | undefined;
};

function stepRefined(state: AppendState, operation: Operation, seen: Seen | undefined): readonly AppendState[] {
  if (operation.f === "get") return operation.isPending || state === operation.output ? [state] : [];
  const text = textOf(operation);
  const values = seen?.values ?? [];
  if (operation.f === "put") return [isPrefixOfAny(text, values) ? text : LOST];
  const next = state === LOST ? LOST : state + text;
  if (next !== LOST && isPrefixOfAny(next, values)) return [next];
  return seen?.appended?.has(text) === true ? [] : [LOST];
}

function isPrefixOfAny(text: string, values: readonly string[]): boolean {
  let low = 0;
  let high = values.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (values[middle]! < text) low = middle + 1;
    else high = middle;
  }
  return low < values.length && values[low]!.startsWith(text);
}

function lookAt(operations: readonly Operation[]): Seen {
  const returned = new Set<string>();
  const written: string[] = [];
  for (const operation of operations) {
    if (operation.f !== "get") written.push(textOf(operation));
    else if (!operation.isPending) returned.add(String(operation.output));
  }
  const values = [...returned].sort(compareText);
  written.sort(compareText);
  return { values, appended: isPrefixCode(written) ? partsOf(values, written) : undefined };
}

/** All different, none empty, none a prefix of another: then a concatenation falls apart in one way only. */
function isPrefixCode(sorted: readonly string[]): boolean {
  if (sorted[0] === "") return false;
  for (let i = 1; i < sorted.length; i += 1) if (sorted[i]!.startsWith(sorted[i - 1]!)) return false;
  return true;
}

/** The written values that the returned ones are made of, as far as they fall apart. */
function partsOf(values: readonly string[], written: readonly string[]): ReadonlySet<string> {
  const known = new Set(written);
  const lengths = [...new Set(written.map((text) => text.length))].sort((left, right) => left - right);
  const parts = new Set<string>();
  for (const value of values) {
    for (let at = 0; at < value.length; ) {
      const length = lengths.find((candidate) => known.has(value.slice(at, at + candidate)));
      if (length === undefined) break;
      parts.add(value.slice(at, at + length));
      at += length;
    }
  }
  return parts;
}

function groupByKey(operations: readonly Operation[]): Map<string, Operation[]> {
  const parts = new Map<string, Operation[]>();
  for (const operation of operations) {
    const key = operation.key ?? "";
    const part = parts.get(key);
    if (part === undefined) parts.set(key, [operation]);
    else part.push(operation);
  }
  return parts;
}

/** The text that is put or appended; problemWith has seen that it is one. */
function textOf(operation: Operation): string {
  return operation.input as string;
}

function describe(operation: Operation): string {
  const key = show(operation.key ?? "");
  if (operation.f === "get") return `get(${key}) -> ${operation.isPending ? "?" : show(operation.output)}`;
  return `${operation.f}(${key}, ${show(operation.input)})${operation.isPending ? " -> ?" : ""}`;
}
