/**
 * Removes of keys that have not taken full effect: for each key a clock, kept until all that it covers was seen.
 *
 * Clocks of one key join by maximum (a clock is a set of dots, closed downwards). An update that arrives later under a clock of its
 * key is taken away again at once. Forgetting this lost removes in rust-crdt (commits eabc3d7, 595d9a2, 376bbf4).
 */
import type { ByteReader, ByteWriter } from "./bytes.ts";
import { Clock } from "./clock.ts";
import type { DotContext } from "./dot-context.ts";
import { defer, readDeferred, settleClock, unsettled } from "./dot-store.ts";
import { compareKeys, type ValueCodec, type ValueKey } from "./value-codec.ts";

export type DeferredRemove<K> = { readonly key: K; readonly clock: Clock };
export type DeferredRemoves<K> = Map<ValueKey, DeferredRemove<K>>;

/** Notes the part of the clock that `seen` (and `otherSeen`) does not cover. */
export function deferRemove<K>(
  removes: DeferredRemoves<K>,
  remove: { readonly id: ValueKey; readonly key: K; readonly clock: Clock },
  seen: DotContext,
  otherSeen?: DotContext,
): void {
  const known = removes.get(remove.id);
  const clock = known?.clock ?? new Clock();
  defer(clock, remove.clock, seen, otherSeen);
  if (known === undefined && !clock.isEmpty) removes.set(remove.id, { key: remove.key, clock });
}

export function settleRemoves<K>(removes: DeferredRemoves<K>, seen: DotContext): void {
  for (const [id, { clock }] of removes) {
    settleClock(clock, seen);
    if (clock.isEmpty) removes.delete(id);
  }
}

export function hasUnsettled<K>(removes: DeferredRemoves<K>, seen: DotContext): boolean {
  for (const { clock } of removes.values()) if (unsettled(clock, seen) !== null) return true;
  return false;
}

export function writeRemoves<K>(
  codec: ValueCodec<K>,
  writer: ByteWriter,
  removes: DeferredRemoves<K>,
  seen: DotContext,
): void {
  const rest: [ValueKey, K, Clock][] = [];
  for (const [id, { key, clock }] of removes) {
    const left = unsettled(clock, seen);
    if (left !== null) rest.push([id, key, left]);
  }
  rest.sort((a, b) => compareKeys(a[0], b[0]));
  writer.uint(rest.length);
  for (const [, key, clock] of rest) {
    codec.write(writer, key);
    clock.write(writer);
  }
}

export function readRemoves<K>(codec: ValueCodec<K>, reader: ByteReader, seen: DotContext): DeferredRemoves<K> {
  const removes: DeferredRemoves<K> = new Map();
  const count = reader.count("the number of deferred removes", 2);
  let previous: ValueKey | null = null;
  for (let i = 0; i < count; i++) {
    const key = codec.read(reader);
    const id = codec.keyOf(key);
    if (previous !== null && compareKeys(previous, id) >= 0) reader.fail("the deferred removes are not ascending.");
    const clock = readDeferred(reader, seen);
    if (clock.isEmpty) reader.fail("a deferred remove covers nothing.");
    removes.set(id, { key, clock });
    previous = id;
  }
  return removes;
}

/** Refuses deferred removes that should have taken away live dots of their keys. */
export function refuseLive<K>(
  reader: ByteReader,
  removes: DeferredRemoves<K>,
  liveOf: (id: ValueKey) => Clock | undefined,
): void {
  for (const [id, { clock }] of removes) {
    for (const { actor, counter } of liveOf(id)?.entries ?? []) {
      if (clock.has(actor, counter)) reader.fail(`the live dot ${counter} of "${actor}" is under a deferred remove.`);
    }
  }
}
