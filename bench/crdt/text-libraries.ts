/**
 * One text document in each library, behind one face: edits make updates in bytes, other replicas receive them, a document is saved and loaded.
 *
 * One transaction of a trace is one transaction (yjs), one change (automerge), or one operation for each insert and delete (ours), and what it
 * sends is bytes in all of them. Each library is used the way its manual advises; a batch of updates is given in one call where there is one.
 */
import * as A from "@automerge/automerge";
import * as Y from "yjs";
import { decodeOp, decodeState, encodeOp, encodeState } from "../../systems/crdt/crdt.ts";
import { fugueText, identifierText, type ListType, rgaText } from "../../systems/crdt/lists.ts";
import type { Patch } from "./trace.ts";

/** What one transaction sends to the other replicas. */
export type Update = readonly Uint8Array[];

export type TextReplica = {
  edit(patches: readonly Patch[]): Update;
  receive(updates: readonly Update[]): void;
  read(): string;
  save(): Uint8Array;
};

export type TextLibrary = {
  readonly name: string;
  /** Replicas of one document that is empty. */
  create(count: number): TextReplica[];
  load(bytes: Uint8Array): TextReplica;
};

function ours<S, O>(name: string, type: ListType<S, O, string>): TextLibrary {
  const replica = (actor: string, state: S): TextReplica => {
    const make = (op: O): Uint8Array => {
      type.apply(state, op);
      return encodeOp(type, op);
    };
    return {
      edit: (patches) => {
        const update: Uint8Array[] = [];
        for (const [position, count, inserted] of patches) {
          if (count > 0) update.push(make(type.delete(state, { position, count })));
          if (inserted.length > 0) update.push(make(type.insert(state, actor, position, inserted)));
        }
        return update;
      },
      receive: (updates) => {
        for (const update of updates) for (const bytes of update) type.apply(state, decodeOp(type, bytes));
      },
      read: () => type.read(state),
      save: () => encodeState(type, state),
    };
  };
  return {
    name,
    create: (count) => Array.from({ length: count }, (_, i) => replica(`agent${i}`, type.create())),
    load: (bytes) => replica("reader", decodeState(type, bytes)),
  };
}

function yjsReplica(doc: Y.Doc): TextReplica {
  const text = doc.getText("text");
  let sent: Uint8Array[] = [];
  doc.on("update", (update: Uint8Array, origin: unknown) => {
    if (origin === "local") sent.push(update);
  });
  return {
    edit: (patches) => {
      sent = [];
      doc.transact(() => {
        for (const [position, count, inserted] of patches) {
          if (count > 0) text.delete(position, count);
          if (inserted.length > 0) text.insert(position, inserted);
        }
      }, "local");
      return sent;
    },
    receive: (updates) => {
      doc.transact(() => {
        for (const update of updates) for (const bytes of update) Y.applyUpdate(doc, bytes);
      }, "remote");
    },
    read: () => text.toString(),
    save: () => Y.encodeStateAsUpdateV2(doc),
  };
}

const yjs: TextLibrary = {
  name: "yjs",
  create: (count) =>
    Array.from({ length: count }, (_, i) => {
      const doc = new Y.Doc();
      doc.clientID = i + 1;
      return yjsReplica(doc);
    }),
  load: (bytes) => {
    const doc = new Y.Doc();
    Y.applyUpdateV2(doc, bytes);
    return yjsReplica(doc);
  },
};

type AutomergeText = { text: string };

function automergeReplica(first: A.Doc<AutomergeText>): TextReplica {
  let doc = first;
  return {
    edit: (patches) => {
      doc = A.change(doc, (draft) => {
        for (const [position, count, inserted] of patches) A.splice(draft, ["text"], position, count, inserted);
      });
      const change = A.getLastLocalChange(doc);
      return change === undefined ? [] : [change];
    },
    receive: (updates) => {
      [doc] = A.applyChanges(doc, updates.flat());
    },
    read: () => doc.text,
    save: () => A.save(doc),
  };
}

const automerge: TextLibrary = {
  name: "automerge",
  create: (count) => {
    const base = A.save(A.from<AutomergeText>({ text: "" }, "ff"));
    return Array.from({ length: count }, (_, i) => automergeReplica(A.load<AutomergeText>(base, `0${i + 1}`)));
  },
  load: (bytes) => automergeReplica(A.load<AutomergeText>(bytes)),
};

export const OURS: readonly TextLibrary[] = [
  ours("Fugue", fugueText),
  ours("RGA", rgaText),
  ours("identifier paths", identifierText),
];
export const YJS: TextLibrary = yjs;
export const AUTOMERGE: TextLibrary = automerge;
