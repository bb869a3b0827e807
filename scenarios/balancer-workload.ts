/**
 * The workload of the balancer's scenarios: bursts of connections, and tasks that come, go, drain, slow down and fall silent.
 *
 * Tasks are launched at few ports for few names, so that ports get new tenants and a small block of addresses runs out.
 */
import type { Random } from "../sim/random.ts";
import type { Command } from "../systems/balancer/simulated/agent.ts";
import type { TaskState } from "../systems/balancer/tasks.ts";
import { LAUNCHED, taskSpec, tasksOf, type TaskValue, VIPS, vipOfLaunched, WEB } from "./balancer-nodes.ts";
import { paced } from "./pace.ts";
import type { PlannedOperation, ScenarioContext } from "./scenario.ts";

const OPERATIONS_PER_PROCESS = 110;
/** A burst of some requests, roughly. */
const OPERATION_US = 15_000;
const ONE_REQUEST = { threads: 1, requests: 1 };
const ENDS: readonly TaskState[] = [
  "TASK_FINISHED",
  "TASK_FAILED",
  "TASK_KILLED",
  "TASK_ERROR",
  "TASK_LOST",
  "TASK_DROPPED",
  "TASK_GONE",
  "TASK_GONE_BY_OPERATOR",
];

type Kind = "request" | "launch" | "end" | "drain" | "slow" | "mute" | "well";

/** Usual weights; a run doubles, keeps or drops each but requests. */
const WEIGHTS: { readonly [kind in Kind]: number } = {
  request: 80,
  launch: 8,
  end: 7,
  drain: 3,
  slow: 3,
  mute: 4,
  well: 2,
};
const KINDS: readonly Kind[] = ["request", "launch", "end", "drain", "slow", "mute", "well"];

export function balancerOperations(random: Random, context: ScenarioContext): PlannedOperation[] {
  const weights = { ...WEIGHTS };
  for (const kind of KINDS)
    if (kind !== "request") weights[kind] *= random.fork(`weight/${kind}`).pick([0, 1, 1, 1, 2]);
  const operations: PlannedOperation[] = [];
  const launched: Placed[] = [];
  const thinkUsMax = Number(context.settings["thinkUsMax"]);
  for (let turn = 0; turn < OPERATIONS_PER_PROCESS; turn += 1) {
    for (let process = 0; process < context.clients.length; process += 1) {
      const afterUs = random.between(0, thinkUsMax);
      const kind = pickKind(random, weights);
      const made =
        kind === "request"
          ? drawRequest(random)
          : drawTask(random, kind, context, { id: `t${process}.${turn}`, launched });
      operations.push({ process, afterUs, ...made });
    }
  }
  return paced(operations, random, context, {
    operationUs: OPERATION_US,
    // Requests change nothing: tasks stay as they are.
    asRead: (operation) => (operation.f === "request" ? operation : { f: "request", key: WEB, value: ONE_REQUEST }),
  });
}

type Made = Pick<PlannedOperation, "f" | "key" | "value">;

function drawRequest(random: Random): Made {
  const vip = random.chance(600_000) ? WEB : random.pick(VIPS);
  return { f: "request", key: vip, value: { threads: random.pick([1, 2, 2, 4, 8]), requests: random.between(1, 3) } };
}

/** A task and where it should be by the plan. */
type Placed = { readonly node: string; readonly task: string };

type Launches = { readonly id: string; readonly launched: Placed[] };

function drawTask(
  random: Random,
  kind: Exclude<Kind, "request">,
  context: ScenarioContext,
  { id, launched }: Launches,
): Made {
  const node = random.pick(context.nodes);
  if (kind === "launch") {
    const name = random.pick(LAUNCHED);
    const spec = taskSpec(name, random.between(9_005, 9_007), { weight: random.between(1, 2) });
    launched.push({ node, task: id });
    return taskOperation({ node, task: id, command: { action: "launch", spec } }, vipOfLaunched(name));
  }
  const command = drawCommand(random, kind);
  if (kind === "slow" || kind === "mute" || kind === "well") {
    const own = tasksOf(node, context).map(({ name }) => name);
    return taskOperation({ node, task: random.chance(600_000) ? "web" : random.pick(own), command });
  }
  // web is never ended: it is what must always work.
  const others = tasksOf(node, context).flatMap(({ name }) => (name === "web" ? [] : [{ node, task: name }]));
  const recent = launched.slice(-8);
  const isLaunched = recent.length > 0 && (others.length === 0 || random.chance(700_000));
  const { node: at, task } = isLaunched
    ? random.pick(recent)
    : (others[random.below(Math.max(1, others.length))] ?? { node, task: "none" });
  return taskOperation({ node: at, task, command });
}

