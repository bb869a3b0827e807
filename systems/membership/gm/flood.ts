/**
 * Records on their way to the neighbours. Each waits for the next round of flooding, where one message to a neighbour carries all of
 * them; a newer record of the same node takes the place of an older one. The first after a quiet time goes at once.
 *
 * A neighbour that sent a record, or sent it again while it waited, is not sent it.
 */
import type { Host } from "../../../sim/host.ts";
import type { MemberRecord } from "../membership.ts";
import type { GmMessage } from "./message.ts";
import { compareVersions } from "./record.ts";

type Waiting = { readonly record: MemberRecord; ttl: number; readonly heardFrom: string[] };

export type FloodOptions = { readonly floodUs: number; readonly recordsPerMessageMax: number };

export class Flood {
  readonly #host: Host;
  readonly #options: FloodOptions;
  readonly #neighbours: () => readonly string[];
  readonly #send: (peer: string, message: GmMessage) => void;
  // Bounded by the nodes that the table may hold: one entry for each.
  readonly #waiting: Map<string, Waiting> = new Map();
  #isTimed = false;
  #roundUs: number;

  constructor(
    host: Host,
    options: FloodOptions,
    neighbours: () => readonly string[],
    send: (peer: string, message: GmMessage) => void,
  ) {
    this.#host = host;
    this.#options = options;
    this.#neighbours = neighbours;
    this.#send = send;
    this.#roundUs = host.clock.monotonicUs() - options.floodUs;
  }

  /** The record goes to all neighbours but the one that it came from. */
  add(record: MemberRecord, ttl: number, from: string | null): void {
    if (ttl <= 0) return;
    this.#waiting.delete(record.node);
    this.#waiting.set(record.node, { record, ttl, heardFrom: from === null ? [] : [from] });
  }

  /** A neighbour sent what was known already. */
  heardAgain(record: MemberRecord, ttl: number, from: string): void {
    const waiting = this.#waiting.get(record.node);
    if (waiting === undefined || compareVersions(waiting.record, record) !== 0) return;
    waiting.heardFrom.push(from);
    waiting.ttl = Math.max(waiting.ttl, ttl);
  }

  /** To be called once after additions: sends what waits, now or when the next round is due. */
  flush(): void {
    if (this.#isTimed || this.#waiting.size === 0) return;
    const dueUs = this.#roundUs + this.#options.floodUs - this.#host.clock.monotonicUs();
    if (dueUs <= 0) {
      this.#round();
      return;
    }
    this.#isTimed = true;
    this.#host.timers.after(
      dueUs,
      () => {
        this.#isTimed = false;
        this.#round();
      },
      { sync: true },
    );
  }

  #round(): void {
    this.#roundUs = this.#host.clock.monotonicUs();
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    // Most neighbours get the same records: those lists are shared.
    const toAll = pagesOf(waiting, this.#options.recordsPerMessageMax);
    for (const peer of this.#neighbours()) {
      const hasAny = waiting.some(({ heardFrom }) => heardFrom.includes(peer));
      const pages = hasAny
        ? pagesOf(
            waiting.filter(({ heardFrom }) => !heardFrom.includes(peer)),
            this.#options.recordsPerMessageMax,
          )
        : toAll;
      for (const page of pages) this.#send(peer, page);
    }
  }
}

function pagesOf(waiting: readonly Waiting[], countMax: number): GmMessage[] {
  const pages: GmMessage[] = [];
  for (let start = 0; start < waiting.length; start += countMax) {
    const part = waiting.slice(start, start + countMax);
    pages.push({ type: "records", records: part.map(({ record }) => record), ttls: part.map(({ ttl }) => ttl) });
  }
  return pages;
}
