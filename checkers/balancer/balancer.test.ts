/** Each property of the balancer's monitors has a sequence that it must reject, beside a sound one that all accept. */
import { expect, test } from "vitest";
import { choose } from "../../systems/balancer/choice.ts";
import type * as system from "../../systems/balancer/observation.ts";
import { countMax, maxLoadOfTwoChoices } from "./load.ts";
import type * as record from "./record.ts";
import { TablesMonitor } from "./tables-monitor.ts";
import { TrafficMonitor } from "./traffic-monitor.ts";
import { TruthMonitor } from "./truth-monitor.ts";

const ORIGIN = { host: "n1", incarnation: 1 };
const WEB = "tcp/web.shop:80";
const A = "n1/n1:9001";
const B = "n2/n2:9001";
const OPTIONS = { decayUs: 1_000, failuresMax: 2, backoffUs: 10_000, attemptUsMax: 5_000, wholeScanMax: 10 };

/** Compiles only while both rooms describe the same records. */
type Same<X, Y> = [X] extends [Y] ? ([Y] extends [X] ? true : false) : false;
const AGREEMENT: readonly [
  Same<record.ChoiceRecord, system.ChoiceRecord>,
  Same<record.AttemptRecord, system.AttemptRecord>,
  Same<record.ForgotRecord, system.ForgotRecord>,
  Same<record.BalancerReachRecord, system.BalancerReachRecord>,
  Same<record.PacketRecord, system.PacketRecord>,
  Same<record.StepRecord, system.StepRecord>,
  Same<record.DiffRecord, system.DiffRecord>,
  Same<record.EntriesRecord, system.EntriesRecord>,
  Same<record.PublishRecord, system.PublishRecord>,
  Same<record.TaskRecord, system.TaskRecord>,
] = [true, true, true, true, true, true, true, true, true, true];

test("the records are those of the system", () => {
  expect(AGREEMENT.every((same) => same)).toBe(true);
});

function traffic(backends: readonly string[] = [A, B], options = OPTIONS): TrafficMonitor {
  const monitor = new TrafficMonitor(options);
  monitor.onReach({ ...ORIGIN, reachable: ["n1", "n2", "n3"] });
  monitor.onStep({ ...ORIGIN, kind: "add-service", vip: WEB, backends: backends.map((backend) => `${backend}*1`) });
  return monitor;
}

function candidate(backend: string, more: Partial<record.CandidateRecord> = {}): record.CandidateRecord {
  return { backend, costQ8: 0, pending: 0, score: 0, weight: 1, ...more };
}

let lastConnection = 0;

function choice(chosen: record.CandidateRecord, other: record.CandidateRecord | null, atUs = 0): record.ChoiceRecord {
  const connection = ++lastConnection;
  return {
    ...ORIGIN,
    atUs,
    connection,
    flow: `c1:1:${connection}`,
    vip: WEB,
    chosen,
    other,
    candidateClass: 0,
    candidates: 2,
    pool: 2,
  };
}

function attempt(of: record.ChoiceRecord, what: Partial<record.AttemptRecord>): record.AttemptRecord {
  const plain = { kind: "begin", waitsFor: "reply", request: 1, tookUs: 0, pending: 0, atUs: of.atUs } as const;
  return { ...ORIGIN, connection: of.connection, backend: of.chosen.backend, ...plain, ...what };
}

/** A connection that fails or succeeds at once. */
function exchange(monitor: TrafficMonitor, kind: "success" | "failure", made: record.ChoiceRecord, tookUs = 0): void {
  monitor.onChoice(made);
  monitor.onAttempt(attempt(made, { kind: "begin", pending: 1 }));
  monitor.onAttempt(attempt(made, { kind, tookUs, pending: 0 }));
  monitor.onAttempt(attempt(made, { kind: "forget", waitsFor: null, pending: 0 }));
}

const properties = ({ violations }: { readonly violations: readonly record.BalancerViolation[] }): string[] => [
  ...new Set(violations.map(({ property }) => property)),
];

test("accepts connections that are opened, answered and forgotten", () => {
  const monitor = traffic();
  for (let i = 0; i < 200; i += 1)
    exchange(monitor, "success", choice(candidate(i % 2 === 0 ? A : B), candidate(i % 2 === 0 ? B : A), i * 1_000));
  expect(monitor.violations).toEqual([]);
});