function drawCommand(random: Random, kind: Exclude<Kind, "request" | "launch">): Command {
  switch (kind) {
    case "end":
      return { action: "end", state: random.pick(ENDS) };
    case "drain":
      return { action: "drain", forUs: random.between(50_000, 400_000) };
    case "slow":
      return { action: "slow", factor: random.pick([5, 20, 60]) };
    default:
      return { action: kind };
  }
}

function taskOperation(value: TaskValue, key?: string): Made {
  return { f: "task", ...(key === undefined ? {} : { key }), value: value as unknown as PlannedOperation["value"] };
}

function pickKind(random: Random, weights: { readonly [kind in Kind]: number }): Kind {
  let place = random.below(KINDS.reduce((sum, kind) => sum + weights[kind], 0));
  for (const kind of KINDS) {
    if (place < weights[kind]) return kind;
    place -= weights[kind];
  }
  return "request";
}

/** In grey runs the web task of the last node takes this long for a request, from healing on: clients and balancers would wait far longer. */
const SLOW_US = 20_000;

/** This process's share of making every task well that always runs, but for the slow one of grey runs. */
function wellOperations(process: number, context: ScenarioContext, isGrey: boolean): PlannedOperation[] {
  const operations: PlannedOperation[] = [];
  const command = (node: string, task: string, told: Command): void => {
    operations.push({ process, afterUs: 0, ...taskOperation({ node, task, command: told }) });
  };
  context.nodes.forEach((node, i) => {
    if (i % context.clients.length !== process) return;
    for (const task of ["web", "api", "log", "fixed"]) command(node, task, { action: "well" });
    if (isGrey && node === slowNode(context)) command(node, "web", { action: "slow", factor: slowFactor(context) });
  });
  return operations;
}

/**
 * After healing: every task that always runs is made well, then requests for long enough that what had failed is probed and used again:
 * a trickle over the time in which costs fade, then many at once. In grey runs one task stays slow meanwhile.
 */
export function balancerLiveness(process: number, context: ScenarioContext, isGrey: boolean): PlannedOperation[] {
  const operations = wellOperations(process, context, isGrey);
  const request = (afterUs: number, threads: number): void => {
    operations.push({ process, afterUs, f: "request", key: WEB, value: { threads, requests: 1 } });
  };
  for (let i = 0; i < 30; i += 1) {
    request(60_000, process < 2 ? 2 : 1);
    // Again: a command of the chaos phase may have been on its way for long.
    if (i === 10) operations.push(...wellOperations(process, context, isGrey));
  }
  // Enough for the bound on how often a backend may be passed over, which grows with their number; at two nodes, for time's sake. Of many
  // at once a slow task gets its share before it has answered any, so there are fewer of them in grey runs.
  const [bursts, threads] = isGrey ? [3 * context.nodes.length, 6] : [context.nodes.length + 2, 20];
  for (let i = 0; i < bursts && process < 2; i += 1) request(5_000, threads);
  return operations;
}

/** Where a task stays slow in grey runs. */
export function slowNode({ nodes }: ScenarioContext): string {
  return nodes.at(-1)!;
}

function slowFactor({ settings }: ScenarioContext): number {
  return Math.ceil(SLOW_US / Number(settings["serviceUs"]));
}

/**
 * Rest until all that was going on has come to its end, then requests that must not fail. In grey runs one at a time: whatever was known of
 * the slow task has faded by then, and a handful of requests at once would wait longer for it than clients do.
 */
export function balancerFinal(
  context: ScenarioContext,
  rest: { readonly restUs: number; readonly isGrey: boolean },
): PlannedOperation[] {
  const threads = rest.isGrey ? 1 : 4;
  return context.clients.flatMap((_, process) => [
    ...wellOperations(process, context, rest.isGrey),
    { process, afterUs: 0, f: "rest", value: rest.restUs },
    { process, afterUs: 0, f: "verify", key: WEB, value: { threads, requests: 2 } },
    { process, afterUs: 0, f: "verify", key: "tcp/web.shop:8080", value: { threads, requests: 1 } },
  ]);
}
