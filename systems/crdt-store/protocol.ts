/** What clients and stores say to each other. */
import type { Codec, PlainData } from "../../sim/host.ts";
import { jsonCodec } from "../json-codec.ts";
import type { StoreCall } from "./kind.ts";

export type StoreRequest = {
  readonly type: "update" | "read" | "held";
  readonly request: number;
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
  readonly boot: number;
  /** done: [actor, counter] of an update; nothing: null. */
  readonly id?: readonly [string, number] | null;
  readonly told?: PlainData;
  /** What was held: before an update, or by what a read shows. */
  readonly held?: PlainData;
  /** Of a read. */
  readonly value?: PlainData;
  /** Of a read: a digest of the whole state. */
  readonly state?: string;
  /** Of a read: names the history that the state has forgotten. */
  readonly trimmed?: string;
  /** refused: why. */
  readonly error?: string;
};

export type StoreMessage = StoreRequest | StoreReply;

export const storeCodec: Codec<StoreMessage> = jsonCodec<StoreMessage>();
