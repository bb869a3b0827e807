/**
 * Packets: between clients and the balancer of their node, and between a balancer and the nodes that run backends.
 *
 *     client                      balancer                    backend
 *       resolve, open, send, end ->    -> syn, ask, fin
 *       <- resolved, accept, reply, refuse      <- syn-ack, answer, reset
 *
 * They stand for what TCP, UDP and DNS would send: datagrams that may be lost, doubled and late. A client names its connection by a source
 * port, a balancer by a number and its boot, so that packets for an earlier boot are told apart. Every answer names what it answers: the
 * payload of a request comes back from the task that served it, the balancer adds its name of the connection (`via`), and a name or a
 * command is repeated. So a client notices when it gets what belongs to another.
 */
import type { Codec } from "../../sim/host.ts";
import { HEADER_BYTES, openMessage, sealMessage, sizeOfText, sizeOfUint } from "../membership/wire.ts";
import type { Protocol } from "./vip.ts";

/** Why a client is refused. no-service: the address is captured but nothing stands behind it, which must never happen. */
export type Refusal = "no-route" | "no-service" | "no-backend" | "full" | "reset" | "unknown-connection";

type ClientSide = {
  readonly source: number;
  readonly protocol: Protocol;
  readonly address: string;
  readonly port: number;
};
type BalancerSide = { readonly boot: number; readonly connection: number };
type BackendSide = BalancerSide & { readonly protocol: Protocol; readonly port: number };

export type Packet =
  | { readonly type: "resolve"; readonly source: number; readonly name: string }
  /** An empty address: there is no such name. */
  | { readonly type: "resolved"; readonly source: number; readonly name: string; readonly address: string }
  | ({ readonly type: "open" | "end" } & ClientSide)
  | ({ readonly type: "send"; readonly request: number; readonly payload: string } & ClientSide)
  | { readonly type: "accept"; readonly source: number; readonly via: string }
  | {
      readonly type: "reply";
      readonly source: number;
      readonly request: number;
      readonly server: string;
      readonly payload: string;
      readonly via: string;
    }
  | { readonly type: "refuse"; readonly source: number; readonly reason: string }
  | ({ readonly type: "syn" | "fin" } & BackendSide)
  | ({ readonly type: "ask"; readonly request: number; readonly payload: string } & BackendSide)
  | ({ readonly type: "syn-ack" | "reset" } & BalancerSide)
  | ({
      readonly type: "answer";
      readonly request: number;
      readonly server: string;
      readonly payload: string;
    } & BalancerSide)
  /** From an operator to the node that runs a task, and what came of it. */
  | {
      readonly type: "command";
      readonly source: number;
      readonly task: string;
      readonly action: string;
      readonly argument: string;
    }
  | {
      readonly type: "done";
      readonly source: number;
      readonly task: string;
      readonly action: string;
      readonly result: string;
    };

type Field = readonly [name: string, kind: "uint" | "text"];

const CLIENT_SIDE: readonly Field[] = [
  ["source", "uint"],
  ["protocol", "text"],
  ["address", "text"],
  ["port", "uint"],
];
const BALANCER_SIDE: readonly Field[] = [
  ["boot", "uint"],
  ["connection", "uint"],
];
const BACKEND_SIDE: readonly Field[] = [...BALANCER_SIDE, ["protocol", "text"], ["port", "uint"]];
const REQUEST: Field = ["request", "uint"];
const SOURCE: Field = ["source", "uint"];
const SERVER: Field = ["server", "text"];
const PAYLOAD: Field = ["payload", "text"];
const VIA: Field = ["via", "text"];

const LAYOUT: { readonly [type in Packet["type"]]: readonly Field[] } = {
  resolve: [SOURCE, ["name", "text"]],
  resolved: [SOURCE, ["name", "text"], ["address", "text"]],
  open: CLIENT_SIDE,
  end: CLIENT_SIDE,
  send: [...CLIENT_SIDE, REQUEST, PAYLOAD],
  accept: [SOURCE, VIA],
  reply: [SOURCE, REQUEST, SERVER, PAYLOAD, VIA],
  refuse: [SOURCE, ["reason", "text"]],
  syn: BACKEND_SIDE,
  fin: BACKEND_SIDE,
  ask: [...BACKEND_SIDE, REQUEST, PAYLOAD],
  "syn-ack": BALANCER_SIDE,
  reset: BALANCER_SIDE,
  answer: [...BALANCER_SIDE, REQUEST, SERVER, PAYLOAD],
  command: [SOURCE, ["task", "text"], ["action", "text"], ["argument", "text"]],
  done: [SOURCE, ["task", "text"], ["action", "text"], ["result", "text"]],
};

const TYPES: readonly Packet["type"][] = Object.keys(LAYOUT) as Packet["type"][];

type Fields = { readonly [name: string]: string | number };

/** A checksum makes damaged packets get lost. */
export const PACKET_CODEC: Codec<Packet> = {
  typeOf: ({ type }) => type,
  sizeOf: (packet) => {
    let size = HEADER_BYTES;
    for (const [name, kind] of LAYOUT[packet.type]) {
      const value = (packet as Fields)[name]!;
      size += kind === "uint" ? sizeOfUint(value as number) : sizeOfText(value as string);
    }
    return size;
  },
  encode: (packet) =>
    sealMessage(TYPES.indexOf(packet.type), (writer) => {
      for (const [name, kind] of LAYOUT[packet.type]) {
        const value = (packet as Fields)[name]!;
        if (kind === "uint") writer.uint(value as number);
        else writer.text(value as string);
      }
    }),
  decode: (bytes) =>
    openMessage(bytes, (kind, reader) => {
      const type = TYPES[kind];
      if (type === undefined) throw new RangeError(`there is no packet of kind ${kind}`);
      const packet: { [name: string]: string | number } = { type };
      for (const [name, form] of LAYOUT[type]) packet[name] = form === "uint" ? reader.uint(name) : reader.text(name);
      return packet as Packet;
    }),
};
