/** The Merkle register on replicas under faults. */
import { merkleSpec } from "../checkers/crdt/merkle.ts";
import { MERKLE_KINDS } from "../systems/crdt-store/tree.ts";
import { crdtScenario } from "./crdt-base.ts";
import type { Scenario } from "./scenario.ts";

export const crdtMerkle: Scenario = crdtScenario({
  name: "crdt-merkle",
  title:
    "a Merkle register on replicas: the current values are those of the maximal nodes, under every fault they survive",
  settings: {
    wholePerMille: { kind: "integer", min: 500, max: 1000, about: "share of writes that replace all heads" },
  },
  types: {
    "merkle-register": {
      kind: MERKLE_KINDS["merkle-register"]!,
      spec: merkleSpec,
      call: (random, serial, { settings }) => {
        const isWhole = random.chance(Number(settings["wholePerMille"]) * 1000);
        return { f: "put", value: [`v${serial}`, isWhole ? 1000 : random.between(0, 1000)] };
      },
      always: (serial) => ({ f: "put", value: [`v${serial}`, 1000] }),
    },
  },
});
