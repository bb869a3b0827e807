/**
 * What a list-append history says about each key: who appended what, who read which version, and the version order.
 *
 * The version order of a key is its longest read (Kingsbury and Alvaro, "Elle", VLDB 2020, section 4.2): every other read
 * must be a prefix of it. Elements of reads are compared with the longest read and never interned, so the cost of a
 * read is one comparison an element. Positions are those of the longest read; -1 is the empty list before it.
 */
import { HistoryError, show } from "../history.ts";
import { demandKey, place, type TransactionTable } from "./table.ts";
import { OK, type Scalar } from "./types.ts";
import { WriteIndex } from "./write-index.ts";

export type List = readonly Scalar[];

export type ListIndex = {
  readonly table: TransactionTable;
  readonly appends: WriteIndex;
  /** Reads of ok transactions: row, position in it, key number, the list. */
  readonly readRow: Int32Array;
  readonly readPosition: Int32Array;
  readonly readKey: Int32Array;
  readonly readList: readonly List[];
  /** 0: not a prefix of the longest read of its key. */
  readonly isPrefix: Uint8Array;
  /** For each key, its longest read. */
  readonly longest: readonly List[];
  /** Where the versions of each key begin in the columns below; one more entry at the end. */
  readonly base: Int32Array;
  /** Append of each version, -1 for an element that nobody appended. */
  readonly appendAt: Int32Array;
  /** Position of each append in its key's version order, -1 when never read. */
  readonly positionOf: Int32Array;
};

const NO_LIST: List = [];

/** Throws HistoryError for micro-operations that are no append and no read, and for an element appended twice to a key. */
export function indexLists(table: TransactionTable): ListIndex {
  const appends = new WriteIndex();
  const reads = collect(table, appends);
  const base = new Int32Array(appends.keys.length + 1);
  for (let key = 0; key < appends.keys.length; key += 1) base[key + 1] = base[key]! + reads.longest[key]!.length;
  const appendAt = new Int32Array(base[appends.keys.length]!).fill(-1);
  const positionOf = new Int32Array(appends.count).fill(-1);
  for (let key = 0; key < appends.keys.length; key += 1) {
    const list = reads.longest[key]!;
    for (let position = 0; position < list.length; position += 1) {
      const append = appends.find(key, list[position]!);
      if (append < 0 || positionOf[append]! >= 0) continue; // a duplicate keeps its first position
      appendAt[base[key]! + position] = append;
      positionOf[append] = position;
    }
  }
  const isPrefix = new Uint8Array(reads.readList.length);
  for (let read = 0; read < reads.readList.length; read += 1) {
    isPrefix[read] = startsWith(reads.longest[reads.readKey[read]!]!, reads.readList[read]!) ? 1 : 0;
  }
  return { table, appends, ...reads, isPrefix, base, appendAt, positionOf };
}

type Reads = Pick<ListIndex, "readRow" | "readPosition" | "readKey" | "readList" | "longest">;

function collect(table: TransactionTable, appends: WriteIndex): Reads {
  let total = 0;
  for (let row = 0; row < table.count; row += 1) total += table.operations[row]!.length;
  const readRow = new Int32Array(total);
  const readPosition = new Int32Array(total);
  const readKey = new Int32Array(total);
  const readList: List[] = [];
  const longest: List[] = [];
  for (let row = 0; row < table.count; row += 1) {
    const operations = table.operations[row]!;
    const isOk = table.status[row] === OK;
    for (let position = 0; position < operations.length; position += 1) {
      const operation = operations[position]!;
      const key = appends.keyNumber(demandKey(table, row, operation[1]));
      if (key === longest.length) longest.push(NO_LIST);
      const value = operation[2];
      if (operation[0] === "append") {
        addAppend(table, appends, { row, position, key, value });
      } else if (operation[0] === "r") {
        if (!isOk) continue; // what a lost transaction read is not known
        const list = value === null ? NO_LIST : Array.isArray(value) ? (value as List) : undefined;
        if (list === undefined) throw new HistoryError(0, `a list or null read ${place(table, row)}`, show(value));
        if (list.length > longest[key]!.length) longest[key] = list;
        readRow[readList.length] = row;
        readPosition[readList.length] = position;
        readKey[readList.length] = key;
        readList.push(list);
      } else {
        throw new HistoryError(0, `"append" or "r" ${place(table, row)}`, show(operation[0]));
      }
    }
  }
  return { readRow, readPosition, readKey, readList, longest };
}

type Append = { readonly row: number; readonly position: number; readonly key: number; readonly value: unknown };

function addAppend(table: TransactionTable, appends: WriteIndex, { row, position, key, value }: Append): void {
  if (typeof value !== "number" && typeof value !== "string" && typeof value !== "boolean") {
    throw new HistoryError(0, `an element that is a number or a string ${place(table, row)}`, show(value));
  }
  if (appends.add(row, position, key, value) >= 0) return;
  const found = `${show(value)} twice ${place(table, row)}`;
  throw new HistoryError(0, `each element appended once to key ${show(appends.keys[key])}`, found);
}

function startsWith(whole: List, prefix: List): boolean {
  if (whole === prefix) return true;
  if (prefix.length > whole.length) return false;
  for (let i = 0; i < prefix.length; i += 1) {
    if (prefix[i] !== whole[i]) return false;
  }
  return true;
}

/** Position of the version that a read returned: that of its last element; -1 for the empty list, -2 when unknown. */
export function versionRead(index: ListIndex, read: number): number {
  const list = index.readList[read]!;
  if (index.isPrefix[read] === 1 || list.length === 0) return list.length - 1;
  const append = index.appends.find(index.readKey[read]!, list[list.length - 1]!);
  return append < 0 || index.positionOf[append]! < 0 ? -2 : index.positionOf[append]!;
}
