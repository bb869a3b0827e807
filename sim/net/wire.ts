/**
 * The wire: judges every packet when it is sent and again when it would arrive.
 *
 * When it is sent: loss, a block, damage, a copy, the time it takes (queueing at the bandwidth, latency, delays, reordering),
 * capacity. When it would arrive: a block drops it, a hold keeps it. Every draw is keyed by (flow, ordinal, purpose), so
 * what happens to one packet moves nothing for another one, except where packets share a queue.
 *
 * A fault is credited only for what is observed: a lost packet counts when somebody would have taken it, a late one when it
 * arrives, a copy when the second one arrives, a reordered one when it has been overtaken.
 */
import { scale } from "../hash.ts";
import { type ActiveFault, type Kernel, PURPOSE } from "../kernel.ts";
import { drawLatencyUs, type LatencyPurposes } from "./latency.ts";
import { addToFlight, credit, type Link, type Packet, removeFromFlight } from "./link.ts";
import type { NetHost } from "./net-host.ts";
import { type CompiledOdds, type Effective, hits, type Rule } from "./rule.ts";
import type { Topology } from "./topology.ts";

/** A hold keeps at most this many packets on one link; beyond it they are dropped. */
export const HELD_PACKETS_MAX = 16_384;

export type DropReason =
  | "loss"
  | "block"
  | "capacity"
  | "held-overflow"
  | "closed"
  | "damaged"
  | "waiting-overflow"
  | "crash"
  | "no-host";

/** What goes into the digest for a packet that does not arrive; never renumbered. */
const DROP_CODE: { readonly [reason in DropReason]: number } = {
  loss: 1,
  block: 2,
  capacity: 3,
  "held-overflow": 4,
  closed: 5,
  damaged: 6,
  "waiting-overflow": 7,
  crash: 8,
  "no-host": 9,
};

const LATENCY: LatencyPurposes = { usual: PURPOSE.netLatency, tail: PURPOSE.netLatencyTail };
const COPY_LATENCY: LatencyPurposes = { usual: PURPOSE.netDuplicateLatency, tail: PURPOSE.netDuplicateTail };
const DELAY: LatencyPurposes = { usual: PURPOSE.netDelay, tail: PURPOSE.netDelayTail };

type RateName = "loss" | "duplicate" | "corrupt" | "reorder";

export class Wire {
  readonly #kernel: Kernel;

  constructor(kernel: Kernel, topology: Topology) {
    this.#kernel = kernel;
    topology.onReleased = (link) => this.#release(link);
  }

  /** Sends a packet: it is dropped now, or its arrival is scheduled. */
  transmit(packet: Packet): void {
    const { link } = packet.flow;
    const { effective } = link;
    if (!effective.isPlain) {
      this.#transmitJudged(packet, link, effective);
      return;
    }
    if (link.inFlight.length >= effective.capacity && !this.#makeRoom(packet, effective)) return;
    const { flow } = packet;
    const latencyUs = drawLatencyUs(this.#kernel, effective.latency, flow.consumer, packet.ordinal, LATENCY);
    this.#depart(packet, this.#kernel.nowUs + latencyUs, 0);
  }

  /** The packet is at its target: true when it goes on to the protocol. A block drops it here, a hold keeps it. */
  land(packet: Packet): boolean {
    removeFromFlight(packet);
    const { flow } = packet;
    const { effective } = flow.link;
    if (!effective.isPlain) {
      if (effective.block !== null) {
        this.#kernel.mark("net.cut-in-flight");
        this.dropBy(packet, "block", effective.block.fault);
        return false;
      }
      if (effective.hold !== null) {
        this.#hold(packet, flow.link, effective.hold);
        return false;
      }
    }
    if (packet.ordinal < flow.highestArrived) {
      if (packet.reorderFault !== null && packet.protocol.isAwaited(packet)) this.#kernel.effect(packet.reorderFault);
    } else flow.highestArrived = packet.ordinal;
    return true;
  }

  /** To be called when the packet has reached somebody. */
  creditArrival(packet: Packet): void {
    if (packet.credits === null) return;
    for (const fault of packet.credits) this.#kernel.effect(fault);
  }

  drop(packet: Packet, reason: DropReason): void {
    const kernel = this.#kernel;
    const { link } = packet.flow;
    kernel.note(link.key ^ Math.imul(DROP_CODE[reason], 0x9e3779b1));
    kernel.note(packet.ordinal);
    if (!kernel.isTracing) return;
    const { protocol, ordinal } = packet;
    kernel.trace("net.drop", link.from.name, { to: link.to.name, ordinal, reason, ...protocol.describe(packet) });
  }

  /** Drops a packet because of a fault, which is credited when somebody would have taken the packet. */
  dropBy(packet: Packet, reason: DropReason, fault: ActiveFault | null): void {
    if (fault !== null && packet.protocol.isAwaited(packet)) this.#kernel.effect(fault);
    this.drop(packet, reason);
  }

  /** The events of these packets belonged to an incarnation that has ended: they are scheduled anew. */
  rescheduleArrivals(host: NetHost, shallMove: (packet: Packet) => boolean): void {
    for (const link of host.linksIn) {
      for (const packet of link.inFlight) {
        if (!shallMove(packet)) continue;
        this.#kernel.cancel(packet.event);
        packet.event = packet.protocol.schedule(packet);
      }
    }
  }

  #hold(packet: Packet, link: Link, hold: Rule): void {
    if (link.held.length >= HELD_PACKETS_MAX) {
      this.#kernel.mark("net.held-overflow");
      this.dropBy(packet, "held-overflow", hold.fault);
      return;
    }
    if (hold.fault !== null && packet.protocol.isAwaited(packet)) this.#kernel.effect(hold.fault);
    link.held.push(packet);
    if (this.#kernel.isTracing) {
      this.#kernel.trace("net.hold", link.from.name, { to: link.to.name, ordinal: packet.ordinal });
    }
  }

  /** What was held arrives now, in the order in which it came to be held. */
  #release(link: Link): void {
    const { held } = link;
    link.held = [];
    for (const packet of held) {
      packet.arriveUs = this.#kernel.nowUs;
      addToFlight(link, packet);
      packet.event = packet.protocol.schedule(packet);
    }
  }

