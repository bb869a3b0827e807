/** Operations on the KV store: few keys, one of them hot, unique values, kinds switched on and off by the seed, quiet stretches. */
import type { Random } from "../sim/random.ts";
import { paced, type PaceOptions } from "./pace.ts";
import type { PlannedOperation, ScenarioContext } from "./scenario.ts";

const KINDS = ["get", "put", "cas", "delete"] as const;
type Kind = (typeof KINDS)[number];

/** Usual weights; a run doubles, keeps or drops each, but never both ways to write. */
const WEIGHTS: { readonly [kind in Kind]: number } = { get: 40, put: 35, cas: 18, delete: 7 };
const HOT_KEY_PER_MILLION = 500_000;
/** More than the chaos phase has room for: a run never falls silent for want of work. */
const OPERATIONS_PER_PROCESS = 220;

export function kvKeys({ settings }: ScenarioContext): string[] {
  return Array.from({ length: Number(settings["keys"]) }, (_, i) => `k${i}`);
}

export function kvOperations(random: Random, context: ScenarioContext): PlannedOperation[] {
  const keys = kvKeys(context);
  const weights = drawWeights(random.fork("weights"));
  const thinkUsMax = Number(context.settings["thinkUsMax"]);
  const latest = new Map<string, string>();
  const operations: PlannedOperation[] = [];
  for (let turn = 0; turn < OPERATIONS_PER_PROCESS; turn++) {
    for (let process = 0; process < context.clients.length; process++) {
      const key = random.chance(HOT_KEY_PER_MILLION) ? keys[0]! : random.pick(keys);
      const kind = pickKind(random, weights);
      const value = `p${process}.${turn}`;
      const before = latest.get(key) ?? null;
      if (kind === "put" || kind === "cas") latest.set(key, value);
      operations.push({ process, afterUs: random.between(0, thinkUsMax), ...operationOf(kind, key, value, before) });
    }
  }
  return paced(operations, random, context, kvPace(context));
}

export function kvPace({ settings }: ScenarioContext): PaceOptions {
  // To the leader and back, and from it to a quorum and back.
  return { operationUs: 4 * Number(settings["latencyUs"]), asRead: () => ({ f: "get", value: null }) };
}

function operationOf(
  kind: Kind,
  key: string,
  value: string,
  before: string | null,
): Pick<PlannedOperation, "f" | "key" | "value"> {
  switch (kind) {
    case "get":
    case "delete":
      return { f: kind, key, value: null };
    case "put":
      return { f: kind, key, value };
    // Expects what the plan wrote last: often right, often overtaken.
    case "cas":
      return { f: kind, key, value: [before, value] };
  }
}

function drawWeights(random: Random): { readonly [kind in Kind]: number } {
  const weights = { ...WEIGHTS };
  for (const kind of KINDS) weights[kind] *= random.pick([0, 1, 1, 1, 2]);
  if (weights.put === 0 && weights.cas === 0) weights.put = WEIGHTS.put;
  return weights;
}

function pickKind(random: Random, weights: { readonly [kind in Kind]: number }): Kind {
  const total = KINDS.reduce((sum, kind) => sum + weights[kind], 0);
  let place = random.below(total);
  for (const kind of KINDS) {
    if (place < weights[kind]) return kind;
    place -= weights[kind];
  }
  return "get";
}
