/**
 * Membership for programs on other hosts: requests to a node's KV and multicast over datagrams, and the client that makes them.
 *
 * An update is asked for once: it may have happened when no answer comes. A read is repeated until its time is over. A request that the
 * network has doubled is carried out once by each boot of the node. Every answer names the command whose result it gives, and the key of it: a
 * client that gets what belongs to another fails the run.
 */
import type { Address, DatagramSocket, Host } from "../../sim/host.ts";
import { Clock } from "../crdt/clock.ts";
import { jsonCodec } from "../json-codec.ts";
import type { KvContext, KvReading, KvUpdate, KvValue, Membership } from "./membership.ts";

/** A context on the wire: counters by actor. */
export type PlainContext = { readonly [actor: string]: number };

/** A value as plain data: fields by kind and name. */
export type PlainValue = {
  readonly sets: { readonly [field: string]: readonly string[] };
  readonly registers: { readonly [field: string]: readonly string[] };
  readonly flags: { readonly [field: string]: boolean };
  readonly counters: { readonly [field: string]: number };
};

type Question =
  | {
      readonly type: "update";
      readonly key: string;
      readonly context: PlainContext | null;
      readonly updates: readonly KvUpdate[];
    }
  | { readonly type: "read"; readonly key: string }
  | { readonly type: "send"; readonly topic: string; readonly text: string };

export type ServiceAnswer =
  | { readonly type: "value"; readonly key: string; readonly value: PlainValue; readonly context: PlainContext }
  | { readonly type: "sent"; readonly multicast: string }
  | { readonly type: "refused"; readonly error: string };

/** `command` names the client, its boot and the question: numbers alone are the same at many clients. */
type Message = (Question | ServiceAnswer) & { readonly id: number; readonly command: string };

/** Requests remembered, to know the second copy of one; the oldest go first. */
const SEEN_MAX = 1_000;

/** Answers requests on the port. */
export function serveMembership(host: Host, membership: Membership, port: number): void {
  const seen = new Set<string>();
  const socket: DatagramSocket<Message> = host.net.open<Message>({
    port,
    codec: jsonCodec<Message>(),
    onMessage: async (message, from) => {
      const name = `${from.host}:${from.port}/${message.id}`;
      if (seen.has(name)) return;
      seen.add(name);
      if (seen.size > SEEN_MAX) seen.delete(seen.values().next().value!); // it is not empty
      const answer = await answerOf(membership, message);
      if (answer !== null) socket.send(from, { ...answer, id: message.id, command: message.command });
    },
  });
}

async function answerOf(membership: Membership, message: Message): Promise<ServiceAnswer | null> {
  const { kv, multicast } = membership;
  switch (message.type) {
    case "read":
      return valueAnswer(kv.read(message.key));
    case "send":
      return { type: "sent", multicast: multicast.send(message.topic, new TextEncoder().encode(message.text)) };
    case "update": {
      const result = await kv.requestOp(message.key, contextOf(message.context), message.updates);
      return result.kind === "ok" ? valueAnswer(result) : { type: "refused", error: result.error };
    }
    default:
      return null;
  }
}

function contextOf(plain: PlainContext | null): KvContext | null {
  if (plain === null) return null;
  return Clock.of(Object.entries(plain).map(([actor, counter]) => ({ actor, counter })));
}

function valueAnswer({ key, value, context }: KvReading): ServiceAnswer {
  const pairs: [string, number][] = [];
  for (const { actor, counter } of context.dots()) pairs.push([actor, counter]);
  return { type: "value", key, value: plainOf(value), context: Object.fromEntries(pairs) };
}

function plainOf(value: KvValue): PlainValue {
  return {
    sets: Object.fromEntries(value.sets),
    registers: Object.fromEntries(value.registers),
    flags: Object.fromEntries(value.flags),
    counters: Object.fromEntries(value.counters),
  };
}

function isAnswer(message: Message): message is Message & ServiceAnswer {
  return message.type === "value" || message.type === "sent" || message.type === "refused";
}

function keyOf(message: Question | ServiceAnswer): { readonly key?: string } {
  return "key" in message ? { key: message.key } : {};
}

export type MembershipClient = {
  /** The node's answer; null when none came in time. */
  update(
    node: string,
    request: { readonly key: string; readonly context?: PlainContext; readonly updates: readonly KvUpdate[] },
  ): Promise<ServiceAnswer | null>;
  read(node: string, key: string): Promise<ServiceAnswer | null>;
  /** Multicasts a text from this node. */
  send(node: string, topic: string, text: string): Promise<ServiceAnswer | null>;
};

export type MembershipClientOptions = {
  /** The service's port at every node. */
  readonly port: number;
  readonly attemptTimeoutUs: number;
  /** Attempts of a read. */
  readonly readAttempts: number;
};

/** Opens a port of its own on the host. */
export function createMembershipClient(host: Host, options: MembershipClientOptions): MembershipClient {
  const waiting = new Map<number, (answer: Message) => void>();
  // Not from 1: a node may still remember the numbers of this client's boot before.
  let nextId = host.random.uint32();
  const socket = host.net.open<Message>({
    port: 0,
    codec: jsonCodec<Message>(),
    onMessage: (message) => {
      waiting.get(message.id)?.(message);
    },
  });
  const ask = (to: Address, question: Question): Promise<ServiceAnswer | null> =>
    new Promise((resolve) => {
      const id = nextId++;
      const command = `${host.name}/${host.boot.incarnation}/${id}`;
      const settle = (answer: ServiceAnswer | null): void => {
        if (!waiting.delete(id)) return;
        timer.cancel();
        resolve(answer);
      };
      const timer = host.timers.after(options.attemptTimeoutUs, () => settle(null));
      waiting.set(id, (message) => {
        if (!isAnswer(message)) return;
        const asked = { command, ...keyOf(question) };
        const answered = { command: message.command, ...(message.type === "value" ? keyOf(message) : keyOf(question)) };
        const isOwn = asked.command === answered.command && asked.key === answered.key;
        host.always(isOwn, "membership-answers-own-command", () => ({ asked, answered }));
        settle(message);
      });
      socket.send(to, { ...question, id, command });
    });
  const at = (node: string): Address => ({ host: node, port: options.port });
  return {
    update: (node, { key, context, updates }) =>
      ask(at(node), { type: "update", key, context: context ?? null, updates }),
    read: async (node, key) => {
      for (let attempt = 1; attempt < options.readAttempts; attempt++) {
        const answer = await ask(at(node), { type: "read", key });
        if (answer !== null) return answer;
      }
      return ask(at(node), { type: "read", key });
    },
    send: (node, topic, text) => ask(at(node), { type: "send", topic, text }),
  };
}
