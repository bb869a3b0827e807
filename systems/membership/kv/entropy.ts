/**
 * Anti-entropy with the neighbours: brings them what the multicast did not.
 *
 * Each node walks the keys that changed since its last whole walk with that neighbour, page by page: keys with their clocks go out, and the
 * neighbour asks for those that it does not cover. A page is done when the neighbour asks for nothing any more. After a whole walk the
 * number of the last change is kept as a watermark: the neighbour has everything up to it.
 *
 * A watermark holds for one boot of the neighbour. A node that boots again, perhaps under its old name with an empty disk, is walked
 * from the start (lashup, commit 88364d5, forgot its watermarks only after a while without a route; both are done here).
 * What a walk brought is passed on to the other neighbours soon, so that a change crosses the overlay without waiting for a period at each hop.
 */
import type { DatagramSocket, Host, Timer } from "../../../sim/host.ts";
import type { Routes } from "../membership.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { type EntropyMessage, entropyCodec } from "./message.ts";
import type { KvOptions } from "./options.ts";
import type { EntryTable } from "./table.ts";

type Walk = {
  readonly number: number;
  /** The last change when the walk began. */
  readonly through: number;
  readonly keys: readonly string[];
  /** Of the neighbour; null before its first answer. */
  boot: number | null;
  page: number;
  tries: number;
};

type Neighbour = { timer: Timer; dueUs: number; walk: Walk | null; hasNews: boolean };

/** Up to which change a peer has everything, in one boot of it. */
type Watermark = { readonly boot: number; readonly through: number };

export type EntropyParts = {
  readonly host: Host;
  readonly options: KvOptions;
  readonly overlay: Overlay;
  readonly routes: Routes;
  readonly table: EntryTable;
  /** An entry that a neighbour sent. */
  readonly take: (bytes: Uint8Array, from: string) => void;
};

export class Entropy {
  readonly #parts: EntropyParts;
  readonly #socket: DatagramSocket<EntropyMessage>;
  readonly #neighbours: Map<string, Neighbour> = new Map();
  readonly #watermarks: Map<string, Watermark> = new Map();
  #walks = 0;

