/**
 * A key with its value and clock as one encoding: what goes to the disk, into the multicast and into anti-entropy. Nodes that hold the same
 * share the same bytes; the state is decoded when somebody needs it.
 *
 * The clock counts the operations on the key by actor (a boot of a node), so it says which of two values has seen the other. It is
 * never changed in place.
 */
import { ByteReader, ByteWriter } from "../../crdt/bytes.ts";
import { Clock } from "../../crdt/clock.ts";
import { decodeState, encodeState } from "../../crdt/crdt.ts";
import { type KvState, kvMap } from "./value.ts";

export type KvEntry = { readonly key: string; readonly clock: Clock; readonly bytes: Uint8Array };

export function makeEntry(key: string, clock: Clock, state: KvState): KvEntry {
  const writer = new ByteWriter();
  writer.text(key);
  clock.write(writer);
  writer.blob(encodeState(kvMap, state));
  return { key, clock, bytes: writer.finish() };
}

/** Throws DecodeError. The bytes are kept. */
export function readEntry(bytes: Uint8Array): KvEntry {
  const reader = new ByteReader(bytes);
  const key = reader.text("a key");
  return { key, clock: Clock.read(reader), bytes };
}

/** A state of its own, free to be changed. Throws DecodeError. */
export function stateOf(entry: KvEntry): KvState {
  const reader = new ByteReader(entry.bytes);
  reader.text("a key");
  Clock.read(reader);
  const state = decodeState(kvMap, reader.blob("a state"));
  reader.end();
  return state;
}

/** What a node holds after it heard of another entry of the same key: null when it holds all of that already. */
export function joinEntries(mine: KvEntry | undefined, theirs: KvEntry): KvEntry | null {
  if (mine === undefined) return theirs;
  const order = theirs.clock.compare(mine.clock);
  if (order === "equal" || order === "before") return null;
  if (order === "after") return theirs;
  const state = stateOf(mine);
  kvMap.merge(state, stateOf(theirs));
  const clock = mine.clock.copy();
  clock.merge(theirs.clock);
  return makeEntry(mine.key, clock, state);
}

/** FNV-1a over the bytes, for observations. */
export function hashOf({ bytes }: KvEntry): number {
  let hash = 0x811c9dc5;
  for (const byte of bytes) hash = Math.imul(hash ^ byte, 0x01000193);
  return hash >>> 0;
}
