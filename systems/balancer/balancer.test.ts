/** The balancer on the simulator, with a membership that never fails: from tasks to connections. */
import { expect, test } from "vitest";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import type { Host } from "../../sim/host.ts";
import { type Balancer, startBalancer } from "./balancer.ts";
import { SharedMembership } from "./membership.fixture.ts";
import type { StepRecord } from "./observation.ts";
import { BALANCER_DEFAULTS, type BalancerOptions } from "./options.ts";
import { type Command, TaskAgent, type TaskSpec } from "./simulated/agent.ts";
import { BalancerClient, type Exchange } from "./simulated/client.ts";
import { parseVip } from "./vip.ts";

const AGENT_PORT = 9200;
const WEB = "tcp/web.shop:80";
const MS = 1_000;

const OPTIONS: BalancerOptions = {
  ...BALANCER_DEFAULTS,
  pollUs: 50 * MS,
  reconcileUs: 400 * MS,
  decayUs: 100 * MS,
  backoffUs: 300 * MS,
  connectTimeoutUs: 60 * MS,
  responseTimeoutUs: 120 * MS,
};

function web(port: number): TaskSpec {
  return {
    name: `web${port}`,
    framework: "shop",
    port: { protocol: "tcp", port, labels: ["/web:80"], weight: 1 },
    serviceUs: 500,
  };
}

type World = {
  readonly control: Control;
  readonly membership: SharedMembership;
  readonly balancers: Map<string, Balancer>;
  readonly steps: StepRecord[];
  /** Runs bursts on the client one after the other. */
  readonly burst: (
    vip: string,
    size: { readonly threads: number; readonly requests: number },
  ) => Promise<readonly Exchange[]>;
  readonly command: (node: string, task: string, command: Command) => Promise<string | null>;
};

/** One task of web on each node; the client sits at the first node. */
async function inWorld(nodes: number, play: (world: World) => Promise<void>): Promise<void> {
  const names = Array.from({ length: nodes }, (_, i) => `n${i + 1}`);
  await withNodeEngine({}, async (engine) => {
    const control = new Control({ seed: "balancer", engine, isDeepChecking: true });
    const membership = new SharedMembership(names);
    const balancers = new Map<string, Balancer>();
    const steps: StepRecord[] = [];
    control.world.onObservation("balancer.step", (_host, _incarnation, data) => steps.push(data as StepRecord));
    for (const name of names) {
      control.addHost({
        name,
        program: (host: Host) => {
          const tasks = new TaskAgent(host, {
            port: AGENT_PORT,
            tasks: [web(9001)],
            startUs: MS,
            backlogUsMax: 500 * MS,
            endedMax: 10,
          });
          const addressOf = ({ address }: { readonly address: string }) => ({ host: address, port: AGENT_PORT });
          balancers.set(
            name,
            startBalancer(host, { membership: membership.join(host), tasks, options: OPTIONS, addressOf }),
          );
        },
      });
    }
    let next: ((client: BalancerClient) => Promise<unknown>) | null = null;
    let answer: { readonly value: unknown } | null = null;
    control.addHost({
      name: "c1",
      program: async (host) => {
        const homes = [{ host: "n1", port: OPTIONS.port }];
        const client = new BalancerClient(host, {
          port: 9300,
          balancers: homes,
          resendUs: 20 * MS,
          stepTimeoutUs: 200 * MS,
        });
        for (;;) {
          await host.timers.sleep(MS);
          if (next === null) continue;
          const job: (client: BalancerClient) => Promise<unknown> = next;
          next = null;
          answer = { value: await job(client) };
        }
      },
    });
    const ask = async <T>(job: (client: BalancerClient) => Promise<T>): Promise<T> => {
      next = job;
      answer = null;
      for (let i = 0; i < 100 && answer === null; i += 1) await control.run(control.nowUs + 20 * MS);
      if (answer === null) throw new Error("the client did not answer");
      return (answer as { readonly value: unknown }).value as T;
    };
    for (const host of control.hosts) control.boot(host.name, true);
    await control.run(300 * MS);
    await play({
      control,
      membership,
      balancers,
      steps,
      burst: (vip, size) => ask((client) => client.burst(parseVip(vip), size)),
      command: (node, task, command) =>
        ask((client) => client.command({ host: node, port: AGENT_PORT }, task, command)),
    });
    expect(control.world.properties.uncaught).toEqual([]);
  });
}