test("rejects a count of pending attempts that leaks", () => {
  const monitor = traffic();
  const made = choice(candidate(A), candidate(B));
  monitor.onChoice(made);
  monitor.onAttempt(attempt(made, { kind: "begin", pending: 1 }));
  monitor.onAttempt(attempt(made, { kind: "forget", waitsFor: null, pending: 1 }));
  expect(properties(monitor)).toEqual(["balancer.pending"]);
});

test("rejects a choice that counted other attempts than are under way", () => {
  const monitor = traffic();
  const made = choice(candidate(A), candidate(B));
  monitor.onChoice(made);
  monitor.onAttempt(attempt(made, { kind: "begin", pending: 1 }));
  monitor.onChoice(choice(candidate(B), candidate(A, { pending: 0 })));
  expect(properties(monitor)).toEqual(["balancer.pending"]);
});

test("rejects what is forgotten with attempts under way", () => {
  const monitor = traffic();
  const made = choice(candidate(A), candidate(B));
  monitor.onChoice(made);
  monitor.onAttempt(attempt(made, { kind: "begin", pending: 1 }));
  monitor.onForgot({ ...ORIGIN, backend: A });
  expect(properties(monitor)).toEqual(["balancer.pending"]);
});

test("rejects a connection that changes its backend", () => {
  const monitor = traffic();
  const made = choice(candidate(A), candidate(B));
  monitor.onChoice(made);
  monitor.onPacket({ ...ORIGIN, connection: made.connection, backend: B });
  expect(properties(monitor)).toEqual(["balancer.connection-moved"]);
});

test("rejects two candidates that are one", () => {
  const monitor = traffic();
  monitor.onChoice(choice(candidate(A), candidate(A)));
  expect(properties(monitor)).toEqual(["balancer.choice-distinct"]);
});

test("rejects the worse of two", () => {
  const monitor = traffic();
  monitor.onChoice(choice(candidate(A, { score: 3, costQ8: 3 }), candidate(B, { score: 2, costQ8: 2 })));
  expect(properties(monitor)).toEqual(["balancer.choice-score"]);
  const weighted = traffic();
  weighted.onStep({ ...ORIGIN, kind: "change-service", vip: WEB, backends: [`${A}*2`, `${B}*1`] });
  weighted.onChoice(choice(candidate(A, { costQ8: 3, score: 3, weight: 2 }), candidate(B, { costQ8: 2, score: 2 })));
  expect(weighted.violations).toEqual([]);
});

test("rejects a score that does not follow from cost and pending attempts", () => {
  const monitor = traffic();
  monitor.onChoice(choice(candidate(A, { costQ8: 3, score: 3, pending: 0 }), candidate(B, { costQ8: 4, score: 5 })));
  expect(properties(monitor)).toEqual(["balancer.choice-score"]);
});

test.each<readonly [string, (monitor: TrafficMonitor) => void]>([
  [
    "a backend that drains",
    (monitor) => monitor.onStep({ ...ORIGIN, kind: "change-service", vip: WEB, backends: [`${A}*0`, `${B}*1`] }),
  ],
  [
    "a backend that was removed",
    (monitor) => monitor.onStep({ ...ORIGIN, kind: "change-service", vip: WEB, backends: [`${B}*1`] }),
  ],
  [
    "another weight than the entry has",
    (monitor) => monitor.onStep({ ...ORIGIN, kind: "change-service", vip: WEB, backends: [`${A}*3`, `${B}*1`] }),
  ],
  ["a backend whose agent is out of reach", (monitor) => monitor.onReach({ ...ORIGIN, reachable: ["n2"] })],
  [
    "a set without a backend that may be chosen",
    (monitor) =>
      monitor.onStep({ ...ORIGIN, kind: "change-service", vip: WEB, backends: [`${A}*1`, `${B}*1`, "n3/n3:9001*1"] }),
  ],
])("rejects a choice among %s", (_what, prepare) => {
  const monitor = traffic();
  prepare(monitor);
  monitor.onChoice(choice(candidate(A), candidate(B)));
  expect(properties(monitor)).toEqual(["balancer.choice-pool"]);
});

