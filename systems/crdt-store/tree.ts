/** Stores of a movable tree and of a Merkle register. Calls: move and remove of a node; put. */
import { compareText, merkleRegister, moveTree, textCodec } from "../crdt/index.ts";
import { type StoreKind, storeKind } from "./kind.ts";

const PER_MILLE = 1000;

export const TREE_KINDS: { readonly [type: string]: StoreKind } = {
  "move-tree": storeKind(() => {
    const tree = moveTree(textCodec);
    return {
      type: tree,
      prepare: (state, actor, { f, key, value }) => {
        const child = key ?? "";
        const [parent, meta] = f === "move" ? (value as readonly [string, string]) : ["", ""];
        const op = f === "move" ? tree.move(state, actor, { child, parent, meta }) : tree.remove(state, actor, child);
        return { op, told: [op.time, op.actor, op.parent, op.meta] };
      },
      /** Every node that was ever placed: [node, parent, meta], by node. */
      show: (state) =>
        [...state.places]
          .sort((a, b) => compareText(a[0], b[0]))
          .map(([node, { parent, meta }]) => [node, parent, meta]),
    };
  }),
};

export const MERKLE_KINDS: { readonly [type: string]: StoreKind } = {
  "merkle-register": storeKind(() => {
    const register = merkleRegister(textCodec);
    return {
      type: register,
      /** Over all heads, or with [value, share] over the first of them, that share of a thousand. */
      prepare: (state, _actor, { value }) => {
        const [text, share] = value as readonly [string, number];
        const heads = register.read(state).map(({ hash }) => hash);
        const op = register.write(state, text, heads.slice(0, Math.ceil((heads.length * share) / PER_MILLE)));
        return { op, told: { hash: register.hashOf(op), children: op.children } };
      },
      show: (state) => register.read(state).map(({ hash, value }) => [hash, value]),
    };
  }),
};
