/**
 * Jepsen's independent form: each value is a pair [key value], and each key is an object of its own.
 *
 * A read names its key when it is invoked, [key nil], which no read of a single object does: by that the form is told. Where
 * no operation reads, the option `independent` says it.
 */
import { keyText } from "./formats/jepsen.ts";
import { type HistoryEvent, HistoryError, type Operation, type PlainJson, show } from "./history.ts";

export const INDEPENDENT = {
  independent:
    "true: values are [key, value] pairs, each key an object of its own; absent: told by reads of [key, null]",
};

const READS: ReadonlySet<string> = new Set(["read", "get"]);

/** True when every operation has a pair as its argument, and every read one that lacks its value. At least one reads. */
export function looksIndependent(operations: readonly Operation[]): boolean {
  let reads = 0;
  for (const { key, f, input, output, isPending } of operations) {
    if (key !== undefined || pairOf(input) === undefined) return false;
    if (!READS.has(f)) continue;
    if (pairOf(input)![1] !== null || (!isPending && pairOf(output) === undefined)) return false;
    reads += 1;
  }
  return reads > 0;
}

/** The same for events. */
export function eventsLookIndependent(events: readonly HistoryEvent[]): boolean {
  let reads = 0;
  for (const { key, f, type, value } of events) {
    if (key !== undefined || pairOf(value) === undefined) return false;
    if (type !== "invoke" || !READS.has(f)) continue;
    if (pairOf(value)![1] !== null) return false;
    reads += 1;
  }
  return reads > 0;
}

/** The operations with their keys taken out of their values. Throws HistoryError for a value that is not a pair. */
export function splitIndependent(operations: readonly Operation[]): readonly Operation[] {
  return operations.map((operation) => {
    const { input, output, isPending, id, process, key } = operation;
    const asked = pairOf(input);
    const where = `(operation ${id} of process ${process})`;
    if (key !== undefined)
      throw new HistoryError(0, "a key in the value or in the event, not in both", `${show(key)} ${where}`);
    if (asked === undefined) throw new HistoryError(0, "a [key, value] pair", `${show(input)} ${where}`);
    const name = keyText(asked[0]);
    if (isPending) return { ...operation, key: name, input: asked[1] };
    const answered = pairOf(output);
    // What answers true or false, or nothing, has no key in it.
    if (answered === undefined) return { ...operation, key: name, input: asked[1] };
    if (keyText(answered[0]) !== name) {
      throw new HistoryError(0, `an answer for key ${show(asked[0])}`, `${show(output)} ${where}`);
    }
    return { ...operation, key: name, input: asked[1], output: answered[1] };
  });
}

function pairOf(value: PlainJson): readonly [PlainJson, PlainJson] | undefined {
  return Array.isArray(value) && value.length === 2 ? (value as unknown as readonly [PlainJson, PlainJson]) : undefined;
}
