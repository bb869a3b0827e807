/** What replicas of one object say to each other, and its bytes: a frame with a checksum around a tag, the header, and the rest. */
import type { Codec } from "../../../sim/host.ts";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { Clock } from "../clock.ts";
import { FRAME_HEADER, frame, readFrames } from "./frame.ts";

/** Begins every message: who speaks, and to whom. */
export type Boots = {
  /** The sender's boot. */
  readonly boot: number;
  /** The newest boot of the receiver that the sender knows of; 0 for none. */
  readonly of: number;
};

/** And what it acknowledges. */
export type Header = Boots & {
  /** How many updates of that boot the sender holds durably. */
  readonly have: number;
};

export type ReplicaMessage = Header &
  (
    | { readonly type: "ack" }
    /** What came does not follow what the receiver holds: begin again behind `have`. */
    | { readonly type: "gap" }
    /** The sender's own updates `from` to `through`, joined. */
    | { readonly type: "delta"; readonly from: number; readonly through: number; readonly bytes: Uint8Array }
    /** Names all that the sender contains; who has another digest asks. */
    | { readonly type: "digest"; readonly bytes: Uint8Array }
    | Want
    | Part
    | Report
  );

/** Bring me what I lack. `transfer` and `offset` continue a transfer that has begun; 0 and 0 begin one. */
export type Want = {
  readonly type: "want";
  readonly seen: Clock;
  readonly transfer: number;
  readonly offset: number;
};

/** A piece of a whole-state transfer. */
export type Part = {
  readonly type: "part";
  readonly transfer: number;
  readonly offset: number;
  readonly total: number;
  readonly bytes: Uint8Array;
};

/** What the sender contains, for deciding what everybody has: see stability.ts. */
export type Report = {
  readonly type: "report";
  readonly seen: Clock;
  /** The newest boot known of each host, the sender's own included. */
  readonly boots: Clock;
  /** No update that the sender makes after this has a time at or below it. */
  readonly time: number;
};

const TYPES = ["ack", "gap", "delta", "digest", "want", "part", "report"] as const;

export const replicaCodec: Codec<ReplicaMessage> = {
  typeOf: (message) => message.type,
  encode: (message) => {
    const writer = new ByteWriter();
    writer.byte(TYPES.indexOf(message.type));
    writeHeader(writer, message);
    writeBody(writer, message);
    return frame(writer.finish());
  },
  decode: (bytes) => readWhole(bytes, readMessage),
};

export function writeHeader(writer: ByteWriter, header: Header): void {
  writer.uint(header.boot);
  writer.uint(header.of);
  writer.uint(header.have);
}

export function readHeader(reader: ByteReader): Header {
  return {
    boot: reader.uint("the boot of the sender"),
    of: reader.uint("the boot of the receiver"),
    have: reader.uint("a number of updates"),
  };
}

/** Reads a message out of one frame; throws unless the frame is whole and read to its end. */
export function readWhole<M>(bytes: Uint8Array, read: (reader: ByteReader) => M): M {
  const { payloads, isWhole } = readFrames(bytes);
  if (payloads.length !== 1 || !isWhole)
    throw new RangeError(`a message of ${bytes.length - FRAME_HEADER} bytes is damaged`);
  const reader = new ByteReader(payloads[0]!);
  const message = read(reader);
  reader.end();
  return message;
}

export function writeWant(writer: ByteWriter, want: Want): void {
  want.seen.write(writer);
  writer.uint(want.transfer);
  writer.uint(want.offset);
}

export function readWant(reader: ByteReader): Want {
  return {
    type: "want",
    seen: Clock.read(reader),
    transfer: reader.uint("the number of a transfer"),
    offset: reader.uint("an offset"),
  };
}

export function writePart(writer: ByteWriter, part: Part): void {
  writer.uint(part.transfer);
  writer.uint(part.offset);
  writer.uint(part.total);
  writer.blob(part.bytes);
}

export function readPart(reader: ByteReader): Part {
  const part: Part = {
    type: "part",
    transfer: reader.uint("the number of a transfer"),
    offset: reader.uint("an offset"),
    total: reader.uint("a length"),
    bytes: reader.blob("a part"),
  };
  if (part.offset + part.bytes.length > part.total) reader.fail("a part ends behind its transfer.");
  return part;
}

function writeBody(writer: ByteWriter, message: ReplicaMessage): void {
  if (message.type === "delta") {
    writer.uint(message.from);
    writer.uint(message.through);
    writer.blob(message.bytes);
  } else if (message.type === "digest") writer.blob(message.bytes);
  else if (message.type === "want") writeWant(writer, message);
  else if (message.type === "part") writePart(writer, message);
  else if (message.type === "report") {
    message.seen.write(writer);
    message.boots.write(writer);
    writer.uint(message.time);
  }
}

function readMessage(reader: ByteReader): ReplicaMessage {
  const type = TYPES[reader.byte("the type of a message")];
  if (type === undefined) reader.fail("the type of a message is unknown.");
  const header = readHeader(reader);
  if (type === "ack" || type === "gap") return { ...header, type };
  if (type === "digest") return { ...header, type, bytes: reader.blob("a digest") };
  if (type === "want") return { ...header, ...readWant(reader) };
  if (type === "part") return { ...header, ...readPart(reader) };
  if (type === "report") {
    const seen = Clock.read(reader);
    return { ...header, type, seen, boots: Clock.read(reader), time: reader.uint("a time") };
  }
  const from = reader.uint("the first update");
  const through = reader.uint("the last update");
  if (from < 1 || through < from) reader.fail(`a delta goes from ${from} to ${through}.`);
  return { ...header, type, from, through, bytes: reader.blob("a delta") };
}
