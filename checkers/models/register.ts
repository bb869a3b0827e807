/**
 * Registers: read, write, compare-and-set; and the key-value store, which is a register for each key.
 *
 * Names are taken as they come: get is read, put is write. A compare-and-set takes [from, to]; an outcome of false says
 * that it compared unequal and changed nothing, any other outcome that it took effect. An absent key holds null.
 *
 * The models can be refined by the history that is to be judged: values that no read returned and no cas compares
 * with cannot be told apart, so they are one state, UNSEEN. What matters of a pending write that nobody saw is then only
 * that it hides what was there, and all such writes are alike: a search tries one of them instead of each.
 */
import { type Operation, type PlainJson, show } from "../history.ts";
import type { Model } from "../model.ts";
import { isSameValue, keyOfValue } from "../values.ts";

export type RegisterOptions = {
  /** What it holds before the first write; null unless given. */
  readonly init?: PlainJson;
};

export function registerModel(options: RegisterOptions = {}): Model<PlainJson> {
  return makeRegister("register", ["read", "write", "get", "put"], options);
}

export function casRegisterModel(options: RegisterOptions = {}): Model<PlainJson> {
  return makeRegister("cas-register", ["read", "write", "cas", "get", "put"], options);
}

export function kvModel(options: RegisterOptions = {}): Model<PlainJson> {
  return makeRegister("kv", ["get", "put", "delete", "cas", "read", "write"], options);
}

/** One of the models above for one history: all its operations, of all keys. Accepts and rejects the same as the plain one. */
export function refineRegister(model: Model<PlainJson>, operations: readonly Operation[]): Model<PlainJson> {
  const seen = new Set<string | number>();
  for (const operation of operations) {
    if (operation.f === "cas" && problemOf(operation) === undefined) seen.add(keyOfValue(casArgument(operation)[0]));
    else if (isRead(operation) && !operation.isPending) seen.add(keyOfValue(operation.output));
  }
  const blur = (value: PlainJson): PlainJson => (seen.has(keyOfValue(value)) ? value : UNSEEN);
  return {
    ...model,
    init: blur(model.init),
    step: (state, operation) => (state === UNSEEN ? stepUnseen(operation) : step(state, operation)).map(blur),
    hash: (state) => (state === UNSEEN ? "unseen" : keyOfValue(state)),
    describeState: (state) => (state === UNSEEN ? "some value that nobody read or compared with" : show(state)),
    classOf: (operation) => classOf(operation, blur),
  };
}

/** Compared by identity, never by content: it equals nothing that was read or compared with. */
const UNSEEN: PlainJson = Object.freeze({});

function stepUnseen(operation: Operation): readonly PlainJson[] {
  if (isRead(operation)) return operation.isPending ? [UNSEEN] : [];
  if (isWrite(operation)) return [writtenBy(operation)];
  return !operation.isPending && operation.output === false ? [UNSEEN] : [];
}

/** Writes are alike when they leave the same state; undefined leaves it to the search. */
function classOf(operation: Operation, blur: (value: PlainJson) => PlainJson): string | undefined {
  if (isRead(operation)) return undefined;
  const left = isWrite(operation) ? writtenBy(operation) : casArgument(operation)[1];
  if (blur(left) !== UNSEEN) return undefined;
  if (isWrite(operation)) return `hide ${operation.key ?? ""}`;
  const outcome = operation.isPending ? "?" : operation.output !== false;
  return `hide ${keyOfValue(casArgument(operation)[0])} ${outcome} ${operation.key ?? ""}`;
}

function problemOf(operation: Operation): string | undefined {
  const isFine = operation.f !== "cas" || (Array.isArray(operation.input) && operation.input.length === 2);
  return isFine ? undefined : "[from, to] as the value of a cas";
}

export function isRead(operation: Operation): boolean {
  return operation.f === "read" || operation.f === "get";
}

/** write, put or delete. */
export function isWrite(operation: Operation): boolean {
  return operation.f === "write" || operation.f === "put" || operation.f === "delete";
}

/** What a write or delete leaves behind. */
export function writtenBy(operation: Operation): PlainJson {
  return operation.f === "delete" ? null : operation.input;
}

/** [from, to] of a compare-and-set whose shape problemWith has accepted. */
export function casArgument(operation: Operation): readonly [PlainJson, PlainJson] {
  return operation.input as readonly [PlainJson, PlainJson];
}

function makeRegister(name: string, functions: readonly string[], options: RegisterOptions): Model<PlainJson> {
  return {
    name,
    functions,
    init: options.init ?? null,
    problemWith: problemOf,
    step,
    hash: keyOfValue,
    keyOf: (operation) => operation.key ?? "",
    describe,
    describeState: show,
    isPure,
    isBlind: isWrite,
    elementOf,
  };
}

function step(state: PlainJson, operation: Operation): readonly PlainJson[] {
  if (isRead(operation)) return operation.isPending || isSameValue(state, operation.output) ? [state] : [];
  if (isWrite(operation)) return [writtenBy(operation)];
  const [from, to] = casArgument(operation);
  const isEqual = isSameValue(state, from);
  if (operation.isPending || operation.output !== false) return isEqual ? [to] : [];
  return isEqual ? [] : [state];
}

function isPure(operation: Operation): boolean {
  if (isRead(operation)) return true;
  if (operation.f !== "cas") return false;
  const [from, to] = casArgument(operation);
  return isSameValue(from, to) || (!operation.isPending && operation.output === false);
}

/** Values written by others stand between no read and its write; a compare-and-set ties two values together. */
function elementOf(operation: Operation): string | undefined {
  if (isWrite(operation)) return `${keyOfValue(writtenBy(operation))}`;
  return isRead(operation) && !operation.isPending ? `${keyOfValue(operation.output)}` : undefined;
}

function describe(operation: Operation): string {
  const at = operation.key === undefined ? "" : `${show(operation.key)}, `;
  if (isRead(operation))
    return `${operation.f}(${at.slice(0, -2)}) -> ${operation.isPending ? "?" : show(operation.output)}`;
  if (operation.f === "delete") return `delete(${at.slice(0, -2)})${operation.isPending ? " -> ?" : ""}`;
  if (isWrite(operation)) return `${operation.f}(${at}${show(operation.input)})${operation.isPending ? " -> ?" : ""}`;
  const [from, to] = casArgument(operation);
  const outcome = operation.isPending ? "?" : operation.output === false ? "unequal" : "ok";
  return `cas(${at}${show(from)} to ${show(to)}) -> ${outcome}`;
}
