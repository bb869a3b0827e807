/** A cluster of membership under lashup's own parameters, for measuring: who runs, who reaches whom, and when each learnt of a crash. */
import { ReachMonitor, type ReachRecord } from "../../checkers/membership/routes.ts";
import { withNodeEngine } from "../../runtime/engine.ts";
import { Control } from "../../sim/control.ts";
import type { Host } from "../../sim/host.ts";
import { PATIENCE_BY_SIZE, PATIENCE_ONE } from "../../systems/membership/detector/patience.ts";
import { PING_DEFAULTS, type DetectorOptions } from "../../systems/membership/detector/options.ts";
import type { Membership } from "../../systems/membership/membership.ts";
import { startMembership } from "../../systems/membership/node.ts";
import { membershipOptions } from "../../systems/membership/options.ts";

export const SECOND_US = 1_000_000;
/** Pings begin between the 60th and the 120th second of a node; after this all of them do. */
export const SETTLED_US: number = 130 * SECOND_US;
/** A data centre: half a millisecond, with one message in a thousand late by up to 20 ms. */
const LATENCY = { shape: "exponential", minUs: 150, meanUs: 500, tailPerMillion: 1_000, tailUsMax: 20_000 } as const;

export const DETECTORS: { readonly [name: string]: DetectorOptions } = {
  "ping, base 1.007": { kind: "ping", ping: { ...PING_DEFAULTS, patience: PATIENCE_ONE } },
  "ping, bases by size": { kind: "ping", ping: { ...PING_DEFAULTS, patience: PATIENCE_BY_SIZE } },
};

export type Cluster = {
  readonly control: Control;
  readonly names: readonly string[];
  readonly members: ReadonlyMap<string, Membership>;
  readonly reach: ReachMonitor;
};

export type ClusterOptions = {
  readonly size: number;
  readonly seed: string;
  readonly detector?: DetectorOptions;
  /** What else runs at a node, once its membership does. */
  readonly beside?: (host: Host, membership: Membership) => void;
  /** What runs before the membership of a node. */
  readonly before?: (host: Host) => void;
};

/** Boots all nodes at once, and hands the cluster over before any event has run. */
export function withCluster(options: ClusterOptions, work: (cluster: Cluster) => Promise<void>): Promise<void> {
  return withNodeEngine({}, async (engine) => {
    const { size, seed } = options;
    const network = { link: { latency: LATENCY } };
    const control = new Control({ seed, engine, network, supervisorDelayUs: null, eventsMax: 1_000_000_000 });
    const names = Array.from({ length: size }, (_, i) => `n${i + 1}`);
    const settings = membershipOptions({
      contacts: names.slice(0, 3),
      ...(options.detector === undefined ? {} : { detector: options.detector }),
    });
    const members = new Map<string, Membership>();
    const reach = new ReachMonitor();
    control.world.onObservation("membership.reach", (_host, _incarnation, data) =>
      reach.observe(control.nowUs, data as ReachRecord),
    );
    control.onLifecycle((host, change) => {
      if (change === "up") reach.up(host);
      else if (change === "down") reach.down(control.nowUs, host);
    });
    const program = async (host: Host): Promise<void> => {
      options.before?.(host);
      const membership = await startMembership(host, settings);
      members.set(host.name, membership);
      options.beside?.(host, membership);
    };
    for (const name of names) control.addHost({ name, program });
    for (const name of names) control.boot(name, true);
    await work({ control, names, members, reach });
  });
}

export function heapMb(): number {
  (globalThis as { gc?: () => void }).gc?.();
  return process.memoryUsage().heapUsed / 1_048_576;
}

/** The value below which this share of the values lies; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
