/**
 * Dependencies between the transactions of a list-append history, and why each holds.
 *
 * Version order: the elements of the longest read, then the appends that nobody read, in no order among themselves
 * (they came after all that was observed). ww: from an element's writer to the next one's. wr: from the writer of the
 * last element of a read to the reader. rw: from a reader to the writer of the next element. Elements without a
 * known, possibly committed writer are skipped: the order of the others is the same without them. A never-read append
 * has no successors, so an `info` transaction that left no trace can lie on no cycle.
 */
import type { PlainJson } from "../history.ts";
import type { EdgeList } from "./edges.ts";
import { type ListIndex, versionRead } from "./list-index.ts";
import { FAIL, OK, RW, type Step, WR, WW } from "./types.ts";

/** Transaction that wrote the version, -1 when nobody did or when it was aborted. */
function writerOf(index: ListIndex, key: number, position: number): number {
  const append = index.appendAt[index.base[key]! + position]!;
  if (append < 0) return -1;
  const row = index.appends.row[append]!;
  return index.table.status[row] === FAIL ? -1 : row;
}

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
  const keys = index.longest.length;
  const knownFrom = new Int32Array(index.appendAt.length);
  const lastKnown = new Int32Array(keys).fill(-1);
  for (let key = 0; key < keys; key += 1) {
    const base = index.base[key]!;
    const length = index.longest[key]!.length;
    let known = length;
    for (let position = length - 1; position >= 0; position -= 1) {
      const writer = writerOf(index, key, position);
      if (writer >= 0) {
        if (known === length) lastKnown[key] = position;
        else addEdge(edges, writer, writerOf(index, key, known), WW);
        known = position;
      }
      knownFrom[base + position] = known;
    }
  }
  const unread = findUnread(index);
  const lastReaders = new Map<number, number[]>();
  for (let read = 0; read < index.readList.length; read += 1) {
    const key = index.readKey[read]!;
    const row = index.readRow[read]!;
    const position = versionRead(index, read);
    if (position === -2) continue;
    if (position >= 0) {
      const writer = writerOf(index, key, position);
      if (writer >= 0) addEdge(edges, writer, row, WR);
    }
    const next = position + 1 < index.longest[key]!.length ? knownFrom[index.base[key]! + position + 1]! : -1;
    if (next >= 0 && next < index.longest[key]!.length) addEdge(edges, row, writerOf(index, key, next), RW);
    else if (unread.has(key)) pushTo(lastReaders, key, row);
  }
  for (const [key, appends] of unread) {
    const writers = [...new Set(appends.map((append) => index.appends.row[append]!))];
    if (lastKnown[key]! >= 0) edges.addAll([writerOf(index, key, lastKnown[key]!)], writers, WW);
    edges.addAll([...new Set(lastReaders.get(key) ?? [])], writers, RW);
  }
  return { index, knownFrom, lastKnown, unread };
}

function addEdge(edges: EdgeList, from: number, to: number, label: number): void {
  if (from !== to) edges.add(from, to, label);
}

function pushTo<K>(lists: Map<K, number[]>, key: K, item: number): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, [item]);
  else list.push(item);
}

function findUnread(index: ListIndex): Map<number, number[]> {
  const unread = new Map<number, number[]>();
  for (let append = 0; append < index.appends.count; append += 1) {
    if (index.positionOf[append]! >= 0) continue;
    if (index.table.status[index.appends.row[append]!] === FAIL) continue;
    pushTo(unread, index.appends.key[append]!, append);
  }
  return unread;
}

/** Why `from` precedes `to` by an edge of this label; undefined when it does not. */
export function explainListEdge(graph: ListGraph, from: number, to: number, label: number): Step | undefined {
  if (label === WR) return explainRead(graph, from, to);
  if (label === WW) return explainWrite(graph, from, to);
  return label === RW ? explainAntiDependency(graph, from, to) : undefined;
}

function explainRead({ index }: ListGraph, from: number, to: number): Step | undefined {
  if (index.table.status[to] !== OK) return undefined;
  for (const [position, operation] of index.table.operations[to]!.entries()) {
    const list = operation[2];
    if (operation[0] !== "r" || !Array.isArray(list) || list.length === 0) continue;
    const element = list[list.length - 1];
    const append = index.appends.find(index.appends.findKey(operation[1]), element);
    if (append < 0 || index.appends.row[append] !== from || index.positionOf[append]! < 0) continue;
    return { type: "wr", key: operation[1], value: element, from: index.appends.position[append]!, to: position };
  }
  return undefined;
}

function explainWrite(graph: ListGraph, from: number, to: number): Step | undefined {
  const { index } = graph;
  for (const [position, operation] of index.table.operations[to]!.entries()) {
    if (operation[0] !== "append") continue;
    const key = index.appends.findKey(operation[1]);
    const append = index.appends.find(key, operation[2] as string | number);
    const own = index.positionOf[append]!;
    const before = own < 0 ? graph.lastKnown[key]! : knownBefore(index, key, own);
    if (before < 0 || writerOf(index, key, before) !== from) continue;
    const value = index.longest[key]![before]!;
    const mine = index.appends.position[index.appendAt[index.base[key]! + before]!]!;
    return { type: "ww", key: operation[1], value, valueNext: operation[2], from: mine, to: position };
  }
  return undefined;
}

function knownBefore(index: ListIndex, key: number, position: number): number {
  let before = position - 1;
  while (before >= 0 && writerOf(index, key, before) < 0) before -= 1;
  return before;
}

function explainAntiDependency(graph: ListGraph, from: number, to: number): Step | undefined {
  const { index } = graph;
  if (index.table.status[from] !== OK) return undefined;
  for (const [position, operation] of index.table.operations[from]!.entries()) {
    if (operation[0] !== "r") continue;
    const key = index.appends.findKey(operation[1]);
    const list = (operation[2] ?? []) as readonly PlainJson[];
    const last = list.length === 0 ? -1 : readPosition(index, key, list[list.length - 1]);
    if (last === -2) continue;
    const next = nextWrite(graph, key, last, to);
    if (next < 0) continue;
    const value = last < 0 ? null : index.longest[key]![last]!;
    const valueNext = index.appends.values[next]!;
    return { type: "rw", key: operation[1], value, valueNext, from: position, to: index.appends.position[next]! };
  }
  return undefined;
}

function readPosition(index: ListIndex, key: number, element: PlainJson | undefined): number {
  const append = index.appends.find(key, element as string | number);
  if (append >= 0 && index.positionOf[append]! >= 0) return index.positionOf[append]!;
  const position = index.longest[key]!.indexOf(element as string | number); // an element that nobody appended
  return position < 0 ? -2 : position;
}

/** The append by `writer` that follows the version at `last` directly, -1 when another one does. */
function nextWrite(graph: ListGraph, key: number, last: number, writer: number): number {
  const { index } = graph;
  const length = index.longest[key]!.length;
  const next = last + 1 < length ? graph.knownFrom[index.base[key]! + last + 1]! : length;
  if (next < length) return writerOf(index, key, next) === writer ? index.appendAt[index.base[key]! + next]! : -1;
  return graph.unread.get(key)?.find((append) => index.appends.row[append] === writer) ?? -1;
}
