/** What anti-entropy says, and its bytes. Every message carries the boot of its sender: a peer that has booted may have lost its disk. */
import type { Codec } from "../../../sim/host.ts";
import type { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import { Clock } from "../../crdt/clock.ts";
import { openMessage, readTexts, sealMessage, writeTexts } from "../wire.ts";

export type KeyClock = { readonly key: string; readonly clock: Clock };

export type EntropyMessage =
  /** I have these. `walk` and `page` come back with the answer. */
  | {
      readonly type: "page";
      readonly boot: number;
      readonly walk: number;
      readonly page: number;
      readonly keys: readonly KeyClock[];
    }
  /** Of that page I lack these. */
  | {
      readonly type: "answer";
      readonly boot: number;
      readonly walk: number;
      readonly page: number;
      readonly wanted: readonly string[];
    }
  | { readonly type: "entry"; readonly boot: number; readonly bytes: Uint8Array };

const TYPES = ["page", "answer", "entry"] as const;

export const entropyCodec: Codec<EntropyMessage> = {
  typeOf: (message) => `kv-${message.type}`,
  encode: (message) => sealMessage(TYPES.indexOf(message.type), (writer) => writeFields(writer, message)),
  decode: (bytes) => openMessage(bytes, readFields),
};

function writeFields(writer: ByteWriter, message: EntropyMessage): void {
  writer.uint(message.boot);
  if (message.type === "entry") {
    writer.blob(message.bytes);
    return;
  }
  writer.uint(message.walk);
  writer.uint(message.page);
  if (message.type === "answer") {
    writeTexts(writer, message.wanted);
    return;
  }
  writer.uint(message.keys.length);
  for (const { key, clock } of message.keys) {
    writer.text(key);
    clock.write(writer);
  }
}

function readFields(kind: number, reader: ByteReader): EntropyMessage {
  const type = TYPES[kind];
  if (type === undefined) reader.failBefore(`the kind of a message is ${kind}, expected 0 to ${TYPES.length - 1}.`);
  const boot = reader.uint("a boot");
  if (type === "entry") return { type, boot, bytes: reader.blob("an entry") };
  const walk = reader.uint("a walk");
  const page = reader.uint("a page");
  if (type === "answer") return { type, boot, walk, page, wanted: readTexts(reader, "wanted keys") };
  const keys: KeyClock[] = [];
  const count = reader.count("the number of keys", 2);
  for (let i = 0; i < count; i++) keys.push({ key: reader.text("a key"), clock: Clock.read(reader) });
  return { type, boot, walk, page, keys };
}
