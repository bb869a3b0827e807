/**
 * Reads the shorthand of fixtures/elle-cases.json into histories. Used by tests only.
 */
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";

export type ShortOp = string | { readonly t?: EventType; readonly p?: number; readonly o: string };

export type ElleCase = {
  readonly name: string;
  readonly w: "list-append" | "rw-register";
  readonly h?: readonly ShortOp[];
  readonly h_inv_then_ok?: readonly ShortOp[];
  readonly pair?: boolean;
  readonly opts?: Readonly<Record<string, PlainJson>>;
  readonly models?: readonly string[];
  readonly anomalies?: readonly string[];
  readonly types?: readonly string[];
  readonly types_include?: readonly string[];
  readonly not?: readonly string[];
  readonly valid?: boolean | "unknown";
};

/** "ax1ry12" appends 1 to x and reads y as [1, 2]; "wx1", "rx_" and "rx2" for registers. */
export function parseShorthand(text: string, workload: ElleCase["w"]): PlainJson[] {
  const operations: PlainJson[] = [];
  for (const [, f, key, digits] of text.matchAll(/([awr])([a-z])([0-9_]*?)(?=[awr][a-z]|$)/g)) {
    const numbers = [...digits!].map(Number);
    if (workload === "list-append") {
      operations.push(f === "a" ? ["append", key!, numbers[0]!] : ["r", key!, numbers.length === 0 ? null : numbers]);
    } else {
      operations.push([f!, key!, digits === "_" || digits === "" ? null : Number(digits)]);
    }
  }
  return operations;
}

/** Events of a case: completions only, or each op invoked and completed at once, or all invoked first. */
export function caseEvents(example: ElleCase): HistoryEvent[] {
  const events: HistoryEvent[] = [];
  const push = (type: EventType, process: number, value: PlainJson): void => {
    events.push({ index: events.length, timeUs: -1, process, type, f: "txn", value });
  };
  const list = (example.h ?? example.h_inv_then_ok)!;
  const operations = list.map((op, i) => {
    const { t, p, o } = typeof op === "string" ? { t: undefined, p: undefined, o: op } : op;
    const process = p ?? (example.h_inv_then_ok === undefined ? 0 : i);
    return { type: t ?? "ok", process, value: parseShorthand(o, example.w) } as const;
  });
  if (example.h_inv_then_ok !== undefined) for (const op of operations) push("invoke", op.process, asked(op.value));
  for (const op of operations) {
    if (example.pair === true) push("invoke", op.process, asked(op.value));
    push(op.type, op.process, op.value);
  }
  return events;
}

/** What an invocation shows: reads have no value yet. */
export function asked(operations: readonly PlainJson[]): PlainJson {
  return operations.map((operation) => {
    const [f, key, value] = operation as readonly [string, PlainJson, PlainJson];
    return [f, key, f === "r" ? null : value];
  });
}
