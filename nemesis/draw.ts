/**
 * How the magnitudes of each kind are drawn. docs/faults.md has the table with the sources of the numbers.
 *
 * Most are uniform in the logarithm, so that small and large ones are equally common. Times are scaled to systems with election
 * timeouts of 150 to 300 ms and a chaos phase of a few seconds: what Jepsen does for 10 s happens here for 0.3 s.
 */
import type { Random } from "../sim/random.ts";
import type { FaultKind } from "./kinds.ts";
import type { Fault, Shared, When } from "./plan.ts";

/** What the drawn faults may name. */
export type DrawContext = {
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly groups: readonly string[];
  /** Symbolic targets of the scenario. */
  readonly targets: readonly string[];
  readonly startUs: number;
  readonly endUs: number;
  /** The declared bound on drift. */
  readonly driftPpmMax: number;
  /** Points that triggers may name. */
  readonly points: Points;
};

export type Points = {
  readonly disk: readonly string[];
  readonly message: readonly string[];
  readonly mark: readonly string[];
  readonly state: readonly string[];
};

type Draw = (random: Random, context: DrawContext, time: Shared) => Fault;

/** The leader, if the scenario can say who it is. */
export function leaderOr(context: DrawContext, other: string): string {
  return context.targets.includes("leader") ? "leader" : other;
}

/** Whom a fault of one or a few hosts strikes: often the leader, rarely a majority. */
function drawHosts(random: Random, context: DrawContext, isOften: { readonly all: number }): readonly string[] {
  const roll = random.below(100);
  if (roll < 75 || context.nodes.length === 1) return drawHost(random, context);
  if (roll < 85) return [leaderOr(context, "one"), "another"];
  if (roll < 93) return ["minority"];
  return roll < 93 + isOften.all ? ["all"] : ["majority"];
}

/** For what hits only one host at a time: the leader, anybody, or whatever else the scenario can name. */
function drawHost(random: Random, context: DrawContext): readonly string[] {
  const roll = random.below(100);
  if (roll < 55) return [leaderOr(context, "one")];
  if (roll < 88 || context.targets.length === 0) return ["one"];
  return [random.pick(context.targets)];
}

/** Links of a network fault: all of them, those of some hosts, or one direction of one link. */
function drawLinks(
  random: Random,
  context: DrawContext,
): {
  readonly hosts?: readonly string[];
  readonly direction?: "out" | "in" | "both";
  readonly links?: readonly string[];
} {
  const roll = random.below(100);
  if (roll < 35 || context.nodes.length === 1) return {};
  if (roll < 75) return { hosts: drawHost(random, context), direction: random.pick(["out", "in", "both"] as const) };
  if (roll < 90) return { links: [random.chance(500_000) ? "one>another" : `another>${leaderOr(context, "one")}`] };
  return { hosts: ["minority"], direction: random.pick(["out", "in", "both"] as const) };
}

/** Rates as in Jepsen's netem rules are bursty (correlation 75 %); TigerBeetle's are independent. */
function drawRate(random: Random, min: number, max: number): { perMillion: number; correlationPerMillion?: number } {
  const perMillion = random.logarithmic(min, max);
  return random.chance(400_000) ? { perMillion, correlationPerMillion: 750_000 } : { perMillion };
}

/** Jepsen's bumps, 11 ms to 288 s, both ways. */
function drawStepUs(random: Random): number {
  const byUs = random.logarithmic(11_000, 288_000_000);
  return random.chance(500_000) ? byUs : -byUs;
}

function drawPartition(random: Random, context: DrawContext, time: Shared): Fault {
  const roll = random.below(100);
  // A single node can only be cut from its clients.
  const isAlone = context.nodes.length === 1;
  const cutClients = random.chance(300_000) || isAlone ? { cutClients: true } : {};
  const common = { kind: "partition", ...time } as const;
  if (roll < 30 || isAlone) return { ...common, shape: "isolate", hosts: drawHost(random, context), ...cutClients };
  if (roll < 55) {
    const side = random.chance(500_000) ? sideOfLeader(context) : [random.pick(["minority", "majority"])];
    return { ...common, shape: "halves", hosts: side, ...cutClients };
  }
  if (roll < 75) {
    const direction = random.pick(["out", "in"] as const);
    return { ...common, shape: "one-way", direction, hosts: drawHost(random, context), ...cutClients };
  }
  if (roll < 85) return { ...common, shape: "bridge", hosts: drawHost(random, context) };
  if (roll < 93) return { ...common, shape: "ring" };
  const links = random.chance(500_000) ? ["one>another"] : [`${leaderOr(context, "one")}>another`];
  return { ...common, shape: "link", links };
}

