/** What replicas of many keyed objects say to each other, and its bytes: see message.ts for the frame. */
import type { Codec } from "../../../sim/host.ts";
import { type ByteReader, ByteWriter } from "../bytes.ts";
import { frame } from "./frame.ts";
import { FANOUT, type KeyDigest, LEVELS, toHex } from "./merkle-tree.ts";
import { type Boots, readWhole } from "./message.ts";
import { readRecord, type StoreRecord, writeRecord } from "./record.ts";

export type ObjectRecord = StoreRecord & { readonly kind: "state" };
export type NodeDigest = { readonly index: number; readonly digest: string };

export type KeyedMessage = Boots &
  (
    | Nodes
    | Bucket
    /** Whole objects; the receiver acknowledges what it then holds durably of each. */
    | { readonly type: "objects"; readonly records: readonly ObjectRecord[] }
    | { readonly type: "want"; readonly keys: readonly string[] }
    | { readonly type: "have"; readonly acks: readonly KeyAck[] }
  );

/** Digests of some nodes of the sender's tree, for comparison. */
export type Nodes = { readonly type: "nodes"; readonly level: number; readonly nodes: readonly NodeDigest[] };

/** The sender's objects of a bucket, by key: all between the first and the last one named, and beyond where it says so. */
export type Bucket = {
  readonly type: "bucket";
  readonly index: number;
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly entries: readonly KeyDigest[];
};

/** How many updates of the receiver's boot `of`, on this object, the sender holds durably. */
export type KeyAck = { readonly key: string; readonly count: number };

const TYPES = ["nodes", "bucket", "objects", "want", "have"] as const;
const DIGEST_BYTES = 8;
/** Of a digest and its index in a message. */
export const NODE_BYTES: number = DIGEST_BYTES + 2;

export const keyedCodec: Codec<KeyedMessage> = {
  typeOf: (message) => message.type,
  encode: (message) => {
    const writer = new ByteWriter();
    writer.byte(TYPES.indexOf(message.type));
    writer.uint(message.boot);
    writer.uint(message.of);
    writeBody(writer, message);
    return frame(writer.finish());
  },
  decode: (bytes) => readWhole(bytes, readMessage),
};

function writeBody(writer: ByteWriter, message: KeyedMessage): void {
  if (message.type === "nodes") {
    writer.byte(message.level);
    writer.uint(message.nodes.length);
    for (const { index, digest } of message.nodes) {
      writer.uint(index);
      writeDigest(writer, digest);
    }
  } else if (message.type === "bucket") {
    writer.uint(message.index);
    writer.byte((message.isFirst ? 1 : 0) + (message.isLast ? 2 : 0));
    writer.uint(message.entries.length);
    for (const { key, digest } of message.entries) {
      writer.text(key);
      writeDigest(writer, digest);
    }
  } else if (message.type === "objects") {
    writer.uint(message.records.length);
    for (const record of message.records) writeRecord(writer, record);
  } else if (message.type === "want") {
    writer.uint(message.keys.length);
    for (const key of message.keys) writer.text(key);
  } else {
    writer.uint(message.acks.length);
    for (const { key, count } of message.acks) {
      writer.text(key);
      writer.uint(count);
    }
  }
}

function readMessage(reader: ByteReader): KeyedMessage {
  const type = TYPES[reader.byte("the type of a message")];
  if (type === undefined) reader.fail("the type of a message is unknown.");
  const header = { boot: reader.uint("the boot of the sender"), of: reader.uint("the boot of the receiver") };
  if (type === "nodes") return { ...header, ...readNodes(reader) };
  if (type === "bucket") return { ...header, ...readBucket(reader) };
  if (type === "objects") return { ...header, type, records: readMany(reader, 4, readObject) };
  if (type === "want") return { ...header, type, keys: readMany(reader, 1, () => reader.text("a key")) };
  const readAck = (): KeyAck => ({ key: reader.text("a key"), count: reader.uint("a number of updates") });
  return { ...header, type, acks: readMany(reader, 2, readAck) };
}

function readNodes(reader: ByteReader): Nodes {
  const level = reader.byte("a level");
  if (level > LEVELS) reader.fail(`there is no level ${level}.`);
  let count = 1;
  for (let i = 0; i < level; i++) count *= FANOUT;
  const nodes = readMany(reader, NODE_BYTES - 1, () => {
    const index = reader.uint("the index of a node");
    if (index >= count) reader.fail(`there is no node ${index} at level ${level}.`);
    return { index, digest: readDigest(reader) };
  });
  return { type: "nodes", level, nodes };
}

function readBucket(reader: ByteReader): Bucket {
  const index = reader.uint("the index of a bucket");
  const flags = reader.byte("the flags of a bucket");
  if (flags > 3) reader.fail(`the flags of a bucket are ${flags}.`);
  const readEntry = (): KeyDigest => ({ key: reader.text("a key"), digest: readDigest(reader) });
  const entries = readMany(reader, 1 + DIGEST_BYTES, readEntry);
  return { type: "bucket", index, isFirst: flags % 2 === 1, isLast: flags >= 2, entries };
}

function readObject(reader: ByteReader): ObjectRecord {
  const record = readRecord(reader);
  if (record.kind !== "state") reader.fail("a record among objects is none.");
  return record;
}

function readMany<T>(reader: ByteReader, bytesMin: number, read: (reader: ByteReader) => T): T[] {
  const count = reader.count("a number of entries", bytesMin);
  return Array.from({ length: count }, () => read(reader));
}

function writeDigest(writer: ByteWriter, digest: string): void {
  for (let i = 0; i < DIGEST_BYTES; i++) writer.byte(Number.parseInt(digest.slice(2 * i, 2 * i + 2), 16));
}

function readDigest(reader: ByteReader): string {
  return toHex(reader.raw(DIGEST_BYTES, "a digest"));
}
