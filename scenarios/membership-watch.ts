/** Watches a cluster of membership from inside, layer by layer, and says what must come true after healing. */
import { DetectionMonitor, type DownRecord } from "../checkers/membership/detection.ts";
import { DetectorFactMonitor, type DetectorRecord } from "../checkers/membership/detector-facts.ts";
import { type KvClock, KvMonitor, type KvReady, type KvRecord } from "../checkers/membership/kv.ts";
import { MulticastMonitor, type MulticastRecord } from "../checkers/membership/multicast.ts";
import { HalfLinkMonitor, overlayFault } from "../checkers/membership/overlay.ts";
import { type MembershipRecord, RecordMonitor } from "../checkers/membership/records.ts";
import { ReachMonitor, type ReachRecord } from "../checkers/membership/routes.ts";
import { ViewMonitor, type ViewRecord, type ViewViolation } from "../checkers/membership/views.ts";
import type { Verdict } from "../checkers/verdict.ts";
import type { Control } from "../sim/control.ts";
import type { LifecycleChange } from "../sim/machine.ts";
import type { MembershipOptions } from "../systems/membership/options.ts";
import { invalidVerdict, validVerdict } from "./checks.ts";
import type { Eventually, ScenarioContext, Watch, WatchOptions } from "./scenario.ts";

/** What plans may name: the node that most others have for a neighbour, one that few have, and the one that knows the fewest nodes. */
export const MEMBERSHIP_TARGETS = ["hub", "loner", "stranger"] as const;

export type MembershipWatchOptions = WatchOptions & {
  readonly membership: MembershipOptions;
  /** Bound after healing, microseconds. */
  readonly healUs: number;
  /** False where faults break the bound of the clocks, which the bound of detection is made of. */
  readonly judgesDetection: boolean;
};

/** Once the overlay is whole, changes of it are watched for this long without faults. */
const QUIET_US = 2_000_000;
/** A message of the simulated network takes at most 100 ms without faults (its tail). */
const ONE_WAY_US_MAX = 100_000;
/** Faults that delay messages are over after this: what they held is delivered by then. */
const SETTLE_US = 1_000_000;
/** In quiet times: announcements and grafts over the longest way, with the overlay changing below. */
export const MULTICAST_US_MAX = 3_000_000;

export type Acknowledgement = {
  readonly ask: number;
  readonly node: string;
  readonly key: string;
  readonly clock: KvClock;
  /** What a compare-and-set was to find. */
  readonly expected?: KvClock;
};

type Judge = { readonly name: string; readonly violations: readonly ViewViolation[] };

export function watchMembership(control: Control, context: ScenarioContext, options: MembershipWatchOptions): Watch {
  return new MembershipWatch(control, context, options).watch();
}

class MembershipWatch {
  readonly #control: Control;
  readonly #nodes: readonly string[];
  readonly #options: MembershipWatchOptions;
  readonly #view: ViewMonitor;
  readonly #half: HalfLinkMonitor;
  readonly #detection: DetectionMonitor;
  readonly #facts: DetectorFactMonitor;
  readonly #records: RecordMonitor = new RecordMonitor();
  readonly #reach: ReachMonitor = new ReachMonitor();
  readonly #kv: KvMonitor = new KvMonitor();
  readonly #multicast: MulticastMonitor;
  readonly #judges: readonly Judge[];
  readonly #active: Map<string, readonly string[]> = new Map();
  readonly #passiveSize: Map<string, number> = new Map();
  /** Since when each node runs without a pause. */
  readonly #runsSinceUs: Map<string, number> = new Map();
  readonly #harm: Map<string, number> = new Map();
  /** When each process asked for what it waits for. */
  readonly #askedUs: Map<string, number> = new Map();
  #quietUs: number | null = null;
  #violated = false;

