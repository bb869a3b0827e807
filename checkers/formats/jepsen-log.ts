/**
 * `jepsen-log`: the text logs of Jepsen's first etcd tests, `INFO  jepsen.util - 3 :invoke :cas [4 2]`.
 *
 * Fields are apart by tabs or by runs of spaces. Other lines (the nemesis, the databases) are not ours. What `fail`
 * means differs here from every other format, and is made explicit:
 *   - a failed cas compared unequal. That is an answer about the state, so it is read as ok with the result false;
 *   - a failed read told nothing, and reads change nothing: it did not happen.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { eventType } from "./history-jsonl.ts";
import { readLines } from "./lines.ts";

const MARK = /^INFO\s+jepsen\.util - (.*)$/;
const FIELDS = /^(\d+)\s+:([a-z]+)\s+:([a-z]+)\s+(\S.*)$/;
const NEMESIS = /^:nemesis(\s|$)/;

/** Yields the clients' events. Throws HistoryError at a line that is cut or damaged. */
export function* readJepsenLog(chunks: Iterable<string>): Generator<HistoryEvent> {
  let index = 0;
  for (const line of readLines(chunks)) {
    const text = MARK.exec(line.text)?.[1];
    if (text === undefined) {
      if (line.isWhole || line.text.trim() === "") continue;
      throw new HistoryError(line.number, "a whole line", show(line.text));
    }
    if (NEMESIS.test(text)) continue;
    const fields = FIELDS.exec(text.trimEnd());
    if (fields === null) throw new HistoryError(line.number, "process, type, function and argument", show(text));
    yield toEvent(fields, index, line.number);
    index += 1;
  }
}

function toEvent(fields: RegExpExecArray, index: number, line: number): HistoryEvent {
  const type = eventType(fields[2], line);
  const f = fields[3]!; // four groups, as FIELDS says
  const argument = fields[4]!;
  const common = { index, timeUs: -1, process: Number(fields[1]), f };
  if (argument === ":timed-out") {
    if (type === "fail" && f !== "read") {
      throw new HistoryError(line, "info for a write that timed out", `fail ${show(f)}`);
    }
    if (type === "invoke" || type === "ok") throw new HistoryError(line, "a value", show(argument));
    return { ...common, type, value: null, error: "timed-out" };
  }
  const value = parseArgument(argument, line);
  if (type === "fail" && f === "cas") return { ...common, type: "ok", value, result: false };
  return { ...common, type, value };
}

function parseArgument(text: string, line: number): PlainJson {
  if (text === "nil") return null;
  if (/^-?\d+$/.test(text)) return Number(text);
  const pair = /^\[(-?\d+) (-?\d+)\]$/.exec(text);
  if (pair !== null) return [Number(pair[1]), Number(pair[2])];
  throw new HistoryError(line, "nil, an integer, [from to] or :timed-out", show(text));
}
