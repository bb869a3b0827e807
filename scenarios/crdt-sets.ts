/** Sets, flags and registers on replicas under faults. */
import {
  concurrentValuesSpec,
  disableWinsSpec,
  enableWinsSpec,
  gSetSpec,
  lwwSpec,
  orSetSpec,
  twoPhaseSetSpec,
} from "../checkers/crdt/sets.ts";
import { SET_KINDS } from "../systems/crdt-store/sets.ts";
import { type CrdtType, crdtScenario, KINDS_WITH_WALL_CLOCK, type PlannedCall } from "./crdt-base.ts";
import type { Scenario } from "./scenario.ts";

type Draws = Pick<CrdtType, "call" | "always" | "ofReads">;

const members: Draws = {
  call: (random, _serial, { settings }) => {
    const f = random.chance(Number(settings["removePerMille"]) * 1000) ? "remove" : "add";
    return { f, key: `m${random.below(Number(settings["members"]))}` };
  },
  always: () => ({ f: "add", key: "last" }),
};

const flags: Draws = {
  call: (random) => ({ f: random.pick(["enable", "disable"]) }),
  always: () => ({ f: "enable" }),
  ofReads: ["enable", "disable"],
};

const put = (serial: number): PlannedCall => ({ f: "put", value: `v${serial}` });
const registers: Draws = { call: (_random, serial) => put(serial), always: put };
const multiRegisters: Draws = { ...registers, ofReads: ["put"] };

export const crdtSets: Scenario = crdtScenario({
  name: "crdt-sets",
  title:
    "sets, flags and registers on replicas: adds, removes and writes by causal order, under every fault they survive",
  kinds: KINDS_WITH_WALL_CLOCK,
  settings: {
    members: { kind: "integer", min: 1, max: 6, about: "members that are added and removed" },
    removePerMille: { kind: "integer", min: 200, max: 600, about: "share of removes among updates" },
  },
  types: {
    "or-set": { kind: SET_KINDS["or-set"]!, spec: orSetSpec, ...members, ofReads: ["remove"], weight: 4 },
    "2p-set": {
      kind: SET_KINDS["2p-set"]!,
      spec: twoPhaseSetSpec,
      ...members,
      // What was removed never returns, so there must be many.
      call: (random, serial) => {
        const member = Math.max(0, serial - random.below(30));
        return random.chance(300_000) ? { f: "remove", key: `m${member}` } : { f: "add", key: `m${serial}` };
      },
    },
    "g-set": {
      kind: SET_KINDS["g-set"]!,
      spec: gSetSpec,
      ...members,
      call: (_random, serial) => ({ f: "add", key: `m${serial}` }),
    },
    "enable-wins-flag": { kind: SET_KINDS["enable-wins-flag"]!, spec: enableWinsSpec, ...flags },
    "disable-wins-flag": { kind: SET_KINDS["disable-wins-flag"]!, spec: disableWinsSpec, ...flags },
    "mv-register": { kind: SET_KINDS["mv-register"]!, spec: concurrentValuesSpec("mv-register"), ...multiRegisters },
    "dvv-set": { kind: SET_KINDS["dvv-set"]!, spec: concurrentValuesSpec("dvv-set"), ...multiRegisters },
    "lww-register": { kind: SET_KINDS["lww-register"]!, spec: lwwSpec, ...registers },
  },
});
