/**
 * Global membership: every node knows the newest record of every node, and through it who is whose neighbour.
 *
 * A record says, under (epoch, clock), which neighbours its node has. Only its own node makes one, when its active view changes (a burst
 * at once, then at a bounded rate) and at every refresh. News is flooded over the overlay with a time to live; links that
 * come up are synced. Records live in memory: a node that boots hears them from its first neighbour. Only the epoch is on the disk.
 *
 * A node does not believe others about itself, with one exception: somebody holds a record of it that is as new as its own or newer, and which it
 * has not made. Then its epoch was lost with its disk, and it goes above that one, or nobody would ever listen to it again.
 */
import type { DatagramSocket, Host } from "../../../sim/host.ts";
import type { GlobalMembership, MemberRecord, RecordChange } from "../membership.ts";
import { spawnDisk } from "../files.ts";
import type { RecordObservation } from "../observation.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { Throttle } from "../throttle.ts";
import { loadEpoch, raiseEpoch } from "./epoch.ts";
import { Flood } from "./flood.ts";
import { type GmMessage, gmCodec } from "./message.ts";
import type { GmOptions } from "./options.ts";
import { compareVersions, equalViews, makeRecord } from "./record.ts";
import { Sync } from "./sync.ts";
import { RecordTable } from "./table.ts";

/** Raises the epoch on the disk, then joins the flooding. A disk that fails ends the process. */
export async function startGm(host: Host, overlay: Overlay, options: GmOptions): Promise<GlobalMembership> {
  const used = await loadEpoch(host, options.folder);
  const epoch = await raiseEpoch(host, options.folder, used);
  return new Members(host, overlay, options, epoch);
}

class Members implements GlobalMembership {
  readonly #host: Host;
  readonly #overlay: Overlay;
  readonly #options: GmOptions;
  readonly #table: RecordTable;
  readonly #flood: Flood;
  readonly #sync: Sync;
  readonly #socket: DatagramSocket<GmMessage>;
  readonly #listeners: ((change: RecordChange) => void)[] = [];
  #epoch: number;
  #clock = 0;
  #own: MemberRecord;
  /** The epoch that others hold and that must be exceeded; null unless it is being done. */
  #lostTo: number | null = null;
  readonly #throttle: Throttle;
  #isTellTimed = false;

