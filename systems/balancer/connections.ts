/**
 * Connections and what they taught about their backends: which backend each one has, and for each backend its latency, its breaker and
 * how many attempts are under way.
 *
 * A connection keeps its backend until it is forgotten. An attempt is an open or a request that waits for its answer; a connection has
 * at most one. Every attempt is concluded exactly once: by an answer, by a failure, or as abandoned when its connection is forgotten
 * first. So `pending` of a backend is at any time the number of its connections that wait.
 */
import { type Breaker, type BreakerOptions, onChosen, onFailure, onSuccess, SOUND } from "./breaker.ts";
import { type Ewma, observeLatency } from "./ewma.ts";
import { type Backend, backendKey } from "./vip.ts";

export type Conclusion = "success" | "failure" | "abandoned";

export type History = {
  readonly ewma: Ewma;
  readonly breaker: Breaker;
  readonly pending: number;
  /** Connections to it that are tracked. */
  readonly connections: number;
};

export type Waiting = "accept" | "reply";

/** Where the client's packets come from, and what it calls the connection. */
export type Peer = { readonly host: string; readonly port: number; readonly source: number };

/** `request` is the client's number of the request that a reply is awaited for; 0 for an open. */
export type Attempt = { readonly waitsFor: Waiting; readonly request: number; readonly sinceUs: number };

export type Connection = {
  readonly id: number;
  /** What the client's packets have in common: where they come from, the protocol and the address. */
  readonly flow: string;
  readonly client: Peer;
  readonly vip: string;
  readonly backend: Backend;
  /** Null: nothing is under way. */
  readonly attempt: Attempt | null;
  readonly lastUs: number;
};

export type ConnectionOptions = BreakerOptions & {
  readonly decayUs: number;
  readonly connectTimeoutUs: number;
  readonly responseTimeoutUs: number;
  readonly idleUs: number;
};

type Tracked = { -readonly [field in keyof Connection]: Connection[field] };
type Known = { -readonly [field in keyof History]: History[field] };

const UNKNOWN: History = { ewma: { costQ8: 0, stampUs: 0 }, breaker: SOUND, pending: 0, connections: 0 };

export class ConnectionTable {
  readonly #options: ConnectionOptions;
  readonly #byFlow: Map<string, Tracked> = new Map();
  /** In the order of their last packet, so that those that are idle longest come first. */
  readonly #byId: Map<number, Tracked> = new Map();
  /** In the order in which the attempts began, for each kind of wait. */
  readonly #waiting: { readonly [waitsFor in Waiting]: Map<number, Tracked> } = { accept: new Map(), reply: new Map() };
  // Invariant: pending is the number of tracked connections to the backend with an attempt.
  readonly #histories: Map<string, Known> = new Map();
  #lastId = 0;

  constructor(options: ConnectionOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#byId.size;
  }

  byFlow(flow: string): Connection | null {
    return this.#byFlow.get(flow) ?? null;
  }

  byId(id: number): Connection | null {
    return this.#byId.get(id) ?? null;
  }

  historyOf(key: string): History {
    return this.#histories.get(key) ?? UNKNOWN;
  }

