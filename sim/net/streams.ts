/**
 * Connections: who listens, which end a segment belongs to, and the events that tell processes what has happened.
 *
 * Segments travel over the wire like datagrams and share its links; their arrival is work of the operating system, so it
 * also happens while the process is paused. Corruption never reaches a reader: the checksum drops the segment, and it is sent again.
 */
import {
  type Connection,
  type ConnectionHandlers,
  type Listener,
  type Net,
  NetError,
  type PlainData,
} from "../host.ts";
import type { EventId, EventKind, Incarnation, Kernel } from "../kernel.ts";
import { assertInteger } from "./assert.ts";
import { Endpoint, type EndpointContext, type EndpointStart } from "./endpoint.ts";
import { type Flow, type Link, makeFlow, makePacket, type Packet, type Protocol } from "./link.ts";
import { freePort, type NetHost, PORT_DYNAMIC_MIN, PORT_MAX } from "./net-host.ts";
import { makeProcessSide, nextTelling, takeTelling } from "./process-side.ts";
import { HEADER_BYTES, SEGMENT_CODE, type Segment, type SegmentKind, type StreamOptions } from "./segment.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/** A port that takes connections. */
export type ListenerState = {
  readonly incarnation: Incarnation;
  readonly accept: (connection: Connection) => ConnectionHandlers;
  /** Connections that the process has not been told of. */
  readonly pending: Set<Endpoint>;
};

export class Streams implements Protocol, EndpointContext {
  readonly kernel: Kernel;
  readonly options: StreamOptions;
  readonly #topology: Topology;
  readonly #wire: Wire;
  #isTelling = false;
  #corked: Endpoint[] = [];
  readonly #arriveKind: EventKind = { name: "net.segment", sync: true, run: (packet: Packet) => this.#arrive(packet) };
  readonly #tellKind: EventKind = { name: "net.tell", sync: null, run: (endpoint: Endpoint) => this.#tell(endpoint) };
  readonly #failKind: EventKind = { name: "net.tell", sync: false, run: (fail: () => void) => fail() };

  constructor(kernel: Kernel, topology: Topology, wire: Wire, options: StreamOptions) {
    for (const [name, value] of Object.entries(options)) {
      assertInteger(value, 1, Number.MAX_SAFE_INTEGER, `stream.${name}`);
    }
    this.kernel = kernel;
    this.options = options;
    this.#topology = topology;
    this.#wire = wire;
  }

  // ---- For processes ----

  listen(host: NetHost, incarnation: Incarnation, wanted: number, accept: ListenerState["accept"]): Listener {
    assertInteger(wanted, 0, PORT_MAX, "port");
    const isTaken = (port: number): boolean => host.listeners.has(port);
    if (wanted !== 0 && isTaken(wanted)) {
      throw new NetError("EADDRINUSE", `port ${wanted} of ${host.name} is listened on already`);
    }
    const port = wanted === 0 ? freePort(PORT_DYNAMIC_MIN, isTaken) : wanted;
    if (port === null) throw new NetError("EADDRINUSE", `${host.name} has no free port`);
    const listener: ListenerState = { incarnation, accept, pending: new Set() };
    host.listeners.set(port, listener);
    return {
      address: Object.freeze({ host: host.name, port }),
      close: () => {
        if (!this.kernel.enter(incarnation) || host.listeners.get(port) !== listener) return;
        host.listeners.delete(port);
        this.#resetPending(listener);
      },
    };
  }

