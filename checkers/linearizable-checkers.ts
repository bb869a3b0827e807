/**
 * The checkers of linearizability by name: a model for each, and how its options are read.
 */
import { INDEPENDENT, looksIndependent, splitIndependent } from "./independent.ts";
import type { HistoryChecker } from "./checker.ts";
import { operationsOf, type RecordedHistory } from "./formats/read-history.ts";
import { HistoryError, type Operation, type PlainJson, show } from "./history.ts";
import { checkLinearizability, partition } from "./linearizability.ts";
import type { Model } from "./model.ts";
import { dequeModel, priorityQueueModel, queueModel, stackModel } from "./models/containers.ts";
import { counterModel } from "./models/counter.ts";
import { monotonicIdsModel } from "./models/ids.ts";
import { kvAppendModelFor } from "./models/kv-append.ts";
import { mutexModel, semaphoreModel } from "./models/locks.ts";
import { logModel } from "./models/log.ts";
import { multiRegisterModel, registersNamed } from "./models/multi-register.ts";
import { casRegisterModel, kvModel, refineRegister, registerModel } from "./models/register.ts";
import { setModel } from "./models/set.ts";
import { booleanOption, type CheckerOptions, integerOption, OptionError } from "./named-checker.ts";
import { counterByValues } from "./special/counter.ts";
import { dequeByValues } from "./special/deque.ts";
import { holdsByOwner } from "./special/holds.ts";
import { monotonicIds } from "./special/ids.ts";
import { checkLease, leaseProblem } from "./special/lease.ts";
import { logByPositions } from "./special/log.ts";
import { priorityQueueByValues } from "./special/priority-queue.ts";
import { queueByValues } from "./special/queue.ts";
import { registerZones } from "./special/register-zones.ts";
import type { Special } from "./special/special.ts";
import { stackByValues } from "./special/stack.ts";
import type { Verdict } from "./verdict.ts";

const INIT = { init: "the state before the first operation, as JSON" };

const OWNERS = { owners: "true when only the process that acquired may release" };

/** Leases need true time, which no sequential model has. */
const LEASE: HistoryChecker = {
  name: "lease",
  summary: "locks that expire at a true time: acquire (answers with its end, or [end, token]), release",
  options: INDEPENDENT,
  check: (history, { options }) => {
    const operations = objectsOf(operationsOf(history), options);
    demandShape(operations, { name: "lease", functions: ["acquire", "release"], problemWith: leaseProblem });
    const parts = partition(operations, { keyOf: (operation) => operation.key ?? "" });
    let unknown: Verdict | undefined;
    for (const part of parts) {
      const result = checkLease(part);
      if (result.kind === "invalid") return { ...result, checker: "lease", operations: operations.length };
      if (result.kind === "unsuited") unknown ??= unknownLease(operations.length, result.reason);
    }
    if (unknown !== undefined) return unknown;
    return { kind: "valid", checker: "lease", operations: operations.length };
  },
};

export const LINEARIZABLE_CHECKERS: readonly HistoryChecker[] = [
  linearizable("register", "linearizable register: read, write", INIT, (options, operations) => {
    const { init = null } = options;
    return { model: refineRegister(registerModel({ init }), operations), special: registerZones(init) };
  }),
  linearizable(
    "cas-register",
    "linearizable register with compare-and-set: read, write, cas",
    INIT,
    (options, operations) => {
      const { init = null } = options;
      return { model: refineRegister(casRegisterModel({ init }), operations), special: registerZones(init) };
    },
  ),
  linearizable("kv", "linearizable key-value store: get, put, delete, cas", INIT, (options, operations) => {
    const { init = null } = options;
    return { model: refineRegister(kvModel({ init }), operations), special: registerZones(init) };
  }),
  linearizable("kv-append", "linearizable store of strings: get, put, append", {}, (_, operations) => ({
    model: kvAppendModelFor(operations),
  })),
  linearizable(
    "multi-register",
    "linearizable registers, read and written together: txn",
    { init: "the registers before the first operation, as a JSON object" },
    (options, operations) => ({ model: multiRegisterModel(registersNamed(objectOf(options, "init"), operations)) }),
  ),
  linearizable("mutex", "linearizable lock: acquire, release", OWNERS, (options) => {
    const hasOwners = booleanOption(options, "owners", false);
    return { model: mutexModel(hasOwners), ...(hasOwners ? { special: holdsByOwner(1) } : {}) };
  }),
  linearizable(
    "semaphore",
    "linearizable semaphore: acquire, release",
    { ...OWNERS, permits: "how many may hold it at a time" },
    (options) => {
      const hasOwners = booleanOption(options, "owners", false);
      const permits = integerOption(options, "permits", 1, 1);
      return { model: semaphoreModel(permits, hasOwners), ...(hasOwners ? { special: holdsByOwner(permits) } : {}) };
    },
  ),
  linearizable("set", "linearizable set: add, remove, contains, read", {}, (_, operations) => ({
    model: setModel(operations.some((operation) => operation.f === "read")),
  })),
  linearizable("queue", "linearizable queue: enq, deq", {}, () => ({ model: queueModel(), special: queueByValues })),
  linearizable("stack", "linearizable stack: push, pop", {}, () => ({ model: stackModel(), special: stackByValues })),
  linearizable("priority-queue", "linearizable priority queue, least first: insert, poll", {}, () => ({
    model: priorityQueueModel(),
    special: priorityQueueByValues,
  })),
  linearizable("deque", "linearizable deque: pushFront, pushBack, popFront, popBack", {}, () => ({
    model: dequeModel(),
    special: dequeByValues,
  })),
  linearizable("counter", "linearizable counter: inc, faa, read", INIT, (options) => {
    const init = integerOption(options, "init", 0, Number.MIN_SAFE_INTEGER);
    return { model: counterModel(init), special: counterByValues(init) };
  }),
  linearizable("log", "linearizable append-only log: append, read", {}, () => ({
    model: logModel(),
    special: logByPositions,
  })),
  linearizable("monotonic-ids", "ids that rise along real time: generate", {}, () => ({
    model: monotonicIdsModel(),
    special: monotonicIds,
  })),
  LEASE,
];

