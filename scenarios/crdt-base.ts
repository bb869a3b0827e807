/** Groups of CRDT stores as a scenario: what crdt-counters, crdt-sets, … share. docs/crdt.md says what they demand. */
import { HistoryError, type PlainJson } from "../checkers/history.ts";
import type { CrdtSpec } from "../checkers/crdt/record.ts";
import { checkReplicas } from "../checkers/crdt/replicas.ts";
import type { Verdict } from "../checkers/verdict.ts";
import { FAULT_KINDS, type FaultKind, harmOf } from "../nemesis/kinds.ts";
import type { Random } from "../sim/random.ts";
import { StoreClient } from "../systems/crdt-store/client.ts";
import type { StoreKind } from "../systems/crdt-store/kind.ts";
import type { StoreOptions } from "../systems/crdt-store/server.ts";
import { unknownVerdict } from "./checks.ts";
import { StoreProcess } from "./crdt-client.ts";
import { type Asked, historyOfClients } from "./crdt-history.ts";
import { STORE_TARGETS, watchStores } from "./crdt-watch.ts";
import { PACE_SETTING, paced } from "./pace.ts";
import {
  type PlannedOperation,
  type RunData,
  type Scenario,
  type ScenarioContext,
  type Settings,
  type SettingsSpec,
  scenario,
} from "./scenario.ts";

const REPLICA_PORT = 7100;
const STORE_PORT = 7101;
const CLIENT_PORT = 7102;
/** More than the chaos phase has room for. */
const OPERATIONS_PER_PROCESS = 120;
/** Of the calls that speak about a read, and how many times the longest pause they may wait: others' updates shall come in between. */
const PATIENT_PER_MILLION = 400_000;
const PATIENCE_TIMES = 4;
/** Of the calls that speak about a read: at any store, which may know less than the one that was read. */
const ELSEWHERE_PER_MILLION = 300_000;

/** A call of the workload; `key` and `value` as the kind of store wants them. */
export type PlannedCall = { readonly f: string; readonly key?: string; readonly value?: Asked["value"] };

export type CrdtType = {
  readonly kind: StoreKind;
  readonly spec: CrdtSpec;
  /** Draws a call; `serial` is new each time, for values that must be. */
  call(random: Random, serial: number, context: ScenarioContext): PlannedCall;
  /** The calls, by name, that may speak about what their process has read: they take away or place by what was there then. */
  readonly ofReads?: readonly string[];
  /** Puts such a call in the words of what was read, where the type has no contexts; by itself it carries the context. */
  resolve?(value: PlainJson, shown: PlainJson): PlainJson;
  /** A call that every replica can take at any time: what must succeed after healing. */
  always(serial: number): PlannedCall;
  /** How often it is drawn among the types of its family; default 1. */
  readonly weight?: number;
};

export type CrdtFamily = {
  readonly name: string;
  readonly title: string;
  readonly types: { readonly [type: string]: CrdtType };
  readonly settings?: SettingsSpec;
  readonly kinds?: readonly FaultKind[];
};

/** Small limits drawn at random make rare paths common: dropped deltas, whole states, snapshots. */
const SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [2, 3, 3, 3, 4, 5, 6], about: "replicas" },
  clients: { kind: "integer", min: 3, max: 5, about: "client processes" },
  chaosUs: { kind: "integer", min: 800_000, max: 1_600_000, about: "length of the chaos phase, true microseconds" },
  latencyUs: { kind: "integer", min: 200, max: 5_000, isLogarithmic: true, about: "mean one-way latency of a link" },
  thinkUsMax: { kind: "integer", min: 20_000, max: 80_000, isLogarithmic: true, about: "longest pause of a process" },
  readPerMille: { kind: "integer", min: 100, max: 400, about: "share of reads among operations" },
  ofReadPerMille: {
    kind: "integer",
    min: 0,
    max: 800,
    about: "share of removes and writes that speak about what their process has read, not about the present",
  },
  pace: PACE_SETTING,
  strayPerMille: { kind: "integer", min: 0, max: 500, about: "share of operations at another replica than the usual" },
  roundUs: { kind: "integer", min: 12_000, max: 60_000, isLogarithmic: true, about: "longest pause between rounds" },
  roundBytesMax: { kind: "integer", min: 150, max: 3_000, isLogarithmic: true, about: "bytes for a peer in a round" },
  mode: { kind: "choice", of: ["deltas", "deltas", "operations"], about: "what replicas send each other" },
  logCountMax: {
    kind: "integer",
    min: 2,
    max: 64,
    isLogarithmic: true,
    about: "deltas or operations kept for silent peers",
  },
  holdBackCountMax: {
    kind: "integer",
    min: 1,
    max: 64,
    isLogarithmic: true,
    about: "operations that wait for earlier ones",
  },
  journalBytesMax: { kind: "integer", min: 200, max: 8_000, isLogarithmic: true, about: "journal before a snapshot" },
  copies: {
    kind: "choice",
    of: [0, 0, 1, 2],
    about: "other replicas that must have an update before it is acknowledged",
  },
  isWatchedClosely: { kind: "boolean", truePerMillion: 200_000, about: "monitors compare states at every step" },
  timeoutUs: { kind: "integer", min: 150_000, max: 600_000, about: "a client gives a request up after this" },
  healing: { kind: "choice", of: ["all"], about: "every replica boots again: each must converge" },
};

