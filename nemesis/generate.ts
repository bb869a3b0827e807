/**
 * The swarm: from a seed to a plan.
 *
 * Each kind is on or off by a coin, and one run in thirty has no faults at all (Groce et al., "Swarm testing", ISSTA 2012: what a run
 * leaves out matters as much as what it has in). Every kind draws from a stream of its own name, so that adding a kind
 * to a scenario moves no fault of another one.
 */
import type { Random } from "../sim/random.ts";
import { drawLongCut, drawRotation } from "./cut-patterns.ts";
import { type DrawContext, drawFault, drawWhen, type Points } from "./draw.ts";
import { FAULT_KINDS, type FaultKind, familyOf, harmOf } from "./kinds.ts";
import type { Fault, Plan, Shared } from "./plan.ts";

export type GenerateOptions = {
  /** The kinds that the scenario can execute. */
  readonly kinds: readonly FaultKind[];
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly groups: readonly string[];
  /** Symbolic targets of the scenario; "leader" is struck often. */
  readonly targets: readonly string[];
  /** The chaos phase. */
  readonly startUs: number;
  readonly endUs: number;
  /** More or fewer faults by this factor; 1000 gives about ten over four seconds when all kinds can be executed. */
  readonly intensityPerMille?: number;
  /** The declared bound on drift; default 200. */
  readonly driftPpmMax?: number;
  /** Points that triggers may name; default: disk operations that most storage code has, and no messages. */
  readonly points?: Partial<Points>;
};

/** How many faults of a kind there are when it is on, in thousandths over the usual chaos phase; and how long they last. */
type Frequency = { readonly perMille: number; readonly minUs: number; readonly maxUs: number };

/** Faults that slow a system down last longer than those that stop it: most operations shall happen while something is wrong. */
const usual = (perMille: number): Frequency => ({ perMille, minUs: 150_000, maxUs: 2_000_000 });

const FREQUENCY: Record<FaultKind, Frequency> = {
  partition: { perMille: 2_400, minUs: 50_000, maxUs: 1_600_000 },
  loss: usual(700),
  delay: usual(700),
  duplicate: usual(500),
  reorder: usual(500),
  corrupt: usual(400),
  hold: { perMille: 700, minUs: 20_000, maxUs: 800_000 },
  "slow-link": usual(500),
  kill: { perMille: 1_500, minUs: 10_000, maxUs: 800_000 },
  "power-loss": { perMille: 1_500, minUs: 10_000, maxUs: 800_000 },
  pause: { perMille: 1_000, minUs: 20_000, maxUs: 1_000_000 },
  wipe: { perMille: 300, minUs: 20_000, maxUs: 800_000 },
  "group-crash": { perMille: 400, minUs: 20_000, maxUs: 800_000 },
  "clock-step": usual(400),
  "clock-drift": usual(300),
  "clock-strobe": usual(300),
  "clock-freeze": usual(300),
  "clock-backward": usual(300),
  "clock-rho": usual(300),
  "disk-torn": usual(200),
  "disk-lost-sync": usual(100),
  "disk-failed-sync": usual(400),
  "disk-rot": usual(200),
  "disk-latent": usual(200),
  "disk-misdirect": usual(200),
  "disk-phantom": usual(200),
  "disk-rollback": usual(100),
  "disk-eio": usual(400),
  "disk-full": usual(300),
  "disk-short-read": usual(200),
  "disk-stall": { perMille: 500, minUs: 30_000, maxUs: 800_000 },
  "disk-slow": usual(400),
};

type Compound = { readonly first: FaultKind; readonly second: FaultKind; readonly perMille: number };

const both = (first: FaultKind, second: FaultKind, perMille = 300): Compound => ({ first, second, perMille });

/**
 * Faults that hurt most together: the second strikes the same host while the first is active, or right at its heal. What a disk
 * fault did shows at the next boot, so these are the frequent ones.
 */
const COMPOUNDS: readonly Compound[] = [
  both("disk-torn", "power-loss", 1_200),
  both("disk-lost-sync", "power-loss", 600),
  both("disk-failed-sync", "power-loss", 500),
  both("disk-failed-sync", "kill"),
  both("disk-rot", "kill", 500),
  both("disk-latent", "power-loss", 500),
  both("disk-misdirect", "kill"),
  both("disk-phantom", "power-loss"),
  both("disk-rollback", "kill", 700),
  both("disk-short-read", "kill"),
  both("disk-eio", "kill"),
  both("disk-full", "kill"),
  both("disk-stall", "power-loss"),
  both("partition", "kill"),
  both("partition", "power-loss"),
  both("partition", "pause"),
  both("partition", "wipe"),
  both("pause", "clock-step"),
  both("hold", "kill"),
  both("delay", "pause"),
  both("duplicate", "kill"),
];

