/**
 * What replicas write into journals and whole-state transfers: contents together with the updates that they stand for.
 *
 * A record says which updates it brings, so that containing an update and having its effect are one thing, on disk as in memory.
 */
import { ByteReader, ByteWriter } from "../bytes.ts";
import { type Actor, Clock } from "../clock.ts";

/** `key` is "" where a replica keeps one object. `bytes` is an encoded state, delta or operation. */
export type StoreRecord =
  /** Updates `from` to `through` of one actor, joined. Follows a state that contains those before `from`. */
  | {
      readonly kind: "delta";
      readonly key: string;
      readonly actor: Actor;
      readonly from: number;
      readonly through: number;
      readonly bytes: Uint8Array;
    }
  /** Everything in `seen`. */
  | { readonly kind: "state"; readonly key: string; readonly seen: Clock; readonly bytes: Uint8Array }
  | OperationRecord;

/**
 * Update `sequence` of the actor. `needs` is the vector clock of what it has seen, as far as it has changed since the actor's update before; what
 * that one has seen is implied.
 */
export type OperationRecord = {
  readonly kind: "operation";
  readonly actor: Actor;
  readonly sequence: number;
  readonly needs: Clock;
  readonly bytes: Uint8Array;
};

const KINDS = ["delta", "state", "operation"] as const;

export function encodeRecord(record: StoreRecord): Uint8Array {
  const writer = new ByteWriter();
  writeRecord(writer, record);
  return writer.finish();
}

/** Throws DecodeError. */
export function decodeRecord(bytes: Uint8Array): StoreRecord {
  const reader = new ByteReader(bytes);
  const record = readRecord(reader);
  reader.end();
  return record;
}

export function writeRecord(writer: ByteWriter, record: StoreRecord): void {
  writer.byte(KINDS.indexOf(record.kind));
  if (record.kind !== "operation") writer.text(record.key);
  if (record.kind === "state") record.seen.write(writer);
  else writer.name(record.actor);
  if (record.kind === "delta") {
    writer.uint(record.from);
    writer.uint(record.through - record.from);
  } else if (record.kind === "operation") {
    writer.uint(record.sequence);
    record.needs.write(writer);
  }
  writer.blob(record.bytes);
}

export function readRecord(reader: ByteReader): StoreRecord {
  const kind = KINDS[reader.byte("the kind of a record")];
  if (kind === undefined) reader.fail("the kind of a record is not 0, 1 or 2.");
  if (kind === "operation") {
    const actor = reader.name("an actor");
    const sequence = readSequence(reader);
    return { kind, actor, sequence, needs: Clock.read(reader), bytes: reader.blob("an operation") };
  }
  const key = reader.text("a key");
  if (kind === "state") return { kind, key, seen: Clock.read(reader), bytes: reader.blob("a state") };
  const actor = reader.name("an actor");
  const from = readSequence(reader);
  return { kind, key, actor, from, through: from + reader.uint("a range"), bytes: reader.blob("a delta") };
}

function readSequence(reader: ByteReader): number {
  const sequence = reader.uint("the number of an update");
  if (sequence === 0) reader.fail("the number of an update is zero.");
  return sequence;
}