  #transmitJudged(packet: Packet, link: Link, effective: Effective): void {
    if (this.#isDroppedAtOnce(packet, link, effective)) {
      this.#teachBursts(packet, effective);
      return;
    }
    this.#damage(packet, effective);
    const delayUs = this.#delayUs(packet, effective);
    const copy = this.#copyOf(packet, effective);
    this.#departJudged(packet, effective, delayUs, LATENCY);
    if (copy !== null && link.inFlight.length < effective.capacity) {
      this.#departJudged(copy, effective, delayUs, COPY_LATENCY);
    }
  }

  #isDroppedAtOnce(packet: Packet, link: Link, effective: Effective): boolean {
    if (this.#isLost(packet, effective)) return true;
    if (effective.block !== null) {
      this.dropBy(packet, "block", effective.block.fault);
      return true;
    }
    return link.inFlight.length >= effective.capacity && !this.#makeRoom(packet, effective);
  }

  /** Correlated rates learn also of a packet that is dropped: its loss must not change what happens to those after it. */
  #teachBursts(packet: Packet, effective: Effective): void {
    const { consumer, number } = packet.flow;
    for (const rule of effective.rules) {
      for (const [odds, purpose] of [
        [rule.corrupt, PURPOSE.netCorrupt],
        [rule.duplicate, PURPOSE.netDuplicate],
        [rule.reorder, PURPOSE.netReorder],
        [rule.delayOdds, PURPOSE.netDelayOdds],
      ] as const) {
        if (odds?.isCorrelated) hits(odds, this.#kernel.outcome(consumer, packet.ordinal, purpose), number);
      }
    }
  }

  #departJudged(packet: Packet, effective: Effective, delayUs: number, purposes: LatencyPurposes): void {
    const { flow } = packet;
    const queuedUs = this.#queue(packet, effective);
    const latencyUs = drawLatencyUs(this.#kernel, effective.latency, flow.consumer, packet.ordinal, purposes);
    if (effective.stretching !== null) {
      const ownUs = drawLatencyUs(this.#kernel, effective.ownLatency, flow.consumer, packet.ordinal, purposes);
      if (latencyUs > ownUs) credit(packet, effective.stretching.fault);
    }
    this.#depart(packet, queuedUs + latencyUs + delayUs, packet.isCopy ? 0 : this.#reorderUs(packet, effective));
  }

  #depart(packet: Packet, arriveUs: number, reorderUs: number): void {
    const { flow } = packet;
    let inOrderUs = arriveUs;
    if (flow.isOrdered) {
      if (inOrderUs < flow.lastArriveUs) inOrderUs = flow.lastArriveUs;
      flow.lastArriveUs = inOrderUs;
    }
    packet.arriveUs = inOrderUs + reorderUs;
    addToFlight(flow.link, packet);
    packet.event = packet.protocol.schedule(packet);
  }

  /** The outcome of a rate: the link's own, a rule's (which is returned), or none. Correlated rules learn of every packet. */
  #judge(packet: Packet, effective: Effective, rate: RateName, purpose: number, ownBelow: number): Rule | "own" | null {
    let isAsked = ownBelow > 0;
    for (const rule of effective.rules) if (rule[rate] !== null) isAsked = true;
    if (!isAsked) return null;
    const outcome = this.#kernel.outcome(packet.flow.consumer, packet.ordinal, purpose);
    let first: Rule | null = null;
    for (const rule of effective.rules) {
      const odds: CompiledOdds | null = rule[rate];
      if (odds !== null && hits(odds, outcome, packet.flow.number)) first ??= rule;
    }
    return outcome < ownBelow ? "own" : first;
  }

  #isLost(packet: Packet, effective: Effective): boolean {
    const by = this.#judge(packet, effective, "loss", PURPOSE.netLoss, effective.lossBelow);
    if (by === null) return false;
    this.dropBy(packet, "loss", by === "own" ? null : by.fault);
    return true;
  }

  #damage(packet: Packet, effective: Effective): void {
    const by = this.#judge(packet, effective, "corrupt", PURPOSE.netCorrupt, effective.corruptBelow);
    if (by === null) return;
    packet.isDamaged = true;
    packet.damageBitsMax = (by === "own" ? undefined : by.props.corrupt?.bitsMax) ?? 32;
    packet.damageFault = by === "own" ? null : by.fault;
  }

  #copyOf(packet: Packet, effective: Effective): Packet | null {
    const by = this.#judge(packet, effective, "duplicate", PURPOSE.netDuplicate, effective.duplicateBelow);
    // A connection discards what it has received before: a copy of a segment could not be observed.
    if (by === null || packet.flow.isOrdered) return null;
    const copy: Packet = { ...packet, isCopy: true, credits: packet.credits === null ? null : [...packet.credits] };
    if (by !== "own") credit(copy, by.fault);
    return copy;
  }

  /** When the last byte leaves: packets queue at the bandwidth of the link. */
  #queue(packet: Packet, effective: Effective): number {
    const { nowUs } = this.#kernel;
    if (effective.bytesPerSecond === 0) return nowUs;
    const { link } = packet.flow;
    const ownUs = effective.ownBytesPerSecond === 0 ? 0 : transmitUs(packet.sizeBytes, effective.ownBytesPerSecond);
    link.ownBusyUntilUs = Math.max(link.ownBusyUntilUs, nowUs) + ownUs;
    link.busyUntilUs = Math.max(link.busyUntilUs, nowUs) + transmitUs(packet.sizeBytes, effective.bytesPerSecond);
    if (effective.narrowing !== null && link.busyUntilUs > link.ownBusyUntilUs)
      credit(packet, effective.narrowing.fault);
    return link.busyUntilUs;
  }

  #delayUs(packet: Packet, effective: Effective): number {
    const kernel = this.#kernel;
    const { consumer, number } = packet.flow;
    let sumUs = 0;
    for (const rule of effective.rules) {
      if (rule.delay === null) continue;
      if (rule.delayOdds !== null) {
        const outcome = kernel.outcome(consumer, packet.ordinal, PURPOSE.netDelayOdds);
        if (!hits(rule.delayOdds, outcome, number)) continue;
      }
      const delayUs = drawLatencyUs(kernel, rule.delay, consumer, packet.ordinal, DELAY);
      if (delayUs > 0) credit(packet, rule.fault);
      sumUs += delayUs;
    }
    return sumUs;
  }

  #reorderUs(packet: Packet, effective: Effective): number {
    const by = this.#judge(packet, effective, "reorder", PURPOSE.netReorder, effective.reorderBelow);
    if (by === null) return 0;
    const delayUsMax = by === "own" ? effective.reorderDelayUsMax : by.props.reorder!.delayUsMax; // judged by its reorder odds
    if (by !== "own") packet.reorderFault = by.fault;
    return 1 + scale(this.#kernel.outcome(packet.flow.consumer, packet.ordinal, PURPOSE.netReorderDelay), delayUsMax);
  }

  /** The link is full. True when another packet was dropped in favour of this one. */
  #makeRoom(packet: Packet, effective: Effective): boolean {
    const { flow } = packet;
    const { inFlight } = flow.link;
    const fault = inFlight.length < effective.ownCapacity ? (effective.crowding?.fault ?? null) : null;
    this.#kernel.mark("net.capacity");
    if (effective.overflow === "random") {
      const outcome = this.#kernel.outcome(flow.consumer, packet.ordinal, PURPOSE.netCapacity);
      const victim = inFlight[scale(outcome, inFlight.length + 1)];
      if (victim !== undefined) {
        this.#kernel.cancel(victim.event);
        removeFromFlight(victim);
        this.dropBy(victim, "capacity", fault);
        return true;
      }
    }
    this.dropBy(packet, "capacity", fault);
    return false;
  }
}

function transmitUs(sizeBytes: number, bytesPerSecond: number): number {
  return Math.ceil((sizeBytes * 1_000_000) / bytesPerSecond);
}