function unknownLease(operations: number, reason: string): Verdict {
  const progress = { operationsPassed: 0, steps: 0, bytes: 0, widest: 0 };
  return { kind: "unknown", checker: "lease", operations, reason, progress };
}

type Setup<S> = { readonly model: Model<S>; readonly special?: Special };

function linearizable<S>(
  name: string,
  summary: string,
  options: Readonly<Record<string, string>>,
  prepare: (options: CheckerOptions, operations: readonly Operation[]) => Setup<S>,
): HistoryChecker {
  return {
    name,
    summary,
    options: { ...options, ...INDEPENDENT },
    jsonOptions: ["init"],
    check: (history, given) => {
      const operations = objectsOf(operationsOf(history), given.options);
      const fromFile = history.init !== undefined && "init" in options && !("init" in given.options);
      const effective = fromFile ? { ...given.options, init: history.init } : given.options;
      const { model: ofOne, special } = prepare(effective, operations);
      demandShape(operations, ofOne);
      // Without a key of its own a model judges one object, and the keys of the history name several.
      const model = ofOne.keyOf === undefined ? { ...ofOne, keyOf: keyOfOperation } : ofOne;
      return checkLinearizability(operations, model, {
        budget: given.budget,
        isShrinking: given.isShrinking,
        ...(special === undefined ? {} : { special }),
      });
    },
  };
}

function keyOfOperation(operation: Operation): string {
  return operation.key ?? "";
}

/** The operations with their keys, where the values hold them. Throws OptionError, HistoryError. */
function objectsOf(operations: readonly Operation[], options: CheckerOptions): readonly Operation[] {
  const isIndependent = booleanOption(options, "independent", looksIndependent(operations));
  return isIndependent ? splitIndependent(operations) : operations;
}

/** Throws HistoryError for an operation that the model does not know, or whose argument or outcome has another shape. */
function demandShape(
  operations: readonly Operation[],
  model: Pick<Model<never>, "name" | "functions" | "problemWith">,
): void {
  const known = new Set(model.functions);
  for (const operation of operations) {
    const where = `operation ${operation.id} of process ${operation.process}`;
    if (!known.has(operation.f)) {
      const expected = `${model.functions.join(", ")} for the model ${model.name}`;
      throw new HistoryError(0, expected, `${show(operation.f)} (${where})`);
    }
    const problem = model.problemWith?.(operation);
    if (problem !== undefined) {
      throw new HistoryError(0, problem, `${show(operation.input)} -> ${show(operation.output)} (${where})`);
    }
  }
}

function objectOf(options: CheckerOptions, name: string): Readonly<Record<string, PlainJson>> {
  const value = options[name] ?? {};
  if (typeof value === "object" && value !== null && !Array.isArray(value)) {
    return value as Readonly<Record<string, PlainJson>>;
  }
  throw new OptionError(`option ${name}: expected a JSON object, found ${show(value)}.`);
}

/** The model that the functions of a history point to; undefined when several would fit. */
export function guessModel(history: RecordedHistory): string | undefined {
  if (history.model !== undefined) return history.model;
  const functions = new Set<string>();
  let hasKeys = false;
  for (const event of history.events) {
    functions.add(event.f);
    if (event.key !== undefined) hasKeys = true;
  }
  const are = (...names: string[]): boolean => functions.size > 0 && [...functions].every((f) => names.includes(f));
  if (are("txn")) return guessTransactions(history);
  if (are("read") || are("get")) return undefined;
  if (are("get", "put", "append") && functions.has("append")) return "kv-append";
  if (are("get", "put", "delete", "cas")) return hasKeys || functions.has("delete") ? "kv" : "cas-register";
  if (are("read", "write")) return "register";
  if (are("read", "write", "cas")) return "cas-register";
  if (are("acquire", "release")) return "mutex";
  if (are("enq", "deq")) return "queue";
  if (are("push", "pop")) return "stack";
  if (are("transfer", "read")) return "bank";
  if (are("generate")) return "unique-ids";
  return undefined;
}

/** By the names of the micro-operations: Elle's append or w, Knossos' read and write. */
function guessTransactions(history: RecordedHistory): string | undefined {
  const names = new Set<PlainJson>();
  for (const { value } of history.events) {
    if (!Array.isArray(value)) continue;
    for (const micro of value as readonly PlainJson[]) if (Array.isArray(micro)) names.add(micro[0] as PlainJson);
  }
  if (names.has("append")) return "list-append";
  if (names.has("w")) return "rw-register";
  return names.has("read") || names.has("write") ? "multi-register" : undefined;
}
