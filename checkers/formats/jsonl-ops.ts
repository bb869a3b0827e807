/**
 * `jsonl-ops`: a header line, then one finished operation a line with the times of its call and return.
 *
 * {"p":process,"f":function,"k":key?,"v":argument,"r":result,"c":call,"e":return or null}. A null return means that the call
 * never came back. At equal times a call comes before a return, so the two operations are concurrent. Read, never written.
 */
import { HistoryError, type Operation, type PlainJson, show } from "../history.ts";
import { parseObject } from "./history-jsonl.ts";
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
  readonly call: number;
  readonly end: number;
};

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
  const { c, e, p, f, k } = fields;
  if (typeof c !== "number") throw new HistoryError(line, "a number as c, the time of the call", show(c));
  if (e !== null && typeof e !== "number") throw new HistoryError(line, "a number or null as e, the return", show(e));
  if (e !== null && e < c) throw new HistoryError(line, `a return at or after the call at ${c}`, show(e));
  if (typeof p !== "number") throw new HistoryError(line, "a number as p, the process", show(p));
  if (typeof f !== "string") throw new HistoryError(line, "a string as f, the function", show(f));
  if (k !== undefined && typeof k !== "string" && typeof k !== "number") {
    throw new HistoryError(line, "a string or number as k, the key", show(k));
  }
  return { fields, line, call: c, end: e ?? Number.POSITIVE_INFINITY };
}

/** Times to ranks: one index for each call and return, calls first among equals. */
function rankRows(rows: readonly Row[]): Operation[] {
  type Moment = { readonly row: number; readonly time: number; readonly isReturn: boolean };
  const moments: Moment[] = [];
  rows.forEach((row, at) => {
    moments.push({ row: at, time: row.call, isReturn: false });
    if (row.end !== Number.POSITIVE_INFINITY) moments.push({ row: at, time: row.end, isReturn: true });
  });
  moments.sort(
    (left, right) => left.time - right.time || Number(left.isReturn) - Number(right.isReturn) || left.row - right.row,
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
    key: k === undefined ? undefined : String(k),
    input: v ?? null,
    output: isPending ? null : (r ?? null),
    isPending,
    call,
    return: end,
    callUs: row.call,
    returnUs: isPending ? -1 : row.end,
  };
}
