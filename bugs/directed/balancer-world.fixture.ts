/** The world in which the witnesses of the balancer's bugs act: nodes with tasks and balancers, a client, and the present monitors. */
import { TablesMonitor } from "../../checkers/balancer/tables-monitor.ts";
import { TrafficMonitor } from "../../checkers/balancer/traffic-monitor.ts";
import { TruthMonitor } from "../../checkers/balancer/truth-monitor.ts";
import type {
  AttemptRecord,
  BalancerViolation,
  ChoiceRecord,
  DiffRecord,
  EntriesRecord,
  ForgotRecord,
  PublishRecord,
  BalancerReachRecord,
  StepRecord,
  TaskRecord,
} from "../../checkers/balancer/record.ts";
import type { Control } from "../../sim/control.ts";
import type { Host } from "../../sim/host.ts";
import type { NetworkOptions } from "../../sim/net/network.ts";
import type { SharedMembership } from "../../systems/balancer/membership.fixture.ts";
import type { BalancerOptions } from "../../systems/balancer/options.ts";
import type { Command, TaskSpec } from "../../systems/balancer/simulated/agent.ts";
import type { BalancerClient, Exchange } from "../../systems/balancer/simulated/client.ts";
import { expectStep, load, type Verdict } from "./script.fixture.ts";

export const MS = 1_000;
export const WEB = "tcp/web.shop:80";
const AGENT_PORT = 9200;
const STALE_US_MAX = 100 * MS;

export type Play = {
  readonly control: Control;
  readonly membership: SharedMembership;
  readonly truth: TruthMonitor;
  readonly run: (forUs: number) => Promise<void>;
  /** Opens this many connections to web at once from the client at n1, and asks on each, once by default. */
  readonly burst: (threads: number, requests?: number) => Promise<readonly Exchange[]>;
  /** Tells the agent of a node what becomes of a task. */
  readonly command: (node: string, task: string, command: Command) => Promise<void>;
};

/** A task that answers for WEB. */
export function webTask(port: number): TaskSpec {
  const labels = ["/web:80"];
  return { name: "web", framework: "shop", port: { protocol: "tcp", port, labels, weight: 1 }, serviceUs: 2 * MS };
}

type Script = (play: Play) => Promise<void>;

export type Stage = {
  readonly nodes: readonly string[];
  /** How long the client waits for each answer; a balancer waits for 100 ms. */
  readonly patienceUs: number;
  /** Default: a network that loses and doubles nothing. */
  readonly network?: NetworkOptions;
};

/** Plays the script on the code below `root`, web running at each of the nodes; what the monitors found is the verdict. */
export async function playBalancer(
  root: string,
  { nodes, patienceUs, network = {} }: Stage,
  script: Script,
): Promise<Verdict> {
  const { withNodeEngine } = await load<typeof import("../../runtime/engine.ts")>(root, "runtime/engine.ts");
  const control = await load<typeof import("../../sim/control.ts")>(root, "sim/control.ts");
  const system = await loadSystem(root);
  const options: BalancerOptions = {
    ...system.options.BALANCER_DEFAULTS,
    pollUs: 50 * MS,
    // Nothing but the notices counts here: what is computed anew now and then would hide what they missed.
    reconcileUs: 60_000 * MS,
    decayUs: 100 * MS,
    backoffUs: 300 * MS,
    connectTimeoutUs: 60 * MS,
    responseTimeoutUs: 100 * MS,
  };
  return withNodeEngine({}, async (engine) => {
    const world = new control.Control({ seed: "witness", engine, network });
    const monitors = watch(world, options);
    const membership = new system.membership.SharedMembership(nodes);
    for (const name of nodes) {
      const program = (host: Host): void => {
        const faces = membership.join(host);
        observeReach(host, faces.routes.onReach, () => faces.routes.reachableNodes());
        const agent = { port: AGENT_PORT, tasks: [webTask(9001)], startUs: MS, backlogUsMax: 500 * MS, endedMax: 10 };
        const tasks = new system.agent.TaskAgent(host, agent);
        const addressOf = ({ address }: { readonly address: string }) => ({ host: address, port: AGENT_PORT });
        system.balancer.startBalancer(host, { membership: faces, tasks, options, addressOf });
      };
      world.addHost({ name, program });
    }
    const ask = addClient(world, system.client.BalancerClient, { port: options.port, patienceUs });
    for (const { name } of world.hosts) world.boot(name, true);
    await world.run(300 * MS);
    await script({
      control: world,
      membership,
      truth: monitors.truth,
      run: async (forUs) => void (await world.run(world.nowUs + forUs)),
      burst: (threads, requests = 1) => ask((client) => client.burst(system.vip.parseVip(WEB), { threads, requests })),
      command: async (node, task, command) => {
        const answer = await ask((client) => client.command({ host: node, port: AGENT_PORT }, task, command));
        expectStep(answer === "done", `${command.action} of ${task} at ${node} (${answer})`);
      },
    });
    return verdictOf([monitors.traffic, monitors.tables, monitors.truth].flatMap(({ violations }) => violations));
  });
}

