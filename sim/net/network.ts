/**
 * The simulated network of one world: hosts, links between them, rules on the links, datagrams and connections.
 *
 * This is the public face. wire.ts judges packets, datagrams.ts and streams.ts are the two protocols over it, rule.ts says
 * how rules compose; docs/network.md explains the model.
 */
import type { Net } from "../host.ts";
import type { Incarnation, Kernel } from "../kernel.ts";
import { keepingContexts } from "./contexts.ts";
import { Datagrams } from "./datagrams.ts";
import { makeNetHost, type NetHost } from "./net-host.ts";
import { LINK_DEFAULT, type LinkProperties } from "./properties.ts";
import type { RuleOptions } from "./rule.ts";
import { STREAM_DEFAULT, type StreamOptions } from "./segment.ts";
import { Streams } from "./streams.ts";
import { Topology } from "./topology.ts";
import { Wire } from "./wire.ts";

export type NetworkOptions = {
  /** Properties of every direction of every link; what is left out is LINK_DEFAULT. */
  readonly link?: Partial<LinkProperties>;
  /** Buffers and timers of connections; what is left out is STREAM_DEFAULT. */
  readonly stream?: Partial<StreamOptions>;
};

export class Network {
  readonly #kernel: Kernel;
  readonly #topology: Topology;
  readonly #datagrams: Datagrams;
  readonly #streams: Streams;

  /** Throws RangeError for a property out of bounds. */
  constructor(kernel: Kernel, options: NetworkOptions = {}) {
    this.#kernel = kernel;
    this.#topology = new Topology(kernel, { ...LINK_DEFAULT, ...options.link });
    const wire = new Wire(kernel, this.#topology);
    this.#datagrams = new Datagrams(kernel, this.#topology, wire);
    this.#streams = new Streams(kernel, this.#topology, wire, { ...STREAM_DEFAULT, ...options.stream });
  }

  /** Names a host; its index is the one its incarnations carry. */
  addHost(index: number, name: string): void {
    this.#topology.addHost(makeNetHost(index, name));
  }

  /** The network as this boot of a host sees it. */
  attach(incarnation: Incarnation): Net {
    const host = this.#topology.hostAt(incarnation.hostIndex);
    const kernel = this.#kernel;
    host.incarnation = incarnation;
    host.isSystemUp = true;
    return {
      open: (options) => {
        if (kernel.enter(incarnation)) {
          const onMessage = kernel.bindContext(options.onMessage);
          return this.#datagrams.open(
            host,
            incarnation,
            onMessage === options.onMessage ? options : { ...options, onMessage },
          );
        }
        return { address: Object.freeze({ host: host.name, port: options.port }), send: () => {}, close: () => {} };
      },
      listen: (port, accept) => {
        if (kernel.enter(incarnation))
          return this.#streams.listen(host, incarnation, port, keepingContexts(kernel, accept));
        return { address: Object.freeze({ host: host.name, port }), close: () => {} };
      },
      connect: (to, handlers, options) => {
        if (kernel.enter(incarnation))
          return this.#streams.connect(host, incarnation, to, keepingContexts(kernel, handlers), options);
        return new Promise(() => {});
      },
    };
  }

  /**
   * The incarnation has ended. kill: the operating system lives, closes the process's sockets and tells its peers.
   * power-loss: silence; peers find out when they hear from the next boot, or time out.
   */
  detach(incarnation: Incarnation, how: "kill" | "power-loss"): void {
    const host = this.#topology.hostAt(incarnation.hostIndex);
    host.incarnation = null;
    if (how === "power-loss") host.isSystemUp = false;
    this.#datagrams.endProcess(host);
    this.#streams.endProcess(host, how);
  }

  /** To be called after isPaused of the incarnation has changed: on resume, what waited is handed over. */
  setPaused(incarnation: Incarnation, isPaused: boolean): void {
    if (!isPaused) this.#datagrams.resume(this.#hostOf(incarnation));
  }

  /** Datagrams sent so far, lost ones included. */
  get datagramsSent(): number {
    return this.#topology.datagramsSent;
  }

  /** Bytes of datagrams that the host has sent so far, lost ones included. */
  datagramBytesSent(machine: { readonly index: number }): number {
    return this.#topology.hostAt(machine.index).datagramBytesSent;
  }

  /** Gives one direction of one link properties of its own, from now on. Throws RangeError for an unknown host. */
  setLink(from: string, to: string, properties: Partial<LinkProperties>): void {
    this.#topology.setLink(from, to, properties);
  }

  /**
   * Puts a rule on links, now and on those that come to be used later; returns what heals it. Healing twice does nothing.
   * Throws RangeError for an unknown host, a number out of bounds or a rule that does nothing.
   */
  addRule(options: RuleOptions): () => void {
    return this.#topology.addRule(options);
  }

  #hostOf(incarnation: Incarnation): NetHost {
    return this.#topology.hostAt(incarnation.hostIndex);
  }
}
