/** What clients and stores say to each other. */
import type { Codec, PlainData } from "../../sim/host.ts";
import { jsonCodec } from "../json-codec.ts";
import type { StoreCall } from "./kind.ts";

export type StoreRequest = {
  readonly type: "update" | "read" | "held";
  readonly request: number;
  /** The boot of the client: `<host>#<incarnation>`. Its requests count up. */
  readonly client: string;
  /**
   * The boot of the store that the client means; another one answers "moved" and does nothing. So a request that the network
   * delivers again after a crash is not done twice.
   */
  readonly boot: number;
  /** Of an update. */
  readonly call?: StoreCall;
  /** Of an update: how many other replicas must have it durably before it is acknowledged. */
  readonly copies?: number;
};

export type StoreReply = {
  readonly type: "done" | "nothing" | "refused" | "moved";
  readonly request: number;
  /** The boot of the client that the answer is meant for. */
  readonly client: string;
  readonly boot: number;
  /** The name of the command whose result this is, taken from the command and not from whoever asks: see `nameOfCommand`. */
  readonly command: string;
  /** done: [actor, counter] of an update; nothing: null. */
  readonly id?: readonly [string, number] | null;
  readonly told?: PlainData;
  /** What was held: before an update, or by what a read shows. */
  readonly held?: PlainData;
  /** Of a read. */
  readonly value?: PlainData;
  /** Of a read: a digest of the whole state. */
  readonly state?: string;
  /** Of a read, where the type has contexts: what a later call hands back. */
  readonly context?: PlainData;
  /** Of a read: names the history that the state has forgotten. */
  readonly trimmed?: string;
  /** refused: why. */
  readonly error?: string;
};

/** Names a request among those of all boots of all clients. */
export function nameOfCommand({ client, request }: Pick<StoreRequest, "client" | "request">): string {
  return `${client}/${request}`;
}

export type StoreMessage = StoreRequest | StoreReply;

export const storeCodec: Codec<StoreMessage> = jsonCodec<StoreMessage>();
