/**
 * What a history of a partitioned log says: sends and polls with their offsets, and the order of each key's values.
 *
 * Operations are send, poll or txn with a list of micro-operations, as jepsen.tests.kafka writes them: ["send", key, value]
 * asked, ["send", key, [offset, value]] answered (the offset may be null); ["poll", {key: [[offset, value], …]}]. assign
 * and subscribe change what a process polls. Offsets of one key need not be dense: transactions take some for themselves. So
 * positions are ranks among the offsets at which anything was seen.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { fieldText, nameOf } from "../marked-values.ts";
import { type Call, textOf, valueOfCall } from "./support.ts";

export type Send = {
  readonly call: Call;
  readonly key: string;
  readonly value: string;
  readonly offset: number | undefined;
};
export type Polled = { readonly key: string; readonly value: string; readonly offset: number };
/** One poll micro-operation: what it returned of one key, in order. */
export type Poll = { readonly call: Call; readonly key: string; readonly messages: readonly Polled[] };

export type KafkaIndex = {
  readonly sends: readonly Send[];
  /** Polls of completed calls, in order of completion. */
  readonly polls: readonly Poll[];
  /** Values seen at each offset of each key. */
  readonly valuesAt: ReadonlyMap<string, ReadonlyMap<number, ReadonlySet<string>>>;
  /** Offsets at which each value of a key was seen. */
  readonly offsetsOf: ReadonlyMap<string, ReadonlyMap<string, ReadonlySet<number>>>;
  /** Rank of each offset of a key among those where something was seen. */
  readonly rankOf: ReadonlyMap<string, ReadonlyMap<number, number>>;
};

export const MESSAGE_FUNCTIONS: readonly string[] = ["send", "poll", "txn"];

/** Throws HistoryError for micro-operations of another shape. */
export function indexKafka(calls: readonly Call[]): KafkaIndex {
  const sends: Send[] = [];
  const polls: Poll[] = [];
  for (const call of calls) {
    if (!MESSAGE_FUNCTIONS.includes(call.invoke.f)) continue;
    const operations = call.outcome === "ok" ? valueOfCall(call) : call.invoke.value;
    if (!Array.isArray(operations)) throw unreadable(call, "a list of sends and polls", operations);
    for (const operation of operations as readonly PlainJson[]) readOperation(call, operation, sends, polls);
  }
  polls.sort((left, right) => left.call.completion!.index - right.call.completion!.index);
  const valuesAt = new Map<string, Map<number, Set<string>>>();
  const offsetsOf = new Map<string, Map<string, Set<number>>>();
  const note = (key: string, value: string, offset: number): void => {
    addTo(entry(valuesAt, key), offset, value);
    addTo(entry(offsetsOf, key), value, offset);
  };
  for (const { key, value, offset, call } of sends) {
    if (offset !== undefined && call.outcome === "ok") note(key, value, offset);
  }
  for (const { messages } of polls) for (const { key, value, offset } of messages) note(key, value, offset);
  const rankOf = new Map<string, Map<number, number>>();
  for (const [key, offsets] of valuesAt) {
    const sorted = [...offsets.keys()].sort((left, right) => left - right);
    rankOf.set(key, new Map(sorted.map((offset, rank) => [offset, rank])));
  }
  return { sends, polls, valuesAt, offsetsOf, rankOf };
}

function entry<K, I>(maps: Map<string, Map<K, I>>, key: string): Map<K, I> {
  const known = maps.get(key) ?? new Map<K, I>();
  maps.set(key, known);
  return known;
}

function addTo<K, V>(sets: Map<K, Set<V>>, key: K, value: V): void {
  const known = sets.get(key);
  if (known === undefined) sets.set(key, new Set([value]));
  else known.add(value);
}

function unreadable(call: Call, expected: string, found: PlainJson): HistoryError {
  return new HistoryError(0, `${expected} (event ${call.completion?.index ?? call.invoke.index})`, show(found));
}

function readOperation(call: Call, operation: PlainJson, sends: Send[], polls: Poll[]): void {
  if (!Array.isArray(operation)) throw unreadable(call, "a send or a poll", operation);
  const [f, first, second] = operation as readonly (PlainJson | undefined)[];
  if (f === "send" && first !== undefined) {
    sends.push(readSend(call, nameOf(first) ?? textOf(first), second ?? null));
    return;
  }
  if (f !== "poll") throw unreadable(call, "a send or a poll", operation);
  if (call.outcome !== "ok" || first === undefined || first === null) return;
  if (typeof first !== "object" || Array.isArray(first)) throw unreadable(call, "messages by key", first);
  for (const [key, list] of Object.entries(first)) {
    if (!Array.isArray(list)) throw unreadable(call, "a list of [offset, value]", list);
    const name = fieldText(key);
    const messages = (list as readonly PlainJson[]).map((message) => readMessage(call, name, message));
    polls.push({ call, key: name, messages });
  }
}

function readSend(call: Call, key: string, given: PlainJson): Send {
  if (call.outcome !== "ok" || !Array.isArray(given)) return { call, key, value: textOf(given), offset: undefined };
  const [offset, value] = given as readonly (PlainJson | undefined)[];
  if (value === undefined || (offset !== null && typeof offset !== "number")) {
    throw unreadable(call, "[offset, value] of a send", given);
  }
  return { call, key, value: textOf(value), offset: offset ?? undefined };
}

function readMessage(call: Call, key: string, message: PlainJson): Polled {
  const [offset, value] = Array.isArray(message) ? (message as readonly (PlainJson | undefined)[]) : [];
  if (typeof offset !== "number" || value === undefined) throw unreadable(call, "[offset, value] polled", message);
  return { key, value: textOf(value), offset };
}
