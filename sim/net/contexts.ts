/** Handlers of a connection run in the asynchronous context in which they were made, as the listeners of a socket do. */
import type { Connection, ConnectionHandlers } from "../host.ts";
import type { Kernel } from "../kernel.ts";

type MakeHandlers = (connection: Connection) => ConnectionHandlers;
type Run = (call: () => void | Promise<void>) => void | Promise<void>;

const runPlainly: Run = (call) => call();

/** `make` in the context of now, and what it returns in the context that `make` leaves; both as they are while no context is in use. */
export function keepingContexts(kernel: Kernel, make: MakeHandlers): MakeHandlers {
  return kernel.bindContext((connection: Connection): ConnectionHandlers => {
    const handlers = make(connection);
    const run = kernel.bindContext(runPlainly);
    return run === runPlainly ? handlers : bound(handlers, run);
  });
}

function bound(handlers: ConnectionHandlers, run: Run): ConnectionHandlers {
  return {
    onData: (bytes) => run(() => handlers.onData(bytes)),
    onDrain: () => run(() => handlers.onDrain?.()),
    onEnd: () => run(() => handlers.onEnd?.()),
    onClose: (error) => run(() => handlers.onClose?.(error)),
    ...(handlers.sync === undefined ? {} : { sync: handlers.sync }),
  };
}