function serversOf(exchanges: readonly Exchange[]): string[] {
  return exchanges.flatMap((exchange) =>
    exchange.kind === "ok" ? exchange.answers.map(({ server }) => server) : [`failed: ${exchange.reason}`],
  );
}

test("every node installs what all publish, and a connection keeps its backend", async () => {
  await inWorld(3, async ({ balancers, burst }) => {
    const services = [{ vip: WEB, backends: ["n1/n1:9001*1", "n2/n2:9001*1", "n3/n3:9001*1"] }];
    for (const balancer of balancers.values()) expect(balancer.services()).toEqual(services);
    const exchanges = await burst(WEB, { threads: 12, requests: 3 });
    expect(exchanges.map((exchange) => new Set(serversOf([exchange])).size)).toEqual(
      Array.from({ length: 12 }, () => 1),
    );
    expect(new Set(serversOf(exchanges)).size).toBe(3);
  });
});

test("a service stands before its route and name, and goes after them", async () => {
  await inWorld(1, async ({ steps, command, control }) => {
    expect(steps.map(({ kind }) => kind)).toEqual(["add-service", "add-route", "show-name"]);
    expect(await command("n1", "web9001.1", { action: "end", state: "TASK_LOST" })).toBe("done");
    await control.run(control.nowUs + 200 * MS);
    expect(steps.slice(3).map(({ kind }) => kind)).toEqual(["hide-name", "remove-route", "remove-service"]);
  });
});

test("a draining task gets no new connections and finishes those it has", async () => {
  await inWorld(2, async ({ command, control, burst }) => {
    await command("n2", "web9001.1", { action: "drain", forUs: 500 * MS });
    await control.run(control.nowUs + 100 * MS);
    const servers = serversOf(await burst(WEB, { threads: 8, requests: 2 }));
    expect(new Set(servers)).toEqual(new Set(["web9001.1@n1"]));
  });
});

test("a backend whose agent is out of reach gets nothing, unless all are", async () => {
  await inWorld(2, async ({ membership, control, burst }) => {
    membership.cut("n1", ["n2"]);
    await control.run(control.nowUs + 20 * MS);
    expect(new Set(serversOf(await burst(WEB, { threads: 8, requests: 1 })))).toEqual(new Set(["web9001.1@n1"]));
    membership.cut("n1", ["n1", "n2"]);
    await control.run(control.nowUs + 20 * MS);
    expect(new Set(serversOf(await burst(WEB, { threads: 12, requests: 1 }))).size).toBe(2);
  });
});

test("a mute backend is tripped after five failures, probed once a backoff, and used again when it is well", async () => {
  await inWorld(2, async ({ command, control, burst }) => {
    await command("n2", "web9001.1", { action: "mute" });
    for (let i = 0; i < 8; i += 1) await burst(WEB, { threads: 6, requests: 1 });
    const failed = serversOf(await burst(WEB, { threads: 6, requests: 1 })).filter((server) =>
      server.startsWith("failed"),
    );
    expect(failed.length).toBeLessThanOrEqual(1);
    await command("n2", "web9001.1", { action: "well" });
    const servers: string[] = [];
    for (let i = 0; i < 30; i += 1) {
      await control.run(control.nowUs + 50 * MS);
      servers.push(...serversOf(await burst(WEB, { threads: 4, requests: 1 })));
    }
    expect(servers.filter((server) => server === "web9001.1@n2").length).toBeGreaterThan(10);
  });
});

test("a slow backend gets little", async () => {
  await inWorld(3, async ({ command, burst }) => {
    await command("n3", "web9001.1", { action: "slow", factor: 60 });
    const servers: string[] = [];
    for (let i = 0; i < 20; i += 1) servers.push(...serversOf(await burst(WEB, { threads: 4, requests: 1 })));
    const slow = servers.filter((server) => server === "web9001.1@n3").length;
    expect(slow).toBeGreaterThan(0);
    expect(slow).toBeLessThan(servers.length / 5);
  });
});

test("a name that nobody serves is unknown, and an address without a route is refused", async () => {
  await inWorld(1, async ({ burst }) => {
    expect(await burst("tcp/none.shop:80", { threads: 1, requests: 1 })).toEqual([
      { kind: "failed", reason: "no-name" },
    ]);
    expect(await burst("tcp/10.0.0.1:80", { threads: 1, requests: 1 })).toEqual([
      { kind: "failed", reason: "no-route" },
    ]);
    expect(await burst("tcp/web.shop:81", { threads: 1, requests: 1 })).toEqual([
      { kind: "failed", reason: "no-route" },
    ]);
  });
});
