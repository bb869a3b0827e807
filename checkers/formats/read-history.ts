/**
 * Reads a recorded history in any known format, told by name or detected from its beginning.
 *
 * The input is an iterable of chunks of text, read once; the file is never held as a whole.
 */
import { CheckUsageError } from "../checker.ts";
import { type HistoryEvent, HistoryError, type Operation, pairOperations, type PlainJson, show } from "../history.ts";
import { readHistoryJsonl } from "./history-jsonl.ts";
import { readJepsen } from "./jepsen.ts";
import { isJepsenLog, isOldJepsenLog, readJepsenLog } from "./jepsen-log.ts";
import { readJsonlOps } from "./jsonl-ops.ts";
import { readPorcupineKv } from "./porcupine-kv.ts";
import { BINARY } from "./utf8.ts";
import { readAwditEvents } from "../transactions/awdit-format.ts";

export const FORMATS = [
  "history-jsonl",
  "jsonl-ops",
  "jepsen-edn",
  "jepsen-json",
  "jepsen-log",
  "porcupine-kv-edn",
  "awdit-test",
] as const;

export type FormatName = (typeof FORMATS)[number];

export type RecordedHistory = {
  readonly format: FormatName;
  /** Empty for formats that record finished operations instead of events. */
  readonly events: readonly HistoryEvent[];
  /** For formats that record finished operations; else ask operationsOf. */
  readonly operations: readonly Operation[] | undefined;
  /** The model that the file names, or that its format implies. */
  readonly model: string | undefined;
  /** The first state, where the file gives one. */
  readonly init: PlainJson | undefined;
};

/** Characters looked at to detect a format. */
const HEAD_LENGTH = 4096;

/** Throws HistoryError for a damaged or empty file, CheckUsageError for a format that is unknown or cannot be told. */
export function readHistory(chunks: Iterable<string>, options: { readonly format?: string } = {}): RecordedHistory {
  const { head, all } = readHead(chunks);
  if (head.trim() === "") throw new HistoryError(1, "a history", "an empty file");
  const format = options.format === undefined ? detectFormat(head) : formatNamed(options.format);
  if (format === undefined) {
    const other = unreadFormat(head);
    if (other !== undefined) {
      throw new CheckUsageError(`this looks like ${other}, which is not read; the formats are ${FORMATS.join(", ")}`);
    }
    throw new CheckUsageError(
      `the format cannot be told from the beginning ${show(head.slice(0, 40))}; name one of ${FORMATS.join(", ")}`,
    );
  }
  return readAs(format, all, head);
}

/** Operations of a history, paired from its events where the format has events. Throws HistoryError. */
export function operationsOf(history: RecordedHistory): readonly Operation[] {
  return history.operations ?? pairOperations(history.events);
}

/** The format of a file that begins like this; undefined when nothing fits. */
export function detectFormat(head: string): FormatName | undefined {
  if (isJepsenLog(head)) return "jepsen-log";
  const start = head.replace(/^(\s|;[^\n]*(\n|$))+/, "");
  if (unreadFormat(start) !== undefined) return undefined;
  if (/^\{\s*"/.test(start)) {
    const line = start.slice(0, start.indexOf("\n") < 0 ? start.length : start.indexOf("\n"));
    if (/"model"\s*:/.test(line) && !/"process"\s*:/.test(line)) return "jsonl-ops";
    return /"timeUs"\s*:/.test(line) ? "history-jsonl" : "jepsen-json";
  }
  if (/^\[\s*(\{\s*"|\]|$)/.test(start)) return "jepsen-json";
  if (/^\{/.test(start) && /^[^}]*:key\s+"/.test(start)) return "porcupine-kv-edn";
  if (/^[[({#]/.test(start)) return "jepsen-edn";
  if (/^[rw] -?\d+ -?\d+\s/.test(start)) return "awdit-test";
  return undefined;
}

/** Formats of other tools that are recognised so that they can be refused by name. */
function unreadFormat(head: string): string | undefined {
  if (/^\s*[rw]\(-?\d+,\s*-?\d+,\s*-?\d+,\s*-?\d+\)/.test(head))
    return "the text of Plume and PolySI, r(key,value,session,txn)";
  if (/^\s*#\s*(stack|queue|priorityqueue|set|deque|rmw)\b/.test(head)) return "a log of PolyLin or LiMo";
  if (/^\s*[[{][\s\S]*"(ClientID|ClientId|clientId)"\s*:[\s\S]*"(Input|Call)"\s*:/.test(head)) {
    return "the operations.json of etcd's robustness tests";
  }
  if (head.includes("\0")) return BINARY;
  return undefined;
}

function formatNamed(name: string): FormatName {
  const found = FORMATS.find((format) => format === name || (name === "awdit" && format === "awdit-test"));
  if (found === undefined) throw new CheckUsageError(`no format ${show(name)}; there are ${FORMATS.join(", ")}`);
  return found;
}

function readHead(chunks: Iterable<string>): { head: string; all: Iterable<string> } {
  const iterator = chunks[Symbol.iterator]();
  let head = "";
  while (head.length < HEAD_LENGTH) {
    const next = iterator.next();
    if (next.done === true) break;
    head += next.value;
  }
  if (head.startsWith("\ufeff")) head = head.slice(1); // a byte order mark says nothing about UTF-8
  function* all(): Generator<string> {
    yield head;
    for (let next = iterator.next(); next.done !== true; next = iterator.next()) yield next.value;
  }
  return { head, all: all() };
}

function readAs(format: FormatName, chunks: Iterable<string>, head: string): RecordedHistory {
  const known = { format, operations: undefined, model: undefined, init: undefined };
  switch (format) {
    case "history-jsonl":
      return { ...known, events: [...readHistoryJsonl(chunks)] };
    case "jsonl-ops":
      return { format, events: [], ...readJsonlOps(chunks) };
    case "jepsen-edn":
      return { ...known, events: [...readJepsen(chunks, "edn")] };
    case "jepsen-json":
      return { ...known, events: [...readJepsen(chunks, "json")] };
    case "jepsen-log":
      return {
        ...known,
        events: [...readJepsenLog(chunks)],
        model: isOldJepsenLog(head) ? "cas-register" : undefined,
      };
    case "awdit-test":
      return { ...known, events: [...readAwditEvents(chunks)] };
    case "porcupine-kv-edn":
      return { ...known, events: [...readPorcupineKv(chunks)], model: "kv-append" };
  }
}
