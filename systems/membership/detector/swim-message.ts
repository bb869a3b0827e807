/**
 * The messages of SWIM. Each carries the incarnation of its sender, which is as good as news that it is alive, and
 * news of others.
 */
import type { Codec } from "../../../sim/host.ts";
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import { HEADER_BYTES, openMessage, sealMessage, sizeOfText, sizeOfUint } from "../wire.ts";

export type Condition = "alive" | "suspect" | "dead";

/** What is known of a node: its condition in this incarnation of it. */
export type News = { readonly node: string; readonly condition: Condition; readonly incarnation: number };

type Common = {
  /** Joins an answer to what it answers. */
  readonly sequence: number;
  readonly incarnation: number;
  readonly news: readonly News[];
};

export type SwimMessage =
  /** `isRelayed`: on behalf of another node, so it does not make its sender a neighbour. */
  | (Common & { readonly kind: "ping"; readonly isRelayed: boolean })
  | (Common & { readonly kind: "ack" })
  | (Common & { readonly kind: "ping-request"; readonly target: string })
  /** The target of a ping-request has answered. */
  | (Common & { readonly kind: "relayed-ack"; readonly target: string; readonly targetIncarnation: number });

/** Positions are numbers on the wire: append only. */
const KINDS = ["ping", "ack", "ping-request", "relayed-ack"] as const satisfies readonly SwimMessage["kind"][];
const CONDITIONS = ["alive", "suspect", "dead"] as const satisfies readonly Condition[];

/** decode throws for anything that was not encoded as it is. */
export const swimCodec: Codec<SwimMessage> = {
  typeOf: (message) => message.kind,
  sizeOf: (message) => HEADER_BYTES + sizeOfFields(message),
  encode: (message) => sealMessage(KINDS.indexOf(message.kind), (writer) => writeFields(writer, message)),
  decode: (bytes) => openMessage(bytes, readFields),
};

function sizeOfFields(message: SwimMessage): number {
  let size = sizeOfUint(message.sequence) + sizeOfUint(message.incarnation) + sizeOfUint(message.news.length);
  for (const { node, incarnation } of message.news) size += sizeOfText(node) + 1 + sizeOfUint(incarnation);
  if (message.kind === "ping") size += 1;
  if (message.kind === "ping-request" || message.kind === "relayed-ack") size += sizeOfText(message.target);
  return message.kind === "relayed-ack" ? size + sizeOfUint(message.targetIncarnation) : size;
}

function writeFields(writer: ByteWriter, message: SwimMessage): void {
  writer.uint(message.sequence);
  writer.uint(message.incarnation);
  writer.uint(message.news.length);
  for (const { node, condition, incarnation } of message.news) {
    writer.text(node);
    writer.byte(CONDITIONS.indexOf(condition));
    writer.uint(incarnation);
  }
  if (message.kind === "ping") writer.byte(message.isRelayed ? 1 : 0);
  if (message.kind === "ping-request" || message.kind === "relayed-ack") writer.text(message.target);
  if (message.kind === "relayed-ack") writer.uint(message.targetIncarnation);
}

function readFields(number: number, reader: ByteReader): SwimMessage {
  // Fields are evaluated in the order in which they are written here, which is that of the bytes.
  const sequence = reader.uint("the sequence");
  const incarnation = reader.uint("the incarnation");
  const news = Array.from({ length: reader.count("the number of news", 3) }, () => readNews(reader));
  const common = { sequence, incarnation, news };
  switch (KINDS[number]) {
    case "ping":
      return { kind: "ping", ...common, isRelayed: choose([false, true], reader) };
    case "ack":
      return { kind: "ack", ...common };
    case "ping-request":
      return { kind: "ping-request", ...common, target: reader.text("the target") };
    case "relayed-ack": {
      const target = reader.text("the target");
      return { kind: "relayed-ack", ...common, target, targetIncarnation: reader.uint("the target's incarnation") };
    }
    default:
      return reader.fail(`${number} is no kind of message.`);
  }
}

function readNews(reader: ByteReader): News {
  const node = reader.text("a node");
  const condition = choose(CONDITIONS, reader);
  return { node, condition, incarnation: reader.uint("an incarnation") };
}

function choose<T>(values: readonly T[], reader: ByteReader): T {
  const number = reader.byte("a choice");
  return values[number] ?? reader.failBefore(`${number} is none of ${values.length} choices.`);
}