  connect(
    host: NetHost,
    incarnation: Incarnation,
    ...[to, handlers, options]: Parameters<Net["connect"]>
  ): Promise<Connection> {
    const timeoutUs = options?.timeoutUs ?? this.options.connectTimeoutUs;
    assertInteger(timeoutUs, 1, Number.MAX_SAFE_INTEGER, "timeoutUs");
    assertInteger(to.port, 1, PORT_MAX, "port");
    return new Promise((resolve, reject) => {
      const link = this.#topology.linkTo(host, to.host);
      const localPort = link === undefined ? null : this.#choosePort(host, link, to.port);
      if (link === undefined || localPort === null) {
        const error =
          link === undefined
            ? new NetError("EHOSTUNREACH", `there is no host ${JSON.stringify(to.host)}`)
            : new NetError("EADDRINUSE", `${host.name} has no free port`);
        this.kernel.at(this.kernel.nowUs, incarnation, this.#failKind, () => reject(error));
        return;
      }
      const connection = ++link.connectionCount;
      const flow = this.#flow(link, `tcp/${host.name}>${to.host}/${connection}`);
      const ports = { localPort, remotePort: to.port };
      const endpoint = this.#add({ host, flow, ...ports, connection, state: "syn-sent", timeoutUs });
      endpoint.process = makeProcessSide(this.kernel, endpoint, incarnation, handlers);
      endpoint.process.promise = { resolve, reject };
      endpoint.open();
    });
  }

  // ---- For the network: the ends of processes and of systems ----

  /** kill: the system closes what the process had open. power-loss: all of it is gone without a word. */
  endProcess(host: NetHost, how: "kill" | "power-loss"): void {
    const listeners = [...host.listeners.values()];
    host.listeners.clear();
    if (how === "kill") for (const listener of listeners) this.#resetPending(listener);
    for (const endpoint of [...host.endpoints.values()]) {
      if (how === "kill") endpoint.orphan();
      else endpoint.vanish();
    }
    if (how === "power-loss") host.nextStreamPort = PORT_DYNAMIC_MIN;
  }

  // ---- Protocol ----

  schedule(packet: Packet): EventId {
    return this.kernel.at(
      packet.arriveUs,
      null,
      this.#arriveKind,
      packet,
      undefined,
      true,
      packet.flow.consumer.lo | 0,
    );
  }

  isAwaited(packet: Packet): boolean {
    return packet.flow.link.to.isSystemUp;
  }

  describe(packet: Packet): { readonly [key: string]: PlainData } {
    const { kind, seq, ack, bytes, fromPort, toPort } = packet.payload as Segment;
    return { segment: kind, seq, ack, length: bytes?.length ?? 0, fromPort, port: toPort };
  }

  // ---- EndpointContext ----

  transmit(endpoint: Endpoint, kind: SegmentKind, seq: number, bytes: Uint8Array | null): void {
    const { flow, connection, localPort, remotePort } = endpoint.start;
    this.#send(flow, {
      connection,
      fromPort: localPort,
      toPort: remotePort,
      kind,
      seq,
      bytes,
      ack: kind === "rst" ? -1 : endpoint.ack,
      windowBytes: endpoint.receiveSide.windowBytes,
    });
  }

  opened(endpoint: Endpoint): void {
    const { host, localPort } = endpoint.start;
    if (endpoint.process === null) {
      const listener = host.listeners.get(localPort);
      if (listener === undefined || !listener.pending.has(endpoint)) {
        endpoint.reset();
        return;
      }
      endpoint.process = makeProcessSide(this.kernel, endpoint, listener.incarnation, (connection) => {
        listener.pending.delete(endpoint);
        return listener.accept(connection);
      });
    }
    endpoint.process.isOpen = true;
    this.wake(endpoint);
  }

  wake(endpoint: Endpoint): void {
    const side = endpoint.process;
    if (side === null || side.isScheduled || !side.incarnation.isAlive) return;
    if (nextTelling(endpoint, side) === null) return;
    side.isScheduled = true;
    const isSync = side.makeHandlers === null && side.handlers?.sync === true;
    const { tieKey } = endpoint.start;
    this.kernel.at(this.kernel.nowUs, side.incarnation, this.#tellKind, endpoint, undefined, isSync, tieKey);
  }

  cork(endpoint: Endpoint): boolean {
    if (this.#isTelling) this.#corked.push(endpoint);
    return this.#isTelling;
  }

  forget(endpoint: Endpoint): void {
    const { host, peer, localPort, remotePort } = endpoint.start;
    const key = endpointKey(localPort, peer.index, remotePort);
    if (host.endpoints.get(key) === endpoint) host.endpoints.delete(key);
    if (endpoint.process === null) host.listeners.get(localPort)?.pending.delete(endpoint);
  }

  // ---- Inside ----

  /** Nobody will accept these connections any more. */
  #resetPending(listener: ListenerState): void {
    for (const endpoint of [...listener.pending]) {
      endpoint.reset();
      endpoint.process = null;
    }
    listener.pending.clear();
  }

  #tell(endpoint: Endpoint): void | Promise<void> {
    const side = endpoint.process;
    if (side === null) return;
    side.isScheduled = false;
    let telling = nextTelling(endpoint, side);
    if (telling === "data") {
      this.kernel.point("message", "stream", side.incarnation);
      if (side.incarnation.isPaused) {
        this.wake(endpoint);
        endpoint.afterTelling();
        return;
      }
      // The trigger may have ended the process.
      if (endpoint.process !== side || !side.incarnation.isAlive) return;
      telling = nextTelling(endpoint, side);
    }
    if (telling === null) return;
    const call = takeTelling(endpoint, side, telling);
    if (this.kernel.isTracing) {
      const { local, remote } = side.connection;
      this.kernel.trace(`net.${telling}`, local.host, { port: local.port, peer: remote.host, peerPort: remote.port });
    }
    this.wake(endpoint);
    return this.#callCorked(endpoint, call);
  }

  /** What the process writes before it returns goes out at once after it, also when it throws or ends in the middle. */
  #callCorked(endpoint: Endpoint, call: () => void | Promise<void>): void | Promise<void> {
    this.#isTelling = true;
    try {
      return call();
    } finally {
      this.#isTelling = false;
      const corked = this.#corked;
      this.#corked = [];
      for (const writer of corked) writer.flushNow();
      endpoint.afterTelling();
    }
  }

  #arrive(packet: Packet): void {
    if (!this.#wire.land(packet)) return;
    const { link } = packet.flow;
    const segment = packet.payload as Segment;
    if (!link.to.isSystemUp) {
      this.#wire.drop(packet, "closed");
      return;
    }
    if (packet.isDamaged) {
      this.kernel.mark("net.checksum");
      this.#wire.dropBy(packet, "damaged", packet.damageFault);
      return;
    }
    this.kernel.note(link.key);
    this.kernel.note(packet.ordinal ^ (SEGMENT_CODE[segment.kind] << 28));
    this.kernel.note(segment.seq ^ Math.imul(segment.ack, 0x9e3779b1) ^ segment.fromPort ^ (segment.toPort << 16));
    this.#wire.creditArrival(packet);
    if (this.kernel.isTracing) {
      this.kernel.trace("net.segment", link.to.name, { from: link.from.name, ...this.describe(packet) });
    }
    this.#receive(link.to, link.from, segment);
  }

  #receive(host: NetHost, from: NetHost, segment: Segment): void {
    let endpoint = host.endpoints.get(endpointKey(segment.toPort, from.index, segment.fromPort));
    const isFirstSyn = segment.kind === "syn" && segment.ack < 0;
    if (endpoint !== undefined && endpoint.start.connection !== segment.connection) {
      if (isFirstSyn && segment.connection > endpoint.start.connection) {
        this.kernel.mark("net.port-reuse");
        endpoint.supersede();
      }
      endpoint = undefined;
    }
    if (endpoint !== undefined) {
      endpoint.receive(segment);
      return;
    }
    if (segment.kind === "rst") return;
    if (isFirstSyn && this.#answerSyn(host, from, segment)) return;
    this.#refuse(host, from, segment);
  }

  /** False when nobody listens. A full backlog says nothing: the SYN will come again. */
  #answerSyn(host: NetHost, from: NetHost, segment: Segment): boolean {
    const listener = host.listeners.get(segment.toPort);
    const link = this.#topology.linkTo(host, from.name);
    if (listener === undefined || link === undefined) return false;
    if (listener.pending.size >= this.options.backlogMax) {
      this.kernel.mark("net.backlog-full");
      return true;
    }
    const endpoint = this.#add({
      host,
      flow: this.#flow(link, `tcp/${from.name}>${host.name}/${segment.connection}/back`),
      localPort: segment.toPort,
      remotePort: segment.fromPort,
      connection: segment.connection,
      state: "syn-received",
      timeoutUs: this.options.userTimeoutUs,
    });
    listener.pending.add(endpoint);
    endpoint.receiveSide.accept(segment.seq, 1, null, false);
    endpoint.open();
    return true;
  }

  #refuse(host: NetHost, from: NetHost, segment: Segment): void {
    const link = this.#topology.linkTo(host, from.name);
    if (link === undefined) return;
    link.strays ??= this.#flow(link, `tcp/${host.name}>${from.name}/strays`);
    const { connection, fromPort, toPort } = segment;
    const reply = { connection, fromPort: toPort, toPort: fromPort };
    this.#send(link.strays, { ...reply, kind: "rst", seq: 0, bytes: null, ack: -1, windowBytes: 0 });
  }

  #send(flow: Flow, segment: Segment): void {
    const packet = makePacket(this, flow, HEADER_BYTES + (segment.bytes?.length ?? 0), segment, null, segment.toPort);
    this.#wire.transmit(packet);
  }

  #flow(link: Link, name: string): Flow {
    return makeFlow(link, this.#topology.flowStart(name), true);
  }

  #add(start: Omit<EndpointStart, "peer" | "tieKey">): Endpoint {
    const peer = start.flow.link.to;
    const endpoint = new Endpoint(this, { ...start, peer, tieKey: start.flow.consumer.lo | 0 });
    start.host.endpoints.set(endpointKey(start.localPort, peer.index, start.remotePort), endpoint);
    return endpoint;
  }

  #choosePort(host: NetHost, link: Link, remotePort: number): number | null {
    const isTaken = (port: number): boolean =>
      host.listeners.has(port) || host.endpoints.has(endpointKey(port, link.to.index, remotePort));
    const port = freePort(host.nextStreamPort, isTaken);
    if (port !== null) host.nextStreamPort = port + 1;
    return port;
  }
}

/** Below 2^53: 16 bits each for the two ports and the host. */
function endpointKey(localPort: number, remoteHost: number, remotePort: number): number {
  return (localPort * 65_536 + remoteHost) * 65_536 + remotePort;
}
