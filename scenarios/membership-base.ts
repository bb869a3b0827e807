/**
 * Membership as a scenario: what membership, membership-partitions, membership-churn and membership-wipe share.
 *
 * Clients change the map through any node and multicast texts. lashup's slow timers (joins, shuffles, anti-entropy, probes) are divided by
 * the setting `pace`, so that minutes of its life fit into seconds; pings keep times of their own, because the bound of detection is made of them.
 */
import type { FaultKind } from "../nemesis/kinds.ts";
import type { Host, Program } from "../sim/host.ts";
import {
  PING_DEFAULTS,
  type PingOptions,
  SWIM_DEFAULTS,
  type SwimOptions,
} from "../systems/membership/detector/options.ts";
import { GM_DEFAULTS } from "../systems/membership/gm/options.ts";
import { PROBE_DEFAULTS } from "../systems/membership/gm/probe.ts";
import { KV_DEFAULTS } from "../systems/membership/kv/options.ts";
import { MULTICAST_DEFAULTS } from "../systems/membership/multicast/options.ts";
import { startMembership } from "../systems/membership/node.ts";
import { type MembershipOptions, membershipOptions } from "../systems/membership/options.ts";
import { OVERLAY_DEFAULTS } from "../systems/membership/overlay/options.ts";
import { serveMembership } from "../systems/membership/service.ts";
import { MEMBERSHIP_TARGETS, watchMembership } from "./membership-watch.ts";
import {
  createProcess,
  livenessOperations,
  MEMBERSHIP_TOPIC,
  membershipFinalOperations,
  membershipOperations,
} from "./membership-workload.ts";
import { PACE_SETTING } from "./pace.ts";
import { type Scenario, type ScenarioContext, type SettingsSpec, scenario } from "./scenario.ts";

export const SERVICE_PORT = 7200;

/** The way there and back, in the tail of the network without faults, twice. */
const REFUTE_US = 400_000;
/** Longer, and suspicions outlast the chaos phase. */
const SUSPECT_US_MAX = 2_500_000;

export const MEMBERSHIP_SETTINGS: SettingsSpec = {
  nodes: { kind: "integer", min: 3, max: 12, about: "nodes; those beyond the active view's size make it choose" },
  clients: { kind: "integer", min: 2, max: 4, about: "client processes" },
  keys: { kind: "integer", min: 1, max: 6, about: "keys of the map" },
  keysDrift: { kind: "boolean", about: "keys are used one after the other, so that early ones are left alone" },
  chaosUs: { kind: "integer", min: 4_000_000, max: 9_000_000, about: "length of the chaos phase, true microseconds" },
  thinkUsMax: {
    kind: "integer",
    min: 100_000,
    max: 400_000,
    isLogarithmic: true,
    about: "longest pause of a process between operations",
  },
  contacts: { kind: "integer", min: 1, max: 3, about: "nodes that every node is told of" },
  activeViewMax: {
    kind: "integer",
    min: 2,
    max: 7,
    about: "neighbours of a node at most; six times as many in reserve",
  },
  pace: { kind: "integer", min: 10, max: 40, isLogarithmic: true, about: "lashup's slow timers are divided by this" },
  clientPace: PACE_SETTING,
  detector: { kind: "choice", of: ["ping", "ping", "swim"], about: "what watches the neighbours" },
  patienceBase: {
    kind: "choice",
    of: [1_007_000, 1_012_000, 1_018_000],
    about:
      "base of the logarithm that an unanswered ping may wait for, in millionths: 660, 386 or 258 ms up to a round trip of 100 ms",
  },
  directUs: {
    kind: "integer",
    min: 220_000,
    max: 300_000,
    about: "SWIM: a ping without an answer is asked for through others",
  },
  indirectUs: {
    kind: "integer",
    min: 220_000,
    max: 400_000,
    about: "SWIM: after this long more its target is suspected",
  },
  suspectTurns: {
    kind: "integer",
    min: 1,
    max: 3,
    about:
      "SWIM: a suspect may refute for this many turns of probes through a full view and a way there and back, at most 2.5 s",
  },
  roundUs: {
    kind: "integer",
    min: 20_000,
    max: 100_000,
    isLogarithmic: true,
    about: "between probes of the neighbours, each to the next one: once or twice this",
  },
  isDeduplicated: { kind: "boolean", about: "multicast hands each message over once, not once for each tree" },
  journalBytesMax: {
    kind: "integer",
    min: 1_024,
    max: 65_536,
    isLogarithmic: true,
    about: "the map's journal is replaced by a snapshot when it is larger",
  },
};

/**
 * Bound after healing. Two groups of nodes that are all content with their neighbours meet only by the de-partition probe, which sweeps
 * everything out of reach once in `sweepUs`; then two rounds of anti-entropy bring the map, each after once or twice its period.
 */
function healUsOf({ probe, kv }: MembershipOptions): number {
  return 5_000_000 + probe.sweepUs + 4 * kv.entropyEveryUs;
}

export type MembershipVariant = {
  readonly name: string;
  readonly title: string;
  readonly kinds: readonly FaultKind[];
  readonly settings?: SettingsSpec;
  readonly intensityPerMille?: number;
  readonly plan?: Scenario["plan"];
  readonly operationsMin?: number;
  readonly limits?: Scenario["limits"];
  /** False for clusters that take minutes. */
  readonly isDefault?: boolean;
};

