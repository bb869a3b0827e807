/**
 * What clients and servers say to each other, and its bytes.
 *
 * Layout: crc32 (4) of all that follows | version (1) | kind (1) | request (6) | fields of the kind.
 *
 * An answer names what it answers twice: the attempt, by its number, and the command whose result it gives, by its subject.
 * The subject is taken from what was executed, not from what was asked: a server that mixes up who waits for what is found out.
 */
import type { Address, Codec } from "../../sim/host.ts";
import { type ByteReader, ByteWriter, MalformedError, readFlag } from "../raft/bytes.ts";
import { openChecksum, sealChecksum } from "../raft/codec.ts";
import { readText, sizeOfText, writeText } from "../raft/text.ts";
import { readWrite, sizeOfWrite, type Write, writeWrite } from "./command.ts";

/** `request` is new for every attempt, so that an answer belongs to exactly one. */
export type KvRequest =
  /** `registration` stays over the attempts of one registration. */
  | { readonly kind: "register"; readonly request: number; readonly registration: number }
  | { readonly kind: "get"; readonly request: number; readonly key: string; readonly isStaleOk: boolean }
  | {
      readonly kind: "write";
      readonly request: number;
      readonly session: number;
      readonly sequence: number;
      readonly write: Write;
    }
  /** Asks the leader to hand over to member `to`; "ok" means that it has begun to. */
  | { readonly kind: "transfer"; readonly request: number; readonly to: number };

export type KvStatus = "ok" | "not-leader" | "unknown-session" | "stale-sequence" | "retry";

/** What a result is the result of. */
export type KvSubject =
  | { readonly kind: "register"; readonly client: string; readonly registration: number }
  | { readonly kind: "write"; readonly session: number; readonly sequence: number }
  | { readonly kind: "get"; readonly key: string }
  | { readonly kind: "transfer"; readonly to: number };

/** Equal exactly for equal subjects. */
export function subjectKey(subject: KvSubject): string {
  switch (subject.kind) {
    case "register":
      return `register ${subject.client} ${subject.registration}`;
    case "write":
      return `write ${subject.session} ${subject.sequence}`;
    case "get":
      return `get ${subject.key}`;
    case "transfer":
      return `transfer ${subject.to}`;
  }
}

/** What a request of the client at `from` asks the result of. */
export function subjectOf(request: KvRequest, from: Address): KvSubject {
  switch (request.kind) {
    case "register":
      return { kind: "register", client: clientName(from), registration: request.registration };
    case "write":
      return { kind: "write", session: request.session, sequence: request.sequence };
    case "get":
      return { kind: "get", key: request.key };
    case "transfer":
      return { kind: "transfer", to: request.to };
  }
}

export function clientName({ host, port }: Address): string {
  return `${host}:${port}`;
}

export type KvReply = {
  readonly kind: "reply";
  readonly request: number;
  readonly status: KvStatus;
  /** Null where nothing was executed: for "not-leader" and "retry". */
  readonly subject: KvSubject | null;
  /** Of a get; null for an absent key, and for everything else. */
  readonly value: string | null;
  /** Of a cas. */
  readonly isSwapped: boolean;
  /** Of a register. */
  readonly session: number;
  /** The member that leads as far as the server knows, or 0. */
  readonly leader: number;
};

export type KvMessage = KvRequest | KvReply;

const VERSION = 1;
const HEADER_BYTES = 12;
/** The position in this list is the number of a kind on the wire: append only. */
const KINDS = ["register", "get", "put", "delete", "cas", "reply", "transfer"] as const;
const SUBJECTS = ["none", "register", "write", "get", "transfer"] as const;
const STATUSES = ["ok", "not-leader", "unknown-session", "stale-sequence", "retry"] as const;

function kindOf(message: KvMessage): (typeof KINDS)[number] {
  return message.kind === "write" ? message.write.f : message.kind;
}

/** Decoding throws MalformedError for anything that was not encoded as it is. */
export const kvCodec: Codec<KvMessage> = {
  typeOf: (message) => TYPE_NAMES[KINDS.indexOf(kindOf(message))]!,
  sizeOf: (message) => HEADER_BYTES + sizeOfFields(message),
  encode,
  decode,
};

const TYPE_NAMES: readonly string[] = KINDS.map((kind) => `kv-${kind}`);