const CALM_PER_MILLION = 33_000;
const SWIZZLE_PER_MILLE = 120;
/** A chaos phase of this length is the usual one. Longer ones have more faults, but not in proportion. */
const REFERENCE_US = 4_000_000;
/** How long a disk fault goes on after the boot of a compound's crash. */
const BOOT_US = 100_000;
/** Few faults are long: they hide what the others do. */
const LONG_PER_MILLION = 80_000;
const LONG_TIMES = 3;

const DISK_POINTS: readonly string[] = ["sync", "sync-done", "append", "append-done"];

/** Draws a plan. The stream is only forked: what else is drawn from it does not matter. */
export function generatePlan(random: Random, options: GenerateOptions): Plan {
  if (random.fork("calm").chance(CALM_PER_MILLION)) return { format: 1, faults: [] };
  const context = contextOf(options);
  const isOn = (kind: FaultKind): boolean => options.kinds.includes(kind) && random.fork(`${kind}/on`).chance(500_000);
  const kinds = FAULT_KINDS.filter((kind) => isOn(kind) && isPossible(kind, context));
  const faults = kinds.flatMap((kind) => drawKind(random.fork(kind), kind, context, options));
  // All on one node, or the budget would refuse most of them.
  const harmedHost = random.fork("harmed").pick(options.nodes);
  for (const compound of COMPOUNDS) {
    if (!kinds.includes(compound.first) || !kinds.includes(compound.second)) continue;
    const draws = random.fork(`compound/${compound.first}+${compound.second}`);
    faults.push(...drawCompound(draws, compound, harmedHost, context, options));
  }
  if (kinds.includes("hold")) faults.push(...drawSwizzle(random.fork("swizzle"), context, options));
  if (kinds.includes("partition") && options.intensityPerMille !== 0) {
    faults.push(...drawLongCut(random.fork("long-cut"), context), ...drawRotation(random.fork("rotation"), context));
  }
  return { format: 1, faults: inOrder(faults) };
}

export function contextOf(options: GenerateOptions): DrawContext {
  const { points } = options;
  return {
    nodes: options.nodes,
    clients: options.clients,
    groups: options.groups,
    targets: options.targets,
    startUs: options.startUs,
    endUs: options.endUs,
    driftPpmMax: options.driftPpmMax ?? 200,
    points: {
      disk: points?.disk ?? DISK_POINTS,
      message: points?.message ?? [],
      mark: points?.mark ?? [],
      state: points?.state ?? [],
    },
  };
}

function isPossible(kind: FaultKind, context: DrawContext): boolean {
  if (kind === "group-crash") return context.groups.length > 0;
  return kind !== "clock-drift" || context.driftPpmMax > 0;
}

/** How many: the mean as a whole number and a coin for the rest, after a weight that differs from seed to seed (its mean is 0.85). */
function drawCount(random: Random, perMille: number, context: DrawContext, options: GenerateOptions): number {
  const weightPerMille = random.pick([300, 600, 800, 950, 1_600]);
  const lengthPerMille = Math.floor(((REFERENCE_US + context.endUs - context.startUs) * 500) / REFERENCE_US);
  const intensityPerMille = options.intensityPerMille ?? 1_000;
  const millionths = Math.floor((perMille * weightPerMille * intensityPerMille * lengthPerMille) / 1_000_000);
  return Math.floor(millionths / 1_000_000) + (random.chance(millionths % 1_000_000) ? 1 : 0);
}

function drawKind(random: Random, kind: FaultKind, context: DrawContext, options: GenerateOptions): Fault[] {
  const count = drawCount(random, FREQUENCY[kind].perMille, context, options);
  return Array.from({ length: count }, (_, i) => {
    const draws = random.fork(String(i));
    return drawFault(kind, draws, context, drawTime(draws, kind, context));
  });
}

/** A time, or for what strikes a moment, often a point of the run. */
function drawTime(random: Random, kind: FaultKind, context: DrawContext): Shared {
  const atUs = drawAtUs(random, context);
  const forUs = drawForUs(random, kind, context, atUs);
  const isMoment = ["kill", "power-loss", "pause", "partition", "hold"].includes(kind);
  if (!isMoment || !random.chance(kind === "partition" || kind === "hold" ? 250_000 : 400_000)) return { atUs, forUs };
  const when = drawWhen(random, context, atUs);
  return when === null ? { atUs, forUs } : { when, forUs };
}

