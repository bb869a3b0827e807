/**
 * Dependencies between the transactions of a register history, and why each holds.
 *
 * wr: from the external writer of a value to its external readers. For each inferred pair of versions v1 before v2: ww from
 * the writer of v1 to that of v2, rw from the readers of v1 to the writer of v2. Where the writer of v2 has itself read v1
 * the pair says no more than that read, and is left to wr.
 */
import type { EdgeList, Graph } from "./edges.ts";
import { keyName, READ, READ_PREDICATE, WRITE } from "./records.ts";
import { codeOf, type RegisterIndex, writerOfVersion } from "./register-index.ts";
import { FAIL, RW, RW_PREDICATE, type Step, WR, WW } from "./types.ts";

export type RegisterGraph = { readonly index: RegisterIndex; readonly versions: Graph };

type Readers = ReadonlyMap<number, readonly number[]>;

export function addRegisterEdges({ index, versions }: RegisterGraph, edges: EdgeList): void {
  const { readers, predicateReaders } = collectReaders(index, versions);
  addReadEdges(index, edges);
  for (let version = 0; version < versions.nodes; version += 1) {
    const start = versions.starts[version]!;
    const end = versions.starts[version + 1]!;
    if (start === end) continue;
    const reading = readers.get(version) ?? [];
    const found = new Set<number>(); // several sources may give the same pair
    for (let edge = start; edge < end; edge += 1) {
      const writer = writerOfVersion(index, versions.targets[edge]!);
      if (writer >= 0) found.add(writer);
    }
    const writers = [...found];
    const writer = writerOfVersion(index, version);
    if (writer >= 0) {
      const hasRead = new Set(reading);
      const blind = writers.filter((other) => !hasRead.has(other));
      edges.addAll([writer], blind, WW);
    }
    edges.addAll(reading, writers, RW);
    edges.addAll(predicateReaders.get(version) ?? [], writers, RW_PREDICATE);
  }
}

/** Readers of each version that precedes another one. */
function collectReaders(index: RegisterIndex, versions: Graph): { readers: Readers; predicateReaders: Readers } {
  const { records, version } = index;
  const readers = new Map<number, number[]>();
  const predicateReaders = new Map<number, number[]>();
  const note = (lists: Map<number, number[]>, seen: number, row: number): void => {
    if (versions.starts[seen] === versions.starts[seen + 1]) return;
    const list = lists.get(seen);
    if (list === undefined) lists.set(seen, [row]);
    else if (list[list.length - 1] !== row) list.push(row);
  };
  for (let op = 0; op < records.opCount; op += 1) {
    if (records.opKind[op] === READ && version[op]! >= 0) note(readers, version[op]!, records.opRow[op]!);
  }
  for (const [op, seen] of index.predicateVersions) {
    for (const one of seen) note(predicateReaders, one, records.opRow[op]!);
  }
  return { readers, predicateReaders };
}

function addReadEdges(index: RegisterIndex, edges: EdgeList): void {
  const { records, version } = index;
  for (let op = 0; op < records.opCount; op += 1) {
    if (records.opKind[op] !== READ || version[op]! < 0) continue;
    const writer = externalWriter(index, version[op]!);
    if (writer >= 0 && writer !== records.opRow[op]) edges.add(writer, records.opRow[op]!, WR);
  }
  for (const [op, seen] of index.predicateVersions) {
    for (const one of seen) {
      const writer = externalWriter(index, one);
      if (writer >= 0 && writer !== records.opRow[op]) edges.add(writer, records.opRow[op]!, WR);
    }
  }
}

/** The writer of a version that was its transaction's last of the key, else -1: the others are G1b, not dependencies. */
function externalWriter(index: RegisterIndex, version: number): number {
  const { records, writes } = index;
  if (version >= records.opCount || writes.isIntermediate[version] === 1) return -1;
  const row = records.opRow[version]!;
  return records.status[row] === FAIL ? -1 : row;
}

/** Why `from` precedes `to` by an edge of this label; undefined when it does not. */
export function explainRegisterEdge(graph: RegisterGraph, from: number, to: number, label: number): Step | undefined {
  if (label === WR) return explainRead(graph.index, from, to);
  if (label === WW) return explainPair(graph, from, to, WRITE);
  if (label === RW) return explainPair(graph, from, to, READ);
  return label === RW_PREDICATE ? explainPair(graph, from, to, READ_PREDICATE) : undefined;
}

function explainRead(index: RegisterIndex, from: number, to: number): Step | undefined {
  const { records } = index;
  for (let op = records.opsStart[to]!; op < records.opsEnd[to]!; op += 1) {
    for (const version of versionsOf(index, op, records.opKind[op]!)) {
      if (records.opKind[op] === WRITE || externalWriter(index, version) !== from) continue;
      const value = records.values.decode(records.opValue[version]!);
      return {
        type: "wr",
        key: keyName(records, version),
        value,
        from: version - records.opsStart[from]!,
        to: op - records.opsStart[to]!,
      };
    }
  }
  return undefined;
}

/** Versions that a micro-operation saw or made, when it is of the wanted kind. */
function versionsOf(index: RegisterIndex, op: number, kind: number): readonly number[] {
  if (index.records.opKind[op] !== kind) return [];
  if (kind === READ_PREDICATE) return [...(index.predicateVersions.get(op) ?? [])];
  return index.version[op]! < 0 ? [] : [index.version[op]!];
}

/** A version of `from` that precedes one which `to` wrote. */
function explainPair({ index, versions }: RegisterGraph, from: number, to: number, kind: number): Step | undefined {
  const { records } = index;
  for (let op = records.opsStart[from]!; op < records.opsEnd[from]!; op += 1) {
    for (const version of versionsOf(index, op, kind)) {
      for (let edge = versions.starts[version]!; edge < versions.starts[version + 1]!; edge += 1) {
        const next = versions.targets[edge]!;
        if (writerOfVersion(index, next) !== to) continue;
        return {
          type: kind === WRITE ? "ww" : "rw",
          key: keyName(records, next),
          value: records.values.decode(codeOf(index, version)),
          valueNext: records.values.decode(records.opValue[next]!),
          from: op - records.opsStart[from]!,
          to: next - records.opsStart[to]!,
        };
      }
    }
  }
  return undefined;
}
