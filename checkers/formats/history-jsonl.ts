/**
 * `history-jsonl`, our own format: one event a line, in Jepsen's words. The reader streams and is strict.
 */
import { type EventType, type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { exactJson } from "../marked-values.ts";
import { readLines } from "./lines.ts";
import { readOneValue } from "./nested-values.ts";

const FIELDS = new Set(["index", "timeUs", "process", "type", "f", "key", "value", "result", "error"]);

/** Checkers keep processes in 32 bits. */
const PROCESS_MAX = 1_000_000_000;

/** Yields the events of a file. Throws HistoryError at the first line that is none. */
export function* readHistoryJsonl(chunks: Iterable<string>): Generator<HistoryEvent> {
  let last = Number.NEGATIVE_INFINITY;
  for (const line of readLines(chunks)) {
    if (line.text.trim() === "") continue;
    const event = parseEvent(line.text, line.number);
    if (event.index <= last) throw new HistoryError(line.number, `an index above ${last}`, `${event.index}`);
    last = event.index;
    yield event;
  }
}

/** One event as a line, line feed included; fields in a fixed order. */
export function writeHistoryEvent(event: HistoryEvent): string {
  const { index, timeUs, process, type, f, key, value, result, error } = event;
  return `${exactJson({ index, timeUs, process, type, f, key, value, result, error })}\n`;
}

export function writeHistoryJsonl(events: Iterable<HistoryEvent>): string {
  let text = "";
  for (const event of events) text += writeHistoryEvent(event);
  return text;
}

/** JSON of one line as an object; HistoryError when it is none. */
export function parseObject(text: string, line: number): Record<string, PlainJson> {
  const parsed = readOneValue(text, "json", line);
  if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
    throw new HistoryError(line, "a JSON object", show(parsed));
  }
  return parsed as Record<string, PlainJson>;
}

function parseEvent(text: string, line: number): HistoryEvent {
  const fields = parseObject(text, line);
  for (const name of Object.keys(fields)) {
    if (!FIELDS.has(name)) throw new HistoryError(line, `only the fields ${[...FIELDS].join(", ")}`, show(name));
  }
  const { key, value, result, error } = fields;
  if (key !== undefined && typeof key !== "string") throw new HistoryError(line, "a string as key", show(key));
  return {
    index: integer(fields, "index", line, 0),
    timeUs: integer(fields, "timeUs", line, -1),
    process: integer(fields, "process", line, 0, PROCESS_MAX),
    type: eventType(fields["type"], line),
    f: functionName(fields["f"], line),
    ...(key === undefined ? {} : { key }),
    value: value ?? null,
    ...(result === undefined ? {} : { result }),
    ...(error === undefined ? {} : { error }),
  };
}

function integer(
  fields: Record<string, PlainJson>,
  name: string,
  line: number,
  min: number,
  max = Number.MAX_SAFE_INTEGER,
): number {
  const value = fields[name];
  if (typeof value !== "number" || !Number.isSafeInteger(value) || value < min || value > max) {
    const range = max === Number.MAX_SAFE_INTEGER ? `from ${min}` : `from ${min} to ${max}`;
    throw new HistoryError(line, `an integer ${range} as ${name}`, show(value));
  }
  return value;
}

/** Also for the formats of Jepsen, which use the same four words. */
export function eventType(value: PlainJson | undefined, line: number): EventType {
  if (value === "invoke" || value === "ok" || value === "fail" || value === "info") return value;
  throw new HistoryError(line, "invoke, ok, fail or info as type", show(value));
}

export function functionName(value: PlainJson | undefined, line: number): string {
  if (typeof value === "string" && value !== "") return value;
  throw new HistoryError(line, "the name of a function as f", show(value));
}
