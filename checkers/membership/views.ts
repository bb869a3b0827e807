/**
 * The views of single nodes, in every state that they tell of: disjoint, bounded, without the node itself, nobody
 * twice.
 */

/** What a node tells of its views after each change. */
export type ViewRecord = {
  readonly host: string;
  readonly incarnation: number;
  readonly active: readonly string[];
  readonly passive: readonly string[];
};

export type ViewLimits = { readonly activeViewMax: number; readonly passiveViewMax: number };

export type ViewViolation = { readonly host: string; readonly timeUs: number; readonly message: string };

/** Violations kept; later ones of a broken run say nothing new. */
export const VIOLATIONS_MAX = 50;

/** One sentence of what is wrong; null when nothing is. */
export function viewFault({ host, active, passive }: ViewRecord, limits: ViewLimits): string | null {
  const { activeViewMax, passiveViewMax } = limits;
  if (active.length > activeViewMax) return `${host} has ${active.length} active nodes, at most ${activeViewMax}`;
  if (passive.length > passiveViewMax) return `${host} has ${passive.length} passive nodes, at most ${passiveViewMax}`;
  const isActive = new Set(active);
  const isPassive = new Set(passive);
  if (isActive.has(host) || isPassive.has(host)) return `${host} is in its own view`;
  if (isActive.size < active.length || isPassive.size < passive.length) return `${host} has a node twice in one view`;
  const both = active.find((peer) => isPassive.has(peer));
  return both === undefined ? null : `${host} has ${both} in both views`;
}

export class ViewMonitor {
  readonly violations: ViewViolation[] = [];
  readonly #limits: ViewLimits;

  constructor(limits: ViewLimits) {
    this.#limits = limits;
  }

  observe(timeUs: number, record: ViewRecord): void {
    const message = viewFault(record, this.#limits);
    if (message === null || this.violations.length >= VIOLATIONS_MAX) return;
    this.violations.push({ host: record.host, timeUs, message });
  }
}
