/**
 * Nodes and clients of the balancer's scenarios: which tasks run where, and every parameter scaled down to a run of seconds.
 *
 * Each node runs membership, a balancer and an agent with tasks. Clients sit at a node each and ask for VIPs through its balancer.
 */
import type { Host, Program } from "../sim/host.ts";
import { startBalancer } from "../systems/balancer/balancer.ts";
import { BALANCER_DEFAULTS, type BalancerOptions } from "../systems/balancer/options.ts";
import { type AgentOptions, type Command, TaskAgent, type TaskSpec } from "../systems/balancer/simulated/agent.ts";
import { type Answer, BalancerClient, type Exchange } from "../systems/balancer/simulated/client.ts";
import { parseVip, type Protocol } from "../systems/balancer/vip.ts";
import { startMembership } from "../systems/membership/node.ts";
import { scaledMembership } from "./balancer-membership.ts";
import type { Client, Outcome, PlannedOperation, ScenarioContext, Settings } from "./scenario.ts";

const AGENT_PORT = 9200;
const CLIENT_PORT = 9300;
const FRAMEWORK = "shop";

/** Runs at every node, and no operation ends it: requests for it must succeed once all is well. */
export const WEB = "tcp/web.shop:80";
const API = "tcp/api.shop:80";
const LOG = "udp/log.shop:514";
const FIXED = "tcp/10.1.2.3:443";

/** Names that tasks are launched for while a run goes on; more than a small block has addresses for. */
export const LAUNCHED: readonly string[] = ["cart", "mail", "pay", "stock", "user"];

export function vipOfLaunched(name: string): string {
  return `tcp/${name}.${FRAMEWORK}:80`;
}

export const VIPS: readonly string[] = [WEB, API, LOG, FIXED, ...LAUNCHED.map(vipOfLaunched)];

export function taskSpec(name: string, port: number, more: Partial<TaskSpec["port"]> = {}): TaskSpec {
  const base = { protocol: "tcp" as Protocol, port, labels: [`/${name}:80`], weight: 1 };
  return { name, framework: FRAMEWORK, port: { ...base, ...more }, serviceUs: 400 };
}

/** What every boot of a node runs. */
export function tasksOf(node: string, { nodes, settings }: ScenarioContext): readonly TaskSpec[] {
  const place = nodes.indexOf(node);
  const serviceUs = Number(settings["serviceUs"]);
  const tasks = [taskSpec("web", 9001, { labels: ["/web:80", "/web:8080"] })];
  if (place % 2 === 0) tasks.push(taskSpec("api", 9002, { weight: 1 + (place % 3) }));
  if (place % 3 !== 1) tasks.push(taskSpec("log", 9003, { protocol: "udp", labels: ["/log:514"] }));
  if (place < 2) tasks.push(taskSpec("fixed", 9004, { labels: ["10.1.2.3:443", "no VIP"] }));
  return tasks.map((task) => ({ ...task, serviceUs }));
}

export function balancerOptions(settings: Settings): BalancerOptions {
  const number = (name: string): number => Number(settings[name]);
  return {
    ...BALANCER_DEFAULTS,
    names: { ...BALANCER_DEFAULTS.names, count: number("addresses") },
    pollUs: number("pollUs"),
    pollBackoffUsMax: 4 * number("pollUs"),
    reconcileUs: number("reconcileUs"),
    decayUs: number("decayUs"),
    failuresMax: number("failuresMax"),
    backoffUs: number("backoffUs"),
    connectTimeoutUs: number("connectTimeoutUs"),
    responseTimeoutUs: number("responseTimeoutUs"),
    wholeScanMax: number("wholeScanMax"),
    idleUs: 1_000_000,
    connectionsMax: 400,
  };
}

export function balancerNode(name: string, context: ScenarioContext): Program {
  const { settings } = context;
  const options = balancerOptions(settings);
  const agent: AgentOptions = {
    port: AGENT_PORT,
    tasks: tasksOf(name, context),
    startUs: 20_000,
    backlogUsMax: 200_000,
    endedMax: 10,
  };
  return async (host) => {
    const tasks = new TaskAgent(host, agent);
    const membership = await startMembership(host, scaledMembership(context));
    const addressOf = ({ address }: { readonly address: string }) => ({ host: address, port: AGENT_PORT });
    startBalancer(host, { membership, tasks, options, addressOf });
  };
}

/** What an operation of the workload says in its value. */
export type RequestValue = { readonly threads: number; readonly requests: number };
export type TaskValue = { readonly node: string; readonly task: string; readonly command: Command };

export function balancerClient(host: Host, context: ScenarioContext): Client {
  const { settings, nodes, clients } = context;
  const home = clients.indexOf(host.name) % nodes.length;
  const balancers = nodes.map((_, i) => nodes[(home + i) % nodes.length]!);
  const client = new BalancerClient(host, {
    port: CLIENT_PORT,
    balancers: balancers.map((node) => ({ host: node, port: BALANCER_DEFAULTS.port })),
    resendUs: Math.max(30_000, 8 * Number(settings["latencyUs"])),
    stepTimeoutUs: Number(settings["responseTimeoutUs"]) + 100_000,
  });
  return {
    invoke: async (operation): Promise<Outcome> => {
      if (operation.f === "task") return { type: "ok", result: await commandOf(client, operation) };
      if (operation.f === "rest") {
        await host.timers.sleep(Number(operation.value));
        host.observe("balancer.rested", () => null);
        return { type: "ok" };
      }
      const vip = operation.key!;
      const exchanges = await client.burst(parseVip(vip), operation.value as RequestValue);
      const outcome = outcomeOf(exchanges);
      if (operation.f === "verify") observeVerified(host, vip, { exchanges, outcome });
      return outcome;
    },
  };
}

type Verified = { readonly exchanges: readonly Exchange[]; readonly outcome: Outcome };

/** For checkers/balancer/record.ts, VerifiedRecord. */
function observeVerified(host: Host, vip: string, { exchanges, outcome }: Verified): void {
  host.observe("balancer.verified", () => ({
    client: host.name,
    vip,
    error: outcome.type === "ok" ? "" : outcome.error,
    servers: exchanges.flatMap((exchange) =>
      exchange.kind === "ok" ? exchange.answers.map(({ server }) => server) : [],
    ),
  }));
}

async function commandOf(client: BalancerClient, operation: PlannedOperation): Promise<string | null> {
  const { node, task, command } = operation.value as unknown as TaskValue;
  return client.command({ host: node, port: AGENT_PORT }, task, command);
}

/** `ok` with what each connection came to, if all went well; requests have no effects, so else it is a `fail`. */
function outcomeOf(exchanges: readonly Exchange[]): Outcome {
  const reasons = new Set<string>();
  const connections: ConnectionResult[] = [];
  for (const exchange of exchanges) {
    if (exchange.kind === "ok") connections.push({ accepted: exchange.accepted, answers: exchange.answers });
    else reasons.add(exchange.reason);
  }
  if (reasons.size > 0) return { type: "fail", error: [...reasons].sort().join(", ") };
  return { type: "ok", result: connections };
}

/** One connection in the result of a request: by whom it was accepted (null on udp), and its answers in order. */
export type ConnectionResult = { readonly accepted: string | null; readonly answers: readonly Answer[] };
