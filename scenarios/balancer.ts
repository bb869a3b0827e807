/** The load balancer on membership: under every kind of fault, and with backends that are slow but alive. */
import { countMax } from "../checkers/balancer/load.ts";
import type { HistoryEvent, PlainJson } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { FAULT_KINDS, type FaultKind, harmOf } from "../nemesis/kinds.ts";
import { balancerClient, balancerNode, type ConnectionResult, type TaskValue, WEB } from "./balancer-nodes.ts";
import { BALANCER_STATES, BALANCER_TARGETS, watchBalancer } from "./balancer-watch.ts";
import { balancerFinal, balancerLiveness, balancerOperations, slowNode } from "./balancer-workload.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import { PACE_SETTING } from "./pace.ts";
import { type RunData, type Scenario, type SettingsSpec, scenario } from "./scenario.ts";

const SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 3, 4, 4, 5, 6], about: "nodes, each with a balancer and tasks" },
  clients: { kind: "integer", min: 2, max: 4, about: "client processes, each at a node of its own" },
  chaosUs: { kind: "integer", min: 1_500_000, max: 2_500_000, about: "length of the chaos phase, true microseconds" },
  latencyUs: { kind: "integer", min: 200, max: 3_000, isLogarithmic: true, about: "mean one-way latency of a link" },
  thinkUsMax: { kind: "integer", min: 20_000, max: 60_000, about: "longest pause of a process between operations" },
  serviceUs: {
    kind: "integer",
    min: 100,
    max: 1_500,
    isLogarithmic: true,
    about: "time that a task takes for a request",
  },
  pace: PACE_SETTING,
  pollUs: { kind: "integer", min: 60_000, max: 200_000, about: "how often publishers ask for the tasks of their node" },
  reconcileUs: { kind: "integer", min: 300_000, max: 1_500_000, about: "how often tables are computed anew" },
  addresses: {
    kind: "choice",
    of: [8, 8, 16, 16_777_215],
    about: "addresses that named VIPs have; 8 is one for each name",
  },
  decayUs: { kind: "integer", min: 15_000, max: 40_000, about: "time constant of the latency average" },
  failuresMax: { kind: "integer", min: 2, max: 5, about: "failures in a row that trip a breaker" },
  backoffUs: { kind: "integer", min: 100_000, max: 400_000, about: "how long a breaker stays tripped" },
  connectTimeoutUs: {
    kind: "integer",
    min: 50_000,
    max: 120_000,
    about: "an open without an answer is a failure after this",
  },
  responseTimeoutUs: {
    kind: "integer",
    min: 80_000,
    max: 250_000,
    about: "a request without a reply is a failure after this",
  },
  wholeScanMax: { kind: "choice", of: [1, 2, 10, 10], about: "sets up to this size are looked at whole" },
  pingUs: { kind: "integer", min: 30_000, max: 60_000, about: "time between two pings of a node" },
  detectMs: { kind: "integer", min: 100, max: 250, about: "longest wait for the answer to a ping, milliseconds" },
  entropyUs: {
    kind: "integer",
    min: 200_000,
    max: 600_000,
    about: "pause of the anti-entropy with a neighbour, once or twice",
  },
};

/** Longer than two rounds of anti-entropy after the longest way back into an overlay. */
const REST_US = 3_500_000;

export const balancer: Scenario = balancerScenario({
  name: "balancer",
  title: "load balancer on membership, every fault by swarm",
  kinds: FAULT_KINDS,
  isGrey: false,
});

export const balancerGrey: Scenario = balancerScenario({
  name: "balancer-grey",
  title: "load balancer with backends that are slow but alive, links that are slow, lose, or carry one way only",
  kinds: [
    "partition",
    "loss",
    "delay",
    "hold",
    "slow-link",
    "reorder",
    "duplicate",
    "pause",
    "disk-slow",
    "disk-stall",
  ],
  isGrey: true,
});

