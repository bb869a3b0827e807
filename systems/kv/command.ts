/**
 * Commands of the replicated log, as bytes.
 *
 * kind (1) | proposed time (8) | for a register: registration (6), client | for a write: session (6) | sequence (6) | key | for put: value |
 * for cas: has from (1), from, to.
 */
import { ByteReader, ByteWriter, MalformedError, readFlag } from "../raft/bytes.ts";
import { readText, sizeOfText, writeText } from "../raft/text.ts";

export type Write =
  | { readonly f: "put"; readonly key: string; readonly value: string }
  | { readonly f: "delete"; readonly key: string }
  | { readonly f: "cas"; readonly key: string; readonly value: readonly [from: string | null, to: string] };

export type Command =
  | {
      readonly kind: "register";
      readonly proposedUs: number;
      /** Who asked, as "host:port", and the client's own number of this registration; a retry has the same. */
      readonly client: string;
      readonly registration: number;
    }
  | {
      readonly kind: "write";
      /** Wall clock of the leader that proposed it. Log time follows it, within bounds. */
      readonly proposedUs: number;
      readonly session: number;
      /** 1, 2, … within a session; a retry has the number of the first attempt. */
      readonly sequence: number;
      readonly write: Write;
    };

const REGISTER = 1;
const PUT = 2;
const DELETE = 3;
const CAS = 4;

export function encodeCommand(command: Command): Uint8Array {
  if (command.kind === "register") {
    const writer = new ByteWriter(15 + sizeOfText(command.client));
    writer.u8(REGISTER);
    writer.u64(command.proposedUs);
    writer.u48(command.registration);
    writeText(writer, command.client);
    return writer.bytes;
  }
  const { write } = command;
  const writer = new ByteWriter(21 + sizeOfWrite(write));
  writer.u8(write.f === "put" ? PUT : write.f === "delete" ? DELETE : CAS);
  writer.u64(command.proposedUs);
  writer.u48(command.session);
  writer.u48(command.sequence);
  writeWrite(writer, write);
  return writer.bytes;
}

/** Bytes that writeWrite needs. */
export function sizeOfWrite(write: Write): number {
  const key = sizeOfText(write.key);
  if (write.f === "put") return key + sizeOfText(write.value);
  if (write.f === "delete") return key;
  const [from, to] = write.value;
  return key + 1 + (from === null ? 0 : sizeOfText(from)) + sizeOfText(to);
}

export function writeWrite(writer: ByteWriter, write: Write): void {
  writeText(writer, write.key);
  if (write.f === "put") writeText(writer, write.value);
  if (write.f !== "cas") return;
  const [from, to] = write.value;
  writer.u8(from === null ? 0 : 1);
  if (from !== null) writeText(writer, from);
  writeText(writer, to);
}

export function readWrite(reader: ByteReader, f: Write["f"]): Write {
  const key = readText(reader);
  if (f === "put") return { f, key, value: readText(reader) };
  if (f === "delete") return { f, key };
  const from = readFlag(reader) ? readText(reader) : null;
  return { f, key, value: [from, readText(reader)] };
}

/** Throws MalformedError for bytes that encodeCommand did not make. */
export function decodeCommand(bytes: Uint8Array): Command {
  const reader = new ByteReader(bytes);
  const code = reader.u8();
  const proposedUs = reader.u64();
  if (code === REGISTER) {
    const registration = reader.u48();
    const client = readText(reader);
    reader.finish();
    return { kind: "register", proposedUs, client, registration };
  }
  if (code > CAS || code < PUT) throw new MalformedError(`Command ${code} is unknown.`);
  const session = reader.u48();
  const sequence = reader.u48();
  const write = readWrite(reader, code === PUT ? "put" : code === DELETE ? "delete" : "cas");
  reader.finish();
  return { kind: "write", proposedUs, session, sequence, write };
}
