/**
 * Small register histories that are drawn, and the definitions of the models tried with every order; nothing is inferred.
 */
import fc from "fast-check";
import type { EventType, HistoryEvent, PlainJson } from "../history.ts";

export type Op = readonly ["r", string, number | null] | readonly ["w", string, number];
export type Txn = {
  readonly ops: readonly Op[];
  readonly type: EventType;
  readonly process: number;
  start: number;
  end: number;
};

export const KEYS = ["x", "y"] as const;

export type Drawn = {
  readonly ops: readonly { readonly isRead: boolean; readonly key: (typeof KEYS)[number]; readonly pick: number }[];
  readonly type: EventType;
  readonly process: number;
  readonly overlaps: boolean;
};

export const drawnTxn: fc.Arbitrary<Drawn> = fc.record({
  ops: fc.array(fc.record({ isRead: fc.boolean(), key: fc.constantFrom(...KEYS), pick: fc.nat(5) }), {
    minLength: 1,
    maxLength: 3,
  }),
  type: fc.constantFrom<EventType>("ok", "ok", "ok", "ok", "info", "fail"),
  process: fc.nat(2),
  overlaps: fc.boolean(),
});

/**
 * Reads pick any value that some transaction writes to the key, nil, or one of `unwritten`: most histories are wrong, in every way.
 */
export function build(
  drawn: readonly Drawn[],
  unwritten: readonly number[] = [],
): {
  txns: Txn[];
  events: HistoryEvent[];
} {
  const written = new Map<string, number[]>(KEYS.map((key) => [key, []]));
  for (const [at, { ops }] of drawn.entries()) {
    for (const [i, { isRead, key }] of ops.entries()) if (!isRead) written.get(key)!.push(at * 10 + i + 1);
  }
  const txns = drawn.map(
    ({ ops, type, process }, at): Txn => ({
      type,
      process: type === "info" ? 10 + at : process,
      ops: ops.map(({ isRead, key, pick }, i): Op => {
        if (!isRead) return ["w", key, at * 10 + i + 1];
        const values = [null, ...written.get(key)!, ...unwritten];
        return ["r", key, values[pick % values.length]!];
      }),
      start: 0,
      end: 0,
    }),
  );
  const events: HistoryEvent[] = [];
  const busy = new Set<number>();
  const open: number[] = [];
  const push = (at: number, type: EventType): void => {
    const { ops, process } = txns[at]!;
    const value = (type === "ok" ? ops : ops.map(([f, key, v]) => [f, key, f === "r" ? null : v])) as PlainJson;
    events.push({ index: events.length, timeUs: -1, process, type, f: "txn", value });
  };
  const finish = (at: number): void => {
    txns[at]!.end = events.length;
    push(at, txns[at]!.type);
    busy.delete(txns[at]!.process);
  };
  for (const at of txns.keys()) {
    const { process } = txns[at]!;
    if (busy.has(process))
      finish(
        open.splice(
          open.findIndex((other) => txns[other]!.process === process),
          1,
        )[0]!,
      );
    txns[at]!.start = events.length;
    push(at, "invoke");
    busy.add(process);
    open.push(at);
    if (!drawn[at]!.overlaps) finish(open.pop()!);
  }
  while (open.length > 0) finish(open.shift()!);
  return { txns, events };
}

export type Kind = "none" | "process" | "realtime";

const precedes = (a: Txn, b: Txn, kind: Kind): boolean =>
  kind !== "none" && a.type === "ok" && a.end < b.start && (kind === "realtime" || a.process === b.process);

/** Subsets of those with an unknown outcome, each tried as having happened. */
function* committed(txns: readonly Txn[]): Generator<Txn[]> {
  const unknown = txns.filter(({ type }) => type === "info");
  for (let bits = 0; bits < 1 << unknown.length; bits += 1) {
    yield txns.filter(
      (txn) => txn.type === "ok" || (txn.type === "info" && (bits & (1 << unknown.indexOf(txn))) !== 0),
    );
  }
}

function readsHold(txn: Txn, snapshot: ReadonlyMap<string, number>): boolean {
  const own = new Map(snapshot);
  return txn.ops.every(([f, key, value]) => {
    if (f === "w") own.set(key, value);
    else if (txn.type === "ok" && (own.get(key) ?? null) !== value) return false;
    return true;
  });
}

function written(txn: Txn): Map<string, number> {
  return new Map(txn.ops.flatMap(([f, key, value]) => (f === "w" ? [[key, value] as const] : [])));
}

/** Places the starts and commits one after the other, in every way that the model allows. */
export function isPossible(
  txns: readonly Txn[],
  isSnapshot: boolean,
  kind: Kind,
  initial: ReadonlyMap<string, number> = new Map(),
): boolean {
  for (const set of committed(txns)) {
    const place = (started: ReadonlySet<Txn>, done: ReadonlySet<Txn>, state: ReadonlyMap<string, number>): boolean => {
      if (done.size === set.length) return true;
      return set.some((txn) => {
        if (done.has(txn)) return false;
        const next = new Map([...state, ...written(txn)]);
        if (started.has(txn)) return place(started, new Set([...done, txn]), next);
        if (set.some((other) => !done.has(other) && precedes(other, txn, kind))) return false;
        if (!readsHold(txn, state)) return false;
        if (!isSnapshot) return place(new Set([...started, txn]), new Set([...done, txn]), next);
        const running = [...started].filter((other) => !done.has(other));
        if (running.some((other) => [...written(other).keys()].some((key) => written(txn).has(key)))) return false;
        return place(new Set([...started, txn]), done, state);
      });
    };
    if (place(new Set(), new Set(), initial)) return true;
  }
  return false;
}

export const MODELS: readonly (readonly [string, boolean, Kind])[] = [
  ["strict-serializable", false, "realtime"],
  ["strong-session-serializable", false, "process"],
  ["serializable", false, "none"],
  ["repeatable-read", false, "none"],
  ["strong-snapshot-isolation", true, "realtime"],
  ["strong-session-snapshot-isolation", true, "process"],
  ["snapshot-isolation", true, "none"],
];
