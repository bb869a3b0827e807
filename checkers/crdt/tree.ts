/**
 * What a movable tree must show: the moves held, done one after the other in the order of their stamps, each of which that would put a node
 * below itself left out (Kleppmann et al. 2021, "A highly-available move operation for replicated trees"). So every node that was ever
 * placed is there once, under one parent, and no cycle appears; deleted nodes hang from the trash.
 */
import type { PlainJson } from "../history.ts";
import type { CrdtSpec, UpdateRecord } from "./record.ts";
import { compareText } from "../values.ts";
import { compareStamps, judgeStamps, type Stamp } from "./sets.ts";

/** What a replica tells of a move; `parent` is the trash for a deletion. */
type Told = readonly [time: number, actor: string, parent: string, meta: string];
type Shown = readonly (readonly [node: string, parent: string, meta: string])[];

const ROOT = "root";

const toldOf = ({ told }: UpdateRecord): Told => told as unknown as Told;
const orderOf = (update: UpdateRecord): Stamp => [toldOf(update)[0], toldOf(update)[1]];

export const moveTreeSpec: CrdtSpec = {
  name: "move-tree",
  judge: (view, value) => {
    const broken = findBrokenShape(value as unknown as Shown);
    if (broken !== null || view.unanswered.length > 0) return broken;
    const expected = JSON.stringify(replay(view.updates));
    const found = JSON.stringify(value);
    return found === expected ? null : `shows ${found}, expected ${expected}`;
  },
  judgeUpdates: judgeStamps,
  judgeDeclined: ({ call }, { updates }) => {
    const places = placesOf(updates);
    const parentOf = (node: string): string | undefined => places.get(node)?.[0];
    const node = call.key ?? "";
    if (call.f === "remove") return hangsBelow(parentOf, node, ROOT) ? `held ${node} in its tree` : null;
    const parent = (call.value as readonly string[])[0] ?? "";
    return hangsBelow(parentOf, parent, node) ? null : `held ${parent} neither at nor below ${node}`;
  },
};

function replay(updates: readonly UpdateRecord[]): PlainJson {
  const places = placesOf(updates);
  return [...places].sort((a, b) => compareText(a[0], b[0])).map(([node, [parent, meta]]) => [node, parent, meta]);
}

function placesOf(updates: readonly UpdateRecord[]): ReadonlyMap<string, readonly [parent: string, meta: string]> {
  const places = new Map<string, readonly [parent: string, meta: string]>();
  const ordered = [...updates].sort((a, b) => compareStamps(orderOf(a), orderOf(b)));
  for (const update of ordered) {
    const child = update.call.key ?? "";
    const [, , parent, meta] = toldOf(update);
    if (!hangsBelow((node) => places.get(node)?.[0], parent, child)) places.set(child, [parent, meta]);
  }
  return places;
}

/** True when `node` is `ancestor` or below it. */
function hangsBelow(parentOf: (node: string) => string | undefined, node: string, ancestor: string): boolean {
  for (let at: string | undefined = node; at !== undefined; at = parentOf(at)) if (at === ancestor) return true;
  return false;
}

/** A node that is there twice, or above itself. */
function findBrokenShape(shown: Shown): string | null {
  const parents = new Map<string, string>();
  for (const [node, parent] of shown) {
    if (parents.has(node)) return `shows node ${node} twice`;
    parents.set(node, parent);
  }
  for (const node of parents.keys()) {
    let steps = 0;
    for (let at = parents.get(node); at !== undefined; at = parents.get(at)) {
      if (++steps > parents.size) return `shows node ${node} in a cycle`;
    }
  }
  return null;
}
