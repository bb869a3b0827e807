/** Maps of CRDTs on replicas under faults. */
import { counterSpec } from "../checkers/crdt/counters.ts";
import { keyedSpec } from "../checkers/crdt/keyed.ts";
import {
  mapOfCountersSpec,
  mapOfFlagsSpec,
  mapOfMapsSpec,
  mapOfRegistersSpec,
  mapOfSetsSpec,
} from "../checkers/crdt/maps.ts";
import type { Random } from "../sim/random.ts";
import { lwwSpec, orSetSpec } from "../checkers/crdt/sets.ts";
import { KEYED_COUNTER_KINDS } from "../systems/crdt-store/counters.ts";
import { MAP_KINDS } from "../systems/crdt-store/maps.ts";
import { KEYED_SET_KINDS } from "../systems/crdt-store/sets.ts";
import { type CrdtType, crdtScenario, KINDS_WITH_WALL_CLOCK, type PlannedCall } from "./crdt-base.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

const MEMBERS = 3;

/** Deletes of a key, now and then a touch, and otherwise updates of its value. */
function onKeys(update: (random: Random, serial: number) => Omit<PlannedCall, "key">): CrdtType["call"] {
  return (random: Random, serial: number, { settings }: ScenarioContext) => {
    const key = `k${random.below(Number(settings["keys"]))}`;
    if (random.chance(Number(settings["deletePerMille"]) * 1000)) return { f: "delete", key };
    return random.chance(30_000) ? { f: "touch", key } : { ...update(random, serial), key };
  };
}

/** Objects by key have no deletes. */
function onObjects(update: (random: Random, serial: number) => Omit<PlannedCall, "key">): CrdtType["call"] {
  return (random, serial, { settings }) => ({
    ...update(random, serial),
    key: `k${random.below(Number(settings["keys"]))}`,
  });
}

const member = (random: Random): string => `m${random.below(MEMBERS)}`;

export const crdtMaps: Scenario = crdtScenario({
  name: "crdt-maps",
  title:
    "maps of sets, registers, counters, flags and maps on replicas, and objects by key: reset-remove under every fault",
  settings: {
    keys: { kind: "integer", min: 1, max: 4, about: "keys of the map" },
    deletePerMille: { kind: "integer", min: 50, max: 400, about: "share of deletes of a key among updates" },
  },
  kinds: KINDS_WITH_WALL_CLOCK,
  types: {
    "keyed-lww": {
      kind: KEYED_SET_KINDS["keyed-lww"]!,
      spec: keyedSpec("keyed-lww", lwwSpec),
      call: onObjects((_random, serial) => ({ f: "put", value: `v${serial}` })),
      always: (serial) => ({ f: "put", key: "last", value: `v${serial}` }),
    },
    "keyed-sets": {
      ofReads: ["remove"],
      kind: KEYED_SET_KINDS["keyed-sets"]!,
      spec: keyedSpec("keyed-sets", orSetSpec),
      call: onObjects((random) => ({ f: random.pick(["add", "add", "remove"]), value: member(random) })),
      always: () => ({ f: "add", key: "last", value: "m0" }),
    },
    "keyed-counters": {
      kind: KEYED_COUNTER_KINDS["keyed-counters"]!,
      spec: keyedSpec("keyed-counters", counterSpec("pn-counter")),
      call: onObjects((random) => ({ f: random.pick(["increment", "decrement"]), value: random.between(1, 9) })),
      always: () => ({ f: "increment", key: "last", value: 1 }),
    },
    "map-of-sets": {
      ofReads: ["delete", "remove"],
      kind: MAP_KINDS["map-of-sets"]!,
      spec: mapOfSetsSpec,
      call: onKeys((random) => ({ f: random.pick(["add", "add", "remove"]), value: member(random) })),
      always: () => ({ f: "add", key: "last", value: "m0" }),
    },
    "map-of-registers": {
      ofReads: ["delete", "put"],
      kind: MAP_KINDS["map-of-registers"]!,
      spec: mapOfRegistersSpec,
      call: onKeys((_random, serial) => ({ f: "put", value: `v${serial}` })),
      always: (serial) => ({ f: "put", key: "last", value: `v${serial}` }),
    },
    "map-of-counters": {
      ofReads: ["delete"],
      kind: MAP_KINDS["map-of-counters"]!,
      spec: mapOfCountersSpec,
      call: onKeys((random) => ({ f: random.pick(["increment", "decrement"]), value: random.between(1, 9) })),
      always: () => ({ f: "increment", key: "last", value: 1 }),
    },
    "map-of-flags": {
      ofReads: ["delete", "enable", "disable"],
      kind: MAP_KINDS["map-of-flags"]!,
      spec: mapOfFlagsSpec,
      call: onKeys((random) => ({ f: random.pick(["enable", "disable"]) })),
      always: () => ({ f: "enable", key: "last" }),
    },
    "map-of-maps": {
      ofReads: ["delete", "drop", "remove"],
      kind: MAP_KINDS["map-of-maps"]!,
      spec: mapOfMapsSpec,
      call: onKeys((random) => {
        const inner = `j${random.below(2)}`;
        return { f: random.pick(["add", "add", "add", "remove", "drop"]), value: [inner, member(random)] };
      }),
      always: () => ({ f: "add", key: "last", value: ["j0", "m0"] }),
    },
  },
});
