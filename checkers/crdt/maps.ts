/**
 * What maps of CRDTs must show, with reset-remove: deleting a key takes away the updates that the deleter had seen, inside the value too,
 * and no others. A key is present while one of its updates is left; removes inside a value neither make nor keep it.
 */
import type { PlainJson } from "../history.ts";
import { type Contents, holds, uniteInto } from "./contents.ts";
import type { CrdtSpec, DeclinedRecord, UpdateRecord } from "./record.ts";
import { maximal, observedBy } from "./record.ts";
import { compareText } from "../values.ts";
import { groupBy, valuesOf } from "./sets.ts";

/** Calls that only take away: they leave nothing that a key could live on. */
const TAKING = ["delete", "drop", "remove"];
/** And those that write no value. */
const VALUELESS = [...TAKING, "touch"];

/**
 * What the value of a key shows. `updates`: all on the key; `live`: those that add something and were not taken away
 * with the key.
 */
type Nested = (updates: readonly UpdateRecord[], live: readonly UpdateRecord[]) => PlainJson;

function mapSpec(name: string, nested: Nested): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      const shown = new Map(value as readonly (readonly [string, PlainJson])[]);
      const byKey = groupBy(view.updates, ({ call }) => call.key ?? "");
      const uncertain = new Set(view.unanswered.map(({ key }) => key ?? ""));
      for (const key of shown.keys()) {
        if (!byKey.has(key) && !uncertain.has(key)) return `shows key ${key}, which nobody wrote`;
      }
      for (const [key, updates] of byKey) {
        if (uncertain.has(key)) continue;
        const live = liveOf(updates);
        const found = shown.get(key);
        if (live.length === 0) {
          if (found !== undefined) return `shows key ${key}, though each of its updates was deleted`;
          continue;
        }
        const [first] = live;
        if (found === undefined)
          return `has lost key ${key}: no delete held had seen update ${first!.id.actor}/${first!.id.counter}`; // there is one
        const expected = JSON.stringify(nested(updates, live));
        if (JSON.stringify(found) !== expected)
          return `shows ${JSON.stringify(found)} at key ${key}, expected ${expected}`;
      }
      return null;
    },
    judgeDeclined: (declined, { updates, spoken }) => {
      const { call } = declined;
      if (!TAKING.includes(call.f)) return `could ${call.f} key ${call.key}`;
      const known = new Set([...updates, ...spoken].filter((update) => update.call.key === call.key));
      const shownBy = (list: readonly UpdateRecord[]): string => {
        const live = liveOf(list);
        return live.length === 0 ? "nothing" : JSON.stringify(nested(list, live));
      };
      const [before, after] = [shownBy([...known]), shownBy([...known, madeOf(declined)])];
      return before === after ? null : `held ${before} at key ${call.key}, which the call changes to ${after}`;
    },
  };
}

/** The update that the store did not make. */
function madeOf({ replica, actor, call, saw, observed }: DeclinedRecord): UpdateRecord {
  const seen = { saw, ...(observed === undefined ? {} : { observed }) };
  return { id: { actor, counter: Number.MAX_SAFE_INTEGER }, replica, call, told: null, ...seen };
}

/** The updates of a key that keep it there. */
function liveOf(updates: readonly UpdateRecord[]): UpdateRecord[] {
  return leftOf(updates, observedBy(updates.filter(({ call }) => call.f === "delete")));
}

/** The updates that add something and that the takers had not seen. */
function leftOf(updates: readonly UpdateRecord[], taken: Contents): UpdateRecord[] {
  return updates.filter(({ id, call }) => !TAKING.includes(call.f) && !holds(taken, id));
}

export const mapOfCountersSpec: CrdtSpec = mapSpec("map-of-counters", (_updates, live) =>
  live.reduce((sum, { call }) => sum + (call.f === "decrement" ? -1 : 1) * Number(call.value), 0),
);

/** A write that was deleted with its key has still superseded what it had seen. */
const current = (updates: readonly UpdateRecord[], live: readonly UpdateRecord[]): UpdateRecord[] => {
  const latest = new Set(maximal(updates.filter(({ call }) => !VALUELESS.includes(call.f))));
  return live.filter((update) => latest.has(update));
};

export const mapOfRegistersSpec: CrdtSpec = mapSpec("map-of-registers", (updates, live) =>
  valuesOf(current(updates, live)),
);

export const mapOfFlagsSpec: CrdtSpec = mapSpec("map-of-flags", (updates, live) =>
  current(updates, live).some(({ call }) => call.f === "enable"),
);

export const mapOfSetsSpec: CrdtSpec = mapSpec("map-of-sets", (updates, live) =>
  membersOf(updates, live, ({ call }) => String(call.value)),
);

const innerKeyOf = ({ call }: UpdateRecord): string => (call.value as readonly string[])[0] ?? "";
const innerMemberOf = ({ call }: UpdateRecord): string => (call.value as readonly string[])[1] ?? "";

export const mapOfMapsSpec: CrdtSpec = mapSpec("map-of-maps", (updates, live) => {
  const inside = updates.filter(({ call }) => call.f !== "delete" && call.f !== "touch");
  const byKey = groupBy(inside, innerKeyOf);
  const shown: PlainJson[] = [];
  for (const key of [...byKey.keys()].sort(compareText)) {
    const own = byKey.get(key)!; // keys are its own
    const dropped = observedBy(own.filter(({ call }) => call.f === "drop"));
    const left = live.filter((update) => own.includes(update) && !holds(dropped, update.id));
    if (left.length > 0) shown.push([key, membersOf(own, left, innerMemberOf)]);
  }
  return shown;
});

/** Members with an add that is left and that no remove of the member had seen. */
function membersOf(
  updates: readonly UpdateRecord[],
  live: readonly UpdateRecord[],
  memberOf: (update: UpdateRecord) => string,
): readonly string[] {
  const removed = new Map<string, Map<string, readonly number[]>>();
  for (const update of updates) {
    if (update.call.f !== "remove") continue;
    const member = memberOf(update);
    const seen = removed.get(member) ?? new Map<string, readonly number[]>();
    uniteInto(seen, update.observed ?? update.saw);
    removed.set(member, seen);
  }
  const members = new Set<string>();
  for (const update of live) {
    if (update.call.f !== "add") continue;
    const seen = removed.get(memberOf(update));
    if (seen === undefined || !holds(seen, update.id)) members.add(memberOf(update));
  }
  return [...members].sort(compareText);
}