test("rejects a sound backend that is held for tripped, whether the set is looked at whole or not", () => {
  for (const wholeScanMax of [1, 10]) {
    const monitor = traffic([A, B], { ...OPTIONS, wholeScanMax });
    // One failure, an answer, one failure: two trip a breaker when they come in a row.
    exchange(monitor, "failure", choice(candidate(A), candidate(B)));
    exchange(monitor, "success", choice(candidate(A), candidate(B)));
    exchange(monitor, "failure", choice(candidate(A), candidate(B)));
    monitor.onChoice({ ...choice(candidate(B), null), pool: 1 });
    // Of a larger set it may simply not have been drawn.
    expect(properties(monitor)).toEqual(wholeScanMax === 10 ? ["balancer.choice-pool"] : []);
    monitor.onChoice({ ...choice(candidate(A), null), candidateClass: 2, pool: 1 });
    expect(properties(monitor)).toEqual(["balancer.choice-pool"]);
  }
});

test("rejects an attempt that ends by the answer to another request", () => {
  const monitor = traffic();
  const made = choice(candidate(A), candidate(B));
  monitor.onChoice(made);
  monitor.onAttempt(attempt(made, { kind: "begin", request: 2, pending: 1 }));
  monitor.onAttempt(attempt(made, { kind: "success", request: 1, pending: 0 }));
  expect(properties(monitor)).toEqual(["balancer.answer-of-another"]);
});

test("rejects a second connection for a client's connection that has one, and takes it once that is forgotten", () => {
  const monitor = traffic();
  const first = choice(candidate(A), candidate(B));
  monitor.onChoice(first);
  monitor.onAttempt(attempt(first, { kind: "forget", waitsFor: null, request: null }));
  const second = { ...choice(candidate(B), candidate(A)), flow: first.flow };
  monitor.onChoice(second);
  expect(monitor.violations).toEqual([]);
  monitor.onChoice({ ...choice(candidate(A), candidate(B)), flow: first.flow });
  expect(properties(monitor)).toEqual(["balancer.connection-moved"]);
});

test("rejects a stampede to a backend that has never answered", () => {
  const monitor = traffic();
  exchange(monitor, "success", choice(candidate(A), candidate(B)), 500);
  const first = choice(candidate(B), candidate(A, { costQ8: 100, score: 100 }), 1);
  monitor.onChoice(first);
  monitor.onAttempt(attempt(first, { kind: "begin", pending: 1 }));
  expect(monitor.violations).toEqual([]);
  monitor.onChoice(choice(candidate(B, { pending: 1 }), candidate(A, { costQ8: 100, score: 100 }), 2));
  // Its score is not what it must be, or the choice would have been the other.
  expect(properties(monitor)).toEqual(["balancer.choice-score", "balancer.choice-newcomer"]);
});

test("rejects a choice that has forgotten what a backend just cost", () => {
  const monitor = traffic();
  exchange(monitor, "success", choice(candidate(A), candidate(B)), 500);
  monitor.onChoice(choice(candidate(A), candidate(B), 10));
  expect(properties(monitor)).toEqual(["balancer.choice-history"]);
});

test("rejects more than one probe of a tripped backend in a backoff, and takes any when all are tripped", () => {
  const failing = (monitor: TrafficMonitor): void => {
    for (let i = 0; i < 2; i += 1) exchange(monitor, "failure", choice(candidate(A), candidate(B)));
  };
  const monitor = traffic();
  failing(monitor);
  monitor.onChoice(choice(candidate(A), candidate(B), 10_000));
  expect(monitor.violations).toEqual([]);
  monitor.onChoice({ ...choice(candidate(A), null, 19_999), candidateClass: 2, pool: 1 });
  expect(properties(monitor)).toEqual(["balancer.choice-pool", "balancer.breaker-probes"]);
  const allTripped = traffic();
  failing(allTripped);
  // A is no candidate any more.
  for (let i = 0; i < 2; i += 1) exchange(allTripped, "failure", { ...choice(candidate(B), null), pool: 1 });
  for (let i = 0; i < 3; i += 1) allTripped.onChoice({ ...choice(candidate(A), candidate(B), 2), candidateClass: 2 });
  expect(properties(allTripped)).toEqual([]);
});

test("rejects that a backend which could be chosen never is", () => {
  const monitor = traffic();
  for (let i = 0; i < 120; i += 1) exchange(monitor, "success", choice(candidate(A), candidate(B), i * 1_000));
  expect(properties(monitor)).toContain("balancer.starvation");
  const unreachable = traffic();
  unreachable.onReach({ ...ORIGIN, reachable: ["n1"] });
  for (let i = 0; i < 120; i += 1) {
    const made = choice(candidate(A), null, i * 1_000);
    exchange(unreachable, "success", { ...made, candidates: 1, pool: 1 });
  }
  expect(unreachable.violations).toEqual([]);
});

