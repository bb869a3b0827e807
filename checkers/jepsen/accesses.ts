/**
 * Reads and writes of keys with comparable versions, for the session guarantees.
 */
import { HistoryError, type PlainJson, show } from "../history.ts";
import { type Call, textOf, valueOfCall } from "./support.ts";

export type Access = {
  readonly call: Call;
  readonly key: string;
  readonly isWrite: boolean;
  readonly value: PlainJson;
  /** Rises with every write of the key; 0 is the initial state. */
  readonly version: number;
};

export type AccessHistory = {
  /** In order of completion (pending writes: of invocation), as a session lives through them. */
  readonly accesses: readonly Access[];
  /** The writes that a read has seen. */
  seenBy(read: Access): readonly Access[];
};

const READS: readonly string[] = ["read", "get", "r"];
const WRITES: readonly string[] = ["write", "put", "append", "w", "insert", "add"];

type Raw = Omit<Access, "version">;

/** Throws HistoryError for other functions, and for values that are neither numbers nor lists. */
export function collectAccesses(calls: readonly Call[]): AccessHistory {
  const raw: Raw[] = [];
  const order = (call: Call): number => call.completion?.index ?? call.invoke.index;
  for (const call of [...calls].sort((left, right) => order(left) - order(right))) {
    if (call.outcome !== "fail") raw.push(...accessesOf(call));
  }
  const longest = longestLists(raw);
  const accesses: Access[] = [];
  const writes = new Map<string, Access>();
  for (const one of raw) {
    const version = versionOf(one, longest);
    if (version === undefined) continue; // an appended element that nobody read
    const access = { ...one, version };
    accesses.push(access);
    if (!access.isWrite) continue;
    const name = `${access.key} ${textOf(access.value)}`;
    if (writes.has(name))
      throw new HistoryError(0, `each value written once to key ${access.key}`, `${textOf(access.value)} twice`);
    writes.set(name, access);
  }
  const seenBy = (read: Access): readonly Access[] => {
    const values = Array.isArray(read.value) ? (read.value as readonly PlainJson[]) : [read.value];
    return values.map((value) => writes.get(`${read.key} ${textOf(value)}`)).filter((write) => write !== undefined);
  };
  return { accesses, seenBy };
}

function accessesOf(call: Call): readonly Raw[] {
  const value = call.outcome === "ok" ? valueOfCall(call) : call.invoke.value;
  if (call.invoke.f !== "txn") return access(call, call.invoke.f, call.invoke.key ?? "", value);
  if (!Array.isArray(value))
    throw new HistoryError(0, `a list of micro-operations (event ${call.invoke.index})`, show(value));
  return (value as readonly PlainJson[]).flatMap((operation) => {
    if (!Array.isArray(operation))
      throw new HistoryError(0, `a micro-operation (event ${call.invoke.index})`, show(operation));
    const [f, key, inner] = operation as readonly PlainJson[];
    return access(call, String(f), textOf(key ?? null), inner ?? null);
  });
}

function access(call: Call, f: string, key: string, value: PlainJson): readonly Raw[] {
  if (WRITES.includes(f)) {
    // What a write returned is no version: the argument is.
    const argument = call.invoke.f === "txn" ? value : call.invoke.value;
    return [{ call, key, isWrite: true, value: argument }];
  }
  if (!READS.includes(f)) throw new HistoryError(0, `a read or a write (event ${call.invoke.index})`, show(f));
  return call.outcome === "ok" ? [{ call, key, isWrite: false, value }] : [];
}

/** For each key that is read as lists: the place of each element in the longest read. */
function longestLists(raw: readonly Raw[]): ReadonlyMap<string, ReadonlyMap<string, number>> {
  const longest = new Map<string, readonly PlainJson[]>();
  for (const { isWrite, key, value } of raw) {
    if (isWrite || !Array.isArray(value)) continue;
    const list = value as readonly PlainJson[];
    if (list.length > (longest.get(key)?.length ?? -1)) longest.set(key, list);
  }
  return new Map(
    [...longest].map(([key, list]) => [key, new Map(list.map((element, place) => [textOf(element), place + 1]))]),
  );
}

function versionOf(one: Raw, longest: ReadonlyMap<string, ReadonlyMap<string, number>>): number | undefined {
  const places = longest.get(one.key);
  if (Array.isArray(one.value)) {
    const list = one.value as readonly PlainJson[];
    for (const [place, element] of list.entries()) {
      if (places?.get(textOf(element)) === place + 1) continue;
      throw new HistoryError(
        0,
        `reads of key ${one.key} that begin each other`,
        `${show(list)} (event ${one.call.completion?.index})`,
      );
    }
    return list.length;
  }
  if (one.value === null && !one.isWrite) return 0;
  if (places !== undefined && one.isWrite) return places.get(textOf(one.value));
  if (typeof one.value === "number") return one.value;
  throw new HistoryError(0, `a number or a list as version (event ${one.call.invoke.index})`, show(one.value));
}
