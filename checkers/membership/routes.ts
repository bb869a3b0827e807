/** Reachability as the nodes themselves see it: after healing every running node reaches every running node, and no other. */
import type { ViewViolation } from "./views.ts";

/** The set of nodes that a node reaches has changed; it is among them. */
export type ReachRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly reachable: readonly string[];
};

/** A crashed node went out of an observer's reach. */
export type ReachLoss = { readonly observer: string; readonly peer: string; readonly latencyUs: number };

const NAMES_SHOWN_MAX = 6;

export class ReachMonitor {
  /** What is wrong in itself in a single record. */
  readonly violations: ViewViolation[] = [];
  /** How long it took each observer to know of each crash: at most one for each observer and crash. */
  readonly losses: ReachLoss[] = [];
  readonly #reach: Map<string, ReadonlySet<string>> = new Map();
  readonly #downSinceUs: Map<string, number> = new Map();

  up(host: string): void {
    this.#downSinceUs.delete(host);
    this.#reach.delete(host);
  }

  down(timeUs: number, host: string): void {
    this.#downSinceUs.set(host, timeUs);
    this.#reach.delete(host);
  }

  observe(timeUs: number, { host, reachable }: ReachRecord): void {
    const before = this.#reach.get(host);
    const after = new Set(reachable);
    this.#reach.set(host, after);
    if (!after.has(host) && reachable.length > 0) {
      this.violations.push({ host, timeUs, message: `${host} reaches ${list(reachable)}, but not itself` });
    }
    if (before === undefined) return;
    for (const peer of before) {
      const downUs = this.#downSinceUs.get(peer);
      if (downUs === undefined || after.has(peer)) continue;
      this.losses.push({ observer: host, peer, latencyUs: timeUs - downUs });
    }
  }

  /** One sentence of what keeps these nodes, all that run, from reaching exactly each other; null when nothing does. */
  fault(running: readonly string[]): string | null {
    const expected = new Set(running);
    for (const host of running) {
      const reach = this.#reach.get(host) ?? new Set<string>();
      const missing = running.filter((peer) => !reach.has(peer));
      if (missing.length > 0) return `${host} does not reach ${list(missing)}`;
      const dead = [...reach].filter((peer) => !expected.has(peer));
      if (dead.length > 0) return `${host} reaches ${list(dead)}, which does not run`;
    }
    return null;
  }
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  return names.length <= NAMES_SHOWN_MAX ? shown : `${shown} and ${names.length - NAMES_SHOWN_MAX} more`;
}
