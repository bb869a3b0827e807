/**
 * Histories: what clients invoked and what they were told, in the order in which it happened.
 *
 * The order of a history is the index of its events, never their time: a simulator has many ties. An invocation is
 * completed by the next event of the same process: `ok` (it happened), `fail` (it did not happen) or `info` (nobody
 * knows). An operation without a completion, or with `info`, is pending for ever: it may take effect at any later
 * point, or never. Formats in which `fail` says more than that are translated by their reader (see formats/).
 */

import { readable } from "./marked-values.ts";
import { isSameValue } from "./values.ts";

/** JSON, immutable. Numbers are integers wherever they are compared. */
export type PlainJson = null | boolean | number | string | readonly PlainJson[] | { readonly [key: string]: PlainJson };

export type EventType = "invoke" | "ok" | "fail" | "info";

/** One line of `history-jsonl`. */
export type HistoryEvent = {
  /** Position in the history; strictly increasing, and the only order that checkers look at. */
  readonly index: number;
  /** Virtual time, for people; -1 where the format has none. */
  readonly timeUs: number;
  readonly process: number;
  readonly type: EventType;
  /** The function: get, put, cas, read, write, enq, … */
  readonly f: string;
  /** The key, for models that are partitioned. */
  readonly key?: string;
  /** The argument at the invocation; what was read at the completion. */
  readonly value: PlainJson;
  /** What the call returned where that is not `value`: true or false of a compare-and-set. */
  readonly result?: PlainJson;
  readonly error?: PlainJson;
};

/** An invocation with its completion. `fail` has none: it did not happen. */
export type Operation = {
  /** Position in the list of operations, in order of invocation. */
  readonly id: number;
  readonly process: number;
  readonly f: string;
  readonly key: string | undefined;
  /** The argument. */
  readonly input: PlainJson;
  /** What the completion said: its `result`, else its `value`; null while pending. */
  readonly output: PlainJson;
  readonly isPending: boolean;
  /** Index of the invocation. */
  readonly call: number;
  /** Index of the completion; Infinity when pending. */
  readonly return: number;
  readonly callUs: number;
  /** -1 when pending, or where the format has no time. */
  readonly returnUs: number;
};

/** A history that cannot be read, with the place, what was expected and what was found. */
export class HistoryError extends Error {
  /** Line of the file, from 1; 0 where the fault has no line. */
  readonly line: number;
  readonly expected: string;
  readonly found: string;
  constructor(line: number, expected: string, found: string) {
    super(`${line > 0 ? `line ${line}: ` : ""}expected ${expected}, found ${found}`);
    this.name = "HistoryError";
    this.line = line;
    this.expected = expected;
    this.found = found;
  }
}

/** A value as it appears in messages: JSON, cut at 80 characters. */
export function show(value: unknown): string {
  const text = readable(value) ?? "nothing";
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}

/**
 * Pairs invocations with completions. Operations whose completion is `fail` are left out.
 * Throws HistoryError when indexes do not rise, a process invokes twice, or a completion has no invocation.
 */
export function pairOperations(events: readonly HistoryEvent[]): Operation[] {
  const open = new Map<number, number>();
  const completions = new Int32Array(events.length).fill(-1);
  const retired = new Set<number>();
  let last = Number.NEGATIVE_INFINITY;
  for (let position = 0; position < events.length; position += 1) {
    const event = events[position]!; // position < length
    if (!(event.index > last)) throw new HistoryError(0, `an index above ${last}`, `${event.index} ${where(event)}`);
    last = event.index;
    if (event.type === "invoke") {
      if (retired.has(event.process)) {
        throw new HistoryError(0, `no invocation by a process after its info`, `${show(event.f)} ${where(event)}`);
      }
      if (open.has(event.process)) {
        throw new HistoryError(0, "the completion of the operation before", `a second invoke ${where(event)}`);
      }
      open.set(event.process, position);
      continue;
    }
    const invocation = open.get(event.process);
    if (invocation === undefined) {
      throw new HistoryError(0, "an invoke before the completion", `${event.type} ${where(event)}`);
    }
    if (events[invocation]!.f !== event.f) {
      throw new HistoryError(0, `the completion of ${show(events[invocation]!.f)}`, `${show(event.f)} ${where(event)}`);
    }
    demandEcho(events[invocation]!, event);
    completions[invocation] = position;
    open.delete(event.process);
    if (event.type === "info") retired.add(event.process);
  }
  return buildOperations(events, completions);
}

/** A write that is answered repeats what was written, if anything; another answer goes into `result`. */
function demandEcho(invocation: HistoryEvent, completion: HistoryEvent): void {
  if (completion.type !== "ok" || completion.result !== undefined || completion.value === null) return;
  if (invocation.f !== "write" && invocation.f !== "put") return;
  if (!isSameValue(invocation.value, completion.value)) {
    throw new HistoryError(
      0,
      `${show(invocation.value)}, as it was invoked`,
      `${show(completion.value)} ${where(completion)}`,
    );
  }
}

function where(event: HistoryEvent): string {
  return `(event ${event.index}, process ${event.process})`;
}

function buildOperations(events: readonly HistoryEvent[], completions: Int32Array): Operation[] {
  const operations: Operation[] = [];
  for (let position = 0; position < events.length; position += 1) {
    const event = events[position]!;
    if (event.type !== "invoke") continue;
    const at = completions[position]!;
    const completion = at < 0 ? undefined : events[at]!;
    if (completion?.type === "fail") continue;
    const done = completion?.type === "ok" ? completion : undefined;
    operations.push({
      id: operations.length,
      process: event.process,
      f: event.f,
      key: event.key,
      input: event.value,
      output: done === undefined ? null : done.result === undefined ? done.value : done.result,
      isPending: done === undefined,
      call: event.index,
      return: done === undefined ? Number.POSITIVE_INFINITY : done.index,
      callUs: event.timeUs,
      returnUs: done === undefined ? -1 : done.timeUs,
    });
  }
  return operations;
}