/** The leader with fewer than half of the nodes. */
export function sideOfLeader(context: DrawContext): readonly string[] {
  const side = [leaderOr(context, "one")];
  for (let size = 3; size + 2 <= context.nodes.length; size += 2) side.push("another");
  return side;
}

const NETWORK = {
  partition: drawPartition,
  loss: (random, context, time) => ({
    kind: "loss",
    ...time,
    ...drawLinks(random, context),
    ...drawRate(random, 10_000, 400_000),
  }),
  duplicate: (random, context, time) => ({
    kind: "duplicate",
    ...time,
    ...drawLinks(random, context),
    ...drawRate(random, 20_000, 500_000),
  }),
  corrupt: (random, context, time) => ({
    kind: "corrupt",
    ...time,
    ...drawLinks(random, context),
    ...drawRate(random, 2_000, 200_000),
  }),
  reorder: (random, context, time) => ({
    kind: "reorder",
    ...time,
    ...drawLinks(random, context),
    ...drawRate(random, 50_000, 500_000),
    delayUsMax: random.logarithmic(2_000, 200_000),
  }),
  delay: (random, context, time) => {
    const meanUs = random.logarithmic(2_000, 300_000);
    const shape = random.pick(["uniform", "exponential", "constant"] as const);
    const share = random.chance(400_000) ? drawRate(random, 50_000, 500_000) : {};
    return { kind: "delay", ...time, ...drawLinks(random, context), shape, meanUs, ...share };
  },
  hold: (random, context, time) => ({ kind: "hold", ...time, ...drawLinks(random, context) }),
  "slow-link": (random, context, time) => {
    const roll = random.below(3);
    const links = drawLinks(random, context);
    if (roll === 0) {
      return { kind: "slow-link", ...time, ...links, bytesPerSecond: random.logarithmic(5_000, 125_000) };
    }
    if (roll === 1) return { kind: "slow-link", ...time, ...links, latencyTimes: random.between(5, 100) };
    return { kind: "slow-link", ...time, ...links, capacityPackets: random.between(2, 20) };
  },
} satisfies Partial<Record<FaultKind, Draw>>;

const PROCESS = {
  kill: (random, context, time) => ({ kind: "kill", ...time, hosts: whom(random, context, time, 4) }),
  "power-loss": (random, context, time) => ({ kind: "power-loss", ...time, hosts: whom(random, context, time, 5) }),
  pause: (random, context, time) => ({ kind: "pause", ...time, hosts: whom(random, context, time, 2) }),
  wipe: (_random, _context, time) => ({ kind: "wipe", ...time, hosts: ["one"] }),
  "group-crash": (random, context, time) => ({
    kind: "group-crash",
    ...time,
    groups: [random.pick(context.groups)],
    how: random.chance(600_000) ? "power-loss" : "kill",
  }),
} satisfies Partial<Record<FaultKind, Draw>>;

/** A trigger mostly strikes the host that it watched, in the middle of what it was doing. */
function whom(random: Random, context: DrawContext, time: Shared, all: number): readonly string[] {
  if (time.when !== undefined && random.chance(700_000)) return ["trigger"];
  return drawHosts(random, context, { all });
}

const CLOCK = {
  "clock-step": (random, context, time) => ({
    kind: "clock-step",
    ...time,
    hosts: drawHosts(random, context, { all: 2 }),
    byUs: drawStepUs(random),
  }),
  "clock-strobe": (random, context, time) => ({
    kind: "clock-strobe",
    ...time,
    hosts: drawHosts(random, context, { all: 2 }),
    byUs: drawStepUs(random),
    periodUs: random.logarithmic(1_000, 1_000_000),
  }),
  "clock-freeze": (random, context, time) => ({
    kind: "clock-freeze",
    ...time,
    hosts: drawHosts(random, context, { all: 2 }),
  }),
  "clock-backward": (random, context, time) => ({
    kind: "clock-backward",
    ...time,
    hosts: drawHosts(random, context, { all: 2 }),
  }),
  "clock-drift": (random, context, time) => {
    const bound = context.driftPpmMax;
    const driftPpm = random.chance(500_000) ? bound : -bound;
    return { kind: "clock-drift", ...time, hosts: drawHosts(random, context, { all: 2 }), driftPpm };
  },
  "clock-rho": (random, context, time) => {
    const driftPpm = random.logarithmic(Math.max(1_000, 2 * context.driftPpmMax), 800_000);
    const signed = random.chance(500_000) ? driftPpm : -driftPpm;
    return { kind: "clock-rho", ...time, hosts: drawHosts(random, context, { all: 0 }), driftPpm: signed };
  },
} satisfies Partial<Record<FaultKind, Draw>>;