function drawAtUs(random: Random, { startUs, endUs }: DrawContext): number {
  // The last tenth is left to what struck before.
  return startUs + random.below(Math.max(1, Math.floor(((endUs - startUs) * 9) / 10)));
}

function drawForUs(random: Random, kind: FaultKind, { endUs }: DrawContext, atUs: number): number {
  const { minUs, maxUs } = FREQUENCY[kind];
  const times = random.chance(LONG_PER_MILLION) ? LONG_TIMES : 1;
  return Math.max(1, Math.min(times * random.logarithmic(minUs, maxUs), endUs - atUs));
}

function drawCompound(
  random: Random,
  compound: Compound,
  harmedHost: string,
  context: DrawContext,
  options: GenerateOptions,
): Fault[] {
  const count = drawCount(random, compound.perMille, context, options);
  return Array.from({ length: count }, (_, i) =>
    drawPair(random.fork(String(i)), compound, harmedHost, context),
  ).flat();
}

function drawPair(random: Random, { first, second }: Compound, harmedHost: string, context: DrawContext): Fault[] {
  const host = harmOf({ kind: first }) === "passing" ? random.pick(context.nodes) : harmedHost;
  const atUs = drawAtUs(random, context);
  const firstForUs = drawForUs(random, first, context, atUs);
  // While the first is active, or a moment after its heal.
  const laterUs = random.chance(700_000) ? atUs + random.below(firstForUs) : atUs + firstForUs + random.below(30_000);
  const secondAtUs = Math.min(laterUs, context.endUs - 1);
  const secondForUs = drawForUs(random, second, context, secondAtUs);
  const isOnDisk = familyOf(first) === "disk";
  // A disk fault lasts until the host has booted again, or its boot would see a sound disk.
  const untilUs = secondAtUs + secondForUs + BOOT_US;
  const forUs = isOnDisk ? Math.max(1, Math.min(untilUs, context.endUs) - atUs) : firstForUs;
  // Sectors are dirty while a sync is on its way: that is the moment to lose power.
  const isInSync = isOnDisk && context.points.disk.includes("sync") && random.chance(700_000);
  const when = { on: "disk", name: "sync", target: host, count: random.between(1, 4), afterUs: secondAtUs } as const;
  const time: Shared = isInSync ? { when, forUs: secondForUs } : { atUs: secondAtUs, forUs: secondForUs };
  return [
    onHost(drawFault(first, random.fork("first"), context, { atUs, forUs }), host),
    onHost(drawFault(second, random.fork("second"), context, time), host),
  ];
}

/** The same fault on one host: partitions isolate it, network faults are on all of its links. */
function onHost(fault: Fault, host: string): Fault {
  const { atUs, when, forUs } = fault;
  const time = { ...(atUs === undefined ? {} : { atUs }), ...(when === undefined ? {} : { when }), forUs };
  if (fault.kind === "partition") return { kind: "partition", ...time, shape: "isolate", hosts: [host] };
  if ("links" in fault && fault.links !== undefined) {
    const { links: _links, ...rest } = fault;
    return { ...rest, hosts: [host] } as Fault;
  }
  return { ...fault, hosts: [host] } as Fault;
}

/**
 * Swizzle, as in FoundationDB's RandomClogging: every node joins with a chance of one half, the nodes are clogged one after the
 * other in the first half of a span, and released in a random order in the second.
 */
function drawSwizzle(random: Random, context: DrawContext, options: GenerateOptions): Fault[] {
  const count = drawCount(random, SWIZZLE_PER_MILLE, context, options);
  return Array.from({ length: count }, (_, i) => {
    const draws = random.fork(String(i));
    const startUs = drawAtUs(draws, context);
    const halfUs = Math.floor(Math.min(draws.logarithmic(100_000, 1_600_000), context.endUs - startUs) / 2);
    return context.nodes
      .filter(() => draws.chance(500_000))
      .map((host): Fault => {
        const atUs = startUs + draws.below(halfUs + 1);
        return { kind: "hold", atUs, forUs: startUs + halfUs + draws.below(halfUs + 1) - atUs + 1, hosts: [host] };
      });
  }).flat();
}

/** By time; ties by the order of drawing. */
function inOrder(faults: readonly Fault[]): readonly Fault[] {
  const timeUs = (fault: Fault): number => fault.atUs ?? fault.when?.afterUs ?? 0;
  return faults
    .map((fault, i) => ({ fault, i }))
    .sort((x, y) => timeUs(x.fault) - timeUs(y.fault) || x.i - y.i)
    .map(({ fault }) => fault);
}
