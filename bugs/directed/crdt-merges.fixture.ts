/** Witnesses of the bugs of sets and maps: rust-crdt by commit, riak_dt 78 and 82. */
import type { CrdtType, OrSet, OrSetOp } from "../../systems/crdt/index.ts";
import { load, type Verdict } from "./script.fixture.ts";

type Library = typeof import("../../systems/crdt/index.ts");
type Set = OrSet<string>;

const library = (root: string): Promise<Library> => load<Library>(root, "systems/crdt/index.ts");

function perform<S, O>(type: CrdtType<S, O>, state: S, op: O | null): O {
  if (op === null) throw new Error("The script went astray: there was nothing to do.");
  type.apply(state, op);
  return op;
}

/** Members must be exactly these; `told` says what happened either way. */
function judge(found: readonly string[], expected: readonly string[], told: string): Verdict {
  const isSame = JSON.stringify(found) === JSON.stringify(expected);
  return { violated: isSame ? [] : ["observed-remove"], told: `${told} shows ${JSON.stringify(found)}` };
}

async function sets(root: string, count: number) {
  const { orSet, textCodec } = await library(root);
  const set = orSet(textCodec);
  const add = (state: Set, actor: string, value: string): OrSetOp<string> =>
    perform(set, state, set.add(state.seen, actor, value));
  const remove = (state: Set, value: string): OrSetOp<string> => perform(set, state, set.remove(state.store, value));
  return { set, add, remove, states: Array.from({ length: count }, () => set.create()) };
}

/** riak_dt#82: x is added at a and b; c joins a; a removes x; a joins b; b removes x; b joins what a and c hold. */
export async function witnessPub22(root: string): Promise<Verdict> {
  const { set, add, remove, states } = await sets(root, 3);
  const [a, b, c] = states as [Set, Set, Set];
  add(a, "a", "x");
  add(b, "b", "x");
  set.merge(c, a);
  remove(a, "x");
  set.merge(a, b);
  remove(b, "x");
  set.merge(a, c);
  set.merge(b, a);
  return judge(set.values(b.store), [], "b, who has seen both adds removed,");
}

/** b removes the add of a and adds anew; a joins b and removes what it then holds; b takes that remove. */
export async function witnessRcrdt1(root: string): Promise<Verdict> {
  const { set, add, remove, states } = await sets(root, 2);
  const [a, b] = states as [Set, Set];
  add(a, "a", "x");
  set.merge(b, a);
  remove(b, "x");
  add(b, "b", "x");
  set.merge(a, b);
  set.apply(b, remove(a, "x"));
  return judge(set.values(b.store), [], "b, after a has joined it and removed x,");
}

/** The add of a is the newest that b has seen of a; b removes it and adds x itself, so both hold an entry when a joins b. */
export async function witnessRcrdt2(root: string): Promise<Verdict> {
  const { set, add, remove, states } = await sets(root, 2);
  const [a, b] = states as [Set, Set];
  add(a, "a", "x");
  set.merge(b, a);
  remove(b, "x");
  add(b, "b", "x");
  set.merge(a, b);
  const live = set
    .readMember(a, "x")
    .removes.dots()
    .map(({ actor, counter }) => `${actor}${counter}`);
  return judge(live, ["b1"], "of the adds of x a");
}

/** A remove overtakes its add, is passed on by a merge, and then the add comes. */
export async function witnessRcrdt3(root: string): Promise<Verdict> {
  const { set, add, remove, states } = await sets(root, 3);
  const [source, early, late] = states as [Set, Set, Set];
  const added = add(source, "a", "x");
  set.apply(early, remove(source, "x"));
  set.merge(late, early);
  set.apply(late, added);
  return judge(set.values(late.store), [], "the replica that had the remove first");
}

/** A remove overtakes its add at a replica that has an update of its own: the clocks are concurrent. */
export async function witnessRcrdt4(root: string): Promise<Verdict> {
  const { set, add, remove, states } = await sets(root, 2);
  const [source, target] = states as [Set, Set];
  const added = add(source, "a", "x");
  const removed = remove(source, "x");
  add(target, "b", "y");
  set.apply(target, removed);
  set.apply(target, added);
  return judge(set.values(target.store), ["y"], "the replica that had the remove first");
}

/** k holds "old"; one replica removes k while another adds "new" to it. */
export async function witnessRcrdt5(root: string): Promise<Verdict> {
  const { crdtMap, orSet, textCodec } = await library(root);
  const set = orSet(textCodec);
  const map = crdtMap(textCodec, set.store);
  const [a, b] = [map.create(), map.create()];
  const add = (state: typeof a, actor: string, value: string): unknown =>
    perform(
      map,
      state,
      map.update(state.store, "k", () => set.add(state.seen, actor, value)),
    );
  add(a, "a", "old");
  map.merge(b, a);
  perform(map, a, map.remove(a.store, "k"));
  add(a, "a", "mine");
  add(b, "b", "new");
  map.merge(b, a);
  const value = map.get(b.store, "k");
  return judge(value === undefined ? [] : set.values(value), ["mine", "new"], "key k, of which a has removed the old,");
}

/** The remove of a key overtakes the update that it has seen. */
export async function witnessRcrdt6(root: string): Promise<Verdict> {
  const { crdtMap, orSet, textCodec } = await library(root);
  const set = orSet(textCodec);
  const map = crdtMap(textCodec, set.store);
  const [source, target] = [map.create(), map.create()];
  const update = perform(
    map,
    source,
    map.update(source.store, "k", () => set.add(source.seen, "a", "x")),
  );
  const remove = perform(map, source, map.remove(source.store, "k"));
  map.apply(target, remove);
  map.apply(target, update);
  return judge(map.keys(target.store), [], "the replica that had the remove first");
}
