/** The encoding of operations on lists: ranges of dots for deletes, neighbours for the inserts of Fugue and RGA. */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { type Dot, readDot, writeDot } from "./clock.ts";
import type { ContentKind } from "./content.ts";
import type { DotRange, ListInsert, OriginOp, OriginRule } from "./origin-run.ts";

export function writeRanges(writer: ByteWriter, ranges: readonly DotRange[]): void {
  writer.uint(ranges.length);
  for (const range of ranges) {
    writer.name(range.actor);
    writer.uint(range.counter);
    writer.uint(range.length);
  }
}

export function readRanges(reader: ByteReader): DotRange[] {
  const ranges: DotRange[] = [];
  const count = reader.count("the number of deleted ranges", 3);
  for (let i = 0; i < count; i++) {
    const actor = reader.name("the actor of a deleted range");
    const counter = readPositive(reader, "the start of a deleted range");
    const length = readPositive(reader, "the length of a deleted range");
    if (!Number.isSafeInteger(counter + length)) reader.fail("a deleted range ends beyond 2^53 - 1.");
    ranges.push({ actor, counter, length });
  }
  return ranges;
}

export function writeOriginOp<C>(writer: ByteWriter, op: OriginOp<C>, rule: OriginRule, kind: ContentKind<C>): void {
  writer.byte(op.kind === "insert" ? 0 : 1);
  if (op.kind === "delete") {
    writeRanges(writer, op.ranges);
    return;
  }
  writeDot(writer, op.dot);
  writeNeighbour(writer, op.left);
  if (rule === "fugue") writeNeighbour(writer, op.right);
  else writer.uint(op.stamp);
  writer.uint(kind.lengthOf(op.content));
  kind.write(writer, op.content);
}

export function readOriginOp<C>(reader: ByteReader, rule: OriginRule, kind: ContentKind<C>): OriginOp<C> {
  const tag = reader.byte("the kind of a list operation");
  if (tag > 1) reader.fail(`the kind is ${tag}, expected 0 or 1.`);
  if (tag === 1) return { kind: "delete", ranges: readRanges(reader) };
  const dot = readDot(reader);
  const left = readNeighbour(reader);
  const right = rule === "fugue" ? readNeighbour(reader) : null;
  const stamp = rule === "rga" ? readPositive(reader, "a stamp") : 0;
  const length = reader.count("the number of inserted elements", 1);
  if (length === 0) reader.fail("an insert holds no element.");
  const insert: ListInsert<C> = { kind: "insert", dot, left, right, stamp, content: kind.read(reader, length) };
  return insert;
}

function writeNeighbour(writer: ByteWriter, dot: Dot | null): void {
  writer.uint(dot === null ? 0 : dot.counter);
  if (dot !== null) writer.name(dot.actor);
}

function readNeighbour(reader: ByteReader): Dot | null {
  const counter = reader.uint("the counter of a neighbour");
  return counter === 0 ? null : { actor: reader.name("the actor of a neighbour"), counter };
}

/** A whole number of at least 1. */
export function readPositive(reader: ByteReader, what: string): number {
  const value = reader.uint(what);
  if (value === 0) reader.fail(`${what} is zero.`);
  return value;
}