/**
 * Disk magnitudes: odds of an operation to fail up to TigerBeetle's 10 % (sectors) and beyond, few sectors at a time, because one bad
 * sector in the wrong place is what bugs are made of.
 */
const DISK = {
  "disk-torn": (random, _context, time) => ({
    kind: "disk-torn",
    ...time,
    hosts: ["all"],
    tearPerMillion: random.logarithmic(100_000, 1_000_000),
  }),
  "disk-lost-sync": (random, _context, time) => ({
    kind: "disk-lost-sync",
    ...time,
    hosts: ["one"],
    perMillion: random.logarithmic(50_000, 1_000_000),
  }),
  "disk-failed-sync": (random, context, time) => ({
    kind: "disk-failed-sync",
    ...time,
    hosts: drawHost(random, context),
    perMillion: random.logarithmic(20_000, 1_000_000),
    times: random.between(1, 3),
  }),
  "disk-rot": (random, context, time) => ({
    kind: "disk-rot",
    ...time,
    hosts: drawHost(random, context),
    sectors: random.logarithmic(1, 16),
    bits: random.logarithmic(1, 64),
  }),
  "disk-latent": (random, context, time) => ({
    kind: "disk-latent",
    ...time,
    hosts: drawHost(random, context),
    sectors: random.logarithmic(1, 16),
  }),
  "disk-misdirect": (random, _context, time) => ({
    kind: "disk-misdirect",
    ...time,
    hosts: ["one"],
    perMillion: random.logarithmic(10_000, 300_000),
  }),
  "disk-phantom": (random, _context, time) => ({
    kind: "disk-phantom",
    ...time,
    hosts: ["one"],
    perMillion: random.logarithmic(10_000, 300_000),
  }),
  "disk-rollback": (_random, _context, time) => ({ kind: "disk-rollback", ...time, hosts: ["one"] }),
  "disk-eio": (random, context, time) => ({
    kind: "disk-eio",
    ...time,
    hosts: drawHost(random, context),
    perMillion: random.logarithmic(10_000, 300_000),
    ...(random.chance(400_000) ? { operations: [random.pick(["read", "write", "append", "sync"] as const)] } : {}),
  }),
  "disk-full": (random, context, time) => ({
    kind: "disk-full",
    ...time,
    hosts: drawHost(random, context),
    freeBytes: random.chance(300_000) ? 0 : random.logarithmic(512, 65_536),
    shrinkBytesPerSecond: random.chance(500_000) ? 0 : random.logarithmic(1_024, 262_144),
  }),
  "disk-short-read": (random, context, time) => ({
    kind: "disk-short-read",
    ...time,
    hosts: drawHosts(random, context, { all: 4 }),
    perMillion: random.logarithmic(20_000, 500_000),
  }),
  "disk-stall": (random, context, time) => ({ kind: "disk-stall", ...time, hosts: drawHost(random, context) }),
  "disk-slow": (random, context, time) => ({
    kind: "disk-slow",
    ...time,
    hosts: drawHost(random, context),
    factor: random.logarithmic(2, 100),
  }),
} satisfies Partial<Record<FaultKind, Draw>>;

const DRAWS: Readonly<Record<FaultKind, Draw>> = { ...NETWORK, ...PROCESS, ...CLOCK, ...DISK };

/** Draws one fault of the kind for the given time. */
export function drawFault(kind: FaultKind, random: Random, context: DrawContext, time: Shared): Fault {
  return DRAWS[kind](random, context, time);
}

/** A point to strike at: the k-th disk operation or message of the leader or of anybody, small k more often than large. */
export function drawWhen(random: Random, { points, targets }: DrawContext, afterUs: number): When | null {
  const choices = (["disk", "message", "mark", "state"] as const).filter((on) => points[on].length > 0);
  if (choices.length === 0) return null;
  const on = random.pick(choices);
  const name = random.pick(points[on]);
  const count = random.logarithmic(1, on === "message" ? 60 : on === "disk" ? 20 : 2);
  const target = targets.includes("leader") && random.chance(650_000) ? { target: "leader" } : {};
  return { on, name, ...target, count, afterUs };
}
