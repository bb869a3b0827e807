/** What replicas of many objects must show: each key by the specification of its object, and exactly the keys that were updated. */
import type { PlainJson } from "../history.ts";
import type { Call, CrdtSpec, UpdateRecord } from "./record.ts";
import { groupBy } from "./sets.ts";

/** The value of a call on a key is both key and value of the call on the object. Shown are [key, what the object shows]. */
export function keyedSpec(name: string, object: CrdtSpec): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      const shown = new Map(value as readonly (readonly [string, PlainJson])[]);
      const byKey = groupBy(view.updates, ({ call }) => call.key ?? "");
      for (const key of shown.keys()) {
        const isPossible = byKey.has(key) || view.unanswered.some((call) => call.key === key);
        if (!isPossible) return `shows key ${key}, which nobody updated`;
      }
      for (const [key, updates] of byKey) {
        const found = shown.get(key);
        if (found === undefined) return `has lost key ${key}`;
        const unanswered = view.unanswered.filter((call) => call.key === key).map(onObject);
        const wrong = object.judge({ updates: updates.map(updateOnObject), unanswered }, found);
        if (wrong !== null) return `at key ${key} ${wrong}`;
      }
      return null;
    },
    ...judgeDeclinedBy(object),
    ...(object.judgeUpdates === undefined ? {} : { judgeUpdates: object.judgeUpdates }),
  };
}

function judgeDeclinedBy({ judgeDeclined }: CrdtSpec): Pick<CrdtSpec, "judgeDeclined"> {
  if (judgeDeclined === undefined) return {};
  return {
    judgeDeclined: (declined, { updates, spoken }) => {
      const { call } = declined;
      const ofKey = (list: readonly UpdateRecord[]): UpdateRecord[] =>
        list.filter((update) => update.call.key === call.key).map(updateOnObject);
      return judgeDeclined({ ...declined, call: onObject(call) }, { updates: ofKey(updates), spoken: ofKey(spoken) });
    },
  };
}

function onObject({ f, value }: Call): Call {
  return { f, key: String(value), value };
}

function updateOnObject(update: UpdateRecord): UpdateRecord {
  return { ...update, call: onObject(update.call) };
}
