/** One suite for connections, against the simulated network and against Node's own net. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Address, Connection, ConnectionHandlers, Net, NetError } from "../../sim/host.ts";
import { makeNodeRig, makeSimulatedRig, type NetRig } from "./net-rig.ts";

/** One end of a connection that keeps what it was told. */
type Peer = {
  connection: Connection | null;
  readonly chunks: Uint8Array[];
  received: number;
  readonly calls: string[];
  error: NetError | null | undefined;
  drains: number;
};

type Behaviour = Partial<{
  [K in "open" | "end" | "drain"]: (connection: Connection, peer: Peer) => void;
}> & { readonly data?: (connection: Connection, bytes: Uint8Array) => void };

function makePeer(): Peer {
  return { connection: null, chunks: [], received: 0, calls: [], error: undefined, drains: 0 };
}

function handlersOf(peer: Peer, behaviour: Behaviour = {}): (connection: Connection) => ConnectionHandlers {
  return (connection) => {
    peer.connection = connection;
    peer.calls.push("open");
    behaviour.open?.(connection, peer);
    return {
      onData: (bytes) => {
        if (peer.calls.at(-1) !== "data") peer.calls.push("data");
        peer.chunks.push(bytes.slice());
        peer.received += bytes.length;
        behaviour.data?.(connection, bytes);
      },
      onDrain: () => {
        peer.drains++;
        behaviour.drain?.(connection, peer);
      },
      onEnd: () => {
        peer.calls.push("end");
        behaviour.end?.(connection, peer);
      },
      onClose: (error) => {
        peer.calls.push("close");
        peer.error = error;
      },
    };
  };
}

function bytesOf(peer: Peer): Uint8Array {
  const all = new Uint8Array(peer.received);
  let filled = 0;
  for (const chunk of peer.chunks) {
    all.set(chunk, filled);
    filled += chunk.length;
  }
  return all;
}

function text(peer: Peer): string {
  return new TextDecoder().decode(bytesOf(peer));
}

const encode = (value: string): Uint8Array => new TextEncoder().encode(value);

/** Bytes that differ from place to place, so that a swap or a gap shows. */
function pattern(length: number, salt: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(i + salt, 2654435761) >>> 24;
  return bytes;
}

/** Writes all of it, in pieces, waiting whenever asked to. */
function pump(
  bytes: Uint8Array,
  pieceBytes: number,
  whenDone: (connection: Connection) => void,
): Behaviour["drain"] & object {
  let sent = 0;
  let isDone = false;
  return (connection) => {
    while (sent < bytes.length) {
      const piece = bytes.subarray(sent, sent + pieceBytes);
      sent += piece.length;
      if (!connection.write(piece)) return;
    }
    if (isDone) return;
    isDone = true;
    whenDone(connection);
  };
}

const rigs: readonly (readonly [name: string, make: () => NetRig])[] = [
  ["the simulated network", () => makeSimulatedRig("conformance")],
  ["the simulated network, another seed", () => makeSimulatedRig("conformance/2")],
  ["Node's net", makeNodeRig],
];