  /** Keys of all backends of which something is known, in the order in which they were met. */
  get backends(): readonly string[] {
    return [...this.#histories.keys()];
  }

  /** Tracks a new connection; it waits for nothing yet. */
  open(made: Pick<Connection, "flow" | "client" | "vip" | "backend">, nowUs: number): Connection {
    const connection: Tracked = { id: ++this.#lastId, ...made, attempt: null, lastUs: nowUs };
    this.#byFlow.set(made.flow, connection);
    this.#byId.set(connection.id, connection);
    const history = this.#history(backendKey(made.backend));
    history.connections += 1;
    history.breaker = onChosen(history.breaker, nowUs, this.#options);
    return connection;
  }

  /** A packet passed. */
  touch(id: number, nowUs: number): void {
    const connection = this.#byId.get(id);
    if (connection === undefined) return;
    connection.lastUs = nowUs;
    this.#byId.delete(id);
    this.#byId.set(id, connection);
  }

  /** An open or a request is under way, unless one is already. False when it is. */
  begin(id: number, { waitsFor, request }: Omit<Attempt, "sinceUs">, nowUs: number): boolean {
    const connection = this.#byId.get(id);
    if (connection === undefined || connection.attempt !== null) return false;
    connection.attempt = { waitsFor, request, sinceUs: nowUs };
    this.#waiting[waitsFor].set(id, connection);
    this.#history(backendKey(connection.backend)).pending += 1;
    return true;
  }

  /**
   * Ends the attempt of a connection, if it waits for this; false when it does not. A reply resets the breaker; an accept only tells
   * the latency, for a backend that accepts and never replies is not sound.
   */
  conclude(id: number, waitsFor: Waiting, conclusion: Conclusion, nowUs: number): boolean {
    const connection = this.#byId.get(id);
    if (connection?.attempt?.waitsFor !== waitsFor) return false;
    const { sinceUs } = connection.attempt;
    connection.attempt = null;
    this.#waiting[waitsFor].delete(id);
    const history = this.#history(backendKey(connection.backend));
    history.pending -= 1;
    // Also of one that was given up: it has cost this much, and would have cost more.
    history.ewma = observeLatency(history.ewma, { valueUs: nowUs - sinceUs, nowUs }, this.#options.decayUs);
    if (conclusion === "failure") history.breaker = onFailure(history.breaker, nowUs);
    else if (conclusion === "success" && waitsFor === "reply") history.breaker = onSuccess();
    return true;
  }

  /** Forgets a connection; what it waits for is abandoned. */
  forget(id: number, nowUs: number): void {
    const connection = this.#byId.get(id);
    if (connection === undefined) return;
    if (connection.attempt !== null) this.conclude(id, connection.attempt.waitsFor, "abandoned", nowUs);
    this.#byId.delete(id);
    if (this.#byFlow.get(connection.flow) === connection) this.#byFlow.delete(connection.flow);
    this.#history(backendKey(connection.backend)).connections -= 1;
  }

  /** Connections whose attempt has waited too long, those that wait longest first. */
  overdue(nowUs: number): readonly Connection[] {
    const { connectTimeoutUs, responseTimeoutUs } = this.#options;
    return [
      ...headWhile(this.#waiting.accept, ({ attempt }) => nowUs - attempt!.sinceUs >= connectTimeoutUs),
      ...headWhile(this.#waiting.reply, ({ attempt }) => nowUs - attempt!.sinceUs >= responseTimeoutUs),
    ];
  }

  idle(nowUs: number): readonly Connection[] {
    return headWhile(this.#byId, ({ lastUs }) => nowUs - lastUs >= this.#options.idleUs);
  }

  /** When `overdue` or `idle` can next have something to say; null when nothing is tracked. */
  nextDeadlineUs(): number | null {
    const { connectTimeoutUs, responseTimeoutUs, idleUs } = this.#options;
    const deadlines: number[] = [];
    for (const { attempt } of firstOf(this.#waiting.accept)) deadlines.push(attempt!.sinceUs + connectTimeoutUs);
    for (const { attempt } of firstOf(this.#waiting.reply)) deadlines.push(attempt!.sinceUs + responseTimeoutUs);
    for (const { lastUs } of firstOf(this.#byId)) deadlines.push(lastUs + idleUs);
    return deadlines.length === 0 ? null : Math.min(...deadlines);
  }

  /** Drops what is known of backends that are in no set and have no connection; returns their keys. */
  forgetBackends(isKept: (key: string) => boolean): readonly string[] {
    const dropped: string[] = [];
    for (const [key, { connections }] of this.#histories) if (connections === 0 && !isKept(key)) dropped.push(key);
    for (const key of dropped) this.#histories.delete(key);
    return dropped;
  }

  #history(key: string): Known {
    let history = this.#histories.get(key);
    if (history === undefined) {
      history = { ...UNKNOWN };
      this.#histories.set(key, history);
    }
    return history;
  }
}

function headWhile(tracked: ReadonlyMap<number, Tracked>, isDue: (connection: Tracked) => boolean): Tracked[] {
  const due: Tracked[] = [];
  for (const connection of tracked.values()) {
    if (!isDue(connection)) break;
    due.push(connection);
  }
  return due;
}

function firstOf(tracked: ReadonlyMap<number, Tracked>): Tracked[] {
  for (const connection of tracked.values()) return [connection];
  return [];
}
