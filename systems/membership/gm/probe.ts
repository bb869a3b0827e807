/**
 * What global membership tells the overlay: whom to ask when the network has come apart, and who could use a neighbour.
 *
 * The de-partition probe recommends one unreachable node at a time, drawn at random: one that has a record, or a contact that was never met, so
 * that also clusters that never knew each other come together. The time between two probes is
 * such that all nodes that can be reached probe together every unreachable one once in `sweepUs`, but at least `probeUsMin`, and drawn from
 * that once or twice. lashup means the same and has the quotient upside down: there a node that is alone probes once in ten minutes.
 */
import type { Host } from "../../../sim/host.ts";
import type { GlobalMembership, Routes } from "../membership.ts";
import type { Overlay } from "../overlay/overlay.ts";

export type ProbeOptions = {
  readonly probeUsMin: number;
  readonly sweepUs: number;
  /** Nodes that every node is told of from outside. */
  readonly contacts: readonly string[];
};

export const PROBE_DEFAULTS: Omit<ProbeOptions, "contacts"> = { probeUsMin: 12_000_000, sweepUs: 600_000_000 };

export type ProbeParts = {
  readonly host: Host;
  readonly overlay: Overlay;
  readonly gm: GlobalMembership;
  readonly routes: Routes;
};

export function startProbe(parts: ProbeParts, options: ProbeOptions): void {
  const { host, overlay } = parts;
  const schedule = (intervalUs: number): void => {
    host.timers.after(
      intervalUs * host.random.between(1, 2),
      () => {
        const unreachable = lostNodes(parts, options.contacts);
        if (unreachable.length > 0) overlay.recommend(host.random.pick(unreachable));
        schedule(intervalOf(parts.routes.reachableNodes().length, unreachable.length, options));
      },
      { sync: true },
    );
  };
  schedule(options.probeUsMin);
  overlay.setShortViewSource(() => nodeWithShortView(parts));
}

/** Sorted: nodes with a record, and contacts, that this node does not reach. */
function lostNodes({ routes, gm }: ProbeParts, contacts: readonly string[]): string[] {
  const lost = new Set(routes.unreachableNodes());
  for (const contact of contacts) if (contact !== gm.self && !routes.reachable(contact)) lost.add(contact);
  return [...lost].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

/** This node's share of the sweep: `unreachable` probes among `reachable` nodes, in half of the time that the draw may double. */
function intervalOf(reachable: number, unreachable: number, options: ProbeOptions): number {
  if (unreachable === 0) return options.probeUsMin;
  const halfUs = Math.floor(options.sweepUs / 2);
  const sharedUs = Math.floor((halfUs * reachable) / unreachable);
  return Math.max(options.probeUsMin, Math.min(sharedUs, halfUs));
}

/** Drawn among the reachable nodes with the fewest neighbours; null when this node knows no other. */
function nodeWithShortView({ host, overlay, gm, routes }: ProbeParts): string | null {
  const neighbours = overlay.activeView();
  let shortest = Number.POSITIVE_INFINITY;
  let found: string[] = [];
  for (const { node, activeView } of gm.records()) {
    if (activeView.length > shortest || node === gm.self || neighbours.includes(node) || !routes.reachable(node)) {
      continue;
    }
    if (activeView.length < shortest) found = [];
    shortest = activeView.length;
    found.push(node);
  }
  return found.length === 0 ? null : host.random.pick(found);
}
