/**
 * Directed plans: for each kind a small one that surely shows its effect, on any system that keeps its disk and its links busy.
 *
 * A kind that only shows together with a crash (a torn sector is seen after a power loss) brings the crash with it.
 */
import type { Random } from "../sim/random.ts";
import type { FaultKind } from "./kinds.ts";
import type { Fault, Plan } from "./plan.ts";

export type DirectedOptions = {
  /** Chooses the host that is struck. */
  readonly random: Random;
  readonly nodes: readonly string[];
  readonly clients: readonly string[];
  readonly groups: readonly string[];
  readonly targets: readonly string[];
  /** When it strikes. */
  readonly atUs: number;
};

/** Throws RangeError for group-crash where there are no groups. */
export function directedPlan(kind: FaultKind, options: DirectedOptions): Plan {
  const { random, nodes, groups, targets, atUs } = options;
  const host = random.pick(nodes);
  const leader = targets.includes("leader") ? "leader" : host;
  const first = groups[0];
  if (kind === "group-crash" && first === undefined)
    throw new RangeError("a group-crash needs a group, and there is none");
  return { format: 1, faults: faultsOf(kind, { atUs, host, leader, group: first ?? "" }) };
}

type Direction = { readonly atUs: number; readonly host: string; readonly leader: string; readonly group: string };

function faultsOf(kind: FaultKind, direction: Direction): readonly Fault[] {
  const { atUs, host, leader, group } = direction;
  const long = { atUs, forUs: 1_000_000 } as const;
  const short = { atUs, forUs: 400_000 } as const;
  switch (kind) {
    case "partition":
      return [{ kind, shape: "isolate", hosts: [leader], ...short }];
    case "loss":
    case "duplicate":
      return [{ kind, perMillion: 200_000, ...long }];
    case "corrupt":
      return [{ kind, perMillion: 100_000, ...long }];
    case "reorder":
      return [{ kind, perMillion: 400_000, delayUsMax: 150_000, ...long }];
    case "delay":
      return [{ kind, shape: "uniform", meanUs: 20_000, ...long }];
    case "hold":
      return [{ kind, hosts: [leader], ...short }];
    case "slow-link":
      return [{ kind, latencyTimes: 20, ...long }];
    case "kill":
    case "power-loss":
    case "pause":
      return [{ kind, hosts: [leader], ...short }];
    case "wipe":
      return [{ kind, hosts: [host], ...short }];
    case "group-crash":
      return [{ kind, groups: [group], how: "power-loss", ...short }];
    case "clock-step":
      return [{ kind, hosts: ["all"], byUs: 7_000_000, ...long }];
    case "clock-strobe":
      return [{ kind, hosts: ["all"], byUs: -2_000_000, periodUs: 30_000, ...long }];
    case "clock-freeze":
    case "clock-backward":
      return [{ kind, hosts: ["all"], ...long }];
    case "clock-drift":
      return [{ kind, hosts: ["all"], driftPpm: -150, ...long }];
    case "clock-rho":
      return [{ kind, hosts: [host], driftPpm: 300_000, ...short }];
    default:
      return diskFaults(kind, direction);
  }
}

function diskFaults(kind: FaultKind & `disk-${string}`, { atUs, host }: Direction): readonly Fault[] {
  const on = { atUs, forUs: 1_000_000, hosts: [host] } as const;
  // A kill shows what the page cache holds, a power loss what the device holds: both boots read it back.
  const crashes: readonly Fault[] = [
    { kind: "kill", atUs: atUs + 250_000, forUs: 100_000, hosts: [host] },
    { kind: "power-loss", atUs: atUs + 600_000, forUs: 100_000, hosts: [host] },
  ];
  switch (kind) {
    case "disk-torn":
      return [{ kind, tearPerMillion: 1_000_000, ...on }, ...crashesInSync(atUs, host)];
    case "disk-lost-sync":
      return [{ kind, perMillion: 1_000_000, ...on }, ...crashes];
    case "disk-rot":
      return [{ kind, sectors: 1_000, bits: 8, ...on }, ...crashes];
    case "disk-latent":
      return [{ kind, sectors: 1_000, ...on }, ...crashes];
    case "disk-misdirect":
    case "disk-phantom":
      return [{ kind, perMillion: 500_000, ...on }, ...crashes];
    case "disk-failed-sync":
      return [{ kind, perMillion: 1_000_000, times: 1, ...on }];
    case "disk-eio":
      return [{ kind, perMillion: 200_000, ...on }];
    case "disk-short-read":
      return [{ kind, perMillion: 500_000, ...on }, ...crashes];
    case "disk-rollback":
      return [{ kind, ...on }, ...crashes];
    case "disk-full":
      return [{ kind, freeBytes: 0, shrinkBytesPerSecond: 0, ...on }];
    case "disk-stall":
      return [{ kind, ...on, forUs: 300_000 }];
    case "disk-slow":
      return [{ kind, factor: 20, ...on }];
  }
}

/** Sectors are dirty, and can be torn, just before they are synced. */
function crashesInSync(atUs: number, host: string): readonly Fault[] {
  return [1, 2, 3, 4].map((count) => {
    const when = { on: "disk", name: "sync", target: host, count, afterUs: atUs + 200_000 * count } as const;
    return { kind: "power-loss", when, forUs: 50_000, hosts: ["trigger"] };
  });
}
