/** Runs that are planned rather than drawn: one directed plan for each kind of fault, and scenarios cut down to some kinds. */
import { directedPlan, FAULT_KINDS, type FaultKind } from "../nemesis/index.ts";
import { Random } from "../sim/random.ts";
import type { PlannedRun } from "./campaign.ts";
import type { Cataloged } from "./catalog.ts";
import { UsageError } from "./errors.ts";
import { contextOf, planContext } from "./execute.ts";
import type { SettingValue } from "../scenarios/scenario.ts";
import { resolveSettings } from "../scenarios/settings.ts";

const STRIKE_US = 1_200_000;

/** For each kind a run whose plan surely shows its effect, in the first scenario that survives it. */
export function directedRuns(selected: readonly Cataloged[], base: string): PlannedRun[] {
  const runs: PlannedRun[] = [];
  for (const kind of FAULT_KINDS) {
    const entry = selected.find(({ scenario }) => scenario.plan === undefined && scenario.faults.kinds.includes(kind));
    if (entry === undefined) continue;
    const seed = `${base}/directed-${kind}`;
    const settings = settingsFor(entry, seed);
    const context = contextOf(resolveSettings(entry.scenario, seed, settings));
    const { groups, targets } = planContext(entry.scenario, context);
    const options = {
      nodes: context.nodes,
      clients: context.clients,
      groups: groups ?? [],
      targets: targets ?? [],
      atUs: STRIKE_US,
    };
    const plan = directedPlan(kind, { random: new Random(seed, "directed"), ...options });
    runs.push({ entry, input: { seed, settings, plan }, isCorpus: false });
  }
  return runs;
}

/** A group of one survives no lasting harm and says little on the network: there a kind might have nothing to show. */
function settingsFor(entry: Cataloged, seed: string): { readonly [name: string]: SettingValue } {
  const drawn = resolveSettings(entry.scenario, seed, {});
  return drawn.nodes < 3 && entry.scenario.faults.lastingHarmMax !== undefined ? { nodes: 3 } : {};
}

/**
 * The scenarios with these kinds of faults only. A scenario that can execute none of them is left out with a notice, and so is a directed one
 * whose plan needs others: its runs would hold without any fault. Throws UsageError when none is left.
 */
export function narrowToKinds(
  entries: readonly Cataloged[],
  kinds: readonly string[],
): { readonly entries: readonly Cataloged[]; readonly notices: readonly string[] } {
  const kept: Cataloged[] = [];
  const notices: string[] = [];
  for (const entry of entries) {
    const { name, faults, plan } = entry.scenario;
    const missing = faults.kinds.filter((kind) => !kinds.includes(kind));
    if (missing.length === faults.kinds.length) {
      const has = faults.kinds.length === 0 ? "it has no faults" : `it executes ${faults.kinds.join(", ")}`;
      notices.push(`scenario ${name} executes none of ${kinds.join(", ")}: ${has}. It is left out.`);
    } else if (plan !== undefined && missing.length > 0) {
      notices.push(`scenario ${name} has a plan of its own that also needs ${missing.join(", ")}. It is left out.`);
    } else kept.push(restrictKinds(entry, kinds));
  }
  if (kept.length === 0 && entries.length > 0) throw new UsageError(`--nemesis: ${notices.join("\n")}`);
  return { entries: kept, notices };
}

/** The same scenario with fewer kinds of faults. */
export function restrictKinds(entry: Cataloged, kinds: readonly string[]): Cataloged {
  const { scenario } = entry;
  const kept = scenario.faults.kinds.filter((kind: FaultKind) => kinds.includes(kind));
  return { ref: entry.ref, scenario: { ...scenario, faults: { ...scenario.faults, kinds: kept } } };
}
