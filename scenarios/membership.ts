/** The scenarios of membership; see membership-base.ts. */
import { FAULT_KINDS, type FaultKind, familyOf } from "../nemesis/kinds.ts";
import type { Random } from "../sim/random.ts";
import { membershipScenario } from "./membership-base.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/**
 * Everything at once. Clocks may break their bound, so how soon a crash is detected is counted here, and judged in the others. An
 * unreadable sector ends every boot of its node (docs/membership.md), and of such a node nothing can be said after healing.
 */
export const membership: Scenario = membershipScenario({
  name: "membership",
  title: "overlay, records, routes, multicast and map under every fault but unreadable sectors",
  kinds: FAULT_KINDS.filter((kind) => kind !== "disk-latent"),
});

const NETWORK: readonly FaultKind[] = FAULT_KINDS.filter((kind) => familyOf(kind) === "network");

/** Halves that are apart for long enough to forget each other as neighbours must find each other again. */
export const membershipPartitions: Scenario = membershipScenario({
  name: "membership-partitions",
  title: "clusters that fell apart find each other",
  kinds: NETWORK,
  settings: { nodes: { kind: "integer", min: 6, max: 14, about: "nodes" } },
  plan: (random, { nodes, settings }: ScenarioContext) => {
    const chaosUs = Number(settings["chaosUs"]);
    // From the very start they may not have met at all.
    const atUs = random.chance(300_000) ? 1_000 : random.between(600_000, 2_000_000);
    const shuffled = random.shuffle(nodes);
    const cut = random.between(1, nodes.length - 1);
    return {
      format: 1,
      faults: [
        {
          kind: "partition",
          shape: "halves",
          hosts: shuffled.slice(0, cut),
          atUs,
          forUs: Math.max(1_000_000, 600_000 + chaosUs - atUs),
        },
      ],
    };
  },
});

export const membershipChurn: Scenario = membershipScenario({
  name: "membership-churn",
  title: "nodes that crash, pause and come back, in a hurry",
  kinds: [
    "kill",
    "power-loss",
    "pause",
    "group-crash",
    "loss",
    "delay",
    "reorder",
    "duplicate",
    "disk-torn",
    "clock-step",
  ],
  intensityPerMille: 2_500,
});

export const membershipWipe: Scenario = membershipScenario({
  name: "membership-wipe",
  title: "nodes that lose their disk and come back under their old name",
  kinds: ["wipe", "kill", "loss", "partition", "pause", "clock-backward", "disk-rollback"],
  plan: wipePlan,
});

/**
 * One node loses its disk, late: what it had is old by then, and its neighbours know that it had it. Its clock may run backwards as well, so
 * that it begins with an epoch that it used before. Nodes that crash forget what others have, so the rest is drawn sparsely.
 */
function wipePlan(random: Random, { nodes, settings }: ScenarioContext): unknown {
  const startUs = 600_000;
  const chaosUs = Number(settings["chaosUs"]);
  const within = (fromPerMille: number, toPerMille: number): number =>
    startUs + Math.floor((chaosUs * random.between(fromPerMille, toPerMille)) / 1_000);
  const victim = random.pick(nodes);
  const other = random.pick(nodes);
  const atUs = within(400, 950);
  const faults: unknown[] = [{ kind: "wipe", hosts: [victim], atUs, forUs: random.between(20_000, 800_000) }];
  const perhaps = (perMillion: number, fault: () => unknown): void => {
    if (random.chance(perMillion)) faults.push(fault());
  };
  const window = (): { readonly atUs: number; readonly forUs: number } => ({
    atUs: within(0, 900),
    forUs: random.between(50_000, 1_500_000),
  });
  perhaps(300_000, () => ({ kind: "clock-backward", hosts: [victim], atUs: within(0, 400), forUs: chaosUs }));
  perhaps(200_000, () => ({ kind: "wipe", hosts: [other], ...window() }));
  perhaps(250_000, () => ({ kind: "loss", perMillion: random.between(20_000, 400_000), ...window() }));
  perhaps(200_000, () => ({ kind: "partition", shape: "isolate", hosts: [other], ...window() }));
  perhaps(150_000, () => ({ kind: "kill", hosts: [other], ...window() }));
  perhaps(100_000, () => ({ kind: "pause", hosts: [other], ...window() }));
  perhaps(100_000, () => ({ kind: "disk-rollback", hosts: [other], ...window() }));
  return { format: 1, faults };
}

/** lashup's aim is 1,000 nodes: `--set nodes=1000`. Its slow timers run at a tenth of their times, its pings at their own. */
export const membershipLarge: Scenario = membershipScenario({
  name: "membership-large",
  title: "a hundred nodes, three hundred or a thousand (--set nodes=1000)",
  isDefault: false,
  kinds: ["kill", "power-loss", "pause", "group-crash", "partition", "loss", "delay"],
  settings: {
    nodes: { kind: "choice", of: [100, 300, 1_000], about: "nodes" },
    clients: { kind: "integer", min: 4, max: 4, about: "client processes" },
    activeViewMax: { kind: "integer", min: 7, max: 7, about: "neighbours of a node at most" },
    contacts: { kind: "integer", min: 3, max: 3, about: "nodes that every node is told of" },
    pace: { kind: "integer", min: 10, max: 10, about: "lashup's slow timers are divided by this" },
    roundUs: { kind: "integer", min: 100_000, max: 100_000, about: "between probes, each to the next neighbour" },
    latencyUs: { kind: "integer", min: 500, max: 2_000, about: "mean one-way latency of a link" },
  },
  limits: { eventsMax: 200_000_000 },
});