async function loadSystem(root: string) {
  return {
    balancer: await load<typeof import("../../systems/balancer/balancer.ts")>(root, "systems/balancer/balancer.ts"),
    options: await load<typeof import("../../systems/balancer/options.ts")>(root, "systems/balancer/options.ts"),
    vip: await load<typeof import("../../systems/balancer/vip.ts")>(root, "systems/balancer/vip.ts"),
    agent: await load<typeof import("../../systems/balancer/simulated/agent.ts")>(
      root,
      "systems/balancer/simulated/agent.ts",
    ),
    client: await load<typeof import("../../systems/balancer/simulated/client.ts")>(
      root,
      "systems/balancer/simulated/client.ts",
    ),
    membership: await load<typeof import("../../systems/balancer/membership.fixture.ts")>(
      root,
      "systems/balancer/membership.fixture.ts",
    ),
  };
}

/** What real membership tells by itself. */
function observeReach(
  host: Host,
  onReach: (listener: () => void) => void,
  reachableNodes: () => readonly string[],
): void {
  const tell = (): void =>
    host.observe(
      "membership.reach",
      (): BalancerReachRecord => ({ host: host.name, incarnation: host.boot.incarnation, reachable: reachableNodes() }),
    );
  tell();
  onReach(tell);
}

/** The client at n1; jobs run on it one after the other. */
function addClient(
  world: Control,
  Client: typeof BalancerClient,
  home: { readonly port: number; readonly patienceUs: number },
) {
  let next: ((client: BalancerClient) => Promise<unknown>) | null = null;
  let answer: { readonly value: unknown } | null = null;
  world.addHost({
    name: "c1",
    program: async (host) => {
      const balancers = [{ host: "n1", port: home.port }];
      const client = new Client(host, { port: 9300, balancers, resendUs: 20 * MS, stepTimeoutUs: home.patienceUs });
      for (;;) {
        await host.timers.sleep(MS);
        if (next === null) continue;
        const job: (client: BalancerClient) => Promise<unknown> = next;
        next = null;
        answer = { value: await job(client) };
      }
    },
  });
  return async <T>(job: (client: BalancerClient) => Promise<T>): Promise<T> => {
    next = job;
    answer = null;
    for (let i = 0; i < 300 && answer === null; i += 1) await world.run(world.nowUs + 10 * MS);
    const settled = answer as { readonly value: unknown } | null;
    expectStep(settled !== null, "an end of what the client does");
    return settled!.value as T;
  };
}

type Monitors = { readonly traffic: TrafficMonitor; readonly tables: TablesMonitor; readonly truth: TruthMonitor };

function watch(control: Control, options: BalancerOptions): Monitors {
  const attemptUsMax = Math.max(options.connectTimeoutUs, options.responseTimeoutUs);
  const traffic = new TrafficMonitor({ ...options, attemptUsMax });
  const tables = new TablesMonitor();
  // No node dies in these scripts.
  const steadyForUs = () => ({ isDown: false, forUs: control.nowUs });
  const truth = new TruthMonitor({ staleUsMax: STALE_US_MAX, deadUsMax: STALE_US_MAX, steadyForUs });
  const on = <R>(kind: string, take: (record: R) => void): void =>
    control.world.onObservation(kind, (_host, _incarnation, data) => take(data as R));
  on<ChoiceRecord>("balancer.choice", (record) => {
    traffic.onChoice(record);
    truth.onChoice(record, control.nowUs);
  });
  on<AttemptRecord>("balancer.attempt", (record) => traffic.onAttempt(record));
  on<ForgotRecord>("balancer.forgot", (record) => traffic.onForgot(record));
  on<BalancerReachRecord>("balancer.reach", (record) => traffic.onReach(record));
  on<BalancerReachRecord>("membership.reach", (record) => truth.onReach(record, control.nowUs));
  on<EntriesRecord>("balancer.entries", (record) => {
    tables.onEntries(record);
    truth.onEntries(record, control.nowUs);
  });
  on<DiffRecord>("balancer.diff", (record) => tables.onDiff(record));
  on<StepRecord>("balancer.step", (record) => {
    for (const monitor of [traffic, tables, truth]) monitor.onStep(record);
  });
  on<PublishRecord>("balancer.publish", (record) => truth.onPublish(record));
  on<TaskRecord>("balancer.task", (record) => truth.onTask(record, control.nowUs));
  return { traffic, tables, truth };
}

function verdictOf(violations: readonly BalancerViolation[]): Verdict {
  const first = violations[0];
  if (first === undefined) return { violated: [], told: "everything was as it should be" };
  return {
    violated: [...new Set(violations.map(({ property }) => property))],
    told: `${first.host}: ${first.message}`,
  };
}
