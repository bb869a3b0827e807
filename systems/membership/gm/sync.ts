/**
 * Brings the records of two nodes to the same state: on a new link, and now and then with a neighbour drawn at random.
 *
 * Summaries are compared first. Where they differ, the node with the smaller name sends the versions of all its records in pages, each
 * for a range of names; the other answers with what is newer or missing there, and asks for what it lacks. lashup starts on a new
 * link only: its links lose nothing. Datagrams do, so the summaries go round as well.
 */
import type { Host } from "../../../sim/host.ts";
import type { MemberRecord, RecordVersion } from "../membership.ts";
import type { GmMessage } from "./message.ts";
import type { GmOptions } from "./options.ts";
import { compareVersions } from "./record.ts";
import type { RecordTable } from "./table.ts";

export type SyncParts = {
  readonly host: Host;
  readonly options: GmOptions;
  readonly table: RecordTable;
  readonly neighbours: () => readonly string[];
  readonly send: (peer: string, message: GmMessage) => void;
};

export class Sync {
  readonly #parts: SyncParts;
  /** When each neighbour was last sent all versions; entries of others are dropped at each round. */
  readonly #digestUs: Map<string, number> = new Map();

  constructor(parts: SyncParts) {
    this.#parts = parts;
    this.#scheduleRound();
  }

  linkUp(peer: string): void {
    this.#digestUs.delete(peer);
    this.#sendSummary(peer, false);
  }

  receiveSummary(message: GmMessage & { readonly type: "summary" }, from: string): void {
    const { count, high, low } = this.#parts.table.summary;
    const { summary } = message;
    if (summary.count === count && summary.high === high && summary.low === low) return;
    if (this.#parts.host.name < from) this.#sendDigest(from);
    else if (!message.isAnswer) this.#sendSummary(from, true);
  }

  receiveDigest(message: GmMessage & { readonly type: "digest" }, from: string): void {
    const { table } = this.#parts;
    const theirs = new Map<string, RecordVersion>();
    for (const version of message.versions) theirs.set(version.node, version);
    const newer: MemberRecord[] = [];
    const [start, end] = table.range(message.after, message.through);
    for (let i = start; i < end; i++) {
      const mine = table.get(table.names[i]!)!; // names are those of the records
      const their = theirs.get(mine.node);
      if (their === undefined || compareVersions(mine, their) > 0) newer.push(mine);
    }
    const wanted: string[] = [];
    for (const their of message.versions) {
      const mine = table.versionOf(their.node);
      if (mine === undefined || compareVersions(their, mine) > 0) wanted.push(their.node);
    }
    this.#sendRecords(from, newer);
    if (wanted.length > 0) this.#parts.send(from, { type: "want", nodes: wanted });
  }

  receiveWant(message: GmMessage & { readonly type: "want" }, from: string): void {
    const { table } = this.#parts;
    const found = message.nodes.flatMap((node) => table.get(node) ?? []);
    this.#sendRecords(from, found);
  }

  #scheduleRound(): void {
    const { host, options } = this.#parts;
    const delayUs = host.random.between(options.resyncUs, 2 * options.resyncUs);
    host.timers.after(
      delayUs,
      () => {
        const neighbours = this.#parts.neighbours();
        if (neighbours.length > 0) this.#sendSummary(host.random.pick(neighbours), false);
        for (const peer of this.#digestUs.keys()) if (!neighbours.includes(peer)) this.#digestUs.delete(peer);
        this.#scheduleRound();
      },
      { sync: true },
    );
  }

  #sendSummary(peer: string, isAnswer: boolean): void {
    this.#parts.send(peer, { type: "summary", summary: this.#parts.table.summary, isAnswer });
  }

  #sendDigest(peer: string): void {
    const { host, options, table } = this.#parts;
    const nowUs = host.clock.monotonicUs();
    const lastUs = this.#digestUs.get(peer);
    if (lastUs !== undefined && nowUs - lastUs < options.digestUs) return;
    this.#digestUs.set(peer, nowUs);
    const versions = table.records();
    let after = "";
    for (let start = 0; start < versions.length; start += options.versionsPerMessageMax) {
      const part = versions.slice(start, start + options.versionsPerMessageMax);
      const isLast = start + part.length >= versions.length;
      const through = isLast ? null : part.at(-1)!.node; // the part is not empty
      this.#parts.send(peer, { type: "digest", after, through, versions: part });
      after = through ?? "";
    }
  }

  #sendRecords(peer: string, records: readonly MemberRecord[]): void {
    const { recordsPerMessageMax, ttl } = this.#parts.options;
    for (let start = 0; start < records.length; start += recordsPerMessageMax) {
      const part = records.slice(start, start + recordsPerMessageMax);
      this.#parts.send(peer, { type: "records", records: part, ttls: part.map(() => ttl) });
    }
  }
}
