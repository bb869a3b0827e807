/** Ordered lists and texts on replicas under faults. */
import { type Interleaving, listSpec } from "../checkers/crdt/lists.ts";
import type { PlainJson } from "../checkers/history.ts";
import type { Random } from "../sim/random.ts";
import { LIST_KINDS } from "../systems/crdt-store/lists.ts";
import { type CrdtType, crdtScenario, type PlannedCall } from "./crdt-base.ts";
import type { Scenario, ScenarioContext } from "./scenario.ts";

/** Elements of one insert at most; number `serial * RUN_MAX + i` names each. */
const RUN_MAX = 3;

function call(random: Random, serial: number, { settings, clients }: ScenarioContext): PlannedCall {
  const place = random.between(0, 1000);
  if (random.chance(Number(settings["deletePerMille"]) * 1000))
    return { f: "delete", value: { place, count: random.between(1, 4) } };
  const elements = elementsOf(serial);
  // Serials go round the processes: that of the one before by the same process.
  const before = serial - clients.length;
  const isTyping = before >= 0 && random.chance(Number(settings["typingPerMille"]) * 1000);
  if (!isTyping) return { f: "insert", value: { elements, place } };
  return settings["isBackward"] === true
    ? { f: "insert", value: { elements, place, before: elementsOf(before)[0]! } }
    : { f: "insert", value: { elements, place, behind: elementsOf(before).at(-1)! } };
}

/** At least one. */
function elementsOf(serial: number): number[] {
  return Array.from({ length: 1 + (serial % RUN_MAX) }, (_, i) => serial * RUN_MAX + i);
}

/** In the words of what was read: behind the element at the place then, and the elements that stood there then. */
function resolve(value: PlainJson, read: PlainJson): PlainJson {
  const shown = read as readonly number[];
  const { place, elements, count } = value as { place: number; elements?: number[]; count?: number };
  const position = Math.floor((place * shown.length) / 1000);
  if (elements === undefined)
    return { place, count: count ?? 1, elements: shown.slice(position, position + (count ?? 1)) };
  const left = shown[position - 1];
  return { elements, place, ...(left === undefined ? {} : { behind: left }) };
}

/** After healing a call without an answer is made again, so it must not name a new element: that would be inserted twice. */
const always = (): PlannedCall => ({ f: "delete", value: { place: 0, count: 1 } });

function listType(name: string, promise: Interleaving): CrdtType {
  return {
    kind: LIST_KINDS[name]!,
    spec: listSpec(name, promise),
    call,
    always,
    resolve,
    ofReads: ["insert", "delete"],
  };
}

const FUGUE: Interleaving = { forward: true, backward: true };
const RGA: Interleaving = { forward: true };

export const crdtLists: Scenario = crdtScenario({
  name: "crdt-lists",
  title:
    "lists and texts by Fugue, RGA and identifier paths on replicas: one order, no loss, no interleaving where promised",
  settings: {
    deletePerMille: { kind: "choice", of: [0, 0, 100, 250, 400], about: "share of deletions among updates" },
    typingPerMille: {
      kind: "integer",
      min: 0,
      max: 900,
      about: "share of inserts beside the one before of the same process",
    },
    isBackward: { kind: "boolean", truePerMillion: 400_000, about: "typing goes backwards" },
  },
  types: {
    "fugue-list": listType("fugue-list", FUGUE),
    "fugue-text": listType("fugue-text", FUGUE),
    "rga-list": listType("rga-list", RGA),
    "rga-text": listType("rga-text", RGA),
    "identifier-list": listType("identifier-list", {}),
    "identifier-text": listType("identifier-text", {}),
    "grow-list": {
      ...listType("grow-list", { isGrowOnly: true }),
      call: (random, serial, context) => insertOnly(random, serial, context),
    },
  },
});

function insertOnly(random: Random, serial: number, context: ScenarioContext): PlannedCall {
  return call(random, serial, { ...context, settings: { ...context.settings, deletePerMille: 0 } });
}
