/**
 * What every type of the family offers, and the versioned encoding around it.
 *
 * A type is a record of functions over a mutable state. One state can be changed along three roads, which always agree:
 *   - operations: a mutator prepares an operation, `apply` brings it in (idempotent; deliver in causal order);
 *   - states: `merge` joins another whole state (commutative, associative, idempotent; any order);
 *   - deltas: `deltaOf` makes of an operation the smallest state that carries it, to be joined with `merge` in any order.
 * Shapiro et al. 2011, "Conflict-free replicated data types"; Almeida, Shoker, Baquero 2018, "Delta state replicated data types".
 *
 * `validateOp` and `validateMerge` return null, or why the input should not be let in; apply and merge themselves never throw on
 * a well-formed input. Operations and other states are never changed and nothing of them is shared afterwards.
 */
import { ByteReader, ByteWriter } from "./bytes.ts";
import { CrdtError, type Violation } from "./violation.ts";

export type CrdtType<S, O> = {
  readonly name: string;
  /** The bytes that name this type and what it is made of (value codecs, nested types) in the header of an encoding. */
  readonly signature: readonly number[];
  create(): S;
  validateMerge(state: S, other: S): Violation | null;
  /** Joins `other` into `state`. */
  merge(state: S, other: S): void;
  validateOp(state: S, op: O): Violation | null;
  apply(state: S, op: O): void;
  /** A state that, merged anywhere, has the effect of `op`. `state` is the one the operation was prepared on, before it was applied. */
  deltaOf(state: S, op: O): S;
  /** True when `deltaOf` needs no state, and `apply` does to any state, causes missing or not, what merging the delta does. */
  readonly isDeltaOp?: true;
  writeState(writer: ByteWriter, state: S): void;
  readState(reader: ByteReader): S;
  writeOp(writer: ByteWriter, op: O): void;
  readOp(reader: ByteReader): O;
  /** Only types that keep history which can be forgotten once everybody has it. */
  readonly trimming?: Trimming<S>;
};

/**
 * Forgetting history. Each update has a time, greater than those of all updates it was prepared on. Trimming at T needs that every update with
 * a time <= T that anybody has, or will ever have, is contained (replication/stability.ts establishes it). It never changes
 * what is read; states trimmed at different times merge to the later one.
 */
export type Trimming<S> = {
  /** The greatest time of an update contained; 0 for none. The next one prepared gets a greater one. */
  timeOf(state: S): number;
  /** The time up to which history was forgotten; 0 when nothing was. */
  trimmedAt(state: S): number;
  /** Forgets what only served to place updates with times up to `time`. */
  trim(state: S, time: number): void;
};

/** First bytes of the signatures: one number for each type, never renumbered. */
export const TYPE_TAG = {
  clock: 1,
  dvvSet: 2,
  gCounter: 3,
  pnCounter: 4,
  boundedCounter: 5,
  gSet: 6,
  twoPhaseSet: 7,
  orSet: 8,
  lwwRegister: 9,
  mvRegister: 10,
  enableWinsFlag: 11,
  disableWinsFlag: 12,
  maxRegister: 13,
  minRegister: 14,
  map: 15,
  counter: 16,
  fugueList: 17,
  rgaList: 18,
  identifierList: 19,
  growList: 20,
  moveTree: 21,
  merkleRegister: 22,
  context: 23,
} as const;

const MAGIC = 0xc7;
const VERSION = 1;
const KIND_STATE = 1;
const KIND_OP = 2;
/** What a writer of a state begins with: states of more than a few entries would grow it again and again. */
const STATE_LENGTH_FIRST = 1024;

function writeHeader(writer: ByteWriter, kind: number, signature: readonly number[]): void {
  writer.byte(MAGIC);
  writer.byte(VERSION);
  writer.byte(kind);
  for (const byte of signature) writer.byte(byte);
}

