/**
 * `jepsen-log`: the lines that Jepsen logs about operations, in the layouts of several years.
 *
 *   INFO  jepsen.util - 3 :invoke :cas [4 2]                                            2014, Jepsen's first etcd tests
 *   INFO [2024-01-30 20:00:09,733] jepsen worker 3 - jepsen.util 3 :invoke :write 64    jepsen.log
 *   2024-08-10 23:29:43,970{GMT} INFO [jepsen worker 7] jepsen.util: 7 :invoke :write 4 jepsen.log of 2018 to 2024
 *   3 :invoke :write 64                                                                 history.txt
 *
 * Fields are apart by tabs or by runs of spaces; the argument is EDN, and the error may follow it. Other lines (the nemesis, the
 * databases, stacks) are not ours, but a file without a line of ours is an error. `fail` says that the operation did not
 * happen, as in Jepsen's other formats. In the layout of 2014, and only there, it says more:
 *   - a failed cas compared unequal. That is an answer about the state, so it is read as ok with the result false;
 *   - a failed read told nothing, and reads change nothing: it did not happen.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { marked, nameOf, unmarked } from "../marked-values.ts";
import { eventType } from "./history-jsonl.ts";
import { readLines } from "./lines.ts";
import { readFirstValue } from "./nested-values.ts";
import { ProcessNames } from "./processes.ts";

const OLD_MARK = /^INFO\s+jepsen\.util - (.*)$/;
const OLD_FIELDS = /^(\d+)\s+:([a-z]+)\s+:([a-z]+)\s+(\S.*)$/;
const OLD_NEMESIS = /^:nemesis(\s|$)/;

/** What stands before the process in a line of a log; nothing in history.txt. */
const PREFIX = /^(?:.*?\bjepsen\.util(?::|\s-)?\s+)?/;
const OPERATION = new RegExp(
  `${PREFIX.source}(:?[\\w.-]+)\\s+:(invoke|ok|fail|info)\\s+:([^\\s"()\\[\\]{}]+)(?:\\s+(\\S.*))?$`,
);
/** A line that speaks of an operation although it cannot be read. */
const SPEAKS = /\bjepsen\.util:?\s.*\s:(invoke|ok|fail|info)\b/;

/** True for the beginning of a file that is such a log. */
export function isJepsenLog(head: string): boolean {
  if (/^INFO\s+jepsen\.util - /m.test(head) || SPEAKS.test(head)) return true;
  if (/^\s*(\d+|:nemesis)\s+:(invoke|ok|fail|info)\s+:/.test(head)) return true;
  return /^(INFO|WARN|ERROR|DEBUG)\s+\[\d{4}-\d\d-\d\d /.test(head) || /^\d{4}-\d\d-\d\d [\d:,.]+\{\w+\}\s/.test(head);
}

/** True when the file has the layout of 2014, whose operations are those of a cas-register. */
export function isOldJepsenLog(head: string): boolean {
  return /^INFO\s+jepsen\.util - /m.test(head);
}

/** Yields the clients' events. Throws HistoryError at a line that is cut or damaged, or when no line is an operation. */
export function* readJepsenLog(chunks: Iterable<string>): Generator<HistoryEvent> {
  const processes = new ProcessNames();
  let index = 0;
  let operations = 0;
  let last = 0;
  for (const line of readLines(chunks)) {
    last = line.number;
    const old = OLD_MARK.exec(line.text)?.[1];
    const event =
      old === undefined ? readLine(line.text, index, line.number, processes) : readOldLine(old, index, line.number);
    if (event !== "other") operations += 1;
    else if (!line.isWhole && line.text.trim() !== "")
      throw new HistoryError(line.number, "a whole line", show(line.text));
    if (typeof event === "string") continue;
    yield event;
    index += 1;
  }
  if (operations === 0) {
    throw new HistoryError(
      0,
      "lines with process, :type and :function, as Jepsen logs them",
      `none in ${last} line${last === 1 ? "" : "s"}`,
    );
  }
}

type Read = HistoryEvent | "nemesis" | "other";

function readLine(text: string, index: number, line: number, processes: ProcessNames): Read {
  const fields = OPERATION.exec(text.trimEnd());
  if (fields === null) {
    if (!SPEAKS.test(text)) return "other";
    throw new HistoryError(line, "process, type, function and argument", show(text));
  }
  const [, who, type, f, rest = "nil"] = fields as unknown as [string, string, string, string, string?];
  const name = /^\d+$/.test(who) ? Number(who) : who.startsWith(":") ? marked(who) : who;
  const process = processes.numberOf(name, line);
  if (process === undefined) return "nemesis";
  const { value, rest: after } = readFirstValue(rest, "edn", line);
  const error = after.trim();
  return {
    index,
    timeUs: -1,
    process,
    type: eventType(type, line),
    f,
    value,
    ...(error === "" ? {} : { error }),
  };
}

function readOldLine(text: string, index: number, line: number): Read {
  if (OLD_NEMESIS.test(text)) return "nemesis";
  const fields = OLD_FIELDS.exec(text.trimEnd());
  if (fields === null) throw new HistoryError(line, "process, type, function and argument", show(text));
  const type = eventType(fields[2], line);
  const f = fields[3]!; // four groups, as OLD_FIELDS says
  const argument = fields[4]!;
  const common = { index, timeUs: -1, process: Number(fields[1]), f };
  const value = readFirstValue(argument, "edn", line).value;
  if (nameOf(value) === "timed-out") {
    if (type === "fail" && f !== "read") {
      throw new HistoryError(line, "info for a write that timed out", `fail ${show(f)}`);
    }
    if (type === "invoke" || type === "ok") throw new HistoryError(line, "a value", show(argument));
    return { ...common, type, value: null, error: unmarked(value as PlainJson) };
  }
  if (type === "fail" && f === "cas") return { ...common, type: "ok", value, result: false };
  return { ...common, type, value };
}
