/**
 * Datagrams: unreliable messages between ports, handed over by reference.
 *
 * One event for each message on the usual way. It belongs to the incarnation that was up at the target when the message
 * was sent; when that one ends, what is in flight moves to events of the world, which find out on arrival who is up then.
 * So a message may outlive a restart of its target, as on a real network.
 */
import { hashText } from "../hash.ts";
import {
  type Address,
  type Codec,
  type DatagramOptions,
  type DatagramSocket,
  NetError,
  type PlainData,
} from "../host.ts";
import { type EventId, type EventKind, type Incarnation, type Kernel, PURPOSE } from "../kernel.ts";
import { assertInteger } from "./assert.ts";
import { flipBits } from "./damage.ts";
import { makePacket, type Packet, type Protocol, removeFromFlight } from "./link.ts";
import { type DatagramPort, freePort, type NetHost, PORT_MAX } from "./net-host.ts";
import type { Effective } from "./rule.ts";
import type { Topology } from "./topology.ts";
import type { Wire } from "./wire.ts";

/** What arrives for a paused host waits in the buffers of its sockets: this many messages a host, as a full UDP buffer. */
export const WAITING_DATAGRAMS_MAX = 1_024;

export class Datagrams implements Protocol {
  readonly #kernel: Kernel;
  readonly #topology: Topology;
  readonly #wire: Wire;
  readonly #typeHashes: Map<string, number> = new Map();
  readonly #arriveSync: EventKind;
  readonly #arriveAsync: EventKind;
  /** The target was down, or had no such port, when the message was sent. */
  readonly #seek: EventKind = { name: "net.seek", sync: true, run: (packet: Packet) => this.#find(packet) };
  readonly #resume: EventKind = { name: "net.resume", sync: false, run: (packet: Packet) => this.#take(packet) };

