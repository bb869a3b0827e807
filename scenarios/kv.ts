/** The KV store on Raft under every kind of fault, and under each family alone. */
import { familyOf } from "../nemesis/kinds.ts";
import { ALL_KINDS, kvScenario } from "./kv-base.ts";
import type { Scenario } from "./scenario.ts";

const ofFamily = (family: string) => ALL_KINDS.filter((kind) => familyOf(kind) === family);

export const kv: Scenario = kvScenario({
  name: "kv",
  title: "linearizable KV on Raft, every fault by swarm",
  kinds: ALL_KINDS,
  intensityPerMille: 1700,
});

export const kvPartitions: Scenario = kvScenario({
  name: "kv-partitions",
  title: "KV on Raft: partitions of every shape, and links that lose, delay and damage",
  kinds: ofFamily("network"),
  intensityPerMille: 1600,
});

export const kvCrashes: Scenario = kvScenario({
  name: "kv-crashes",
  title: "KV on Raft: kills, power losses, pauses, wipes, groups that fail together",
  kinds: ofFamily("process"),
  intensityPerMille: 1800,
});

export const kvDisk: Scenario = kvScenario({
  name: "kv-disk",
  title: "KV on Raft: every disk fault, with the crashes that make them count",
  kinds: [...ofFamily("disk"), "power-loss", "kill"],
  intensityPerMille: 1800,
});

export const kvClocks: Scenario = kvScenario({
  name: "kv-clocks",
  title: "KV on Raft: clocks that step, drift beyond their bound, freeze and run backwards",
  kinds: [...ofFamily("clock"), "partition", "pause"],
  intensityPerMille: 1800,
});

export const kvCalm: Scenario = kvScenario({ name: "kv-calm", title: "KV on Raft without any fault", kinds: [] });
