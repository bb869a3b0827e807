/**
 * A store: one replica of one CRDT, served to clients. Updates and reads are local; replicas tell each other in the background.
 *
 * Every answer names the update that was made and says what the replica held. A request is done at most once: it names the
 * boot that it means, and within a boot each client's requests count up.
 */
import {
  type Actor,
  type Clock,
  CrdtError,
  encodeState,
  OpReplica,
  Replica,
  type TrimmingOptions,
  type UpdateId,
} from "../crdt/index.ts";
import type { Address, DatagramSocket, Host, PlainData } from "../../sim/host.ts";
import type { Service, StoreCall } from "./kind.ts";
import { storeCodec, type StoreMessage, type StoreReply, type StoreRequest } from "./protocol.ts";

export type StoreOptions = {
  readonly peers: readonly string[];
  readonly replicaPort: number;
  readonly clientPort: number;
  readonly roundUs: number;
  readonly roundBytesMax: number;
  readonly journalBytesMax: number;
  /** Deltas, or operations by causal broadcast. */
  readonly mode: "deltas" | "operations";
  /** Deltas or operations that are kept for peers that do not answer. */
  readonly logCountMax: number;
  /** Operations that may wait for what came before them. */
  readonly holdBackCountMax: number;
  /** Null: keep all history. */
  readonly trimming: TrimmingOptions | null;
};

/** What both kinds of replica offer. */
type AnyReplica<S, O> = Pick<Replica<S, O> | OpReplica<S, O>, "state" | "seen" | "update">;

/** Observed as "crdt-store": every step that says what is held, what was promised and what was shown. */
export type StoreRecord =
  | { readonly kind: "boot"; readonly held: Clock }
  | {
      readonly kind: "update";
      readonly id: UpdateId;
      readonly call: StoreCall;
      readonly told: unknown;
      /** Before the update. */
      readonly held: Clock;
      readonly copies: number;
    }
  /** Durable here and at as many other replicas as the call asked for. */
  | { readonly kind: "acknowledged"; readonly id: UpdateId }
  | {
      readonly kind: "read";
      readonly held: Clock;
      readonly value: unknown;
      readonly state: string;
      readonly trimmed: string;
    };

export async function startStore<S, O>(host: Host, service: Service<S, O>, options: StoreOptions): Promise<void> {
  const replica = await startReplica(host, service, options);
  observe(host, () => ({ kind: "boot", held: replica.seen.copy() }));
  new Store(host, service, replica, options.clientPort);
}

function startReplica<S, O>(
  host: Host,
  { type }: Service<S, O>,
  options: StoreOptions,
): Promise<Replica<S, O> | OpReplica<S, O>> {
  const { peers, replicaPort: port, roundUs, roundBytesMax, journalBytesMax, logCountMax, holdBackCountMax } = options;
  const trimming = options.trimming === null ? {} : { trimming: options.trimming };
  const common = { type, peers, port, roundUs, roundBytesMax, journalBytesMax, ...trimming };
  return options.mode === "deltas"
    ? Replica.start(host, { ...common, deltaCountMax: logCountMax })
    : OpReplica.start(host, { ...common, operationCountMax: logCountMax, holdBackCountMax });
}

class Store<S, O> {
  readonly #host: Host;
  readonly #service: Service<S, O>;
  readonly #replica: AnyReplica<S, O>;
  readonly #socket: DatagramSocket<StoreMessage>;
  /** The last update request of each client host: what comes again is dropped. */
  readonly #started: Map<string, number> = new Map();

  constructor(host: Host, service: Service<S, O>, replica: AnyReplica<S, O>, clientPort: number) {
    this.#host = host;
    this.#service = service;
    this.#replica = replica;
    this.#socket = host.net.open({
      port: clientPort,
      codec: storeCodec,
      onMessage: (message, from) => this.#serve(message as StoreRequest, from),
    });
  }

  get #boot(): number {
    return this.#host.boot.incarnation;
  }

  async #serve(message: StoreRequest, from: Address): Promise<void> {
    const answer = (reply: Omit<StoreReply, "request" | "boot">): void =>
      this.#socket.send(from, { ...reply, request: message.request, boot: this.#boot });
    if (message.boot !== this.#boot) answer({ type: "moved" });
    else if (message.type === "update") await this.#update(message, from, answer);
    else answer(this.#read(message.type === "read"));
  }

  async #update(
    request: StoreRequest,
    from: Address,
    answer: (reply: Omit<StoreReply, "request" | "boot">) => void,
  ): Promise<void> {
    if (request.request <= (this.#started.get(from.host) ?? 0)) return;
    this.#started.set(from.host, request.request);
    const { call, copies = 0 } = request;
    if (call === undefined) return;
    const replica = this.#replica;
    let held = replica.seen;
    let told: PlainData = null;
    const prepare = (state: S, actor: Actor): O | null => {
      const prepared = this.#service.prepare(state, actor, call);
      if (prepared === null) return null;
      held = replica.seen.copy();
      told = prepared.told ?? null;
      const id = { actor, sequence: held.get(actor) + 1 };
      observe(this.#host, () => ({ kind: "update", id, call, told, held, copies }));
      return prepared.op;
    };
    try {
      const id = await replica.update(prepare, copies);
      if (id === null) return answer({ type: "nothing", id: null });
      observe(this.#host, () => ({ kind: "acknowledged", id }));
      answer({ type: "done", id: [id.actor, id.sequence], told, held: plainContents(held) });
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error;
      answer({ type: "refused", error: error.code });
    }
  }

  #read(isWhole: boolean): Omit<StoreReply, "request" | "boot"> {
    const { state, seen } = this.#replica;
    const held = plainContents(seen);
    if (!isWhole) return { type: "done", held };
    const { type } = this.#service;
    const digest = digestOf(encodeState(type, state));
    const trimmed = String(type.trimming?.trimmedAt(state) || "");
    const value = this.#service.show(state);
    observe(this.#host, () => ({ kind: "read", held: seen.copy(), value, state: digest, trimmed }));
    return { type: "done", held, value, state: digest, trimmed };
  }
}

/** For each actor how many of its updates are held. */
function plainContents(held: Clock): { readonly [actor: string]: number } {
  return Object.fromEntries(held.dots().map(({ actor, counter }) => [actor, counter]));
}

function observe(host: Host, record: () => StoreRecord): void {
  host.observe("crdt-store", record);
}

/** FNV-1a over the bytes, in two lanes: equal for equal states, and 16 hex digits. */
function digestOf(bytes: Uint8Array): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (const byte of bytes) {
    a = Math.imul(a ^ byte, 0x01000193);
    b = Math.imul(b ^ byte, 0x5bd1e995) ^ (b >>> 15);
  }
  const hex = (lane: number): string => (lane >>> 0).toString(16).padStart(8, "0");
  return hex(a) + hex(b);
}
