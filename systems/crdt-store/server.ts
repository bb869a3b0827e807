/**
 * A store: one replica of one CRDT, served to clients. Updates and reads are local; replicas tell each other in the background.
 *
 * Every answer names the update that was made and says what the replica held. A request is done at most once: it names the
 * boot that it means, and within a boot each client's requests count up.
 */
import { type Clock, CrdtError, type UpdateId } from "../crdt/index.ts";
import type { Address, DatagramSocket, Host } from "../../sim/host.ts";
import { type Backend, type Made, type Outcomes, plainContents, type ReplicationOptions } from "./backend.ts";
import type { StoreCall } from "./kind.ts";
import { nameOfCommand, storeCodec, type StoreMessage, type StoreReply, type StoreRequest } from "./protocol.ts";

export type StoreOptions = ReplicationOptions & { readonly clientPort: number };

/** Observed as "crdt-store": every step that says what is held, what was promised and what was shown. */
export type StoreRecord =
  | { readonly kind: "boot"; readonly held: Clock; readonly join: Backend["join"] }
  | {
      readonly kind: "update";
      readonly id: UpdateId;
      readonly call: StoreCall;
      readonly told: unknown;
      /** What the context of the call had seen: the update takes away nothing else. Null: all that was held. */
      readonly observed: unknown;
      /** Before the update. */
      readonly held: Clock;
      readonly copies: number;
    }
  /** No update was made: there was nothing to do, or the call was refused. */
  | {
      readonly kind: "declined";
      readonly actor: string;
      readonly call: StoreCall;
      readonly observed: unknown;
      readonly held: Clock;
      readonly error: string | null;
    }
  /** Durable here and at as many other replicas as the call asked for. */
  | { readonly kind: "acknowledged"; readonly id: UpdateId }
  | {
      readonly kind: "read";
      readonly held: Clock;
      readonly value: unknown;
      readonly state: string;
      readonly trimmed: string;
      /** The whole state, for who asks at once. */
      readonly encoded: Backend["encoded"];
    };

type Answer = (reply: Omit<StoreReply, "request" | "boot" | "client">) => void;

/** Serves what a backend holds to clients. */
export function serveStore(host: Host, backend: Backend, clientPort: number): void {
  observe(host, () => ({ kind: "boot", held: backend.held(), join: backend.join }));
  new Store(host, backend, clientPort);
}

class Store {
  readonly #host: Host;
  readonly #backend: Backend;
  readonly #socket: DatagramSocket<StoreMessage>;
  /** The last update request of each boot of a client: what comes again is dropped. */
  readonly #started: Map<string, number> = new Map();

  constructor(host: Host, backend: Backend, clientPort: number) {
    this.#host = host;
    this.#backend = backend;
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
    const { request, client } = message;
    const answer: Answer = (reply) => this.#socket.send(from, { ...reply, request, client, boot: this.#boot });
    const command = nameOfCommand(message);
    if (message.boot !== this.#boot) answer({ type: "moved", command });
    else if (message.type === "update") await this.#update(message, answer);
    else answer({ ...this.#read(message.type === "read"), command });
  }

  async #update(request: StoreRequest, answer: Answer): Promise<void> {
    if (request.request <= (this.#started.get(request.client) ?? 0)) return;
    this.#started.set(request.client, request.request);
    const { call, copies = 0 } = request;
    if (call === undefined) return;
    const command = nameOfCommand(request);
    let made: (Made & { readonly command: string }) | null = null;
    const observed = call.context?.held ?? null;
    const outcomes: Outcomes = {
      made: (update) => {
        made = { ...update, command };
        observe(this.#host, () => ({ kind: "update", ...update, call, observed, copies }));
      },
      declined: (declined) => observe(this.#host, () => ({ kind: "declined", ...declined, call, observed })),
    };
    try {
      if (!(await this.#backend.update(call, copies, outcomes))) return answer({ type: "nothing", command, id: null });
    } catch (error) {
      if (!(error instanceof CrdtError)) throw error;
      return answer({ type: "refused", command, error: error.code });
    }
    const { id, told, held, ...rest } = made as unknown as Made & { readonly command: string }; // it resolved to true, so the update was made
    observe(this.#host, () => ({ kind: "acknowledged", id }));
    answer({ type: "done", ...rest, id: [id.actor, id.sequence], told, held: plainContents(held) });
  }

  #read(isWhole: boolean): Omit<StoreReply, "request" | "boot" | "client" | "command"> {
    const held = this.#backend.held();
    if (!isWhole) return { type: "done", held: plainContents(held) };
    const [value, state, trimmed] = [this.#backend.show(), this.#backend.digest(), this.#backend.trimmed()];
    const { encoded } = this.#backend;
    const context = this.#backend.context();
    observe(this.#host, () => ({ kind: "read", held, value, state, trimmed, encoded }));
    const found = { held: plainContents(held), value, state, trimmed };
    return { type: "done", ...found, ...(context === null ? {} : { context }) };
  }
}

function observe(host: Host, record: () => StoreRecord): void {
  host.observe("crdt-store", record);
}
