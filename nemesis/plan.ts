/**
 * A plan: the faults of one run as data. docs/plan.md is the reference for people; the schema is in plan-schema.ts.
 *
 * All times are whole microseconds of true time, counted from the start of the run; rates are parts per million.
 */
import type { OperationName } from "../sim/disk/service-queue.ts";

/** A host, or a target that is resolved when the fault strikes: "leader", "one", "another", "minority", "trigger", … */
export type HostEntry = string;

/** "n1>n2": the direction from n1 to n2. Each side may be a target. */
export type LinkEntry = string;

/** Strikes at the `count`-th point of this name. */
export type When = {
  readonly on: "disk" | "message" | "mark" | "state";
  /** A class of disk operation ("sync"), a type of message at its delivery ("vote"), a mark, a state of the scenario. */
  readonly name: string;
  /** Only points of these hosts count; absent: of every node. */
  readonly target?: HostEntry;
  /** 1 is the first. */
  readonly count: number;
  /** Points before this time do not count. */
  readonly afterUs?: number;
};

/** Where and when a fault struck. A plan that has it strikes there again, whatever its targets mean by then. */
export type Struck = {
  readonly timeUs: number;
  /** What `hosts` and `groups`, or both sides of `links`, stood for. */
  readonly hosts: readonly string[];
  /** The order that a ring or a bridge gave to the nodes. */
  readonly order?: readonly string[];
  /** What each entry of `links` stood for. */
  readonly links?: readonly LinkEntry[];
  /** The point that fired the trigger: the ordinal counts the points of that name in that incarnation. */
  readonly at?: { readonly host: string; readonly incarnation: number; readonly ordinal: number };
};

export type Shared = {
  /** Exactly one of atUs and when. */
  readonly atUs?: number;
  readonly when?: When;
  readonly forUs: number;
  readonly struck?: Struck;
};

export type OnHosts = { readonly hosts?: readonly HostEntry[]; readonly groups?: readonly string[] };

/** On these links; or on those that leave ("out") or reach ("in") the hosts, default both; or on all links. */
export type OnLinks = OnHosts & {
  readonly links?: readonly LinkEntry[];
  readonly direction?: "out" | "in" | "both";
};

/** A rate, and how bursty it is: 0 is independent, 750,000 is what Jepsen gives to netem. */
export type Rate = { readonly perMillion: number; readonly correlationPerMillion?: number };

export type PartitionFault = Shared &
  OnHosts & {
    readonly kind: "partition";
    readonly shape: "halves" | "ring" | "bridge" | "isolate" | "one-way" | "link";
    readonly links?: readonly LinkEntry[];
    /** one-way: what the hosts send is lost ("out"), or what is sent to them ("in"). */
    readonly direction?: "out" | "in";
    /** halves, isolate, one-way: links between the hosts and clients are cut, too. */
    readonly cutClients?: boolean;
  };

export type NetworkFault = Shared &
  OnLinks &
  (
    | ({ readonly kind: "loss" } & Rate)
    | ({ readonly kind: "duplicate" } & Rate)
    | ({ readonly kind: "corrupt"; readonly bitsMax?: number } & Rate)
    | ({ readonly kind: "reorder"; readonly delayUsMax: number } & Rate)
    | {
        readonly kind: "delay";
        readonly shape: "constant" | "uniform" | "exponential";
        readonly meanUs: number;
        readonly minUs?: number;
        readonly perMillion?: number;
        readonly correlationPerMillion?: number;
      }
    | { readonly kind: "hold" }
    | {
        readonly kind: "slow-link";
        readonly bytesPerSecond?: number;
        readonly latencyTimes?: number;
        readonly capacityPackets?: number;
      }
  );

export type ProcessFault = Shared &
  OnHosts &
  (
    | { readonly kind: "kill" }
    | { readonly kind: "power-loss" }
    | { readonly kind: "pause" }
    | { readonly kind: "wipe" }
    | { readonly kind: "group-crash"; readonly how: "kill" | "power-loss" }
  );

export type ClockFault = Shared &
  OnHosts &
  (
    | { readonly kind: "clock-step"; readonly byUs: number }
    | { readonly kind: "clock-drift"; readonly driftPpm: number }
    | { readonly kind: "clock-strobe"; readonly byUs: number; readonly periodUs: number }
    | { readonly kind: "clock-freeze" }
    | { readonly kind: "clock-backward" }
    | { readonly kind: "clock-rho"; readonly driftPpm: number }
  );

/** Only files and directories whose path begins with pathPrefix. */
export type OnPaths = { readonly pathPrefix?: string };

export type DiskFault = Shared &
  OnHosts &
  (
    | ({ readonly kind: "disk-torn"; readonly tearPerMillion: number; readonly reach?: "written" | "sector" } & OnPaths)
    | ({ readonly kind: "disk-lost-sync"; readonly perMillion: number } & OnPaths)
    | ({ readonly kind: "disk-failed-sync"; readonly perMillion: number; readonly times: number } & OnPaths)
    | ({ readonly kind: "disk-rot"; readonly sectors: number; readonly bits: number } & OnPaths)
    | ({ readonly kind: "disk-latent"; readonly sectors: number } & OnPaths)
    | ({ readonly kind: "disk-misdirect"; readonly perMillion: number } & OnPaths)
    | ({ readonly kind: "disk-phantom"; readonly perMillion: number } & OnPaths)
    | ({ readonly kind: "disk-rollback" } & OnPaths)
    | ({
        readonly kind: "disk-eio";
        readonly perMillion: number;
        readonly operations?: readonly OperationName[];
      } & OnPaths)
    | { readonly kind: "disk-full"; readonly freeBytes: number; readonly shrinkBytesPerSecond: number }
    | ({ readonly kind: "disk-short-read"; readonly perMillion: number } & OnPaths)
    | { readonly kind: "disk-stall" }
    | { readonly kind: "disk-slow"; readonly factor: number }
  );

export type Fault = PartitionFault | NetworkFault | ProcessFault | ClockFault | DiskFault;

export type Plan = { readonly format: 1; readonly faults: readonly Fault[] };

export type { FaultKind } from "./kinds.ts";
