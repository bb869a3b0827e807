/** The movable tree on replicas under faults. */
import { moveTreeSpec } from "../checkers/crdt/tree.ts";
import { TREE_KINDS } from "../systems/crdt-store/tree.ts";
import { crdtScenario } from "./crdt-base.ts";
import type { Scenario } from "./scenario.ts";

export const crdtTree: Scenario = crdtScenario({
  name: "crdt-tree",
  title:
    "a movable tree on replicas: moves keep identity, make no cycle and lose no node, under every fault they survive",
  settings: {
    treeNodes: { kind: "integer", min: 3, max: 10, about: "nodes that are created, moved and deleted" },
    trimEveryRounds: { kind: "choice", of: [0, 1, 2, 5], about: "rounds between reports for trimming; 0: never trim" },
    catchUpPeers: {
      kind: "integer",
      min: 1,
      max: 3,
      about: "with trimming: disks that may be harmed, peers that a boot waits for",
    },
    removePerMille: { kind: "integer", min: 0, max: 200, about: "share of deletions among updates" },
  },
  types: {
    "move-tree": {
      kind: TREE_KINDS["move-tree"]!,
      spec: moveTreeSpec,
      call: (random, serial, { settings }) => {
        const nodes = Number(settings["treeNodes"]);
        const key = `t${random.below(nodes)}`;
        if (random.chance(Number(settings["removePerMille"]) * 1000)) return { f: "remove", key };
        const parent = random.chance(200_000) ? "root" : `t${random.below(nodes)}`;
        return { f: "move", key, value: [parent, `v${serial}`] };
      },
      always: (serial) => ({ f: "move", key: "last", value: ["root", `v${serial}`] }),
    },
  },
});
