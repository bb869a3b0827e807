/** What multicast sends from node to node, and its bytes. */
import type { Codec } from "../../../sim/host.ts";
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import type { Branch } from "../membership.ts";
import { readBranches, sizeOfBranches, writeBranches } from "../route/branch.ts";
import { HEADER_BYTES, openMessage, sealMessage, sizeOfText, sizeOfUint } from "../wire.ts";

/** One message of an origin; the boot and the number name it for ever. */
export type PacketName = { readonly origin: string; readonly boot: number; readonly number: number };

/** Made once, then shared by all that carry it. */
export type Packet = PacketName & { readonly topic: string; readonly payload: Uint8Array };

export type MulticastWire =
  /** `children`: whom the receiver sends it to next; none when it was asked for. */
  | { readonly type: "packet"; readonly packet: Packet; readonly children: readonly Branch[]; readonly ttl: number }
  /** I have these. */
  | { readonly type: "have"; readonly names: readonly PacketName[] }
  /** Send me these. */
  | { readonly type: "graft"; readonly names: readonly PacketName[] };

const TYPES = ["packet", "have", "graft"] as const;

export const multicastCodec: Codec<MulticastWire> = {
  typeOf: (message) => `multicast-${message.type}`,
  sizeOf: (message) => HEADER_BYTES + sizeOfFields(message),
  encode: (message) => sealMessage(TYPES.indexOf(message.type), (writer) => writeFields(writer, message)),
  decode: (bytes) => openMessage(bytes, readFields),
};

export function idOf({ origin, boot, number }: PacketName): string {
  return `${origin}#${boot}/${number}`;
}

function sizeOfName({ origin, boot, number }: PacketName): number {
  return sizeOfText(origin) + sizeOfUint(boot) + sizeOfUint(number);
}

function sizeOfFields(message: MulticastWire): number {
  if (message.type === "packet") {
    const { packet, children, ttl } = message;
    const { topic, payload } = packet;
    const body = sizeOfText(topic) + sizeOfUint(payload.length) + payload.length;
    return sizeOfUint(ttl) + sizeOfName(packet) + body + sizeOfBranches(children);
  }
  let size = sizeOfUint(message.names.length);
  for (const name of message.names) size += sizeOfName(name);
  return size;
}

function writeName(writer: ByteWriter, { origin, boot, number }: PacketName): void {
  writer.text(origin);
  writer.uint(boot);
  writer.uint(number);
}

function writeFields(writer: ByteWriter, message: MulticastWire): void {
  if (message.type === "packet") {
    writer.uint(message.ttl);
    writeName(writer, message.packet);
    writer.text(message.packet.topic);
    writer.blob(message.packet.payload);
    writeBranches(writer, message.children);
    return;
  }
  writer.uint(message.names.length);
  for (const name of message.names) writeName(writer, name);
}

function readName(reader: ByteReader): PacketName {
  return { origin: reader.text("an origin"), boot: reader.uint("a boot"), number: reader.uint("a number") };
}

function readFields(kind: number, reader: ByteReader): MulticastWire {
  const type = TYPES[kind];
  if (type === undefined) reader.failBefore(`the kind of a message is ${kind}, expected 0 to ${TYPES.length - 1}.`);
  if (type === "packet") {
    const ttl = reader.uint("a time to live");
    const name = readName(reader);
    const packet = { ...name, topic: reader.text("a topic"), payload: reader.blob("a payload") };
    return { type, ttl, packet, children: readBranches(reader) };
  }
  const names: PacketName[] = [];
  const count = reader.count("the number of packets", 3);
  for (let i = 0; i < count; i++) names.push(readName(reader));
  return { type, names };
}
