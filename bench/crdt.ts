/** The CRDT library beside yjs and automerge: text, maps, sets, counters. By processor time, in turns; see crdt/text.ts and crdt/keyed.ts. */
import { benchKeyed } from "./crdt/keyed.ts";
import { benchText } from "./crdt/text.ts";

/** Prints the figures. */
export async function benchCrdt(): Promise<void> {
  await benchText();
  await benchKeyed();
}
