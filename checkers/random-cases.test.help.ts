/**
 * What the differential tests draw: for each model its calls, and the special algorithm that must agree.
 */
import * as fc from "fast-check";
import type { Operation, PlainJson } from "./history.ts";
import type { Model } from "./model.ts";
import { dequeModel, priorityQueueModel, queueModel, stackModel } from "./models/containers.ts";
import { counterModel } from "./models/counter.ts";
import { monotonicIdsModel, uniqueIdsModel } from "./models/ids.ts";
import { kvAppendModel, kvAppendModelFor } from "./models/kv-append.ts";
import { mutexModel, semaphoreModel } from "./models/locks.ts";
import { logModel } from "./models/log.ts";
import { multiRegisterModel } from "./models/multi-register.ts";
import { casRegisterModel, kvModel, refineRegister, registerModel } from "./models/register.ts";
import { setModel } from "./models/set.ts";
import type { Call, RandomHistoryOptions } from "./random-history.test.help.ts";
import { counterByValues } from "./special/counter.ts";
import { dequeByValues } from "./special/deque.ts";
import { holdsByOwner } from "./special/holds.ts";
import { monotonicIds, uniqueIds } from "./special/ids.ts";
import { logByPositions } from "./special/log.ts";
import { priorityQueueByValues } from "./special/priority-queue.ts";
import { queueByValues } from "./special/queue.ts";
import { registerZones } from "./special/register-zones.ts";
import type { Special } from "./special/special.ts";
import { stackByValues } from "./special/stack.ts";

/** A model whose type of state does not matter to the tests. */
type AnyModel = Model<unknown>;

export type Case = {
  readonly name: string;
  readonly model: AnyModel;
  readonly call: fc.Arbitrary<Call>;
  readonly options?: RandomHistoryOptions;
  readonly special?: Special;
  /** The model that is used for this one history. */
  readonly refine?: (operations: readonly Operation[]) => AnyModel;
  readonly prepare?: (operations: readonly Operation[]) => readonly Operation[];
};

const small = fc.integer({ min: 0, max: 2 });

function calls(...given: readonly (readonly [string, fc.Arbitrary<PlainJson>])[]): fc.Arbitrary<Call> {
  return fc.oneof(...given.map(([f, input]) => fc.record({ f: fc.constant(f), input })));
}

const nothing = fc.constant(null);
/** Inputs that the generator replaces by a value of its own for each call. */
const fresh = fc.constant("fresh");

function widen<S>(model: Model<S>): AnyModel {
  return model as unknown as AnyModel;
}

/** The micro-operations with what each of them reads filled in. */
function transactionAnswers(state: unknown, call: Call): readonly PlainJson[] {
  const registers = { ...(state as Record<string, PlainJson>) };
  const answer = (call.input as readonly (readonly [string, string, PlainJson])[]).map(([f, key, value]) => {
    if (f === "read") return [f, key, registers[key] ?? null];
    registers[key] = value;
    return [f, key, value];
  });
  return [answer];
}

const registerCalls = calls(["read", nothing], ["write", small]);
const casCalls = calls(["read", nothing], ["write", small], ["cas", fc.tuple(small, small)]);

const MANY_LOST: RandomHistoryOptions = { lostPercent: 30, operationsMax: 11 };

