/**
 * Dependencies between the transactions of a list-append history, and why each holds.
 *
 * Version order: the elements of the longest read, then the appends that nobody read, in no order among themselves
 * (they came after all that was observed). ww: from an element's writer to the next one's. wr: from the writer of the
 * last element of a read to the reader. rw: from a reader to the writer of the next element. Elements without a
 * known, possibly committed writer are skipped: the order of the others is the same without them. A never-read append
 * has no successors, so an `info` transaction that left no trace can lie on no cycle.
 */
import type { EdgeList } from "./edges.ts";
import { elementAt, type ListIndex, versionRead, writerAt } from "./list-index.ts";
import { APPEND, keyName, READ, scalarOf } from "./records.ts";
import { FAIL, RW, type Step, WR, WW } from "./types.ts";

export type ListGraph = {
  readonly index: ListIndex;
  /** For each version: the next position, from its own on, whose writer is known; the key's length when there is none. */
  readonly knownFrom: Int32Array;
  /** For each key: the last position whose writer is known, -1 when there is none. */
  readonly lastKnown: Int32Array;
  /** For each key: appends of ok and info transactions that nobody read. */
  readonly unread: ReadonlyMap<number, readonly number[]>;
};

export function addListEdges(index: ListIndex, edges: EdgeList): ListGraph {
  const keys = index.lengths.length;
  const knownFrom = new Int32Array(index.appendAt.length);
  const lastKnown = new Int32Array(keys).fill(-1);
  for (let key = 0; key < keys; key += 1) {
    const base = index.base[key]!;
    const length = index.lengths[key]!;
    let known = length;
    let knownWriter = -1;
    for (let position = length - 1; position >= 0; position -= 1) {
      const writer = writerAt(index, key, position);
      if (writer >= 0) {
        if (known === length) lastKnown[key] = position;
        else if (writer !== knownWriter) edges.add(writer, knownWriter, WW);
        known = position;
        knownWriter = writer;
      }
      knownFrom[base + position] = known;
    }
  }
  const graph = { index, knownFrom, lastKnown, unread: findUnread(index) };
  addReadEdges(graph, edges);
  return graph;
}

function addReadEdges({ index, knownFrom, lastKnown, unread }: ListGraph, edges: EdgeList): void {
  const { opCount, opKind, opKey, opRow } = index.records;
  const lastReaders = new Map<number, number[]>();
  for (let read = 0; read < opCount; read += 1) {
    if (opKind[read] !== READ) continue;
    const key = opKey[read]!;
    const row = opRow[read]!;
    const position = versionRead(index, read);
    if (position === -2) continue;
    if (position >= 0) {
      const writer = writerAt(index, key, position);
      if (writer >= 0 && writer !== row) edges.add(writer, row, WR);
    }
    const length = index.lengths[key]!;
    const next = position + 1 < length ? knownFrom[index.base[key]! + position + 1]! : length;
    if (next < length) {
      const writer = writerAt(index, key, next);
      if (writer !== row) edges.add(row, writer, RW);
    } else if (unread.has(key)) pushTo(lastReaders, key, row);
  }
  for (const [key, appends] of unread) {
    const writers = [...new Set(appends.map((append) => opRow[append]!))];
    if (lastKnown[key]! >= 0) edges.addAll([writerAt(index, key, lastKnown[key]!)], writers, WW);
    edges.addAll([...new Set(lastReaders.get(key) ?? [])], writers, RW);
  }
}

function pushTo<K>(lists: Map<K, number[]>, key: K, item: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function findUnread(index: ListIndex): Map<number, number[]> {
  const { opCount, opKind, opKey, opRow, status } = index.records;
  const unread = new Map<number, number[]>();
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] !== APPEND || index.positionOf[op]! >= 0 || status[opRow[op]!] === FAIL) continue;
    pushTo(unread, opKey[op]!, op);
  }
  return unread;
}

/** Why `from` precedes `to` by an edge of this label; undefined when it does not. */
export function explainListEdge(graph: ListGraph, from: number, to: number, label: number): Step | undefined {
  if (label === WR) return explainRead(graph.index, from, to);
  if (label === WW) return explainWrite(graph, from, to);
  return label === RW ? explainAntiDependency(graph, from, to) : undefined;
}

function explainRead(index: ListIndex, from: number, to: number): Step | undefined {
  const { records } = index;
  for (let op = records.opsStart[to]!; op < records.opsEnd[to]!; op += 1) {
    if (records.opKind[op] !== READ) continue;
    const position = versionRead(index, op);
    const key = records.opKey[op]!;
    if (position < 0 || writerAt(index, key, position) !== from) continue;
    const append = index.appendAt[index.base[key]! + position]!;
    return stepBetween(index, { type: "wr", from: append, to: op, key: op, value: elementAt(index, key, position) });
  }
  return undefined;
}

function explainWrite(graph: ListGraph, from: number, to: number): Step | undefined {
  const { index } = graph;
  const { records } = index;
  for (let op = records.opsStart[to]!; op < records.opsEnd[to]!; op += 1) {
    if (records.opKind[op] !== APPEND) continue;
    const key = records.opKey[op]!;
    let before = index.positionOf[op]! < 0 ? graph.lastKnown[key]! : index.positionOf[op]! - 1;
    while (before >= 0 && writerAt(index, key, before) < 0) before -= 1;
    if (before < 0 || writerAt(index, key, before) !== from) continue;
    const append = index.appendAt[index.base[key]! + before]!;
    const step = stepBetween(index, {
      type: "ww",
      from: append,
      to: op,
      key: op,
      value: elementAt(index, key, before),
    });
    return { ...step, valueNext: scalarOf(records, op) };
  }
  return undefined;
}

function explainAntiDependency(graph: ListGraph, from: number, to: number): Step | undefined {
  const { index } = graph;
  const { records } = index;
  for (let op = records.opsStart[from]!; op < records.opsEnd[from]!; op += 1) {
    if (records.opKind[op] !== READ) continue;
    const key = records.opKey[op]!;
    const position = versionRead(index, op);
    const next = position === -2 ? -1 : nextWrite(graph, key, position, to);
    if (next < 0) continue;
    const value = position < 0 ? undefined : elementAt(index, key, position);
    return {
      ...stepBetween(index, { type: "rw", from: op, to: next, key: op, value }),
      valueNext: scalarOf(records, next),
    };
  }
  return undefined;
}

/** The append by `writer` that follows the version at `last` directly, -1 when another one does. */
function nextWrite(graph: ListGraph, key: number, last: number, writer: number): number {
  const { index } = graph;
  const length = index.lengths[key]!;
  const next = last + 1 < length ? graph.knownFrom[index.base[key]! + last + 1]! : length;
  if (next < length) return writerAt(index, key, next) === writer ? index.appendAt[index.base[key]! + next]! : -1;
  return graph.unread.get(key)?.find((append) => index.records.opRow[append] === writer) ?? -1;
}

type Between = {
  readonly type: Step["type"];
  /** Micro-operations: of the first transaction, of the second, and one that names the key. */
  readonly from: number;
  readonly to: number;
  readonly key: number;
  /** Value code of the version; undefined: the empty list. */
  readonly value: number | undefined;
};

function stepBetween({ records }: ListIndex, { type, from, to, key, value }: Between): Step {
  return {
    type,
    key: keyName(records, key),
    value: value === undefined ? null : records.values.decode(value),
    from: from - records.opsStart[records.opRow[from]!]!,
    to: to - records.opsStart[records.opRow[to]!]!,
  };
}
