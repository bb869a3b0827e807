/**
 * The Host: everything that code under test may use to reach the world.
 *
 * A program gets one Host for each incarnation (boot) of its machine. In simulation every call is decided by
 * the seed; in production the same program would run on real sockets, files and clocks. Nothing here can inject a
 * fault: that is the test side's Control, and no object offers both.
 *
 * Fencing: once an incarnation has ended, each call on its Host is inert. It touches no disk, network, trace
 * or stream; calls that return a promise return one that never settles.
 */

/** JSON-like values and byte arrays: what may cross between hosts and into traces. */
export type PlainData =
  | null
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PlainData[]
  | { readonly [key: string]: PlainData | undefined };

/** What a host boots. Called again, with a new Host, at every restart; only the disk survives in between. */
export type Program = (host: Host) => void | Promise<void>;

export type Host = {
  readonly name: string;
  readonly boot: Boot;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: HostRandom;
  readonly net: Net;
  readonly disk: Disk;

  /** Runs an async task of this incarnation; a rejection crashes the host as an uncaught error would. */
  spawn(name: string, task: () => Promise<void>): void;
  /** Ends this incarnation, as process.exit would: cached pages stay, connections are closed by the kernel. */
  exit(reason: string): void;
  /** A line in the trace. `details` is only called when the trace is recorded. */
  log(message: string, details?: () => PlainData): void;
  /** Emitted at each atomic step of a protocol, for monitors. A no-op in production; never changes a run. */
  observe(kind: string, data: () => unknown): void;
  /** Marks a rare branch as reached, so that a test can demand it. */
  mark(name: string): void;
  /** A safety property: a false condition fails the run with `name`. */
  always(condition: boolean, name: string, details?: () => PlainData): void;
  /** A reachability property: at least one run of a campaign must see the condition true. */
  sometimes(condition: boolean, name: string): void;
  /** Reaching this line satisfies the property `name`, as `sometimes(true, name)` does. */
  reachable(name: string): void;
  /** True now and then in simulation (one site in four is active in a run), never in production. */
  buggify(name: string): boolean;
};

export type Boot = {
  /** 1 for the first boot of this machine, then 2, 3, …  Wiping the disk does not reset it. */
  readonly incarnation: number;
  /** True only for the boot that forms the cluster. On any later boot an empty disk means that data was lost. */
  readonly isClusterFirst: boolean;
};

export type Clock = {
  /** The wall clock: it has an offset, it drifts, and it may step, freeze or run backwards. Never use it for timeouts. */
  wallUs(): number;
  /** Zero at boot, never decreasing; its rate is within `driftPpmMax` of true time unless a clock-rho fault says otherwise. */
  monotonicUs(): number;
  /** The declared bound rho on the drift of monotonicUs, in parts per million. */
  readonly driftPpmMax: number;
};

export type TimerOptions = {
  /** The callback is synchronous: it leaves nothing in the microtask queue, so the barrier after it may be skipped. */
  readonly sync?: boolean;
};

export type Timer = { cancel(): void };

export type Timers = {
  /** Calls back after `delayUs` of this host's monotonic clock; 0 means the next event. */
  after(delayUs: number, callback: () => void | Promise<void>, options?: TimerOptions): Timer;
  sleep(delayUs: number): Promise<void>;
};

/** The host's own stream of random numbers, new at every incarnation. */
export type HostRandom = {
  uint32(): number;
  /** An integer from 0 to bound - 1. */
  below(bound: number): number;
  /** An integer from min to max, both included. */
  between(min: number, max: number): number;
  chance(perMillion: number): boolean;
  pick<T>(items: readonly T[]): T;
};

export type Address = { readonly host: string; readonly port: number };

/**
 * How messages of one protocol become bytes. Simulated messages travel as values; the codec gives their size, is what
 * corruption flips bits of, and is what production would send. A protocol that must survive corruption
 * carries its own checksum inside encode and verifies it in decode.
 */
export type Codec<M> = {
  /** The type of a message, for traces and for triggers ("append", "vote"); from a small fixed set. */
  typeOf(message: M): string;
  /** Exactly encode(message).length, computed without encoding. Absent: encode is called. */
  sizeOf?(message: M): number;
  encode(message: M): Uint8Array;
  /** Throws when the bytes are no message: the datagram is then dropped as damaged. */
  decode(bytes: Uint8Array): M;
};

export type DatagramOptions<M> = {
  readonly port: number;
  readonly codec: Codec<M>;
  readonly onMessage: (message: M, from: Address) => void | Promise<void>;
  /** onMessage is synchronous; see TimerOptions.sync. */
  readonly sync?: boolean;
};

