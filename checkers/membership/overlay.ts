/**
 * The graph of all active views: one strongly connected component, and symmetric.
 *
 * `overlayFault` judges one moment. Between changes a link may be held by one end only, for as long as a message
 * travels; HalfLinkMonitor judges how long that lasts in a time without faults. A protocol that repairs half links by
 * its pings alone, because it forgot to tell a neighbour that it was let go, passes the first and fails the second.
 */
import { VIOLATIONS_MAX, type ViewRecord, type ViewViolation } from "./views.ts";

/** A running node and its neighbours. */
export type OverlayNode = { readonly host: string; readonly active: readonly string[] };

const NAMES_SHOWN_MAX = 6;

/** One sentence of what is wrong with the graph of these nodes, all of which run; null when nothing is. */
export function overlayFault(nodes: readonly OverlayNode[]): string | null {
  const views = new Map(nodes.map(({ host, active }) => [host, new Set(active)]));
  for (const { host, active } of nodes) {
    const gone = active.find((peer) => !views.has(peer));
    if (gone !== undefined) return `${host} has ${gone} for a neighbour, which does not run`;
    const half = active.find((peer) => !views.get(peer)!.has(host)); // all of them have views
    if (half !== undefined) return `${host} has ${half} for a neighbour, but not the other way round`;
  }
  return connectionFault(nodes);
}

/** As overlayFault, for connection alone: from every node there is a way to every other, over neighbours that run. */
export function connectionFault(nodes: readonly OverlayNode[]): string | null {
  const [first] = nodes;
  if (first === undefined) return null;
  const forth = new Map(nodes.map(({ host, active }) => [host, active]));
  const back = new Map<string, string[]>(nodes.map(({ host }) => [host, []]));
  for (const { host, active } of nodes) for (const peer of active) back.get(peer)?.push(host);
  // Strongly connected: the first node reaches all, and all reach it.
  const reached = reach(first.host, forth);
  const reaching = reach(first.host, back);
  const unreached = nodes.filter(({ host }) => !reached.has(host)).map(({ host }) => host);
  if (unreached.length > 0)
    return `${first.host} reaches ${reached.size} of ${nodes.length} nodes, not ${list(unreached)}`;
  const lost = nodes.filter(({ host }) => !reaching.has(host)).map(({ host }) => host);
  return lost.length === 0 ? null : `${list(lost)} cannot reach ${first.host}`;
}

function reach(from: string, edges: ReadonlyMap<string, readonly string[]>): Set<string> {
  const seen = new Set([from]);
  // A set goes on over what is added while it is walked.
  for (const host of seen) for (const peer of edges.get(host) ?? []) if (edges.has(peer)) seen.add(peer);
  return seen;
}

function list(names: readonly string[]): string {
  const shown = names.slice(0, NAMES_SHOWN_MAX).join(", ");
  return names.length <= NAMES_SHOWN_MAX ? shown : `${shown} and ${names.length - NAMES_SHOWN_MAX} more`;
}

export type HalfLinkOptions = {
  /**
   * How long one end may hold a link that the other end, which runs, does not: two one-way times and what handling
   * takes.
   */
  readonly lastsUsMax: number;
};

/**
 * Feed it every view record; `quiet` says from when on links that become half are judged. A new incarnation implies a
 * crash before.
 */
export class HalfLinkMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #options: HalfLinkOptions;
  /** The neighbours of the nodes that run. */
  readonly #views: Map<string, ReadonlySet<string>> = new Map();
  readonly #incarnations: Map<string, number> = new Map();
  /** Since when a node has a neighbour that runs and has it not, by node and neighbour. */
  readonly #half: Map<string, Map<string, number>> = new Map();
  #quietUs = Number.POSITIVE_INFINITY;

  constructor(options: HalfLinkOptions) {
    this.#options = options;
  }

  /** No faults from now on, and those before are over: links that become half later are judged. */
  quiet(timeUs: number): void {
    this.#quietUs = timeUs;
  }

  observe(timeUs: number, record: ViewRecord): void {
    const { host, incarnation } = record;
    if (this.#incarnations.get(host) !== incarnation) this.down(timeUs, host);
    this.#incarnations.set(host, incarnation);
    const before = this.#views.get(host);
    const after = new Set(record.active);
    this.#views.set(host, after);
    if (before === undefined) {
      // It has just booted: whoever has it for a neighbour from before holds half a link now.
      for (const [other, view] of this.#views) if (view.has(host)) this.#judge(timeUs, other, host);
    }
    for (const peer of new Set([...(before ?? []), ...after])) {
      this.#judge(timeUs, host, peer);
      this.#judge(timeUs, peer, host);
    }
  }

  /** The node has crashed, or stopped for a while: nothing is expected of its links. */
  down(timeUs: number, host: string): void {
    const view = this.#views.get(host);
    if (view === undefined) return;
    this.#views.delete(host);
    for (const peer of view) this.#judge(timeUs, host, peer);
    for (const other of [...this.#half.keys()]) this.#judge(timeUs, other, host);
  }

  /** Judges what is still half at the end. */
  finish(timeUs: number): void {
    for (const [from, peers] of this.#half) for (const [to, sinceUs] of peers) this.#check(from, to, sinceUs, timeUs);
  }

  #judge(timeUs: number, from: string, to: string): void {
    const view = this.#views.get(to);
    const isHalf = view !== undefined && !view.has(from) && this.#views.get(from)?.has(to) === true;
    const peers = this.#half.get(from);
    const sinceUs = peers?.get(to);
    if (isHalf && sinceUs === undefined) {
      if (peers === undefined) this.#half.set(from, new Map([[to, timeUs]]));
      else peers.set(to, timeUs);
    } else if (!isHalf && peers !== undefined && sinceUs !== undefined) {
      peers.delete(to);
      if (peers.size === 0) this.#half.delete(from);
      this.#check(from, to, sinceUs, timeUs);
    }
  }

  #check(from: string, to: string, sinceUs: number, untilUs: number): void {
    const lastedUs = untilUs - sinceUs;
    const { lastsUsMax } = this.#options;
    if (sinceUs < this.#quietUs || lastedUs <= lastsUsMax || this.violations.length >= VIOLATIONS_MAX) return;
    const message = `${from} held ${to} for a neighbour for ${lastedUs} us while ${to} did not, at most ${lastsUsMax} us`;
    this.violations.push({ host: from, timeUs: untilUs, message });
  }
}
