/**
 * Multicast to all reachable nodes over trees that the sender computes and the packet carries.
 *
 * As in lashup, a packet goes down the tree of the sender and, for replication, down the tree of a random neighbour as well; every node
 * passes on the part of the tree below it, so nobody needs to agree with the sender about the routes. What the trees miss is repaired
 * between neighbours. A subscriber is called once for each copy, at most `replication` times; with `isDeduplicated` once. Beyond that a
 * node may see a message again only if it booted meanwhile, or if the origin was silent for `forgetUs`.
 */
import type { DatagramSocket, Host } from "../../../sim/host.ts";
import type { Branch, Multicast, MulticastMessage, Routes } from "../membership.ts";
import type { MulticastObservation } from "../observation.ts";
import type { Overlay } from "../overlay/overlay.ts";
import { KeptPackets } from "./kept.ts";
import { Ledger } from "./ledger.ts";
import { idOf, type MulticastWire, multicastCodec, type Packet } from "./message.ts";
import type { MulticastOptions } from "./options.ts";
import { Repair } from "./repair.ts";

type Listener = (message: MulticastMessage) => void;

export type MulticastParts = { readonly host: Host; readonly overlay: Overlay; readonly routes: Routes };

/** Listeners are called in events of synchronous handlers: they must leave nothing in the microtask queue. */
export function startMulticast(parts: MulticastParts, options: MulticastOptions): Multicast {
  return new Carrier(parts, options);
}

class Carrier implements Multicast {
  readonly #host: Host;
  readonly #overlay: Overlay;
  readonly #routes: Routes;
  readonly #options: MulticastOptions;
  readonly #ledger: Ledger;
  readonly #kept: KeptPackets;
  readonly #repair: Repair;
  readonly #socket: DatagramSocket<MulticastWire>;
  readonly #listeners: Map<string, Listener[]> = new Map();
  #number = 0;

  constructor({ host, overlay, routes }: MulticastParts, options: MulticastOptions) {
    this.#host = host;
    this.#overlay = overlay;
    this.#routes = routes;
    this.#options = options;
    this.#ledger = new Ledger(options);
    this.#kept = new KeptPackets(options);
    this.#repair = new Repair({
      host,
      options,
      ledger: this.#ledger,
      kept: this.#kept,
      neighbours: () => overlay.activeView(),
      send: (peer, message) => this.#send(peer, message),
    });
    this.#socket = host.net.open({
      port: options.port,
      codec: multicastCodec,
      onMessage: (message, from) => this.#receive(message, from.host),
      sync: true,
    });
    overlay.onChange(({ kind, peer }) => {
      if (kind === "up") this.#repair.linkUp(peer);
    });
    this.#scheduleTrim();
  }

  send(topic: string, payload: Uint8Array): string {
    this.#number += 1;
    const packet: Packet = {
      origin: this.#host.name,
      boot: this.#host.boot.incarnation,
      number: this.#number,
      topic,
      payload,
    };
    this.#observe("sent", packet);
    this.#ledger.count(packet, this.#nowUs);
    this.#keep(packet);
    const { ttl, replication } = this.#options;
    const tree = this.#routes.tree();
    if (tree !== null) this.#pass(packet, tree.children, ttl);
    for (const root of this.#fakeRoots(replication - 1)) {
      const other = this.#routes.tree(root);
      if (other !== null) this.#send(root, { type: "packet", packet, children: other.children, ttl });
    }
    return idOf(packet);
  }

  subscribe(topic: string, listener: Listener): void {
    const listeners = this.#listeners.get(topic);
    if (listeners === undefined) this.#listeners.set(topic, [listener]);
    else listeners.push(listener);
  }

  /** So many neighbours, drawn without replacement. */
  #fakeRoots(count: number): string[] {
    const candidates = [...this.#overlay.activeView()];
    const roots: string[] = [];
    while (roots.length < count && candidates.length > 0) {
      roots.push(candidates.splice(this.#host.random.below(candidates.length), 1)[0]!);
    }
    return roots;
  }

  #receive(message: MulticastWire, from: string): void {
    if (message.type === "packet") {
      this.#pass(message.packet, message.children, message.ttl - 1);
      this.#take(message.packet);
    } else if (message.type === "have") this.#repair.receiveHave(message.names, from);
    else this.#repair.receiveGraft(message.names, from);
  }

  #pass(packet: Packet, children: readonly Branch[], ttl: number): void {
    if (children.length === 0) return;
    if (ttl <= 0) {
      this.#host.mark("multicast.ttl-over");
      return;
    }
    for (const child of children) this.#send(child.node, { type: "packet", packet, children: child.children, ttl });
  }

  #take(packet: Packet): void {
    // The tree of a neighbour leads back to the origin, which passes on but knows its own message.
    if (packet.origin === this.#host.name) return;
    const before = this.#ledger.count(packet, this.#nowUs);
    if (before === null) {
      this.#host.mark("multicast.too-old");
      return;
    }
    if (before === 0) this.#keep(packet);
    const { isDeduplicated, replication } = this.#options;
    if (before < (isDeduplicated ? 1 : replication)) this.#deliver(packet);
  }

  #keep(packet: Packet): void {
    this.#kept.add(packet, this.#nowUs);
    this.#repair.arrived(packet);
  }

  #deliver(packet: Packet): void {
    const listeners = this.#listeners.get(packet.topic);
    if (listeners === undefined) return;
    this.#observe("delivered", packet);
    const { origin, topic, payload } = packet;
    const message: MulticastMessage = { origin, id: idOf(packet), topic, payload };
    for (const listener of listeners) listener(message);
  }

  #observe(kind: "sent" | "delivered", packet: Packet): void {
    this.#host.observe(
      "membership.multicast",
      (): MulticastObservation => ({
        host: this.#host.name,
        incarnation: this.#host.boot.incarnation,
        kind,
        id: idOf(packet),
        topic: packet.topic,
      }),
    );
  }

  #scheduleTrim(): void {
    this.#host.timers.after(
      this.#options.keepUs,
      () => {
        this.#kept.trim(this.#nowUs);
        this.#ledger.forget(this.#nowUs);
        this.#scheduleTrim();
      },
      { sync: true },
    );
  }

  get #nowUs(): number {
    return this.#host.clock.monotonicUs();
  }

  #send(peer: string, message: MulticastWire): void {
    this.#socket.send({ host: peer, port: this.#options.port }, message);
  }
}
