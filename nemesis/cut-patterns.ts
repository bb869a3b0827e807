/**
 * Patterns of partitions that single draws hardly ever give.
 *
 * A long cut lasts most of the chaos phase and leaves a majority together: the system must do without the others, and afterwards they
 * have much to catch up with. A rotation cuts the leader off again and again, each time for about an election, or deafens each new
 * leader at the moment it begins to lead: it can still overwrite the logs of the others, and commits nothing. So the same node leads
 * twice within the patience of one client, and what it remembers of its first term is wrong by then.
 */
import type { Random } from "../sim/random.ts";
import { type DrawContext, leaderOr, sideOfLeader } from "./draw.ts";
import type { PartitionFault } from "./plan.ts";

const LONG_CUT_PER_MILLION = 200_000;
const LONG_CUT_PER_MILLE = { min: 500, max: 900 };

const ROTATION_PER_MILLION = 200_000;
const ROTATION_CUTS = { min: 4, max: 16 };
/** Around the election timeouts that scenarios draw: too short a cut deposes nobody, too long a one outlasts the clients. */
const ROTATION_CUT_US = { min: 80_000, max: 500_000 };
const ROTATION_GAP_US = { min: 10_000, max: 250_000 };

/** None, or one cut. A cluster of two has nobody to spare. */
export function drawLongCut(random: Random, context: DrawContext): PartitionFault[] {
  if (context.nodes.length < 3 || !random.chance(LONG_CUT_PER_MILLION)) return [];
  const spanUs = context.endUs - context.startUs;
  const perMille = random.between(LONG_CUT_PER_MILLE.min, LONG_CUT_PER_MILLE.max);
  const forUs = Math.max(1, Math.floor((spanUs * perMille) / 1000));
  const time = { atUs: context.startUs + random.below(spanUs - forUs + 1), forUs };
  const hosts = random.pick([["one"], ["minority"], [leaderOr(context, "one")], sideOfLeader(context)]);
  const shape = random.pick(["halves", "isolate", "one-way"] as const);
  const cutClients = random.chance(300_000) ? { cutClients: true } : {};
  const common = { kind: "partition", ...time, hosts, ...cutClients } as const;
  if (shape !== "one-way") return [{ ...common, shape }];
  return [{ ...common, shape, direction: random.pick(["out", "in"] as const) }];
}

/** None, or a row of cuts of whoever leads at the time; none where the scenario cannot say who leads. */
export function drawRotation(random: Random, context: DrawContext): PartitionFault[] {
  if (!context.targets.includes("leader") || context.nodes.length < 3) return [];
  if (!random.chance(ROTATION_PER_MILLION)) return [];
  const atElections = context.points.state.includes("leader") && random.chance(500_000);
  const cuts: PartitionFault[] = [];
  let atUs = context.startUs + random.below(Math.ceil((context.endUs - context.startUs) / 2));
  for (let left = random.between(ROTATION_CUTS.min, ROTATION_CUTS.max); left > 0; left--) {
    const forUs = random.logarithmic(ROTATION_CUT_US.min, ROTATION_CUT_US.max);
    const gapUs = random.logarithmic(ROTATION_GAP_US.min, ROTATION_GAP_US.max);
    if (atUs + forUs > context.endUs) break;
    cuts.push({ kind: "partition", shape: "isolate", hosts: ["leader"], atUs, forUs });
    if (atElections) {
      const when = { on: "state", name: "leader", count: 1, afterUs: atUs } as const;
      cuts.push({ kind: "partition", shape: "one-way", direction: "in", hosts: ["trigger"], when, forUs });
    }
    atUs += forUs + gapUs;
  }
  return cuts;
}
