/**
 * What the process at one end of a connection is told, and in which order. Each telling is an event of its own, owned by the
 * process: so it waits while the process is paused and never reaches one that has ended.
 */
import type { Address, Connection, ConnectionHandlers } from "../host.ts";
import type { Incarnation, Kernel } from "../kernel.ts";
import type { Endpoint } from "./endpoint.ts";

export type ProcessSide = {
  readonly incarnation: Incarnation;
  readonly connection: Connection;
  /** Until it has been called. */
  makeHandlers: ((connection: Connection) => ConnectionHandlers) | null;
  /** Of a connect, until it is settled. */
  promise: { readonly resolve: (connection: Connection) => void; readonly reject: (error: Error) => void } | null;
  handlers: ConnectionHandlers | null;
  isOpen: boolean;
  isDrainDue: boolean;
  isEndTold: boolean;
  isCloseTold: boolean;
  /** An event that will tell the next thing is pending. */
  isScheduled: boolean;
};

export function makeProcessSide(
  kernel: Kernel,
  endpoint: Endpoint,
  incarnation: Incarnation,
  makeHandlers: (connection: Connection) => ConnectionHandlers,
): ProcessSide {
  const { host, peer, localPort, remotePort } = endpoint.start;
  const local: Address = Object.freeze({ host: host.name, port: localPort });
  const remote: Address = Object.freeze({ host: peer.name, port: remotePort });
  const connection: Connection = {
    local,
    remote,
    write: (bytes) => kernel.enter(incarnation) && endpoint.write(bytes),
    end: () => {
      if (kernel.enter(incarnation)) endpoint.end();
    },
    reset: () => {
      if (kernel.enter(incarnation)) endpoint.reset();
    },
  };
  return {
    incarnation,
    connection,
    makeHandlers,
    promise: null,
    handlers: null,
    isOpen: false,
    isDrainDue: false,
    isEndTold: false,
    isCloseTold: false,
    isScheduled: false,
  };
}

export type Telling = "open" | "refused" | "data" | "end" | "drain" | "close";

/** What the process should hear next: data before the end, everything before the close. */
export function nextTelling(endpoint: Endpoint, side: ProcessSide): Telling | null {
  const { closeError } = endpoint;
  if (!side.isOpen) return side.promise !== null && closeError !== undefined ? "refused" : null;
  if (side.makeHandlers !== null) return "open";
  if (endpoint.receiveSide.readyBytes > 0) return "data";
  if (endpoint.receiveSide.hasFin && !side.isEndTold && (closeError ?? null) === null) return "end";
  if (side.isDrainDue && closeError === undefined) return "drain";
  return closeError !== undefined && !side.isCloseTold ? "close" : null;
}

/** Marks the telling as done and returns the call that does it; nothing of the process runs before that call. */
export function takeTelling(endpoint: Endpoint, side: ProcessSide, telling: Telling): () => void | Promise<void> {
  switch (telling) {
    case "open":
      return takeOpen(side);
    case "refused": {
      const { promise } = side;
      side.promise = null;
      return () => promise!.reject(endpoint.closeError!); // "refused" is told only with both
    }
    case "data": {
      const bytes = endpoint.receiveSide.read();
      endpoint.afterRead();
      return () => side.handlers!.onData(bytes); // told after "open"
    }
    case "end":
      side.isEndTold = true;
      return () => side.handlers!.onEnd?.();
    case "drain":
      side.isDrainDue = false;
      return () => side.handlers!.onDrain?.();
    case "close":
      side.isCloseTold = true;
      return () => side.handlers!.onClose?.(endpoint.closeError ?? null);
  }
}

/** Handlers first, then the promise of connect: both in one event of the caller. */
function takeOpen(side: ProcessSide): () => void {
  const { makeHandlers, promise } = side;
  side.makeHandlers = null;
  side.promise = null;
  return () => {
    side.handlers = makeHandlers!(side.connection); // "open" is told only with it
    promise?.resolve(side.connection);
  };
}