test("rejects a backend that gets more than two choices at random can give it", () => {
  const backends = Array.from({ length: 8 }, (_, i) => `n1/n1:${9000 + i}`);
  const monitor = traffic(backends);
  for (let i = 0; i < 300; i += 1) {
    const made = choice(candidate(backends[0]!), candidate(backends[1 + (i % 7)]!), i);
    exchange(monitor, "success", { ...made, candidates: 8, pool: 8 });
  }
  expect(properties(monitor)).toContain("balancer.load-spread");
});

const SERVICE = { vip: WEB, backends: [`${A}*1`] };

function tables(): TablesMonitor {
  const monitor = new TablesMonitor();
  monitor.onEntries({ ...ORIGIN, ...SERVICE });
  monitor.onDiff({ ...ORIGIN, old: [], next: [SERVICE], added: [SERVICE], removed: [], changed: [] });
  monitor.onStep({ ...ORIGIN, kind: "add-service", ...SERVICE });
  monitor.onStep({ ...ORIGIN, kind: "add-route", endpoint: "tcp/11.0.0.1:80", vip: WEB });
  monitor.onStep({ ...ORIGIN, kind: "show-name", name: "web.shop", address: "11.0.0.1" });
  return monitor;
}

test("accepts a service that is added and removed in order", () => {
  const monitor = tables();
  monitor.onEntries({ ...ORIGIN, vip: WEB, backends: [] });
  monitor.onDiff({ ...ORIGIN, old: [SERVICE], next: [], added: [], removed: [WEB], changed: [] });
  monitor.onStep({ ...ORIGIN, kind: "hide-name", name: "web.shop", address: "11.0.0.1" });
  monitor.onStep({ ...ORIGIN, kind: "remove-route", endpoint: "tcp/11.0.0.1:80" });
  monitor.onStep({ ...ORIGIN, kind: "remove-service", vip: WEB });
  expect(monitor.violations).toEqual([]);
});

test("rejects a diff that does not lead from the old table to the new one", () => {
  const monitor = tables();
  const two = { ...SERVICE, backends: [`${A}*1`, `${B}*1`] };
  monitor.onEntries({ ...ORIGIN, ...two });
  const inverted = [{ vip: WEB, added: [], removed: [`${B}*1`] }];
  monitor.onDiff({ ...ORIGIN, old: [SERVICE], next: [two], added: [], removed: [], changed: inverted });
  expect(properties(monitor)).toEqual(["balancer.diff-exact"]);
});

test("rejects a diff from a table that does not stand, and steps on services that are not there", () => {
  const monitor = tables();
  monitor.onDiff({ ...ORIGIN, old: [], next: [SERVICE], added: [SERVICE], removed: [], changed: [] });
  expect(properties(monitor)).toEqual(["balancer.diff-exact"]);
  for (const kind of ["change-service", "remove-service"] as const) {
    const fresh = new TablesMonitor();
    fresh.onStep({ ...ORIGIN, kind, ...SERVICE });
    expect(properties(fresh)).toEqual(["balancer.diff-exact"]);
  }
});

test("rejects that a VIP goes while its entries stand", () => {
  const monitor = tables();
  monitor.onDiff({ ...ORIGIN, old: [SERVICE], next: [], added: [], removed: [WEB], changed: [] });
  expect(properties(monitor)).toEqual(["balancer.live-vip-removed"]);
});

test("rejects a route before its service, and a service that goes before its route", () => {
  const early = new TablesMonitor();
  early.onStep({ ...ORIGIN, kind: "add-route", endpoint: "tcp/11.0.0.1:80", vip: WEB });
  expect(properties(early)).toEqual(["balancer.service-before-route"]);
  const late = tables();
  late.onStep({ ...ORIGIN, kind: "remove-service", vip: WEB });
  expect(properties(late)).toEqual(["balancer.service-before-route"]);
});

test("rejects a name before its route, and a route that goes before its name", () => {
  const early = new TablesMonitor();
  early.onStep({ ...ORIGIN, kind: "show-name", name: "web.shop", address: "11.0.0.1" });
  expect(properties(early)).toEqual(["balancer.route-before-name"]);
  const late = tables();
  late.onStep({ ...ORIGIN, kind: "remove-route", endpoint: "tcp/11.0.0.1:80" });
  expect(properties(late)).toEqual(["balancer.route-before-name"]);
});

