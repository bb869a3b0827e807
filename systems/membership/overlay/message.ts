/**
 * The messages of the overlay. The sender is the host that the datagram came from.
 *
 * `ref` joins an answer to its request: an answer that nobody waits for any more is refused by a disconnect, because
 * whoever sent it holds a link that the asker does not.
 */
import type { Codec } from "../../../sim/host.ts";
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
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

export type OverlayMessage =
  | { readonly kind: "join"; readonly ref: number }
  | { readonly kind: "join-success"; readonly ref: number; readonly passive: readonly string[] }
  /** Too many join at once; the active view is where else to ask. */
  | { readonly kind: "join-deny"; readonly ref: number; readonly active: readonly string[] }
  /** A random walk that carries a new node; `seen` are the nodes that it has visited, sorted. */
  | { readonly kind: "forward-join"; readonly node: string; readonly ttl: number; readonly seen: readonly string[] }
  /** A request to become neighbours; one of high priority is never denied. */
  | { readonly kind: "neighbour"; readonly ref: number; readonly isHigh: boolean }
  | { readonly kind: "neighbour-accept"; readonly ref: number }
  | { readonly kind: "neighbour-deny"; readonly ref: number; readonly passive: readonly string[] }
  /** The sender does not have the receiver in its active view. */
  | { readonly kind: "disconnect" }
  /** A random walk that carries the views of `node`. */
  | {
      readonly kind: "shuffle";
      readonly node: string;
      readonly ttl: number;
      readonly active: readonly string[];
      readonly passive: readonly string[];
    }
  | { readonly kind: "shuffle-reply"; readonly combined: readonly string[] };

/** The position in this list is the number of a kind on the wire: append only. */
const KINDS = [
  "join",
  "join-success",
  "join-deny",
  "forward-join",
  "neighbour",
  "neighbour-accept",
  "neighbour-deny",
  "disconnect",
  "shuffle",
  "shuffle-reply",
] as const satisfies readonly OverlayMessage["kind"][];

/** decode throws for anything that was not encoded as it is. */
export const overlayCodec: Codec<OverlayMessage> = {
  typeOf: (message) => message.kind,
  sizeOf: (message) => HEADER_BYTES + sizeOfFields(message),
  encode: (message) => sealMessage(KINDS.indexOf(message.kind), (writer) => writeFields(writer, message)),
  decode: (bytes) => openMessage(bytes, readFields),
};

function sizeOfFields(message: OverlayMessage): number {
  switch (message.kind) {
    case "join":
    case "neighbour-accept":
      return sizeOfUint(message.ref);
    case "join-success":
    case "neighbour-deny":
      return sizeOfUint(message.ref) + sizeOfTexts(message.passive);
    case "join-deny":
      return sizeOfUint(message.ref) + sizeOfTexts(message.active);
    case "forward-join":
      return sizeOfText(message.node) + sizeOfUint(message.ttl) + sizeOfTexts(message.seen);
    case "neighbour":
      return sizeOfUint(message.ref) + 1;
    case "disconnect":
      return 0;
    case "shuffle":
      return (
        sizeOfText(message.node) + sizeOfUint(message.ttl) + sizeOfTexts(message.active) + sizeOfTexts(message.passive)
      );
    case "shuffle-reply":
      return sizeOfTexts(message.combined);
  }
}

function writeFields(writer: ByteWriter, message: OverlayMessage): void {
  switch (message.kind) {
    case "join":
    case "neighbour-accept":
      writer.uint(message.ref);
      break;
    case "join-success":
    case "neighbour-deny":
      writer.uint(message.ref);
      writeTexts(writer, message.passive);
      break;
    case "join-deny":
      writer.uint(message.ref);
      writeTexts(writer, message.active);
      break;
    case "forward-join":
      writer.text(message.node);
      writer.uint(message.ttl);
      writeTexts(writer, message.seen);
      break;
    case "neighbour":
      writer.uint(message.ref);
      writer.byte(message.isHigh ? 1 : 0);
      break;
    case "disconnect":
      break;
    case "shuffle":
      writer.text(message.node);
      writer.uint(message.ttl);
      writeTexts(writer, message.active);
      writeTexts(writer, message.passive);
      break;
    case "shuffle-reply":
      writeTexts(writer, message.combined);
      break;
  }
}

function readFields(number: number, reader: ByteReader): OverlayMessage {
  const kind = KINDS[number];
  // Fields are evaluated in the order in which they are written here, which is that of the bytes.
  switch (kind) {
    case "join":
    case "neighbour-accept":
      return { kind, ref: reader.uint("the ref") };
    case "join-success":
    case "neighbour-deny":
      return { kind, ref: reader.uint("the ref"), passive: readTexts(reader, "passive nodes") };
    case "join-deny":
      return { kind, ref: reader.uint("the ref"), active: readTexts(reader, "active nodes") };
    case "forward-join":
      return {
        kind,
        node: reader.text("the node"),
        ttl: reader.uint("the ttl"),
        seen: readTexts(reader, "nodes seen"),
      };
    case "neighbour":
      return { kind, ref: reader.uint("the ref"), isHigh: readFlag(reader) };
    case "disconnect":
      return { kind };
    case "shuffle":
      return {
        kind,
        node: reader.text("the node"),
        ttl: reader.uint("the ttl"),
        active: readTexts(reader, "active nodes"),
        passive: readTexts(reader, "passive nodes"),
      };
    case "shuffle-reply":
      return { kind, combined: readTexts(reader, "passive nodes") };
    default:
      return reader.failBefore(`${number} is no kind of message.`);
  }
}

function readFlag(reader: ByteReader): boolean {
  const value = reader.byte("a flag");
  if (value > 1) reader.failBefore(`${value} is no flag.`);
  return value === 1;
}
