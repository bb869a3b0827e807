/** Watches balancers from inside: monitors, whom faults may aim at, and the numbers that floors are stated in. */
import { TablesMonitor } from "../checkers/balancer/tables-monitor.ts";
import { TrafficMonitor } from "../checkers/balancer/traffic-monitor.ts";
import { TruthMonitor } from "../checkers/balancer/truth-monitor.ts";
import {
  agentOf,
  type AttemptRecord,
  type BalancerViolation,
  type ChoiceRecord,
  type DiffRecord,
  type EntriesRecord,
  type ForgotRecord,
  type PacketRecord,
  type PublishRecord,
  type BalancerReachRecord,
  type StepRecord,
  type TaskRecord,
  type VerifiedRecord,
} from "../checkers/balancer/record.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import { balancerOptions } from "./balancer-nodes.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import type { ScenarioContext, Watch, WatchOptions } from "./scenario.ts";

/** The node that chose last, the agent of the backend that it chose, and an agent whose task changed last. */
export const BALANCER_TARGETS = ["chooser", "backend", "publisher"] as const;

/** States that triggers may wait for. */
export const BALANCER_STATES = ["service-added", "name-shown", "published", "task-started"] as const;

/** A host that stands still is noticed within this. */
const SAMPLE_US = 20_000;
/** Detection of a node that went down, and the way of an entry that goes: polls with their pauses after failures, and anti-entropy. */
const DEAD_US_MAX = 1_500_000;
/** A node that cannot read its disk boots again and again; one that has run this long is a member as any other. */
const SETTLE_US = 3_000_000;
/** Steps of a plan, the notices of the map, and events that waited for the disk. */
const STALE_US_MAX = 250_000;

export function watchBalancer(control: Control, context: ScenarioContext, options: WatchOptions): Watch {
  const { world } = control;
  const steadySince = new Map<string, Steady>();
  const monitors = makeMonitors(control, context, steadySince);
  const { traffic, tables, truth } = monitors;
  let seen = 0;
  wireMonitors(control, context, monitors, () => {
    if (!options.hasMonitors) return;
    const found = traffic.violations.length + tables.violations.length + truth.violations.length;
    if (found > seen) options.onViolation();
    seen = found;
  });
  const followed = follow(control);
  sampleStates(control, context, { truth, steadySince });
  const settledNodes = (): readonly string[] =>
    context.nodes.filter((node) => {
      const start = followed.started.get(node);
      const isThis = start !== undefined && start.incarnation === control.host(node).incarnationNumber;
      return isThis && control.stateOf(node) === "up" && world.nowUs - start.atUs >= SETTLE_US;
    });
  const { last, counts } = followed;
  return {
    targets: {
      chooser: () => named(last.chooser),
      backend: () => named(last.backend),
      publisher: () => named(last.publisher),
    },
    ...(options.hasMonitors ? { monitors: verdictsOf(monitors, settledNodes) } : {}),
    counts: () => ({
      choices: traffic.choices,
      trips: traffic.trips,
      probes: traffic.probes,
      settledChoices: truth.settledChoices,
      verified: truth.verified,
      ...counts,
    }),
  };
}

/** Hands every record to the monitors that it is for; `judge` is called after each. */
function wireMonitors(control: Control, context: ScenarioContext, monitors: Monitors, judge: () => void): void {
  const { world } = control;
  const { traffic, tables, truth } = monitors;
  const on = <R>(kind: string, take: (record: R) => void): void => {
    world.onObservation(kind, (_host, _incarnation, data) => {
      take(data as R);
      judge();
    });
  };
  on<ChoiceRecord>("balancer.choice", (record) => {
    traffic.onChoice(record);
    truth.onChoice(record, world.nowUs);
  });
  on<AttemptRecord>("balancer.attempt", (record) => traffic.onAttempt(record));
  on<ForgotRecord>("balancer.forgot", (record) => traffic.onForgot(record));
  on<PacketRecord>("balancer.packet", (record) => traffic.onPacket(record));
  on<BalancerReachRecord>("balancer.reach", (record) => traffic.onReach(record));
  on<BalancerReachRecord>("membership.reach", (record) => truth.onReach(record, world.nowUs));
  on<EntriesRecord>("balancer.entries", (record) => {
    tables.onEntries(record);
    truth.onEntries(record, world.nowUs);
  });
  on<DiffRecord>("balancer.diff", (record) => tables.onDiff(record));
  on<StepRecord>("balancer.step", (record) => {
    for (const monitor of [traffic, tables, truth]) monitor.onStep(record);
  });
  on<PublishRecord>("balancer.publish", (record) => truth.onPublish(record));
  on<TaskRecord>("balancer.task", (record) => truth.onTask(record, world.nowUs));
  on<null>("balancer.rested", () => truth.settle(world.nowUs));
  on<VerifiedRecord>("balancer.verified", (record) => truth.onVerified(record, { nodes: context.nodes, task: "web" }));
}

