/**
 * The encoding of Fugue and RGA lists: the runs in document order, then what was deleted, then the content that is left.
 *
 * Deletion does not split runs here, and runs that belong together are one whatever their history in memory, so equal lists have equal
 * bytes. A run says how it stands to its surroundings in one byte; most of them need only that, a counter and a length:
 *   bits 0-1  left origin: 0 the start, 1 the element before it in the document, 2 the element before it in its actor's
 *             numbering, 3 written out
 *   bits 2-3  right origin: 0 the end, 1 the first element of the next run, 2 that of the run with the previous number of the
 *             actor, 3 written out
 *   bit 4     same actor as the run before;  bit 5  length 1;  bit 6  stamp minus counter as in the run before
 * Counters are written as the distance from the end of the actor's previous run in the document.
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { DotContext } from "./dot-context.ts";
import type { ContentKind } from "./content.ts";
import { OriginList } from "./origin-list.ts";
import { continues, type OriginRule, type OriginRun } from "./origin-run.ts";
import { readPositive } from "./list-op-encoding.ts";
import { type Actor, compareText } from "./clock.ts";

const LEFT_START = 0;
const LEFT_BEFORE = 1;
const LEFT_OWN = 2;
const EXPLICIT = 3;
const RIGHT_END = 0;
const RIGHT_NEXT = 1;
const RIGHT_OWN = 2;
const SAME_ACTOR = 16;
const LENGTH_ONE = 32;
const SAME_SHIFT = 64;

/** A run as it is written: actors are numbers in the sorted table. */
type FlatRun = {
  actor: number;
  counter: number;
  length: number;
  leftActor: number;
  leftCounter: number;
  rightActor: number;
  rightCounter: number;
  stamp: number;
};

export function writeOriginList<C>(writer: ByteWriter, list: OriginList<C>): void {
  const names = list.actors();
  const runs = joined(list.runs(), list.rule);
  const waiting = joined(
    list.pending().toSorted((a, b) => compareText(names[a.actor]!, names[b.actor]!) || a.counter - b.counter),
    list.rule,
  );
  const used = new Set<number>();
  for (const run of [...runs, ...waiting])
    for (const actor of [run.actor, run.leftActor, run.rightActor]) used.add(actor);
  const order = [...used].filter((actor) => actor >= 0).sort((a, b) => compareText(names[a]!, names[b]!));
  const numbers = new Map(order.map((actor, i) => [actor, i]));
  writer.uint(order.length);
  for (const actor of order) writer.name(names[actor]!);
  const flat = (run: FlatRun): FlatRun => ({
    ...run,
    actor: numbers.get(run.actor)!,
    leftActor: numbers.get(run.leftActor) ?? -1,
    rightActor: numbers.get(run.rightActor) ?? -1,
  });
  writeRuns(writer, runs.map(flat), list.rule);
  list.deleted.write(writer);
  list.kind.write(writer, list.read());
  writer.uint(waiting.length);
  for (const run of waiting) writeWaiting(writer, flat(run), list.rule);
  list.kind.write(writer, list.kind.join(liveContents(list, list.pending(), names)));
}

/** The contents of waiting runs without what was deleted, by actor and counter. */
function liveContents<C>(list: OriginList<C>, pending: readonly OriginRun<C>[], names: readonly Actor[]): C[] {
  const parts: C[] = [];
  const sorted = pending.toSorted((a, b) => compareText(names[a.actor]!, names[b.actor]!) || a.counter - b.counter);
  for (const run of sorted) {
    for (const [from, to, isLive] of liveParts(list.deleted, names[run.actor]!, run.counter, run.length)) {
      if (isLive && run.content !== null) parts.push(list.kind.slice(run.content, from, to));
    }
  }
  return parts;
}

/** Cuts a run where elements were deleted: [from, to (excluded), is live]. */
function liveParts(deleted: DotContext, actor: Actor, counter: number, length: number): [number, number, boolean][] {
  const gone = deleted.within(actor, counter, counter + length - 1);
  const parts: [number, number, boolean][] = [];
  let from = 0;
  for (let i = 0; i < gone.length; i += 2) {
    const low = gone[i]! - counter;
    if (low > from) parts.push([from, low, true]);
    from = gone[i + 1]! - counter + 1;
    parts.push([low, from, false]);
  }
  if (from < length) parts.push([from, length, true]);
  return parts;
}

