/** What replicas in operations mode say to each other, and its bytes: see message.ts for the frame. */
import type { Codec } from "../../../sim/host.ts";
import { type ByteReader, ByteWriter } from "../bytes.ts";
import { Clock } from "../clock.ts";
import { frame } from "./frame.ts";
import {
  type Boots,
  type Part,
  type Report,
  readPart,
  readWant,
  readWhole,
  type Want,
  writePart,
  writeWant,
} from "./message.ts";
import { type OperationRecord, readRecord, writeRecord } from "./record.ts";

export type OpMessage = Boots &
  (
    | Operations
    /** What the sender holds durably. `isGap`: what it was sent last does not follow that; begin again from here. */
    | { readonly type: "have"; readonly durable: Clock; readonly isGap: boolean }
    | Want
    | Part
    | Report
  );

/** Operations in an order in which they can be delivered, of the sender and of others. */
export type Operations = { readonly type: "operations"; readonly entries: readonly OperationRecord[] };

const TYPES = ["operations", "have", "want", "part", "report"] as const;

export const opCodec: Codec<OpMessage> = {
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

function writeBody(writer: ByteWriter, message: OpMessage): void {
  if (message.type === "operations") {
    writer.uint(message.entries.length);
    for (const entry of message.entries) writeRecord(writer, entry);
  } else if (message.type === "have") {
    message.durable.write(writer);
    writer.byte(message.isGap ? 1 : 0);
  } else if (message.type === "want") writeWant(writer, message);
  else if (message.type === "part") writePart(writer, message);
  else {
    message.seen.write(writer);
    message.boots.write(writer);
    writer.uint(message.time);
  }
}

function readMessage(reader: ByteReader): OpMessage {
  const type = TYPES[reader.byte("the type of a message")];
  if (type === undefined) reader.fail("the type of a message is unknown.");
  const header = { boot: reader.uint("the boot of the sender"), of: reader.uint("the boot of the receiver") };
  if (type === "want") return { ...header, ...readWant(reader) };
  if (type === "part") return { ...header, ...readPart(reader) };
  if (type === "operations") return { ...header, type, entries: readEntries(reader) };
  if (type === "have") {
    const durable = Clock.read(reader);
    const flag = reader.byte("a flag");
    if (flag > 1) reader.fail(`a flag is ${flag}, expected 0 or 1.`);
    return { ...header, type, durable, isGap: flag === 1 };
  }
  const seen = Clock.read(reader);
  return { ...header, type, seen, boots: Clock.read(reader), time: reader.uint("a time") };
}

function readEntries(reader: ByteReader): OperationRecord[] {
  const entries: OperationRecord[] = [];
  const count = reader.count("the number of operations", 5);
  for (let i = 0; i < count; i++) {
    const record = readRecord(reader);
    if (record.kind !== "operation") reader.fail("a record among operations is none.");
    entries.push(record);
  }
  return entries;
}