function readHeader<S, O>(reader: ByteReader, kind: number, type: CrdtType<S, O>): void {
  const magic = reader.byte("the magic byte");
  if (magic !== MAGIC) reader.failBefore(`this is no CRDT encoding: it begins with ${magic}, expected ${MAGIC}.`);
  const version = reader.byte("the version");
  if (version !== VERSION)
    reader.failBefore(`the encoding has version ${version}; this library reads version ${VERSION}.`);
  const found = reader.byte("the kind");
  if (found !== kind) {
    const words = ["", "a state", "an operation"];
    reader.failBefore(`this is ${words[found] ?? `of unknown kind ${found}`}, expected ${words[kind]}.`);
  }
  for (const expected of type.signature) {
    const byte = reader.byte("the type signature");
    if (byte !== expected)
      reader.failBefore(`the type signature is not that of ${type.name}: ${byte}, expected ${expected}.`);
  }
}

/** The canonical encoding: states that hold the same have the same bytes. */
export function encodeState<S, O>(type: CrdtType<S, O>, state: S): Uint8Array {
  const writer = new ByteWriter(STATE_LENGTH_FIRST);
  writeHeader(writer, KIND_STATE, type.signature);
  type.writeState(writer, state);
  return writer.finish();
}

/** Throws DecodeError for anything that encodeState of this type does not write. */
export function decodeState<S, O>(type: CrdtType<S, O>, bytes: Uint8Array): S {
  const reader = new ByteReader(bytes);
  readHeader(reader, KIND_STATE, type);
  const state = type.readState(reader);
  reader.end();
  return state;
}

export function encodeOp<S, O>(type: CrdtType<S, O>, op: O): Uint8Array {
  const writer = new ByteWriter();
  writeHeader(writer, KIND_OP, type.signature);
  type.writeOp(writer, op);
  return writer.finish();
}

/** Throws DecodeError for anything that encodeOp of this type does not write. */
export function decodeOp<S, O>(type: CrdtType<S, O>, bytes: Uint8Array): O {
  const reader = new ByteReader(bytes);
  readHeader(reader, KIND_OP, type);
  const op = type.readOp(reader);
  reader.end();
  return op;
}

/** True when both states hold the same. */
export function equalStates<S, O>(type: CrdtType<S, O>, a: S, b: S): boolean {
  return equalBytes(encodeState(type, a), encodeState(type, b));
}

export function copyState<S, O>(type: CrdtType<S, O>, state: S): S {
  const copy = type.create();
  type.merge(copy, state);
  return copy;
}

/**
 * Joins the delta of an operation into a delta that is being put together: `merge(delta, deltaOf(state, op))`, for less where the type
 * allows. `state` is the one the operation was prepared on, before it was applied.
 */
export function addToDelta<S, O>(type: CrdtType<S, O>, delta: S, state: S, op: O): void {
  if (type.isDeltaOp === true) type.apply(delta, op);
  else type.merge(delta, type.deltaOf(state, op));
}

/** Applies an operation, or throws CrdtError and leaves the state as it was. */
export function applyValidated<S, O>(type: CrdtType<S, O>, state: S, op: O): void {
  const found = type.validateOp(state, op);
  if (found !== null) throw new CrdtError(found);
  type.apply(state, op);
}

/**
 * Before a replica takes its own operation: throws CrdtError for a value that no encoding can hold, which would make its journal
 * unreadable; with `isCausal` also for one that has seen what is not here, which no peer could ever deliver.
 */
export function demandFit<S, O>(type: CrdtType<S, O>, state: S, op: O, isCausal: boolean): void {
  const found = type.validateOp(state, op);
  if (found?.code === "out-of-range" || (isCausal && found?.code === "missing-dots")) throw new CrdtError(found);
}

/** Merges another state, or throws CrdtError and leaves the state as it was. */
export function mergeValidated<S, O>(type: CrdtType<S, O>, state: S, other: S): void {
  const found = type.validateMerge(state, other);
  if (found !== null) throw new CrdtError(found);
  type.merge(state, other);
}

export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] !== b[i]) return false;
  }
  return true;
}