/** Copies of the runs in which those that belong together are one. */
function joined<C>(runs: Iterable<OriginRun<C>>, rule: OriginRule): OriginRun<C>[] {
  const result: OriginRun<C>[] = [];
  for (const run of runs) {
    const last = result[result.length - 1];
    if (last !== undefined && continues(last, run, rule)) last.length += run.length;
    else result.push({ ...run, leaf: null });
  }
  return result;
}

function writeRuns(writer: ByteWriter, runs: readonly FlatRun[], rule: OriginRule): void {
  const ends: number[] = [];
  const flags = flagsOf(runs, rule, runsByEnd(runs));
  writer.uint(runs.length);
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i]!;
    const flag = flags[i]!;
    writer.byte(flag);
    if ((flag & SAME_ACTOR) === 0) writer.uint(run.actor);
    writer.int(run.counter - (ends[run.actor] ?? 0) - 1);
    if (run.length !== 1) writer.uint(run.length);
    if ((flag & 3) === EXPLICIT) writeOrigin(writer, run.leftActor, run.leftCounter);
    if (((flag >> 2) & 3) === EXPLICIT) writeOrigin(writer, run.rightActor, run.rightCounter);
    if ((flag & SAME_SHIFT) === 0) writer.int(run.stamp - run.counter);
    ends[run.actor] = run.counter + run.length - 1;
  }
}

/** The one way to flag these runs: the writer's, and what the reader demands. */
function flagsOf(runs: readonly FlatRun[], rule: OriginRule, byEnd: RunsByEnd): number[] {
  let shift = 0;
  return runs.map((run, i) => {
    const before = runs[i - 1] ?? null;
    const isShiftSame = rule === "fugue" || run.stamp - run.counter === shift;
    shift = run.stamp - run.counter;
    const origins = leftCode(run, before) | (rightCode(run, runs[i + 1] ?? null, byEnd) << 2);
    const isActorSame = before?.actor === run.actor;
    return (
      origins | (isActorSame ? SAME_ACTOR : 0) | (run.length === 1 ? LENGTH_ONE : 0) | (isShiftSame ? SAME_SHIFT : 0)
    );
  });
}

type RunsByEnd = readonly (Map<number, FlatRun> | undefined)[];

/** For each actor and last counter of a run the run itself, to look up what the previous number of an actor stood before. */
function runsByEnd(runs: readonly FlatRun[]): RunsByEnd {
  const byActor: (Map<number, FlatRun> | undefined)[] = [];
  for (const run of runs) {
    let ends = byActor[run.actor];
    if (ends === undefined) byActor[run.actor] = ends = new Map();
    ends.set(run.counter + run.length - 1, run);
  }
  return byActor;
}

function leftCode(run: FlatRun, before: FlatRun | null): number {
  if (run.leftActor < 0) return LEFT_START;
  if (before !== null && run.leftActor === before.actor && run.leftCounter === before.counter + before.length - 1)
    return LEFT_BEFORE;
  return run.leftActor === run.actor && run.leftCounter === run.counter - 1 ? LEFT_OWN : EXPLICIT;
}

function rightCode(run: FlatRun, next: FlatRun | null, byEnd: RunsByEnd): number {
  if (run.rightActor < 0) return RIGHT_END;
  if (next !== null && run.rightActor === next.actor && run.rightCounter === next.counter) return RIGHT_NEXT;
  const own = byEnd[run.actor]?.get(run.counter - 1);
  return own !== undefined && own.rightActor === run.rightActor && own.rightCounter === run.rightCounter
    ? RIGHT_OWN
    : EXPLICIT;
}

function writeOrigin(writer: ByteWriter, actor: number, counter: number): void {
  writer.uint(actor + 1);
  if (actor >= 0) writer.uint(counter);
}

function writeWaiting(writer: ByteWriter, run: FlatRun, rule: OriginRule): void {
  writer.uint(run.actor);
  writer.uint(run.counter);
  writer.uint(run.length);
  writeOrigin(writer, run.leftActor, run.leftCounter);
  writeOrigin(writer, run.rightActor, run.rightCounter);
  if (rule === "rga") writer.uint(run.stamp);
}

// -------------------------------------------------------------------- reading

