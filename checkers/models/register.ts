/**
 * Registers: read, write, compare-and-set; and the key-value store, which is a register for each key.
 *
 * Names are taken as they come: get is read, put is write. A compare-and-set takes [from, to]; an outcome of false says
 * that it compared unequal and changed nothing, any other outcome that it took effect. An absent key holds null.
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
    problemWith: (operation) =>
      operation.f === "cas" && !(Array.isArray(operation.input) && operation.input.length === 2)
        ? "[from, to] as the value of a cas"
        : undefined,
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
