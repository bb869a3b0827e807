/** The KV store on Raft as a scenario: what all of kv, kv-partitions, kv-disk … share. */
import { FAULT_KINDS, type FaultKind } from "../nemesis/kinds.ts";
import { createKvClient, type KvClientOptions } from "../systems/kv/client.ts";
import type { KvOperation } from "../systems/kv/operation.ts";
import { KV_CLIENT_DEFAULTS, KV_SERVER_DEFAULTS, type KvServerSettings } from "../systems/kv/options.ts";
import { type KvMember, kvServer } from "../systems/kv/server.ts";
import { RAFT_DEFAULTS } from "../systems/raft/options.ts";
import { durableWrites, linearizable } from "./checks.ts";
import { RAFT_STATES, RAFT_TARGETS, watchRaft } from "./kv-watch.ts";
import { OPERATOR_SETTINGS, operate } from "./kv-operator.ts";
import { withStoreMonitor } from "./kv-store-watch.ts";
import { kvKeys, kvOperations } from "./kv-workload.ts";
import { PACE_SETTING } from "./pace.ts";
import { RAFT_SPECIFICATION } from "./raft-specification.ts";
import {
  type Check,
  type PlannedOperation,
  type Scenario,
  type ScenarioContext,
  type Settings,
  type SettingsSpec,
  scenario,
} from "./scenario.ts";

const RAFT_PORT = 7000;
const CLIENT_PORT = 7001;

/** The shortest are about as long as a client waits for its first answer, and a few retries. */
const SHORT_LIVED = 12;

/** Small limits drawn at random make rare paths common: snapshots, segment changes, back-tracking, expiry. */
export const KV_SETTINGS: SettingsSpec = {
  nodes: { kind: "choice", of: [3, 3, 3, 3, 5, 5, 5, 5, 5, 1], about: "members of the group" },
  clients: { kind: "integer", min: 5, max: 8, about: "client processes" },
  keys: { kind: "integer", min: 1, max: 5, about: "keys; the first takes half of the operations" },
  thinkUsMax: {
    kind: "integer",
    min: 25_000,
    max: 100_000,
    isLogarithmic: true,
    about: "longest pause of a process between operations",
  },
  pace: PACE_SETTING,
  chaosUs: { kind: "integer", min: 3_000_000, max: 4_500_000, about: "length of the chaos phase, true microseconds" },
  latencyUs: { kind: "integer", min: 200, max: 10_000, isLogarithmic: true, about: "mean one-way latency of a link" },
  electionTimeoutUsMin: {
    kind: "integer",
    min: 60_000,
    max: 180_000,
    isLogarithmic: true,
    about: "a follower waits from this to twice this; heartbeats come three times as often, at least every 50 ms",
  },
  hasPreVote: { kind: "boolean", truePerMillion: 500_000, about: "ask before raising the term" },
  hasCheckQuorum: { kind: "boolean", truePerMillion: 700_000, about: "a leader without a quorum steps down" },
  transport: {
    kind: "choice",
    of: ["datagrams", "datagrams", "datagrams", "connections"],
    about: "what Raft's messages travel on",
  },
  inflightMax: {
    kind: "integer",
    min: 1,
    max: 16,
    isLogarithmic: true,
    about: "append messages under way to one follower",
  },
  batchEntriesMax: { kind: "integer", min: 1, max: 64, isLogarithmic: true, about: "entries in one append message" },
  snapshotThresholdEntries: {
    kind: "integer",
    min: 5,
    max: 20,
    isLogarithmic: true,
    about: "entries between snapshots",
  },
  snapshotKeepEntries: {
    kind: "integer",
    min: 1,
    max: 3,
    isLogarithmic: true,
    about: "entries kept behind a snapshot",
  },
  segmentBytes: { kind: "integer", min: 2_048, max: 16_384, isLogarithmic: true, about: "length of a log segment" },
  chunkBytes: { kind: "integer", min: 128, max: 16_384, isLogarithmic: true, about: "snapshot bytes in one message" },
  sessionTtlUs: {
    kind: "integer",
    min: 2_000_000,
    max: 60_000_000,
    isLogarithmic: true,
    about: "log time after which a silent session expires",
  },
  sessions: {
    kind: "choice",
    of: ["ample", "ample", "ample", "ample", "ample", "ample", "short-lived", "few"],
    about:
      "short-lived: they expire after a twelfth of sessionTtlUs, few: there is one less than clients, so that clients lose theirs",
  },
  attemptTimeoutUs: {
    kind: "integer",
    min: 60_000,
    max: 400_000,
    isLogarithmic: true,
    about: "a client asks the next server after this",
  },
  operationTimeoutUs: {
    kind: "integer",
    min: 1_000_000,
    max: 3_000_000,
    about: "a client gives an operation up after this",
  },
  isWatchedClosely: {
    kind: "boolean",
    truePerMillion: 200_000,
    about: "monitors compare each acknowledgement with what the disk durably holds",
  },
  ...OPERATOR_SETTINGS,
  hasFollowerReads: { kind: "boolean", about: "followers serve linearizable reads too" },
};

export type KvVariant = {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly FaultKind[];
  readonly settings?: SettingsSpec;
  readonly intensityPerMille?: number;
  readonly plan?: Scenario["plan"];
  /** Instead of watchRaft; to call it, and watch more. */
  readonly watch?: Scenario["watch"];
  readonly operations?: Scenario["operations"];
  readonly operationsMin?: number;
  readonly checks?: readonly Check[];
};