test("rejects two names with one address, and two addresses of one name", () => {
  const shared = tables();
  shared.onStep({ ...ORIGIN, kind: "add-service", vip: "tcp/api.shop:80", backends: [`${A}*1`] });
  shared.onStep({ ...ORIGIN, kind: "add-route", endpoint: "tcp/11.0.0.1:81", vip: "tcp/api.shop:80" });
  expect(properties(shared)).toEqual(["balancer.name-bijection"]);
  const split = tables();
  split.onStep({ ...ORIGIN, kind: "add-service", vip: "tcp/web.shop:81", backends: [`${A}*1`] });
  split.onStep({ ...ORIGIN, kind: "add-route", endpoint: "tcp/11.0.0.2:81", vip: "tcp/web.shop:81" });
  expect(properties(split)).toEqual(["balancer.name-bijection"]);
});

const TASK: record.TaskRecord = {
  ...ORIGIN,
  task: "web.1",
  state: "TASK_RUNNING",
  isServing: true,
  backend: A,
  protocol: "tcp",
  framework: "shop",
  labels: ["/web:80"],
  weight: 1,
};

function truth(upNodes: readonly string[] = ["n1", "n2"], flapping: readonly string[] = []): TruthMonitor {
  const monitor = new TruthMonitor({
    staleUsMax: 100,
    deadUsMax: 500,
    steadyForUs: (node) => ({ isDown: !upNodes.includes(node), forUs: flapping.includes(node) ? 10 : 1_000 }),
  });
  monitor.onTask(TASK, 0);
  monitor.onTask({ ...TASK, host: "n2", backend: B }, 0);
  monitor.onReach({ ...ORIGIN, reachable: ["n1", "n2"] }, 0);
  monitor.onEntries({ ...ORIGIN, vip: WEB, backends: [`${A}*1`, `${B}*1`] }, 0);
  monitor.onStep({ ...ORIGIN, kind: "add-service", vip: WEB, backends: [`${A}*1`, `${B}*1`] });
  return monitor;
}

test("accepts what follows the tasks", () => {
  const monitor = truth();
  monitor.onPublish({ ...ORIGIN, added: [`${WEB} ${A}*1`], removed: [`${WEB} n1/n1:9009*1`] });
  monitor.settle(1_000);
  monitor.onChoice(choice(candidate(B), candidate(A)), 2_000);
  monitor.finish(["n1"]);
  expect(monitor.violations.filter(({ property }) => property !== "balancer.installed-union")).toEqual([]);
  const whole = truth();
  whole.settle(0);
  whole.onStep({ host: "n2", incarnation: 1, kind: "add-service", vip: WEB, backends: [`${A}*1`, `${B}*1`] });
  whole.finish(["n1", "n2"]);
  expect(whole.violations).toEqual([]);
});

test("rejects a publisher that takes a running task's entry away, or one of another node", () => {
  const monitor = truth();
  monitor.onPublish({ ...ORIGIN, added: [], removed: [`${WEB} ${A}*1`] });
  monitor.onPublish({ ...ORIGIN, added: [], removed: [`${WEB} ${B}*1`] });
  expect(monitor.violations.map(({ property }) => property)).toEqual(Array(2).fill("balancer.live-entry-removed"));
});

test("rejects an entry that no task asks for", () => {
  const monitor = truth();
  monitor.onTask({ ...TASK, state: "TASK_LOST", isServing: false }, 0);
  monitor.onPublish({ ...ORIGIN, added: [`${WEB} ${A}*1`], removed: [] });
  expect(properties(monitor)).toEqual(["balancer.installed-union"]);
});

test("rejects connections to a backend whose entry is long gone", () => {
  const monitor = truth();
  monitor.onEntries({ ...ORIGIN, vip: WEB, backends: [`${A}*1`] }, 1_000);
  monitor.onChoice(choice(candidate(B), candidate(A)), 1_100);
  expect(monitor.violations).toEqual([]);
  monitor.stalled("n1", 1_150);
  monitor.onChoice(choice(candidate(B), candidate(A)), 1_200);
  expect(monitor.violations).toEqual([]);
  monitor.onChoice(choice(candidate(B), candidate(A)), 1_251);
  expect(properties(monitor)).toEqual(["balancer.traffic-to-removed"]);
});