export function readOriginList<C>(reader: ByteReader, rule: OriginRule, kind: ContentKind<C>): OriginList<C> {
  const list = new OriginList(rule, kind);
  const actorCount = reader.count("the number of actors", 1);
  let previous: Actor | null = null;
  for (let i = 0; i < actorCount; i++) {
    const actor = reader.name("an actor of a list");
    if (previous !== null && compareText(previous, actor) >= 0) reader.fail("the actors of a list are not ascending.");
    list.actorNumber(actor);
    previous = actor;
  }
  const names = list.actors();
  const runs = readRuns(reader, actorCount, rule);
  list.deleted.merge(DotContext.read(reader));
  loadRuns(reader, list, runs, names);
  const wrong = list.checkLoaded();
  if (wrong !== null) reader.fail(`${wrong}.`);
  readWaiting(reader, list, actorCount, runs);
  return list;
}

function loadRuns<C>(reader: ByteReader, list: OriginList<C>, runs: readonly FlatRun[], names: readonly Actor[]): void {
  const parts = runs.map((run) => liveParts(list.deleted, names[run.actor]!, run.counter, run.length));
  const content = list.kind.read(reader, liveLength(parts));
  let at = 0;
  for (let i = 0; i < runs.length; i++) {
    for (const [from, to, isLive] of parts[i]!) {
      list.load(cut(runs[i]!, from, to, isLive ? list.kind.slice(content, at, at + to - from) : null));
      if (isLive) at += to - from;
    }
  }
}

function readWaiting<C>(reader: ByteReader, list: OriginList<C>, actorCount: number, runs: readonly FlatRun[]): void {
  const waitingCount = reader.count("the number of waiting runs", 5);
  const waiting: FlatRun[] = [];
  for (let i = 0; i < waitingCount; i++) {
    const actor = readActor(reader, actorCount);
    const counter = readPositive(reader, "the counter of a waiting run");
    const length = readPositive(reader, "the length of a waiting run");
    const [leftActor, leftCounter] = readOrigin(reader, actorCount);
    const [rightActor, rightCounter] = readOrigin(reader, actorCount);
    const stamp = list.rule === "rga" ? readPositive(reader, "a stamp") : 0;
    waiting.push({ actor, counter, length, leftActor, leftCounter, rightActor, rightCounter, stamp });
  }
  for (let i = 1; i < waiting.length; i++) {
    const [a, b] = [waiting[i - 1]!, waiting[i]!];
    const isAscending = a.actor < b.actor || (a.actor === b.actor && a.counter + a.length <= b.counter);
    if (!isAscending || continues(a, b, list.rule)) reader.fail("the waiting runs are not in their canonical form.");
  }
  if (list.rule === "rga" && waiting.some((run) => run.rightActor >= 0)) {
    reader.fail("a waiting run of an RGA list has a right neighbour.");
  }
  demandUse(reader, actorCount, [...runs, ...waiting]);
  const names = list.actors();
  const parts = waiting.map((run) => liveParts(list.deleted, names[run.actor]!, run.counter, run.length));
  const content = list.kind.read(reader, liveLength(parts));
  let at = 0;
  for (let i = 0; i < waiting.length; i++) {
    for (const [from, to, isLive] of parts[i]!) {
      const run = cut(waiting[i]!, from, to, isLive ? list.kind.slice(content, at, at + to - from) : null);
      if (from === 0 && !list.loadPending(run)) reader.fail("a waiting run need not wait.");
      else if (from > 0) list.loadPending(run);
      if (isLive) at += to - from;
    }
  }
}

/** Every actor of the table must be in some run: otherwise equal lists could have different tables. */
function demandUse(reader: ByteReader, actorCount: number, runs: readonly FlatRun[]): void {
  const used = new Set<number>();
  for (const run of runs)
    for (const actor of [run.actor, run.leftActor, run.rightActor]) if (actor >= 0) used.add(actor);
  if (used.size !== actorCount) reader.fail(`the table has ${actorCount} actors, the runs use ${used.size}.`);
}

function liveLength(parts: readonly (readonly [number, number, boolean][])[]): number {
  let length = 0;
  for (const cuts of parts) for (const [from, to, isLive] of cuts) if (isLive) length += to - from;
  return length;
}

function cut<C>(run: FlatRun, from: number, to: number, content: C | null): OriginRun<C> {
  return {
    actor: run.actor,
    counter: run.counter + from,
    length: to - from,
    leftActor: from === 0 ? run.leftActor : run.actor,
    leftCounter: from === 0 ? run.leftCounter : run.counter + from - 1,
    rightActor: run.rightActor,
    rightCounter: run.rightCounter,
    stamp: run.stamp === 0 ? 0 : run.stamp + from,
    content,
    isLive: content !== null,
    leaf: null,
  };
}

