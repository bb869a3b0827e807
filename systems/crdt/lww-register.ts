/**
 * The last-writer-wins register: the value with the greatest marker (time, then actor) stays.
 *
 * Ties are decided: equal times by actor name, and one marker on two values (an actor that broke the contract) by the encoded bytes, so
 * that replicas converge even then; validation reports it. A write takes a time above what it replaces, so a slow or
 * backward clock never loses a write that has read the present value. A fast clock would win for ever: markers further ahead
 * of the local clock than `aheadUsMax` are rejected by validation, and a write on top of one is refused.
 */
import { ByteWriter } from "./bytes.ts";
import { type Actor, compareText } from "./clock.ts";
import { type CrdtType, equalBytes, TYPE_TAG } from "./crdt.ts";
import type { ValueCodec } from "./value-codec.ts";
import { CrdtError, type Violation, violation } from "./violation.ts";

export type LwwOp<T> = { readonly timeUs: number; readonly actor: Actor; readonly value: T };
/** Null: never written. */
export type LwwRegister<T> = { current: LwwOp<T> | null };

export type LwwOptions<T> = {
  readonly codec: ValueCodec<T>;
  /** The local wall clock. */
  readonly nowUs: () => number;
  /** How far ahead of the local clock a marker may be. */
  readonly aheadUsMax: number;
};

export type LwwRegisterType<T> = CrdtType<LwwRegister<T>, LwwOp<T>> & {
  /** Prepares a write. Throws CrdtError "clock-abuse" when the present value is too far in the future to be overwritten honestly. */
  write(state: LwwRegister<T>, actor: Actor, value: T): LwwOp<T>;
  read(state: LwwRegister<T>): T | undefined;
};

export function lwwRegister<T>(options: LwwOptions<T>): LwwRegisterType<T> {
  const { codec } = options;
  const take = (state: LwwRegister<T>, op: LwwOp<T> | null): void => {
    if (op !== null && (state.current === null || compareWrites(codec, op, state.current) > 0)) state.current = op;
  };
  return {
    name: `lww-register(${codec.name})`,
    signature: [TYPE_TAG.lwwRegister, codec.tag],
    create: () => ({ current: null }),
    validateMerge: (state, other) => (other.current === null ? null : validate(options, state, other.current)),
    merge: (state, other) => take(state, other.current),
    validateOp: (state, op) => validate(options, state, op),
    apply: take,
    deltaOf: (_state, op) => ({ current: op }),
    writeState: (writer, state) => {
      writer.byte(state.current === null ? 0 : 1);
      if (state.current !== null) writeWrite(codec, writer, state.current);
    },
    readState: (reader) => {
      const flag = reader.byte("the presence of a value");
      if (flag > 1) reader.fail(`the presence of a value is ${flag}, expected 0 or 1.`);
      if (flag === 0) return { current: null };
      return {
        current: { timeUs: reader.uint("the time"), actor: reader.name("the actor"), value: codec.read(reader) },
      };
    },
    writeOp: (writer, op) => writeWrite(codec, writer, op),
    readOp: (reader) => ({
      timeUs: reader.uint("the time"),
      actor: reader.name("the actor"),
      value: codec.read(reader),
    }),
    write: (state, actor, value) => {
      codec.keyOf(value);
      const nowUs = options.nowUs();
      const timeUs = Math.max(nowUs, (state.current?.timeUs ?? -1) + 1);
      if (timeUs <= nowUs + options.aheadUsMax) return { timeUs, actor, value };
      throw new CrdtError(
        violation("clock-abuse", `a write at ${timeUs} us would be ${timeUs - nowUs} us ahead of the local clock.`),
      );
    },
    read: (state) => state.current?.value,
  };
}

function validate<T>(options: LwwOptions<T>, state: LwwRegister<T>, op: LwwOp<T>): Violation | null {
  if (!Number.isSafeInteger(op.timeUs) || op.timeUs < 0) {
    return violation("out-of-range", `the time of the write is ${op.timeUs}, expected whole microseconds.`);
  }
  const aheadUs = op.timeUs - options.nowUs();
  if (aheadUs > options.aheadUsMax) {
    return violation(
      "clock-abuse",
      `"${op.actor}" wrote ${aheadUs} us ahead of the local clock, allowed are ${options.aheadUsMax}.`,
    );
  }
  const { current } = state;
  if (current === null || current.timeUs !== op.timeUs || current.actor !== op.actor) return null;
  if (compareWrites(options.codec, current, op) === 0) return null;
  return violation("conflicting-marker", `"${op.actor}" wrote two values at ${op.timeUs} us.`);
}

function compareWrites<T>(codec: ValueCodec<T>, a: LwwOp<T>, b: LwwOp<T>): number {
  return a.timeUs - b.timeUs || compareText(a.actor, b.actor) || compareEncoded(codec, a.value, b.value);
}

function compareEncoded<T>(codec: ValueCodec<T>, a: T, b: T): number {
  const [left, right] = [a, b].map((value) => {
    const writer = new ByteWriter();
    codec.write(writer, value);
    return writer.finish();
  }) as [Uint8Array, Uint8Array];
  if (equalBytes(left, right)) return 0;
  for (let i = 0; i < left.length && i < right.length; i++) {
    if (left[i] !== right[i]) return left[i]! - right[i]!;
  }
  return left.length - right.length;
}

function writeWrite<T>(codec: ValueCodec<T>, writer: ByteWriter, op: LwwOp<T>): void {
  writer.uint(op.timeUs);
  writer.name(op.actor);
  codec.write(writer, op.value);
}