/** An unreliable datagram socket: messages may be lost, duplicated, reordered, delayed or corrupted. */
export type DatagramSocket<M> = {
  readonly address: Address;
  /** Messages are immutable from here on: neither side may change one that was sent. Never throws for an unreachable target. */
  send(to: Address, message: M): void;
  close(): void;
};

export type NetErrorCode =
  | "ECONNREFUSED"
  | "ECONNRESET"
  | "ETIMEDOUT"
  | "EADDRINUSE"
  | "EPIPE"
  | "EHOSTUNREACH"
  | "ECONNABORTED";

export class NetError extends Error {
  readonly code: NetErrorCode;
  constructor(code: NetErrorCode, message: string) {
    // Such errors are answers, not accidents: a protocol meets thousands of them, and a stack costs more than all else.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}: ${message}`);
    Error.stackTraceLimit = limit;
    this.name = "NetError";
    this.code = code;
  }
}

export type ConnectionHandlers = {
  onData(bytes: Uint8Array): void | Promise<void>;
  /** The send buffer fell below the high-water mark again after write returned false. */
  onDrain?(): void | Promise<void>;
  /** The peer has ended its direction; ours may go on. */
  onEnd?(): void | Promise<void>;
  /** Called once, last; error is null after an orderly end of both directions. */
  onClose?(error: NetError | null): void | Promise<void>;
  /** All of these handlers are synchronous; see TimerOptions.sync. */
  readonly sync?: boolean;
};

/** An ordered byte stream, as TCP gives it. Chunk boundaries are not kept. */
export type Connection = {
  readonly local: Address;
  readonly remote: Address;
  /** Queues bytes; false asks the writer to wait for onDrain. After end, or once closed, bytes are ignored and false comes back. */
  write(bytes: Uint8Array): boolean;
  /** Ends our direction after what was written (FIN). */
  end(): void;
  /** Drops both directions at once (RST). */
  reset(): void;
};

export type Listener = { readonly address: Address; close(): void };

export type Net = {
  /** Throws NetError EADDRINUSE when the port is taken. Port 0 chooses a free one. */
  open<M>(options: DatagramOptions<M>): DatagramSocket<M>;
  /** Throws NetError EADDRINUSE when the port is taken. `accept` gives the handlers of each new connection. */
  listen(port: number, accept: (connection: Connection) => ConnectionHandlers): Listener;
  /** Rejects with NetError ECONNREFUSED, ETIMEDOUT or EHOSTUNREACH. */
  connect(
    to: Address,
    handlers: (connection: Connection) => ConnectionHandlers,
    options?: { readonly timeoutUs?: number },
  ): Promise<Connection>;
};

export type DiskErrorCode =
  | "ENOENT"
  | "EEXIST"
  | "EIO"
  | "ENOSPC"
  | "EISDIR"
  | "ENOTDIR"
  | "ENOTEMPTY"
  | "EBADF"
  | "EINVAL";

export class DiskError extends Error {
  readonly code: DiskErrorCode;
  constructor(code: DiskErrorCode, message: string) {
    // Such errors are answers, not accidents: a protocol meets thousands of them, and a stack costs more than all else.
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    super(`${code}: ${message}`);
    Error.stackTraceLimit = limit;
    this.name = "DiskError";
    this.code = code;
  }
}

/**
 * A file system. What is written lies in a cache until synced; a name is durable only after its directory is synced.
 * Paths are absolute, "/"-separated; "/" exists. Every call rejects with DiskError.
 */
export type Disk = {
  /** Opens a file; with create, makes it if absent; with exclusive, EEXIST if present. */
  open(path: string, options?: { readonly create?: boolean; readonly exclusive?: boolean }): Promise<File>;
  /** Replaces `to` if it is a file. Atomic, and durable only after the directories are synced. */
  rename(from: string, to: string): Promise<void>;
  unlink(path: string): Promise<void>;
  mkdir(path: string): Promise<void>;
  rmdir(path: string): Promise<void>;
  /** Names in a directory, in code point order. */
  list(path: string): Promise<readonly string[]>;
  /** Makes the names in this directory durable. */
  syncDir(path: string): Promise<void>;
};

export type File = {
  readonly path: string;
  /** Fewer bytes than asked only at the end of the file, or when a short-read fault says so: loop. */
  read(range: { readonly offset: number; readonly length: number }): Promise<Uint8Array>;
  /** Writes all bytes at the offset (a hole reads as zeros), or rejects; after ENOSPC or EIO a prefix may have been written. */
  write(offset: number, bytes: Uint8Array): Promise<void>;
  /** Writes at the end of the file as it is when the write runs; returns the offset where the bytes begin. */
  append(bytes: Uint8Array): Promise<number>;
  truncate(length: number): Promise<void>;
  /** Makes contents and length durable. After a rejection nothing may be assumed about what was unsynced. */
  sync(): Promise<void>;
  size(): Promise<number>;
  close(): Promise<void>;
};
