/** The witness of the bug that makes a store decline what it must do. */
import { load, type Verdict } from "./script.fixture.ts";

/** A folder in a folder is removed. */
export async function witnessDecl1(root: string): Promise<Verdict> {
  const { CrdtError, moveTree, textCodec } = await load<typeof import("../../systems/crdt/index.ts")>(
    root,
    "systems/crdt/index.ts",
  );
  const tree = moveTree(textCodec);
  const state = tree.create();
  tree.apply(state, tree.move(state, "a", { child: "outer", parent: "root", meta: "" }));
  tree.apply(state, tree.move(state, "a", { child: "inner", parent: "outer", meta: "" }));
  try {
    tree.apply(state, tree.remove(state, "a", "inner"));
  } catch (error) {
    if (!(error instanceof CrdtError)) throw error;
    return { violated: ["declined"], told: `the remove of inner was refused: ${error.message}` };
  }
  return { violated: [], told: `inner hangs from ${tree.parentOf(state, "inner")}` };
}
