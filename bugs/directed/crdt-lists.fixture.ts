/** Witnesses of the bugs of lists: automerge-classic 34, and rust-crdt's identifiers and LSEQ. */
import { expectStep, load, type Verdict } from "./script.fixture.ts";

type Library = typeof import("../../systems/crdt/index.ts");

/** Three inserts at one place, each made without the others, arrive in two orders. */
export async function witnessPub25(root: string): Promise<Verdict> {
  const { rgaText } = await load<Library>(root, "systems/crdt/index.ts");
  const base = rgaText.create();
  rgaText.apply(base, rgaText.insert(base, "base", 0, "()"));
  const ops = ["c", "a", "b"].map((actor) => rgaText.insert(base, actor, 1, actor));
  const texts = [
    [0, 1, 2],
    [2, 1, 0],
  ].map((order) => {
    const state = rgaText.create();
    rgaText.merge(state, base);
    for (const i of order) rgaText.apply(state, ops[i]!); // each is the place of an operation
    return rgaText.read(state);
  });
  const told = `the same operations give ${texts.join(" and ")}`;
  return { violated: texts[0] === texts[1] ? [] : ["strong-convergence"], told };
}

/** Inserts into ever smaller gaps: sooner or later an identifier extends that of its left neighbour. */
export async function witnessRcrdt7(root: string): Promise<Verdict> {
  const { identifierText } = await load<Library>(root, "systems/crdt/index.ts");
  const state = identifierText.create();
  const expected: string[] = [];
  for (let i = 0; i < 40; i++) {
    const letter = String.fromCharCode(0x4e00 + i);
    const position = Math.floor(expected.length / 2);
    identifierText.apply(state, identifierText.insert(state, i % 2 === 0 ? "a" : "b", position, letter));
    expected.splice(position, 0, letter);
  }
  const isKept = identifierText.read(state) === expected.join("");
  const told = isKept ? "each of 40 inserts landed between its neighbours" : "an insert landed outside its neighbours";
  return { violated: isKept ? [] : ["intention"], told };
}

/** An insert is prepared, applied where it was made, and sent to another replica. */
export async function witnessRcrdt8(root: string): Promise<Verdict> {
  const { identifierText } = await load<Library>(root, "systems/crdt/index.ts");
  const [own, other] = [identifierText.create(), identifierText.create()];
  const op = identifierText.insert(own, "a", 0, "x");
  identifierText.apply(own, op);
  identifierText.apply(other, op);
  expectStep(identifierText.read(other) === "x", "the delivery at the other replica");
  const shown = identifierText.read(own);
  const told = `the replica that inserted "x" shows ${JSON.stringify(shown)}`;
  return { violated: shown === "x" ? [] : ["lost-update"], told };
}
