/**
 * The overlay on a host: datagrams, one timer, the file of the views and the failure detector around the pure core.
 *
 * After each event the state is asserted: the views' own invariants, that exactly the neighbours are watched, and
 * that others are told what is so.
 */
import type { DatagramSocket, Host } from "../../../sim/host.ts";
import { Alarm } from "../alarm.ts";
import type { Detector, DetectorCallbacks, DownReason } from "../detector/detector.ts";
import type { DetectorOptions } from "../detector/options.ts";
import { startDetector } from "../detector/start.ts";
import { HyParView, type Send } from "./core.ts";
import { type OverlayMessage, overlayCodec } from "./message.ts";
import type { DownObservation, ViewObservation } from "./observation.ts";
import { checkOverlayOptions, type OverlayOptions } from "./options.ts";
import type { NeighbourChange, Overlay } from "./overlay.ts";
import { loadViews, ViewFile } from "./storage.ts";
import { compare } from "./views.ts";

export type OverlayStart = { readonly overlay: OverlayOptions; readonly detector: DetectorOptions };

/**
 * Loads the views of the last boot and starts to join. Throws RangeError for options that no overlay could run with.
 */
export async function startOverlay(host: Host, options: OverlayStart): Promise<Overlay> {
  checkOverlayOptions(options.overlay);
  const stored = await loadViews(host, options.overlay.folder);
  const node = new OverlayNode(host, options.overlay, stored);
  await node.start(options.detector);
  return node;
}

class OverlayNode implements Overlay {
  readonly self: string;
  readonly #host: Host;
  readonly #options: OverlayOptions;
  readonly #core: HyParView;
  readonly #file: ViewFile;
  readonly #alarm: Alarm;
  readonly #listeners: ((change: NeighbourChange) => void)[] = [];
  #detector: Detector | null = null;
  #socket: DatagramSocket<OverlayMessage> | null = null;
  #sizeSource: () => number = () => 1;
  #isSettling = false;
  /** The version of the views that was asserted and told; -1 before the first. */
  #toldVersion = -1;

  constructor(host: Host, options: OverlayOptions, stored: readonly string[]) {
    this.self = host.name;
    this.#host = host;
    this.#options = options;
    this.#core = new HyParView({ self: host.name, options, random: host.random, stored, nowUs: this.#nowUs() });
    const { views } = this.#core;
    this.#file = new ViewFile(host, options, () => [...views.active, ...views.passive]);
    this.#alarm = new Alarm(host, () => this.#step((nowUs) => this.#core.tick(nowUs)));
  }

