/**
 * Raft messages on connections: each member opens one to every other and writes on it; what others say comes on those
 * that they opened. A frame is a length and a message with its checksum.
 *
 * A broken connection is opened again after a pause that grows up to RECONNECT_US_MAX. Messages for a peer that is not
 * connected, or whose send buffer is full, are dropped: Raft repeats what matters, and old news should not pile up.
 */
import type { Connection, ConnectionHandlers } from "../../sim/host.ts";
import { MalformedError } from "./bytes.ts";
import { raftCodec } from "./codec.ts";
import { FrameReader, frame } from "./framing.ts";
import type { NodeId } from "./message.ts";
import type { Member, Transport, TransportInit } from "./transport.ts";

const CONNECT_TIMEOUT_US = 200_000;
const RECONNECT_US_MIN = 10_000;
const RECONNECT_US_MAX = 320_000;

/** Throws NetError when the port is taken. */
export function connectionTransport(init: TransportInit): Transport {
  const peers = new Map<NodeId, Peer>();
  for (const member of init.members) if (member.id !== init.self.id) peers.set(member.id, new Peer(init, member));
  const incoming = new Set<Connection>();
  const listener = init.host.net.listen(init.self.address.port, (connection) => {
    incoming.add(connection);
    return receiveFrames(init, connection, () => {
      incoming.delete(connection);
    });
  });
  for (const peer of peers.values()) peer.connect();
  return {
    send: (message) => peers.get(message.to)?.send(frame(raftCodec.encode(message))),
    close: () => {
      listener.close();
      for (const peer of peers.values()) peer.close();
      for (const connection of incoming) connection.reset();
    },
  };
}

function receiveFrames(init: TransportInit, connection: Connection, onClosed: () => void): ConnectionHandlers {
  const reader = new FrameReader();
  return {
    sync: true,
    onData: (bytes) => {
      try {
        for (const payload of reader.push(bytes)) init.onMessage(raftCodec.decode(payload));
      } catch (error) {
        if (!(error instanceof MalformedError)) throw error;
        // After damage nobody knows where the next frame begins.
        init.host.mark("raft.damaged-frame");
        connection.reset();
      }
    },
    onEnd: () => connection.end(),
    onClose: onClosed,
  };
}

/** Our way to one member: connected, connecting, or waiting to try again. */
class Peer {
  readonly #init: TransportInit;
  readonly #member: Member;
  #connection: Connection | null = null;
  #isWritable = false;
  #isClosed = false;
  #pauseUs: number = RECONNECT_US_MIN;

  constructor(init: TransportInit, member: Member) {
    this.#init = init;
    this.#member = member;
  }

  send(bytes: Uint8Array): void {
    if (this.#connection === null || !this.#isWritable) return;
    this.#isWritable = this.#connection.write(bytes);
  }

  connect(): void {
    if (this.#isClosed) return;
    const handlers = (): ConnectionHandlers => ({
      sync: true,
      onData: () => undefined,
      onDrain: () => {
        this.#isWritable = true;
      },
      onEnd: () => this.#connection?.end(),
      onClose: () => this.#lost(),
    });
    this.#init.host.net.connect(this.#member.address, handlers, { timeoutUs: CONNECT_TIMEOUT_US }).then(
      (connection) => this.#connected(connection),
      () => this.#retryLater(),
    );
  }

  #connected(connection: Connection): void {
    if (this.#isClosed) {
      connection.reset();
      return;
    }
    this.#connection = connection;
    this.#isWritable = true;
    this.#pauseUs = RECONNECT_US_MIN;
  }

  #lost(): void {
    this.#connection = null;
    this.#isWritable = false;
    this.#init.host.mark("raft.connection-lost");
    this.#retryLater();
  }

  #retryLater(): void {
    if (this.#isClosed) return;
    const pauseUs = this.#init.host.random.between(this.#pauseUs, 2 * this.#pauseUs);
    this.#pauseUs = Math.min(2 * this.#pauseUs, RECONNECT_US_MAX);
    // Connecting settles a promise that nobody outside awaits: the callback itself leaves nothing behind.
    this.#init.host.timers.after(pauseUs, () => this.connect(), { sync: true });
  }

  close(): void {
    this.#isClosed = true;
    this.#connection?.reset();
    this.#connection = null;
  }
}