/**
 * What a replica's durable state survives: everything but a sector that stays unreadable (disk-latent), which keeps a boot from reading
 * its files. Harm may come to any number of disks: the obligations know which.
 */
const KINDS: readonly FaultKind[] = FAULT_KINDS.filter((kind) => kind !== "disk-latent" && !isOfWallClock(kind));

/** For types that read the wall clock. */
export const KINDS_WITH_WALL_CLOCK: readonly FaultKind[] = FAULT_KINDS.filter((kind) => kind !== "disk-latent");

/** Moves nothing but the wall clock, which most types never read. */
function isOfWallClock(kind: FaultKind): boolean {
  return ["clock-step", "clock-strobe", "clock-freeze", "clock-backward"].includes(kind);
}

/** A replica whose disk has forgotten something writes under a new actor name and takes everything from its peers. */
const SELF_QUARANTINED: readonly FaultKind[] = FAULT_KINDS.filter((kind) => harmOf({ kind }) === "undetectable");

export function crdtScenario(family: CrdtFamily): Scenario {
  const names = Object.entries(family.types).flatMap(([name, { weight }]) => Array<string>(weight ?? 1).fill(name));
  const typeOf = ({ settings }: ScenarioContext): CrdtType => family.types[String(settings["type"])]!;
  return scenario({
    name: family.name,
    title: family.title,
    settings: { ...SETTINGS, type: { kind: "choice", of: names, about: "what the replicas hold" }, ...family.settings },
    node: (name, context) => (host) => typeOf(context).kind.start(host, storeOptions(name, context)),
    client: (host, context) => {
      const client = new StoreClient(host, {
        stores: context.nodes,
        storePort: STORE_PORT,
        clientPort: CLIENT_PORT,
        timeoutUs: Number(context.settings["timeoutUs"]),
      });
      const copies = Math.min(Number(context.settings["copies"]), context.nodes.length - 1);
      const process = new StoreProcess(client, copies, typeOf(context).resolve);
      return { invoke: (operation) => process.invoke(operation) };
    },
    operations: (random, context) => planned(random, context, typeOf(context)),
    // Each client sees its own update at once, and what all have written once the replicas agree.
    livenessOperations: (process, context) => [
      plannedAt(process, nodeOf(process, context), typeOf(context).always(100_000 + process)),
      plannedAt(process, nodeOf(process, context), { f: "read" }),
      { process, afterUs: 0, f: "agree", value: { at: "all" } },
      plannedAt(process, nodeOf(process, context), { f: "read" }),
    ],
    finalOperations: ({ nodes }) => [
      { process: 0, afterUs: 0, f: "agree", value: { at: "all" } },
      ...nodes.map((at) => ({ process: 0, afterUs: 0, f: "final", value: { at } })),
    ],
    faults: {
      kinds: family.kinds ?? KINDS,
      lastingHarmMax: harmMaxOf,
      selfQuarantined: SELF_QUARANTINED,
      intensityPerMille: 2000,
      points: {
        message: ["delta", "operations", "digest", "have", "want", "part"],
        mark: ["crdt.delta-gap", "crdt.held-back"],
      },
    },
    targets: STORE_TARGETS,
    watch: (control, context, options) => watchStores(typeOf(context).spec)(control, context, options),
    checks: [{ name: "crdt-spec", check: (run) => judgeClients(run, typeOf(run).spec) }],
    floors: { operationsMin: 15 },
    limits: { livenessUsMax: 5_000_000 },
  });
}

