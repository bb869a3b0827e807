/**
 * The encoding of identifier lists: the context, then the runs in order, then the content.
 *
 * A path is written against the path of the element before it: the number of levels they share, then the levels that differ. The
 * digit of a run is written against what typing on would have given, so an edited text costs a few bytes a run.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { readDot, writeDot } from "./clock.ts";
import type { ContentKind } from "./content.ts";
import { DotContext } from "./dot-context.ts";
import { comparePaths, LEVEL, type Level, type Path, sharedLength } from "./identifier.ts";
import { IdentifierList } from "./identifier-list.ts";
import { continuesIdentifiers, type IdentifierOp, type IdentifierRun } from "./identifier-run.ts";
import { readRanges, writeRanges } from "./list-op-encoding.ts";

export function writeIdentifierList<C>(writer: ByteWriter, list: IdentifierList<C>): void {
  const names = list.actors();
  list.seen.write(writer);
  const runs = joined(list.runs());
  writer.uint(runs.length);
  let before: Path = [];
  const ends = new Map<number, number>();
  for (const run of runs) {
    const shared = sharedLength(before, run.prefix) / LEVEL;
    writer.name(names[run.actor]!);
    writer.int(run.counter - (ends.get(run.actor) ?? 0) - 1);
    writer.uint(run.length);
    writer.uint(shared);
    writer.uint(run.prefix.length / LEVEL - shared);
    for (let i = shared * LEVEL; i < run.prefix.length; i += LEVEL) {
      writeLevel(writer, { digit: run.prefix[i]!, actor: names[run.prefix[i + 1]!]!, counter: run.prefix[i + 2]! });
    }
    writer.int(run.digit - expectedDigit(before, run.prefix.length, shared));
    ends.set(run.actor, run.counter + run.length - 1);
    before = lastPath(run);
  }
  list.kind.write(writer, list.read());
}

export function readIdentifierList<C>(reader: ByteReader, kind: ContentKind<C>): IdentifierList<C> {
  const list = new IdentifierList(kind);
  list.seen.merge(DotContext.read(reader));
  const count = reader.count("the number of runs", 6);
  const flat: Omit<IdentifierRun<C>, "content">[] = [];
  const live = new DotContext();
  const ends = new Map<number, number>();
  let before: Path = [];
  let total = 0;
  for (let i = 0; i < count; i++) {
    const run = readRun(reader, list, before, ends);
    const first = [...run.prefix, run.digit, run.actor, run.counter];
    if (i > 0 && comparePaths(before, first, list.actors()) >= 0)
      reader.fail("the identifiers of a list are not ascending.");
    const last = flat.at(-1);
    if (last !== undefined && continuesIdentifiers(last as IdentifierRun<C>, run as IdentifierRun<C>))
      reader.fail("two runs of a list are one.");
    claim(reader, list, live, run);
    total += run.length;
    ends.set(run.actor, run.counter + run.length - 1);
    before = lastPath(run);
    flat.push(run);
  }
  const content = kind.read(reader, total);
  let at = 0;
  for (const run of flat) {
    list.load({ ...run, content: kind.slice(content, at, at + run.length) });
    at += run.length;
  }
  return list;
}

function readRun<C>(
  reader: ByteReader,
  list: IdentifierList<C>,
  before: Path,
  ends: ReadonlyMap<number, number>,
): Omit<IdentifierRun<C>, "content"> {
  const actor = list.actorNumber(reader.name("the actor of a run"));
  const counter = (ends.get(actor) ?? 0) + 1 + reader.int("the counter of a run");
  const length = reader.uint("the length of a run");
  if (counter < 1 || length === 0 || !Number.isSafeInteger(counter + length))
    reader.fail("a run is empty or out of range.");
  const shared = reader.uint("the number of shared levels");
  if (shared * LEVEL > before.length)
    reader.fail(`a run shares ${shared} levels with a path of ${before.length / LEVEL}.`);
  const levels = reader.count("the number of levels", 3);
  const prefix = before.slice(0, shared * LEVEL);
  for (let i = 0; i < levels; i++) {
    const level = readLevel(reader);
    prefix.push(level.digit, list.actorNumber(level.actor), level.counter);
  }
  const digit = expectedDigit(before, prefix.length, shared) + reader.int("the digit of a run");
  if (!Number.isSafeInteger(digit + length)) reader.fail("the digits of a run are out of range.");
  return { actor, counter, length, prefix, digit, isLive: true, hasGhosts: false, leaf: null };
}

/** Every live dot must have been seen, and belong to one element only. */
function claim<C>(
  reader: ByteReader,
  list: IdentifierList<C>,
  live: DotContext,
  run: Omit<IdentifierRun<C>, "content">,
): void {
  const actor = list.actors()[run.actor]!;
  const high = run.counter + run.length - 1;
  if (!list.seen.hasRange(actor, run.counter, high)) reader.fail(`live elements of "${actor}" are not in the context.`);
  if (live.within(actor, run.counter, high).length > 0) reader.fail(`a dot of "${actor}" belongs to two elements.`);
  live.addRange(actor, run.counter, high);
}

function joined<C>(runs: Iterable<IdentifierRun<C>>): IdentifierRun<C>[] {
  const result: IdentifierRun<C>[] = [];
  for (const run of runs) {
    const last = result.at(-1);
    if (last !== undefined && continuesIdentifiers(last, run)) last.length += run.length;
    else result.push({ ...run, leaf: null });
  }
  return result;
}

/** The digit behind that of the path before at the same depth, when all levels above are shared; 0 otherwise. */
function expectedDigit(before: Path, prefixLength: number, shared: number): number {
  return shared * LEVEL === prefixLength && before.length > prefixLength ? before[prefixLength]! + 1 : 0;
}

function lastPath(run: Omit<IdentifierRun<unknown>, "content">): number[] {
  return [...run.prefix, run.digit + run.length - 1, run.actor, run.counter + run.length - 1];
}

function writeLevel(writer: ByteWriter, level: Level): void {
  writer.int(level.digit);
  writeDot(writer, level);
}

function readLevel(reader: ByteReader): Level {
  const digit = reader.int("a digit");
  return { digit, ...readDot(reader) };
}

export function writeIdentifierOp<C>(writer: ByteWriter, op: IdentifierOp<C>, kind: ContentKind<C>): void {
  writer.byte(op.kind === "insert" ? 0 : 1);
  if (op.kind === "delete") {
    writeRanges(writer, op.ranges);
    return;
  }
  writeDot(writer, op.dot);
  writer.uint(op.prefix.length);
  for (const level of op.prefix) writeLevel(writer, level);
  writer.int(op.digit);
  writer.uint(kind.lengthOf(op.content));
  kind.write(writer, op.content);
}

export function readIdentifierOp<C>(reader: ByteReader, kind: ContentKind<C>): IdentifierOp<C> {
  const tag = reader.byte("the kind of a list operation");
  if (tag > 1) reader.fail(`the kind is ${tag}, expected 0 or 1.`);
  if (tag === 1) return { kind: "delete", ranges: readRanges(reader) };
  const dot = readDot(reader);
  const levelCount = reader.count("the number of levels", 3);
  const prefix: Level[] = [];
  for (let i = 0; i < levelCount; i++) prefix.push(readLevel(reader));
  const digit = reader.int("the digit");
  const length = reader.count("the number of inserted elements", 1);
  if (length === 0) reader.fail("an insert holds no element.");
  return { kind: "insert", dot, prefix, digit, content: kind.read(reader, length) };
}
