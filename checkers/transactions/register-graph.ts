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

export function addRegisterEdges({ index, versions }: RegisterGraph, edges: EdgeList): void {
  const { starts, rows } = readersByVersion(index);
  const predicateReaders = collectPredicateReaders(index);
  addReadEdges(index, edges);
  // Marks instead of sets: a row is in the set of this version when its mark is the version.
  const isWriter = new Int32Array(index.records.count).fill(-1);
  const isReader = new Int32Array(index.records.count).fill(-1);
  for (let version = 0; version < versions.nodes; version += 1) {
    const end = versions.starts[version + 1]!;
    if (versions.starts[version] === end) continue;
    const writers: number[] = [];
    for (let edge = versions.starts[version]!; edge < end; edge += 1) {
      const writer = writerOfVersion(index, versions.targets[edge]!);
      if (writer < 0 || isWriter[writer] === version) continue; // several sources may give the same pair
      isWriter[writer] = version;
      writers.push(writer);
    }
    if (writers.length === 0) continue;
    const readers = rows.subarray(starts[version]!, starts[version + 1]!);
    for (let i = 0; i < readers.length; i += 1) isReader[readers[i]!] = version;
    const before = writerOfVersion(index, version);
    for (let i = 0; before >= 0 && i < writers.length; i += 1) {
      if (writers[i] !== before && isReader[writers[i]!] !== version) edges.add(before, writers[i]!, WW);
    }
    edges.addAll(readers, writers, RW);
    edges.addAll(predicateReaders.get(version) ?? [], writers, RW_PREDICATE);
  }
}

/** Readers of version v are rows[starts[v]] to rows[starts[v + 1] - 1]. */
function readersByVersion({ records, version, versionCount }: RegisterIndex): { starts: Int32Array; rows: Int32Array } {
  const starts = new Int32Array(versionCount + 1);
  const { opCount, opKind, opRow } = records;
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] === READ && version[op]! >= 0) starts[version[op]! + 1]! += 1;
  }
  for (let one = 0; one < versionCount; one += 1) starts[one + 1]! += starts[one]!;
  const next = starts.slice(0, versionCount);
  const rows = new Int32Array(starts[versionCount]!);
  for (let op = 0; op < opCount; op += 1) {
    if (opKind[op] !== READ || version[op]! < 0) continue;
    const slot = next[version[op]!]!;
    rows[slot] = opRow[op]!;
    next[version[op]!] = slot + 1;
  }
  return { starts, rows };
}

function collectPredicateReaders(index: RegisterIndex): ReadonlyMap<number, readonly number[]> {
  const readers = new Map<number, number[]>();
  for (const [op, seen] of index.predicateVersions) {
    const row = index.records.opRow[op]!;
    for (const version of seen) {
      const list = readers.get(version);
      if (list === undefined) readers.set(version, [row]);
      else if (list[list.length - 1] !== row) list.push(row);
    }
  }
  return readers;
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
