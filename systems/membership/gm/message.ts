/** What the global membership of nodes says to each other, and its bytes. */
import type { Codec } from "../../../sim/host.ts";
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import type { MemberRecord, RecordVersion } from "../membership.ts";
import {
  HEADER_BYTES,
  openMessage,
  readTexts,
  sealMessage,
  sizeOfText,
  sizeOfTexts,
  sizeOfUint,
  writeTexts,
} from "../wire.ts";
import { readRecord, readVersion, versionSize, writeRecord, writeVersion } from "./record.ts";

/** What all records of a node come to: equal summaries mean equal versions of all records. */
export type Summary = { readonly count: number; readonly high: number; readonly low: number };

export type GmMessage =
  /** News: record i may be passed on ttls[i] more times. */
  | { readonly type: "records"; readonly records: readonly MemberRecord[]; readonly ttls: readonly number[] }
  | { readonly type: "summary"; readonly summary: Summary; readonly isAnswer: boolean }
  /**
   * The versions of all records that the sender has of nodes above `after`, up to and with `through` (null: to the end). Records go as they
   * are; the encoding holds their versions.
   */
  | {
      readonly type: "digest";
      readonly after: string;
      readonly through: string | null;
      readonly versions: readonly RecordVersion[];
    }
  | { readonly type: "want"; readonly nodes: readonly string[] };

const TYPES = ["records", "summary", "digest", "want"] as const;

export const gmCodec: Codec<GmMessage> = {
  typeOf: (message) => `gm-${message.type}`,
  sizeOf: (message) => HEADER_BYTES + fieldsSize(message),
  encode: (message) => sealMessage(TYPES.indexOf(message.type), (writer) => writeFields(writer, message)),
  decode: (bytes) => openMessage(bytes, readFields),
};

function fieldsSize(message: GmMessage): number {
  if (message.type === "summary") return 1 + sizeOfUint(message.summary.count) + 8;
  let size = 0;
  if (message.type === "records") {
    size += sizeOfUint(message.records.length);
    for (const record of message.records) size += record.sizeBytes + 1;
  } else if (message.type === "digest") {
    size += sizeOfText(message.after) + 1 + (message.through === null ? 0 : sizeOfText(message.through));
    size += sizeOfUint(message.versions.length);
    for (const version of message.versions) size += versionSize(version);
  } else {
    size += sizeOfTexts(message.nodes);
  }
  return size;
}

function writeFields(writer: ByteWriter, message: GmMessage): void {
  if (message.type === "records") {
    writer.uint(message.records.length);
    message.records.forEach((record, i) => {
      writer.byte(message.ttls[i]!); // as many as records
      writeRecord(writer, record);
    });
  } else if (message.type === "summary") {
    writer.byte(message.isAnswer ? 1 : 0);
    writer.uint(message.summary.count);
    writeLane(writer, message.summary.high);
    writeLane(writer, message.summary.low);
  } else if (message.type === "digest") {
    writer.text(message.after);
    writer.byte(message.through === null ? 0 : 1);
    if (message.through !== null) writer.text(message.through);
    writer.uint(message.versions.length);
    for (const version of message.versions) writeVersion(writer, version);
  } else {
    writeTexts(writer, message.nodes);
  }
}

function readFields(kind: number, reader: ByteReader): GmMessage {
  const type = TYPES[kind];
  if (type === undefined) reader.failBefore(`the kind of a message is ${kind}, expected 0 to ${TYPES.length - 1}.`);
  if (type === "records") {
    const records: MemberRecord[] = [];
    const ttls: number[] = [];
    const count = reader.count("the number of records", 5);
    for (let i = 0; i < count; i++) {
      ttls.push(reader.byte("a time to live"));
      records.push(readRecord(reader));
    }
    return { type, records, ttls };
  }
  if (type === "summary") {
    const isAnswer = readFlag(reader);
    const count = reader.uint("a number of records");
    return { type, isAnswer, summary: { count, high: readLane(reader), low: readLane(reader) } };
  }
  if (type === "digest") {
    const after = reader.text("where the page begins");
    const through = readFlag(reader) ? reader.text("where the page ends") : null;
    const versions: RecordVersion[] = [];
    const count = reader.count("the number of versions", 3);
    for (let i = 0; i < count; i++) versions.push(readVersion(reader));
    return { type, after, through, versions };
  }
  return { type, nodes: readTexts(reader, "nodes") };
}

function readFlag(reader: ByteReader): boolean {
  const flag = reader.byte("a flag");
  if (flag > 1) reader.fail(`a flag is ${flag}, expected 0 or 1.`);
  return flag === 1;
}

function writeLane(writer: ByteWriter, lane: number): void {
  for (const shift of [24, 16, 8, 0]) writer.byte((lane >>> shift) & 255);
}

function readLane(reader: ByteReader): number {
  let lane = 0;
  for (let i = 0; i < 4; i++) lane = (lane << 8) | reader.byte("a summary");
  return lane >>> 0;
}
