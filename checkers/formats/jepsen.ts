/**
 * Jepsen's histories, as EDN (`jepsen-edn`) or JSON (`jepsen-json`): operation maps in one vector or one after another.
 *
 * Here `fail` means that the operation did not happen, for cas too (in `jepsen-log` it does not). Times are nanoseconds in
 * the file. Processes are integers or names; what is the nemesis' is left out. Some published histories lack :process (then
 * :client, or -1), :f (then "txn", where the value is a list of micro-operations) or :index (then the position counts). :key is
 * the key of the operation. Other fields say nothing about the operation and are not read.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { nameOf, numberOf, unmarked } from "../marked-values.ts";
import { canonicalText } from "../values.ts";
import { eventType } from "./history-jsonl.ts";
import { readNestedValues, type Syntax } from "./nested-values.ts";
import { ProcessNames } from "./processes.ts";

/** Yields the clients' events. Throws HistoryError for what is cut, damaged or out of order. */
export function* readJepsen(chunks: Iterable<string>, syntax: Syntax): Generator<HistoryEvent> {
  const processes = new ProcessNames();
  let lastIndex = Number.NEGATIVE_INFINITY;
  let position = 0;
  for (const { value, line } of readNestedValues(chunks, syntax)) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new HistoryError(line, "a map for each operation", show(value));
    }
    const fields = value as { readonly [key: string]: PlainJson };
    const given = fields["index"];
    if (given !== undefined && given !== null) {
      if (typeof given !== "number" || !Number.isSafeInteger(given)) {
        throw new HistoryError(line, "an integer as index", show(given));
      }
      if (given <= lastIndex) throw new HistoryError(line, `an index above ${lastIndex}`, `${given}`);
      lastIndex = given;
    }
    const process = processes.numberOf(fields["process"] ?? fields["client"], line);
    if (process !== undefined) yield toEvent(fields, process, position, line);
    position += 1;
  }
}

function toEvent(
  fields: { readonly [key: string]: PlainJson },
  process: number,
  index: number,
  line: number,
): HistoryEvent {
  const { time, key, error } = fields;
  const value = fields["value"] ?? null;
  const timeNs = numberOf(time);
  return {
    index,
    timeUs: timeNs === undefined ? -1 : Math.floor(timeNs / 1000),
    process,
    type: eventType(nameOf(fields["type"]) ?? fields["type"], line),
    f: functionOf(fields["f"], value, line),
    ...(key === undefined || key === null ? {} : { key: keyText(key) }),
    value,
    ...(error === undefined || error === null ? {} : { error: unmarked(error) }),
  };
}

/** A key as text: a string as it is, unless it reads as another value, and every other value in its canonical form. */
export function keyText(key: PlainJson): string {
  if (typeof key !== "string") return canonicalText(key);
  return /^(-?\d|[[{"]|true$|false$|null$)/.test(key) ? JSON.stringify(key) : key;
}

function functionOf(f: PlainJson | undefined, value: PlainJson, line: number): string {
  const name = nameOf(f);
  if (name !== undefined && name !== "") return name;
  if (f === undefined && Array.isArray(value) && value.every((item) => Array.isArray(item))) return "txn";
  throw new HistoryError(line, "the name of a function as f", show(f));
}
