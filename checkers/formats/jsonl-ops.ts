/**
 * `jsonl-ops`: a header line, then one finished operation a line with the times of its call and return.
 *
 * {"p":process,"f":function,"k":key?,"v":argument,"r":result,"c":call,"e":return or null}. A null return means that the call
 * never came back. At equal times a call comes before a return, so the two operations are concurrent. Read, never written.
 */
import { HistoryError, type Operation, type PlainJson, show } from "../history.ts";
import { integerOf } from "../marked-values.ts";
import { parseObject } from "./history-jsonl.ts";
import { keyText } from "./jepsen.ts";
import { readLines } from "./lines.ts";

export type JsonlOps = {
  readonly model: string;
  /** The state before the first operation, where the header gives one. */
  readonly init: PlainJson | undefined;
  readonly operations: readonly Operation[];
};

type Row = {
  readonly fields: Record<string, PlainJson>;
  readonly line: number;
  readonly call: Time;
  /** Undefined when the call never came back. */
  readonly end: Time | undefined;
};

/** Times beyond 2^53, as nanoseconds since 1970 are, would coincide as numbers. They are compared with others as they are. */
type Time = number | bigint;

const ROW_FIELDS: ReadonlySet<string> = new Set(["p", "f", "k", "v", "r", "c", "e"]);

/** Reads a whole file. Throws HistoryError. */
export function readJsonlOps(chunks: Iterable<string>): JsonlOps {
  let header: Record<string, PlainJson> | undefined;
  const rows: Row[] = [];
  for (const line of readLines(chunks)) {
    if (line.text.trim() === "") continue;
    const fields = parseObject(line.text, line.number);
    if (header === undefined) header = fields;
    else rows.push(parseRow(fields, line.number));
  }
  if (header === undefined) throw new HistoryError(1, "a header line with the model", "an empty file");
  const model = header["model"];
  if (typeof model !== "string") throw new HistoryError(1, "the name of a model in the header", show(model));
  const count = header["ops"];
  if (typeof count === "number" && count !== rows.length) {
    throw new HistoryError(rows.length + 1, `${count} operations, as the header says`, `${rows.length}`);
  }
  return { model, init: header["init"], operations: rankRows(rows) };
}

function parseRow(fields: Record<string, PlainJson>, line: number): Row {
  const { p, f, k } = fields;
  for (const name of Object.keys(fields)) {
    if (!ROW_FIELDS.has(name))
      throw new HistoryError(line, `only the fields ${[...ROW_FIELDS].join(", ")}`, show(name));
  }
  const call = timeOf(fields["c"]);
  const end = timeOf(fields["e"]);
  if (call === undefined) throw new HistoryError(line, "a number as c, the time of the call", show(fields["c"]));
  if (end === undefined && fields["e"] !== null) {
    throw new HistoryError(line, "a number or null as e, the return", show(fields["e"]));
  }
  if (end !== undefined && end < call)
    throw new HistoryError(line, `a return at or after the call at ${call}`, `${end}`);
  if (typeof p !== "number" || !Number.isSafeInteger(p)) {
    throw new HistoryError(line, "an integer as p, the process", show(p));
  }
  if (typeof f !== "string") throw new HistoryError(line, "a string as f, the function", show(f));
  if (k !== undefined && typeof k !== "string" && typeof k !== "number") {
    throw new HistoryError(line, "a string or number as k, the key", show(k));
  }
  return { fields, line, call, end };
}

function timeOf(value: PlainJson | undefined): Time | undefined {
  return typeof value === "number" ? value : integerOf(value);
}

/** Times to ranks: one index for each call and return, calls first among equals. */
function rankRows(rows: readonly Row[]): Operation[] {
  type Moment = { readonly row: number; readonly time: Time; readonly isReturn: boolean };
  const moments: Moment[] = [];
  rows.forEach((row, at) => {
    moments.push({ row: at, time: row.call, isReturn: false });
    if (row.end !== undefined) moments.push({ row: at, time: row.end, isReturn: true });
  });
  moments.sort(
    (left, right) =>
      (left.time < right.time ? -1 : left.time > right.time ? 1 : 0) ||
      Number(left.isReturn) - Number(right.isReturn) ||
      left.row - right.row,
  );
  const calls = new Int32Array(rows.length);
  const returns = new Float64Array(rows.length).fill(Number.POSITIVE_INFINITY);
  const order: number[] = [];
  moments.forEach((moment, rank) => {
    if (moment.isReturn) returns[moment.row] = rank;
    else {
      calls[moment.row] = rank;
      order.push(moment.row);
    }
  });
  return order.map((at, id) => toOperation(rows[at]!, id, calls[at]!, returns[at]!));
}

function toOperation(row: Row, id: number, call: number, end: number): Operation {
  const { p, f, k, v, r } = row.fields;
  const isPending = end === Number.POSITIVE_INFINITY;
  return {
    id,
    process: p as number,
    f: f as string,
    key: k === undefined ? undefined : keyText(k!),
    input: v ?? null,
    output: isPending ? null : (r ?? null),
    isPending,
    call,
    return: end,
    callUs: Number(row.call),
    returnUs: row.end === undefined ? -1 : Number(row.end),
  };
}
