/** Runs that are planned rather than drawn: one directed plan for each kind of fault, and scenarios cut down to some kinds. */
import { directedPlan, FAULT_KINDS, type FaultKind } from "../nemesis/index.ts";
import { Random } from "../sim/random.ts";
import type { PlannedRun } from "./campaign.ts";
import type { Cataloged } from "./catalog.ts";
import { contextOf, planContext } from "./execute.ts";
import { resolveSettings } from "../scenarios/settings.ts";

const STRIKE_US = 1_200_000;

/** For each kind a run whose plan surely shows its effect, in the first scenario that survives it. */
export function directedRuns(selected: readonly Cataloged[], base: string): PlannedRun[] {
  const runs: PlannedRun[] = [];
  for (const kind of FAULT_KINDS) {
    const entry = selected.find(({ scenario }) => scenario.plan === undefined && scenario.faults.kinds.includes(kind));
    if (entry === undefined) continue;
    const seed = `${base}/directed-${kind}`;
    const context = contextOf(resolveSettings(entry.scenario, seed, {}));
    const { groups, targets } = planContext(entry.scenario, context);
    const options = {
      nodes: context.nodes,
      clients: context.clients,
      groups: groups ?? [],
      targets: targets ?? [],
      atUs: STRIKE_US,
    };
    const plan = directedPlan(kind, { random: new Random(seed, "directed"), ...options });
    runs.push({ entry, input: { seed, plan }, isCorpus: false });
  }
  return runs;
}

/** The same scenario with fewer kinds of faults. */
export function restrictKinds(entry: Cataloged, kinds: readonly string[]): Cataloged {
  const { scenario } = entry;
  const kept = scenario.faults.kinds.filter((kind: FaultKind) => kinds.includes(kind));
  return { ref: entry.ref, scenario: { ...scenario, faults: { ...scenario.faults, kinds: kept } } };
}