  async start(detector: DetectorOptions): Promise<void> {
    const callbacks: DetectorCallbacks = {
      onDown: (peer, reason, sinceUs) => this.#onDown(peer, reason, sinceUs),
      // A neighbour's ping is the most frequent event of all, and means nothing to the overlay.
      onProbe: (peer) => {
        if (!this.#core.views.has(peer)) this.#step(() => this.#core.onProbe(peer));
      },
      clusterSize: () => this.#sizeSource(),
    };
    this.#detector = await startDetector(this.#host, detector, callbacks);
    this.#socket = this.#host.net.open<OverlayMessage>({
      port: this.#options.port,
      codec: overlayCodec,
      sync: true,
      onMessage: (message, from) => this.#onMessage(from.host, message),
    });
    this.#step(() => {});
  }

  activeView(): readonly string[] {
    return this.#core.views.active;
  }

  passiveView(): readonly string[] {
    return this.#core.views.passive;
  }

  onChange(listener: (change: NeighbourChange) => void): void {
    this.#listeners.push(listener);
  }

  recommend(peer: string): void {
    this.#step((nowUs) => this.#core.recommend(peer, nowUs));
  }

  checkNow(peer: string): void {
    this.#detector?.checkNow(peer);
  }

  setShortViewSource(source: () => string | null): void {
    this.#core.shortViewSource = source;
  }

  setSizeSource(source: () => number): void {
    this.#sizeSource = source;
  }

  #nowUs(): number {
    return this.#host.clock.monotonicUs();
  }

  #onMessage(from: string, message: OverlayMessage): void {
    if (message.kind === "forward-join") this.#assertWalk(from, message);
    const wasNeighbour = this.#core.views.has(from);
    this.#step((nowUs) => this.#core.receive(from, message, nowUs));
    if (message.kind === "disconnect" && wasNeighbour) this.#observeDown(from, "disconnect", this.#nowUs());
  }

  /**
   * A walk has passed its sender, comes nowhere twice, and ends: each step is taken from its length, which is the
   * same at all nodes.
   */
  #assertWalk(from: string, { node, ttl, seen }: OverlayMessage & { readonly kind: "forward-join" }): void {
    const isNew = seen.includes(from) && !seen.includes(this.self);
    const isShorter = seen.length + ttl === this.#options.activeWalkLength + 1;
    this.#host.always(isNew && isShorter, "overlay-walk", () => ({ from, node, ttl, seen }));
  }

  #onDown(peer: string, reason: DownReason, sinceUs: number): void {
    this.#step((nowUs) => this.#core.onFailed(peer, nowUs));
    this.#observeDown(peer, reason, sinceUs);
  }

  /**
   * Runs one step of the core and carries out what comes of it; a step that a listener takes joins the one that
   * called it.
   */
  #step(step: (nowUs: number) => void): void {
    const nowUs = this.#nowUs();
    step(nowUs);
    if (this.#isSettling) return;
    this.#isSettling = true;
    while (this.#core.hasOutput) {
      const { sends, changes } = this.#core.drain();
      for (const { to, message } of sends) this.#socket!.send({ host: to, port: this.#options.port }, message);
      for (const { kind, peer } of changes) {
        if (kind === "up") this.#detector!.watch(peer);
        else this.#detector!.unwatch(peer);
      }
      this.#assertTold(sends, changes);
      for (const change of changes) for (const listener of this.#listeners) listener(change);
    }
    this.#isSettling = false;
    if (this.#core.views.version !== this.#toldVersion) this.#tell();
    this.#alarm.set(this.#core.dueUs, nowUs);
  }

  /** Who was let go is told so, and who is told that it was taken in was. */
  #assertTold(sends: readonly Send[], changes: readonly NeighbourChange[]): void {
    for (const { kind, peer } of changes) {
      const isTold = kind === "up" || sends.some(({ to, message }) => to === peer && message.kind === "disconnect");
      this.#host.always(isTold, "overlay-tells", () => ({ gone: peer }));
    }
    for (const { to, message } of sends) {
      const isYes = message.kind === "neighbour-accept" || message.kind === "join-success";
      this.#host.always(!isYes || this.#core.views.has(to), "overlay-tells", () => ({ taken: to }));
    }
  }

  #tell(): void {
    const { views } = this.#core;
    if (this.#toldVersion >= 0) this.#file.changed();
    this.#toldVersion = views.version;
    const { active, passive } = views;
    const fault = views.fault();
    this.#host.always(fault === null, "overlay-views", () => ({ fault, active, passive }));
    const watched = [...this.#detector!.watched()].sort(compare);
    const areSame = watched.length === active.length && active.every((peer, i) => peer === watched[i]);
    this.#host.always(areSame, "overlay-watches-neighbours", () => ({ active, watched }));
    const { incarnation } = this.#host.boot;
    this.#host.observe("membership.view", (): ViewObservation => ({ host: this.self, incarnation, active, passive }));
  }

  #observeDown(peer: string, reason: DownReason, sinceUs: number): void {
    const { incarnation } = this.#host.boot;
    const down: DownObservation = { host: this.self, incarnation, peer, reason, sinceUs };
    this.#host.observe("membership.down", () => down);
  }
}