  constructor(parts: EntropyParts) {
    this.#parts = parts;
    const { host, options, overlay, routes } = parts;
    this.#socket = host.net.open({
      port: options.port,
      codec: entropyCodec,
      onMessage: (message, from) => this.#receive(message, from.host),
    });
    overlay.onChange(({ kind, peer }) => {
      if (kind === "up") this.#linkUp(peer);
      else this.#linkDown(peer);
    });
    for (const peer of overlay.activeView()) this.#linkUp(peer);
    routes.onReach(({ removed }) => {
      for (const peer of removed) this.#purgeLater(peer);
    });
  }

  /** An entry came from a neighbour by anti-entropy, and was news: the others may lack it as well. */
  passOn(from: string): void {
    for (const [peer, neighbour] of this.#neighbours) {
      if (peer !== from) this.#hurry(peer, neighbour);
    }
  }

  #linkUp(peer: string): void {
    if (this.#neighbours.has(peer)) return;
    const { entropyStartUs } = this.#parts.options;
    const neighbour: Neighbour = { timer: { cancel: () => {} }, dueUs: 0, walk: null, hasNews: false };
    this.#neighbours.set(peer, neighbour);
    this.#schedule(peer, neighbour, this.#parts.host.random.between(entropyStartUs, 2 * entropyStartUs));
  }

  #linkDown(peer: string): void {
    this.#neighbours.get(peer)?.timer.cancel();
    this.#neighbours.delete(peer);
  }

  /** Forgets what a peer has if it stays out of reach: it may be gone for ever, or come back as another machine. */
  #purgeLater(peer: string): void {
    const watermark = this.#watermarks.get(peer);
    if (watermark === undefined) return;
    const { host, options, routes } = this.#parts;
    host.timers.after(
      options.purgeUs,
      () => {
        if (this.#watermarks.get(peer) === watermark && !routes.reachable(peer)) this.#watermarks.delete(peer);
      },
      { sync: true },
    );
  }

  /** True, and the watermark is gone, when it was of another boot of the peer. */
  #hasBooted(peer: string, boot: number): boolean {
    const watermark = this.#watermarks.get(peer);
    if (watermark === undefined || watermark.boot === boot) return false;
    this.#watermarks.delete(peer);
    this.#parts.host.mark("kv.peer-booted");
    return true;
  }

  // Walks

  #schedule(peer: string, neighbour: Neighbour, delayUs: number): void {
    neighbour.timer.cancel();
    neighbour.dueUs = this.#parts.host.clock.monotonicUs() + delayUs;
    neighbour.timer = this.#parts.host.timers.after(delayUs, () => {
      if (neighbour.walk === null) this.#begin(peer, neighbour);
      else this.#sendPage(peer, neighbour, neighbour.walk);
    });
  }

  /** The next walk begins soon; after the present one, if there is one. */
  #hurry(peer: string, neighbour: Neighbour): void {
    const { host, options } = this.#parts;
    if (neighbour.walk !== null) neighbour.hasNews = true;
    else if (neighbour.dueUs > host.clock.monotonicUs() + options.passOnUs) {
      this.#schedule(peer, neighbour, options.passOnUs);
    }
  }

  #begin(peer: string, neighbour: Neighbour): void {
    const { table } = this.#parts;
    this.#walks += 1;
    const keys = table.changedAfter(this.#watermarks.get(peer)?.through ?? 0);
    neighbour.walk = { number: this.#walks, through: table.lastChange, keys, boot: null, page: 0, tries: 0 };
    neighbour.hasNews = false;
    this.#sendPage(peer, neighbour, neighbour.walk);
  }

  /** Also an empty one, when nothing has changed: the answer tells the boot. */
  #sendPage(peer: string, neighbour: Neighbour, walk: Walk): void {
    const { options, table } = this.#parts;
    if (walk.tries >= options.pageTriesMax) {
      this.#finish(peer, neighbour);
      return;
    }
    walk.tries += 1;
    const start = walk.page * options.pageKeysMax;
    const keys = walk.keys.slice(start, start + options.pageKeysMax).map((key) => {
      return { key, clock: table.get(key)!.clock }; // entries are never removed
    });
    this.#send(peer, { type: "page", boot: this.#boot, walk: walk.number, page: walk.page, keys });
    this.#schedule(peer, neighbour, options.pageAgainUs);
  }

  #finish(peer: string, neighbour: Neighbour): void {
    const { options, host } = this.#parts;
    neighbour.walk = null;
    const { entropyEveryUs, passOnUs } = options;
    const usualUs = host.random.between(entropyEveryUs, 2 * entropyEveryUs);
    this.#schedule(peer, neighbour, neighbour.hasNews ? passOnUs : usualUs);
  }

  #receive(message: EntropyMessage, from: string): void {
    if (message.type === "entry") this.#parts.take(message.bytes, from);
    else if (message.type === "page") this.#receivePage(message, from);
    else this.#receiveAnswer(message, from);
  }

  #receivePage(message: EntropyMessage & { readonly type: "page" }, from: string): void {
    const { table } = this.#parts;
    const { walk, page } = message;
    const lacks = message.keys.filter(({ key, clock }) => table.get(key)?.clock.covers(clock) !== true);
    this.#send(from, { type: "answer", boot: this.#boot, walk, page, wanted: lacks.map(({ key }) => key) });
    const neighbour = this.#neighbours.get(from);
    if (this.#hasBooted(from, message.boot) && neighbour !== undefined) this.#hurry(from, neighbour);
  }

  #receiveAnswer(message: EntropyMessage & { readonly type: "answer" }, from: string): void {
    const neighbour = this.#neighbours.get(from);
    const walk = neighbour?.walk;
    if (neighbour === undefined || walk === null || walk === undefined || walk.number !== message.walk) return;
    if (this.#hasBooted(from, message.boot) || (walk.boot !== null && walk.boot !== message.boot)) {
      this.#begin(from, neighbour);
      return;
    }
    walk.boot = message.boot;
    if (message.page !== walk.page) return;
    if (message.wanted.length > 0) this.#sendEntries(from, message.wanted);
    else this.#turnPage(from, neighbour, walk);
  }

  #turnPage(peer: string, neighbour: Neighbour, walk: Walk): void {
    const { options, host } = this.#parts;
    walk.page += 1;
    walk.tries = 0;
    if (walk.page * options.pageKeysMax < walk.keys.length) {
      this.#schedule(peer, neighbour, host.random.between(options.pageUsMin, options.pageUsMax));
      return;
    }
    this.#watermarks.set(peer, { boot: walk.boot!, through: walk.through }); // an answer was received
    this.#finish(peer, neighbour);
  }

  #sendEntries(peer: string, keys: readonly string[]): void {
    for (const key of keys) {
      const entry = this.#parts.table.get(key);
      if (entry !== undefined) this.#send(peer, { type: "entry", boot: this.#boot, bytes: entry.bytes });
    }
  }

  get #boot(): number {
    return this.#parts.host.boot.incarnation;
  }

  #send(peer: string, message: EntropyMessage): void {
    this.#socket.send({ host: peer, port: this.#parts.options.port }, message);
  }
}
