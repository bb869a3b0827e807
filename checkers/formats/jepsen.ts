/**
 * Jepsen's histories, as EDN (`jepsen-edn`) or JSON (`jepsen-json`): operation maps in one vector or one after another.
 *
 * Here `fail` means that the operation did not happen, for cas too (in `jepsen-log` it does not). Times are nanoseconds in
 * the file. What is not a client's (the nemesis) is left out. Some published histories lack :process (then -1), :f (then
 * "txn", where the value is a list of micro-operations) or :index (then the position counts).
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { eventType } from "./history-jsonl.ts";
import { readNestedValues, type Syntax } from "./nested-values.ts";

/** The process of events that name none. */
export const NO_PROCESS = -1;

/** Yields the clients' events. Throws HistoryError for what is cut, damaged or out of order. */
export function* readJepsen(chunks: Iterable<string>, syntax: Syntax): Generator<HistoryEvent> {
  let lastIndex = Number.NEGATIVE_INFINITY;
  let position = 0;
  for (const { value, line } of readNestedValues(chunks, syntax)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new HistoryError(line, "a map for each operation", show(value));
    }
    const fields = value as { readonly [key: string]: PlainJson };
    const given = fields["index"];
    if (typeof given === "number") {
      if (given <= lastIndex) throw new HistoryError(line, `an index above ${lastIndex}`, `${given}`);
      lastIndex = given;
    }
    const event = toEvent(fields, position, line);
    position += 1;
    if (event !== undefined) yield event;
  }
}

function toEvent(fields: { readonly [key: string]: PlainJson }, index: number, line: number): HistoryEvent | undefined {
  const { process, time, error } = fields;
  if (typeof process === "string") return undefined;
  if (process !== undefined && process !== null && !Number.isSafeInteger(process)) {
    throw new HistoryError(line, "an integer or a name as process", show(process));
  }
  const value = fields["value"] ?? null;
  return {
    index,
    timeUs: typeof time === "number" ? Math.floor(time / 1000) : -1,
    process: typeof process === "number" ? process : NO_PROCESS,
    type: eventType(fields["type"], line),
    f: functionOf(fields["f"], value, line),
    value,
    ...(error === undefined || error === null ? {} : { error }),
  };
}

function functionOf(f: PlainJson | undefined, value: PlainJson, line: number): string {
  if (typeof f === "string" && f !== "") return f;
  if (f === undefined && Array.isArray(value) && value.every((item) => Array.isArray(item))) return "txn";
  throw new HistoryError(line, "the name of a function as f", show(f));
}