function readRuns(reader: ByteReader, actorCount: number, rule: OriginRule): FlatRun[] {
  const count = reader.count("the number of runs", 2);
  const runs: FlatRun[] = [];
  const found: number[] = [];
  const ends: number[] = [];
  let shift = 0;
  for (let i = 0; i < count; i++) {
    const before = runs[i - 1];
    const flags = reader.byte("the flags of a run");
    found.push(flags);
    if (flags > 127) reader.fail("the flags of a run have an unknown bit.");
    const actor = (flags & SAME_ACTOR) !== 0 && before !== undefined ? before.actor : readActor(reader, actorCount);
    const counter = (ends[actor] ?? 0) + 1 + reader.int("the counter of a run");
    const length = (flags & LENGTH_ONE) !== 0 ? 1 : readPositive(reader, "the length of a run");
    if (counter < 1 || !Number.isSafeInteger(counter + length)) reader.fail(`a run has the counter ${counter}.`);
    const left = flags & 3;
    const right = (flags >> 2) & 3;
    let [leftActor, leftCounter] = left === EXPLICIT ? readOrigin(reader, actorCount) : [-1, 0];
    if (left === LEFT_BEFORE) {
      if (before === undefined) reader.fail("the first run stands behind another.");
      [leftActor, leftCounter] = [before.actor, before.counter + before.length - 1];
    } else if (left === LEFT_OWN) [leftActor, leftCounter] = [actor, counter - 1];
    const [rightActor, rightCounter] = right === EXPLICIT ? readOrigin(reader, actorCount) : [-1, 0];
    if (rule === "rga" && (flags & SAME_SHIFT) === 0) shift = reader.int("the stamp of a run");
    const stamp = rule === "rga" ? counter + shift : 0;
    if (rule === "rga" && stamp < 1) reader.fail(`a run has the stamp ${stamp}.`);
    runs.push({ actor, counter, length, leftActor, leftCounter, rightActor, rightCounter, stamp });
    ends[actor] = counter + length - 1;
  }
  const byEnd = runsByEnd(runs);
  resolveRights(reader, runs, found, byEnd);
  const expected = flagsOf(runs, rule, byEnd);
  for (let i = 0; i < count; i++) {
    const isOne = i > 0 && continues(runs[i - 1]!, runs[i]!, rule);
    if (isOne || found[i] !== expected[i]) reader.fail(`run ${i} of a list is not in its canonical form.`);
    if (rule === "rga" && runs[i]!.rightActor >= 0) reader.fail("a run of an RGA list has a right neighbour.");
  }
  return runs;
}

/** Right origins that are said by their surroundings, in the order of counters: one may stand on the one before. */
function resolveRights(reader: ByteReader, runs: readonly FlatRun[], flags: readonly number[], byEnd: RunsByEnd): void {
  const own: FlatRun[] = [];
  for (let i = 0; i < runs.length; i++) {
    const code = (flags[i]! >> 2) & 3;
    if (code === RIGHT_OWN) own.push(runs[i]!);
    if (code !== RIGHT_NEXT) continue;
    const next = runs[i + 1];
    if (next === undefined) reader.fail("the last run stands before another.");
    runs[i]!.rightActor = next.actor;
    runs[i]!.rightCounter = next.counter;
  }
  own.sort((a, b) => a.counter - b.counter);
  for (const run of own) {
    const previous = byEnd[run.actor]?.get(run.counter - 1);
    if (previous === undefined) reader.fail("a run shares the right neighbour of a run that is not there.");
    run.rightActor = previous.rightActor;
    run.rightCounter = previous.rightCounter;
  }
}

function readActor(reader: ByteReader, actorCount: number): number {
  const actor = reader.uint("the actor of a run");
  if (actor >= actorCount) reader.fail(`the actor of a run is number ${actor} of ${actorCount}.`);
  return actor;
}

function readOrigin(reader: ByteReader, actorCount: number): [number, number] {
  const actor = reader.uint("the actor of an origin") - 1;
  if (actor >= actorCount) reader.fail(`the actor of an origin is number ${actor} of ${actorCount}.`);
  return actor < 0 ? [-1, 0] : [actor, readPositive(reader, "the counter of an origin")];
}
