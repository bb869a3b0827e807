/**
 * A scenario: a system, the workload that clients put on it, the faults that it must survive, and what is checked, under a name.
 *
 * It is a plain record of functions. The seed decides everything that it leaves open: settings are drawn as declared,
 * operations and faults are generated as data before the run, and the run executes that data.
 */
import type { HistoryEvent, PlainJson } from "../checkers/history.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { GenerateOptions } from "../nemesis/generate.ts";
import type { FaultKind } from "../nemesis/kinds.ts";
import type { Control } from "../sim/control.ts";
import type { HostDiskOptions } from "../sim/disk/host-disk.ts";
import type { Host, Program } from "../sim/host.ts";
import type { NetworkOptions } from "../sim/net/network.ts";
import type { Random } from "../sim/random.ts";
import type { Observation, TraceMapping } from "../tla/index.ts";
import { requireScenario } from "./scenario-schema.ts";

export type SettingValue = number | boolean | string;

/** How one setting is drawn when `--set` does not hold it. Every draw comes from a stream of its own name. */
export type Setting =
  | {
      readonly kind: "integer";
      readonly min: number;
      readonly max: number;
      readonly isLogarithmic?: boolean;
      readonly about: string;
    }
  | { readonly kind: "boolean"; readonly truePerMillion?: number; readonly about: string }
  | { readonly kind: "choice"; readonly of: readonly SettingValue[]; readonly about: string };

export type SettingsSpec = { readonly [name: string]: Setting };

/** Every setting resolved; `nodes` and `clients` are always there. */
export type Settings = { readonly [name: string]: SettingValue } & { readonly nodes: number; readonly clients: number };

/** One operation of a workload, before it is run. A process runs its operations one after the other. */
export type PlannedOperation = {
  readonly process: number;
  /** Thinking time of the process before the invocation, microseconds. */
  readonly afterUs: number;
  readonly f: string;
  readonly key?: string;
  readonly value: PlainJson;
};

/** What a client was told. `fail` only when the operation certainly did not happen and never will. */
export type Outcome =
  | { readonly type: "ok"; readonly value?: PlainJson; readonly result?: PlainJson }
  | { readonly type: "fail" | "info"; readonly error: string };

/** Runs the operations of one process, one at a time. Resolves always; a rejection counts as `info`. */
export type Client = { invoke(operation: PlannedOperation): Promise<Outcome> };

export type ScenarioContext = {
  readonly settings: Settings;
  /** Names of the nodes: n1, n2, … */
  readonly nodes: readonly string[];
  /** Names of the hosts that clients run on, one for each process: c1, c2, … */
  readonly clients: readonly string[];
};

/** What a run knows at its end, for checks. */
export type RunData = ScenarioContext & {
  readonly history: readonly HistoryEvent[];
  /** Spread over the run: how many steps a checker may take in all. */
  readonly stepsMax: number;
};

export type Check = {
  readonly name: string;
  readonly check: (run: RunData) => Verdict;
};

/** What must come true once the faults have ended: an overlay is one piece again, replicas agree. */
export type Eventually = {
  readonly name: string;
  /** The bound, microseconds of true time since healing. */
  readonly withinUs: number;
  /** Why it is not true yet; null when it is. Asked now and then after healing, from outside of any event. */
  pending(): string | null;
};

/** What watches a run from inside: monitors over observations, and what they know for symbolic targets. */
export type Watch = {
  /** Symbolic names for faults: each gives the hosts that match now. */
  readonly targets?: { readonly [name: string]: () => readonly string[] };
  /** Named properties of monitors, judged once more at the end. */
  readonly monitors?: readonly { readonly name: string; verdict(): Verdict }[];
  /**
   * Must all hold at one moment after healing, each within its bound; the run goes on as soon as they do. Must be here without monitors
   * too: the run waits in the same way, so that its digest does not depend on who looks on, but nothing is judged.
   */
  readonly eventually?: readonly Eventually[];
  /** Numbers for the floors and the summary, by name: "leaderChanges". */
  readonly counts?: () => { readonly [name: string]: number };
};

export type WatchOptions = {
  /** False: watch for targets and counts only. */
  readonly hasMonitors: boolean;
  /** To be called at a violation: the run stops after the present event. */
  readonly onViolation: () => void;
};