  constructor(host: Host, overlay: Overlay, options: GmOptions, epoch: number) {
    this.#host = host;
    this.#overlay = overlay;
    this.#options = options;
    this.#epoch = epoch;
    const { updateBurst: burst, updateUs: everyUs } = options;
    this.#throttle = new Throttle({ burst, everyUs }, host.clock.monotonicUs());
    this.#table = new RecordTable({ sizeMax: options.nodesMax });
    const neighbours = (): readonly string[] => overlay.activeView();
    const send = (peer: string, message: GmMessage): void => this.#send(peer, message);
    this.#flood = new Flood(host, options, neighbours, send);
    this.#socket = host.net.open({
      port: options.port,
      codec: gmCodec,
      onMessage: (message, from) => this.#receive(message, from.host),
      sync: true,
    });
    this.#sync = new Sync({ host, options, table: this.#table, neighbours, send });
    this.#own = this.#tell();
    overlay.onChange(({ kind, peer }) => {
      if (kind === "up") this.#sync.linkUp(peer);
      this.#tellSoon();
    });
    overlay.setSizeSource(() => this.#table.size);
    for (const peer of neighbours()) this.#sync.linkUp(peer);
    this.#scheduleRefresh();
    this.#scheduleTrim();
  }

  get self(): string {
    return this.#host.name;
  }

  get size(): number {
    return this.#table.size;
  }

  record(node: string): MemberRecord | undefined {
    return this.#table.get(node);
  }

  records(): readonly MemberRecord[] {
    return this.#table.records();
  }

  onChange(listener: (change: RecordChange) => void): void {
    this.#listeners.push(listener);
  }

  // The own record

  /** Makes the next record of this node and floods it. */
  #tell(): MemberRecord {
    this.#clock += 1;
    const version = { node: this.self, epoch: this.#epoch, clock: this.#clock };
    const record = makeRecord(version, this.#overlay.activeView());
    this.#own = record;
    this.#accept(record, this.#options.ttl, null);
    this.#flood.flush();
    return record;
  }

  /** The view changed: tells it now, or with the next token. */
  #tellSoon(): void {
    if (this.#isTellTimed || this.#lostTo !== null) return;
    const delayUs = this.#throttle.take(this.#host.clock.monotonicUs());
    // Also without delay in an event of its own: what the overlay changes in the present event goes into one record.
    this.#isTellTimed = true;
    this.#host.timers.after(
      delayUs,
      () => {
        this.#isTellTimed = false;
        if (this.#lostTo === null && !equalViews(this.#own.activeView, this.#overlay.activeView())) this.#tell();
      },
      { sync: true },
    );
  }

  #scheduleRefresh(): void {
    const { refreshUs } = this.#options;
    const delayUs = this.#host.random.between(refreshUs - Math.floor(refreshUs / 10), refreshUs);
    this.#host.timers.after(
      delayUs,
      () => {
        if (this.#lostTo === null) this.#tell();
        this.#scheduleRefresh();
      },
      { sync: true },
    );
  }

  /** News about this node that it has not made: the epoch it was made in was lost. */
  #hearOfSelf(record: MemberRecord): void {
    const order = compareVersions(record, this.#own);
    if (order < 0 || (order === 0 && equalViews(record.activeView, this.#own.activeView))) return;
    const isRaising = this.#lostTo !== null;
    this.#lostTo = Math.max(this.#lostTo ?? 0, record.epoch);
    if (!isRaising) spawnDisk(this.#host, "gm", () => this.#exceed());
  }

  async #exceed(): Promise<void> {
    this.#host.mark("gm.epoch-lost");
    while (this.#lostTo !== null && this.#lostTo >= this.#epoch) {
      this.#epoch = await raiseEpoch(this.#host, this.#options.folder, Math.max(this.#lostTo, this.#epoch));
      this.#clock = 0;
    }
    this.#lostTo = null;
    this.#tell();
  }

  // Records of others

  #receive(message: GmMessage, from: string): void {
    if (message.type === "records") {
      const { records, ttls } = message;
      for (let i = 0; i < records.length; i++) this.#hear(records[i]!, ttls[i]!, from);
      this.#flood.flush();
    } else if (message.type === "summary") this.#sync.receiveSummary(message, from);
    else if (message.type === "digest") this.#sync.receiveDigest(message, from);
    else this.#sync.receiveWant(message, from);
  }

  #hear(record: MemberRecord, ttl: number, from: string): void {
    if (record.node === this.self) this.#hearOfSelf(record);
    else this.#accept(record, ttl - 1, from);
  }

  #accept(record: MemberRecord, ttl: number, from: string | null): void {
    const accepted = this.#table.accept(record, this.#host.clock.monotonicUs());
    if (accepted.kind === "new") {
      this.#flood.add(record, ttl, from);
      this.#announce({ before: accepted.before, after: record });
    } else if (accepted.kind === "full") this.#host.mark("gm.table-full");
    else if (from !== null && accepted.kind === "same") this.#flood.heardAgain(record, ttl, from);
    else if (from === record.node) this.#sendKnown(record.node);
  }

  /** A node told of itself what is older than what is known of it: it should know. */
  #sendKnown(node: string): void {
    const known = this.#table.get(node);
    if (known !== undefined) this.#send(node, { type: "records", records: [known], ttls: [1] });
  }

  #announce(change: RecordChange): void {
    const { before, after } = change;
    const { node, epoch, clock } = after ?? before!; // one of them is there
    this.#host.observe(
      "membership.record",
      (): RecordObservation => ({
        host: this.self,
        incarnation: this.#host.boot.incarnation,
        about: node,
        epoch,
        clock,
        ...(after === null ? { removed: true } : {}),
      }),
    );
    if (before !== null && after !== null) this.#checkEvicted(before, after);
    for (const listener of this.#listeners) listener(change);
  }

  /** Whom another node has dropped and this one has as a neighbour may be dead: it is pinged at once. */
  #checkEvicted(before: MemberRecord, after: MemberRecord): void {
    if (before.activeView === after.activeView || after.node === this.self) return;
    for (const peer of this.#overlay.activeView()) {
      if (before.activeView.includes(peer) && !after.activeView.includes(peer)) this.#overlay.checkNow(peer);
    }
  }

  #scheduleTrim(): void {
    const { trimEveryUs, trimAfterUs } = this.#options;
    this.#host.timers.after(
      trimEveryUs,
      () => {
        const nowUs = this.#host.clock.monotonicUs();
        for (const record of this.#table.trim(this.self, { beforeUs: nowUs - trimAfterUs, nowUs })) {
          this.#announce({ before: record, after: null });
        }
        this.#scheduleTrim();
      },
      { sync: true },
    );
  }

  #send(peer: string, message: GmMessage): void {
    this.#socket.send({ host: peer, port: this.#options.port }, message);
  }
}