function sizeOfFields(message: KvMessage): number {
  switch (message.kind) {
    case "register":
      return 6;
    case "get":
      return 1 + sizeOfText(message.key);
    case "write":
      return 12 + sizeOfWrite(message.write);
    case "transfer":
      return 2;
    case "reply":
      return 11 + sizeOfSubject(message.subject) + (message.value === null ? 0 : sizeOfText(message.value));
  }
}

function sizeOfSubject(subject: KvSubject | null): number {
  switch (subject?.kind) {
    case undefined:
      return 1;
    case "register":
      return 7 + sizeOfText(subject.client);
    case "write":
      return 13;
    case "get":
      return 1 + sizeOfText(subject.key);
    case "transfer":
      return 3;
  }
}

function writeSubject(writer: ByteWriter, subject: KvSubject | null): void {
  writer.u8(SUBJECTS.indexOf(subject?.kind ?? "none"));
  switch (subject?.kind) {
    case undefined:
      break;
    case "register":
      writer.u48(subject.registration);
      writeText(writer, subject.client);
      break;
    case "write":
      writer.u48(subject.session);
      writer.u48(subject.sequence);
      break;
    case "get":
      writeText(writer, subject.key);
      break;
    case "transfer":
      writer.u16(subject.to);
      break;
  }
}

function readSubject(reader: ByteReader): KvSubject | null {
  const kind = SUBJECTS[reader.u8()];
  if (kind === undefined) throw new MalformedError("The subject of the reply is unknown.");
  switch (kind) {
    case "none":
      return null;
    case "register": {
      const registration = reader.u48();
      return { kind, client: readText(reader), registration };
    }
    case "write": {
      const session = reader.u48();
      return { kind, session, sequence: reader.u48() };
    }
    case "get":
      return { kind, key: readText(reader) };
    case "transfer":
      return { kind, to: reader.u16() };
  }
}

function encode(message: KvMessage): Uint8Array {
  const writer = new ByteWriter(HEADER_BYTES + sizeOfFields(message));
  writer.skip(4);
  writer.u8(VERSION);
  writer.u8(KINDS.indexOf(kindOf(message)));
  writer.u48(message.request);
  switch (message.kind) {
    case "register":
      writer.u48(message.registration);
      break;
    case "get":
      writer.u8(message.isStaleOk ? 1 : 0);
      writeText(writer, message.key);
      break;
    case "write":
      writer.u48(message.session);
      writer.u48(message.sequence);
      writeWrite(writer, message.write);
      break;
    case "transfer":
      writer.u16(message.to);
      break;
    case "reply":
      writer.u8(STATUSES.indexOf(message.status));
      writer.u8(message.isSwapped ? 1 : 0);
      writer.u48(message.session);
      writer.u16(message.leader);
      writeSubject(writer, message.subject);
      writer.u8(message.value === null ? 0 : 1);
      if (message.value !== null) writeText(writer, message.value);
      break;
  }
  return sealChecksum(writer.bytes);
}

function decode(bytes: Uint8Array): KvMessage {
  const reader = openChecksum(bytes);
  const version = reader.u8();
  if (version !== VERSION) throw new MalformedError(`Version ${version} of the protocol is unknown.`);
  const kind = KINDS[reader.u8()];
  if (kind === undefined) throw new MalformedError("The kind of the message is unknown.");
  const message = readFields(reader, kind, reader.u48());
  reader.finish();
  return message;
}

function readFields(reader: ByteReader, kind: (typeof KINDS)[number], request: number): KvMessage {
  switch (kind) {
    case "register":
      return { kind, request, registration: reader.u48() };
    case "get": {
      const isStaleOk = readFlag(reader);
      return { kind, request, key: readText(reader), isStaleOk };
    }
    case "reply":
      return readReply(reader, request);
    case "transfer":
      return { kind, request, to: reader.u16() };
    default:
      return { kind: "write", request, session: reader.u48(), sequence: reader.u48(), write: readWrite(reader, kind) };
  }
}

function readReply(reader: ByteReader, request: number): KvReply {
  const status = STATUSES[reader.u8()];
  if (status === undefined) throw new MalformedError("The status of the reply is unknown.");
  const isSwapped = readFlag(reader);
  const session = reader.u48();
  const leader = reader.u16();
  const subject = readSubject(reader);
  const value = readFlag(reader) ? readText(reader) : null;
  return { kind: "reply", request, status, subject, value, isSwapped, session, leader };
}