type Followed = {
  readonly last: { chooser: string; backend: string; publisher: string };
  readonly counts: { namesShown: number; servicesRemoved: number; taskChanges: number };
  /** When the balancer of the latest boot of a node began. */
  readonly started: Map<string, { readonly incarnation: number; readonly atUs: number }>;
};

/** What plans aim at, and what floors are stated in. */
function follow(control: Control): Followed {
  const { world } = control;
  const last = { chooser: "", backend: "", publisher: "" };
  const counts = { namesShown: 0, servicesRemoved: 0, taskChanges: 0 };
  const started: Followed["started"] = new Map();
  const on = <R>(kind: string, take: (record: R) => void): void =>
    world.onObservation(kind, (_host, _incarnation, data) => take(data as R));
  const point = (state: string, host: string): void => world.point("state", state, control.host(host).incarnation);
  on<ChoiceRecord>("balancer.choice", ({ host, chosen }) => {
    last.chooser = host;
    last.backend = agentOf(chosen.backend);
  });
  on<BalancerReachRecord>("balancer.reach", ({ host, incarnation }) => {
    if (started.get(host)?.incarnation !== incarnation) started.set(host, { incarnation, atUs: world.nowUs });
  });
  on<StepRecord>("balancer.step", ({ kind, host }) => {
    if (kind === "remove-service") counts.servicesRemoved += 1;
    if (kind === "add-service") point("service-added", host);
    if (kind !== "show-name") return;
    counts.namesShown += 1;
    point("name-shown", host);
  });
  on<PublishRecord>("balancer.publish", ({ host }) => point("published", host));
  on<TaskRecord>("balancer.task", ({ host, state }) => {
    last.publisher = host;
    counts.taskChanges += 1;
    if (state === "TASK_RUNNING") point("task-started", host);
  });
  return { last, counts, started };
}

type Monitors = { readonly traffic: TrafficMonitor; readonly tables: TablesMonitor; readonly truth: TruthMonitor };

function makeMonitors(
  control: Control,
  { settings }: ScenarioContext,
  steadySince: ReadonlyMap<string, Steady>,
): Monitors {
  const { decayUs, failuresMax, backoffUs, connectTimeoutUs, responseTimeoutUs, wholeScanMax } =
    balancerOptions(settings);
  const attemptUsMax = Math.max(connectTimeoutUs, responseTimeoutUs);
  return {
    traffic: new TrafficMonitor({ decayUs, failuresMax, backoffUs, attemptUsMax, wholeScanMax }),
    tables: new TablesMonitor(),
    truth: new TruthMonitor({
      staleUsMax: STALE_US_MAX,
      deadUsMax: DEAD_US_MAX,
      steadyForUs: (node) => {
        const steady = steadySince.get(node);
        return { isDown: control.stateOf(node) === "down", forUs: control.nowUs - (steady?.sinceUs ?? control.nowUs) };
      },
    }),
  };
}

/** Since when a node is down, or runs this boot. */
type Steady = { readonly isDown: boolean; readonly incarnation: number; readonly sinceUs: number };

type Samples = { readonly truth: TruthMonitor; readonly steadySince: Map<string, Steady> };

/** Looks at every node now and then: what a paused one could not notice is no fault of its own. */
function sampleStates(control: Control, { nodes }: ScenarioContext, { truth, steadySince }: Samples): void {
  const sample = (): void => {
    for (const node of nodes) {
      const state = control.stateOf(node);
      if (state === "paused") truth.stalled(node, control.nowUs + SAMPLE_US);
      const isDown = state === "down";
      const incarnation = control.host(node).incarnationNumber;
      const before = steadySince.get(node);
      if (before?.isDown !== isDown || before.incarnation !== incarnation)
        steadySince.set(node, { isDown, incarnation, sinceUs: control.nowUs });
    }
    control.after(SAMPLE_US, sample);
  };
  control.after(SAMPLE_US, sample);
}

function verdictsOf(monitors: Monitors, settledNodes: () => readonly string[]): NonNullable<Watch["monitors"]> {
  const { traffic, tables, truth } = monitors;
  return [
    { name: "balancer-traffic", verdict: () => verdictOf("balancer-traffic", traffic.violations) },
    { name: "balancer-tables", verdict: () => verdictOf("balancer-tables", tables.violations) },
    {
      name: "balancer-truth",
      verdict: () => {
        if (truth.violations.length === 0) truth.finish(settledNodes());
        return verdictOf("balancer-truth", truth.violations);
      },
    },
  ];
}

function verdictOf(name: string, violations: readonly BalancerViolation[]): Verdict {
  const first = violations[0];
  if (first === undefined) return validVerdict(name, 0);
  const lines = violations.slice(0, 5).map(({ property, host, message }) => `${property} at ${host}: ${message}`);
  return invalidVerdict(first.property, 0, lines);
}

function named(host: string): readonly string[] {
  return host === "" ? [] : [host];
}