function storeOptions(name: string, { nodes, settings }: ScenarioContext): StoreOptions {
  return {
    peers: nodes.filter((peer) => peer !== name),
    replicaPort: REPLICA_PORT,
    clientPort: STORE_PORT,
    roundUs: Number(settings["roundUs"]),
    roundBytesMax: Number(settings["roundBytesMax"]),
    journalBytesMax: Number(settings["journalBytesMax"]),
    mode: settings["mode"] === "operations" ? "operations" : "deltas",
    logCountMax: Number(settings["logCountMax"]),
    holdBackCountMax: Number(settings["holdBackCountMax"]),
    trimming: trimmingOf(settings),
  };
}

/** Null where the type keeps no history, or keeps all of it in this run. */
function trimmingOf(settings: Settings): StoreOptions["trimming"] {
  const everyRounds = Number(settings["trimEveryRounds"] ?? 0);
  return everyRounds === 0 ? null : { everyRounds, catchUpPeers: catchUpPeersOf(settings) };
}

function catchUpPeersOf(settings: Settings): number {
  return Math.min(Number(settings["catchUpPeers"]), settings.nodes - 1);
}

/** Any number of disks may be harmed, unless trimming rests on some that are not. */
function harmMaxOf(settings: Settings): number {
  return trimmingOf(settings) === null ? settings.nodes : catchUpPeersOf(settings);
}

/** Each process has a replica of its own that it usually asks, so that there are always concurrent updates. */
function nodeOf(process: number, { nodes }: ScenarioContext): string {
  return nodes[process % nodes.length]!;
}

function plannedAt(process: number, at: string, call: PlannedCall): PlannedOperation {
  const value: Asked = call.value === undefined ? { at } : { at, value: call.value };
  return { process, afterUs: 0, f: call.f, ...(call.key === undefined ? {} : { key: call.key }), value };
}

function planned(random: Random, context: ScenarioContext, type: CrdtType): PlannedOperation[] {
  const { settings, nodes, clients } = context;
  const operations: PlannedOperation[] = [];
  const ofReads = random.fork("of-reads");
  for (let turn = 0; turn < OPERATIONS_PER_PROCESS; turn++) {
    for (let process = 0; process < clients.length; process++) {
      const isStray = random.chance(Number(settings["strayPerMille"]) * 1000);
      const at = isStray ? random.pick(nodes) : nodeOf(process, context);
      const isReading = random.chance(Number(settings["readPerMille"]) * 1000);
      const call = isReading ? { f: "read" } : type.call(random, turn * clients.length + process, context);
      const afterUs = random.between(0, Number(settings["thinkUsMax"]));
      const operation = { ...plannedAt(process, at, call), afterUs };
      operations.push(isReading ? operation : maybeOfRead(operation, ofReads, context, type));
    }
  }
  return paced(operations, random, context, {
    operationUs: 2 * Number(settings["latencyUs"]),
    asRead: ({ value }) => ({ f: "read", value: { at: (value as Asked).at } }),
  });
}

/** Some of the calls that can speak about what their process has read do, and some of those wait, or go elsewhere. */
function maybeOfRead(
  operation: PlannedOperation,
  random: Random,
  { settings, nodes }: ScenarioContext,
  { ofReads = [] }: CrdtType,
): PlannedOperation {
  if (!ofReads.includes(operation.f) || !random.chance(Number(settings["ofReadPerMille"]) * 1000)) return operation;
  const waitUs = random.chance(PATIENT_PER_MILLION)
    ? random.between(0, PATIENCE_TIMES * Number(settings["thinkUsMax"]))
    : 0;
  const asked = operation.value as Asked;
  const at = random.chance(ELSEWHERE_PER_MILLION) ? random.pick(nodes) : asked.at;
  const value: Asked = { ...asked, at, isOfRead: true };
  return { ...operation, value, afterUs: operation.afterUs + waitUs };
}

function judgeClients(run: RunData, spec: CrdtSpec): Verdict {
  try {
    return checkReplicas(historyOfClients(run.history), spec);
  } catch (error) {
    if (error instanceof HistoryError) return unknownVerdict("crdt-spec", run.history.length, error.message);
    throw error;
  }
}
