/**
 * lashup's own experiment, in virtual time: 40 nodes with 1,000 tasks behind one VIP, an eighth of the machines lose power at once.
 *
 * Ten threads at nodes that stay up open ten connections a second each through the balancer of their node, each with one request.
 */
import { TaskAgent, type TaskSpec } from "../../systems/balancer/simulated/agent.ts";
import { BalancerClient } from "../../systems/balancer/simulated/client.ts";
import { startBalancer } from "../../systems/balancer/balancer.ts";
import { BALANCER_DEFAULTS } from "../../systems/balancer/options.ts";
import { parseVip } from "../../systems/balancer/vip.ts";
import { row } from "../measure.ts";
import { type Cluster, quantile, SECOND_US, SETTLED_US, withCluster } from "./cluster.ts";
import { svgOf } from "./plot.ts";

const NODES = 40;
const TASKS_PER_NODE = 25;
const KILLED = NODES / 8;
const THREADS = 10;
const BETWEEN_US = SECOND_US / 10;
const AGENT_PORT = 9200;
const CLIENT_PORT = 9300;
const VIP = "tcp/web.bench:80";
/** The load begins, the machines fail five seconds later, and the load goes on. */
const LOAD_US = SETTLED_US;
const FAIL_US = LOAD_US + 5 * SECOND_US;
const END_US = LOAD_US + 30 * SECOND_US;
const BUCKET_US = SECOND_US / 4;

type Attempt = { readonly atUs: number; readonly tookUs: number; readonly isOk: boolean };

/** The SVG of failed connections over time. */
export async function benchFailover(): Promise<string> {
  const attempts: Attempt[] = [];
  const agents = new Map<string, TaskAgent>();
  await withCluster(
    {
      size: NODES,
      seed: "failover",
      before: (host) => agents.set(host.name, new TaskAgent(host, agentOptions())),
      beside: (host, membership) => {
        startBalancer(host, {
          membership,
          tasks: agents.get(host.name)!, // made before membership began
          options: BALANCER_DEFAULTS,
          addressOf: ({ address }) => ({ host: address, port: AGENT_PORT }),
        });
      },
    },
    async (cluster) => {
      addThreads(cluster, attempts);
      await cluster.control.run(FAIL_US);
      for (const name of cluster.names.slice(-KILLED)) cluster.control.powerLoss(name);
      await cluster.control.run(END_US + BALANCER_DEFAULTS.connectTimeoutUs * 10);
      report(cluster, attempts);
    },
  );
  const failed = attempts.filter(({ isOk }) => !isOk);
  const values = Array.from(
    { length: (END_US - LOAD_US) / BUCKET_US },
    (_, i) => failed.filter(({ atUs }) => Math.floor((atUs - LOAD_US) / BUCKET_US) === i).length,
  );
  return svgOf({
    title: `Failed connections: ${NODES} nodes, ${NODES * TASKS_PER_NODE} tasks, ${KILLED} nodes lose power at once`,
    xLabel: "virtual seconds (when the connection was begun)",
    yLabel: `failed in ${BUCKET_US / 1_000} ms, of ${(THREADS * BUCKET_US) / BETWEEN_US}`,
    values,
    xFirst: 0,
    xStep: BUCKET_US / SECOND_US,
    event: { x: (FAIL_US - LOAD_US) / SECOND_US, text: "power lost" },
  });
}

function agentOptions(): ConstructorParameters<typeof TaskAgent>[1] {
  const tasks = Array.from(
    { length: TASKS_PER_NODE },
    (_, i): TaskSpec => ({
      name: `web${i}`,
      framework: "bench",
      port: { protocol: "tcp", port: 10_000 + i, labels: ["/web:80"], weight: 1 },
      serviceUs: 1_000,
    }),
  );
  return { port: AGENT_PORT, tasks, startUs: 100_000, backlogUsMax: SECOND_US, endedMax: 10 };
}

function addThreads({ control, names }: Cluster, attempts: Attempt[]): void {
  for (let i = 0; i < THREADS; i++) {
    const name = `c${i + 1}`;
    control.addHost({
      name,
      program: (host) => {
        const client = new BalancerClient(host, {
          port: CLIENT_PORT,
          balancers: [{ host: names[i]!, port: BALANCER_DEFAULTS.port }], // fewer threads than nodes
          resendUs: 200_000,
          stepTimeoutUs: SECOND_US,
        });
        const open = async (): Promise<void> => {
          const atUs = control.nowUs;
          if (atUs >= END_US) return;
          host.timers.after(BETWEEN_US, open);
          const [exchange] = await client.burst(parseVip(VIP), { threads: 1, requests: 1 });
          attempts.push({ atUs, tookUs: control.nowUs - atUs, isOk: exchange?.kind === "ok" });
        };
        host.timers.after(LOAD_US + Math.floor((i * BETWEEN_US) / THREADS), open);
      },
    });
    control.boot(name, true);
  }
}

function report({ reach }: Cluster, attempts: readonly Attempt[]): void {
  const survivors = NODES - KILLED;
  const known = reach.losses.map(({ latencyUs }) => latencyUs / 1_000);
  const times = [
    ...known,
    ...Array.from({ length: Math.max(0, survivors * KILLED - known.length) }, () => Number.POSITIVE_INFINITY),
  ];
  row(
    `${NODES} nodes, ${KILLED} killed at once: known to 90 %`,
    `${quantile(times, 0.9).toFixed(0)} ms`,
    `to 100 % of ${survivors} survivors ${quantile(times, 1).toFixed(0)} ms, half ${quantile(times, 0.5).toFixed(0)} ms after the power loss`,
  );
  const before = attempts.filter(({ atUs }) => atUs < FAIL_US - SECOND_US);
  const failed = attempts.filter(({ isOk }) => !isOk);
  const lastUs = Math.max(FAIL_US, ...failed.map(({ atUs }) => atUs));
  const took = before.filter(({ isOk }) => isOk).map(({ tookUs }) => tookUs / 1_000);
  row(
    `  connections failed, of ${attempts.length}`,
    `${failed.length}`,
    `${failed.filter(({ atUs }) => atUs < FAIL_US - SECOND_US).length} of them before; the last one begun ${((lastUs - FAIL_US) / SECOND_US).toFixed(2)} s after the power loss; median before ${quantile(took, 0.5).toFixed(1)} ms`,
  );
}