describe.each(rigs)("a connection over %s", (_name, make) => {
  let rig: NetRig;
  beforeEach(() => {
    rig = make();
  });
  afterEach(() => rig.close());

  /** Listens on b with this behaviour; the peers are those accepted, in order. */
  async function serve(
    behaviour: Behaviour = {},
  ): Promise<{ readonly to: Address; readonly peers: Peer[]; close(): Promise<void> }> {
    const peers: Peer[] = [];
    const listener = await rig.call("b", (net) =>
      net.listen(0, (connection) => {
        const peer = makePeer();
        peers.push(peer);
        return handlersOf(peer, behaviour)(connection);
      }),
    );
    const close = (): Promise<void> => rig.call("b", () => listener.close());
    return { to: { host: "b", port: listener.address.port }, peers, close };
  }

  async function dial(to: Address, behaviour: Behaviour = {}): Promise<Peer> {
    const peer = makePeer();
    await rig.call("a", (net) => {
      net.connect(to, handlersOf(peer, behaviour)).then(
        (connection) => expect(connection).toBe(peer.connection),
        () => peer.calls.push("rejected"),
      );
    });
    return peer;
  }

  it("carries bytes both ways", async () => {
    const server = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const client = await dial(server.to, { open: (connection) => void connection.write(encode("hello")) });
    await rig.until("echo", () => client.received === 5);
    expect(text(client)).toBe("hello");
    expect(text(server.peers[0]!)).toBe("hello");
  });

  it("names its two ends alike on both sides", async () => {
    const server = await serve();
    const client = await dial(server.to);
    await rig.until("both", () => client.connection !== null && server.peers.length === 1);
    const [here, there] = [client.connection!, server.peers[0]!.connection!];
    expect(here.remote.port).toBe(server.to.port);
    expect(there.local.port).toBe(server.to.port);
    expect(there.remote.port).toBe(here.local.port);
  });

  it("carries megabytes both ways at once, with backpressure, byte for byte", async () => {
    const up = pattern(8_000_003, 1);
    const down = pattern(8_000_001, 7);
    const finish = (connection: Connection): void => connection.end();
    const peers: Peer[] = [];
    const listener = await rig.call("b", (net) =>
      net.listen(0, (connection) => {
        const peer = makePeer();
        peers.push(peer);
        const go = pump(down, 70_001, finish);
        return handlersOf(peer, { open: go, drain: go })(connection);
      }),
    );
    const go = pump(up, 80_021, finish);
    const client = await dial({ host: "b", port: listener.address.port }, { open: go, drain: go });
    await rig.until("both closed", () => client.error !== undefined && peers[0]?.error !== undefined);
    expect(Buffer.from(bytesOf(client)).equals(down)).toBe(true);
    expect(Buffer.from(bytesOf(peers[0]!)).equals(up)).toBe(true);
    expect(client.drains).toBeGreaterThan(0);
    expect(peers[0]!.drains).toBeGreaterThan(0);
    expect([client.error, peers[0]!.error]).toEqual([null, null]);
  });

  it("keeps the order of small writes, not their boundaries", async () => {
    const server = await serve();
    const words = Array.from({ length: 2_000 }, (_, i) => `${i} `);
    await dial(server.to, {
      open: (connection) => {
        for (const word of words) connection.write(encode(word));
      },
    });
    const whole = words.join("");
    await rig.until("all", () => server.peers[0]?.received === whole.length);
    expect(text(server.peers[0]!)).toBe(whole);
    expect(server.peers[0]!.chunks.length).toBeLessThan(words.length);
  });

  it("ended by the client still carries what the server has to say", async () => {
    const server = await serve({
      end: (connection) => {
        connection.write(encode("late answer"));
        connection.end();
      },
    });
    const client = await dial(server.to, {
      open: (connection) => {
        connection.write(encode("question"));
        connection.end();
      },
    });
    await rig.until("closed", () => client.error !== undefined && server.peers[0]?.error !== undefined);
    expect(text(client)).toBe("late answer");
    expect(client.calls).toEqual(["open", "data", "end", "close"]);
    expect(server.peers[0]!.calls).toEqual(["open", "data", "end", "close"]);
    expect([client.error, server.peers[0]!.error]).toEqual([null, null]);
  });

  it("ended by the server still carries what the client has to say", async () => {
    const server = await serve({
      open: (connection) => {
        connection.write(encode("greeting"));
        connection.end();
      },
    });
    const client = await dial(server.to, {
      end: (connection) => {
        connection.write(encode("thanks"));
        connection.end();
      },
    });
    await rig.until("closed", () => client.error !== undefined && server.peers[0]?.error !== undefined);
    expect(text(client)).toBe("greeting");
    expect(text(server.peers[0]!)).toBe("thanks");
    expect([client.error, server.peers[0]!.error]).toEqual([null, null]);
  });

  it("stays open in one direction for as long as that side likes", async () => {
    const server = await serve();
    const client = await dial(server.to, { open: (connection) => connection.end() });
    await rig.until("end", () => server.peers[0]?.calls.includes("end") === true);
    for (let i = 1; i <= 3; i++) {
      await rig.call("b", () => server.peers[0]!.connection!.write(encode("x")));
      await rig.until("byte", () => client.received === i);
    }
    expect(client.calls).not.toContain("close");
    await rig.call("b", () => server.peers[0]!.connection!.end());
    await rig.until("closed", () => client.error === null && server.peers[0]!.error === null);
  });

  it("to a port where nobody listens is refused", async () => {
    const server = await serve();
    await server.close();
    let failure: unknown;
    await rig.call("a", (net) => {
      net.connect(server.to, handlersOf(makePeer())).catch((error: unknown) => {
        failure = error;
      });
    });
    await rig.until("refusal", () => failure !== undefined);
    expect((failure as NetError).code).toBe("ECONNREFUSED");
  });

  it("survives that its listener is closed", async () => {
    const server = await serve({ data: (connection, bytes) => void connection.write(bytes) });
    const client = await dial(server.to);
    await rig.until("accepted", () => server.peers.length === 1 && client.connection !== null);
    await server.close();
    await rig.call("a", () => client.connection!.write(encode("still here")));
    await rig.until("echo", () => client.received === 10);
    const late = await dial(server.to);
    await rig.until("refusal", () => late.calls.length === 1);
    expect(late.calls).toEqual(["rejected"]);
  });

  it("reset by the client closes both ends with an error", async () => {
    const server = await serve();
    const client = await dial(server.to, { open: (connection) => void connection.write(encode("x")) });
    await rig.until("data", () => server.peers[0]?.received === 1);
    await rig.call("a", () => client.connection!.reset());
    await rig.until("closed", () => client.error !== undefined && server.peers[0]!.error !== undefined);
    expect(client.error?.code).toBe("ECONNABORTED");
    expect(server.peers[0]!.error?.code).toBe("ECONNRESET");
    expect(server.peers[0]!.calls).toEqual(["open", "data", "close"]);
  });

  it("reset by the server closes both ends with an error", async () => {
    const server = await serve({ data: (connection) => connection.reset() });
    const client = await dial(server.to, { open: (connection) => void connection.write(encode("x")) });
    await rig.until("closed", () => client.error !== undefined && server.peers[0]?.error !== undefined);
    expect(client.error?.code).toBe("ECONNRESET");
    expect(server.peers[0]!.error?.code).toBe("ECONNABORTED");
  });

  it("is one of many at once, none of which hears another one", async () => {
    const server = await serve({
      data: (connection, bytes) => void connection.write(bytes),
      end: (connection) => connection.end(),
    });
    const clients: Peer[] = [];
    for (let i = 0; i < 60; i++) {
      const message = encode(`connection ${i}`);
      clients.push(
        await dial(server.to, {
          open: (connection) => {
            connection.write(message);
            connection.end();
          },
        }),
      );
    }
    await rig.until("all closed", () => clients.every((client) => client.error !== undefined));
    clients.forEach((client, i) => {
      expect(text(client)).toBe(`connection ${i}`);
    });
    await rig.until("all closed there", () => server.peers.every((peer) => peer.error === null));
    expect(server.peers.length).toBe(60);
  });

  it("that ends at once still delivers what was written", async () => {
    const server = await serve({ end: (connection) => connection.end() });
    const bytes = pattern(40_000, 3);
    const client = await dial(server.to, {
      open: (connection) => {
        connection.write(bytes);
        connection.end();
      },
    });
    await rig.until("closed", () => client.error !== undefined && server.peers[0]?.error !== undefined);
    expect(Buffer.from(bytesOf(server.peers[0]!)).equals(bytes)).toBe(true);
    expect(client.error).toBe(null);
  });

  it("ignores writes after its end", async () => {
    const server = await serve({ end: (connection) => connection.end() });
    const results: boolean[] = [];
    const client = await dial(server.to, {
      open: (connection) => {
        connection.write(encode("before"));
        connection.end();
        results.push(connection.write(encode("after")));
      },
    });
    await rig.until("closed", () => client.error !== undefined && server.peers[0]?.error !== undefined);
    await rig.call("a", () => results.push(client.connection!.write(encode("much later"))));
    expect(results).toEqual([false, false]);
    expect(text(server.peers[0]!)).toBe("before");
  });

  it("fails with an error when written to after the peer is gone", async () => {
    const server = await serve();
    const client = await dial(server.to);
    await rig.until("open", () => client.connection !== null && server.peers.length === 1);
    await rig.call("b", () => server.peers[0]!.connection!.reset());
    await rig.until("closed", () => client.error !== undefined);
    expect(client.error?.code).toBe("ECONNRESET");
    expect(await rig.call("a", () => client.connection!.write(encode("x")))).toBe(false);
    await rig.call("a", () => client.connection!.end());
    await rig.call("a", () => client.connection!.reset());
    expect(client.calls.filter((call) => call === "close").length).toBe(1);
  });

  it("a port is taken while it is listened on, and free after", async () => {
    const server = await serve();
    const again = (net: Net): unknown => {
      try {
        return net.listen(server.to.port, () => handlersOf(makePeer())(undefined as never));
      } catch (error) {
        return error;
      }
    };
    const error = await rig.call("b", again);
    expect((error as NetError).code).toBe("EADDRINUSE");
    await server.close();
    const listener = await rig.call("b", again);
    expect((listener as { readonly address: Address }).address.port).toBe(server.to.port);
  });
});
