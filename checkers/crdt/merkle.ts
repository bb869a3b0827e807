/** What a Merkle register must show: the maximal nodes, that is those which no node held has replaced, by hash. */
import { nameOf } from "./contents.ts";
import type { CrdtSpec, UpdateIndex, UpdateRecord } from "./record.ts";
import { compareText } from "../values.ts";

type Told = { readonly hash: string; readonly children: readonly string[] };

const toldOf = ({ told }: UpdateRecord): Told => told as unknown as Told;

export const merkleSpec: CrdtSpec = {
  name: "merkle-register",
  judge: (view, value) => {
    if (view.unanswered.length > 0) return null;
    const replaced = new Set(view.updates.flatMap((update) => toldOf(update).children));
    const heads = view.updates.filter((update) => !replaced.has(toldOf(update).hash));
    const shown = heads.map((update) => [toldOf(update).hash, (update.call.value as readonly string[])[0]!] as const);
    const expected = JSON.stringify(shown.sort((a, b) => compareText(a[0], b[0])));
    const found = JSON.stringify(value);
    return found === expected ? null : `shows ${found}, expected ${expected}`;
  },
  judgeUpdates: (index) => findUnseenChild(index),
};

/** A write replaces only what its replica had. */
function findUnseenChild(index: UpdateIndex): string | null {
  for (const update of index.all) {
    const { known, unknown } = index.within(update.saw);
    if (unknown > 0) continue;
    const seen = new Set(known.map((other) => toldOf(other).hash));
    const child = toldOf(update).children.find((hash) => !seen.has(hash));
    if (child !== undefined) return `${nameOf(update.id)} replaces ${child}, which its replica did not hold`;
  }
  return null;
}
