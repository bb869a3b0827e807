/** What the network keeps for a host: its ports and its links. The operating system's side; incarnations come and go. */
import type { Address, Codec } from "../host.ts";
import type { Incarnation } from "../kernel.ts";
import type { Endpoint } from "./endpoint.ts";
import type { Link, Packet } from "./link.ts";
import type { ListenerState } from "./streams.ts";

export type NetHost = {
  readonly index: number;
  readonly name: string;
  /** The boot that is up now. */
  incarnation: Incarnation | null;
  /** False before the first boot and after a power loss: then nothing answers. A killed process leaves it true. */
  isSystemUp: boolean;
  readonly datagramPorts: Map<number, DatagramPort>;
  nextDatagramPort: number;
  /** Bytes of datagrams sent from here, lost ones included. */
  datagramBytesSent: number;
  /** Datagrams that arrived while the host is paused, in order. */
  waiting: Packet[];
  readonly listeners: Map<number, ListenerState>;
  /** By local port, remote host and remote port. */
  readonly endpoints: Map<number, Endpoint>;
  nextStreamPort: number;
  /** Outgoing links by the name of the target; only those that were used. */
  readonly linksByName: Map<string, Link>;
  readonly linksIn: Link[];
};

/** An open datagram socket. */
export type DatagramPort = {
  readonly address: Address;
  readonly codec: Codec<unknown>;
  readonly onMessage: (message: unknown, from: Address) => void | Promise<void>;
  readonly isSync: boolean;
  isOpen: boolean;
};

/** The first of the ports that the system chooses (RFC 6335, dynamic ports). */
export const PORT_DYNAMIC_MIN = 49_152;
export const PORT_MAX = 65_535;

export function makeNetHost(index: number, name: string): NetHost {
  return {
    index,
    name,
    incarnation: null,
    isSystemUp: false,
    datagramPorts: new Map(),
    nextDatagramPort: PORT_DYNAMIC_MIN,
    datagramBytesSent: 0,
    waiting: [],
    listeners: new Map(),
    endpoints: new Map(),
    nextStreamPort: PORT_DYNAMIC_MIN,
    linksByName: new Map(),
    linksIn: [],
  };
}

/** The next dynamic port from `next` on that is not taken; null when all are. */
export function freePort(next: number, isTaken: (port: number) => boolean): number | null {
  for (let tried = 0; tried <= PORT_MAX - PORT_DYNAMIC_MIN; tried++) {
    const port = PORT_DYNAMIC_MIN + ((next - PORT_DYNAMIC_MIN + tried) % (PORT_MAX - PORT_DYNAMIC_MIN + 1));
    if (!isTaken(port)) return port;
  }
  return null;
}
