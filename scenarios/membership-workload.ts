/** What clients do with membership: change and read a replicated map through any node, and multicast. */
import type { Host } from "../sim/host.ts";
import type { Random } from "../sim/random.ts";
import type { KvUpdate } from "../systems/membership/membership.ts";
import { createMembershipClient, type MembershipClient, type PlainContext } from "../systems/membership/service.ts";
import { MULTICAST_US_MAX } from "./membership-watch.ts";
import { paced } from "./pace.ts";
import type { Client, Outcome, PlannedOperation, ScenarioContext, Settings } from "./scenario.ts";

export const MEMBERSHIP_TOPIC = "news";

const ATTEMPT_TIMEOUT_US = 300_000;
const READ_ATTEMPTS = 3;
/** More than a chaos phase can hold; what does not fit is left. */
const OPERATIONS_PER_PROCESS = 60;
/** A way there and back, and the disk, roughly. */
const OPERATION_US = 10_000;

/** Few, so that removes meet adds. */
const ITEMS = 6;

/** `add` and `remove` change a set, `increment` a counter, `assign` a register, `swap` the same as compare-and-set, `send` multicasts. */
const FUNCTIONS = ["add", "add", "add", "remove", "increment", "assign", "swap", "read", "send"] as const;

export function membershipOperations(random: Random, context: ScenarioContext): PlannedOperation[] {
  const { nodes, clients, settings } = context;
  const { clientPace } = settings;
  const operations: PlannedOperation[] = [];
  for (let i = 0; i < OPERATIONS_PER_PROCESS; i++) {
    for (let process = 0; process < clients.length; process++) {
      const value = { node: random.pick(nodes), item: `item${random.below(ITEMS)}` };
      operations.push({
        process,
        afterUs: random.between(1_000, Number(settings["thinkUsMax"])),
        f: random.pick(FUNCTIONS),
        key: `k${keyOf(random, i, settings)}`,
        value,
      });
    }
  }
  // The setting `pace` divides the timers of the system here.
  const atClientPace = { ...context, settings: { ...settings, pace: clientPace! } }; // the scenario declares it
  return paced(operations, random, atClientPace, {
    operationUs: OPERATION_US,
    asRead: ({ key, value }) => ({ f: "read", key: key!, value }), // every drawn operation has a key
  });
}

/** Where keys drift, a key is as old as the operations on it: only anti-entropy can bring it to a node that lost it. */
function keyOf(random: Random, i: number, { keys, keysDrift }: Settings): number {
  const count = Number(keys);
  return keysDrift === true ? Math.floor((i * count) / OPERATIONS_PER_PROCESS) : random.below(count);
}

/** Every process changes and reads through a node of its own; with `healing: core` it tries others when that one is down. */
export function livenessOperations(process: number, { nodes }: ScenarioContext): PlannedOperation[] {
  const value = { node: nodes[process % nodes.length]!, item: `live.${process}` };
  return (["add", "read"] as const).map((f) => ({ process, afterUs: 0, f, key: "k0", value }));
}

/** After everything has healed: a message from every process, and the time that it may take. */
export function membershipFinalOperations({ nodes, clients }: ScenarioContext): PlannedOperation[] {
  return clients.flatMap((_, process): PlannedOperation[] => {
    const value = { node: nodes[process % nodes.length]!, item: `last.${process}` };
    return [
      { process, afterUs: 0, f: "send", value },
      { process, afterUs: MULTICAST_US_MAX + 100_000, f: "read", key: "k0", value },
    ];
  });
}

type Request = { readonly node: string; readonly item: string };

/** A process of Jepsen's kind. Where its node does not answer, its next operation goes to another one. */
export function createProcess(
  host: Host,
  options: { readonly port: number; readonly nodes: readonly string[] },
): Client {
  const client = createMembershipClient(host, {
    port: options.port,
    attemptTimeoutUs: ATTEMPT_TIMEOUT_US,
    readAttempts: READ_ATTEMPTS,
  });
  return new Process(host, client, options.nodes);
}

class Process implements Client {
  readonly #host: Host;
  readonly #client: MembershipClient;
  readonly #nodes: readonly string[];
  /** What was read last of each key, for compare-and-set. */
  readonly #contexts: Map<string, PlainContext> = new Map();
  /** Added to the place of the node that is asked for: grows when a node is silent. */
  #shift = 0;
  #asks = 0;

  constructor(host: Host, client: MembershipClient, nodes: readonly string[]) {
    this.#host = host;
    this.#client = client;
    this.#nodes = nodes;
  }

  async invoke({ f, key, value }: PlannedOperation): Promise<Outcome> {
    const { node: wanted, item } = value as Request;
    const node = this.#nodes[(this.#nodes.indexOf(wanted) + this.#shift) % this.#nodes.length]!; // indexOf: it is one of them
    if (f === "send") return this.#send(node, item);
    if (f === "read") return this.#read(node, key!); // reads have a key
    return this.#update(node, key!, f, item);
  }

  async #send(node: string, text: string): Promise<Outcome> {
    const answer = await this.#client.send(node, MEMBERSHIP_TOPIC, text);
    if (answer?.type === "sent") return { type: "ok", value: { node, id: answer.multicast } };
    return this.#unanswered("info");
  }

  async #read(node: string, key: string): Promise<Outcome> {
    const answer = await this.#client.read(node, key);
    if (answer?.type !== "value") return this.#unanswered("fail");
    this.#contexts.set(key, answer.context);
    return { type: "ok", value: { node, ...answer.value } };
  }

  async #update(node: string, key: string, f: string, item: string): Promise<Outcome> {
    const context = f === "swap" ? (this.#contexts.get(key) ?? {}) : undefined;
    const ask = ++this.#asks;
    this.#host.observe("membership.asked", () => ask);
    const request = { key, updates: [updateOf(f, item)], ...(context === undefined ? {} : { context }) };
    const answer = await this.#client.update(node, request);
    // A copy of the request may have happened in the boot before, which could not answer any more.
    if (answer?.type === "refused") return { type: "info", error: answer.error };
    if (answer?.type !== "value") return this.#unanswered("info");
    const { context: clock } = answer;
    this.#contexts.set(key, clock);
    const expected = context === undefined ? {} : { expected: context };
    this.#host.observe("membership.acknowledged", () => ({ ask, node, key, clock, ...expected }));
    return { type: "ok", value: { node, item } };
  }

  #unanswered(type: "fail" | "info"): Outcome {
    this.#shift += 1;
    return { type, error: "no answer in time" };
  }
}

function updateOf(f: string, item: string): KvUpdate {
  switch (f) {
    case "add":
    case "remove":
      return { kind: f, field: "members", members: [item] };
    case "increment":
      return { kind: "increment", field: "count", amount: 1 };
    default:
      return { kind: "assign", field: "last", value: item };
  }
}
