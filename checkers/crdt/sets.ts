/**
 * What sets, flags and registers must show, by causal order: an add is gone when a remove that had seen it is held, a write is gone when
 * a write that had seen it is held. What a remove or a write had seen is what its replica held, or, where a client made it of something
 * that it had read, exactly what was read: an add that came in between survives, a write that did stays beside it.
 */
import type { PlainJson } from "../history.ts";
import { compareText } from "../values.ts";
import { holds } from "./contents.ts";
import { type CrdtSpec, maximal, observedBy, type UpdateIndex, type UpdateRecord } from "./record.ts";

type Members = {
  readonly name: string;
  isPresent(adds: readonly UpdateRecord[], removes: readonly UpdateRecord[]): boolean;
  /** A member that was removed never returns. */
  readonly isRemovedForever?: boolean;
};

/** Members by key; a read shows them ascending. A member of an unanswered call is not judged. */
function membersSpec({ name, isPresent, isRemovedForever = false }: Members): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      const shown = new Set(value as readonly string[]);
      if (!isAscending(value as readonly string[])) return `shows ${JSON.stringify(value)}, which is not ascending`;
      const byMember = groupBy(view.updates, ({ call }) => call.key ?? "");
      const uncertain = new Set(view.unanswered.map(({ key }) => key ?? ""));
      for (const member of shown) {
        if (!byMember.has(member) && !uncertain.has(member)) return `shows ${member}, which was never added`;
      }
      for (const [member, updates] of byMember) {
        if (uncertain.has(member)) continue;
        const adds = updates.filter(({ call }) => call.f === "add");
        const removes = updates.filter(({ call }) => call.f === "remove");
        const isExpected = isPresent(adds, removes);
        if (isExpected && !shown.has(member)) return `has lost ${member}: ${tellAdds(adds, removes)}`;
        if (!isExpected && shown.has(member))
          return `shows ${member}, though each of its ${adds.length} adds was removed`;
      }
      return null;
    },
    judgeDeclined: ({ call }, { updates, spoken }) => {
      const member = call.key ?? "";
      const ofMember = (list: readonly UpdateRecord[], f: string): UpdateRecord[] =>
        list.filter((update) => update.call.f === f && update.call.key === member);
      const removes = ofMember(updates, "remove");
      if (call.f !== "remove") return isRemovedForever && removes.length > 0 ? null : `could add ${member}`;
      return isPresent(ofMember(spoken, "add"), removes) ? `held an add of ${member} that no remove had seen` : null;
    },
  };
}

export const gSetSpec: CrdtSpec = membersSpec({ name: "g-set", isPresent: (adds) => adds.length > 0 });

export const twoPhaseSetSpec: CrdtSpec = membersSpec({
  name: "2p-set",
  isPresent: (adds, removes) => adds.length > 0 && removes.length === 0,
  isRemovedForever: true,
});

/** Observed remove: an add wins over a remove that has not seen it. */
export const orSetSpec: CrdtSpec = membersSpec({
  name: "or-set",
  isPresent: (adds, removes) => liveAdds(adds, removes).length > 0,
});

function liveAdds(adds: readonly UpdateRecord[], removes: readonly UpdateRecord[]): UpdateRecord[] {
  const removed = observedBy(removes);
  return adds.filter(({ id }) => !holds(removed, id));
}

function tellAdds(adds: readonly UpdateRecord[], removes: readonly UpdateRecord[]): string {
  const live = liveAdds(adds, removes);
  const { actor, counter } = (live[0] ?? adds[0])!.id; // what is lost was added
  return `no remove held had seen the add ${actor}/${counter}`;
}

/** Writes that stay side by side until a write has seen them; `show` makes of them what is read. */
function writesSpec(name: string, show: (live: readonly UpdateRecord[]) => PlainJson): CrdtSpec {
  return {
    name,
    judge: (view, value) => {
      if (view.unanswered.length > 0) return null;
      const live = maximal(view.updates);
      const expected = JSON.stringify(show(live));
      const found = JSON.stringify(value);
      if (found === expected) return null;
      return `shows ${found}, expected ${expected} of ${live.length} writes that no other had seen`;
    },
  };
}

const isOn = ({ call }: UpdateRecord): boolean => call.f === "enable";

export const enableWinsSpec: CrdtSpec = writesSpec("enable-wins-flag", (live) => live.some(isOn));

export const disableWinsSpec: CrdtSpec = writesSpec("disable-wins-flag", (live) => live.length > 0 && live.every(isOn));

/** Registers that keep concurrent values: shown ascending, equal ones once. */
export function concurrentValuesSpec(name: string): CrdtSpec {
  return writesSpec(name, valuesOf);
}

export function valuesOf(live: readonly UpdateRecord[]): readonly string[] {
  return [...new Set(live.map(({ call }) => String(call.value)))].sort(compareText);
}

/** The last writer wins: the greatest stamp [time, actor] that a replica told. A stamp lies above all that its write had seen. */
export const lwwSpec: CrdtSpec = {
  name: "lww-register",
  judge: (view, value) => {
    if (view.unanswered.length > 0) return null;
    const last = view.updates.reduce<UpdateRecord | null>(
      (best, update) => (best === null || compareStamps(stampOf(update), stampOf(best)) > 0 ? update : best),
      null,
    );
    const expected = last === null ? null : last.call.value;
    return value === expected ? null : `shows ${JSON.stringify(value)}, expected ${JSON.stringify(expected)}`;
  },
  judgeUpdates: (index) => judgeStamps(index),
};

export type Stamp = readonly [timeUs: number, actor: string];

export function stampOf({ told }: UpdateRecord): Stamp {
  return told as unknown as Stamp;
}

export function compareStamps(a: Stamp, b: Stamp): number {
  return a[0] - b[0] || compareText(a[1], b[1]);
}

/** Time goes up along what was seen, whatever the clocks say. */
export function judgeStamps(index: UpdateIndex): string | null {
  for (const update of index.all) {
    const found = index.within(update.saw).known.find((seen) => stampOf(seen)[0] >= stampOf(update)[0]);
    if (found === undefined) continue;
    return `${update.id.actor}/${update.id.counter} has time ${stampOf(update)[0]}, not above ${stampOf(found)[0]} of ${found.id.actor}/${found.id.counter}, which it had seen`;
  }
  return null;
}

export function groupBy(
  updates: readonly UpdateRecord[],
  keyOf: (update: UpdateRecord) => string,
): Map<string, UpdateRecord[]> {
  const groups = new Map<string, UpdateRecord[]>();
  for (const update of updates) {
    const key = keyOf(update);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [update]);
    else group.push(update);
  }
  return groups;
}

export function isAscending(texts: readonly string[]): boolean {
  return texts.every((text, i) => i === 0 || compareText(texts[i - 1]!, text) < 0);
}
