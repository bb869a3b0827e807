/** What replicas say to each other, and its bytes: a frame with a checksum around a tag, the boot of the sender, and the rest. */
import type { Codec } from "../../../sim/host.ts";
import { ByteReader, ByteWriter } from "../bytes.ts";
import { FRAME_HEADER, frame, readFrames } from "./frame.ts";

export type ReplicaMessage =
  /** Deltas joined, or a whole state; it brings the receiver up to update `through` of this boot of the sender. */
  | { readonly type: "delta" | "state"; readonly boot: number; readonly through: number; readonly bytes: Uint8Array }
  /** The sender, in its boot `boot`, has made durable what boot `of` of the receiver had sent up to `through`. */
  | { readonly type: "ack"; readonly boot: number; readonly of: number; readonly through: number }
  /** SHA-256 of the sender's whole state, which holds its updates up to `through`. Who has the same may acknowledge them. */
  | { readonly type: "digest"; readonly boot: number; readonly through: number; readonly bytes: Uint8Array }
  /** Send me your whole state. */
  | { readonly type: "want"; readonly boot: number };

const TYPES = ["delta", "state", "ack", "digest", "want"] as const;

export const replicaCodec: Codec<ReplicaMessage> = {
  typeOf: (message) => message.type,
  encode: (message) => {
    const writer = new ByteWriter();
    writer.byte(TYPES.indexOf(message.type));
    writer.uint(message.boot);
    if (message.type === "ack") writer.uint(message.of);
    if (message.type !== "want") writer.uint(message.through);
    if (message.type !== "ack" && message.type !== "want") writer.blob(message.bytes);
    return frame(writer.finish());
  },
  decode: (bytes) => {
    const { payloads, isWhole } = readFrames(bytes);
    if (payloads.length !== 1 || !isWhole)
      throw new RangeError(`a message of ${bytes.length - FRAME_HEADER} bytes is damaged`);
    return readMessage(new ByteReader(payloads[0]!));
  },
};

function readMessage(reader: ByteReader): ReplicaMessage {
  const type = TYPES[reader.byte("the type of a message")];
  const boot = reader.uint("the boot of the sender");
  if (type === undefined) reader.fail("the type of a message is unknown.");
  let message: ReplicaMessage;
  if (type === "want") message = { type, boot };
  else if (type === "ack") message = { type, boot, of: reader.uint("a boot"), through: reader.uint("a number") };
  else message = { type, boot, through: reader.uint("a number"), bytes: reader.blob("a state or digest") };
  reader.end();
  return message;
}
