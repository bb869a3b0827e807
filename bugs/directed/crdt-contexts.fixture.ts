/** Witnesses of the bugs that show when a client speaks about what it read a while ago. */
import { load, type Verdict } from "./script.fixture.ts";

type Library = typeof import("../../systems/crdt/index.ts");

const library = (root: string): Promise<Library> => load<Library>(root, "systems/crdt/index.ts");

function judge(found: readonly string[], expected: readonly string[], broken: string, told: string): Verdict {
  const isSame = JSON.stringify(found) === JSON.stringify(expected);
  return { violated: isSame ? [] : [broken], told: `${told} shows ${JSON.stringify(found)}` };
}

/** Two clients write at a, neither having read the other; b gets the delta of the second write. */
export async function witnessCtx1(root: string): Promise<Verdict> {
  const { Clock, dvvSet, textCodec } = await library(root);
  const set = dvvSet(textCodec);
  const [a, b] = [set.create(), set.create()];
  set.apply(a, set.put(a, "a", new Clock(), "first"));
  const second = set.put(a, "a", new Clock(), "second");
  set.merge(b, set.deltaOf(a, second));
  return judge(set.read(b).value, ["second", "first"], "lost-update", "b, which has the delta of both writes,");
}

/** A client reads x at a and removes it at b, which has not heard of x; then b joins a. */
export async function witnessCtx2(root: string): Promise<Verdict> {
  const { orSet, textCodec } = await library(root);
  const set = orSet(textCodec);
  const [a, b] = [set.create(), set.create()];
  set.apply(a, set.add(a.seen, "a", "x"));
  set.apply(b, set.removeAfter(set.read(a), "x"));
  set.merge(b, a);
  return judge(set.values(b.store), [], "observed-remove", "b, where what was read at a was removed,");
}

/** A client reads "old"; another writes over it; the first writes by what it had read. */
export async function witnessCtx3(root: string): Promise<Verdict> {
  const { mvRegister, textCodec } = await library(root);
  const register = mvRegister(textCodec);
  const state = register.create();
  register.apply(state, register.put(state, "a", "old"));
  const read = register.read(state);
  register.apply(state, register.put(state, "a", "between"));
  register.apply(state, register.putAfter(state, "a", read, "late"));
  return judge(register.valuesOf(state.store), ["between", "late"], "lost-update", "the register");
}
