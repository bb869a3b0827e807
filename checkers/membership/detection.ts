/**
 * Failure detection: a crashed node leaves the view of each neighbour that runs within a bound; suspicions of nodes
 * that run are counted, and in a time without faults there must be none (eventual accuracy).
 *
 * The bound of one neighbour: a last answer may still be on its way when the node crashes (one way); the next ping
 * goes out after at most one turn of the neighbour's whole view; it stays without an answer for its expiry. A false
 * suspicion is no failure: after a lost ping nobody can tell; it is a figure of the detector's quality. But once
 * nothing is lost any more, a node that goes on being taken for dead is one that can never come back.
 */
import { VIOLATIONS_MAX, type ViewRecord, type ViewViolation } from "./views.ts";

/** What a node tells when it loses a neighbour other than by its own choice. */
export type DownRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly peer: string;
  readonly reason: "ping" | "disconnect" | "suspect";
  /** Monotonic time of the host. */
  readonly sinceUs: number;
};

export type DetectionBound = {
  readonly activeViewMax: number;
  /** The longest time between two probes of a node, and the longest that a probe may stay without an answer. */
  readonly probeUsMax: number;
  readonly expiryUsMax: number;
  readonly oneWayUsMax: number;
  /** Drift of the clocks over the rest, and the rounding of timers. */
  readonly slackUs: number;
  /** Probes begin this long after a boot at the latest. */
  readonly startUsMax: number;
};

export type Detection = { readonly observer: string; readonly peer: string; readonly latencyUs: number };

type Runner = { isPaused: boolean; since: number; readonly bootUs: number; readonly neighbours: Map<string, number> };

export class DetectionMonitor {
  readonly violations: ViewViolation[] = [];
  /** Crashes that were told as such; at most one for each observer and crash. */
  readonly detections: Detection[] = [];
  /** Neighbours that were taken for dead while they ran. */
  falseSuspicions = 0;
  readonly #bound: DetectionBound;
  /** Nodes that are up. */
  readonly #runners: Map<string, Runner> = new Map();
  readonly #downSinceUs: Map<string, number> = new Map();
  #quietUs = Number.POSITIVE_INFINITY;

  constructor(bound: DetectionBound) {
    this.#bound = bound;
  }

  /** No faults from now on, and what they delayed has arrived: nobody who runs may be taken for dead. */
  quiet(timeUs: number): void {
    this.#quietUs = timeUs;
  }

  up(timeUs: number, host: string): void {
    for (const observer of this.#runners.keys()) this.#check(timeUs, observer, host);
    this.#downSinceUs.delete(host);
    this.#runners.set(host, { isPaused: false, since: timeUs, bootUs: timeUs, neighbours: new Map() });
  }

  /** The node has crashed. */
  down(timeUs: number, host: string): void {
    this.#checkAll(timeUs, host);
    this.#runners.delete(host);
    this.#downSinceUs.set(host, timeUs);
  }

  paused(timeUs: number, host: string): void {
    this.#checkAll(timeUs, host);
    const runner = this.#runners.get(host);
    if (runner !== undefined) runner.isPaused = true;
  }

  resumed(timeUs: number, host: string): void {
    const runner = this.#runners.get(host);
    if (runner === undefined) return;
    runner.isPaused = false;
    runner.since = timeUs;
  }

  observeView(timeUs: number, { host, active }: ViewRecord): void {
    const runner = this.#runners.get(host);
    if (runner === undefined) return;
    const now = new Set(active);
    for (const peer of [...runner.neighbours.keys()]) {
      if (now.has(peer)) continue;
      this.#check(timeUs, host, peer);
      runner.neighbours.delete(peer);
    }
    for (const peer of active) if (!runner.neighbours.has(peer)) runner.neighbours.set(peer, timeUs);
  }

  observeDown(timeUs: number, { host, peer, reason }: DownRecord): void {
    if (reason === "disconnect") return;
    const downUs = this.#downSinceUs.get(peer);
    if (downUs !== undefined) this.detections.push({ observer: host, peer, latencyUs: timeUs - downUs });
    else if (this.#runners.get(peer)?.isPaused === false) {
      this.falseSuspicions += 1;
      if (timeUs < this.#quietUs || this.violations.length >= VIOLATIONS_MAX) return;
      const message = `${host} took ${peer} for dead (${reason}), which runs, in a time without faults`;
      this.violations.push({ host, timeUs, message });
    }
  }

  /** Judges what is still held at the end. */
  finish(timeUs: number): void {
    for (const host of this.#runners.keys()) this.#checkAll(timeUs, host);
  }

  #checkAll(timeUs: number, host: string): void {
    for (const peer of this.#runners.get(host)?.neighbours.keys() ?? []) this.#check(timeUs, host, peer);
  }

  /** The observer has the peer for a neighbour up to now: is that too long? */
  #check(timeUs: number, observer: string, peer: string): void {
    const runner = this.#runners.get(observer);
    const downUs = this.#downSinceUs.get(peer);
    const addedUs = runner?.neighbours.get(peer);
    if (runner === undefined || downUs === undefined || addedUs === undefined || runner.isPaused) return;
    const { activeViewMax, probeUsMax, expiryUsMax, oneWayUsMax, slackUs, startUsMax } = this.#bound;
    const fromUs = Math.max(downUs, addedUs, runner.since, runner.bootUs + startUsMax);
    const boundUs = oneWayUsMax + activeViewMax * probeUsMax + expiryUsMax + slackUs;
    const heldUs = timeUs - fromUs;
    if (heldUs <= boundUs || this.violations.length >= VIOLATIONS_MAX) return;
    const message = `${observer} had ${peer} for a neighbour for ${heldUs} us after it crashed, at most ${boundUs} us`;
    this.violations.push({ host: observer, timeUs, message });
  }
}
