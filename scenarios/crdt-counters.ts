/** Counters and extremum registers on replicas under faults. */
import { counterSpec, extremumSpec } from "../checkers/crdt/counters.ts";
import { COUNTER_KINDS } from "../systems/crdt-store/counters.ts";
import { type CrdtType, crdtScenario } from "./crdt-base.ts";
import type { Scenario } from "./scenario.ts";

const increments: Pick<CrdtType, "call" | "always"> = {
  call: (random) => ({ f: "increment", value: random.between(1, 9) }),
  always: () => ({ f: "increment", value: 1 }),
};

const bothWays: Pick<CrdtType, "call" | "always"> = {
  ...increments,
  call: (random) => ({ f: random.pick(["increment", "decrement"]), value: random.between(1, 9) }),
};

const puts: Pick<CrdtType, "call" | "always"> = {
  call: (random) => ({ f: "put", value: random.between(-1_000_000, 1_000_000) }),
  always: () => ({ f: "put", value: 0 }),
};

export const crdtCounters: Scenario = crdtScenario({
  name: "crdt-counters",
  title:
    "counters that go up, both ways, or never below zero, and extremum registers, on replicas under every fault they survive",
  types: {
    "g-counter": { kind: COUNTER_KINDS["g-counter"]!, spec: counterSpec("g-counter"), ...increments },
    "pn-counter": { kind: COUNTER_KINDS["pn-counter"]!, spec: counterSpec("pn-counter"), ...bothWays },
    "bounded-counter": {
      kind: COUNTER_KINDS["bounded-counter"]!,
      spec: counterSpec("bounded-counter", { isBounded: true }),
      ...increments,
      call: (random) => ({
        f: random.pick(["increment", "increment", "decrement", "decrement", "decrement", "transfer"]),
        value: random.between(1, 9),
      }),
    },
    counter: { kind: COUNTER_KINDS["counter"]!, spec: counterSpec("counter"), ...bothWays },
    "max-register": { kind: COUNTER_KINDS["max-register"]!, spec: extremumSpec("max-register", 1), ...puts },
    "min-register": { kind: COUNTER_KINDS["min-register"]!, spec: extremumSpec("min-register", -1), ...puts },
  },
});