  constructor(control: Control, context: ScenarioContext, options: MembershipWatchOptions) {
    const { overlay, multicast } = options.membership;
    this.#control = control;
    this.#nodes = context.nodes;
    this.#options = options;
    this.#view = new ViewMonitor(overlay);
    this.#half = new HalfLinkMonitor({ lastsUsMax: 3 * ONE_WAY_US_MAX });
    this.#detection = new DetectionMonitor(detectionBound(options.membership));
    const { detector } = options.membership;
    this.#facts = new DetectorFactMonitor({ suspectUs: detector.kind === "swim" ? detector.swim.suspectUs : 0 });
    const replication = multicast.isDeduplicated ? 1 : multicast.replication;
    this.#multicast = new MulticastMonitor({ replication, deliveryUsMax: MULTICAST_US_MAX });
    this.#judges = [
      { name: "membership-views", violations: this.#view.violations },
      { name: "membership-half-links", violations: this.#half.violations },
      { name: "membership-records", violations: this.#records.violations },
      { name: "membership-routes", violations: this.#reach.violations },
      { name: "membership-detector", violations: this.#facts.violations },
      { name: "membership-kv", violations: this.#kv.violations },
      { name: "membership-multicast", violations: this.#multicast.violations },
      ...(options.judgesDetection ? [{ name: "membership-detection", violations: this.#detection.violations }] : []),
    ];
    this.#listen();
  }

  watch(): Watch {
    const { hasMonitors } = this.#options;
    return {
      targets: {
        hub: () => this.#byDegree(-1),
        loner: () => this.#byDegree(1),
        stranger: () => this.#strangers(),
      },
      ...(hasMonitors
        ? { monitors: this.#judges.map((judge) => ({ name: judge.name, verdict: () => this.#verdictOf(judge) })) }
        : {}),
      eventually: this.#eventually(),
      counts: () => ({
        falseSuspicions: this.#detection.falseSuspicions,
        detections: this.#detection.detections.length,
      }),
    };
  }

  #listen(): void {
    const { world } = this.#control;
    const on = <T>(kind: string, take: (timeUs: number, record: T, host: string) => void): void =>
      world.onObservation(kind, (host, _incarnation, data) => {
        this.#chargeHarm(host);
        take(this.#control.nowUs, data as T, host);
        this.#stopIfViolated();
      });
    on<ViewRecord>("membership.view", (timeUs, record) => {
      this.#active.set(record.host, record.active);
      this.#passiveSize.set(record.host, record.passive.length);
      this.#view.observe(timeUs, record);
      this.#half.observe(timeUs, record);
      this.#detection.observeView(timeUs, record);
    });
    on<DownRecord>("membership.down", (timeUs, record) => this.#detection.observeDown(timeUs, record));
    on<DetectorRecord>("membership.detector", (timeUs, record) => this.#facts.observe(timeUs, record));
    on<MembershipRecord>("membership.record", (timeUs, record) => this.#records.observe(timeUs, record));
    on<ReachRecord>("membership.reach", (timeUs, record) => this.#reach.observe(timeUs, record));
    on<KvRecord>("membership.kv", (timeUs, record) => this.#kv.observe(timeUs, record));
    on<KvReady>("membership.kv-ready", (timeUs, record) => this.#kv.ready(timeUs, record));
    on<MulticastRecord>("membership.multicast", (timeUs, record) => this.#multicast.observe(timeUs, record));
    world.onObservation("membership.asked", (host, _incarnation, data) => {
      this.#askedUs.set(`${host}/${data as number}`, this.#control.nowUs);
    });
    world.onObservation("membership.acknowledged", (host, _incarnation, data) => {
      const { ask, node, ...answer } = data as Acknowledgement;
      this.#chargeHarm(node);
      const invokedUs = this.#askedUs.get(`${host}/${ask}`)!; // it was asked before it was answered
      this.#kv.acknowledge(this.#control.nowUs, { host: node, ...answer, invokedUs });
      this.#stopIfViolated();
    });
    this.#control.onLifecycle((host, change) => this.#lifecycle(host, change));
  }

  #lifecycle(host: string, change: LifecycleChange): void {
    if (!this.#nodes.includes(host)) return;
    const timeUs = this.#control.nowUs;
    if (change === "up" || change === "resumed") this.#runsSinceUs.set(host, timeUs);
    else this.#runsSinceUs.delete(host);
    if (change === "up") {
      this.#chargeHarm(host);
      this.#detection.up(timeUs, host);
      this.#reach.up(host);
    } else if (change === "down") {
      this.#active.delete(host);
      this.#half.down(timeUs, host);
      this.#detection.down(timeUs, host);
      this.#reach.down(timeUs, host);
    } else if (change === "paused") {
      this.#half.down(timeUs, host);
      this.#detection.paused(timeUs, host);
    } else if (change === "resumed") {
      this.#detection.resumed(timeUs, host);
    }
  }

  /** What a disk has lost or was lied to about is no promise of its node any more. */
  #chargeHarm(host: string): void {
    const harm = this.#control.host(host).disk.lastingHarm.length;
    if (harm === (this.#harm.get(host) ?? 0)) return;
    this.#harm.set(host, harm);
    const { incarnationNumber } = this.#control.host(host);
    this.#records.forgive(host, incarnationNumber);
    this.#facts.forgive(host, incarnationNumber);
    this.#kv.forgive(this.#control.nowUs, host, incarnationNumber);
  }

  #stopIfViolated(): void {
    if (this.#violated || !this.#options.hasMonitors) return;
    if (!this.#judges.some(({ violations }) => violations.length > 0)) return;
    this.#violated = true;
    this.#options.onViolation();
  }

  #running(): string[] {
    return this.#nodes.filter((node) => this.#control.stateOf(node) === "up");
  }

  /** In the order in which a reader wants them told: what is deepest first. */
  #eventually(): Eventually[] {
    const withinUs = this.#options.healUs;
    return [
      { name: "membership-overlay-heals", withinUs, pending: () => this.#overlayFault() },
      { name: "membership-reaches-all", withinUs, pending: () => this.#reach.fault(this.#running()) },
      { name: "membership-kv-converges", withinUs, pending: () => this.#kv.fault(this.#running()) },
      { name: "membership-stays-quiet", withinUs: withinUs + QUIET_US + SETTLE_US, pending: () => this.#quiet() },
    ];
  }

  #overlayFault(): string | null {
    const active = this.#active;
    return overlayFault(this.#running().map((host) => ({ host, active: active.get(host) ?? [] })));
  }

  /** The first time that everything holds begins the quiet time, in which links and suspicions are judged. */
  #quiet(): string | null {
    const { nowUs } = this.#control;
    if (this.#quietUs === null) {
      if (this.#overlayFault() !== null) return "the overlay is not whole";
      this.#quietUs = nowUs + SETTLE_US;
      this.#half.quiet(this.#quietUs);
      this.#detection.quiet(this.#quietUs);
      this.#multicast.quiet(this.#quietUs);
    }
    return nowUs < this.#quietUs + QUIET_US ? "the quiet time is not over" : null;
  }

  #verdictOf({ name, violations }: Judge): Verdict {
    const { nowUs } = this.#control;
    if (name === "membership-half-links") this.#half.finish(nowUs);
    if (name === "membership-detection") this.#detection.finish(nowUs);
    const lines = violations.map(({ timeUs, message }) => `${(timeUs / 1000).toFixed(3)} ms: ${message}`);
    const undelivered = name === "membership-multicast" ? this.#multicast.fault(nowUs, this.#subscribers()) : null;
    if (undelivered !== null) lines.push(undelivered);
    return lines.length === 0 ? validVerdict(name, 0) : invalidVerdict(name, 0, lines.slice(0, 6));
  }

  #subscribers(): { readonly host: string; readonly sinceUs: number }[] {
    return this.#running().map((host) => ({ host, sinceUs: this.#runsSinceUs.get(host)! })); // it runs: it came up
  }

  /** The live nodes with the most (sign -1) or fewest neighbours: one of them. */
  #byDegree(sign: 1 | -1): string[] {
    const degree = (node: string): number => this.#active.get(node)?.length ?? 0;
    const ranked = this.#running().sort((a, b) => sign * (degree(a) - degree(b)) || (a < b ? -1 : 1));
    return ranked.slice(0, 1);
  }

  #strangers(): string[] {
    const known = (node: string): number => (this.#active.get(node)?.length ?? 0) + (this.#passiveSize.get(node) ?? 0);
    return this.#running()
      .sort((a, b) => known(a) - known(b) || (a < b ? -1 : 1))
      .slice(0, 1);
  }
}

function detectionBound({ overlay, detector }: MembershipOptions): ConstructorParameters<typeof DetectionMonitor>[0] {
  const round = detector.kind === "ping" ? detector.ping : detector.swim;
  const expiryUsMax =
    detector.kind === "ping"
      ? 1_000 * Math.max(...detector.ping.patience.map(({ maxMs }) => maxMs))
      : detector.swim.directUs + detector.swim.indirectUs + detector.swim.suspectUs;
  return {
    activeViewMax: overlay.activeViewMax,
    probeUsMax: 2 * round.roundUs,
    expiryUsMax,
    // An answer that comes later than the expiry finds its neighbour gone.
    oneWayUsMax: expiryUsMax,
    // Drift of 200 ppm, and the timers of one round.
    slackUs: 10_000,
    startUsMax: 2 * round.startUs + SETTLE_US,
  };
}