/** The specification that runs of the scenario are behaviours of, and how a run is read as one (docs/tla.md). */
export type Specification = {
  /** Where its modules are: a folder of tla/specs. */
  readonly folder: string;
  /** The root module. */
  readonly module: string;
  /** The text of the configuration, for a run with these settings. */
  readonly config: (context: ScenarioContext) => string;
  readonly mapping: TraceMapping;
  /** Listens to the observations of a run and tells what the mapping speaks of, the initial state first. */
  readonly observe: (control: Control, context: ScenarioContext, tell: (observation: Observation) => void) => void;
};

export type FaultPolicy = {
  /** The kinds that the system must survive, all of them in any mix. */
  readonly kinds: readonly FaultKind[];
  /** At most this many nodes may suffer lasting harm of their disk over a run; default: none. */
  readonly lastingHarmMax?: (settings: Settings) => number;
  /** Undetectable kinds after which the system itself keeps the node out of every quorum, such as an empty disk that refuses to vote. */
  readonly selfQuarantined?: readonly FaultKind[];
  /** Names that triggers of drawn plans may wait for: disk operations, types of messages, marks, states. */
  readonly points?: GenerateOptions["points"];
  /** Faults drawn for a run lie in the chaos phase, more or less of them by this factor (1000 is the usual). */
  readonly intensityPerMille?: number;
};

/** Minimum numbers that make a run worth its time; below one of them the run's verdict is unknown, or the campaign's a warning. */
export type Floors = {
  /** Completed operations below which an otherwise valid run is unknown. */
  readonly operationsMin: number;
};

export type Limits = {
  readonly eventsMax: number;
  /** After healing every operation must complete within this, microseconds of true time. */
  readonly livenessUsMax: number;
  /** Steps of all checkers together. */
  readonly checkerStepsMax: number;
};

export type Scenario = {
  readonly name: string;
  /** One line for `list`. */
  readonly title: string;
  /** False: runs only by its exact name, or with --all. */
  readonly default?: boolean;
  readonly settings?: SettingsSpec;
  /** The program of one node; it must be able to run in production as it is. */
  readonly node: (name: string, context: ScenarioContext) => Program;
  /** Called when the client host of a process boots. */
  readonly client: (host: Host, context: ScenarioContext) => Client;
  /** All operations that the processes may get to; what does not fit into the chaos phase is left. */
  readonly operations: (random: Random, context: ScenarioContext) => readonly PlannedOperation[];
  /** Operations that one process must complete after healing; default: none, and liveness is not judged. */
  readonly livenessOperations?: (process: number, context: ScenarioContext) => readonly PlannedOperation[];
  /** Reads after the liveness phase that let the checkers see what was kept. */
  readonly finalOperations?: (context: ScenarioContext) => readonly PlannedOperation[];
  readonly faults: FaultPolicy;
  /** Names of the symbolic targets that `watch` provides, so that plans can be checked before the run. */
  readonly targets?: readonly string[];
  readonly watch?: (control: Control, context: ScenarioContext, options: WatchOptions) => Watch;
  readonly checks: readonly Check[];
  readonly specification?: Specification;
  /** A fixed plan, for directed scenarios; otherwise the swarm generator draws one. */
  readonly plan?: (random: Random, context: ScenarioContext) => unknown;
  readonly floors?: Floors;
  readonly limits?: Partial<Limits>;
  /** Options of the simulated network and disks; default: latency from the setting latencyUs. */
  readonly network?: (context: ScenarioContext) => NetworkOptions;
  readonly disk?: (context: ScenarioContext) => HostDiskOptions;
  /** Groups (racks, zones) by node; default: one rack for every two nodes. */
  readonly groups?: (context: ScenarioContext) => { readonly [node: string]: readonly string[] };
  /** Errors that a program does not catch fail the run; false where the system is built to crash. */
  readonly uncaughtIsFailure?: boolean;
};

/**
 * Checks a scenario's shape and returns it. Throws TypeError naming the field, what was expected, what was found and what to do, so that nothing
 * that a file says of a scenario is ignored.
 */
export function scenario(definition: Scenario): Scenario {
  requireScenario(definition);
  return definition;
}