export const ALL_KINDS: readonly FaultKind[] = FAULT_KINDS;

export function kvScenario(variant: KvVariant): Scenario {
  return scenario({
    name: variant.name,
    title: variant.title,
    settings: { ...KV_SETTINGS, ...variant.settings },
    node: (_name, context) => kvServer({ members: membersOf(context), settings: serverSettings(context.settings) }),
    client: (host, context) => {
      const client = createKvClient(host, clientOptions(context));
      operate(host, context, (random) => createKvClient(host, { ...clientOptions(context), random }));
      return { invoke: (operation) => client.invoke(asKv(operation)) };
    },
    operations: variant.operations ?? kvOperations,
    livenessOperations: (process, context) => livenessOf(process, context),
    finalOperations: (context) =>
      kvKeys(context).map((key, i) => ({
        process: i % context.clients.length,
        afterUs: 0,
        f: "get",
        key,
        value: null,
      })),
    faults: {
      kinds: variant.kinds,
      lastingHarmMax: ({ nodes }) => Math.floor((nodes - 1) / 2),
      // A member whose disk is empty at a later boot refuses to vote.
      selfQuarantined: ["wipe"],
      intensityPerMille: variant.intensityPerMille ?? 1000,
      points: {
        message: ["append", "append-reply", "vote", "vote-reply", "snapshot-chunk", "heartbeat"],
        mark: ["raft.segment-changed", "raft.snapshot-taken", "kv.write-retried"],
        state: RAFT_STATES,
      },
    },
    targets: RAFT_TARGETS,
    watch: (control, context, watchOptions) => {
      const watch = (variant.watch ?? watchRaft)(control, context, watchOptions);
      return withStoreMonitor(watch, control, serverSettings(context.settings), watchOptions);
    },
    checks: [linearizable("kv"), durableWrites(), ...(variant.checks ?? [])],
    specification: RAFT_SPECIFICATION,
    ...(variant.plan === undefined ? {} : { plan: variant.plan }),
    floors: { operationsMin: variant.operationsMin ?? 40 },
  });
}

function membersOf({ nodes }: ScenarioContext): KvMember[] {
  return nodes.map((host, i) => ({ id: i + 1, host, raftPort: RAFT_PORT, clientPort: CLIENT_PORT }));
}

function clientOptions(context: ScenarioContext): KvClientOptions {
  const { settings } = context;
  return {
    servers: membersOf(context).map(({ id, host: name }) => ({ id, address: { host: name, port: CLIENT_PORT } })),
    settings: {
      ...KV_CLIENT_DEFAULTS,
      attemptTimeoutUs: Number(settings["attemptTimeoutUs"]),
      operationTimeoutUs: Number(settings["operationTimeoutUs"]),
      readsFromAnyServer: settings["hasFollowerReads"] === true,
    },
  };
}

function serverSettings(settings: Settings): KvServerSettings {
  const number = (name: string): number => Number(settings[name]);
  return {
    ...KV_SERVER_DEFAULTS,
    sessionTtlUs: Math.floor(number("sessionTtlUs") / (settings["sessions"] === "short-lived" ? SHORT_LIVED : 1)),
    sessionsMax: settings["sessions"] === "few" ? Math.max(1, settings.clients - 1) : KV_SERVER_DEFAULTS.sessionsMax,
    hasFollowerReads: settings["hasFollowerReads"] === true,
    raft: {
      ...RAFT_DEFAULTS,
      electionTimeoutUsMin: number("electionTimeoutUsMin"),
      electionTimeoutUsMax: 2 * number("electionTimeoutUsMin"),
      heartbeatUs: Math.min(50_000, Math.floor(number("electionTimeoutUsMin") / 3)),
      hasPreVote: settings["hasPreVote"] === true,
      hasCheckQuorum: settings["hasCheckQuorum"] === true,
      transport: settings["transport"] === "connections" ? "connections" : "datagrams",
      inflightMax: number("inflightMax"),
      batchEntriesMax: number("batchEntriesMax"),
      snapshotThresholdEntries: number("snapshotThresholdEntries"),
      snapshotKeepEntries: number("snapshotKeepEntries"),
      segmentBytes: number("segmentBytes"),
      chunkBytes: number("chunkBytes"),
    },
  };
}

function livenessOf(process: number, context: ScenarioContext): PlannedOperation[] {
  const keys = kvKeys(context);
  const key = keys[process % keys.length]!;
  const value = `live.${process}`;
  // Every kind of operation has to work again, on a key that others use at the same time.
  return [
    { process, afterUs: 0, f: "delete", key, value: null },
    { process, afterUs: 0, f: "get", key, value: null },
    { process, afterUs: 0, f: "put", key, value },
    { process, afterUs: 0, f: "get", key, value: null },
    { process, afterUs: 0, f: "cas", key, value: [value, `${value}.swapped`] },
    { process, afterUs: 0, f: "get", key, value: null },
  ];
}

function asKv({ f, key, value }: PlannedOperation): KvOperation {
  const name = key ?? "";
  if (f === "put") return { f, key: name, value: String(value) };
  if (f === "cas") return { f, key: name, value: value as unknown as readonly [string | null, string] };
  return f === "delete" ? { f, key: name } : { f: "get", key: name };
}