test("rejects connections to an agent that is long out of reach, unless all are", () => {
  const monitor = truth();
  monitor.onReach({ ...ORIGIN, reachable: ["n1"] }, 1_000);
  monitor.onChoice(choice(candidate(B), candidate(A)), 1_101);
  expect(properties(monitor)).toEqual(["balancer.traffic-to-unreachable"]);
  const alone = truth();
  alone.onReach({ ...ORIGIN, reachable: [] }, 1_000);
  alone.onChoice(choice(candidate(B), candidate(A)), 1_101);
  expect(alone.violations).toEqual([]);
});

test("rejects connections to tasks that ended and to nodes that are down, once all is quiet", () => {
  const ended = truth();
  ended.settle(300);
  ended.onTask({ ...TASK, host: "n2", backend: B, state: "TASK_GONE", isServing: false }, 0);
  ended.onChoice(choice(candidate(B), candidate(A)), 400);
  expect(ended.violations).toEqual([]);
  ended.onChoice(choice(candidate(B), candidate(A)), 1_000);
  expect(properties(ended)).toEqual(["balancer.traffic-to-dead"]);
  const flapping = truth(["n1"], ["n2"]);
  flapping.settle(300);
  flapping.onChoice(choice(candidate(B), candidate(A)), 1_000);
  expect(flapping.violations).toEqual([]);
  const down = truth(["n1"]);
  down.settle(1_000);
  down.onChoice(choice(candidate(B), candidate(A)), 1_000);
  expect(properties(down)).toEqual(["balancer.traffic-to-dead"]);
});

test("rejects requests that fail, or are answered by others, once all is quiet", () => {
  const verified = (monitor: TruthMonitor, more: Partial<record.VerifiedRecord>): TruthMonitor => {
    const plain = { client: "c1", vip: WEB, error: "", servers: ["web.1@n1"] };
    monitor.onVerified({ ...plain, ...more }, { nodes: ["n1", "n2"], task: "web" });
    return monitor;
  };
  expect(verified(truth(), {}).violations).toEqual([]);
  expect(verified(truth(["n1"], ["n2"]), { error: "reset" }).violations).toEqual([]);
  expect(properties(verified(truth(), { error: "reset" }))).toEqual(["balancer.settled-requests"]);
  expect(properties(verified(truth(), { servers: ["web.1@n1", "api.1@n1"] }))).toEqual(["balancer.settled-requests"]);
});

test("rejects a table that is not the union of what the running tasks ask for", () => {
  const missing = truth();
  missing.settle(1_000);
  missing.onTask({ ...TASK, task: "web.2", backend: "n1/n1:9002" }, 0);
  missing.finish(["n1"]);
  expect(properties(missing)).toEqual(["balancer.installed-union"]);
  const stale = truth();
  stale.settle(1_000);
  stale.onTask({ ...TASK, state: "TASK_GONE_BY_OPERATOR", isServing: false }, 0);
  stale.finish(["n1"]);
  expect(properties(stale)).toEqual(["balancer.installed-union"]);
  const others = truth();
  others.settle(1_000);
  others.finish(["n1"]);
  expect(others.violations).toEqual([]);
});

/** Balls into bins by the chooser itself, by the number of balls in the bin. */
function throwBalls(balls: number, bins: number, choices: 1 | 2): number {
  let state = 2;
  const below = (bound: number): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 4294967296) * bound);
  };
  const loads = Array.from({ length: bins }, () => 0);
  const all = { count: bins, classOf: () => 0 as const, scoreOf: (i: number) => loads[i]!, weightOf: () => 1 };
  for (let ball = 0; ball < balls; ball += 1) {
    const index = choices === 1 ? below(bins) : choose(all, below, { wholeScanMax: 10, probesMax: 20 })!.index;
    loads[index] = loads[index]! + 1;
  }
  return Math.max(...loads);
}

test.each([
  [4_096, 4_096],
  [30_000, 1_000],
  [20_000, 8],
])("%i balls in %i bins: the chooser stays within the bound of two choices, one choice does not", (balls, bins) => {
  expect(throwBalls(balls, bins, 2)).toBeLessThanOrEqual(maxLoadOfTwoChoices(balls, bins));
  expect(throwBalls(balls, bins, 1)).toBeGreaterThan(maxLoadOfTwoChoices(balls, bins));
});

test("the bound on a share leaves room for luck in few choices and little in many", () => {
  expect([0, 10, 1_000, 100_000].map(countMax)).toEqual([19, 45, 1245, 102361]);
});
