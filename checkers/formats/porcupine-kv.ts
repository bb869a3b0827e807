/**
 * `porcupine-kv-edn`: porcupine's key-value test data, one EDN map a line with :key beside :value.
 *
 * {:process 0, :type :invoke, :f :get, :key "k", :value nil}. A process without a last :ok is pending.
 */
import { type HistoryEvent, HistoryError, type PlainJson, show } from "../history.ts";
import { eventType, functionName } from "./history-jsonl.ts";
import { nameOf } from "../marked-values.ts";
import { readNestedValues } from "./nested-values.ts";

/** Yields the events. Throws HistoryError. */
export function* readPorcupineKv(chunks: Iterable<string>): Generator<HistoryEvent> {
  let index = 0;
  for (const { value, line } of readNestedValues(chunks, "edn")) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new HistoryError(line, "a map for each event", show(value));
    }
    const fields = value as { readonly [key: string]: PlainJson };
    const { process, key } = fields;
    if (typeof process !== "number" || !Number.isSafeInteger(process) || process < 0 || process > 1e9) {
      throw new HistoryError(line, "an integer from 0 to 1000000000 as :process", show(process));
    }
    if (typeof key !== "string") throw new HistoryError(line, "a string as :key", show(key));
    const type = eventType(nameOf(fields["type"]), line);
    const f = functionName(nameOf(fields["f"]), line);
    yield { index, timeUs: -1, process, type, f, key, value: fields["value"] ?? null };
    index += 1;
  }
}
