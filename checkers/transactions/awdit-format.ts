/**
 * Reads the text format of AWDIT's tests: `r KEY VALUE` and `w KEY VALUE`, one a line; `-----` between the transactions
 * of a session, `=====` between sessions. Transactions have no times, so the events are completions only: sessions
 * are processes, and nothing is known of real time.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { jsonNumber } from "../formats/numbers.ts";
import type { TransactionRecords } from "./records.ts";
import { RecordsBuilder } from "./records-builder.ts";

/** Yields one ok event for each transaction. Throws HistoryError with the line for anything else. */
export function* readAwditEvents(chunks: Iterable<string>): Generator<HistoryEvent> {
  let session = 0;
  let index = 0;
  let operations: PlainJson[] = [];
  let number = 0;
  const flush = function* (): Generator<HistoryEvent> {
    if (operations.length === 0) return;
    yield { index, timeUs: -1, process: session, type: "ok", f: "txn", value: operations };
    index += 1;
    operations = [];
  };
  for (const text of lines(chunks)) {
    number += 1;
    const line = text.trim();
    const match = /^([rw]) (-?\d+) (-?\d+)$/.exec(line);
    if (match !== null) operations.push([match[1]!, integer(match[2]!), integer(match[3]!)]);
    else if (/^-+$/.test(line)) yield* flush();
    else if (/^=+$/.test(line)) {
      yield* flush();
      session += 1;
    } else if (line !== "") throw new HistoryError(number, `"r KEY VALUE", "w KEY VALUE", ----- or =====`, show(line));
  }
  yield* flush();
}

/** The records of a whole file. Throws HistoryError. */
export function readAwdit(chunks: Iterable<string>): TransactionRecords {
  const builder = new RecordsBuilder("rw-register", { events: 1024, ops: 4096, pooled: 0 });
  for (const event of readAwditEvents(chunks)) builder.add(event);
  return builder.finish();
}

/** Exact, however large. */
function integer(text: string): PlainJson {
  return jsonNumber(text.replace(/^(-?)0+(?=\d)/, "$1"))!; // the pattern of a line admits digits only
}

function* lines(chunks: Iterable<string>): Generator<string> {
  let rest = "";
  for (const chunk of chunks) {
    const parts = (rest + chunk).split("\n");
    rest = parts.pop()!; // split gives at least one part
    yield* parts;
  }
  if (rest !== "") yield rest;
}
