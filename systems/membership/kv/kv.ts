/**
 * The KV of membership: every node holds every key, changes it without asking anybody, and all come to hold the same.
 *
 * An operation is one transaction on one key: it sees the value as it is at this node and, if the caller gave the context of a read, happens
 * only if nothing has changed since. The answer comes once the change is durable here; then the whole value is multicast, and
 * anti-entropy brings it where the multicast did not reach. Of two values the one that has seen the other stays; concurrent ones
 * are merged, fields and clocks both, so no update that anybody acknowledged is lost while one node that has it keeps its disk.
 *
 * Each boot counts under an actor name of its own, so no count stands for two operations, whatever a disk has lost. The price is one
 * entry in a key's clock for each boot that changed the key. There is no removal of keys, as in lashup: drop the fields.
 */
import type { Host } from "../../../sim/host.ts";
import { DecodeError } from "../../crdt/bytes.ts";
import { Clock } from "../../crdt/clock.ts";
import type {
  KvContext,
  KvNotice,
  KvReading,
  KvResult,
  KvUpdate,
  MembershipKv,
  Multicast,
  Routes,
} from "../membership.ts";
import type { KvObservation, KvReadyObservation } from "../observation.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { Entropy } from "./entropy.ts";
import { hashOf, joinEntries, type KvEntry, makeEntry, readEntry, stateOf } from "./entry.ts";
import { KvJournal, loadJournal } from "./journal.ts";
import type { KvOptions } from "./options.ts";
import { Subscriptions } from "./subscriptions.ts";
import { EntryTable } from "./table.ts";
import { applyUpdates, EMPTY_VALUE, kvMap, plainValue } from "./value.ts";

export type KvParts = {
  readonly host: Host;
  readonly overlay: Overlay;
  readonly routes: Routes;
  readonly multicast: Multicast;
};

/** Loads the disk, then takes part. A disk that fails ends the process. */
export async function startKv(parts: KvParts, options: KvOptions): Promise<MembershipKv> {
  const { host } = parts;
  const { folder, journalBytesMax } = options;
  const { payloads, numbers } = await loadJournal(host, folder);
  const table = new EntryTable();
  for (const bytes of payloads) {
    const entry = readEntry(bytes);
    const joined = joinEntries(table.get(entry.key), entry);
    if (joined !== null) table.put(joined);
  }
  const snapshot = (): readonly Uint8Array[] => table.entries().map(({ bytes }) => bytes);
  const journal = await KvJournal.begin(host, { folder, journalBytesMax, snapshot }, numbers);
  return new KvStore(parts, options, table, journal);
}

class KvStore implements MembershipKv {
  readonly #host: Host;
  readonly #options: KvOptions;
  readonly #multicast: Multicast;
  readonly #table: EntryTable;
  readonly #journal: KvJournal;
  readonly #subscriptions: Subscriptions;
  readonly #entropy: Entropy;
  readonly #actor: string;
  /** Updates, own and remote, that are not durable yet. */
  #pending = 0;

  constructor(parts: KvParts, options: KvOptions, table: EntryTable, journal: KvJournal) {
    const { host, overlay, routes, multicast } = parts;
    this.#host = host;
    this.#options = options;
    this.#multicast = multicast;
    this.#table = table;
    this.#journal = journal;
    this.#actor = `${host.name}#${host.boot.incarnation}`;
    this.#subscriptions = new Subscriptions({
      host,
      flushUs: options.flushUs,
      keys: (prefix) => table.keys(prefix),
      read: (key) => this.read(key),
    });
    const take = (bytes: Uint8Array, from: string): void => this.#takeLater(bytes, from);
    this.#entropy = new Entropy({ host, options, overlay, routes, table, take });
    multicast.subscribe(options.topic, ({ payload }) => this.#takeLater(payload, null));
    for (const entry of table.entries()) this.#observe(entry);
    const { name, boot } = host;
    host.observe("membership.kv-ready", (): KvReadyObservation => ({ host: name, incarnation: boot.incarnation }));
  }

  keys(prefix = ""): readonly string[] {
    return this.#table.keys(prefix);
  }

  read(key: string): KvReading {
    const entry = this.#table.get(key);
    return entry === undefined ? { key, value: EMPTY_VALUE, context: new Clock() } : readingOf(entry);
  }

  subscribe(prefix: string, listener: (notice: KvNotice) => void): () => void {
    return this.#subscriptions.add(prefix, listener);
  }

  async requestOp(key: string, context: KvContext | null, updates: readonly KvUpdate[]): Promise<KvResult> {
    if (this.#isOverflowing()) return { kind: "error", error: "overflow" };
    const mine = this.#table.get(key);
    const seen = mine?.clock ?? new Clock();
    if (context !== null && !context.equals(seen)) return { kind: "error", error: "concurrency-violation" };
    const state = mine === undefined ? kvMap.create() : stateOf(mine);
    applyUpdates(state, this.#actor, updates);
    const clock = seen.copy();
    clock.raise(this.#actor, clock.get(this.#actor) + 1);
    const entry = makeEntry(key, clock, state);
    if (entry.bytes.length > this.#options.warnBytes) this.#host.mark("kv.value-large");
    if (entry.bytes.length > this.#options.rejectBytes) return { kind: "error", error: "too-large" };
    this.#pending += 1;
    await this.#put(entry);
    this.#multicast.send(this.#options.topic, entry.bytes);
    return { kind: "ok", key, value: plainValue(state), context: clock };
  }

  #isOverflowing(): boolean {
    if (this.#pending < this.#options.pendingMax) return false;
    this.#host.mark("kv.overflow");
    return true;
  }

  /** Changes the table now and the disk soon. The caller has counted the update as pending. */
  async #put(entry: KvEntry): Promise<void> {
    this.#table.put(entry);
    this.#subscriptions.changed(entry.key);
    await this.#journal.append(entry.bytes);
    this.#pending -= 1;
    this.#observe(entry);
  }

  /** An entry of another node; `from` is the neighbour whose anti-entropy brought it. The work is done in an event that may wait for the disk. */
  #takeLater(bytes: Uint8Array, from: string | null): void {
    if (this.#isOverflowing()) return;
    this.#pending += 1;
    this.#host.timers.after(0, () => this.#take(bytes, from));
  }

  async #take(bytes: Uint8Array, from: string | null): Promise<void> {
    const joined = this.#join(bytes);
    if (joined === null) {
      this.#pending -= 1;
      return;
    }
    if (from !== null) this.#entropy.passOn(from);
    await this.#put(joined);
  }

  /** What this node holds with that entry; null when it is nothing new, or no entry. */
  #join(bytes: Uint8Array): KvEntry | null {
    try {
      const entry = readEntry(bytes);
      return joinEntries(this.#table.get(entry.key), entry);
    } catch (error) {
      if (!(error instanceof DecodeError)) throw error;
      this.#host.mark("kv.no-entry");
      return null;
    }
  }

  /** The entry is durable at this node. */
  #observe(entry: KvEntry): void {
    this.#host.observe(
      "membership.kv",
      (): KvObservation => ({
        host: this.#host.name,
        incarnation: this.#host.boot.incarnation,
        key: entry.key,
        clock: Object.fromEntries(entry.clock.dots().map(({ actor, counter }) => [actor, counter])),
        hash: hashOf(entry),
      }),
    );
  }
}

function readingOf(entry: KvEntry): KvReading {
  return { key: entry.key, value: plainValue(stateOf(entry)), context: entry.clock };
}
