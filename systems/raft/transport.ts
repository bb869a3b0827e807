/**
 * How Raft messages travel: one small interface, and the transport on datagrams. See connections.ts for the other.
 *
 * Neither promises anything: messages may be lost, duplicated or reordered, and the core copes.
 */
import type { Address, Host } from "../../sim/host.ts";
import { raftCodec } from "./codec.ts";
import type { Message, NodeId } from "./message.ts";

export type Member = { readonly id: NodeId; readonly address: Address };

export type Transport = {
  /** Sends to message.to; an unknown or unreachable member is no error. */
  send(message: Message): void;
  close(): void;
};

export type TransportInit = {
  readonly host: Pick<Host, "net" | "timers" | "mark" | "random">;
  readonly self: Member;
  readonly members: readonly Member[];
  /** Must be synchronous: it settles no promise that somebody awaits. */
  readonly onMessage: (message: Message) => void;
};

/** One datagram for each message. Throws NetError when the port is taken. */
export function datagramTransport(init: TransportInit): Transport {
  const addresses = new Map(init.members.map(({ id, address }) => [id, address]));
  const socket = init.host.net.open<Message>({
    port: init.self.address.port,
    codec: raftCodec,
    onMessage: init.onMessage,
    sync: true,
  });
  return {
    send: (message) => {
      const address = addresses.get(message.to);
      if (address !== undefined) socket.send(address, message);
    },
    close: () => socket.close(),
  };
}
