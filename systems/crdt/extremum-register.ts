/** Registers that keep the largest, or the smallest, value ever written, in the order of the codec's keys. */
import { type CrdtType, TYPE_TAG } from "./crdt.ts";
import { compareKeys, type ValueCodec, validateValue } from "./value-codec.ts";

/** Undefined: never written. */
export type ExtremumRegister<T> = { value: T | undefined };
export type ExtremumOp<T> = { readonly value: T };
export type ExtremumRegisterType<T> = CrdtType<ExtremumRegister<T>, ExtremumOp<T>>;

export function maxRegister<T>(codec: ValueCodec<T>): ExtremumRegisterType<T> {
  return extremumRegister(codec, `max-register(${codec.name})`, TYPE_TAG.maxRegister, 1);
}

export function minRegister<T>(codec: ValueCodec<T>): ExtremumRegisterType<T> {
  return extremumRegister(codec, `min-register(${codec.name})`, TYPE_TAG.minRegister, -1);
}

function extremumRegister<T>(codec: ValueCodec<T>, name: string, tag: number, sign: 1 | -1): ExtremumRegisterType<T> {
  const take = (state: ExtremumRegister<T>, value: T | undefined): void => {
    if (value === undefined) return;
    const key = codec.keyOf(value); // the first value must be fit as well
    if (state.value === undefined || sign * compareKeys(key, codec.keyOf(state.value)) > 0) state.value = value;
  };
  return {
    name,
    signature: [tag, codec.tag],
    create: () => ({ value: undefined }),
    validateMerge: () => null,
    merge: (state, other) => take(state, other.value),
    validateOp: (_state, op) => validateValue(codec, op.value),
    apply: (state, op) => take(state, op.value),
    deltaOf: (_state, op) => ({ value: op.value }),
    writeState: (writer, state) => {
      writer.byte(state.value === undefined ? 0 : 1);
      if (state.value !== undefined) codec.write(writer, state.value);
    },
    readState: (reader) => {
      const flag = reader.byte("the presence of a value");
      if (flag > 1) reader.fail(`the presence of a value is ${flag}, expected 0 or 1.`);
      return { value: flag === 0 ? undefined : codec.read(reader) };
    },
    writeOp: (writer, op) => codec.write(writer, op.value),
    readOp: (reader) => ({ value: codec.read(reader) }),
  };
}
