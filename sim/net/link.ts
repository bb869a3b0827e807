/**
 * Links, flows and packets: the records of what is on the wire.
 *
 * A link is one direction between two hosts and exists from its first packet on. A flow numbers the packets whose
 * fates are keyed together: the datagrams of a link, or one direction of one connection.
 */
import type { PlainData } from "../host.ts";
import type { ActiveFault, Consumer, EventId } from "../kernel.ts";
import type { DatagramPort, NetHost } from "./net-host.ts";
import type { LinkProperties } from "./properties.ts";
import type { Effective } from "./rule.ts";

export type Link = {
  readonly from: NetHost;
  readonly to: NetHost;
  /** Also the place of the link in the digest and its tie key: packets of one link that arrive together keep their order. */
  readonly key: number;
  /** The datagrams of this link. */
  readonly flow: Flow;
  own: LinkProperties;
  effective: Effective;
  /** When the last byte that was queued will have left. */
  busyUntilUs: number;
  /** The same at the link's own bandwidth, without rules: what is later than that is later because of a rule. */
  ownBusyUntilUs: number;
  /** Invariant: inFlight[i].slot === i. */
  readonly inFlight: Packet[];
  /** What a hold keeps, in the order it came. */
  held: Packet[];
  /** How many connections were opened in this direction. */
  connectionCount: number;
  /** Resets that belong to no connection; made at the first. */
  strays: Flow | null;
};

export type Flow = {
  readonly link: Link;
  /** Small and unique in a run: rules remember bursts by it. */
  readonly number: number;
  readonly consumer: Consumer;
  nextOrdinal: number;
  /** The highest ordinal that has arrived: a lower one after it was overtaken. */
  highestArrived: number;
  /** A flow in order never lets a packet arrive before one sent earlier, unless reordering says so. */
  readonly isOrdered: boolean;
  lastArriveUs: number;
};

/** What happens to packets at their ends. */
export type Protocol = {
  /** Schedules the arrival at packet.arriveUs and returns the event. */
  schedule(packet: Packet): EventId;
  /** Whether somebody at the target would take the packet if it arrived now. */
  isAwaited(packet: Packet): boolean;
  /** For the trace. */
  describe(packet: Packet): { readonly [key: string]: PlainData };
};

export type Packet = {
  readonly protocol: Protocol;
  readonly flow: Flow;
  readonly ordinal: number;
  readonly sizeBytes: number;
  readonly isCopy: boolean;
  /** The datagram's message, or the segment of a connection. */
  readonly payload: unknown;
  /** Datagrams: the socket that sent it, and the port it goes to. */
  readonly sender: DatagramPort | null;
  readonly port: number;
  /** Datagrams in deep-checking runs: the bytes at the time of sending. */
  encoding: Uint8Array | null;
  /** Whether the triggers of the plan have seen it. */
  isOffered: boolean;
  arriveUs: number;
  event: EventId;
  /** Its place in link.inFlight; -1 when it is not in flight. */
  slot: number;
  isDamaged: boolean;
  /** At most this many bits are flipped. */
  damageBitsMax: number;
  /** Whom to credit once the packet arrives: for its delay, for being a copy. */
  credits: ActiveFault[] | null;
  damageFault: ActiveFault | null;
  /** Whom to credit if it was overtaken. */
  reorderFault: ActiveFault | null;
};

const KEY_STRIDE = 65_536;

export function linkKey(fromIndex: number, toIndex: number): number {
  return (fromIndex * KEY_STRIDE + toIndex) | 0;
}

export function makeLink(
  from: NetHost,
  to: NetHost,
  own: LinkProperties,
  effective: Effective,
  datagrams: FlowStart,
): Link {
  const link: { -readonly [K in keyof Link]: Link[K] } = {
    from,
    to,
    key: linkKey(from.index, to.index),
    flow: undefined as unknown as Flow, // set below: the two refer to each other
    own,
    effective,
    busyUntilUs: 0,
    ownBusyUntilUs: 0,
    inFlight: [],
    held: [],
    connectionCount: 0,
    strays: null,
  };
  link.flow = makeFlow(link, datagrams, false);
  return link;
}

export type FlowStart = { readonly number: number; readonly consumer: Consumer };

export function makeFlow(link: Link, start: FlowStart, isOrdered: boolean): Flow {
  return {
    link,
    number: start.number,
    consumer: start.consumer,
    nextOrdinal: 0,
    highestArrived: -1,
    isOrdered,
    lastArriveUs: 0,
  };
}

/**
 * No whole number: so the engine gives these fields a representation for floating point from the start. Times and event
 * ids outgrow its small integers in the middle of a run, and changing the layout of every packet then costs 1 us each (measured).
 */
const NOT_YET = -0.5;

/** The next packet of its flow. */
export function makePacket(
  protocol: Protocol,
  flow: Flow,
  sizeBytes: number,
  payload: unknown,
  sender: DatagramPort | null,
  port: number,
): Packet {
  return {
    protocol,
    flow,
    ordinal: flow.nextOrdinal++,
    sizeBytes,
    isCopy: false,
    payload,
    sender,
    port,
    encoding: null,
    isOffered: false,
    arriveUs: NOT_YET,
    event: NOT_YET,
    slot: -1,
    isDamaged: false,
    damageBitsMax: 0,
    credits: null,
    damageFault: null,
    reorderFault: null,
  };
}

export function addToFlight(link: Link, packet: Packet): void {
  packet.slot = link.inFlight.length;
  link.inFlight.push(packet);
}

/** Takes a packet out of its link's list; the last one moves into its place. */
export function removeFromFlight(packet: Packet): void {
  const { inFlight } = packet.flow.link;
  const last = inFlight.pop()!; // the packet itself is in the list
  if (last !== packet) {
    inFlight[packet.slot] = last;
    last.slot = packet.slot;
  }
  packet.slot = -1;
}

export function credit(packet: Packet, fault: ActiveFault | null): void {
  if (fault === null) return;
  if (packet.credits === null) packet.credits = [fault];
  else packet.credits.push(fault);
}
