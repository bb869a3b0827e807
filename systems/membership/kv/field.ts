/**
 * The field of a KV value as a CRDT: a set, a register, a flag and a counter side by side, of which the name of the field uses one.
 *
 * A product of dot stores is a dot store: an operation goes to one part, everything else to all. So one map holds fields of different
 * kinds, and removing a field removes what was seen of it (reset-remove, see or-map.ts).
 */
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import type { DotContext } from "../../crdt/dot-context.ts";
import type { DotStore } from "../../crdt/dot-store.ts";
import type { MvOp, MvStore } from "../../crdt/mv-store.ts";
import { type OrSetOp, type OrSetStore, orSet } from "../../crdt/or-set.ts";
import { counter, enableWinsFlag, mvRegister } from "../../crdt/registers.ts";
import { textCodec } from "../../crdt/value-codec.ts";
import type { Violation } from "../../crdt/violation.ts";

export const SET: ReturnType<typeof orSet<string>> = orSet(textCodec);
export const REGISTER: ReturnType<typeof mvRegister<string>> = mvRegister(textCodec);

export type Field = {
  readonly set: OrSetStore<string>;
  readonly register: MvStore<string>;
  readonly flag: MvStore<boolean>;
  readonly counter: MvStore<number>;
};

export type FieldOp =
  | { readonly of: "set"; readonly op: OrSetOp<string> }
  | { readonly of: "register"; readonly op: MvOp<string> }
  | { readonly of: "flag"; readonly op: MvOp<boolean> }
  | { readonly of: "counter"; readonly op: MvOp<number> };

/** The order is that of the encoding. */
const KINDS = ["set", "register", "flag", "counter"] as const;
type Kind = (typeof KINDS)[number];

/** Beyond the tags of the library's own types. */
const FIELD_TAG = 240;

/** One part, as if all parts were of the same types: kind and operation always come together. */
type AnyStore = DotStore<unknown, unknown>;
const PARTS: { readonly [kind in Kind]: AnyStore } = {
  set: SET.store as AnyStore,
  register: REGISTER.store as AnyStore,
  flag: enableWinsFlag.store as AnyStore,
  counter: counter.store as AnyStore,
};

function everyPart<R>(make: (part: AnyStore, kind: Kind) => R): { readonly [kind in Kind]: R } {
  const [set, register, flag, count] = KINDS.map((kind) => make(PARTS[kind], kind)) as [R, R, R, R];
  return { set, register, flag, counter: count };
}

function emptyField(): Field {
  return everyPart((part) => part.create()) as Field;
}

export const fieldStore: DotStore<Field, FieldOp> = {
  name: "field",
  signature: [FIELD_TAG, ...KINDS.flatMap((kind) => PARTS[kind].signature)],
  create: emptyField,
  isEmpty: (field, seen) => KINDS.every((kind) => PARTS[kind].isEmpty(field[kind], seen)),
  join: (field, seen, other, otherSeen) => {
    for (const kind of KINDS) PARTS[kind].join(field[kind], seen, other[kind], otherSeen);
  },
  reset: (field, clock) => {
    for (const kind of KINDS) PARTS[kind].reset(field[kind], clock);
  },
  dotOf: ({ of, op }) => PARTS[of].dotOf(op),
  apply: (field, seen, { of, op }) => PARTS[of].apply(field[of], seen, op),
  forEachLive: (field, visit) => {
    for (const kind of KINDS) PARTS[kind].forEachLive(field[kind], visit);
  },
  deltaOf: ({ of, op }) => ({ ...emptyField(), [of]: PARTS[of].deltaOf(op) }),
  validateOp: (field, seen, { of, op }) => PARTS[of].validateOp(field[of], seen, op),
  validateJoin: (field, seen, other) =>
    firstViolation((kind) => PARTS[kind].validateJoin(field[kind], seen, other[kind])),
  settle: (field, seen) => {
    for (const kind of KINDS) PARTS[kind].settle(field[kind], seen);
  },
  write: (writer: ByteWriter, field: Field, seen: DotContext) => {
    for (const kind of KINDS) PARTS[kind].write(writer, field[kind], seen);
  },
  read: (reader: ByteReader, seen: DotContext) => everyPart((part) => part.read(reader, seen)) as Field,
  writeOp: (writer, { of, op }) => {
    writer.byte(KINDS.indexOf(of));
    PARTS[of].writeOp(writer, op);
  },
  readOp: (reader: ByteReader) => {
    const of = KINDS[reader.byte("the kind of a field operation")];
    if (of === undefined) reader.failBefore("the kind of a field operation is not 0, 1, 2 or 3.");
    return { of, op: PARTS[of].readOp(reader) } as FieldOp;
  },
};

function firstViolation(validate: (kind: Kind) => Violation | null): Violation | null {
  for (const kind of KINDS) {
    const found = validate(kind);
    if (found !== null) return found;
  }
  return null;
}