function balancerScenario(variant: {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly FaultKind[];
  readonly isGrey: boolean;
}): Scenario {
  return scenario({
    name: variant.name,
    title: variant.title,
    settings: SETTINGS,
    node: balancerNode,
    client: balancerClient,
    operations: balancerOperations,
    livenessOperations: (process, context) => balancerLiveness(process, context, variant.isGrey),
    finalOperations: (context) => balancerFinal(context, { restUs: REST_US, isGrey: variant.isGrey }),
    faults: {
      kinds: variant.kinds,
      lastingHarmMax: ({ nodes }) => Math.floor((nodes - 1) / 2),
      // Entries are facts of the node that wrote them: what its disk loses or makes up, its publisher puts right.
      selfQuarantined: FAULT_KINDS.filter((kind) => harmOf({ kind }) === "undetectable"),
      intensityPerMille: 1_500,
      points: {
        message: ["syn", "syn-ack", "ask", "answer", "fin"],
        mark: ["balancer.attempt-overdue"],
        state: BALANCER_STATES,
      },
    },
    targets: BALANCER_TARGETS,
    watch: watchBalancer,
    checks: [
      { name: "service-before-name", check: ({ history }) => serviceBeforeName(history) },
      { name: "connection-keeps-backend", check: ({ history }) => keepsBackend(history) },
      ...(variant.isGrey ? [{ name: "slow-gets-little", check: slowGetsLittle }] : []),
    ],
    floors: { operationsMin: 40 },
  });
}

/** A client that got an address from a name never meets an address with nothing behind it. */
function serviceBeforeName(history: readonly HistoryEvent[]): Verdict {
  const bad = history.find(({ type, error }) => type === "fail" && String(error ?? "").includes("no-service"));
  if (bad === undefined) return validVerdict("service-before-name", history.length);
  const line = `process ${bad.process} asked for ${bad.key} and was led to an address without a service (index ${bad.index}).`;
  return invalidVerdict("service-before-name", history.length, [line]);
}

/**
 * All answers that came over one connection of a balancer come from one task; on what has no connections, from one address, whatever runs
 * there. What a client takes for one connection is one connection of one boot of its balancer, too, unless it is udp: there the first packet
 * after a reboot of the balancer, or after what the client did not hear of (a reset, an idle time), makes another.
 */
export function keepsBackend(history: readonly HistoryEvent[]): Verdict {
  const backends = new Map<string, string>();
  const invalid = (line: string): Verdict => invalidVerdict("connection-keeps-backend", history.length, [line]);
  for (const { type, f, key, process, result, index } of history) {
    if (type !== "ok" || (f !== "request" && f !== "verify")) continue;
    const isConnected = key?.startsWith("tcp/") === true;
    for (const { accepted, answers } of result as unknown as readonly ConnectionResult[]) {
      for (const { server, via } of answers) {
        const place = isConnected ? server : server.slice(server.indexOf("@"));
        const before = backends.get(via) ?? place;
        backends.set(via, place);
        if (before !== place)
          return invalid(
            `process ${process} got answers from ${before} and ${place} on connection ${via} to ${key} (index ${index}).`,
          );
        if (isConnected && via !== accepted)
          return invalid(
            `process ${process} opened connection ${accepted} to ${key} and got an answer on ${via} (index ${index}).`,
          );
      }
    }
  }
  return validVerdict("connection-keeps-backend", history.length);
}

/** While one of n web tasks is an order slower than the others it answers less than half of one n-th of the requests, luck apart. */
function slowGetsLittle(run: RunData): Verdict {
  const { history, nodes } = run;
  const slow = slowNode(run);
  const command = history.findLast(({ f, type, value }) => f === "task" && type === "ok" && isSlow(value, slow));
  if (command === undefined) return validVerdict("slow-gets-little", history.length);
  let answers = 0;
  let ofSlow = 0;
  for (const { index, type, f, key, result } of history) {
    if (index < command.index || type !== "ok" || f !== "request" || key !== WEB) continue;
    for (const { server } of (result as unknown as readonly ConnectionResult[]).flatMap((made) => made.answers)) {
      answers += 1;
      if (server.startsWith("web.") && server.endsWith(`@${slow}`)) ofSlow += 1;
    }
  }
  const most = countMax(Math.ceil(answers / (2 * nodes.length)));
  if (ofSlow <= most) return validVerdict("slow-gets-little", history.length);
  const line = `the slow task of ${slow} answered ${ofSlow} of ${answers} requests at ${nodes.length} nodes; half a share is ${most} at most.`;
  return invalidVerdict("slow-gets-little", history.length, [line]);
}

function isSlow(value: PlainJson, node: string): boolean {
  const task = value as unknown as TaskValue;
  return task.node === node && task.task === "web" && task.command.action === "slow";
}