  constructor(kernel: Kernel, topology: Topology, wire: Wire) {
    this.#kernel = kernel;
    this.#topology = topology;
    this.#wire = wire;
    // Kernel work: it also runs while the host is paused, because the message then goes into a buffer.
    this.#arriveSync = {
      name: "net.arrive",
      sync: true,
      isKernelWork: true,
      run: (packet: Packet) => this.#arrive(packet, true),
    };
    this.#arriveAsync = {
      name: "net.arrive",
      sync: false,
      isKernelWork: true,
      run: (packet: Packet) => this.#arrive(packet, false),
    };
  }

  open<M>(host: NetHost, incarnation: Incarnation, options: DatagramOptions<M>): DatagramSocket<M> {
    const number = this.#choosePort(host, options.port);
    const port: DatagramPort = {
      address: Object.freeze({ host: host.name, port: number }),
      codec: options.codec as Codec<unknown>,
      onMessage: options.onMessage as DatagramPort["onMessage"],
      isSync: options.sync === true,
      isOpen: true,
    };
    host.datagramPorts.set(number, port);
    return {
      address: port.address,
      send: (to, message) => {
        if (this.#kernel.enter(incarnation) && port.isOpen) this.#send(host, port, to, message);
      },
      close: () => {
        if (!this.#kernel.enter(incarnation) || !port.isOpen) return;
        port.isOpen = false;
        host.datagramPorts.delete(number);
      },
    };
  }

  /** The process of the host has ended: its ports and what waited in their buffers are gone. */
  endProcess(host: NetHost): void {
    for (const port of host.datagramPorts.values()) port.isOpen = false;
    host.datagramPorts.clear();
    for (const packet of host.waiting) this.#wire.drop(packet, "crash");
    host.waiting = [];
    this.#wire.rescheduleArrivals(host, (packet) => packet.protocol === this);
  }

  /** The host runs again: what waited is handed over, in order for each link. */
  resume(host: NetHost): void {
    const { waiting } = host;
    host.waiting = [];
    for (const packet of waiting) this.#handOn(packet, host);
  }

  schedule(packet: Packet): EventId {
    const { link } = packet.flow;
    const { to } = link;
    const port = to.datagramPorts.get(packet.port);
    const kernel = this.#kernel;
    if (port === undefined || to.incarnation === null) {
      return kernel.at(packet.arriveUs, null, this.#seek, packet, undefined, true, link.key);
    }
    const kind = port.isSync ? this.#arriveSync : this.#arriveAsync;
    return kernel.at(packet.arriveUs, to.incarnation, kind, packet, undefined, port.isSync, link.key);
  }

  isAwaited(packet: Packet): boolean {
    const { to } = packet.flow.link;
    return to.incarnation !== null && to.datagramPorts.has(packet.port);
  }

  describe(packet: Packet): { readonly [key: string]: PlainData } {
    return { type: packet.sender!.codec.typeOf(packet.payload), port: packet.port }; // a datagram has a sender
  }

  #send(host: NetHost, port: DatagramPort, to: Address, message: unknown): void {
    const link = this.#topology.linkTo(host, to.host);
    const kernel = this.#kernel;
    if (link === undefined) {
      kernel.mark("net.unknown-host");
      if (kernel.isTracing) kernel.trace("net.drop", host.name, { to: to.host, reason: "no-host" });
      return;
    }
    const { codec } = port;
    const sizeBytes = codec.sizeOf === undefined ? codec.encode(message).length : codec.sizeOf(message);
    host.datagramBytesSent += sizeBytes;
    const packet = makePacket(this, link.flow, sizeBytes, message, port, to.port);
    if (kernel.isDeepChecking) packet.encoding = this.#encodeChecked(packet, codec, message);
    if (kernel.isTracing) {
      const { ordinal } = packet;
      kernel.trace("net.send", host.name, { to: to.host, ordinal, sizeBytes, ...this.describe(packet) });
    }
    this.#wire.transmit(packet);
  }

  /** The arrival of a message at a host that was not ready for it when it was sent. */
  #find(packet: Packet): void {
    if (this.isAwaited(packet)) {
      packet.arriveUs = this.#kernel.nowUs;
      packet.event = this.schedule(packet);
    } else {
      removeFromFlight(packet);
      this.#wire.drop(packet, "closed");
    }
  }

  #arrive(packet: Packet, isSync: boolean): void | Promise<void> {
    const { to } = packet.flow.link;
    const port = to.datagramPorts.get(packet.port);
    if (port !== undefined && isSync && !port.isSync) {
      // The port was opened anew by somebody whose handler needs the barrier.
      packet.event = this.schedule(packet);
      return;
    }
    if (!this.#wire.land(packet)) return;
    return this.#deliver(packet, to, port);
  }

  /** After a wait: the packet has landed before. */
  #take(packet: Packet): void | Promise<void> {
    const { to } = packet.flow.link;
    return this.#deliver(packet, to, to.datagramPorts.get(packet.port));
  }

  #handOn(packet: Packet, host: NetHost): void {
    this.#kernel.at(this.#kernel.nowUs, host.incarnation, this.#resume, packet, undefined, false, packet.flow.link.key);
  }

  #deliver(packet: Packet, host: NetHost, port: DatagramPort | undefined): void | Promise<void> {
    const incarnation = host.incarnation;
    if (port === undefined || incarnation === null) {
      this.#wire.drop(packet, "closed");
      return;
    }
    if (incarnation.isPaused) {
      this.#wait(packet, host);
      return;
    }
    let message = packet.payload;
    if (packet.encoding !== null) this.#checkUnchanged(packet, packet.encoding);
    if (packet.isDamaged) {
      const garbled = this.#garble(packet, port);
      if (garbled === null) return;
      message = garbled.message;
    }
    const type = packet.isDamaged ? "damaged" : packet.sender!.codec.typeOf(message); // a datagram has a sender
    if (!packet.isOffered) {
      packet.isOffered = true;
      const { effective } = packet.flow.link;
      this.#kernel.point("message", type, incarnation);
      if (!this.#isStillOn(packet, host, incarnation, effective)) return;
    }
    return this.#handOver(packet, port, message, type);
  }

  #handOver(packet: Packet, port: DatagramPort, message: unknown, type: string): void | Promise<void> {
    const kernel = this.#kernel;
    const { link } = packet.flow;
    kernel.note(link.key);
    kernel.note(packet.ordinal);
    kernel.note(packet.sizeBytes ^ this.#typeHash(type));
    this.#wire.creditArrival(packet);
    if (kernel.isTracing) {
      const { ordinal, isCopy } = packet;
      kernel.trace("net.deliver", link.to.name, { from: link.from.name, ordinal, type, isCopy, port: packet.port });
    }
    return port.onMessage(message, packet.sender!.address); // a datagram has a sender
  }

  /** A trigger may have cut the link, paused the host or ended it at this very message. */
  #isStillOn(packet: Packet, host: NetHost, incarnation: Incarnation, before: Effective): boolean {
    const { effective } = packet.flow.link;
    if (!incarnation.isAlive) {
      this.#wire.drop(packet, "crash");
      return false;
    }
    if (effective.block !== before.block && effective.block !== null) {
      this.#wire.dropBy(packet, "block", effective.block.fault);
      return false;
    }
    if (incarnation.isPaused) {
      this.#wait(packet, host);
      return false;
    }
    return true;
  }

  #wait(packet: Packet, host: NetHost): void {
    if (host.waiting.length >= WAITING_DATAGRAMS_MAX) {
      this.#kernel.mark("net.waiting-overflow");
      this.#wire.drop(packet, "waiting-overflow");
      return;
    }
    host.waiting.push(packet);
  }

  /** What the receiver makes of the damaged bytes; null when it saw that they are no message. */
  #garble(packet: Packet, port: DatagramPort): { readonly message: unknown } | null {
    const { codec } = packet.sender!; // a datagram has a sender
    const outcome = this.#kernel.outcome(packet.flow.consumer, packet.ordinal, PURPOSE.netCorruptBits);
    const bytes = flipBits(codec.encode(packet.payload), packet.damageBitsMax, outcome);
    if (bytes === null) return { message: packet.payload };
    if (packet.damageFault !== null) this.#kernel.effect(packet.damageFault);
    try {
      const message = port.codec.decode(bytes);
      this.#kernel.mark("net.garbled");
      return { message };
    } catch {
      this.#kernel.mark("net.damaged");
      this.#wire.drop(packet, "damaged");
      return null;
    }
  }

  #typeHash(type: string): number {
    let hash = this.#typeHashes.get(type);
    if (hash === undefined) {
      hash = hashText(type).lo | 0;
      this.#typeHashes.set(type, hash);
    }
    return hash;
  }

  #encodeChecked(packet: Packet, codec: Codec<unknown>, message: unknown): Uint8Array {
    const bytes = codec.encode(message).slice();
    if (bytes.length === packet.sizeBytes) return bytes;
    throw new Error(
      `${nameOf(packet)}: sizeOf says ${packet.sizeBytes} bytes, but encode gives ${bytes.length}. ` +
        "sizeOf of a codec must be exactly the length of what encode returns.",
    );
  }

  #checkUnchanged(packet: Packet, before: Uint8Array): void {
    const after = packet.sender!.codec.encode(packet.payload); // a datagram has a sender
    let differsAt = before.length === after.length ? -1 : Math.min(before.length, after.length);
    for (let i = 0; i < before.length && i < after.length; i++) {
      if (before[i] === after[i]) continue;
      differsAt = i;
      break;
    }
    if (differsAt < 0) return;
    throw new Error(
      `${nameOf(packet)} was changed after it was sent: its encoding differs from byte ${differsAt} on. ` +
        "Messages are immutable: send a copy of what will change.",
    );
  }

  #choosePort(host: NetHost, wanted: number): number {
    assertInteger(wanted, 0, PORT_MAX, "port");
    const isTaken = (port: number): boolean => host.datagramPorts.has(port);
    if (wanted !== 0) {
      if (isTaken(wanted)) throw new NetError("EADDRINUSE", `datagram port ${wanted} of ${host.name} is open already`);
      return wanted;
    }
    const port = freePort(host.nextDatagramPort, isTaken);
    if (port === null) throw new NetError("EADDRINUSE", `${host.name} has no free datagram port`);
    host.nextDatagramPort = port + 1;
    return port;
  }
}

function nameOf(packet: Packet): string {
  const { from, to } = packet.flow.link;
  return `Message ${JSON.stringify(packet.sender!.codec.typeOf(packet.payload))} from ${from.name} to ${to.name}`;
}
