/**
 * Repair beside the trees, after Plumtree (Leitão, Pereira, Rodrigues, SRDS 2007): what came is announced to all neighbours, and a neighbour that
 * still misses it after a while asks for it. So a packet gets past a lost message, a stale tree and the end of its time to live,
 * hop by hop, as long as the overlay holds together. A new neighbour is told of everything kept.
 */
import type { Host } from "../../../sim/host.ts";
import type { KeptPackets } from "./kept.ts";
import type { Ledger } from "./ledger.ts";
import { idOf, type MulticastWire, type PacketName } from "./message.ts";
import type { MulticastOptions } from "./options.ts";

/** Names in one message. */
const NAMES_MAX = 200;

/** Each question waits longer for its answer than the one before, up to so many times `graftUs`. */
const PATIENCE_MAX = 8;

type Missing = {
  readonly name: PacketName;
  readonly announcedBy: string[];
  readonly sinceUs: number;
  asked: number;
  dueUs: number;
};

export type RepairParts = {
  readonly host: Host;
  readonly options: MulticastOptions;
  readonly ledger: Ledger;
  readonly kept: KeptPackets;
  readonly neighbours: () => readonly string[];
  readonly send: (peer: string, message: MulticastWire) => void;
};

export class Repair {
  readonly #parts: RepairParts;
  readonly #missing: Map<string, Missing> = new Map();
  /** What is to be announced, and how many times more. */
  #news: { readonly name: PacketName; times: number }[] = [];
  #isAnnounceTimed = false;
  #isAskTimed = false;

  constructor(parts: RepairParts) {
    this.#parts = parts;
  }

  /** A packet came for the first time. */
  arrived(name: PacketName): void {
    this.#missing.delete(idOf(name));
    const { announceTimes, keepCountMax } = this.#parts.options;
    if (announceTimes === 0) return;
    // What is no longer kept could not be given.
    if (this.#news.length >= keepCountMax) this.#news.shift();
    this.#news.push({ name, times: announceTimes });
    this.#announceSoon();
  }

  linkUp(peer: string): void {
    this.#sendNames(peer, "have", this.#parts.kept.names());
  }

  receiveHave(names: readonly PacketName[], from: string): void {
    const { ledger, host, options } = this.#parts;
    for (const name of names) {
      if (ledger.has(name) || name.origin === host.name) continue;
      const missing = this.#missing.get(idOf(name));
      if (missing === undefined) {
        if (this.#missing.size >= options.missingMax) host.mark("multicast.missing-overflow");
        else {
          const sinceUs = host.clock.monotonicUs();
          this.#missing.set(idOf(name), {
            name,
            announcedBy: [from],
            sinceUs,
            asked: 0,
            dueUs: sinceUs + options.graftUs,
          });
        }
      } else if (!missing.announcedBy.includes(from)) missing.announcedBy.push(from);
    }
    this.#askSoon();
  }

  receiveGraft(names: readonly PacketName[], from: string): void {
    const { kept, send } = this.#parts;
    for (const name of names) {
      const packet = kept.get(name);
      if (packet !== undefined) send(from, { type: "packet", packet, children: [], ttl: 0 });
    }
  }

  #announceSoon(): void {
    if (this.#isAnnounceTimed) return;
    this.#isAnnounceTimed = true;
    const { host, options } = this.#parts;
    host.timers.after(
      options.announceUs,
      () => {
        this.#isAnnounceTimed = false;
        const news = this.#news;
        this.#news = news.filter((one) => --one.times > 0);
        const names = news.map(({ name }) => name);
        for (const peer of this.#parts.neighbours()) this.#sendNames(peer, "have", names);
        if (this.#news.length > 0) this.#announceSoon();
      },
      { sync: true },
    );
  }

  #askSoon(): void {
    if (this.#isAskTimed || this.#missing.size === 0) return;
    this.#isAskTimed = true;
    const { host, options } = this.#parts;
    host.timers.after(
      options.graftUs,
      () => {
        this.#isAskTimed = false;
        this.#ask();
        this.#askSoon();
      },
      { sync: true },
    );
  }

  /** Asks the announcers in turn, until they will have dropped the packet themselves. */
  #ask(): void {
    const { host, options } = this.#parts;
    const nowUs = host.clock.monotonicUs();
    const questions = new Map<string, PacketName[]>();
    for (const [id, missing] of this.#missing) {
      if (missing.dueUs > nowUs) continue;
      const { announcedBy } = missing;
      if (nowUs - missing.sinceUs > options.keepUs) {
        this.#missing.delete(id);
        continue;
      }
      const peer = announcedBy[missing.asked % announcedBy.length]!; // there is at least one
      missing.asked += 1;
      missing.dueUs = nowUs + options.graftUs * Math.min(missing.asked, PATIENCE_MAX);
      const names = questions.get(peer);
      if (names === undefined) questions.set(peer, [missing.name]);
      else names.push(missing.name);
    }
    if (questions.size > 0) host.mark("multicast.grafted");
    for (const [peer, names] of questions) this.#sendNames(peer, "graft", names);
  }

  #sendNames(peer: string, type: "have" | "graft", names: readonly PacketName[]): void {
    for (let start = 0; start < names.length; start += NAMES_MAX) {
      this.#parts.send(peer, { type, names: names.slice(start, start + NAMES_MAX) });
    }
  }
}
