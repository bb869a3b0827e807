/**
 * What replicated lists must show. Elements are all different, so each is one name.
 *
 * - Nothing is lost, nothing comes back: shown are exactly the elements inserted and not deleted.
 * - One order: the order of all reads, at any time and anywhere, deleted elements included, and of the neighbours between which each
 *   element was inserted, is one total order (the strong list specification: Attiya et al. 2016, "Specification and complexity
 *   of collaborative text editing").
 * - Places: an insert that a client asked for beside an element which the replica shows stands beside it; a delete of named elements takes
 *   of those and no others.
 * - No interleaving, where the type promises it: what stands between an element and the neighbour it was inserted beside has seen
 *   that neighbour; so a run that somebody typed stays in one piece unless others typed into it (Weidner, Kleppmann 2023,
 *   "The art of the fugue"). `forward`: beside the left neighbour, and inside one insert. `backward`: beside the right one,
 *   where both stand on the same left neighbour and nothing was deleted, since tombstones in between may belong elsewhere.
 */
import type { PlainJson } from "../history.ts";
import { holds, nameOf } from "./contents.ts";
import type { CrdtSpec, ReplicaHistory, UpdateIndex, UpdateRecord, View } from "./record.ts";

export type Interleaving = {
  readonly forward?: boolean;
  readonly backward?: boolean;
  /** Nothing is ever deleted. */
  readonly isGrowOnly?: boolean;
};

/** What a client asked for, beside the place. */
type Asked = { readonly behind?: number; readonly before?: number; readonly elements?: readonly number[] };
/** From a share of the length on, in thousandths, so many; or the first of these elements that are there. */
type Deletion = { readonly place: number; readonly count: number; readonly elements?: readonly number[] };
type Inserted = { readonly left: number | null; readonly right: number | null };

const PER_MILLE = 1000;

const elementsOf = ({ call }: UpdateRecord): readonly number[] =>
  (call.value as unknown as { readonly elements: readonly number[] }).elements;
const besideOf = ({ told }: UpdateRecord): Inserted => told as unknown as Inserted;
const goneOf = ({ told }: UpdateRecord): readonly number[] => (told as unknown as { readonly gone: number[] }).gone;

export function listSpec(name: string, promise: Interleaving): CrdtSpec {
  return {
    name,
    judge: (view, value) =>
      judgeElements(view, value as readonly number[]) ?? judgeRuns(view, value as readonly number[], promise),
    judgeUpdates: judgePlaces,
    judgeReads: judgeOrder,
    judgeDeclined: ({ call }, { updates }) => {
      if (call.f === "insert") return "could insert";
      if (promise.isGrowOnly === true) return null;
      const { elements, place, count } = call.value as unknown as Deletion;
      const shown = shownBy(updates);
      const isThere =
        elements === undefined
          ? count > 0 && Math.floor((place * shown.size) / PER_MILLE) < shown.size
          : elements.some((element) => shown.has(element));
      return isThere ? `held ${shown.size} elements` : null;
    },
  };
}

function shownBy(updates: readonly UpdateRecord[]): ReadonlySet<number> {
  const { inserts, deletes } = split(updates);
  const shown = new Set(inserts.flatMap(elementsOf));
  for (const gone of deletes.flatMap(goneOf)) shown.delete(gone);
  return shown;
}

/** A client names elements that it has read, or put there itself: what the replica still shows of them is where the update goes. */
function judgePlaces(index: UpdateIndex): string | null {
  for (const update of index.all) {
    const asked = update.call.value as unknown as Asked;
    if (asked.behind === undefined && asked.before === undefined && asked.elements === undefined) continue;
    const { known, unknown } = index.within(update.saw);
    // An update that nobody answered may have deleted any element, and an element waits unseen for the one that it was put beside.
    if (unknown > 0 || !index.isClosed(update.saw)) continue;
    const shown = shownBy(known);
    const wrong = update.call.f === "insert" ? misplaced(update, asked, shown) : missed(update, asked, shown);
    if (wrong !== null) return wrong;
  }
  return null;
}

function misplaced(update: UpdateRecord, { behind, before }: Asked, shown: ReadonlySet<number>): string | null {
  const { left, right } = besideOf(update);
  const name = nameOf(update.id);
  if (behind !== undefined && shown.has(behind)) {
    return left === behind ? null : `${name} was to stand behind ${behind}, and was put behind ${left}`;
  }
  if (before === undefined || !shown.has(before) || right === before) return null;
  return `${name} was to stand before ${before}, and was put before ${right}`;
}

function missed(update: UpdateRecord, { elements }: Asked, shown: ReadonlySet<number>): string | null {
  if (elements === undefined) return null;
  const gone = goneOf(update);
  const first = elements.find((element) => shown.has(element));
  if (gone[0] === first && gone.every((element) => elements.includes(element))) return null;
  const expected = first === undefined ? "nothing" : `${first} and others`;
  return `${nameOf(update.id)} deleted ${gone.join()}, expected ${expected} of ${elements.join()}`;
}

