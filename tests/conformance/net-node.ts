/**
 * The connection part of Net over Node's own net, for the conformance suite. Every host name is this machine: connections
 * go to 127.0.0.1. Listeners bind without an address, because only then does Node bind before listen returns.
 */
import { connect as connectSocket, createServer, type Server, type Socket } from "node:net";
import { type Connection, type ConnectionHandlers, type Net, NetError, type NetErrorCode } from "../../sim/host.ts";

const CODES: readonly NetErrorCode[] = [
  "ECONNREFUSED",
  "ECONNRESET",
  "ETIMEDOUT",
  "EADDRINUSE",
  "EPIPE",
  "EHOSTUNREACH",
  "ECONNABORTED",
];

export function makeNodeNet(): { readonly net: Net; close(): void } {
  const servers = new Set<Server>();
  const sockets = new Set<Socket>();
  const net: Net = {
    open: () => {
      throw new Error("the conformance suite is about connections: there are no datagrams here");
    },
    listen: (port, accept) => {
      const server = createServer({ allowHalfOpen: true }, (socket) => {
        if (socket.remoteAddress?.endsWith("127.0.0.1") !== true) {
          socket.destroy();
          return;
        }
        sockets.add(socket);
        attach(socket, accept(wrap(socket)));
      });
      // The error comes later as an event; the missing address tells at once.
      server.on("error", () => {});
      server.listen({ port, exclusive: true });
      const address = server.address();
      if (address === null || typeof address === "string") throw new NetError("EADDRINUSE", `port ${port} is taken`);
      servers.add(server);
      return { address: { host: "127.0.0.1", port: address.port }, close: () => void server.close() };
    },
    connect: (to, handlers, options) =>
      new Promise((resolve, reject) => {
        const socket = connectSocket({ host: "127.0.0.1", port: to.port, allowHalfOpen: true });
        sockets.add(socket);
        const fail = (error: Error): void => reject(toNetError(error));
        socket.once("error", fail);
        const timer = setTimeout(
          () => socket.destroy(new NetError("ETIMEDOUT", "no answer")),
          (options?.timeoutUs ?? 3_000_000) / 1_000,
        );
        socket.once("close", () => clearTimeout(timer));
        socket.once("connect", () => {
          clearTimeout(timer);
          socket.off("error", fail);
          const connection = wrap(socket);
          attach(socket, handlers(connection));
          resolve(connection);
        });
      }),
  };
  return {
    net,
    close: () => {
      for (const socket of sockets) socket.destroy();
      for (const server of servers) server.close();
    },
  };
}

const RESET_BY_US = Symbol("reset");

function wrap(socket: Socket & { [RESET_BY_US]?: boolean }): Connection {
  return {
    local: { host: "127.0.0.1", port: socket.localPort! },
    remote: { host: "127.0.0.1", port: socket.remotePort! },
    write: (bytes) => !socket.writableEnded && !socket.destroyed && socket.write(bytes),
    end: () => void socket.end(),
    reset: () => {
      if (socket.destroyed) return;
      socket[RESET_BY_US] = true;
      socket.resetAndDestroy();
    },
  };
}

function attach(socket: Socket & { [RESET_BY_US]?: boolean }, handlers: ConnectionHandlers): void {
  let error: NetError | null = null;
  socket.on("data", (bytes) => void handlers.onData(new Uint8Array(bytes)));
  socket.on("drain", () => void handlers.onDrain?.());
  socket.on("end", () => void handlers.onEnd?.());
  socket.on("error", (cause) => {
    error = toNetError(cause);
  });
  socket.on("close", () => {
    if (socket[RESET_BY_US] === true) error = new NetError("ECONNABORTED", "reset by this side");
    void handlers.onClose?.(error);
  });
}

function toNetError(error: Error & { code?: string }): NetError {
  if (error instanceof NetError) return error;
  const code = CODES.find((known) => known === error.code);
  if (code === undefined) throw error;
  return new NetError(code, error.message);
}