export const CASES: readonly Case[] = [
  { name: "register", model: widen(registerModel()), call: registerCalls },
  {
    name: "register with different values",
    model: widen(registerModel()),
    call: calls(["read", nothing], ["write", fresh], ["read", nothing]),
    special: registerZones(null),
  },
  { name: "cas-register", model: widen(casRegisterModel({ init: 0 })), call: casCalls },
  {
    name: "cas-register, many pending",
    model: widen(casRegisterModel({ init: 0 })),
    call: casCalls,
    options: { lostPercent: 40 },
  },
  {
    name: "kv",
    model: widen(kvModel()),
    call: calls(["get", nothing], ["put", small], ["delete", nothing], ["cas", fc.tuple(small, small)]),
  },
  {
    name: "kv refined, mostly different values",
    model: widen(kvModel()),
    refine: (operations) => widen(refineRegister(kvModel(), operations)),
    call: calls(
      ["get", nothing],
      ["put", fresh],
      ["put", small],
      ["delete", nothing],
      ["cas", fc.tuple(small, fc.integer({ min: 1, max: 5 }))],
    ),
    options: { lostPercent: 25, operationsMax: 9 },
  },
  {
    name: "register refined",
    model: widen(registerModel({ init: 7 })),
    refine: (operations) => widen(refineRegister(registerModel({ init: 7 }), operations)),
    call: registerCalls,
    options: { lostPercent: 25 },
  },
  {
    name: "kv-append",
    model: widen(kvAppendModel()),
    call: calls(["get", nothing], ["append", fc.constantFrom("a", "b")], ["put", fc.constantFrom("a", "ab")]),
    refine: (operations) => widen(kvAppendModelFor(operations)),
  },
  {
    name: "kv-append with different values",
    model: widen(kvAppendModel()),
    call: calls(["get", nothing], ["append", fc.constant("fresh text")], ["put", fc.constant("fresh text")]),
    refine: (operations) => widen(kvAppendModelFor(operations)),
    options: { lostPercent: 20, operationsMax: 10 },
  },
  {
    name: "multi-register",
    model: widen(multiRegisterModel({ x: 0, y: 0 })),
    options: { answers: transactionAnswers },
    call: calls([
      "txn",
      fc.array(fc.tuple(fc.constantFrom("read", "write"), fc.constantFrom("x", "y"), small), {
        minLength: 1,
        maxLength: 2,
      }),
    ]),
  },
  {
    name: "mutex",
    model: widen(mutexModel(false)),
    call: calls(["acquire", nothing], ["release", nothing]),
  },
  {
    name: "mutex with owners",
    model: widen(mutexModel(true)),
    call: calls(["acquire", nothing], ["release", nothing]),
    special: holdsByOwner(1),
  },
  {
    name: "semaphore with owners",
    model: widen(semaphoreModel(2, true)),
    call: calls(["acquire", nothing], ["release", nothing], ["acquire", nothing]),
    special: holdsByOwner(2),
  },
  {
    name: "semaphore",
    model: widen(semaphoreModel(2, false)),
    call: calls(["acquire", nothing], ["release", nothing]),
  },
  {
    name: "set",
    model: widen(setModel(true)),
    call: calls(["add", small], ["remove", small], ["contains", small], ["read", nothing]),
    options: { answers: (state, { f }) => (f === "read" ? [(state as readonly string[]).map(Number)] : [true, false]) },
  },
  {
    name: "one element of a set",
    model: widen(setModel(false)),
    call: calls(["add", fc.constant(1)], ["remove", fc.constant(1)], ["contains", fc.constant(1)]),
  },
  { name: "queue", model: widen(queueModel()), call: calls(["enq", small], ["deq", nothing]) },
  {
    name: "queue with different values",
    model: widen(queueModel()),
    call: calls(["enq", fresh], ["deq", nothing]),
    special: queueByValues,
    options: { operationsMax: 10 },
  },
  { name: "stack", model: widen(stackModel()), call: calls(["push", small], ["pop", nothing]) },
  {
    name: "stack with different values",
    model: widen(stackModel()),
    call: calls(["push", fresh], ["pop", nothing]),
    special: stackByValues,
    options: { operationsMax: 10 },
  },
  {
    name: "queue, many pending",
    model: widen(queueModel()),
    call: calls(["enq", fresh], ["enq", fresh], ["deq", nothing]),
    special: queueByValues,
    options: MANY_LOST,
  },
  {
    name: "stack, many pending",
    model: widen(stackModel()),
    call: calls(["push", fresh], ["push", fresh], ["pop", nothing]),
    special: stackByValues,
    options: MANY_LOST,
  },
  {
    name: "priority-queue, many pending",
    model: widen(priorityQueueModel()),
    call: calls(["insert", fresh], ["insert", fresh], ["poll", nothing]),
    special: priorityQueueByValues,
    options: MANY_LOST,
  },
  {
    name: "priority-queue with different values",
    model: widen(priorityQueueModel()),
    call: calls(["insert", fresh], ["poll", nothing]),
    special: priorityQueueByValues,
    options: { operationsMax: 10 },
  },
  {
    name: "deque",
    model: widen(dequeModel()),
    call: calls(["pushFront", fresh], ["pushBack", fresh], ["popFront", nothing], ["popBack", nothing]),
    special: dequeByValues,
    options: { operationsMax: 10 },
  },
  {
    name: "counter that answers",
    model: widen(counterModel(0)),
    // An add echoes its argument: that is no answer.
    call: fc.oneof(
      { weight: 9, arbitrary: calls(["inc", small], ["faa", fc.integer({ min: 1, max: 2 })], ["read", nothing]) },
      { weight: 1, arbitrary: calls(["add", small]) },
    ),
    special: counterByValues(0),
    options: { lostPercent: 5, answers: (state) => [0, 1, 2].map((more) => Number(state) + more) },
  },
  { name: "counter", model: widen(counterModel(0)), call: calls(["add", small], ["read", nothing]) },
  {
    name: "log",
    model: widen(logModel()),
    call: calls(["append", fresh], ["read", nothing]),
    special: logByPositions,
  },
  { name: "unique-ids", model: widen(uniqueIdsModel()), call: calls(["generate", nothing]), special: uniqueIds },
  {
    name: "monotonic-ids",
    model: widen(monotonicIdsModel()),
    call: calls(["generate", nothing]),
    special: monotonicIds,
  },
];
