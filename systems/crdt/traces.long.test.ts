/**
 * Real editing histories through every list type, along all three roads.
 *
 * Sequential traces: one writer; a second replica follows by operations, a third by deltas, a fourth merges the whole state every 1,000
 * transactions. Concurrent traces: one replica for each agent, which before each transaction is brought to exactly what that
 * agent had seen: by operations, by deltas, or by merging the whole states of the transaction's parents.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { copyState, decodeState, encodeState, equalStates } from "./crdt.ts";
import { fugueText, identifierText, type ListType, rgaText } from "./lists.ts";

type Patch = readonly [position: number, deleted: number, inserted: string];
type Sequential = { readonly endContent: string; readonly txns: readonly { readonly patches: readonly Patch[] }[] };
type Transaction = { readonly parents: readonly number[]; readonly agent: number; readonly patches: readonly Patch[] };
type Concurrent = { readonly endContent: string; readonly numAgents: number; readonly txns: readonly Transaction[] };

function load<T>(name: string): T {
  const path = new URL(`./fixtures/${name}.json.gz`, import.meta.url);
  return JSON.parse(gunzipSync(readFileSync(path)).toString("utf8")) as T;
}

/** Applies the patches of one transaction; hands each operation on. */
function edit<S, O>(
  type: ListType<S, O, string>,
  state: S,
  actor: string,
  patches: readonly Patch[],
  emit: (op: O) => void,
): void {
  for (const [position, deleted, inserted] of patches) {
    if (deleted > 0) {
      const op = type.delete(state, { position, count: deleted });
      emit(op);
      type.apply(state, op);
    }
    if (inserted.length > 0) {
      const op = type.insert(state, actor, position, inserted);
      emit(op);
      type.apply(state, op);
    }
  }
}

function followSequential<S, O>(type: ListType<S, O, string>, trace: Sequential): void {
  const [writer, byOps, byDeltas, byStates] = [type.create(), type.create(), type.create(), type.create()];
  trace.txns.forEach(({ patches }, i) => {
    edit(type, writer, "writer", patches, (op) => {
      type.merge(byDeltas, type.deltaOf(writer, op));
      type.apply(byOps, op);
    });
    if (i % 1_000 === 999) type.merge(byStates, writer);
  });
  type.merge(byStates, writer);
  for (const state of [writer, byOps, byDeltas, byStates]) expect(type.read(state) === trace.endContent).toBe(true);
  const bytes = encodeState(type, writer);
  expect(type.read(decodeState(type, bytes)) === trace.endContent).toBe(true);
  expect([byOps, byDeltas, byStates].every((state) => equalStates(type, writer, state))).toBe(true);
}

type Road = "operations" | "deltas" | "states";

/** For each transaction, how many transactions of each agent its writer had seen. */
function versionsOf(trace: Concurrent): number[][] {
  const own: number[] = new Array(trace.numAgents).fill(0);
  const after: number[][] = [];
  return trace.txns.map(({ parents, agent }, i) => {
    const before: number[] = new Array(trace.numAgents).fill(0);
    for (const parent of parents)
      for (let a = 0; a < before.length; a++) before[a] = Math.max(before[a]!, after[parent]![a]!);
    if (before[agent] !== own[agent])
      throw new Error(`transaction ${i} has not seen the one before it of its own agent`);
    own[agent] = own[agent]! + 1;
    after[i] = before.slice();
    after[i]![agent] = own[agent]!;
    return before;
  });
}

function followConcurrent<S, O>(type: ListType<S, O, string>, trace: Concurrent, road: Road): string {
  const versions = versionsOf(trace);
  const replicas = Array.from({ length: trace.numAgents }, () => type.create());
  const known = replicas.map(() => new Array<number>(trace.numAgents).fill(0));
  const log: ((state: S) => void)[][] = replicas.map(() => []);
  const last: number[] = new Array(trace.numAgents).fill(-1);
  const snapshots = new Map<number, S>();
  const children = trace.txns.map(() => 0);
  for (const { parents } of trace.txns) for (const parent of parents) children[parent] = children[parent]! + 1;
  const catchUp = (agent: number, version: readonly number[]): void => {
    for (let a = 0; a < version.length; a++) {
      for (let i = known[agent]![a]!; i < version[a]!; i++) log[a]![i]!(replicas[agent]!);
    }
  };
  const stateOf = (txn: number): S => {
    const { agent } = trace.txns[txn]!;
    return last[agent] === txn ? replicas[agent]! : snapshots.get(txn)!;
  };
  trace.txns.forEach(({ parents, agent, patches }, i) => {
    const state = replicas[agent]!;
    if (road !== "states") catchUp(agent, versions[i]!);
    else for (const parent of parents) if (parent !== last[agent]) type.merge(state, stateOf(parent));
    for (const parent of parents) {
      children[parent] = children[parent]! - 1;
      if (children[parent] === 0) snapshots.delete(parent);
    }
    if (road === "states" && last[agent]! >= 0 && children[last[agent]!]! > 0)
      snapshots.set(last[agent]!, copyState(type, state));
    known[agent] = versions[i]!.slice();
    const steps: ((other: S) => void)[] = [];
    edit(type, state, `agent${agent}`, patches, (op) => {
      const delta = road === "deltas" ? type.deltaOf(state, op) : null;
      steps.push((other) => (delta === null ? type.apply(other, op) : type.merge(other, delta)));
    });
    log[agent]!.push((other) => {
      for (const step of steps) step(other);
    });
    known[agent]![agent] = log[agent]!.length;
    last[agent] = i;
  });
  for (let a = 1; a < replicas.length; a++) type.merge(replicas[0]!, replicas[a]!);
  return type.read(replicas[0]!);
}

const SEQUENTIAL = ["sveltecomponent", "seph-blog1"];
const CONCURRENT = ["friendsforever", "clownschool"];
/** These take seconds; on a busy machine many. */
const SLOW = { timeout: 180_000 };
const ROADS: readonly Road[] = ["operations", "deltas", "states"];

function traceTests<S, O>(type: ListType<S, O, string>): void {
  describe(type.name, () => {
    it.each(SEQUENTIAL)("%s ends in its content by operations, deltas and states", SLOW, (name) => {
      followSequential(type, load<Sequential>(name));
    });
    it.each(CONCURRENT.flatMap((name) => ROADS.map((road) => [name, road] as const)))(
      "%s ends in its content by %s",
      SLOW,
      (name, road) => {
        const trace = load<Concurrent>(name);
        expect(followConcurrent(type, trace, road) === trace.endContent).toBe(true);
      },
    );
  });
}

traceTests(fugueText);
traceTests(rgaText);
traceTests(identifierText);