function judgeElements(view: View, shown: readonly number[]): string | null {
  const found = new Set(shown);
  if (found.size !== shown.length) return `shows an element twice: ${JSON.stringify(shown)}`;
  const { inserts, deletes } = split(view.updates);
  const gone = new Set(deletes.flatMap(goneOf));
  const expected = new Set(inserts.flatMap(elementsOf));
  const back = shown.find((element) => gone.has(element));
  if (back !== undefined) return `shows ${back}, which was deleted`;
  const uncertain = new Set(
    view.unanswered.flatMap(({ f, value }) =>
      f === "insert" ? ((value as { elements?: number[] }).elements ?? []) : [],
    ),
  );
  const madeUp = shown.find((element) => !expected.has(element) && !uncertain.has(element));
  if (madeUp !== undefined) return `shows ${madeUp}, which nobody inserted`;
  // A delete that nobody answered may have taken any element.
  if (view.unanswered.some(({ f }) => f === "delete")) return null;
  const lost = [...expected].find((element) => !found.has(element) && !gone.has(element));
  return lost === undefined ? null : `has lost ${lost}`;
}

function split(updates: readonly UpdateRecord[]): {
  readonly inserts: UpdateRecord[];
  readonly deletes: UpdateRecord[];
} {
  return {
    inserts: updates.filter(({ call }) => call.f === "insert"),
    deletes: updates.filter(({ call }) => call.f === "delete"),
  };
}

/** Elements between two that belong side by side must have been inserted by somebody who had seen the older of the two. */
function judgeRuns(view: View, shown: readonly number[], promise: Interleaving): string | null {
  if (promise.forward !== true || view.unanswered.length > 0) return null;
  const { inserts, deletes } = split(view.updates);
  const makers = new Map<number, UpdateRecord>();
  for (const insert of inserts) for (const element of elementsOf(insert)) makers.set(element, insert);
  const places = new Map(shown.map((element, place) => [element, place]));
  const intruder = (left: number, right: number, older: UpdateRecord): string | null => {
    const [from, to] = [places.get(left), places.get(right)];
    if (from === undefined || to === undefined) return null;
    for (let place = from + 1; place < to; place++) {
      const maker = makers.get(shown[place]!); // place is below the length
      if (maker === undefined || maker === older || holds(maker.saw, older.id)) continue;
      return `shows ${shown[place]} of ${nameOf(maker.id)} between ${left} and ${right}, though it had not seen ${nameOf(older.id)}`;
    }
    return null;
  };
  for (const insert of inserts) {
    const elements = elementsOf(insert);
    const { left, right } = besideOf(insert);
    let found = left === null ? null : intruder(left, elements[0]!, makers.get(left) ?? insert); // an insert has elements
    for (let i = 1; i < elements.length; i++) found ??= intruder(elements[i - 1]!, elements[i]!, insert);
    const maker = right === null ? undefined : makers.get(right);
    if (promise.backward === true && deletes.length === 0 && maker !== undefined && isSameGap(insert, maker, right!))
      found ??= intruder(elements.at(-1)!, right!, maker);
    if (found !== null) return found;
  }
  return null;
}

/** True when an insert stands right before the first element of another and on the same left neighbour: typing backwards. */
function isSameGap(insert: UpdateRecord, maker: UpdateRecord, right: number): boolean {
  return elementsOf(maker)[0] === right && besideOf(maker).left === besideOf(insert).left;
}

/** Looks for a cycle in "stands before", over all reads and all inserts. */
function judgeOrder(history: ReplicaHistory, index: UpdateIndex): string | null {
  const after = new Map<number, Set<number>>();
  const put = (left: number, right: number): void => {
    const known = after.get(left);
    if (known === undefined) after.set(left, new Set([right]));
    else known.add(right);
  };
  const putAll = (elements: readonly number[]): void => {
    for (let i = 1; i < elements.length; i++) put(elements[i - 1]!, elements[i]!);
  };
  for (const { value } of history.reads) putAll(value as readonly PlainJson[] as readonly number[]);
  for (const update of index.all) {
    if (update.call.f !== "insert") continue;
    const { left, right } = besideOf(update);
    const elements = [...(left === null ? [] : [left]), ...elementsOf(update), ...(right === null ? [] : [right])];
    putAll(elements);
  }
  const cycle = findCycle(after);
  if (cycle === null) return null;
  return `elements stand in two orders, in reads or between the neighbours of an insert: ${cycle.join(" before ")}`;
}

function findCycle(after: ReadonlyMap<number, ReadonlySet<number>>): number[] | null {
  const state = new Map<number, "open" | "done">();
  for (const start of after.keys()) {
    if (state.has(start)) continue;
    const path: { readonly element: number; readonly next: Iterator<number> }[] = [];
    const enter = (element: number): void => {
      state.set(element, "open");
      path.push({ element, next: (after.get(element) ?? new Set<number>()).values() });
    };
    enter(start);
    for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
      const { value, done } = top.next.next();
      if (done === true) {
        state.set(top.element, "done");
        path.pop();
      } else if (state.get(value) === "open") {
        const from = path.findIndex(({ element }) => element === value);
        return [...path.slice(from).map(({ element }) => element), value];
      } else if (!state.has(value)) enter(value);
    }
  }
  return null;
}