export function membershipScenario(variant: MembershipVariant): Scenario {
  return scenario({
    name: variant.name,
    title: variant.title,
    default: variant.isDefault ?? true,
    settings: { ...MEMBERSHIP_SETTINGS, ...variant.settings },
    node: (_name, context) => membershipNode(optionsOf(context)),
    client: (host, context) => createProcess(host, { port: SERVICE_PORT, nodes: context.nodes }),
    operations: membershipOperations,
    livenessOperations,
    finalOperations: membershipFinalOperations,
    faults: {
      kinds: variant.kinds,
      // A replica of a map without quorums: any node may lose its disk, and what it alone had.
      lastingHarmMax: ({ nodes }) => nodes,
      selfQuarantined: variant.kinds,
      intensityPerMille: variant.intensityPerMille ?? 1000,
      points: {
        message: ["join-success", "neighbour-accept", "disconnect", "gm-records", "multicast-packet", "kv-entry"],
        mark: ["kv.journal-replaced", "multicast.grafted"],
      },
    },
    targets: MEMBERSHIP_TARGETS,
    watch: (control, context, options) =>
      watchMembership(control, context, {
        ...options,
        membership: optionsOf(context),
        healUs: healUsOf(optionsOf(context)),
        judgesDetection: !variant.kinds.includes("clock-rho"),
      }),
    checks: [],
    ...(variant.plan === undefined ? {} : { plan: variant.plan }),
    ...(variant.limits === undefined ? {} : { limits: variant.limits }),
    floors: { operationsMin: variant.operationsMin ?? 10 },
  });
}

/** lashup's, with a base of its own. */
function patienceOf({ patienceBase }: ScenarioContext["settings"]): PingOptions["patience"] {
  return PING_DEFAULTS.patience.map((step) => ({ ...step, baseMillionths: Number(patienceBase) }));
}

/**
 * Times of SWIM that end a suspicion within a run. A neighbour is probed once in a turn of the view, so a refutation takes a turn to come
 * by, and another way for the accusation to go there.
 */
function suspicionOf({
  directUs,
  indirectUs,
  suspectTurns,
  roundUs,
  activeViewMax,
}: ScenarioContext["settings"]): Pick<SwimOptions, "directUs" | "indirectUs" | "suspectUs"> {
  const turnUs = 2 * Number(roundUs) * Number(activeViewMax);
  const suspectUs = Math.min(SUSPECT_US_MAX, REFUTE_US + Number(suspectTurns) * turnUs);
  return { directUs: Number(directUs), indirectUs: Number(indirectUs), suspectUs };
}

/** A node that serves its map and its multicast. */
function membershipNode(options: MembershipOptions): Program {
  return async (host: Host) => {
    const membership = await startMembership(host, options);
    // Someone has to listen, or nothing is handed over.
    membership.multicast.subscribe(MEMBERSHIP_TOPIC, () => {});
    serveMembership(host, membership, SERVICE_PORT);
  };
}

export function optionsOf({ nodes, settings }: ScenarioContext): MembershipOptions {
  const number = (name: string): number => Number(settings[name]);
  const paced = (timeUs: number): number => Math.max(1_000, Math.floor(timeUs / number("pace")));
  const round = { roundUs: number("roundUs"), startUs: 500_000, lateUs: 3 * number("roundUs") };
  const activeViewMax = number("activeViewMax");
  return membershipOptions({
    contacts: nodes.slice(0, number("contacts")),
    overlay: {
      activeViewMax,
      passiveViewMax: 6 * activeViewMax,
      firstJoinUs: paced(OVERLAY_DEFAULTS.firstJoinUs),
      joinUs: Math.max(100_000, paced(OVERLAY_DEFAULTS.joinUs)),
      joinTimeoutUs: Math.max(100_000, paced(OVERLAY_DEFAULTS.joinTimeoutUs)),
      firstNeighbourUs: paced(OVERLAY_DEFAULTS.firstNeighbourUs),
      neighbourUs: paced(OVERLAY_DEFAULTS.neighbourUs),
      neighbourShortUs: Math.max(100_000, paced(OVERLAY_DEFAULTS.neighbourShortUs)),
      neighbourAloneUs: Math.max(100_000, paced(OVERLAY_DEFAULTS.neighbourAloneUs)),
      recommendUs: paced(OVERLAY_DEFAULTS.recommendUs),
      firstShuffleUs: paced(OVERLAY_DEFAULTS.firstShuffleUs),
      shuffleUs: paced(OVERLAY_DEFAULTS.shuffleUs),
      shuffleSparseUs: paced(OVERLAY_DEFAULTS.shuffleSparseUs),
      shuffleAloneUs: paced(OVERLAY_DEFAULTS.shuffleAloneUs),
      saveUs: paced(OVERLAY_DEFAULTS.saveUs),
    },
    detector:
      settings["detector"] === "swim"
        ? { kind: "swim", swim: { ...SWIM_DEFAULTS, ...round, ...suspicionOf(settings) } }
        : { kind: "ping", ping: { ...PING_DEFAULTS, ...round, patience: patienceOf(settings) } },
    gm: {
      refreshUs: paced(GM_DEFAULTS.refreshUs),
      updateUs: paced(GM_DEFAULTS.updateUs),
      resyncUs: paced(GM_DEFAULTS.resyncUs),
      digestUs: paced(GM_DEFAULTS.digestUs),
    },
    probe: { probeUsMin: paced(PROBE_DEFAULTS.probeUsMin), sweepUs: paced(PROBE_DEFAULTS.sweepUs) },
    multicast: {
      isDeduplicated: settings["isDeduplicated"] === true,
      // Packets that a new neighbour is told of would do the work of the map's anti-entropy.
      keepUs: Math.max(1_000_000, paced(MULTICAST_DEFAULTS.keepUs)),
    },
    kv: {
      entropyStartUs: paced(KV_DEFAULTS.entropyStartUs),
      entropyEveryUs: paced(KV_DEFAULTS.entropyEveryUs),
      purgeUs: paced(KV_DEFAULTS.purgeUs),
      journalBytesMax: number("journalBytesMax"),
    },
  });
}
